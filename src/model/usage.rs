//! Who uses the Postgres services of a stack, gathered in one pass over it: a stack may run one for every
//! service.

use std::collections::{BTreeSet, HashMap};

use crate::model::compose::{Service as Container, Stack, Variable};

/// Who uses the Postgres services of one stack.
pub(super) struct Usage<'a> {
    stack: &'a Stack,
    /// The containers of the product's services, by the number of the container that their connection
    /// strings lead to.
    own: HashMap<usize, Vec<&'a Container>>,
    /// The Postgres services that go by a name.
    holders: HashMap<&'a str, Containers>,
    /// The containers that wait for one of these names or have it in a variable.
    mentions: HashMap<&'a str, Containers>,
}

/// Some containers: as much of their numbers as tells whether there is another than a given one.
#[derive(Clone, Copy)]
enum Containers {
    One(usize),
    Several,
}

impl Containers {
    fn are_others_than(self, number: usize) -> bool {
        match self {
            Containers::One(only) => only != number,
            Containers::Several => true,
        }
    }

    /// These and one more.
    fn and(self, number: usize) -> Self {
        if self.are_others_than(number) {
            Containers::Several
        } else {
            self
        }
    }
}

impl<'a> Usage<'a> {
    /// `is_own` says whether the container of a number is one of the product's services.
    pub(super) fn of(stack: &'a Stack, is_own: impl Fn(usize) -> bool) -> Self {
        let mut usage = Self {
            stack,
            own: HashMap::new(),
            holders: HashMap::new(),
            mentions: HashMap::new(),
        };
        for (number, container) in stack.services.iter().enumerate() {
            if container.is_postgres() {
                for name in names_of(container) {
                    add(&mut usage.holders, name, number);
                }
            }
        }
        for (number, container) in stack.services.iter().enumerate() {
            usage.add_mentions(number, container);
            if is_own(number) {
                let variables = container.environment.iter();
                let reached = variables.filter_map(|variable| server_of(stack, variable));
                let reached: BTreeSet<usize> = reached.collect();
                for server in reached {
                    usage.own.entry(server).or_default().push(container);
                }
            }
        }
        usage
    }

    fn add_mentions(&mut self, number: usize, container: &'a Container) {
        let depends_on = container.depends_on.iter().map(|on| on.name.text.as_str());
        let values = container.environment.iter().filter_map(|variable| {
            let value = variable.known_value()?;
            Some(words_of(&value.text))
        });
        for name in depends_on.chain(values.flatten()) {
            if self.holders.contains_key(name) {
                add(&mut self.mentions, name, number);
            }
        }
    }

    /// The product's containers whose connection strings lead to a server, in the order of the stack.
    pub(super) fn own_users(&self, server: &Container) -> &[&'a Container] {
        let users = self.own.get(&self.stack.position(server));
        users.map_or(&[], Vec::as_slice)
    }

    /// The first of those servers that have most users.
    pub(super) fn most_used<'s>(&self, servers: &[&'s Container]) -> Option<&'s Container> {
        // `max_by_key` takes the last of equals.
        let from_last = servers.iter().copied().rev();
        from_last.max_by_key(|server| self.own_users(server).len())
    }

    /// Whether a Postgres service counts for the product: used by its services, or by nobody. One that
    /// only third parties use is theirs; one that follows another server is its replica or its backup.
    pub(super) fn is_for_own_services(&self, server: &Container) -> bool {
        if !self.own_users(server).is_empty() {
            return true;
        }
        let number = self.stack.position(server);
        let is_of_another = |known: &HashMap<&str, Containers>, name: &str| {
            let containers = known.get(name);
            containers.is_some_and(|containers| containers.are_others_than(number))
        };
        let is_used_by_others = names_of(server).any(|name| is_of_another(&self.mentions, name));
        let follows_another = server.environment.iter().any(|variable| {
            let value = variable.known_value();
            value.is_some_and(|value| is_of_another(&self.holders, &value.text))
        });
        !is_used_by_others && !follows_another && server.profiles.is_empty()
    }
}

fn add<'a>(known: &mut HashMap<&'a str, Containers>, name: &'a str, number: usize) {
    known
        .entry(name)
        .and_modify(|containers| *containers = containers.and(number))
        .or_insert(Containers::One(number));
}

/// The number of the container that a connection string leads to.
fn server_of(stack: &Stack, variable: &Variable) -> Option<usize> {
    let (host, _) = variable.host().filter(|_| variable.is_postgres())?;
    Some(stack.position(stack.answering_to(&host.text)?))
}

fn names_of(container: &Container) -> impl Iterator<Item = &str> {
    let aliases = container.aliases.iter().map(String::as_str);
    [container.key.value.as_str()].into_iter().chain(aliases)
}

/// The names that a value may hold: itself, or the hosts of a URL or an address.
fn words_of(value: &str) -> impl Iterator<Item = &str> {
    value.split(|letter: char| !(letter.is_alphanumeric() || "-_.".contains(letter)))
}
