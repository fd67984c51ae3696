//! YAML into our own types: the config and the front matter of documents. The types of `serde-saphyr`
//! stay in this file.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Error;

use crate::source::{At, Span};

/// A YAML text that is not what the type asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What is wrong.
    pub message: String,
    /// Where, where that is known.
    pub span: Option<Span>,
    /// A name that the type does not know, and those that it knows.
    pub unknown: Option<(String, Vec<&'static str>)>,
}

/// Reads one YAML document into a type. An empty document is an empty map.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mismatch> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| Mismatch {
        span: error.location().and_then(|at| span_in(text, at)),
        unknown: match &error {
            Error::SerdeUnknownField {
                field, expected, ..
            } => Some((field.clone(), expected.clone())),
            _ => None,
        },
        message: in_words(&error),
    })
}

/// What is wrong, without the place, which the span tells.
fn in_words(error: &Error) -> String {
    match error {
        Error::SerdeUnknownField { field, .. } => format!("there is no key `{field}`"),
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing"),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("`{key}` is written twice"),
        Error::MultipleDocuments { .. } => "a second document begins here".to_owned(),
        _ => {
            let whole = error.to_string();
            let place = error.location();
            let place = place.map(|at| format!(" at line {}, column {}", at.line(), at.column()));
            let words = place.and_then(|place| whole.strip_suffix(&place).map(str::to_owned));
            match words.unwrap_or(whole).as_str() {
                "expected sequence start" => "a list is expected here".to_owned(),
                "expected mapping start" => "keys with values are expected here".to_owned(),
                "expected string scalar" => "a text is expected here".to_owned(),
                words if words.starts_with("invalid u") => {
                    "a whole number is expected here, and not so large a one".to_owned()
                }
                words => words.to_owned(),
            }
        }
    }
}

fn span_in(text: &str, location: serde_saphyr::Location) -> Option<Span> {
    byte_span(location).or_else(|| {
        let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column()).ok()?.checked_sub(1)?;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let letters = text.get(start..)?.char_indices();
        let at = letters.map(|(at, _)| at).nth(column).unwrap_or_default();
        Some(Span::new(start + at, start + at))
    })
}

fn byte_span(location: serde_saphyr::Location) -> Option<Span> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    Some(Span::new(start, start + length))
}

/// A setting and where it stands in its file; of a list or a map it is where that begins.
#[derive(Clone, Debug)]
pub struct Setting<T>(pub At<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        let span = byte_span(spanned.referenced).unwrap_or_default();
        Ok(Self(At::new(spanned.value, span)))
    }
}

/// Keys that are not known beforehand, each with its value, in the order of the file.
#[derive(Clone, Debug)]
pub struct Entries<T>(pub Vec<(At<String>, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reads<T> {
            type Value = Entries<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("keys with values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Setting(key), value)) = map.next_entry()? {
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Reads(std::marker::PhantomData))
    }
}

/// One text, or a list of texts.
#[derive(Clone, Debug, Default)]
pub struct OneOrMany(pub Vec<At<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Setting(At { value, span }) = Setting::<Any>::deserialize(deserializer)?;
        let texts = match value {
            Any::Text(text) => Some(vec![At::new(text, span)]),
            Any::List(items) => items.into_iter().map(Any::into_text).collect(),
            _ => None,
        };
        let expected = "a text or a list of texts is expected here";
        texts.map(Self).ok_or_else(|| D::Error::custom(expected))
    }
}

/// Any value. What stands in a list or a map knows where.
#[derive(Clone, Debug, PartialEq)]
pub enum Any {
    /// Nothing, or `null`.
    Nothing,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it is written as far as that matters.
    Number(String),
    /// Any other scalar.
    Text(String),
    /// A list.
    List(Vec<At<Any>>),
    /// Keys with values.
    Map(Vec<(At<String>, At<Any>)>),
}

impl Any {
    /// The text that it is.
    pub fn into_text(at: At<Self>) -> Option<At<String>> {
        match at.value {
            Any::Text(text) => Some(At::new(text, at.span)),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Any;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Nothing)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any::Boolean(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
                Ok(Any::Number(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(Any::Number(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
                Ok(Any::Number(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Any, E> {
                Ok(Any::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Any, A::Error> {
                let mut items = Vec::new();
                while let Some(Setting(item)) = list.next_element()? {
                    items.push(item);
                }
                Ok(Any::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut entries = Vec::new();
                while let Some((Setting(key), Setting(value))) = map.next_entry()? {
                    entries.push((key, value));
                }
                Ok(Any::Map(entries))
            }
        }
        deserializer.deserialize_any(Reads)
    }
}
