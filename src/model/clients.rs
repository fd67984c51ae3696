//! Database clients in the code of modules, and the connection strings that they are given.

use std::collections::BTreeSet;

use crate::connection;
use crate::discover::is_named_for_tests;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::code::CodeFile;
use crate::model::homes::Homes;
use crate::model::owners::{Claim, KnownService};
use crate::model::product::Product;
use crate::model::second_connections::SecondConnection;
use crate::model::service::Service;
use crate::model::settings::is_placeholder;
use crate::parse::Facts;
use crate::parse::typescript::clients::Client;
use crate::parse::typescript::value::{Text, Value};
use crate::source::{At, FileId, Place, Span, is_within, parent};

/// The databases that every server has: who opens one looks after the server.
const ON_EVERY_SERVER: [&str; 2] = ["postgres", "template1"];

/// A database client of a service that is given another connection string than the service's own.
pub struct OverriddenUrl {
    /// The wrong text.
    pub place: Place,
    /// Whose code opens the client.
    pub owner: Owner,
    /// The client, as the code calls it.
    pub client: String,
    /// What is wrong, to follow the client's name.
    pub what: String,
    /// What it is given.
    pub object: String,
    /// The connection string that the wrong text stands in; nothing where it is a variable.
    pub literal: Option<Place>,
    /// The places that explain it.
    pub labels: Vec<(Place, String)>,
    /// What to write.
    pub help: String,
}

/// The services whose module a file of code lies in: they are one owner.
struct Home<'h, 'w> {
    homes: &'h Homes<'w>,
    numbers: &'h [usize],
}

impl<'h, 'w> Home<'h, 'w> {
    fn services(&self) -> impl Iterator<Item = &'h KnownService<'w>> {
        let numbers = self.numbers.iter();
        numbers.map(|&number| &self.homes.services[number])
    }

    fn registered(&self) -> impl Iterator<Item = (usize, &'w Service)> {
        let numbers = self.numbers.iter();
        numbers.filter_map(|&number| self.homes.registered.get(number).copied())
    }

    fn owner(&self) -> Owner {
        let first = self.services().next();
        first.map_or_else(Owner::default, |service| service.owner.clone())
    }

    fn owns(&self, database: &str) -> bool {
        self.services()
            .any(|service| service.databases.contains(database))
    }

    fn reads(&self, variable: &str) -> bool {
        self.services()
            .any(|service| service.variables.contains(&variable))
    }

    /// The variable that its connection string should come from.
    fn variable(&self, workspace: &'h Workspace) -> &'h str {
        let mut services = self.services();
        let own = services.find_map(|service| service.variables.first().copied());
        own.unwrap_or(&workspace.policy.database_variable)
    }
}

/// Somebody else whose database or variable it is.
struct Neighbour {
    name: String,
    labels: Vec<(Place, String)>,
}

/// A variable that is somebody else's.
struct ForeignVariable {
    /// What the client does, to follow its name.
    what: String,
    neighbour: Neighbour,
}

/// A client of a module's code, about to be judged.
struct Opened<'c> {
    home: &'c Home<'c, 'c>,
    claims: &'c [Claim<'c>],
    /// What the environments of services without a registry hold of others' databases.
    seconds: &'c [SecondConnection<'c>],
    file: FileId,
    client: &'c Client,
}

impl Workspace<'_> {
    /// Clients in the code of services that are certainly given another connection string than the
    /// service's own.
    pub fn overridden_urls(&self) -> Vec<OverriddenUrl> {
        let homes = Homes::of(self);
        let claims = self.claims();
        let seconds = self.second_connections_without_registry();
        let mut found = Vec::new();
        for code in self.code_files().filter(|code| !code.is_test) {
            let home = home_of(&homes, &code);
            let Some(home) = home.filter(|_| !code.code.clients.is_empty()) else {
                continue;
            };
            for client in &code.code.clients {
                let opened = Opened {
                    home: &home,
                    claims: &claims,
                    seconds: &seconds,
                    file: code.file,
                    client,
                };
                if let Some(url) = &client.url {
                    found.extend(self.overridden_by_url(&opened, url));
                }
                if let Some(database) = &client.database {
                    found.extend(self.overridden_by_name(&opened, database));
                }
            }
        }
        found
    }

    fn overridden_by_url(&self, opened: &Opened, url: &Value) -> Vec<OverriddenUrl> {
        let choices = url.choices();
        let is_literal = |choice: &Value| matches!(choice, Value::Literal(_));
        // A string beside something else is a fallback, which is another rule's.
        let are_literals = choices.iter().all(is_literal);
        let found = choices.iter().filter_map(|choice| match choice {
            Value::Literal(text) if are_literals => self.overridden_by_text(opened, text),
            Value::Environment(variable) => self
                .overridden_by_variable(opened, variable)
                .or_else(|| self.overridden_by_second(opened, variable, choices)),
            _ => None,
        });
        found.collect()
    }

    fn overridden_by_text(&self, opened: &Opened, text: &Text) -> Option<OverriddenUrl> {
        let url = text.postgres()?;
        let range = url
            .database
            .clone()
            .filter(|range| !range.is_empty() && text.is_known(range));
        let database = range
            .as_ref()
            .map(|range| connection::decode(&text.value[range.clone()]));
        let own = opened.home.variable(self);
        let neighbour = database
            .as_ref()
            .and_then(|it| self.owner_beside(opened, it));
        if let (Some(range), Some(database), Some(neighbour)) = (range, &database, neighbour) {
            let span = text.part(&range);
            return Some(OverriddenUrl {
                literal: Some(text.span.in_file(opened.file)),
                ..opened.given_to_neighbour(span, database, own, neighbour)
            });
        }
        let is_everywhere = |database: &String| ON_EVERY_SERVER.contains(&database.as_str());
        if text.whole_postgres().is_none()
            || is_stand_in(&text.value)
            || database.as_ref().is_some_and(is_everywhere)
        {
            return None;
        }
        Some(OverriddenUrl {
            what: "is given a connection string that is written out".to_owned(),
            literal: Some(text.span.in_file(opened.file)),
            help: format!("read `{own}` from the environment"),
            ..opened.given(text.span, "a literal")
        })
    }

    fn overridden_by_name(&self, opened: &Opened, database: &Value) -> Vec<OverriddenUrl> {
        let choices = database.choices().iter();
        let found = choices.filter_map(|choice| match choice {
            Value::Literal(text) if text.is_known(&(0..text.value.len())) => {
                let neighbour = self.owner_beside(opened, &text.value)?;
                let own = opened.home.variable(self);
                Some(OverriddenUrl {
                    literal: Some(text.span.in_file(opened.file)),
                    ..opened.given_to_neighbour(text.span, &text.value, own, neighbour)
                })
            }
            Value::Environment(variable) => self.overridden_by_variable(opened, variable),
            _ => None,
        });
        found.collect()
    }

    /// Who owns a database, where that is certainly not the module that opens it.
    fn owner_beside(&self, opened: &Opened, database: &str) -> Option<Neighbour> {
        let home = opened.home;
        if home.owns(database) {
            return None;
        }
        let mut registered = home.registered();
        if let Some((number, service)) = registered.next() {
            let product = &self.products[number];
            let owner = product.owner_of(database)?;
            return Some(Neighbour {
                name: owner.key().to_owned(),
                labels: product.ownership(service, database),
            });
        }
        let knows_own = home.services().any(|service| !service.databases.is_empty());
        let mut claims = opened.claims.iter().filter(|claim| {
            claim.database.text == database
                && claim.service.store.is_some()
                && !claim.is_of_helper()
        });
        let first = claims
            .next()
            .filter(|_| knows_own && !is_placeholder(database))?;
        let is_one = claims.all(|claim| claim.service.name == first.service.name);
        is_one.then(|| Neighbour {
            name: first.service.name.clone(),
            labels: vec![says_owns(first)],
        })
    }

    /// A variable of the environment that is certainly another service's.
    fn overridden_by_variable(
        &self,
        opened: &Opened,
        variable: &At<String>,
    ) -> Option<OverriddenUrl> {
        let home = opened.home;
        if home.reads(&variable.value) {
            return None;
        }
        let mut registered = home.registered().peekable();
        let ForeignVariable { what, neighbour } = if registered.peek().is_some() {
            let judged: Option<Vec<_>> = registered
                .map(|(number, service)| {
                    self.variable_beside(&self.products[number], service, &variable.value)
                })
                .collect();
            judged?.into_iter().next()?
        } else {
            let name = variable.value.as_str();
            variable_of_seconds(opened, name).or_else(|| variable_of_claims(opened, name))?
        };
        let (own, name) = (home.variable(self), &neighbour.name);
        Some(OverriddenUrl {
            what,
            help: ask_over_http(own, name),
            labels: neighbour.labels,
            ..opened.given(variable.span, &variable.value)
        })
    }

    /// What to say of a variable that is another service's, or that leads to another one's database where it
    /// is set for this one.
    fn variable_beside(
        &self,
        product: &Product,
        service: &Service,
        name: &str,
    ) -> Option<ForeignVariable> {
        let set_here = self.set_for(product, service, name);
        if set_here.is_empty() {
            let other = product.service_named_by(name)?;
            let is_other = other.key() != service.key();
            let label = (
                other.entry.key.place,
                format!("`{}` is a service of its own", other.key()),
            );
            return is_other.then(|| ForeignVariable {
                what: format!("reads `{name}`, a variable of `{}`", other.key()),
                neighbour: Neighbour {
                    name: other.key().to_owned(),
                    labels: vec![label],
                },
            });
        }
        let is_own = |(_, named): &(Place, Option<String>)| named.as_deref() == service.database();
        if set_here.iter().any(is_own) {
            return None;
        }
        set_here.into_iter().find_map(|(place, named)| {
            let named = named?;
            let owner = product.owner_of(&named)?;
            let mut labels = vec![(place, format!("`{name}` names `{named}`"))];
            labels.extend(product.ownership(service, &named));
            Some(ForeignVariable {
                what: format!(
                    "reads `{name}`, which names the database of `{}`",
                    owner.key()
                ),
                neighbour: Neighbour {
                    name: owner.key().to_owned(),
                    labels,
                },
            })
        })
    }

    /// Where a variable is set for a service of a registry, with the database that it names there.
    fn set_for(
        &self,
        product: &Product,
        service: &Service,
        name: &str,
    ) -> Vec<(Place, Option<String>)> {
        let mut found = Vec::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            let own = service.container(stack).into_iter();
            let further = self.further_containers(product, index).into_iter();
            let further = further.filter(|(of, _)| of.key() == service.key());
            for container in own.chain(further.map(|(_, container)| container)) {
                found.extend(container.variable(name));
            }
        }
        let settings = self.settings().of_service(service);
        let settings = settings.map(|setting| &setting.variable);
        found.extend(settings.filter(|variable| variable.name.value == name));
        let found = found.into_iter();
        found
            .map(|variable| {
                let named = variable.named_database().filter(|part| part.is_known);
                (variable.name.place, named.map(|part| part.text))
            })
            .collect()
    }

    /// Whether a `.env` file beside a file or in a folder above it has a variable.
    fn is_in_env_file_above(&self, file: FileId, variable: &str) -> bool {
        let path = &self.sources.file(file).path;
        self.sources
            .files()
            .any(|(id, source)| match self.facts(id) {
                Facts::Env(parsed) if is_within(path, parent(&source.path)) => {
                    let mut entries = parsed.facts.entries.iter();
                    entries.any(|entry| entry.name.value == variable)
                }
                _ => false,
            })
    }

    /// Of a service's own variable and another one that the client takes in its place, the other. It is
    /// certain only where everything is known that sets variables for the service.
    fn overridden_by_second(
        &self,
        opened: &Opened,
        variable: &At<String>,
        choices: &[Value],
    ) -> Option<OverriddenUrl> {
        let home = opened.home;
        let own = self.policy.database_variable.as_str();
        let is_own =
            |choice: &Value| matches!(choice, Value::Environment(read) if read.value == own);
        let is_second = choices.iter().any(is_own) && variable.value != own;
        let mut registered = home.registered().peekable();
        if !is_second || registered.peek().is_none() {
            return None;
        }
        for (number, service) in registered {
            let product = &self.products[number];
            let stack = self.development(product)?;
            let container = service.container(stack)?;
            let is_open = container.unknown_environment.is_some() || !stack.open.is_empty();
            let has_own = container.variable(own).is_some();
            let is_set = !self.set_for(product, service, &variable.value).is_empty()
                || self.is_in_env_file_above(opened.file, &variable.value);
            if is_open
                || !has_own
                || is_set
                || is_of_own_database(product, service, &variable.value)
            {
                return None;
            }
        }
        Some(OverriddenUrl {
            what: format!(
                "chooses between `{own}` and `{}`, which nothing sets for this service",
                variable.value
            ),
            help: format!("read `{own}` alone"),
            ..opened.given(variable.span, &variable.value)
        })
    }
}

impl Opened<'_> {
    /// A finding that does not say yet what is wrong.
    fn given(&self, span: Span, object: &str) -> OverriddenUrl {
        OverriddenUrl {
            place: span.in_file(self.file),
            owner: self.home.owner(),
            client: self.client.name.value.clone(),
            what: String::new(),
            object: object.to_owned(),
            literal: None,
            labels: Vec::new(),
            help: String::new(),
        }
    }

    fn given_to_neighbour(
        &self,
        span: Span,
        database: &str,
        own: &str,
        neighbour: Neighbour,
    ) -> OverriddenUrl {
        let name = &neighbour.name;
        OverriddenUrl {
            what: format!("connects to `{database}`, the database of `{name}`"),
            help: ask_over_http(own, name),
            labels: neighbour.labels,
            ..self.given(span, database)
        }
    }
}

fn home_of<'h, 'w>(homes: &'h Homes<'w>, code: &CodeFile) -> Option<Home<'h, 'w>> {
    let numbers = homes.around(code.path);
    (!numbers.is_empty()).then_some(Home { homes, numbers })
}

/// What to say of a variable that is set for a service without a registry and names another one's database.
fn variable_of_seconds(opened: &Opened, name: &str) -> Option<ForeignVariable> {
    let second = opened.seconds.iter().find(|second| {
        let mut owners = opened.home.services().map(|service| &service.owner);
        second.variable == name && owners.any(|owner| *owner == second.owner)
    })?;
    let owner = second.belongs_to?;
    let set = (
        second.place,
        format!("`{name}` names `{}`", second.database),
    );
    Some(ForeignVariable {
        what: format!("reads `{name}`, which names the database of `{owner}`"),
        neighbour: Neighbour {
            name: owner.to_owned(),
            labels: [set].into_iter().chain(second.labels.clone()).collect(),
        },
    })
}

/// What to say of a variable that another service's container is given its connection string by, where
/// nothing gives it to the module's own ones.
fn variable_of_claims(opened: &Opened, name: &str) -> Option<ForeignVariable> {
    let own: BTreeSet<&str> = opened
        .home
        .services()
        .filter_map(|service| service.owner.service.as_deref())
        .collect();
    let is_own = |claim: &&Claim| own.contains(claim.service.name.as_str());
    // Whose own connection is not known may well have this one.
    opened.claims.iter().find(is_own)?;
    let mut claims = opened.claims.iter().filter(|claim| {
        claim.variable.name.value == name && claim.service.store.is_some() && !claim.is_of_helper()
    });
    let first = claims.next()?;
    let is_one = claims.all(|claim| claim.service.name == first.service.name);
    let mut own_claims = opened.claims.iter().filter(is_own);
    let is_apart = own_claims.all(|claim| {
        claim.database.text != first.database.text && claim.container.variable(name).is_none()
    });
    (is_one && is_apart && !is_own(&first)).then(|| ForeignVariable {
        what: format!("reads `{name}`, a variable of `{}`", first.service.name),
        neighbour: Neighbour {
            name: first.service.name.clone(),
            labels: vec![says_owns(first)],
        },
    })
}

fn ask_over_http(own: &str, name: &str) -> String {
    format!("read `{own}`, and ask `{name}` for its data over HTTP")
}

fn says_owns(claim: &Claim) -> (Place, String) {
    let remark = format!("`{}` owns `{}`", claim.service.name, claim.database.text);
    (claim.place(), remark)
}

/// Whether a variable may well lead to the service's own database in another way: past a pooler, to a
/// replica, for a tool, or by the names that the service and its product go by.
fn is_of_own_database(product: &Product, service: &Service, variable: &str) -> bool {
    const WAYS: [&str; 53] = [
        "ADMIN",
        "API",
        "APP",
        "CLI",
        "CONN",
        "CONNECTION",
        "DATABASE",
        "DB",
        "DEFAULT",
        "DEV",
        "DEVELOPMENT",
        "DIRECT",
        "DOCKER",
        "DSN",
        "E2E",
        "HOST",
        "INTERNAL",
        "LOCAL",
        "MAIN",
        "MASTER",
        "MIGRATE",
        "MIGRATION",
        "MIGRATIONS",
        "MIGRATOR",
        "NEON",
        "NON",
        "OVERRIDE",
        "OWNER",
        "PG",
        "POOL",
        "POOLED",
        "POOLER",
        "POOLING",
        "POSTGRES",
        "POSTGRESQL",
        "PRIMARY",
        "PRISMA",
        "PRIVATE",
        "PUBLIC",
        "READ",
        "READER",
        "READONLY",
        "REPLICA",
        "SEED",
        "SERVICE",
        "SHADOW",
        "SUPABASE",
        "TEST",
        "UNPOOLED",
        "URI",
        "URL",
        "WRITE",
        "WRITER",
    ];
    let names = format!("{}-{}", service.key(), product.name).to_ascii_uppercase();
    let own: BTreeSet<&str> = names
        .split(|letter: char| !letter.is_alphanumeric())
        .collect();
    let mut words = variable.split('_');
    words.all(|word| word.is_empty() || WAYS.contains(&word) || own.contains(word))
}

/// Whether a connection string stands where one must stand, and leads nowhere: for a build, for a test.
pub(super) fn is_stand_in(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "build",
        "dummy",
        "fake",
        "invalid",
        "offline",
        "placeholder",
        "stub",
        "todo",
        "unused",
    ];
    let Some(url) = connection::parse(text) else {
        return true;
    };
    let Some(database) = url.database.filter(|database| !database.is_empty()) else {
        return true;
    };
    let is_filler = |part: std::ops::Range<usize>| {
        let part = text[part].to_ascii_lowercase();
        let mut words = part.split(|letter: char| !letter.is_alphanumeric());
        part.contains(['<', '>', '[', '*']) || words.any(|word| WORDS.contains(&word))
    };
    let hosts = url.hosts.into_iter().map(|host| host.name);
    let mut parts = hosts.chain(url.user).chain([database.clone()]);
    is_named_for_tests(&text[database]) || parts.any(is_filler)
}
