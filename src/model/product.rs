//! Products: a registry, its services with their modules, and the stacks that run them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::claims::Claims;
use crate::model::compose::Stack;
use crate::model::directory::Directory;
use crate::model::init_sql::InitSql;
use crate::model::names::NameDefect;
use crate::model::proxies::Proxy;
use crate::model::registry::Registry;
use crate::model::service::Service;
use crate::source::{FileId, Place, Placed, join};

/// A registry and everything that hangs on it.
#[derive(Debug)]
pub struct Product {
    /// Its folder from the workspace root; `.` for the root itself. This is its name.
    pub name: String,
    /// Its folder from the workspace root; `""` for the root itself.
    pub folder: String,
    /// Its registry.
    pub registry: Registry,
    /// Further registries in the same folder.
    pub rivals: Vec<Registry>,
    /// The files that the registry's values were read from.
    pub registry_files: BTreeSet<FileId>,
    /// Its services, in the order of the registry.
    pub services: Vec<Service>,
    /// Its stacks by number, the development set first.
    pub stacks: Vec<usize>,
    /// The number of the development set.
    pub development: Option<usize>,
    /// The script that creates its databases.
    pub init_sql: Option<InitSql>,
    /// Where the init SQL stands or should stand.
    pub init_sql_path: String,
    /// The program that writes its generated files.
    pub generator: Option<Generator>,
    /// Its manifests.
    pub manifests: Vec<FileId>,
    /// The nginx configurations that lead to its services.
    pub proxies: Vec<Proxy>,
    /// What leaves its set of services open, and why.
    pub open: Vec<Placed<String>>,
    /// Its services by what names them.
    pub(super) directory: Directory,
}

/// The program that writes a product's generated files.
#[derive(Debug)]
pub struct Generator {
    /// The file.
    pub file: FileId,
    /// The string of the header that says "generated", where it writes one.
    pub header_literal: Option<Place>,
    /// Its text in upper case, to ask whether it writes a kind of statement.
    pub(super) text: String,
}

impl Generator {
    /// Whether these SQL key words (upper case) stand in it.
    pub fn writes(&self, words: &str) -> bool {
        self.text.contains(words)
    }
}

impl From<&Product> for Owner {
    fn from(product: &Product) -> Self {
        Owner {
            product: Some(product.name.clone()),
            service: None,
        }
    }
}

impl Product {
    /// Its services, in the order of the registry.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Whether services may exist that are not known here; then nothing may be called unregistered or
    /// one too many.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The service that owns the database of that name.
    pub fn owner_of(&self, database: &str) -> Option<&Service> {
        self.numbered(self.directory.by_database.get(database))
    }

    /// The last service that claims a port: the one to blame where several do.
    pub fn last_claimant_of(&self, port: u16) -> Option<&Service> {
        self.numbered(self.directory.by_port.get(&port))
    }

    /// The service of that key.
    pub fn service(&self, key: &str) -> Option<&Service> {
        self.numbered(self.directory.by_key.get(key))
    }

    /// The number of the service of that key.
    pub(super) fn position_of(&self, key: &str) -> Option<usize> {
        self.directory.by_key.get(key).copied()
    }

    /// The service of that key, else the one of that hostname.
    pub fn service_named(&self, name: &str) -> Option<&Service> {
        self.numbered(self.directory.by_name.get(name))
    }

    fn numbered(&self, number: Option<&usize>) -> Option<&Service> {
        number.map(|&number| &self.services[number])
    }

    /// Ports that several services claim, with their claimants, in the order of the ports.
    pub fn ports_claimed_twice(&self) -> Vec<(u16, Claims<'_>)> {
        self.claimed_twice(|service| Some(service.entry.port.known()?.value))
    }

    /// Databases that several services claim, with their claimants, in the order of the names.
    pub fn databases_claimed_twice(&self) -> Vec<(&str, Claims<'_>)> {
        self.claimed_twice(Service::database)
    }

    fn claimed_twice<'a, T: Ord>(
        &'a self,
        value: impl Fn(&'a Service) -> Option<T>,
    ) -> Vec<(T, Claims<'a>)> {
        let mut claims: BTreeMap<T, Claims<'a>> = BTreeMap::new();
        for service in &self.services {
            if let Some(value) = value(service) {
                claims
                    .entry(value)
                    .or_insert_with(|| Claims(Vec::new()))
                    .0
                    .push(service);
            }
        }
        claims
            .into_iter()
            .filter(|(_, claims)| claims.0.len() > 1)
            .collect()
    }

    /// The ports that its services claim.
    pub fn ports(&self) -> &BTreeSet<u16> {
        &self.directory.ports
    }

    /// The lowest port above `port` that no service claims.
    pub fn free_port_above(&self, port: u16) -> u16 {
        let claimed = self.ports();
        (port..u16::MAX)
            .map(|port| port + 1)
            .find(|port| !claimed.contains(port))
            .unwrap_or(port)
    }

    /// The name that a service's key makes, if it is legal and no service of the product has it.
    pub fn free_derived_database(&self, service: &Service) -> Option<String> {
        let derived = service.derived_database();
        let is_free = NameDefect::of(&derived).is_none() && self.owner_of(&derived).is_none();
        is_free.then_some(derived)
    }

    /// A database and whose it is, to end a sentence with.
    pub fn says_whose(&self, database: &str) -> String {
        match self.owner_of(database) {
            Some(owner) => format!("`{database}`, the database of `{}`", owner.key()),
            None if self.knows_all_databases() => format!("`{database}`, which no service owns"),
            None => format!("`{database}`, which is not its own"),
        }
    }

    /// The places that say whose a database is, and which one `service` owns.
    pub fn ownership(&self, service: &Service, database: &str) -> Vec<(Place, String)> {
        [self.owner_of(database), Some(service)]
            .into_iter()
            .flatten()
            .map(|owner| {
                let owned = owner.database().unwrap_or_default();
                (
                    owner.database_place(),
                    format!("`{}` owns `{owned}`", owner.key()),
                )
            })
            .collect()
    }

    /// Whether the database of every service is known, and no further services can exist: then a
    /// database that no entry names has no owner.
    pub fn knows_all_databases(&self) -> bool {
        !self.is_open() && self.directory.knows_all_databases
    }

    /// Services that a stack lacks; none where the stack or a service's names are not wholly known.
    pub fn services_missing_in<'a>(&'a self, stack: &Stack) -> Vec<&'a Service> {
        let is_known = |service: &&Service| service.entry.hostname.dynamic().is_none();
        if !stack.open.is_empty() {
            return Vec::new();
        }
        self.services
            .iter()
            .filter(is_known)
            .filter(|service| service.container(stack).is_none())
            .collect()
    }

    /// A path in the product's folder, from the workspace root.
    pub fn path_of(&self, name: &str) -> String {
        join(&self.folder, name).unwrap_or_else(|| name.to_owned())
    }

    /// The path of the program that writes its generated files, where that is known.
    pub fn generator_path<'s>(&self, workspace: &'s Workspace) -> Option<&'s str> {
        let generator = self.generator.as_ref()?;
        Some(workspace.sources.file(generator.file).path.as_str())
    }

    /// What writes its generated files, to end a sentence with; empty where that is not known.
    pub fn generator_advice(&self, workspace: &Workspace) -> String {
        self.generator_path(workspace)
            .map_or_else(String::new, |path| format!("; `{path}` generates the file"))
    }

    /// The service whose key a variable's name begins with (`BILLING_DATABASE_URL`); the longest key
    /// counts.
    pub fn service_named_by(&self, variable: &str) -> Option<&Service> {
        self.numbered(self.directory.by_variable(variable).as_ref())
    }

    /// The service that a variable for calling it is named after (`BILLING_URL`, `BILLING_BASE_URL`).
    pub fn service_called_by(&self, variable: &str) -> Option<&Service> {
        const ENDINGS: [&str; 6] = [
            "URL",
            "BASE_URL",
            "API_URL",
            "SERVICE_URL",
            "INTERNAL_URL",
            "ENDPOINT",
        ];
        let service = self.service_named_by(variable)?;
        let ending = variable.strip_prefix(&service.variable_prefix())?;
        ENDINGS.contains(&ending).then_some(service)
    }

    /// The service that a database without an owner probably once belonged to: the one whose key it is
    /// made of.
    pub fn namesake(&self, database: &str) -> Option<&Service> {
        self.numbered(self.directory.by_derived_database.get(database))
    }

    /// Whom a database without an owner is about: the service that it probably once belonged to, else the
    /// one that an entry may be missing for.
    pub fn presumed_owner(&self, database: &str) -> Owner {
        self.namesake(database).map_or_else(
            || self.unknown_service(&database.replace('_', "-")),
            Owner::from,
        )
    }

    /// Whom something is about that names a service without an entry.
    pub fn unknown_service(&self, name: &str) -> Owner {
        Owner {
            product: Some(self.name.clone()),
            service: Some(name.to_owned()),
        }
    }
}
