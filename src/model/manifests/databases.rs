//! The databases of a manifest, those of its modules and those that it lists.

use std::collections::HashSet;

use super::{Comparison, ManifestDrift};
use crate::model::names::is_word;
use crate::model::service::Service;
use crate::parse::manifest::{Database, Section};
use crate::source::{At, Place, Placed};

/// A difference between the databases of a manifest and those of the registry.
pub enum DatabaseDrift<'a> {
    /// Another database, or none.
    Wrong {
        /// Whose.
        service: &'a Service,
        /// The name in the manifest; empty where it says that there is none.
        named: Placed<String>,
    },
    /// A database of another name where the service's should be.
    Renamed {
        /// Whose.
        service: &'a Service,
        /// The right name.
        name: &'a str,
        /// The name in the manifest.
        old: Placed<String>,
    },
    /// A database that the manifest lacks.
    Missing {
        /// Whose.
        service: &'a Service,
        /// The name.
        name: &'a str,
        /// The key of the list that lacks it.
        section: Place,
    },
    /// A database that no service owns.
    Extra {
        /// The name.
        name: Placed<String>,
        /// The service whose key the name is made of.
        namesake: Option<&'a Service>,
    },
}

impl<'p> Comparison<'p> {
    fn tell(&mut self, drift: DatabaseDrift<'p>) {
        self.drift.push(ManifestDrift::Database(drift));
    }

    /// Compares the database that the manifest gives a service.
    pub(super) fn database(&mut self, service: &'p Service, named: &At<String>) {
        let own = service.entry.database.known();
        let own = own.filter(|text| self.workspace.is_read_as_a_whole(&text.origin));
        if let Some(own) = own
            && own.value != named.value
            && is_word(&named.value)
        {
            let named = named.in_file(self.file);
            self.tell(DatabaseDrift::Wrong { service, named });
        }
    }

    pub(super) fn databases(&mut self, section: &'p Section<Database>, left_out: &HashSet<&str>) {
        let listed = self.named_databases(section);
        let is_known = |name: &&At<String>| self.product.owner_of(&name.value).is_some();
        let known = listed
            .iter()
            .map(|(name, _)| *name)
            .filter(is_known)
            .count();
        let all: HashSet<&str> = listed.iter().map(|(name, _)| name.value.as_str()).collect();
        let mut covered: HashSet<&str> = HashSet::new();
        let mut strangers: Vec<Placed<String>> = Vec::new();
        // Owners may also be roles of the server.
        let names_services = listed.iter().any(|(_, owner)| {
            owner.is_some_and(|owner| self.product.service_named(&owner.value).is_some())
        });
        for (name, owner) in &listed {
            let owner = owner.filter(|_| names_services);
            let service = owner.and_then(|owner| self.product.service_named(&owner.value));
            let claimant = self.product.owner_of(&name.value);
            covered.extend(service.or(claimant).map(Service::key));
            match (service, claimant, owner) {
                (Some(service), Some(claimant), Some(owner))
                    if claimant.key() != service.key()
                        && service.database() != Some(&name.value) =>
                {
                    // Which of the two is wrong shows in who else has the name.
                    let own = service.database();
                    let is_own_there = own.is_some_and(|own| all.contains(own));
                    let wrong = if is_own_there { owner } else { name };
                    let named = Placed {
                        value: name.value.clone(),
                        place: self.place(wrong.span),
                    };
                    self.tell(DatabaseDrift::Wrong { service, named });
                }
                (Some(service), None, _) => self.database(service, name),
                (None, _, Some(owner)) => {
                    let owner = owner.in_file(self.file);
                    if self.is_closed && self.is_no_service(&owner.value) {
                        self.unknown_service(owner);
                    }
                }
                (None, None, None) => strangers.push(name.in_file(self.file)),
                _ => {}
            }
        }
        if self.is_closed && known * 2 >= listed.len() {
            self.pair_databases(section, strangers, &covered, left_out);
        }
    }

    fn pair_databases(
        &mut self,
        section: &Section<Database>,
        mut strangers: Vec<Placed<String>>,
        covered: &HashSet<&str>,
        left_out: &HashSet<&str>,
    ) {
        let owners = self.product.services().iter();
        let mut seen = HashSet::new();
        let owners: Vec<(&Service, &str)> = owners
            .filter_map(|service| Some((service, service.database()?)))
            .filter(|(_, name)| seen.insert(*name))
            .collect();
        let is_whole = !section.is_open && covered.len() * 2 >= owners.len();
        let missing = owners.into_iter().filter(|(service, _)| {
            let key = service.key();
            let is_said = left_out.contains(key) || self.not_run.contains(key);
            is_whole && !covered.contains(key) && !is_said
        });
        let mut missing: Vec<(&Service, &str)> = missing.collect();
        let theirs = self.workspace.third_party_names(self.product);
        strangers.retain(|name| name.value != "postgres" && !theirs.contains(&name.value));
        if !self.product.knows_all_databases() {
            strangers.clear();
        }
        if let ([old], [(service, name)]) = (strangers.as_slice(), missing.as_slice()) {
            self.tell(DatabaseDrift::Renamed {
                service,
                name,
                old: old.clone(),
            });
            strangers.clear();
            missing.clear();
        }
        for name in strangers {
            let namesake = self.product.namesake(&name.value);
            self.tell(DatabaseDrift::Extra { name, namesake });
        }
        let section = self.place(section.key);
        for (service, name) in missing {
            self.tell(DatabaseDrift::Missing {
                service,
                name,
                section,
            });
        }
    }

    /// The names of databases, and whose they are where that is said.
    fn named_databases(
        &self,
        section: &'p Section<Database>,
    ) -> Vec<(&'p At<String>, Option<&'p At<String>>)> {
        let unclear = || {
            section
                .items
                .iter()
                .filter(|it| it.is_named_by_key.is_none())
        };
        let is_service = |name: &At<String>| self.product.service_named(&name.value).is_some();
        let by_key = unclear().filter(|it| is_service(&it.key)).count();
        let by_value = unclear().filter(|it| it.value.as_ref().is_some_and(is_service));
        let is_named_by_value = by_key >= by_value.count();
        section
            .items
            .iter()
            .map(|item| match (&item.value, item.is_named_by_key) {
                (Some(value), Some(false)) => (value, Some(&item.key)),
                (Some(value), None) if is_named_by_value => (value, Some(&item.key)),
                (value, _) => (&item.key, value.as_ref()),
            })
            .collect()
    }
}
