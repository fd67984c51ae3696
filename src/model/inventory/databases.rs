//! Databases, as plain data.

use super::Listing;
use crate::inventory::{Database, Owner, Said};
use crate::model::connections::KnownConnection;
use crate::model::databases::Realm;
use crate::source::shown_folder;

impl Listing<'_> {
    pub(super) fn databases(&self, connections: &[KnownConnection]) -> Vec<Database> {
        let databases = self.workspace.databases(connections).into_iter();
        let databases = databases.map(|((realm, name), database)| {
            let (product, folder) = match realm {
                Realm::Product(product) => (Some(product), None),
                Realm::Server(folder, _) => (None, Some(shown_folder(&folder).to_owned())),
                Realm::Nowhere => (None, None),
            };
            let said = database.said.iter().map(|&(place, by)| Said {
                by,
                place: place.map(|place| self.range(place)),
            });
            Database {
                name,
                product,
                folder,
                servers: database.servers.into_iter().collect(),
                owners: database.owners.iter().map(Owner::from).collect(),
                said: said.collect(),
            }
        });
        databases.collect()
    }
}
