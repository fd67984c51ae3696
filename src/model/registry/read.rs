//! Entries and their fields, read from what the scripts say.

use std::collections::BTreeSet;

use super::{Entry, Environment, Field, List, Misplaced, Registry, Variable};
use crate::model::evaluate::{Array, Evaluator, Kind, Lookup, Object, Value};
use crate::model::value::{Dynamic, Text, Traced};
use crate::source::{Place, Placed};

impl Registry {
    /// Makes services that have more than one entry unknown, and the registry open: which entry counts is for
    /// whoever reads it to decide, and another service may have lost its own.
    pub(super) fn doubt_repeated(&mut self) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        let repeated = &mut self.repeated;
        self.entries.retain(|entry| {
            let is_first = known.insert(entry.key.value.clone());
            if !is_first {
                repeated.push(entry.key.clone());
            }
            is_first
        });
        for key in &self.repeated {
            // The finding is about the key.
            let why = Dynamic {
                place: key.place,
                what: "a key that stands twice".to_owned(),
                broken: true,
            };
            let entries = self.entries.iter_mut();
            for entry in entries.filter(|entry| entry.key.value == key.value) {
                *entry = Entry::unknown(entry.key.clone(), entry.place, &why);
            }
            self.open.push(why);
        }
    }

    pub(super) fn read_record(&mut self, evaluator: &mut Evaluator<'_>, object: &Object<'_>) {
        self.includes.extend(&object.includes);
        self.repeated.extend(object.repeated.iter().cloned());
        self.open.extend(object.unknown().cloned());
        for member in &object.properties {
            let key = Placed {
                value: member.key.value.to_string(),
                place: member.key.place(),
            };
            self.read_member(evaluator, key, &member.value);
        }
    }

    pub(super) fn read_list(&mut self, evaluator: &mut Evaluator<'_>, array: &Array<'_>) {
        self.includes.extend(&array.includes);
        for (index, item) in array.items.iter().enumerate() {
            match item {
                Ok(item) => self.read_item(evaluator, index, item),
                Err(dynamic) => self.open.push(dynamic.clone()),
            }
        }
    }

    fn read_item(&mut self, evaluator: &mut Evaluator<'_>, index: usize, item: &Value<'_>) {
        let place = item.origin.definition();
        match &item.kind {
            Kind::Object(object) => {
                let computed = computed_name(object);
                match name_of(object) {
                    Some(key) => self.read_member(evaluator, key, item),
                    None if computed.is_some() => {}
                    None => self.open.push(Dynamic {
                        place,
                        what: "an entry without a known `key`, `name` or `id`".to_owned(),
                        broken: false,
                    }),
                }
                self.open.extend(computed);
            }
            Kind::Dynamic(cause) => self.open.push(cause.dynamic.clone()),
            _ => {
                let key = Placed {
                    value: index.to_string(),
                    place: item.origin.nearest(),
                };
                self.read_member(evaluator, key, item);
            }
        }
    }

    fn read_member(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        key: Placed<String>,
        value: &Value<'_>,
    ) {
        let place = value.origin.definition();
        match &value.kind {
            Kind::Object(object) => {
                self.entries
                    .push(Entry::read(evaluator, key, place, object));
            }
            Kind::Dynamic(cause) => {
                self.entries
                    .push(Entry::unknown(key, place, &cause.dynamic));
            }
            _ => self.misplaced.push(Misplaced {
                key,
                place: value.origin.nearest(),
                found: what_is(value),
            }),
        }
    }
}

/// What names the service in an item of a list. A value with white space in it is a label, not a name,
/// unless there is nothing else.
fn name_of(object: &Object<'_>) -> Option<Placed<String>> {
    let keys = ["key", "name", "id", "hostname"].into_iter();
    let names: Vec<Text> = keys.filter_map(|key| known_text(object, key)).collect();
    let word = names
        .iter()
        .find(|it| !it.value.contains(char::is_whitespace));
    word.or(names.first()).map(|name| Placed {
        value: name.value.clone(),
        place: name.place(),
    })
}

/// What makes the name of an item unknown. Its host is no name then.
fn computed_name(object: &Object<'_>) -> Option<Dynamic> {
    let keys = ["key", "name", "id"];
    if keys.iter().any(|key| known_text(object, key).is_some()) {
        return None;
    }
    keys.iter().find_map(|key| match object.get(key) {
        Lookup::Known(member) => match &member.value.kind {
            Kind::Dynamic(cause) => Some(cause.dynamic.clone()),
            _ => None,
        },
        _ => None,
    })
}

fn known_text(object: &Object<'_>, key: &str) -> Option<Text> {
    match object.get(key) {
        Lookup::Known(member) => member.value.text(),
        _ => None,
    }
}

impl Entry {
    pub(super) fn read(
        evaluator: &mut Evaluator<'_>,
        key: Placed<String>,
        place: Place,
        object: &Object<'_>,
    ) -> Self {
        Self {
            key,
            place,
            hostname: field(object, "hostname", text),
            port: field(object, "port", port),
            database: field(object, "database", text),
            dockerfile: field(object, "dockerfile", text),
            routes: field(object, "routes", |value| list(evaluator, value)),
            layer: field(object, "layer", text),
            label: field(object, "label", text),
            extra_env: optional(field(object, "extraEnv", |it| environment(evaluator, it))),
            depends_on: optional(field(object, "dependsOn", |it| list(evaluator, it))),
            needs_redis: optional(field(object, "needsRedis", flag)),
            dynamic: object.unknown().cloned().collect(),
        }
    }

    /// An entry of which nothing is known.
    pub(in crate::model) fn unknown(key: Placed<String>, place: Place, why: &Dynamic) -> Self {
        Self {
            key,
            place,
            hostname: Field::Dynamic(why.clone()),
            port: Field::Dynamic(why.clone()),
            database: Field::Dynamic(why.clone()),
            dockerfile: Field::Dynamic(why.clone()),
            routes: Field::Dynamic(why.clone()),
            layer: Field::Dynamic(why.clone()),
            label: Field::Dynamic(why.clone()),
            extra_env: Field::Dynamic(why.clone()),
            depends_on: Field::Dynamic(why.clone()),
            needs_redis: Field::Dynamic(why.clone()),
            dynamic: vec![why.clone()],
        }
    }
}

const NOTHING: &str = "null or undefined";

fn what_is(value: &Value<'_>) -> &'static str {
    match &value.kind {
        Kind::String(_) => "a string",
        Kind::Number(_) => "a number",
        Kind::Boolean(_) => "a boolean",
        Kind::Nothing => NOTHING,
        Kind::Array(_) => "a list",
        Kind::Object(_) => "an object",
        Kind::Identity => "a function",
        Kind::Dynamic(_) => "something unknown",
    }
}

fn field<T>(object: &Object<'_>, key: &str, read: impl FnOnce(&Value<'_>) -> Field<T>) -> Field<T> {
    match object.get(key) {
        Lookup::Known(member) => read(&member.value),
        Lookup::Absent => Field::Absent,
        Lookup::Unknown(dynamic) => Field::Dynamic(dynamic.clone()),
    }
}

fn optional<T>(field: Field<T>) -> Field<T> {
    match field {
        Field::WrongType { found: NOTHING, .. } => Field::Absent,
        other => other,
    }
}

fn not_this<T>(value: &Value<'_>) -> Field<T> {
    match &value.kind {
        Kind::Dynamic(cause) => Field::Dynamic(cause.dynamic.clone()),
        _ => Field::WrongType {
            origin: value.origin.clone(),
            found: what_is(value),
        },
    }
}

pub(crate) fn text(value: &Value<'_>) -> Field<Text> {
    value.text().map_or_else(|| not_this(value), Field::Known)
}

fn port(value: &Value<'_>) -> Field<Traced<u16>> {
    let Kind::Number(number) = value.kind else {
        return not_this(value);
    };
    if number.fract() != 0.0 || !(1.0..=65_535.0).contains(&number) {
        return Field::WrongType {
            origin: value.origin.clone(),
            found: "a number out of range",
        };
    }
    // Whole and in range, as was just seen.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Field::Known(Traced {
        value: number as u16,
        origin: value.origin.clone(),
    })
}

fn flag(value: &Value<'_>) -> Field<Traced<bool>> {
    match value.kind {
        Kind::Boolean(flag) => Field::Known(Traced {
            value: flag,
            origin: value.origin.clone(),
        }),
        _ => not_this(value),
    }
}

/// The value of an environment variable: a number or boolean becomes the text that JavaScript makes of it.
fn setting(value: &Value<'_>) -> Field<Text> {
    match value.plain_text() {
        Some(plain) => Field::Known(Text {
            value: plain,
            origin: value.origin.clone(),
            pieces: Vec::new(),
        }),
        None => text(value),
    }
}

/// A text inside a list or record that came over `links`.
fn inside(text: Field<Text>, links: &[Place]) -> Field<Text> {
    match text {
        Field::Known(mut text) => {
            text.origin = text.origin.inside(links);
            Field::Known(text)
        }
        other => other,
    }
}

fn list(evaluator: &mut Evaluator<'_>, value: &Value<'_>) -> Field<List> {
    let Kind::Array(array) = &value.kind else {
        return not_this(value);
    };
    if !evaluator.pay(array.items.len()) {
        return Field::Dynamic(too_much(value));
    }
    let items = array.items.iter().map(|item| match item {
        Ok(item) => inside(text(item), &value.origin.links),
        Err(dynamic) => Field::Dynamic(dynamic.clone()),
    });
    Field::Known(List {
        origin: value.origin.clone(),
        items: items.collect(),
    })
}

fn environment(evaluator: &mut Evaluator<'_>, value: &Value<'_>) -> Field<Environment> {
    let Kind::Object(object) = &value.kind else {
        return not_this(value);
    };
    if !evaluator.pay(object.properties.len()) {
        return Field::Dynamic(too_much(value));
    }
    let links = &value.origin.links;
    let variables = object.properties.iter().map(|member| Variable {
        name: Traced {
            value: member.key.value.to_string(),
            origin: member.key.origin.clone().inside(links),
        },
        value: field(object, &member.key.value, |value| {
            inside(setting(value), links)
        }),
    });
    Field::Known(Environment {
        origin: value.origin.clone(),
        variables: variables.collect(),
        open: object.unknown().cloned().collect(),
    })
}

fn too_much(value: &Value<'_>) -> Dynamic {
    Dynamic {
        place: value.origin.nearest(),
        what: "a list that takes too many steps".to_owned(),
        broken: false,
    }
}
