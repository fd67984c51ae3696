//! Who owns which database where no registry says it: what the connection strings of inferred services name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::finding::{Edit, Fix, Owner, Safety};
use crate::model::compose::{Part, Service as Container, Variable};
use crate::model::inferred::{InferredService, Store, is_helper};
use crate::model::names::{self, NameDefect};
use crate::model::product::Product;
use crate::model::resolve::Link;
use crate::model::{User, Workspace};
use crate::source::{Kind, Place, SourceFile};

/// What a container of an inferred service says its database is.
#[derive(Clone)]
pub struct Claim<'a> {
    /// The service.
    pub service: &'a InferredService,
    /// The container.
    pub container: &'a Container,
    /// The variable that holds the connection string.
    pub variable: &'a Variable,
    /// The database's name in it.
    pub database: Part,
    /// Where it leads.
    pub server: Server,
    /// The service's number among the inferred ones.
    number: usize,
    pub(super) user: User,
}

/// What is known of a service, whether a registry names it or not.
pub struct KnownService<'a> {
    /// Its product and its name.
    pub owner: Owner,
    /// The folder of its module, from the workspace root.
    pub folder: Option<&'a str>,
    /// The variables that its connection string may stand in.
    pub variables: Vec<&'a str>,
    /// Its databases, as far as they are known.
    pub databases: BTreeSet<String>,
}

/// A server, as far as that tells it from others within one stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Server {
    /// The container of that number, which may be a pooler whose target is not known.
    Container(usize),
    /// Another host, its port, and for a name that only Docker's DNS can know the networks it is asked in.
    Host(String, String, Vec<String>),
}

/// A database that several services of one stack take for their own.
pub struct SharedDatabase<'a> {
    /// Its name.
    pub name: String,
    /// The server, in words.
    pub server: String,
    /// The claimant that the finding is about.
    pub intruder: Claim<'a>,
    /// The others, one each.
    pub others: Vec<Claim<'a>>,
    /// The one among them whose name it is.
    pub namesake: Option<Claim<'a>>,
    /// Whether their connection strings name different schemas.
    pub has_schemas: bool,
    /// Where the intruder's name stands.
    pub link: Link,
    /// The database that the intruder should have, where that name is free.
    pub right: Option<String>,
}

/// A database of an inferred service whose name is no plain snake_case name.
pub struct OddName<'a> {
    /// Its first claim.
    pub claim: Claim<'a>,
    /// What is wrong with it.
    pub defect: NameDefect,
    /// Where the name stands.
    pub place: Place,
    /// Where it stands besides.
    pub others: Vec<(Place, String)>,
    /// What to write.
    pub right: Option<String>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
}

impl Claim<'_> {
    /// Whether its container only helps a service, and so owns nothing.
    pub(super) fn is_of_helper(&self) -> bool {
        is_helper(&self.container.key.value)
    }

    /// Whether its container brings its own tables into the database. One that only helps a service may look
    /// into any, but what it migrates is its own schema, unless it names another.
    fn keeps_tables(&self) -> bool {
        let migrates = || {
            let text = self.container.commands.join(" ");
            let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
            let is_own = !text.contains("--schema")
                || self
                    .service
                    .folder
                    .as_deref()
                    .is_some_and(|it| text.contains(it));
            is_own && words.any(|word| word == "migrate") && self.container.build.is_some()
        };
        self.service.store.is_some() && (!self.is_of_helper() || migrates())
    }

    /// Where an example file holds what names the database, if one does: the file that people make of it
    /// may hold other values, and only what comes from one place is certainly the same there. A host that is a
    /// container of the stack is that whoever names it.
    fn example(&self) -> Option<Place> {
        let host = match self.server {
            Server::Container(_) => None,
            Server::Host(..) => self.variable.host().map(|(host, _)| host),
        };
        let parts = [Some(&self.database), host.as_ref()];
        let part = parts
            .into_iter()
            .flatten()
            .find(|part| part.is_from_example)?;
        part.chain.last().map(|link| link.shared)
    }

    /// Whether the name may only stand for one that people fill in: it comes from an example file, or it leads
    /// to a server elsewhere and looks like `DB_NAME` or `<database>`.
    fn may_be_placeholder(&self) -> bool {
        let name = self.database.text.as_str();
        let has_marks = name.contains(['<', '>', '[', ']', '{', '}']);
        let is_shouted = !name.contains(|letter: char| letter.is_lowercase());
        let is_elsewhere = matches!(self.server, Server::Host(..));
        self.database.is_from_example || is_elsewhere && (has_marks || is_shouted)
    }

    /// Whether both containers can run at a time: profiles that have nothing in common are alternatives.
    fn runs_beside(&self, other: &Claim) -> bool {
        let (own, others) = (&self.container.profiles, &other.container.profiles);
        own.is_empty() || others.is_empty() || own.iter().any(|profile| others.contains(profile))
    }

    /// The `?schema=` of the connection string.
    fn schema(&self) -> Option<&str> {
        let (value, connection) = (
            self.variable.value.as_ref()?,
            self.variable.connection.as_ref()?,
        );
        let mut parameters = connection.parameters.iter();
        let (_, schema) = parameters.find(|(name, _)| &value.text[name.clone()] == "schema")?;
        Some(&value.text[schema.clone()])
    }

    /// The place of the name nearest the container.
    pub fn place(&self) -> Place {
        self.database.place().unwrap_or(self.variable.name.place)
    }
}

impl SharedDatabase<'_> {
    /// That the others claim it too, to end a sentence with.
    pub fn names_of_others(&self) -> String {
        let names = names::listed(self.others.iter().map(|claim| claim.service.name.as_str()));
        match self.others.len() {
            1 => format!("and so does {names}"),
            _ => format!("and so do {names}"),
        }
    }
}

impl Workspace<'_> {
    /// What the containers of inferred services say their databases are, as far as that is certain, in the
    /// order of the services; nothing where a registry is too broken to tell who is in it.
    pub fn claims(&self) -> Vec<Claim<'_>> {
        if self.has_lost_registry() {
            return Vec::new();
        }
        let services = 0..self.inferred_services().len();
        services.flat_map(|number| self.claims_of(number)).collect()
    }

    /// The same of the inferred service of that number.
    pub(super) fn claims_of(&self, number: usize) -> Vec<Claim<'_>> {
        let service = &self.inferred_services()[number];
        let is_open = |stack: usize| {
            let product = self.product_of_stack.get(&stack);
            product.is_some_and(|&product| self.products[product].is_open())
        };
        let is_silent =
            |stack: usize| is_open(stack) || self.stacks[stack].is_for_tests(self.sources);
        let containers = service.containers.iter();
        containers
            .filter(|user| !service.is_stateless() && !is_silent(user.0))
            .flat_map(|&user| {
                let container = &self.stacks[user.0].services[user.1];
                let named = service.variables.iter();
                let variables = named.filter_map(|name| container.variable(name));
                variables.filter_map(move |variable| {
                    Some(Claim {
                        service,
                        container,
                        variable,
                        database: variable
                            .database()
                            .filter(|part| part.is_known && !part.text.is_empty())?,
                        server: self.server_of(user.0, container, variable)?,
                        number,
                        user,
                    })
                })
            })
            .collect()
    }

    /// Whether a registry, or a script that looks like one, could not be read as a whole.
    pub(super) fn has_lost_registry(&self) -> bool {
        let is_registry = |file: &SourceFile| file.kind == Kind::Registry;
        let mut damaged = self.problems();
        self.unreadable().any(|(_, file, _)| is_registry(file))
            || damaged.any(|(id, file, _)| is_registry(file) && self.is_judged(id))
    }

    /// What is known of every service, those of registries first.
    pub fn known_services(&self) -> Vec<KnownService<'_>> {
        let registered = self.products.iter().flat_map(Product::services);
        let registered = registered.map(|service| KnownService {
            owner: service.into(),
            folder: service.module.as_ref().map(|module| module.folder.as_str()),
            variables: vec![self.policy.database_variable.as_str()],
            databases: service.database().map(str::to_owned).into_iter().collect(),
        });
        let inferred = self.inferred_services().iter().enumerate();
        let inferred = inferred.map(|(number, service)| KnownService {
            owner: service.into(),
            folder: service.folder.as_deref(),
            variables: service.variables.iter().map(String::as_str).collect(),
            databases: if let Some(told) = &service.configured_database {
                let told = [told.clone()].into_iter();
                told.filter(|name| !name.is_empty()).collect()
            } else {
                let claims = self.claims_of(number).into_iter();
                claims.map(|claim| claim.database.text).collect()
            },
        });
        registered.chain(inferred).collect()
    }

    /// The server that a connection string leads to; `None` where that is not certain.
    pub(super) fn server_of(
        &self,
        stack: usize,
        container: &Container,
        variable: &Variable,
    ) -> Option<Server> {
        if !variable.is_postgres() || container.network_mode.is_some() {
            return None;
        }
        let (host, port) = variable.host().filter(|(host, _)| host.is_known)?;
        let name = host.text.to_ascii_lowercase();
        if name.is_empty() || super::loopbacks::is_loopback(&name) {
            return None;
        }
        if container.link_aliases.contains(&host.text) {
            return None;
        }
        let has_domain = name.contains(['.', ':']);
        let stack_of = &self.stacks[stack];
        let reached = if has_domain {
            stack_of.by_host(&host.text)
        } else {
            stack_of.answering_to(&host.text)
        };
        if let Some(reached) = reached {
            let reached = stack_of.behind_pooler(reached).unwrap_or(reached);
            return Some(Server::Container(self.stacks[stack].position(reached)));
        }
        let port = match port {
            Some(port) if !port.is_known => return None,
            Some(port) if !port.text.is_empty() => port.text,
            _ => self.policy.postgres_port.to_string(),
        };
        let mut networks = Vec::new();
        if !has_domain {
            // `HOST` stands for a name that people fill in.
            if !host.text.contains(|letter: char| letter.is_lowercase()) {
                return None;
            }
            networks.clone_from(&container.networks);
            networks.sort();
        }
        Some(Server::Host(name, port, networks))
    }

    /// A server in words.
    pub(super) fn server_name(&self, stack: usize, server: &Server) -> String {
        match server {
            Server::Container(number) => self.stacks[stack].services[*number].key.value.clone(),
            Server::Host(name, ..) => name.clone(),
        }
    }

    /// Databases that several services of one stack, each with a schema or migrations of its own, connect
    /// to. Two containers of one service share nothing.
    pub fn shared_without_registry(&self) -> Vec<SharedDatabase<'_>> {
        type Key = (usize, Server, String);
        let mut groups: BTreeMap<(Key, Option<Place>), Vec<Claim>> = BTreeMap::new();
        let mut claimed: HashMap<Key, usize> = HashMap::new();
        let key = |claim: &Claim| {
            let name = claim.database.text.clone();
            (claim.user.0, claim.server.clone(), name)
        };
        let claims = self.claims();
        let namesakes = claims.iter().filter(|claim| claim.keeps_tables());
        let namesakes = namesakes.filter(|it| it.service.is_namesake_of(&it.database.text));
        let owned: HashSet<Key> = namesakes.map(key).collect();
        for claim in &claims {
            let key = key(claim);
            claimed.entry(key.clone()).or_insert(claim.number);
            if claim.keeps_tables() {
                // What several lines of an example hold alike may all be there to be replaced, unless it is
                // the name that one of the services should have.
                let example = claim.example().filter(|_| !owned.contains(&key));
                groups
                    .entry((key, example))
                    .or_default()
                    .push(claim.clone());
            }
        }
        groups
            .into_iter()
            .filter_map(|(((stack, server, name), _), claims)| {
                let mut shared = self.shared(name, &claims)?;
                shared.server = self.server_name(stack, &server);
                let own = shared.intruder.number;
                let is_free = |right: &String| {
                    let claimant = claimed.get(&(stack, server.clone(), right.clone()));
                    claimant.is_none_or(|number| *number == own)
                };
                shared.right = shared.right.filter(is_free);
                Some(shared)
            })
            .collect()
    }

    fn shared<'p>(&self, name: String, claims: &[Claim<'p>]) -> Option<SharedDatabase<'p>> {
        let mut seen = BTreeSet::new();
        let is_first = |claim: &&Claim<'p>| seen.insert(claim.number);
        let mut firsts: Vec<Claim> = claims.iter().filter(is_first).cloned().collect();
        if firsts.len() < 2 {
            return None;
        }
        firsts.sort_by_key(|claim| claim.user);
        let has_namesake = firsts
            .iter()
            .any(|claim| claim.service.is_namesake_of(&name));
        let is_odd = |claim: &Claim| {
            let is_namesake = if has_namesake {
                claim.service.is_namesake_of(&name)
            } else {
                claim.service.is_namesake_within(&name)
            };
            !is_namesake
        };
        let position = firsts.iter().rposition(is_odd);
        let intruder = firsts.remove(position.unwrap_or(firsts.len() - 1));
        firsts.retain(|claim| claim.runs_beside(&intruder));
        if firsts.is_empty() {
            return None;
        }
        let own = claims
            .iter()
            .filter(|claim| claim.number == intruder.number);
        let users: BTreeSet<User> = own.map(|claim| claim.user).collect();
        let namesake = firsts.iter().find(|claim| !is_odd(claim)).cloned();
        let right = match &namesake {
            Some(owner) => intruder.service.database_beside(owner.service, &name),
            None => intruder.service.derived_database(),
        };
        Some(SharedDatabase {
            namesake,
            has_schemas: firsts.iter().any(|it| it.schema() != intruder.schema()),
            link: self.stand_on(&intruder.database.chain, &users)?,
            right: Some(right).filter(|right| NameDefect::of(right).is_none()),
            others: firsts,
            intruder,
            server: String::new(),
            name,
        })
    }

    /// Databases of inferred services whose names are no plain snake_case names, one finding a service and
    /// name. `postgres` is what servers are asked for where nobody chose a name, so it is left alone.
    pub fn odd_names(&self) -> Vec<OddName<'_>> {
        let mut groups: BTreeMap<(usize, String), Vec<Claim>> = BTreeMap::new();
        let mut owner: HashMap<(usize, Server, String), usize> = HashMap::new();
        let mut created = HashMap::new();
        for claim in self.claims() {
            let defect = NameDefect::of(&claim.database.text);
            let is_odd = defect.is_some_and(|defect| defect != NameDefect::Reserved);
            if !is_odd || claim.is_of_helper() || claim.may_be_placeholder() {
                continue;
            }
            // Of several services that connect to it, it is the first's.
            let name = claim.database.text.clone();
            if let Server::Container(server) = claim.server {
                let server = (claim.user.0, server);
                created
                    .entry(server)
                    .or_insert_with(|| self.created_by_scripts(server));
            }
            let key = (claim.user.0, claim.server.clone(), name.clone());
            let first = *owner.entry(key).or_insert(claim.number);
            groups.entry((first, name)).or_default().push(claim);
        }
        let odd = groups.into_values();
        odd.filter_map(|claims| self.odd_name(&claims, &created))
            .collect()
    }

    fn odd_name<'p>(
        &self,
        claims: &[Claim<'p>],
        created: &HashMap<User, HashMap<String, Place>>,
    ) -> Option<OddName<'p>> {
        let claim = claims.first()?.clone();
        let name = &claim.database.text;
        let defect = NameDefect::of(name)?;
        let mut users: BTreeSet<User> = claims.iter().map(|claim| claim.user).collect();
        let mut parts: Vec<(Part, String)> = Vec::new();
        let mut scripted: BTreeSet<Place> = BTreeSet::new();
        for other in claims {
            let key = &other.container.key.value;
            parts.push((other.database.clone(), format!("`{key}` connects to it")));
            if let Server::Container(number) = other.server {
                let server = &self.stacks[other.user.0].services[number];
                let by_name = created.get(&(other.user.0, number));
                scripted.extend(by_name.and_then(|by_name| by_name.get(name)));
                let created = server.variable("POSTGRES_DB").map(Variable::whole);
                if let Some(created) = created.filter(|part| part.text == *name) {
                    users.insert((other.user.0, number));
                    let key = &server.key.value;
                    parts.push((created, format!("`{key}` creates it")));
                }
            }
        }
        let link = self.stand_on(&claim.database.chain, &users)?;
        let mut known = BTreeSet::from([link.place]);
        let parts = parts.into_iter();
        let places = parts
            .filter_map(|(part, remark)| Some((self.stand_on(&part.chain, &users)?.place, remark)));
        let others: Vec<(Place, String)> = places
            .chain(
                scripted
                    .into_iter()
                    .map(|place| (place, "it is created here".to_owned())),
            )
            .filter(|(place, _)| known.insert(*place))
            .collect();
        let right = defect.corrected(name);
        let places: Vec<Place> = known.into_iter().collect();
        let is_name = |place: &Place| self.sources.slice(*place) == name;
        let fix = right.as_ref().filter(|_| places.iter().all(is_name));
        let fix = fix.map(|right| Fix {
            safety: Safety::Unsafe,
            title: format!("Replace `{name}` by `{right}`"),
            edits: places
                .iter()
                .map(|&place| Edit {
                    place,
                    text: right.clone(),
                })
                .collect(),
        });
        Some(OddName {
            place: link.place,
            defect,
            others,
            right,
            fix,
            claim,
        })
    }
}

impl InferredService {
    /// Where its schema stands, for a label.
    pub fn says_stores(&self) -> Option<(Place, String)> {
        match self.store.as_ref()? {
            Store::Schema(place) => {
                Some((*place, format!("`{}` has a schema of its own", self.name)))
            }
            Store::Migrations(_) => None,
        }
    }
}
