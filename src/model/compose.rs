//! Stacks: what Compose would run from a file, its override file and its variables.
//!
//! Each compose file is a stack of its own; only a standard file and its `.override` are merged
//! (Compose specification, "Merge and override").

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::connection::{self, Connection};
use crate::discover::is_test_code;
use crate::model::resolve::{self, Link, Resolved, Variables};
use crate::parse::Facts;
use crate::parse::compose as written;
use crate::policy::Policy;
use crate::source::{
    Existence, FileId, Kind, Place, Placed, Sources, Span, file_name, join, parent,
};

/// What Compose would run from one file and its override.
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
    /// Networks that something else creates, by the name Docker knows them by.
    pub external_networks: Vec<String>,
    /// What leaves the set of services open, and why.
    pub open: Vec<Placed<String>>,
    /// What the config names it for.
    pub purpose: Option<Purpose>,
    by_key: HashMap<String, usize>,
    by_host: HashMap<String, usize>,
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
    /// Networks by the name Docker knows them by; empty for the default one.
    pub networks: Vec<String>,
    /// `network_mode`: it shares the network of the host or of another container, or has none.
    pub network_mode: Option<String>,
    /// `profiles`: where there are any, it runs only when one of them is asked for.
    pub profiles: Vec<String>,
    /// The words of its commands.
    pub commands: Vec<String>,
    /// The words of its health check.
    pub healthcheck: Vec<Resolved>,
    /// Names that `links` gives to other services, for this one alone.
    pub link_aliases: Vec<String>,
    /// Whether the config counts it among the tools.
    pub is_named_tool: bool,
    /// Whether `extends` brings settings that are not known here.
    pub is_extended: bool,
    /// Whether files reach it by a way that is not read here (`configs`).
    pub has_configs: bool,
}

/// `build`, resolved.
#[derive(Debug)]
pub struct Build {
    /// The key token `build`.
    pub place: Place,
    /// The context folder, from the workspace root; `None` where it lies outside or is not known.
    pub context: Option<String>,
    /// The same, as it is written.
    pub context_text: Option<Resolved>,
    /// The Dockerfile, from the workspace root.
    pub dockerfile: Option<String>,
    /// The same, as it is written, from the context.
    pub dockerfile_text: Option<Resolved>,
    /// Whether other settings may count as well: those of an earlier file, or a Dockerfile written inline.
    pub is_partial: bool,
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
}

/// Where the official image and those built on it look for scripts to run on first start.
pub const INIT_FOLDER: &str = "/docker-entrypoint-initdb.d";

impl Mount {
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
        let is_secret = |name: &Range<usize>| {
            let name = value.text[name.clone()].to_ascii_lowercase();
            ["password", "key", "token", "secret"]
                .iter()
                .any(|word| name.contains(word))
        };
        let parameters = connection.parameters.iter();
        let secrets = parameters.filter(|(name, _)| is_secret(name));
        let mut edits: Vec<_> = parts
            .iter()
            .map(|(part, text)| (&part.range, *text))
            .collect();
        edits.extend(connection.password.as_ref().map(|it| (it, "<password>")));
        edits.extend(secrets.map(|(_, secret)| (secret, "<secret>")));
        edits.sort_by_key(|(range, _)| range.start);
        let mut shown = String::new();
        let mut end = 0;
        for (range, text) in edits {
            shown.push_str(value.text.get(end..range.start)?);
            shown.push_str(text);
            end = range.end;
        }
        shown.push_str(&value.text[end..]);
        Some(shown)
    }

    /// Whether the value is a connection string of PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        let scheme = || Some(&self.value.as_ref()?.text[self.connection.as_ref()?.scheme.clone()]);
        scheme().is_some_and(|scheme| matches!(scheme, "postgres" | "postgresql"))
    }
}

impl Service {
    /// A service of which nothing but its key is known.
    fn named(key: Placed<String>) -> Self {
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
            network_mode: None,
            profiles: Vec::new(),
            commands: Vec::new(),
            healthcheck: Vec::new(),
            link_aliases: Vec::new(),
            is_named_tool: false,
            is_extended: false,
            has_configs: false,
        }
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
            join(&self.folder, &source.text)
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

    /// Whether it runs as it is: its base file has a standard name, or the config names its files.
    pub fn runs_as_it_is(&self, sources: &Sources) -> bool {
        let base = self
            .files
            .first()
            .map(|file| file_name(&sources.file(*file).path));
        self.purpose.is_some() || base.is_some_and(|name| STANDARD_NAMES.contains(&name))
    }

    /// Whether it is run for tests only, by the names of its base file and of the folders above it.
    pub fn is_for_tests(&self, sources: &Sources) -> bool {
        const WORDS: [&str; 5] = ["test", "tests", "testing", "e2e", "ci"];
        let Some(base) = self.files.first() else {
            return false;
        };
        let path = sources.file(*base).path.as_str();
        let mut words = file_name(path).split(['.', '-', '_']);
        is_test_code(path) || words.any(|word| WORDS.contains(&word))
    }

    /// The PostgreSQL services.
    pub fn postgres_services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| service.is_postgres())
    }
}

const STANDARD_NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// The files that Compose reads in `folder` when it is told none, the base first.
pub fn standard_files(sources: &Sources, folder: &str) -> Vec<FileId> {
    let find = |name: &str| sources.find(&join(folder, name)?);
    let Some((base, name)) = STANDARD_NAMES
        .iter()
        .find_map(|name| Some((find(name)?, name)))
    else {
        return Vec::new();
    };
    let overriding = override_names(name).find_map(|name| find(&name));
    [Some(base), overriding].into_iter().flatten().collect()
}

fn override_names(base: &str) -> impl Iterator<Item = String> {
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    ["yml", "yaml"]
        .map(|ending| format!("{stem}.override.{ending}"))
        .into_iter()
}

fn is_override(path: &str) -> bool {
    let name = file_name(path);
    STANDARD_NAMES
        .iter()
        .flat_map(|base| override_names(base))
        .any(|overriding| overriding == name)
}

/// Every stack of the workspace, in the order of their files.
pub fn stacks(sources: &Sources, facts: &[std::sync::Arc<Facts>], policy: &Policy) -> Vec<Stack> {
    let mut sets = named_sets(sources, policy);
    let files_for = |wanted: &[Purpose]| -> HashSet<FileId> {
        let is_wanted = |purpose: &Option<Purpose>| purpose.is_some_and(|it| wanted.contains(&it));
        let sets = sets.iter().filter(|(_, purpose)| is_wanted(purpose));
        sets.flat_map(|(files, _)| files.iter().copied()).collect()
    };
    let development = files_for(&[Purpose::Development]);
    let named = files_for(&[Purpose::Development, Purpose::Production]);
    let mut merged = development.clone();
    for (id, file) in sources.files() {
        if file.kind != Kind::Compose || merged.contains(&id) {
            continue;
        }
        let mut standard = standard_files(sources, parent(&file.path));
        standard.retain(|file| !development.contains(file));
        let files = match standard.first() {
            // What production is built on is run by itself in development.
            Some(&base) if base == id => standard,
            Some(_) if is_override(&file.path) && standard.contains(&id) => continue,
            _ if named.contains(&id) => continue,
            _ => vec![id],
        };
        merged.extend(files.iter().copied());
        sets.push((files, None));
    }
    sets.sort_by(|a, b| a.0.cmp(&b.0));
    let linker = Linker {
        sources,
        facts,
        tools: &policy.tools,
    };
    let stacks = sets.into_iter().map(|(files, purpose)| {
        let folder = files.first().map(|base| parent(&sources.file(*base).path));
        Stack {
            purpose,
            ..linker.stack(files, folder.unwrap_or_default())
        }
    });
    stacks.collect()
}

/// The sets of files that the config names, wherever the first of them stands.
fn named_sets(sources: &Sources, policy: &Policy) -> Vec<(Vec<FileId>, Option<Purpose>)> {
    let named = [
        (&policy.development, Purpose::Development),
        (&policy.production, Purpose::Production),
    ];
    let mut sets: Vec<(Vec<FileId>, Option<Purpose>)> = Vec::new();
    for (paths, purpose) in named {
        let base = paths.first().and_then(|base| join("", base));
        let Some(end) = base.map(|base| format!("/{base}")) else {
            continue;
        };
        let bases = sources
            .files()
            .filter(|(_, file)| file.kind == Kind::Compose);
        let rooted: Vec<String> = bases.map(|(_, file)| format!("/{}", file.path)).collect();
        let folders = rooted.iter().filter_map(|path| path.strip_suffix(&end));
        for folder in folders {
            let files = paths
                .iter()
                .filter_map(|path| sources.find(&join(folder, path)?));
            let files: Vec<FileId> = files.collect();
            if !sets.iter().any(|(known, _)| *known == files) {
                sets.push((files, Some(purpose)));
            }
        }
    }
    sets
}

/// What one file says of a service.
struct Fragment<'a> {
    file: FileId,
    service: &'a written::Service,
    /// What a later file takes back or replaces (`!reset`, `!override`), by the keys that lead there.
    withdrawn: Vec<&'a [String]>,
}

impl<'a> Fragment<'a> {
    fn keeps(&self, setting: &[&str]) -> bool {
        !self.withdrawn.iter().any(|path| *path == setting)
    }

    fn environment(&self) -> impl Iterator<Item = &'a written::EnvEntry> {
        let environment = self.service.environment.as_ref();
        environment
            .filter(|_| self.keeps(&["environment"]))
            .into_iter()
            .flat_map(|environment| &environment.entries)
            .filter(|entry| self.keeps(&["environment", &entry.name.value]))
    }
}

/// Takes back what earlier files say under a path of keys.
fn withdraw<'a>(parts: &mut BTreeMap<&str, Vec<Fragment<'a>>>, path: &'a [String]) {
    match path {
        [section] if section == "services" => parts.values_mut().for_each(Vec::clear),
        [section, key] if section == "services" => {
            parts.get_mut(key.as_str()).into_iter().for_each(Vec::clear);
        }
        [section, key, setting @ ..] if section == "services" => {
            let fragments = parts.get_mut(key.as_str()).into_iter().flatten();
            fragments.for_each(|fragment| fragment.withdrawn.push(setting));
        }
        _ => {}
    }
}

struct Linker<'a> {
    sources: &'a Sources,
    facts: &'a [std::sync::Arc<Facts>],
    /// Names of tools, from the config.
    tools: &'a [String],
}

impl<'a> Linker<'a> {
    fn compose(&self, file: FileId) -> Option<&'a written::ComposeFile> {
        match self.facts[file.0 as usize].as_ref() {
            Facts::Compose(parsed) => Some(&parsed.facts),
            _ => None,
        }
    }

    /// The entries of the `.env` file at a path, if it was read.
    fn env_file(&self, path: &str) -> Option<(FileId, &'a [crate::parse::dotenv::Entry])> {
        let file = self.sources.find(path)?;
        match self.facts[file.0 as usize].as_ref() {
            Facts::Env(parsed) => Some((file, &parsed.facts.entries)),
            _ => None,
        }
    }

    fn project_variables(&self, folder: &str) -> Variables<'a> {
        let mut variables = Variables::default();
        for (name, is_example) in [(".env", false), (".env.example", true)] {
            let path = join(folder, name).unwrap_or_default();
            if let Some((file, entries)) = self.env_file(&path) {
                // The last assignment of a name counts, and the first one added wins.
                for entry in entries.iter().rev() {
                    variables.add(file, entry, is_example);
                }
            }
        }
        variables
    }

    fn stack(&self, files: Vec<FileId>, folder: &str) -> Stack {
        let variables = self.project_variables(folder);
        let mut parts: BTreeMap<&str, Vec<Fragment>> = BTreeMap::new();
        let mut order = Vec::new();
        let mut stack = Stack {
            folder: folder.to_owned(),
            services_key: None,
            services: Vec::new(),
            external_networks: Vec::new(),
            open: Vec::new(),
            purpose: None,
            by_key: HashMap::new(),
            by_host: HashMap::new(),
            files,
        };
        let mut networks = HashMap::new();
        for &file in &stack.files {
            if self.sources.file(file).unreadable.is_some() {
                stack.open.push(Placed {
                    value: "the compose file could not be read".to_owned(),
                    place: Span::default().in_file(file),
                });
            }
            let Some(compose) = self.compose(file) else {
                continue;
            };
            let key = compose.services_key.map(|span| span.in_file(file));
            stack.services_key = stack.services_key.or(key);
            for replaced in &compose.replaced {
                withdraw(&mut parts, &replaced.path);
            }
            for service in &compose.services {
                let key = service.key.value.as_str();
                if !parts.contains_key(key) {
                    order.push(key);
                }
                parts.entry(key).or_default().push(Fragment {
                    file,
                    service,
                    withdrawn: Vec::new(),
                });
            }
            for network in &compose.networks {
                let real = network.real_name.as_ref().map_or_else(
                    || network.name.value.clone(),
                    |name| resolve::written(name, file, &variables).text,
                );
                if network.external {
                    stack.external_networks.push(real.clone());
                }
                networks.insert(network.name.value.as_str(), real);
            }
            stack.open.extend(self.openings(file, compose));
        }
        if stack.services_key.is_none()
            && let Some(&base) = stack.files.first()
        {
            stack.open.push(Placed {
                value: "the compose file has no `services`".to_owned(),
                place: Span::default().in_file(base),
            });
        }
        for key in order {
            let Some(service) = self.service(folder, &parts[key], &variables, &networks) else {
                continue;
            };
            let index = stack.services.len();
            for alias in &service.aliases {
                stack.by_host.entry(alias.clone()).or_insert(index);
            }
            stack.by_key.insert(key.to_owned(), index);
            stack.services.push(service);
        }
        stack
    }

    /// What leaves a file's set of services open.
    fn openings(&self, file: FileId, compose: &written::ComposeFile) -> Vec<Placed<String>> {
        let mut open = Vec::new();
        if let Some(include) = compose.include.first() {
            open.push(Placed {
                value: "`include` brings services from other files".to_owned(),
                place: include.text.span.in_file(file),
            });
        }
        let problems = self.facts[file.0 as usize].problems();
        let is_unreadable = self.sources.file(file).unreadable.is_some();
        let lost = problems.first().map(|problem| problem.span);
        if let Some(span) = lost.or(is_unreadable.then_some(Span::default())) {
            open.push(Placed {
                value: "the compose file could not be read as a whole".to_owned(),
                place: span.in_file(file),
            });
        }
        open
    }

    fn service(
        &self,
        folder: &str,
        parts: &[Fragment<'a>],
        variables: &Variables<'a>,
        networks: &HashMap<&str, String>,
    ) -> Option<Service> {
        let first = parts.first()?;
        let mut service = Service::named(first.service.key.in_file(first.file));
        for fragment in parts {
            Self::lay_over(&mut service, fragment, folder, variables, networks);
        }
        keep_last_of_each_target(&mut service.mounts);
        self.environment(folder, parts, variables, &mut service);
        if service.is_extended {
            service.unknown_environment = Some("`extends` brings settings".to_owned());
        }
        service.base_image = service
            .build
            .as_ref()
            .and_then(|build| self.base_image(build));
        service.is_named_tool = self.tools.iter().any(|tool| service.goes_by(tool));
        Some(service)
    }

    /// Lays what one file says of a service over what earlier files say; its environment aside.
    fn lay_over(
        service: &mut Service,
        fragment: &Fragment,
        folder: &str,
        variables: &Variables,
        networks: &HashMap<&str, String>,
    ) {
        let (file, part) = (fragment.file, fragment.service);
        let keeps = |setting| fragment.keeps(&[setting]);
        let text = |written: &written::Written| resolve::written(written, file, variables);
        if let Some(image) = part.image.as_ref().filter(|_| keeps("image")) {
            service.image = Some(text(image));
        }
        if let Some(build) = part.build.as_ref().filter(|_| keeps("build")) {
            let is_merged = service.build.is_some();
            let mut build = Self::build(folder, file, build, variables);
            build.is_partial |= is_merged;
            service.build = Some(build);
        }
        let names = [
            part.container_name
                .as_ref()
                .filter(|_| keeps("container_name")),
            part.hostname.as_ref().filter(|_| keeps("hostname")),
        ];
        let part_networks = part.networks.iter().filter(|_| keeps("networks"));
        let aliases = part_networks.clone().flat_map(|network| &network.aliases);
        service.aliases.extend(
            names
                .into_iter()
                .flatten()
                .chain(aliases)
                .map(|name| text(name).text),
        );
        if let Some(environment) = part.environment.as_ref().filter(|_| keeps("environment")) {
            let key = environment.key.map(|key| key.in_file(file));
            service.environment_key = service.environment_key.or(key);
        }
        let depends_on = part.depends_on.iter().filter(|dependency| {
            keeps("depends_on") && fragment.keeps(&["depends_on", &dependency.service.text.value])
        });
        for dependency in depends_on {
            let dependency = Dependency {
                name: text(&dependency.service),
                condition: dependency.condition.as_ref().map(text),
            };
            service
                .depends_on
                .retain(|known| known.name.text != dependency.name.text);
            service.depends_on.push(dependency);
        }
        let key = part.depends_on_key.filter(|_| keeps("depends_on"));
        let key = key.map(|key| key.in_file(file));
        service.depends_on_key = service.depends_on_key.or(key);
        let published = part.ports.iter().filter(|_| keeps("ports"));
        service
            .ports
            .extend(published.map(|port| read_port(port, &text)));
        let key = part.volumes_key.filter(|_| keeps("volumes"));
        service.volumes_key = service.volumes_key.or(key.map(|key| key.in_file(file)));
        let volumes = part.volumes.iter().filter(|_| keeps("volumes"));
        service
            .mounts
            .extend(volumes.filter_map(|volume| read_mount(volume, &text)));
        for network in part_networks {
            let name = &network.name.value;
            let real = networks.get(name.as_str()).unwrap_or(name);
            service.networks.push(real.clone());
        }
        if let Some(mode) = part.network_mode.as_ref().filter(|_| keeps("network_mode")) {
            service.network_mode = Some(text(mode).text);
        }
        let profiles = part.profiles.iter().filter(|_| keeps("profiles"));
        service
            .profiles
            .extend(profiles.map(|profile| text(profile).text));
        service.has_configs |= part.has_configs && keeps("configs");
        let is_checked_anew = part.has_healthcheck || part.has_disabled_healthcheck;
        if is_checked_anew && keeps("healthcheck") {
            let checks = part.commands.iter();
            let checks = checks.filter(|command| command.key.value == "healthcheck");
            service.healthcheck = checks.flat_map(|it| &it.words).map(text).collect();
        }
        let words = part.commands.iter().filter(|command| {
            let key = command.key.value.as_str();
            key != "healthcheck" && keeps(key)
        });
        service.commands.extend(
            words
                .flat_map(|command| &command.words)
                .map(|word| text(word).text),
        );
        let links = part.links.iter().filter(|_| keeps("links"));
        service
            .link_aliases
            .extend(links.filter_map(|link| Some(text(link).text.split_once(':')?.1.to_owned())));
        service.is_extended |= part.extends.is_some() && keeps("extends");
    }

    fn build(folder: &str, file: FileId, build: &written::Build, variables: &Variables) -> Build {
        let text = |written: &written::Written| resolve::written(written, file, variables);
        let known = |written: &written::Written| {
            Some(text(written))
                .filter(Resolved::is_all_known)
                .map(|resolved| resolved.text)
        };
        let context = match &build.context {
            Some(context) => known(context).and_then(|context| join(folder, &context)),
            None => Some(folder.to_owned()),
        };
        let dockerfile = match &build.dockerfile {
            Some(dockerfile) => known(dockerfile),
            None => Some("Dockerfile".to_owned()),
        };
        let dockerfile = context
            .as_deref()
            .zip(dockerfile)
            .and_then(|(context, file)| join(context, &file));
        let args = build
            .args
            .iter()
            .filter_map(|arg| Some((arg.name.value.clone(), known(arg.value.as_ref()?)?)));
        Build {
            place: build.key.in_file(file),
            context,
            context_text: build.context.as_ref().map(text),
            dockerfile,
            dockerfile_text: build.dockerfile.as_ref().map(text),
            is_partial: build.dockerfile_inline.is_some(),
            args: args.collect(),
            target: build.target.as_ref().and_then(known),
        }
    }

    fn base_image(&self, build: &Build) -> Option<Placed<String>> {
        let file = self.sources.find(build.dockerfile.as_deref()?)?;
        match self.facts[file.0 as usize].as_ref() {
            Facts::Dockerfile(parsed) => parsed
                .facts
                .base_image(build.target.as_deref())
                .map(|image| image.in_file(file)),
            _ => None,
        }
    }

    /// Fills the environment: `environment` counts before `env_file`, later files before earlier ones.
    fn environment(
        &self,
        folder: &str,
        parts: &[Fragment<'a>],
        variables: &Variables<'a>,
        service: &mut Service,
    ) {
        let mut known = HashSet::new();
        let mut environment = Vec::new();
        for fragment in parts.iter().rev() {
            for entry in fragment.environment() {
                if known.insert(entry.name.value.as_str()) {
                    environment.push(variable(fragment.file, entry, variables));
                }
            }
        }
        for fragment in parts.iter().rev().filter(|it| it.keeps(&["env_file"])) {
            for env_file in fragment.service.env_files.iter().rev() {
                let path = resolve::written(&env_file.path, fragment.file, variables);
                let at = join(folder, &path.text).filter(|_| path.is_all_known());
                if let Some((from, entries)) = at.as_deref().and_then(|at| self.env_file(at)) {
                    // Variables of the project count before those of the same file.
                    let mut variables = variables.clone();
                    for entry in entries.iter().rev() {
                        variables.add(from, entry, false);
                    }
                    for entry in entries.iter().rev() {
                        if known.insert(entry.name.value.as_str()) {
                            environment.push(from_env_file(from, entry, path.way(), &variables));
                        }
                    }
                } else {
                    let is_absent = at
                        .as_deref()
                        .is_some_and(|at| self.sources.existence(at) == Existence::Missing);
                    if !is_absent || env_file.required {
                        service.unknown_environment = Some(format!("`{}` was not read", path.text));
                    }
                }
            }
        }
        service.environment = environment;
    }
}

/// Of mounts at one path of the container the last one counts.
fn keep_last_of_each_target(mounts: &mut Vec<Mount>) {
    let mut targets = HashSet::new();
    mounts.reverse();
    mounts.retain(|mount| targets.insert(mount.target.text.clone()));
    mounts.reverse();
}

fn variable(file: FileId, entry: &written::EnvEntry, variables: &Variables) -> Variable {
    let name = entry.name.in_file(file);
    let value = match &entry.value {
        Some(value) => Some(resolve::written(value, file, variables)),
        None => resolve::passed_on(&entry.name.value, &[name.place], variables),
    };
    with_connection(name, value)
}

fn from_env_file(
    file: FileId,
    entry: &crate::parse::dotenv::Entry,
    way: &[Place],
    variables: &Variables,
) -> Variable {
    let value = resolve::value(&entry.value, file, entry.interpolates, way, variables);
    with_connection(entry.name.in_file(file), Some(value))
}

fn with_connection(name: Placed<String>, value: Option<Resolved>) -> Variable {
    let connection = value
        .as_ref()
        .and_then(|value| connection::parse(&value.text));
    Variable {
        name,
        value,
        connection,
    }
}

fn read_port(port: &written::Port, text: &dyn Fn(&written::Written) -> Resolved) -> Port {
    match port {
        written::Port::Short(short) => {
            let resolved = text(short);
            let whole = resolved.text.as_str();
            let (ports, protocol) = whole.split_once('/').unwrap_or((whole, "tcp"));
            let target_start = ports.rfind(':').map_or(0, |colon| colon + 1);
            let before = ports[..target_start].strip_suffix(':');
            let published = before.map(|before| {
                let start = before.rfind(':').map_or(0, |colon| colon + 1);
                start..before.len()
            });
            let address = published
                .as_ref()
                .and_then(|range| whole[..range.start].strip_suffix(':'));
            let cut = |range: Range<usize>| Part::of(&resolved, &range);
            Port::new(
                published.filter(|range| !range.is_empty()).map(cut),
                Some(cut(target_start..ports.len())),
                address.map(str::to_owned),
                protocol,
            )
        }
        written::Port::Long {
            target,
            published,
            host_ip,
            protocol,
        } => {
            let whole = |written: &Option<written::Written>| {
                let resolved = text(written.as_ref()?);
                Some(Part::of(&resolved, &(0..resolved.text.len())))
            };
            let protocol = protocol.as_ref().map(|protocol| text(protocol).text);
            Port::new(
                whole(published),
                whole(target),
                host_ip.as_ref().map(|address| text(address).text),
                protocol.as_deref().unwrap_or("tcp"),
            )
        }
    }
}

impl Port {
    fn new(
        published: Option<Part>,
        target: Option<Part>,
        host_ip: Option<String>,
        protocol: &str,
    ) -> Self {
        let number = |part: &Option<Part>| {
            let part = part.as_ref().filter(|part| part.is_known)?;
            part.text.parse().ok()
        };
        Self {
            published: number(&published),
            target: number(&target),
            published_text: published,
            target_text: target,
            host_ip,
            protocol: protocol.to_ascii_lowercase(),
        }
    }
}

fn read_mount(
    volume: &written::Volume,
    text: &dyn Fn(&written::Written) -> Resolved,
) -> Option<Mount> {
    match volume {
        written::Volume::Short(short) => {
            let resolved = text(short);
            let (source, rest) = resolved.text.split_once(':')?;
            let target_start = source.len() + 1;
            let target_length = rest.find(':').unwrap_or(rest.len());
            Some(Mount {
                source: Part::of(&resolved, &(0..source.len())),
                target: Part::of(&resolved, &(target_start..target_start + target_length)),
            })
        }
        written::Volume::Long { source, target, .. } => {
            let part = |written: &Option<written::Written>| {
                let resolved = text(written.as_ref()?);
                Some(Part::of(&resolved, &(0..resolved.text.len())))
            };
            Some(Mount {
                source: part(source)?,
                target: part(target)?,
            })
        }
    }
}
