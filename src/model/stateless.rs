//! Database clients in the code of services that have no database.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::code::CodeFile;
use crate::model::homes::Homes;
use crate::model::service::Service;
use crate::model::service_urls::is_beside_the_program;
use crate::model::urls::Trace;
use crate::parse::typescript::clients::Client;
use crate::parse::typescript::value::Value;
use crate::source::{FileId, Span};

impl Workspace<'_> {
    /// Whether a variable is the connection string of a service that stores nothing, by its registry: whatever
    /// is wrong about it goes with it.
    pub fn is_left_over(&self, owner: &Owner, variable: &str) -> bool {
        let mut products = self.products.iter();
        let product = products.find(|it| Some(&it.name) == owner.product.as_ref());
        let key = owner.service.as_deref();
        let service = product.and_then(|product| product.service(key?));
        variable == self.policy.database_variable && service.is_some_and(Service::is_stateless)
    }

    /// What the modules of stateless registry services open a database of their own with, in the order of the
    /// files. A client of a neighbour's database, or one that is imported from a neighbour, is another rule's.
    pub fn clients_without_database(&self) -> BTreeMap<Owner, Vec<Trace>> {
        let homes = Homes::of(self);
        let mut found: BTreeMap<Owner, Vec<Trace>> = BTreeMap::new();
        if !homes.registered.iter().any(|(_, it)| it.is_stateless()) {
            return found;
        }
        let imports = self.foreign_imports().iter();
        let imports = imports.filter(|import| import.taken.reaches_database());
        let foreign: BTreeSet<FileId> = imports.map(|import| import.place.file).collect();
        for code in self.code_files() {
            if code.is_test || foreign.contains(&code.file) || is_beside_the_program(code.path) {
                continue;
            }
            let around = homes.around(code.path).iter();
            let services: Option<Vec<&Service>> = around
                .map(|&number| Some(homes.registered.get(number)?.1))
                .map(|service| service.filter(|it| it.is_stateless()))
                .collect();
            for service in services.into_iter().flatten() {
                let traces = found.entry(Owner::from(service)).or_default();
                traces.extend(self.own_clients_in(&code));
            }
        }
        found
    }

    fn own_clients_in(&self, code: &CodeFile) -> Vec<Trace> {
        let clients = &code.code.clients;
        if clients
            .iter()
            .any(|client| self.is_given_another_url(client))
        {
            return Vec::new();
        }
        let classes = code.code.prisma_classes.iter().map(|class| &class.name);
        let clients = clients
            .iter()
            .filter(|it| self.is_given_own_url(it) || is_plain_prisma(it));
        let clients = clients.map(|client| &client.name);
        let mut names: Vec<(Span, &str)> = classes
            .chain(clients)
            .map(|name| (name.span, name.value.as_str()))
            .collect();
        names.sort_unstable();
        let traces = names.into_iter().map(|(span, name)| Trace {
            place: Some(span.in_file(code.file)),
            what: format!("the database client `{name}`"),
            remark: format!("its database client `{name}`"),
            is_in_module: false,
        });
        traces.collect()
    }

    fn is_given_another_url(&self, client: &Client) -> bool {
        let choices = client.url.iter().flat_map(Value::choices);
        let mut told = choices.filter(|it| matches!(it, Value::Literal(_) | Value::Environment(_)));
        told.next().is_some() && !self.is_given_own_url(client)
    }

    /// Whether a client is given the connection string that a service has for its own database.
    fn is_given_own_url(&self, client: &Client) -> bool {
        let choices = client.url.iter().flat_map(Value::choices);
        let mut variables = choices.filter_map(|choice| match choice {
            Value::Environment(variable) => Some(&variable.value),
            _ => None,
        });
        variables.any(|name| *name == self.policy.database_variable)
    }
}

/// Whether it is a Prisma client that takes its connection string from the environment by itself.
fn is_plain_prisma(client: &Client) -> bool {
    client.name.value == "PrismaClient" && client.url.is_none() && client.database.is_none()
}
