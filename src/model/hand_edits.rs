//! What shows that a hand was at a generated init SQL.

use crate::model::init_sql::{InitSql, Other};
use crate::model::product::{Generator, Product};
use crate::model::{Workspace, generated};
use crate::source::{Place, file_name};

impl Workspace<'_> {
    /// The comment or the first statement that stands where an init SQL should say that it is generated, and
    /// where its generator writes so. A header is looked for where the generator writes one, or where it is
    /// `demanded`.
    pub fn lost_header(&self, product: &Product, demanded: bool) -> Option<(Place, Option<Place>)> {
        let init = product.init_sql.as_ref()?;
        let generator = product.generator.as_ref();
        let written = generator.and_then(|generator| generator.header_literal);
        let says_so = |place| generated::says_so(self.sources.slice(place));
        let is_expected = demanded || written.is_some();
        if !is_expected || init.header.is_some_and(says_so) {
            return None;
        }
        Some((init.header.or(init.first_statement)?, written))
    }

    /// Statements of a generated init SQL that its generator does not write.
    pub fn foreign_statements<'p>(&'p self, product: &'p Product) -> Vec<&'p Other> {
        let Some(init) = &product.init_sql else {
            return Vec::new();
        };
        let is_generated = self.is_init_sql_generated(product);
        let is_foreign = |other: &&Other| match &product.generator {
            Some(generator) => !generator.writes(&other.words) && !is_harmless(&other.words),
            None => is_generated && is_of_tables(&other.words),
        };
        init.others.iter().filter(is_foreign).collect()
    }

    /// Whether a product's init SQL is a generated file: its name tells so, its header or its generator.
    pub(super) fn is_init_sql_generated(&self, product: &Product) -> bool {
        let has_header = |init: &InitSql| self.has_generated_header(init.file);
        let writes = |generator: &Generator| generator.writes("CREATE DATABASE");
        // The usual name beside a registry is that of the generated file (article 4).
        file_name(&product.init_sql_path) == "init-databases.sql"
            || product.init_sql.as_ref().is_some_and(has_header)
            || product.generator.as_ref().is_some_and(writes)
    }
}

/// Statements that change nothing that outlives the session.
fn is_harmless(words: &str) -> bool {
    ["SET", "SELECT", "RESET", "SHOW"]
        .iter()
        .any(|harmless| words.split(' ').next() == Some(harmless))
}

/// Statements about tables and what is in them, which no script that creates databases holds.
fn is_of_tables(words: &str) -> bool {
    const STARTS: [&str; 9] = [
        "CREATE TABLE",
        "ALTER TABLE",
        "DROP TABLE",
        "CREATE INDEX",
        "CREATE VIEW",
        "INSERT",
        "UPDATE",
        "DELETE",
        "TRUNCATE",
    ];
    STARTS.iter().any(|start| words.starts_with(start))
}
