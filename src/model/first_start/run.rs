//! The run of a server's scripts, statement by statement.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Reason;
use crate::model::compose::{Service as Container, Variable};
use crate::model::{User, Workspace};
use crate::parse::sql::{SqlFile, Statement, StatementKind};
use crate::source::{FileId, Place, Placed};

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
pub(super) struct FirstStart<'a> {
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
    pub(super) fn of(
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
            StatementKind::CreateDatabase { name, .. } => {
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

    pub(super) fn run(&mut self, file: FileId, sql: &SqlFile) {
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
            StatementKind::CreateDatabase { name, owner } if is_plain("create") => {
                self.create(name.in_file(file));
                if let Some(owner) = owner {
                    self.use_role(owner.in_file(file), &[&name.value]);
                }
            }
            StatementKind::CreateDatabase { name, .. } => {
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
    pub(super) fn reasons(self) -> Vec<(FileId, Reason)> {
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
