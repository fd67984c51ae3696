//! What migrations and other SQL say.

pub(super) mod cross_database_query;
pub(super) mod foreign_table;
pub(super) mod unknown_table;
