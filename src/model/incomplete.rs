//! What a registry entry lacks, and what it says in the wrong type.

use crate::model::product::Product;
use crate::model::registry::{Environment, Field, List};
use crate::model::service::Service;
use crate::model::value::Origin;

/// A value of the wrong type.
pub struct WrongType<'a> {
    /// The field.
    pub field: &'static str,
    /// What has the value: "`port`", "an item of `routes`".
    pub what: String,
    /// Where the value came from.
    pub origin: &'a Origin,
    /// What it is.
    pub found: &'static str,
    /// What it should be.
    pub expected: &'static str,
    /// What to write, for instance.
    pub example: String,
}

impl Service {
    /// The fields that it must have and has not, each with what to write.
    pub fn missing_fields(&self, product: &Product) -> Vec<(&'static str, String)> {
        let entry = &self.entry;
        let mut missing = Vec::new();
        if entry.database.is_absent() {
            let write = match product.free_derived_database(self) {
                Some(name) => format!("`database: \"{name}\"` (`\"\"` if it stores nothing)"),
                None => "`database: \"…\"` (`\"\"` if it stores nothing)".to_owned(),
            };
            missing.push(("database", write));
        }
        if entry.port.is_absent() {
            let write = match product.ports().last() {
                Some(&last) => {
                    let free = product.free_port_above(last);
                    format!("`port: {free}` or another free one")
                }
                None => "`port: …`".to_owned(),
            };
            missing.push(("port", write));
        }
        if entry.dockerfile.is_absent() {
            let write = "`dockerfile: \"…\"`, its path from the root of the monorepo";
            missing.push(("dockerfile", write.to_owned()));
        }
        missing
    }

    /// The values of its fields that are of the wrong type.
    pub fn wrong_types(&self) -> Vec<WrongType<'_>> {
        let entry = &self.entry;
        let database = format!(
            "`\"{}\"`, or `\"\"` if it stores nothing",
            self.derived_database()
        );
        let hostname = format!("`\"{}\"`", self.key());
        let (string, strings) = ("a string", "a list of strings");
        let (list, record) = ("`[\"…\"]`", "`{ NAME: \"…\" }`");
        let number = "a whole number from 1 to 65535";
        let path = "its path from the root of the monorepo, in quotes";
        let layer = "`\"platform\"`, `\"shared\"` or `\"domain\"`";
        let mut wrongs = Wrongs::default();
        wrongs.field("database", &entry.database, string, &database);
        wrongs.field("port", &entry.port, number, number);
        wrongs.field("dockerfile", &entry.dockerfile, string, path);
        wrongs.field("hostname", &entry.hostname, string, &hostname);
        wrongs.field("layer", &entry.layer, string, layer);
        wrongs.field("routes", &entry.routes, strings, list);
        wrongs.field("extraEnv", &entry.extra_env, "a record of strings", record);
        wrongs.field("dependsOn", &entry.depends_on, strings, list);
        wrongs.field("needsRedis", &entry.needs_redis, "a boolean", "`true`");
        wrongs.items("routes", entry.routes.known(), "the route in quotes");
        wrongs.items("dependsOn", entry.depends_on.known(), "the key in quotes");
        wrongs.variables("extraEnv", entry.extra_env.known());
        wrongs.0
    }
}

#[derive(Default)]
struct Wrongs<'a>(Vec<WrongType<'a>>);

impl<'a> Wrongs<'a> {
    fn field<T>(
        &mut self,
        name: &'static str,
        field: &'a Field<T>,
        expected: &'static str,
        example: &str,
    ) {
        self.value(name, format!("`{name}`"), field, expected, example);
    }

    fn value<T>(
        &mut self,
        field: &'static str,
        what: String,
        value: &'a Field<T>,
        expected: &'static str,
        example: &str,
    ) {
        if let Field::WrongType { origin, found } = value {
            self.0.push(WrongType {
                field,
                what,
                origin,
                found,
                expected,
                example: example.to_owned(),
            });
        }
    }

    fn items(&mut self, name: &'static str, list: Option<&'a List>, example: &str) {
        for item in list.into_iter().flat_map(|list| &list.items) {
            let what = format!("an item of `{name}`");
            self.value(name, what, item, "a string", example);
        }
    }

    fn variables(&mut self, name: &'static str, variables: Option<&'a Environment>) {
        for variable in variables.into_iter().flat_map(|it| &it.variables) {
            let what = format!("`{}` in `{name}`", variable.name.value);
            self.value(
                name,
                what,
                &variable.value,
                "a string",
                "its value in quotes",
            );
        }
    }
}
