//! Service registries: recognised by their shape, read entry by entry.

use crate::model::evaluate::Scripts;
use crate::model::value::{Dynamic, Origin, Text, Traced};
use crate::source::{FileId, Place, Placed};

/// One service registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Registry {
    /// The file that declares it: the one that was asked about.
    pub file: FileId,
    /// The name token of the constant that holds it; the word `default` (or `module.exports`) for one
    /// that only the default export holds.
    pub name: Placed<String>,
    /// The record or list itself. It stands in another file where the registry is an imported constant.
    pub place: Place,
    /// The services, in the order in which they are written. Keys of a record are unique; keys of a
    /// list are as they are written.
    pub entries: Vec<Entry>,
    /// Keys of a record that the same literal writes again further down; JavaScript keeps the last.
    pub repeated: Vec<Placed<String>>,
    /// What may add further entries: dynamic keys and spreads, entries of a list without a name.
    pub open: Vec<Dynamic>,
    /// The records and lists that were spread or nested into this one, in any file.
    pub includes: Vec<Place>,
}

impl Registry {
    /// The entry of that key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// Whether there may be entries that are not known here.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether this registry takes in all of `other`: then only this one is a registry of its own. One
    /// and the same record under two names includes itself.
    pub fn takes_in(&self, other: &Registry) -> bool {
        self.place == other.place || self.includes.contains(&other.place)
    }
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, where it is written.
    pub key: Placed<String>,
    /// The whole value. It stands in another file where the entry is an imported constant.
    pub place: Place,
    /// `hostname`
    pub hostname: Field<Text>,
    /// `port`
    pub port: Field<Traced<u16>>,
    /// `database`; the empty string of a stateless service is known and empty.
    pub database: Field<Text>,
    /// `dockerfile`
    pub dockerfile: Field<Text>,
    /// `routes`
    pub routes: Field<List>,
    /// `layer`
    pub layer: Field<Text>,
    /// `label`
    pub label: Field<Text>,
    /// `extraEnv`
    pub extra_env: Field<Environment>,
    /// `dependsOn`
    pub depends_on: Field<List>,
    /// `needsRedis`
    pub needs_redis: Field<Traced<bool>>,
    /// What makes the entry as a whole unknown: the value itself, or dynamic keys and spreads in it.
    pub dynamic: Vec<Dynamic>,
}

impl Entry {
    /// Everything in the entry that cannot be known, each place once, in the order of the places.
    pub fn dynamics(&self) -> Vec<&Dynamic> {
        Vec::new()
    }
}

/// What an entry says in one field.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<T> {
    /// A value of the right type.
    Known(T),
    /// The entry has no such field. `undefined` and `null` count as absent in optional fields only
    /// (`extraEnv`, `dependsOn`, `needsRedis`).
    Absent,
    /// A value of another type.
    WrongType {
        /// Where, nearest the entry.
        place: Place,
        /// What it is: "a string", "null or undefined", "a number outside 1 to 65535".
        found: &'static str,
    },
    /// It cannot be known.
    Dynamic(Dynamic),
}

impl<T> Field<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Field::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the entry certainly has no such field.
    pub fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }

    /// What makes it unknown.
    pub fn dynamic(&self) -> Option<&Dynamic> {
        match self {
            Field::Dynamic(dynamic) => Some(dynamic),
            _ => None,
        }
    }
}

/// A list of strings.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Where the list came from.
    pub origin: Origin,
    /// Its items, never [`Field::Absent`]. A spread of something unknown is one dynamic item.
    pub items: Vec<Field<Text>>,
}

impl List {
    /// The items that are known.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.items.iter().filter_map(Field::known)
    }
}

/// The environment variables of `extraEnv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Where the record came from.
    pub origin: Origin,
    /// The variables whose names are known, in the order in which they are written.
    pub variables: Vec<Variable>,
    /// What may add further variables: dynamic keys and spreads.
    pub open: Vec<Dynamic>,
}

impl Environment {
    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables
            .iter()
            .find(|variable| variable.name.value == name)
    }
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The name.
    pub name: Traced<String>,
    /// The value, never [`Field::Absent`].
    pub value: Field<Text>,
}

/// The registries that `file` declares: its constants and exports of that shape, less those that
/// another one of the file takes in. Across files the caller asks [`Registry::takes_in`].
///
/// A record or list has the shape if at least half of its entries, and at least one, are objects with
/// `database` and one of `hostname`, `port`, `dockerfile`, `routes`.
pub fn recognise(scripts: &Scripts<'_>, file: FileId) -> Vec<Registry> {
    let _ = (scripts, file);
    Vec::new()
}
