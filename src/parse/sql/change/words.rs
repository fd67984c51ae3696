//! Tokens of a statement with what the readers of this folder ask of them.

use crate::parse::sql::executed::Built;
use crate::parse::sql::relation::ObjectName;
use crate::parse::sql::split::{Token, TokenKind};
use crate::parse::sql::statement::Cursor;
use crate::source::{At, Span};

/// Tokens that are read one after the other.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) cursor: Cursor<'a>,
    /// What the text was put together from, where it does not stand in the file as it is.
    pub(super) origin: Option<&'a Built>,
}

impl<'a> Words<'a> {
    pub(super) fn over(self, rest: &'a [Token]) -> Self {
        Self {
            cursor: Cursor::new(self.cursor.text, rest),
            origin: self.origin,
        }
    }

    pub(super) fn rest(&self) -> &'a [Token] {
        self.cursor.rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cursor.rest.is_empty()
    }

    /// Where a span of this text stands in the file.
    pub(super) fn place(&self, span: Span) -> Span {
        self.origin.map_or(span, |built| built.source(span))
    }

    /// The token itself.
    pub(super) fn written(&self, token: &Token) -> &'a str {
        &self.cursor.text[token.span.range()]
    }

    pub(super) fn skip(&mut self, tokens: usize) {
        self.cursor.rest = &self.cursor.rest[tokens.min(self.cursor.rest.len())..];
    }

    pub(super) fn eat(&mut self, words: &str) -> bool {
        let mut after = *self;
        for word in words.split(' ') {
            if !after.cursor.is_word(0, &[word]) {
                return false;
            }
            after.skip(1);
        }
        *self = after;
        true
    }

    pub(super) fn at(&self, words: &str) -> bool {
        let mut copy = *self;
        copy.eat(words)
    }

    pub(super) fn eat_symbol(&mut self, symbol: u8) -> bool {
        let stands_here = self.cursor.is_symbol(0, symbol);
        if stands_here {
            self.skip(1);
        }
        stands_here
    }

    pub(super) fn name(&mut self) -> Option<At<String>> {
        let name = self.cursor.name()?;
        Some(At::new(name.value, self.place(name.span)))
    }

    /// A name of up to three parts.
    pub(super) fn object(&mut self) -> Option<ObjectName> {
        let mut parts = vec![self.name()?];
        while self.cursor.is_symbol(0, b'.') && !self.cursor.is_symbol(1, b'*') {
            self.skip(1);
            parts.push(self.name()?);
        }
        Some(ObjectName { parts })
    }

    /// Names with commas between them.
    pub(super) fn objects(&mut self) -> Option<Vec<ObjectName>> {
        let mut objects = Vec::new();
        loop {
            self.eat("only");
            objects.push(self.object()?);
            self.eat_symbol(b'*');
            if !self.eat_symbol(b',') {
                return Some(objects);
            }
        }
    }

    /// What a string constant holds.
    pub(super) fn literal(&mut self) -> Option<At<String>> {
        let token = *self.rest().first()?;
        let literal = Built::from_literal(self.cursor.text, token)?;
        if literal.text.contains(crate::parse::sql::executed::UNKNOWN) {
            return None;
        }
        self.skip(1);
        let quote = self.cursor.text[token.span.range()]
            .find('\'')
            .map_or(0, |at| at + 1);
        let inner = Span::new(
            token.span.start as usize + quote,
            token.span.end as usize - usize::from(quote > 0),
        );
        Some(At::new(literal.text, self.place(inner)))
    }

    /// What stands in the parentheses that open here, which are passed over.
    pub(super) fn group(&mut self) -> Option<Words<'a>> {
        if !self.cursor.is_symbol(0, b'(') {
            return None;
        }
        let mut depth = 0_usize;
        for (position, token) in self.rest().iter().enumerate() {
            match token.kind {
                TokenKind::Symbol(b'(' | b'[') => depth += 1,
                TokenKind::Symbol(b')' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let inner = self.over(&self.rest()[1..position]);
                self.skip(position + 1);
                return Some(inner);
            }
        }
        None
    }

    /// The parts between a symbol outside of brackets.
    pub(super) fn split(self, symbol: u8) -> Vec<Words<'a>> {
        let mut parts = Vec::new();
        let mut depth = 0_usize;
        let mut start = 0;
        for (position, token) in self.rest().iter().enumerate() {
            match token.kind {
                TokenKind::Symbol(b'(' | b'[') => depth += 1,
                TokenKind::Symbol(b')' | b']') => depth = depth.saturating_sub(1),
                TokenKind::Symbol(found) if found == symbol && depth == 0 => {
                    parts.push(self.over(&self.rest()[start..position]));
                    start = position + 1;
                }
                _ => {}
            }
        }
        parts.push(self.over(&self.rest()[start..]));
        parts
    }

    /// Where words first stand outside of brackets.
    pub(super) fn find(&self, is_here: impl Fn(&Words) -> bool) -> Option<usize> {
        let mut depth = 0_usize;
        for (position, token) in self.rest().iter().enumerate() {
            match token.kind {
                TokenKind::Symbol(b'(' | b'[') => depth += 1,
                TokenKind::Symbol(b')' | b']') => depth = depth.saturating_sub(1),
                TokenKind::Word if depth == 0 && is_here(&self.over(&self.rest()[position..])) => {
                    return Some(position);
                }
                _ => {}
            }
        }
        None
    }

    /// Names in parentheses, with commas between them; `None` where something else stands there.
    pub(super) fn names_in_group(&mut self) -> Option<Vec<At<String>>> {
        let group = self.group()?;
        let names = group.split(b',').into_iter().map(|mut part| {
            let name = part.name()?;
            part.is_empty().then_some(name)
        });
        names.collect()
    }
}
