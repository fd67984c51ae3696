//! Services that no registry names, inferred from what compose files build here and from the folders that
//! hold a Prisma schema.
//!
//! A service is what owns data, not a container: containers of one module are one service, and so are
//! containers of one build whose module is not known.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::discover::is_test_code;
use crate::finding::Owner;
use crate::model::compose::{Build, Service as Container, Stack};
use crate::model::module::{DatasourceUrl, Module, is_generated_copy};
use crate::model::packages::Packages;
use crate::model::prisma_config::{Source, prisma_config};
use crate::model::registry::Field;
use crate::model::{User, Workspace};
use crate::parse::{AllFacts, Facts};
use crate::policy::Policy;
use crate::source::{Existence, Kind, Place, Seen, Sources, file_name, has_ending, join, parent};

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
    /// The name that its database would have by its own.
    pub fn derived_database(&self) -> String {
        super::names::snake_case(&self.short_name)
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
        let named = folders.map(|folder| if folder.is_empty() { "." } else { folder });
        named.collect()
    }
}

/// What tells services apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Identity {
    /// The number of the config's setting.
    Configured(usize),
    /// The folder of the module.
    Module(String),
    /// The context, the Dockerfile and the arguments that name what is built.
    Build(String, String, Vec<String>),
}

/// Everything that inference reads.
pub(super) struct Inference<'a> {
    sources: &'a Sources,
    stacks: &'a [Stack],
    policy: &'a Policy,
    packages: Packages,
    modules: BTreeMap<String, Module>,
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
        for (number, stack) in self.stacks.iter().enumerate() {
            let builds = builds_by_image(stack);
            for (position, container) in stack.services.iter().enumerate() {
                let user = (number, position);
                if is_registered(user) {
                    continue;
                }
                let Some(identity) = self.identity(stack, container, &builds) else {
                    continue;
                };
                // A further container of a registered module is that service's.
                let is_known = matches!(&identity, Identity::Module(folder) if is_below(folder, registered_folders));
                if is_known {
                    continue;
                }
                let users = containers.entry(identity.clone()).or_default();
                if users.is_empty() {
                    order.push(identity);
                }
                users.push(user);
            }
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
            let name = service
                .folder
                .clone()
                .filter(|it| !it.is_empty())
                .or_else(beside);
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
                folder.or_else(|| self.folder_of(&containers))
            }
            Identity::Module(folder) => Some(folder.clone()),
            Identity::Build(..) => None,
        };
        let module = folder.as_ref().and_then(|folder| self.modules.get(folder));
        let keys = || {
            let containers = containers.iter();
            containers
                .map(|&(stack, number)| self.stacks[stack].services[number].key.value.as_str())
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

    /// What a container runs of this workspace; `None` where it runs something from elsewhere.
    fn identity(
        &self,
        stack: &Stack,
        container: &Container,
        builds: &HashMap<&str, &'a Build>,
    ) -> Option<Identity> {
        let owns_nothing = container.is_postgres()
            || container.is_pooler()
            || container.is_known_tool()
            || container.is_other_server();
        if owns_nothing {
            return None;
        }
        if let Some(&number) = self.configured_keys.get(container.key.value.as_str()) {
            return Some(Identity::Configured(number));
        }
        self.inferred(stack, container, builds)
            .map(|identity| match identity {
                Identity::Module(folder) => self.of_folder(&folder),
                other => other,
            })
    }

    /// The folder of the first module that the containers would have without the config.
    fn folder_of(&self, containers: &[User]) -> Option<String> {
        containers.iter().find_map(|&(stack, number)| {
            let stack = &self.stacks[stack];
            let builds = builds_by_image(stack);
            match self.inferred(stack, &stack.services[number], &builds)? {
                Identity::Module(folder) => Some(folder),
                _ => None,
            }
        })
    }

    fn inferred(
        &self,
        stack: &Stack,
        container: &Container,
        builds: &HashMap<&str, &'a Build>,
    ) -> Option<Identity> {
        let image = container.image.as_ref().map(|image| image.text.as_str());
        let of_image = image.and_then(|image| builds.get(image).copied());
        let Some(build) = container.build.as_ref().or(of_image) else {
            return self.mounted(stack, container).map(Identity::Module);
        };
        let is_remote = build.context_text.as_ref().is_some_and(|context| {
            context.text.contains("://") || context.text.starts_with("git@")
        });
        let context = build.context.as_deref().filter(|_| !is_remote)?;
        let dockerfile = build.dockerfile.as_deref()?;
        let is_there = self.sources.existence(context) == Existence::Folder;
        let module = is_there.then(|| self.built_module(container, build, context, dockerfile));
        Some(match module.flatten() {
            Some(folder) => Identity::Module(folder.to_owned()),
            None => Identity::Build(
                context.to_owned(),
                dockerfile.to_owned(),
                telling_arguments(build).map(str::to_owned).collect(),
            ),
        })
    }

    /// The module that a build from this workspace is one of, as far as anything says so.
    fn built_module(
        &self,
        container: &Container,
        build: &Build,
        context: &str,
        dockerfile: &str,
    ) -> Option<&str> {
        let root = || {
            let root = self.packages.around(context)?;
            let module = self.modules.get(root)?;
            (!module.datasources.is_empty()).then_some(root)
        };
        self.named_by_arguments(build, context)
            .or_else(|| self.named_by_commands(container, context))
            .or_else(|| self.around_build(context, dockerfile))
            .or_else(|| self.named_by_dockerfile(dockerfile))
            .or_else(root)
    }

    /// The package that a build argument names, where they name just one.
    fn named_by_arguments(&self, build: &Build, context: &str) -> Option<&str> {
        let named =
            telling_arguments(build).filter_map(|value| self.packages.named(value, context));
        only(named.collect())
    }

    /// The package that the last of a container's commands to name one names.
    fn named_by_commands(&self, container: &Container, context: &str) -> Option<&str> {
        const TELLING: [&str; 14] = [
            "--filter",
            "-F",
            "--workspace",
            "-w",
            "workspace",
            "--prefix",
            "--cwd",
            "-C",
            "--dir",
            "--scope",
            "serve",
            "start",
            "run",
            "--project",
        ];
        let text = container.commands.join(" ");
        let commands = text
            .split("&&")
            .flat_map(|part| part.split([';', '|', '\n']));
        let mut last = None;
        for command in commands {
            let mut is_told = false;
            let mut named = BTreeSet::new();
            for word in command.split_whitespace() {
                let word = word.trim_matches(['"', '\'']);
                let (option, value) = word.split_once('=').unwrap_or((word, ""));
                let is_option = TELLING.contains(&option);
                if is_option && !value.is_empty() {
                    named.extend(self.packages.named(value, context));
                } else if is_told && !word.starts_with('-') {
                    let name = word.split(':').next().unwrap_or(word);
                    named.extend(self.packages.named(name, context));
                } else if word.contains('/') && !word.starts_with('@') {
                    named.extend(self.packages.named(word, context));
                }
                is_told = is_option && value.is_empty();
            }
            last = only(named).or(last);
        }
        last
    }

    /// The package, other than the root, that a build takes its Dockerfile or its context from.
    fn around_build(&self, context: &str, dockerfile: &str) -> Option<&str> {
        let is_within = context.is_empty() || dockerfile.starts_with(&format!("{context}/"));
        let of_dockerfile = self.packages.around(parent(dockerfile));
        let of_context = self.packages.around(context);
        let nearest = if is_within { of_dockerfile } else { of_context };
        nearest.filter(|package| !package.is_empty())
    }

    /// The package that a Dockerfile is named after, or the folder it lies in, and that it copies.
    fn named_by_dockerfile(&self, dockerfile: &str) -> Option<&str> {
        let name = file_name(dockerfile);
        let lower = name.to_ascii_lowercase();
        let rest = if lower.starts_with("dockerfile.") {
            &name["dockerfile.".len()..]
        } else if lower.ends_with(".dockerfile") {
            &name[..name.len() - ".dockerfile".len()]
        } else {
            file_name(parent(dockerfile))
        };
        let package = self.packages.named(rest, "")?;
        let id = self.sources.find(dockerfile)?;
        let text = &self.sources.file(id).text;
        text.contains(package).then_some(package)
    }

    /// The package that a container of a plain runtime image has mounted, to run it from there.
    fn mounted(&self, stack: &Stack, container: &Container) -> Option<String> {
        let is_runtime = container.is_runtime() && container.build.is_none();
        if !is_runtime {
            return None;
        }
        let sources = container
            .mounts
            .iter()
            .filter_map(|mount| stack.host_path(mount));
        let packages = sources.filter_map(|path| {
            let package = self.packages.around(&path)?;
            (package == path).then_some(package)
        });
        only(packages.collect()).map(str::to_owned)
    }
}

/// The only element.
fn only<T: Ord>(set: BTreeSet<T>) -> Option<T> {
    let mut elements = set.into_iter();
    let first = elements.next();
    first.filter(|_| elements.next().is_none())
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

/// The builds of a stack by the image that they are given: other containers run it as well.
fn builds_by_image(stack: &Stack) -> HashMap<&str, &Build> {
    let containers = stack.services.iter();
    let built =
        containers.filter_map(|it| Some((it.image.as_ref()?.text.as_str(), it.build.as_ref()?)));
    built.collect()
}

/// The values of build arguments that say which of several services is built.
fn telling_arguments(build: &Build) -> impl Iterator<Item = &str> {
    const WORDS: [&str; 9] = [
        "APP",
        "SERVICE",
        "PACKAGE",
        "PROJECT",
        "MODULE",
        "WORKSPACE",
        "FILTER",
        "SCOPE",
        "TARGET",
    ];
    let is_telling = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.split('_').any(|word| WORDS.contains(&word)) && !name.contains("URL")
    };
    let args = build.args.iter().filter(move |(name, _)| is_telling(name));
    args.map(|(_, value)| value.as_str())
}

/// Whether a container's key says that it only helps a service: it migrates, fills or shows its database.
pub(super) fn is_helper(key: &str) -> bool {
    const WORDS: [&str; 11] = [
        "migrate",
        "migration",
        "migrations",
        "migrator",
        "seed",
        "seeder",
        "studio",
        "backup",
        "exporter",
        "init",
        "setup",
    ];
    key.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
}

/// What shows that a module keeps tables in PostgreSQL.
fn store(module: &Module) -> Option<Store> {
    let is_postgres = |provider: &str| ["postgresql", "postgres"].contains(&provider);
    let mut datasources = module.datasources.iter();
    let schema = datasources.find(|it| {
        let provider = it.provider.as_ref();
        provider.is_some_and(|provider| is_postgres(&provider.value))
    });
    match schema {
        Some(schema) => Some(Store::Schema(schema.place)),
        None if module.datasources.is_empty() => module.migrations.clone().map(Store::Migrations),
        None => None,
    }
}

/// The packages that hold something of a database, by folder.
fn modules(sources: &Sources, facts: &AllFacts, packages: &Packages) -> BTreeMap<String, Module> {
    let scripts = super::scripts(sources, facts);
    let mut modules: BTreeMap<String, Module> = BTreeMap::new();
    for (id, file) in sources.files() {
        let is_ours = matches!(file.kind, Kind::Prisma | Kind::PrismaConfig)
            && !is_test_code(&file.path)
            && !is_generated_copy(sources, &file.path);
        if !is_ours {
            continue;
        }
        let folder = packages.around(parent(&file.path));
        let folder = folder.map_or_else(|| above_prisma(&file.path), str::to_owned);
        let module = modules.entry(folder.clone()).or_insert_with(|| Module {
            folder,
            ..Module::default()
        });
        match facts[id.0 as usize].as_ref() {
            Facts::Prisma(parsed) => module.add_schema(id, &parsed.facts),
            _ => module.configs.push((id, prisma_config(&scripts, id))),
        }
    }
    for module in modules.values_mut() {
        let has_schema_elsewhere = module.configs.iter().any(|(id, config)| {
            let Field::Known(schema) = &config.schema else {
                return false;
            };
            let path = join(parent(&sources.file(*id).path), &schema.value);
            path.is_none_or(|path| {
                let inside = format!("{}/", module.folder);
                !module.folder.is_empty() && !path.starts_with(&inside)
            })
        });
        if has_schema_elsewhere {
            module.datasources.clear();
        }
    }
    for (path, seen) in sources.walked() {
        if seen != Seen::File || !is_migration(path) || is_test_code(path) {
            continue;
        }
        let Some(folder) = packages.around(parent(path)) else {
            continue;
        };
        let module = modules.entry(folder.to_owned()).or_insert_with(|| Module {
            folder: folder.to_owned(),
            ..Module::default()
        });
        if module.migrations.is_none() {
            module.migrations = Some(parent(path).to_owned());
        }
    }
    modules
}

/// Whether a file is a migration: SQL below a folder of that name, or a script there that a number begins.
fn is_migration(path: &str) -> bool {
    let folder = parent(path);
    let mut folders = [folder, parent(folder)].into_iter();
    if !folders.any(|folder| ["migrations", "migration"].contains(&file_name(folder))) {
        return false;
    }
    let is_script = ["ts", "js", "mjs", "cjs"]
        .iter()
        .any(|ending| has_ending(path, ending));
    let is_numbered = file_name(path).starts_with(|first: char| first.is_ascii_digit());
    has_ending(path, "sql") || is_script && is_numbered
}

/// The folder above `prisma/`, else the file's own.
fn above_prisma(path: &str) -> String {
    let folders = std::iter::successors(Some(parent(path)), |folder| Some(parent(folder)));
    let mut folders = folders.take_while(|folder| !folder.is_empty());
    let prisma = folders.find(|folder| file_name(folder) == "prisma");
    prisma.map_or_else(|| parent(path), parent).to_owned()
}

#[cfg(test)]
mod tests;
