//! Which databases there are: by registry entries, by what servers create, and by who connects to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Owner;
use crate::inventory::{Holder, Sayer};
use crate::model::Workspace;
use crate::model::compose::Variable;
use crate::model::connections::KnownConnection;
use crate::model::inferred::InferredService;
use crate::model::settings::is_placeholder;
use crate::source::Place;

/// What tells databases of one name apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Realm {
    /// A product: there a name means one database, whatever stack is run.
    Product(String),
    /// Stacks of one folder that belong to no product, and the key or host of the server.
    Server(String, String),
    /// Nothing but the name is known.
    Nowhere,
}

/// A database.
#[derive(Clone, Debug, Default)]
pub struct KnownDatabase {
    /// The servers that it is reached at: keys of containers, or hosts.
    pub servers: BTreeSet<String>,
    /// The services that own it.
    pub owners: BTreeSet<Owner>,
    /// Where it is said to exist; no place for the config.
    pub said: BTreeSet<(Option<Place>, Sayer)>,
    /// The numbers of the connections that lead to it.
    pub connections: Vec<usize>,
    /// Services without a registry that connect to it by their own variables.
    claimants: BTreeSet<Owner>,
    /// Those of them that keep tables.
    storing: BTreeSet<Owner>,
}

impl Workspace<'_> {
    /// Every database with what tells it from others, by product or server and by name.
    pub fn databases(
        &self,
        connections: &[KnownConnection],
    ) -> BTreeMap<(Realm, String), KnownDatabase> {
        let mut found: BTreeMap<(Realm, String), KnownDatabase> = BTreeMap::new();
        self.add_registered(&mut found);
        self.add_created(&mut found);
        self.add_claimed(&mut found);
        self.add_connected(connections, &mut found);
        self.add_set(connections, &mut found);
        for database in found.values_mut() {
            let only = database.claimants.len() == 1;
            let owners = if database.storing.is_empty() && only {
                &database.claimants
            } else {
                &database.storing
            };
            if database.owners.is_empty() {
                database.owners.clone_from(owners);
            }
        }
        found
    }

    fn add_registered(&self, found: &mut BTreeMap<(Realm, String), KnownDatabase>) {
        for product in &self.products {
            let realm = Realm::Product(product.name.clone());
            let mut add = |name: &str, place: Place, by: Sayer, owner: Option<Owner>| {
                let database = found.entry((realm.clone(), name.to_owned())).or_default();
                database.said.insert((Some(place), by));
                database.owners.extend(owner);
            };
            for service in product.services() {
                if let Some(name) = service.database() {
                    let owner = Some(service.into());
                    add(name, service.database_place(), Sayer::Registry, owner);
                }
            }
            if let Some(init) = &product.init_sql {
                for created in &init.creates {
                    add(&created.value, created.place, Sayer::CreateDatabase, None);
                }
                for grant in &init.grants {
                    let database = &grant.database;
                    add(&database.value, database.place, Sayer::Grant, None);
                }
            }
        }
    }

    /// What tells the databases of a server in a stack from others.
    fn realm(&self, stack: usize, server: &str) -> Realm {
        match self.product_of_stack.get(&stack) {
            Some(&product) => Realm::Product(self.products[product].name.clone()),
            None => Realm::Server(self.stacks[stack].folder.clone(), server.to_owned()),
        }
    }

    fn add_created(&self, found: &mut BTreeMap<(Realm, String), KnownDatabase>) {
        for (user, container) in self.all_containers() {
            if !container.is_postgres() {
                continue;
            }
            let server = &container.key.value;
            let realm = self.realm(user.0, server);
            let mut add = |name: String, place: Place, by: Sayer| {
                let database = found.entry((realm.clone(), name)).or_default();
                database.said.insert((Some(place), by));
                database.servers.insert(server.clone());
            };
            let first = container.variable("POSTGRES_DB").map(Variable::whole);
            if let Some(first) = first.filter(|part| part.is_known && !part.text.is_empty())
                && let Some(place) = first.place()
            {
                add(first.text, place, Sayer::PostgresDb);
            }
            for (name, place) in self.created_by_scripts(user) {
                add(name, place, Sayer::CreateDatabase);
            }
        }
    }

    fn add_claimed(&self, found: &mut BTreeMap<(Realm, String), KnownDatabase>) {
        for (number, service) in self.inferred_services().iter().enumerate() {
            let configured = service.configured_database.as_deref();
            let mut is_placed = false;
            for claim in self.claims_of(number) {
                let server = self.server_name(claim.user.0, &claim.server);
                let realm = self.realm(claim.user.0, &server);
                let name = claim.database.text.clone();
                let is_configured = configured == Some(name.as_str());
                is_placed |= is_configured;
                let database = found.entry((realm, name)).or_default();
                database.servers.insert(server);
                if is_configured {
                    database.said.insert((None, Sayer::Config));
                    database.owners.insert(service.into());
                } else if configured.is_none() && !claim.is_of_helper() {
                    database.claimants.insert(service.into());
                    if service.store.is_some() {
                        database.storing.insert(service.into());
                    }
                }
            }
            if let Some(name) = configured.filter(|name| !name.is_empty() && !is_placed) {
                let key = (Realm::Nowhere, name.to_owned());
                let database = found.entry(key).or_default();
                database.said.insert((None, Sayer::Config));
                database.owners.insert(service.into());
            }
        }
    }

    fn add_connected(
        &self,
        connections: &[KnownConnection],
        found: &mut BTreeMap<(Realm, String), KnownDatabase>,
    ) {
        let mut of_owner: BTreeMap<(Owner, String), Vec<Realm>> = BTreeMap::new();
        for ((realm, name), database) in found.iter() {
            let owners = database.owners.iter().chain(&database.claimants);
            for owner in owners {
                let realms = of_owner.entry((owner.clone(), name.clone())).or_default();
                realms.push(realm.clone());
            }
        }
        for (number, connection) in connections.iter().enumerate() {
            let Some(target) = &connection.target else {
                continue;
            };
            let Some(name) = connection.postgres_database() else {
                continue;
            };
            let server = target.server.as_ref().or(target.host.as_ref());
            let product = connection.owners.iter().find_map(|it| it.product.clone());
            let own = || {
                let mut owners = connection.owners.iter();
                owners.find_map(|owner| of_owner.get(&(owner.clone(), name.value.clone())))
            };
            let realms = match (connection.container, product) {
                (Some((stack, _)), _) => match server {
                    Some(server) => vec![self.realm(stack, server)],
                    None => own().cloned().unwrap_or_default(),
                },
                (None, Some(product)) => vec![Realm::Product(product)],
                (None, None) => own().cloned().unwrap_or_default(),
            };
            let realms = if realms.is_empty() {
                vec![Realm::Nowhere]
            } else {
                realms
            };
            for realm in realms {
                let key = (realm, name.value.clone());
                let may_stand_for_nothing = connection.holds_stand_in() || key.0 == Realm::Nowhere;
                let is_in_stack = connection.container.is_some();
                if may_stand_for_nothing && !is_in_stack && !found.contains_key(&key) {
                    continue;
                }
                let database = found.entry(key).or_default();
                database.connections.push(number);
                database
                    .servers
                    .extend(server.filter(|_| is_in_stack).cloned());
            }
        }
    }

    /// Databases that only `.env` files name, of services of which nothing else says it. Of an example the name
    /// counts unless all examples are written so.
    fn add_set(
        &self,
        connections: &[KnownConnection],
        found: &mut BTreeMap<(Realm, String), KnownDatabase>,
    ) {
        let known = found.values();
        let owning = known.flat_map(|it| it.owners.iter().chain(&it.claimants));
        let owning: BTreeSet<Owner> = owning.cloned().collect();
        let storing = self.inferred_services().iter();
        let storing: BTreeMap<Owner, &InferredService> = storing
            .filter(|service| service.store.is_some() && !service.is_stateless())
            .map(|service| (service.into(), service))
            .collect();
        for (number, connection) in connections.iter().enumerate() {
            let [owner] = connection.owners.as_slice() else {
                continue;
            };
            let Some(service) = storing.get(owner).filter(|_| !owning.contains(owner)) else {
                continue;
            };
            let database = connection.postgres_database();
            let may_stand_in = match connection.holder {
                Holder::EnvFile | Holder::PrismaSchema | Holder::PrismaConfig => false,
                Holder::EnvExample => true,
                _ => continue,
            };
            let is_own = connection
                .variable
                .as_ref()
                .is_none_or(|name| service.variables.contains(name));
            let name = database.filter(|name| {
                let name = &name.value;
                let has_marks = name.contains(['<', '>', '[', ']', '{', '}']);
                is_own && !(may_stand_in && (has_marks || is_placeholder(name)))
            });
            if let Some(name) = name {
                let key = (Realm::Nowhere, name.value.clone());
                let database = found.entry(key).or_default();
                database.connections.push(number);
                database.claimants.insert(owner.clone());
            }
        }
    }
}
