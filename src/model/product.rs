//! Products: a registry, its services with their modules, and the stacks that run them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::claims::Claims;
use crate::model::compose::{self, Stack};
use crate::model::directory::Directory;
use crate::model::dockerfiles::MissingDockerfile;
use crate::model::init_sql::InitSql;
use crate::model::module::Module;
use crate::model::names::{self, NameDefect};
use crate::model::proxies::Proxy;
use crate::model::registry::{Entry, Registry};
use crate::model::value::Text;
use crate::source::{FileId, Place, Placed, join};

/// A registry and everything that hangs on it.
#[derive(Debug)]
pub struct Product {
    /// Its folder from the workspace root; `.` for the root itself. This is its name.
    pub name: String,
    /// Its folder from the workspace root; `""` for the root itself.
    pub folder: String,
    /// Its registry.
    pub registry: Registry,
    /// Further registries in the same folder.
    pub rivals: Vec<Registry>,
    /// The files that the registry's values were read from.
    pub registry_files: BTreeSet<FileId>,
    /// Its services, in the order of the registry.
    pub services: Vec<Service>,
    /// Its stacks by number, the development set first.
    pub stacks: Vec<usize>,
    /// The number of the development set.
    pub development: Option<usize>,
    /// The script that creates its databases.
    pub init_sql: Option<InitSql>,
    /// Where the init SQL stands or should stand.
    pub init_sql_path: String,
    /// The program that writes its generated files.
    pub generator: Option<Generator>,
    /// Its manifests.
    pub manifests: Vec<FileId>,
    /// The nginx configurations that lead to its services.
    pub proxies: Vec<Proxy>,
    /// What leaves its set of services open, and why.
    pub open: Vec<Placed<String>>,
    /// Its services by what names them.
    pub(super) directory: Directory,
}

/// The program that writes a product's generated files.
#[derive(Debug)]
pub struct Generator {
    /// The file.
    pub file: FileId,
    /// The string of the header that says "generated", where it writes one.
    pub header_literal: Option<Place>,
    /// Its text in upper case, to ask whether it writes a kind of statement.
    pub(super) text: String,
}

impl Generator {
    /// Whether these SQL key words (upper case) stand in it.
    pub fn writes(&self, words: &str) -> bool {
        self.text.contains(words)
    }
}

/// One service of a registry.
#[derive(Debug)]
pub struct Service {
    /// The product's name.
    pub product: String,
    /// What the registry says of it.
    pub entry: Entry,
    /// The module that it is built from, where its folder is known.
    pub module: Option<Module>,
    /// The path of the Dockerfile that the registry means, from the workspace root.
    pub dockerfile: Option<String>,
    /// What is wrong with its `dockerfile`, if no file stands there.
    pub missing_dockerfile: Option<MissingDockerfile>,
}

impl From<&Service> for Owner {
    fn from(service: &Service) -> Self {
        Owner {
            product: Some(service.product.clone()),
            service: Some(service.key().to_owned()),
        }
    }
}

impl From<&Product> for Owner {
    fn from(product: &Product) -> Self {
        Owner {
            product: Some(product.name.clone()),
            service: None,
        }
    }
}

impl Service {
    /// Its name: the key of its entry.
    pub fn key(&self) -> &str {
        &self.entry.key.value
    }

    /// The database that it owns; `None` for a stateless service and for one whose database is not
    /// known.
    pub fn database(&self) -> Option<&str> {
        let text = self.entry.database.known()?;
        Some(text.value.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether it says `database: ""`.
    pub fn is_stateless(&self) -> bool {
        let database = self.entry.database.known();
        database.is_some_and(|text| text.value.is_empty())
    }

    /// The database's name where the registry says it, nearest the entry.
    pub fn database_place(&self) -> Place {
        let database = self.entry.database.known();
        database.map_or(self.entry.key.place, super::value::Text::place)
    }

    /// The name that its database should have by its key (article 2).
    pub fn derived_database(&self) -> String {
        self.key().replace('-', "_")
    }

    /// How the names of variables about it begin: `BILLING_DESK_`.
    pub(super) fn variable_prefix(&self) -> String {
        self.derived_database().to_ascii_uppercase() + "_"
    }

    /// Its container in a stack: by key, else by hostname, `container_name` or alias.
    pub fn container<'s>(&self, stack: &'s Stack) -> Option<&'s compose::Service> {
        let hostname = self.entry.hostname.known();
        stack.by_key(self.key()).or_else(|| {
            let names = [Some(self.key()), hostname.map(|text| text.value.as_str())];
            names
                .into_iter()
                .flatten()
                .find_map(|name| stack.by_host(name))
        })
    }
}
impl Service {
    /// Whether its entry has nothing that makes it one: something else may have got among the entries.
    pub fn is_bare(&self) -> bool {
        let entry = &self.entry;
        entry.database.is_absent() && entry.port.is_absent() && entry.dockerfile.is_absent()
    }

    /// Where the wrong name of its database stands.
    pub fn database_stand(&self, workspace: &Workspace) -> Place {
        let database = self.entry.database.known();
        database.map_or(self.entry.key.place, |text| {
            workspace.stand_in_registry(&text.origin)
        })
    }

    /// Where its wrong port stands.
    pub fn port_stand(&self, workspace: &Workspace) -> Place {
        let port = self.entry.port.known();
        port.map_or(self.entry.key.place, |port| {
            workspace.stand_in_registry(&port.origin)
        })
    }

    /// Its port where the registry says it, nearest the entry.
    pub fn port_place(&self) -> Place {
        self.entry
            .port
            .known()
            .map_or(self.entry.key.place, super::value::Traced::place)
    }

    /// The database's name, if something is wrong with it.
    pub fn database_name_defect(&self) -> Option<(&str, NameDefect)> {
        let name = self.database()?;
        Some((name, NameDefect::of(name)?))
    }

    /// The database's name and the one that its key makes, where they differ and both are legal.
    pub fn odd_database_name(&self) -> Option<(&str, String)> {
        let name = self
            .database()
            .filter(|name| NameDefect::of(name).is_none())?;
        let derived = self.derived_database();
        let hostname = self.entry.hostname.known();
        // Then the key is the odd one out, and `hostname-mismatch` says so.
        let is_of_hostname = hostname.is_some_and(|text| text.value.replace('-', "_") == name);
        let is_odd = name != derived && !is_of_hostname && NameDefect::of(&derived).is_none();
        is_odd.then_some((name, derived))
    }

    /// The name that its key makes, if it is legal and no service of the product has it.
    pub fn free_derived_database(&self, product: &Product) -> Option<String> {
        let derived = self.derived_database();
        let is_free = NameDefect::of(&derived).is_none() && product.owner_of(&derived).is_none();
        is_free.then_some(derived)
    }
}

/// What is wrong with a service's key.
pub struct KeyDefect {
    /// What, to follow the key.
    pub what: &'static str,
    /// The key that was meant, where it is certain.
    pub meant: Option<String>,
}

/// A layer that is none, or not the one of the module.
#[derive(Clone, Copy)]
pub struct OddLayer<'a> {
    /// What the registry says.
    pub layer: &'a Text,
    /// Whether there is such a layer.
    pub is_layer: bool,
    /// The layer's folder that the module is in, and where that is written.
    pub folder: Option<(&'a str, Place)>,
}

impl<'a> OddLayer<'a> {
    /// What is written, and what should be.
    pub(super) fn mistake(&self) -> (&'a str, Option<&'a str>) {
        (&self.layer.value, self.folder.map(|(folder, _)| folder))
    }
}

/// The longest label of a DNS name, in bytes (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

impl Service {
    /// What is wrong with its key, which is its name on the Docker network as well.
    pub fn key_defect(&self) -> Option<KeyDefect> {
        let key = self.key();
        let is_word = |word: &str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !word.is_empty() && word.bytes().all(is_plain)
        };
        if !key.split('-').all(is_word) {
            let meant = names::snake_case(key).replace('_', "-");
            Some(KeyDefect {
                what: "is not kebab-case",
                meant: Some(meant).filter(|meant| meant.split('-').all(is_word)),
            })
        } else if key.len() > LONGEST_LABEL {
            Some(KeyDefect {
                what: "is longer than the 63 bytes of a DNS label",
                meant: None,
            })
        } else {
            None
        }
    }

    /// Its layer, if that is none of `layers`, or not the layer's folder that its module is in.
    pub fn odd_layer(&self, layers: &[String]) -> Option<OddLayer<'_>> {
        let is_one = |name: &str| layers.iter().any(|layer| layer == name);
        let layer = self.entry.layer.known()?;
        let dockerfile = self.entry.dockerfile.known();
        let folder = dockerfile.and_then(|text| {
            let parts = text.value.split('/');
            let folder = parts
                .filter(|part| !matches!(*part, "" | "." | ".."))
                .nth(1)?;
            is_one(folder).then(|| (folder, text.place()))
        });
        let is_layer = is_one(&layer.value);
        let is_elsewhere = folder.is_some_and(|(folder, _)| folder != layer.value);
        (!is_layer || is_elsewhere).then_some(OddLayer {
            layer,
            is_layer,
            folder,
        })
    }
}

impl Product {
    /// Its services, in the order of the registry.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Whether services may exist that are not known here; then nothing may be called unregistered or
    /// one too many.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The service that owns the database of that name.
    pub fn owner_of(&self, database: &str) -> Option<&Service> {
        self.numbered(self.directory.by_database.get(database))
    }

    /// The last service that claims a port: the one to blame where several do.
    pub fn last_claimant_of(&self, port: u16) -> Option<&Service> {
        self.numbered(self.directory.by_port.get(&port))
    }

    /// The service of that key.
    pub fn service(&self, key: &str) -> Option<&Service> {
        self.numbered(self.directory.by_key.get(key))
    }

    /// The number of the service of that key.
    pub(super) fn position_of(&self, key: &str) -> Option<usize> {
        self.directory.by_key.get(key).copied()
    }

    /// The service of that key, else the one of that hostname.
    pub fn service_named(&self, name: &str) -> Option<&Service> {
        self.numbered(self.directory.by_name.get(name))
    }

    fn numbered(&self, number: Option<&usize>) -> Option<&Service> {
        number.map(|&number| &self.services[number])
    }

    /// Ports that several services claim, with their claimants, in the order of the ports.
    pub fn ports_claimed_twice(&self) -> Vec<(u16, Claims<'_>)> {
        self.claimed_twice(|service| Some(service.entry.port.known()?.value))
    }

    /// Databases that several services claim, with their claimants, in the order of the names.
    pub fn databases_claimed_twice(&self) -> Vec<(&str, Claims<'_>)> {
        self.claimed_twice(Service::database)
    }

    fn claimed_twice<'a, T: Ord>(
        &'a self,
        value: impl Fn(&'a Service) -> Option<T>,
    ) -> Vec<(T, Claims<'a>)> {
        let mut claims: BTreeMap<T, Claims<'a>> = BTreeMap::new();
        for service in &self.services {
            if let Some(value) = value(service) {
                claims
                    .entry(value)
                    .or_insert_with(|| Claims(Vec::new()))
                    .0
                    .push(service);
            }
        }
        claims
            .into_iter()
            .filter(|(_, claims)| claims.0.len() > 1)
            .collect()
    }

    /// The ports that its services claim.
    pub fn ports(&self) -> &BTreeSet<u16> {
        &self.directory.ports
    }

    /// The lowest port above `port` that no service claims.
    pub fn free_port_above(&self, port: u16) -> u16 {
        let claimed = self.ports();
        (port..u16::MAX)
            .map(|port| port + 1)
            .find(|port| !claimed.contains(port))
            .unwrap_or(port)
    }

    /// A database and whose it is, to end a sentence with.
    pub fn says_whose(&self, database: &str) -> String {
        match self.owner_of(database) {
            Some(owner) => format!("`{database}`, the database of `{}`", owner.key()),
            None if self.knows_all_databases() => format!("`{database}`, which no service owns"),
            None => format!("`{database}`, which is not its own"),
        }
    }

    /// The places that say whose a database is, and which one `service` owns.
    pub fn ownership(&self, service: &Service, database: &str) -> Vec<(Place, String)> {
        [self.owner_of(database), Some(service)]
            .into_iter()
            .flatten()
            .map(|owner| {
                let owned = owner.database().unwrap_or_default();
                (
                    owner.database_place(),
                    format!("`{}` owns `{owned}`", owner.key()),
                )
            })
            .collect()
    }

    /// Whether the database of every service is known, and no further services can exist: then a
    /// database that no entry names has no owner.
    pub fn knows_all_databases(&self) -> bool {
        !self.is_open() && self.directory.knows_all_databases
    }

    /// Services that a stack lacks; none where the stack or a service's names are not wholly known.
    pub fn services_missing_in<'a>(&'a self, stack: &Stack) -> Vec<&'a Service> {
        let is_known = |service: &&Service| service.entry.hostname.dynamic().is_none();
        if !stack.open.is_empty() {
            return Vec::new();
        }
        self.services
            .iter()
            .filter(is_known)
            .filter(|service| service.container(stack).is_none())
            .collect()
    }

    /// A path in the product's folder, from the workspace root.
    pub fn path_of(&self, name: &str) -> String {
        join(&self.folder, name).unwrap_or_else(|| name.to_owned())
    }

    /// The path of the program that writes its generated files, where that is known.
    pub fn generator_path<'s>(&self, workspace: &'s Workspace) -> Option<&'s str> {
        let generator = self.generator.as_ref()?;
        Some(workspace.sources.file(generator.file).path.as_str())
    }

    /// What writes its generated files, to end a sentence with; empty where that is not known.
    pub fn generator_advice(&self, workspace: &Workspace) -> String {
        self.generator_path(workspace)
            .map_or_else(String::new, |path| format!("; `{path}` generates the file"))
    }

    /// The service whose key a variable's name begins with (`BILLING_DATABASE_URL`); the longest key
    /// counts.
    pub fn service_named_by(&self, variable: &str) -> Option<&Service> {
        self.numbered(self.directory.by_variable(variable).as_ref())
    }

    /// The service that a variable for calling it is named after (`BILLING_URL`, `BILLING_BASE_URL`).
    pub fn service_called_by(&self, variable: &str) -> Option<&Service> {
        const ENDINGS: [&str; 6] = [
            "URL",
            "BASE_URL",
            "API_URL",
            "SERVICE_URL",
            "INTERNAL_URL",
            "ENDPOINT",
        ];
        let service = self.service_named_by(variable)?;
        let ending = variable.strip_prefix(&service.variable_prefix())?;
        ENDINGS.contains(&ending).then_some(service)
    }

    /// The service that a database without an owner probably once belonged to: the one whose key it is
    /// made of.
    pub fn namesake(&self, database: &str) -> Option<&Service> {
        self.numbered(self.directory.by_derived_database.get(database))
    }

    /// Whom a database without an owner is about: the service that it probably once belonged to, else the
    /// one that an entry may be missing for.
    pub fn presumed_owner(&self, database: &str) -> Owner {
        self.namesake(database).map_or_else(
            || self.unknown_service(&database.replace('_', "-")),
            Owner::from,
        )
    }

    /// Whom something is about that names a service without an entry.
    pub fn unknown_service(&self, name: &str) -> Owner {
        Owner {
            product: Some(self.name.clone()),
            service: Some(name.to_owned()),
        }
    }
}
