//! The packages that hold something of a database, and whether that is PostgreSQL's.

use std::collections::BTreeMap;

use super::Store;
use crate::discover::is_test_code;
use crate::model::module::{Module, is_generated_copy};
use crate::model::packages::Packages;
use crate::model::prisma_config::prisma_config;
use crate::model::registry::Field;
use crate::parse::{AllFacts, Facts};
use crate::source::{Kind, Seen, Sources, ancestors, file_name, has_ending, join, parent};

/// What shows that a module keeps tables in PostgreSQL.
pub(super) fn store(module: &Module) -> Option<Store> {
    const OF_OTHERS: [&str; 9] = [
        "db",
        "database",
        "databases",
        "hasura",
        "migrations",
        "postgres",
        "schema",
        "sql",
        "supabase",
    ];
    let is_postgres = |provider: &str| ["postgresql", "postgres"].contains(&provider);
    let mut datasources = module.datasources.iter();
    let schema = datasources.find(|it| {
        let provider = it.provider.as_ref();
        provider.is_some_and(|provider| is_postgres(&provider.value))
    });
    match schema {
        Some(schema) => Some(Store::Schema(schema.place)),
        // A folder of that name serves the services that it is none of.
        None if OF_OTHERS.contains(&file_name(&module.folder)) => None,
        None if module.datasources.is_empty() => module.migrations.clone().map(Store::Migrations),
        None => None,
    }
}

/// The packages that hold something of a database, by folder.
pub(super) fn modules(
    sources: &Sources,
    facts: &AllFacts,
    packages: &Packages,
) -> BTreeMap<String, Module> {
    let scripts = crate::model::scripts(sources, facts);
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
    let prisma = ancestors(parent(path)).find(|folder| file_name(folder) == "prisma");
    prisma.map_or_else(|| parent(path), parent).to_owned()
}
