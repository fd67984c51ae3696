//! What keeps a Postgres service from getting through its scripts on first start.
//!
//! The entrypoint of the official image creates the superuser and one database, then runs every script
//! with `ON_ERROR_STOP=1`; the first error ends it, and the half-filled volume is never initialised again
//! (docker-library's `docker-entrypoint.sh`). Only what all scripts of a server tell is judged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::compose::{INIT_FOLDER, Service as Container, Stack, Variable};
use crate::model::drift::Drift;
use crate::model::product::{Product, Service};
use crate::model::stacks::standard_files;
use crate::model::{User, Workspace};
use crate::parse::Facts;
use crate::parse::sql::{Dialect, SqlFile, Statement, StatementKind};
use crate::source::{Existence, FileId, Place, Placed, Seen, file_name, has_ending, parent};

/// A statement at which the first start of a Postgres service ends.
pub struct Abort<'a> {
    /// The numbers of the stack and of the Postgres service.
    pub server: (usize, usize),
    /// The product whose init SQL the statement stands in.
    pub product: Option<&'a Product>,
    /// What is wrong with it.
    pub why: Reason,
}

/// Why a statement fails.
pub enum Reason {
    /// It creates a database that the image has created already.
    Provided {
        /// The name in the script.
        name: Placed<String>,
        /// The variable that the image takes the name from, and its value; `None` for a database that every
        /// server has.
        by: Option<(&'static str, Place)>,
    },
    /// It creates a database or a role a second time.
    CreatedTwice {
        /// The name in the script.
        name: Placed<String>,
        /// Whether it is a role.
        is_role: bool,
        /// Where it was created first; the variable of the superuser's name for that one.
        first: Option<Place>,
    },
    /// It names a role that does not exist then.
    NoRole {
        /// The name, where it is used first.
        role: Placed<String>,
        /// The database that it is granted there.
        database: String,
        /// Where it is used again.
        again: Vec<Place>,
        /// Whether no other role is granted anything.
        is_only_one: bool,
        /// The superuser's name, and where it is said.
        superuser: (String, Option<Place>),
        /// Where the role is created too late.
        created_later: Option<Place>,
    },
    /// It names a database that does not exist then.
    NoDatabase {
        /// The name.
        name: Placed<String>,
        /// Where it is created too late.
        created_later: Option<Place>,
    },
    /// It creates a database inside a transaction.
    InTransaction {
        /// The name in the script.
        name: Placed<String>,
        /// What begins the transaction.
        begin: Place,
        /// Databases that are created in it as well.
        also: Vec<Place>,
    },
}

/// Databases that every server has.
const ON_EVERY_SERVER: [&str; 3] = ["postgres", "template0", "template1"];

/// The superuser where nobody names one.
const USUAL_SUPERUSER: &str = "postgres";

/// What a statement says, in lower case, that may create or drop a role.
const ABOUT_ROLES: [&str; 8] = [
    "create role",
    "create user",
    "create group",
    "drop role",
    "drop user",
    "drop group",
    "rename to",
    "execute",
];

impl Workspace<'_> {
    /// Statements at which the Postgres services of the workspace end their first start, in the order of
    /// the stacks.
    pub fn aborts(&self) -> Vec<Abort<'_>> {
        let mut aborts = Vec::new();
        for (index, stack) in self.stacks.iter().enumerate() {
            // What is laid over a standard file leaves things out.
            let is_alone =
                stack.runs_as_it_is() || standard_files(self.sources, &stack.folder).is_empty();
            if !is_alone {
                continue;
            }
            for server in stack.postgres_services() {
                let Some(scripts) = self.scripts_of_first_start(stack, server) else {
                    continue;
                };
                let user = (index, stack.position(server));
                let mut start = FirstStart::of(self, user, server, &scripts);
                for (file, sql) in &scripts {
                    start.run(*file, sql);
                }
                aborts.extend(start.reasons().into_iter().map(|(file, why)| Abort {
                    server: user,
                    product: self.product_of_script(file),
                    why,
                }));
            }
        }
        aborts
    }

    /// The service that owns the database of that name, and whose init SQL has to create it.
    pub fn demanded_by<'p>(&self, abort: &Abort<'p>, database: &str) -> Option<&'p Service> {
        abort.product?.owner_of(database)
    }

    /// Whether a role is missing because the server was given another superuser than everyone connects as.
    pub fn is_superuser_wrong(&self, abort: &Abort) -> bool {
        let Reason::NoRole {
            role,
            is_only_one: true,
            superuser: (superuser, _),
            created_later: None,
            ..
        } = &abort.why
        else {
            return false;
        };
        let connecting = abort.product.map(|product| self.connecting_roles(product));
        let connecting = connecting.unwrap_or_default();
        let is_used = |name: &str| connecting.values().any(|(user, _)| user == name);
        is_used(&role.value) && !is_used(superuser)
    }

    /// Whose database is meant where the init SQL of a product names another one, and that name.
    pub fn meant_instead<'p>(
        &'p self,
        product: &'p Product,
        place: Place,
    ) -> Option<(&'p Service, String)> {
        let mut drifts = self.init_sql_drift(product).into_iter();
        drifts.find_map(|drift| match drift {
            Drift::Renamed { service, old, .. } if old.place == place => {
                Some((service, old.value.clone()))
            }
            _ => None,
        })
    }

    /// The container of those numbers.
    pub fn container(&self, (stack, number): (usize, usize)) -> &Container {
        &self.stacks[stack].services[number]
    }

    fn product_of_script(&self, file: FileId) -> Option<&Product> {
        self.products
            .iter()
            .find(|product| product.init_sql.as_ref().is_some_and(|it| it.file == file))
    }

    /// The scripts that a Postgres service runs on first start, in their order; `None` where one of them,
    /// or what the image does before, is not wholly known.
    fn scripts_of_first_start(
        &self,
        stack: &Stack,
        server: &Container,
    ) -> Option<Vec<(FileId, &SqlFile)>> {
        if !is_usual(server) {
            return None;
        }
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        for mount in server.mounts.iter().filter(|mount| mount.is_init()) {
            let target = mount.target.text.trim_end_matches('/');
            let path = stack.host_path(mount).filter(|_| mount.target.is_known)?;
            match self.sources.existence(&path) {
                Existence::File if parent(target) == INIT_FOLDER => {
                    paths.insert(file_name(target).to_owned(), path);
                }
                Existence::Folder if target == INIT_FOLDER => {
                    for (file, seen) in self.sources.below(&path) {
                        if parent(file) == path && seen == Seen::File {
                            let name = file_name(file).to_owned();
                            paths.entry(name).or_insert_with(|| file.to_owned());
                        }
                    }
                }
                Existence::File | Existence::Folder => {}
                Existence::Missing | Existence::Unknown => return None,
            }
        }
        let names: Vec<&str> = paths.keys().map(String::as_str).collect();
        if !names.is_sorted_by_key(|name| collated(name)) {
            return None;
        }
        let mut scripts = Vec::new();
        for (name, path) in &paths {
            if is_unreadable_script(name) {
                return None;
            }
            if has_ending(name, "sql") {
                scripts.push(self.whole_script(path)?);
            }
        }
        Some(scripts)
    }

    fn whole_script(&self, path: &str) -> Option<(FileId, &SqlFile)> {
        let id = self.sources.find(path)?;
        let file = self.sources.file(id);
        let Facts::Sql(parsed) = self.facts(id) else {
            return None;
        };
        let sql = &parsed.facts;
        let is_whole = file.unreadable.is_none()
            && parsed.problems.is_empty()
            && sql.dialect == Dialect::Postgres;
        let is_plain = |statement: &Statement| match &statement.kind {
            StatementKind::Meta { command } => {
                !changes_the_course(&command.value)
                    && !file.slice(statement.span).contains("ON_ERROR_STOP")
            }
            _ => true,
        };
        (is_whole && sql.statements.iter().all(is_plain)).then_some((id, sql))
    }
}

/// Whether a Postgres service does before its scripts what the official image does, and nothing else.
fn is_usual(server: &Container) -> bool {
    const IMAGES: [&str; 7] = [
        "postgres",
        "library/postgres",
        "postgis/postgis",
        "imresamu/postgis",
        "pgvector/pgvector",
        "ankane/pgvector",
        "timescale/timescaledb",
    ];
    let is_image = server
        .image_name()
        .is_some_and(|name| IMAGES.contains(&name));
    let is_unclear = server.build.is_some()
        || server.is_extended
        || server.has_configs
        || server.unknown_environment.is_some();
    let mut names = server.environment.iter().map(|it| it.name.value.as_str());
    let is_server =
        |word: &String| word.split(' ').next() == Some("postgres") || word.starts_with('-');
    is_image
        && !is_unclear
        && !names.any(|name| name.starts_with("POSTGRES_") && name.ends_with("_FILE"))
        && server.commands.first().is_none_or(is_server)
}

/// The key by which the locale of the image sorts file names; where it and the order of bytes disagree, the
/// order depends on the image.
fn collated(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Scripts that the image runs and that are not read here.
fn is_unreadable_script(name: &str) -> bool {
    [".sh", ".sql.gz", ".sql.xz", ".sql.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Meta-commands after which it is not known what is run.
fn changes_the_course(command: &str) -> bool {
    const COMMANDS: [&str; 12] = [
        "i",
        "ir",
        "include",
        "include_relative",
        "gexec",
        "if",
        "elif",
        "else",
        "endif",
        "q",
        "quit",
        "!",
    ];
    COMMANDS.contains(&command)
}

/// The value of a variable of the image, if it is known, and where it stands; an empty one counts as none.
enum Setting {
    Absent,
    Known(String, Place),
    Unknown,
}

impl Setting {
    fn of(workspace: &Workspace, user: User, variable: Option<&Variable>) -> Self {
        let Some(variable) = variable else {
            return Self::Absent;
        };
        match variable.known_value() {
            Some(value) if value.text.is_empty() => Self::Absent,
            Some(value) => {
                let part = variable.whole();
                let users = BTreeSet::from([user]);
                let link = workspace.stand_on(&part.chain, &users);
                let place = link.map_or(variable.name.place, |link| link.place);
                Self::Known(value.text.clone(), place)
            }
            None => Self::Unknown,
        }
    }
}

/// Where something was created, if that is certain and not done by the image.
#[derive(Clone, Copy)]
enum Created {
    ByImage(Option<(&'static str, Place)>),
    Here(Place),
    /// Under a condition.
    Perhaps,
}

/// A server that runs its scripts, statement by statement.
struct FirstStart<'a> {
    workspace: &'a Workspace<'a>,
    databases: HashMap<String, Created>,
    knows_databases: bool,
    roles: HashMap<String, Created>,
    knows_roles: bool,
    superuser: Option<(String, Option<Place>)>,
    /// Where each database and each role is created first, in all scripts.
    will_create: HashMap<String, Place>,
    will_create_role: HashMap<String, Place>,
    granted_roles: HashSet<String>,
    transaction: Option<Place>,
    reasons: Vec<(FileId, Reason)>,
    /// The numbers of reasons: roles by name, transactions by their beginning.
    absent_roles: HashMap<String, usize>,
    absent_databases: HashSet<String>,
    transactions: HashMap<Place, usize>,
}

impl<'a> FirstStart<'a> {
    fn of(
        workspace: &'a Workspace<'a>,
        user: User,
        server: &Container,
        scripts: &[(FileId, &SqlFile)],
    ) -> Self {
        let setting = |name| Setting::of(workspace, user, server.variable(name));
        let superuser = match setting("POSTGRES_USER") {
            Setting::Absent => Some((USUAL_SUPERUSER.to_owned(), None)),
            Setting::Known(name, place) => Some((name, Some(place))),
            Setting::Unknown => None,
        };
        let mut databases: HashMap<String, Created> = ON_EVERY_SERVER
            .iter()
            .map(|name| ((*name).to_owned(), Created::ByImage(None)))
            .collect();
        let mut knows_databases = true;
        let first = match (setting("POSTGRES_DB"), &superuser) {
            (Setting::Known(name, place), _) => Some((name, Some(("POSTGRES_DB", place)))),
            (Setting::Absent, Some((name, place))) => {
                Some((name.clone(), place.map(|place| ("POSTGRES_USER", place))))
            }
            _ => None,
        };
        match first {
            Some((name, by)) => {
                databases.entry(name).or_insert(Created::ByImage(by));
            }
            None => knows_databases = false,
        }
        let mut start = Self {
            workspace,
            databases,
            knows_databases,
            roles: HashMap::new(),
            knows_roles: superuser.is_some(),
            superuser,
            will_create: HashMap::new(),
            will_create_role: HashMap::new(),
            granted_roles: HashSet::new(),
            transaction: None,
            reasons: Vec::new(),
            absent_roles: HashMap::new(),
            absent_databases: HashSet::new(),
            transactions: HashMap::new(),
        };
        if let Some((name, place)) = start.superuser.clone() {
            let by = place.map(|place| ("POSTGRES_USER", place));
            start.roles.insert(name, Created::ByImage(by));
        }
        for (file, sql) in scripts {
            for statement in &sql.statements {
                start.look_ahead(*file, statement);
            }
        }
        start
    }

    /// What is created somewhere, and what makes it impossible to tell.
    fn look_ahead(&mut self, file: FileId, statement: &Statement) {
        match &statement.kind {
            StatementKind::CreateDatabase { name } => {
                let place = name.span.in_file(file);
                self.will_create.entry(name.value.clone()).or_insert(place);
            }
            StatementKind::CreateRole { name } => {
                let place = name.span.in_file(file);
                let first = self.will_create_role.entry(name.value.clone());
                first.or_insert(place);
            }
            StatementKind::GrantOnDatabase { roles, .. } => {
                let names = roles.iter().map(|role| role.value.clone());
                self.granted_roles.extend(names);
            }
            StatementKind::AlterDatabase { .. } if self.says(file, statement, &["rename"]) => {
                self.knows_databases = false;
            }
            StatementKind::Other { words } => {
                let what = words.value.as_str();
                if what.starts_with("CREATE DATABASE") || what.starts_with("ALTER DATABASE") {
                    self.knows_databases = false;
                }
                if self.says(file, statement, &ABOUT_ROLES) {
                    self.knows_roles = false;
                }
            }
            _ => {}
        }
    }

    /// Whether one of these texts (lower case) stands in a statement.
    fn says(&self, file: FileId, statement: &Statement, texts: &[&str]) -> bool {
        let text = self.workspace.sources.file(file).slice(statement.span);
        let text = text.to_ascii_lowercase();
        texts.iter().any(|said| text.contains(said))
    }

    fn run(&mut self, file: FileId, sql: &SqlFile) {
        // Each script has a session of its own.
        self.transaction = None;
        for statement in &sql.statements {
            self.step(file, statement);
        }
    }

    fn step(&mut self, file: FileId, statement: &Statement) {
        let text = self.workspace.sources.file(file).slice(statement.span);
        let is_plain = |verb: &str| {
            let start = text.get(..verb.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(verb))
        };
        match &statement.kind {
            StatementKind::CreateDatabase { name } if is_plain("create") => {
                self.create(name.in_file(file));
            }
            StatementKind::CreateDatabase { name } => {
                let known = self.databases.entry(name.value.clone());
                known.or_insert(Created::Perhaps);
            }
            StatementKind::DropDatabase { name } => {
                self.databases.remove(&name.value);
            }
            StatementKind::CreateRole { name } if is_plain("create") => {
                self.create_role(name.in_file(file));
            }
            StatementKind::CreateRole { name } => {
                let known = self.roles.entry(name.value.clone());
                known.or_insert(Created::Perhaps);
            }
            StatementKind::GrantOnDatabase {
                databases, roles, ..
            } => {
                let names: Vec<&str> = databases.iter().map(|it| it.value.as_str()).collect();
                for database in databases {
                    self.use_database(&database.in_file(file));
                }
                for role in roles {
                    self.use_role(role.in_file(file), &names);
                }
            }
            StatementKind::RevokeOnDatabase { databases } => {
                for database in databases {
                    self.use_database(&database.in_file(file));
                }
            }
            StatementKind::AlterDatabase { name, owner } => {
                self.use_database(&name.in_file(file));
                if let Some(owner) = owner {
                    self.use_role(owner.in_file(file), &[&name.value]);
                }
            }
            StatementKind::Connect { database } => {
                self.transaction = None;
                if let Some(database) = database {
                    self.use_database(&database.in_file(file));
                }
            }
            StatementKind::Begin => {
                let begin = statement.span.in_file(file);
                self.transaction.get_or_insert(begin);
            }
            StatementKind::EndTransaction => self.transaction = None,
            StatementKind::Meta { .. } | StatementKind::Other { .. } => {}
        }
    }

    fn tell(&mut self, place: Place, reason: Reason) -> usize {
        self.reasons.push((place.file, reason));
        self.reasons.len() - 1
    }

    fn create(&mut self, name: Placed<String>) {
        let before = self.databases.get(&name.value).copied();
        if let Some(begin) = self.transaction {
            self.create_in_transaction(&name, begin);
        } else if let Some(Created::ByImage(by)) = before {
            let reason = Reason::Provided {
                name: name.clone(),
                by,
            };
            self.tell(name.place, reason);
        } else if let Some(Created::Here(first)) = before {
            let reason = Reason::CreatedTwice {
                name: name.clone(),
                is_role: false,
                first: Some(first),
            };
            self.tell(name.place, reason);
        }
        let known = self.databases.entry(name.value);
        known.or_insert(Created::Here(name.place));
    }

    fn create_in_transaction(&mut self, name: &Placed<String>, begin: Place) {
        if let Some(&number) = self.transactions.get(&begin) {
            if let (_, Reason::InTransaction { also, .. }) = &mut self.reasons[number] {
                also.push(name.place);
            }
            return;
        }
        let reason = Reason::InTransaction {
            name: name.clone(),
            begin,
            also: Vec::new(),
        };
        let number = self.tell(name.place, reason);
        self.transactions.insert(begin, number);
    }

    fn create_role(&mut self, name: Placed<String>) {
        let first = match self.roles.get(&name.value) {
            Some(Created::ByImage(by)) => Some(by.map(|(_, place)| place)),
            Some(Created::Here(first)) => Some(Some(*first)),
            Some(Created::Perhaps) | None => None,
        };
        if let Some(first) = first.filter(|_| self.knows_roles) {
            let reason = Reason::CreatedTwice {
                name: name.clone(),
                is_role: true,
                first,
            };
            self.tell(name.place, reason);
        }
        let known = self.roles.entry(name.value);
        known.or_insert(Created::Here(name.place));
    }

    fn use_role(&mut self, role: Placed<String>, databases: &[&str]) {
        let is_predefined = role.value == "public" || role.value.starts_with("pg_");
        if !self.knows_roles || is_predefined || self.roles.contains_key(&role.value) {
            return;
        }
        if let Some(&number) = self.absent_roles.get(&role.value) {
            if let (_, Reason::NoRole { again, .. }) = &mut self.reasons[number] {
                again.push(role.place);
            }
            return;
        }
        let Some(superuser) = self.superuser.clone() else {
            return;
        };
        let reason = Reason::NoRole {
            database: databases.first().copied().unwrap_or_default().to_owned(),
            again: Vec::new(),
            is_only_one: self.granted_roles.len() <= 1,
            superuser,
            created_later: self.will_create_role.get(&role.value).copied(),
            role: role.clone(),
        };
        let number = self.tell(role.place, reason);
        self.absent_roles.insert(role.value, number);
    }

    fn use_database(&mut self, name: &Placed<String>) {
        let is_known = !self.knows_databases || self.databases.contains_key(&name.value);
        if !is_known && self.absent_databases.insert(name.value.clone()) {
            let reason = Reason::NoDatabase {
                created_later: self.will_create.get(&name.value).copied(),
                name: name.clone(),
            };
            self.tell(name.place, reason);
        }
    }

    /// Grants of a database that is nobody's are left to whoever compares the script with the registry.
    fn reasons(self) -> Vec<(FileId, Reason)> {
        let workspace = self.workspace;
        let is_said_elsewhere = |file: FileId, reason: &Reason| match reason {
            Reason::NoDatabase {
                name,
                created_later: None,
            } => workspace.product_of_script(file).is_some_and(|product| {
                let init = product.init_sql.as_ref();
                let is_granted = init.is_some_and(|init| {
                    let mut grants = init.grants.iter();
                    grants.any(|grant| grant.database.value == name.value)
                });
                let is_of_service = product.owner_of(&name.value).is_some();
                is_granted && !is_of_service && product.knows_all_databases()
            }),
            _ => false,
        };
        let reasons = self.reasons.into_iter();
        reasons
            .filter(|(file, reason)| !is_said_elsewhere(*file, reason))
            .collect()
    }
}
