//! Whether every service of a registry that has a database has a Prisma schema, and one of its own.

use std::collections::BTreeSet;

use crate::discover::is_test_code;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::holdings::{Holding, Pointer, PointerKind};
use crate::model::module::{Module, is_generated_copy};
use crate::model::prisma_config::{PrismaConfig, config_folder};
use crate::model::product::Product;
use crate::model::registry::Field;
use crate::model::service::Service;
use crate::parse::Facts;
use crate::source::{Existence, FileId, Place, Seen, file_name, has_ending, join, parent};

/// A service with a database and without a Prisma schema.
pub struct MissingSchema<'a> {
    /// The service.
    pub service: &'a Service,
    /// The folder of its module, from the workspace root.
    pub folder: &'a str,
    /// The path that its config or package names, where nothing stands.
    pub named: Option<NamedSchema>,
}

/// A path to a schema that leads nowhere.
pub struct NamedSchema {
    /// The path, as written.
    pub path: String,
    /// Where it is written.
    pub place: Place,
    /// What to write instead, where the module has one schema.
    pub right: Option<String>,
}

/// A schema, or a folder of migrations, that two services of registries use.
pub struct SharedSchema<'a> {
    /// Where the second one takes it.
    pub place: Place,
    /// The service that should have one of its own.
    pub service: &'a Service,
    /// The service whose it is, or that takes it as well.
    pub other: &'a Service,
    /// What it does, to stand between the names of the two.
    pub does: &'static str,
    /// The path of the schema or of the migrations, from the workspace root.
    pub path: String,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
    /// What to write.
    pub help: String,
    /// Whether both are built from one module.
    pub is_one_module: bool,
}

impl Workspace<'_> {
    /// Services of registries that have a database, and whose module has no Prisma schema and nothing
    /// else that keeps tables.
    pub fn services_without_schema(&self) -> Vec<MissingSchema<'_>> {
        let services = self.products.iter().flat_map(Product::services);
        let storing = services.filter(|service| service.database().is_some());
        storing
            .filter_map(|service| {
                let module = service.module.as_ref()?;
                if service.missing_dockerfile.is_some() {
                    return None;
                }
                let named = self.schema_named_nowhere(module);
                let has_one = named.is_none() && self.may_have_schema(service, module);
                (!has_one).then_some(MissingSchema {
                    service,
                    folder: &module.folder,
                    named,
                })
            })
            .collect()
    }

    /// Whether a service has a schema, may have one that is not known here, or keeps its tables otherwise.
    fn may_have_schema(&self, service: &Service, module: &Module) -> bool {
        const USUAL: [&str; 6] = [
            "",
            "schema.prisma",
            "prisma",
            "prisma/schema.prisma",
            "prisma/schema",
            "prisma/schema/schema.prisma",
        ];
        let owner = Owner::from(service);
        let mut holdings = self.holdings.iter().filter(|holding| holding.is_of(&owner));
        let is_unknown = |path: &str| {
            let path = join(&module.folder, path);
            let existence = path.map(|path| self.sources.existence(&path));
            existence == Some(Existence::Unknown)
        };
        let mut below = self.sources.below(&module.folder);
        let is_walked = self.sources.find_seen(&module.folder) == Some(Seen::Folder);
        !is_walked
            || holdings.any(|holding| !holding.schema_files.is_empty() || !is_of_prisma(holding))
            || USUAL.iter().any(|path| is_unknown(path))
            || below.any(|(path, seen)| {
                seen == Seen::File
                    && has_ending(path, "prisma")
                    && !is_test_code(path)
                    && !is_generated_copy(self.sources, path)
                    || file_name(path) == "contract.json"
            })
            || module
                .configs
                .iter()
                .any(|(_, config)| has_unknown_schema(config))
            || self.is_of_other_tools(&module.folder)
    }

    /// Whether a module's package names a library that keeps tables without Prisma, or the module is
    /// written in another language.
    fn is_of_other_tools(&self, folder: &str) -> bool {
        let here = |name: &str| join(folder, name);
        let is_other_language = OTHER_MANIFESTS.iter().any(|name| {
            here(name).is_some_and(|path| self.sources.find_seen(&path) == Some(Seen::File))
        });
        let package = here("package.json").and_then(|path| self.sources.find(&path));
        let text = package.map_or("", |id| &*self.sources.file(id).text);
        let names = |library: &str| text.contains(&format!("\"{library}"));
        let is_of_prisma = names("@prisma/client\"") || names("prisma\"");
        let mut others = crate::discover::OTHER_LIBRARIES.iter();
        is_other_language || !is_of_prisma && others.any(|library| names(library))
    }

    /// The path to a schema that a module's config or package names, if nothing stands there.
    fn schema_named_nowhere(&self, module: &Module) -> Option<NamedSchema> {
        let configs = module.configs.iter();
        let in_configs = configs.filter_map(|(id, config)| match &config.schema {
            Field::Known(text) => Some((*id, text.value.clone(), text.place())),
            _ => None,
        });
        let package = join(&module.folder, "package.json");
        let package = package.and_then(|path| self.sources.find(&path));
        let in_package = package.and_then(|id| match self.facts(id) {
            Facts::Settings(parsed) if module.configs.is_empty() => {
                let mut schemas = parsed.facts.schemas.iter();
                let schema = schemas.find(|schema| schema.command.is_none())?;
                let path = &schema.path;
                Some((id, path.value.clone(), path.span.in_file(id)))
            }
            _ => None,
        });
        let mut named = in_configs.chain(in_package);
        named.find_map(|(id, path, place)| {
            let folder = self.folder_of_config(id);
            let target = join(folder, &path)?;
            let is_nowhere = self.sources.existence(&target) == Existence::Missing;
            is_nowhere.then(|| NamedSchema {
                right: self.only_schema_below(&module.folder, folder),
                path,
                place,
            })
        })
    }

    fn folder_of_config(&self, id: FileId) -> &str {
        config_folder(&self.sources.file(id).path)
    }

    /// The path of the only schema of a module, as seen from a folder.
    fn only_schema_below(&self, module: &str, seen_from: &str) -> Option<String> {
        let inside = format!("{module}/");
        let mut paths = self.holdings.iter().filter_map(|holding| {
            let path = self.schema_path(holding)?;
            path.starts_with(&inside).then_some(path)
        });
        let only = paths.next().filter(|_| paths.next().is_none())?;
        Some(crate::source::relative(seen_from, &only))
    }

    /// The path that names a holding's schema: its file, else its folder.
    fn schema_path(&self, holding: &Holding) -> Option<String> {
        let path = |id: &FileId| self.sources.file(*id).path.as_str();
        match holding.schema_files.as_slice() {
            [] => None,
            [only] => Some(path(only).to_owned()),
            files => {
                let folders: BTreeSet<&str> = files.iter().map(path).map(parent).collect();
                folders.first().map(|&folder| folder.to_owned())
            }
        }
    }

    /// Schemas and folders of migrations that two services of a registry use, each at the second one.
    pub fn shared_schemas(&self) -> Vec<SharedSchema<'_>> {
        let mut shared = Vec::new();
        for holding in &self.holdings {
            shared.extend(self.pointed_at(holding));
            shared.extend(self.borrowed_migrations(holding));
            shared.extend(self.of_one_module(holding));
        }
        shared
    }

    /// Where a service of another module names the schema.
    fn pointed_at<'w>(&'w self, holding: &'w Holding) -> Vec<SharedSchema<'w>> {
        let Some(path) = self.schema_path(holding) else {
            return Vec::new();
        };
        let is_meant = |pointer: &&Pointer| {
            use PointerKind::{Config, Generate, Package};
            matches!(pointer.kind, Config | Generate | Package)
        };
        let mut seen: BTreeSet<&Owner> = BTreeSet::new();
        let mut users: Vec<(&Pointer, &Service)> = Vec::new();
        for pointer in holding.pointers.iter().filter(is_meant) {
            let services = pointer.owners.iter().filter_map(|owner| {
                let service = self.registered(owner)?;
                (!holding.home.contains(owner) && seen.insert(owner)).then_some(service)
            });
            users.extend(services.map(|service| (pointer, service)));
        }
        let home = holding.home.iter().find_map(|owner| self.registered(owner));
        if let Some(home) = home {
            return users
                .into_iter()
                .map(|(pointer, service)| {
                    let label = holding.datasource.map(|place| {
                        let remark = format!("the schema is that of `{}`", home.key());
                        (place, remark)
                    });
                    SharedSchema {
                        place: pointer.place,
                        service,
                        other: home,
                        does: "uses the Prisma schema of",
                        path: path.clone(),
                        labels: label.into_iter().collect(),
                        help: self.own_schema_advice(service, pointer),
                        is_one_module: false,
                    }
                })
                .collect();
        }
        // Nobody's module: the first service of the registry to name it may keep it.
        users.sort_by_key(|(_, service)| self.place_in_registry(service));
        let Some((&(first, one), rest)) = users.split_first() else {
            return Vec::new();
        };
        let others = rest
            .iter()
            .filter(|(_, service)| service.product == one.product && differ(service, one));
        others
            .map(|&(pointer, service)| SharedSchema {
                place: pointer.place,
                service,
                other: one,
                does: "uses the same Prisma schema as",
                path: path.clone(),
                labels: vec![(first.place, format!("`{}` uses it here", one.key()))],
                help: self.own_schema_advice(service, pointer),
                is_one_module: false,
            })
            .collect()
    }

    fn own_schema_advice(&self, service: &Service, pointer: &Pointer) -> String {
        let folder = self.folder_of_config(pointer.place.file);
        let module = service.module.as_ref();
        let own = module.and_then(|module| self.only_schema_below(&module.folder, folder));
        match own {
            Some(own) => format!("write the path of its own schema, `{own}`"),
            None => format!(
                "give `{}` a schema of its own, and ask the other service for its data over HTTP",
                service.key()
            ),
        }
    }

    /// Where the migrations of a holding lie in the module of another service.
    fn borrowed_migrations<'w>(&'w self, holding: &'w Holding) -> Option<SharedSchema<'w>> {
        let folder = holding.migrations_folder.as_deref()?;
        if !holding.has_borrowed_migrations {
            return None;
        }
        let is_path = |pointer: &&Pointer| pointer.kind == PointerKind::MigrationsPath;
        let pointer = holding.pointers.iter().find(is_path)?;
        let mut services = pointer
            .owners
            .iter()
            .filter_map(|owner| self.registered(owner));
        let service = services.next()?;
        let is_foreign = |other: &&Holding| {
            other.migrations_folder.as_deref() == Some(folder) && other.home != holding.home
        };
        let of_another = self.holdings.iter().find(is_foreign);
        let lies_in = self
            .products
            .iter()
            .flat_map(Product::services)
            .find(|other| {
                let module = other.module.as_ref();
                other.product == service.product
                    && module.is_some_and(|it| folder.starts_with(&format!("{}/", it.folder)))
            });
        let other = of_another
            .and_then(|other| other.home.iter().find_map(|owner| self.registered(owner)))
            .or(lies_in)?;
        let is_own = Owner::from(other) == Owner::from(service) || same_module(other, service);
        (!is_own).then(|| SharedSchema {
            place: pointer.place,
            service,
            other,
            does: "takes its migrations from",
            path: folder.to_owned(),
            labels: Vec::new(),
            help: format!(
                "write the path of its own migrations, `{}`",
                own_migrations(self.folder_of_config(pointer.place.file), holding, self)
            ),
            is_one_module: false,
        })
    }

    /// Where two services of a product with databases of their own are built from the schema's module.
    fn of_one_module<'w>(&'w self, holding: &'w Holding) -> Vec<SharedSchema<'w>> {
        let Some(path) = self.schema_path(holding) else {
            return Vec::new();
        };
        let services = holding
            .home
            .iter()
            .filter_map(|owner| self.registered(owner));
        let services: Vec<&Service> = services.filter(|it| it.database().is_some()).collect();
        let mut shared = Vec::new();
        for (number, &service) in services.iter().enumerate() {
            let mut before = services[..number]
                .iter()
                .filter(|other| other.product == service.product && differ(other, service));
            let dockerfile = service.entry.dockerfile.known();
            let (Some(&other), Some(dockerfile)) = (before.next(), dockerfile) else {
                continue;
            };
            let others = other.entry.dockerfile.known();
            let labels = [
                others.map(|text| (text.place(), format!("`{}` is built from it", other.key()))),
                holding
                    .datasource
                    .map(|place| (place, "the module has one schema".to_owned())),
            ];
            shared.push(SharedSchema {
                place: self.stand_in_registry(&dockerfile.origin),
                service,
                other,
                does: "is built from the module, and so the Prisma schema, of",
                path: path.clone(),
                labels: labels.into_iter().flatten().collect(),
                help: "name the Dockerfile of a module of its own, or write `database: \"\"` if it stores nothing by itself".to_owned(),
                is_one_module: true,
            });
        }
        shared
    }

    /// The numbers of a service's product and of the service in it.
    fn place_in_registry(&self, service: &Service) -> Option<(usize, usize)> {
        let mut products = self.products.iter();
        let number = products.position(|product| product.name == service.product)?;
        let position = self.products[number].position_of(service.key())?;
        Some((number, position))
    }

    /// The service of a registry that an owner is.
    fn registered(&self, owner: &Owner) -> Option<&Service> {
        let name = owner.product.as_deref()?;
        let product = self.products.iter().find(|product| product.name == name)?;
        product.service(owner.service.as_deref()?)
    }
}

/// Files that say that a folder is written in another language than those that Prisma serves.
const OTHER_MANIFESTS: [&str; 10] = [
    "Cargo.toml",
    "Gemfile",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "go.mod",
    "mix.exs",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
];

/// Whether the migrations of a holding are Prisma's, each in a folder of its own.
fn is_of_prisma(holding: &Holding) -> bool {
    let folder = holding.migrations_folder.as_deref().unwrap_or_default();
    file_name(parent(folder)) == "prisma"
}

fn has_unknown_schema(config: &PrismaConfig) -> bool {
    matches!(config.schema, Field::Dynamic(_))
}

/// Whether two services have databases of their own.
fn differ(one: &Service, other: &Service) -> bool {
    one.database() != other.database()
}

fn same_module(one: &Service, other: &Service) -> bool {
    let folder = |service: &Service| service.module.as_ref().map(|it| it.folder.clone());
    folder(one) == folder(other)
}

/// Where the migrations of a holding should be, as seen from a folder.
fn own_migrations(seen_from: &str, holding: &Holding, workspace: &Workspace) -> String {
    let main = holding
        .datasource
        .map(|place| &workspace.sources.file(place.file).path);
    let folder = main.map_or(seen_from, |path| parent(path));
    let beside = join(folder, "migrations").unwrap_or_default();
    crate::source::relative(seen_from, &beside)
}
