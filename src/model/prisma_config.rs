//! What a `prisma.config.ts` says about its module.

use crate::model::evaluate::Scripts;
use crate::model::registry::Field;
use crate::model::value::Text;
use crate::source::{FileId, Place, Placed};

/// What one Prisma config says.
#[derive(Clone, Debug, PartialEq)]
pub struct PrismaConfig {
    /// `schema`: a file or a folder, relative to the config's folder.
    pub schema: Field<Text>,
    /// `migrations.path`, relative to the config's folder.
    pub migrations_path: Field<Text>,
    /// `datasource.url`.
    pub datasource_url: Option<UrlSource>,
    /// `datasource.directUrl`.
    pub direct_url: Option<UrlSource>,
    /// `datasource.shadowDatabaseUrl`.
    pub shadow_database_url: Option<UrlSource>,
}

/// Where a connection string comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlSource {
    /// The whole value in the config; strings without their quotes.
    pub place: Place,
    /// What is asked first.
    pub first: Source,
    /// What `??` and `||` ask next, in their order.
    pub fallbacks: Vec<Source>,
}

/// One place to take a connection string from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// An environment variable: `env("X")`, `process.env.X`.
    Env {
        /// Its name.
        name: Placed<String>,
    },
    /// A known string.
    Literal(Text),
    /// Something that cannot be known, at this place.
    Unknown(Place),
}

/// Reads the default export of `file`: `defineConfig({ … })` or an object.
pub fn prisma_config(scripts: &Scripts<'_>, file: FileId) -> PrismaConfig {
    let _ = (scripts, file);
    PrismaConfig {
        schema: Field::Absent,
        migrations_path: Field::Absent,
        datasource_url: None,
        direct_url: None,
        shadow_database_url: None,
    }
}
