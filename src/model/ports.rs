//! The port that a service listens on, in the registry and wherever else it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use crate::connection;
use crate::finding::Fix;
use crate::model::compose::{Part, Service as Container};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Origin;
use crate::model::{User, Workspace};
use crate::parse::Facts;
use crate::source::{At, Place};

/// One wrong port of a service, and where it is written.
pub struct PortDrift<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// The port that the registry says.
    pub right: u16,
    /// The port that the places say.
    pub wrong: u16,
    /// The places, the one that counts most first.
    pub places: Vec<PortPlace>,
    /// Callers in the registry that use the wrong port, and the ways to the places.
    pub labels: Vec<(Place, String)>,
    /// An edit, where nothing else says the wrong port and something says the right one.
    pub fix: Option<Fix>,
}

/// A place that says on which port a service listens.
pub struct PortPlace {
    /// The wrong text.
    pub place: Place,
    /// What it is, as the beginning of a sentence.
    pub what: &'static str,
    /// Whether the text stands for the port and nothing else.
    pub is_part: bool,
}

/// What one place says.
struct Said {
    place: PortPlace,
    port: u16,
    way: Option<(Place, String)>,
    is_development: bool,
}

/// What all places of a service say.
#[derive(Default)]
struct Sayings {
    wrong: Vec<Said>,
    is_confirmed: bool,
}

/// Ports that debuggers and metrics use; a service has them besides its own.
pub(super) fn is_side_port(port: u16) -> bool {
    matches!(port, 9229..=9239 | 9090 | 9091 | 9100 | 9464)
}

impl Workspace<'_> {
    /// Ports that compose files and Dockerfiles say of the product's services and the registry does not.
    pub fn port_drifts<'p>(&'p self, product: &'p Product) -> Vec<PortDrift<'p>> {
        let earlier = earlier_claimants(product);
        let mut drifts = self.all_port_drifts(product);
        drifts.retain(|drift| !earlier.contains(&(drift.right, drift.service.key())));
        drifts
    }

    /// The same, those of every claimant of a port included.
    pub(super) fn all_port_drifts<'p>(&'p self, product: &'p Product) -> Vec<PortDrift<'p>> {
        let mut found = Vec::new();
        let built = self.ports_of_builds();
        for service in product.services() {
            let port = service.entry.port.known();
            let Some(port) = port.filter(|port| self.is_read_as_a_whole(&port.origin)) else {
                continue;
            };
            let right = port.value;
            let mut sayings = Sayings::default();
            for &stack in &product.stacks {
                if let Some(container) = service.container(&self.stacks[stack]) {
                    let is_development = product.development == Some(stack);
                    self.ports_said(stack, container, right, is_development, &mut sayings);
                }
            }
            self.said_by_dockerfile(service, right, &built, &mut sayings);
            found.extend(self.drifts(product, service, right, sayings));
        }
        found
    }

    /// Whether the files that a value came from have no syntax error, which could have cut a number short.
    pub(super) fn is_read_as_a_whole(&self, origin: &Origin) -> bool {
        let mut places = origin.links.iter().chain([&origin.written]);
        places.all(|place| self.facts(place.file).problems().is_empty())
    }

    fn drifts<'p>(
        &self,
        product: &'p Product,
        service: &'p Service,
        right: u16,
        sayings: Sayings,
    ) -> Vec<PortDrift<'p>> {
        let mut by_port: BTreeMap<u16, Vec<Said>> = BTreeMap::new();
        for said in sayings.wrong {
            by_port.entry(said.port).or_default().push(said);
        }
        let drift = |(wrong, said): (u16, Vec<Said>)| {
            let fix = match said.as_slice() {
                [only] if sayings.is_confirmed => self.replacement(
                    only.place.place,
                    &wrong.to_string(),
                    &right.to_string(),
                    only.is_development,
                ),
                _ => None,
            };
            let mut labels: Vec<_> = said.iter().filter_map(|said| said.way.clone()).collect();
            labels.extend(callers(product, service, wrong));
            PortDrift {
                service,
                right,
                wrong,
                places: said.into_iter().map(|said| said.place).collect(),
                labels,
                fix,
            }
        };
        by_port.into_iter().map(drift).collect()
    }

    /// What a container says: `PORT`, then `ports`, then the health check.
    fn ports_said(
        &self,
        stack: usize,
        container: &Container,
        right: u16,
        is_development: bool,
        sayings: &mut Sayings,
    ) {
        let users = BTreeSet::from([(stack, self.stacks[stack].position(container))]);
        let mut say = |part: &Part, port: u16, what| {
            let Some(link) = self.stand_on(&part.chain, &users) else {
                return;
            };
            sayings.wrong.push(Said {
                place: PortPlace {
                    place: link.place,
                    what,
                    is_part: link.is_part,
                },
                port,
                way: part.way_to(&link, &container.key.value),
                is_development: is_development && self.is_used_only_in(stack, &link),
            });
        };
        let mut is_confirmed = false;
        let variable = container.variable("PORT");
        let value = variable.filter(|variable| variable.known_value().is_some());
        if let Some(part) = value.map(super::compose::Variable::whole)
            && let Ok(port) = part.text.trim().parse()
        {
            is_confirmed |= port == right;
            if port != right {
                say(&part, port, "`PORT`");
            }
        }
        if is_development && self.stacks[stack].open.is_empty() && !container.is_extended {
            let tcp = || container.ports.iter().filter(|port| port.protocol == "tcp");
            let targets: Option<Vec<u16>> = tcp().map(|port| port.target).collect();
            is_confirmed |= tcp().any(|port| port.target == Some(right));
            let wrong = targets.and_then(|targets| wrong_one(&targets, right));
            let wrong = wrong.and_then(|wrong| tcp().find(|port| port.target == Some(wrong)));
            if let Some((part, port)) =
                wrong.and_then(|port| port.target_text.as_ref().zip(port.target))
            {
                say(part, port, "the target in `ports`");
            }
        }
        let checks = container.healthcheck.iter();
        let asked: Vec<(&_, Range<usize>)> = checks
            .flat_map(|word| {
                local_ports(&word.text)
                    .into_iter()
                    .map(move |at| (word, at))
            })
            .collect();
        let number = |(word, at): &(&super::resolve::Resolved, Range<usize>)| {
            word.text[at.clone()].parse::<u16>().ok()
        };
        let is_declared = |port: u16| is_further_port(container, port) || is_side_port(port);
        if container.network_mode.is_none()
            && !asked.iter().any(|asked| number(asked) == Some(right))
            && let Some((word, at)) = asked.first()
            && let Some(port) = number(&(*word, at.clone())).filter(|port| !is_declared(*port))
        {
            say(&Part::of(word, at), port, "the port in the health check");
        }
        sayings.is_confirmed |= is_confirmed;
    }

    /// The containers that are built from each Dockerfile, with the ports that `PORT` gives them.
    fn ports_of_builds(&self) -> HashMap<&str, Vec<(User, u16)>> {
        let mut ports: HashMap<&str, Vec<(User, u16)>> = HashMap::new();
        for (index, stack) in self.stacks.iter().enumerate() {
            for (number, container) in stack.services.iter().enumerate() {
                let build = container.build.as_ref();
                let dockerfile = build.and_then(|build| build.dockerfile.as_deref());
                let port = container.variable("PORT");
                let port = port.and_then(super::compose::Variable::known_value);
                let port = port.and_then(|value| value.text.trim().parse().ok());
                if let Some((dockerfile, port)) = dockerfile.zip(port) {
                    ports
                        .entry(dockerfile)
                        .or_default()
                        .push(((index, number), port));
                }
            }
        }
        ports
    }

    /// What the Dockerfile says that the registry names, if it builds no other service: `EXPOSE`, its health
    /// check and `PORT`, the latter two where Compose sets no others.
    fn said_by_dockerfile(
        &self,
        service: &Service,
        right: u16,
        built: &HashMap<&str, Vec<(User, u16)>>,
        sayings: &mut Sayings,
    ) {
        let Some(path) = service.dockerfile.as_deref() else {
            return;
        };
        let mut users = self.products.iter().flat_map(Product::services);
        let is_another = |other: &Service| {
            other.dockerfile.as_deref() == Some(path)
                && (other.key() != service.key()
                    || other.entry.port.known().map(|port| port.value) != Some(right))
        };
        if service.missing_dockerfile.is_some() || users.any(is_another) {
            return;
        }
        let Some(file) = self.sources.find(path) else {
            return;
        };
        let Facts::Dockerfile(parsed) = self.facts(file) else {
            return;
        };
        let own = self.products.iter().flat_map(|product| &product.stacks);
        let own = own.filter_map(|&stack| service.container(&self.stacks[stack]));
        let own: Vec<&Container> = own.collect();
        // A service of another product that no entry names may listen there.
        let is_anothers = |wrong: u16| {
            let mut built = built.get(path).into_iter().flatten();
            built.any(|&(user, port)| {
                let own = self.service_of(user);
                port == wrong && !own.is_some_and(|own| std::ptr::eq(own, service))
            })
        };
        let is_meant = |wrong: u16| {
            let is_further = own.iter().any(|it| is_further_port(it, wrong));
            !is_further && !is_anothers(wrong)
        };
        let dockerfile = &parsed.facts;
        let mut say = |port: u16, place: Place, what: &'static str| {
            sayings.wrong.push(Said {
                place: PortPlace {
                    place,
                    what,
                    is_part: true,
                },
                port,
                way: None,
                is_development: false,
            });
        };
        let tcp = || {
            let exposed = dockerfile.exposed.iter();
            exposed.filter(|port| !port.value.ends_with("/udp"))
        };
        let exposed = tcp().map(exposed_port).collect::<Option<Vec<u16>>>();
        let wrong = exposed.as_ref().and_then(|ports| wrong_one(ports, right));
        let word = tcp().find(|word| wrong.is_some() && exposed_port(word) == wrong);
        if let Some((word, wrong)) = word.zip(wrong.filter(|wrong| is_meant(*wrong))) {
            let place = word.part(0..wrong.to_string().len()).in_file(file);
            say(wrong, place, "`EXPOSE` in the Dockerfile");
        }
        let sets_port = |container: &&Container| {
            container.variable("PORT").is_some() || container.unknown_environment.is_some()
        };
        let is_default = !own.is_empty() && !own.iter().any(sets_port);
        if let Some(port) = dockerfile.port.as_ref().filter(|_| is_default)
            && let Ok(number) = port.value.parse()
            && number != right
            && is_meant(number)
        {
            say(number, port.in_file(file).place, "`PORT` in the Dockerfile");
        }
        let asked: Vec<(u16, Place)> = dockerfile
            .checks
            .iter()
            .flat_map(|word| {
                let ports = local_ports(&word.value).into_iter();
                ports.filter_map(|at| {
                    let number = word.value[at.clone()].parse().ok()?;
                    Some((number, word.part(at).in_file(file)))
                })
            })
            .collect();
        let has_checks = own
            .iter()
            .any(|container| !container.healthcheck.is_empty());
        let is_right = asked.iter().any(|(port, _)| *port == right);
        if let Some(&(wrong, place)) = asked.first()
            && !has_checks
            && !is_right
            && !is_side_port(wrong)
            && is_meant(wrong)
        {
            say(wrong, place, "the port in the Dockerfile's health check");
        }
        sayings.is_confirmed |= exposed.is_some_and(|ports| ports.contains(&right));
    }
}

/// Ports that several services claim, with all claimants but the last: that is the one that is judged, and
/// where the finding about them stands.
pub(super) fn earlier_claimants(product: &Product) -> BTreeSet<(u16, &str)> {
    let claims = product.ports_claimed_twice().into_iter();
    claims
        .flat_map(|(port, claims)| {
            let others: Vec<&Service> = claims.others(claims.last()).collect();
            others.into_iter().map(move |other| (port, other.key()))
        })
        .collect()
}

/// Of ports none of which is the right one, the one that was meant to be.
fn wrong_one(ports: &[u16], right: u16) -> Option<u16> {
    let mut main = ports.iter().copied().filter(|port| !is_side_port(*port));
    (!ports.contains(&right)).then(|| main.next()).flatten()
}

/// Whether another variable than `PORT` says that a container listens on a port as well.
fn is_further_port(container: &Container, port: u16) -> bool {
    container.environment.iter().any(|variable| {
        let value = variable.known_value();
        variable.name.value != "PORT" && value.is_some_and(|value| value.text == port.to_string())
    })
}

fn exposed_port(word: &At<String>) -> Option<u16> {
    let number = word.value.strip_suffix("/tcp").unwrap_or(&word.value);
    number.parse().ok()
}

/// The bytes of the ports on the container itself that a command asks.
fn local_ports(command: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for host in ["localhost:", "127.0.0.1:", "[::1]:", "0.0.0.0:"] {
        for (at, _) in command.match_indices(host) {
            let is_name = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
            let start = at + host.len();
            let digits = command[start..].find(|letter: char| !letter.is_ascii_digit());
            let end = digits.map_or(command.len(), |digits| start + digits);
            if !command[..at].ends_with(is_name) && start < end {
                found.push(start..end);
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

/// The URLs in the registry that call a service on a port.
fn callers(product: &Product, callee: &Service, port: u16) -> Vec<(Place, String)> {
    let mut labels = Vec::new();
    for service in product.services() {
        let variables = service.entry.extra_env.known().into_iter();
        for variable in variables.flat_map(|environment| &environment.variables) {
            let Some(text) = variable.value.known() else {
                continue;
            };
            if let Some((host, number, range)) = address(&text.value)
                && host == callee.key()
                && number == port
            {
                let remark = format!("`{}` calls it on port {port}", service.key());
                labels.push((text.part(range), remark));
            }
        }
    }
    labels
}

/// The host of a URL, its port and the bytes of the port.
pub(super) fn address(url: &str) -> Option<(&str, u16, Range<usize>)> {
    let connection = connection::parse(url)?;
    let [host] = connection.hosts.as_slice() else {
        return None;
    };
    let port = host.port.clone()?;
    Some((
        &url[host.name.clone()],
        url[port.clone()].parse().ok()?,
        port,
    ))
}
