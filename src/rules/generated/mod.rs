//! What is generated from the registry.

pub(super) mod generated_file_edited;
pub(super) mod init_sql_aborts;
pub(super) mod init_sql_drift;
pub(super) mod init_sql_not_mounted;
pub(super) mod manifest_drift;
pub(super) mod proxy_drift;
mod routes;
pub(super) mod start_script_drift;
