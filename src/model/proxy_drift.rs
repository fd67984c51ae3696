//! Where nginx sends the routes of a product, against what the registry says.

mod addresses;
mod fate;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::catalogue::Guesser;
use crate::model::Workspace;
use crate::model::mounts::{relative_path, written_at};
use crate::model::ports::earlier_claimants;
use crate::model::product::Product;
use crate::model::proxies::{Leads, Location, Proxy, Server};
use crate::model::routes::{Route, RouteDrift, RouteTable, is_below, path_of};
use crate::model::service::Service;
use crate::source::{Existence, Place, Placed, parent};
use fate::{Fate, Located, fate, is_path};

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
        let mut told: HashSet<Place> = HashSet::new();
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
                _ => {
                    // An upstream that is named after the owner is right, and what stands in it is wrong.
                    let name = target.named.value.replace('_', "-");
                    let is_named_so = target.is_upstream && name.contains(route.service.key());
                    let inside = target.addresses.first().filter(|_| is_named_so);
                    if inside.is_some_and(|it| !told.insert(it.host.place)) {
                        continue;
                    }
                    RouteDrift::OfAnother {
                        path,
                        wrong: inside.map_or(&target.named, |it| &it.host).clone(),
                        service: *service,
                        route,
                        has_port: target.addresses.iter().any(|it| it.port.is_some()),
                        label: Some((location.path.place, "its location".to_owned())),
                    }
                }
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

/// Whether something is not known of the services or of their routes.
fn product_is_open(product: &Product, routes: &RouteTable) -> bool {
    product.is_open() || !routes.is_complete
}
