//! The script that creates a product's databases on first start.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Fix;
use crate::model::compose::{self, INIT_FOLDER, Mount, Part, Stack};
use crate::model::product::{Product, Service};
use crate::model::{Workspace, generated};
use crate::parse::sql::{Dialect, SqlFile, StatementKind};
use crate::source::{Existence, FileId, Place, Placed, Span, file_name, parent};

/// What an init SQL does.
#[derive(Debug)]
pub struct InitSql {
    /// The file.
    pub file: FileId,
    /// The first comment block, its marks included.
    pub header: Option<Place>,
    /// The first statement.
    pub first_statement: Option<Place>,
    /// `CREATE DATABASE`, in order.
    pub creates: Vec<Placed<String>>,
    /// `GRANT … ON DATABASE`, one a database, in order.
    pub grants: Vec<Grant>,
    /// Statements of other kinds, by their leading key words.
    pub others: Vec<Other>,
    /// Whether all that it does is known: it could be read as a whole, and neither includes another file
    /// nor executes what it only computes.
    pub is_complete: bool,
}

/// A grant on one database.
#[derive(Debug)]
pub struct Grant {
    /// Whether it grants all privileges.
    pub all: bool,
    /// The database.
    pub database: Placed<String>,
    /// The roles.
    pub roles: Vec<Placed<String>>,
}

/// A statement that neither creates a database nor grants on one.
#[derive(Debug)]
pub struct Other {
    /// Its leading key words, in upper case.
    pub words: String,
    /// The whole statement.
    pub place: Place,
}

impl InitSql {
    /// Links the facts of one file.
    pub fn of(file: FileId, sql: &SqlFile, is_complete: bool) -> Self {
        let mut init = Self {
            file,
            header: sql.header.map(|span| span.in_file(file)),
            first_statement: sql.statements.first().map(|first| first.span.in_file(file)),
            creates: Vec::new(),
            grants: Vec::new(),
            others: Vec::new(),
            is_complete: is_complete && sql.dialect == Dialect::Postgres,
        };
        for statement in &sql.statements {
            match &statement.kind {
                StatementKind::CreateDatabase { name } => init.creates.push(name.in_file(file)),
                StatementKind::GrantOnDatabase {
                    all,
                    databases,
                    roles,
                } => init.grants.extend(databases.iter().map(|database| Grant {
                    all: *all,
                    database: database.in_file(file),
                    roles: roles.iter().map(|role| role.in_file(file)).collect(),
                })),
                StatementKind::Other { words } => init.others.push(Other {
                    words: words.value.clone(),
                    place: statement.span.in_file(file),
                }),
                StatementKind::Meta { command } if runs_more(&command.value) => {
                    init.is_complete = false;
                }
                _ => {}
            }
        }
        init
    }

    /// Whether it creates a database of that name.
    pub fn creates(&self, name: &str) -> bool {
        self.creates.iter().any(|created| created.value == name)
    }

    /// The role that most grants name; of equals the first.
    pub fn usual_role(&self) -> Option<&str> {
        let roles = || self.grants.iter().flat_map(|grant| &grant.roles);
        let count = |name: &str| roles().filter(|role| role.value == name).count();
        let mut best: Option<(&str, usize)> = None;
        for role in roles() {
            let uses = count(&role.value);
            if best.is_none_or(|(_, most)| uses > most) {
                best = Some((&role.value, uses));
            }
        }
        best.map(|(name, _)| name)
    }
}

/// How an init SQL differs from what the registry implies; one a database.
pub enum Drift<'a> {
    /// There is no init SQL.
    NoScript {
        /// The first service that has a database.
        demanded_by: &'a Service,
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

/// What keeps an init SQL from being run on first start.
pub enum MountDefect {
    /// Nothing mounts it.
    NoMount {
        /// The key token `volumes` of the Postgres service, else its key.
        container: Place,
        /// The entry to write.
        write: String,
    },
    /// The mounted path does not exist.
    WrongSource {
        /// The path on the host, where it is written.
        source: Place,
        /// The same, as text.
        text: String,
        /// The right path.
        right: String,
        /// Whether that path is certain: the file has the same name there.
        is_certain: bool,
    },
    /// The image does not run a file of that name.
    WrongTarget {
        /// The path in the container, where it is written.
        target: Place,
        /// The same, as text.
        text: String,
        /// The right path.
        right: String,
    },
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

    fn no_script<'p>(&'p self, product: &'p Product) -> Option<Drift<'p>> {
        let is_missing = self.sources.existence(&product.init_sql_path) == Existence::Missing;
        let stack = self.development(product);
        let has_other_scripts = stack.is_some_and(|stack| stack.init_mounts().next().is_some());
        let is_built = |service: &compose::Service| service.build.is_some();
        let is_built = stack.is_some_and(|stack| stack.postgres_services().any(is_built));
        if !is_missing || has_other_scripts || is_built || product.generator.is_none() {
            return None;
        }
        let demanded_by = product
            .services()
            .iter()
            .find(|service| service.database().is_some())?;
        Some(Drift::NoScript { demanded_by })
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
        let mut missing: Vec<(&str, &Service)> = expected
            .iter()
            .filter(|(name, _)| !init.creates(name) && !provided.contains(**name))
            .map(|(name, service)| (*name, *service))
            .collect();
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
            .filter(|(name, _)| !provided.contains(**name))
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

    /// Databases that the Postgres image itself creates on first start (`POSTGRES_DB`).
    fn provided_databases(&self, product: &Product) -> BTreeSet<String> {
        let stack = self.development(product);
        let servers = stack.into_iter().flat_map(Stack::postgres_services);
        servers
            .filter_map(|server| Some(server.variable("POSTGRES_DB")?.known_value()?.text.clone()))
            .collect()
    }

    /// The users that services connect as in the development set, by service, and where they are named.
    fn connecting_roles<'p>(&'p self, product: &'p Product) -> BTreeMap<&'p str, (String, Place)> {
        let urls = self.database_urls(product).into_iter();
        urls.filter(|url| url.is_development && url.variable.is_postgres())
            .filter_map(|url| {
                let user = url.variable.user().filter(|user| user.is_known)?;
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

    /// What keeps the product's init SQL from being run; nothing where that cannot be told.
    pub fn mount_defect(&self, product: &Product) -> Option<MountDefect> {
        let index = product.development?;
        let stack = &self.stacks[index];
        if !stack.open.is_empty() {
            return None;
        }
        let path = product.init_sql_path.as_str();
        if self.sources.existence(path) != Existence::File {
            return None;
        }
        let servers: Vec<&compose::Service> = stack.postgres_services().collect();
        let server = self.main_server(index)?;
        let is_unclear = |server: &&compose::Service| {
            server.build.is_some() || server.is_extended || server.has_configs
        };
        if servers.iter().any(is_unclear) {
            return None;
        }
        let relative = relative_path(&stack.folder, path);
        let own_name = format!("{INIT_FOLDER}/{}", file_name(path));
        let wrong_target = |server: &compose::Service, mount: &Mount| MountDefect::WrongTarget {
            target: written_at(&mount.target).unwrap_or(server.key.place),
            text: mount.target.text.clone(),
            right: own_name.clone(),
        };
        let mut broken = None;
        for (server, mount) in stack.init_mounts() {
            let source = stack.host_path(mount);
            match source
                .as_deref()
                .map(|source| (source, self.sources.existence(source)))
            {
                Some((source, Existence::File)) if source == path => {
                    let is_run = is_run(server, &mount.target.text);
                    return (!is_run).then(|| wrong_target(server, mount));
                }
                Some((source, Existence::Folder)) if path.starts_with(&format!("{source}/")) => {
                    return None;
                }
                Some((_, Existence::Missing)) => broken = broken.or(Some(mount)),
                // A script of another name may run the init SQL itself.
                _ => return None,
            }
        }
        if let Some(mount) = broken {
            return Some(MountDefect::WrongSource {
                source: written_at(&mount.source)?,
                text: mount.source.text.clone(),
                is_certain: file_name(&mount.source.text) == file_name(path),
                right: relative,
            });
        }
        let elsewhere = servers.iter().find_map(|server| {
            let is_it = |mount: &&Mount| stack.host_path(mount).as_deref() == Some(path);
            Some((*server, server.mounts.iter().find(is_it)?))
        });
        if let Some((server, mount)) = elsewhere {
            return Some(wrong_target(server, mount));
        }
        let has_databases = product
            .services()
            .iter()
            .any(|service| service.database().is_some());
        has_databases.then(|| MountDefect::NoMount {
            container: server.volumes_key.unwrap_or(server.key.place),
            write: format!("{relative}:{own_name}:ro"),
        })
    }

    /// The first statement of an init SQL whose header is gone, and where its generator writes one.
    pub fn lost_header(&self, product: &Product) -> Option<(Place, Place)> {
        let init = product.init_sql.as_ref()?;
        let generator = product.generator.as_ref()?;
        let header = generator.header_literal?;
        let says_so = |place| generated::says_so(self.sources.slice(place));
        if init.header.is_some_and(says_so) {
            return None;
        }
        Some((init.header.or(init.first_statement)?, header))
    }

    /// Statements of a generated init SQL that its generator does not write.
    pub fn foreign_statements<'p>(&'p self, product: &'p Product) -> Vec<&'p Other> {
        let Some(init) = &product.init_sql else {
            return Vec::new();
        };
        let is_foreign = |other: &&Other| match &product.generator {
            Some(generator) => !generator.writes(&other.words) && !is_harmless(&other.words),
            None => self.has_generated_header(init.file) && is_of_tables(&other.words),
        };
        init.others.iter().filter(is_foreign).collect()
    }
}

/// Meta-commands that run statements which do not stand in the file itself.
fn runs_more(command: &str) -> bool {
    ["i", "ir", "include", "include_relative", "gexec"].contains(&command)
}

/// Statements that change nothing that outlives the session.
fn is_harmless(words: &str) -> bool {
    ["SET", "SELECT", "RESET", "SHOW"]
        .iter()
        .any(|harmless| words.split(' ').next() == Some(harmless))
}

/// Statements about tables and what is in them, which no script that creates databases holds.
fn is_of_tables(words: &str) -> bool {
    const STARTS: [&str; 9] = [
        "CREATE TABLE",
        "ALTER TABLE",
        "DROP TABLE",
        "CREATE INDEX",
        "CREATE VIEW",
        "INSERT",
        "UPDATE",
        "DELETE",
        "TRUNCATE",
    ];
    STARTS.iter().any(|start| words.starts_with(start))
}

/// Where a part of a mount is written: a mount has one user only, however it reaches it.
fn written_at(part: &Part) -> Option<Place> {
    part.chain.last().map(|link| link.place)
}

/// Whether the image's entrypoint runs a file of that name (docker-library's
/// `docker-entrypoint.sh`, `docker_process_init_files`; Bitnami's `libpostgresql.sh` looks into folders
/// as well).
fn is_run(server: &compose::Service, target: &str) -> bool {
    const ENDINGS: [&str; 5] = [".sh", ".sql", ".sql.gz", ".sql.xz", ".sql.zst"];
    let image = server.image_name().unwrap_or_default();
    let is_in_place = parent(target) == INIT_FOLDER || image.contains("bitnami");
    is_in_place && ENDINGS.iter().any(|ending| target.ends_with(ending))
}

/// `path` as a compose file in `folder` names it.
fn relative_path(folder: &str, path: &str) -> String {
    let mut up = String::new();
    let mut above = folder;
    loop {
        let below = if above.is_empty() {
            Some(path)
        } else {
            path.strip_prefix(above)
                .and_then(|rest| rest.strip_prefix('/'))
        };
        match below {
            Some(below) if up.is_empty() => return format!("./{below}"),
            Some(below) => return format!("{up}{below}"),
            None => {
                up.push_str("../");
                above = parent(above);
            }
        }
    }
}
