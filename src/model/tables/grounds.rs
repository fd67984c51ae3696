//! Whose ground a file stands on, and what is known to be its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{DatabaseOwner, Definition, Ground, Holder, Tables, apart};
use crate::discover::keeps_tables;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::catalog::Catalog;
use crate::model::holdings::Holding;
use crate::model::product::Product;
use crate::parse::Facts;
use crate::parse::sql::{Access, Action, Change, Dialect, SqlFile, TableReference, Way};
use crate::source::{FileId, Seen, Sources, ancestors, file_name, join, parent};

/// Words in the path of SQL that is not PostgreSQL's.
const OTHER_DATABASES: [&str; 14] = [
    "bigquery",
    "cassandra",
    "clickhouse",
    "d1",
    "duckdb",
    "libsql",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "snowflake",
    "sqlite",
    "sqlserver",
    "tinybird",
];

/// What tells whether all tables of grounds are known.
struct Circumstances<'w> {
    /// The folders of packages that define tables in code, each with what they do that with.
    packages: BTreeMap<&'w str, &'w str>,
    /// The services without a database.
    stateless: BTreeSet<Owner>,
    /// The grounds that import tables, by number, with the path of the SQL.
    importing: BTreeMap<usize, &'w str>,
}

impl Circumstances<'_> {
    /// What keeps tables in code in a folder, above it or below it.
    fn keeper_around(&self, folder: &str) -> Option<&str> {
        let mut above = ancestors(folder).chain([""]);
        let keeper = above.find_map(|it| self.packages.get(it));
        let start = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let below = self.packages.range(start.as_str()..).next();
        let below = below.filter(|(path, _)| path.starts_with(&start));
        keeper.or(below.map(|(_, package)| package)).copied()
    }
}

impl Workspace<'_> {
    /// The grounds of all modules, and what their holdings hold.
    pub(super) fn grounds(&self) -> Tables {
        let mut tables = Tables {
            by_database: self.databases_by_name(),
            ..Tables::default()
        };
        let mut databases: BTreeMap<&Owner, BTreeSet<String>> = BTreeMap::new();
        for (name, owners) in &tables.by_database {
            for it in owners {
                databases.entry(&it.owner).or_default().insert(name.clone());
            }
        }
        let of_owners = |owners: &[Owner]| -> BTreeSet<String> {
            let known = owners.iter().filter_map(|owner| databases.get(owner));
            known.flatten().cloned().collect()
        };
        for (number, holding) in self.holdings().iter().enumerate() {
            tables.holders.push(Holder {
                databases: of_owners(&holding.owners),
                owners: holding.owners.clone(),
            });
            for (schema, name, place) in relations(holding) {
                let known = tables.by_name.entry(name.to_owned()).or_default();
                let is_known = |it: &Definition| it.holding == number && it.schema == schema;
                if !known.iter().any(is_known) {
                    known.push(Definition {
                        holding: number,
                        schema: schema.to_owned(),
                        name: name.to_owned(),
                        place,
                    });
                }
                let spellings = tables.spellings.entry(name.to_lowercase()).or_default();
                spellings.insert(name.to_owned());
            }
            let default = Some(holding.default_schema.as_str()).filter(|name| *name != "public");
            for schema in created_schemas(holding).chain(default) {
                let holdings = tables.by_schema.entry(schema.to_owned()).or_default();
                holdings.insert(number);
            }
        }
        let mut grounds = self.bare_grounds();
        let by_owner = self.holdings_by_owner();
        for ground in grounds.values_mut() {
            ground.databases = of_owners(&ground.owners);
            ground.schemas.insert("public".to_owned());
            let shared = ground.owners.iter().filter_map(|owner| by_owner.get(owner));
            ground.holdings = shared.flatten().copied().collect();
        }
        for (number, holding) in self.holdings().iter().enumerate() {
            if let Some(ground) = grounds.get_mut(&holding.folder) {
                ground.holdings.insert(number);
            }
        }
        for ground in grounds.values_mut() {
            for number in ground.holdings.clone() {
                ground.add_holding(&self.holdings()[number]);
            }
        }
        tables.grounds = grounds.into_values().collect();
        let folders = tables.grounds.iter().enumerate();
        tables.by_folder = folders
            .map(|(number, ground)| (ground.folder.clone(), number))
            .collect();
        self.add_sql(&mut tables);
        let circumstances = Circumstances {
            packages: self.packages_that_keep_tables(),
            stateless: self.stateless_services(),
            importing: self.importing_grounds(&tables),
        };
        for number in 0..tables.grounds.len() {
            let doubt = self.doubt(&tables, number, &circumstances);
            tables.grounds[number].doubt = doubt;
        }
        tables
    }

    /// Whose the databases are that are known by name.
    fn databases_by_name(&self) -> BTreeMap<String, Vec<DatabaseOwner>> {
        let mut by_name: BTreeMap<String, Vec<DatabaseOwner>> = BTreeMap::new();
        let mut add = |name: &str, owner: Owner, place| {
            let owners = by_name.entry(name.to_owned()).or_default();
            if !owners.iter().any(|known| known.owner == owner) {
                owners.push(DatabaseOwner { owner, place });
            }
        };
        for service in self.products().iter().flat_map(Product::services) {
            if let Some(name) = service.database() {
                add(name, service.into(), Some(service.database_place()));
            }
        }
        for (number, service) in self.inferred_services().iter().enumerate() {
            match service.configured_database.as_deref() {
                Some("") => {}
                Some(name) => add(name, service.into(), None),
                None => {
                    for claim in self.claims_of(number) {
                        add(&claim.database.text, service.into(), Some(claim.place()));
                    }
                }
            }
        }
        by_name
    }

    /// The grounds by their folders: those of services, and those of holdings.
    fn bare_grounds(&self) -> BTreeMap<String, Ground> {
        let mut grounds: BTreeMap<String, Ground> = BTreeMap::new();
        let mut add = |folder: &str, owners: Vec<Owner>, is_registered: bool| {
            let ground = grounds.entry(folder.to_owned()).or_default();
            folder.clone_into(&mut ground.folder);
            ground.is_registered |= is_registered;
            for owner in owners {
                if !ground.is_of(&owner) {
                    ground.owners.push(owner);
                }
            }
        };
        for service in self.products().iter().flat_map(Product::services) {
            if let Some(module) = &service.module {
                let is_known = service.database().is_some() || service.is_stateless();
                add(&module.folder, vec![service.into()], is_known);
            }
        }
        for service in self.inferred_services() {
            if let Some(folder) = &service.folder {
                add(folder, vec![service.into()], false);
            }
        }
        for holding in self.holdings() {
            add(&holding.folder, holding.owners.clone(), false);
        }
        grounds
    }

    /// The numbers of the holdings of each service.
    fn holdings_by_owner(&self) -> BTreeMap<&Owner, BTreeSet<usize>> {
        let mut by_owner: BTreeMap<&Owner, BTreeSet<usize>> = BTreeMap::new();
        for (number, holding) in self.holdings().iter().enumerate() {
            for owner in &holding.owners {
                by_owner.entry(owner).or_default().insert(number);
            }
        }
        by_owner
    }

    /// Gives every ground what its SQL creates or once created, in whatever file.
    fn add_sql(&self, tables: &mut Tables) {
        for (id, file) in self.sources.files() {
            let (references, changes) = match self.facts(id) {
                Facts::Sql(parsed) => (&parsed.facts.references, &parsed.facts.changes),
                Facts::Code(parsed) => (&parsed.facts.references, &parsed.facts.changes),
                _ => continue,
            };
            let Some(number) = tables.ground_below(self.sources, &file.path) else {
                continue;
            };
            let defined = references.iter();
            let defined = defined.filter(|it| it.access == Access::Defines);
            let own = defined.filter(|it| {
                let qualifier = it.name.database().or(it.name.schema());
                qualifier.is_none_or(|it| {
                    let ground = &tables.grounds[number];
                    ground.schemas.contains(&it.value)
                        || ground.databases.contains(&it.value)
                        || !tables.by_database.contains_key(&it.value)
                })
            });
            let names: Vec<String> = own.map(|it| it.name.name().value.clone()).collect();
            let ground = &mut tables.grounds[number];
            for name in names {
                ground.add_relation(&name);
            }
            ground.add_changes(changes);
        }
    }

    /// The folders of packages that define tables in code, each with what they do that with.
    fn packages_that_keep_tables(&self) -> BTreeMap<&str, &str> {
        let files = self.sources.files();
        let packages = files.filter_map(|(id, file)| match self.facts(id) {
            Facts::Settings(parsed) if file_name(&file.path) == "package.json" => {
                let mut names = parsed.facts.dependencies.iter();
                let keeper = names.find(|name| keeps_tables(&name.value))?;
                Some((parent(&file.path), keeper.value.as_str()))
            }
            _ => None,
        });
        packages.collect()
    }

    /// Why not all tables of a ground are known.
    fn doubt(&self, tables: &Tables, number: usize, known: &Circumstances) -> Option<String> {
        let ground = &tables.grounds[number];
        let is_stateless = |owner: &Owner| known.stateless.contains(owner);
        if ground.holdings.is_empty() && !ground.owners.iter().any(is_stateless) {
            return Some("it has neither a Prisma schema nor migrations".to_owned());
        }
        let mut holdings = ground.holdings.iter().map(|&it| &self.holdings()[it]);
        let folders: BTreeSet<&str> = holdings.clone().map(|it| it.folder.as_str()).collect();
        let mut folders = folders.into_iter().chain([ground.folder.as_str()]);
        if let Some(package) = folders.find_map(|folder| known.keeper_around(folder)) {
            return Some(format!("`{package}` may keep further tables"));
        }
        if let Some(doubt) = holdings.find_map(|it| self.holding_doubt(tables, ground, it)) {
            return Some(doubt);
        }
        let imports = known.importing.get(&number);
        imports.map(|path| format!("`{path}` imports tables"))
    }

    /// Why not all tables of a holding are known.
    fn holding_doubt(&self, tables: &Tables, ground: &Ground, holding: &Holding) -> Option<String> {
        if !holding.is_postgres {
            return Some("not all of its tables are in PostgreSQL".to_owned());
        }
        if holding.is_open {
            return Some("not all of its Prisma schema could be read".to_owned());
        }
        let mut files = holding.schema_files.iter().chain(&holding.migrations);
        let is_broken = |&&id: &&FileId| {
            self.sources.file(id).unreadable.is_some() || !self.facts(id).problems().is_empty()
        };
        if let Some(&broken) = files.find(is_broken) {
            let path = &self.sources.file(broken).path;
            return Some(format!("`{path}` could not be read as a whole"));
        }
        let is_told = |catalog: &Catalog| !catalog.is_open;
        if holding.declared.is_none() && !holding.replayed.as_ref().is_some_and(is_told) {
            return Some("its migrations do not tell all tables".to_owned());
        }
        let is_cut_off = self.begins_midway(tables, ground, holding);
        is_cut_off.then(|| "its first migration changes what none has created".to_owned())
    }

    /// The services of registries that have no database.
    fn stateless_services(&self) -> BTreeSet<Owner> {
        let registered = self.products().iter().flat_map(Product::services);
        let stateless = registered.filter(|service| service.is_stateless());
        stateless.map(Owner::from).collect()
    }

    /// The grounds with SQL that imports tables from elsewhere, with its path.
    fn importing_grounds(&self, tables: &Tables) -> BTreeMap<usize, &str> {
        let imports = |file: &SqlFile| {
            let mut ways = file.reaches.iter().map(|reach| reach.way);
            ways.any(|way| way == Way::ImportedSchema)
        };
        let files = self.sql_files().filter(|(.., file)| imports(file));
        files
            .filter_map(|(_, path, _)| Some((tables.ground_below(self.sources, path)?, path)))
            .collect()
    }

    /// Whether migrations without a Prisma schema begin with a change to what none of them creates: they were
    /// cut off, or took over a database that was there.
    fn begins_midway(&self, tables: &Tables, ground: &Ground, holding: &Holding) -> bool {
        if holding.declared.is_some() {
            return false;
        }
        let Some(Facts::Sql(first)) = holding.migrations.first().map(|&id| self.facts(id)) else {
            return false;
        };
        first.facts.references.iter().any(|it| {
            let name = it.name.name();
            let schema = it.name.schema().map(|schema| schema.value.as_str());
            !it.is_optional
                && !ground.has(&name.value)
                && !tables.by_name.contains_key(&name.value)
                && !apart::is_apart(schema, &name.value)
        })
    }

    /// The SQL of PostgreSQL that was read, with its path.
    pub(super) fn sql_files(&self) -> impl Iterator<Item = (FileId, &str, &SqlFile)> {
        let files = self.sources.files();
        files.filter_map(|(id, file)| match self.facts(id) {
            Facts::Sql(parsed) if parsed.facts.dialect == Dialect::Postgres => {
                Some((id, file.path.as_str(), &parsed.facts))
            }
            _ => None,
        })
    }

    /// The SQL of PostgreSQL that was read, but for what stands among another database's.
    pub(in crate::model) fn postgres_sql(&self) -> Vec<(FileId, &SqlFile)> {
        let of_others = self.folders_of_other_databases();
        let files = self.sql_files();
        files
            .filter(|(_, path, _)| !is_for_other_database(&of_others, path))
            .map(|(id, _, sql)| (id, sql))
            .collect()
    }

    /// The tables that the SQL of PostgreSQL names, in files of SQL and in source files.
    pub(in crate::model) fn named_tables(&self) -> Vec<(FileId, &[TableReference])> {
        let scripts = self.postgres_sql().into_iter();
        let scripts = scripts.map(|(id, sql)| (id, sql.references.as_slice()));
        let code = self.code_files();
        let code = code.map(|it| (it.file, it.code.references.as_slice()));
        scripts.chain(code).collect()
    }

    /// The folders whose SQL is another database's, by what stands in one of its files.
    pub(super) fn folders_of_other_databases(&self) -> HashSet<&str> {
        let mut folders = HashSet::new();
        for (id, file) in self.sources.files() {
            if let Facts::Sql(parsed) = self.facts(id)
                && parsed.facts.dialect != Dialect::Postgres
            {
                let folder = parent(&file.path);
                folders.insert(folder);
                if file_name(parent(folder)) == "migrations" {
                    folders.insert(parent(folder));
                }
            }
        }
        folders
    }
}

/// Whether SQL at a path is said to be another database's.
pub(super) fn is_for_other_database(folders: &HashSet<&str>, path: &str) -> bool {
    let folder = parent(path);
    let words = path.split(['/', '.', '-', '_']);
    folders.contains(folder)
        || !parent(folder).is_empty() && folders.contains(parent(folder))
        || words
            .map(str::to_ascii_lowercase)
            .any(|word| OTHER_DATABASES.contains(&word.as_str()))
}

impl Ground {
    /// Adds what a holding holds.
    fn add_holding(&mut self, holding: &Holding) {
        let replayed = holding.replayed.as_ref();
        self.makes_others |= replayed.is_some_and(|catalog| catalog.is_open);
        self.schemas.insert(holding.default_schema.clone());
        self.schemas
            .extend(created_schemas(holding).map(str::to_owned));
        for (_, name, _) in relations(holding) {
            self.add_relation(name);
        }
    }

    /// Adds the names that relations are given later, and the schemas that are created.
    fn add_changes(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::CreateSchema { name, .. } | Change::RenameSchema { to: name, .. } => {
                    self.schemas.insert(name.value.clone());
                }
                Change::CreateSequence(name) => self.add_relation(&name.name().value),
                Change::AlterRelation { actions, .. } => {
                    for action in actions {
                        if let Action::RenameTo(name) = action {
                            self.add_relation(&name.value);
                        }
                    }
                }
                Change::DefineRoutine { changes, .. } => self.add_changes(changes),
                Change::If {
                    then, otherwise, ..
                } => {
                    self.add_changes(then);
                    self.add_changes(otherwise);
                }
                Change::Block {
                    changes, handler, ..
                } => {
                    self.add_changes(changes);
                    self.add_changes(handler);
                }
                _ => {}
            }
        }
    }

    fn add_relation(&mut self, name: &str) {
        if self.relations.insert(name.to_owned()) {
            let spelling = self.spellings.entry(name.to_lowercase());
            spelling.or_insert_with(|| name.to_owned());
        }
    }
}

impl Tables {
    /// The number of the ground that a path stands on: the nearest one above it, if no package of its own
    /// stands between.
    pub(super) fn ground_below(&self, sources: &Sources, path: &str) -> Option<usize> {
        for folder in ancestors(parent(path)).chain([""]) {
            if let Some(&number) = self.by_folder.get(folder) {
                return Some(number);
            }
            let package = join(folder, "package.json")?;
            if sources.find_seen(&package) == Some(Seen::File) {
                return None;
            }
        }
        None
    }
}

/// What a holding holds, with the place that says so best: the Prisma schema's, else the migrations'.
fn relations(holding: &Holding) -> impl Iterator<Item = (&str, &str, crate::source::Place)> {
    let catalogs = holding.declared.iter().chain(&holding.replayed);
    let relations = catalogs.flat_map(Catalog::relations);
    relations.map(|(schema, name, relation)| (schema, name, relation.place))
}

/// The schemas that a holding creates, `public` and the one that the connection string names aside.
fn created_schemas(holding: &Holding) -> impl Iterator<Item = &str> {
    let declared = holding.declared.iter();
    let declared = declared.flat_map(|catalog| catalog.schemas.keys());
    let replayed = holding.replayed.iter();
    let replayed = replayed.flat_map(|catalog| &catalog.schemas);
    let replayed = replayed.filter(|(_, schema)| schema.place.is_some());
    let all = declared.chain(replayed.map(|(name, _)| name));
    all.map(String::as_str)
        .filter(|name| *name != "public" && *name != holding.default_schema)
}
