//! Rules about SQL, and about what brings migrations to a database.

pub(super) mod cross_database_query;
pub(super) mod destructive_start;
pub(super) mod foreign_migration;
pub(super) mod foreign_table;
pub(super) mod migration_edited;
pub(super) mod migration_lock;
pub(super) mod migration_out_of_scope;
pub(super) mod missing_migrations;
pub(super) mod schema_drift;
pub(super) mod unknown_table;

use crate::conflict::Wrong;
use crate::model::Workspace;
use crate::source::Place;

/// What several rules may see wrong in one file is one mistake, however often the file says it.
fn once_a_file(workspace: &Workspace, place: Place, words: &str) -> Wrong {
    let path = &workspace.sources.file(place.file).path;
    Wrong::Value(format!("{path} {words}"))
}
