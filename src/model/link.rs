//! Makes products of registries, and gives each its modules, its stacks and its generated files.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::compose::{Stack, standard_files};
use crate::model::damage::Damage;
use crate::model::dockerfiles::{self, Dockerfiles};
use crate::model::generated;
use crate::model::init_sql::InitSql;
use crate::model::module::{self, Module};
use crate::model::prisma_config::prisma_config;
use crate::model::product::{Generator, Product, Service};
use crate::model::registry::{Entry, Registry, recognise};
use crate::parse::Facts;
use crate::source::{
    Existence, FileId, Kind, Placed, Sources, Span, file_name, has_ending, join, parent,
};

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
        let module = path.as_deref().map(|path| Module {
            folder: parent(path).to_owned(),
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
