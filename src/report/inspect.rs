//! What a workspace consists of, as one JSON document with a schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::document::{self, Tool};
use crate::inventory::Inventory;
use crate::policy::join_lines;

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
    let settings = SchemaSettings::draft07().for_serialize();
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<Document>().to_value();
    join_lines(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        let url = format!(
            "https://raw.githubusercontent.com/dbfence/dbfence/v{}/docs/schema/inspect.schema.json",
            env!("CARGO_PKG_VERSION")
        );
        schema.insert("$id".to_owned(), url.into());
    }
    schema
}
