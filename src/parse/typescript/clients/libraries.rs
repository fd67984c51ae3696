//! Libraries that open databases of PostgreSQL, and where each of them is told which.

use std::rc::Rc;

use super::super::value::{Foreign, Object, Shape, Value};

/// How a library is told what to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    /// By options of Prisma's client. Its adapters are libraries of their own.
    Prisma,
    /// By a connection string or by options, for PostgreSQL alone.
    Postgres,
    /// The same, for other databases as well.
    Any,
}

impl Library {
    /// The library that something belongs to which opens a client when it is called, or when that method of
    /// it is.
    pub(super) fn of(opened: &Foreign, method: Option<&str>) -> Option<Self> {
        let Foreign { package, name } = opened;
        let is_factory = matches!(method, Some("forRoot" | "forRootAsync"));
        Some(match (package.as_str(), name.as_str(), method) {
            (_, "PrismaClient", None) => Library::Prisma,
            ("@prisma/adapter-pg", "PrismaPg" | "PrismaPgAdapterFactory", None)
            | ("@prisma/adapter-neon", "PrismaNeon" | "PrismaNeonHTTP" | "PrismaNeonHttp", None)
            | ("@prisma/adapter-ppg", "PrismaPostgresAdapter", None)
            | ("pg", "Pool" | "Client", None)
            | ("pg-pool", "default", None)
            | ("pg-boss", "default" | "PgBoss", None)
            | ("pg-promise", "made", None)
            | ("postgres", "default", None)
            | ("@neondatabase/serverless", "Pool" | "Client" | "neon", None)
            | ("@vercel/postgres", "createPool" | "createClient", None)
            | ("slonik", "createPool", None)
            | ("@mikro-orm/postgresql", "defineConfig", None)
            | ("@mikro-orm/postgresql", "MikroORM", Some("init" | "initSync")) => Library::Postgres,
            ("knex", "default" | "knex" | "Knex", None)
            | ("typeorm", "DataSource" | "createConnection", None)
            | ("sequelize" | "sequelize-typescript", "Sequelize" | "default", None)
            | ("@mikro-orm/core", "MikroORM", Some("init" | "initSync")) => Library::Any,
            ("@nestjs/typeorm", "TypeOrmModule", _)
            | ("@nestjs/sequelize", "SequelizeModule", _)
            | ("@mikro-orm/nestjs", "MikroOrmModule", _)
            | ("nest-knexjs", "KnexModule", _)
                if is_factory =>
            {
                Library::Any
            }
            (drizzle, "drizzle", None) if drizzle_driver(drizzle) => Library::Postgres,
            _ => return None,
        })
    }
}

/// Whether a package is Drizzle's way to PostgreSQL.
fn drizzle_driver(package: &str) -> bool {
    const DRIVERS: [&str; 6] = [
        "neon-http",
        "neon-serverless",
        "node-postgres",
        "postgres-js",
        "vercel-postgres",
        "xata-http",
    ];
    let driver = package.strip_prefix("drizzle-orm/");
    driver.is_some_and(|driver| DRIVERS.contains(&driver))
}

/// Options that hold a connection string, or further options with one.
const URLS: [&str; 7] = [
    "connectionString",
    "url",
    "uri",
    "clientUrl",
    "connection",
    "config",
    "useFactory",
];

/// Options that hold the name of a database.
const DATABASES: [&str; 2] = ["database", "dbName"];

/// Options that say which kind of database is meant.
const KINDS: [&str; 3] = ["type", "dialect", "client"];

/// The names of PostgreSQL in such options.
const POSTGRES: [&str; 8] = [
    "aurora-postgres",
    "cockroach",
    "cockroachdb",
    "pg",
    "pg-native",
    "pgnative",
    "postgres",
    "postgresql",
];

/// The connection string and the name of the database that a client is given; nothing where it is none of
/// PostgreSQL's.
pub(super) fn connection_of(
    library: Library,
    arguments: &[Option<Rc<Shape>>],
) -> Option<(Option<Value>, Option<Value>)> {
    let argument = |number: usize| arguments.get(number)?.as_deref();
    let kinds = arguments.iter().flatten().filter_map(|shape| kind(shape));
    let is_postgres = kinds.map(|kind| POSTGRES.contains(&kind.as_str())).last();
    if library == Library::Any && is_postgres == Some(false) {
        return None;
    }
    let (url, database) = match argument(0) {
        Some(Shape::Object(options)) if library == Library::Prisma => (of_prisma(options), None),
        Some(Shape::Object(options)) => (
            option(options, &URLS, &URLS),
            option(options, &URLS, &DATABASES),
        ),
        Some(Shape::Value(value)) if library == Library::Prisma => (Some(value.clone()), None),
        // `new Sequelize("database", "user", "password", { … })`
        Some(Shape::Value(value)) if arguments.len() > 2 && library == Library::Any => {
            (None, Some(value.clone()))
        }
        Some(Shape::Value(value)) => (Some(value.clone()), None),
        None => (None, None),
    };
    let is_certain = library != Library::Any || is_postgres.is_some();
    Some((url, database.filter(|_| is_certain)))
}

/// The kind of database that options name.
fn kind(options: &Shape) -> Option<String> {
    let Shape::Object(options) = options else {
        return None;
    };
    let named = KINDS.iter().find_map(|name| match &*options.get(name)? {
        Shape::Value(Value::Literal(text)) => Some(text.value.clone()),
        _ => None,
    });
    let further = || {
        let mut further = URLS.iter().filter_map(|name| options.get(name));
        further.find_map(|options| kind(&options))
    };
    named.or_else(further)
}

/// `datasourceUrl`, `datasources.db.url`.
fn of_prisma(options: &Object) -> Option<Value> {
    if let Some(url) = options.get("datasourceUrl") {
        return as_value(&url);
    }
    if let Some(adapter) = options.get("adapter") {
        // The adapter is told.
        return as_value(&adapter);
    }
    let sources = options.get("datasources")?;
    let Shape::Object(sources) = &*sources else {
        return as_value(&sources);
    };
    sources.values().find_map(|source| match source {
        Shape::Object(source) => as_value(&*source.get("url")?),
        Shape::Value(value) => Some(value.clone()),
    })
}

/// The first of these options, in the options themselves or in those that they hold under one of `inside`.
fn option(options: &Object, inside: &[&str], names: &[&str]) -> Option<Value> {
    let own = names.iter().find_map(|name| match &*options.get(name)? {
        Shape::Value(value) => Some(value.clone()),
        Shape::Object(_) => None,
    });
    own.or_else(|| {
        let mut further = inside.iter().filter_map(|name| options.get(name));
        further.find_map(|further| match &*further {
            Shape::Object(further) => option(further, inside, names),
            Shape::Value(_) => None,
        })
    })
}

fn as_value(shape: &Shape) -> Option<Value> {
    match shape {
        Shape::Value(value) => Some(value.clone()),
        Shape::Object(_) => None,
    }
}
