//! The users that services connect as, against those that their Postgres server has.

use std::collections::BTreeMap;

use crate::finding::Owner;
use crate::model::compose::{Part, Service as Container, Stack, Variable};
use crate::model::init_sql::runs_more;
use crate::model::product::Product;
use crate::model::settings::is_name;
use crate::model::{User, Workspace};
use crate::parse::sql::{Dialect, SqlFile, StatementKind};
use crate::parse::{Facts, Parsed};
use crate::source::Place;

/// A user that a Postgres server does not have, or a server without the user that everyone connects as.
pub struct WrongRole {
    /// The wrong name.
    pub place: Place,
    /// The same, as text.
    pub text: String,
    /// The right name.
    pub right: String,
    /// Whose it is.
    pub owner: Owner,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to write.
    pub help: String,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
    /// Whether the server is what is wrong.
    pub is_of_server: bool,
    /// The name of the variable that holds the user.
    pub variable: Place,
}

/// A connection to a server, by the user that it names.
struct Login<'a> {
    user: User,
    container: &'a Container,
    variable: &'a Variable,
    part: Part,
}

/// The variable of the official images for the user that they create.
const SUPERUSER: &str = "POSTGRES_USER";

impl Workspace<'_> {
    /// Whether a product's Postgres server begins with that user.
    pub fn begins_with(&self, product: &Product, user: &str) -> bool {
        let server = product
            .development
            .and_then(|stack| self.main_server(stack));
        let variable = server.and_then(|server| server.variable(SUPERUSER));
        match variable {
            Some(variable) => variable
                .known_value()
                .is_some_and(|value| value.text == user),
            None => user == "postgres",
        }
    }

    /// Users in the connection strings of a stack that its Postgres servers do not have.
    pub fn wrong_roles(&self, index: usize) -> Vec<WrongRole> {
        let stack = &self.stacks[index];
        let mut logins: BTreeMap<usize, Vec<Login>> = BTreeMap::new();
        for (container, variable) in stack.variables() {
            // In a URL that leads to another's database, that is the mistake.
            let service = self.service_of((index, stack.position(container)));
            let named = variable.database().filter(|named| named.is_known);
            let is_astray = service.zip(named).is_some_and(|(service, named)| {
                service.database().is_some_and(|own| own != named.text) || service.is_stateless()
            });
            let login = login(stack, container, variable).filter(|_| !is_astray);
            if let Some((server, part)) = login {
                logins
                    .entry(stack.position(server))
                    .or_default()
                    .push(Login {
                        user: (index, stack.position(container)),
                        container,
                        variable,
                        part,
                    });
            }
        }
        let servers = logins.into_iter();
        servers
            .flat_map(|(server, logins)| self.wrong_logins(index, &stack.services[server], logins))
            .collect()
    }

    fn wrong_logins(&self, index: usize, server: &Container, logins: Vec<Login>) -> Vec<WrongRole> {
        let stack = &self.stacks[index];
        // Without the variable, people may mean to name it elsewhere.
        let Some(superuser) = server.variable(SUPERUSER) else {
            return Vec::new();
        };
        let right = superuser.known_value().map(|value| value.text.as_str());
        let paths = self.init_scripts_of(stack, server);
        let scripts: Option<Vec<InitScript>> = paths.and_then(|paths| {
            let scripts = paths.values().map(|path| self.init_statements(path));
            scripts.collect()
        });
        let (Some(right), Some(scripts)) = (right, scripts) else {
            return Vec::new();
        };
        let is_created = |name: &str| scripts.iter().any(|script| script.created.contains(&name));
        let has = |name: &str| name == right || is_created(name);
        let all = logins.len();
        let wrong: Vec<Login> = logins
            .into_iter()
            .filter(|login| !has(&login.part.text))
            .collect();
        let Some(first) = wrong.first() else {
            return Vec::new();
        };
        let is_one_name = wrong.iter().all(|login| login.part.text == first.part.text);
        let is_granted = scripts
            .iter()
            .any(|script| script.granted.contains(&first.part.text.as_str()));
        if wrong.len() == all && is_one_name && (all > 1 || is_granted) {
            return vec![self.wrong_superuser(index, server, superuser, &wrong)];
        }
        let links = self.stand_alike(&wrong, |login| (login.user, &login.part, right));
        let whole = superuser.whole();
        let names = whole.place().unwrap_or(superuser.name.place);
        links
            .into_iter()
            .zip(&wrong)
            .filter_map(|(link, login)| {
                let link = link?;
                let key = &login.container.key.value;
                let mut labels = vec![(
                    names,
                    format!("`{}` has the user `{right}`", server.key.value),
                )];
                labels.extend(login.part.way_to(&link, key));
                Some(WrongRole {
                    place: link.place,
                    text: login.part.text.clone(),
                    right: right.to_owned(),
                    owner: self.owner_of_container(index, login.container),
                    message: format!(
                        "`{}` of `{key}` connects as `{}`, a user that `{}` does not have",
                        login.variable.name.value, login.part.text, server.key.value
                    ),
                    help: login.variable.advice(key, &link, &[(&login.part, right)]),
                    labels,
                    is_of_server: false,
                    variable: login.variable.name.place,
                })
            })
            .collect()
    }

    /// Everyone connects as another user than the one that the server creates.
    fn wrong_superuser(
        &self,
        index: usize,
        server: &Container,
        superuser: &Variable,
        logins: &[Login],
    ) -> WrongRole {
        let key = &server.key.value;
        let right = logins
            .first()
            .map(|login| login.part.text.clone())
            .unwrap_or_default();
        let whole = superuser.whole();
        let link = whole.chain.last();
        let own = &whole.text;
        let labels = logins.iter().filter_map(|login| {
            let remark = format!("`{}` connects as `{right}`", login.container.key.value);
            Some((login.part.place()?, remark))
        });
        WrongRole {
            place: link.map_or(superuser.name.place, |link| link.place),
            owner: self.owner_of_container(index, server),
            message: format!("`{key}` has the user `{own}`, but its services connect as `{right}`"),
            help: format!("write `{right}`"),
            labels: labels.collect(),
            is_of_server: true,
            variable: superuser.name.place,
            text: whole.text,
            right,
        }
    }

    fn init_statements(&self, path: &str) -> Option<InitScript<'_>> {
        let id = self.sources.find(path)?;
        let file = self.sources.file(id);
        match self.facts(id) {
            Facts::Sql(parsed) if file.unreadable.is_none() => InitScript::of(parsed),
            _ => None,
        }
    }
}

/// The server that a variable leads to, and the user that it names.
fn login<'s>(
    stack: &'s Stack,
    container: &Container,
    variable: &Variable,
) -> Option<(&'s Container, Part)> {
    // Without a password nobody knows where the user's name ends.
    variable.connection.as_ref()?.password.as_ref()?;
    let (host, _) = variable.host().filter(|(host, _)| host.is_known)?;
    let server = stack.answering_to(&host.text)?;
    let user = variable
        .user()
        .filter(|user| user.is_known && is_name(&user.text))?;
    // What is built here is a service, whatever image it is built on.
    let is_built = container.build.is_some() && !container.is_named_tool;
    let is_service = is_built || !container.is_tool();
    let is_meant = variable.is_postgres() && is_service && server.is_postgres();
    is_meant.then_some((server, user))
}

/// What an SQL file does with users on first start.
struct InitScript<'a> {
    /// The users that it creates.
    created: Vec<&'a str>,
    /// The users that it grants databases to.
    granted: Vec<&'a str>,
}

impl<'a> InitScript<'a> {
    /// `None` where users may be created in a way that the text does not tell.
    fn of(parsed: &'a Parsed<SqlFile>) -> Option<Self> {
        let mut script = Self {
            created: Vec::new(),
            granted: Vec::new(),
        };
        if !parsed.problems.is_empty() || parsed.facts.dialect != Dialect::Postgres {
            return None;
        }
        for statement in &parsed.facts.statements {
            match &statement.kind {
                StatementKind::CreateRole { name } => script.created.push(&name.value),
                StatementKind::GrantOnDatabase { roles, .. } => {
                    script
                        .granted
                        .extend(roles.iter().map(|role| role.value.as_str()));
                }
                StatementKind::Meta { command } if runs_more(&command.value) => return None,
                StatementKind::Other { words } if words.value.starts_with("DO") => return None,
                _ => {}
            }
        }
        Some(script)
    }
}
