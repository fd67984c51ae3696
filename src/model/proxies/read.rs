//! What the directives of a configuration mean: where each location leads.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::{Address, Leads, Location, Matching, Proxy, Server, Target};
use crate::parse::nginx::{Directive, NginxFile};
use crate::source::{At, FileId, Placed, Span, file_name};

impl Proxy {
    pub(super) fn of(file: FileId, facts: &NginxFile, upstreams_elsewhere: &HashSet<&str>) -> Self {
        let mut reader = Reader {
            file,
            upstreams: HashMap::new(),
            upstreams_elsewhere,
            set_anywhere: Variables::new(),
            proxy: Self {
                file,
                is_mounted: false,
                is_alone: false,
                servers: Vec::new(),
                is_open: false,
            },
        };
        reader.upstreams(&facts.directives);
        set_anywhere(&facts.directives, &mut reader.set_anywhere);
        reader.servers(&facts.directives);
        reader.proxy
    }
}

struct Reader<'a> {
    file: FileId,
    upstreams: HashMap<&'a str, Vec<Address>>,
    /// Names of upstreams in other files.
    upstreams_elsewhere: &'a HashSet<&'a str>,
    /// What variables are set to anywhere in the file, for those who take one from another location.
    set_anywhere: Variables<'a>,
    proxy: Proxy,
}

/// Variables that are set once, by name. Those that are set again have no known value.
type Variables<'a> = HashMap<&'a str, Option<&'a At<String>>>;

impl<'a> Reader<'a> {
    fn upstreams(&mut self, directives: &'a [Directive]) {
        for directive in directives {
            match (directive.name.value.as_str(), directive.word()) {
                ("upstream", Some(name)) => {
                    let servers = directive.inner().iter();
                    let servers = servers.filter(|it| it.name.value == "server");
                    let words = servers.filter_map(|server| server.words.first());
                    let addresses = words.map(|word| self.address(word, 0..word.value.len()));
                    let addresses: Option<Vec<Address>> = addresses.collect();
                    let addresses = addresses.unwrap_or_default();
                    self.upstreams.insert(&name.value, addresses);
                }
                ("http", _) => self.upstreams(directive.inner()),
                _ => {}
            }
        }
    }

    fn servers(&mut self, directives: &'a [Directive]) {
        for directive in directives {
            match directive.name.value.as_str() {
                "http" => self.servers(directive.inner()),
                "server" if directive.block.is_some() => {
                    let mut server = Server {
                        name: directive.name.span.in_file(self.file),
                        locations: Vec::new(),
                        is_open: directive.inner().iter().any(answers_by_itself),
                    };
                    let mut variables = Variables::new();
                    set(directive.inner(), &mut variables);
                    self.locations(directive.inner(), &variables, &mut server);
                    self.proxy.servers.push(server);
                }
                // A file of locations, which a server elsewhere includes.
                "location" => {
                    let mut server = Server {
                        name: directive.name.span.in_file(self.file),
                        locations: Vec::new(),
                        is_open: true,
                    };
                    let alone = std::slice::from_ref(directive);
                    self.locations(alone, &Variables::new(), &mut server);
                    self.proxy.servers.push(server);
                }
                "include" => self.proxy.is_open |= brings_servers(directive),
                _ => {}
            }
        }
    }

    fn locations(&self, directives: &'a [Directive], outer: &Variables<'a>, server: &mut Server) {
        for directive in directives {
            if directive.name.value != "location" {
                continue;
            }
            let (matching, path) = match directive.words.as_slice() {
                [path] if path.value.starts_with('@') => (Matching::Named, path),
                [path] => match path.value.strip_prefix('=') {
                    // nginx takes `=/path` as well.
                    Some(_) => (Matching::Pattern, path),
                    None => (Matching::Prefix, path),
                },
                [mark, path] => match mark.value.as_str() {
                    "=" => (Matching::Exact, path),
                    "^~" => (Matching::FirmPrefix, path),
                    _ => (Matching::Pattern, path),
                },
                _ => {
                    server.is_open = true;
                    continue;
                }
            };
            let inner = directive.inner();
            let mut own = Variables::new();
            set(inner, &mut own);
            let mut targets = Vec::new();
            self.targets(inner, &own, outer, &mut targets);
            let passes = inner.iter().filter(|it| it.name.value == "proxy_pass");
            let is_certain = passes.clone().count() == targets.len()
                && targets
                    .first()
                    .is_some_and(|target| !target.addresses.is_empty());
            let leads = if passes.count() == 1 && is_certain {
                let is_diverted = inner.iter().any(diverts);
                if is_diverted {
                    Leads::Unknown
                } else {
                    Leads::On
                }
            } else if inner.iter().all(|it| serves_files(it) || refuses(it)) {
                let is_refused = inner.iter().any(refuses);
                if is_refused {
                    Leads::Refused
                } else {
                    Leads::Nowhere
                }
            } else {
                Leads::Unknown
            };
            server.locations.push(Location {
                path: path.in_file(self.file),
                matching,
                targets,
                leads,
            });
            let mut variables = outer.clone();
            variables.extend(own);
            self.locations(inner, &variables, server);
        }
    }

    /// The targets of every `proxy_pass` of a location, those in conditions included.
    fn targets(
        &self,
        directives: &'a [Directive],
        own: &Variables<'a>,
        outer: &Variables<'a>,
        found: &mut Vec<Target>,
    ) {
        for directive in directives {
            match (directive.name.value.as_str(), directive.words.first()) {
                ("proxy_pass", Some(word)) => found.extend(self.target(word, own, outer)),
                ("if" | "limit_except", _) => self.targets(directive.inner(), own, outer, found),
                _ => {}
            }
        }
    }

    /// What stands behind `proxy_pass`, as far as it is known.
    fn target(
        &self,
        word: &'a At<String>,
        own: &Variables<'a>,
        outer: &Variables<'a>,
    ) -> Option<Target> {
        let (url, from) = match word.value.strip_prefix('$') {
            Some(rest) => {
                let (name, length) = variable(rest)?;
                let is_whole = matches!(rest[length..].bytes().next(), None | Some(b'/' | b'$'));
                let near = own.get(name).or_else(|| outer.get(name));
                let value = near.or_else(|| self.set_anywhere.get(name))?;
                let value = value.filter(|_| is_whole)?;
                let is_shared = !own.contains_key(name);
                let way = is_shared.then(|| word.part(0..length + 1));
                (value, way)
            }
            None => (word, None),
        };
        let authority = authority(&url.value)?;
        let named = |at: &At<String>, range: Range<usize>, way| {
            let place: Span = if let Some(way) = way {
                way
            } else {
                at.part(range.clone())
            };
            Placed {
                value: at.value[range].to_owned(),
                place: place.in_file(self.file),
            }
        };
        if let Some(rest) = url.value[authority.clone()].strip_prefix('$') {
            let (name, length) = variable(rest)?;
            let value = own.get(name).or_else(|| outer.get(name))?.as_ref()?;
            let end = authority.start + 1 + length;
            let is_shared = !own.contains_key(name);
            let way = is_shared.then(|| url.part(authority.start..end));
            let mut address = self.address(value, 0..value.value.len())?;
            if let Some(port) = url.value[end..authority.end].strip_prefix(':') {
                if address.port.is_some() {
                    return None;
                }
                let number = port.parse().ok()?;
                address.port = Some(Placed {
                    value: number,
                    place: url.part(end + 1..authority.end).in_file(self.file),
                });
            } else if end != authority.end {
                return None;
            }
            return Some(Target {
                named: named(value, 0..address.host.value.len(), way),
                addresses: vec![address],
                is_upstream: false,
            });
        }
        let text = &url.value[authority.clone()];
        if let Some(addresses) = self.upstreams.get(text) {
            return Some(Target {
                named: named(url, authority, from),
                addresses: addresses.clone(),
                is_upstream: true,
            });
        }
        if self.upstreams_elsewhere.contains(text) {
            return None;
        }
        let start = authority.start;
        let address = self.address(url, authority)?;
        Some(Target {
            named: named(url, start..start + address.host.value.len(), from),
            addresses: vec![address],
            is_upstream: false,
        })
    }

    /// The address in bytes `range` of a word; `None` for a socket, an IPv6 address and what holds
    /// variables.
    fn address(&self, word: &At<String>, range: Range<usize>) -> Option<Address> {
        let text = &word.value[range.clone()];
        if text.is_empty() || text.contains(['$', '[', '/', '@']) || text.starts_with("unix:") {
            return None;
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
            None => (text, None),
        };
        let middle = range.start + host.len();
        let place = |part: Range<usize>| word.part(part).in_file(self.file);
        Some(Address {
            host: Placed {
                value: host.to_owned(),
                place: place(range.start..middle),
            },
            port: port.map(|port| Placed {
                value: port,
                place: place(middle + 1..range.end),
            }),
        })
    }
}

/// The name of a variable behind its `$`, and how many bytes it takes.
fn variable(text: &str) -> Option<(&str, usize)> {
    if let Some(rest) = text.strip_prefix('{') {
        let name = rest.split_once('}')?.0;
        return Some((name, name.len() + 2));
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.bytes().take_while(is_name).count();
    (length > 0).then(|| (&text[..length], length))
}

/// The bytes of the host and the port of a URL.
fn authority(url: &str) -> Option<Range<usize>> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        let start = url.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })?;
    let rest = &url[scheme.len()..];
    let is_end = |letter: char| matches!(letter, '/' | '?' | '#');
    // A variable behind the host holds the rest of the path.
    let past_name = usize::from(rest.starts_with('$'));
    let path = rest[past_name..].find(is_end).map(|at| at + past_name);
    let more = rest[past_name..].find('$').map(|at| at + past_name);
    let length = path.unwrap_or(rest.len()).min(more.unwrap_or(rest.len()));
    Some(scheme.len()..scheme.len() + length)
}

/// Adds what `set` sets in a block, conditions included.
fn set<'a>(directives: &'a [Directive], variables: &mut Variables<'a>) {
    for directive in directives {
        match (directive.name.value.as_str(), directive.words.as_slice()) {
            ("set", [name, value]) => {
                let name = name.value.trim_start_matches('$');
                let is_new = !variables.contains_key(name);
                variables.insert(name, is_new.then_some(value));
            }
            ("if", _) => {
                let mut inner = Variables::new();
                set(directive.inner(), &mut inner);
                variables.extend(inner.into_keys().map(|name| (name, None)));
            }
            _ => {}
        }
    }
}

/// Adds what `set` sets in any block. What is set to two values has no known one.
fn set_anywhere<'a>(directives: &'a [Directive], variables: &mut Variables<'a>) {
    for directive in directives {
        match (directive.name.value.as_str(), directive.words.as_slice()) {
            ("set", [name, value]) => {
                let name = name.value.trim_start_matches('$');
                let known = variables.entry(name).or_insert(Some(value));
                *known = known.filter(|known| known.value == value.value);
            }
            _ => set_anywhere(directive.inner(), variables),
        }
    }
}

/// Whether a directive of a server answers requests, so that its locations are not all.
fn answers_by_itself(directive: &Directive) -> bool {
    match directive.name.value.as_str() {
        "include" => brings_servers(directive),
        name => ["return", "rewrite", "if"].contains(&name) || name.contains("_by_lua"),
    }
}

/// Whether an included file may hold more than types and headers.
fn brings_servers(include: &Directive) -> bool {
    let path = include.words.first().map_or("", |word| word.value.as_str());
    let name = file_name(path);
    let is_harmless = ["mime.types", "proxy_params", "proxy.conf", "fastcgi_params"]
        .contains(&name)
        || name.ends_with("_params")
        || name.ends_with("headers.conf")
        || path.contains("modules")
        || name.contains("ssl");
    !is_harmless
}

/// Whether a directive keeps requests from the `proxy_pass` beside it.
fn diverts(directive: &Directive) -> bool {
    match directive.name.value.as_str() {
        "return" | "try_files" => true,
        "rewrite" => directive
            .words
            .last()
            .is_none_or(|flag| flag.value != "break"),
        "if" => directive
            .inner()
            .iter()
            .any(|inner| ["proxy_pass", "rewrite"].contains(&inner.name.value.as_str())),
        "include" => brings_servers(directive),
        name => name.contains("_by_lua") || name.starts_with("js_"),
    }
}

/// Whether a directive keeps everybody out.
fn refuses(directive: &Directive) -> bool {
    let first = directive
        .words
        .first()
        .map_or("", |word| word.value.as_str());
    match directive.name.value.as_str() {
        "return" => first.starts_with('4'),
        "deny" => first == "all",
        name => name == "internal",
    }
}

/// Whether a location with such directives only serves files.
fn serves_files(directive: &Directive) -> bool {
    const SETTINGS: [&str; 18] = [
        "access_log",
        "add_header",
        "alias",
        "allow",
        "autoindex",
        "charset",
        "default_type",
        "error_log",
        "etag",
        "expires",
        "gzip",
        "gzip_static",
        "index",
        "limit_req",
        "log_not_found",
        "root",
        "sendfile",
        "types",
    ];
    match directive.name.value.as_str() {
        "try_files" => directive
            .words
            .iter()
            .all(|word| !word.value.starts_with('@')),
        "proxy_pass" => false,
        name => SETTINGS.contains(&name) || name.starts_with("proxy_"),
    }
}
