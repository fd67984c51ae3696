//! Which services a registry says must be up before another.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalogue::Guesser;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;

/// An entry of `dependsOn` that names no other service.
pub struct UnknownDependency<'a> {
    /// Whose entry it is.
    pub service: &'a Service,
    /// What it says.
    pub text: &'a Text,
    /// The key that was probably meant.
    pub meant: Option<&'a str>,
    /// The service whose hostname, and not its key, it names: then those two differ.
    pub host_of: Option<&'a Service>,
}

/// One step of a cycle: a service and the entry of `dependsOn` that leads on.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    /// The service.
    pub service: &'a Service,
    /// The entry.
    pub text: &'a Text,
}

impl Service {
    /// What it depends on, as far as that is known.
    pub fn dependencies(&self) -> impl Iterator<Item = &Text> {
        let known = self.entry.depends_on.known().into_iter();
        known.flat_map(super::registry::List::texts)
    }
}

impl Product {
    /// Entries of `dependsOn` that name no service of the registry, or the service itself; only the latter
    /// where services may exist that are not known.
    pub fn unknown_dependencies(&self) -> Vec<UnknownDependency<'_>> {
        let keys: HashSet<&str> = self.services().iter().map(Service::key).collect();
        let by_hostname: HashMap<&str, &Service> = self
            .services()
            .iter()
            .filter_map(|service| Some((service.entry.hostname.known()?.value.as_str(), service)))
            .collect();
        let mut guesser = Guesser::default();
        let mut unknown = Vec::new();
        for service in self.services() {
            for text in service.dependencies() {
                let name = text.value.as_str();
                let is_itself = name == service.key();
                let is_unknown = !keys.contains(name) && !self.is_open();
                let named_by_host = by_hostname.get(name).copied();
                // Then the key is what is wrong.
                let is_right = named_by_host.is_some_and(|named| named.key_defect().is_some());
                if is_right || !is_itself && !is_unknown {
                    continue;
                }
                let host_of = named_by_host.filter(|_| is_unknown);
                let named_by_host = named_by_host.map(Service::key);
                let in_package = name.rsplit_once('/').map(|(_, last)| last);
                let address = name.split_once("://").map_or(name, |(_, address)| address);
                let host = address.split([':', '/']).next();
                let meant = named_by_host
                    .or(host.and_then(|host| keys.get(host).copied()))
                    .or(in_package.and_then(|last| keys.get(last).copied()))
                    .or_else(|| guesser.nearest(name, keys.iter().copied()))
                    .filter(|meant| !is_itself && *meant != service.key());
                unknown.push(UnknownDependency {
                    service,
                    text,
                    meant,
                    host_of,
                });
            }
        }
        unknown
    }

    /// A shortest cycle for each group of services that wait for each other, each beginning at its first
    /// service in the order of the registry.
    pub fn dependency_cycles(&self) -> Vec<Vec<Step<'_>>> {
        let numbers: HashMap<&str, usize> = self
            .services()
            .iter()
            .enumerate()
            .map(|(number, service)| (service.key(), number))
            .collect();
        let steps: Vec<Vec<(usize, Step<'_>)>> = self
            .services()
            .iter()
            .map(|service| {
                let named = service.dependencies().filter_map(|text| {
                    let number = *numbers.get(text.value.as_str())?;
                    Some((number, Step { service, text }))
                });
                named
                    .filter(|(_, step)| step.text.value != service.key())
                    .collect()
            })
            .collect();
        let mut done = HashSet::new();
        let mut cycles = Vec::new();
        let edges: Vec<Vec<usize>> = steps
            .iter()
            .map(|steps| steps.iter().map(|(next, _)| *next).collect())
            .collect();
        for group in strongly_connected(&edges) {
            let first = group.iter().copied().min();
            if let Some(first) = first.filter(|first| group.len() > 1 && done.insert(*first)) {
                let members: HashSet<usize> = group.into_iter().collect();
                cycles.extend(shortest_cycle(first, &members, &steps));
            }
        }
        cycles
    }
}

/// The shortest way from a service back to itself, over members of its group only.
fn shortest_cycle<'a>(
    first: usize,
    members: &HashSet<usize>,
    steps: &[Vec<(usize, Step<'a>)>],
) -> Option<Vec<Step<'a>>> {
    let mut came_from: BTreeMap<usize, (usize, Step<'a>)> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([first]);
    while let Some(number) = queue.pop_front() {
        for &(next, step) in &steps[number] {
            if next == first {
                let mut cycle = vec![step];
                let mut at = number;
                while at != first {
                    let (before, step) = came_from.get(&at)?;
                    cycle.push(*step);
                    at = *before;
                }
                cycle.reverse();
                return Some(cycle);
            }
            if members.contains(&next) && !came_from.contains_key(&next) {
                came_from.insert(next, (number, step));
                queue.push_back(next);
            }
        }
    }
    None
}

/// Groups of services that reach each other (Kosaraju's algorithm, without recursion), sorted by their
/// first member.
pub(super) fn strongly_connected(forward: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut backward = vec![Vec::new(); forward.len()];
    for (number, nexts) in forward.iter().enumerate() {
        for &next in nexts {
            backward[next].push(number);
        }
    }
    let mut seen = vec![false; forward.len()];
    let mut order = Vec::new();
    for number in 0..forward.len() {
        order.extend(reach(number, forward, &mut seen));
    }
    let mut seen = vec![false; forward.len()];
    let mut groups: Vec<Vec<usize>> = order
        .into_iter()
        .rev()
        .map(|number| reach(number, &backward, &mut seen))
        .filter(|group| !group.is_empty())
        .collect();
    groups.sort_by_key(|group| group.iter().copied().min());
    groups
}

/// What can be reached from a service and was not seen before, those first from which nothing new is
/// reached.
fn reach(from: usize, edges: &[Vec<usize>], seen: &mut [bool]) -> Vec<usize> {
    let mut finished = Vec::new();
    if std::mem::replace(&mut seen[from], true) {
        return finished;
    }
    let mut stack = vec![(from, 0)];
    while let Some((number, edge)) = stack.pop() {
        match edges[number].get(edge) {
            None => finished.push(number),
            Some(&next) => {
                stack.push((number, edge + 1));
                if !std::mem::replace(&mut seen[next], true) {
                    stack.push((next, 0));
                }
            }
        }
    }
    finished
}
