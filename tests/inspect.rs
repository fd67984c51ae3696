//! `dbfence inspect` as other programs read it: its schema, what it says of the fixtures, and that it is the
//! same each time and safe to look at.

#[path = "support/json_schema.rs"]
mod json_schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dbfence::report;
use json_schema::satisfies;
use serde_json::{Value, json};

const FIXTURES: [&str; 5] = ["clean", "no-registry", "trouble", "two-products", "broken"];

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(name)
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["inspect", "--root", root.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn inspected(root: &Path) -> Value {
    let output = run(root, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn list<'v>(document: &'v Value, key: &str) -> &'v [Value] {
    let found = document[key].as_array();
    found.unwrap_or_else(|| panic!("no list `{key}`"))
}

/// The only item of a list whose properties are those.
fn only<'v>(document: &'v Value, key: &str, properties: &Value) -> &'v Value {
    let is_one = |item: &&Value| {
        let asked = properties.as_object().unwrap();
        asked.iter().all(|(key, value)| item[key] == *value)
    };
    let mut found = list(document, key).iter().filter(is_one);
    let first = found.next();
    let first = first.unwrap_or_else(|| panic!("no {properties} in `{key}`"));
    assert!(found.next().is_none(), "{properties} is not the only one");
    first
}

/// The text that a place covers.
fn text_at(root: &Path, place: &Value) -> String {
    let text = fs::read_to_string(root.join(place["path"].as_str().unwrap())).unwrap();
    let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
    assert_eq!(number("line"), number("end_line"), "{place}");
    let line = text.lines().nth(number("line") - 1).unwrap();
    let (from, to) = (number("column") - 1, number("end_column") - 1);
    line.chars().skip(from).take(to - from).collect()
}

/// Every object of a schema: each says what its properties are, and asks for all of them.
fn objects<'v>(schema: &'v Value, found: &mut Vec<&'v Value>) {
    match schema {
        Value::Object(entries) => {
            if entries.get("type") == Some(&json!("object")) {
                found.push(schema);
            }
            entries.values().for_each(|value| objects(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
        _ => {}
    }
}

/// The schema with no room for properties that it does not name.
fn strict(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(entries) => {
                entries.values_mut().for_each(close);
                if entries.get("type") == Some(&json!("object")) {
                    entries.insert("additionalProperties".to_owned(), Value::Bool(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

#[test]
fn the_output_is_what_the_schema_says_and_the_schema_describes_all_of_it() {
    let schema = report::inventory_schema();
    let strict = strict(schema.clone());
    for name in FIXTURES {
        let document = inspected(&fixture(name));
        assert!(satisfies(&schema, &schema, &document), "{name}");
        assert!(satisfies(&strict, &strict, &document), "{name}");
        let mut wrong = document.clone();
        wrong["services"][0]["port"] = json!("4201");
        assert!(!satisfies(&schema, &schema, &wrong), "{name}");
    }
    let mut found = Vec::new();
    objects(&schema, &mut found);
    assert!(found.len() > 20);
    for object in found {
        let properties = object["properties"].as_object().unwrap();
        let names: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let required = object["required"].as_array().unwrap();
        let required: BTreeSet<&str> = required.iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(names, required, "{object}");
        for (name, property) in properties {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.'), "`{name}` is not described");
        }
    }
}
