//! Which location of a server gets the requests for a route.

use std::collections::HashMap;

use crate::model::proxies::{Leads, Location, Matching, Server};
use crate::model::routes::path_of;
use crate::model::service::Service;

/// What becomes of the requests for a route.
pub(super) fn fate(
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
pub(super) enum Fate {
    /// Its service gets them, by the location of that number.
    Served(usize),
    /// No service gets them.
    Unserved,
    /// That cannot be told.
    Unknown,
}

/// The locations of a server by their paths.
pub(super) struct Located<'a> {
    exact: HashMap<&'a str, usize>,
    prefixes: HashMap<&'a str, usize>,
    patterns: Vec<&'a str>,
}

impl<'a> Located<'a> {
    pub(super) fn of(server: &'a Server) -> Self {
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
pub(super) fn is_path(location: &Location) -> bool {
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
