//! What the registry says, by itself.

pub(super) mod connection_string_in_extra_env;
pub(super) mod database_name_case;
pub(super) mod database_name_mismatch;
pub(super) mod dependency_cycle;
pub(super) mod duplicate_port;
pub(super) mod duplicate_route;
pub(super) mod extra_env_target;
pub(super) mod hostname_mismatch;
pub(super) mod layer_dependency;
pub(super) mod layer_mismatch;
pub(super) mod missing_module;
pub(super) mod overlapping_route;
pub(super) mod route_format;
pub(super) mod service_key_case;
pub(super) mod shared_database;
pub(super) mod undeclared_dependency;
pub(super) mod unknown_dependency;
pub(super) mod unregistered_module;
