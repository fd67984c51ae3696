//! Makes products of registries, and gives each its modules, its stacks and its generated files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::discover::is_like_registry;
use crate::model::compose::{Purpose, Stack};
use crate::model::damage::Damage;
use crate::model::directory::Directory;
use crate::model::dockerfiles::{self, Dockerfiles};
use crate::model::generated;
use crate::model::init_sql::InitSql;
use crate::model::manifests;
use crate::model::module::{self, Module};
use crate::model::prisma_config::prisma_config;
use crate::model::product::{Generator, Product};
use crate::model::proxies;
use crate::model::registry::{Entry, Registry, lost, recognise, without_parts};
use crate::model::service::Service;
use crate::parse::Facts;
use crate::source::{
    Existence, FileId, Kind, Placed, Sources, Span, ancestors, file_name, has_ending, is_below,
    is_within, join, parent, shown_folder,
};

/// Every product of the workspace, in the order of their registries' paths.
/// Where registries are `configured`, each place should hold one.
pub fn products(
    sources: &Sources,
    facts: &[Arc<Facts>],
    stacks: &[Stack],
    configured: bool,
) -> Vec<Product> {
    let registries = registries(sources, facts, configured);
    let folders: Vec<(String, Vec<Registry>)> = by_folder(sources, registries);
    let product_folders: HashMap<&str, usize> = folders
        .iter()
        .enumerate()
        .map(|(number, (folder, _))| (folder.as_str(), number))
        .collect();
    let mut owned: Vec<Vec<usize>> = vec![Vec::new(); folders.len()];
    for (number, stack) in stacks.iter().enumerate() {
        match owner_of_folder(&product_folders, &stack.folder) {
            Some(product) => owned[product].push(number),
            // Whoever names a stack of no product's means all of them.
            None if stack.purpose.is_some() => {
                for stacks in &mut owned {
                    stacks.push(number);
                }
            }
            None => {}
        }
    }
    let linker = Linker {
        sources,
        facts,
        stacks,
        dockerfiles: dockerfiles::all(sources),
    };
    let mut products: Vec<Product> = folders
        .iter()
        .zip(owned)
        .map(|((folder, registries), owned)| linker.product(folder, registries, owned))
        .collect();
    linker.fill_modules(&mut products);
    linker.fill_manifests(&product_folders, &mut products);
    proxies::leading::fill(sources, facts, stacks, &mut products);
    products
}

fn registries(sources: &Sources, facts: &[Arc<Facts>], configured: bool) -> Vec<Registry> {
    let scripts = super::scripts(sources, facts);
    let damage = Damage::of(sources, facts);
    let files = || {
        let files = sources.files();
        files.filter(|(_, file)| file.kind == Kind::Registry)
    };
    let found = files().flat_map(|(id, file)| {
        let is_like_one = is_like_registry(&file.text);
        let found = if is_like_one || imports_files(&file.text) {
            recognise(&scripts, id)
        } else {
            Vec::new()
        };
        let is_one = move |it: &Registry| is_like_one || is_joined(sources, it);
        found.into_iter().filter(is_one)
    });
    let found = found.map(|registry| registry.in_doubt(&damage));
    let mut registries = without_parts(found.collect());

    // Where one should be and none can be recognised, any service may be in it.
    let mut settled: HashSet<&str> = registries
        .iter()
        .map(|registry| product_folder(&sources.file(registry.file).path))
        .collect();
    let is_hurt = |id: FileId| {
        sources.file(id).unreadable.is_some() || !facts[id.0 as usize].problems().is_empty()
    };
    let hurt = files().filter(|(id, _)| is_hurt(*id));
    settled.extend(hurt.map(|(_, file)| product_folder(&file.path)));
    for (id, file) in files() {
        let folder = product_folder(&file.path);
        let should_be_one = configured || is_in_place_of_registry(sources, &file.path);
        if should_be_one
            && !settled.contains(folder)
            && let Some(lost) = lost(&scripts, id, configured)
        {
            settled.insert(folder);
            registries.push(lost);
        }
    }
    registries.sort_by_key(|registry| registry.file);
    registries
}

/// Whether a script may take in values of others by relative paths.
fn imports_files(text: &str) -> bool {
    ["'./", "\"./", "'../", "\"../"]
        .iter()
        .any(|start| memchr::memmem::find(text.as_bytes(), start.as_bytes()).is_some())
}

/// Whether a registry is put together from parts that are no registries of other products.
fn is_joined(sources: &Sources, registry: &Registry) -> bool {
    let folder = product_folder(&sources.file(registry.file).path);
    let is_part = |entry: &Entry| {
        let file = sources.file(entry.place.file);
        file.kind != Kind::Registry || is_within(product_folder(&file.path), folder)
    };
    let names_module = |entry: &Entry| entry.dockerfile.known().is_some();
    registry.entries.iter().all(is_part) && registry.entries.iter().any(names_module)
}

/// Whether a file stands where article 3 has the registry, beside its generator or what that writes.
pub(super) fn is_in_place_of_registry(sources: &Sources, path: &str) -> bool {
    let infra = parent(path);
    let beside = [
        "generate.ts",
        "generate.mts",
        "generate.js",
        "generate.mjs",
        "init-databases.sql",
    ];
    let is_there = |name: &&str| sources.existence(&format!("{infra}/{name}")) == Existence::File;
    file_name(infra) == "infra"
        && file_name(path).starts_with("service-registry.")
        && beside.iter().any(is_there)
}

/// The folder of the product whose registry a file holds: the parent of the `infra/` that it lies in, else
/// its own folder.
fn product_folder(path: &str) -> &str {
    let folder = parent(path);
    if file_name(folder) == "infra" {
        parent(folder)
    } else {
        folder
    }
}

/// Registries by the folder of their product: the parent of the `infra/` that holds them, else their
/// own folder. Of several the one in `service-registry.*` comes first (article 3).
fn by_folder(sources: &Sources, registries: Vec<Registry>) -> Vec<(String, Vec<Registry>)> {
    let mut folders: Vec<(String, Vec<Registry>)> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for registry in registries {
        let folder = product_folder(&sources.file(registry.file).path);
        let number = *numbers.entry(folder).or_insert(folders.len());
        if number == folders.len() {
            folders.push((folder.to_owned(), Vec::new()));
        }
        folders[number].1.push(registry);
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

/// The product whose folder is the nearest above `folder`; where there is just one product, folders above
/// its own are its as well.
fn owner_of_folder(products: &HashMap<&str, usize>, folder: &str) -> Option<usize> {
    let mut above = folder;
    loop {
        if let Some(&number) = products.get(above) {
            return Some(number);
        }
        if above.is_empty() {
            break;
        }
        above = parent(above);
    }
    let only = products.keys().next().filter(|_| products.len() == 1)?;
    is_below(only, folder).then_some(0)
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
        let name = shown_folder(folder).to_owned();
        let development = self.development(folder, &owned);
        let mut stacks: Vec<usize> = development.into_iter().collect();
        stacks.extend(
            owned
                .into_iter()
                .filter(|stack| Some(*stack) != development),
        );
        let registry_files = registry_files(&registry);
        let dockerfiles = Dockerfiles::of(self.sources, &self.dockerfiles, &registry);
        let services: Vec<Service> = registry
            .entries
            .iter()
            .map(|entry| self.service(&name, entry.clone(), &dockerfiles))
            .collect();
        let infra = parent(&self.sources.file(registry.file).path).to_owned();
        let (init_sql_path, init_sql) = self.init_sql(folder, &infra, development);
        Product {
            open: self.open(&registry, &registries[1..], &registry_files),
            generator: self.generator(&infra),
            manifests: Vec::new(),
            proxies: Vec::new(),
            name,
            folder: folder.to_owned(),
            rivals: registries[1..].to_vec(),
            registry_files,
            directory: Directory::of(&services),
            services,
            stacks,
            development,
            init_sql,
            init_sql_path,
            registry,
        }
    }

    /// The stack that the config names, else the one that Compose runs by itself: in the product's folder,
    /// else in its `infra/`, else, for the only product, in a folder above.
    fn development(&self, folder: &str, owned: &[usize]) -> Option<usize> {
        let is_named = |number: &usize| self.stacks[*number].purpose == Some(Purpose::Development);
        let named = owned.iter().copied().filter(is_named);
        let named = named.min_by_key(|&number| {
            let stack = self.stacks[number].folder.as_str();
            (!is_within(stack, folder), stack.len())
        });
        if named.is_some() {
            return named;
        }
        let infra = join(folder, "infra").unwrap_or_default();
        let mut folders = vec![folder.to_owned(), infra];
        let mut above = folder;
        while !above.is_empty() {
            above = parent(above);
            folders.push(above.to_owned());
        }
        folders.iter().find_map(|folder| {
            let is_run_here = |stack: &usize| self.stacks[*stack].run_from.as_ref() == Some(folder);
            owned.iter().copied().find(is_run_here)
        })
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
        open.extend(registry.repeated.iter().map(|key| Placed {
            value: format!("the registry has two entries `{}`", key.value),
            place: key.place,
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
        let named = missing.as_ref().and_then(|it| it.module.clone());
        let folder = named.or_else(|| Some(parent(path.as_deref()?).to_owned()));
        let module = folder.map(|folder| Module {
            folder,
            ..Module::default()
        });
        Service {
            product: product.to_owned(),
            entry,
            module: module.filter(|module| !module.folder.is_empty()),
            dockerfile: path,
            missing_dockerfile: missing,
        }
    }

    /// Gives every file that a module holds to the module with the nearest folder above it, of every
    /// product that has one there.
    fn fill_modules(&self, products: &mut [Product]) {
        let mut by_folder: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (product_number, product) in products.iter().enumerate() {
            for (number, service) in product.services.iter().enumerate() {
                if let Some(module) = &service.module {
                    let users = by_folder.entry(module.folder.clone()).or_default();
                    users.push((product_number, number));
                }
            }
        }
        for (folder, users) in &by_folder {
            let migrations = module::migrations_folder(self.sources, folder);
            for &(product, number) in users {
                if let Some(module) = &mut products[product].services[number].module {
                    module.migrations.clone_from(&migrations);
                }
            }
        }
        let scripts = super::scripts(self.sources, self.facts);
        for (id, file) in self.sources.files() {
            if !matches!(file.kind, Kind::Prisma | Kind::PrismaConfig) {
                continue;
            }
            for (product, number) in nearest_users(&by_folder, &file.path) {
                let Some(module) = &mut products[product].services[number].module else {
                    continue;
                };
                match self.facts[id.0 as usize].as_ref() {
                    Facts::Prisma(parsed) => module.add_schema(id, &parsed.facts),
                    _ => module.configs.push((id, prisma_config(&scripts, id))),
                }
            }
        }
    }

    /// Gives every manifest to the product in whose folder it lies, if it is about that product.
    fn fill_manifests(&self, folders: &HashMap<&str, usize>, products: &mut [Product]) {
        for (id, file) in self.sources.files() {
            let Facts::Manifest(parsed) = self.facts[id.0 as usize].as_ref() else {
                continue;
            };
            let owner = owner_of_folder(folders, parent(&file.path));
            let Some(product) = owner.map(|number| &mut products[number]) else {
                continue;
            };
            let is_broken = file.unreadable.is_some() || !parsed.problems.is_empty();
            let is_in_place =
                is_broken && manifests::has_its_place(&file.path, &file.text, product);
            if is_in_place || manifests::is_about(&parsed.facts, product) {
                product.manifests.push(id);
            }
        }
    }

    fn generator(&self, infra: &str) -> Option<Generator> {
        let beside = self.sources.below(infra);
        let (file, source) = beside
            .filter_map(|(path, _)| self.sources.find(path))
            .map(|id| (id, self.sources.file(id)))
            .find(|(_, file)| {
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
                Some(InitSql::of(id, &file.text, &parsed.facts, &parsed.problems))
            }
            _ => None,
        }
    }
}

/// The services whose modules a file belongs to: in each product those with the nearest folder above it.
pub(super) fn nearest_users(
    by_folder: &HashMap<String, Vec<(usize, usize)>>,
    path: &str,
) -> Vec<(usize, usize)> {
    let mut users: Vec<(usize, usize)> = Vec::new();
    let mut served = BTreeSet::new();
    for folder in ancestors(parent(path)) {
        let here = by_folder.get(folder).into_iter().flatten();
        users.extend(here.filter(|(product, _)| !served.contains(product)));
        served.extend(users.iter().map(|(product, _)| *product));
    }
    users
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
