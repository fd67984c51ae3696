//! Relations that are nobody's: those of PostgreSQL itself, of extensions, and of tools that keep tables of
//! their own wherever they run.

/// Schemas of PostgreSQL, of extensions and of tools. `pg_` is reserved for PostgreSQL's own (manual, 5.9.5
/// "The System Catalog Schema").
const SCHEMAS: [&str; 38] = [
    // PostgreSQL
    "information_schema",
    // Extensions that bring a schema
    "ag_catalog",
    "anon",
    "columnar",
    "columnar_internal",
    "cron",
    "net",
    "partman",
    "pgmq",
    "pgroll",
    "pgsodium",
    "pgtap",
    "repack",
    "squeeze",
    "tiger",
    "tiger_data",
    "timescaledb_experimental",
    "timescaledb_information",
    "toolkit_experimental",
    "topology",
    "vault",
    // Platforms around PostgreSQL
    "auth",
    "extensions",
    "graphql",
    "graphql_public",
    "hdb_catalog",
    "neon",
    "neon_auth",
    "realtime",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    // Queues and migrators that make their own tables
    "drizzle",
    "graphile_migrate",
    "graphile_worker",
    "pgboss",
    "pgboss_v10",
    "procrastinate",
];

/// How schemas begin that are made by PostgreSQL or an extension.
const BEGINNINGS_OF_SCHEMAS: [&str; 4] = ["pg_", "_timescaledb_", "pgboss_", "_prisma"];

/// Relations that stand in the search path without anybody's migration: of PostGIS, and the books that
/// migrators keep.
const RELATIONS: [&str; 27] = [
    "geography_columns",
    "geometry_columns",
    "raster_columns",
    "raster_overviews",
    "spatial_ref_sys",
    "hypopg_hidden_indexes",
    "hypopg_list_indexes",
    "_prisma_migrations",
    "__drizzle_migrations",
    "_sqlx_migrations",
    "alembic_version",
    "ar_internal_metadata",
    "databasechangelog",
    "databasechangeloglock",
    "flyway_schema_history",
    "goose_db_version",
    "knex_migrations",
    "knex_migrations_lock",
    "kysely_migration",
    "kysely_migration_lock",
    "migrations",
    "mikro_orm_migrations",
    "pgmigrations",
    "schema_migrations",
    "sequelizemeta",
    "SequelizeMeta",
    "typeorm_metadata",
];

/// Catalogues of other databases, which code asks that serves several.
const OF_OTHER_DATABASES: [&str; 5] = [
    "dual",
    "sqlite_master",
    "sqlite_schema",
    "sqlite_sequence",
    "sqlite_temp_master",
];

/// Whether a relation is set apart by its schema, where one is written, or by its own name. Names that begin
/// with `pg_` are those of `pg_catalog` and of the views that extensions add, such as `pg_stat_statements`.
pub(super) fn is_apart(schema: Option<&str>, name: &str) -> bool {
    match schema {
        Some(schema) if schema != "public" => {
            let mut beginnings = BEGINNINGS_OF_SCHEMAS.iter();
            SCHEMAS.contains(&schema) || beginnings.any(|start| schema.starts_with(start))
        }
        _ => {
            name.starts_with("pg_")
                || RELATIONS.contains(&name)
                || OF_OTHER_DATABASES.contains(&name)
        }
    }
}
