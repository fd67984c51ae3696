//! What migrations leave: the catalog of a real server after them, and what `dbfence inspect` says of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::catalog::{State, differences, state_of_inspect, state_of_server};
use crate::server::{Server, server};

/// What `dbfence inspect` says of the migrations and the Prisma schemas of a workspace.
fn inspect(root: &Path) -> Vec<Value> {
    let mut dbfence = Command::new(env!("CARGO_BIN_EXE_dbfence"));
    let output = dbfence.arg("inspect").arg("--root").arg(root).output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let Value::Array(holdings) = said["holdings"].take() else {
        panic!("no list of holdings: {said}");
    };
    holdings
}

/// Applies the migrations of a holding, as Prisma does, to an empty database.
fn apply(server: &Server, root: &Path, holding: &Value) -> State {
    let database = server.database();
    let schema = holding["default_schema"].as_str().unwrap();
    let path = schema.replace('"', "\"\"");
    if schema != "public" {
        server.ask(&database, &format!("CREATE SCHEMA \"{path}\";"));
    }
    for migration in holding["migrations"].as_array().unwrap() {
        let migration = migration.as_str().unwrap();
        let text = fs::read_to_string(root.join(migration)).unwrap();
        let script = format!("SET search_path = \"{path}\";\n{text}");
        let said = server.run(&database, &script);
        assert!(said.is_well, "{migration}: {}", said.errors);
    }
    state_of_server(server, &database, schema)
}

/// What came out of a workspace.
#[derive(Default)]
struct Comparison {
    /// Where the server and dbfence differ.
    differences: Vec<String>,
    /// The relations whose columns dbfence does not know, in the order of the folders.
    incomplete: Vec<String>,
    /// How many folders of migrations were compared.
    replays: usize,
    /// How many Prisma schemas were.
    schemas: usize,
}

fn compare(server: &Server, root: &Path) -> Comparison {
    let mut found = Comparison::default();
    for holding in inspect(root) {
        if holding["replayed"].is_null() {
            continue;
        }
        let folder = holding["migrations_folder"].as_str().unwrap();
        let state = apply(server, root, &holding);
        let replayed = state_of_inspect(&holding["replayed"]);
        found.replays += 1;
        let lines = differences(&state, &replayed).into_iter();
        let lines = lines.map(|line| format!("{folder}: {line}"));
        found.differences.extend(lines);
        found.incomplete.extend(replayed.incomplete);
        if holding["declared"].is_null() {
            continue;
        }
        found.schemas += 1;
        let drift = differences(&state, &state_of_inspect(&holding["declared"])).into_iter();
        let drift = drift.filter(|line| is_told_by_prisma(line));
        let lines = drift.map(|line| format!("schema of {folder}: {line}"));
        found.differences.extend(lines);
    }
    found
}

/// Whether a Prisma schema tells such things at all: it leaves schemas and views to the migrations.
fn is_told_by_prisma(difference: &str) -> bool {
    !["- schema ", "- view ", "- materialized view "]
        .iter()
        .any(|start| difference.starts_with(start))
}

fn folder(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_fixtures_leave_what_we_say() {
    let Some(server) = server() else { return };
    for (fixture, expected) in [
        ("clean", 13),
        ("trouble", 8),
        ("no-registry", 3),
        ("two-products", 4),
    ] {
        let found = compare(server, &folder("fixtures").join(fixture));
        let differences = found.differences.join("\n");
        assert!(differences.is_empty(), "{fixture}\n{differences}");
        assert_eq!(found.incomplete, [""; 0], "{fixture}");
        assert_eq!(
            (found.replays, found.schemas),
            (expected, expected),
            "{fixture}"
        );
    }
}

/// Relations of which dbfence may say itself that it does not know all columns: queries that it does not follow.
const UNKNOWN_COLUMNS: [&str; 12] = [
    "table public.kept_lens",
    "view public.countdown",
    "view public.joined",
    "view public.named_by_the_server",
    "view public.nameless",
    "view public.natural_joined",
    "view public.of_a_view",
    "view public.of_function_too",
    "view public.of_record",
    "view public.of_values",
    "view public.of_values_too",
    "view public.part",
];

/// The workspace of these tests: a folder of migrations for each topic, each applied to an empty database, and
/// a Prisma schema with most of what such a schema can say.
#[test]
fn migrations_of_every_kind_leave_what_we_say() {
    let Some(server) = server() else { return };
    let found = compare(server, &folder("tests/postgres/workspace"));
    let is_new = |name: &&String| !UNKNOWN_COLUMNS.contains(&name.as_str());
    let new: Vec<&String> = found.incomplete.iter().filter(is_new).collect();
    assert_eq!(new, [""; 0]);
    let differences = found.differences.join("\n");
    assert!(differences.is_empty(), "{differences}");
    assert_eq!((found.replays, found.schemas), (10, 1));
}
