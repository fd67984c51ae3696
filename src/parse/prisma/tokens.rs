//! The words and marks of a schema, and which bracket closes which.

use crate::parse::Problem;
use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a part of a number.
    Word,
    /// A string, quotes included; `closed` where it ends before its line does.
    Text { closed: bool },
    /// A line break.
    Newline,
    /// Any other character; its first byte.
    Mark(u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// A text in tokens.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    /// For each opening bracket, the token that ends it: its closing bracket; for the brace of a block
    /// that is never closed the next block, or the end; for other unclosed brackets nothing.
    pub(super) ends: Vec<Option<usize>>,
    pub(super) comments: Vec<Span>,
    /// Strings and comments that are never closed, in the order of the text.
    pub(super) problems: Vec<Problem>,
}

pub(super) fn tokens(text: &str) -> Tokens {
    let mut found = Tokens::default();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            found.comments.push(Span::new(at, at + length));
            length
        } else if let Some(inside) = rest.strip_prefix("/*") {
            let end = inside.find("*/");
            let length = end.map_or(rest.len(), |end| end + 4);
            let span = Span::new(at, at + length);
            found.comments.push(span);
            if end.is_none() {
                found.problems.push(never_closed("comment", span, "*/"));
            }
            length
        } else if first == '"' {
            let (length, closed) = string(rest);
            let span = Span::new(at, at + length);
            if !closed {
                found.problems.push(never_closed("string", span, "\""));
            }
            found.list.push(Token {
                kind: Kind::Text { closed },
                span,
            });
            length
        } else if is_word(first) {
            let length = rest.find(|next| !is_word(next)).unwrap_or(rest.len());
            found.push(Kind::Word, at, length);
            length
        } else {
            let length = first.len_utf8();
            match first {
                '\n' | '\r' => found.push(Kind::Newline, at, length),
                '\u{feff}' => {}
                _ if first.is_whitespace() => {}
                _ => found.push(Kind::Mark(rest.as_bytes()[0]), at, length),
            }
            length
        };
        at += length;
    }
    found.pair_brackets(text);
    found
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// The length of the string that `rest` begins with, and whether it is closed on its line.
fn string(rest: &str) -> (usize, bool) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return (at + 1, true),
            b'\n' | b'\r' => break,
            b'\\' if matches!(bytes.get(at + 1), Some(b'"' | b'\\')) => at += 2,
            _ => at += 1,
        }
    }
    (rest[..at].trim_end().len(), false)
}

pub(super) fn never_closed(what: &str, span: Span, closer: &str) -> Problem {
    Problem {
        span,
        message: format!("this {what} is never closed"),
        help: format!("add the missing `{closer}`"),
    }
}

impl Tokens {
    /// Whether a string or comment that is never closed begins in `span`.
    pub(super) fn has_problem_in(&self, span: Span) -> bool {
        let next = self
            .problems
            .partition_point(|problem| problem.span.start < span.start);
        self.problems
            .get(next)
            .is_some_and(|problem| problem.span.start < span.end)
    }

    fn push(&mut self, kind: Kind, at: usize, length: usize) {
        let span = Span::new(at, at + length);
        self.list.push(Token { kind, span });
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.list.get(index).map(|token| token.kind)
    }

    pub(super) fn is_mark(&self, index: usize, mark: u8) -> bool {
        self.kind(index) == Some(Kind::Mark(mark))
    }

    /// Whether a block with a name begins at `index`, the first token of its line.
    pub(super) fn is_block(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Word)
            && self.kind(index + 1) == Some(Kind::Word)
            && self.is_mark(index + 2, b'{')
    }

    /// Finds the end of every bracket in one pass, so that no reader ever searches for one.
    ///
    /// A closing brace ends all that was left open inside it, and a line that begins a block ends
    /// everything: blocks do not nest, but for those in a `namespace`.
    fn pair_brackets(&mut self, text: &str) {
        let mut ends = vec![None; self.list.len()];
        let mut open: Vec<usize> = Vec::new();
        let mut open_braces = 0usize;
        let mut line_begins = true;
        for index in 0..self.list.len() {
            if line_begins && self.is_block(index) {
                let outermost = open.first().copied();
                let kept = usize::from(outermost.is_some_and(|it| self.is_namespace(it, text)));
                self.end_blocks(&mut open, &mut ends, kept, index);
                open_braces = kept;
            }
            let kind = self.list[index].kind;
            line_begins = kind == Kind::Newline;
            match kind {
                Kind::Mark(b'{') => {
                    open.push(index);
                    open_braces += 1;
                }
                Kind::Mark(b'(' | b'[') => open.push(index),
                Kind::Mark(b'}') if open_braces > 0 => {
                    open_braces -= 1;
                    while let Some(opener) = open.pop() {
                        if self.is_mark(opener, b'{') {
                            ends[opener] = Some(index);
                            break;
                        }
                    }
                }
                Kind::Mark(closer @ (b')' | b']')) => {
                    let opener = if closer == b')' { b'(' } else { b'[' };
                    // One bracket between the two may have been forgotten.
                    let found = open
                        .iter()
                        .rev()
                        .take(2)
                        .copied()
                        .take_while(|&index| !self.is_mark(index, b'{'))
                        .find(|&index| self.is_mark(index, opener));
                    if let Some(found) = found {
                        ends[found] = Some(index);
                        while open.pop().is_some_and(|opener| opener != found) {}
                    }
                }
                _ => {}
            }
        }
        self.end_blocks(&mut open, &mut ends, 0, self.list.len());
        self.ends = ends;
    }

    /// Whether a brace is that of a `namespace`.
    fn is_namespace(&self, brace: usize, text: &str) -> bool {
        let keyword = brace
            .checked_sub(2)
            .filter(|&keyword| self.is_block(keyword));
        keyword.is_some_and(|keyword| &text[self.list[keyword].span.range()] == "namespace")
    }

    /// Ends at `at` all that is open, the outermost `kept` of them aside.
    fn end_blocks(
        &self,
        open: &mut Vec<usize>,
        ends: &mut [Option<usize>],
        kept: usize,
        at: usize,
    ) {
        for opener in open.drain(kept..) {
            if self.is_mark(opener, b'{') {
                ends[opener] = Some(at);
            }
        }
    }
}
