//! Services that no registry names, inferred from what compose files build here and from the folders that
//! hold a Prisma schema.
//!
//! A service is what owns data, not a container: containers of one module are one service, and so are
//! containers of one build whose module is not known.

mod identity;
mod storage;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use self::identity::{Identity, builds_by_image};
use self::storage::{modules, store};
use crate::finding::{Ground, Owner};
use crate::model::compose::{Build, Stack};
use crate::model::module::{DatasourceUrl, Module};
use crate::model::names;
use crate::model::packages::Packages;
use crate::model::prisma_config::Source;
use crate::model::{User, Workspace};
use crate::parse::AllFacts;
use crate::policy::Policy;
use crate::source::{FileId, Place, Sources, file_name, join, parent, shown_folder};

/// A service that no registry names.
#[derive(Debug)]
pub struct InferredService {
    /// Its name: the key of its container, or the last part of its folder's path.
    pub name: String,
    /// The folder of its module, from the workspace root, where that is known.
    pub folder: Option<String>,
    /// The variables that its connection string may stand in; none where its schema holds a literal.
    pub variables: Vec<String>,
    /// What shows that it keeps tables of its own in PostgreSQL.
    pub store: Option<Store>,
    /// The database that the config says it owns; empty for none.
    pub configured_database: Option<String>,
    /// Its containers, in the order of the stacks.
    pub containers: Vec<User>,
    /// The files of its Prisma schema.
    pub schema_files: Vec<FileId>,
    /// Its name without what tells it from others of that name.
    short_name: String,
}

/// What shows that a service keeps tables of its own.
#[derive(Clone, Debug)]
pub enum Store {
    /// The name token of its Prisma schema's datasource.
    Schema(Place),
    /// The folder of its migrations, from the workspace root.
    Migrations(String),
}

impl From<&InferredService> for Owner {
    fn from(service: &InferredService) -> Self {
        Owner {
            product: None,
            service: Some(service.name.clone()),
        }
    }
}

impl InferredService {
    /// The name that its database should have: by the config, else by its own name.
    pub fn derived_database(&self) -> String {
        let configured = self.configured_database.clone();
        let configured = configured.filter(|name| !name.is_empty());
        configured.unwrap_or_else(|| names::snake_case(&self.short_name))
    }

    /// Whether a database is called after it: `auth_db` after `auth-service`, unless the config names another.
    pub fn is_namesake_of(&self, database: &str) -> bool {
        let derived = self.derived_database();
        let is_told = self.configured_database.is_some();
        derived == database || !is_told && names::root(&derived) == names::root(database)
    }

    /// Whether a database is called after it behind the name of a product: `shop_orders` after `orders`.
    pub fn is_namesake_within(&self, database: &str) -> bool {
        let derived = self.derived_database();
        let product = names::root(database).strip_suffix(names::root(&derived));
        self.configured_database.is_none() && product.is_some_and(|it| it.ends_with('_'))
    }

    /// The name that its database should have where `other` owns one of that name: by the same pattern.
    pub fn database_beside(&self, other: &InferredService, database: &str) -> String {
        let derived = self.derived_database();
        let others = other.derived_database();
        let around = database.rsplit_once(names::root(&others));
        match around.filter(|_| self.configured_database.is_none()) {
            Some((product, ending)) => format!("{product}{}{ending}", names::root(&derived)),
            None => derived,
        }
    }

    /// Whether the config says that it owns no database.
    pub fn is_stateless(&self) -> bool {
        let configured = self.configured_database.as_deref();
        configured.is_some_and(str::is_empty)
    }
}

impl Workspace<'_> {
    /// The folders of stacks, and of modules that no stack runs, that have services in no registry and
    /// belong to no product; `.` is the workspace root.
    pub fn folders_without_registry(&self) -> BTreeSet<&str> {
        let services = self.inferred_services().iter();
        let folders = services.filter_map(|service| match service.containers.first() {
            Some((stack, _)) if self.product_of_stack.contains_key(stack) => None,
            Some(&(stack, _)) => Some(self.stacks[stack].folder.as_str()),
            None => service.folder.as_deref(),
        });
        folders.map(shown_folder).collect()
    }

    /// Whose the folders of products, stacks and modules are; stacks count that belong to no product.
    pub fn folder_owners(&self) -> BTreeMap<String, Ground> {
        let mut grounds: BTreeMap<String, Ground> = BTreeMap::new();
        for product in self.products() {
            let modules = product.services().iter();
            let modules = modules.filter_map(|service| service.module.as_ref());
            let folders = modules.map(|module| module.folder.as_str());
            for folder in folders.chain([product.folder.as_str()]) {
                let ground = grounds.entry(folder.to_owned()).or_default();
                ground.products.insert(product.name.clone());
            }
        }
        for service in self.inferred_services() {
            let mut stacks = service
                .containers
                .iter()
                .map(|(stack, _)| *stack)
                .peekable();
            let is_of_product = |stack: &usize| self.product_of_stack.contains_key(stack);
            if stacks.peek().is_some_and(is_of_product) {
                continue;
            }
            let folders = stacks.map(|stack| self.stacks[stack].folder.as_str());
            for folder in folders.chain(service.folder.as_deref()) {
                grounds
                    .entry(folder.to_owned())
                    .or_default()
                    .is_unregistered = true;
            }
        }
        grounds
    }
}

/// Everything that inference reads.
pub(super) struct Inference<'a> {
    sources: &'a Sources,
    stacks: &'a [Stack],
    policy: &'a Policy,
    packages: Packages,
    modules: BTreeMap<String, Module>,
    /// The builds of all stacks, by the stack's number and the image.
    builds: HashMap<(usize, &'a str), &'a Build>,
    /// The numbers of the config's settings by the keys of compose services.
    configured_keys: HashMap<&'a str, usize>,
    /// The same by the folders of modules.
    configured_folders: HashMap<String, usize>,
}

impl<'a> Inference<'a> {
    pub(super) fn of(
        sources: &'a Sources,
        facts: &'a AllFacts,
        stacks: &'a [Stack],
        policy: &'a Policy,
    ) -> Self {
        let containers = stacks.iter().flat_map(|stack| &stack.services);
        let builds = containers.filter_map(|container| container.build.as_ref());
        let contexts = builds.filter_map(|build| build.context.as_deref());
        let packages = Packages::of(sources, contexts);
        let mut configured_keys = HashMap::new();
        let mut configured_folders = HashMap::new();
        for (number, setting) in policy.services.iter().enumerate() {
            let own = [&setting.name]
                .into_iter()
                .filter(|_| setting.compose.is_empty());
            for key in setting.compose.iter().chain(own) {
                configured_keys.entry(key.value.as_str()).or_insert(number);
            }
            let folder = setting.folder.as_ref();
            if let Some(folder) = folder.and_then(|folder| join("", &folder.value)) {
                configured_folders.entry(folder).or_insert(number);
            }
        }
        Self {
            configured_keys,
            configured_folders,
            modules: modules(sources, facts, &packages),
            builds: builds_by_image(stacks),
            sources,
            stacks,
            policy,
            packages,
        }
    }

    /// Every service that is none of `registered`: containers that registries know, and folders of their
    /// modules.
    pub(super) fn services(
        &self,
        is_registered: impl Fn(User) -> bool,
        registered_folders: &BTreeSet<&str>,
    ) -> Vec<InferredService> {
        let mut order: Vec<Identity> = Vec::new();
        let mut containers: HashMap<Identity, Vec<User>> = HashMap::new();
        let mut delivered: Vec<User> = Vec::new();
        for (number, stack) in self.stacks.iter().enumerate() {
            for (position, container) in stack.services.iter().enumerate() {
                let user = (number, position);
                if is_registered(user) {
                    continue;
                }
                let Some(identity) = self.identity(number, container) else {
                    delivered.push(user);
                    continue;
                };
                // A further container of a registered module is that service's.
                if let Identity::Module(folder) = &identity
                    && is_below(folder, registered_folders)
                {
                    continue;
                }
                let users = containers.entry(identity.clone()).or_default();
                if users.is_empty() {
                    order.push(identity);
                }
                users.push(user);
            }
        }
        for (user, identity) in self.built_elsewhere(&delivered, &containers) {
            containers.entry(identity).or_default().push(user);
        }
        for users in containers.values_mut() {
            users.sort_unstable();
        }
        let stores = |module: &&Module| !module.datasources.is_empty();
        let folders = self
            .modules
            .values()
            .filter(stores)
            .map(|it| it.folder.as_str());
        let folders = folders.filter(|folder| !is_below(folder, registered_folders));
        let configured = (0..self.policy.services.len()).map(Identity::Configured);
        let mut seen: HashSet<Identity> = order.iter().cloned().collect();
        for (_, users) in containers
            .iter()
            .filter(|(identity, _)| matches!(identity, Identity::Configured(_)))
        {
            seen.extend(self.folders_of(users).into_iter().map(Identity::Module));
        }
        let rest = folders
            .map(|folder| self.of_folder(folder))
            .chain(configured);
        let rest: Vec<Identity> = rest.filter(|it| seen.insert(it.clone())).collect();
        let all = order.into_iter().chain(rest);
        let mut services: Vec<InferredService> = all
            .map(|identity| {
                let users = containers.remove(&identity).unwrap_or_default();
                self.service(&identity, users)
            })
            .collect();
        self.tell_apart(&mut services);
        services
    }

    /// Gives services of one name the paths of their folders for names, else those of their stacks.
    fn tell_apart(&self, services: &mut [InferredService]) {
        let mut uses: HashMap<String, usize> = HashMap::new();
        for service in services.iter() {
            *uses.entry(service.name.clone()).or_default() += 1;
        }
        for service in services.iter_mut().filter(|it| uses[&it.name] > 1) {
            let stack = service.containers.first();
            let stack = stack.map_or("", |&(stack, _)| self.stacks[stack].folder.as_str());
            let beside = || join(stack, &service.name);
            let name = service.folder.clone().or_else(beside);
            let name = name.filter(|it| !it.is_empty());
            service.name = name.unwrap_or_else(|| service.name.clone());
        }
    }

    /// The service whose module lies in a folder.
    fn of_folder(&self, folder: &str) -> Identity {
        match self.configured_folders.get(folder) {
            Some(&number) => Identity::Configured(number),
            None => Identity::Module(folder.to_owned()),
        }
    }

    fn service(&self, identity: &Identity, containers: Vec<User>) -> InferredService {
        let setting = match identity {
            Identity::Configured(number) => Some(&self.policy.services[*number]),
            _ => None,
        };
        let folder = match identity {
            Identity::Configured(number) => {
                let setting = &self.policy.services[*number];
                let folder = setting.folder.as_ref();
                let folder = folder.and_then(|folder| join("", &folder.value));
                folder.or_else(|| self.folders_of(&containers).into_iter().next())
            }
            Identity::Module(folder) => Some(folder.clone()),
            Identity::Build(..) => None,
        };
        let module = folder.as_ref().and_then(|folder| self.modules.get(folder));
        let is_variant = |&&(stack, _): &&User| !self.stacks[stack].runs_as_it_is();
        let (variants, usual): (Vec<&User>, Vec<&User>) = containers.iter().partition(is_variant);
        let keys = || {
            let containers = usual.iter().chain(&variants);
            containers
                .map(|&&(stack, number)| self.stacks[stack].services[number].key.value.as_str())
        };
        let of_folder = folder.as_deref().map(file_name);
        let named_so = keys().find(|key| Some(*key) == of_folder);
        let main = keys().find(|key| !is_helper(key) && !key.contains("worker"));
        let told = setting.map(|setting| setting.name.value.as_str());
        let name = told.or(named_so).or(main).or(keys().next()).or(of_folder);
        let variable = setting.and_then(|setting| setting.variable.as_ref());
        let database = setting.and_then(|setting| setting.database.as_ref());
        let name = name
            .filter(|name| !name.is_empty())
            .unwrap_or(".")
            .to_owned();
        InferredService {
            short_name: name.clone(),
            name,
            variables: match variable {
                Some(variable) => vec![variable.value.clone()],
                None => self.variables(module),
            },
            store: module.and_then(store),
            schema_files: module.map_or_else(Vec::new, |module| module.schema_files.clone()),
            configured_database: database.map(|database| database.value.clone()),
            folder,
            containers,
        }
    }

    /// The variables that a module's connection string may stand in.
    fn variables(&self, module: Option<&Module>) -> Vec<String> {
        let usual = || vec![self.policy.database_variable.clone()];
        let Some(module) = module else {
            return usual();
        };
        let of_schemas = module.datasources.iter().filter_map(|it| it.url.as_ref());
        let of_configs = module.configs.iter();
        let of_configs = of_configs.filter_map(|(_, config)| config.datasource_url.as_ref());
        let mut is_told = false;
        let mut variables: Vec<String> = Vec::new();
        for url in of_schemas {
            is_told = true;
            if let DatasourceUrl::Env(name) = url {
                variables.push(name.value.clone());
            }
        }
        for url in of_configs {
            is_told = true;
            if let Source::Env { name } = &url.first {
                variables.push(name.value.clone());
            }
        }
        if !is_told {
            return usual();
        }
        variables.sort();
        variables.dedup();
        variables
    }
}

/// Whether a folder is one of these or lies below one.
fn is_below(folder: &str, folders: &BTreeSet<&str>) -> bool {
    let mut folder = folder;
    while !folder.is_empty() {
        if folders.contains(folder) {
            return true;
        }
        folder = parent(folder);
    }
    false
}

/// Whether a container's key says that it only helps a service: it migrates, fills or shows its database.
pub(super) fn is_helper(key: &str) -> bool {
    const WORDS: [&str; 13] = [
        "migrate",
        "migration",
        "migrations",
        "migrator",
        "dbmate",
        "seed",
        "seeder",
        "prisma",
        "studio",
        "backup",
        "exporter",
        "init",
        "setup",
    ];
    key.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests;
