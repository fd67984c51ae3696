//! The JSON Schema of `dbfence.yaml`, for editors: made of the types that read the file, and of the
//! catalogue for the names of rules and their options.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::file::File;
use crate::catalogue::{Catalogue, OptionKind};
use crate::yaml::typed::{OneOrMany, Setting};

/// The schema, which refuses what reading the file refuses as far as a schema can tell.
pub fn schema(catalogue: &Catalogue) -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    join_lines(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$id".to_owned(), schema_url().into());
    }
    let definitions = schema.get_mut("definitions").and_then(Value::as_object_mut);
    if let Some(definitions) = definitions {
        definitions.insert("Rules".to_owned(), settings(catalogue, true));
        definitions.insert("Levels".to_owned(), settings(catalogue, false));
        definitions.insert("Level".to_owned(), level());
    }
    schema
}

/// Where editors find the schema of this version.
pub fn schema_url() -> String {
    schema_url_of("dbfence")
}

/// Where editors find the schema of that name, as of this version.
pub fn schema_url_of(name: &str) -> String {
    format!(
        "https://raw.githubusercontent.com/dbfence/dbfence/v{}/docs/schema/{name}.schema.json",
        env!("CARGO_PKG_VERSION")
    )
}

/// Joins the lines of the descriptions in a schema that types make. Comments are broken into lines where the code ends; editors break descriptions themselves.
pub fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace('\n', " "),
                    value => join_lines(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

fn level() -> Value {
    json!({ "type": "string", "enum": ["error", "warning", "off"] })
}

/// Every category and rule with its level, and with its options where those can be set.
fn settings(catalogue: &Catalogue, with_options: bool) -> Value {
    let reference = json!({ "$ref": "#/definitions/Level" });
    let mut properties = Map::new();
    for category in catalogue.categories() {
        let described = json!({
            "description": format!("Every rule of this category: `rules/{category}`."),
            "allOf": [reference],
        });
        properties.insert(category.to_owned(), described);
    }
    for rule in catalogue.rules() {
        let matter = &rule.front_matter;
        let description = format!("{}. Default: {}.", matter.title, matter.severity.as_str());
        let setting = if with_options && !matter.options.is_empty() {
            let mut options = Map::from_iter([("level".to_owned(), reference.clone())]);
            for (name, option) in &matter.options {
                let mut schema = option_schema(option.kind);
                let doc = format!("{} Default: {}.", option.doc, option.default);
                schema.insert("description".to_owned(), doc.into());
                options.insert(name.clone(), schema.into());
            }
            json!({
                "description": description,
                "anyOf": [reference, {
                    "type": "object",
                    "properties": options,
                    "additionalProperties": false,
                }],
            })
        } else {
            json!({ "description": description, "allOf": [reference] })
        };
        properties.insert(rule.entry.name.to_owned(), setting);
    }
    json!({
        "description": "Levels by rule or category.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn option_schema(kind: OptionKind) -> Map<String, Value> {
    let schema = match kind {
        OptionKind::Boolean => json!({ "type": "boolean" }),
        OptionKind::LayersByLayer => json!({
            "type": "object",
            "additionalProperties": { "type": "array", "items": { "type": "string" } },
        }),
    };
    schema.as_object().cloned().unwrap_or_default()
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One text, or a list of texts.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
            ],
        })
    }
}

impl<T: JsonSchema> JsonSchema for Setting<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}
