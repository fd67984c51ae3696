//! One entry of a registry: what each of its fields says, and where.

use std::collections::BTreeMap;

use crate::connection;
use crate::model::value::{Dynamic, Origin, Text, Traced, covers};
use crate::source::{Place, Placed};

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
    /// Everything in the entry that cannot be known, each place once, in the order of the places, with
    /// the field that it is in; `None` for what makes the entry as a whole unknown. The label is for
    /// people, and nobody asks what it says.
    pub fn unknowns(&self) -> Vec<(Option<&'static str>, &Dynamic)> {
        let fields = [
            ("hostname", self.hostname.dynamics()),
            ("port", self.port.dynamics()),
            ("database", self.database.dynamics()),
            ("dockerfile", self.dockerfile.dynamics()),
            ("routes", self.routes.dynamics()),
            ("layer", self.layer.dynamics()),
            ("extraEnv", self.extra_env.dynamics()),
            ("dependsOn", self.depends_on.dynamics()),
            ("needsRedis", self.needs_redis.dynamics()),
        ];
        let mut by_place = BTreeMap::new();
        for dynamic in &self.dynamic {
            by_place.insert(dynamic.place, (None, dynamic));
        }
        for (name, dynamics) in fields {
            for dynamic in dynamics {
                let known = by_place.entry(dynamic.place);
                known.or_insert((Some(name), dynamic));
            }
        }
        by_place.into_values().collect()
    }

    /// Who uses a place, to be shown beside it, where the place lies outside the entry.
    pub fn way_to(&self, place: Place) -> Option<(Place, String)> {
        let is_outside = !covers(self.place, place);
        is_outside.then(|| (self.key.place, format!("used by `{}`", self.key.value)))
    }

    /// Where what the fields say came from, each with its field; the label's is left out.
    pub fn origins(&self) -> Vec<(&'static str, &Origin)> {
        let fields = [
            ("hostname", self.hostname.origins()),
            ("port", self.port.origins()),
            ("database", self.database.origins()),
            ("dockerfile", self.dockerfile.origins()),
            ("routes", self.routes.origins()),
            ("layer", self.layer.origins()),
            ("extraEnv", self.extra_env.origins()),
            ("dependsOn", self.depends_on.origins()),
            ("needsRedis", self.needs_redis.origins()),
        ];
        let named = |(name, origins): (_, Vec<_>)| origins.into_iter().map(move |it| (name, it));
        fields.into_iter().flat_map(named).collect()
    }
}

/// A value that a field can hold.
pub trait Held {
    /// Where it and its parts came from.
    fn origins(&self) -> Vec<&Origin>;

    /// Its parts that cannot be known.
    fn dynamics(&self) -> Vec<&Dynamic> {
        Vec::new()
    }

    /// Its parts that can be unknown.
    fn parts_mut(&mut self) -> Vec<&mut Field<Text>> {
        Vec::new()
    }
}

impl<T> Held for Traced<T> {
    fn origins(&self) -> Vec<&Origin> {
        vec![&self.origin]
    }
}

impl Held for Text {
    fn origins(&self) -> Vec<&Origin> {
        let pieces = self.pieces.iter().map(|piece| &piece.origin);
        std::iter::once(&self.origin).chain(pieces).collect()
    }
}

impl Held for List {
    fn origins(&self) -> Vec<&Origin> {
        let items = self.items.iter().flat_map(Field::origins);
        std::iter::once(&self.origin).chain(items).collect()
    }

    fn dynamics(&self) -> Vec<&Dynamic> {
        self.items.iter().flat_map(Field::dynamics).collect()
    }

    fn parts_mut(&mut self) -> Vec<&mut Field<Text>> {
        self.items.iter_mut().collect()
    }
}

impl Held for Environment {
    fn origins(&self) -> Vec<&Origin> {
        let values = self.variables.iter().flat_map(|it| it.value.origins());
        std::iter::once(&self.origin).chain(values).collect()
    }

    fn dynamics(&self) -> Vec<&Dynamic> {
        let values = self.variables.iter().flat_map(|it| it.value.dynamics());
        values.chain(&self.open).collect()
    }

    fn parts_mut(&mut self) -> Vec<&mut Field<Text>> {
        let values = self.variables.iter_mut().map(|it| &mut it.value);
        values.collect()
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
        /// Where it came from.
        origin: Origin,
        /// What it is: "a string", "null or undefined", "a number out of range".
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

impl<T: Held> Field<T> {
    /// Where the value and its parts came from.
    pub fn origins(&self) -> Vec<&Origin> {
        match self {
            Field::Known(value) => value.origins(),
            Field::WrongType { origin, .. } => vec![origin],
            Field::Absent | Field::Dynamic(_) => Vec::new(),
        }
    }

    fn dynamics(&self) -> Vec<&Dynamic> {
        match self {
            Field::Known(value) => value.dynamics(),
            Field::Dynamic(dynamic) => vec![dynamic],
            Field::Absent | Field::WrongType { .. } => Vec::new(),
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

impl Variable {
    /// Whether it holds a connection string of a database, or is the variable `own` that would.
    pub fn holds_connection_string(&self, own: &str) -> bool {
        let text = self.value.known().map(|text| text.value.as_str());
        self.name.value == own || text.is_some_and(|text| !connection::find(text).is_empty())
    }
}
