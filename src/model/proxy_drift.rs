//! Where nginx sends the routes of a product, against what the registry says.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::catalogue::Guesser;
use crate::model::Workspace;
use crate::model::compose::Service as Container;
use crate::model::mounts::{relative_path, written_at};
use crate::model::ports::{earlier_claimants, is_side_port};
use crate::model::product::{Product, Service};
use crate::model::proxies::{Address, Leads, Location, Matching, Proxy, Server, Target};
use crate::model::routes::{Route, RouteDrift, RouteTable, is_below, path_of};
use crate::source::{Existence, Place, Placed, parent};

/// A difference between an nginx configuration and the registry.
pub enum ProxyDrift<'a> {
    /// Nobody answers to a host.
    UnknownHost {
        /// The host.
        host: Placed<String>,
        /// The hostname that was probably meant.
        meant: Option<&'a str>,
    },
    /// The service listens on another port.
    Port {
        /// Which service.
        service: &'a Service,
        /// The port; the host, where no port is written.
        wrong: Placed<String>,
        /// The port that nginx asks.
        asked: u16,
        /// The port that the registry says.
        right: u16,
        /// Whether the port is written.
        is_written: bool,
    },
    /// The file that nginx mounts is not there.
    NoFile {
        /// The path on the host, where it is written.
        source: Placed<String>,
        /// The path of a configuration that nothing mounts.
        right: Option<String>,
    },
    /// A difference of routes.
    Route {
        /// Which.
        drift: RouteDrift<'a>,
        /// Whether other generated files lack the service as well.
        is_left_out: bool,
    },
}

/// Who answers to a host.
enum Answering<'a> {
    Service(&'a Service),
    Container(&'a Container),
    Nobody,
    Unknown,
}

impl Workspace<'_> {
    /// How the nginx configurations of a product differ from its registry.
    pub fn proxy_drift<'p>(&'p self, product: &'p Product) -> Vec<ProxyDrift<'p>> {
        let mut drift = self.missing_configurations(product);
        if product.proxies.is_empty() {
            return drift;
        }
        let mut comparison = Comparison {
            workspace: self,
            product,
            routes: RouteTable::of(self, product),
            not_run: self.services_not_run(product),
            in_manifests: self.services_in_manifests(product),
            yielding: earlier_claimants(product),
            servers_by_path: HashMap::new(),
            guesser: Guesser::default(),
            drift: Vec::new(),
        };
        for proxy in &product.proxies {
            let folder = comparison.folder(proxy);
            for server in &proxy.servers {
                for location in server.locations.iter().filter(|it| is_path(it)) {
                    let key = (folder, path_of(&location.path.value));
                    let servers = comparison.servers_by_path.entry(key).or_default();
                    servers.push(server.name);
                }
            }
        }
        for proxy in &product.proxies {
            comparison.addresses(proxy);
        }
        for proxy in &product.proxies {
            for server in &proxy.servers {
                comparison.server(proxy, server);
            }
        }
        drift.extend(comparison.drift);
        drift
    }

    /// Configurations that the development set mounts for nginx from where there is nothing.
    fn missing_configurations<'p>(&'p self, product: &'p Product) -> Vec<ProxyDrift<'p>> {
        let Some(stack) = self.development(product) else {
            return Vec::new();
        };
        let services = stack.services.iter().filter(|service| !service.is_extended);
        let mounts = services.flat_map(|service| &service.mounts);
        let unused = product.proxies.iter().filter(|proxy| !proxy.is_mounted);
        let unused: Vec<&Proxy> = unused.collect();
        let right = match unused.as_slice() {
            [only] => {
                let path = &self.sources.file(only.file).path;
                Some(relative_path(&stack.folder, path))
            }
            _ => None,
        };
        let is_lost = |path: &str| {
            [".conf", ".template"].iter().any(|end| path.ends_with(end))
                && self.sources.existence(path) == Existence::Missing
        };
        mounts
            .filter(|mount| mount.target.text.starts_with("/etc/nginx/"))
            .filter(|mount| stack.host_path(mount).is_some_and(|path| is_lost(&path)))
            .filter_map(|mount| {
                let source = Placed {
                    value: mount.source.text.clone(),
                    place: written_at(&mount.source)?,
                };
                let right = right.clone();
                Some(ProxyDrift::NoFile { source, right })
            })
            .collect()
    }
}

struct Comparison<'p> {
    workspace: &'p Workspace<'p>,
    product: &'p Product,
    routes: RouteTable<'p>,
    not_run: HashSet<&'p str>,
    /// The services that the manifests name, where there are any.
    in_manifests: Option<HashSet<&'p str>>,
    yielding: BTreeSet<(u16, &'p str)>,
    /// The servers that have a location for a path, by the folder of their file and the path.
    servers_by_path: HashMap<(&'p str, String), Vec<Place>>,
    guesser: Guesser,
    drift: Vec<ProxyDrift<'p>>,
}

impl<'p> Comparison<'p> {
    /// Compares hosts and ports, each where it is written and once.
    fn addresses(&mut self, proxy: &'p Proxy) {
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
                if !proxy.is_mounted && meant.is_none() {
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
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_internal = host.bytes().all(is_name) && host != "localhost";
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
    fn service_behind(&self, target: &Target) -> Option<&'p Service> {
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
    fn is_no_server(&self, proxy: &Proxy, target: &Target) -> bool {
        let is_itself = |host: &str| ["localhost", "127.0.0.1", "0.0.0.0"].contains(&host);
        let mut addresses = target.addresses.iter();
        addresses.all(|address| match self.answering(&address.host.value) {
            _ if is_itself(&address.host.value) => proxy.is_alone,
            Answering::Container(container) => {
                container.is_postgres() || container.is_other_software() && !is_gateway(container)
            }
            _ => false,
        })
    }

    fn server(&mut self, proxy: &'p Proxy, server: &'p Server) {
        let located = Located::of(server);
        let is_generated = self.workspace.has_generated_header(proxy.file);
        let behind: Vec<Option<&'p Service>> = server
            .locations
            .iter()
            .map(|location| self.service_behind(location.targets.first()?))
            .collect();
        let mut unserved: Vec<Route<'p>> = Vec::new();
        let (mut all, mut reached) = (0, 0);

        for service in self.product.services() {
            for (path, route) in self.routes.of_service(service) {
                all += 1;
                match fate(server, &located, &behind, service, path) {
                    // What is generated has a location for every route, and nobody shortens its path.
                    Fate::Served(number)
                        if is_generated
                            && !is_below(path, &path_of(&server.locations[number].path.value)) =>
                    {
                        unserved.push(*route);
                    }
                    Fate::Served(_) => reached += 1,
                    Fate::Unserved => unserved.push(*route),
                    Fate::Unknown => {}
                }
            }
        }
        let is_front = reached * 2 >= all && reached > 0 || is_generated && proxy.is_mounted;
        unserved.retain(|route| {
            let key = route.service.key();
            self.routes.is_settled(route.service) && !self.not_run.contains(key)
        });
        unserved.retain(|route| !self.is_served_elsewhere(proxy, server, *route));
        if !is_front {
            unserved.clear();
        }
        self.wrong_services(proxy, server, &behind, &mut unserved);
        if !is_front || product_is_open(self.product, &self.routes) {
            return;
        }
        let strays = self.strays(server, &behind, is_generated);
        self.unserved(proxy, server, unserved, strays, is_generated);
    }

    /// Locations of a route that lead to another service than the one that claims it.
    fn wrong_services(
        &mut self,
        proxy: &Proxy,
        server: &'p Server,
        behind: &[Option<&'p Service>],
        unserved: &mut Vec<Route<'p>>,
    ) {
        let mut right: HashSet<String> = HashSet::new();
        for (location, service) in server.locations.iter().zip(behind) {
            let path = path_of(&location.path.value);
            let claim = self.routes.claim(&path).filter(|_| is_path(location));
            if let (Some(service), Some(route)) = (service, claim)
                && service.key() == route.service.key()
            {
                right.insert(path);
            }
        }
        for (location, service) in server.locations.iter().zip(behind) {
            let path = path_of(&location.path.value);
            let claim = self.routes.claim(&path).filter(|_| is_path(location));
            let (Some(route), Some(target)) = (claim, location.targets.first()) else {
                continue;
            };
            let is_right = service.is_some_and(|it| it.key() == route.service.key());
            let is_certain = location.leads == Leads::On
                && (service.is_some() || self.is_no_server(proxy, target));
            let is_settled = self.routes.is_settled(route.service)
                && service.is_none_or(|service| self.routes.is_settled(service));
            if is_right || !is_certain || !is_settled {
                continue;
            }
            let own = service.map(|service| {
                let is_its = |it: &Route| it.service.key() == service.key();
                let mut own = unserved.iter().filter(|it| is_its(it));
                own.next().copied().filter(|_| own.next().is_none())
            });
            let drift = match own.flatten() {
                // Somebody else serves the route already: here the path is wrong.
                Some(own) if right.contains(&path) => {
                    unserved.retain(|it| it.text.place() != own.text.place());
                    RouteDrift::Renamed {
                        old: location.path.clone(),
                        route: own,
                    }
                }
                _ => RouteDrift::OfAnother {
                    path,
                    wrong: target.named.clone(),
                    service: *service,
                    route,
                    has_port: target.addresses.iter().any(|it| it.port.is_some()),
                    label: Some((location.path.place, "its location".to_owned())),
                },
            };
            self.drift.push(ProxyDrift::Route {
                drift,
                is_left_out: false,
            });
        }
    }

    /// Locations that lead to a service and have a path that is none of its routes, with the service.
    fn strays(
        &self,
        server: &'p Server,
        behind: &[Option<&'p Service>],
        is_generated: bool,
    ) -> Vec<(&'p Location, &'p Service)> {
        let locations = server.locations.iter().zip(behind);
        locations
            .filter_map(|(location, service)| Some((location, (*service)?)))
            .filter(|(location, service)| {
                let path = path_of(&location.path.value);
                is_path(location)
                    && !path.is_empty()
                    && self.routes.claim(&path).is_none()
                    && !self.routes.concerns(service, &path, is_generated)
                    && self.routes.is_settled(service)
            })
            .collect()
    }

    fn unserved(
        &mut self,
        proxy: &Proxy,
        server: &Server,
        unserved: Vec<Route<'p>>,
        strays: Vec<(&'p Location, &'p Service)>,
        is_generated: bool,
    ) {
        let mut strays_of: HashMap<&str, Vec<&'p Location>> = HashMap::new();
        for (location, service) in &strays {
            strays_of.entry(service.key()).or_default().push(location);
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for route in &unserved {
            *counts.entry(route.service.key()).or_default() += 1;
        }
        let emptied: HashMap<String, &Location> = server
            .locations
            .iter()
            .filter(|location| location.leads == Leads::Nowhere && is_path(location))
            .map(|location| (path_of(&location.path.value), location))
            .collect();
        let mut paired: HashSet<Place> = HashSet::new();
        for route in unserved {
            let key = route.service.key();
            let strays = strays_of.get(key).map_or(&[][..], Vec::as_slice);
            let drift = match strays {
                [stray] if counts[key] == 1 => {
                    paired.insert(stray.path.place);
                    RouteDrift::Renamed {
                        old: stray.path.clone(),
                        route,
                    }
                }
                _ if emptied.contains_key(&path_of(&route.text.value)) => RouteDrift::Nowhere {
                    path: emptied[&path_of(&route.text.value)].path.clone(),
                    route,
                },
                _ if server.is_open || proxy.is_open => continue,
                _ => RouteDrift::Missing {
                    route,
                    section: server.name,
                    own: None,
                },
            };
            let is_left_out = self.is_left_out(route.service);
            self.drift.push(ProxyDrift::Route { drift, is_left_out });
        }
        for (location, service) in strays {
            if is_generated && !paired.contains(&location.path.place) {
                self.drift.push(ProxyDrift::Route {
                    drift: RouteDrift::Unclaimed {
                        path: location.path.clone(),
                        service: Some(service),
                    },
                    is_left_out: false,
                });
            }
        }
    }

    /// Whether the init SQL or the manifest lacks the service as well.
    fn is_left_out(&self, service: &Service) -> bool {
        let init = self.product.init_sql.as_ref();
        let is_created = |name: &str| {
            init.is_none_or(|init| init.creates.iter().any(|created| created.value == name))
        };
        !self
            .in_manifests
            .as_ref()
            .is_none_or(|named| named.contains(service.key()))
            || service.database().is_some_and(|name| !is_created(name))
    }

    /// Whether another server, in this file or beside it, has a location for exactly that route.
    fn is_served_elsewhere(&self, proxy: &Proxy, server: &Server, route: Route) -> bool {
        let key = (self.folder(proxy), path_of(&route.text.value));
        let servers = self.servers_by_path.get(&key);
        servers.is_some_and(|servers| servers.iter().any(|other| *other != server.name))
    }

    fn folder(&self, proxy: &Proxy) -> &'p str {
        parent(&self.workspace.sources.file(proxy.file).path)
    }
}

/// What becomes of the requests for a route.
fn fate(
    server: &Server,
    located: &Located,
    behind: &[Option<&Service>],
    service: &Service,
    path: &str,
) -> Fate {
    let mut fate = Fate::Unserved;
    for request in [path.to_owned(), format!("{path}/x")] {
        let Some(number) = located.longest(server, &request) else {
            if located.patterns.iter().any(|it| may_match(it, &request)) {
                fate = Fate::Unknown;
            }
            continue;
        };
        let location = &server.locations[number];
        let is_it = behind[number].is_some_and(|it| it.key() == service.key());
        let is_asked_first = !matches!(location.matching, Matching::Exact | Matching::FirmPrefix);
        if is_it {
            return Fate::Served(number);
        }
        if is_asked_first && located.patterns.iter().any(|it| may_match(it, &request)) {
            fate = Fate::Unknown;
            continue;
        }
        let is_root = path_of(&location.path.value).is_empty();
        let is_lost = match location.leads {
            Leads::Nowhere => true,
            Leads::Refused => path_of(&location.path.value) != path,
            Leads::On => is_root && behind[number].is_none(),
            Leads::Unknown => false,
        };
        if !is_lost {
            fate = Fate::Unknown;
        }
    }
    fate
}

/// What becomes of the requests for a route.
enum Fate {
    /// Its service gets them, by the location of that number.
    Served(usize),
    /// No service gets them.
    Unserved,
    /// That cannot be told.
    Unknown,
}

/// The locations of a server by their paths.
struct Located<'a> {
    exact: HashMap<&'a str, usize>,
    prefixes: HashMap<&'a str, usize>,
    patterns: Vec<&'a str>,
}

impl<'a> Located<'a> {
    fn of(server: &'a Server) -> Self {
        let mut located = Self {
            exact: HashMap::new(),
            prefixes: HashMap::new(),
            patterns: Vec::new(),
        };
        for (number, location) in server.locations.iter().enumerate() {
            let path = location.path.value.as_str();
            match location.matching {
                Matching::Exact => {
                    located.exact.entry(path).or_insert(number);
                }
                Matching::Prefix | Matching::FirmPrefix => {
                    located.prefixes.entry(path).or_insert(number);
                }
                Matching::Pattern => located.patterns.push(path),
                Matching::Named => {}
            }
        }
        located
    }

    /// The location that nginx takes for a request unless a regular expression matches: the exact one,
    /// else the one with the longest prefix.
    fn longest(&self, server: &Server, request: &str) -> Option<usize> {
        let exact = self.exact.get(request).copied();
        let prefix = || {
            let mut ends = (0..=request.len())
                .rev()
                .filter(|end| request.is_char_boundary(*end));
            ends.find_map(|end| self.prefixes.get(&request[..end]))
                .copied()
        };
        exact
            .or_else(prefix)
            .filter(|number| *number < server.locations.len())
    }
}

/// Whether a location is for a path and what lies below it, or for a path alone.
fn is_path(location: &Location) -> bool {
    !matches!(location.matching, Matching::Pattern | Matching::Named)
}

/// Whether a regular expression might match a request; only what stands for itself at its beginning is
/// understood.
fn may_match(pattern: &str, request: &str) -> bool {
    let Some(anchored) = pattern.strip_prefix('^') else {
        // Endings of files, which no route has.
        return !pattern.starts_with("\\.") || request.contains('.');
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_".contains(letter);
    let length = anchored
        .find(|letter| !is_plain(letter))
        .unwrap_or(anchored.len());
    let follows = anchored[length..].chars().next();
    // The last letter may be optional.
    let is_optional = matches!(follows, Some('?' | '*' | '{' | '|'));
    let plain = &anchored[..length - usize::from(is_optional && length > 0)];
    let folded = request.to_ascii_lowercase();
    follows == Some('|') || folded.starts_with(&plain.to_ascii_lowercase())
}

/// Whether something is not known of the services or of their routes.
fn product_is_open(product: &Product, routes: &RouteTable) -> bool {
    product.is_open() || !routes.is_complete
}

fn is_gateway(container: &Container) -> bool {
    let image = container.image_name().unwrap_or_default();
    image.contains("nginx") || image == "node" || container.build.is_some()
}
