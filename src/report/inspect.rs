//! What a workspace consists of, as one JSON document with a schema.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::document::{self, Tool};
use crate::inventory::Inventory;

/// Counts up with every change that a reader of the old shape would not survive.
const SCHEMA_VERSION: u32 = 1;

/// What dbfence knows of a workspace. Paths are relative to the workspace root, with `/` on every system. What
/// is not known is `null` or an empty list. Later versions may add properties.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "dbfence inspect")]
struct Document<'a> {
    /// Counts up with every change that a reader of the old shape would not survive.
    schema_version: u32,
    /// Who wrote the document.
    tool: Tool,
    #[serde(flatten)]
    inventory: &'a Inventory,
}

/// The document, in two-space steps, with a final line break.
pub(super) fn render(inventory: &Inventory) -> String {
    document::printed(&Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool::THIS,
        inventory,
    })
}

/// The JSON Schema of the document, made of the types that it is written from.
pub(super) fn schema() -> Value {
    document::schema::<Document>("inspect")
}
