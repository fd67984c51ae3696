//! Modules of the workspace that no registry names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::discover::is_test_code;
use crate::model::Workspace;
use crate::model::compose::Service as Container;
use crate::model::inferred::is_helper;
use crate::model::module::is_generated_copy;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::parse::Facts;
use crate::source::{FileId, Kind, Place, Seen, ancestors, file_name, join, parent};

/// A folder with a Prisma schema that no registry entry names.
pub struct UnregisteredModule<'a> {
    /// The folder, from the workspace root.
    pub folder: String,
    /// The name token of its datasource.
    pub place: Place,
    /// The product that runs it, as far as that is known.
    pub product: Option<&'a Product>,
    /// Whether an entry has its name as key, and so names another folder.
    pub is_keyed: bool,
    /// Where it is run, and where its database is created.
    pub labels: Vec<(Place, String)>,
}

/// A container of a product that runs a module which no registry entry names.
pub struct UnregisteredContainer<'a> {
    /// The container; of several that run the module, the first one of the development set.
    pub container: &'a Container,
    /// The module's folder, from the workspace root.
    pub folder: String,
    /// The product that runs it.
    pub product: &'a Product,
    /// Where else it is run.
    pub others: Vec<(Place, String)>,
}

impl UnregisteredModule<'_> {
    /// The key that its entry would have.
    pub fn name(&self) -> &str {
        file_name(&self.folder)
    }
}

impl Workspace<'_> {
    /// Folders below the module roots that hold a Prisma schema and that no entry names; none where some
    /// entry is not known.
    pub fn unregistered_modules(&self) -> Vec<UnregisteredModule<'_>> {
        let Some(named) = self.named_folders() else {
            return Vec::new();
        };
        let roots = module_roots(&named);
        let mut modules: BTreeMap<String, Place> = BTreeMap::new();
        for (id, file) in self.sources.files() {
            if file.kind != Kind::Prisma || is_test_code(&file.path) {
                continue;
            }
            let is_below = |root: &String| {
                file.path
                    .strip_prefix(root.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            let Some(place) = self.datasource_of(id) else {
                continue;
            };
            let folder = self.package_of(&file.path);
            let is_module = roots.iter().any(is_below) || self.policy.modules.contain(&folder);
            if is_module && !is_generated_copy(self.sources, &file.path) {
                let is_named = ancestors(&folder).any(|folder| named.contains(folder));
                let holds_named = named
                    .range(folder.as_str()..)
                    .next()
                    .is_some_and(|next| next.starts_with(&format!("{folder}/")));
                if !is_named && !holds_named && !roots.contains(&folder) {
                    modules.entry(folder).or_insert(place);
                }
            }
        }
        let runs = self.builds();
        modules
            .into_iter()
            .map(|(folder, place)| {
                let runs = runs.get(folder.as_str()).map_or(&[][..], Vec::as_slice);
                self.unregistered_module(folder, place, runs)
            })
            .collect()
    }

    /// The folders of modules that some entry names; `None` where some entry is not known.
    pub(super) fn named_folders(&self) -> Option<BTreeSet<&str>> {
        let is_known = |product: &Product| {
            let has_dockerfile = |service: &Service| service.entry.dockerfile.known().is_some();
            !product.is_open() && product.services().iter().all(has_dockerfile)
        };
        let is_unknown = self.has_lost_registry() || !self.products.iter().all(is_known);
        if self.products.is_empty() || is_unknown {
            return None;
        }
        let services = self.products.iter().flat_map(Product::services);
        let folders = services.flat_map(|service| {
            let module = service.module.as_ref().map(|module| module.folder.as_str());
            let written = service.entry.dockerfile.known();
            [module, written.map(|text| parent(&text.value))]
        });
        Some(
            folders
                .flatten()
                .filter(|folder| !folder.is_empty())
                .collect(),
        )
    }

    /// Containers of the products' stacks that run a module which no entry names, one a module; none where
    /// some entry is not known. What lies elsewhere than the modules, such as a web app, is nobody's business
    /// here.
    pub fn unregistered_containers(&self) -> Vec<UnregisteredContainer<'_>> {
        let Some(named) = self.named_folders() else {
            return Vec::new();
        };
        let has_module = |service: &Service| service.module.is_some();
        let is_certain = |product: &Product| product.services().iter().all(has_module);
        if !self.products.iter().all(is_certain) {
            return Vec::new();
        }
        let roots = module_roots(&named);
        let mut found = Vec::new();
        for service in self.inferred_services() {
            let Some(folder) = service.folder.as_deref() else {
                continue;
            };
            let is_below = |root: &String| folder.starts_with(&format!("{root}/"));
            let is_module = roots.iter().any(is_below) || self.policy.modules.contain(folder);
            if !is_module || ancestors(folder).any(|it| named.contains(it)) {
                continue;
            }
            let users = service.containers.iter();
            let runs = users.filter_map(|&(stack, number)| {
                let product = &self.products[*self.product_of_stack.get(&stack)?];
                let container = &self.stacks[stack].services[number];
                (!is_helper(&container.key.value)).then_some((stack, product, container))
            });
            let runs: Vec<_> = runs.collect();
            // The development set says it first.
            let main = runs
                .iter()
                .find(|(stack, product, _)| product.development == Some(*stack));
            let Some(&(_, product, container)) = main.or(runs.first()) else {
                continue;
            };
            let others = runs.iter().map(|(_, _, other)| &other.key);
            let others = others.filter(|key| key.place != container.key.place);
            found.push(UnregisteredContainer {
                others: others
                    .map(|key| (key.place, "it is run here too".to_owned()))
                    .collect(),
                folder: folder.to_owned(),
                product,
                container,
            });
        }
        found
    }

    /// The containers that are built from a Dockerfile, by its folder: the first of each stack, with the
    /// product that runs it.
    fn builds(&self) -> HashMap<&str, Vec<(&Product, Place)>> {
        let mut builds: HashMap<&str, Vec<(&Product, Place)>> = HashMap::new();
        for product in &self.products {
            for stack in self.stacks_of(product) {
                let mut seen = BTreeSet::new();
                for container in &stack.services {
                    let build = container.build.as_ref();
                    let dockerfile = build.and_then(|build| build.dockerfile.as_deref());
                    if let Some(folder) = dockerfile.map(parent)
                        && seen.insert(folder)
                    {
                        let places = builds.entry(folder).or_default();
                        places.push((product, container.key.place));
                    }
                }
            }
        }
        builds
    }

    fn datasource_of(&self, id: FileId) -> Option<Place> {
        match self.facts(id) {
            Facts::Prisma(parsed) => {
                let first = parsed.facts.datasources.first()?;
                Some(first.name.span.in_file(id))
            }
            _ => None,
        }
    }

    /// The folder of the package that a schema belongs to: the nearest above it with a `package.json` or a
    /// Dockerfile, else the one above `prisma/`.
    fn package_of(&self, path: &str) -> String {
        let has = |folder: &str, name: &str| {
            join(folder, name).is_some_and(|path| self.sources.find_seen(&path) == Some(Seen::File))
        };
        let package = ancestors(parent(path))
            .find(|folder| has(folder, "package.json") || has(folder, "Dockerfile"));
        let above_prisma = || {
            ancestors(parent(path))
                .find(|folder| file_name(folder) == "prisma")
                .map(parent)
        };
        package
            .or_else(above_prisma)
            .unwrap_or_else(|| parent(path))
            .to_owned()
    }

    fn unregistered_module<'p>(
        &'p self,
        folder: String,
        place: Place,
        runs: &[(&'p Product, Place)],
    ) -> UnregisteredModule<'p> {
        let run_here = |(_, place): &(_, Place)| (*place, "it is run here".to_owned());
        let mut labels: Vec<_> = runs.iter().map(run_here).collect();
        let product = runs.first().map(|(product, _)| *product);
        let name = file_name(&folder);
        let has_key = |product: &&Product| product.services().iter().any(|it| it.key() == name);
        let product = product.or(match self.products.as_slice() {
            [only] => Some(only),
            products => {
                let runs_it = |product: &&Product| {
                    let mut stacks = self.stacks_of(product);
                    stacks.any(|stack| stack.by_key(name).is_some())
                };
                let keyed = products.iter().find(has_key);
                keyed.or_else(|| products.iter().find(runs_it))
            }
        });
        let is_keyed = product.as_ref().is_some_and(has_key);
        let database = file_name(&folder).replace('-', "_");
        let init = product.and_then(|product| product.init_sql.as_ref());
        let created = init.and_then(|init| {
            let is_its = |created: &&crate::source::Placed<String>| created.value == database;
            init.creates.iter().find(is_its)
        });
        labels.extend(
            created.map(|created| (created.place, "its database is created here".to_owned())),
        );
        UnregisteredModule {
            folder,
            place,
            product,
            is_keyed,
            labels,
        }
    }
}

/// The folders that all registered modules lie below: their deepest common one, or the first folder of
/// each where they have none in common.
pub(super) fn module_roots(named: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut common: Option<Vec<&str>> = None;
    for folder in named {
        let parts: Vec<&str> = parent(folder).split('/').collect();
        common = Some(match common {
            None => parts,
            Some(known) => {
                let shared = known.iter().zip(&parts).take_while(|(a, b)| a == b).count();
                known[..shared].to_vec()
            }
        });
    }
    let common = common.unwrap_or_default().join("/");
    if !common.is_empty() {
        return BTreeSet::from([common]);
    }
    let first = named.iter().filter_map(|folder| folder.split_once('/'));
    first.map(|(first, _)| first.to_owned()).collect()
}
