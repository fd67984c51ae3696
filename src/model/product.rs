//! Products: a registry, its services with their modules, and the stacks that run them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::finding::Owner;
use crate::model::compose::{self, Stack, standard_files};
use crate::model::damage::Damage;
use crate::model::dockerfiles::{self, Dockerfiles, MissingDockerfile};
use crate::model::generated;
use crate::model::init_sql::InitSql;
use crate::model::module::{self, Module};
use crate::model::prisma_config::prisma_config;
use crate::model::registry::{Entry, Registry, recognise};
use crate::model::{Workspace, keywords};
use crate::parse::Facts;
use crate::source::{
    Existence, FileId, Kind, Place, Placed, Sources, Span, file_name, has_ending, join, parent,
};

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
    /// What leaves its set of services open, and why.
    pub open: Vec<Placed<String>>,
}

/// The program that writes a product's generated files.
#[derive(Debug)]
pub struct Generator {
    /// The file.
    pub file: FileId,
    /// The string of the header that says "generated", where it writes one.
    pub header_literal: Option<Place>,
    /// Its text in upper case, to ask whether it writes a kind of statement.
    text: String,
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
    fn variable_prefix(&self) -> String {
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

/// The services that claim one and the same value.
pub struct Claims<'a>(Vec<&'a Service>);

impl<'a> Claims<'a> {
    /// The last in the order of the registry.
    pub fn last(&self) -> &'a Service {
        self.0[self.0.len() - 1]
    }

    /// The claimants but one.
    pub fn others<'c>(
        &'c self,
        one: &'a Service,
    ) -> impl Iterator<Item = &'a Service> + use<'a, 'c> {
        self.0
            .iter()
            .copied()
            .filter(move |service| service.key() != one.key())
    }

    /// The names of the claimants but one, for a sentence.
    pub fn names_without(&self, one: &'a Service) -> String {
        let names: Vec<String> = self
            .others(one)
            .map(|service| format!("`{}`", service.key()))
            .collect();
        names.join(" and ")
    }

    /// Of services that claim one database, the one whose key makes that name.
    pub fn namesake(&self) -> Option<&'a Service> {
        let makes_it = |service: &&Service| service.database() == Some(&service.derived_database());
        self.0.iter().copied().find(makes_it)
    }

    /// Of services that claim one database, the last whose key does not make that name; if it is made of
    /// no key or of every one, the last.
    pub fn intruder(&self) -> &'a Service {
        let is_odd = |service: &&&Service| service.database() != Some(&service.derived_database());
        self.0
            .iter()
            .rev()
            .find(is_odd)
            .copied()
            .unwrap_or_else(|| self.last())
    }
}

/// What is wrong with a database's name (article 2, and what PostgreSQL takes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameDefect {
    /// Other characters than lower-case letters, digits and single underscores between them, or no letter
    /// first.
    NotSnakeCase,
    /// Longer than the 63 bytes of an identifier.
    TooLong,
    /// A key word that PostgreSQL takes only in quotes.
    KeyWord,
    /// A database that every server has already.
    Reserved,
}

impl std::fmt::Display for NameDefect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            NameDefect::NotSnakeCase => "is not snake_case",
            NameDefect::TooLong => "is longer than the 63 bytes that PostgreSQL keeps",
            NameDefect::KeyWord => "is a key word that PostgreSQL refuses without quotes",
            NameDefect::Reserved => "is a database that every PostgreSQL server has for itself",
        })
    }
}

impl NameDefect {
    /// What is wrong with a name, if anything is.
    pub fn of(name: &str) -> Option<Self> {
        if !is_snake_case(name) {
            Some(Self::NotSnakeCase)
        } else if name.len() > LONGEST_IDENTIFIER {
            Some(Self::TooLong)
        } else if keywords::is_refused_unquoted(name) {
            Some(Self::KeyWord)
        } else if ["postgres", "template0", "template1"].contains(&name) {
            Some(Self::Reserved)
        } else {
            None
        }
    }

    /// What else to write, where no name is certain.
    pub fn advice(self) -> &'static str {
        match self {
            NameDefect::NotSnakeCase => "write a name in snake_case that begins with a letter",
            NameDefect::TooLong => "write a name of at most 63 bytes",
            NameDefect::KeyWord => "write a name that is no key word",
            NameDefect::Reserved => "write a name of the service's own",
        }
    }

    /// The name that was certainly meant, where there is one.
    pub fn corrected(self, name: &str) -> Option<String> {
        let corrected = snake_case(name);
        (self == Self::NotSnakeCase && Self::of(&corrected).is_none()).then_some(corrected)
    }
}

/// NAMEDATALEN - 1 (PostgreSQL manual, 4.1.1 "Identifiers and Key Words").
const LONGEST_IDENTIFIER: usize = 63;

fn is_snake_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('_').all(is_word)
}

/// The words of a name, split where its case or its punctuation changes, in lower case with `_` between.
fn snake_case(name: &str) -> String {
    let mut result = String::new();
    let mut previous = '_';
    for letter in name.chars() {
        let is_word_start =
            letter.is_uppercase() && (previous.is_lowercase() || previous.is_numeric());
        if !letter.is_alphanumeric() || is_word_start {
            result.push('_');
        }
        if letter.is_alphanumeric() {
            result.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    let words: Vec<&str> = result.split('_').filter(|word| !word.is_empty()).collect();
    words.join("_")
}

impl Service {
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
        (name != derived && NameDefect::of(&derived).is_none()).then_some((name, derived))
    }

    /// The name that its key makes, if it is legal and no service of the product has it.
    pub fn free_derived_database(&self, product: &Product) -> Option<String> {
        let derived = self.derived_database();
        let is_free = NameDefect::of(&derived).is_none() && product.owner_of(&derived).is_none();
        is_free.then_some(derived)
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
        let owns = |service: &&Service| service.database() == Some(database);
        self.services.iter().find(owns)
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
    pub fn ports(&self) -> BTreeSet<u16> {
        let ports = self.services.iter().map(|service| &service.entry.port);
        ports.filter_map(|port| Some(port.known()?.value)).collect()
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
        !self.is_open()
            && self
                .services
                .iter()
                .all(|service| service.entry.database.known().is_some())
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
        let services = self.services.iter();
        services
            .filter(|service| variable.starts_with(&service.variable_prefix()))
            .max_by_key(|service| service.key().len())
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
        self.services
            .iter()
            .find(|service| service.derived_database() == database)
    }
}

/// Whether a text could be a registry's, by the names of the fields that make its shape.
pub fn is_like_registry(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has("database")
        && ["hostname", "port:", "dockerfile", "routes"]
            .iter()
            .any(|word| has(word))
}

/// Every product of the workspace, in the order of their registries' paths.
pub fn products(sources: &Sources, facts: &[Arc<Facts>], stacks: &[Stack]) -> Vec<Product> {
    let folders: Vec<(String, Vec<Registry>)> = by_folder(sources, registries(sources, facts));
    let product_folders: Vec<&str> = folders.iter().map(|(folder, _)| folder.as_str()).collect();
    let stack_owners: Vec<Option<usize>> = stacks
        .iter()
        .map(|stack| owner_of_folder(&product_folders, &stack.folder))
        .collect();
    let linker = Linker {
        sources,
        facts,
        stacks,
        dockerfiles: dockerfiles::all(sources),
    };
    folders
        .iter()
        .enumerate()
        .map(|(number, (folder, registries))| {
            let owned = (0..stacks.len()).filter(|&stack| stack_owners[stack] == Some(number));
            linker.product(folder, registries, owned.collect())
        })
        .collect()
}

fn registries(sources: &Sources, facts: &[Arc<Facts>]) -> Vec<Registry> {
    let scripts = super::scripts(sources, facts);
    let damage = Damage::of(sources, facts);
    let found: Vec<Registry> = sources
        .files()
        .filter(|(_, file)| file.kind == Kind::Registry && is_like_registry(&file.text))
        .flat_map(|(id, _)| recognise(&scripts, id))
        .map(|registry| registry.in_doubt(&damage))
        .collect();
    let is_part_of_another = |index: usize| {
        found.iter().enumerate().any(|(other_index, other)| {
            let takes_in = other_index != index && other.takes_in(&found[index]);
            let is_same = found[index].takes_in(other);
            takes_in && (!is_same || other_index < index)
        })
    };
    let kept: Vec<bool> = (0..found.len())
        .map(|index| !is_part_of_another(index))
        .collect();
    let mut kept = kept.into_iter();
    found
        .into_iter()
        .filter(|_| kept.next().unwrap_or(true))
        .collect()
}

/// Registries by the folder of their product: the parent of the `infra/` that holds them, else their
/// own folder. Of several the one in `service-registry.*` comes first (article 3).
fn by_folder(sources: &Sources, registries: Vec<Registry>) -> Vec<(String, Vec<Registry>)> {
    let mut folders: Vec<(String, Vec<Registry>)> = Vec::new();
    for registry in registries {
        let folder = parent(&sources.file(registry.file).path);
        let folder = if file_name(folder) == "infra" {
            parent(folder)
        } else {
            folder
        };
        match folders.iter_mut().find(|(known, _)| known == folder) {
            Some((_, known)) => known.push(registry),
            None => folders.push((folder.to_owned(), vec![registry])),
        }
    }
    let is_elsewhere = |registry: &Registry| {
        let name = file_name(&sources.file(registry.file).path);
        !name.starts_with("service-registry.")
    };
    for (_, registries) in &mut folders {
        registries.sort_by_key(is_elsewhere);
    }
    folders
}

/// The product whose folder is the nearest above `folder`; the only product where there is just one.
fn owner_of_folder(products: &[&str], folder: &str) -> Option<usize> {
    let is_above = |product: &str| {
        product.is_empty() || folder == product || folder.starts_with(&format!("{product}/"))
    };
    let nearest = (0..products.len())
        .filter(|&number| is_above(products[number]))
        .max_by_key(|&number| products[number].len());
    nearest.or((products.len() == 1 && is_ancestor(folder, products)).then_some(0))
}

fn is_ancestor(folder: &str, products: &[&str]) -> bool {
    folder.is_empty()
        || products
            .iter()
            .any(|product| product.starts_with(&format!("{folder}/")))
}

struct Linker<'a> {
    sources: &'a Sources,
    facts: &'a [Arc<Facts>],
    stacks: &'a [Stack],
    dockerfiles: Vec<&'a str>,
}

impl Linker<'_> {
    fn product(&self, folder: &str, registries: &[Registry], owned: Vec<usize>) -> Product {
        let registry = registries[0].clone();
        let name = if folder.is_empty() { "." } else { folder }.to_owned();
        let development = self.development(folder, &owned);
        let mut stacks: Vec<usize> = development.into_iter().collect();
        stacks.extend(
            owned
                .into_iter()
                .filter(|stack| Some(*stack) != development),
        );
        let registry_files = registry_files(&registry);
        let dockerfiles = Dockerfiles::of(self.sources, &self.dockerfiles, &registry);
        let mut services: Vec<Service> = registry
            .entries
            .iter()
            .map(|entry| self.service(&name, entry.clone(), &dockerfiles))
            .collect();
        self.fill_modules(&mut services);
        let infra = parent(&self.sources.file(registry.file).path).to_owned();
        let (init_sql_path, init_sql) = self.init_sql(folder, &infra, development);
        Product {
            open: self.open(&registry, &registries[1..], &registry_files),
            generator: self.generator(&infra),
            name,
            folder: folder.to_owned(),
            rivals: registries[1..].to_vec(),
            registry_files,
            services,
            stacks,
            development,
            init_sql,
            init_sql_path,
            registry,
        }
    }

    /// The stack of the standard file in the product's folder, else in its `infra/`, else, for the only
    /// product, in a folder above.
    fn development(&self, folder: &str, owned: &[usize]) -> Option<usize> {
        let infra = join(folder, "infra").unwrap_or_default();
        let mut folders = vec![folder.to_owned(), infra];
        let mut above = folder;
        while !above.is_empty() {
            above = parent(above);
            folders.push(above.to_owned());
        }
        let bases = folders
            .iter()
            .filter_map(|folder| standard_files(self.sources, folder).first().copied());
        let is_stack_of =
            |base: FileId, stack: &usize| self.stacks[*stack].files.first() == Some(&base);
        bases
            .into_iter()
            .find_map(|base| owned.iter().copied().find(|stack| is_stack_of(base, stack)))
    }

    fn open(
        &self,
        registry: &Registry,
        rivals: &[Registry],
        files: &BTreeSet<FileId>,
    ) -> Vec<Placed<String>> {
        let mut open: Vec<Placed<String>> = Vec::new();
        for &file in files {
            let problem = self.facts[file.0 as usize].problems().first();
            let is_unreadable = self.sources.file(file).unreadable.is_some();
            if problem.is_some() || is_unreadable {
                let span = problem.map_or(Span::default(), |problem| problem.span);
                open.push(Placed {
                    value: "the registry could not be read as a whole".to_owned(),
                    place: span.in_file(file),
                });
            }
        }
        // What is broken is told above.
        let unknown = registry.open.iter().filter(|dynamic| !dynamic.broken);
        open.extend(unknown.map(|dynamic| Placed {
            value: format!("the registry holds {}", dynamic.what),
            place: dynamic.place,
        }));
        open.extend(rivals.first().map(|rival| Placed {
            value: "there are two registries, and which one counts is not known".to_owned(),
            place: rival.name.place,
        }));
        open
    }

    fn service(&self, product: &str, entry: Entry, dockerfiles: &Dockerfiles) -> Service {
        let written = entry.dockerfile.known().map(|text| text.value.as_str());
        let (path, missing) = written.map_or((None, None), |written| {
            dockerfiles.look_up(self.sources, written)
        });
        let module = path.map(|path| Module {
            folder: parent(&path).to_owned(),
            ..Module::default()
        });
        Service {
            product: product.to_owned(),
            entry,
            module: module.filter(|module| !module.folder.is_empty()),
            missing_dockerfile: missing,
        }
    }

    /// Gives every file that a module holds to the module with the nearest folder above it.
    fn fill_modules(&self, services: &mut [Service]) {
        let mut by_folder: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, service) in services.iter_mut().enumerate() {
            if let Some(module) = &mut service.module {
                module.migrations = module::migrations_folder(self.sources, &module.folder);
                by_folder
                    .entry(module.folder.clone())
                    .or_default()
                    .push(number);
            }
        }
        let scripts = super::scripts(self.sources, self.facts);
        for (id, file) in self.sources.files() {
            if !matches!(file.kind, Kind::Prisma | Kind::PrismaConfig) {
                continue;
            }
            let mut folder = parent(&file.path);
            while !folder.is_empty() && !by_folder.contains_key(folder) {
                folder = parent(folder);
            }
            for &number in by_folder.get(folder).into_iter().flatten() {
                let Some(module) = &mut services[number].module else {
                    continue;
                };
                match self.facts[id.0 as usize].as_ref() {
                    Facts::Prisma(parsed) => module.add_schema(id, &parsed.facts),
                    _ => module.configs.push((id, prisma_config(&scripts, id))),
                }
            }
        }
    }

    fn generator(&self, infra: &str) -> Option<Generator> {
        let (file, source) = self.sources.files().find(|(_, file)| {
            file.kind == Kind::Generator && generated::is_generator_of(&file.path, infra)
        })?;
        Some(Generator {
            file,
            header_literal: generated::header_literal(&source.text).map(|span| span.in_file(file)),
            text: source.text.to_ascii_uppercase(),
        })
    }

    /// The path of the init SQL, and its content where it was read: `init-databases.sql` beside the
    /// registry, else another script there that creates databases, else one that the development set
    /// mounts.
    fn init_sql(
        &self,
        folder: &str,
        infra: &str,
        development: Option<usize>,
    ) -> (String, Option<InitSql>) {
        let usual = join(infra, "init-databases.sql").unwrap_or_default();
        let in_infra = join(folder, "infra/init-databases.sql").unwrap_or_default();
        let mut candidates = vec![usual.clone(), in_infra];
        let beside = self.sources.below(infra).map(|(path, _)| path.to_owned());
        candidates.extend(beside.filter(|path| has_ending(path, "sql")));
        if let Some(development) = development {
            let stack = &self.stacks[development];
            for (_, mount) in stack.init_mounts() {
                let Some(path) = stack.host_path(mount) else {
                    continue;
                };
                let below = self.sources.below(&path).map(|(path, _)| path.to_owned());
                candidates.extend(below.chain([path]));
            }
        }
        for (index, path) in candidates.iter().enumerate() {
            let is_named_so = index < 2;
            if let Some(init) = self.read_init_sql(path)
                && (is_named_so || !init.creates.is_empty())
            {
                return (path.clone(), Some(init));
            }
            if is_named_so && self.sources.existence(path) == Existence::File {
                return (path.clone(), None);
            }
        }
        (usual, None)
    }

    fn read_init_sql(&self, path: &str) -> Option<InitSql> {
        let id = self.sources.find(path)?;
        let file = self.sources.file(id);
        match self.facts[id.0 as usize].as_ref() {
            Facts::Sql(parsed) if file.unreadable.is_none() => {
                Some(InitSql::of(id, &parsed.facts, parsed.problems.is_empty()))
            }
            _ => None,
        }
    }
}

/// The files that a registry's values were read from, or could not be.
fn registry_files(registry: &Registry) -> BTreeSet<FileId> {
    let mut files = BTreeSet::from([registry.file, registry.place.file]);
    files.extend(registry.open.iter().map(|dynamic| dynamic.place.file));
    for entry in &registry.entries {
        files.insert(entry.place.file);
        let origins = entry.origins().into_iter();
        files.extend(origins.map(|(_, origin)| origin.written.file));
        let unknowns = entry.unknowns().into_iter();
        files.extend(unknowns.map(|(_, dynamic)| dynamic.place.file));
    }
    files
}
