//! Values that were written in scripts, and the places that they came from.

use std::ops::Range;

use crate::source::{Place, Span};

/// How a value got where it is used.
///
/// In `port: PORTS.catalog` the link is `PORTS.catalog`, and the number in the definition of `PORTS` is
/// what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The uses and spreads of constants that the value came through, the one nearest the user first.
    /// Empty for a value that is written where it is used. Only the nearest few of a long chain.
    pub links: Vec<Place>,
    /// Where the value itself is written: strings without their quotes, never zero width.
    pub written: Place,
}

/// Links of one value that are kept; a bound on memory, far above what people write.
const LINKS_KEPT: usize = 16;

impl Origin {
    /// The origin of a value that is written where it is used.
    pub fn written(place: Place) -> Self {
        Self {
            links: Vec::new(),
            written: place,
        }
    }

    /// The place nearest the user: the use of a constant, else where the value is written.
    pub fn nearest(&self) -> Place {
        self.links.first().copied().unwrap_or(self.written)
    }

    /// The deepest place: where the value itself is written.
    pub fn definition(&self) -> Place {
        self.written
    }

    /// This origin, seen by a user who reaches it by the expression at `link`. An expression that
    /// already holds the nearest place is no link.
    #[must_use]
    pub fn through(mut self, link: Place) -> Self {
        if !covers(link, self.nearest()) {
            self.links.truncate(LINKS_KEPT - 1);
            self.links.insert(0, link);
        }
        self
    }

    /// This origin, seen by a user who reaches it by the expression at `link` and through a container
    /// that came over `links` itself.
    #[must_use]
    pub fn through_container(self, link: Place, links: &[Place]) -> Self {
        let mut beyond = links.to_vec();
        beyond.retain(|&place| !covers(link, place));
        self.inside(&beyond).through(link)
    }

    /// This origin, seen by a user of the container that came over `links`.
    #[must_use]
    pub fn inside(self, links: &[Place]) -> Self {
        let inwards = links.iter().rev();
        inwards.fold(self, |origin, &place| origin.through(place))
    }
}

/// Whether `inner` lies in `outer`.
pub(crate) fn covers(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.contains(inner.span)
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced<T> {
    /// What the text means.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Traced<T> {
    /// The place nearest the user.
    pub fn place(&self) -> Place {
        self.origin.nearest()
    }

    /// Where the value itself is written.
    pub fn definition(&self) -> Place {
        self.origin.definition()
    }
}

/// A string, perhaps glued from parts of templates and `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The whole string.
    pub value: String,
    /// Where the string came from. What is written of a glued string is its whole template, without
    /// the backticks, or its whole sum.
    pub origin: Origin,
    /// What the string is made of, in its order: one piece for a plain string. Between pieces may
    /// stand bytes that nobody wrote, such as the separators of a joined path.
    pub pieces: Vec<Piece>,
}

/// A part of a [`Text`] that was written as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes of [`Text::value`].
    pub range: Range<usize>,
    /// Where they came from, as seen where the text is glued.
    pub origin: Origin,
}

impl Piece {
    /// Where bytes `range` of the text are written; the whole piece if it held escapes.
    fn written(&self, range: &Range<usize>) -> Place {
        let Place { file, span } = self.origin.written;
        if span.len() != self.range.len() || range.is_empty() {
            return self.origin.written;
        }
        let start = range.start - self.range.start;
        Span::new(start, start + range.len())
            .shifted(span.start as usize)
            .in_file(file)
    }
}

impl Text {
    /// The place nearest the user: the use of a constant, else the text itself, without its quotes.
    pub fn place(&self) -> Place {
        self.origin.nearest()
    }

    /// Where the text itself is written, without its quotes.
    pub fn definition(&self) -> Place {
        self.origin.definition()
    }

    /// The place nearest the user that covers bytes `range` of the value. A part that is glued from
    /// several pieces stands on the whole text.
    pub fn part(&self, range: Range<usize>) -> Place {
        if !self.origin.links.is_empty() {
            return self.place();
        }
        match self.piece_with(&range) {
            Some(piece) if piece.origin.links.is_empty() => piece.written(&range),
            Some(piece) => piece.origin.nearest(),
            None => self.place(),
        }
    }

    /// Where bytes `range` of the value are written. A part that is glued from several pieces stands on
    /// the whole text.
    pub fn definition_of_part(&self, range: Range<usize>) -> Place {
        self.piece_with(&range)
            .map_or(self.definition(), |piece| piece.written(&range))
    }

    /// The piece that holds bytes `range` of the value, if they are in one.
    pub(super) fn piece_with(&self, range: &Range<usize>) -> Option<&Piece> {
        self.pieces
            .iter()
            .find(|piece| piece.range.start <= range.start && range.end <= piece.range.end)
    }
}

/// Something that cannot be known without running the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamic {
    /// The expression that cannot be evaluated: the deepest one, so that all who use a constant name
    /// one place. Of a broken one that is elsewhere, a place in the file that could not be read.
    pub place: Place,
    /// What it is, as a noun phrase: "a call of `loadPort`", "a conditional expression", "import of
    /// `@acme/x`, which is not a relative path".
    pub what: String,
    /// Whether the cause is a syntax error or an unreadable file, which is a finding of its own.
    pub broken: bool,
}
