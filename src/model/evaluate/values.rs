//! What expressions are worth, and where that came from.

use std::collections::HashMap;
use std::rc::Rc;

use crate::model::value::{Dynamic, Origin, Piece, Text, Traced};
use crate::parse::script::Expr;
use crate::source::{FileId, Place, Placed};

/// A value and where it came from.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Where it came from.
    pub origin: Origin,
}

/// What a value is. Parts are shared, so that a clone costs little.
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// A string.
    String(Rc<Glued>),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null` or `undefined`.
    Nothing,
    /// An array.
    Array(Rc<Array<'a>>),
    /// An object.
    Object(Rc<Object<'a>>),
    /// A function that gives back its only argument.
    Identity,
    /// It cannot be known.
    Dynamic(Rc<Cause<'a>>),
}

/// Why a value cannot be known.
#[derive(Clone, Debug)]
pub struct Cause<'a> {
    /// What to tell people.
    pub dynamic: Dynamic,
    /// The expression at which evaluation stopped, seen through constants and imports: the largest one
    /// that is not known. None where there is no expression, as for an import of a package.
    pub stopped_at: Option<Site<'a>>,
}

/// An expression and the file in which its names mean something.
pub type Site<'a> = (FileId, &'a Expr);

/// A string and what it was glued from.
#[derive(Clone, Debug, Default)]
pub struct Glued {
    /// The string.
    pub value: String,
    /// Its pieces, in its order.
    pub pieces: Vec<Piece>,
}

/// The elements of an array.
#[derive(Clone, Debug, Default)]
pub struct Array<'a> {
    /// In their order; an error is a spread of something unknown.
    pub items: Vec<Result<Value<'a>, Dynamic>>,
    /// The arrays that were spread into it, and those that were spread into these.
    pub includes: Vec<Place>,
    /// How many items stand before the first unknown spread.
    pub(super) known: usize,
    pub(super) height: u32,
}

/// The properties of an object.
#[derive(Clone, Debug, Default)]
pub struct Object<'a> {
    /// Properties, in the order in which their keys are first written.
    pub properties: Vec<Member<'a>>,
    /// Keys that the same literal writes again.
    pub repeated: Vec<Placed<String>>,
    /// The objects that were spread into it, and those that were spread into these.
    pub includes: Vec<Place>,
    /// Spreads and keys that are not known, with the number of properties written before.
    pub(super) unknown: Vec<(usize, Dynamic)>,
    pub(super) by_key: HashMap<Rc<str>, usize>,
    pub(super) written: usize,
    pub(super) height: u32,
}

/// A property of an object.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The key; a computed one came from where its value did.
    pub key: Traced<Rc<str>>,
    /// The value.
    pub value: Value<'a>,
    /// How many properties were written when this one was.
    pub(super) written: usize,
    /// Whether the key stands in the object's own literal.
    pub(super) own: bool,
}

/// What an object has under a key.
#[derive(Clone, Copy, Debug)]
pub enum Lookup<'o, 'a> {
    /// This.
    Known(&'o Member<'a>),
    /// Nothing.
    Absent,
    /// Perhaps something: this spread or key may write it.
    Unknown(&'o Dynamic),
}

impl<'a> Value<'a> {
    pub(super) fn new(kind: Kind<'a>, written: Place) -> Self {
        Self {
            kind,
            origin: Origin::written(written),
        }
    }

    pub(super) fn dynamic(place: Place, what: String, stopped_at: Option<Site<'a>>) -> Self {
        let broken = false;
        Self::unknown(
            Dynamic {
                place,
                what,
                broken,
            },
            stopped_at,
        )
    }

    pub(super) fn unknown(dynamic: Dynamic, stopped_at: Option<Site<'a>>) -> Self {
        let place = dynamic.place;
        let cause = Cause {
            dynamic,
            stopped_at,
        };
        Self::new(Kind::Dynamic(Rc::new(cause)), place)
    }

    /// Values nest no deeper than expressions, since what nests is taken apart by recursion.
    pub(super) fn too_deep(place: Place) -> Self {
        Self::dynamic(place, "a deeply nested value".to_owned(), None)
    }

    pub(super) fn through(mut self, link: Place) -> Self {
        self.origin = self.origin.through(link);
        self
    }

    /// This value, reached by the expression at `link` out of a container that came over `links`.
    pub(super) fn out_of(mut self, link: Place, links: &[Place]) -> Self {
        self.origin = self.origin.through_container(link, links);
        self
    }

    /// The value as a text, if it is a string.
    pub fn text(&self) -> Option<Text> {
        match &self.kind {
            Kind::String(glued) => Some(Text {
                value: glued.value.clone(),
                origin: self.origin.clone(),
                pieces: glued.pieces.clone(),
            }),
            _ => None,
        }
    }

    /// The text that JavaScript makes of a number or boolean.
    pub fn plain_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Number(number) => number_text(*number),
            Kind::Boolean(boolean) => Some(boolean.to_string()),
            _ => None,
        }
    }

    /// Levels of lists and records in it.
    pub(super) fn height(&self) -> u32 {
        match &self.kind {
            Kind::Array(array) => array.height,
            Kind::Object(object) => object.height,
            _ => 0,
        }
    }

    /// Whether JavaScript takes the value for false; of dynamic values nothing is known.
    pub(super) fn is_falsy(&self) -> bool {
        match &self.kind {
            Kind::String(glued) => glued.value.is_empty(),
            Kind::Number(number) => *number == 0.0 || number.is_nan(),
            Kind::Boolean(boolean) => !boolean,
            Kind::Nothing => true,
            Kind::Array(_) | Kind::Object(_) | Kind::Identity | Kind::Dynamic(_) => false,
        }
    }
}

impl Array<'_> {
    pub(super) fn size(&self) -> usize {
        self.items.len() + self.includes.len()
    }
}

impl<'a> Object<'a> {
    pub(super) fn size(&self) -> usize {
        self.properties.len() + self.includes.len() + self.unknown.len()
    }

    /// What the object has under `key`.
    pub fn get(&self, key: &str) -> Lookup<'_, 'a> {
        let member = self.by_key.get(key).map(|&at| &self.properties[at]);
        let written = member.map_or(0, |member| member.written);
        match self.unknown_after(written) {
            Some(dynamic) => Lookup::Unknown(dynamic),
            None => member.map_or(Lookup::Absent, Lookup::Known),
        }
    }

    /// The spreads and keys that are not known.
    pub fn unknown(&self) -> impl Iterator<Item = &Dynamic> {
        self.unknown.iter().map(|(_, dynamic)| dynamic)
    }

    pub(super) fn unknown_after(&self, written: usize) -> Option<&Dynamic> {
        // Sorted, since both numbers only grow.
        let first = self
            .unknown
            .partition_point(|&(before, _)| before < written);
        self.unknown.get(first).map(|(_, dynamic)| dynamic)
    }

    pub(super) fn write(&mut self, key: Traced<Rc<str>>, value: Value<'a>, own: bool) {
        self.written += 1;
        let member = Member {
            key,
            value,
            written: self.written,
            own,
        };
        let Some(&at) = self.by_key.get(&member.key.value) else {
            let key = Rc::clone(&member.key.value);
            self.by_key.insert(key, self.properties.len());
            self.properties.push(member);
            return;
        };
        let earlier = std::mem::replace(&mut self.properties[at], member);
        if own && earlier.own {
            self.repeated.push(Placed {
                value: earlier.key.value.to_string(),
                place: earlier.key.place(),
            });
        }
    }

    pub(super) fn write_unknown(&mut self, dynamic: Dynamic) {
        self.unknown.push((self.written, dynamic));
    }

    /// Writes what `spread` holds, as seen over the spread expression at `link`.
    pub(super) fn spread(&mut self, spread: &Object<'a>, link: Place, links: &[Place]) {
        let write = |object: &mut Self, member: &Member<'a>| {
            let value = member.value.clone().out_of(link, links);
            object.write(member.key.clone(), value, false);
        };
        let is_sure = |member: &&Member<'a>| spread.unknown_after(member.written).is_none();
        for member in spread.properties.iter().filter(|member| !is_sure(member)) {
            write(self, member);
        }
        for dynamic in spread.unknown() {
            self.write_unknown(dynamic.clone());
        }
        for member in spread.properties.iter().filter(is_sure) {
            write(self, member);
        }
    }
}

/// The height of what holds `values`.
pub(super) fn above<'v, 'a: 'v>(values: impl Iterator<Item = &'v Value<'a>>) -> u32 {
    1 + values.map(Value::height).max().unwrap_or_default()
}

/// A number as JavaScript writes it, where that needs no exponent.
pub(super) fn number_text(number: f64) -> Option<String> {
    let size = number.abs();
    if size == 0.0 {
        Some("0".to_owned())
    } else if (1e-6..1e21).contains(&size) {
        Some(number.to_string())
    } else {
        None
    }
}
