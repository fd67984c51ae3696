//! The routes of a manifest, those of its modules and those of its gateway.

use std::collections::{HashMap, HashSet};

use super::{Comparison, ManifestDrift, host_and_port, last};
use crate::model::routes::{Route, RouteDrift, is_below, path_of};
use crate::model::service::Service;
use crate::parse::manifest::{Module, Route as Routed, Section};
use crate::source::{At, Place, Placed};

impl<'p> Comparison<'p> {
    /// The routes that modules list and that they also claim.
    pub(super) fn rightly_in_modules(&self, section: &Section<Module>) -> HashSet<String> {
        let mut right = HashSet::new();
        for module in &section.items {
            let service = self.product.service_named(last(&module.name.value));
            for text in module.routes.iter().flat_map(|routes| &routes.items) {
                let path = path_of(&text.value);
                let owner = self.routes.claim(&path).map(|route| route.service.key());
                if owner.is_some() && owner == service.map(Service::key) {
                    right.insert(path);
                }
            }
        }
        right
    }

    /// Compares the routes that the manifest gives a service.
    pub(super) fn routes_of(&mut self, service: &'p Service, section: &'p Section<At<String>>) {
        if !self.routes.is_settled(service) {
            return;
        }
        let mut written: HashSet<String> = HashSet::new();
        let mut strangers = Vec::new();
        for text in &section.items {
            let path = path_of(&text.value);
            let owner = self.routes.claim(&path);
            let placed = text.in_file(self.file);
            match owner {
                Some(route) if route.service.key() == service.key() => {}
                Some(route) => {
                    let drift = RouteDrift::OfAnother {
                        path: path.clone(),
                        wrong: placed.clone(),
                        service: Some(service),
                        route,
                        has_port: false,
                        label: None,
                    };
                    if self.rightly_listed.contains(&path) {
                        strangers.push(Stranger::of_another(placed, service, drift));
                    } else {
                        self.drift.push(ManifestDrift::Route(drift));
                    }
                }
                None if !path.is_empty() => {
                    strangers.push(Stranger::unclaimed(placed, Some(service)));
                }
                None => {}
            }
            written.insert(path);
        }
        let claimed = self.routes.of_service(service).iter();
        let missing: Vec<Route> = claimed
            .filter(|(path, _)| !section.is_open && !written.contains(path))
            .map(|(_, route)| *route)
            .collect();
        let key = self.place(section.key);
        self.pair(strangers, missing, key, Some(key));
    }

    /// Of paths that nobody claims and routes that are missing, one of each is a path that changed.
    fn pair(
        &mut self,
        mut strangers: Vec<Stranger<'p>>,
        mut missing: Vec<Route<'p>>,
        section: Place,
        own: Option<Place>,
    ) {
        if !self.is_closed || !self.routes.is_complete {
            strangers.retain(|stranger| matches!(stranger.drift, RouteDrift::OfAnother { .. }));
            missing.clear();
        }
        if let ([stranger], [route]) = (strangers.as_slice(), missing.as_slice()) {
            let (old, route) = (stranger.path.clone(), *route);
            self.drift
                .push(ManifestDrift::Route(RouteDrift::Renamed { old, route }));
            strangers.clear();
            missing.clear();
        }
        let strangers = strangers.into_iter();
        let unclaimed = strangers.map(|stranger| stranger.drift);
        let missing = missing.into_iter();
        let missing = missing.map(|route| RouteDrift::Missing {
            route,
            section,
            own,
        });
        let all = unclaimed.chain(missing).map(ManifestDrift::Route);
        self.drift.extend(all);
    }

    pub(super) fn gateway(&mut self, section: &'p Section<Routed>, left_out: &HashSet<&str>) {
        let mut covered: HashMap<&str, Vec<String>> = HashMap::new();
        let mut paths: HashSet<String> = HashSet::new();
        let mut strangers: Vec<Stranger<'p>> = Vec::new();
        let rightly_listed = self.rightly_routed(section);
        for item in &section.items {
            let path = path_of(&item.path.value);
            let claim = self.routes.claim(&path);
            let placed = item.path.in_file(self.file);
            paths.insert(path.clone());
            let Some(target) = &item.target else {
                if claim.is_none() && !path.is_empty() {
                    strangers.push(Stranger::unclaimed(placed, None));
                }
                continue;
            };
            let (host, port) = host_and_port(&target.value);
            let named = Placed {
                value: target.value[host.clone()].to_owned(),
                place: self.place(target.part(host)),
            };
            let Some(service) = self.product.service_named(&named.value) else {
                if self.is_closed && self.is_no_service(&named.value) {
                    let meant = claim.map(|route| route.service.key());
                    match meant {
                        Some(_) => self
                            .drift
                            .push(ManifestDrift::UnknownService { name: named, meant }),
                        // A path that no service claims may lead to a web app.
                        None if self.is_run(&named.value) => self.unknown_service(named),
                        None => {}
                    }
                }
                continue;
            };
            let is_of_another = claim.filter(|route| {
                let is_settled = self.routes.is_settled(route.service);
                route.service.key() != service.key() && is_settled
            });
            if let Some(route) = is_of_another
                && self.routes.is_settled(service)
            {
                let drift = RouteDrift::OfAnother {
                    path: path.clone(),
                    wrong: named,
                    service: Some(service),
                    route,
                    has_port: port.is_some() || item.port.is_some(),
                    label: None,
                };
                if rightly_listed.contains(&path) {
                    strangers.push(Stranger::of_another(placed, service, drift));
                } else {
                    self.drift.push(ManifestDrift::Route(drift));
                }
                continue;
            }
            if let Some(range) = port {
                self.port(service, target, range);
            } else if let Some(port) = &item.port {
                self.port(service, port, 0..port.value.len());
            }
            let is_stray = !path.is_empty() && !self.routes.concerns(service, &path, true);
            if is_stray && self.routes.is_settled(service) {
                strangers.push(Stranger::unclaimed(placed, Some(service)));
            }
            covered.entry(service.key()).or_default().push(path);
        }
        let is_covered = |service: &Service, route: &String| {
            let paths_of = covered.get(service.key());
            paths.contains(route)
                || paths_of.is_some_and(|paths| paths.iter().any(|path| is_below(route, path)))
        };
        let mut missing = Vec::new();
        let (mut all, mut found) = (0, 0);
        for service in self.product.services() {
            for (path, route) in self.routes.of_service(service) {
                let is_there = is_covered(service, path);
                all += 1;
                found += usize::from(is_there);
                let key = service.key();
                let is_said = left_out.contains(key)
                    || self.not_run.contains(key)
                    || !self.routes.is_settled(service);
                if !is_there && !is_said {
                    missing.push(*route);
                }
            }
        }
        if section.is_open || found * 2 < all {
            missing.clear();
        }
        let key = self.place(section.key);
        self.pair_by_service(strangers, missing, key);
    }

    /// The paths that the gateway sends to the services that claim them.
    fn rightly_routed(&self, section: &Section<Routed>) -> HashSet<String> {
        let items = section.items.iter();
        let right = items.filter_map(|item| {
            let (path, target) = (path_of(&item.path.value), item.target.as_ref()?);
            let (host, _) = host_and_port(&target.value);
            let service = self.product.service_named(&target.value[host])?;
            let route = self.routes.claim(&path)?;
            (route.service.key() == service.key()).then_some(path)
        });
        right.collect()
    }

    /// Pairs what nobody claims with what is missing, service by service.
    fn pair_by_service(
        &mut self,
        strangers: Vec<Stranger<'p>>,
        missing: Vec<Route<'p>>,
        section: Place,
    ) {
        let is_without_service = strangers.iter().all(|it| it.service.is_none());
        if is_without_service {
            self.pair(strangers, missing, section, None);
            return;
        }
        let mut by_service: HashMap<&str, (Vec<_>, Vec<Route<'p>>)> = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        for route in missing {
            let key = route.service.key();
            order.push(key);
            by_service.entry(key).or_default().1.push(route);
        }
        for stranger in strangers {
            let key = stranger.service.map_or("", Service::key);
            order.push(key);
            by_service.entry(key).or_default().0.push(stranger);
        }
        for key in order {
            if let Some((strangers, missing)) = by_service.remove(key) {
                self.pair(strangers, missing, section, None);
            }
        }
    }
}

/// A path that is none of the routes of the service that it is given to.
struct Stranger<'p> {
    path: Placed<String>,
    service: Option<&'p Service>,
    /// What is wrong, unless it stands where a missing route should.
    drift: RouteDrift<'p>,
}

impl<'p> Stranger<'p> {
    fn unclaimed(path: Placed<String>, service: Option<&'p Service>) -> Self {
        Self {
            path: path.clone(),
            service,
            drift: RouteDrift::Unclaimed { path, service },
        }
    }

    fn of_another(path: Placed<String>, service: &'p Service, drift: RouteDrift<'p>) -> Self {
        Self {
            path,
            service: Some(service),
            drift,
        }
    }
}
