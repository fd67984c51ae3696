//! The rules: one a file, each with a document of the same name below `rules/`.

mod compose;
mod generated;
mod input;
mod prisma;
mod registry;
mod sql;
mod suppression;
mod typescript;

use std::sync::LazyLock;

use crate::rule::{Rule, RuleSet};

/// Every rule, in the order of the catalogue.
pub const ALL: &[Rule] = &[
    input::syntax_error::RULE,
    input::unreadable_file::RULE,
    input::dynamic_registry::RULE,
    input::incomplete_registry_entry::RULE,
    input::unresolved_variable::RULE,
    registry::shared_database::RULE,
    registry::database_name_case::RULE,
    registry::database_name_mismatch::RULE,
    registry::service_key_case::RULE,
    registry::hostname_mismatch::RULE,
    registry::duplicate_port::RULE,
    registry::duplicate_route::RULE,
    registry::overlapping_route::RULE,
    registry::route_format::RULE,
    registry::layer_mismatch::RULE,
    registry::layer_dependency::RULE,
    registry::missing_module::RULE,
    registry::unregistered_module::RULE,
    registry::unknown_dependency::RULE,
    registry::dependency_cycle::RULE,
    registry::extra_env_target::RULE,
    registry::undeclared_dependency::RULE,
    registry::connection_string_in_extra_env::RULE,
    generated::init_sql_drift::RULE,
    generated::generated_file_edited::RULE,
    generated::init_sql_not_mounted::RULE,
    generated::init_sql_aborts::RULE,
    generated::start_script_drift::RULE,
    generated::manifest_drift::RULE,
    generated::proxy_drift::RULE,
    compose::missing_compose_service::RULE,
    compose::unregistered_compose_service::RULE,
    compose::database_url_missing::RULE,
    compose::database_url_mismatch::RULE,
    compose::database_url_format::RULE,
    compose::second_connection::RULE,
    compose::hardcoded_credential::RULE,
    compose::unescaped_password::RULE,
    compose::role_mismatch::RULE,
    compose::connection_drift::RULE,
    compose::database_url_scheme::RULE,
    compose::database_url_host::RULE,
    compose::localhost_url::RULE,
    compose::single_dev_postgres::RULE,
    compose::postgres_version::RULE,
    compose::missing_depends_on::RULE,
    compose::extra_env_drift::RULE,
    compose::service_port_drift::RULE,
    compose::dockerfile_drift::RULE,
    compose::stateless_with_database::RULE,
    compose::undefined_reference::RULE,
    compose::duplicate_published_port::RULE,
    compose::missing_healthcheck::RULE,
    compose::unreachable_service::RULE,
    compose::redis_drift::RULE,
    compose::unprovisioned_database::RULE,
    compose::orphan_database::RULE,
    prisma::prisma_provider::RULE,
    prisma::prisma_datasource_url::RULE,
    prisma::missing_prisma_schema::RULE,
    prisma::shared_prisma_schema::RULE,
    sql::cross_database_query::RULE,
    sql::foreign_table::RULE,
    sql::unknown_table::RULE,
    typescript::foreign_prisma_client::RULE,
    typescript::cross_module_import::RULE,
    suppression::unused_suppression::RULE,
    suppression::suppression_without_reason::RULE,
    prisma::prisma_client_output::RULE,
    prisma::table_name_case::RULE,
    prisma::table_owned_twice::RULE,
    sql::migration_edited::RULE,
    sql::migration_lock::RULE,
    sql::missing_migrations::RULE,
    sql::schema_drift::RULE,
    sql::migration_out_of_scope::RULE,
    sql::foreign_migration::RULE,
    sql::destructive_start::RULE,
    typescript::client_url_override::RULE,
    typescript::literal_url_fallback::RULE,
    typescript::undeclared_service_url::RULE,
    typescript::database_outside_service::RULE,
    typescript::prisma_service_exported::RULE,
];

/// All rules with their catalogue, read once.
pub fn all() -> Result<&'static RuleSet, &'static str> {
    static RULES: LazyLock<Result<RuleSet, String>> = LazyLock::new(|| RuleSet::new(ALL.to_vec()));
    RULES.as_ref().map_err(String::as_str)
}
