//! Libraries that open databases of PostgreSQL, and where each of them is told which.

use std::rc::Rc;

use super::super::names::{Foreign, Object, Shape};
use super::super::value::Value;

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

/// What opens a client when it is called or made with `new`, by its package; `default` is the package itself.
const CLIENTS: [(&str, &[&str], Library); 16] = [
    (
        "@mikro-orm/postgresql",
        &["defineConfig"],
        Library::Postgres,
    ),
    (
        "@neondatabase/serverless",
        &["Pool", "Client", "neon"],
        Library::Postgres,
    ),
    (
        "@prisma/adapter-neon",
        &["PrismaNeon", "PrismaNeonHTTP", "PrismaNeonHttp"],
        Library::Postgres,
    ),
    (
        "@prisma/adapter-pg",
        &["PrismaPg", "PrismaPgAdapterFactory"],
        Library::Postgres,
    ),
    (
        "@prisma/adapter-ppg",
        &["PrismaPostgresAdapter"],
        Library::Postgres,
    ),
    (
        "@vercel/postgres",
        &["createPool", "createClient"],
        Library::Postgres,
    ),
    ("knex", &["default", "knex", "Knex"], Library::Any),
    ("pg", &["Pool", "Client"], Library::Postgres),
    ("pg-boss", &["default", "PgBoss"], Library::Postgres),
    ("pg-pool", &["default"], Library::Postgres),
    ("pg-promise", &["made"], Library::Postgres),
    ("postgres", &["default"], Library::Postgres),
    ("sequelize", &["Sequelize", "default"], Library::Any),
    ("sequelize-typescript", &["Sequelize"], Library::Any),
    ("slonik", &["createPool"], Library::Postgres),
    ("typeorm", &["DataSource", "createConnection"], Library::Any),
];

/// What opens a client when one of its methods is called.
const FACTORIES: [(&str, &str, &[&str], Library); 6] = [
    (
        "@mikro-orm/core",
        "MikroORM",
        &["init", "initSync"],
        Library::Any,
    ),
    (
        "@mikro-orm/nestjs",
        "MikroOrmModule",
        &["forRoot", "forRootAsync"],
        Library::Any,
    ),
    (
        "@mikro-orm/postgresql",
        "MikroORM",
        &["init", "initSync"],
        Library::Postgres,
    ),
    (
        "@nestjs/sequelize",
        "SequelizeModule",
        &["forRoot", "forRootAsync"],
        Library::Any,
    ),
    (
        "@nestjs/typeorm",
        "TypeOrmModule",
        &["forRoot", "forRootAsync"],
        Library::Any,
    ),
    (
        "nest-knexjs",
        "KnexModule",
        &["forRoot", "forRootAsync"],
        Library::Any,
    ),
];

impl Library {
    /// The library that something belongs to which opens a client when it is called, or when that method of
    /// it is.
    pub(super) fn of(opened: &Foreign, method: Option<&str>) -> Option<Self> {
        let Foreign { package, name } = opened;
        if let Some(method) = method {
            let mut factories = FACTORIES.iter();
            let found = factories.find(|(of, class, methods, _)| {
                of == package && class == name && methods.contains(&method)
            });
            return found.map(|(.., library)| *library);
        }
        match package.as_str() {
            // Every module generates its own.
            _ if name == "PrismaClient" => Some(Library::Prisma),
            drizzle if name == "drizzle" && is_drizzle_driver(drizzle) => Some(Library::Postgres),
            _ => {
                let mut clients = CLIENTS.iter();
                let found =
                    clients.find(|(of, names, _)| of == package && names.contains(&name.as_str()));
                found.map(|(.., library)| *library)
            }
        }
    }
}

/// Whether a package is Drizzle's way to PostgreSQL.
fn is_drizzle_driver(package: &str) -> bool {
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
    let mut kinds = arguments.iter().flatten().filter_map(|shape| kind(shape));
    let is_postgres = kinds.next().map(|kind| POSTGRES.contains(&kind.as_str()));
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
