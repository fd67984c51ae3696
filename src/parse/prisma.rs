//! Prisma schema files (Prisma Schema Language, as of Prisma 7): what one file says.

mod read;
mod tokens;

use crate::parse::Parsed;
use crate::source::{At, Span};

/// What one `.prisma` file says.
#[derive(Debug, Default)]
pub struct PrismaFile {
    /// `datasource` blocks.
    pub datasources: Vec<Datasource>,
    /// `generator` blocks.
    pub generators: Vec<Generator>,
    /// `model` and `view` blocks.
    pub models: Vec<Model>,
    /// `enum` blocks.
    pub enums: Vec<Enum>,
    /// Names of `type` blocks (composite types).
    pub types: Vec<At<String>>,
    /// Keywords of blocks of other kinds, which are passed over: what they declare is not known.
    pub other_blocks: Vec<At<String>>,
}

/// The right-hand side of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `"…"`: content without quotes.
    Literal(At<String>),
    /// `env("NAME")`: the name without quotes.
    Env(At<String>),
    /// `["a", "b"]` of literals.
    List(Vec<At<String>>),
    /// Anything else, by its span.
    Other(Span),
}

/// A `datasource` block.
#[derive(Debug, Default)]
pub struct Datasource {
    /// The block's name (`db`).
    pub name: At<String>,
    /// `provider`.
    pub provider: Option<Value>,
    /// `url`.
    pub url: Option<Value>,
    /// `directUrl`.
    pub direct_url: Option<Value>,
    /// `shadowDatabaseUrl`.
    pub shadow_database_url: Option<Value>,
    /// `schemas` (multiSchema).
    pub schemas: Option<Value>,
}

/// A `generator` block.
#[derive(Debug, Default)]
pub struct Generator {
    /// The block's name (`client`).
    pub name: At<String>,
    /// `provider`.
    pub provider: Option<Value>,
    /// `output`, relative to the schema file.
    pub output: Option<Value>,
    /// `previewFeatures`.
    pub preview_features: Option<Value>,
}

/// A `model` or `view` block.
#[derive(Debug, Default)]
pub struct Model {
    /// The name in the Prisma client.
    pub name: At<String>,
    /// Whether the block is a `view`.
    pub is_view: bool,
    /// `@@map("…")`.
    pub mapped: Option<At<String>>,
    /// `@@schema("…")`.
    pub schema: Option<At<String>>,
    /// `@@ignore`.
    pub ignored: bool,
    /// The fields, relations included.
    pub fields: Vec<Field>,
    /// Every `@@` attribute, as written (`@@id([a, b])`).
    pub attributes: Vec<At<String>>,
}

impl Model {
    /// The name of its table or view in the database: `@@map`, else the model's name.
    pub fn table(&self) -> &At<String> {
        self.mapped.as_ref().unwrap_or(&self.name)
    }
}

/// A field of a model.
#[derive(Debug, Default)]
pub struct Field {
    /// The name in the Prisma client.
    pub name: At<String>,
    /// The type's name (`String`, `Order`); for `Unsupported("…")` the text in the quotes.
    pub type_name: At<String>,
    /// Whether the type is written `Unsupported("…")`.
    pub unsupported: bool,
    /// `?`.
    pub optional: bool,
    /// `[]`.
    pub list: bool,
    /// `@map("…")`.
    pub mapped: Option<At<String>>,
    /// Attributes, as written from their `@` on (`@id`, `@default(now())`, `@db.Uuid`).
    pub attributes: Vec<At<String>>,
}

impl Field {
    /// The name of its column in the database: `@map`, else the field's name.
    pub fn column(&self) -> &At<String> {
        self.mapped.as_ref().unwrap_or(&self.name)
    }

    /// Whether the Prisma client leaves it out: `@ignore`.
    pub fn is_ignored(&self) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.value == "@ignore")
    }
}

/// An `enum` block.
#[derive(Debug, Default)]
pub struct Enum {
    /// The name in the Prisma client.
    pub name: At<String>,
    /// `@@map("…")`.
    pub mapped: Option<At<String>>,
    /// `@@schema("…")`.
    pub schema: Option<At<String>>,
    /// The values, each with its `@map("…")`.
    pub values: Vec<(At<String>, Option<At<String>>)>,
}

/// Reads one `.prisma` file.
pub fn parse(text: &str) -> Parsed<PrismaFile> {
    read::file(text)
}

#[cfg(test)]
mod tests;
