//! Packages that belong to no service, and what of a database is in them.

use std::collections::{BTreeMap, HashMap};

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::code::CodeFile;
use crate::model::homes::Homes;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::service_urls::is_beside_the_program;
use crate::model::unregistered::module_roots;
use crate::parse::Facts;
use crate::parse::prisma::Value as SchemaValue;
use crate::parse::typescript::clients::Client;
use crate::parse::typescript::value::Value;
use crate::source::{FileId, Place, Seen, Sources, ancestors, file_name, is_below, join, parent};

/// A package without a service that has to do with a database.
pub struct Outsider<'a> {
    /// The folder of the package, from the workspace root.
    pub folder: String,
    /// The only product of the workspace.
    pub product: Option<&'a Product>,
    /// What it does, the worst first.
    pub signs: Vec<(Place, Sign<'a>)>,
}

/// What shows that a package has to do with a database.
#[derive(Clone, Copy)]
pub enum Sign<'a> {
    /// It holds a Prisma schema.
    Schema,
    /// It opens a database by a client of that name.
    Client(&'a str),
    /// It reads the variable of that name, which holds the connection string of that service; of any where
    /// none is told.
    Variable(&'a str, Option<&'a Service>),
}

/// Folders of what people run by hand, and of what is no part of a product.
const OF_TOOLS: [&str; 15] = [
    ".github",
    "bench",
    "benchmarks",
    "ci",
    "deploy",
    "docs",
    "e2e",
    "examples",
    "infra",
    "infrastructure",
    "migrations",
    "ops",
    "scripts",
    "tooling",
    "tools",
];

/// Folders of code that several packages share.
const OF_LIBRARIES: [&str; 5] = ["common", "lib", "libs", "packages", "shared"];

/// Words in the name of a folder with a frontend.
const OF_FRONTENDS: [&str; 6] = ["client", "frontend", "site", "ui", "web", "website"];

/// What a frontend is built with, by the names of npm.
const FRAMEWORKS: [&str; 11] = [
    "@angular/core",
    "@remix-run/react",
    "@sveltejs/kit",
    "astro",
    "next",
    "nuxt",
    "preact",
    "react",
    "solid-js",
    "svelte",
    "vue",
];

impl Outsider<'_> {
    /// Whom it is about: the product, where there is one.
    pub fn owner(&self) -> Owner {
        self.product.map_or(
            Owner {
                product: None,
                service: None,
            },
            Owner::from,
        )
    }
}

impl Workspace<'_> {
    /// Packages that no registry entry is built from and that open a database, hold a Prisma schema or read the
    /// connection string of a service, in the order of their folders; none where some entry is not known.
    pub fn outsiders(&self) -> Vec<Outsider<'_>> {
        let Some(named) = self.named_folders() else {
            return Vec::new();
        };
        let homes = Homes::of(self);
        let roots = module_roots(&named);
        let mut packages = PackagesOf::new(self.sources);
        let mut found: BTreeMap<String, Vec<(Place, Sign)>> = BTreeMap::new();
        for code in self.code_files() {
            let is_registered = |it: &usize| *it < homes.registered.len();
            let is_of_service = homes.around(code.path).iter().any(is_registered);
            if code.is_test || is_of_service || is_beside_the_program(code.path) {
                continue;
            }
            let signs = self.signs_in(&code);
            if !signs.is_empty()
                && let Some(folder) = packages.around(code.path)
            {
                found.entry(folder).or_default().extend(signs);
            }
        }
        for (file, place) in self.schemas_of_nobody() {
            if let Some(folder) = packages.around(&self.sources.file(file).path) {
                let signs = found.entry(folder).or_default();
                signs.push((place, Sign::Schema));
            }
        }
        let is_run = |folder: &str| {
            let mut services = self.inferred_services().iter();
            services.any(|it| it.folder.as_deref() == Some(folder) && !it.containers.is_empty())
        };
        // Any other package may be a service of its own, outside of the registry.
        let is_known_kind = |folder: &str| is_library(folder) || self.is_frontend(folder);
        found.retain(|folder, signs| {
            let is_named = ancestors(folder).any(|it| named.contains(it))
                || named.iter().any(|it| is_below(it, folder));
            let is_tool = folder.split('/').any(|part| OF_TOOLS.contains(&part));
            let is_product = self
                .products
                .iter()
                .any(|product| product.folder == *folder);
            // What looks like a service is one that the registry lacks.
            let is_module = roots.iter().any(|root| is_below(folder, root))
                || self.policy.modules.contain(folder);
            let has_schema = signs.iter().any(|(_, sign)| matches!(sign, Sign::Schema));
            let is_run = is_run(folder);
            let is_service =
                is_module && (has_schema || is_run) || is_run && !self.is_frontend(folder);
            is_known_kind(folder) && !is_named && !is_tool && !is_product && !is_service
        });
        let found = found.into_iter().map(|(folder, mut signs)| {
            signs.sort_by_key(|(place, sign)| (sign.rank(), *place));
            Outsider {
                folder,
                product: match self.products.as_slice() {
                    [only] => Some(only),
                    _ => None,
                },
                signs,
            }
        });
        found.collect()
    }

    fn signs_in<'w>(&'w self, code: &CodeFile<'w>) -> Vec<(Place, Sign<'w>)> {
        let clients = code.code.clients.iter().filter(|client| is_opened(client));
        let clients = clients.map(|client| &client.name);
        let classes = code.code.prisma_classes.iter().map(|class| &class.client);
        let clients = clients.chain(classes);
        let clients = clients.map(|name| (name.span, Sign::Client(&name.value)));
        let reads = code.code.reads.iter().filter_map(|read| {
            let sign = self.connection_variable(&read.value)?;
            Some((read.span, sign))
        });
        let signs = clients.chain(reads);
        let mut signs: Vec<_> = signs
            .map(|(span, sign)| (span.in_file(code.file), sign))
            .collect();
        // A class that hands a connection string on is both a class and a client.
        signs.sort_by_key(|(place, sign)| (*place, sign.rank()));
        signs.dedup_by_key(|(place, _)| *place);
        signs
    }

    /// Whether a variable holds the connection string of a service, and of which.
    fn connection_variable<'w>(&'w self, variable: &'w str) -> Option<Sign<'w>> {
        let own = &self.policy.database_variable;
        let service = || {
            let mut products = self.products.iter();
            products.find_map(|product| {
                let service = product.service_named_by(variable)?;
                let ending = variable.strip_prefix(&service.variable_prefix())?;
                (ending == own).then_some(service)
            })
        };
        if variable == own {
            Some(Sign::Variable(variable, None))
        } else {
            service().map(|service| Sign::Variable(variable, Some(service)))
        }
    }

    /// The datasources of Prisma schemas for PostgreSQL that lie in no module of a registry service. Those that
    /// several services take for their own are another rule's.
    fn schemas_of_nobody(&self) -> Vec<(FileId, Place)> {
        let holdings = self.holdings.iter().filter(|holding| {
            let users = holding.pointers.iter().flat_map(|it| &it.owners);
            let users: Vec<&Owner> = users.filter(|it| self.is_registered(it)).collect();
            let is_home = holding.home.iter().any(|owner| self.is_registered(owner));
            !is_home && users.windows(2).all(|two| two[0] == two[1])
        });
        let schemas = holdings.filter_map(|holding| {
            let place = holding.datasource?;
            self.is_of_postgres(place.file)
                .then_some((place.file, place))
        });
        schemas.collect()
    }

    /// Whether a package is a frontend, by its name or by what it is built with.
    fn is_frontend(&self, folder: &str) -> bool {
        let mut words = file_name(folder).split(['-', '_', '.']);
        let manifest = join(folder, "package.json").and_then(|path| self.sources.find(&path));
        let is_built_as_one = || match manifest.map(|manifest| self.facts(manifest)) {
            Some(Facts::Settings(parsed)) => {
                let mut names = parsed.facts.dependencies.iter();
                names.any(|name| FRAMEWORKS.contains(&name.value.as_str()))
            }
            _ => false,
        };
        words.any(|word| OF_FRONTENDS.contains(&word)) || is_built_as_one()
    }

    fn is_registered(&self, owner: &Owner) -> bool {
        let mut services = self.products.iter().flat_map(Product::services);
        services.any(|service| Owner::from(service) == *owner)
    }

    fn is_of_postgres(&self, schema: FileId) -> bool {
        match self.facts(schema) {
            Facts::Prisma(parsed) => {
                let providers = parsed.facts.datasources.iter();
                let mut providers = providers.filter_map(|it| it.provider.as_ref());
                providers.all(|provider| match provider {
                    SchemaValue::Literal(name) => {
                        ["postgresql", "postgres", "cockroachdb"].contains(&name.value.as_str())
                    }
                    _ => true,
                })
            }
            _ => false,
        }
    }
}

impl Sign<'_> {
    fn rank(self) -> u8 {
        match self {
            Sign::Schema => 0,
            Sign::Client(_) => 1,
            Sign::Variable(..) => 2,
        }
    }
}

fn is_library(folder: &str) -> bool {
    folder.split('/').any(|part| OF_LIBRARIES.contains(&part))
}

/// Whether a client is certainly opened there. One that is given a connection string from elsewhere is opened
/// for whoever gives it.
fn is_opened(client: &Client) -> bool {
    let is_known = |value: &Value| {
        let mut choices = value.choices().iter();
        choices.any(|it| matches!(it, Value::Literal(_) | Value::Environment(_)))
    };
    match (&client.url, &client.database) {
        (None, None) => true,
        (url, database) => url.iter().chain(database).any(is_known),
    }
}

/// The packages that files lie in, by their folders.
struct PackagesOf<'s> {
    sources: &'s Sources,
    known: HashMap<String, Option<String>>,
}

impl<'s> PackagesOf<'s> {
    fn new(sources: &'s Sources) -> Self {
        Self {
            sources,
            known: HashMap::new(),
        }
    }

    /// The folder with the nearest `package.json`, other than the root's; in a workspace with a single one, the
    /// folder above `src` or `prisma`.
    fn around(&mut self, path: &str) -> Option<String> {
        let folder = parent(path);
        if let Some(known) = self.known.get(folder) {
            return known.clone();
        }
        let has_manifest = |folder: &&str| {
            let path = join(folder, "package.json");
            path.is_some_and(|path| self.sources.find_seen(&path) == Some(Seen::File))
        };
        let above_sources = || {
            let is_of_sources = |it: &&str| ["src", "prisma"].contains(&file_name(it));
            let sources = ancestors(folder).filter(is_of_sources).last();
            sources.map(parent).filter(|folder| !folder.is_empty())
        };
        let package = ancestors(folder).find(has_manifest).or_else(above_sources);
        let package = package.map(str::to_owned);
        self.known.insert(folder.to_owned(), package.clone());
        package
    }
}
