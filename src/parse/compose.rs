//! Compose files (Compose specification, <https://compose-spec.io>): what one file says.
//!
//! Anchors, aliases and `<<` merges are followed here, since they never leave the file. Variables,
//! override files, `extends` and `include` are not: the model resolves them.

use std::collections::HashSet;

use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};
use crate::yaml::{Entry, Error, Tree, Value};

/// What one compose file says.
#[derive(Debug, Default)]
pub struct ComposeFile {
    /// The top-level `name`.
    pub name: Option<Written>,
    /// The key token `services`.
    pub services_key: Option<Span>,
    /// The services, in the order of the file.
    pub services: Vec<Service>,
    /// Top-level `networks`.
    pub networks: Vec<Declared>,
    /// Top-level `volumes`.
    pub volumes: Vec<Declared>,
    /// Every entry of `include`, in all its forms.
    pub include: Vec<Include>,
    /// Every `!reset` and `!override`, in the order of the text.
    pub replaced: Vec<Replaced>,
}

/// A value that takes the place of what the files below say under the same keys, instead of being
/// merged with it. What stands under `!reset` is no fact of this file either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The keys that lead to it, from the top: `["services", "web", "ports"]`.
    pub path: Vec<String>,
    /// The tag, `!reset` or `!override`.
    pub tag: At<String>,
}

/// A scalar as it is written, before interpolation.
///
/// Where Compose takes a number or a boolean for a string (values of `environment` and `args`), the
/// text is what Compose makes of it: `1.10` is `1.1`, `True` is `true`, `010` is `8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The scalar's value and the span of its content (quotes excluded).
    pub text: At<String>,
    /// The alias tokens (`*defaults`) through which the service reaches it, nearest the service first.
    /// Empty where the scalar is written in the service itself.
    pub via: Vec<Span>,
}

/// One entry of `include`: files that make up a project of their own.
#[derive(Clone, Debug, Default)]
pub struct Include {
    /// The files, the base first.
    pub paths: Vec<Written>,
    /// Where their relative paths start; the folder of the first file where there is none.
    pub project_directory: Option<Written>,
    /// The files that hold the values of their variables; the project's `.env` where there are none.
    pub env_files: Vec<Written>,
}

/// A key, a name or a path whose presence matters, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The name.
    pub name: At<String>,
    /// The `name:` below it, which Docker uses instead.
    pub real_name: Option<Written>,
    /// `external: true`: something else creates it.
    pub external: bool,
}

/// One entry of `services`.
#[derive(Debug, Default)]
pub struct Service {
    /// The key.
    pub key: At<String>,
    /// `image`.
    pub image: Option<Written>,
    /// `build`, as a string or a map.
    pub build: Option<Build>,
    /// `container_name`.
    pub container_name: Option<Written>,
    /// `hostname`.
    pub hostname: Option<Written>,
    /// `environment`, as a map or a list.
    pub environment: Option<Environment>,
    /// `env_file`, in all its forms, in order.
    pub env_files: Vec<Written>,
    /// The key token `depends_on`, where it is written in the service itself.
    pub depends_on_key: Option<Span>,
    /// `depends_on`, as a list or a map.
    pub depends_on: Vec<DependsOn>,
    /// The key token `ports`, where it is written in the service itself.
    pub ports_key: Option<Span>,
    /// `ports`, short and long.
    pub ports: Vec<Port>,
    /// `expose`.
    pub expose: Vec<Written>,
    /// The key token `networks`, where it is written in the service itself.
    pub networks_key: Option<Span>,
    /// `networks`, as a list or a map; empty where the key is absent.
    pub networks: Vec<ServiceNetwork>,
    /// `network_mode`.
    pub network_mode: Option<Written>,
    /// The key token `volumes`, where it is written in the service itself.
    pub volumes_key: Option<Span>,
    /// `volumes`, short and long.
    pub volumes: Vec<Volume>,
    /// Whether `configs` brings files into the container.
    pub has_configs: bool,
    /// `links`, `external_links` excluded.
    pub links: Vec<Written>,
    /// `profiles`.
    pub profiles: Vec<Written>,
    /// `extends`.
    pub extends: Option<Extends>,
    /// `command`, `entrypoint` and `healthcheck.test` as flat lists of words or one shell line each.
    pub commands: Vec<Command>,
    /// Whether a `healthcheck` that is not disabled stands here.
    pub has_healthcheck: bool,
    /// Whether a `healthcheck` that is disabled stands here, which takes one of an image or a base away.
    pub has_disabled_healthcheck: bool,
}

/// `build`.
#[derive(Debug, Default)]
pub struct Build {
    /// The key token `build`.
    pub key: Span,
    /// The context folder, relative to the file.
    pub context: Option<Written>,
    /// The Dockerfile, relative to the context.
    pub dockerfile: Option<Written>,
    /// The text of a Dockerfile, `dockerfile_inline`, which is used instead of a file.
    pub dockerfile_inline: Option<Written>,
    /// `args`, as a map or a list.
    pub args: Vec<EnvEntry>,
    /// `target`.
    pub target: Option<Written>,
}

/// `environment` of a service.
#[derive(Debug, Default)]
pub struct Environment {
    /// The key token `environment`, where it is written in the service itself.
    pub key: Option<Span>,
    /// The entries that are in force after merges: one a name, in the order of the text.
    pub entries: Vec<EnvEntry>,
}

/// One `NAME=value`, however it is written.
#[derive(Clone, Debug)]
pub struct EnvEntry {
    /// The name; in the list form the part before `=`.
    pub name: At<String>,
    /// The value; in the list form the part after `=`. `None` where there is none (`NAME:` or `- NAME`),
    /// which passes the variable on from outside.
    pub value: Option<Written>,
}

/// One entry of `depends_on`.
#[derive(Clone, Debug)]
pub struct DependsOn {
    /// The compose service that is waited for.
    pub service: Written,
    /// `condition`, in the map form.
    pub condition: Option<Written>,
    /// `required: false` makes a missing service fine.
    pub required: bool,
    /// Whether it is an item of a list, which waits until the service is started.
    pub is_listed: bool,
}

/// One entry of `ports`.
#[derive(Clone, Debug)]
pub enum Port {
    /// `"5433:5432"`, `"127.0.0.1:8080:80/tcp"`, `"3000"`.
    Short(Written),
    /// The map form.
    Long {
        /// The container's port.
        target: Option<Written>,
        /// The host's port.
        published: Option<Written>,
        /// The host's address that it is published on; all where there is none.
        host_ip: Option<Written>,
        /// `tcp`, which it is where there is none, or `udp`.
        protocol: Option<Written>,
    },
}

/// One entry of a service's `networks`.
#[derive(Clone, Debug)]
pub struct ServiceNetwork {
    /// The network's name in this file.
    pub name: Written,
    /// Further names of the service on it.
    pub aliases: Vec<Written>,
}

/// One entry of a service's `volumes`.
#[derive(Clone, Debug)]
pub enum Volume {
    /// `./infra/init.sql:/docker-entrypoint-initdb.d/init.sql:ro`.
    Short(Written),
    /// The map form.
    Long {
        /// `bind`, `volume`, `tmpfs`, …
        kind: Option<Written>,
        /// What is mounted.
        source: Option<Written>,
        /// Where it appears in the container.
        target: Option<Written>,
    },
}

/// `extends`.
#[derive(Clone, Debug)]
pub struct Extends {
    /// The other file; `None` means this one.
    pub file: Option<Written>,
    /// The service that is extended.
    pub service: Option<Written>,
}

/// A command of a service.
#[derive(Clone, Debug)]
pub struct Command {
    /// `command`, `entrypoint` or `healthcheck`.
    pub key: At<String>,
    /// The words of the list form, or the one string of the shell form.
    pub words: Vec<Written>,
    /// Whether it is in the list form.
    pub is_list: bool,
}

/// Reads one compose file.
pub fn parse(text: &str) -> Parsed<ComposeFile> {
    let tree = Tree::parse(text);
    let mut facts = ComposeFile::default();
    let mut problems: Vec<Problem> = tree.errors.iter().map(problem_of).collect();
    for root in tree.documents() {
        read_document(&root, &mut facts, &mut problems);
        if text.contains(RESET) || text.contains(OVERRIDE) {
            note_replaced(&root, &mut Vec::new(), &mut facts.replaced);
        }
    }
    problems.sort_by_key(|problem| problem.span);
    Parsed {
        facts,
        problems,
        unbroken: tree.unbroken(text),
        comments: tree.comments,
    }
}

const RESET: &str = "!reset";
const OVERRIDE: &str = "!override";

fn problem_of(error: &Error) -> Problem {
    Problem {
        span: error.span,
        message: error.message.clone(),
        help: error.help.clone(),
    }
}

fn read_document(root: &Value, facts: &mut ComposeFile, problems: &mut Vec<Problem>) {
    if is_no_map(root) {
        problems.push(Problem {
            span: beginning(root),
            message: "a compose file is a map, and this is none".to_owned(),
            help: "begin with `services:`".to_owned(),
        });
    }
    for entry in fields(root) {
        let Entry { key, value, .. } = &entry;
        match key.value {
            "name" => facts.name = written(value),
            "include" => facts.include.extend(include(value)),
            "networks" => facts.networks.extend(declared(value)),
            "volumes" => facts.volumes.extend(declared(value)),
            "services" => {
                facts.services_key = facts.services_key.or(Some(key.span));
                read_services(&entry, facts, problems);
            }
            _ => {}
        }
    }
}

/// A place for a value that may be the whole file: the first `-` or `[` of a list.
fn beginning(value: &Value) -> Span {
    let span = value.span();
    match value.tag() {
        Some(tag) if span.is_empty() => tag.span,
        _ if value.is_sequence() => Span::new(span.range().start, span.range().start + 1),
        _ => span,
    }
}

fn read_services(services: &Entry, facts: &mut ComposeFile, problems: &mut Vec<Problem>) {
    if is_no_map(&services.value) {
        problems.push(Problem {
            span: services.key.span,
            message: "`services` is not a map".to_owned(),
            help: "write each service as a key below it, with its settings below that".to_owned(),
        });
    }
    for entry in fields(&services.value) {
        if is_no_map(&entry.value) {
            problems.push(Problem {
                span: entry.key.span,
                message: format!("the service `{}` is not a map", entry.key.value),
                help: "write its settings as keys below it".to_owned(),
            });
        }
        let key = name_of(&entry);
        facts
            .services
            .push(service(key, &entry.into_rooted_value()));
    }
}

/// Whether a value is certainly no map; one that is absent or unknown may be one elsewhere.
fn is_no_map(value: &Value) -> bool {
    !value.is_mapping() && !value.is_null() && !value.is_unknown()
}

fn is_present(value: &Value) -> bool {
    !value.is_tagged(RESET)
}

/// The entries that count: neither withdrawn by `!reset` nor without a key (`: value`).
fn fields<'t>(map: &Value<'t>) -> impl Iterator<Item = Entry<'t>> {
    map.entries()
        .into_iter()
        .filter(|entry| is_present(&entry.value) && !entry.key.span.is_empty())
}

fn elements<'t>(list: &Value<'t>) -> impl Iterator<Item = Value<'t>> {
    list.items().into_iter().filter(is_present)
}

fn name_of(entry: &Entry) -> At<String> {
    At::new(entry.key.value.to_owned(), entry.key.span)
}

fn key_of(entry: &Entry) -> Written {
    Written {
        text: name_of(entry),
        via: entry.via.clone(),
    }
}

fn written(value: &Value) -> Option<Written> {
    let scalar = value.scalar().filter(|_| !value.is_null())?;
    Some(Written {
        text: At::new(scalar.text.clone(), scalar.span),
        via: value.via().to_vec(),
    })
}

fn field<'t>(map: &Value<'t>, key: &str) -> Option<Value<'t>> {
    fields(map)
        .find(|entry| entry.key.value == key)
        .map(|entry| entry.value)
}

fn written_field(map: &Value, key: &str) -> Option<Written> {
    written(&field(map, key)?)
}

fn written_elements(list: &Value) -> Vec<Written> {
    elements(list).filter_map(|item| written(&item)).collect()
}

/// The words of a list, or the one string that stands in place of a list.
fn one_or_many(value: &Value) -> Vec<Written> {
    match written(value) {
        Some(one) => vec![one],
        None => written_elements(value),
    }
}

/// A boolean setting, which Compose also reads from a string, the words of YAML 1.1 included.
fn flag(map: &Value, key: &str) -> Option<bool> {
    let value = field(map, key)?;
    match value.scalar()?.text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

fn include(value: &Value) -> Vec<Include> {
    if value.is_sequence() {
        elements(value).filter_map(|item| included(&item)).collect()
    } else {
        included(value).into_iter().collect()
    }
}

fn included(item: &Value) -> Option<Include> {
    let many = |key| field(item, key).map(|value| one_or_many(&value));
    let paths = many("path").or_else(|| Some(vec![written(item)?]))?;
    (!paths.is_empty()).then(|| Include {
        paths,
        project_directory: written_field(item, "project_directory"),
        env_files: many("env_file").unwrap_or_default(),
    })
}

fn declared(map: &Value) -> Vec<Declared> {
    let declared = |entry: Entry| {
        let external = field(&entry.value, "external");
        let external_name = || written_field(external.as_ref()?, "name");
        Declared {
            name: name_of(&entry),
            real_name: written_field(&entry.value, "name").or_else(external_name),
            external: external.as_ref().is_some_and(Value::is_mapping)
                || flag(&entry.value, "external") == Some(true),
        }
    };
    fields(map).map(declared).collect()
}

fn service(key: At<String>, map: &Value) -> Service {
    let mut service = Service {
        key,
        ..Service::default()
    };
    for entry in fields(map) {
        read_setting(&entry, &mut service);
    }
    service
}

fn read_setting(entry: &Entry, service: &mut Service) {
    let value = &entry.value;
    let own_key = entry.via.is_empty().then_some(entry.key.span);
    match entry.key.value {
        "image" => service.image = written(value),
        "build" => service.build = build(entry),
        "container_name" => service.container_name = written(value),
        "hostname" => service.hostname = written(value),
        "environment" => {
            service.environment = assignments(value).map(|entries| Environment {
                key: own_key,
                entries,
            });
        }
        "env_file" => service.env_files = env_files(value),
        "depends_on" => {
            service.depends_on_key = own_key;
            service.depends_on = depends_on(value);
        }
        "ports" => {
            service.ports_key = own_key;
            service.ports = elements(value).filter_map(|item| port(&item)).collect();
        }
        "expose" => service.expose = written_elements(value),
        "networks" => {
            service.networks_key = own_key;
            service.networks = networks(value);
        }
        "network_mode" => service.network_mode = written(value),
        "volumes" => {
            service.volumes_key = own_key;
            service.volumes = elements(value).filter_map(|item| volume(&item)).collect();
        }
        "configs" => service.has_configs = elements(value).next().is_some(),
        "links" => service.links = written_elements(value),
        "profiles" => service.profiles = written_elements(value),
        "extends" => service.extends = extends(value),
        "command" | "entrypoint" => service.commands.extend(command(entry, value)),
        "healthcheck" => read_healthcheck(entry, service),
        _ => {}
    }
}

fn build(entry: &Entry) -> Option<Build> {
    let map = &entry.value;
    if !map.is_mapping() {
        return Some(Build {
            key: entry.key.span,
            context: Some(written(map)?),
            ..Build::default()
        });
    }
    let args = field(map, "args").and_then(|args| assignments(&args));
    Some(Build {
        key: entry.key.span,
        context: written_field(map, "context"),
        dockerfile: written_field(map, "dockerfile"),
        dockerfile_inline: written_field(map, "dockerfile_inline"),
        args: args.unwrap_or_default(),
        target: written_field(map, "target"),
    })
}

/// The entries of `environment` or `args`; `None` where it is neither a map nor a list nor null.
fn assignments(value: &Value) -> Option<Vec<EnvEntry>> {
    if value.is_sequence() {
        let entries: Vec<_> = elements(value)
            .filter_map(|item| assignment(&item))
            .collect();
        return Some(last_of_each_name(entries));
    }
    let is_map = value.is_mapping() || value.is_null();
    is_map.then(|| fields(value).filter_map(|entry| variable(&entry)).collect())
}

/// An entry of the map form; `None` where its value is a collection or unknown.
fn variable(entry: &Entry) -> Option<EnvEntry> {
    let value = &entry.value;
    if !value.is_null() {
        value.scalar()?;
    }
    Some(EnvEntry {
        name: name_of(entry),
        value: written(value).map(|written| as_compose_prints(value, written)),
    })
}

/// An entry of the list form, `NAME=value` or `NAME`.
fn assignment(item: &Value) -> Option<EnvEntry> {
    let scalar = item.scalar()?;
    let text = scalar.text.as_str();
    let end = text.find('=').unwrap_or(text.len());
    if end == 0 {
        return None;
    }
    let value = text.get(end + 1..).map(|value| Written {
        text: At::new(value.to_owned(), scalar.part(end + 1..text.len())),
        via: item.via().to_vec(),
    });
    Some(EnvEntry {
        name: At::new(text[..end].to_owned(), scalar.part(0..end)),
        value,
    })
}

fn last_of_each_name(entries: Vec<EnvEntry>) -> Vec<EnvEntry> {
    let mut seen = HashSet::new();
    let mut kept: Vec<_> = entries
        .into_iter()
        .rev()
        .filter(|entry| seen.insert(entry.name.value.clone()))
        .collect();
    kept.reverse();
    kept
}

/// A plain value as it reaches the container: Compose reads booleans and numbers and prints them again.
fn as_compose_prints(value: &Value, mut written: Written) -> Written {
    let boolean = value.boolean().map(|flag| flag.to_string());
    if let Some(printed) = boolean.or_else(|| number(value.plain()?)) {
        written.text.value = printed;
    }
    written
}

fn number(plain: &str) -> Option<String> {
    let may_be_number = |first: char| first.is_ascii_digit() || "+-.".contains(first);
    if !plain.starts_with(may_be_number) {
        return None;
    }
    let digits = plain.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// An integer in the notations of go-yaml (a leading `0` is octal), in decimal.
fn integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // `from_str_radix` would take a second sign.
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let number = u64::from_str_radix(digits, radix).ok()?;
    is_number.then(|| format!("{sign}{number}"))
}

/// A floating-point number as Go prints it: no final zeros, an exponent from a million on.
fn float(text: &str) -> Option<String> {
    let is_in_notation = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
    if !text.bytes().all(is_in_notation) {
        return None;
    }
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..6).contains(&exponent) {
        return Some(number.to_string());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{mantissa}e{sign}{:02}", exponent.abs()))
}

/// The paths of `env_file`, whose entries may be maps with further fields.
fn env_files(value: &Value) -> Vec<Written> {
    let items = if value.is_sequence() {
        elements(value).collect()
    } else {
        vec![value.clone()]
    };
    let path = |item: &Value| written(item).or_else(|| written_field(item, "path"));
    items.iter().filter_map(path).collect()
}

fn depends_on(value: &Value) -> Vec<DependsOn> {
    let listed = written_elements(value)
        .into_iter()
        .map(|service| DependsOn {
            service,
            condition: None,
            required: true,
            is_listed: true,
        });
    let mapped = fields(value).map(|entry| DependsOn {
        service: key_of(&entry),
        condition: written_field(&entry.value, "condition"),
        required: flag(&entry.value, "required") != Some(false),
        is_listed: false,
    });
    listed.chain(mapped).collect()
}

fn port(item: &Value) -> Option<Port> {
    if item.is_mapping() {
        return Some(Port::Long {
            target: written_field(item, "target"),
            published: written_field(item, "published"),
            host_ip: written_field(item, "host_ip"),
            protocol: written_field(item, "protocol"),
        });
    }
    written(item).map(Port::Short)
}

fn networks(value: &Value) -> Vec<ServiceNetwork> {
    let listed = written_elements(value)
        .into_iter()
        .map(|name| ServiceNetwork {
            name,
            aliases: Vec::new(),
        });
    let mapped = fields(value).map(|entry| ServiceNetwork {
        name: key_of(&entry),
        aliases: field(&entry.value, "aliases")
            .map(|aliases| written_elements(&aliases))
            .unwrap_or_default(),
    });
    listed.chain(mapped).collect()
}

fn volume(item: &Value) -> Option<Volume> {
    if item.is_mapping() {
        return Some(Volume::Long {
            kind: written_field(item, "type"),
            source: written_field(item, "source"),
            target: written_field(item, "target"),
        });
    }
    written(item).map(Volume::Short)
}

fn extends(value: &Value) -> Option<Extends> {
    if value.is_mapping() {
        return Some(Extends {
            file: written_field(value, "file"),
            service: written_field(value, "service"),
        });
    }
    let service = Some(written(value)?);
    Some(Extends {
        file: None,
        service,
    })
}

/// A command under the name of `entry`. An empty list is one too: it takes the image's away.
fn command(entry: &Entry, value: &Value) -> Option<Command> {
    let is_command = value.is_sequence() || written(value).is_some();
    is_command.then(|| Command {
        key: name_of(entry),
        words: one_or_many(value),
        is_list: value.is_sequence(),
    })
}

fn read_healthcheck(entry: &Entry, service: &mut Service) {
    if !entry.value.is_mapping() {
        return;
    }
    let test = field(&entry.value, "test").and_then(|test| {
        let first = elements(&test).next();
        let is_none =
            first.is_some_and(|word| word.scalar().is_some_and(|word| word.text == "NONE"));
        Some((command(entry, &test)?, is_none))
    });
    let is_disabled = flag(&entry.value, "disable") == Some(true)
        || test.as_ref().is_some_and(|&(_, is_none)| is_none);
    service.has_healthcheck = !is_disabled;
    service.has_disabled_healthcheck = is_disabled;
    if !is_disabled {
        service.commands.extend(test.map(|(command, _)| command));
    }
}

fn note_replaced(value: &Value, path: &mut Vec<String>, replaced: &mut Vec<Replaced>) {
    for entry in value.entries() {
        path.push(entry.key.value.to_owned());
        match entry.value.tag() {
            Some(tag) if [RESET, OVERRIDE].contains(&tag.value.as_str()) => {
                replaced.push(Replaced {
                    path: path.clone(),
                    tag: tag.clone(),
                });
            }
            _ => note_replaced(&entry.value, path, replaced),
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> ComposeFile {
        let parsed = parse(text);
        assert_eq!(parsed.problems, [], "{text}");
        parsed.facts
    }

    /// The service `web`, whose settings are `body`.
    fn web(body: &str) -> (String, Service) {
        let body = body.replace('\n', "\n    ");
        let text = format!("services:\n  web:\n    {body}\n");
        let service = facts(&text).services.remove(0);
        (text, service)
    }

    fn slice(text: &str, span: Span) -> &str {
        &text[span.range()]
    }

    /// The texts, each of which must be what stands at its span.
    fn texts<'a>(text: &str, all: impl IntoIterator<Item = &'a Written>) -> Vec<String> {
        let checked = |written: &Written| {
            assert_eq!(slice(text, written.text.span), written.text.value);
            written.text.value.clone()
        };
        all.into_iter().map(checked).collect()
    }

    /// `NAME=value`, or `NAME` where there is no value, with the aliases on the way to the value.
    fn show(text: &str, entry: &EnvEntry) -> String {
        assert_eq!(slice(text, entry.name.span), entry.name.value);
        let name = &entry.name.value;
        let Some(value) = &entry.value else {
            return name.clone();
        };
        let via: Vec<_> = value.via.iter().map(|&alias| slice(text, alias)).collect();
        format!("{name}={} {}", value.text.value, via.join(" "))
            .trim_end()
            .to_owned()
    }

    fn environment(text: &str, service: &Service) -> Vec<String> {
        let entries = &service.environment.as_ref().unwrap().entries;
        entries.iter().map(|entry| show(text, entry)).collect()
    }

    #[test]
    fn environment_is_a_map_or_a_list() {
        let cases: [(&str, &[&str]); 9] = [
            (
                "{A: x, B: 'y z', C: '', D:, E: null}",
                &["A=x", "B=y z", "C=", "D", "E"],
            ),
            ("\n  A: yes\n  B: ${X:-1}\n", &["A=yes", "B=${X:-1}"]),
            ("[A=x, 'B=y=z', C=, D]", &["A=x", "B=y=z", "C=", "D"]),
            ("\n- A=1\n- B\n- A=2 \n", &["B", "A=2"]),
            ("[\"A=b\\tc\", 'É=ü']", &["A=b\tc", "É=ü"]),
            ("[A: x, [y], =z, '']", &[]),
            ("{A: [x], B: {c: d}, C: x}", &["C=x"]),
            ("{A: !reset null, B: !override x}", &["B=x"]),
            ("", &[]),
        ];
        for (written, expected) in cases {
            let (text, service) = web(&format!("environment: {written}"));
            assert_eq!(environment(&text, &service), expected, "{written}");
            let key = service.environment.and_then(|env| env.key).unwrap();
            assert_eq!(slice(&text, key), "environment");
        }
        for wrong in ["5", "x", "!reset [A=1]"] {
            let (_, service) = web(&format!("environment: {wrong}"));
            assert!(service.environment.is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_list_form_has_the_span_of_the_part_behind_the_equals_sign() {
        let (text, service) = web(r#"environment: [A=b=c, "É=ü", 'C=', "D=\n"]"#);
        let entries = service.environment.unwrap().entries;
        let span = |entry: &EnvEntry| entry.value.as_ref().unwrap().text.span;
        let parts: Vec<_> = entries
            .iter()
            .map(|entry| slice(&text, span(entry)))
            .collect();
        assert_eq!(parts, ["b=c", "ü", "", r"\n"]);
    }

    #[test]
    fn numbers_and_booleans_reach_the_container_as_go_prints_them() {
        let cases = [
            ("5432", "5432"),
            ("1.10", "1.1"),
            ("3.0", "3"),
            ("010", "8"),
            ("08", "8"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("-0o17", "-15"),
            ("1_000", "1000"),
            ("+5", "5"),
            (".5", "0.5"),
            ("1e3", "1000"),
            ("1234567.5", "1.2345675e+06"),
            ("0.00001", "1e-05"),
            ("99999999999999999999", "1e+20"),
            ("True", "true"),
            ("FALSE", "false"),
            ("yes", "yes"),
            ("1.2.3", "1.2.3"),
            ("2024-01-01", "2024-01-01"),
            ("_1", "_1"),
            ("+", "+"),
            ("+-1", "+-1"),
            ("0x", "0x"),
            ("infinity", "infinity"),
            ("'010'", "010"),
            ("!!str 1.10", "1.10"),
        ];
        for (written, meant) in cases {
            let (_, service) = web(&format!("environment: {{A: {written}}}"));
            let value = service.environment.unwrap().entries.remove(0).value;
            assert_eq!(value.unwrap().text.value, meant, "{written}");
        }
        let (_, service) = web("container_name: 1.10\nenvironment: [A=1.10]");
        assert_eq!(service.container_name.unwrap().text.value, "1.10");
        let value = service.environment.unwrap().entries.remove(0).value;
        assert_eq!(value.unwrap().text.value, "1.10");
    }

    #[test]
    fn a_value_knows_the_aliases_between_it_and_the_service() {
        let anchors = "x-url: &url u\nx-env: &env {A: 1, U: *url}\n\
                       x-base: &base\n  environment: *env\n";
        let cases: [(&str, &[&str], bool); 7] = [
            ("{environment: {A: 1}}", &["A=1"], true),
            ("{environment: *env}", &["A=1 *env", "U=u *env *url"], true),
            ("{environment: {U: *url}}", &["U=u *url"], true),
            (
                "{environment: {<<: *env, A: 2}}",
                &["U=u *env *url", "A=2"],
                true,
            ),
            ("{environment: [*url]}", &["u"], true),
            (
                "{<<: *base}",
                &["A=1 *base *env", "U=u *base *env *url"],
                false,
            ),
            ("*base", &["A=1 *base *env", "U=u *base *env *url"], false),
        ];
        for (body, expected, has_own_key) in cases {
            for services in [
                format!("services:\n  web: {body}\n"),
                format!("x-all: &all\n  web: {body}\nservices: *all\n"),
                format!("x-all: &all\n  web: {body}\nservices: {{<<: *all}}\n"),
            ] {
                let text = format!("{anchors}{services}");
                let service = facts(&text).services.remove(0);
                assert_eq!(slice(&text, service.key.span), "web");
                assert_eq!(environment(&text, &service), expected, "{services}");
                let key = service.environment.and_then(|env| env.key);
                assert_eq!(key.is_some(), has_own_key, "{services}");
            }
        }
    }

    #[test]
    fn keys_of_lists_are_given_where_the_service_holds_them() {
        let lists = "depends_on: [db]\nports: [80]\nnetworks: [n]\nvolumes: [v:/v]";
        let keys = |service: &Service| {
            [
                service.depends_on_key,
                service.ports_key,
                service.networks_key,
                service.volumes_key,
            ]
        };
        let (text, service) = web(lists);
        let own = keys(&service).map(|key| slice(&text, key.unwrap()).to_owned());
        assert_eq!(own, ["depends_on", "ports", "networks", "volumes"]);
        let merged = "x-b: &b {depends_on: [db], ports: [80], networks: [n], volumes: [v:/v]}\n\
                      services: {web: {<<: *b}}\n";
        let service = facts(merged).services.remove(0);
        assert_eq!(keys(&service), [None; 4]);
        assert_eq!(service.ports.len(), 1);
    }

    #[test]
    fn plain_settings_are_read() {
        let (text, service) = web(
            "image: \"postgres:16\"\ncontainer_name: c\nhostname: h\nnetwork_mode: host\n\
             expose: [3000, '3001']\nlinks: [db:database]\nexternal_links: [x]\nprofiles: [a, b]\n\
             x-image: y",
        );
        assert_eq!(texts(&text, &service.image), ["postgres:16"]);
        assert_eq!(texts(&text, &service.container_name), ["c"]);
        assert_eq!(texts(&text, &service.hostname), ["h"]);
        assert_eq!(texts(&text, &service.network_mode), ["host"]);
        assert_eq!(texts(&text, &service.expose), ["3000", "3001"]);
        assert_eq!(texts(&text, &service.links), ["db:database"]);
        assert_eq!(texts(&text, &service.profiles), ["a", "b"]);
    }

    #[test]
    fn build_is_a_folder_or_a_map() {
        let (text, service) = web("build: ./web");
        let build = service.build.unwrap();
        assert_eq!(slice(&text, build.key), "build");
        assert_eq!(texts(&text, &build.context), ["./web"]);

        for args in ["{N: x, M: , V: 1.0}", "[N=x, M, V=1]"] {
            let (text, service) = web(&format!(
                "build:\n  context: ..\n  dockerfile: D\n  target: t\n  args: {args}"
            ));
            let build = service.build.unwrap();
            assert_eq!(texts(&text, &build.context), [".."]);
            assert_eq!(texts(&text, &build.dockerfile), ["D"]);
            assert_eq!(texts(&text, &build.target), ["t"]);
            let args: Vec<_> = build.args.iter().map(|entry| show(&text, entry)).collect();
            assert_eq!(args, ["N=x", "M", "V=1"]);
        }

        let (_, service) = web("build:\n  dockerfile_inline: |\n    FROM a\n    RUN b");
        let inline = service.build.unwrap().dockerfile_inline.unwrap();
        assert_eq!(inline.text.value, "FROM a\nRUN b\n");
        for nothing in ["", "[x]", "!reset {context: x}"] {
            assert!(web(&format!("build: {nothing}")).1.build.is_none());
        }
    }

    #[test]
    fn env_files_have_three_forms() {
        let cases: [(&str, &[&str]); 5] = [
            ("a.env", &["a.env"]),
            ("[a.env, b.env]", &["a.env", "b.env"]),
            ("[{path: a.env, required: false}]", &["a.env"]),
            ("[{path: a.env, format: raw}, {required: true}]", &["a.env"]),
            ("", &[]),
        ];
        for (file, expected) in cases {
            let (text, service) = web(&format!("env_file: {file}"));
            assert_eq!(texts(&text, &service.env_files), expected, "{file}");
        }
    }

    #[test]
    fn depends_on_is_a_list_or_a_map() {
        let cases = [
            ("[db]", "db  true"),
            (
                "\n  db:\n    condition: service_healthy",
                "db service_healthy true",
            ),
            ("{db: {required: false}}", "db  false"),
            ("{db: }", "db  true"),
        ];
        for (written, expected) in cases {
            let (text, service) = web(&format!("depends_on: {written}"));
            let [entry] = &service.depends_on[..] else {
                panic!("{written}");
            };
            let condition = texts(&text, &entry.condition).concat();
            let shown = format!(
                "{} {condition} {}",
                entry.service.text.value, entry.required
            );
            assert_eq!(shown, expected);
            assert_eq!(slice(&text, entry.service.text.span), "db");
        }
    }

    #[test]
    fn ports_and_volumes_are_short_or_long() {
        let (text, service) = web(
            "ports: ['5433:5432', 3000, {target: 80, published: '8080', host_ip: 127.0.0.1, \
             protocol: udp, mode: host}, ~]\n\
             volumes: ['./a:/b:ro', {type: bind, source: ./c, target: /d}, []]",
        );
        let ports = service.ports.iter().map(|port| match port {
            Port::Short(written) => texts(&text, [written]),
            Port::Long {
                target,
                published,
                host_ip,
                protocol,
            } => texts(
                &text,
                [target, published, host_ip, protocol].into_iter().flatten(),
            ),
        });
        let expected = "5433:5432 | 3000 | 80 8080 127.0.0.1 udp";
        assert_eq!(
            ports
                .map(|port| port.join(" "))
                .collect::<Vec<_>>()
                .join(" | "),
            expected
        );
        let volumes = service.volumes.iter().map(|volume| match volume {
            Volume::Short(written) => texts(&text, [written]),
            Volume::Long {
                kind,
                source,
                target,
            } => texts(&text, [kind, source, target].into_iter().flatten()),
        });
        let expected = "./a:/b:ro | bind ./c /d";
        let volumes: Vec<_> = volumes.map(|volume| volume.join(" ")).collect();
        assert_eq!(volumes.join(" | "), expected);
    }

    #[test]
    fn networks_are_a_list_or_a_map_with_aliases() {
        for (written, expected) in [
            ("[a, b]", "a: b:"),
            ("{a: , b: {aliases: [x, y], priority: 1}}", "a: b:x,y"),
            ("[]", ""),
        ] {
            let (text, service) = web(&format!("networks: {written}"));
            let shown = service.networks.iter().map(|network| {
                let name = texts(&text, [&network.name]).concat();
                let aliases = texts(&text, &network.aliases).join(",");
                format!("{name}:{aliases}")
            });
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected);
        }
    }

    #[test]
    fn extends_names_a_service_here_or_elsewhere() {
        for (written, file, service) in [
            ("base", None, Some("base")),
            ("{service: base}", None, Some("base")),
            (
                "{file: ../c.yml, service: base}",
                Some("../c.yml"),
                Some("base"),
            ),
        ] {
            let (_, facts) = web(&format!("extends: {written}"));
            let extends = facts.extends.unwrap();
            let value = |written: &Option<Written>| written.as_ref().map(|w| w.text.value.clone());
            assert_eq!(value(&extends.file).as_deref(), file);
            assert_eq!(value(&extends.service).as_deref(), service);
        }
    }

    #[test]
    fn commands_are_one_line_or_words() {
        let (text, service) =
            web("entrypoint: []\ncommand: npm run start\nhealthcheck: {test: [CMD, pg_isready]}");
        let commands = service.commands.iter().map(|command| {
            assert_eq!(slice(&text, command.key.span), command.key.value);
            format!(
                "{}={}",
                command.key.value,
                texts(&text, &command.words).join("|")
            )
        });
        let expected = [
            "entrypoint=",
            "command=npm run start",
            "healthcheck=CMD|pg_isready",
        ];
        assert_eq!(commands.collect::<Vec<_>>(), expected);
        assert!(web("command: ").1.commands.is_empty());
    }

    #[test]
    fn a_healthcheck_counts_unless_it_is_disabled() {
        let cases = [
            ("{test: curl x}", true, false),
            ("{interval: 5s}", true, false),
            ("{test: NONE}", true, false),
            ("{test: [NONE]}", false, true),
            ("{disable: true, test: curl x}", false, true),
            ("{disable: 'yes'}", false, true),
            ("", false, false),
            ("!reset {test: curl x}", false, false),
        ];
        for (written, has, has_disabled) in cases {
            let (_, service) = web(&format!("healthcheck: {written}"));
            assert_eq!(service.has_healthcheck, has, "{written}");
            assert_eq!(service.has_disabled_healthcheck, has_disabled, "{written}");
        }
    }

    #[test]
    fn the_top_level_declares_networks_and_volumes() {
        let text = "name: athenaeum\nnetworks:\n  a:\n  b: {external: true, name: real-b}\n  \
                    c: {external: {name: real-c}}\n  d: {external: 'no', driver: bridge}\n\
                    volumes: {data: {name: x}}\nx-networks: {z: }\n";
        let facts = facts(text);
        assert_eq!(texts(text, &facts.name), ["athenaeum"]);
        let shown = |declared: &Declared| {
            assert_eq!(slice(text, declared.name.span), declared.name.value);
            let real_name = texts(text, &declared.real_name).concat();
            format!("{} {} {real_name}", declared.name.value, declared.external)
        };
        let networks: Vec<_> = facts.networks.iter().map(shown).collect();
        assert_eq!(
            networks,
            ["a false ", "b true real-b", "c true real-c", "d false "]
        );
        let volumes: Vec<_> = facts.volumes.iter().map(shown).collect();
        assert_eq!(volumes, ["data false x"]);
    }

    #[test]
    fn include_has_every_form() {
        for (written, expected) in [
            ("a.yml", "a.yml"),
            ("[a.yml, b.yml]", "a.yml | b.yml"),
            ("{path: a.yml}", "a.yml"),
            ("[{path: a.yml, env_file: x}, b.yml]", "a.yml x | b.yml"),
            (
                "[{path: [a.yml, b.yml], project_directory: .., env_file: [x, y]}]",
                "a.yml b.yml .. x y",
            ),
            ("[{}]", ""),
        ] {
            let text = format!("include: {written}\n");
            let facts = facts(&text);
            let included = facts.include.iter().map(|include| {
                let files = include.paths.iter().chain(&include.project_directory);
                texts(&text, files.chain(&include.env_files)).join(" ")
            });
            assert_eq!(included.collect::<Vec<_>>().join(" | "), expected);
        }
    }

    #[test]
    fn what_an_override_file_replaces_is_noted() {
        let text = "services:\n  web:\n    ports: !reset []\n    volumes: !override [a:/a]\n    \
                    environment: {A: !reset null}\n  db: !reset null\n  null-service:\n\
                    networks: !reset {a: }\n";
        let facts = facts(text);
        let replaced = facts.replaced.iter().map(|replaced| {
            assert_eq!(slice(text, replaced.tag.span), replaced.tag.value);
            format!("{} {}", replaced.tag.value, replaced.path.join("."))
        });
        let expected = [
            "!reset services.web.ports",
            "!override services.web.volumes",
            "!reset services.web.environment.A",
            "!reset services.db",
            "!reset networks",
        ];
        assert_eq!(replaced.collect::<Vec<_>>(), expected);
        let keys: Vec<_> = facts
            .services
            .iter()
            .map(|s| s.key.value.as_str())
            .collect();
        assert_eq!(keys, ["web", "null-service"]);
        let web = &facts.services[0];
        assert_eq!((web.ports.len(), web.ports_key), (0, None));
        assert_eq!(web.volumes.len(), 1);
        assert!(facts.networks.is_empty());
    }

    #[test]
    fn problems_stand_at_what_compose_refuses() {
        let no_map = "a compose file is a map, and this is none";
        let cases = [
            ("- a\n- b\n", "-", no_map),
            ("hello", "hello", no_map),
            ("!!str", "!!str", no_map),
            ("services: [web]", "services", "`services` is not a map"),
            (
                "services: {web: x}",
                "web",
                "the service `web` is not a map",
            ),
            (
                "services: {web: {}, web: {}}",
                "web",
                "the key `web` stands here twice",
            ),
            ("services:\n\tweb: x", "\t", "a tab indents this line"),
            (
                "services: {web: *w}",
                "*w",
                "`*w` refers to no anchor above it",
            ),
        ];
        for (text, place, message) in cases {
            let problems = parse(text).problems;
            let [problem] = &problems[..] else {
                panic!("{text}: {problems:?}");
            };
            let found = (slice(text, problem.span), problem.message.as_str());
            assert_eq!(found, (place, message), "{text}");
        }
    }

    #[test]
    fn what_stands_before_an_error_is_read() {
        let text = "services:\n  db: {image: x}\n  web:\n    environment:\n      A: 1\n      \
                    URL: \"postgresql://\n# dbfence-ignore-file x: y\n";
        let parsed = parse(text);
        let keys: Vec<_> = parsed.facts.services.iter().map(|s| &s.key.value).collect();
        assert_eq!(keys, ["db", "web"]);
        assert_eq!(environment(text, &parsed.facts.services[1]), ["A=1"]);
        assert_eq!(parsed.problems.len(), 1);
        let comment = slice(text, parsed.comments[0]);
        assert_eq!(comment, "# dbfence-ignore-file x: y");
    }

    #[test]
    fn a_value_without_a_key_is_no_service() {
        let parsed = parse("services:\n  : x\n  web: {image: x}\n");
        assert_eq!(parsed.problems, []);
        assert_eq!(parsed.facts.services.len(), 1);
    }

    #[test]
    fn every_document_of_a_stream_is_read() {
        let text = "services: {a: {}}\n---\nname: n\nservices: {b: }\n---\n";
        let facts = facts(text);
        let keys: Vec<_> = facts.services.iter().map(|s| &s.key.value).collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(facts.services_key.map(|key| key.start), Some(0));
        assert_eq!(facts.name.unwrap().text.value, "n");
    }

    #[test]
    fn merges_of_large_maps_into_many_services_are_bounded() {
        let lines = |line: &dyn Fn(usize) -> String| -> String {
            (0..5_000).map(line).collect::<Vec<_>>().concat()
        };
        let variables = lines(&|n| format!("  V{n}: x\n"));
        let services = lines(&|n| format!("  s{n}: {{environment: *e}}\n"));
        let text = format!("x-e: &e\n{variables}services:\n{services}");
        let parsed = parse(&text);
        assert_eq!(parsed.problems.len(), 1);
        assert_eq!(parsed.facts.services.len(), 5_000);
        let environments = parsed.facts.services.iter().flat_map(|s| &s.environment);
        assert!(environments.map(|env| env.entries.len()).sum::<usize>() < 300_000);
    }
}
