//! What migrations leave: the catalog of a real server after them, and what dbfence says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use dbfence::discover::{self, discover, in_memory};
use dbfence::model::Workspace;
use dbfence::model::catalog::{Catalog, RelationKind};
use dbfence::model::holdings::Holding;
use dbfence::parse::Kept;
use dbfence::policy::Policy;
use dbfence::source::Sources;

use crate::server::{Server, server};

/// Everything that stands in a database, by what it is and where: `table public.keeper` with its columns,
/// `enum public.colour` with its values, `schema charts`.
type State = BTreeMap<String, Vec<Line>>;

/// A column or a value of an enum. What is not known is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    type_name: Option<String>,
    is_nullable: Option<bool>,
}

impl Line {
    fn of_name(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            type_name: None,
            is_nullable: None,
        }
    }

    fn agrees_with(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        self.name == other.name
            && agree(self.type_name.as_ref(), other.type_name.as_ref())
            && agree(self.is_nullable.as_ref(), other.is_nullable.as_ref())
    }

    fn shown(&self) -> String {
        let null = match self.is_nullable {
            Some(true) => " null",
            Some(false) => " not null",
            None => "",
        };
        let type_name = self.type_name.as_deref().unwrap_or("?");
        format!("{} {type_name}{null}", self.name)
    }
}

/// What is in the schemas of users and belongs to no extension. Values are separated by `U+001F`.
const ASK_CATALOG: &str = r"
CREATE TEMP VIEW own_schema AS
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema';
CREATE TEMP VIEW of_extension AS SELECT classid, objid FROM pg_depend WHERE deptype = 'e';
SELECT 'schema', nspname FROM own_schema n
    WHERE NOT EXISTS (SELECT FROM of_extension WHERE classid = 'pg_namespace'::regclass AND objid = n.oid)
    ORDER BY 2;
SELECT 'relation', nspname, relname, relkind FROM pg_class c JOIN own_schema n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT EXISTS (SELECT FROM of_extension WHERE classid = 'pg_class'::regclass AND objid = c.oid)
    ORDER BY 2, 3;
SELECT 'column', nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN own_schema n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped
    AND NOT EXISTS (SELECT FROM of_extension WHERE classid = 'pg_class'::regclass AND objid = c.oid)
    ORDER BY 2, 3, attnum;
SELECT 'enum', nspname, typname FROM pg_type t JOIN own_schema n ON n.oid = typnamespace
    WHERE typtype = 'e'
    AND NOT EXISTS (SELECT FROM of_extension WHERE classid = 'pg_type'::regclass AND objid = t.oid)
    ORDER BY 2, 3;
SELECT 'value', nspname, typname, enumlabel
    FROM pg_enum JOIN pg_type t ON t.oid = enumtypid JOIN own_schema n ON n.oid = typnamespace
    ORDER BY 2, 3, enumsortorder;
";

/// What the server holds. Types print as they do where names stand in `default_schema`.
fn state_of_server(server: &Server, database: &str, default_schema: &str) -> State {
    let path = default_schema.replace('"', "\"\"");
    let script = format!("SET search_path = \"{path}\";\n{ASK_CATALOG}");
    let said = server.psql(database, &["-v", "ON_ERROR_STOP=1", "-F", "\u{1f}"], &script);
    assert!(said.is_well, "{}", said.errors);
    let mut state = State::new();
    let mut kinds: BTreeMap<(String, String), &str> = BTreeMap::new();
    for row in said.out.lines() {
        let values: Vec<&str> = row.split('\u{1f}').collect();
        match values[..] {
            ["schema", name] => {
                state.insert(format!("schema {name}"), Vec::new());
            }
            ["relation", schema, name, kind] => {
                let kind = match kind {
                    "v" => "view",
                    "m" => "materialized view",
                    "f" => "foreign table",
                    _ => "table",
                };
                kinds.insert((schema.to_owned(), name.to_owned()), kind);
                state.insert(format!("{kind} {schema}.{name}"), Vec::new());
            }
            ["column", schema, relation, name, type_name, is_not_null] => {
                let kind = kinds[&(schema.to_owned(), relation.to_owned())];
                let lines = state.get_mut(&format!("{kind} {schema}.{relation}"));
                lines.unwrap().push(Line {
                    name: name.to_owned(),
                    type_name: Some(type_name.to_owned()),
                    is_nullable: Some(is_not_null == "f"),
                });
            }
            ["enum", schema, name] => {
                state.insert(format!("enum {schema}.{name}"), Vec::new());
            }
            ["value", schema, name, value] => {
                let lines = state.get_mut(&format!("enum {schema}.{name}"));
                lines.unwrap().push(Line::of_name(value));
            }
            _ => panic!("{row:?}"),
        }
    }
    state
}

fn state_of_catalog(catalog: &Catalog) -> State {
    let mut state = State::new();
    for name in catalog.schemas.keys() {
        state.insert(format!("schema {name}"), Vec::new());
    }
    for (schema, name, relation) in catalog.relations() {
        let kind = match relation.kind {
            RelationKind::Table => "table",
            RelationKind::View => "view",
            RelationKind::MaterializedView => "materialized view",
            RelationKind::ForeignTable => "foreign table",
        };
        let columns = relation.columns.iter().map(|column| Line {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            is_nullable: column.is_nullable,
        });
        state.insert(format!("{kind} {schema}.{name}"), columns.collect());
    }
    for (schema, name, found) in catalog.enums() {
        let values = found.values.iter().map(|value| Line::of_name(&value.value));
        state.insert(format!("enum {schema}.{name}"), values.collect());
    }
    state
}

/// Every difference, one a line: `-` for what only the server has, `+` for what only dbfence says.
fn differences(server: &State, ours: &State) -> Vec<String> {
    let names: BTreeSet<&String> = server.keys().chain(ours.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (server.get(name), ours.get(name)) {
            (Some(_), None) => found.push(format!("- {name}")),
            (None, Some(_)) => found.push(format!("+ {name}")),
            (Some(theirs), Some(ours)) => {
                let is_same = theirs.len() == ours.len()
                    && theirs.iter().zip(ours).all(|(one, other)| one.agrees_with(other));
                if !is_same {
                    let shown = |lines: &[Line]| -> Vec<String> {
                        lines.iter().map(Line::shown).collect()
                    };
                    let (theirs, ours) = (shown(theirs), shown(ours));
                    let only = |lines: &[String], others: &[String], mark: char| {
                        let lines = lines.iter().filter(|line| !others.contains(line));
                        lines
                            .map(|line| format!("\n  {mark} {line}"))
                            .collect::<String>()
                    };
                    found.push(format!(
                        "~ {name}{}{}",
                        only(&theirs, &ours, '-'),
                        only(&ours, &theirs, '+')
                    ));
                }
            }
            (None, None) => {}
        }
    }
    found
}

/// What a Prisma schema leaves to the migrations is no difference: schemas, views and further tables of
/// extensions or of the migrations themselves.
fn is_told_by_prisma(difference: &str) -> bool {
    !["- schema ", "- view ", "- materialized view "]
        .iter()
        .any(|start| difference.starts_with(start))
}

/// Applies the migrations of a holding, as Prisma does, to an empty database.
fn apply(server: &Server, sources: &Sources, holding: &Holding) -> String {
    let database = server.database();
    let path = holding.default_schema.replace('"', "\"\"");
    if holding.default_schema != "public" {
        server.ask(&database, &format!("CREATE SCHEMA \"{path}\";"));
    }
    for &id in &holding.migrations {
        let file = sources.file(id);
        let text = &file.text;
        let script = format!("SET search_path = \"{path}\";\n{text}");
        let said = server.run(&database, &script);
        assert!(said.is_well, "{}: {}", file.path, said.errors);
    }
    database
}

/// Compares every holding that has migrations; gives the differences of replays and of Prisma schemas, and
/// how many of each were compared.
fn compare(server: &Server, sources: &Sources) -> (Vec<String>, usize, usize) {
    let policy = Policy::default();
    let workspace = Workspace::link(sources, Kept::default().parse_all(sources), &policy);
    let mut found = Vec::new();
    let (mut replays, mut schemas) = (0, 0);
    for holding in workspace.holdings() {
        let Some(replayed) = &holding.replayed else {
            continue;
        };
        let folder = holding.migrations_folder.as_deref().unwrap();
        let database = apply(server, sources, holding);
        let state = state_of_server(server, &database, &holding.default_schema);
        replays += 1;
        let replay = differences(&state, &state_of_catalog(replayed));
        found.extend(replay.into_iter().map(|line| format!("{folder}: {line}")));
        if let Some(declared) = &holding.declared {
            schemas += 1;
            let drift = differences(&state, &state_of_catalog(declared));
            let drift = drift.into_iter().filter(|line| is_told_by_prisma(line));
            found.extend(drift.map(|line| format!("schema of {folder}: {line}")));
        }
    }
    (found, replays, schemas)
}

#[test]
fn the_fixtures_leave_what_we_say() {
    let Some(server) = server() else { return };
    for (fixture, expected) in [("clean", 13), ("trouble", 8), ("no-registry", 3), ("two-products", 4)] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
        let sources = discover(&root, &discover::Options::default()).unwrap();
        let (found, replays, schemas) = compare(server, &sources);
        assert!(found.is_empty(), "{fixture}\n{}", found.join("\n"));
        assert_eq!((replays, schemas), (expected, expected), "{fixture}");
    }
}

/// The migrations of `tests/postgres/migrations/`: one folder for each topic, one empty database each.
#[test]
fn migrations_written_by_hand_leave_what_we_say() {
    let Some(server) = server() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/migrations");
    let mut files = Vec::new();
    let mut topics = 0;
    for topic in fs::read_dir(root).unwrap() {
        let topic = topic.unwrap();
        let name = topic.file_name().into_string().unwrap();
        topics += 1;
        files.push((format!("{name}/package.json"), format!("{{\"name\": \"{name}\"}}")));
        for migration in fs::read_dir(topic.path()).unwrap() {
            let migration = migration.unwrap();
            let stem = migration.path().file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(migration.path()).unwrap();
            files.push((format!("{name}/migrations/{stem}/migration.sql"), text));
        }
    }
    let sources = in_memory(files, &discover::Options::default());
    let (found, replays, _) = compare(server, &sources);
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(replays, topics);
}
