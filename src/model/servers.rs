//! Which server a connection string leads to: the Postgres services of a stack, and what answers to a
//! host's name.

use crate::finding::{Fix, Owner};
use crate::model::compose::{Part, Service as Container, Variable};
use crate::model::loopbacks::is_loopback;
use crate::model::product::Product;
use crate::model::resolve::Link;
use crate::model::service::Service;
use crate::model::usage::Usage;
use crate::model::{User, Workspace};
use crate::source::Place;

/// How many Postgres services the development set runs for the product's own services.
pub enum PostgresCount<'a> {
    /// One, as it should be.
    One,
    /// That cannot be told.
    Unknown,
    /// None, although a service has a database.
    None {
        /// The first such service.
        demanded_by: &'a Service,
        /// The key token `services`.
        services_key: Option<Place>,
    },
    /// Several.
    Several {
        /// The one that most services use.
        first: &'a Container,
        /// The others, each with the product's containers that use it.
        later: Vec<(&'a Container, Vec<&'a Container>)>,
    },
}

/// A host or a port of a connection string that leads to no Postgres server.
pub struct WrongServer {
    /// The wrong text.
    pub place: Place,
    /// The same, as text.
    pub text: String,
    /// Whose connection string it is.
    pub owner: Owner,
    /// The name of the container that connects.
    pub container: String,
    /// The variable that holds it.
    pub variable: String,
    /// Where it leads, in words that follow "connects to".
    pub what: String,
    /// The right text.
    pub right: String,
    /// What to write.
    pub help: String,
    /// An edit that mends it.
    pub fix: Option<Fix>,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
    /// The product, where services also wait for that host, and no such service is in the stack.
    pub missing_host: Option<Owner>,
}

/// A connection string, a part of which leads to no Postgres server.
struct Candidate<'a> {
    user: User,
    container: &'a Container,
    variable: &'a Variable,
    defect: Defect,
}

struct Defect {
    part: Part,
    what: String,
    right: String,
    label: (Place, String),
}

impl Workspace<'_> {
    /// Counts the Postgres services of the product's development set.
    pub fn postgres_count<'p>(&'p self, product: &'p Product) -> PostgresCount<'p> {
        let Some(index) = product.development else {
            return PostgresCount::Unknown;
        };
        let stack = &self.stacks[index];
        let mut servers: Vec<&Container> = stack.postgres_services().collect();
        if servers.is_empty() {
            return self.no_postgres(product, index);
        }
        let usage = self.usage(index);
        servers.retain(|server| usage.is_for_own_services(server));
        if servers.is_empty() && self.nobody_answers(product, index) {
            return self.no_postgres(product, index);
        }
        match usage.most_used(&servers) {
            // What was not read may say whose the others are.
            Some(first) if servers.len() > 1 && stack.open.is_empty() => PostgresCount::Several {
                first,
                later: servers
                    .into_iter()
                    .filter(|server| server.key.value != first.key.value)
                    .map(|server| (server, usage.own_users(server).to_vec()))
                    .collect(),
            },
            _ => PostgresCount::One,
        }
    }

    /// Whether the development set runs no Postgres for the product's services, although they have
    /// databases.
    pub(super) fn lacks_postgres(&self, product: &Product) -> bool {
        matches!(self.postgres_count(product), PostgresCount::None { .. })
    }

    /// Whether the connection strings of a product's services all lead to hosts where nobody in the stack
    /// answers, or other software, and none waits for a Postgres.
    fn nobody_answers(&self, product: &Product, index: usize) -> bool {
        let stack = &self.stacks[index];
        let storing = product.services().iter();
        let mut containers = storing
            .filter(|service| service.database().is_some())
            .filter_map(|service| service.container(stack))
            .peekable();
        let has_lost_host = |container: &Container| {
            let variable = container.variable(&self.policy.database_variable);
            let host = variable.and_then(Variable::host).map(|(host, _)| host);
            host.is_some_and(|host| {
                let reached = stack.answering_to(&host.text);
                host.is_known
                    && looks_internal(&host.text)
                    && reached.is_none_or(Container::is_other_software)
            })
        };
        let waits_for_one = |container: &Container| {
            let mut names = container.depends_on.iter().map(|it| it.name.text.as_str());
            names.any(|name| stack.by_key(name).is_some_and(Container::is_postgres))
        };
        containers.peek().is_some() && containers.all(|it| has_lost_host(it) && !waits_for_one(it))
    }

    /// The Postgres service of a stack that holds the databases of its services.
    pub(super) fn main_server(&self, index: usize) -> Option<&Container> {
        let all: Vec<&Container> = self.stacks[index].postgres_services().collect();
        let usage = self.usage(index);
        let mut own = all.clone();
        own.retain(|server| usage.is_for_own_services(server));
        usage.most_used(if own.is_empty() { &all } else { &own })
    }

    pub(super) fn usage(&self, index: usize) -> Usage<'_> {
        Usage::of(&self.stacks[index], |number| {
            self.containers.contains_key(&(index, number))
        })
    }

    fn no_postgres<'p>(&'p self, product: &'p Product, index: usize) -> PostgresCount<'p> {
        let stack = &self.stacks[index];
        let demanding = product
            .services()
            .iter()
            .find(|service| service.database().is_some());
        let is_unclear = |container: &Container| {
            let is_own = self
                .containers
                .contains_key(&(index, stack.position(container)));
            !is_own && (container.image_name().is_none() || container.is_extended)
        };
        // A server that only third parties use is counted already.
        let leads_to_a_container = |(_, variable): (&Container, &Variable)| {
            let host = variable.host().filter(|_| variable.is_postgres());
            host.and_then(|(host, _)| stack.answering_to(&host.text))
                .is_some_and(|container| {
                    !container.is_other_software()
                        && !container.is_postgres()
                        && !self
                            .containers
                            .contains_key(&(index, stack.position(container)))
                })
        };
        let is_unknown = !stack.open.is_empty()
            || stack.services.is_empty()
            || !stack.external_networks.is_empty()
            || stack.services.iter().any(is_unclear)
            || stack.variables().any(leads_to_a_container);
        match demanding {
            Some(demanded_by) if !is_unknown => PostgresCount::None {
                demanded_by,
                services_key: stack.services_key,
            },
            _ => PostgresCount::Unknown,
        }
    }

    /// Hosts and ports of connection strings in a stack that lead to no Postgres server.
    pub fn wrong_servers(&self, index: usize) -> Vec<WrongServer> {
        let stack = &self.stacks[index];
        let Some(server) = self.main_server(index) else {
            return Vec::new();
        };
        let product = self.product_of_stack.get(&index);
        let product = product.map(|&number| &self.products[number]);
        let is_development = |product: &&Product| product.development == Some(index);
        if product
            .filter(is_development)
            .is_some_and(|it| self.lacks_postgres(it))
        {
            return Vec::new();
        }
        let mut candidates = Vec::new();
        for (container, variable) in stack.variables() {
            if container.network_mode.is_some() || !variable.is_postgres() {
                continue;
            }
            let Some((host, port)) = variable.host().filter(|(host, _)| host.is_known) else {
                continue;
            };
            if !looks_internal(&host.text) || container.link_aliases.contains(&host.text) {
                continue;
            }
            let user = (index, stack.position(container));
            // What should not be there leads nowhere without harm.
            if self.is_surplus_database(user, variable) {
                continue;
            }
            let defect = match stack.answering_to(&host.text) {
                Some(reached) if reached.is_postgres() => {
                    port.and_then(|port| self.wrong_port(reached, port))
                }
                reached => {
                    let what = match reached {
                        Some(reached) => self.no_postgres_server(index, reached),
                        None => self.nobody(index, &host.text),
                    };
                    what.map(|what| Defect {
                        part: host,
                        what,
                        right: server.key.value.clone(),
                        label: (server.key.place, "the Postgres service".to_owned()),
                    })
                }
            };
            candidates.extend(defect.map(|defect| Candidate {
                user,
                container,
                variable,
                defect,
            }));
        }
        let links = self.stand_alike(&candidates, |wrong| {
            let defect = &wrong.defect;
            (wrong.user, &defect.part, defect.right.as_str())
        });
        let missing = self.undefined_hosts(index);
        let product = self.product_of_stack.get(&index);
        let product = product.map(|&number| self.products[number].name.clone());
        let found = links.into_iter().zip(candidates);
        let found = found.filter_map(|(link, wrong)| Some(self.wrong_server(index, &link?, wrong)));
        let found = found.map(|wrong| WrongServer {
            missing_host: missing.contains(&wrong.text).then(|| Owner {
                product: product.clone(),
                service: None,
            }),
            ..wrong
        });
        let found: Vec<WrongServer> = found.collect();
        let leads_there = |(_, variable): (&Container, &Variable)| {
            let host = variable.host().filter(|_| variable.is_postgres());
            let reached = host.and_then(|(host, _)| stack.answering_to(&host.text));
            reached.is_some_and(|reached| reached.key.value == server.key.value)
        };
        let is_used = stack.variables().any(leads_there);
        if is_used { found } else { renamed(found) }
    }

    fn wrong_server(&self, index: usize, link: &Link, wrong: Candidate) -> WrongServer {
        let Candidate {
            container,
            variable,
            defect,
            ..
        } = wrong;
        let key = &container.key.value;
        let way = defect.part.way_to(link, key);
        WrongServer {
            place: link.place,
            owner: self.owner_of_container(index, container),
            container: key.clone(),
            variable: variable.name.value.clone(),
            what: defect.what,
            help: variable.advice(key, link, &[(&defect.part, &defect.right)]),
            fix: self.unsafe_replacement(link.place, &defect.part.text, &defect.right),
            right: defect.right,
            labels: [defect.label].into_iter().chain(way).collect(),
            text: defect.part.text,
            missing_host: None,
        }
    }

    fn wrong_port(&self, server: &Container, port: Part) -> Option<Defect> {
        let right = server.listens_on(self.policy.postgres_port)?;
        let number: u16 = port.text.parse().ok().filter(|_| port.is_known)?;
        if number == right {
            return None;
        }
        let key = &server.key.value;
        let is_published = server
            .ports
            .iter()
            .any(|port| port.published == Some(number));
        Some(Defect {
            what: if is_published {
                format!("port {number} of `{key}`, which is its port on the host only")
            } else {
                format!("port {number} of `{key}`, where nothing listens")
            },
            part: port,
            right: right.to_string(),
            label: (
                server.key.place,
                format!("`{key}` listens on {right} inside the network"),
            ),
        })
    }

    /// Why a container that answers to a database's host is no Postgres server, as far as that is certain.
    fn no_postgres_server(&self, index: usize, reached: &Container) -> Option<String> {
        let is_own = self
            .containers
            .contains_key(&(index, self.stacks[index].position(reached)));
        let is_certain = !reached.is_pooler() && (is_own || reached.is_other_software());
        is_certain.then(|| format!("`{}`, which is no Postgres server", reached.key.value))
    }

    /// Why nobody answers to a host, as far as that is certain: only a stack that runs as it is, by itself,
    /// has no other hosts.
    fn nobody(&self, index: usize, host: &str) -> Option<String> {
        let stack = &self.stacks[index];
        let is_closed =
            stack.open.is_empty() && stack.external_networks.is_empty() && stack.runs_as_it_is();
        is_closed.then(|| format!("`{host}`, a host that is not in this stack"))
    }
}

/// Where nobody uses a server and all connect to one other name, the server was probably renamed: that is
/// one mistake.
fn renamed(mut found: Vec<WrongServer>) -> Vec<WrongServer> {
    let is_one =
        |pair: &[WrongServer]| pair[0].text == pair[1].text && pair[0].right == pair[1].right;
    let is_written_once = found.windows(2).all(|pair| pair[0].place == pair[1].place);
    if is_written_once || !found.windows(2).all(is_one) {
        return found;
    }
    let others = found.split_off(1);
    let first = &mut found[0];
    first.labels.extend(others.iter().map(|other| {
        let remark = format!("`{}` connects to `{}` too", other.container, other.text);
        (other.place, remark)
    }));
    let fixes: Option<Vec<Fix>> = others.into_iter().map(|other| other.fix).collect();
    first.fix = first.fix.take().zip(fixes).map(|(mut fix, more)| {
        fix.edits.extend(more.into_iter().flat_map(|fix| fix.edits));
        fix
    });
    first.help = format!(
        "{} here and in the other places, or name that service `{}`",
        first.help, first.text
    );
    found
}

pub(super) fn looks_internal(host: &str) -> bool {
    let is_name = host
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_');
    let is_number = host.chars().all(|letter| letter.is_ascii_digit());
    !host.is_empty() && is_name && !is_number && !is_loopback(host)
}
