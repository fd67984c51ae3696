//! What a database of PostgreSQL holds, as `pg_catalog` would tell it: schemas, relations with their
//! columns, and enums. Migrations leave one behind, and a Prisma schema declares one.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::keywords::is_refused_unquoted;
use crate::source::{Place, Placed};

/// The content of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The schemas by name, `public` included where anything stands in it.
    pub schemas: BTreeMap<String, Schema>,
    /// What may be otherwise than it says here, because a statement may or may not have run.
    pub doubts: BTreeSet<Doubt>,
    /// Whether statements whose text does not tell what they change may have changed anything.
    pub is_open: bool,
    /// Tables that are partitions of others or inherit from them, by schema and name.
    pub heirs: BTreeSet<(String, String)>,
}

/// A relation, an enum or a column of which the text does not tell whether it is there, or that it is so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doubt {
    /// Its schema.
    pub schema: String,
    /// The relation or enum.
    pub name: String,
    /// The column, where the relation itself is certain.
    pub column: Option<String>,
}

/// A schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Where it is created; `None` for one that is there by itself.
    pub place: Option<Place>,
    /// Tables, views and their kin by name; they share one namespace.
    pub relations: BTreeMap<String, Relation>,
    /// Enums by name.
    pub enums: BTreeMap<String, Enum>,
}

/// What a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationKind {
    /// A table, partitioned or not.
    Table,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// Its name where it is defined, or was last renamed.
    pub place: Place,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// Whether these are all its columns; those of a view over something unknown are not known.
    pub is_complete: bool,
}

impl Relation {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the database.
    pub name: String,
    /// Its name where it is defined, or was last renamed.
    pub place: Place,
    /// Its type as PostgreSQL's `format_type` prints it, without what an extension or a schema outside of
    /// the text decides; `None` where the text does not tell.
    pub type_name: Option<String>,
    /// Whether it takes null; `None` where the text does not tell.
    pub is_nullable: Option<bool>,
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// Its name where it is defined, or was last renamed.
    pub place: Place,
    /// Its values in order.
    pub values: Vec<Placed<String>>,
}

impl Catalog {
    /// Whether a relation or an enum, or a column of it, is in doubt.
    pub fn is_doubtful(&self, schema: &str, name: &str, column: Option<&str>) -> bool {
        let doubt = |column: Option<&str>| Doubt {
            schema: schema.to_owned(),
            name: name.to_owned(),
            column: column.map(str::to_owned),
        };
        self.doubts.contains(&doubt(None))
            || column.is_some() && self.doubts.contains(&doubt(column))
    }

    /// A relation by its schema and name.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.schemas.get(schema)?.relations.get(name)
    }

    /// Every relation with its schema and name, sorted.
    pub fn relations(&self) -> impl Iterator<Item = (&str, &str, &Relation)> {
        self.schemas.iter().flat_map(|(schema, content)| {
            let relations = content.relations.iter();
            relations.map(move |(name, relation)| (schema.as_str(), name.as_str(), relation))
        })
    }

    /// Every enum with its schema and name, sorted.
    pub fn enums(&self) -> impl Iterator<Item = (&str, &str, &Enum)> {
        self.schemas.iter().flat_map(|(schema, content)| {
            let enums = content.enums.iter();
            enums.map(move |(name, found)| (schema.as_str(), name.as_str(), found))
        })
    }
}

/// The name of a type of one's own as `format_type` prints it: in quotes where it must stand in some, with
/// its schema where unqualified names do not find it.
pub fn type_name(schema: &str, name: &str, default_schema: &str) -> String {
    let name = quoted(name);
    if schema == default_schema || schema == "pg_catalog" {
        name
    } else {
        format!("{}.{name}", quoted(schema))
    }
}

/// A name as `quote_ident` writes it.
pub fn quoted(name: &str) -> String {
    let is_of_name =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let begins_well = !name.starts_with(|first: char| first.is_ascii_digit());
    let is_plain = !name.is_empty()
        && begins_well
        && name.chars().all(is_of_name)
        && !is_refused_unquoted(name);
    if is_plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
