//! Values of a compose file, whatever they are about.

use super::{RESET, Written};
use crate::source::At;
use crate::yaml::{Entry, Value};

/// Whether a value is certainly no map; one that is absent or unknown may be one elsewhere.
pub(super) fn is_no_map(value: &Value) -> bool {
    !value.is_mapping() && !value.is_null() && !value.is_unknown()
}

fn is_present(value: &Value) -> bool {
    !value.is_tagged(RESET)
}

/// The entries that count: neither withdrawn by `!reset` nor without a key (`: value`).
pub(super) fn fields<'t>(map: &Value<'t>) -> impl Iterator<Item = Entry<'t>> {
    map.entries()
        .into_iter()
        .filter(|entry| is_present(&entry.value) && !entry.key.span.is_empty())
}

pub(super) fn elements<'t>(list: &Value<'t>) -> impl Iterator<Item = Value<'t>> {
    list.items().into_iter().filter(is_present)
}

pub(super) fn name_of(entry: &Entry) -> At<String> {
    At::new(entry.key.value.to_owned(), entry.key.span)
}

pub(super) fn key_of(entry: &Entry) -> Written {
    Written {
        text: name_of(entry),
        via: entry.via.clone(),
    }
}

pub(super) fn written(value: &Value) -> Option<Written> {
    let scalar = value.scalar().filter(|_| !value.is_null())?;
    Some(Written {
        text: At::new(scalar.text.clone(), scalar.span),
        via: value.via().to_vec(),
    })
}

pub(super) fn field<'t>(map: &Value<'t>, key: &str) -> Option<Value<'t>> {
    fields(map)
        .find(|entry| entry.key.value == key)
        .map(|entry| entry.value)
}

pub(super) fn written_field(map: &Value, key: &str) -> Option<Written> {
    written(&field(map, key)?)
}

pub(super) fn written_elements(list: &Value) -> Vec<Written> {
    elements(list).filter_map(|item| written(&item)).collect()
}

/// The words of a list, or the one string that stands in place of a list.
pub(super) fn one_or_many(value: &Value) -> Vec<Written> {
    match written(value) {
        Some(one) => vec![one],
        None => written_elements(value),
    }
}

/// A boolean setting, which Compose also reads from a string, the words of YAML 1.1 included.
pub(super) fn flag(map: &Value, key: &str) -> Option<bool> {
    let value = field(map, key)?;
    match value.scalar()?.text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}
