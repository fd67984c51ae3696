//! What JSON Schema says, by those words of it that ours are made of.

use dbfence::policy::Date;
use serde_json::Value;

/// Whether a value is what a schema asks for, by those words of JSON Schema that ours is made of.
pub(crate) fn satisfies(root: &Value, schema: &Value, value: &Value) -> bool {
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
            "anyOf" | "oneOf" => any(asked),
            "const" => asked == value,
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
            "pattern" => value
                .as_str()
                .is_none_or(|text| matches(asked.as_str().unwrap(), text)),
            other => panic!("the schema uses `{other}`, which this test does not know"),
        })
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => Date::read(text).is_some(),
        "^[0-9a-f]{32}$" => {
            let mut digits = text.bytes();
            text.len() == 32 && digits.all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        }
        other => panic!("the schema uses `{other}`, which this test does not know"),
    }
}
