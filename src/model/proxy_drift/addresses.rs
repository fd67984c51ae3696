//! Who answers to the hosts and the ports that nginx sends requests to.

use std::collections::HashSet;

use super::fate::is_path;
use super::{Comparison, ProxyDrift};
use crate::model::compose::Service as Container;
use crate::model::loopbacks::is_itself;
use crate::model::names::is_word;
use crate::model::ports::is_side_port;
use crate::model::proxies::{Address, Proxy, Target};
use crate::model::routes::{Route, path_of};
use crate::model::service::Service;
use crate::source::{Place, Placed};

/// Who answers to a host.
enum Answering<'a> {
    Service(&'a Service),
    Container(&'a Container),
    Nobody,
    Unknown,
}

impl<'p> Comparison<'p> {
    /// Compares hosts and ports, each where it is written and once.
    pub(super) fn addresses(&mut self, proxy: &'p Proxy) {
        let mut seen: HashSet<Place> = HashSet::new();
        for location in proxy.locations() {
            let path = path_of(&location.path.value);
            let claim = self.routes.claim(&path).filter(|_| is_path(location));
            for target in &location.targets {
                for address in &target.addresses {
                    if seen.insert(address.host.place) {
                        self.address(proxy, address, target, claim);
                    }
                }
            }
        }
    }

    fn address(
        &mut self,
        proxy: &Proxy,
        address: &'p Address,
        target: &Target,
        claim: Option<Route<'p>>,
    ) {
        match self.answering(&address.host.value) {
            Answering::Nobody => {
                // Where the file runs elsewhere, only the route says whose host it should be.
                let meant = claim.map(|route| route.service.key());
                if !proxy.is_mounted && meant.is_none() && !self.is_only_stranger(proxy, address) {
                    return;
                }
                let keys = self.product.services().iter().map(Service::key);
                let host = address.host.clone();
                let meant = meant.or_else(|| self.guesser.nearest(&host.value, keys));
                self.drift.push(ProxyDrift::UnknownHost { host, meant });
            }
            Answering::Service(service) => {
                let is_of_another = claim.is_some_and(|route| route.service.key() != service.key());
                if !is_of_another {
                    self.port(proxy, address, target, service);
                }
            }
            Answering::Container(_) | Answering::Unknown => {}
        }
    }

    /// Whether a service or a container answers to every other host of a configuration, which shows that it
    /// runs beside them.
    fn is_only_stranger(&self, proxy: &Proxy, stranger: &Address) -> bool {
        let targets = proxy.locations().flat_map(|location| &location.targets);
        let hosts = targets.flat_map(|target| &target.addresses);
        let mut hosts = hosts
            .filter(|other| other.host.value != stranger.host.value)
            .peekable();
        hosts.peek().is_some()
            && hosts.all(|other| {
                let answering = self.answering(&other.host.value);
                matches!(answering, Answering::Service(_) | Answering::Container(_))
            })
    }

    fn port(&mut self, proxy: &Proxy, address: &Address, target: &Target, service: &'p Service) {
        let port = service.entry.port.known();
        let right = port.filter(|port| self.workspace.is_read_as_a_whole(&port.origin));
        let Some(right) = right.map(|port| port.value) else {
            return;
        };
        let (wrong, asked) = match &address.port {
            Some(port) => {
                let text = self.workspace.sources.slice(port.place).to_owned();
                let place = port.place;
                (Placed { value: text, place }, port.value)
            }
            // Elsewhere something may translate the port that every web server has.
            None if proxy.is_mounted || target.is_upstream => (address.host.clone(), 80),
            None => return,
        };
        let is_translated = !proxy.is_mounted && asked == 80;
        let is_yielding = self.yielding.contains(&(right, service.key()));
        if asked == right || is_translated || is_yielding || self.is_side_port(service, asked) {
            return;
        }
        self.drift.push(ProxyDrift::Port {
            service,
            wrong,
            asked,
            right,
            is_written: address.port.is_some(),
        });
    }

    /// Whether a service has a port besides its own: for debugging and metrics, in a variable, or published
    /// with its own.
    fn is_side_port(&self, service: &Service, port: u16) -> bool {
        let right = service.entry.port.known().map(|port| port.value);
        is_side_port(port)
            || self.workspace.stacks_of(self.product).any(|stack| {
                let Some(container) = service.container(stack) else {
                    return false;
                };
                let is_in_variable = container.environment.iter().any(|variable| {
                    let value = variable.known_value();
                    variable.name.value != "PORT"
                        && value.is_some_and(|value| value.text == port.to_string())
                });
                let targets = || container.ports.iter().filter_map(|port| port.target);
                let is_beside = targets().any(|target| Some(target) == right)
                    && targets().any(|target| target == port);
                is_in_variable || is_beside
            })
    }

    fn answering(&self, host: &str) -> Answering<'p> {
        if let Some(service) = self.product.service_named(host) {
            return Answering::Service(service);
        }
        let (workspace, product) = (self.workspace, self.product);
        for &index in &product.stacks {
            let stack = &workspace.stacks[index];
            if let Some(container) = stack.answering_to(host) {
                let user = (index, stack.position(container));
                return match workspace.service_of(user) {
                    Some(service) if service.product == product.name => Answering::Service(service),
                    Some(_) => Answering::Unknown,
                    None => Answering::Container(container),
                };
            }
        }
        let is_internal = is_word(host) && host != "localhost";
        let is_closed = workspace.development(product).is_some()
            && !product.is_open()
            && workspace
                .stacks_of(product)
                .all(|stack| stack.open.is_empty() && stack.external_networks.is_empty());
        let mut stacks = workspace.stacks.iter();
        let is_elsewhere = workspace
            .products()
            .iter()
            .any(|it| it.service_named(host).is_some())
            || stacks.any(|stack| stack.by_host(host).is_some());
        if is_internal && is_closed && !is_elsewhere {
            Answering::Nobody
        } else {
            Answering::Unknown
        }
    }

    /// The service that all servers of a target are.
    pub(super) fn service_behind(&self, target: &Target) -> Option<&'p Service> {
        let mut services =
            target
                .addresses
                .iter()
                .map(|address| match self.answering(&address.host.value) {
                    Answering::Service(service) => Some(service),
                    _ => None,
                });
        let first = services.next()??;
        let is_it = |service: Option<&Service>| service.is_some_and(|it| it.key() == first.key());
        services.all(is_it).then_some(first)
    }

    /// Whether a target certainly serves no routes: it is other software, such as a database, or the
    /// container of nginx itself.
    pub(super) fn is_no_server(&self, proxy: &Proxy, target: &Target) -> bool {
        let mut addresses = target.addresses.iter();
        addresses.all(|address| match self.answering(&address.host.value) {
            _ if is_itself(&address.host.value) => proxy.is_alone,
            Answering::Container(container) => {
                container.is_postgres() || container.is_other_software() && !is_gateway(container)
            }
            _ => false,
        })
    }
}

fn is_gateway(container: &Container) -> bool {
    let image = container.image_name().unwrap_or_default();
    image.contains("nginx") || image == "node" || container.build.is_some()
}
