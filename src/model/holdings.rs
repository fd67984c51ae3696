//! What keeps the tables of one database: a Prisma schema, a folder of migrations, or both, and whose it is.

mod migrations;
mod schemas;

pub(super) use schemas::is_contract;
pub use schemas::{Pointer, PointerKind};

use std::collections::{BTreeMap, BTreeSet};

use self::schemas::{Schema, Schemas};
use crate::connection;
use crate::finding::Owner;
use crate::model::catalog::Catalog;
use crate::model::compose::{Stack, Variable};
use crate::model::inferred::InferredService;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::settings::Settings;
use crate::model::{Workspace, declared, replay};
use crate::parse::prisma::{Datasource, Value};
use crate::parse::{AllFacts, Facts};
use crate::source::{FileId, Place, Seen, Sources, ancestors, has_ending, is_below, join, parent};

/// A Prisma schema with its migrations, or migrations alone.
#[derive(Debug, Default)]
pub struct Holding {
    /// The folder that it belongs to, from the workspace root: a module's, else its package's.
    pub folder: String,
    /// The services whose it is, in the order of the workspace. Several where products share a module or
    /// where services share one schema; none where no service is known.
    pub owners: Vec<Owner>,
    /// Those among them whose module the schema, or else the migrations, lie in.
    pub home: Vec<Owner>,
    /// The files of the Prisma schema, sorted by path.
    pub schema_files: Vec<FileId>,
    /// The name token of the schema's datasource.
    pub datasource: Option<Place>,
    /// What names the schema or its migrations: configs, packages and commands.
    pub pointers: Vec<Pointer>,
    /// Whether some of the schema could not be read: then nothing may be called missing in it.
    pub is_open: bool,
    /// The folder of the migrations, from the workspace root.
    pub migrations_folder: Option<String>,
    /// The migrations in the order in which they are applied.
    pub migrations: Vec<FileId>,
    /// Whether the migrations are those of another service, so that they tell nothing of this schema.
    pub has_borrowed_migrations: bool,
    /// The schema that names without a qualifier stand in at first: `public` unless the connection string
    /// says another.
    pub default_schema: String,
    /// Whether its database is PostgreSQL's, as far as that is known; nothing else is replayed.
    pub is_postgres: bool,
    /// What the Prisma schema says that the database holds; `None` without one.
    pub declared: Option<Catalog>,
    /// What the migrations leave; `None` without any, where they are another service's, and where the
    /// database is not PostgreSQL's.
    pub replayed: Option<Catalog>,
}

impl Holding {
    /// Whether a service is among its owners.
    pub fn is_of(&self, owner: &Owner) -> bool {
        self.owners.contains(owner)
    }
}

impl Workspace<'_> {
    /// Everything that keeps tables: Prisma schemas by path, then migrations without one.
    pub fn holdings(&self) -> &[Holding] {
        &self.holdings
    }
}

/// What holdings are made of.
pub(super) struct Parts<'a> {
    pub sources: &'a Sources,
    pub facts: &'a AllFacts,
    pub products: &'a [Product],
    pub stacks: &'a [Stack],
    pub inferred: &'a [InferredService],
    pub settings: &'a Settings,
    /// The variable that a connection string is taken from where nothing says another.
    pub variable: &'a str,
}

impl Parts<'_> {
    /// The holdings of a workspace.
    pub(super) fn holdings(&self) -> Vec<Holding> {
        let owners = Owners::of(self);
        let variables = self.variables();
        let folders = migrations::folders(self.sources);
        let mut unclaimed: BTreeSet<&str> = folders.keys().map(String::as_str).collect();
        let schemas = Schemas::new(self.sources, self.facts).all();
        let mut holdings = Vec::new();
        for (schema, folder) in self.with_migrations(schemas, &folders) {
            let mut holding = self.of_schema(schema, &owners, &variables);
            if let Some((name, migrations)) = folder.and_then(|it| folders.get_key_value(&it)) {
                unclaimed.remove(name.as_str());
                let (_, theirs) = owners.of_path(self.sources, name);
                let is_ours = |owner: &Owner| holding.owners.contains(owner);
                holding.has_borrowed_migrations =
                    !theirs.is_empty() && !holding.home.is_empty() && !theirs.iter().any(is_ours);
                holding.migrations.clone_from(migrations);
                holding.migrations_folder = Some(name.clone());
            }
            holdings.push(holding);
        }
        for folder in unclaimed {
            let migrations = folders[folder].clone();
            let (home, owners) = owners.of_path(self.sources, folder);
            holdings.push(Holding {
                home: owners.clone(),
                is_postgres: migrations::are_of_postgres(self.facts, folder, &migrations),
                folder: home,
                owners,
                migrations,
                migrations_folder: Some(folder.to_owned()),
                default_schema: PUBLIC.to_owned(),
                ..Holding::default()
            });
        }
        for holding in &mut holdings {
            if !holding.schema_files.is_empty() {
                holding.declared = Some(declared::declared(
                    self.facts,
                    &holding.schema_files,
                    &holding.default_schema,
                ));
            }
            let has_unread = self.has_unread_migrations(holding);
            let has_own = !holding.migrations.is_empty() || has_unread;
            if holding.is_postgres && has_own && !holding.has_borrowed_migrations {
                let schema = &holding.default_schema;
                let mut replayed = replay::replay(self.facts, &holding.migrations, schema);
                replayed.is_open |= has_unread;
                holding.replayed = Some(replayed);
            }
        }
        holdings
    }

    /// Whether something belongs among the migrations of a holding that was passed over or left out.
    fn has_unread_migrations(&self, holding: &Holding) -> bool {
        let beside = holding.schema_files.first().and_then(|&id| {
            let path = &self.sources.file(id).path;
            join(parent(path), "migrations")
        });
        let folder = holding.migrations_folder.clone().or(beside);
        folder.is_some_and(|folder| {
            let own = self.sources.find_seen(&folder);
            let below = self.sources.below(&folder).map(|(_, seen)| seen);
            own.into_iter()
                .chain(below)
                .any(|seen| matches!(seen, Seen::FolderNotEntered | Seen::Other))
        })
    }

    /// Schemas with the folders of their migrations. Of several in one folder, made for different servers,
    /// only one has those: the one that bears the usual name, unless it is made for another server than the
    /// migrations.
    fn with_migrations(
        &self,
        schemas: Vec<Schema>,
        folders: &BTreeMap<String, Vec<FileId>>,
    ) -> Vec<(Schema, Option<String>)> {
        let locked = migrations::locked(self.sources, folders);
        let of_schema =
            |schema: &Schema| migrations::of_schema(self.sources, folders, &locked, schema);
        let mut found: Vec<_> = schemas
            .into_iter()
            .map(|schema| {
                let folder = of_schema(&schema);
                (schema, folder)
            })
            .collect();
        let mut claimants: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, (schema, folder)) in found.iter().enumerate() {
            // A config that says so is to be believed, even where it takes the folder of another.
            if let Some(folder) = folder
                && schema.migrations.as_ref() != Some(folder)
            {
                claimants.entry(folder.clone()).or_default().push(number);
            }
        }
        for (folder, numbers) in claimants.into_iter().filter(|(_, it)| it.len() > 1) {
            let is_postgres = migrations::are_of_postgres(self.facts, &folder, &folders[&folder]);
            let rank = |number: &&usize| {
                let (schema, _) = &found[**number];
                let is_usual = schema.files.iter().any(|&id| {
                    crate::source::file_name(&self.sources.file(id).path) == "schema.prisma"
                });
                (self.is_postgres(schema) != is_postgres, !is_usual)
            };
            let best = numbers.iter().min_by_key(rank).copied();
            for number in numbers {
                if Some(number) != best {
                    found[number].1 = None;
                }
            }
        }
        found
    }

    fn of_schema(&self, mut schema: Schema, owners: &Owners, variables: &Variables) -> Holding {
        let (folder, mut of_path) = owners.of_path(self.sources, &schema.folder);
        let mut pointing: Vec<Owner> = Vec::new();
        for pointer in &mut schema.pointers {
            let path = parent(&self.sources.file(pointer.place.file).path);
            let (around, services) = owners.of_path(self.sources, path);
            // A folder that holds the module, such as the workspace's, only helps it.
            if around == folder || !is_below(&folder, &around) || of_path.is_empty() {
                pointer.owners = services;
            }
            for owner in &pointer.owners {
                if !of_path.contains(owner) && !pointing.contains(owner) {
                    pointing.push(owner.clone());
                }
            }
        }
        // A package that several services of a registry share is no service.
        let is_registered = |owner: &Owner| owner.product.is_some();
        if pointing.iter().any(is_registered) && !of_path.iter().any(is_registered) {
            of_path.clear();
        }
        let home = of_path.clone();
        of_path.append(&mut pointing);
        let is_open = schema.files.iter().any(|&id| {
            let facts = self.facts[id.0 as usize].as_ref();
            let is_unreadable = self.sources.file(id).unreadable.is_some();
            is_unreadable || !facts.problems().is_empty()
        });
        let datasource = self.datasource(&schema);
        Holding {
            is_open: is_open || datasource.is_none() || self.has_unread_part(&schema),
            folder,
            home,
            is_postgres: self.is_postgres(&schema),
            default_schema: self.default_schema(&schema, &of_path, variables),
            owners: of_path,
            datasource: datasource.map(|(id, it)| it.name.span.in_file(id)),
            pointers: schema.pointers,
            schema_files: schema.files,
            ..Holding::default()
        }
    }

    /// Whether a file belongs among those of a schema that was left out.
    fn has_unread_part(&self, schema: &Schema) -> bool {
        let folders = schema
            .files
            .iter()
            .map(|&id| parent(&self.sources.file(id).path));
        let folders: BTreeSet<&str> = folders.collect();
        folders.into_iter().any(|folder| {
            let mut below = self.sources.below(folder);
            below.any(|(path, seen)| seen == Seen::Other && has_ending(path, "prisma"))
        })
    }

    fn datasource(&self, schema: &Schema) -> Option<(FileId, &Datasource)> {
        let id = schema.datasource?;
        match self.facts[id.0 as usize].as_ref() {
            Facts::Prisma(parsed) => Some((id, parsed.facts.datasources.first()?)),
            _ => None,
        }
    }

    fn is_postgres(&self, schema: &Schema) -> bool {
        let datasource = self.datasource(schema);
        let provider = datasource.and_then(|(_, datasource)| datasource.provider.as_ref());
        matches!(provider, Some(Value::Literal(name))
            if matches!(name.value.as_str(), "postgresql" | "postgres"))
    }

    /// The schema that the connection string says, where all that is known of it agrees.
    fn default_schema(&self, schema: &Schema, owners: &[Owner], by_owner: &Variables) -> String {
        let datasource = self.datasource(schema).map(|(_, datasource)| datasource);
        let mut variables = schema.variables.clone();
        let mut said = BTreeSet::new();
        match datasource.and_then(|datasource| datasource.url.as_ref()) {
            Some(Value::Literal(url)) => said.extend(schema_parameter(&url.value)),
            Some(Value::Env(name)) => variables.push(name.value.clone()),
            _ => {}
        }
        if variables.is_empty() {
            variables.push(self.variable.to_owned());
        }
        let is_meant = |variable: &&&Variable| variables.contains(&variable.name.value);
        let known = owners.iter().filter_map(|owner| by_owner.get(owner));
        let meant = known.flatten().filter(is_meant);
        said.extend(meant.filter_map(|variable| said_schema(variable)));
        let only = said.pop_first().filter(|_| said.is_empty());
        only.unwrap_or_else(|| PUBLIC.to_owned())
    }

    /// What is set for each service.
    fn variables(&self) -> Variables<'_> {
        let mut by_owner = Variables::new();
        for product in self.products {
            for service in &product.services {
                let variables = by_owner.entry(service.into()).or_default();
                variables.extend(self.variables_of(product, service));
            }
        }
        for (number, service) in self.inferred.iter().enumerate() {
            let containers = service.containers.iter();
            let containers =
                containers.flat_map(|&(stack, it)| &self.stacks[stack].services[it].environment);
            let settings = self.settings.of_inferred(number);
            let variables = by_owner.entry(service.into()).or_default();
            variables.extend(containers.chain(settings.map(|setting| &setting.variable)));
        }
        by_owner
    }

    fn variables_of<'s>(
        &'s self,
        product: &'s Product,
        service: &'s Service,
    ) -> impl Iterator<Item = &'s Variable> {
        let stacks = product.stacks.iter().map(|&number| &self.stacks[number]);
        let containers = stacks.filter_map(|stack| service.container(stack));
        let settings = self.settings.of_service(service);
        containers
            .flat_map(|container| &container.environment)
            .chain(settings.map(|setting| &setting.variable))
    }
}

/// The schema of a database that is there by itself, and stands first in the search path of everyone.
const PUBLIC: &str = "public";

/// The schema that a variable's connection string says; `None` where the string is not known.
fn said_schema(variable: &Variable) -> Option<String> {
    let value = variable.value.as_ref()?;
    let connection = variable.connection.as_ref()?;
    let named = connection
        .parameters
        .iter()
        .find(|(name, _)| value.text.get(name.clone()) == Some("schema"));
    match named {
        Some((_, schema)) if value.is_known(schema) => {
            Some(connection::decode(&value.text[schema.clone()]))
        }
        Some(_) => None,
        None => variable.known_value().map(|_| PUBLIC.to_owned()),
    }
}

/// The same of a connection string that is written as it is.
fn schema_parameter(url: &str) -> Option<String> {
    let connection = connection::parse(url)?;
    let named = connection
        .parameters
        .iter()
        .find(|(name, _)| &url[name.clone()] == "schema");
    Some(named.map_or_else(
        || PUBLIC.to_owned(),
        |(_, schema)| connection::decode(&url[schema.clone()]),
    ))
}

/// What is set for each service, in compose files and elsewhere.
type Variables<'a> = BTreeMap<Owner, Vec<&'a Variable>>;

/// The services of modules, by the folders of those.
struct Owners(BTreeMap<String, Vec<Owner>>);

impl Owners {
    fn of(parts: &Parts) -> Self {
        let mut owners: BTreeMap<String, Vec<Owner>> = BTreeMap::new();
        for service in parts.products.iter().flat_map(Product::services) {
            if let Some(module) = &service.module {
                let of_folder = owners.entry(module.folder.clone()).or_default();
                of_folder.push(service.into());
            }
        }
        for service in parts.inferred {
            if let Some(folder) = &service.folder {
                let of_folder = owners.entry(folder.clone()).or_default();
                of_folder.push(service.into());
            }
        }
        Self(owners)
    }

    /// The module that a folder lies in and its services: in each product those with the nearest folder.
    /// Without a service the folder of the package.
    fn of_path(&self, sources: &Sources, folder: &str) -> (String, Vec<Owner>) {
        let package = migrations::package_of(sources, folder).unwrap_or(folder);
        let mut home = None;
        let mut found: Vec<Owner> = Vec::new();
        let mut served: BTreeSet<Option<&str>> = BTreeSet::new();
        // What stands in the root is not of every package.
        let root = [""].into_iter().filter(|_| package.is_empty());
        for above in ancestors(folder).chain(root) {
            let here = self.0.get(above).into_iter().flatten();
            let new: Vec<&Owner> = here
                .filter(|owner| !served.contains(&owner.product.as_deref()))
                .filter(|owner| owner.product.is_some() || served.is_empty())
                .collect();
            if !new.is_empty() {
                home.get_or_insert(above);
            }
            found.extend(new.iter().map(|&owner| owner.clone()));
            served.extend(new.iter().map(|owner| owner.product.as_deref()));
        }
        (home.unwrap_or(package).to_owned(), found)
    }
}

#[cfg(test)]
mod tests;
