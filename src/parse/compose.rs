//! Compose files (Compose specification, <https://compose-spec.io>): what one file says.
//!
//! Anchors, aliases and `<<` merges are followed here, since they never leave the file. Variables,
//! override files, `extends` and `include` are not: the model resolves them.

use crate::parse::Parsed;
use crate::source::{At, Span};

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
    /// Every path of `include`, in both forms.
    pub include: Vec<Written>,
}

/// A scalar as it is written, before interpolation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The scalar's value and the span of its content (quotes excluded).
    pub text: At<String>,
    /// The alias tokens (`*defaults`) through which the service reaches it, nearest the service first.
    /// Empty where the scalar is written in the service itself.
    pub via: Vec<Span>,
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
    pub env_files: Vec<EnvFile>,
    /// The key token `depends_on`.
    pub depends_on_key: Option<Span>,
    /// `depends_on`, as a list or a map.
    pub depends_on: Vec<DependsOn>,
    /// The key token `ports`.
    pub ports_key: Option<Span>,
    /// `ports`, short and long.
    pub ports: Vec<Port>,
    /// `expose`.
    pub expose: Vec<Written>,
    /// The key token `networks`.
    pub networks_key: Option<Span>,
    /// `networks`, as a list or a map; empty where the key is absent.
    pub networks: Vec<ServiceNetwork>,
    /// `network_mode`.
    pub network_mode: Option<Written>,
    /// The key token `volumes`.
    pub volumes_key: Option<Span>,
    /// `volumes`, short and long.
    pub volumes: Vec<Volume>,
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

/// One file of `env_file`.
#[derive(Clone, Debug)]
pub struct EnvFile {
    /// The path, relative to the compose file.
    pub path: Written,
    /// `required: false` makes a missing file fine.
    pub required: bool,
}

/// One entry of `depends_on`.
#[derive(Clone, Debug)]
pub struct DependsOn {
    /// The compose service that is waited for.
    pub service: Written,
    /// `condition`, in the map form.
    pub condition: Option<Written>,
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
    },
}

/// One entry of a service's `networks`.
#[derive(Clone, Debug)]
pub struct ServiceNetwork {
    /// The network's name in this file.
    pub name: At<String>,
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
}

/// Reads one compose file.
pub fn parse(text: &str) -> Parsed<ComposeFile> {
    let _ = text;
    Parsed::default()
}
