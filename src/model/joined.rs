//! Conflicts that follow from others.

use std::collections::BTreeMap;

use crate::conflict::{Attribute, Subject};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::product::Product;

impl Workspace<'_> {
    /// From what rules argue about to what it follows from.
    ///
    /// Whatever lacks an entry by the name that a service goes by elsewhere, lacks the service's container;
    /// and all who claim a database that is another's claim it by one mistake.
    pub fn joined_subjects(&self) -> BTreeMap<Subject, Subject> {
        let mut joined = BTreeMap::new();
        for product in self.products() {
            joined.extend(self.renamed_subjects(product));
            joined.extend(claimed_subjects(product));
        }
        joined
    }

    fn renamed_subjects(&self, product: &Product) -> Vec<(Subject, Subject)> {
        let renamed = self.renamed_services(product).into_iter();
        let subjects = renamed.map(|(old, renamed)| {
            let elsewhere = Owner {
                product: Some(product.name.clone()),
                service: Some(old.to_owned()),
            };
            (
                (Attribute::Entry, elsewhere),
                (Attribute::Container, renamed.service.into()),
            )
        });
        subjects.collect()
    }
}

fn claimed_subjects(product: &Product) -> Vec<(Subject, Subject)> {
    let mut subjects = Vec::new();
    for (_, claims) in product.databases_claimed_twice() {
        let intruder = claims.intruder();
        let namesake = claims.namesake().map(crate::model::service::Service::key);
        for other in claims.others(intruder) {
            if Some(other.key()) != namesake {
                subjects.push((
                    (Attribute::Database, other.into()),
                    (Attribute::Database, intruder.into()),
                ));
            }
        }
    }
    subjects
}
