//! Which tables a statement is about, and how SQL reaches another database.

use crate::source::{At, Span};

/// The name of an object with its qualifiers: `table`, `schema.table` or `database.schema.table`. Each part
/// is as PostgreSQL stores it: lower case unless quoted, cut to 63 bytes; spans leave quotes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// From the outermost qualifier to the object's own name; never empty.
    pub parts: Vec<At<String>>,
}

impl ObjectName {
    /// The object's own name.
    pub fn name(&self) -> &At<String> {
        &self.parts[self.parts.len() - 1]
    }

    /// The schema, where it is written.
    pub fn schema(&self) -> Option<&At<String>> {
        self.parts.len().checked_sub(2).map(|at| &self.parts[at])
    }

    /// The database, where it is written.
    pub fn database(&self) -> Option<&At<String>> {
        self.parts.len().checked_sub(3).map(|at| &self.parts[at])
    }

    /// From the first part to the last.
    pub fn span(&self) -> Span {
        self.parts[0].span.cover(self.name().span)
    }
}

/// What a statement does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// `SELECT … FROM`, `JOIN`, `USING`, `COPY … TO`, `TABLE`, a table of a property graph.
    Reads,
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `TRUNCATE`, `COPY … FROM`, `LOCK`, `REFRESH`.
    Writes,
    /// `CREATE TABLE`, `CREATE VIEW`, `SELECT … INTO`, the new name of `RENAME TO`.
    Defines,
    /// `ALTER TABLE`, an index, trigger, rule, policy or comment on it, `GRANT … ON`, a publication of it,
    /// `ATTACH PARTITION`, `VACUUM`, `ANALYZE`, `CLUSTER`, `REINDEX TABLE`.
    Alters,
    /// `DROP TABLE`, `DROP VIEW`.
    Drops,
    /// `REFERENCES` of a foreign key, `LIKE`, `INHERITS`, `PARTITION OF`, `OWNED BY` of a sequence, `%TYPE`,
    /// `%ROWTYPE`, and a name in a literal: `'name'::regclass`, `pg_get_serial_sequence('name', …)`.
    References,
}

/// A table, view or other relation that a statement names: no CTE, no alias, no temporary table, no
/// transition table of a trigger, no function, and no string or comment unless it is executed. System
/// catalogs are among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableReference {
    /// Its name.
    pub name: ObjectName,
    /// What the statement does with it.
    pub access: Access,
    /// Whether the statement makes do without a table of that name: `IF EXISTS`, or a `regclass`, which may
    /// as well be an index or a sequence.
    pub is_optional: bool,
    /// The `search_path` that was set before, in this text or for the function around it; `None` for the
    /// one that the session has. A path that the text does not tell is a schema called U+FFFC.
    pub search_path: Option<Vec<String>>,
}

/// A way in which SQL reaches another database or another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The words that do it (`dblink`, `CREATE SERVER`).
    pub words: At<String>,
    /// The way.
    pub way: Way,
    /// The database that it leads to, where the text tells.
    pub database: Option<At<String>>,
    /// The host that it leads to, where the text tells.
    pub host: Option<At<String>>,
}

/// How SQL reaches another database (PostgreSQL manual, appendix F "dblink", "postgres_fdw"; chapters on
/// `CREATE SUBSCRIPTION` and `IMPORT FOREIGN SCHEMA`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A function of `dblink`.
    Dblink,
    /// `CREATE EXTENSION` of `dblink` or `postgres_fdw` and their kin.
    Extension,
    /// `CREATE SERVER`, `ALTER SERVER`, `CREATE FOREIGN DATA WRAPPER`, `CREATE USER MAPPING`.
    ForeignServer,
    /// `IMPORT FOREIGN SCHEMA`.
    ImportedSchema,
    /// `CREATE FOREIGN TABLE`.
    ForeignTable,
    /// `CREATE SUBSCRIPTION`, `ALTER SUBSCRIPTION … CONNECTION`.
    Subscription,
    /// `\connect`, `\c`.
    Connect,
    /// A connection string in a literal.
    ConnectionString,
}
