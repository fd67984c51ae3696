//! Values that several services of a product claim for themselves.

use crate::model::names;
use crate::model::service::Service;

/// The services that claim one and the same value.
pub struct Claims<'a>(pub(super) Vec<&'a Service>);

impl<'a> Claims<'a> {
    /// The last in the order of the registry.
    pub fn last(&self) -> &'a Service {
        self.0[self.0.len() - 1]
    }

    /// The claimants but one.
    pub fn others<'c>(
        &'c self,
        one: &'a Service,
    ) -> impl Iterator<Item = &'a Service> + use<'a, 'c> {
        self.0
            .iter()
            .copied()
            .filter(move |service| service.key() != one.key())
    }

    /// The names of the claimants but one, for a sentence.
    pub fn names_without(&self, one: &'a Service) -> String {
        names::listed(self.others(one).map(Service::key))
    }

    /// Of services that claim one database, the one whose key makes that name.
    pub fn namesake(&self) -> Option<&'a Service> {
        let makes_it = |service: &&Service| service.database() == Some(&service.derived_database());
        self.0.iter().copied().find(makes_it)
    }

    /// Of services that claim one database, the last whose key does not make that name; if it is made of
    /// no key or of every one, the last.
    pub fn intruder(&self) -> &'a Service {
        let is_odd = |service: &&&Service| service.database() != Some(&service.derived_database());
        self.0
            .iter()
            .rev()
            .find(is_odd)
            .copied()
            .unwrap_or_else(|| self.last())
    }
}
