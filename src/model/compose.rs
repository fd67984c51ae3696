//! Stacks: what Compose would run from its files and their variables. `stacks.rs` makes them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use crate::connection::{self, Connection};
use crate::discover::{is_named_for_tests, is_test_code};
use crate::model::merging::MissingBase;
use crate::model::resolve::{Link, Resolved};
use crate::source::{FileId, Place, Placed, Sources, file_name, join};

/// What Compose would run from one file and its override, or from the files that `COMPOSE_FILE` lists.
#[derive(Debug)]
pub struct Stack {
    /// The files, the base first.
    pub files: Vec<FileId>,
    /// The project folder: relative paths start here.
    pub folder: String,
    /// The key token `services` of the base file, else of a later one.
    pub services_key: Option<Place>,
    /// The services, in the order of the files.
    pub services: Vec<Service>,
    /// The folder in which Compose runs just this when it is told no file.
    pub run_from: Option<String>,
    /// The networks that are declared.
    pub networks: Vec<Declared>,
    /// The volumes that are declared.
    pub volumes: Vec<Declared>,
    /// Networks that something else creates, by the name Docker knows them by.
    pub external_networks: Vec<String>,
    /// The profiles that the project's `.env` switches on.
    pub active_profiles: BTreeSet<String>,
    /// The files that it includes.
    pub included: HashSet<FileId>,
    /// The services that others extend, by the places of their keys.
    pub extended: HashSet<Place>,
    /// What `extends` names and is not there.
    pub missing_bases: Vec<MissingBase>,
    /// What leaves the set of services open, and why.
    pub open: Vec<Placed<String>>,
    /// What the config names it for.
    pub purpose: Option<Purpose>,
    pub(super) by_key: HashMap<String, usize>,
    pub(super) by_host: HashMap<String, usize>,
}

/// A network or a volume that a stack declares.
#[derive(Debug)]
pub struct Declared {
    /// The name that services use.
    pub name: Placed<String>,
    /// The name that Docker knows it by.
    pub real_name: String,
}

/// What the config names the files of a stack for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `compose.development`.
    Development,
    /// `compose.production`.
    Production,
}

/// One service of a stack, with its values resolved.
#[derive(Debug)]
pub struct Service {
    /// The key.
    pub key: Placed<String>,
    /// `image`.
    pub image: Option<Resolved>,
    /// `build`.
    pub build: Option<Build>,
    /// The image that the build starts from, where its Dockerfile could be read.
    pub base_image: Option<Placed<String>>,
    /// Names under which others reach it, besides the key.
    pub aliases: Vec<String>,
    /// The key token `environment`.
    pub environment_key: Option<Place>,
    /// The environment, later ones of a name first resolved; one a name.
    pub environment: Vec<Variable>,
    /// Why the environment may hold more than is known.
    pub unknown_environment: Option<String>,
    /// The key token `depends_on`.
    pub depends_on_key: Option<Place>,
    /// `depends_on`; one a name.
    pub depends_on: Vec<Dependency>,
    /// The container's and the published port of each entry of `ports`.
    pub ports: Vec<Port>,
    /// The key token `volumes`.
    pub volumes_key: Option<Place>,
    /// Mounts from the host or from named volumes.
    pub mounts: Vec<Mount>,
    /// Networks by the name Docker knows them by, the implicit `default` among them; none where
    /// `network_mode` says otherwise.
    pub networks: Vec<String>,
    /// The networks that it names, as it names them.
    pub network_names: Vec<Resolved>,
    /// `network_mode`: it shares the network of the host or of another container, or has none.
    pub network_mode: Option<Resolved>,
    /// `profiles`: where there are any, it runs only when one of them is asked for.
    pub profiles: Vec<String>,
    /// The words of its commands.
    pub commands: Vec<String>,
    /// What it starts instead of what its image does.
    pub starts: Starts,
    /// The words of its health check.
    pub healthcheck: Vec<Resolved>,
    /// What is said of its health check.
    pub health: Health,
    /// The entries of `links`, `SERVICE` or `SERVICE:ALIAS`.
    pub links: Vec<Resolved>,
    /// Names that `links` gives to other services, for this one alone.
    pub link_aliases: Vec<String>,
    /// Whether the config counts it among the tools.
    pub is_named_tool: bool,
    /// Whether `extends` brings settings that could not be read.
    pub is_extended: bool,
    /// Whether files reach it by a way that is not read here (`configs`).
    pub has_configs: bool,
}

/// What a service starts instead of what its image does.
#[derive(Debug, Default)]
pub struct Starts {
    /// `entrypoint`.
    pub entrypoint: Option<Started>,
    /// `command`.
    pub command: Option<Started>,
}

/// An `entrypoint` or a `command`.
#[derive(Debug)]
pub struct Started {
    /// The words of the list form, else the one line.
    pub words: Vec<Resolved>,
    /// Whether it is in the list form.
    pub is_list: bool,
}

/// What a service says of its health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing: that of its image counts.
    Unsaid,
    /// It has a test.
    Tested,
    /// It is switched off, that of its image as well.
    Off,
}

/// `build`, resolved.
#[derive(Debug)]
pub struct Build {
    /// The key token `build`.
    pub place: Place,
    /// Where its relative paths start, from the workspace root.
    pub folder: String,
    /// The context folder, from the workspace root; `None` where it lies outside or is not known.
    pub context: Option<String>,
    /// The same, as it is written.
    pub context_text: Option<Resolved>,
    /// The Dockerfile, from the workspace root.
    pub dockerfile: Option<String>,
    /// The same, as it is written, from the context.
    pub dockerfile_text: Option<Resolved>,
    /// Whether the Dockerfile is written inline.
    pub is_inline: bool,
    /// Build arguments with a known value.
    pub args: Vec<(String, String)>,
    /// The stage that is built.
    pub target: Option<String>,
}

/// One environment variable of a service.
#[derive(Debug)]
pub struct Variable {
    /// The name.
    pub name: Placed<String>,
    /// The value; `None` where it is passed on from outside and not known.
    pub value: Option<Resolved>,
    /// The value taken apart, where it is a connection string.
    pub connection: Option<Connection>,
}

/// One entry of `depends_on`.
#[derive(Debug)]
pub struct Dependency {
    /// The name that is waited for.
    pub name: Resolved,
    /// What it is waited for, in the map form; in the list form that it is started.
    pub condition: Option<Resolved>,
    /// Whether the stack has to have it.
    pub is_required: bool,
}

/// One entry of `ports`; ranges and unknown ports are `None`.
#[derive(Clone, Debug)]
pub struct Port {
    /// The port on the host.
    pub published: Option<u16>,
    /// The port in the container.
    pub target: Option<u16>,
    /// The port on the host, as it is written.
    pub published_text: Option<Part>,
    /// The port in the container, as it is written.
    pub target_text: Option<Part>,
    /// The address on the host, where one is written.
    pub host_ip: Option<String>,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// A mount.
#[derive(Debug)]
pub struct Mount {
    /// The whole entry, or the `source` of the long form: its resolved text.
    pub source: Part,
    /// Where it appears in the container.
    pub target: Part,
    /// Where a relative source starts, from the workspace root.
    pub folder: String,
    /// What is mounted, where the long form says it: `bind`, `volume`, …
    pub kind: Option<String>,
}

/// Where the official image and those built on it look for scripts to run on first start.
pub const INIT_FOLDER: &str = "/docker-entrypoint-initdb.d";

impl Mount {
    /// Whether its source is the name of a volume.
    pub fn is_named_volume(&self) -> bool {
        let source = self.source.text.as_str();
        let is_path =
            source.starts_with(['.', '/', '~', '\\']) || source.as_bytes().get(1) == Some(&b':');
        match &self.kind {
            Some(kind) => kind == "volume" && !source.is_empty(),
            None => !source.is_empty() && !is_path,
        }
    }

    /// Whether it appears in the folder of scripts to run on first start, or is that folder.
    pub fn is_init(&self) -> bool {
        let target = self.target.text.trim_end_matches('/');
        target
            .strip_prefix(INIT_FOLDER)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A part of a resolved text.
#[derive(Clone, Debug)]
pub struct Part {
    /// The text of the part.
    pub text: String,
    /// Its bytes of the whole text.
    pub range: Range<usize>,
    /// The places through which it is reached, nearest first.
    pub chain: Vec<Link>,
    /// Whether it is wholly known.
    pub is_known: bool,
    /// Whether it comes from an example file.
    pub is_from_example: bool,
}

impl Part {
    pub(super) fn of(resolved: &Resolved, range: &Range<usize>) -> Self {
        Self {
            text: resolved.text[range.clone()].to_owned(),
            range: range.clone(),
            chain: resolved.chain(range),
            is_known: resolved.is_known(range),
            is_from_example: resolved.is_from_example(range),
        }
    }

    /// The link nearest the user.
    pub fn place(&self) -> Option<Place> {
        self.chain.first().map(|link| link.place)
    }

    /// Where a container takes the part from, if that is not where the link stands.
    pub fn way_to(&self, link: &Link, container: &str) -> Option<(Place, String)> {
        let nearest = self.place()?;
        let is_there = nearest.file == link.place.file && nearest.span.contains(link.place.span);
        (!is_there).then(|| (nearest, format!("`{container}` takes it from here")))
    }
}

impl Variable {
    /// A variable, its value taken apart.
    pub(super) fn of(name: Placed<String>, value: Option<Resolved>) -> Self {
        let connection = value.as_ref().and_then(Resolved::connection);
        Self {
            name,
            value,
            connection,
        }
    }

    /// The value as a whole, where it is known.
    pub fn known_value(&self) -> Option<&Resolved> {
        self.value.as_ref().filter(|value| value.is_all_known())
    }

    /// A part of the value.
    pub fn part(&self, range: &Range<usize>) -> Option<Part> {
        self.value.as_ref().map(|value| Part::of(value, range))
    }

    /// The whole value; the name where the value is not known or empty.
    pub fn whole(&self) -> Part {
        let whole = self
            .value
            .as_ref()
            .map(|value| (value, 0..value.text.len()));
        whole.map_or_else(
            || Part {
                text: String::new(),
                range: 0..0,
                chain: vec![Link::opaque(self.name.place)],
                is_known: false,
                is_from_example: false,
            },
            |(value, range)| Part::of(value, &range),
        )
    }

    /// The variables of unknown value in those parts of the connection string that say which database is
    /// meant: what the part is, the variable's name and where it is named.
    pub fn unknown_parts(&self) -> Vec<(&'static str, &str, Place)> {
        let (Some(value), Some(connection)) = (&self.value, &self.connection) else {
            return Vec::new();
        };
        let hosts = || connection.hosts.iter();
        let names = hosts().map(|host| ("host", Some(&host.name)));
        let ports = hosts().map(|host| ("port", host.port.as_ref()));
        names
            .chain(ports)
            .chain([("database name", connection.database.as_ref())])
            .filter_map(|(what, range)| Some((what, range?)))
            .flat_map(|(what, range)| {
                let unknown = value.unknown(range).into_iter();
                unknown.map(move |(name, place)| (what, name, place))
            })
            .collect()
    }

    /// The database that the connection string names, percent escapes resolved.
    pub fn database(&self) -> Option<Part> {
        let range = self.connection.as_ref()?.database.clone()?;
        let part = self.part(&range)?;
        Some(Part {
            text: connection::decode(&part.text),
            ..part
        })
    }

    /// The user that the connection string names.
    pub fn user(&self) -> Option<Part> {
        let range = self.connection.as_ref()?.user.clone()?;
        let part = self.part(&range)?;
        Some(Part {
            text: connection::decode(&part.text),
            ..part
        })
    }

    /// The one host of the connection string; `None` for none and for a list of several.
    pub fn host(&self) -> Option<(Part, Option<Part>)> {
        let [host] = self.connection.as_ref()?.hosts.as_slice() else {
            return None;
        };
        let port = host.port.as_ref().and_then(|port| self.part(port));
        Some((self.part(&host.name)?, port))
    }

    /// What to write where parts are wrong, each given with the right text: those texts, or a value of
    /// the container's own where the link stands for more than the first part.
    pub fn advice(&self, container: &str, link: &Link, parts: &[(&Part, &str)]) -> String {
        let own = (!link.is_part).then(|| self.shown_with(parts));
        if let Some(own) = own.flatten() {
            let name = &self.name.value;
            return format!("give `{container}` a `{name}` of its own, `{own}`");
        }
        let texts = parts.iter().enumerate().map(|(number, (part, right))| {
            if number == 0 {
                format!("write `{right}`")
            } else {
                format!("`{right}` instead of `{}`", part.text)
            }
        });
        texts.collect::<Vec<_>>().join(", and ")
    }

    /// The connection string with other texts in place of some parts, to be shown: no password and no
    /// key is in it.
    fn shown_with(&self, parts: &[(&Part, &str)]) -> Option<String> {
        let (value, connection) = (self.value.as_ref()?, self.connection.as_ref()?);
        let parts: Vec<_> = parts
            .iter()
            .map(|(part, text)| (part.range.clone(), *text))
            .collect();
        connection.without_secrets(&value.text, &parts)
    }

    /// Whether the value is a connection string of PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        let scheme = || Some(&self.value.as_ref()?.text[self.connection.as_ref()?.scheme.clone()]);
        scheme().is_some_and(|scheme| matches!(scheme, "postgres" | "postgresql"))
    }
}

impl Service {
    /// A service of which nothing but its key is known.
    pub(super) fn named(key: Placed<String>) -> Self {
        Self {
            key,
            image: None,
            build: None,
            base_image: None,
            aliases: Vec::new(),
            environment_key: None,
            environment: Vec::new(),
            unknown_environment: None,
            depends_on_key: None,
            depends_on: Vec::new(),
            ports: Vec::new(),
            volumes_key: None,
            mounts: Vec::new(),
            networks: Vec::new(),
            network_names: Vec::new(),
            network_mode: None,
            profiles: Vec::new(),
            commands: Vec::new(),
            starts: Starts::default(),
            healthcheck: Vec::new(),
            health: Health::Unsaid,
            links: Vec::new(),
            link_aliases: Vec::new(),
            is_named_tool: false,
            is_extended: false,
            has_configs: false,
        }
    }

    /// Whether it has neither an image nor a build: it is an overlay of a service elsewhere, or a template.
    pub fn is_overlay(&self) -> bool {
        self.image.is_none() && self.build.is_none()
    }

    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.environment
            .iter()
            .find(|variable| variable.name.value == name)
    }

    /// The variables whose connection string names a database.
    pub fn variables_for<'s>(&'s self, database: &str) -> impl Iterator<Item = &'s Variable> {
        self.environment.iter().filter(move |variable| {
            variable.is_postgres()
                && variable
                    .database()
                    .is_some_and(|part| part.text == database)
        })
    }

    /// The image's name without registry host, tag and digest (`bitnami/postgresql`): that of `image`,
    /// else the one that the build starts from.
    pub fn image_name(&self) -> Option<&str> {
        let built = self.base_image.as_ref().map(|image| image.value.as_str());
        let image = match (&self.image, &self.build) {
            (_, Some(_)) => built,
            (Some(image), None) => Some(image.text.as_str()),
            (None, None) => None,
        };
        image.map(image_name)
    }

    /// Whether a name is its key, another name that it answers to, or that of its image where it is not built
    /// here.
    pub fn goes_by(&self, name: &str) -> bool {
        let is_alias = || self.aliases.iter().any(|alias| alias == name);
        let image = self.image_name().filter(|_| self.build.is_none());
        let is_image = image.map(file_name) == Some(file_name(name));
        self.key.value == name || is_alias() || is_image
    }

    /// Whether it runs a PostgreSQL server.
    pub fn is_postgres(&self) -> bool {
        self.image_name().is_some_and(is_postgres_image)
    }

    /// Whether it passes connections on to a server elsewhere.
    pub fn is_pooler(&self) -> bool {
        const POOLERS: [&str; 9] = [
            "pgbouncer",
            "pgcat",
            "pgpool",
            "odyssey",
            "supavisor",
            "haproxy",
            "pgdog",
            "pgagroal",
            "cloud-sql-proxy",
        ];
        let image = self.image_name().unwrap_or_default();
        POOLERS.iter().any(|pooler| image.contains(pooler))
    }

    /// Whether it looks into, copies or migrates databases of others, by its image or by the config: it owns
    /// none.
    pub fn is_tool(&self) -> bool {
        self.is_runtime() || self.is_known_tool() || self.is_postgres() || self.is_pooler()
    }

    /// Whether its image only runs what it is given.
    pub fn is_runtime(&self) -> bool {
        let name = self.image_name().unwrap_or_default();
        ["node", "bun", "alpine", "busybox"].contains(&file_name(name))
    }

    /// Whether its image is known for looking into, copying or migrating databases of others, or the config
    /// counts it among the tools.
    pub fn is_known_tool(&self) -> bool {
        const TOOLS: [&str; 16] = [
            "adminer",
            "atlas",
            "backup",
            "beaver",
            "dbgate",
            "dbmate",
            "exporter",
            "flyway",
            "hasura",
            "liquibase",
            "migrate",
            "pgadmin",
            "pghero",
            "pgweb",
            "prisma",
            "sqitch",
        ];
        let name = self.image_name().unwrap_or_default();
        self.is_named_tool || TOOLS.iter().any(|tool| name.contains(tool))
    }

    /// Whether its image is known for something that is no PostgreSQL server.
    pub fn is_other_software(&self) -> bool {
        const OTHERS: [&str; 14] = [
            "redis",
            "valkey",
            "nginx",
            "rabbitmq",
            "mysql",
            "mariadb",
            "mongo",
            "memcached",
            "node",
            "minio",
            "mailhog",
            "mailpit",
            "zookeeper",
            "kafka",
        ];
        let name = self.image_name().unwrap_or_default();
        OTHERS.contains(&file_name(name))
    }

    /// Whether its image is known for a server of other software, which runs no code of a workspace.
    pub fn is_other_server(&self) -> bool {
        let name = file_name(self.image_name().unwrap_or_default());
        self.is_other_software() && !["node", "nginx"].contains(&name)
    }

    /// The port that its server listens on, unless it is told another one in a way that is not read.
    pub fn listens_on(&self, usual: u16) -> Option<u16> {
        let is_told = self.variable("PGPORT").is_some()
            || self
                .commands
                .iter()
                .any(|word| word.contains("-p") || word.contains("port"));
        (!is_told).then_some(usual)
    }
}

/// An image reference without registry host, tag and digest.
fn image_name(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => name,
    }
}

/// Builds of PostgreSQL that people run: the official image, PostGIS, Timescale, pgvector, Bitnami's,
/// Supabase's.
fn is_postgres_image(name: &str) -> bool {
    const SERVERS: [&str; 9] = [
        "postgres",
        "postgresql",
        "postgis",
        "timescaledb",
        "timescaledb-ha",
        "pgvector",
        "postgresql-repmgr",
        "timescaledb-postgis",
        "postgres-ha",
    ];
    SERVERS.contains(&file_name(name))
}

impl Stack {
    /// The service of that key.
    pub fn by_key(&self, key: &str) -> Option<&Service> {
        self.by_key.get(key).map(|&index| &self.services[index])
    }

    /// The service that answers to a host name: by key, `container_name`, `hostname` or alias.
    pub fn by_host(&self, host: &str) -> Option<&Service> {
        self.by_key
            .get(host)
            .or_else(|| self.by_host.get(host))
            .map(|&index| &self.services[index])
    }

    /// The service that answers to a name in the stack's networks. Docker's DNS knows no upper case.
    pub fn answering_to(&self, host: &str) -> Option<&Service> {
        let is_name = |name: &str| name.eq_ignore_ascii_case(host);
        self.by_host(host).or_else(|| {
            self.services.iter().find(|service| {
                is_name(&service.key.value) || service.aliases.iter().any(|alias| is_name(alias))
            })
        })
    }

    /// The number of one of its services.
    pub fn position(&self, service: &Service) -> usize {
        self.by_key
            .get(&service.key.value)
            .copied()
            .unwrap_or_default()
    }

    /// What PostgreSQL services mount where the image looks for scripts to run on first start.
    pub fn init_mounts(&self) -> impl Iterator<Item = (&Service, &Mount)> {
        self.postgres_services().flat_map(|service| {
            let mounts = service.mounts.iter().filter(|mount| mount.is_init());
            mounts.map(move |mount| (service, mount))
        })
    }

    /// The path of a mount's source from the workspace root; `None` for a named volume, a path outside
    /// the workspace (`~` is somebody's home) and one that is not known.
    pub fn host_path(&self, mount: &Mount) -> Option<String> {
        let source = &mount.source;
        let is_path = source.text.starts_with('.') || source.text.contains('/');
        if source.is_known && is_path && !source.text.starts_with('~') {
            join(&mount.folder, &source.text)
        } else {
            None
        }
    }

    /// Every variable of every service.
    pub fn variables(&self) -> impl Iterator<Item = (&Service, &Variable)> {
        self.services.iter().flat_map(|service| {
            service
                .environment
                .iter()
                .map(move |variable| (service, variable))
        })
    }

    /// Whether it runs as it is: Compose finds its files by itself, or the config names them.
    pub fn runs_as_it_is(&self) -> bool {
        self.purpose.is_some() || self.run_from.is_some()
    }

    /// Whether it is run for tests only, by the names of its base file and of the folders above it.
    pub fn is_for_tests(&self, sources: &Sources) -> bool {
        let Some(base) = self.files.first() else {
            return false;
        };
        let path = sources.file(*base).path.as_str();
        is_test_code(path) || is_named_for_tests(file_name(path))
    }

    /// The PostgreSQL services.
    pub fn postgres_services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| service.is_postgres())
    }
}
