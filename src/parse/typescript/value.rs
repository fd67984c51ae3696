//! Where a value comes from, as far as the file tells.

use std::ops::Range;

use oxc_ast::ast::StringLiteral;

use super::syntax::inside;
use crate::source::{At, Span};

/// A value, as far as it is known without running anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string, perhaps with holes.
    Literal(Text),
    /// A variable of the environment, by its name, which stands where it is read.
    Environment(At<String>),
    /// One of several: of `a ?? b`, `a || b` and `c ? a : b`, in the order of the text.
    Either(Vec<Value>),
    /// Anything else.
    Unknown(Span),
}

impl Value {
    /// What it may be, one by one.
    pub fn choices(&self) -> &[Value] {
        match self {
            Value::Either(choices) => choices,
            one => std::slice::from_ref(one),
        }
    }
}

/// A string that a program puts together of parts; `${}` stands for a part that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The whole string.
    pub value: String,
    /// Where it is written, without its quotes.
    pub span: Span,
    pieces: Vec<Piece>,
}

/// A part of a string that is written in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    range: Range<usize>,
    /// Where it is written; nothing for a hole.
    span: Option<Span>,
}

const HOLE: &str = "${}";

impl Text {
    /// What a string literal holds.
    pub(super) fn of(string: &StringLiteral<'_>) -> Self {
        let mut text = Self::at(inside(string.span));
        text.push(&string.value, text.span);
        text
    }

    pub(super) fn at(span: Span) -> Self {
        Self {
            value: String::new(),
            span,
            pieces: Vec::new(),
        }
    }

    /// Adds a text of known value. `span` is where it is written, without quotes.
    pub(super) fn push(&mut self, text: &str, span: Span) {
        let start = self.value.len();
        self.value.push_str(text);
        self.pieces.push(Piece {
            range: start..self.value.len(),
            span: Some(span),
        });
    }

    pub(super) fn push_hole(&mut self) {
        let start = self.value.len();
        self.value.push_str(HOLE);
        self.pieces.push(Piece {
            range: start..self.value.len(),
            span: None,
        });
    }

    pub(super) fn append(&mut self, other: &Text) {
        let start = self.value.len();
        self.value.push_str(&other.value);
        let pieces = other.pieces.iter().map(|piece| Piece {
            range: piece.range.start + start..piece.range.end + start,
            span: piece.span,
        });
        self.pieces.extend(pieces);
    }

    /// Whether nothing in bytes `range` of it is a hole.
    pub fn is_known(&self, range: &Range<usize>) -> bool {
        let mut pieces = self.pieces.iter();
        !pieces.any(|piece| {
            let is_within = piece.range.start < range.end && range.start < piece.range.end;
            piece.span.is_none() && is_within
        })
    }

    /// Where bytes `range` of it are written; the whole of it where they are glued from several parts or
    /// were escaped.
    pub fn part(&self, range: &Range<usize>) -> Span {
        let holds =
            |piece: &&Piece| piece.range.start <= range.start && range.end <= piece.range.end;
        let piece = self.pieces.iter().find(holds);
        let place = piece.and_then(|piece| {
            let span = piece.span?;
            let is_plain = span.len() == piece.range.len();
            let inside = Span::new(
                range.start - piece.range.start,
                range.end - piece.range.start,
            );
            is_plain.then(|| inside.shifted(span.start as usize))
        });
        place.unwrap_or(self.span)
    }
}
