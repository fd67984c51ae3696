//! Commands that stand in files of other languages, as their program reads them.

use crate::source::Span;

/// A command, where every byte still knows where it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandText {
    text: String,
    /// Where each byte is written; bytes of one escape share their place.
    places: Vec<Span>,
}

/// Commands are read up to here, in bytes: far above what people write.
const LONGEST: usize = 64 * 1024;

/// How a container is told what to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandForm {
    /// One line for a shell.
    Line(CommandText),
    /// A program and its arguments.
    Words(Vec<CommandText>),
}

impl CommandText {
    /// The command.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where bytes `range` are written; not empty unless the command is.
    pub fn span(&self, range: &std::ops::Range<usize>) -> Option<Span> {
        let first = self.places.get(range.start)?;
        let last = self.places.get(range.end.checked_sub(1)?)?;
        Some(first.cover(*last))
    }

    /// Adds a character that is written at `span`.
    pub(super) fn push(&mut self, character: char, span: Span) {
        if self.text.len() < LONGEST {
            self.text.push(character);
            self.places.resize(self.text.len(), span);
        }
    }

    /// What a string of JSON holds whose content, without its quotes, stands at `span` of a text. Escapes that
    /// no command needs stand as they are written.
    pub(super) fn of_json(text: &str, span: Span) -> Self {
        let characters = text[span.range()].char_indices();
        let start = span.start as usize;
        Self::of_json_characters(characters.map(|(at, character)| (start + at, character)))
    }

    /// The same of characters, each with its place.
    pub(super) fn of_json_characters(characters: impl Iterator<Item = (usize, char)>) -> Self {
        let mut command = Self::default();
        let mut characters = characters;
        while let Some((at, character)) = characters.next() {
            if character != '\\' {
                command.push(character, Span::new(at, at + character.len_utf8()));
                continue;
            }
            let Some((next, escaped)) = characters.next() else {
                break;
            };
            let meant = match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            };
            command.push(meant, Span::new(at, next + escaped.len_utf8()));
        }
        command
    }
}
