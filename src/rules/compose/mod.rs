//! What the compose files say.

pub(super) mod database_url_format;
pub(super) mod database_url_host;
pub(super) mod database_url_mismatch;
pub(super) mod database_url_missing;
pub(super) mod database_url_scheme;
pub(super) mod dockerfile_drift;
pub(super) mod duplicate_published_port;
pub(super) mod extra_env_drift;
pub(super) mod localhost_url;
pub(super) mod missing_compose_service;
pub(super) mod missing_depends_on;
pub(super) mod missing_healthcheck;
pub(super) mod orphan_database;
pub(super) mod postgres_version;
pub(super) mod redis_drift;
pub(super) mod service_port_drift;
pub(super) mod single_dev_postgres;
pub(super) mod stateless_with_database;
pub(super) mod undefined_reference;
pub(super) mod unprovisioned_database;
pub(super) mod unreachable_service;
pub(super) mod unregistered_compose_service;
