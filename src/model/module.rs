//! Modules: the folders that services are built from, and what of a database stands in them.

use crate::model::prisma_config::PrismaConfig;
use crate::parse::prisma::{Datasource, PrismaFile};
use crate::source::{FileId, Place, Placed, Seen, Sources, file_name, has_ending, join, parent};

/// A folder that a service is built from.
#[derive(Debug, Default)]
pub struct Module {
    /// The folder, from the workspace root.
    pub folder: String,
    /// `datasource` blocks of its Prisma schema files.
    pub datasources: Vec<PlacedDatasource>,
    /// Its Prisma schema files, sorted by path.
    pub schema_files: Vec<FileId>,
    /// Its `prisma.config.*` files with what they say.
    pub configs: Vec<(FileId, PrismaConfig)>,
    /// The first folder with migrations, from the workspace root.
    pub migrations: Option<String>,
}

/// A `datasource` block and the file it stands in.
#[derive(Debug)]
pub struct PlacedDatasource {
    /// The file.
    pub file: FileId,
    /// The name token of the block.
    pub place: Place,
    /// `provider`, as written and where, if it is a literal.
    pub provider: Option<Placed<String>>,
    /// Whether it says `provider` at all.
    pub has_provider: bool,
    /// `url`.
    pub url: Option<DatasourceUrl>,
    /// The variable that `directUrl` reads.
    pub direct_variable: Option<Placed<String>>,
    /// The variable that `shadowDatabaseUrl` reads.
    pub shadow_variable: Option<Placed<String>>,
}

/// The `url` of a datasource.
#[derive(Debug)]
pub enum DatasourceUrl {
    /// A literal.
    Literal(Placed<String>),
    /// `env("…")`.
    Env(Placed<String>),
}

impl PlacedDatasource {
    fn of(file: FileId, datasource: &Datasource) -> Self {
        use crate::parse::prisma::Value;
        let provider = match &datasource.provider {
            Some(Value::Literal(name)) => Some(name.in_file(file)),
            _ => None,
        };
        let url = match &datasource.url {
            Some(Value::Literal(url)) => Some(DatasourceUrl::Literal(url.in_file(file))),
            Some(Value::Env(name)) => Some(DatasourceUrl::Env(name.in_file(file))),
            _ => None,
        };
        let variable = |value: &Option<Value>| match value {
            Some(Value::Env(name)) => Some(name.in_file(file)),
            _ => None,
        };
        Self {
            file,
            place: datasource.name.span.in_file(file),
            provider,
            has_provider: datasource.provider.is_some(),
            url,
            direct_variable: variable(&datasource.direct_url),
            shadow_variable: variable(&datasource.shadow_database_url),
        }
    }
}

impl Module {
    /// Adds one schema file.
    pub fn add_schema(&mut self, file: FileId, schema: &PrismaFile) {
        self.schema_files.push(file);
        let datasources = schema.datasources.iter();
        self.datasources
            .extend(datasources.map(|datasource| PlacedDatasource::of(file, datasource)));
    }
}

/// The first folder below `folder` that holds SQL migrations: a folder named `migrations` with
/// `<name>/migration.sql` or SQL files in it.
pub fn migrations_folder(sources: &Sources, folder: &str) -> Option<String> {
    sources.below(folder).find_map(|(path, seen)| {
        let folder = parent(path);
        let is_sql = seen == Seen::File && has_ending(path, "sql");
        if !is_sql {
            return None;
        }
        [folder, parent(folder)]
            .into_iter()
            .find(|folder| file_name(folder) == "migrations")
            .map(str::to_owned)
    })
}

/// Whether a schema lies in the output of a generator, which writes a copy beside the client.
pub fn is_generated_copy(sources: &Sources, path: &str) -> bool {
    let client = ["index.js", "index.d.ts", "client.ts", "client.js"];
    client.iter().any(|name| {
        let beside = join(parent(path), name);
        beside.is_some_and(|beside| sources.find_seen(&beside) == Some(Seen::File))
    })
}
