//! YAML into our own types: the config and the front matter of documents. The types of `serde-saphyr`
//! stay in this file.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::source::{At, Span};

/// A YAML text that is not what the type asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What is wrong, with line and column where they are known.
    pub message: String,
    /// Where, where that is known.
    pub span: Option<Span>,
}

/// Reads one YAML document into a type. An empty document is an empty map.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mismatch> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| Mismatch {
        span: error.location().and_then(byte_span),
        message: error.to_string(),
    })
}

fn byte_span(location: serde_saphyr::Location) -> Option<Span> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    Some(Span::new(start, start + length))
}

/// A setting and where it stands in its file.
#[derive(Clone, Debug)]
pub struct Setting<T>(pub At<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        let span = byte_span(spanned.referenced).unwrap_or_default();
        Ok(Self(At::new(spanned.value, span)))
    }
}
