//! Rules about SQL, and about what brings migrations to a database.

pub(super) mod destructive_start;
pub(super) mod foreign_migration;
pub(super) mod migration_out_of_scope;
