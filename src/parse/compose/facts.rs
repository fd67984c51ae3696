//! What a compose file says, before anything is resolved.

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
