//! Who owns a table or a database, and what touches it.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use crate::finding::Owner;
use crate::inventory::{Holder, Sayer};
use crate::model::Workspace;
use crate::model::catalog::Catalog;
use crate::model::connections::{KnownConnection, Owners};
use crate::model::databases::{KnownDatabase, Realm};
use crate::model::holdings::Holding;
use crate::ownership::{Folding, Kind, Mention, Name, Owned, as_written};
use crate::parse::sql::{Access, SqlFile, StatementKind, TableReference, Way};
use crate::parse::{Facts, sql};
use crate::source::{At, FileId, Place, is_below, shown_folder};

/// A table of a holding.
struct Table<'a> {
    holding: &'a Holding,
    schema: &'a str,
    name: &'a str,
}

impl Workspace<'_> {
    /// The databases and tables of that name. Where none has it as PostgreSQL folds it, those that have it
    /// letter by letter.
    pub fn owned(&self, name: &Name) -> Vec<Owned> {
        let asking = Asking::of(self);
        let folded = asking.owned(&name.parts(Folding::Folded));
        if folded.is_empty() {
            asking.owned(&name.parts(Folding::AsWritten))
        } else {
            folded
        }
    }

    /// Every name of a database or a table, as it can be asked for.
    pub fn names_of_data(&self) -> BTreeSet<String> {
        let asking = Asking::of(self);
        let databases = asking.databases.keys().map(|(_, name)| as_written(name));
        let mut names: BTreeSet<String> = databases.collect();
        for table in asking.tables() {
            names.insert(as_written(table.name));
            names.insert(qualified(table.schema, table.name));
            for database in asking.databases_of(&table.holding.owners) {
                names.insert(qualified(&database, table.name));
            }
        }
        for (_, reference) in asking.references() {
            names.insert(as_written(&reference.name.name().value));
        }
        names
    }
}

fn qualified(qualifier: &str, name: &str) -> String {
    format!("{}.{}", as_written(qualifier), as_written(name))
}

/// What a place says of a database.
fn says(by: Sayer) -> &'static str {
    match by {
        Sayer::Registry => "the registry gives it to its owner",
        Sayer::Config => "`dbfence.yaml` gives it to its owner",
        Sayer::CreateDatabase => "it is created on first start",
        Sayer::Grant => "it is granted to the role that connects",
        Sayer::PostgresDb => "the server creates it by itself",
    }
}

/// The databases that an SQL file names, and what it does with them.
fn named_databases(sql: &SqlFile) -> Vec<(&At<String>, String)> {
    let mut found: Vec<(&At<String>, String)> = Vec::new();
    for statement in &sql.statements {
        let (databases, remark) = match &statement.kind {
            StatementKind::CreateDatabase { name, .. } => (slice::from_ref(name), "SQL creates it"),
            StatementKind::DropDatabase { name } => (slice::from_ref(name), "SQL drops it"),
            StatementKind::AlterDatabase { name, .. } => (slice::from_ref(name), "SQL changes it"),
            StatementKind::GrantOnDatabase { databases, .. } => {
                (databases.as_slice(), "SQL grants on it")
            }
            StatementKind::RevokeOnDatabase { databases } => {
                (databases.as_slice(), "SQL revokes on it")
            }
            StatementKind::Connect {
                database: Some(name),
            } => (slice::from_ref(name), "SQL goes on in it"),
            _ => continue,
        };
        found.extend(databases.iter().map(|name| (name, remark.to_owned())));
    }
    let reaches = sql.reaches.iter().filter(|it| it.way != Way::Connect);
    found.extend(reaches.filter_map(|reach| {
        let remark = format!("SQL reaches it by `{}`", reach.words.value);
        Some((reach.database.as_ref()?, remark))
    }));
    let qualifiers = sql.references.iter();
    let qualifiers = qualifiers.filter_map(|reference| reference.name.database());
    found.extend(qualifiers.map(|name| (name, "SQL names a table in it".to_owned())));
    found
}

/// What is asked for once a question.
struct Asking<'a> {
    workspace: &'a Workspace<'a>,
    owners: Owners,
    connections: Vec<KnownConnection>,
    databases: BTreeMap<(Realm, String), KnownDatabase>,
    /// The names of the databases of each owner.
    by_owner: BTreeMap<Owner, BTreeSet<String>>,
}

impl<'a> Asking<'a> {
    fn of(workspace: &'a Workspace<'a>) -> Self {
        let connections = workspace.connections();
        let databases = workspace.databases(&connections);
        let mut by_owner: BTreeMap<Owner, BTreeSet<String>> = BTreeMap::new();
        for ((_, name), database) in &databases {
            for owner in &database.owners {
                let names = by_owner.entry(owner.clone()).or_default();
                names.insert(name.clone());
            }
        }
        Self {
            workspace,
            owners: Owners::of(workspace),
            databases,
            connections,
            by_owner,
        }
    }

    fn owned(&self, parts: &[String]) -> Vec<Owned> {
        let mut found = Vec::new();
        if let [name] = parts {
            let named = self.databases.iter().filter(|((_, it), _)| it == name);
            let realms: Vec<&Realm> = named.clone().map(|((realm, _), _)| realm).collect();
            found.extend(named.map(|((realm, _), database)| {
                let is_only = realms.len() == 1;
                self.database(name, realm, database, is_only)
            }));
        }
        let named: Vec<Table> = self
            .tables()
            .into_iter()
            .filter(|table| self.is_meant(table, parts))
            .collect();
        for table in &named {
            found.push(self.table(table, &named));
        }
        if named.is_empty() {
            found.extend(self.loose_table(parts));
        }
        found
    }

    /// Every table of every holding.
    fn tables(&self) -> Vec<Table<'a>> {
        let mut tables = Vec::new();
        for holding in self.workspace.holdings() {
            let catalogs = holding.declared.iter().chain(&holding.replayed);
            let relations = catalogs.flat_map(Catalog::relations);
            let names: BTreeSet<(&str, &str)> =
                relations.map(|(schema, name, _)| (schema, name)).collect();
            tables.extend(names.into_iter().map(|(schema, name)| Table {
                holding,
                schema,
                name,
            }));
        }
        tables
    }

    fn is_meant(&self, table: &Table, parts: &[String]) -> bool {
        let is_database = |name: &String| self.databases_of(&table.holding.owners).contains(name);
        match parts {
            [name] => table.name == name,
            [outer, name] => table.name == name && (table.schema == outer || is_database(outer)),
            [database, schema, name] => {
                table.name == name && table.schema == schema && is_database(database)
            }
            _ => false,
        }
    }

    /// The databases that some of these services own.
    fn databases_of(&self, owners: &[Owner]) -> BTreeSet<String> {
        let names = owners.iter().filter_map(|owner| self.by_owner.get(owner));
        names.flatten().cloned().collect()
    }

    fn database(
        &self,
        name: &str,
        realm: &Realm,
        database: &KnownDatabase,
        is_only: bool,
    ) -> Owned {
        let mut by_sayer: Vec<(Sayer, Option<Place>)> = database
            .said
            .iter()
            .map(|&(place, by)| (by, place))
            .collect();
        by_sayer.sort();
        let mut said: Vec<Mention> = by_sayer
            .iter()
            .map(|&(by, place)| Mention {
                place,
                remark: says(by).to_owned(),
                owners: Vec::new(),
            })
            .collect();
        let mut touched: Vec<Mention> = database
            .connections
            .iter()
            .map(|&number| self.connects(&self.connections[number]))
            .collect();
        let is_given =
            |(by, _): &(Sayer, Option<Place>)| matches!(by, Sayer::Registry | Sayer::Config);
        if !by_sayer.iter().any(is_given) {
            // Then it is inferred from whom it is that connects.
            for owner in &database.owners {
                let own = touched.iter().find(|it| it.owners.contains(owner));
                said.extend(own.cloned());
            }
        }
        let known: BTreeSet<Option<Place>> = said.iter().map(|it| it.place).collect();
        touched.extend(self.statements(name, realm, is_only));
        touched.retain(|mention| !known.contains(&mention.place));
        touched.sort();
        touched.dedup();
        Owned {
            kind: Kind::Database,
            name: as_written(name),
            within: match realm {
                Realm::Product(product) => Some(product.clone()),
                Realm::Server(folder, server) => Some(match folder.as_str() {
                    "" => format!("server {server}"),
                    folder => format!("{folder}, server {server}"),
                }),
                Realm::Nowhere => None,
            },
            databases: Vec::new(),
            owners: database.owners.iter().cloned().collect(),
            said,
            touched,
        }
    }

    fn connects(&self, connection: &KnownConnection) -> Mention {
        let target = connection.target.as_ref();
        let database = target.and_then(|target| target.database.as_ref());
        let place = database.map_or(connection.place, |database| database.place);
        let who = match connection.container {
            Some((stack, position)) => {
                let container = &self.workspace.stacks[stack].services[position];
                format!("`{}` connects to it", container.key.value)
            }
            None if connection.holder == Holder::StartScript => {
                "the start script connects to it".to_owned()
            }
            None => {
                let mut owners = connection.owners.iter();
                let service = owners.find_map(|owner| owner.service.as_ref());
                service.map_or_else(
                    || "a connection string leads to it".to_owned(),
                    |service| format!("`{service}` connects to it"),
                )
            }
        };
        let variable = connection.variable.as_ref();
        Mention {
            place: Some(place),
            remark: match variable {
                Some(variable) => format!("{who} (`{variable}`)"),
                None => who,
            },
            owners: connection.owners.clone(),
        }
    }

    /// Statements of SQL files that name a database. Where several have that name, only those count that stand
    /// in the folder of its product or of its stacks.
    fn statements(&self, name: &str, realm: &Realm, is_only: bool) -> Vec<Mention> {
        let folder = match realm {
            Realm::Product(product) if product != "." => product.as_str(),
            Realm::Server(folder, _) => folder.as_str(),
            Realm::Product(_) | Realm::Nowhere => "",
        };
        let mut found = Vec::new();
        for (id, sql) in self.sql_files() {
            let path = &self.workspace.sources.file(id).path;
            if !is_only && !is_below(path, folder) {
                continue;
            }
            let named = named_databases(sql).into_iter();
            found.extend(
                named
                    .filter(|(at, _)| at.value == name)
                    .map(|(at, remark)| Mention {
                        place: Some(at.span.in_file(id)),
                        remark,
                        owners: self.owners.of_path(path).to_vec(),
                    }),
            );
        }
        found
    }

    fn sql_files(&self) -> impl Iterator<Item = (FileId, &'a SqlFile)> {
        let workspace = self.workspace;
        let files = workspace.sources.files();
        files.filter_map(|(id, _)| match workspace.facts(id) {
            Facts::Sql(parsed) => Some((id, &parsed.facts)),
            _ => None,
        })
    }

    fn references(&self) -> impl Iterator<Item = (FileId, &'a TableReference)> {
        let files = self.workspace.named_tables().into_iter();
        files.flat_map(|(id, references)| references.iter().map(move |it| (id, it)))
    }

    fn table(&self, table: &Table, named: &[Table]) -> Owned {
        let holding = table.holding;
        let mut said = Vec::new();
        let mut add = |catalog: Option<&Catalog>, remark: &str| {
            let relation = catalog.and_then(|it| it.relation(table.schema, table.name));
            said.extend(relation.map(|relation| Mention {
                place: Some(relation.place),
                remark: remark.to_owned(),
                owners: holding.owners.clone(),
            }));
        };
        add(holding.declared.as_ref(), "the Prisma schema declares it");
        add(holding.replayed.as_ref(), "the migrations create it");
        let known: BTreeSet<Option<Place>> = said.iter().map(|it| it.place).collect();
        let mut touched = Vec::new();
        for (file, reference) in self.references() {
            let own = |table: &Table| self.is_own(file, table);
            let fits = |other: &&Table| self.names(reference, other);
            let is_meant = if named.iter().filter(fits).any(own) {
                own(table)
            } else {
                true
            };
            let place = Some(reference.name.span().in_file(file));
            let is_known = known.contains(&Some(reference.name.name().span.in_file(file)));
            if self.names(reference, table) && is_meant && !is_known {
                touched.push(self.touch(file, reference, place));
            }
        }
        touched.sort();
        touched.dedup();
        Owned {
            kind: Kind::Table,
            name: qualified(table.schema, table.name),
            within: Some(shown_folder(&holding.folder).to_owned()),
            databases: self.databases_of(&holding.owners).into_iter().collect(),
            owners: holding.owners.clone(),
            said,
            touched,
        }
    }

    fn touch(&self, file: FileId, reference: &TableReference, place: Option<Place>) -> Mention {
        let path = &self.workspace.sources.file(file).path;
        let owners = self.owners.of_sql(file, path);
        let who = owners.first().and_then(|owner| owner.service.as_ref());
        let who = who.map_or_else(|| "SQL".to_owned(), |service| format!("`{service}`"));
        let does = match reference.access {
            Access::Reads => "reads it",
            Access::Writes => "writes to it",
            Access::Defines => "creates it",
            Access::Alters => "alters it",
            Access::Drops => "drops it",
            Access::References => "refers to it",
        };
        Mention {
            place,
            remark: format!("{who} {does}"),
            owners: owners.to_vec(),
        }
    }

    /// Whether a file belongs to the holding of a table.
    fn is_own(&self, file: FileId, table: &Table) -> bool {
        let path = &self.workspace.sources.file(file).path;
        let owners = self.owners.of_path(path);
        table.holding.migrations.contains(&file)
            || owners
                .iter()
                .any(|owner| table.holding.owners.contains(owner))
    }

    /// Whether a reference can mean a table by its name and qualifiers.
    fn names(&self, reference: &TableReference, table: &Table) -> bool {
        let name = &reference.name;
        let is_in_path = || match &reference.search_path {
            Some(path) => path.iter().any(|schema| schema == table.schema),
            None => table.schema == table.holding.default_schema,
        };
        let is_schema = name
            .schema()
            .map_or_else(is_in_path, |it| it.value == table.schema);
        let is_database = name.database().is_none_or(|database| {
            let databases = self.databases_of(&table.holding.owners);
            databases.is_empty() || databases.contains(&database.value)
        });
        name.name().value == table.name && is_schema && is_database
    }

    /// A table that no schema and no migrations keep, but that SQL names.
    fn loose_table(&self, parts: &[String]) -> Option<Owned> {
        let is_named = |name: &sql::ObjectName| {
            let written = name.parts.iter().map(|part| &part.value);
            parts
                .iter()
                .rev()
                .zip(written.rev())
                .all(|(one, other)| one == other)
                && name.parts.len() >= parts.len()
        };
        let named: Vec<(FileId, &TableReference)> = self
            .references()
            .filter(|(_, it)| is_named(&it.name))
            .collect();
        if named.is_empty() {
            return None;
        }
        let mut said = Vec::new();
        let mut touched = Vec::new();
        let mut owners: BTreeSet<Owner> = BTreeSet::new();
        for (file, reference) in named {
            let place = Some(reference.name.span().in_file(file));
            let mention = self.touch(file, reference, place);
            if reference.access == Access::Defines {
                owners.extend(mention.owners.iter().cloned());
                said.push(mention);
            } else {
                touched.push(mention);
            }
        }
        let owners: Vec<Owner> = owners.into_iter().collect();
        Some(Owned {
            kind: Kind::Table,
            name: parts
                .iter()
                .map(|it| as_written(it))
                .collect::<Vec<_>>()
                .join("."),
            within: None,
            databases: self.databases_of(&owners).into_iter().collect(),
            owners,
            said,
            touched,
        })
    }
}
