//! Which databases a Postgres service creates on first start, which of those that services ask for it does
//! not, and which nobody asks for. This is about services outside registries: a registry implies an init SQL.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::catalogue::Guesser;
use crate::discover::is_named_for_tests;
use crate::finding::Owner;
use crate::model::compose::{INIT_FOLDER, Part, Service as Container, Stack, Variable};
use crate::model::inferred::InferredService;
use crate::model::init_sql::InitSql;
use crate::model::names;
use crate::model::owners::{Claim, Server};
use crate::model::resolve::Link;
use crate::model::{User, Workspace};
use crate::parse::Facts;
use crate::source::{Kind, Place, Placed};

/// So many databases of a script are named one by one.
const MOST_LABELS: usize = 4;

/// Databases that are there without anybody's doing.
const ON_EVERY_SERVER: [&str; 2] = ["postgres", "template1"];

/// The databases that a Postgres service creates on first start.
struct Provision {
    /// What the image itself creates: `POSTGRES_DB`, and where it is written, if it is.
    first: (String, Option<Place>),
    /// What its scripts create.
    scripted: Vec<Placed<String>>,
    /// The SQL scripts that it runs, from the workspace root.
    scripts: Vec<String>,
}

/// A database that a service asks for and its Postgres service does not create.
pub struct UnprovisionedDatabase<'a> {
    /// The first claim.
    pub claim: Claim<'a>,
    /// The Postgres service.
    pub server: &'a str,
    /// Where the name stands.
    pub link: Link,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
    /// What to write.
    pub help: String,
    /// The server, if it creates another database twice instead, at which its first start stops.
    pub stops: Option<Owner>,
}

/// A database that an init script creates and nobody asks for.
pub struct OrphanDatabase<'a> {
    /// The name in the script.
    pub name: Placed<String>,
    /// The Postgres service that creates it.
    pub server: &'a Container,
    /// The service of which it probably is, with the claim that names another database instead.
    pub namesake: Option<Claim<'a>>,
}

impl Provision {
    fn creates_twice(&self) -> bool {
        let mut scripted = self.scripted.iter();
        scripted.any(|created| created.value == self.first.0)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let scripted = self.scripted.iter().map(|created| created.value.as_str());
        [self.first.0.as_str()].into_iter().chain(scripted)
    }
}

impl Workspace<'_> {
    /// What a Postgres service creates on first start, where all of that could be read.
    fn provision(&self, stack: &Stack, server: &Container) -> Option<Provision> {
        let mut provision = Provision {
            first: first_database(server)?,
            scripted: Vec::new(),
            scripts: Vec::new(),
        };
        for path in self.init_scripts_of(stack, server)?.into_values() {
            let script = self
                .init_script(&path)
                .filter(|script| script.is_complete)?;
            provision.scripted.extend(script.creates);
            provision.scripts.push(path);
        }
        Some(provision)
    }

    /// Where the scripts of a Postgres service, by the numbers of its stack and its own, create databases.
    pub(super) fn created_by_scripts(&self, server: User) -> HashMap<String, Place> {
        let stack = &self.stacks[server.0];
        let provision = self.provision(stack, &stack.services[server.1]);
        let scripted = provision.map(|it| it.scripted).unwrap_or_default();
        let created = scripted.into_iter();
        created
            .map(|created| (created.value, created.place))
            .collect()
    }

    fn init_script(&self, path: &str) -> Option<InitSql> {
        let id = self.sources.find(path)?;
        let file = self.sources.file(id);
        match self.facts(id) {
            Facts::Sql(parsed) if file.unreadable.is_none() => {
                Some(InitSql::of(id, &file.text, &parsed.facts, &parsed.problems))
            }
            _ => None,
        }
    }

    /// Databases that inferred services connect to and that their Postgres services do not create, one a
    /// server and name.
    pub fn unprovisioned_databases(&self) -> Vec<UnprovisionedDatabase<'_>> {
        let mut found = Vec::new();
        let mut guesser = Guesser::default();
        for ((stack, server), claims) in self.claims_by_server() {
            let container = &self.stacks[stack].services[server];
            let Some(provision) = self
                .provision(&self.stacks[stack], container)
                .filter(|_| self.is_alone(stack) && !self.product_of_stack.contains_key(&stack))
            else {
                continue;
            };
            let claimed: HashSet<&str> =
                claims.iter().map(|it| it.database.text.as_str()).collect();
            let names = provision.names().filter(|name| !claimed.contains(name));
            let unclaimed: Vec<&str> = names.collect();
            for (name, claims) in missing(&provision, &claims) {
                let meant = guesser.nearest(name, unclaimed.iter().copied());
                let unprovisioned = self.unprovisioned(container, &provision, meant, &claims);
                found.extend(unprovisioned.map(|it| {
                    UnprovisionedDatabase {
                        stops: provision
                            .creates_twice()
                            .then(|| self.owner_of_container(stack, container)),
                        ..it
                    }
                }));
            }
        }
        found
    }

    fn unprovisioned<'p>(
        &self,
        server: &'p Container,
        provision: &Provision,
        meant: Option<&str>,
        claims: &[&Claim<'p>],
    ) -> Option<UnprovisionedDatabase<'p>> {
        let claim = (*claims.first()?).clone();
        let users: BTreeSet<User> = claims.iter().map(|claim| claim.user).collect();
        let link = self.stand_on(&claim.database.chain, &users)?;
        let key = &server.key.value;
        let name = &claim.database.text;
        let others = claims[1..].iter().filter_map(|other| {
            let place = self.stand_on(&other.database.chain, &users)?.place;
            Some((
                place,
                format!("`{}` asks for it too", other.container.key.value),
            ))
        });
        let (first, place) = &provision.first;
        let created = (
            place.unwrap_or(server.key.place),
            format!("`{key}` creates `{first}`"),
        );
        let scripted = match provision.scripted.as_slice() {
            few if few.len() <= MOST_LABELS => {
                let few = few.iter();
                few.map(|it| (it.place, format!("and `{}`", it.value)))
                    .collect()
            }
            many => vec![(many[0].place, format!("and {} others", many.len()))],
        };
        let help = match (meant, provision.scripts.first()) {
            (Some(meant), _) => {
                let container = &claim.container.key.value;
                let parts = [(&claim.database, meant)];
                claim.variable.advice(container, &link, &parts)
            }
            (None, Some(script)) => format!("add `CREATE DATABASE {name};` to `{script}`"),
            (None, None) => {
                format!("mount a script with `CREATE DATABASE {name};` into `{INIT_FOLDER}/`")
            }
        };
        Some(UnprovisionedDatabase {
            server: key,
            labels: others.chain([created]).chain(scripted).collect(),
            link,
            help,
            claim,
            stops: None,
        })
    }

    /// Claims of containers that run services, by stack and by the Postgres service that they lead to.
    fn claims_by_server(&self) -> BTreeMap<(usize, usize), Vec<Claim<'_>>> {
        let mut groups: BTreeMap<(usize, usize), Vec<Claim>> = BTreeMap::new();
        for claim in self.claims() {
            let stack = claim.user.0;
            if let Server::Container(number) = claim.server
                && self.stacks[stack].services[number].is_postgres()
                && !claim.is_of_helper()
            {
                groups.entry((stack, number)).or_default().push(claim);
            }
        }
        groups
    }

    /// Whether a stack is run as it is: nothing is open in it, no container creates databases by hand, and
    /// no standard file stands beside it that it may be laid over.
    fn is_alone(&self, index: usize) -> bool {
        let stack = &self.stacks[index];
        let creates = |container: &Container| {
            let words = container.commands.join(" ").to_ascii_lowercase();
            ["createdb", "create database", "psql", "db:create"]
                .iter()
                .any(|word| words.contains(word))
        };
        let is_base = stack.runs_as_it_is()
            || super::stacks::standard_files(self.sources, &stack.folder).is_empty();
        is_base && stack.open.is_empty() && !stack.services.iter().any(creates)
    }

    /// Databases that init scripts create and that nobody asks for; none where somebody might in a way that
    /// is not read.
    pub fn orphan_databases(&self) -> Vec<OrphanDatabase<'_>> {
        let mut found = Vec::new();
        let mut told = BTreeSet::new();
        let mut words: Option<HashSet<&str>> = None;
        let shared = self.shared_without_registry();
        for ((stack, server), claims) in self.claims_by_server() {
            if self.product_of_stack.contains_key(&stack)
                || !self.knows_all_users(stack, server, &claims)
            {
                continue;
            }
            let container = &self.stacks[stack].services[server];
            let Some(provision) = self.provision(&self.stacks[stack], container) else {
                continue;
            };
            let own_server = Server::Container(server);
            let words = words.get_or_insert_with(|| self.words());
            let missing = missing(&provision, &claims);
            let created = provision.scripted.iter();
            let unused: Vec<&Placed<String>> = created
                .filter(|name| {
                    name.value != provision.first.0
                        && !words.contains(name.value.as_str())
                        && !is_for_tools(&name.value)
                })
                .collect();
            // One too many and one too few are two names for one.
            let renamed = match (unused.as_slice(), missing.len()) {
                ([_], 1) => missing.values().next().map(|claims| claims[0]),
                // One too many and one that two have are two names for one as well.
                ([_], 0) => {
                    let is_here = |it: &&Claim| it.user.0 == stack && it.server == own_server;
                    let mut intruders = shared.iter().map(|it| &it.intruder).filter(is_here);
                    intruders.next().filter(|_| intruders.next().is_none())
                }
                _ => None,
            };
            let mut by_name: HashMap<String, &Claim> = HashMap::new();
            for claim in &claims {
                let derived = claim.service.derived_database();
                let about = names::root(&derived).to_owned();
                by_name.entry(about).or_insert(claim);
            }
            for name in unused {
                let namesake = renamed.or_else(|| by_name.get(names::root(&name.value)).copied());
                if told.insert(name.place) {
                    found.push(OrphanDatabase {
                        name: name.clone(),
                        server: container,
                        namesake: namesake.cloned(),
                    });
                }
            }
        }
        found
    }

    /// Whether all that connect to a server are known: every container that has to do with it says which
    /// database it asks for, and every module that stores data runs in this stack.
    fn knows_all_users(&self, index: usize, server: usize, claims: &[Claim]) -> bool {
        let stack = &self.stacks[index];
        let key = &stack.services[server].key.value;
        let claiming: HashSet<usize> = claims.iter().map(|claim| claim.user.1).collect();
        let has_to_do = |container: &Container| {
            let mut waits = container.depends_on.iter();
            let values = container
                .environment
                .iter()
                .filter_map(|it| it.value.as_ref());
            waits.any(|it| it.name.text == *key)
                || values
                    .into_iter()
                    .any(|value| names_in(&value.text).any(|word| word == key))
                || container.unknown_environment.is_some()
        };
        let is_known = |(number, container): (usize, &Container)| {
            number == server
                || claiming.contains(&number)
                || container.is_tool()
                || !has_to_do(container)
                || container.environment.iter().any(Variable::is_postgres)
        };
        let is_run_here = |service: &InferredService| {
            service.store.is_none() || service.containers.iter().any(|user| user.0 == index)
        };
        self.is_alone(index)
            && stack.services.iter().enumerate().all(is_known)
            && self.inferred_services().iter().all(is_run_here)
    }

    /// The words of every text that may name a database, SQL aside.
    fn words(&self) -> HashSet<&str> {
        let is_telling = |kind: Kind| {
            matches!(
                kind,
                Kind::Compose | Kind::Env | Kind::Prisma | Kind::PrismaConfig | Kind::Dockerfile
            )
        };
        let files = self.sources.as_slice().iter();
        let files = files.filter(|file| is_telling(file.kind));
        files.flat_map(|file| names_in(&file.text)).collect()
    }
}

/// The databases that are claimed and not created, with those that claim them.
fn missing<'c, 'p>(
    provision: &Provision,
    claims: &'c [Claim<'p>],
) -> BTreeMap<&'c str, Vec<&'c Claim<'p>>> {
    let created: HashSet<&str> = provision.names().chain(ON_EVERY_SERVER).collect();
    let mut missing: BTreeMap<&str, Vec<&Claim>> = BTreeMap::new();
    for claim in claims {
        let name = claim.database.text.as_str();
        if !created.contains(name) {
            missing.entry(name).or_default().push(claim);
        }
    }
    missing
}

/// The words of a text that could be names of databases.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.split(move |letter: char| !is_part(letter))
        .map(|word| word.trim_matches('-'))
        .filter(|word| !word.is_empty())
}

/// Whether a database is there for tests or for the tools of migrations.
fn is_for_tools(name: &str) -> bool {
    is_named_for_tests(name) || name.split(['_', '-']).any(|word| word == "shadow")
}

/// The database that the image creates by itself, and where it is named.
fn first_database(server: &Container) -> Option<(String, Option<Place>)> {
    for name in ["POSTGRES_DB", "POSTGRES_USER"] {
        let Some(variable) = server.variable(name) else {
            continue;
        };
        let value = variable.known_value()?;
        if !value.text.is_empty() {
            let part = Part::of(value, &(0..value.text.len()));
            return Some((value.text.clone(), part.place()));
        }
    }
    Some(("postgres".to_owned(), None))
}
