//! `dbfence.yaml` as it is written. The comments on the fields are what editors show for its keys.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::source::At;
use crate::yaml::typed::{Any, Entries, OneOrMany, Setting};

/// What dbfence is told about a workspace. Every key is optional.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "dbfence.yaml")]
pub(super) struct File {
    /// Where service registries stand: paths or patterns from the workspace root. Without it they are found
    /// by their name and shape.
    pub(super) registry: OneOrMany,
    /// Folders of modules, beside those that the registries name: paths or patterns from the workspace root.
    pub(super) modules: OneOrMany,
    /// What is not looked at: patterns as in a `.gitignore` in the workspace root. `!` enters a folder that
    /// is passed over otherwise.
    pub(super) exclude: OneOrMany,
    /// The one variable that holds a service's connection string. Default: `DATABASE_URL`.
    pub(super) database_variable: Option<Setting<String>>,
    /// What is true of PostgreSQL everywhere.
    pub(super) postgres: Postgres,
    /// The layers of services.
    pub(super) layers: Layers,
    /// Containers that may open databases of others and own none, such as Prisma Studio: keys of compose
    /// services, other names that they go by, or names of images.
    pub(super) tools: OneOrMany,
    /// Which compose files are run together.
    pub(super) compose: Compose,
    /// Services by name: corrects what was inferred about services that no registry names.
    #[schemars(with = "std::collections::BTreeMap<String, Service>")]
    pub(super) services: Entries<Service>,
    /// Tables of others that a service may read for the time being.
    pub(super) exceptions: Vec<Exception>,
    /// Files larger than this many bytes are not read, which is a finding. Default: 8388608, 8 MiB.
    #[schemars(range(min = 1))]
    pub(super) max_file_size: Option<Setting<u64>>,
    /// Levels by rule or category. A rule's own level counts before that of its category.
    pub(super) rules: Rules,
    /// Other levels for some files. Of several that match, the last one counts.
    pub(super) overrides: Vec<Override>,
}

/// What is true of PostgreSQL everywhere.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Postgres {
    /// The port that it listens on inside the network. Default: 5432.
    #[schemars(range(min = 1))]
    pub(super) port: Option<Setting<u16>>,
    /// The major version that development runs. Default: 16.
    #[schemars(range(min = 1))]
    pub(super) major: Option<Setting<u16>>,
    /// The role that the init SQL grants to. Default: whoever connects.
    pub(super) role: Option<Setting<String>>,
}

/// The layers of services.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Layers {
    /// Their names, the lowest first. Default: `platform`, `shared`, `domain`.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) order: Option<Setting<Vec<Setting<String>>>>,
}

/// Which compose files are run together. Paths from the product's folder, else from the workspace root.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Compose {
    /// The files of the development stack, in the order in which they are merged. Default: the standard
    /// file with its override.
    pub(super) development: OneOrMany,
    /// The files of the production stack, in the order in which they are merged.
    pub(super) production: OneOrMany,
}

/// What is true of one service that no registry names.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Service {
    /// The folder of its module, from the workspace root.
    pub(super) folder: Option<Setting<String>>,
    /// Its containers: keys of compose services.
    pub(super) compose: OneOrMany,
    /// The variable that holds its connection string.
    pub(super) variable: Option<Setting<String>>,
    /// The database that it owns; empty for a service without one.
    pub(super) database: Option<Setting<String>>,
}

/// Tables of others that a service may read for the time being.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Exception {
    /// The service that reads.
    pub(super) service: Setting<String>,
    /// What it may read: `database.table` or `table`.
    pub(super) may_read: OneOrMany,
    /// Why.
    #[schemars(length(min = 1))]
    pub(super) reason: Setting<String>,
    /// The last day on which it may, such as `2027-03-31`, in UTC.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub(super) until: Setting<String>,
}

/// Other levels for some files.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Override {
    /// The files: paths or patterns from the workspace root.
    pub(super) files: OneOrMany,
    /// Levels by rule or category.
    #[schemars(with = "Levels")]
    pub(super) rules: Entries<Setting<Any>>,
}

/// Levels by rule or category, for a rule perhaps with options.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Rules(pub(super) Entries<Setting<Any>>);

impl Rules {
    /// The names with what is set for each.
    pub(super) fn into_settings(self) -> impl Iterator<Item = (At<String>, At<Any>)> {
        let entries = self.0.0.into_iter();
        entries.map(|(name, Setting(value))| (name, value))
    }
}

/// Stands for the levels of overrides, which the catalogue names.
struct Levels;

impl JsonSchema for Levels {
    fn schema_name() -> Cow<'static, str> {
        "Levels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
