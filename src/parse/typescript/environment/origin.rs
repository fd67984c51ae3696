//! The scheme, host and port that a text begins with which a program puts together.

use crate::source::{At, Span};

/// What stands for a part of a text that is not known.
const UNKNOWN: char = '\0';

/// A text put together from parts.
#[derive(Default)]
pub(super) struct Pieces {
    value: String,
    /// Where parts begin in the value, and where they stand; those that are constants stand where they are
    /// put in.
    pub(super) starts: Vec<(usize, Span, bool)>,
}

impl Pieces {
    pub(super) fn push_text(&mut self, text: &str, inside: Span) {
        self.starts.push((self.value.len(), inside, true));
        self.value
            .push_str(text.get(inside.range()).unwrap_or_default());
    }

    pub(super) fn push_hole(&mut self, known: Option<At<String>>, place: Span) {
        self.starts.push((self.value.len(), place, false));
        match known {
            Some(known) => self.value.push_str(&known.value),
            None => self.value.push(UNKNOWN),
        }
    }

    /// Where the part of the value that ends at `end` ends in the file.
    fn end_of(&self, end: usize) -> usize {
        let parts = self.starts.iter().rev();
        let part = parts.into_iter().find(|(start, ..)| *start < end);
        part.map_or(0, |(start, place, is_text)| {
            if *is_text {
                place.start as usize + end - start
            } else {
                place.end as usize
            }
        })
    }

    /// The scheme, host and port that the text begins with, if the host has no dot, and the host and the port.
    pub(super) fn url(&self) -> Option<(At<String>, String, Option<u16>)> {
        // What begins with a constant stands where that is written.
        let first = self.starts.iter().rfind(|(start, ..)| *start == 0)?;
        if !first.2 {
            return None;
        }
        let behind = ["http://", "https://"]
            .iter()
            .find_map(|scheme| self.value.strip_prefix(scheme))?;
        let start = self.value.len() - behind.len();
        let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let length = behind.bytes().take_while(|&byte| is_of_host(byte)).count();
        let (host, rest) = behind.split_at(length);
        let rest = rest.strip_prefix(':')?;
        if host.is_empty() || host == "localhost" || host.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let follows = rest[digits..].chars().next();
        let is_end = follows.is_none_or(|letter| ['/', '?', '#'].contains(&letter));
        let (end, port) = if digits > 0 && is_end {
            (
                start + length + 1 + digits,
                Some(rest[..digits].parse().ok()?),
            )
        } else if digits == 0 && follows == Some(UNKNOWN) {
            (start + length + 2, None)
        } else {
            return None;
        };
        let from = first.1.start as usize;
        let until = if port.is_some() { end } else { end - 2 };
        let origin = At {
            value: self.value[..until].to_owned(),
            span: Span::new(from, self.end_of(end)),
        };
        Some((origin, host.to_owned(), port))
    }
}
