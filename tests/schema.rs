//! The JSON Schema of the config, the page that explains it, and every example of a config.

use std::fs;
use std::path::{Path, PathBuf};

use dbfence::policy::{self, Date, Policy};
use dbfence::rules;
use serde_json::Value;

fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn schema() -> Value {
    policy::schema(rules::all().unwrap().catalogue())
}

/// With `DBFENCE_BLESS=1` the schema is written anew instead of compared.
#[test]
fn the_schema_is_the_one_of_the_types_and_the_catalogue() {
    let path = project_file("docs/schema/dbfence.schema.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("DBFENCE_BLESS").is_some() {
        fs::write(path, text).unwrap();
    } else {
        let committed = fs::read_to_string(path).unwrap();
        assert_eq!(committed, text, "`DBFENCE_BLESS=1` writes it anew");
    }
}

/// Whether a value is what a schema asks for, by those words of JSON Schema that ours is made of.
fn satisfies(root: &Value, schema: &Value, value: &Value) -> bool {
    let all = |schemas: &Value| {
        let schemas = schemas.as_array().unwrap();
        schemas.iter().all(|schema| satisfies(root, schema, value))
    };
    let any = |schemas: &Value| {
        let schemas = schemas.as_array().unwrap();
        schemas.iter().any(|schema| satisfies(root, schema, value))
    };
    let at_least = |least: &Value, length: Option<usize>| {
        length.is_none_or(|length| length as u64 >= least.as_u64().unwrap())
    };
    schema
        .as_object()
        .unwrap()
        .iter()
        .all(|(word, asked)| match word.as_str() {
            "$schema" | "$id" | "title" | "description" | "definitions" | "format" | "default" => {
                true
            }
            "$ref" => {
                let pointer = asked.as_str().unwrap().trim_start_matches('#');
                satisfies(root, root.pointer(pointer).unwrap(), value)
            }
            "allOf" => all(asked),
            "anyOf" => any(asked),
            "enum" => asked.as_array().unwrap().contains(value),
            "type" => {
                let is = |kind: &Value| match kind.as_str().unwrap() {
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "null" => value.is_null(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("no such type: {other}"),
                };
                asked
                    .as_array()
                    .map_or_else(|| is(asked), |kinds| kinds.iter().any(is))
            }
            "items" => {
                let items = value.as_array();
                items.is_none_or(|items| items.iter().all(|item| satisfies(root, asked, item)))
            }
            "properties" => value.as_object().is_none_or(|entries| {
                let known =
                    |(key, value)| asked.get(key).is_none_or(|it| satisfies(root, it, value));
                entries.iter().all(known)
            }),
            "additionalProperties" => value.as_object().is_none_or(|entries| {
                let properties = &schema["properties"];
                let others = entries
                    .iter()
                    .filter(|(key, _)| properties.get(key).is_none());
                let allowed =
                    |(_, value)| *asked != Value::Bool(false) && satisfies(root, asked, value);
                others.into_iter().all(allowed)
            }),
            "required" => {
                let keys = asked.as_array().unwrap();
                keys.iter()
                    .all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "minimum" => value
                .as_u64()
                .is_none_or(|number| number >= asked.as_u64().unwrap()),
            "maximum" => value
                .as_u64()
                .is_none_or(|number| number <= asked.as_u64().unwrap()),
            "minLength" => at_least(asked, value.as_str().map(str::len)),
            "minItems" => at_least(asked, value.as_array().map(Vec::len)),
            "pattern" => value.as_str().is_none_or(|text| Date::read(text).is_some()),
            other => panic!("the schema uses `{other}`, which this test does not know"),
        })
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
