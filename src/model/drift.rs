//! What an init SQL creates and grants, against what the registry implies.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Fix;
use crate::model::Workspace;
use crate::model::compose::{self, Stack};
use crate::model::init_sql::InitSql;
use crate::model::product::{Product, Service};
use crate::source::{Existence, Place, Placed, Span, file_name, has_ending, join};

/// How an init SQL differs from what the registry implies; one a database.
pub enum Drift<'a> {
    /// There is no init SQL.
    NoScript {
        /// The first service that has a database.
        demanded_by: &'a Service,
        /// Where it should be.
        path: String,
        /// Where the development set mounts it.
        mounted: Option<Place>,
    },
    /// It creates a database of another name.
    Renamed {
        /// Whose database is meant.
        service: &'a Service,
        /// The right name.
        name: &'a str,
        /// The name that it creates.
        old: &'a Placed<String>,
        /// Grants on the old name.
        also: Vec<Place>,
    },
    /// It does not create a service's database.
    Missing {
        /// Whose.
        service: &'a Service,
        /// The name.
        name: &'a str,
        /// The role that should be granted it.
        role: String,
        /// The header or the first statement of the script.
        file: Place,
    },
    /// It creates a database that no service owns.
    Extra {
        /// The name.
        name: &'a Placed<String>,
        /// Grants on it.
        also: Vec<Place>,
        /// The service whose key the name is made of.
        namesake: Option<&'a Service>,
    },
    /// It grants nobody a service's database.
    GrantMissing {
        /// Whose.
        service: &'a Service,
        /// The database.
        name: &'a str,
        /// The role that should be granted it.
        role: String,
        /// Where the database is created.
        created: Option<Place>,
    },
    /// It grants another name instead.
    GrantElsewhere {
        /// Whose database is meant.
        service: &'a Service,
        /// The right name.
        name: &'a str,
        /// The name that is granted.
        granted: &'a Placed<String>,
    },
    /// It grants a database that no service owns and that it does not create.
    GrantExtra {
        /// The name.
        granted: &'a Placed<String>,
    },
    /// It grants less than all privileges.
    GrantPartial {
        /// Whose database.
        service: &'a Service,
        /// The name in the grant.
        granted: &'a Placed<String>,
    },
    /// It grants another role than the one that connects.
    GrantRole {
        /// Whose database.
        service: &'a Service,
        /// The role that is granted.
        role: &'a Placed<String>,
        /// The role that connects.
        right: String,
        /// Where the connecting role is named.
        says_so: Option<Place>,
    },
}

/// What a server creates by itself on first start.
struct Provided {
    /// The databases.
    names: BTreeSet<String>,
    /// Whether that is all.
    is_complete: bool,
}

impl Workspace<'_> {
    /// How a product's init SQL differs from its registry; nothing where either could not be read.
    pub fn init_sql_drift<'p>(&'p self, product: &'p Product) -> Vec<Drift<'p>> {
        let Some(init) = &product.init_sql else {
            return self.no_script(product).into_iter().collect();
        };
        if !init.is_complete {
            return Vec::new();
        }
        let mut expected: BTreeMap<&str, &Service> = BTreeMap::new();
        for service in product.services() {
            if let Some(name) = service.database() {
                expected.entry(name).or_insert(service);
            }
        }
        let mut drift = Vec::new();
        let renamed = self.database_drift(product, init, &expected, &mut drift);
        self.grant_drift(product, init, &expected, &renamed, &mut drift);
        drift
    }

    /// A fix that gives a database another name where it is created and where it is granted.
    pub fn renaming(&self, old: &Placed<String>, also: &[Place], name: &str) -> Option<Fix> {
        let mut fix = self.unsafe_replacement(old.place, &old.value, name)?;
        for &place in also {
            let more = self.unsafe_replacement(place, &old.value, name)?;
            fix.edits.extend(more.edits);
        }
        Some(fix)
    }

    /// The script is not there: at its usual place, where something generates it, or where the
    /// development set mounts it from.
    fn no_script<'p>(&self, product: &'p Product) -> Option<Drift<'p>> {
        let stack = self.development(product);
        let is_built = |service: &compose::Service| service.build.is_some();
        if stack.is_some_and(|stack| stack.postgres_services().any(is_built)) {
            return None;
        }
        let mut absent = None;
        let mut has_other_scripts = false;
        for (_, mount) in stack.into_iter().flat_map(Stack::init_mounts) {
            let source = stack.and_then(|stack| stack.host_path(mount));
            let place = mount.source.chain.last().map(|link| link.place);
            match source.map(|source| (self.sources.existence(&source), source)) {
                Some((Existence::Missing, source)) if has_ending(&source, "sql") => {
                    absent = absent.or(Some((source, place)));
                }
                Some((Existence::Folder, source)) if self.holds_no_script(&source) => {
                    let path = join(&source, file_name(&product.init_sql_path))?;
                    absent = absent.or(Some((path, place)));
                }
                _ => has_other_scripts = true,
            }
        }
        let (path, mounted) = match absent {
            Some(absent) => absent,
            None if product.generator.is_some() && !has_other_scripts => {
                (product.init_sql_path.clone(), None)
            }
            None => return None,
        };
        if self.sources.existence(&path) != Existence::Missing {
            return None;
        }
        let demanded_by = product
            .services()
            .iter()
            .find(|service| service.database().is_some())?;
        Some(Drift::NoScript {
            demanded_by,
            path,
            mounted,
        })
    }

    /// Whether a folder that the walk entered holds nothing that the image of Postgres runs.
    fn holds_no_script(&self, folder: &str) -> bool {
        let mut below = self.sources.below(folder).peekable();
        below.peek().is_some()
            && !below.any(|(path, _)| path.contains(".sql") || path.contains(".sh"))
    }

    /// Databases missing, one too many and renamed. Gives the names that need no finding about their
    /// grants.
    fn database_drift<'p>(
        &self,
        product: &'p Product,
        init: &'p InitSql,
        expected: &BTreeMap<&'p str, &'p Service>,
        drift: &mut Vec<Drift<'p>>,
    ) -> BTreeSet<&'p str> {
        let provided = self.provided_databases(product);
        let is_granted = |name: &str| {
            let mut granted = init.grants.iter().map(|grant| &grant.database.value);
            granted.any(|database| database == name)
        };
        let mut missing: Vec<(&str, &Service)> = expected
            .iter()
            .filter(|(name, _)| !init.creates(name) && !provided.names.contains(**name))
            .map(|(name, service)| (*name, *service))
            .collect();
        if !provided.is_complete && missing.len() == 1 {
            // What is granted is there, and a server creates one database by itself.
            let is_server_unknown = self.development(product).is_some();
            missing.retain(|(name, _)| !is_server_unknown && !is_granted(name));
        }
        let mut extra: Vec<&Placed<String>> = Vec::new();
        if product.knows_all_databases() {
            for created in &init.creates {
                let is_known = expected.contains_key(created.value.as_str())
                    || extra.iter().any(|other| other.value == created.value);
                if !is_known && !self.is_third_party_database(product, &created.value) {
                    extra.push(created);
                }
            }
        }
        let grants_on = |name: &str| -> Vec<Place> {
            let grants = init
                .grants
                .iter()
                .filter(|grant| grant.database.value == name);
            grants.map(|grant| grant.database.place).collect()
        };
        let mut settled: BTreeSet<&str> = missing.iter().map(|(name, _)| *name).collect();
        settled.extend(extra.iter().map(|name| name.value.as_str()));
        if let ([(name, service)], [old]) = (missing.as_slice(), extra.as_slice()) {
            drift.push(Drift::Renamed {
                service,
                name,
                old,
                also: grants_on(&old.value),
            });
            missing.clear();
            extra.clear();
        }
        let file = init.header.or(init.first_statement).unwrap_or(Place {
            file: init.file,
            span: Span::default(),
        });
        drift.extend(missing.into_iter().map(|(name, service)| Drift::Missing {
            service,
            name,
            role: self.role_to_grant(product, init, service),
            file,
        }));
        drift.extend(extra.into_iter().map(|name| {
            Drift::Extra {
                name,
                also: grants_on(&name.value),
                namesake: product
                    .namesake(&name.value)
                    .filter(|service| service.database() != Some(name.value.as_str())),
            }
        }));
        settled
    }

    fn grant_drift<'p>(
        &'p self,
        product: &'p Product,
        init: &'p InitSql,
        expected: &BTreeMap<&'p str, &'p Service>,
        settled: &BTreeSet<&str>,
        drift: &mut Vec<Drift<'p>>,
    ) {
        let roles = self.connecting_roles(product);
        let granted: BTreeSet<&str> = init
            .grants
            .iter()
            .map(|grant| grant.database.value.as_str())
            .collect();
        let provided = self.provided_databases(product);
        let without: Vec<(&str, &Service)> = expected
            .iter()
            .filter(|(name, _)| !granted.contains(**name) && !settled.contains(**name))
            .filter(|(name, _)| !provided.names.contains(**name))
            .map(|(name, service)| (*name, *service))
            .collect();
        let strangers: Vec<&Placed<String>> = init
            .grants
            .iter()
            .map(|grant| &grant.database)
            .filter(|name| !expected.contains_key(name.value.as_str()))
            .filter(|name| !settled.contains(name.value.as_str()) && !init.creates(&name.value))
            .filter(|_| product.knows_all_databases())
            .collect();
        if let ([(name, service)], [granted]) = (without.as_slice(), strangers.as_slice()) {
            drift.push(Drift::GrantElsewhere {
                service,
                name,
                granted,
            });
        } else {
            drift.extend(without.into_iter().map(|(name, service)| {
                Drift::GrantMissing {
                    service,
                    name,
                    role: self.role_to_grant(product, init, service),
                    created: init
                        .creates
                        .iter()
                        .find(|created| created.value == name)
                        .map(|created| created.place),
                }
            }));
            drift.extend(
                strangers
                    .into_iter()
                    .map(|granted| Drift::GrantExtra { granted }),
            );
        }
        for (name, service) in expected {
            let grants = || {
                init.grants
                    .iter()
                    .filter(|grant| grant.database.value == *name)
            };
            if grants().next().is_some() && !grants().any(|grant| grant.all) {
                drift.extend(grants().next().map(|grant| Drift::GrantPartial {
                    service,
                    granted: &grant.database,
                }));
                continue;
            }
            let Some((right, says_so)) = self.right_role(&roles, init, service) else {
                continue;
            };
            let all_roles = || grants().flat_map(|grant| &grant.roles);
            if all_roles().any(|role| role.value == right) {
                continue;
            }
            drift.extend(all_roles().next().map(|role| Drift::GrantRole {
                service,
                role,
                right,
                says_so,
            }));
        }
    }

    /// The role that a service's database is granted to, and where it is named: the configured one, else
    /// the one that the service connects as, else the one that most grants name.
    fn right_role(
        &self,
        roles: &BTreeMap<&str, (String, Place)>,
        init: &InitSql,
        service: &Service,
    ) -> Option<(String, Option<Place>)> {
        if let Some(role) = &self.policy.postgres_role {
            return Some((role.clone(), None));
        }
        match roles.get(service.key()) {
            Some((role, place)) => Some((role.clone(), Some(*place))),
            None => Some((init.usual_role()?.to_owned(), None)),
        }
    }

    fn role_to_grant(&self, product: &Product, init: &InitSql, service: &Service) -> String {
        let roles = self.connecting_roles(product);
        self.right_role(&roles, init, service)
            .map_or_else(|| "<role>".to_owned(), |(role, _)| role)
    }

    /// Databases that the Postgres image itself creates on first start (`POSTGRES_DB`, else the one named
    /// like `POSTGRES_USER`).
    fn provided_databases(&self, product: &Product) -> Provided {
        let stack = self.development(product);
        let mut provided = Provided {
            names: BTreeSet::new(),
            is_complete: stack.is_some_and(|stack| stack.open.is_empty()),
        };
        let mut servers = stack
            .into_iter()
            .flat_map(Stack::postgres_services)
            .peekable();
        provided.is_complete &= servers.peek().is_some();
        for server in servers {
            let named = |name| server.variable(name);
            match named("POSTGRES_DB").or_else(|| named("POSTGRES_USER")) {
                Some(variable) => match variable.known_value() {
                    Some(value) => {
                        provided.names.insert(value.text.clone());
                    }
                    None => provided.is_complete = false,
                },
                None => provided.is_complete &= server.unknown_environment.is_none(),
            }
        }
        provided
    }

    /// The users that services connect as in the development set, by service, and where they are named.
    fn connecting_roles<'p>(&'p self, product: &'p Product) -> BTreeMap<&'p str, (String, Place)> {
        let urls = self.database_urls(product).into_iter();
        urls.filter(|url| url.is_development && url.variable.is_postgres())
            .filter_map(|url| {
                // Without a password nobody knows where the user's name ends.
                url.variable.connection.as_ref()?.password.as_ref()?;
                let user = url
                    .variable
                    .user()
                    .filter(|user| user.is_known && !user.text.is_empty())?;
                let place = user.place()?;
                Some((url.service.key(), (user.text, place)))
            })
            .collect()
    }

    /// Whether a container that is neither a service of the product nor a tool names the database: it owns
    /// it then.
    fn is_third_party_database(&self, product: &Product, name: &str) -> bool {
        self.stacks_of(product).any(|stack| {
            let own: BTreeSet<&str> = product
                .services()
                .iter()
                .filter_map(|service| Some(service.container(stack)?.key.value.as_str()))
                .collect();
            stack
                .variables()
                .filter(|(container, _)| {
                    !container.is_tool() && !own.contains(container.key.value.as_str())
                })
                .any(|(_, variable)| {
                    let is_value = variable
                        .known_value()
                        .is_some_and(|value| value.text == name);
                    is_value
                        || variable
                            .database()
                            .is_some_and(|database| database.text == name)
                })
        })
    }
}
