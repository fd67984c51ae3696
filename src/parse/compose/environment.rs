//! Variables of a service, as Compose hands them on.

use std::collections::HashSet;

use super::values::{elements, fields, name_of, written, written_field};
use super::{EnvEntry, Written};
use crate::source::At;
use crate::yaml::{Entry, Value};

/// The entries of `environment` or `args`; `None` where it is neither a map nor a list nor null.
pub(super) fn assignments(value: &Value) -> Option<Vec<EnvEntry>> {
    if value.is_sequence() {
        let entries: Vec<_> = elements(value)
            .filter_map(|item| assignment(&item))
            .collect();
        return Some(last_of_each_name(entries));
    }
    let is_map = value.is_mapping() || value.is_null();
    is_map.then(|| fields(value).filter_map(|entry| variable(&entry)).collect())
}

/// An entry of the map form; `None` where its value is a collection or unknown.
fn variable(entry: &Entry) -> Option<EnvEntry> {
    let value = &entry.value;
    if !value.is_null() {
        value.scalar()?;
    }
    Some(EnvEntry {
        name: name_of(entry),
        value: written(value).map(|written| as_compose_prints(value, written)),
    })
}

/// An entry of the list form, `NAME=value` or `NAME`.
fn assignment(item: &Value) -> Option<EnvEntry> {
    let scalar = item.scalar()?;
    let text = scalar.text.as_str();
    let end = text.find('=').unwrap_or(text.len());
    if end == 0 {
        return None;
    }
    let value = text.get(end + 1..).map(|value| Written {
        text: At::new(value.to_owned(), scalar.part(end + 1..text.len())),
        via: item.via().to_vec(),
    });
    Some(EnvEntry {
        name: At::new(text[..end].to_owned(), scalar.part(0..end)),
        value,
    })
}

fn last_of_each_name(entries: Vec<EnvEntry>) -> Vec<EnvEntry> {
    let mut seen = HashSet::new();
    let mut kept: Vec<_> = entries
        .into_iter()
        .rev()
        .filter(|entry| seen.insert(entry.name.value.clone()))
        .collect();
    kept.reverse();
    kept
}

/// A plain value as it reaches the container: Compose reads booleans and numbers and prints them again.
fn as_compose_prints(value: &Value, mut written: Written) -> Written {
    let boolean = value.boolean().map(|flag| flag.to_string());
    if let Some(printed) = boolean.or_else(|| number(value.plain()?)) {
        written.text.value = printed;
    }
    written
}

fn number(plain: &str) -> Option<String> {
    let may_be_number = |first: char| first.is_ascii_digit() || "+-.".contains(first);
    if !plain.starts_with(may_be_number) {
        return None;
    }
    let digits = plain.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// An integer in the notations of go-yaml (a leading `0` is octal), in decimal.
fn integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // `from_str_radix` would take a second sign.
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let number = u64::from_str_radix(digits, radix).ok()?;
    is_number.then(|| format!("{sign}{number}"))
}

/// A floating-point number as Go prints it: no final zeros, an exponent from a million on.
fn float(text: &str) -> Option<String> {
    let is_in_notation = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
    if !text.bytes().all(is_in_notation) {
        return None;
    }
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..6).contains(&exponent) {
        return Some(number.to_string());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{mantissa}e{sign}{:02}", exponent.abs()))
}

/// The paths of `env_file`, whose entries may be maps with further fields.
pub(super) fn env_files(value: &Value) -> Vec<Written> {
    let items = if value.is_sequence() {
        elements(value).collect()
    } else {
        vec![value.clone()]
    };
    let path = |item: &Value| written(item).or_else(|| written_field(item, "path"));
    items.iter().filter_map(path).collect()
}
