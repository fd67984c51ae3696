//! What migrations and other SQL of a module do.

pub(super) mod migration_edited;
pub(super) mod migration_lock;
pub(super) mod missing_migrations;
