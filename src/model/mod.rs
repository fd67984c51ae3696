//! Links facts into the [`Workspace`], and answers the questions that rules ask.
//!
//! Linking goes in steps: facts a file, then [`module::Module`]s, [`compose::Stack`]s and
//! [`registry::Registry`]s from the files that make them up, then products from those.

mod assembly;
mod bases;
pub mod builds;
pub mod calls;
pub mod catalog;
pub mod claims;
pub mod clients;
mod code;
mod commands;
pub mod compose;
pub mod connection_drift;
pub mod connections;
pub mod container_starts;
pub mod copied_tables;
pub mod coverage;
mod damage;
pub mod databases;
pub mod declared;
pub mod dependencies;
mod directory;
pub mod dockerfiles;
pub mod drift;
pub mod edited_init_sql;
pub mod edited_migrations;
mod env_files;
pub mod evaluate;
pub mod extra_env;
pub mod first_start;
pub mod foreign_migrations;
pub mod generated;
pub mod hand_edits;
pub mod health;
mod held;
pub mod holdings;
mod homes;
pub mod imports;
pub mod incomplete;
pub mod inferred;
mod init_scripts;
pub mod init_sql;
mod inventory;
mod joined;
pub mod layers;
pub mod link;
pub mod loopbacks;
pub mod manifests;
pub mod merging;
pub mod migration_locks;
pub mod migration_scope;
pub mod missing_migrations;
pub mod missing_modules;
pub mod module;
pub mod mounts;
pub mod named;
pub mod names;
pub mod nest;
pub mod outsiders;
pub mod owners;
mod ownership;
mod packages;
pub mod passwords;
mod poolers;
pub mod ports;
pub mod prisma_clients;
pub mod prisma_config;
pub mod prisma_urls;
pub mod product;
pub mod provision;
pub mod proxies;
pub mod proxy_drift;
pub mod published;
pub mod reach;
pub mod redis;
pub mod references;
pub mod registry;
pub mod renamed;
pub mod replay;
pub mod resolve;
pub mod roles;
pub mod routes;
pub mod schema_drift;
pub mod schemas;
pub mod second_connections;
pub mod servers;
pub mod service;
pub mod service_urls;
pub mod settings;
mod shared_sql;
pub mod shell;
mod stacks;
pub mod start_script;
pub mod starts;
mod stateless;
pub mod table_names;
pub mod tables;
pub mod undeclared;
pub mod unregistered;
pub mod url_fallbacks;
pub mod urls;
mod usage;
pub mod value;
pub mod versions;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::discover::{is_like_registry, is_test_code};
use crate::finding::{Edit, Fix, Owner, Safety};
use crate::model::compose::{Part, Stack};
use crate::model::inferred::{Inference, InferredService};
use crate::model::product::Product;
use crate::model::registry::Registry;
use crate::model::resolve::Link;
use crate::model::service::Service;
use crate::model::value::Origin;
pub use crate::parse::sql::keywords;
use crate::parse::{AllFacts, Facts, Problem};
use crate::policy::Policy;
use crate::source::{FileId, Kind, Place, Placed, Seen, SourceFile, Sources, join, parent};

/// Everything that is known of a workspace, linked.
pub struct Workspace<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What the team configured.
    pub policy: &'a Policy,
    /// The stacks, in the order of their files.
    pub stacks: Vec<Stack>,
    facts: AllFacts,
    run_elsewhere: shared_sql::RunElsewhere,
    products: Vec<Product>,
    users: HashMap<Place, BTreeSet<User>>,
    /// Which service of which product a container is.
    containers: HashMap<User, (usize, usize)>,
    /// Which product runs a stack.
    product_of_stack: HashMap<usize, usize>,
    /// The files that registries were read from.
    registry_files: HashSet<FileId>,
    /// The init SQL of every product.
    init_scripts: HashSet<FileId>,
    /// The manifests and the nginx configurations of every product.
    generated_files: HashSet<FileId>,
    /// What Postgres services mount to be run on first start: files and folders.
    init_sources: HashSet<String>,
    /// The folders of modules whose services have a database.
    storing_modules: HashSet<String>,
    registry_users: HashMap<Place, BTreeSet<RegistryUser>>,
    naming_texts: HashMap<Place, BTreeSet<named::NamingText>>,
    /// The services that no registry names.
    inferred: Vec<InferredService>,
    /// What files set for services outside of compose files.
    settings: settings::Settings,
    /// What keeps tables.
    holdings: Vec<holdings::Holding>,
    /// The migrations among that which are PostgreSQL's.
    replayed_files: HashSet<FileId>,
    /// Who owns which table.
    tables: OnceLock<tables::Tables>,
    /// What files import from the modules of other services.
    foreign_imports: OnceLock<Vec<imports::ForeignImport>>,
}

/// A service of a stack, as a user of texts: the numbers of the stack and of the service in it.
type User = (usize, usize);

/// A field of a registry entry, as a user of texts: the numbers of the product and of the service in it,
/// and the field's name.
type RegistryUser = (usize, usize, &'static str);

impl<'a> Workspace<'a> {
    /// Links the facts of all files.
    pub fn link(sources: &'a Sources, facts: AllFacts, policy: &'a Policy) -> Self {
        let (facts, run_elsewhere) = shared_sql::settled(sources, facts);
        let stacks = stacks::stacks(sources, &facts, policy);
        let products = link::products(sources, &facts, &stacks, !policy.registries.is_empty());
        let containers = containers(&stacks, &products);
        let inferred = {
            let modules = products.iter().flat_map(Product::services);
            let modules = modules.filter_map(|service| service.module.as_ref());
            let folders = modules.map(|module| module.folder.as_str()).collect();
            Inference::of(sources, &facts, &stacks, policy)
                .services(|user| containers.contains_key(&user), &folders)
        };
        let settings = settings::Settings::of(sources, &facts, &products, &inferred);
        let holdings = holdings::Parts {
            sources,
            facts: &facts,
            products: &products,
            stacks: &stacks,
            inferred: &inferred,
            settings: &settings,
            variable: &policy.database_variable,
        }
        .holdings();
        let mut users = users(&stacks);
        env_files::count_owners(&mut users, sources, &stacks, &products, &inferred);
        let replayed = holdings.iter().filter(|holding| holding.is_postgres);
        let replayed = replayed.flat_map(|holding| &holding.migrations);
        Self {
            settings,
            replayed_files: replayed.copied().collect(),
            holdings,
            tables: OnceLock::new(),
            foreign_imports: OnceLock::new(),
            sources,
            policy,
            facts,
            run_elsewhere,
            users,
            containers,
            inferred,
            registry_users: registry_users(&products),
            naming_texts: named::naming_texts(&products),
            product_of_stack: products
                .iter()
                .enumerate()
                .flat_map(|(number, product)| product.stacks.iter().map(move |&it| (it, number)))
                .collect(),
            registry_files: products
                .iter()
                .flat_map(|product| product.registry_files.iter().copied())
                .collect(),
            init_scripts: products
                .iter()
                .filter_map(|product| Some(product.init_sql.as_ref()?.file))
                .collect(),
            generated_files: products
                .iter()
                .flat_map(|product| {
                    let proxies = product.proxies.iter().map(|proxy| proxy.file);
                    product.manifests.iter().copied().chain(proxies)
                })
                .collect(),
            init_sources: stacks
                .iter()
                .flat_map(|stack| {
                    let mounts = stack.init_mounts();
                    mounts.filter_map(|(_, mount)| stack.host_path(mount))
                })
                .collect(),
            storing_modules: products
                .iter()
                .flat_map(Product::services)
                .filter(|service| service.database().is_some())
                .filter_map(|service| Some(service.module.as_ref()?.folder.clone()))
                .collect(),
            stacks,
            products,
        }
    }

    /// The products that have a registry, in the order of their registries' paths.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The services that no registry names, in the order of the stacks that run them; those that no stack
    /// runs come last.
    pub fn inferred_services(&self) -> &[InferredService] {
        &self.inferred
    }

    /// The product's development set.
    pub fn development(&self, product: &Product) -> Option<&Stack> {
        product.development.map(|index| &self.stacks[index])
    }

    /// Whether a product has no compose file, or a development set without any service.
    pub fn runs_nothing(&self, product: &Product) -> bool {
        let development = self.development(product);
        product.stacks.is_empty() && !self.has_unread_stack(product)
            || development.is_some_and(|stack| stack.services.is_empty() && stack.open.is_empty())
    }

    /// Whether the compose file that a product is run by is there and could not be looked into.
    fn has_unread_stack(&self, product: &Product) -> bool {
        const USUAL: [&str; 4] = [
            "compose.yaml",
            "compose.yml",
            "docker-compose.yaml",
            "docker-compose.yml",
        ];
        USUAL.iter().any(|name| {
            let path = join(&product.folder, name);
            path.is_some_and(|path| self.sources.find_seen(&path) == Some(Seen::Other))
        })
    }

    /// The numbers of all stacks.
    pub fn stack_numbers(&self) -> std::ops::Range<usize> {
        0..self.stacks.len()
    }

    /// The product's stacks, the development set first.
    pub fn stacks_of<'p>(&'p self, product: &'p Product) -> impl Iterator<Item = &'p Stack> {
        product.stacks.iter().map(|&index| &self.stacks[index])
    }

    /// Where each wrong text stands: on the deepest link whose users are all wrong alike, else on the link
    /// nearest its user. `read` gives a text's user, the text, and what it should be.
    fn stand_alike<'w, T>(
        &self,
        wrongs: &'w [T],
        read: impl Fn(&'w T) -> (User, &'w Part, &'w str),
    ) -> Vec<Option<Link>> {
        let mut alike: BTreeMap<(&str, &str), BTreeSet<User>> = BTreeMap::new();
        for wrong in wrongs {
            let (user, part, right) = read(wrong);
            alike.entry((&part.text, right)).or_default().insert(user);
        }
        // Asked for once a text and group: a link may have as many users as there are wrongs.
        let mut wrong_for_all: HashMap<(&str, &str, Place), bool> = HashMap::new();
        wrongs
            .iter()
            .map(|wrong| {
                let (_, part, right) = read(wrong);
                let group = (part.text.as_str(), right);
                let mut is_wrong_for_all = |link: &&Link| {
                    let answer = wrong_for_all.entry((group.0, group.1, link.shared));
                    *answer.or_insert_with(|| {
                        let users = self.users.get(&link.shared);
                        users.is_some_and(|users| users.is_subset(&alike[&group]))
                    })
                };
                let links = &part.chain;
                let deepest = links.iter().rev().find(|link| is_wrong_for_all(link));
                deepest.or(links.first()).copied()
            })
            .collect()
    }

    /// The same for one text, given all users for whom it is wrong alike.
    fn stand_on(&self, chain: &[Link], wrong: &BTreeSet<User>) -> Option<Link> {
        let is_wrong_for_all = |link: &&Link| {
            let users = self.users.get(&link.shared);
            users.is_some_and(|users| users.is_subset(wrong))
        };
        let deepest = chain.iter().rev().find(is_wrong_for_all);
        deepest.or(chain.first()).copied()
    }

    /// Whether nothing outside a stack uses the text of a link.
    fn is_used_only_in(&self, stack: usize, link: &Link) -> bool {
        // Sorted by stack, so that the ends stand for all.
        self.users.get(&link.shared).is_none_or(|users| {
            let mut ends = users.first().into_iter().chain(users.last());
            ends.all(|user| user.0 == stack)
        })
    }

    /// Where a wrong value of one field of one registry entry stands: where it is written, if nothing
    /// else takes it from there, else on the deepest link that only this field has.
    pub fn stand_in_registry(&self, origin: &Origin) -> Place {
        let has_one_user = |place: &Place| {
            self.registry_users
                .get(place)
                .is_some_and(|users| users.len() == 1)
        };
        if has_one_user(&origin.written) {
            return origin.written;
        }
        let links = origin.links.iter().rev();
        let deepest = links.copied().find(has_one_user);
        deepest.unwrap_or_else(|| origin.nearest())
    }

    /// Whose a container is: the registry's service, else the product of its stack and its own key.
    pub fn owner_of_container(&self, stack: usize, container: &compose::Service) -> Owner {
        let user = (stack, self.stacks[stack].position(container));
        if let Some(service) = self.service_of(user) {
            return service.into();
        }
        let product = self.product_of_stack.get(&stack);
        Owner {
            product: product.map(|&number| self.products[number].name.clone()),
            service: Some(container.key.value.clone()),
        }
    }

    /// The registry's service that a container is.
    fn service_of(&self, user: User) -> Option<&Service> {
        let (product, service) = *self.containers.get(&user)?;
        Some(&self.products[product].services[service])
    }

    /// Files that could not be read and take part in what is judged, with the reason.
    pub fn unreadable(&self) -> impl Iterator<Item = (FileId, &SourceFile, &str)> {
        self.sources.files().filter_map(|(id, file)| {
            let why = file.unreadable.as_deref()?;
            let takes_part = match file.kind {
                Kind::Sql => self.is_init_script(id),
                Kind::Package | Kind::Shell => self.is_module(parent(&file.path)),
                Kind::Deployment | Kind::TypeScriptConfig => false,
                Kind::MigrationLock => self.is_lock_of_holding(&file.path),
                Kind::Nginx | Kind::Manifest => self.generated_files.contains(&id),
                _ => true,
            };
            takes_part.then_some((id, file, why))
        })
    }

    /// What parsers could not read, by file, in the order of the files.
    pub fn problems(&self) -> impl Iterator<Item = (FileId, &SourceFile, &[Problem])> {
        self.sources
            .files()
            .map(|(id, file)| (id, file, self.facts[id.0 as usize].problems()))
            .filter(|(_, _, problems)| !problems.is_empty())
    }

    /// Whether a file takes part in what is judged, so that it matters that it can be read. Scripts that
    /// merely are named like a registry, `.env` files of tests, and SQL that nothing runs on first start, do not.
    pub fn is_judged(&self, id: FileId) -> bool {
        let file = self.sources.file(id);
        match file.kind {
            Kind::Compose | Kind::ComposePart => !generated::is_template(&file.text),
            Kind::Env => !is_test_code(&file.path),
            Kind::Prisma => !holdings::is_contract(self.sources, &file.path),
            Kind::PrismaConfig => true,
            Kind::Registry => {
                is_like_registry(&file.text)
                    || self.is_registry_part(id)
                    || !self.policy.registries.is_empty()
                    || link::is_in_place_of_registry(self.sources, &file.path)
            }
            Kind::Constants => self.is_registry_part(id),
            Kind::Sql => self.is_init_script(id),
            Kind::Migration => self.is_replayed(id),
            Kind::TypeScript | Kind::JavaScript => self.judged_sql_files().contains(&id),
            Kind::MigrationLock => self.is_lock_of_holding(&file.path),
            Kind::Dockerfile
            | Kind::Package
            | Kind::Deployment
            | Kind::Generator
            | Kind::Shell
            | Kind::Config
            | Kind::Debt
            | Kind::TypeScriptConfig
            | Kind::Folder => false,
            Kind::Nginx | Kind::Manifest => {
                self.generated_files.contains(&id) && !generated::is_template(&file.text)
            }
        }
    }

    /// Whether a service of a registry is built from a folder.
    fn is_module(&self, folder: &str) -> bool {
        let services = self.products.iter().flat_map(Product::services);
        let mut modules = services.filter_map(|service| service.module.as_ref());
        modules.any(|module| module.folder == folder)
    }

    /// Whether a registry was read from it, or a value of one.
    pub fn is_registry_part(&self, id: FileId) -> bool {
        self.registry_files.contains(&id)
    }

    /// Whether a file is a migration of a database that is PostgreSQL's.
    fn is_replayed(&self, id: FileId) -> bool {
        self.replayed_files.contains(&id)
    }

    fn is_init_script(&self, id: FileId) -> bool {
        let mut path = self.sources.file(id).path.as_str();
        let mut is_mounted = self.init_sources.contains(path);
        while !is_mounted && !path.is_empty() {
            path = parent(path);
            is_mounted = !path.is_empty() && self.init_sources.contains(path);
        }
        is_mounted || self.init_scripts.contains(&id)
    }

    /// Whether the product's registry has no syntax error. Where it has, a name may only look like a key.
    pub fn is_registry_whole(&self, product: &Product) -> bool {
        self.facts(product.registry.file).problems().is_empty()
    }

    /// Whether the file of an entry has no syntax error. Where it has, what the entry lacks or is called
    /// may stand where it could not be read.
    pub fn is_entry_whole(&self, service: &Service) -> bool {
        let file = service.entry.key.place.file;
        self.facts(file).problems().is_empty()
    }

    /// The facts of all files, by their numbers.
    pub fn all_facts(&self) -> &AllFacts {
        &self.facts
    }

    /// The facts of one file.
    pub fn facts(&self, id: FileId) -> &Facts {
        &self.facts[id.0 as usize]
    }

    /// The comment block that a file begins with says that the file is generated.
    pub fn has_generated_header(&self, id: FileId) -> bool {
        generated::header(&self.sources.file(id).text, self.facts(id).comments())
            .is_some_and(|span| generated::says_so(self.sources.file(id).slice(span)))
    }

    /// What generates the file that a place stands in, to end a sentence with; empty where nothing does
    /// or that is not known.
    pub fn generator_of(&self, product: &Product, place: Place) -> String {
        if self.has_generated_header(place.file) {
            product.generator_advice(self)
        } else {
            String::new()
        }
    }

    /// A fix that replaces the text at `place`, `old`, by `new`; `None` where the text there is not
    /// `old` itself but something that leads to it. It is safe only in the development set and in a file
    /// that people write.
    pub fn replacement(
        &self,
        place: Place,
        old: &str,
        new: &str,
        is_development: bool,
    ) -> Option<Fix> {
        let is_safe = is_development && !self.has_generated_header(place.file);
        self.replace(
            place,
            old,
            new,
            if is_safe {
                Safety::Safe
            } else {
                Safety::Unsafe
            },
        )
    }

    /// The same, where somebody has to decide in any case.
    pub fn unsafe_replacement(&self, place: Place, old: &str, new: &str) -> Option<Fix> {
        self.replace(place, old, new, Safety::Unsafe)
    }

    fn replace(&self, place: Place, old: &str, new: &str, safety: Safety) -> Option<Fix> {
        (self.sources.slice(place) == old && old != new).then(|| Fix {
            safety,
            title: format!("Replace `{old}` by `{new}`"),
            edits: vec![Edit {
                place,
                text: new.to_owned(),
            }],
        })
    }

    /// What leaves a product's services, or the services of its development set, open.
    pub fn openings(&self, product: &Product) -> Vec<Placed<String>> {
        let mut open = product.open.clone();
        match self.development(product) {
            Some(stack) => open.extend(stack.open.iter().cloned()),
            None if product.stacks.is_empty() => {}
            None => open.push(Placed {
                value: "no compose file of a standard name is in its folder or in `infra/`"
                    .to_owned(),
                place: product.registry.name.place,
            }),
        }
        open
    }

    /// Whether there is anything to judge: a registry, a compose file or a Prisma schema.
    pub fn has_subject(&self) -> bool {
        !self.products.is_empty()
            || self
                .sources
                .files()
                .any(|(_, file)| matches!(file.kind, Kind::Compose | Kind::Prisma))
    }

    /// Registries of the same product folder that lost against an earlier one.
    pub fn rival_registries(&self) -> impl Iterator<Item = (&Product, &Registry)> {
        self.products
            .iter()
            .flat_map(|product| product.rivals.iter().map(move |rival| (product, rival)))
    }
}

/// Who uses which text, over all stacks.
fn users(stacks: &[Stack]) -> HashMap<Place, BTreeSet<User>> {
    let mut users: HashMap<Place, BTreeSet<User>> = HashMap::new();
    let extended: HashSet<Place> = stacks
        .iter()
        .flat_map(|stack| stack.extended.iter().copied())
        .collect();
    for (stack_number, stack) in stacks.iter().enumerate() {
        // What is there to be extended uses nothing itself.
        let is_template = |service: &compose::Service| {
            let never_runs = service.is_overlay() || !stack.runs_as_it_is();
            never_runs && extended.contains(&service.key.place)
        };
        let services = stack.services.iter().enumerate();
        for (number, service) in services.filter(|(_, service)| !is_template(service)) {
            let values = service
                .environment
                .iter()
                .filter_map(|variable| variable.value.as_ref());
            let dependencies = service.depends_on.iter();
            let dependencies = dependencies.flat_map(|it| it.condition.iter().chain([&it.name]));
            let values = values.chain(&service.image).chain(dependencies);
            let builds = service.build.iter();
            let builds = builds.flat_map(|it| it.context_text.iter().chain(&it.dockerfile_text));
            let values = values.chain(&service.healthcheck).chain(builds);
            let values = values.chain(&service.network_names).chain(&service.links);
            let values = values.chain(&service.network_mode);
            let ports = service.ports.iter();
            let ports = ports.flat_map(|port| port.published_text.iter().chain(&port.target_text));
            let mounts = service.mounts.iter().map(|mount| &mount.source);
            let shared = ports.chain(mounts);
            let shared = shared.flat_map(|part| part.chain.iter().map(|link| link.shared));
            for place in values.flat_map(resolve::Resolved::links).chain(shared) {
                users
                    .entry(place)
                    .or_default()
                    .insert((stack_number, number));
            }
        }
    }
    users
}

/// Which containers are which services.
fn containers(stacks: &[Stack], products: &[Product]) -> HashMap<User, (usize, usize)> {
    let mut containers = HashMap::new();
    for (product_number, product) in products.iter().enumerate() {
        for &stack in &product.stacks {
            for (number, service) in product.services.iter().enumerate() {
                if let Some(container) = service.container(&stacks[stack]) {
                    let user = (stack, stacks[stack].position(container));
                    containers.entry(user).or_insert((product_number, number));
                }
            }
        }
    }
    containers
}

/// Which fields of which entries use which text of a registry.
fn registry_users(products: &[Product]) -> HashMap<Place, BTreeSet<RegistryUser>> {
    let mut users: HashMap<Place, BTreeSet<RegistryUser>> = HashMap::new();
    for (product_number, product) in products.iter().enumerate() {
        for (number, service) in product.services.iter().enumerate() {
            let origins = service.entry.origins().into_iter();
            // What names other services follows what they are called.
            let own = origins.filter(|(field, _)| !["extraEnv", "dependsOn"].contains(field));
            for (field, origin) in own {
                for place in origin.links.iter().chain([&origin.written]) {
                    let user = (product_number, number, field);
                    users.entry(*place).or_default().insert(user);
                }
            }
        }
    }
    users
}

/// The scripts among the facts, for the evaluator.
fn scripts<'a>(sources: &'a Sources, facts: &'a [Arc<Facts>]) -> evaluate::Scripts<'a> {
    let by_file = sources
        .files()
        .filter_map(|(id, _)| match facts[id.0 as usize].as_ref() {
            Facts::Script(parsed) => Some((id, &parsed.facts)),
            _ => None,
        })
        .collect();
    evaluate::Scripts { sources, by_file }
}
