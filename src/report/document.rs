//! What the documents for programs have in common.

use schemars::JsonSchema;
use serde::Serialize;

use super::visible;
use crate::source::{Place, Sources};

/// Who wrote the document.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tool {
    /// `dbfence`.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

impl Tool {
    /// This program.
    pub(super) const THIS: Self = Self {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    };
}

/// A document in two-space steps, with a final line break.
pub(super) fn printed(document: &impl Serialize) -> String {
    // Strings, numbers and lists have no way to fail.
    let document = serde_json::to_string_pretty(document).unwrap_or_default();
    visible::escaped_json(&document) + "\n"
}

/// A range of text: 1-based lines, 1-based columns in code points, the end exclusive.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Range<'a> {
    pub path: &'a str,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

/// Where a place is.
pub(super) fn range(sources: &Sources, place: Place) -> Range<'_> {
    let file = sources.file(place.file);
    let start = file.position(place.span.start);
    let end = file.position(place.span.end);
    Range {
        path: &file.path,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}
