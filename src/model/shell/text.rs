//! Texts that a script puts together, where every byte still knows where it is written.

use std::ops::Range;

use crate::source::Span;

/// A text of one script. What is not known of it stands in it as one opaque piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    bits: Vec<Bit>,
}

#[derive(Clone, Debug, PartialEq)]
struct Bit {
    text: String,
    span: Span,
    is_known: bool,
}

/// What stands for a part that is not known: one opaque piece in a connection string.
const UNKNOWN: &str = "${unknown}";

/// A text longer than this is not known as a whole: nothing that is judged here is that long.
const LONGEST: usize = 16 * 1024;

impl Text {
    /// A text that stands at `span`.
    pub(super) fn known(text: impl Into<String>, span: Span) -> Self {
        let mut known = Self::default();
        known.push(text.into(), span, true);
        known
    }

    /// A part of which only the place is known.
    pub(super) fn unknown(span: Span) -> Self {
        let mut unknown = Self::default();
        unknown.push(UNKNOWN.to_owned(), span, false);
        unknown
    }

    /// The same text, seen from where `outer` is written, of which it is a part.
    pub(super) fn relocated(mut self, outer: &Text) -> Self {
        for bit in &mut self.bits {
            bit.span = outer.written(bit.span);
        }
        self
    }

    /// Where a span of the text itself is written.
    pub(super) fn written(&self, span: Span) -> Span {
        let written = self.span(&span.range());
        written.or_else(|| self.place()).unwrap_or_default()
    }

    /// Where the text stands, if it is nothing but one part that is not known.
    pub fn unknown_place(&self) -> Option<Span> {
        match self.bits.as_slice() {
            [only] if !only.is_known => Some(only.span),
            _ => None,
        }
    }

    fn push(&mut self, text: String, span: Span, is_known: bool) {
        if !text.is_empty() {
            self.bits.push(Bit {
                text,
                span,
                is_known,
            });
        }
    }

    pub(super) fn append(&mut self, other: Text) {
        if self.len() + other.len() > LONGEST {
            *self = Text::unknown(self.bits.first().map_or(Span::default(), |bit| bit.span));
        } else {
            self.bits.extend(other.bits);
        }
    }

    fn len(&self) -> usize {
        self.bits.iter().map(|bit| bit.text.len()).sum()
    }

    /// The text, unknown parts as opaque pieces.
    pub fn shown(&self) -> String {
        self.bits.iter().map(|bit| bit.text.as_str()).collect()
    }

    /// The text, where all of it is known.
    pub fn all_known(&self) -> Option<String> {
        let is_known = self.bits.iter().all(|bit| bit.is_known);
        is_known.then(|| self.shown())
    }

    /// The bits that overlap a range, each with the bytes of it that do.
    fn overlapping(&self, range: Range<usize>) -> impl Iterator<Item = (&Bit, Range<usize>)> {
        let mut from = 0;
        self.bits.iter().filter_map(move |bit| {
            let (start, end) = (from, from + bit.text.len());
            from = end;
            let clipped = range.start.max(start)..range.end.min(end);
            (clipped.start < clipped.end).then(|| (bit, clipped.start - start..clipped.end - start))
        })
    }

    /// Whether every byte of `range` is known.
    pub fn is_known(&self, range: &Range<usize>) -> bool {
        self.overlapping(range.clone()).all(|(bit, _)| bit.is_known)
    }

    /// Where bytes `range` are written. Of several places it is that of the last bytes.
    pub fn span(&self, range: &Range<usize>) -> Option<Span> {
        let parts: Vec<Span> = self
            .overlapping(range.clone())
            .map(|(bit, part)| bit.part(part))
            .collect();
        let (last, before) = parts.split_last()?;
        let is_next_to = |earlier: &Span| earlier.end == last.start;
        Some(match before.last() {
            Some(earlier) if before.len() == 1 && is_next_to(earlier) => earlier.cover(*last),
            _ => *last,
        })
    }

    /// Where all of it is written.
    pub fn place(&self) -> Option<Span> {
        self.span(&(0..self.len()))
    }

    /// Where a path is written, without the separator behind a folder that a variable names.
    pub(super) fn path_place(&self) -> Option<Span> {
        let begins_inside = self.bits.last().is_some_and(|last| {
            self.bits.len() > 1 && last.text.len() > 1 && last.text.starts_with('/')
        });
        match self.bits.last() {
            Some(last) if begins_inside => {
                self.span(&(self.len() - last.text.len() + 1..self.len()))
            }
            _ => self.place(),
        }
    }

    /// Bytes `range` of it.
    pub(super) fn slice(&self, range: Range<usize>) -> Text {
        let bits = self.overlapping(range);
        Text {
            bits: bits
                .map(|(bit, part)| Bit {
                    span: bit.part(part.clone()),
                    text: bit.text[part].to_owned(),
                    is_known: bit.is_known,
                })
                .collect(),
        }
    }

    /// The words that white space parts; of unknown texts it is not known how many they are.
    pub(super) fn words(&self) -> Vec<Text> {
        self.split(char::is_whitespace)
    }

    /// The parts between separators, empty ones left out.
    pub(super) fn split(&self, is_separator: impl Fn(char) -> bool) -> Vec<Text> {
        let text = self.shown();
        let mut words = Vec::new();
        let mut start = None;
        for (at, letter) in text.char_indices().chain([(text.len(), '\0')]) {
            let ends = at == text.len() || is_separator(letter);
            match start {
                Some(from) if ends => {
                    words.push(self.slice(from..at));
                    start = None;
                }
                None if !ends => start = Some(at),
                _ => {}
            }
        }
        words
    }
}

impl Bit {
    /// Where a part of it is written; a bit whose text is not written as it is stands as a whole.
    fn part(&self, part: Range<usize>) -> Span {
        if self.text.len() == self.span.len() {
            Span::new(part.start, part.end).shifted(self.span.start as usize)
        } else {
            self.span
        }
    }
}
