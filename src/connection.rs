//! Connection strings: `scheme://user:password@host:port/database?parameters`, as libpq reads them
//! (PostgreSQL manual, 34.1.1.2 "Connection URIs"), with `${…}` allowed in every part.

use std::ops::Range;

/// A connection string, taken apart. All ranges are bytes of the text it was read from; a part that is
/// absent is `None`, an empty one an empty range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The whole string.
    pub range: Range<usize>,
    /// The scheme, without `://`.
    pub scheme: Range<usize>,
    /// The user.
    pub user: Option<Range<usize>>,
    /// The password.
    pub password: Option<Range<usize>>,
    /// The hosts with their ports; more than one for a libpq fail-over list.
    pub hosts: Vec<Host>,
    /// The path without its leading `/`, up to `?`.
    pub database: Option<Range<usize>>,
    /// `name=value` pairs after `?`.
    pub parameters: Vec<(Range<usize>, Range<usize>)>,
}

/// One host of a connection string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name or address; brackets of an IPv6 address excluded.
    pub name: Range<usize>,
    /// The port.
    pub port: Option<Range<usize>>,
}

/// Reads a text that is one connection string and nothing else (white space around it aside). `None`
/// where it has no scheme. `${…}` counts as one opaque piece wherever it stands: `${URL}` alone is
/// `None`, `${SCHEME}://…` is not.
pub fn parse(text: &str) -> Option<Connection> {
    let _ = text;
    None
}

/// Every connection string of a database (`postgres`, `postgresql`, `mysql`, `mongodb`, …) that stands
/// anywhere in a text, such as a script or a JSON file.
pub fn find(text: &str) -> Vec<Connection> {
    let _ = text;
    Vec::new()
}

/// A part with its percent escapes resolved (RFC 3986, 2.1); an escape that is none stays as written.
pub fn decode(part: &str) -> String {
    part.to_owned()
}
