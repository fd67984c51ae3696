//! Product manifests: which modules a product deploys, on which ports, with which databases and routes.
//!
//! Teams write them in many forms: lists of names, lists of mappings, mappings by name. All of them are
//! read; what is in no known form is left out and said so, so that nothing is called missing there.

use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};
use crate::yaml::{Tree, Value};

/// What one manifest says; nothing for YAML of another shape.
#[derive(Debug, Default)]
pub struct Manifest {
    /// `modules`.
    pub modules: Option<Section<Module>>,
    /// `infrastructure.databases`.
    pub databases: Option<Section<Database>>,
    /// `gateway.routes`.
    pub routes: Option<Section<Route>>,
}

/// One of the lists of a manifest.
#[derive(Debug)]
pub struct Section<T> {
    /// The key that it stands behind.
    pub key: Span,
    /// What is in it, in order.
    pub items: Vec<T>,
    /// Whether something in it was not understood.
    pub is_open: bool,
}

/// A module of a product.
#[derive(Debug)]
pub struct Module {
    /// Its name.
    pub name: At<String>,
    /// The port that it listens on.
    pub port: Option<At<String>>,
    /// Its database. Where it says that there is none, the text is empty.
    pub database: Option<At<String>>,
    /// Its routes, and whether these are all.
    pub routes: Option<Section<At<String>>>,
}

/// A database.
#[derive(Debug)]
pub struct Database {
    /// What is written first: its name, or in a mapping perhaps whose it is.
    pub key: At<String>,
    /// What a mapping gives for it: whose it is, or its name.
    pub value: Option<At<String>>,
    /// Whether it is known which of the two is the name: the key (true) or the value.
    pub is_named_by_key: Option<bool>,
}

/// A route of the gateway.
#[derive(Debug)]
pub struct Route {
    /// The path.
    pub path: At<String>,
    /// Where it leads: the name of a service, perhaps with its port, or a URL.
    pub target: Option<At<String>>,
    /// The port that it leads to, where that is written by itself.
    pub port: Option<At<String>>,
}

const NAME: [&str; 5] = ["name", "id", "key", "service", "module"];
const OWNER: [&str; 5] = ["service", "module", "owner", "ownedBy", "owned_by"];
const PORT: [&str; 4] = ["port", "containerPort", "targetPort", "container_port"];
const DATABASE: [&str; 2] = ["database", "db"];
const PATH: [&str; 5] = ["path", "route", "prefix", "match", "from"];
const TARGET: [&str; 8] = [
    "service", "module", "target", "upstream", "to", "backend", "host", "hostname",
];

/// Reads one manifest.
pub fn parse(text: &str) -> Parsed<Manifest> {
    let tree = Tree::parse(text);
    let facts = tree.documents().find_map(|document| {
        let inner = ["spec", "product"].map(|key| document.get(key).map(|entry| entry.value));
        let roots = std::iter::once(document).chain(inner.into_iter().flatten());
        roots.into_iter().find_map(|root| manifest(&root))
    });
    let unbroken = tree.unbroken(text);
    let errors = tree.errors.into_iter();
    Parsed {
        facts: facts.unwrap_or_default(),
        problems: errors
            .map(|error| Problem {
                span: error.span,
                message: error.message,
                help: error.help,
            })
            .collect(),
        comments: tree.comments,
        unbroken,
    }
}

fn manifest(root: &Value<'_>) -> Option<Manifest> {
    let modules = root.get("modules").map(|entry| {
        let mut section = Section::new(entry.key.span);
        modules(&entry.value, &mut section);
        section
    });
    let manifest = Manifest {
        modules,
        databases: root
            .get("infrastructure")
            .and_then(|it| databases_of(&it.value)),
        routes: root.get("gateway").and_then(|it| {
            let entry = it.value.get("routes")?;
            let mut section = Section::new(entry.key.span);
            routes(&entry.value, &mut section);
            Some(section)
        }),
    };
    let is_one =
        manifest.modules.is_some() || manifest.databases.is_some() || manifest.routes.is_some();
    is_one.then_some(manifest)
}

impl<T> Section<T> {
    fn new(key: Span) -> Self {
        Self {
            key,
            items: Vec::new(),
            is_open: false,
        }
    }

    fn add(&mut self, item: Option<T>) {
        self.is_open |= item.is_none();
        self.items.extend(item);
    }
}

/// A scalar where it is used: at the alias that leads to it, if one does.
fn text(value: &Value<'_>) -> Option<At<String>> {
    let scalar = value.scalar().filter(|_| !value.is_null())?;
    let span = value.via().first().copied().unwrap_or(scalar.span);
    Some(At::new(scalar.text.clone(), span)).filter(|text| !text.value.is_empty())
}

fn field<'t>(value: &Value<'t>, names: &[&str]) -> Option<(Span, Value<'t>)> {
    let entry = names.iter().find_map(|name| value.get(name))?;
    Some((entry.key.span, entry.value))
}

fn text_field(value: &Value<'_>, names: &[&str]) -> Option<At<String>> {
    let (_, value) = field(value, names)?;
    text(&value)
}

fn key(key: &At<&str>, via: &[Span]) -> At<String> {
    let span = via.first().copied().unwrap_or(key.span);
    At::new(key.value.to_owned(), span)
}

/// Names, mappings with a name, mappings by name, and any of these by layer.
fn modules(value: &Value<'_>, section: &mut Section<Module>) {
    for item in value.items() {
        let entries = item.entries();
        if let Some(name) = text(&item) {
            section.items.push(module(name, None));
        } else if let Some(name) = text_field(&item, &NAME) {
            section.items.push(module(name, Some(&item)));
        } else if let [only] = entries.as_slice()
            && (only.value.is_mapping() || only.value.is_null())
        {
            let name = key(&only.key, &only.via);
            section.items.push(module(name, Some(&only.value)));
        } else {
            section.is_open = true;
        }
    }
    for entry in value.entries() {
        let is_layer = ["platform", "shared", "domain"].contains(&entry.key.value);
        let holds_modules = |value: &Value<'_>| value.is_mapping() || value.is_null();
        let is_group = entry.value.is_sequence()
            || is_layer
                && holds_modules(&entry.value)
                && entry
                    .value
                    .entries()
                    .iter()
                    .all(|it| holds_modules(&it.value));
        if is_group {
            modules(&entry.value, section);
        } else if entry.value.is_unknown() {
            section.is_open = true;
        } else {
            section
                .items
                .push(module(key(&entry.key, &entry.via), Some(&entry.value)));
        }
    }
    section.is_open |= value.is_unknown();
}

fn module(name: At<String>, value: Option<&Value<'_>>) -> Module {
    let field_of = |names| field(value?, names);
    let database = field_of(&DATABASE).and_then(|(key, value)| {
        let named = text(&value).or_else(|| text_field(&value, &["name", "database"]));
        let is_none = value.is_null()
            || value.boolean() == Some(false)
            || value.scalar().is_some_and(|scalar| scalar.text.is_empty());
        if is_none {
            let scalar = value.scalar().filter(|scalar| !scalar.span.is_empty());
            Some(At::new(
                String::new(),
                scalar.map_or(key, |scalar| scalar.span),
            ))
        } else {
            named
        }
    });
    let routes = field_of(&["routes", "prefixes", "route", "prefix"]).map(|(key, value)| {
        let mut section = Section::new(key);
        if value.is_sequence() {
            for item in value.items() {
                section.add(text(&item).or_else(|| text_field(&item, &PATH)));
            }
        } else if !value.is_null() {
            section.add(text(&value));
        }
        section
    });
    Module {
        name,
        port: field_of(&PORT).and_then(|(_, value)| text(&value)),
        database,
        routes,
    }
}

/// `databases`, in `infrastructure` itself or in the server that it describes.
fn databases_of(infrastructure: &Value<'_>) -> Option<Section<Database>> {
    let servers = infrastructure.entries().into_iter();
    let inner = servers.filter_map(|server| server.value.get("databases"));
    let entry = infrastructure
        .get("databases")
        .or_else(|| inner.into_iter().next())?;
    let mut section = Section::new(entry.key.span);
    databases(&entry.value, &mut section);
    Some(section)
}

fn databases(value: &Value<'_>, section: &mut Section<Database>) {
    section.is_open |= value.is_unknown();
    for item in value.items() {
        if is_other_kind(&item) {
            continue;
        }
        let named = text_field(&item, &["name", "database"]);
        section.add(text(&item).or(named).map(|name| Database {
            key: name,
            value: text_field(&item, &OWNER),
            is_named_by_key: Some(true),
        }));
    }
    for entry in value.entries() {
        let (named, owned) = (
            text_field(&entry.value, &["name", "database"]),
            text_field(&entry.value, &OWNER),
        );
        if entry.value.is_sequence() {
            databases(&entry.value, section);
        } else if let Some(inner) = entry.value.get("databases") {
            databases(&inner.value, section);
        } else if !is_other_kind(&entry.value) {
            let is_scalar = entry.value.scalar().is_some() && !entry.value.is_null();
            section.items.push(Database {
                key: key(&entry.key, &entry.via),
                is_named_by_key: match (&named, is_scalar) {
                    (Some(_), _) => Some(false),
                    (None, false) => Some(true),
                    (None, true) => None,
                },
                value: text(&entry.value).or(named).or(owned),
            });
        }
    }
}

/// Whether a mapping describes something else than a PostgreSQL database, such as a cache.
fn is_other_kind(value: &Value<'_>) -> bool {
    let kind = text_field(value, &["type", "engine", "kind"]);
    kind.is_some_and(|kind| !kind.value.to_ascii_lowercase().contains("postgres"))
}

/// Paths, mappings with a path, targets by path, and paths by service.
fn routes(value: &Value<'_>, section: &mut Section<Route>) {
    section.is_open |= value.is_unknown();
    for item in value.items() {
        let path = text(&item).or_else(|| text_field(&item, &PATH));
        section.add(path.map(|path| route(path, &item)));
    }
    for entry in value.entries() {
        let key = key(&entry.key, &entry.via);
        if key.value.starts_with('/') {
            section.items.push(route(key, &entry.value));
            continue;
        }
        let paths = field(
            &entry.value,
            &["routes", "paths", "prefixes", "path", "prefix"],
        );
        let paths = paths.map_or_else(|| entry.value.clone(), |(_, paths)| paths);
        let paths = if paths.is_sequence() {
            paths.items()
        } else {
            vec![paths]
        };
        for path in paths {
            section.add(text(&path).map(|path| Route {
                path,
                target: Some(key.clone()),
                port: text_field(&entry.value, &PORT),
            }));
        }
    }
}

fn route(path: At<String>, value: &Value<'_>) -> Route {
    let scalar = value.scalar().and_then(|_| text(value));
    let target = scalar.filter(|target| *target != path).or_else(|| {
        let (_, target) = field(value, &TARGET)?;
        text(&target).or_else(|| text_field(&target, &["service", "name", "host"]))
    });
    let inner = field(value, &TARGET).and_then(|(_, target)| text_field(&target, &PORT));
    Route {
        path,
        target,
        port: text_field(value, &PORT).or(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let parsed = parse(text);
        assert_eq!(parsed.problems, [], "{text}");
        let word = |word: &Option<At<String>>| match word {
            Some(word) => format!(" {}", &text[word.span.range()]),
            None => String::new(),
        };
        let facts = parsed.facts;
        let mut lines = Vec::new();
        for module in facts.modules.iter().flat_map(|section| &section.items) {
            let routes = module.routes.iter().flat_map(|section| &section.items);
            let routes: Vec<&str> = routes.map(|it| it.value.as_str()).collect();
            let routes = [&[""], routes.as_slice()].concat().join(" ");
            let routes = routes.trim_end();
            let (port, database) = (word(&module.port), word(&module.database));
            lines.push(format!("{}{port}{database}{routes}", module.name.value));
        }
        for database in facts.databases.iter().flat_map(|section| &section.items) {
            let by_key = database.is_named_by_key;
            let value = word(&database.value);
            lines.push(format!("{}{value} {by_key:?}", database.key.value));
        }
        for route in facts.routes.iter().flat_map(|section| &section.items) {
            let (target, port) = (word(&route.target), word(&route.port));
            lines.push(format!("{}{target}{port}", route.path.value));
        }
        lines.join("; ")
    }

    #[test]
    fn modules_are_read_in_every_form() {
        for text in [
            "modules: [{name: a, port: 1, database: d, routes: [/a]}, b]",
            "modules: {a: {port: 1, db: {name: d}, route: /a}, b: }",
            "modules: [{a: {port: 1, database: d, routes: [{path: /a}]}}, b]",
            "spec: {modules: {shared: [{id: a, port: 1, database: d, routes: /a}], domain: [b]}}",
            "modules: {shared: {a: {port: 1, database: d, routes: [/a]}}, domain: {b: {}}}",
        ] {
            assert_eq!(shown(text), "a 1 d /a; b", "{text}");
        }
        assert_eq!(shown("modules: {a: {database: ''}}"), "a ''");
        assert_eq!(shown("modules: {a: {database: }}"), "a database");
    }

    #[test]
    fn databases_are_read_in_every_form() {
        for (text, read) in [
            ("[a, b]", "a Some(true); b Some(true)"),
            ("[{name: a, service: s}]", "a s Some(true)"),
            ("{a: {owner: s}}", "a s Some(true)"),
            ("{s: {name: a}}", "s a Some(false)"),
            ("{s: a}", "s a None"),
            ("{postgres: [a]}", "a Some(true)"),
            ("[{name: cache, type: redis}]", ""),
        ] {
            let text = format!("infrastructure: {{databases: {text}}}");
            assert_eq!(shown(&text), read, "{text}");
        }
        let nested = "infrastructure: {postgres: {version: 16, databases: [a]}}";
        assert_eq!(shown(nested), "a Some(true)");
    }

    #[test]
    fn routes_are_read_in_every_form() {
        for (text, read) in [
            ("[{path: /a, service: s, port: 1}]", "/a s 1"),
            ("[{prefix: /a, upstream: {service: s, port: 1}}]", "/a s 1"),
            ("{/a: s}", "/a s"),
            ("{/a: {target: 'http://s:1'}}", "/a http://s:1"),
            ("{s: [/a, /b]}", "/a s; /b s"),
            ("[/a]", "/a"),
        ] {
            let text = format!("gateway: {{routes: {text}}}");
            assert_eq!(shown(&text), read, "{text}");
        }
    }

    #[test]
    fn other_yaml_is_no_manifest() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 1}\n";
        let facts = parse(text).facts;
        assert!(facts.modules.is_none() && facts.databases.is_none() && facts.routes.is_none());
    }
}
