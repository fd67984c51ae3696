//! What the documents for programs have in common.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::visible;
use crate::policy::join_lines;
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

/// The JSON Schema of a document, made of the types that it is written from.
pub(super) fn schema<Document: JsonSchema>(name: &str) -> Value {
    let settings = SchemaSettings::draft07().for_serialize();
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<Document>().to_value();
    join_lines(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        let version = env!("CARGO_PKG_VERSION");
        let url = format!(
            "https://raw.githubusercontent.com/dbfence/dbfence/v{version}/docs/schema/{name}.schema.json"
        );
        schema.insert("$id".to_owned(), url.into());
    }
    schema
}

/// A path of the workspace as seen from the root of the repository, where whoever hosts it looks for files.
pub(super) fn path_in_repository(sources: &Sources, path: &str) -> String {
    match sources.below_repository.as_str() {
        "" => path.to_owned(),
        folder => format!("{folder}/{path}"),
    }
}

/// A range of text: 1-based lines, 1-based columns in code points, the end exclusive.
#[derive(Clone, Copy, Serialize, JsonSchema)]
pub(super) struct Range<'a> {
    /// From the workspace root, with `/` on every system.
    pub path: &'a str,
    /// 1-based.
    pub line: u32,
    /// 1-based, in code points.
    pub column: u32,
    /// 1-based.
    pub end_line: u32,
    /// 1-based, in code points, one past the last.
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
