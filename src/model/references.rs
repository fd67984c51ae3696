//! Names that a stack uses and does not define: Compose refuses to start it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::catalogue::Guesser;
use crate::finding::Owner;
use crate::model::compose::{Part, Service as Container, Stack, Variable};
use crate::model::resolve::Link;
use crate::model::{User, Workspace};
use crate::source::Place;

/// What a name should be the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// A service that another one waits for, links to or shares the network of.
    Service,
    /// A network.
    Network,
    /// A named volume.
    Volume,
}

/// One use of a name that the stack does not define.
pub struct UndefinedName<'a> {
    /// Whose it is.
    pub owner: Owner,
    /// The first container that uses it, in the order of the stack.
    pub first: &'a Container,
    /// How many others do.
    pub others: usize,
    /// What it should name.
    pub noun: Noun,
    /// The name.
    pub name: String,
    /// Where the mistake stands, which is the same for all uses of the name.
    pub place: Place,
    /// The name that is defined there, where all uses agree on another one.
    pub defined_as: Option<String>,
    /// The name that was probably meant.
    pub meant: Option<String>,
    /// Where this container takes the name from, and where it is used as well.
    pub labels: Vec<(Place, String)>,
    /// Whose absence it follows from, if that is told elsewhere.
    pub cause: Cause,
}

/// What an undefined name may follow from.
pub enum Cause {
    /// Nothing else. What the container does not wait for because of it, where it does not.
    Itself(Option<String>),
    /// A service of the registry that the stack lacks.
    MissingService(Owner),
    /// The host of URLs, by the product, that goes by another name or is not there.
    Host(Owner),
}

struct Use {
    user: usize,
    part: Part,
}

impl Workspace<'_> {
    /// Whether Compose runs a stack as it is, and everything that it defines is known: then what it does
    /// not define is missing.
    pub(super) fn is_complete(&self, index: usize) -> bool {
        let stack = &self.stacks[index];
        let product = self.product_of_stack.get(&index);
        let development = product.and_then(|&product| self.products[product].development);
        let is_of_others = stack.purpose.is_none() && development.is_some_and(|it| it != index);
        let is_part = |container: &Container| {
            let is_template = stack.extended.contains(&container.key.place);
            container.is_overlay() && !container.is_extended && !is_template
        };
        stack.runs_as_it_is()
            && stack.open.is_empty()
            && !is_of_others
            && !stack.services.iter().any(is_part)
    }

    /// Names that a stack uses and does not define.
    pub fn undefined_names(&self, index: usize) -> Vec<UndefinedName<'_>> {
        if !self.is_complete(index) {
            return Vec::new();
        }
        let stack = &self.stacks[index];
        let undefined = undefined(stack);
        if undefined.is_empty() {
            return Vec::new();
        }
        let hosts = hosts(stack);
        let missing = self.missing_services(index);
        let lacking = self.lacking_dependencies(index);
        let spares = Spares::of(stack, &hosts);
        let mut guesser = Guesser::default();
        let mut found = Vec::new();
        for ((noun, name), uses) in undefined {
            let users: BTreeSet<User> = uses.iter().map(|it| (index, it.user)).collect();
            let links: Vec<Link> = uses
                .iter()
                .filter_map(|it| self.stand_on(&it.part.chain, &users))
                .collect();
            let places: BTreeSet<Place> = links.iter().map(|link| link.place).collect();
            let server = hosts.get(&name).copied();
            let spare = spares.only(noun, server);
            // What a URL names as well stands in two places at least.
            let is_agreed = places.len() > 1 || noun == Noun::Service && server.is_some();
            let renamed = spare.filter(|_| is_agreed);
            let defined = &spares.defined[&noun];
            let meant = guesser.nearest(&name, defined.iter().copied());
            let meant = meant.or(spare.map(|(defined, _)| *defined));
            let first = links.first().map(|link| link.place);
            let Some(place) = renamed.map(|(_, place)| *place).or(first) else {
                continue;
            };
            let product = self.product_of_stack.get(&index);
            let product = product.map(|&number| self.products[number].name.clone());
            let unused = spare.filter(|_| renamed.is_none());
            let unused =
                unused.map(|(defined, place)| (*place, format!("nothing uses `{defined}`")));
            let first = &stack.services[uses[0].user];
            for (number, (it, link)) in uses.iter().zip(&links).enumerate() {
                let container = &stack.services[it.user];
                let is_shown = number < MOST_SHOWN;
                let way = it.part.way_to(link, &container.key.value);
                let same = (link.place != place).then(|| {
                    (
                        link.place,
                        format!("`{}` names it here", container.key.value),
                    )
                });
                let whole = Owner {
                    product: product.clone(),
                    service: None,
                };
                let is_service = noun == Noun::Service;
                let cause = match missing.get(name.as_str()) {
                    Some(owner) if is_service => Cause::MissingService(owner.clone()),
                    _ if is_service && server.is_some() => Cause::Host(whole),
                    _ => Cause::Itself(
                        lacking
                            .get(container.key.value.as_str())
                            .filter(|_| is_service)
                            .filter(|lacking| {
                                meant.is_none_or(|it| lacking.split(", ").any(|name| name == it))
                            })
                            .cloned(),
                    ),
                };
                found.push(UndefinedName {
                    owner: self.owner_of_container(index, container),
                    first,
                    others: users.len() - 1,
                    noun,
                    name: name.clone(),
                    place,
                    defined_as: renamed.map(|(defined, _)| (*defined).to_owned()),
                    meant: meant.map(str::to_owned),
                    labels: way
                        .into_iter()
                        .chain(same)
                        .filter(|_| is_shown)
                        .chain(unused.clone())
                        .collect(),
                    cause,
                });
            }
        }
        found
    }

    /// The hosts of URLs in a stack that it does not define though services wait for them.
    pub fn undefined_hosts(&self, index: usize) -> HashSet<String> {
        if !self.is_complete(index) {
            return HashSet::new();
        }
        let stack = &self.stacks[index];
        let hosts = hosts(stack);
        let names = undefined(stack).into_keys();
        names
            .filter(|(noun, name)| *noun == Noun::Service && hosts.contains_key(name))
            .map(|(_, name)| name)
            .collect()
    }

    /// The services of the registry that a development set lacks, by the names that they should go by.
    fn missing_services(&self, index: usize) -> HashMap<&str, Owner> {
        let mut missing = HashMap::new();
        let product = self.product_of_stack.get(&index);
        let product = product.map(|&number| &self.products[number]);
        let development = product.filter(|product| product.development == Some(index));
        for service in development
            .iter()
            .flat_map(|product| product.services_missing_in(&self.stacks[index]))
        {
            let hostname = service.entry.hostname.known();
            let names = hostname.map(|text| text.value.as_str()).into_iter();
            for name in names.chain([service.key()]) {
                missing.insert(name, Owner::from(service));
            }
        }
        missing
    }
}

/// What names are used and not defined, each with its uses in the order of the services.
fn undefined(stack: &Stack) -> BTreeMap<(Noun, String), Vec<Use>> {
    let networks: HashSet<&str> = names(&stack.networks).chain(["default"]).collect();
    let volumes: HashSet<&str> = names(&stack.volumes).collect();
    let mut undefined: BTreeMap<(Noun, String), Vec<Use>> = BTreeMap::new();
    for (user, container) in stack.services.iter().enumerate() {
        for (noun, part) in references(container) {
            let is_defined = match noun {
                Noun::Service => stack.by_key(&part.text).is_some(),
                Noun::Network => networks.contains(part.text.as_str()),
                Noun::Volume => volumes.contains(part.text.as_str()),
            };
            if part.is_known && !part.text.is_empty() && !is_defined {
                let uses = undefined.entry((noun, part.text.clone())).or_default();
                uses.push(Use { user, part });
            }
        }
    }
    undefined
}

fn names(declared: &[super::compose::Declared]) -> impl Iterator<Item = &str> {
    declared.iter().map(|declared| declared.name.value.as_str())
}

/// The names that a container uses and that its stack has to define.
fn references(container: &Container) -> impl Iterator<Item = (Noun, Part)> {
    let required = container.depends_on.iter().filter(|it| it.is_required);
    let services = required.map(|it| Part::of(&it.name, &(0..it.name.text.len())));
    let links = container.links.iter().map(|link| {
        let end = link.text.find(':').unwrap_or(link.text.len());
        Part::of(link, &(0..end))
    });
    let shared = container.network_mode.iter().filter_map(|mode| {
        let start = mode
            .text
            .strip_prefix("service:")
            .map(|_| "service:".len())?;
        Some(Part::of(mode, &(start..mode.text.len())))
    });
    let networks = container.network_names.iter();
    let networks = networks.map(|name| Part::of(name, &(0..name.text.len())));
    let volumes = container.mounts.iter().filter(|it| it.is_named_volume());
    let volumes = volumes.map(|mount| mount.source.clone());
    let of = |noun: Noun| move |part: Part| (noun, part);
    services
        .chain(links)
        .chain(shared)
        .map(of(Noun::Service))
        .chain(networks.map(of(Noun::Network)))
        .chain(volumes.map(of(Noun::Volume)))
}

/// What kind of server a URL leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    Postgres,
    Redis,
    Other,
}

impl Server {
    fn is(self, container: &Container) -> bool {
        match self {
            Server::Postgres => container.is_postgres(),
            Server::Redis => container.is_redis(),
            Server::Other => false,
        }
    }
}

/// The hosts that URLs of a stack name.
fn hosts(stack: &Stack) -> HashMap<String, Server> {
    let server_of = |variable: &Variable| {
        let scheme = variable.connection.as_ref()?.scheme.clone();
        Some(match &variable.value.as_ref()?.text[scheme] {
            "postgres" | "postgresql" => Server::Postgres,
            "redis" | "rediss" => Server::Redis,
            _ => Server::Other,
        })
    };
    let mut hosts = HashMap::new();
    for (_, variable) in stack.variables() {
        let host = variable.host().filter(|(host, _)| host.is_known);
        if let Some(((host, _), server)) = host.zip(server_of(variable)) {
            let known = hosts.entry(host.text).or_insert(server);
            if *known == Server::Other {
                *known = server;
            }
        }
    }
    hosts
}

/// What a stack defines, and what of it nothing uses: what all want may have been renamed there.
struct Spares<'a> {
    stack: &'a Stack,
    defined: BTreeMap<Noun, Vec<&'a str>>,
    unused: BTreeMap<Noun, Vec<(&'a str, Place)>>,
}

/// Containers whose use of a name is shown.
const MOST_SHOWN: usize = 3;

impl<'a> Spares<'a> {
    /// Of services only servers count as unused: nothing has to name the others.
    fn of(stack: &'a Stack, hosts: &HashMap<String, Server>) -> Self {
        let mut used: HashSet<(Noun, String)> = HashSet::new();
        for container in &stack.services {
            used.extend(references(container).map(|(noun, part)| (noun, part.text)));
        }
        let mut spares = Self {
            stack,
            defined: BTreeMap::new(),
            unused: BTreeMap::new(),
        };
        let mut add = |noun: Noun, name: &'a str, place: Place, may_be_spare: bool| {
            spares.defined.entry(noun).or_default().push(name);
            let unused = spares.unused.entry(noun).or_default();
            if may_be_spare && !used.contains(&(noun, name.to_owned())) {
                unused.push((name, place));
            }
        };
        for network in &stack.networks {
            let name = &network.name;
            add(
                Noun::Network,
                &name.value,
                name.place,
                name.value != "default",
            );
        }
        for volume in &stack.volumes {
            add(Noun::Volume, &volume.name.value, volume.name.place, true);
        }
        for service in &stack.services {
            let key = &service.key;
            let is_server = service.is_postgres() || service.is_redis();
            let may_be_spare = is_server && !hosts.contains_key(&key.value);
            add(Noun::Service, &key.value, key.place, may_be_spare);
        }
        for noun in [Noun::Service, Noun::Network, Noun::Volume] {
            spares.defined.entry(noun).or_default();
        }
        spares
    }

    /// The only one of a kind that is not used; of services the only server of the kind that is meant.
    fn only(&self, noun: Noun, server: Option<Server>) -> Option<&(&'a str, Place)> {
        let is_meant = |(name, _): &&(&str, Place)| {
            let service = self.stack.by_key(name);
            noun != Noun::Service
                || service.is_some_and(|it| server.is_some_and(|server| server.is(it)))
        };
        let mut unused = self.unused.get(&noun)?.iter().filter(is_meant);
        unused.next().filter(|_| unused.next().is_none())
    }
}

impl Workspace<'_> {
    /// What `extends` names and is not there, in a stack that is run.
    pub fn missing_bases(&self, index: usize) -> &[super::merging::MissingBase] {
        let stack = &self.stacks[index];
        if stack.runs_as_it_is() {
            &stack.missing_bases
        } else {
            &[]
        }
    }

    /// Whose the container of that key is.
    pub fn owner_in_stack(&self, index: usize, key: &str) -> Owner {
        match self.stacks[index].by_key(key) {
            Some(container) => self.owner_of_container(index, container),
            None => Owner {
                product: None,
                service: Some(key.to_owned()),
            },
        }
    }
}
