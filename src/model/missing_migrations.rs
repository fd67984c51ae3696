//! Prisma schemas with models whose tables no migration creates.

use std::collections::BTreeSet;

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::holdings::Holding;
use crate::model::product::Product;
use crate::source::{Existence, MIGRATION_LOCK, Place, Seen, file_name};

/// A Prisma schema without migrations.
pub struct Unmigrated<'w> {
    /// Whose schema it is.
    pub holding: &'w Holding,
    /// The name of its datasource.
    pub stand: Place,
    /// The name of its first model.
    pub model: Place,
    /// Where its migrations would stand, from the workspace root.
    pub folder: String,
}

impl Workspace<'_> {
    /// The Prisma schemas of services with a database that have models and no migrations. One service may
    /// have several schemas; migrations of its other ones count.
    pub fn unmigrated(&self) -> Vec<Unmigrated<'_>> {
        let strays = self.stray_schemas();
        let holdings = self.holdings().iter();
        holdings
            .filter(|holding| self.lacks_migrations(holding))
            .filter(|holding| {
                holding
                    .datasource
                    .is_none_or(|place| !strays.contains(&place))
            })
            .filter_map(|holding| {
                let mut parts = self.schema_parts(holding);
                let model = parts.find_map(|(file, schema)| {
                    let mut models = schema.models.iter();
                    let table = models.find(|model| !model.is_view)?;
                    Some(table.name.span.in_file(file))
                })?;
                let folder = self.expected_migrations(holding)?;
                // What git ignores, and what was not walked, may be there.
                if !self.is_without_migrations(&folder) {
                    return None;
                }
                Some(Unmigrated {
                    holding,
                    stand: self.schema_name_token(holding)?,
                    model,
                    folder,
                })
            })
            .collect()
    }

    /// The datasources that no registry knows, which is what is wrong about them.
    fn stray_schemas(&self) -> BTreeSet<Place> {
        let modules = self.unregistered_modules().into_iter();
        let packages = self.outsiders().into_iter();
        let places = packages.flat_map(|package| package.signs.into_iter().map(|(place, _)| place));
        modules.map(|module| module.place).chain(places).collect()
    }

    fn is_without_migrations(&self, folder: &str) -> bool {
        match self.sources.existence(folder) {
            Existence::Missing => true,
            Existence::Folder => {
                let is_walked = self.sources.find_seen(folder) == Some(Seen::Folder);
                let mut below = self.sources.below(folder);
                is_walked
                    && below.all(|(path, seen)| match seen {
                        Seen::File => file_name(path) == MIGRATION_LOCK,
                        seen => seen == Seen::Folder,
                    })
            }
            _ => false,
        }
    }

    fn lacks_migrations(&self, holding: &Holding) -> bool {
        let others = || self.holdings().iter();
        holding.is_postgres
            && holding.migrations.is_empty()
            && !holding.owners.is_empty()
            && holding.owners.iter().all(|owner| self.stores(owner))
            && !others().any(|other| {
                !other.migrations.is_empty()
                    && (other.folder == holding.folder
                        || other.owners.iter().any(|it| holding.owners.contains(it)))
            })
    }

    /// Whether a service has a database, as far as its registry or the config says.
    fn stores(&self, owner: &Owner) -> bool {
        let services = self.products().iter().flat_map(Product::services);
        let mut registered = services.filter(|service| Owner::from(*service) == *owner);
        if let Some(service) = registered.next() {
            return service.database().is_some();
        }
        let mut inferred = self.inferred_services().iter();
        inferred.all(|service| Owner::from(service) != *owner || !service.is_stateless())
    }
}
