//! What a database holds, as the server's catalog and as `dbfence inspect` tell it, and how they differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::server::Server;

/// Everything that stands in a database, by what it is and where: `table public.keeper` with its columns,
/// `enum public.colour` with its values, `schema charts`.
#[derive(Debug, Default)]
pub(crate) struct State {
    things: BTreeMap<String, Vec<Line>>,
    /// The relations of which only some columns are known.
    pub(crate) incomplete: BTreeSet<String>,
}

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
pub(crate) fn state_of_server(server: &Server, database: &str, default_schema: &str) -> State {
    let path = default_schema.replace('"', "\"\"");
    let script = format!("SET search_path = \"{path}\";\n{ASK_CATALOG}");
    let said = server.psql(
        database,
        &["-v", "ON_ERROR_STOP=1", "-F", "\u{1f}"],
        &script,
    );
    assert!(said.is_well, "{}", said.errors);
    let mut things: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let mut kinds: BTreeMap<(String, String), &str> = BTreeMap::new();
    for row in said.out.lines() {
        let values: Vec<&str> = row.split('\u{1f}').collect();
        match values[..] {
            ["schema", name] => {
                things.insert(format!("schema {name}"), Vec::new());
            }
            ["relation", schema, name, kind] => {
                let kind = match kind {
                    "v" => "view",
                    "m" => "materialized view",
                    "f" => "foreign table",
                    _ => "table",
                };
                kinds.insert((schema.to_owned(), name.to_owned()), kind);
                things.insert(format!("{kind} {schema}.{name}"), Vec::new());
            }
            ["column", schema, relation, name, type_name, is_not_null] => {
                let kind = kinds[&(schema.to_owned(), relation.to_owned())];
                let lines = things.get_mut(&format!("{kind} {schema}.{relation}"));
                lines.unwrap().push(Line {
                    name: name.to_owned(),
                    type_name: Some(type_name.to_owned()),
                    is_nullable: Some(is_not_null == "f"),
                });
            }
            ["enum", schema, name] => {
                things.insert(format!("enum {schema}.{name}"), Vec::new());
            }
            ["value", schema, name, value] => {
                let lines = things.get_mut(&format!("enum {schema}.{name}"));
                lines.unwrap().push(Line::of_name(value));
            }
            _ => panic!("{row:?}"),
        }
    }
    State {
        things,
        incomplete: BTreeSet::new(),
    }
}

/// What `dbfence inspect` says that a database holds.
pub(crate) fn state_of_inspect(catalog: &Value) -> State {
    let mut state = State::default();
    for schema in list(&catalog["schemas"]) {
        let schema_name = text(&schema["name"]);
        state
            .things
            .insert(format!("schema {schema_name}"), Vec::new());
        for relation in list(&schema["relations"]) {
            let kind = text(&relation["kind"]).replace('-', " ");
            let name = format!("{kind} {schema_name}.{}", text(&relation["name"]));
            if relation["is_complete"] != true {
                state.incomplete.insert(name.clone());
            }
            let columns = list(&relation["columns"]).iter().map(|column| Line {
                name: text(&column["name"]).to_owned(),
                type_name: column["type"].as_str().map(str::to_owned),
                is_nullable: column["is_nullable"].as_bool(),
            });
            state.things.insert(name, columns.collect());
        }
        for found in list(&schema["enums"]) {
            let values = list(&found["values"]).iter();
            let values = values.map(|value| Line::of_name(text(value)));
            let name = format!("enum {schema_name}.{}", text(&found["name"]));
            state.things.insert(name, values.collect());
        }
    }
    state
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// Every difference, one a line: `-` for what only the server has, `+` for what only dbfence says.
pub(crate) fn differences(server: &State, ours: &State) -> Vec<String> {
    let names: BTreeSet<&String> = server.things.keys().chain(ours.things.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (server.things.get(name), ours.things.get(name)) {
            (Some(_), None) => found.push(format!("- {name}")),
            (None, Some(_)) => found.push(format!("+ {name}")),
            (Some(theirs), Some(lines)) => {
                let is_same = if ours.incomplete.contains(name) {
                    let is_there = |line: &Line| theirs.iter().any(|one| one.agrees_with(line));
                    lines.iter().all(is_there)
                } else {
                    let mut pairs = theirs.iter().zip(lines);
                    theirs.len() == lines.len() && pairs.all(|(one, other)| one.agrees_with(other))
                };
                if !is_same {
                    let shown =
                        |lines: &[Line]| -> Vec<String> { lines.iter().map(Line::shown).collect() };
                    let (theirs, ours) = (shown(theirs), shown(lines));
                    let only = |lines: &[String], others: &[String], mark: char| {
                        let lines = lines.iter().filter(|line| !others.contains(line));
                        let lines = lines.map(|line| format!("\n  {mark} {line}"));
                        lines.collect::<Vec<String>>().concat()
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
