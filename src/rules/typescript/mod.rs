//! What the source files of modules take from other modules, and which databases they open.

pub(super) mod client_url_override;
pub(super) mod cross_module_import;
pub(super) mod database_outside_service;
pub(super) mod foreign_prisma_client;
pub(super) mod literal_url_fallback;
pub(super) mod prisma_service_exported;
pub(super) mod undeclared_service_url;

use crate::conflict::Wrong;
use crate::model::Workspace;
use crate::source::Place;

/// A connection string in a source file, told from all others.
pub(super) fn of_literal(workspace: &Workspace, place: Place) -> Wrong {
    let path = &workspace.sources.file(place.file).path;
    Wrong::Value(format!("{path} {}", place.span.start))
}
