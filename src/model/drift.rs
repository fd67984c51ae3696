//! What an init SQL creates and grants, against what the registry implies.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::finding::Fix;
use crate::model::Workspace;
use crate::model::compose::{self, Stack};
use crate::model::init_sql::{Grant, InitSql};
use crate::model::product::Product;
use crate::model::service::Service;
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
    /// It creates none of the databases.
    Empty {
        /// The first service that has a database.
        first: &'a Service,
        /// The others.
        others: Vec<&'a Service>,
        /// The header or the first statement of the script.
        file: Place,
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
        /// The same role in all other grants, where everyone connects as another one.
        also: Vec<Place>,
    },
}

impl Drift<'_> {
    /// What tells it from another difference of the same script, wherever in the text it stands.
    pub fn identity(&self) -> (&'static str, String) {
        match self {
            Drift::NoScript { path, .. } => ("no script", path.clone()),
            Drift::Empty { .. } => ("empty", String::new()),
            Drift::Renamed { name, old, .. } => ("renamed", format!("{} {name}", old.value)),
            Drift::Missing { name, .. } => ("missing", (*name).to_owned()),
            Drift::Extra { name, .. } => ("extra", name.value.clone()),
            Drift::GrantMissing { name, .. } => ("grant missing", (*name).to_owned()),
            Drift::GrantElsewhere { name, granted, .. } => {
                ("grant elsewhere", format!("{} {name}", granted.value))
            }
            Drift::GrantExtra { granted } => ("grant extra", granted.value.clone()),
            Drift::GrantPartial { granted, .. } => ("grant partial", granted.value.clone()),
            Drift::GrantRole { service, role, .. } => {
                ("grant role", format!("{} {}", role.value, service.key()))
            }
        }
    }

    /// The name in the script that makes it differ; `None` where something is missing.
    pub fn place_in_script(&self) -> Option<Place> {
        match self {
            Drift::NoScript { .. } | Drift::Empty { .. } | Drift::Missing { .. } => None,
            Drift::GrantMissing { created, .. } => *created,
            Drift::Renamed { old: name, .. }
            | Drift::Extra { name, .. }
            | Drift::GrantElsewhere { granted: name, .. }
            | Drift::GrantExtra { granted: name }
            | Drift::GrantPartial { granted: name, .. }
            | Drift::GrantRole { role: name, .. } => Some(name.place),
        }
    }
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
        self.drift_of(product, init)
    }

    /// How an init SQL differs from a product's registry.
    pub(super) fn drift_of<'p>(
        &'p self,
        product: &'p Product,
        init: &'p InitSql,
    ) -> Vec<Drift<'p>> {
        let comparison = Comparison::of(self, product, init);
        let mut drift = Vec::new();
        let settled = comparison.databases(&mut drift);
        comparison.grants(&settled, &mut drift);
        comparison.privileges(&mut drift);
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

    /// Databases that the Postgres image itself creates on first start (`POSTGRES_DB`, else the one named
    /// like `POSTGRES_USER`).
    fn provided_databases(&self, product: &Product) -> Provided {
        let stack = self.development(product);
        let mut provided = Provided {
            names: BTreeSet::new(),
            is_complete: stack.is_some_and(|stack| stack.open.is_empty()),
        };
        let servers = stack.into_iter().flat_map(Stack::postgres_services);
        let mut servers = servers.filter(|_| !self.lacks_postgres(product)).peekable();
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
    pub(super) fn connecting_roles<'p>(
        &'p self,
        product: &'p Product,
    ) -> BTreeMap<&'p str, (String, Place)> {
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

    /// What the containers that are neither services of the product nor tools say in their variables: a
    /// database of such a name is theirs.
    pub(super) fn third_party_names(&self, product: &Product) -> HashSet<String> {
        let mut names = HashSet::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            for (container, variable) in stack.variables() {
                let is_own = self
                    .containers
                    .contains_key(&(index, stack.position(container)));
                if is_own || container.is_tool() {
                    continue;
                }
                names.extend(variable.known_value().map(|value| value.text.clone()));
                names.extend(variable.database().map(|database| database.text));
            }
        }
        names
    }
}

/// An init SQL and what it should hold, by the names of databases.
struct Comparison<'p> {
    workspace: &'p Workspace<'p>,
    product: &'p Product,
    init: &'p InitSql,
    /// Databases that services own.
    expected: BTreeMap<&'p str, &'p Service>,
    /// Databases that it creates, where they are created first.
    created: HashMap<&'p str, Place>,
    granted: HashMap<&'p str, Vec<&'p Grant>>,
    /// Databases that the image itself creates.
    provided: Provided,
    /// Who connects, by service, and where that is said.
    roles: BTreeMap<&'p str, (String, Place)>,
    usual_role: Option<&'p str>,
}

impl<'p> Comparison<'p> {
    fn of(workspace: &'p Workspace<'p>, product: &'p Product, init: &'p InitSql) -> Self {
        let mut expected: BTreeMap<&str, &Service> = BTreeMap::new();
        for service in product.services() {
            if let Some(name) = service.database() {
                expected.entry(name).or_insert(service);
            }
        }
        let mut created = HashMap::new();
        for name in &init.creates {
            created.entry(name.value.as_str()).or_insert(name.place);
        }
        let mut granted: HashMap<&str, Vec<&Grant>> = HashMap::new();
        for grant in &init.grants {
            granted
                .entry(&grant.database.value)
                .or_default()
                .push(grant);
        }
        Self {
            workspace,
            product,
            init,
            expected,
            created,
            granted,
            provided: workspace.provided_databases(product),
            roles: workspace.connecting_roles(product),
            usual_role: init.usual_role(),
        }
    }

    /// Databases missing, one too many and renamed. Gives the names that need no finding about their
    /// grants.
    fn databases(&self, drift: &mut Vec<Drift<'p>>) -> BTreeSet<&'p str> {
        let mut missing: Vec<(&str, &Service)> = self
            .expected
            .iter()
            .filter(|(name, _)| !self.created.contains_key(*name) && !self.is_provided(name))
            .map(|(name, service)| (*name, *service))
            .collect();
        if !self.provided.is_complete && missing.len() == 1 {
            // What is granted is there, and a server creates one database by itself.
            let is_server_unknown = self.workspace.development(self.product).is_some();
            missing.retain(|(name, _)| !is_server_unknown && !self.granted.contains_key(name));
        }
        let mut extra = self.extra_databases();
        let mut granted_before = 0;
        if let ([_], [], [twice]) = (missing.as_slice(), extra.as_slice(), &*self.created_twice()) {
            extra.push(twice);
            granted_before = 1;
        }
        let mut settled: BTreeSet<&str> = missing.iter().map(|(name, _)| *name).collect();
        settled.extend(extra.iter().map(|name| name.value.as_str()));
        if let ([(name, service)], [old]) = (missing.as_slice(), extra.as_slice()) {
            drift.push(Drift::Renamed {
                service,
                name,
                old,
                also: self.places_of_grants(&old.value).split_off(granted_before),
            });
            missing.clear();
            extra.clear();
        }
        let grants = self.init.grants.iter().map(|grant| &grant.database);
        let is_left_over = |name: &&Placed<String>| {
            self.is_provided(&name.value)
                && name.value != "postgres"
                && !self.expected.contains_key(name.value.as_str())
        };
        let left_over: Vec<_> = grants.filter(is_left_over).collect();
        // The server creates it by itself, so that only the grant shows the name that it had.
        if let ([(name, service)], [], [granted]) =
            (missing.as_slice(), extra.as_slice(), left_over.as_slice())
        {
            settled.insert(&granted.value);
            drift.push(Drift::GrantElsewhere {
                service,
                name,
                granted,
            });
            missing.clear();
        }
        let file = self.init.header.or(self.init.first_statement);
        let file = file.unwrap_or(Span::default().in_file(self.init.file));
        if self.init.creates.is_empty() && missing.len() > 1 {
            let services = self.product.services().iter();
            let is_missing = |service: &&Service| {
                service
                    .database()
                    .is_some_and(|name| settled.contains(name))
            };
            let mut demanding = services.filter(is_missing);
            if let Some(first) = demanding.next() {
                let others = demanding.collect();
                drift.push(Drift::Empty {
                    first,
                    others,
                    file,
                });
            }
            return settled;
        }
        drift.extend(missing.into_iter().map(|(name, service)| Drift::Missing {
            service,
            name,
            role: self.role_to_grant(service),
            file,
        }));
        drift.extend(extra.into_iter().map(|name| {
            Drift::Extra {
                name,
                also: self.places_of_grants(&name.value),
                namesake: self
                    .product
                    .namesake(&name.value)
                    .filter(|service| service.database() != Some(name.value.as_str())),
            }
        }));
        settled
    }

    /// Databases that it creates and that nobody is known to own, each once.
    fn extra_databases(&self) -> Vec<&'p Placed<String>> {
        if !self.product.knows_all_databases() {
            return Vec::new();
        }
        let theirs = self.workspace.third_party_names(self.product);
        let mut seen = HashSet::new();
        self.init
            .creates
            .iter()
            .filter(|name| !self.expected.contains_key(name.value.as_str()))
            .filter(|name| !theirs.contains(&name.value) && seen.insert(name.value.as_str()))
            .collect()
    }

    /// Databases where they are created a second time.
    fn created_twice(&self) -> Vec<&'p Placed<String>> {
        let creates = self.init.creates.iter();
        creates
            .filter(|name| self.created.get(name.value.as_str()) != Some(&name.place))
            .collect()
    }

    /// Grants missing, one too many and on another name.
    fn grants(&self, settled: &BTreeSet<&str>, drift: &mut Vec<Drift<'p>>) {
        let without: Vec<(&str, &Service)> = self
            .expected
            .iter()
            .filter(|(name, _)| !self.granted.contains_key(*name) && !settled.contains(*name))
            .filter(|(name, _)| !self.is_provided(name))
            .map(|(name, service)| (*name, *service))
            .collect();
        let is_known = |name: &str| {
            self.expected.contains_key(name)
                || settled.contains(name)
                || self.created.contains_key(name)
        };
        let strangers: Vec<&Placed<String>> = self
            .init
            .grants
            .iter()
            .map(|grant| &grant.database)
            .filter(|name| !is_known(&name.value) && self.product.knows_all_databases())
            .collect();
        if let ([(name, service)], [granted]) = (without.as_slice(), strangers.as_slice()) {
            drift.push(Drift::GrantElsewhere {
                service,
                name,
                granted,
            });
            return;
        }
        if let ([(name, service)], []) = (without.as_slice(), strangers.as_slice())
            && let Some(granted) = self.granted_in_place_of(name)
        {
            drift.push(Drift::GrantElsewhere {
                service,
                name,
                granted,
            });
            return;
        }
        drift.extend(
            without
                .into_iter()
                .map(|(name, service)| Drift::GrantMissing {
                    service,
                    name,
                    role: self.role_to_grant(service),
                    created: self.created.get(name).copied(),
                }),
        );
        let strangers = strangers.into_iter();
        drift.extend(strangers.map(|granted| Drift::GrantExtra { granted }));
    }

    /// The grant that repeats another one where that of a database should be: in the order in which the
    /// databases are created, else the later one.
    fn granted_in_place_of(&self, name: &str) -> Option<&'p Placed<String>> {
        let mut known: HashMap<(&str, Vec<&str>), Vec<usize>> = HashMap::new();
        for (number, grant) in self.init.grants.iter().enumerate() {
            let roles = grant.roles.iter().map(|role| role.value.as_str());
            let key = (grant.database.value.as_str(), roles.collect());
            known.entry(key).or_default().push(number);
        }
        let mut repeated = known.into_values().filter(|numbers| numbers.len() > 1);
        let (numbers, None) = (repeated.next()?, repeated.next()) else {
            return None;
        };
        let mut creates = self.init.creates.iter();
        let turn = creates.position(|created| created.value == name);
        let same_turn = turn.filter(|turn| numbers.contains(turn));
        let number = same_turn.or(numbers.last().copied())?;
        Some(&self.init.grants[number].database)
    }

    /// Grants of too little, and to others than those who connect.
    fn privileges(&self, drift: &mut Vec<Drift<'p>>) {
        let mut wrong = Vec::new();
        for (name, &service) in &self.expected {
            let Some(grants) = self.granted.get(name) else {
                continue;
            };
            if !grants.iter().any(|grant| grant.all) {
                drift.push(Drift::GrantPartial {
                    service,
                    granted: &grants[0].database,
                });
                continue;
            }
            let Some((right, says_so)) = self.right_role(service) else {
                continue;
            };
            let mut roles = grants.iter().flat_map(|grant| &grant.roles).peekable();
            let first = roles.peek().copied();
            if roles.any(|role| role.value == right) {
                continue;
            }
            wrong.extend(first.map(|role| (role, service, right, says_so)));
        }
        wrong.sort_by_key(|(role, ..)| role.place);
        let also = self.all_other_roles(&wrong);
        let shown = if also.is_empty() { wrong.len() } else { 1 };
        let shown = wrong.into_iter().take(shown);
        drift.extend(
            shown.map(|(role, service, right, says_so)| Drift::GrantRole {
                service,
                role,
                right,
                says_so,
                also: also.clone(),
            }),
        );
    }

    /// Of wrong roles the places of all but the first, where every grant names one role and everyone connects
    /// as one other: then that other one was changed, and all grants are to follow.
    fn all_other_roles(
        &self,
        wrong: &[(&'p Placed<String>, &'p Service, String, Option<Place>)],
    ) -> Vec<Place> {
        let Some(((role, _, right, _), others)) = wrong.split_first() else {
            return Vec::new();
        };
        let mut granted = self.init.grants.iter().flat_map(|grant| &grant.roles);
        let is_one_change = granted.all(|other| other.value == role.value)
            && others.iter().all(|(_, _, other, _)| other == right)
            && wrong.len() == self.expected.len();
        let others = others.iter().filter(|_| is_one_change);
        others.map(|(role, ..)| role.place).collect()
    }

    fn is_provided(&self, name: &str) -> bool {
        self.provided.names.contains(name)
    }

    fn places_of_grants(&self, name: &str) -> Vec<Place> {
        let grants = self.granted.get(name).into_iter().flatten();
        grants.map(|grant| grant.database.place).collect()
    }

    /// The role that a service's database is granted to, and where it is named: the configured one, else
    /// the one that the service connects as, else the one that most grants name.
    fn right_role(&self, service: &Service) -> Option<(String, Option<Place>)> {
        if let Some(role) = &self.workspace.policy.postgres_role {
            return Some((role.clone(), None));
        }
        match self.roles.get(service.key()) {
            Some((role, place)) => Some((role.clone(), Some(*place))),
            None => Some((self.usual_role?.to_owned(), None)),
        }
    }

    fn role_to_grant(&self, service: &Service) -> String {
        self.right_role(service)
            .map_or_else(|| "<role>".to_owned(), |(role, _)| role)
    }
}
