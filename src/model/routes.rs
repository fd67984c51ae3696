//! The routes of a product's services: how they are written, and who claims what.

use std::collections::{BTreeMap, HashSet};

use crate::model::product::{Product, Service};
use crate::model::value::Text;

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
