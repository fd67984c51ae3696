//! The services of a product by what names them. A report asks for them once a finding, so that asking
//! must not look at every service.

use std::collections::{BTreeSet, HashMap};

use crate::model::service::Service;

/// The numbers of a product's services by what names them.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// By key; the first of equals.
    pub(super) by_key: HashMap<String, usize>,
    /// By key, and by hostname where no key is the same; the first of equals.
    pub(super) by_name: HashMap<String, usize>,
    /// By the database that they claim; the first of equals.
    pub(super) by_database: HashMap<String, usize>,
    /// By the database that their key makes; the first of equals.
    pub(super) by_derived_database: HashMap<String, usize>,
    /// By how the names of variables about them begin; the last of equals.
    by_prefix: HashMap<String, usize>,
    /// By the port that they claim; the last of equals.
    pub(super) by_port: HashMap<u16, usize>,
    /// The ports that they claim.
    pub(super) ports: BTreeSet<u16>,
    /// Whether the database of every one is known, perhaps as none.
    pub(super) knows_all_databases: bool,
}

impl Directory {
    pub(super) fn of(services: &[Service]) -> Self {
        let mut directory = Self {
            knows_all_databases: true,
            ..Self::default()
        };
        for (number, service) in services.iter().enumerate() {
            let derived = service.derived_database();
            let first = |map: &mut HashMap<String, usize>, name: &str| {
                map.entry(name.to_owned()).or_insert(number);
            };
            first(&mut directory.by_key, service.key());
            first(&mut directory.by_derived_database, &derived);
            if let Some(database) = service.database() {
                first(&mut directory.by_database, database);
            }
            directory
                .by_prefix
                .insert(service.variable_prefix(), number);
            if let Some(port) = service.entry.port.known() {
                directory.by_port.insert(port.value, number);
                directory.ports.insert(port.value);
            }
            directory.knows_all_databases &= service.entry.database.known().is_some();
        }
        directory.by_name.clone_from(&directory.by_key);
        for (number, service) in services.iter().enumerate() {
            if let Some(hostname) = service.entry.hostname.known() {
                let known = directory.by_name.entry(hostname.value.clone());
                known.or_insert(number);
            }
        }
        directory
    }

    /// The service with the longest key that a variable's name begins with.
    pub(super) fn by_variable(&self, variable: &str) -> Option<usize> {
        let underscores = variable.rmatch_indices('_');
        let prefixes = underscores.map(|(at, mark)| &variable[..at + mark.len()]);
        let mut services = prefixes.filter_map(|prefix| self.by_prefix.get(prefix));
        services.next().copied()
    }
}
