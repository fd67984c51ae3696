//! Words: literal text, and what a shell puts into it.

use tree_sitter::Node;

use super::{Reader, Step, children, span_of};
use crate::source::{At, Span};

/// One word of a script, which may become none or several when it is expanded.
#[derive(Debug, Default)]
pub struct Word {
    /// The whole of it, quotes included.
    pub span: Span,
    /// What it is made of; nothing for `""`.
    pub pieces: Vec<Piece>,
}

/// A part of a word.
#[derive(Debug)]
pub struct Piece {
    /// Where it stands, without quotes.
    pub span: Span,
    /// Whether it stands in quotes: then no pattern is matched and nothing is split.
    pub is_quoted: bool,
    /// What it is.
    pub kind: PieceKind,
}

/// What a part of a word is.
#[derive(Debug)]
pub enum PieceKind {
    /// Text, escapes resolved.
    Text(At<String>),
    /// `$name`, `${name}` and their kin.
    Variable {
        /// The name; digits and `@`, `*`, `#`, `?` are names as well.
        name: At<String>,
        /// Whether all elements of an array are meant (`${name[@]}`).
        is_list: bool,
        /// What is done to its value.
        expansion: Expansion,
    },
    /// `$( … )`: what these steps print.
    Output(Vec<Step>),
    /// Anything else: arithmetic, braces that stand for several words, an index.
    Unknown,
}

/// What is done to the value of a variable.
#[derive(Debug)]
pub enum Expansion {
    /// Nothing; `${name:?…}` is no more than that, either.
    Plain,
    /// `${name:-word}`, `${name:=word}` and the forms without the colon.
    Default(Word),
    /// `${name#pattern}`, `${name##pattern}`, `${name%pattern}`, `${name%%pattern}`.
    Cut {
        /// Whether it is cut from the end.
        from_end: bool,
        /// Whether as much as possible is cut.
        longest: bool,
        /// What is cut.
        pattern: String,
    },
    /// `${name/text/other}` and `${name//text/other}`.
    Replace {
        /// Whether every occurrence is replaced.
        all: bool,
        /// The pattern.
        pattern: String,
        /// What takes its place.
        with: String,
    },
    /// Something else.
    Unknown,
}

impl Word {
    /// The text of a word that is wholly literal and matches no pattern.
    pub fn literal(&self) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match &piece.kind {
                PieceKind::Text(part) if piece.is_quoted || !is_pattern(&part.value) => {
                    text.push_str(&part.value);
                }
                _ => return None,
            }
        }
        Some(text)
    }

    /// Whether a shell would look for files of such names, or make several words of it.
    pub fn is_pattern(&self) -> bool {
        self.pieces.iter().any(|piece| match &piece.kind {
            PieceKind::Text(text) => !piece.is_quoted && is_pattern(&text.value),
            _ => false,
        })
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{']) || text.starts_with('~')
}

/// How a text is quoted, which decides what a backslash means in it.
#[derive(Clone, Copy, PartialEq)]
enum Quote {
    None,
    Double,
    Heredoc,
}

impl Reader<'_> {
    pub(super) fn word(&mut self, node: Node<'_>, depth: u32) -> Word {
        let mut word = Word {
            span: span_of(node),
            pieces: Vec::new(),
        };
        self.pieces(node, depth, &mut word.pieces);
        word
    }

    /// The text of a heredoc. One whose mark is quoted holds no variables.
    pub(super) fn heredoc(&mut self, body: Node<'_>, is_literal: bool, depth: u32) -> Word {
        let mut word = Word {
            span: span_of(body),
            pieces: Vec::new(),
        };
        if is_literal {
            word.pieces.push(text(self.at(body), true));
        } else {
            // The node begins behind the white space that the text begins with.
            let range = body.byte_range();
            self.mixed(body, range, Quote::Heredoc, depth, &mut word.pieces);
        }
        word
    }

    fn pieces(&mut self, node: Node<'_>, depth: u32, pieces: &mut Vec<Piece>) {
        let range = node.byte_range();
        let unknown = |is_quoted| Piece {
            span: span_of(node),
            is_quoted,
            kind: PieceKind::Unknown,
        };
        if depth > super::DEEPEST || node.is_error() {
            self.lost = true;
            pieces.push(unknown(false));
            return;
        }
        match node.kind() {
            "command_name" | "concatenation" => {
                for child in children(node) {
                    self.pieces(child, depth + 1, pieces);
                }
            }
            "translated_string" => {
                for child in children(node).into_iter().filter(Node::is_named) {
                    self.pieces(child, depth + 1, pieces);
                }
            }
            "string" => {
                let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
                self.mixed(node, inner, Quote::Double, depth, pieces);
            }
            "raw_string" if range.len() >= 2 => {
                let span = Span::new(range.start + 1, range.end - 1);
                pieces.push(text(
                    At::new(self.text[span.range()].to_owned(), span),
                    true,
                ));
            }
            "ansi_c_string" if !self.slice(node).contains('\\') && range.len() >= 3 => {
                let span = Span::new(range.start + 2, range.end - 1);
                pieces.push(text(
                    At::new(self.text[span.range()].to_owned(), span),
                    true,
                ));
            }
            "simple_expansion" | "expansion" | "command_substitution" => {
                let piece = self.expanded(node, false, depth);
                pieces.push(piece);
            }
            "word"
            | "number"
            | "variable_name"
            | "test_operator"
            | "regex"
            | "extglob_pattern"
            | "special_variable_name" => {
                self.mixed(node, range, Quote::None, depth, pieces);
            }
            _ if !node.is_named() => self.mixed(node, range, Quote::None, depth, pieces),
            _ => pieces.push(unknown(false)),
        }
    }

    /// What stands in a range of the text: the expansions among a node's children, and text between them.
    fn mixed(
        &mut self,
        node: Node<'_>,
        range: std::ops::Range<usize>,
        quote: Quote,
        depth: u32,
        pieces: &mut Vec<Piece>,
    ) {
        let mut from = range.start;
        for child in children(node) {
            let is_expansion = matches!(
                child.kind(),
                "simple_expansion"
                    | "expansion"
                    | "command_substitution"
                    | "arithmetic_expansion"
                    | "process_substitution"
            );
            if !is_expansion || child.start_byte() < from {
                continue;
            }
            self.gap(from..child.start_byte(), quote, pieces);
            let piece = self.expanded(child, quote != Quote::None, depth);
            pieces.push(piece);
            from = child.end_byte();
        }
        self.gap(from..range.end, quote, pieces);
    }

    fn gap(&self, range: std::ops::Range<usize>, quote: Quote, pieces: &mut Vec<Piece>) {
        let Some(written) = self.text.get(range.clone()).filter(|text| !text.is_empty()) else {
            return;
        };
        let value = unescape(written, quote);
        let span = Span::new(range.start, range.end);
        let is_escaped = value.len() != written.len();
        pieces.push(text(
            At::new(value, span),
            quote != Quote::None || is_escaped,
        ));
    }

    fn expanded(&mut self, node: Node<'_>, is_quoted: bool, depth: u32) -> Piece {
        let kind = match node.kind() {
            "command_substitution" if depth < super::DEEPEST => {
                PieceKind::Output(self.steps_in(node, depth))
            }
            "simple_expansion" | "expansion" => self.variable(node, depth),
            _ => PieceKind::Unknown,
        };
        Piece {
            span: span_of(node),
            is_quoted,
            kind,
        }
    }

    fn variable(&mut self, node: Node<'_>, depth: u32) -> PieceKind {
        let all = self.slice(node);
        let braced = all
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        let (inner, start) = match braced {
            Some(inner) => (inner, node.start_byte() + 2),
            None => (all.strip_prefix('$').unwrap_or(all), node.start_byte() + 1),
        };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let length = match inner.find(|letter| !is_name(letter)).unwrap_or(inner.len()) {
            0 => inner.chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        let (name, mut rest) = inner.split_at(length);
        if name.is_empty() || (matches!(name, "!" | "#") && !rest.is_empty()) {
            return PieceKind::Unknown;
        }
        let mut is_list = matches!(name, "@" | "*");
        for all in ["[@]", "[*]"] {
            if let Some(behind) = rest.strip_prefix(all) {
                (is_list, rest) = (true, behind);
            }
        }
        let expansion = match rest {
            "" => Expansion::Plain,
            _ if rest.starts_with('[') => Expansion::Unknown,
            _ if rest.starts_with(":?") || rest.starts_with('?') => Expansion::Plain,
            _ => self.operation(node, rest, depth),
        };
        PieceKind::Variable {
            name: At::new(name.to_owned(), Span::new(start, start + name.len())),
            is_list,
            expansion,
        }
    }

    /// What `rest`, behind the name, does to the value.
    fn operation(&mut self, node: Node<'_>, rest: &str, depth: u32) -> Expansion {
        let is_plain = |text: &str| !text.contains(['$', '`', '\\', '"', '\'']);
        for operator in [":-", ":=", "-", "="] {
            if rest.starts_with(operator) {
                let end = node.end_byte() - 1;
                let start = end - (rest.len() - operator.len());
                let mut word = Word {
                    span: Span::new(start, end),
                    pieces: Vec::new(),
                };
                let inside = |child: &Node<'_>| child.is_named() && child.start_byte() >= start;
                let operands: Vec<Node<'_>> = children(node).into_iter().filter(inside).collect();
                let covers = |child: &Node<'_>| child.byte_range() == (start..end);
                match operands.as_slice() {
                    [operand] if covers(operand) => {
                        self.pieces(*operand, depth + 1, &mut word.pieces);
                    }
                    _ if is_plain(&self.text[start..end]) => {
                        self.gap(start..end, Quote::Double, &mut word.pieces);
                    }
                    _ => self.mixed(node, start..end, Quote::Double, depth, &mut word.pieces),
                }
                return Expansion::Default(word);
            }
        }
        if !is_plain(rest) {
            return Expansion::Unknown;
        }
        for (operator, from_end, longest) in [
            ("##", false, true),
            ("#", false, false),
            ("%%", true, true),
            ("%", true, false),
        ] {
            if let Some(pattern) = rest.strip_prefix(operator) {
                return Expansion::Cut {
                    from_end,
                    longest,
                    pattern: pattern.to_owned(),
                };
            }
        }
        let Some(rest) = rest.strip_prefix('/') else {
            return Expansion::Unknown;
        };
        let (all, rest) = match rest.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (pattern, with) = rest.split_once('/').unwrap_or((rest, ""));
        if pattern.is_empty() || pattern.starts_with(['#', '%']) || is_pattern(pattern) {
            return Expansion::Unknown;
        }
        Expansion::Replace {
            all,
            pattern: pattern.to_owned(),
            with: with.to_owned(),
        }
    }
}

fn text(text: At<String>, is_quoted: bool) -> Piece {
    Piece {
        span: text.span,
        is_quoted,
        kind: PieceKind::Text(text),
    }
}

/// What a backslash leaves of a text.
fn unescape(text: &str, quote: Quote) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('\n') => {}
            Some(next @ ('$' | '`' | '\\')) => plain.push(next),
            Some('"') if quote != Quote::Heredoc => plain.push('"'),
            Some(next) if quote == Quote::None => plain.push(next),
            Some(next) => plain.extend(['\\', next]),
            None => plain.push('\\'),
        }
    }
    plain
}
