//! The services of a registry: what their entries say of them, and what is wrong with that.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::compose::{self, Stack};
use crate::model::dockerfiles::MissingDockerfile;
use crate::model::module::Module;
use crate::model::names::{self, NameDefect};
use crate::model::registry::Entry;
use crate::model::value::Text;
use crate::source::Place;

/// One service of a registry.
#[derive(Debug)]
pub struct Service {
    /// The product's name.
    pub product: String,
    /// What the registry says of it.
    pub entry: Entry,
    /// The module that it is built from, where its folder is known.
    pub module: Option<Module>,
    /// The path of the Dockerfile that the registry means, from the workspace root.
    pub dockerfile: Option<String>,
    /// What is wrong with its `dockerfile`, if no file stands there.
    pub missing_dockerfile: Option<MissingDockerfile>,
}

impl From<&Service> for Owner {
    fn from(service: &Service) -> Self {
        Owner {
            product: Some(service.product.clone()),
            service: Some(service.key().to_owned()),
        }
    }
}

impl Service {
    /// Its name: the key of its entry.
    pub fn key(&self) -> &str {
        &self.entry.key.value
    }

    /// The database that it owns; `None` for a stateless service and for one whose database is not
    /// known.
    pub fn database(&self) -> Option<&str> {
        let text = self.entry.database.known()?;
        Some(text.value.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether it says `database: ""`.
    pub fn is_stateless(&self) -> bool {
        let database = self.entry.database.known();
        database.is_some_and(|text| text.value.is_empty())
    }

    /// The database's name where the registry says it, nearest the entry.
    pub fn database_place(&self) -> Place {
        let database = self.entry.database.known();
        database.map_or(self.entry.key.place, super::value::Text::place)
    }

    /// The name that its database should have by its key (article 2).
    pub fn derived_database(&self) -> String {
        self.key().replace('-', "_")
    }

    /// How the names of variables about it begin: `BILLING_DESK_`.
    pub(super) fn variable_prefix(&self) -> String {
        self.derived_database().to_ascii_uppercase() + "_"
    }

    /// Its container in a stack: by key, else by hostname, `container_name` or alias.
    pub fn container<'s>(&self, stack: &'s Stack) -> Option<&'s compose::Service> {
        let hostname = self.entry.hostname.known();
        stack.by_key(self.key()).or_else(|| {
            let names = [Some(self.key()), hostname.map(|text| text.value.as_str())];
            names
                .into_iter()
                .flatten()
                .find_map(|name| stack.by_host(name))
        })
    }

    /// Whether its entry has nothing that makes it one: something else may have got among the entries.
    pub fn is_bare(&self) -> bool {
        let entry = &self.entry;
        entry.database.is_absent() && entry.port.is_absent() && entry.dockerfile.is_absent()
    }

    /// Where the wrong name of its database stands.
    pub fn database_stand(&self, workspace: &Workspace) -> Place {
        let database = self.entry.database.known();
        database.map_or(self.entry.key.place, |text| {
            workspace.stand_in_registry(&text.origin)
        })
    }

    /// Where its wrong port stands.
    pub fn port_stand(&self, workspace: &Workspace) -> Place {
        let port = self.entry.port.known();
        port.map_or(self.entry.key.place, |port| {
            workspace.stand_in_registry(&port.origin)
        })
    }

    /// Its port where the registry says it, nearest the entry.
    pub fn port_place(&self) -> Place {
        self.entry
            .port
            .known()
            .map_or(self.entry.key.place, super::value::Traced::place)
    }

    /// The database's name, if something is wrong with it.
    pub fn database_name_defect(&self) -> Option<(&str, NameDefect)> {
        let name = self.database()?;
        Some((name, NameDefect::of(name)?))
    }

    /// The database's name and the one that its key makes, where they differ and both are legal.
    pub fn odd_database_name(&self) -> Option<(&str, String)> {
        let name = self
            .database()
            .filter(|name| NameDefect::of(name).is_none())?;
        let derived = self.derived_database();
        let hostname = self.entry.hostname.known();
        // Then the key is the odd one out, and `hostname-mismatch` says so.
        let is_of_hostname = hostname.is_some_and(|text| text.value.replace('-', "_") == name);
        let is_odd = name != derived && !is_of_hostname && NameDefect::of(&derived).is_none();
        is_odd.then_some((name, derived))
    }
}

/// What is wrong with a service's key.
pub struct KeyDefect {
    /// What, to follow the key.
    pub what: &'static str,
    /// The key that was meant, where it is certain.
    pub meant: Option<String>,
}

/// A layer that is none, or not the one of the module.
#[derive(Clone, Copy)]
pub struct OddLayer<'a> {
    /// What the registry says.
    pub layer: &'a Text,
    /// Whether there is such a layer.
    pub is_layer: bool,
    /// The layer's folder that the module is in, and where that is written.
    pub folder: Option<(&'a str, Place)>,
}

impl<'a> OddLayer<'a> {
    /// What is written, and what should be.
    pub(super) fn mistake(&self) -> (&'a str, Option<&'a str>) {
        (&self.layer.value, self.folder.map(|(folder, _)| folder))
    }
}

/// The longest label of a DNS name, in bytes (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

impl Service {
    /// What is wrong with its key, which is its name on the Docker network as well.
    pub fn key_defect(&self) -> Option<KeyDefect> {
        let key = self.key();
        let is_word = |word: &str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !word.is_empty() && word.bytes().all(is_plain)
        };
        if !key.split('-').all(is_word) {
            let meant = names::snake_case(key).replace('_', "-");
            Some(KeyDefect {
                what: "is not kebab-case",
                meant: Some(meant).filter(|meant| meant.split('-').all(is_word)),
            })
        } else if key.len() > LONGEST_LABEL {
            Some(KeyDefect {
                what: "is longer than the 63 bytes of a DNS label",
                meant: None,
            })
        } else {
            None
        }
    }

    /// Its layer, if that is none of `layers`, or not the layer's folder that its module is in.
    pub fn odd_layer(&self, layers: &[String]) -> Option<OddLayer<'_>> {
        let is_one = |name: &str| layers.iter().any(|layer| layer == name);
        let layer = self.entry.layer.known()?;
        let dockerfile = self.entry.dockerfile.known();
        let folder = dockerfile.and_then(|text| {
            let parts = text.value.split('/');
            let folder = parts
                .filter(|part| !matches!(*part, "" | "." | ".."))
                .nth(1)?;
            is_one(folder).then(|| (folder, text.place()))
        });
        let is_layer = is_one(&layer.value);
        let is_elsewhere = folder.is_some_and(|(folder, _)| folder != layer.value);
        (!is_layer || is_elsewhere).then_some(OddLayer {
            layer,
            is_layer,
            folder,
        })
    }
}
