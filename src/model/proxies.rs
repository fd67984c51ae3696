//! nginx configurations that lead to a product's services: their servers, locations and targets.

pub(super) mod leading;
mod read;

use crate::source::{FileId, Place, Placed};

/// An nginx configuration.
#[derive(Debug)]
pub struct Proxy {
    /// The file.
    pub file: FileId,
    /// Whether a container of the product mounts it.
    pub is_mounted: bool,
    /// Its servers, in order.
    pub servers: Vec<Server>,
    /// Whether `localhost` is the container that runs it.
    pub is_alone: bool,
    /// Whether it includes files that may hold further servers, or could not be read as a whole.
    pub is_open: bool,
}

/// A server of a configuration.
#[derive(Debug)]
pub struct Server {
    /// The word `server`.
    pub name: Place,
    /// Its locations, those in other locations included.
    pub locations: Vec<Location>,
    /// Whether it may answer requests in a way that its locations do not show.
    pub is_open: bool,
}

/// A location, and where it leads.
#[derive(Debug)]
pub struct Location {
    /// The path or the regular expression.
    pub path: Placed<String>,
    /// Which requests it is for.
    pub matching: Matching,
    /// Every target that it names.
    pub targets: Vec<Target>,
    /// Where its requests go.
    pub leads: Leads,
}

/// Which requests a location is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// `= /path`
    Exact,
    /// `/path`
    Prefix,
    /// `^~ /path`, after which no regular expression is asked.
    FirmPrefix,
    /// `~ pattern` and `~* pattern`
    Pattern,
    /// `@name`, for requests that were sent on.
    Named,
}

/// Where the requests of a location go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To its first target.
    On,
    /// Nowhere: at most to files.
    Nowhere,
    /// They are refused.
    Refused,
    /// That cannot be told.
    Unknown,
}

/// What a `proxy_pass` names.
#[derive(Debug)]
pub struct Target {
    /// Where it is named, in the location itself.
    pub named: Placed<String>,
    /// The servers behind that name: one, or those of an `upstream`.
    pub addresses: Vec<Address>,
    /// Whether the name is that of an `upstream`.
    pub is_upstream: bool,
}

/// A host and a port.
#[derive(Clone, Debug)]
pub struct Address {
    /// The host.
    pub host: Placed<String>,
    /// The port, where one is written.
    pub port: Option<Placed<u16>>,
}

impl Proxy {
    /// Every location of every server.
    pub fn locations(&self) -> impl Iterator<Item = &Location> {
        self.servers.iter().flat_map(|server| &server.locations)
    }
}
