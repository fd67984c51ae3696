//! SQL that a program puts together.

use super::change::{self, Change};
use super::executed::{Built, UNKNOWN};
use super::references::Session;
use super::split::{self, Item, Reader};
use super::statement::{Cursor, IF_NOT_EXISTS};
use super::{Reach, TableReference};
use crate::source::Span;

/// An SQL text in the pieces that a program puts it together from.
#[derive(Clone, Debug, Default)]
pub(in crate::parse) struct RawSql {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
struct Piece {
    content: Content,
    source: Span,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    /// A value that is sent beside the text.
    Value,
    /// Text that is known only when the program runs.
    Unknown,
    /// One of several.
    Choice(Vec<RawSql>),
}

/// What SQL says that a program puts together.
#[derive(Debug)]
pub(in crate::parse) struct ReadSql {
    pub(in crate::parse) references: Vec<TableReference>,
    pub(in crate::parse) reaches: Vec<Reach>,
    /// What statements change; their places are in no file.
    pub(in crate::parse) changes: Vec<Change>,
    /// Whether all that may name tables is known.
    pub(in crate::parse) is_known: bool,
}

/// How many texts one may be that is put together from what may be one of several.
const MOST_VARIANTS: usize = 32;

/// Words that the name of a table follows.
const BEFORE_TABLES: [&str; 8] = [
    "from", "into", "join", "only", "table", "truncate", "update", "using",
];

impl RawSql {
    /// Adds text that stands at a span, byte by byte where both are equally long.
    pub(in crate::parse) fn push_text(&mut self, text: &str, source: Span) {
        let content = Content::Text(text.to_owned());
        self.pieces.push(Piece { content, source });
    }

    /// Adds a value that is sent beside the text.
    pub(in crate::parse) fn push_value(&mut self, source: Span) {
        let content = Content::Value;
        self.pieces.push(Piece { content, source });
    }

    /// Adds text that is not known.
    pub(in crate::parse) fn push_unknown(&mut self, source: Span) {
        let content = Content::Unknown;
        self.pieces.push(Piece { content, source });
    }

    /// Adds one of several, whichever it is.
    pub(in crate::parse) fn push_choice(&mut self, mut alternatives: Vec<Self>, source: Span) {
        // What may be too many things is left open, so that choices within choices do not multiply.
        let mut variants = 0;
        let fits = alternatives.iter().position(|it| {
            variants += it.variants();
            variants > MOST_VARIANTS
        });
        if let Some(first_left_out) = fits {
            alternatives.truncate(first_left_out);
            let mut rest = Self::default();
            rest.push_unknown(source);
            alternatives.push(rest);
        }
        let is_value = |it: &Self| matches!(it.pieces.as_slice(), [piece] if matches!(piece.content, Content::Value));
        if alternatives.iter().all(is_value) {
            return self.push_value(source);
        }
        let content = Content::Choice(alternatives);
        self.pieces.push(Piece { content, source });
    }

    /// Whether nothing of it is known.
    pub(in crate::parse) fn is_hollow(&self) -> bool {
        self.pieces.iter().all(|piece| match &piece.content {
            Content::Text(text) => text.trim().is_empty(),
            Content::Value | Content::Unknown => true,
            Content::Choice(alternatives) => alternatives.iter().all(Self::is_hollow),
        })
    }

    /// How many texts it may be.
    fn variants(&self) -> usize {
        let of_pieces = self.pieces.iter().map(|piece| match &piece.content {
            Content::Choice(alternatives) => alternatives.iter().map(Self::variants).sum(),
            _ => 1,
        });
        of_pieces.max().unwrap_or(1).max(1)
    }

    /// The pieces of one of the texts that it may be. All of them together show every alternative.
    fn variant(&self, number: usize) -> Vec<&Piece> {
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            let Content::Choice(alternatives) = &piece.content else {
                pieces.push(piece);
                continue;
            };
            let all: usize = alternatives.iter().map(Self::variants).sum();
            let mut number = number % all.max(1);
            for alternative in alternatives {
                let variants = alternative.variants();
                if number < variants {
                    pieces.extend(alternative.variant(number));
                    break;
                }
                number -= variants;
            }
        }
        pieces
    }

    /// All that it may be.
    fn all_variants(&self) -> impl Iterator<Item = Vec<&Piece>> {
        (0..self.variants()).map(|number| self.variant(number))
    }

    /// Its first word, in lower case.
    pub(in crate::parse) fn first_word(&self) -> String {
        let mut all = self.all_variants();
        all.find_map(|pieces| {
            let mut texts = pieces.iter().filter_map(|piece| piece.text());
            let text = texts.find(|text| !text.trim().is_empty())?;
            let tokens = split::tokens(text);
            tokens.iter().find_map(|token| {
                let word = &text[token.span.range()];
                word.starts_with(|first: char| first.is_ascii_alphabetic())
                    .then(|| word.to_ascii_lowercase())
            })
        })
        .unwrap_or_default()
    }

    /// The names that its `WITH` clauses give to queries.
    pub(in crate::parse) fn query_names(&self) -> Vec<String> {
        self.names(
            |cursor| {
                let name = cursor.name()?;
                cursor.is_word(0, &["as"]).then_some(name.value)
            },
            "with",
        )
    }

    /// The names of the temporary tables that it makes.
    pub(in crate::parse) fn temporary_names(&self) -> Vec<String> {
        let find = |cursor: &mut Cursor<'_>| {
            if !cursor.eat_one_of(&["temp", "temporary"]) {
                return None;
            }
            cursor.eat_one_of(&["table", "view", "sequence"]);
            cursor.eat(&IF_NOT_EXISTS);
            Some(cursor.name()?.value)
        };
        let mut names = self.names(find, "temp");
        names.extend(self.names(find, "temporary"));
        names
    }

    /// Names that stand anywhere in it, if a word does.
    fn names(&self, find: impl Fn(&mut Cursor<'_>) -> Option<String>, word: &str) -> Vec<String> {
        let mut names = Vec::new();
        for pieces in self.all_variants() {
            let text = built(&pieces).text;
            let tokens = split::tokens(&text);
            let starts = 0..tokens.len();
            let mut cursors = starts.map(|start| Cursor::new(&text, &tokens[start..]));
            if cursors.clone().any(|cursor| cursor.is_word(0, &[word])) {
                names.extend(cursors.by_ref().filter_map(|mut cursor| find(&mut cursor)));
            }
        }
        names
    }

    /// The tables that its statements name, and how they reach other databases.
    pub(in crate::parse) fn read(&self) -> ReadSql {
        let mut read = ReadSql {
            references: Vec::new(),
            reaches: Vec::new(),
            changes: Vec::new(),
            is_known: true,
        };
        for pieces in self.all_variants() {
            let built = built(&pieces);
            let is_unknown = |piece: &&Piece| matches!(piece.content, Content::Unknown);
            read.is_known &= !pieces.iter().any(is_unknown) && !built.text.contains(UNKNOWN);
            let mut session = Session::default();
            for item in split::split(&built.text, Reader::Server).items {
                read.changes.extend(change::of_item(&built.text, &item));
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
            read.references.extend(references);
            read.reaches.extend(reaches);
        }
        read
    }

    /// A text with `??` filled with names and `?` with values, by what is bound to them in turn.
    pub(in crate::parse) fn with_bindings(self, bindings: &[Self]) -> Self {
        let mut filled = Self::default();
        let mut bindings = bindings.iter();
        for piece in self.pieces {
            let Content::Text(text) = &piece.content else {
                filled.pieces.push(piece);
                continue;
            };
            if !text.contains('?') || text.len() != piece.source.len() {
                filled.pieces.push(piece);
                continue;
            }
            let place =
                |from: usize, to: usize| Span::new(from, to).shifted(piece.source.start as usize);
            let mut next = 0;
            while let Some(at) = text[next..].find('?').map(|length| next + length) {
                filled.push_text(&text[next..at], place(next, at));
                let is_name = text[at + 1..].starts_with('?');
                let end = at + 1 + usize::from(is_name);
                match (bindings.next(), is_name) {
                    (Some(name), true) if !name.is_hollow() => {
                        filled.push_text("\"", place(at, at));
                        filled.pieces.extend(name.pieces.iter().cloned());
                        filled.push_text("\"", place(end, end));
                    }
                    (_, true) => filled.push_unknown(place(at, end)),
                    (_, false) => filled.push_value(place(at, end)),
                }
                next = end;
            }
            filled.push_text(&text[next..], place(next, text.len()));
        }
        filled
    }
}

impl Piece {
    fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The text as a server may see it: a parameter for each value that is not known, and an unknown letter in
/// each name.
fn built(pieces: &[&Piece]) -> Built {
    let mut built = Built::default();
    for (number, piece) in pieces.iter().enumerate() {
        if let Some(text) = piece.text() {
            built.push(text, piece.source);
            continue;
        }
        let next = pieces.get(number + 1);
        let next = next.and_then(|next| next.text());
        if is_part_of_name(&built.text, next.unwrap_or_default()) {
            built.push(UNKNOWN.encode_utf8(&mut [0; 4]), piece.source);
        } else {
            built.push("$1", piece.source);
        }
    }
    built
}

/// Whether what stands between two texts is the name of a table or a part of a name.
fn is_part_of_name(before: &str, after: &str) -> bool {
    let is_letter = |char: char| char.is_alphanumeric() || matches!(char, '_' | '"' | '.');
    if before.ends_with(is_letter) || after.starts_with(is_letter) {
        return true;
    }
    let before = before.trim_end();
    let letters = before.bytes().rev();
    let length = letters.take_while(u8::is_ascii_alphabetic).count();
    let word = &before[before.len() - length..];
    BEFORE_TABLES.iter().any(|it| it.eq_ignore_ascii_case(word))
}
