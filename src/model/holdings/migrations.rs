//! Folders of migrations in SQL, and the order in which they are applied.

use std::collections::BTreeMap;

use super::schemas::Schema;
use crate::discover::is_test_code;
use crate::parse::sql::Dialect;
use crate::parse::{AllFacts, Facts};
use crate::source::{FileId, Seen, Sources, ancestors, file_name, has_ending, join, parent};

/// The folders of a workspace that hold migrations in SQL, each with its migrations in their order.
pub(super) fn folders(sources: &Sources) -> BTreeMap<String, Vec<FileId>> {
    let mut folders: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    for (path, seen) in sources.walked() {
        if seen != Seen::File || !has_ending(path, "sql") || is_test_code(path) {
            continue;
        }
        if let Some(folder) = folder_of(sources, path)
            && !folders.contains_key(folder)
        {
            folders.insert(folder.to_owned(), applied(sources, folder));
        }
    }
    folders.retain(|_, migrations| !migrations.is_empty());
    folders
}

/// The folder of migrations that a script belongs to.
fn folder_of<'p>(sources: &Sources, path: &'p str) -> Option<&'p str> {
    let folder = parent(path);
    [folder, parent(folder)].into_iter().find(|folder| {
        let has = |name: &str| {
            let path = join(folder, name);
            path.is_some_and(|path| sources.find_seen(&path) == Some(Seen::File))
        };
        !folder.is_empty()
            && (file_name(folder) == "migrations"
                || has("migration_lock.toml")
                || has("meta/_journal.json"))
    })
}

/// The migrations of a folder in the order in which they are applied: by the names of their folders
/// (`<name>/migration.sql`), else by their own, without those that take a migration back.
pub(super) fn applied(sources: &Sources, folder: &str) -> Vec<FileId> {
    let below: Vec<&str> = sources
        .below(folder)
        .filter(|(path, seen)| *seen == Seen::File && has_ending(path, "sql"))
        .map(|(path, _)| path)
        .collect();
    let in_folders =
        |path: &&&str| file_name(path) == "migration.sql" && parent(parent(path)) == folder;
    let mut migrations: Vec<&str> = below.iter().filter(in_folders).copied().collect();
    if migrations.is_empty() {
        let is_applied = |path: &&&str| parent(path) == folder && !takes_back(file_name(path));
        migrations = below.iter().filter(is_applied).copied().collect();
    }
    // `a-b/` comes after `a/` by the names, though not by the paths.
    migrations.sort_by_key(|path| match parent(path) {
        own if own == folder => file_name(path),
        own => file_name(own),
    });
    let files = migrations.into_iter();
    files.filter_map(|path| sources.find(path)).collect()
}

/// Whether a script undoes another one: `0001_init.down.sql`, `0001_init_down.sql`, `U1__init.sql`.
fn takes_back(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_undo = stem.rsplit(['.', '_', '-']).next() == Some("down");
    let of_flyway = stem
        .strip_prefix('U')
        .and_then(|rest| rest.split_once("__"));
    let is_version =
        |(version, _): (&str, &str)| version.starts_with(|first: char| first.is_ascii_digit());
    stem == "down" || is_undo || of_flyway.is_some_and(is_version)
}

/// The folder of a schema's migrations: the one that a config names, else `migrations` beside the
/// datasource or, as older versions of Prisma have it, above; else the only one of its package that Prisma
/// has put its lock into.
pub(super) fn of_schema(
    sources: &Sources,
    folders: &BTreeMap<String, Vec<FileId>>,
    locked: &BTreeMap<&str, Vec<&str>>,
    schema: &Schema,
) -> Option<String> {
    let beside = |folder: &str| join(folder, "migrations");
    let above = ["schema", "models"].contains(&file_name(&schema.folder));
    let candidates = [
        schema.migrations.clone(),
        beside(&schema.folder),
        above.then(|| beside(parent(&schema.folder))).flatten(),
        schema.migrations_of_others.clone(),
    ];
    let candidates = candidates.into_iter().flatten();
    if let Some(found) = candidates.into_iter().find(|it| folders.contains_key(it)) {
        return Some(found);
    }
    let package = package_of(sources, &schema.folder)?;
    match locked.get(package).map(Vec::as_slice) {
        Some([only]) => Some((*only).to_owned()),
        _ => None,
    }
}

/// The folders of migrations that have a lock, by their packages.
pub(super) fn locked<'f>(
    sources: &Sources,
    folders: &'f BTreeMap<String, Vec<FileId>>,
) -> BTreeMap<&'f str, Vec<&'f str>> {
    let mut by_package: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for folder in folders.keys() {
        let lock = join(folder, "migration_lock.toml");
        if lock.is_some_and(|lock| sources.find_seen(&lock) == Some(Seen::File))
            && let Some(package) = package_of(sources, folder)
        {
            by_package.entry(package).or_default().push(folder);
        }
    }
    by_package
}

/// The nearest folder at or above one that has a manifest.
pub(super) fn package_of<'p>(sources: &Sources, folder: &'p str) -> Option<&'p str> {
    let has_manifest = |folder: &&str| {
        let path = join(folder, "package.json");
        path.is_some_and(|path| sources.find_seen(&path) == Some(Seen::File))
    };
    ancestors(folder).chain([""]).find(has_manifest)
}

/// Whether migrations that no schema tells of are PostgreSQL's: nothing in their words or their path says
/// otherwise.
pub(super) fn are_of_postgres(facts: &AllFacts, folder: &str, migrations: &[FileId]) -> bool {
    const OTHERS: [&str; 10] = [
        "clickhouse",
        "mysql",
        "mariadb",
        "sqlite",
        "d1",
        "mssql",
        "sqlserver",
        "oracle",
        "cockroachdb",
        "snowflake",
    ];
    let mut words = folder.split(['/', '-', '_', '.']);
    let is_elsewhere = words.any(|word| OTHERS.contains(&word.to_ascii_lowercase().as_str()));
    let mut files = migrations.iter().map(|id| facts[id.0 as usize].as_ref());
    !is_elsewhere
        && files.all(|facts| match facts {
            Facts::Sql(parsed) => parsed.facts.dialect == Dialect::Postgres,
            _ => true,
        })
}
