//! The routes of a product's services: how they are written, and who claims what.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;
use crate::source::{Place, Placed};

/// A route and the service that serves it.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    /// Whose it is.
    pub service: &'a Service,
    /// The route as the registry has it.
    pub text: &'a Text,
}

/// What is wrong with the way a route is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteDefect {
    /// Nothing is written.
    Empty,
    /// It does not begin with `/`.
    NoLeadingSlash,
    /// It ends with `/`.
    TrailingSlash,
    /// The same service has it already.
    Repeated,
}

impl Service {
    /// Its routes that are known, in the order of the registry.
    pub fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        let routes = self.entry.routes.known().into_iter();
        routes
            .flat_map(super::registry::List::texts)
            .map(move |text| Route {
                service: self,
                text,
            })
    }

    /// Its routes that are not written as routes are, each with what is wrong.
    pub fn odd_routes(&self) -> Vec<(Route<'_>, RouteDefect)> {
        let mut known = HashSet::new();
        self.routes()
            .filter_map(|route| {
                let text = route.text.value.as_str();
                let is_new = known.insert(text);
                let defect = RouteDefect::of(text);
                let defect = defect.or((!is_new).then_some(RouteDefect::Repeated))?;
                Some((route, defect))
            })
            .collect()
    }
}

impl RouteDefect {
    /// What is wrong with the way a route is written, whatever other routes there are.
    fn of(route: &str) -> Option<Self> {
        if route.is_empty() {
            Some(RouteDefect::Empty)
        } else if !route.starts_with('/') {
            Some(RouteDefect::NoLeadingSlash)
        } else if route.len() > 1 && route.ends_with('/') {
            Some(RouteDefect::TrailingSlash)
        } else {
            None
        }
    }

    /// The route that was meant, where it is certain.
    pub fn corrected(self, route: &str) -> Option<String> {
        match self {
            RouteDefect::NoLeadingSlash => Some(format!("/{}", route.trim_end_matches('/'))),
            RouteDefect::TrailingSlash => {
                Some(route.trim_end_matches('/').to_owned()).filter(|route| !route.is_empty())
            }
            RouteDefect::Empty | RouteDefect::Repeated => None,
        }
    }
}

impl Product {
    /// Routes that several services claim, each with its claimants in the order of the registry.
    pub fn routes_claimed_twice(&self) -> Vec<(&str, Vec<Route<'_>>)> {
        let mut claims: BTreeMap<&str, Vec<Route<'_>>> = BTreeMap::new();
        let mut known = HashSet::new();
        for route in self.services().iter().flat_map(Service::routes) {
            let text = route.text.value.as_str();
            if !text.is_empty() && known.insert((text, route.service.key())) {
                claims.entry(text).or_default().push(route);
            }
        }
        let several = claims
            .into_iter()
            .filter(|(_, claimants)| claimants.len() > 1);
        several.collect()
    }

    /// Pairs of routes of two services of which the first leads to the second's paths as well, since it
    /// is a prefix of it that ends where a segment ends.
    pub fn overlapping_routes(&self) -> Vec<(Route<'_>, Route<'_>)> {
        let mut by_text: BTreeMap<&str, Route<'_>> = BTreeMap::new();
        for route in self.services().iter().flat_map(Service::routes) {
            // What else a route that is written wrongly overlaps follows from that.
            if RouteDefect::of(&route.text.value).is_none() {
                by_text.entry(&route.text.value).or_insert(route);
            }
        }
        let mut pairs = Vec::new();
        for (text, &inner) in &by_text {
            let mut above = *text;
            while let Some((shorter, _)) = above.rsplit_once('/') {
                above = shorter;
                let outer = by_text.get(above);
                if let Some(&outer) = outer
                    && outer.service.key() != inner.service.key()
                {
                    pairs.push((outer, inner));
                    break;
                }
            }
        }
        pairs
    }
}

/// A difference between the routes that a generated file has and those of the registry; one a route.
pub enum RouteDrift<'a> {
    /// The file gives it to another service than the one that claims it.
    OfAnother {
        /// The path, as far as it counts.
        path: String,
        /// What is wrong: who gets it, or the path where it stands among the routes of that service.
        wrong: Placed<String>,
        /// Who gets it, as far as that is a service.
        service: Option<&'a Service>,
        /// Who claims it.
        route: Route<'a>,
        /// Whether a port stands beside who gets it.
        has_port: bool,
        /// Another place that matters.
        label: Option<(Place, String)>,
    },
    /// The file has another path where a route of the service should be.
    Renamed {
        /// The path in the file.
        old: Placed<String>,
        /// The route.
        route: Route<'a>,
    },
    /// The file lacks it.
    Missing {
        /// The route.
        route: Route<'a>,
        /// Where it should be: a part of the file that all services share.
        section: Place,
        /// The same, where that part is the service's own.
        own: Option<Place>,
    },
    /// The file has it, and sends it to nobody.
    Nowhere {
        /// The path in the file.
        path: Placed<String>,
        /// The route.
        route: Route<'a>,
    },
    /// The file has a path that no service claims.
    Unclaimed {
        /// The path in the file.
        path: Placed<String>,
        /// Who gets it.
        service: Option<&'a Service>,
    },
}

/// Who claims which route of a product, as far as that is settled.
pub(super) struct RouteTable<'a> {
    by_path: HashMap<String, Route<'a>>,
    /// By key of the service.
    paths: HashMap<&'a str, Vec<(String, Route<'a>)>>,
    /// Services that claim a route together with another one, or whose routes are not wholly known.
    unsettled: HashSet<&'a str>,
    /// Whether the routes of every service are known.
    pub(super) is_complete: bool,
}

impl<'a> RouteTable<'a> {
    pub(super) fn of(workspace: &Workspace, product: &'a Product) -> Self {
        let mut table = Self {
            by_path: HashMap::new(),
            paths: HashMap::new(),
            unsettled: HashSet::new(),
            is_complete: !product.is_open(),
        };
        for (_, claimants) in product.routes_claimed_twice() {
            let claimants = claimants.into_iter();
            table.unsettled.extend(claimants.map(|it| it.service.key()));
        }
        for service in product.services() {
            let is_known = match &service.entry.routes {
                super::registry::Field::Known(list) => {
                    list.items.len() == list.texts().count()
                        && list
                            .texts()
                            .all(|it| workspace.is_read_as_a_whole(&it.origin))
                }
                field => field.is_absent(),
            };
            if !is_known {
                table.unsettled.insert(service.key());
                table.is_complete = false;
            }
            for route in service.routes() {
                let path = path_of(&route.text.value);
                if path.is_empty() && route.text.value != "/" {
                    table.unsettled.insert(service.key());
                }
                if !path.is_empty() {
                    let first = *table.by_path.entry(path.clone()).or_insert(route);
                    // Written in two ways, it may still be the same path.
                    if first.service.key() != service.key() {
                        let both = [first.service.key(), service.key()];
                        table.unsettled.extend(both);
                    }
                    let paths = table.paths.entry(service.key()).or_default();
                    if !paths.iter().any(|(known, _)| *known == path) {
                        paths.push((path, route));
                    }
                }
            }
        }
        table
    }

    /// Whether what the service claims is known, and nobody else claims it too.
    pub(super) fn is_settled(&self, service: &Service) -> bool {
        !self.unsettled.contains(service.key())
    }

    /// The route of exactly that path.
    pub(super) fn claim(&self, path: &str) -> Option<Route<'a>> {
        self.by_path.get(path).copied()
    }

    /// The routes of a service by their paths.
    pub(super) fn of_service(&self, service: &Service) -> &[(String, Route<'a>)] {
        self.paths.get(service.key()).map_or(&[], Vec::as_slice)
    }

    /// Whether a path is a route of the service, lies below one or leads to one; where `by_segment`, only
    /// by whole segments.
    pub(super) fn concerns(&self, service: &Service, path: &str, by_segment: bool) -> bool {
        let routes = self.of_service(service).iter();
        let mut routes = routes.map(|(route, _)| route.as_str());
        routes.any(|route| {
            let leads = is_below(route, path) || !by_segment && route.starts_with(path);
            leads || is_below(path, route)
        })
    }
}

/// Whether a path is another one or lies below it.
pub(super) fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path as far as it counts: with a leading slash, without a trailing one and without `*` for all that
/// lies below it. Empty for the root.
pub fn path_of(written: &str) -> String {
    let path = written.trim().trim_end_matches('*').trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    }
}
