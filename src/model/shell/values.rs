//! What the words of a script stand for: its variables, and what commands print into them.

use super::{Folder, Held, Machine, ROOT, Text};
use crate::parse::shell::{Command, Expansion, Piece, PieceKind, Step, StepKind, Word};
use crate::source::Span;

impl<'a> Machine<'a> {
    /// The words that words become.
    pub(super) fn all_words(&mut self, words: &'a [Word]) -> Vec<Text> {
        words.iter().flat_map(|word| self.words(word)).collect()
    }

    /// The words that one word becomes.
    fn words(&mut self, word: &'a Word) -> Vec<Text> {
        if let [
            Piece {
                is_quoted,
                kind:
                    PieceKind::Variable {
                        name,
                        is_list,
                        expansion: Expansion::Plain,
                    },
                span,
            },
        ] = word.pieces.as_slice()
        {
            let held = match name.value.as_str() {
                "@" | "*" => Some(Held::List(self.state.arguments.clone())),
                _ => self.state.variables.get(&name.value).cloned(),
            };
            return match held {
                Some(Held::List(list)) if *is_list => list,
                Some(Held::Word(text)) if !is_quoted && text.all_known().is_some() => text.words(),
                Some(Held::Word(text)) => vec![text],
                _ => vec![self.variable(&name.value, &Expansion::Plain, *span)],
            };
        }
        vec![self.text(word)]
    }

    pub(super) fn text(&mut self, word: &'a Word) -> Text {
        if word.is_pattern() {
            return Text::unknown(word.span);
        }
        let mut text = Text::default();
        for piece in &word.pieces {
            text.append(match &piece.kind {
                PieceKind::Text(part) => Text::known(part.value.clone(), part.span),
                PieceKind::Variable {
                    name, expansion, ..
                } => self.variable(&name.value, expansion, piece.span),
                PieceKind::Output(steps) => self.output(steps, piece.span),
                PieceKind::Unknown => Text::unknown(piece.span),
            });
        }
        text
    }

    fn variable(&mut self, name: &str, expansion: &'a Expansion, span: Span) -> Text {
        let unknown = || Text::unknown(span);
        let number = name.parse::<usize>();
        let held = match (name, number) {
            ("0" | "BASH_SOURCE", _) => {
                return Text::known(format!("{ROOT}/{}", self.path), span);
            }
            ("PWD", _) => {
                return match &self.state.folder {
                    Folder::Known(folder) => Text::known(format!("{ROOT}/{folder}"), span),
                    _ => unknown(),
                };
            }
            (_, Ok(number)) => match self.state.arguments.get(number.wrapping_sub(1)) {
                Some(argument) => Some(Held::Word(argument.clone())),
                None if self.depth > 0 => None,
                None => return unknown(),
            },
            _ => self.state.variables.get(name).cloned(),
        };
        let value = match held {
            Some(Held::Word(text)) => Some(text),
            Some(_) => return unknown(),
            None => None,
        };
        match (expansion, value) {
            (Expansion::Plain, Some(text)) => text,
            (Expansion::Default(_), Some(text)) if !text.shown().is_empty() => text,
            (Expansion::Default(word), _) if !self.state.is_sourced => self.text(word),
            (
                Expansion::Cut {
                    from_end,
                    longest,
                    pattern,
                },
                Some(text),
            ) => cut(&text, *from_end, *longest, pattern).unwrap_or_else(unknown),
            (Expansion::Replace { all, pattern, with }, Some(text)) => match text.all_known() {
                Some(known) if *all => {
                    Text::known(known.replace(pattern, with), text.place().unwrap_or(span))
                }
                Some(known) => Text::known(
                    known.replacen(pattern, with, 1),
                    text.place().unwrap_or(span),
                ),
                None => unknown(),
            },
            _ => unknown(),
        }
    }

    /// What the usual commands for finding one's own folder print.
    fn output(&mut self, steps: &'a [Step], span: Span) -> Text {
        let before = self.state.clone();
        let mut printed = None;
        for step in steps {
            printed = match &step.kind {
                StepKind::Command(command) => self.printed(command, span),
                _ => None,
            };
            self.step(step);
        }
        self.state = before;
        printed.unwrap_or_else(|| Text::unknown(span))
    }

    fn printed(&mut self, command: &'a Command, span: Span) -> Option<Text> {
        let words = self.all_words(&command.words);
        let texts: Vec<String> = words.iter().map(Text::shown).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let last = words.last()?;
        match texts.as_slice() {
            ["pwd", ..] => {
                let Folder::Known(folder) = &self.state.folder else {
                    return None;
                };
                Some(Text::known(format!("{ROOT}/{folder}"), span))
            }
            ["git", "rev-parse", "--show-toplevel"] => Some(Text::known(ROOT, span)),
            ["echo" | "realpath", _] | ["readlink", "-f", _] => Some(last.clone()),
            ["dirname", ..] => {
                let path = last.all_known()?;
                let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                Some(last.slice(0..folder.len()))
                    .filter(|_| path.contains('/'))
                    .or_else(|| Some(Text::known(".", span)))
            }
            ["basename", _] => {
                let path = last.all_known()?;
                let start = path.rfind('/').map_or(0, |at| at + 1);
                Some(last.slice(start..path.len()))
            }
            _ => None,
        }
    }
}

/// What `#` and `%` leave of a text; `None` for patterns that are more than a `*` at one end.
fn cut(text: &Text, from_end: bool, longest: bool, pattern: &str) -> Option<Text> {
    let known = text.all_known()?;
    let range = if from_end {
        match pattern.strip_suffix('*') {
            Some(mark) => {
                let at = if longest {
                    known.find(mark)
                } else {
                    known.rfind(mark)
                };
                0..at.unwrap_or(known.len())
            }
            None => 0..known.strip_suffix(pattern).map_or(known.len(), str::len),
        }
    } else {
        match pattern.strip_prefix('*') {
            Some(mark) => {
                let at = if longest {
                    known.rfind(mark)
                } else {
                    known.find(mark)
                };
                at.map_or(0, |at| at + mark.len())..known.len()
            }
            None => {
                known
                    .strip_prefix(pattern)
                    .map_or(0, |rest| known.len() - rest.len())..known.len()
            }
        }
    };
    let mark = pattern.trim_matches('*');
    (!mark.is_empty() && !mark.contains(['*', '?', '['])).then(|| text.slice(range))
}
