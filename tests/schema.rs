//! The JSON Schemas, the page that explains the config, and every example of a config.

#[path = "support/json_schema.rs"]
mod json_schema;

use std::fs;
use std::path::{Path, PathBuf};

use dbfence::check::check;
use dbfence::policy::{self, Policy};
use dbfence::suppress::debt::{self, Debt};
use dbfence::{discover, report, rules};
use json_schema::satisfies;
use serde_json::Value;

fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn schema() -> Value {
    policy::schema(rules::all().unwrap().catalogue())
}

/// With `DBFENCE_BLESS=1` the schemas are written anew instead of compared.
#[test]
fn the_schemas_are_those_of_the_types_and_the_catalogue() {
    let schemas = [
        ("docs/schema/dbfence.schema.json", schema()),
        (
            "docs/schema/inspect.schema.json",
            report::inventory_schema(),
        ),
        ("docs/schema/baseline.schema.json", debt::schema()),
        (
            "docs/schema/findings.schema.json",
            report::findings_schema(),
        ),
    ];
    for (path, schema) in schemas {
        let path = project_file(path);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("DBFENCE_BLESS").is_some() {
            fs::write(path, text).unwrap();
        } else {
            let committed = fs::read_to_string(path).unwrap();
            assert_eq!(committed, text, "`DBFENCE_BLESS=1` writes it anew");
        }
    }
}

fn as_json(config: &str) -> Value {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options::<Option<Value>>(config, options)
        .unwrap()
        .unwrap_or_else(|| serde_json::json!({}))
}

/// The YAML blocks of the pages and documents that are configs, with where they stand.
fn examples() -> Vec<(String, String)> {
    let mut pages: Vec<PathBuf> = ["README.md", "docs/configuration.md"]
        .map(project_file)
        .into();
    for rule in rules::ALL {
        pages.push(project_file(&format!(
            "rules/{}/{}.md",
            rule.entry.category, rule.entry.name
        )));
    }
    let mut examples = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("\n```").skip(1).step_by(2) {
            let (info, config) = block.split_once('\n').unwrap();
            if matches!(info, "yaml" | "yaml dbfence.yaml") {
                examples.push((page.display().to_string(), config.to_owned()));
            }
        }
    }
    examples
}

#[test]
fn every_example_is_read_and_satisfies_the_schema() {
    let root = schema();
    let examples = examples();
    assert!(examples.len() > 4);
    for (page, config) in examples {
        let read = Policy::read(&config, rules::all().unwrap().catalogue());
        assert!(read.is_ok(), "{page}: {read:?}\n{config}");
        assert!(
            satisfies(&root, &root, &as_json(&config)),
            "{page}:\n{config}"
        );
    }
}

/// A schema with no room for properties that it does not name, but for those that several types share.
fn without_room(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            entries.values_mut().for_each(without_room);
            if entries.contains_key("properties") {
                entries.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_room),
        _ => {}
    }
}

#[test]
fn what_a_check_finds_is_what_its_schema_says() {
    let schema = report::findings_schema();
    let mut strict = schema.clone();
    without_room(&mut strict);
    for name in ["clean", "trouble", "broken", "no-registry"] {
        let root = project_file("fixtures").join(name);
        let options = discover::Options::default();
        let sources = discover::discover(&root, &options).unwrap();
        let all = rules::all().unwrap();
        let outcome = check(&sources, &Policy::default(), all);
        let text = report::render(
            report::Format::Json,
            &sources,
            &outcome,
            all.catalogue(),
            &report::Style::default(),
        );
        let mut document: Value = serde_json::from_str(&text).unwrap();
        assert!(document["coverage"].is_object());
        assert!(satisfies(&schema, &schema, &document), "{name}");
        assert!(satisfies(&strict, &strict, &document), "{name}");
        document["summary"]["files"] = "many".into();
        assert!(!satisfies(&schema, &schema, &document), "{name}");
    }
}

#[test]
fn the_schema_refuses_what_is_refused() {
    let root = schema();
    for config in [
        "rulez: {}",
        "postgres: { port: 0 }",
        "postgres: { port: 70000 }",
        "exclude: [a, 3]",
        "layers: { order: [] }",
        "rules: { duplicate-prot: off }",
        "rules: { duplicate-port: loud }",
        "rules: { duplicate-port: { level: off, x: y } }",
        "rules: { generated-file-edited: { demand-header: 1 } }",
        "overrides: [{ files: a, rules: { generated-file-edited: { demand-header: true } } }]",
        "overrides: [{ rules: { registry: off } }]",
        "services: { a: { compos: b } }",
        "exceptions: [{ service: a, may-read: b, reason: c, until: soon }]",
    ] {
        assert!(
            Policy::read(config, rules::all().unwrap().catalogue()).is_err(),
            "{config}"
        );
        assert!(!satisfies(&root, &root, &as_json(config)), "{config}");
    }
}

/// The keys of a schema, those of the objects in it after a full stop.
fn keys(root: &Value, schema: &Value, prefix: &str, keys_found: &mut Vec<String>) {
    if let Some(pointer) = schema["$ref"].as_str() {
        let name = pointer.rsplit('/').next().unwrap();
        if !matches!(name, "Rules" | "Levels" | "OneOrMany") {
            keys(root, &root["definitions"][name], prefix, keys_found);
        }
    }
    for inner in ["allOf", "anyOf"]
        .iter()
        .filter_map(|word| schema[word].as_array())
        .flatten()
    {
        keys(root, inner, prefix, keys_found);
    }
    for inner in ["items", "additionalProperties"]
        .iter()
        .filter_map(|word| schema.get(word))
    {
        if inner.is_object() {
            keys(root, inner, prefix, keys_found);
        }
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{key}");
        keys(root, inner, &format!("{path}."), keys_found);
        keys_found.push(path);
    }
}

#[test]
fn the_page_on_the_config_explains_every_key_and_every_option() {
    let page = fs::read_to_string(project_file("docs/configuration.md")).unwrap();
    let root = schema();
    let mut known = Vec::new();
    keys(&root, &root, "", &mut known);
    assert!(known.contains(&"postgres.port".to_owned()), "{known:?}");
    assert!(known.contains(&"exceptions.until".to_owned()), "{known:?}");
    for rule in rules::all().unwrap().catalogue().rules() {
        let options = rule.front_matter.options.keys();
        known.extend(options.map(|option| format!("rules.{}.{option}", rule.entry.name)));
    }
    let missing: Vec<_> = known
        .iter()
        .filter(|key| !page.contains(&format!("| `{key}` |")))
        .collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
}

#[test]
fn the_schema_of_the_debt_file_refuses_what_is_refused() {
    let root = debt::schema();
    let entry = "rule: a, fingerprint: 0123456789abcdef0123456789abcdef";
    let good = format!(
        "{{ version: 1, entries: [{{ {entry}, reason: b, owner: c, expires: 2027-03-31 }}] }}"
    );
    assert!(Debt::read(&good).is_ok());
    assert!(satisfies(&root, &root, &as_json(&good)));
    for debt in [
        "entires: []".to_owned(),
        "version: 2".to_owned(),
        "entries: [a]".to_owned(),
        "entries: [{ rule: a }]".to_owned(),
        "entries: [{ rule: a, fingerprint: xyz }]".to_owned(),
        format!("entries: [{{ {entry}, expires: soon }}]"),
        format!("entries: [{{ {entry}, reasn: soon }}]"),
    ] {
        assert!(Debt::read(&debt).is_err(), "{debt}");
        assert!(!satisfies(&root, &root, &as_json(&debt)), "{debt}");
    }
}

#[test]
fn the_page_on_the_debt_file_explains_every_key() {
    let page = fs::read_to_string(project_file("docs/baseline.md")).unwrap();
    let root = debt::schema();
    let mut known = Vec::new();
    keys(&root, &root, "", &mut known);
    assert!(known.contains(&"entries.expires".to_owned()), "{known:?}");
    let mut missing = known.iter().filter(|key| {
        let name = key.strip_prefix("entries.").unwrap_or(key);
        !page.contains(&format!("| `{name}` |"))
    });
    assert_eq!(missing.next(), None);
}
