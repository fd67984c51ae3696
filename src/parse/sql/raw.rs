//! SQL that a program puts together.

use super::executed::{Built, UNKNOWN};
use super::references::Session;
use super::split::{self, Item, Reader};
use super::statement::Cursor;
use super::{Reach, TableReference};
use crate::source::Span;

/// An SQL text in the pieces that a program puts it together from.
#[derive(Clone, Debug, Default)]
pub(in crate::parse) struct RawSql {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
struct Piece {
    /// `None` for what is known only when the program runs.
    text: Option<String>,
    source: Span,
}

/// Words that the name of a table follows.
const BEFORE_TABLES: [&str; 8] = [
    "from", "into", "join", "only", "table", "truncate", "update", "using",
];

impl RawSql {
    /// Adds text that stands at a span, byte by byte where both are equally long.
    pub(in crate::parse) fn push_text(&mut self, text: &str, source: Span) {
        let text = Some(text.to_owned());
        self.pieces.push(Piece { text, source });
    }

    /// Adds what another one consists of.
    pub(in crate::parse) fn append(&mut self, other: &Self) {
        self.pieces.extend(other.pieces.iter().cloned());
    }

    /// Adds an expression of unknown value.
    pub(in crate::parse) fn push_hole(&mut self, source: Span) {
        self.pieces.push(Piece { text: None, source });
    }

    /// Whether all of it is known.
    pub(in crate::parse) fn is_known(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.is_some())
    }

    /// Its first word, in lower case.
    pub(in crate::parse) fn first_word(&self) -> String {
        let text = self.pieces.iter().find_map(|piece| piece.text.as_deref());
        let tokens = split::tokens(text.unwrap_or_default());
        let first = tokens.iter().find_map(|token| {
            let word = &text?[token.span.range()];
            word.starts_with(|first: char| first.is_ascii_alphabetic())
                .then(|| word.to_ascii_lowercase())
        });
        first.unwrap_or_default()
    }

    /// The names that its `WITH` clauses give to queries.
    pub(in crate::parse) fn query_names(&self) -> Vec<String> {
        let text = self.built().text;
        let tokens = split::tokens(&text);
        let starts = 0..tokens.len();
        let mut cursors = starts.map(|start| Cursor::new(&text, &tokens[start..]));
        if !cursors.any(|cursor| cursor.is_word(0, &["with"])) {
            return Vec::new();
        }
        let named = cursors.filter_map(|mut cursor| {
            let name = cursor.name()?;
            cursor.is_word(0, &["as"]).then_some(name.value)
        });
        named.collect()
    }

    /// The tables that its statements name, and how they reach other databases.
    pub(in crate::parse) fn read(&self) -> (Vec<TableReference>, Vec<Reach>) {
        let built = self.built();
        let mut session = Session::default();
        for item in split::split(&built.text, Reader::Server).items {
            if let Item::Statement(raw) = item {
                session.statement(&built.text, &raw);
            }
        }
        let (mut references, mut reaches) = session.finish();
        for reference in &mut references {
            for part in &mut reference.name.parts {
                part.span = built.source(part.span);
            }
        }
        for reach in &mut reaches {
            reach.relocate(|span| built.source(span));
        }
        (references, reaches)
    }

    /// The text as a server may see it: a parameter for each value that is not known, and an unknown letter in
    /// each name.
    fn built(&self) -> Built {
        let mut built = Built::default();
        for (number, piece) in self.pieces.iter().enumerate() {
            if let Some(text) = &piece.text {
                built.push(text, piece.source);
                continue;
            }
            let next = self.pieces.get(number + 1);
            let next = next.and_then(|next| next.text.as_deref());
            if is_part_of_name(&built.text, next.unwrap_or_default()) {
                built.push(UNKNOWN.encode_utf8(&mut [0; 4]), piece.source);
            } else {
                built.push("$1", piece.source);
            }
        }
        built
    }
}

/// Whether what stands between two texts is the name of a table or a part of a name.
fn is_part_of_name(before: &str, after: &str) -> bool {
    let is_letter = |char: char| char.is_alphanumeric() || matches!(char, '_' | '"' | '.');
    if before.ends_with(is_letter) || after.starts_with(is_letter) {
        return true;
    }
    let before = before.trim_end();
    let rest = before.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let word = &before[rest.len()..];
    BEFORE_TABLES.iter().any(|it| it.eq_ignore_ascii_case(word))
}
