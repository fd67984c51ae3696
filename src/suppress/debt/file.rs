//! The debt file as it is written. The comments on the fields are what editors show for its keys.

use serde::Deserialize;
use serde_json::Value;

use crate::policy::{join_lines, schema_url_of};
use crate::yaml::typed::Setting;

/// The version of the file that this program reads and writes.
pub(super) const VERSION: u64 = 1;

/// Findings that are known and let be for now, one an entry.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = ".dbfence/baseline.yaml")]
pub(super) struct File {
    /// The version of this file: 1.
    #[schemars(with = "Option<u64>", range(min = 1, max = 1))]
    pub(super) version: Option<Setting<u64>>,
    /// The findings.
    pub(super) entries: Option<Vec<Entry>>,
}

/// A finding that is known and let be for now.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Entry {
    /// The rule that finds it.
    pub(super) rule: Setting<String>,
    /// The path of the product, for readers of this file.
    pub(super) product: Option<Setting<String>>,
    /// The service, for readers of this file.
    pub(super) service: Option<Setting<String>>,
    /// The file that it was found in, for readers of this file.
    pub(super) path: Option<Setting<String>>,
    /// What was found, for readers of this file.
    pub(super) message: Option<Setting<String>>,
    /// What tells the finding from all others, as `dbfence baseline` writes it.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub(super) fingerprint: Setting<String>,
    /// Why it can wait.
    pub(super) reason: Option<Setting<String>>,
    /// Who will mend it.
    pub(super) owner: Option<Setting<String>>,
    /// The last day on which it is let be, such as `2027-03-31`, in UTC. Default: it has no end.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub(super) expires: Option<Setting<String>>,
}

/// The JSON Schema of the debt file, for editors.
pub(super) fn schema() -> Value {
    let generator = schemars::generate::SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    join_lines(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$id".to_owned(), schema_url_of("baseline").into());
    }
    schema
}
