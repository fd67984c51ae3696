//! What keeps the tables of one database: a Prisma schema, a folder of migrations, or both, and whose it is.

use std::collections::BTreeMap;

use crate::discover::is_test_code;
use crate::finding::Owner;
use crate::model::catalog::Catalog;
use crate::model::inferred::InferredService;
use crate::model::module::is_generated_copy;
use crate::model::product::Product;
use crate::model::{Workspace, declared, replay};
use crate::parse::AllFacts;
use crate::source::{FileId, Kind, Sources, ancestors, file_name, has_ending, join, parent};

/// A Prisma schema with its migrations, or migrations alone.
#[derive(Debug, Default)]
pub struct Holding {
    /// The folder that it belongs to, from the workspace root: a module's, else its package's.
    pub folder: String,
    /// The services whose it is, in the order of the workspace. Several where products share a module or
    /// where services share one schema; none where no service is known.
    pub owners: Vec<Owner>,
    /// The files of the Prisma schema, sorted by path.
    pub schema_files: Vec<FileId>,
    /// The folder of the migrations, from the workspace root.
    pub migrations_folder: Option<String>,
    /// The migrations in the order in which they are applied.
    pub migrations: Vec<FileId>,
    /// The schema that names without a qualifier stand in at first: `public` unless the connection string
    /// says another.
    pub default_schema: String,
    /// Whether its database is PostgreSQL's, as far as that is known; nothing else is replayed.
    pub is_postgres: bool,
    /// What the Prisma schema says that the database holds; `None` without one.
    pub declared: Option<Catalog>,
    /// What the migrations leave; `None` without any.
    pub replayed: Option<Catalog>,
}

impl Workspace<'_> {
    /// Everything that keeps tables, by path.
    pub fn holdings(&self) -> &[Holding] {
        &self.holdings
    }
}

/// The holdings of a workspace.
pub(super) fn holdings(
    sources: &Sources,
    facts: &AllFacts,
    products: &[Product],
    inferred: &[InferredService],
) -> Vec<Holding> {
    let owners = owners_by_folder(products, inferred);
    let mut by_root: BTreeMap<String, Holding> = BTreeMap::new();
    for (id, file) in sources.files() {
        if file.kind != Kind::Prisma
            || is_test_code(&file.path)
            || is_generated_copy(sources, &file.path)
        {
            continue;
        }
        let root = schema_root(&file.path);
        by_root.entry(root).or_default().schema_files.push(id);
    }
    let mut holdings: Vec<Holding> = Vec::new();
    for (root, mut holding) in by_root {
        let migrations = join(&root, "migrations").unwrap_or_default();
        let below = sources.below(&migrations);
        let scripts = below.filter(|(path, _)| has_ending(path, "sql"));
        holding.migrations = scripts.filter_map(|(path, _)| sources.find(path)).collect();
        holding.migrations_folder = (!holding.migrations.is_empty()).then_some(migrations);
        let nearest = ancestors(&root).find_map(|folder| owners.get_key_value(folder));
        if let Some((folder, owners)) = nearest {
            holding.folder.clone_from(folder);
            holding.owners.clone_from(owners);
        }
        "public".clone_into(&mut holding.default_schema);
        holding.is_postgres = true;
        holding.declared = Some(declared::declared(facts, &holding));
        holding.replayed = (!holding.migrations.is_empty())
            .then(|| replay::replay(facts, &holding.migrations, &holding.default_schema));
        holdings.push(holding);
    }
    holdings
}

fn schema_root(path: &str) -> String {
    let folder = parent(path);
    let is_part = file_name(folder) == "schema" || file_name(folder) == "models";
    if is_part { parent(folder) } else { folder }.to_owned()
}

fn owners_by_folder(
    products: &[Product],
    inferred: &[InferredService],
) -> BTreeMap<String, Vec<Owner>> {
    let mut owners: BTreeMap<String, Vec<Owner>> = BTreeMap::new();
    for service in products.iter().flat_map(Product::services) {
        if let Some(module) = &service.module {
            let of_folder = owners.entry(module.folder.clone()).or_default();
            of_folder.push(service.into());
        }
    }
    for service in inferred {
        if let Some(folder) = &service.folder {
            let of_folder = owners.entry(folder.clone()).or_default();
            of_folder.push(service.into());
        }
    }
    owners
}
