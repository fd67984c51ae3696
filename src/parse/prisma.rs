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
    /// Every `@@` attribute, as written (`@@id([a, b])`), without comments.
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
    /// Attributes, as written from their `@` on (`@id`, `@default(now())`, `@db.Uuid`), without comments.
    pub attributes: Vec<At<String>>,
}

impl Field {
    /// The name of its column in the database: `@map`, else the field's name.
    pub fn column(&self) -> &At<String> {
        self.mapped.as_ref().unwrap_or(&self.name)
    }

    /// Whether the Prisma client leaves it out: `@ignore`.
    pub fn is_ignored(&self) -> bool {
        self.attribute("ignore").is_some()
    }

    /// What stands between the parentheses of the attribute of that name (`default` for `@default(1)`);
    /// empty without any.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let written = self.attributes.iter();
        let mut written = written.map(|attribute| taken_apart(&attribute.value));
        written.find(|(own, _)| *own == name).map(|(_, it)| it)
    }

    /// The type that the column has in the database by the field's own word, with its arguments:
    /// `VarChar` and `191` of `@db.VarChar(191)`, whatever the name of the datasource.
    pub fn native_type(&self) -> Option<(&str, &str)> {
        let written = self.attributes.iter();
        written
            .map(|attribute| taken_apart(&attribute.value))
            .find_map(|(name, arguments)| Some((name.split_once('.')?.1, arguments)))
    }

    /// The name of the relation that the field is a side of, where it says one: `@relation("Name")`,
    /// `@relation(name: "Name")`.
    pub fn relation_name(&self) -> Option<String> {
        let arguments = self.attribute("relation")?.trim_start();
        let unlabelled = arguments.strip_prefix('"');
        let labelled = || {
            let starts = arguments.match_indices("name");
            starts.filter_map(|(at, word)| {
                let before = arguments[..at].trim_end();
                let begins = before.is_empty() || before.ends_with(',');
                let rest = arguments[at + word.len()..].trim_start();
                let rest = rest.strip_prefix(':').filter(|_| begins)?;
                rest.trim_start().strip_prefix('"')
            })
        };
        let text = unlabelled.or_else(|| labelled().next())?;
        Some(text.split('"').next().unwrap_or_default().to_owned())
    }
}

/// The name of an attribute, and what stands between its parentheses.
fn taken_apart(attribute: &str) -> (&str, &str) {
    let attribute = attribute.trim_start_matches('@');
    let (name, rest) = attribute.split_once('(').unwrap_or((attribute, ""));
    (name.trim(), rest.strip_suffix(')').unwrap_or(rest).trim())
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

impl Enum {
    /// The name of its type in the database: `@@map`, else its own.
    pub fn type_name(&self) -> &At<String> {
        self.mapped.as_ref().unwrap_or(&self.name)
    }
}

/// Reads one `.prisma` file.
pub fn parse(text: &str) -> Parsed<PrismaFile> {
    read::file(text)
}

#[cfg(test)]
mod tests;
