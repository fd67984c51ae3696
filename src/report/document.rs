//! What the JSON documents of all commands have in common.

use schemars::JsonSchema;
use serde::Serialize;

use super::visible;

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
