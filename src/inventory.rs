//! What a workspace consists of, as plain data for other programs: services, databases, tables, who connects
//! to what, and what of all this was not understood.
//!
//! The comments on these types are the descriptions in `docs/schema/inspect.schema.json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::source::{self, Sources};

/// Everything that is known of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Inventory {
    /// The products that have a service registry, by path.
    pub products: Vec<Product>,
    /// What Docker Compose runs, by the paths of the files.
    pub stacks: Vec<Stack>,
    /// The services: those of registries in their order, then those that are inferred.
    pub services: Vec<Service>,
    /// The databases, by product, else by folder and server, and by name. Those that only `.env` files name come
    /// last.
    pub databases: Vec<Database>,
    /// What keeps tables: Prisma schemas with their migrations by path, then migrations without a schema.
    pub holdings: Vec<Holding>,
    /// The tables that SQL files name, by path and line.
    pub references: Vec<Reference>,
    /// The connection strings of databases and other servers: those of stacks first, then those of registries,
    /// of other files, of Prisma schemas and of start scripts.
    pub connections: Vec<Connection>,
    /// The calls of services to each other, by caller.
    pub calls: Vec<Call>,
    /// What was not understood or not judged: nothing can be concluded from the absence of that.
    pub not_understood: NotUnderstood,
}

/// A range of text. Lines and columns start at 1; columns count Unicode code points; the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename = "Place")]
pub struct Range {
    /// The file, from the workspace root, with `/` on every system.
    pub path: String,
    /// The line of the first character.
    pub line: u32,
    /// The column of the first character.
    pub column: u32,
    /// The line of the first character behind it.
    pub end_line: u32,
    /// The column of the first character behind it.
    pub end_column: u32,
}

impl Range {
    /// A place, as people count.
    pub fn of(sources: &Sources, place: source::Place) -> Self {
        let file = sources.file(place.file);
        let start = file.position(place.span.start);
        let end = file.position(place.span.end);
        Self {
            path: file.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// Whose something is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Owner {
    /// The product's path from the workspace root, `.` for the root itself; `null` for what no registry names.
    pub product: Option<String>,
    /// The service's name; `null` for what the product has as a whole.
    pub service: Option<String>,
}

/// A service registry and what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Product {
    /// Its path from the workspace root; `.` for the root itself.
    pub name: String,
    /// The path of its registry.
    pub registry: String,
    /// The name of the constant that holds the registry.
    pub place: Range,
    /// The compose files of its development set, the base first; empty where none is known.
    pub development: Vec<String>,
    /// The script that creates its databases, where it has one.
    pub init_sql: Option<String>,
}

/// What Docker Compose would run from one file and its override, or from files that are named together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stack {
    /// The files, the base first. The first one is the stack's name elsewhere in this document.
    pub files: Vec<String>,
    /// The product that it belongs to; `null` for none.
    pub product: Option<String>,
    /// Whether it is that product's development set.
    pub is_development: bool,
    /// Its containers, in the order of the files.
    pub containers: Vec<Container>,
}

/// One entry of `services` in a compose file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Container {
    /// Its key.
    pub name: String,
    /// The key.
    pub place: Range,
    /// The service that it is, or whose tool it is; `null` for a server or a stranger.
    pub service: Option<Owner>,
    /// The image that is run, as far as it is known; `null` for one that is built.
    pub image: Option<String>,
    /// Whether it runs a PostgreSQL server.
    pub is_postgres: bool,
}

/// How a service is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// A registry names it.
    Registered,
    /// What containers run and what holds a Prisma schema shows it, or the config names it.
    Inferred,
}

/// A service: what owns data, however many containers it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Service {
    /// The product's path; `null` without a registry.
    pub product: Option<String>,
    /// Its name: the key of its entry, or what it is inferred from.
    pub name: String,
    /// How it is known.
    pub known: Known,
    /// The key of its entry; `null` without a registry.
    pub place: Option<Range>,
    /// The folder of its module, from the workspace root; `null` where that is not known.
    pub module: Option<String>,
    /// The name that it answers to in the network, where the registry says it.
    pub hostname: Option<String>,
    /// The port that it listens on, where the registry says it.
    pub port: Option<u16>,
    /// Its layer, where the registry says it.
    pub layer: Option<String>,
    /// The paths that lead to it from outside, where the registry says them.
    pub routes: Vec<String>,
    /// The services that it waits for, where the registry says them.
    pub depends_on: Vec<String>,
    /// Whether it is known to have no database.
    pub is_stateless: bool,
    /// The databases that it owns, as far as they are known. A service that is not stateless and has none
    /// here owns one that is not known.
    pub databases: Vec<String>,
    /// The variables that its connection string may stand in.
    pub variables: Vec<String>,
    /// Its containers, by stack.
    pub containers: Vec<ContainerName>,
}

/// A container of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ContainerName {
    /// The first file of the stack.
    pub stack: String,
    /// The container's key.
    pub name: String,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The product in which it goes by that name; `null` without a registry.
    pub product: Option<String>,
    /// The folder of the stacks that use it, from the workspace root, `.` for the root itself; `null` where
    /// the product tells, and where no stack uses it.
    pub folder: Option<String>,
    /// The servers that it is reached at: keys of containers, or hosts. Empty where that is not known.
    pub servers: Vec<String>,
    /// The services that own it. None where that is not known, several where they share it.
    pub owners: Vec<Owner>,
    /// Where it is said to exist, by path and line. Connections are listed apart.
    pub said: Vec<Said>,
}

/// A place that says that a database exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Said {
    /// In what it is said.
    pub by: Sayer,
    /// Where; `null` for the config.
    pub place: Option<Range>,
}

/// What says that a database exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sayer {
    /// `database` of a registry entry.
    Registry,
    /// `database` of a service in `dbfence.yaml`.
    Config,
    /// `CREATE DATABASE` in a script that a server runs on first start.
    CreateDatabase,
    /// `GRANT … ON DATABASE` in the product's init SQL.
    Grant,
    /// `POSTGRES_DB` of a server.
    PostgresDb,
}

/// What keeps the tables of one database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Holding {
    /// The folder that it belongs to, from the workspace root, `.` for the root itself: a module's, else its
    /// package's.
    pub folder: String,
    /// The services whose tables these are. None where no service is known.
    pub owners: Vec<Owner>,
    /// The files of the Prisma schema; empty without one.
    pub schema_files: Vec<String>,
    /// The name of the schema's datasource; `null` without one.
    pub datasource: Option<Range>,
    /// Whether some of the schema could not be read: then nothing is certainly missing in `declared`.
    pub is_open: bool,
    /// The folder of the migrations, from the workspace root; `null` without any.
    pub migrations_folder: Option<String>,
    /// The migrations in the order in which they are applied.
    pub migrations: Vec<String>,
    /// The schema in which unqualified names stand at first.
    pub default_schema: String,
    /// Whether its database is PostgreSQL's, as far as that is known. Nothing else is replayed.
    pub is_postgres: bool,
    /// What the Prisma schema says that the database holds; `null` without one.
    pub declared: Option<Catalog>,
    /// What the migrations leave behind when they are applied in their order to an empty database; `null`
    /// without any, and where the database is not PostgreSQL's.
    pub replayed: Option<Catalog>,
}

/// The content of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Catalog {
    /// The schemas, by name.
    pub schemas: Vec<Schema>,
}

/// A schema of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Where it is created; `null` for one that is there by itself.
    pub place: Option<Range>,
    /// Tables, views and their kin, by name.
    pub relations: Vec<Relation>,
    /// Enums, by name.
    pub enums: Vec<Enum>,
}

/// What a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// A table or a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Relation {
    /// Its name in the database.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// Its name where it is defined, or was last renamed.
    pub place: Range,
    /// Its columns in the order of the database.
    pub columns: Vec<Column>,
    /// Whether these are all its columns. Those of a view over something unknown are not known.
    pub is_complete: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Column {
    /// Its name in the database.
    pub name: String,
    /// Its type as PostgreSQL's `format_type` prints it; `null` where the text does not tell.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Whether it takes null; `null` where the text does not tell.
    pub is_nullable: Option<bool>,
    /// Its name where it is defined, or was last renamed.
    pub place: Range,
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Enum {
    /// Its name in the database.
    pub name: String,
    /// Its name where it is defined, or was last renamed.
    pub place: Range,
    /// Its values in the order of the database.
    pub values: Vec<String>,
}

/// What a statement does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It reads rows.
    Reads,
    /// It writes rows.
    Writes,
    /// It creates the table.
    Defines,
    /// It changes the table, or something that hangs on it.
    Alters,
    /// It drops the table.
    Drops,
    /// It refers to the table, as a foreign key does.
    References,
}

/// A table that a statement names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reference {
    /// The services in whose module the file stands; none where that is nobody's.
    pub owners: Vec<Owner>,
    /// The database, where it is written.
    pub database: Option<String>,
    /// The schema, where it is written.
    pub schema: Option<String>,
    /// The table, as PostgreSQL stores names.
    pub table: String,
    /// What the statement does with it.
    pub access: Access,
    /// The name with its qualifiers.
    pub place: Range,
}

/// What something is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// The environment of a container, wherever its value comes from.
    Compose,
    /// `extraEnv` of a registry entry.
    Registry,
    /// A `.env` file.
    EnvFile,
    /// An example of one.
    EnvExample,
    /// A Dockerfile.
    Dockerfile,
    /// A script of a `package.json`.
    Package,
    /// A shell script that a container starts with.
    Entrypoint,
    /// Any other shell script of a module.
    Script,
    /// A Kubernetes manifest or Helm values.
    Deployment,
    /// A Prisma schema.
    PrismaSchema,
    /// A Prisma config.
    PrismaConfig,
    /// A start script of a product.
    StartScript,
}

/// A connection string, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Connection {
    /// Whose it is. Several where they share the text; none where that is not known.
    pub owners: Vec<Owner>,
    /// The container whose environment holds it; `null` elsewhere.
    pub container: Option<ContainerName>,
    /// What it is written in.
    pub holder: Holder,
    /// The variable that holds it; `null` for one that is handed to a program as it is.
    pub variable: Option<String>,
    /// Where it leads; `null` where the variable is passed on from outside, and where the text cannot be
    /// taken apart.
    pub target: Option<Target>,
    /// The value, as the holder writes it; the variable's name where it has none.
    pub place: Range,
}

/// Where a connection string leads. What stands for a variable without a value is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Target {
    /// The whole connection string with `<password>` and `<secret>` in place of what nobody should read.
    pub url: String,
    /// The scheme, such as `postgresql` or `redis`.
    pub scheme: String,
    /// The host; `null` for none, for several, and where it is not known.
    pub host: Option<String>,
    /// The port; `null` for none and where it is not known.
    pub port: Option<String>,
    /// The container of the same stack that answers to the host; `null` where none does.
    pub server: Option<String>,
    /// The user; `null` for none and where it is not known.
    pub user: Option<String>,
    /// The database; `null` for none and where it is not known.
    pub database: Option<String>,
    /// The schema of `?schema=`; `null` for none.
    pub schema: Option<String>,
    /// The database's name where it is written.
    pub database_place: Option<Range>,
}

/// A call of one service to another, by the URL that a variable holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Call {
    /// Who calls.
    pub from: Owner,
    /// Who is called.
    pub to: Owner,
    /// The variable that holds the URL.
    pub variable: String,
    /// Where that is said, by path and line.
    pub said: Vec<SaidCall>,
}

/// A place that holds the URL of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SaidCall {
    /// What it is written in.
    pub holder: Holder,
    /// The host in the URL.
    pub place: Range,
}

/// What was not understood or not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotUnderstood {
    /// Parts of files that could not be read, by path and line.
    pub problems: Vec<Problem>,
    /// What was passed over, one entry a reason.
    pub gaps: Vec<Gap>,
    /// What leaves the services of a product or a stack open, so that nothing may be called missing there.
    pub open: Vec<Open>,
    /// Rules that rest, and why.
    pub inactive_rules: Vec<InactiveRule>,
}

/// A part of a file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
    /// Where.
    pub place: Range,
}

/// Something that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gap {
    /// What it is and why, as a sentence without a final stop.
    pub reason: String,
    /// Where.
    pub places: Vec<Spot>,
}

/// A place in a file, or a file or folder as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Spot {
    /// The path from the workspace root.
    pub path: String,
    /// Where in the file; `null` for the whole.
    pub place: Option<Range>,
}

/// Something that leaves a product or a stack open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Open {
    /// The product's path; `null` for a stack of no product.
    pub product: Option<String>,
    /// The first file of the stack; `null` for a product's registry.
    pub stack: Option<String>,
    /// Why, as a sentence without a final stop.
    pub reason: String,
    /// The text that leaves it open.
    pub place: Range,
}

/// A rule that could not judge a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InactiveRule {
    /// The rule.
    pub rule: String,
    /// The product, by its path; `null` where no product has a registry.
    pub product: Option<String>,
    /// Why, as a sentence without a final stop.
    pub reason: String,
}
