//! Whether services are in one network with what they call and store in.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::finding::Owner;
use crate::model::compose::{Part, Service as Container, Stack, Variable};
use crate::model::redis::Drift;
use crate::model::{User, Workspace};
use crate::source::Place;

/// A container that shares no network with others that it is meant to meet.
pub struct CutOff<'a> {
    /// Whose it is.
    pub owner: Owner,
    /// The container.
    pub container: &'a Container,
    /// Those it should meet: it calls them or stores in them, or they in it.
    pub others: Vec<&'a Container>,
    /// The network that it names and that is none of theirs; the container's name where there are several
    /// or none.
    pub place: Place,
    /// A network of theirs, as they name it.
    pub network: String,
    /// Whether to write that network in the place of the one that stands there.
    pub is_in_place: bool,
    /// Where the addresses stand.
    pub labels: Vec<(Place, String)>,
}

/// A container that names another as its server or as a service that it calls.
struct Call {
    from: usize,
    to: usize,
    place: Place,
}

impl Workspace<'_> {
    /// Containers of a stack that are cut off from those that they call or store in, or that call them.
    pub fn cut_off(&self, index: usize) -> Vec<CutOff<'_>> {
        let stack = &self.stacks[index];
        let is_plain = stack.services.iter().all(|it| it.network_names.is_empty());
        if is_plain || !self.is_complete(index) {
            return Vec::new();
        }
        // How many calls of each container, made or answered, come through and do not.
        let mut through = vec![0; stack.services.len()];
        let mut failed = vec![0; stack.services.len()];
        let mut lost: Vec<Call> = Vec::new();
        let surplus = self.surplus_variables(index);
        for (from, container) in stack.services.iter().enumerate() {
            for call in self.calls_of(index, from, container, &surplus) {
                let other = &stack.services[call.to];
                if shares_network(container, other) {
                    through[call.from] += 1;
                    through[call.to] += 1;
                } else if stack.knows_networks_of(container) && stack.knows_networks_of(other) {
                    failed[call.from] += 1;
                    failed[call.to] += 1;
                    lost.push(call);
                }
            }
        }
        // In the wrong network is who meets nobody; of two such the one whom more calls miss.
        let blame = |number: usize| (through[number] == 0, failed[number]);
        let mut groups: BTreeMap<usize, Vec<&Call>> = BTreeMap::new();
        for call in &lost {
            let is_callee = blame(call.to) > blame(call.from) && through[call.to] == 0;
            let at = if is_callee { call.to } else { call.from };
            groups.entry(at).or_default().push(call);
        }
        let groups = groups.into_iter();
        groups
            .filter_map(|(at, calls)| self.group(index, at, &calls))
            .collect()
    }

    fn group(&self, index: usize, at: usize, calls: &[&Call]) -> Option<CutOff<'_>> {
        let stack = &self.stacks[index];
        let container = &stack.services[at];
        let others = calls.iter().map(|call| [call.from, call.to]);
        let others: BTreeSet<usize> = others.flatten().filter(|&other| other != at).collect();
        let others: Vec<&Container> = others.iter().map(|&other| &stack.services[other]).collect();
        let network = network_of(others.first()?);
        let (place, is_in_place) = match container.network_names.as_slice() {
            [only] => {
                let part = Part::of(only, &(0..only.text.len()));
                let link = self.stand_on(&part.chain, &BTreeSet::from([(index, at)]))?;
                (link.place, link.is_part)
            }
            _ => (container.key.place, false),
        };
        let labels = calls.iter().take(MOST_SHOWN).map(|call| {
            let [from, to] = [call.from, call.to].map(|it| &stack.services[it].key.value);
            (call.place, format!("`{from}` connects to `{to}` here"))
        });
        Some(CutOff {
            owner: self.owner_of_container(index, container),
            container,
            others,
            place,
            network,
            is_in_place,
            labels: labels.collect(),
        })
    }

    /// The containers that a container certainly connects to: servers by its connection strings, services
    /// by the variables that the registry declares.
    fn calls_of(
        &self,
        index: usize,
        from: usize,
        container: &Container,
        surplus: &HashSet<Place>,
    ) -> Vec<Call> {
        let stack = &self.stacks[index];
        let declared: HashSet<&str> = self
            .service_of((index, from))
            .and_then(|service| service.entry.extra_env.known())
            .into_iter()
            .flat_map(|environment| &environment.variables)
            .map(|variable| variable.name.value.as_str())
            .collect();
        let leads = |variable: &Variable| {
            let is_call = variable.is_server() || declared.contains(variable.name.value.as_str());
            let (host, _) = variable
                .host()
                .filter(|(host, _)| is_call && host.is_known)?;
            let other = stack.answering_to(&host.text)?;
            let is_linked = container.link_aliases.contains(&host.text)
                || container.links.iter().any(|link| link.text == host.text);
            let call = Call {
                from,
                to: stack.position(other),
                place: host.place()?,
            };
            (!is_linked && call.to != from && !stack.is_met_by_name(container, &host.text))
                .then_some(call)
        };
        let has_network = container.network_mode.is_none() && !container.is_overlay();
        let variables = container.environment.iter().filter(|_| has_network);
        let variables = variables.filter(|variable| !surplus.contains(&variable.name.place));
        let mut seen = HashSet::new();
        let calls = variables.filter_map(leads);
        calls.filter(|call| seen.insert(call.to)).collect()
    }

    /// The names of variables that services of a registry should not have at all: to lead nowhere is not their
    /// mistake.
    fn surplus_variables(&self, index: usize) -> HashSet<Place> {
        let Some(&product) = self.product_of_stack.get(&index) else {
            return HashSet::new();
        };
        let redis = self.redis_drifts(&self.products[product]).into_iter();
        let redis = redis.filter_map(|it| match it.drift {
            Drift::Has { url, .. } => url,
            _ => None,
        });
        let stack = &self.stacks[index];
        let databases = stack.variables().filter(|(container, variable)| {
            let user = (index, stack.position(container));
            self.is_surplus_database(user, variable)
        });
        redis
            .chain(databases.map(|(_, variable)| variable.name.place))
            .collect()
    }

    /// Whether a variable opens a database for a service of a registry that owns another one, or none, besides
    /// the variable that should hold its own.
    pub(super) fn is_surplus_database(&self, user: User, variable: &Variable) -> bool {
        let Some(service) = self.service_of(user).filter(|_| variable.is_postgres()) else {
            return false;
        };
        match service.database() {
            Some(own) => {
                let named = variable.database();
                variable.name.value != self.policy.database_variable
                    && !variable.is_for_stand_in()
                    && named.is_some_and(|named| named.is_known && named.text != own)
            }
            None => service.is_stateless(),
        }
    }
}

/// Calls that a finding shows.
const MOST_SHOWN: usize = 3;

impl Variable {
    /// Whether it is the connection string of a server that a program opens itself, and no address that is
    /// handed on, as to a browser.
    pub(super) fn is_server(&self) -> bool {
        const SCHEMES: [&str; 9] = [
            "postgres",
            "postgresql",
            "mysql",
            "mongodb",
            "redis",
            "rediss",
            "amqp",
            "amqps",
            "nats",
        ];
        let parts = self.value.as_ref().zip(self.connection.as_ref());
        parts.is_some_and(|(value, url)| SCHEMES.contains(&&value.text[url.scheme.clone()]))
    }
}

impl Stack {
    /// Whether another container goes by that name in a network of this one.
    fn is_met_by_name(&self, container: &Container, host: &str) -> bool {
        let answers = |other: &&Container| {
            other.key.value == host || other.aliases.iter().any(|alias| alias == host)
        };
        // Asked only where the first that answers is in another network.
        let first = self.answering_to(host);
        let is_lost = first.is_some_and(|first| !shares_network(container, first));
        is_lost
            && self
                .services
                .iter()
                .filter(answers)
                .any(|other| shares_network(container, other))
    }

    /// Whether all networks of a container are declared here, and no stack elsewhere joins them.
    fn knows_networks_of(&self, container: &Container) -> bool {
        let is_declared = |name: &str| {
            let mut declared = self.networks.iter();
            name == "default" || declared.any(|network| network.name.value == name)
        };
        let is_external = |real_name: &String| self.external_networks.contains(real_name);
        let mut joined = container.network_names.iter();
        container.network_mode.is_none()
            && !container.is_extended
            && joined.all(|name| name.is_all_known() && is_declared(&name.text))
            && !container.networks.iter().any(is_external)
    }
}

fn shares_network(one: &Container, other: &Container) -> bool {
    one.networks.iter().any(|it| other.networks.contains(it))
}

/// A network of a container, as it names it.
fn network_of(container: &Container) -> String {
    let named = container.network_names.first();
    named.map_or_else(|| "default".to_owned(), |name| name.text.clone())
}
