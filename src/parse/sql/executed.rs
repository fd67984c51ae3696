//! Text that a statement builds and has executed: `SELECT format('CREATE DATABASE %I', 'loans') \gexec`
//! of `psql`, and `EXECUTE '…'` of PL/pgSQL.

use std::borrow::Cow;

use super::split::{Token, TokenKind};
use crate::source::Span;

/// Stands for what is known only when the statement runs. It counts as a letter, so that a name with an
/// unknown part in it remains one name.
pub(super) const UNKNOWN: char = '\u{fffc}';

/// A text put together from parts that stand elsewhere.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) text: String,
    /// Sorted by their starts.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// Where it begins in the built text.
    start: usize,
    /// Where it comes from.
    source: Span,
    /// Whether it stands there byte by byte.
    is_verbatim: bool,
}

impl Built {
    /// Text as a literal holds it; `None` where it is none, or has escapes that are not resolved here.
    pub(super) fn from_literal(text: &str, token: Token) -> Option<Self> {
        let mut built = Self::default();
        let (content, source) = content(text, token)?;
        built.push_content(&content, text, source);
        Some(built)
    }

    /// Adds what a literal holds, in pieces that each stand there byte by byte: of a doubled quote the
    /// first one counts.
    fn push_content(&mut self, content: &str, text: &str, source: Span) {
        if content.len() == source.len() {
            return self.push(content, source);
        }
        let literal = &text[source.range()];
        let mut start = 0;
        let doubled = literal.match_indices("''").map(|(at, _)| at + 1);
        for end in doubled.chain([literal.len()]) {
            let piece = Span::new(start, end).shifted(source.start as usize);
            self.push(&literal[start..end], piece);
            start = end + 1;
        }
    }

    pub(super) fn push(&mut self, part: &str, source: Span) {
        if part.is_empty() {
            return;
        }
        self.parts.push(Part {
            start: self.text.len(),
            source,
            is_verbatim: part.len() == source.len(),
        });
        self.text.push_str(part);
    }

    /// Adds what `format` makes of `%I`, or `quote_ident` of its argument.
    fn push_as_name(&mut self, name: &str, source: Span) {
        let is_plain = name.starts_with(|char: char| char.is_ascii_lowercase() || char == '_')
            && name
                .chars()
                .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
        if is_plain || name.contains(UNKNOWN) {
            self.push(name, source);
        } else {
            self.push(
                "\"",
                Span::new(source.start as usize, source.start as usize),
            );
            self.push(&name.replace('"', "\"\""), source);
            self.push("\"", Span::new(source.end as usize, source.end as usize));
        }
    }

    /// Where a part of the built text comes from.
    pub(super) fn source(&self, span: Span) -> Span {
        let part_at = |at: usize| {
            let next = self.parts.partition_point(|part| part.start <= at);
            self.parts.get(next.checked_sub(1)?)
        };
        let start = span.start as usize;
        let last = (span.end as usize).saturating_sub(1).max(start);
        let (Some(first_part), Some(last_part)) = (part_at(start), part_at(last)) else {
            return Span::default();
        };
        let source = first_part.source.cover(last_part.source);
        let start = if first_part.is_verbatim {
            first_part.source.start as usize + (start - first_part.start)
        } else {
            source.start as usize
        };
        let end = if last_part.is_verbatim {
            last_part.source.start as usize + (last + 1 - last_part.start)
        } else {
            source.end as usize
        };
        Span::new(start, end)
    }
}

/// What a literal holds, and where; `None` for a bit string and for escapes by backslash.
fn content(text: &str, token: Token) -> Option<(Cow<'_, str>, Span)> {
    if token.kind != TokenKind::Literal {
        return None;
    }
    let literal = &text[token.span.range()];
    let start = token.span.start as usize;
    if let Some(tagged) = literal.strip_prefix('$') {
        let quote = tagged.find('$')? + 2;
        let span = Span::new(start + quote, token.span.end as usize - quote);
        return Some((Cow::Borrowed(&text[span.range()]), span));
    }
    let quote = literal.find('\'')?;
    let span = Span::new(start + quote + 1, token.span.end as usize - 1);
    let content = &text[span.range()];
    match literal.as_bytes()[0] {
        b'b' | b'B' | b'x' | b'X' => return None,
        b'e' | b'E' | b'u' | b'U' if content.contains('\\') => return None,
        _ => {}
    }
    Some(if content.contains("''") {
        (Cow::Owned(content.replace("''", "'")), span)
    } else {
        (Cow::Borrowed(content), span)
    })
}

/// The texts that `\gexec` executes: the columns of every `SELECT` of a query.
pub(super) fn by_gexec(text: &str, query: &[Token]) -> Vec<Built> {
    let mut texts = Vec::new();
    let clauses = clauses(text, query);
    for (position, &(start, word)) in clauses.iter().enumerate() {
        if word == "select" {
            let end = clauses.get(position + 1).map_or(query.len(), |next| next.0);
            let columns = split_at(&query[start + 1..end], b',');
            let columns = columns.map(|column| without_alias(text, column));
            // `psql` passes over columns that are null.
            let executed =
                columns.filter(|column| !matches!(column, [only] if is(text, *only, "null")));
            texts.extend(executed.map(|column| expression(text, column)));
        }
    }
    texts
}

/// The texts of the `EXECUTE` statements in the body of a `DO`.
pub(super) fn by_execute(text: &str, body: &[Token]) -> Vec<Built> {
    let mut texts = Vec::new();
    let mut rest = body;
    while let Some(position) = rest.iter().position(|&token| is(text, token, "execute")) {
        rest = &rest[position + 1..];
        let ends = |&token: &Token| {
            token.kind == TokenKind::Symbol(b';')
                || is(text, token, "using")
                || is(text, token, "into")
        };
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        texts.push(expression(text, &rest[..end]));
        rest = &rest[end..];
    }
    texts
}

/// The words that begin or end the column list of a `SELECT`.
const CLAUSES: [&str; 15] = [
    "select",
    "from",
    "where",
    "union",
    "intersect",
    "except",
    "group",
    "having",
    "window",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "into",
];

/// The clauses of a query outside of parentheses, and at which token each begins.
fn clauses(text: &str, query: &[Token]) -> Vec<(usize, &'static str)> {
    let outside = outside_of_brackets(query);
    let clause = |(position, token): (usize, Token)| {
        let word = CLAUSES.into_iter().find(|word| is(text, token, word))?;
        Some((position, word))
    };
    outside.filter_map(clause).collect()
}

fn outside_of_brackets(tokens: &[Token]) -> impl Iterator<Item = (usize, Token)> {
    let mut depth = 0_usize;
    tokens
        .iter()
        .copied()
        .enumerate()
        .filter(move |(_, token)| {
            match token.kind {
                TokenKind::Symbol(b'(' | b'[') => depth += 1,
                TokenKind::Symbol(b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
}

/// What stands in the brackets that the first token opens.
pub(super) fn within_brackets(tokens: &[Token]) -> &[Token] {
    let closing = outside_of_brackets(tokens)
        .next()
        .map_or(tokens.len(), |(at, _)| at);
    tokens.get(1..closing).unwrap_or_default()
}

/// The parts between separators outside of brackets.
pub(super) fn split_at(tokens: &[Token], separator: u8) -> impl Iterator<Item = &[Token]> {
    let mut starts = vec![0];
    let separators =
        outside_of_brackets(tokens).filter(|(_, token)| token.kind == TokenKind::Symbol(separator));
    starts.extend(separators.map(|(position, _)| position + 1));
    starts.push(tokens.len() + 1);
    let bounds = (1..starts.len()).map(move |next| starts[next - 1]..starts[next] - 1);
    bounds.map(|bounds| &tokens[bounds])
}

fn without_alias<'a>(text: &str, column: &'a [Token]) -> &'a [Token] {
    let alias = outside_of_brackets(column).find(|&(_, token)| is(text, token, "as"));
    alias.map_or(column, |(position, _)| &column[..position])
}

fn is(text: &str, token: Token, word: &str) -> bool {
    token.kind == TokenKind::Word && text[token.span.range()].eq_ignore_ascii_case(word)
}

/// What an expression of `||`, `format`, `quote_ident` and literals comes to.
pub(super) fn expression(text: &str, tokens: &[Token]) -> Built {
    let mut built = Built::default();
    // `||` is two symbols, with nothing between them.
    for operand in split_at(tokens, b'|').filter(|operand| !operand.is_empty()) {
        let operand = without_cast(operand);
        let (first, rest) = match operand {
            [first, rest @ ..] => (*first, rest),
            [] => continue,
        };
        let arguments = match rest {
            [open, arguments @ .., close]
                if open.kind == TokenKind::Symbol(b'(')
                    && close.kind == TokenKind::Symbol(b')') =>
            {
                arguments
            }
            _ => &[],
        };
        let whole = rest
            .last()
            .map_or(first.span, |last| first.span.cover(last.span));
        if operand.iter().all(|token| token.kind == TokenKind::Literal) {
            for &literal in operand {
                push_literal(&mut built, text, literal);
            }
        } else if is(text, first, "quote_ident") && arguments.len() == 1 {
            let (name, source) = value(text, arguments);
            built.push_as_name(&name, source);
        } else if is(text, first, "format") && !arguments.is_empty() {
            push_format(&mut built, text, arguments);
        } else {
            built.push(UNKNOWN.encode_utf8(&mut [0; 4]), whole);
        }
    }
    built
}

/// An expression without `::text` behind it.
fn without_cast(tokens: &[Token]) -> &[Token] {
    match tokens {
        [value @ .., colons, _] if colons.kind == TokenKind::Colons => value,
        _ => tokens,
    }
}

fn push_literal(built: &mut Built, text: &str, literal: Token) {
    match content(text, literal) {
        Some((content, source)) => built.push_content(&content, text, source),
        None => built.push(UNKNOWN.encode_utf8(&mut [0; 4]), literal.span),
    }
}

/// The value of an argument: a literal's content, or [`UNKNOWN`].
fn value<'a>(text: &'a str, argument: &[Token]) -> (Cow<'a, str>, Span) {
    let known = match without_cast(argument) {
        [literal] => content(text, *literal),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let span = match argument {
            [first, .., last] => first.span.cover(last.span),
            [only] => only.span,
            [] => Span::default(),
        };
        (Cow::Owned(UNKNOWN.to_string()), span)
    })
}

/// Adds what `format` makes of its arguments (PostgreSQL manual, 9.4.1); `%1$s` and `%-10s` come out as
/// unknown.
fn push_format(built: &mut Built, text: &str, arguments: &[Token]) {
    let mut arguments = split_at(arguments, b',');
    let argument = without_cast(arguments.next().unwrap_or_default());
    let mut told = Built::default();
    match argument {
        [literal] if literal.kind == TokenKind::Literal => push_literal(&mut told, text, *literal),
        _ => {
            let (template, source) = value(text, argument);
            told.push(&template, source);
        }
    }
    let template = &told.text;
    let part = |range: std::ops::Range<usize>| told.source(Span::new(range.start, range.end));
    let mut literal = 0;
    let mut next = 0;
    while let Some(percent) = template[next..].find('%').map(|length| next + length) {
        built.push(&template[literal..percent], part(literal..percent));
        let directive = template[percent + 1..].chars().next();
        let length = directive.map_or(0, char::len_utf8);
        next = percent + 1 + length;
        literal = next;
        match directive {
            Some('%') => built.push("%", part(percent..next)),
            Some('I' | 's' | 'L') => {
                let (argument, source) = value(text, arguments.next().unwrap_or_default());
                match directive {
                    Some('I') => built.push_as_name(&argument, source),
                    Some('s') => built.push(&argument, source),
                    _ => built.push(&format!("'{}'", argument.replace('\'', "''")), source),
                }
            }
            _ => built.push(UNKNOWN.encode_utf8(&mut [0; 4]), part(percent..next)),
        }
    }
    built.push(&template[literal..], part(literal..template.len()));
}
