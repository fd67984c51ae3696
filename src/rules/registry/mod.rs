//! What the registry says, by itself.

pub(super) mod database_name_case;
pub(super) mod database_name_mismatch;
pub(super) mod duplicate_port;
pub(super) mod hostname_mismatch;
pub(super) mod missing_module;
pub(super) mod shared_database;
