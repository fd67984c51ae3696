//! Dockerfiles, as far as the image they build on, the ports they expose and the variables they set are
//! concerned (Dockerfile reference, "FROM", "EXPOSE", "ENV", "ARG" and "Here-Documents").

use crate::parse::Parsed;
use crate::parse::command::{CommandForm, CommandText};
use crate::parse::dotenv::Entry;
use crate::source::{At, Span};

/// What one Dockerfile says.
#[derive(Debug, Default)]
pub struct Dockerfile {
    /// The stages, in order; the last one is what an unnamed target builds.
    pub stages: Vec<Stage>,
    /// The words of every `EXPOSE`, of all stages.
    pub exposed: Vec<At<String>>,
    /// What `ENV` and `ARG` set, of all stages, in the order of the text. An `ARG` without a default is
    /// none of them.
    pub variables: Vec<Entry>,
    /// The value that the last `ENV` with the port to listen on, `PORT`, gives it.
    pub port: Option<At<String>>,
    /// The words of every `HEALTHCHECK`, of all stages, as written.
    pub checks: Vec<At<String>>,
    /// What `ENTRYPOINT` and `CMD` start, of all stages, in the order of the text.
    pub starts: Vec<Start>,
}

/// One `ENTRYPOINT` or `CMD`.
#[derive(Debug)]
pub struct Start {
    /// How many stages begin before it; its own is the last of them.
    pub stage: usize,
    /// Whether it is an `ENTRYPOINT`, which takes the words of `CMD` behind its own.
    pub is_entrypoint: bool,
    /// What it starts.
    pub command: CommandForm,
}

/// One `FROM`.
#[derive(Debug)]
pub struct Stage {
    /// The image or the earlier stage that it begins with, as written.
    pub image: At<String>,
    /// The name after `AS`.
    pub name: Option<String>,
}

/// Reads one Dockerfile.
pub fn parse(text: &str) -> Parsed<Dockerfile> {
    let mut reader = Reader {
        text,
        next: 0,
        escape: escape(text),
        comments: Vec::new(),
    };
    let mut dockerfile = Dockerfile::default();
    while let Some(line) = reader.instruction() {
        dockerfile.take(&line);
    }
    Parsed {
        facts: dockerfile,
        problems: Vec::new(),
        comments: reader.comments,
        // Nothing is read from its here-documents.
        unbroken: Vec::new(),
    }
}

/// The character that continues a line: a backslash, unless a directive on top says otherwise.
fn escape(text: &str) -> char {
    let lines = text.trim_start_matches('\u{feff}').lines();
    let directives = lines.map_while(|line| line.trim().strip_prefix('#')?.split_once('='));
    directives
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("escape"))
        .find_map(|(_, value)| value.trim().chars().next())
        .filter(|escape| *escape == '`')
        .unwrap_or('\\')
}

/// An instruction with its continued lines: every character that counts, and where it stands.
struct Line {
    characters: Vec<(usize, char)>,
    escape: char,
}

struct Reader<'a> {
    text: &'a str,
    /// The first byte that was not read yet.
    next: usize,
    escape: char,
    comments: Vec<Span>,
}

impl<'a> Reader<'a> {
    fn physical_line(&mut self) -> Option<(usize, &'a str)> {
        let start = self.next;
        let line = self.text[start..].split_inclusive('\n').next()?;
        self.next += line.len();
        // BuildKit passes over a byte order mark as well.
        let indent = line.len() - line.trim_start_matches(is_blank).len();
        Some((start + indent, line.trim_matches(is_blank)))
    }

    /// The next instruction; what stands in its here-documents is passed over.
    fn instruction(&mut self) -> Option<Line> {
        let mut characters = Vec::new();
        while let Some((start, line)) = self.physical_line() {
            if line.starts_with('#') {
                self.comments.push(Span::new(start, start + line.len()));
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let continued = line.strip_suffix(self.escape);
            let content = continued.unwrap_or(line);
            let placed = content.char_indices();
            characters.extend(placed.map(|(at, character)| (start + at, character)));
            if continued.is_none() {
                break;
            }
            characters.push((start + content.len(), ' '));
        }
        if characters.is_empty() {
            return None;
        }
        let line = Line {
            characters,
            escape: self.escape,
        };
        for end in line.here_documents() {
            while let Some((_, line)) = self.physical_line() {
                if line == end {
                    break;
                }
            }
        }
        Some(line)
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

impl Line {
    /// The words, quotes and escapes left in them.
    fn words(&self) -> Vec<&[(usize, char)]> {
        let mut words = Vec::new();
        let mut start = None;
        let mut quote = None;
        let mut is_escaped = false;
        for (at, &(_, character)) in self.characters.iter().enumerate() {
            if quote.is_none() && !is_escaped && character.is_whitespace() {
                words.extend(start.take().map(|start| &self.characters[start..at]));
                continue;
            }
            start.get_or_insert(at);
            if is_escaped {
                is_escaped = false;
            } else if character == self.escape && quote != Some('\'') {
                is_escaped = true;
            } else if quote == Some(character) {
                quote = None;
            } else if quote.is_none() && matches!(character, '"' | '\'') {
                quote = Some(character);
            }
        }
        words.extend(start.map(|start| &self.characters[start..]));
        words
    }

    /// The words that white space alone separates.
    fn plain_words(&self) -> Vec<At<String>> {
        let words = self
            .characters
            .split(|(_, character)| character.is_whitespace());
        words
            .filter(|word| !word.is_empty())
            .map(as_written)
            .collect()
    }

    /// What stands behind the keyword: an array of JSON, else a line for a shell.
    fn command(&self) -> CommandForm {
        let is_space = |(_, character): &&(usize, char)| character.is_whitespace();
        let keyword = self
            .characters
            .iter()
            .take_while(|it| !is_space(it))
            .count();
        let rest = &self.characters[keyword..];
        let spaces = rest.iter().take_while(is_space).count();
        let rest = &rest[spaces..];
        array_of_words(rest).map_or_else(
            || {
                let mut command = CommandText::default();
                for &(at, character) in rest {
                    command.push(character, Span::new(at, at + character.len_utf8()));
                }
                CommandForm::Line(command)
            },
            CommandForm::Words,
        )
    }

    fn is(&self, keyword: &str) -> bool {
        let letters = self.characters.iter().map(|(_, character)| *character);
        let word = letters.take_while(|character| !character.is_whitespace());
        let word: String = word.take(keyword.len() + 1).collect();
        word.eq_ignore_ascii_case(keyword)
    }

    /// The words that end the here-documents which follow the instruction.
    fn here_documents(&self) -> Vec<String> {
        if !["run", "copy", "add"]
            .iter()
            .any(|keyword| self.is(keyword))
        {
            return Vec::new();
        }
        let words = self.plain_words().into_iter();
        words
            .filter_map(|word| {
                let at = word.value.find("<<")?;
                // A file descriptor may stand before it; `<<<` is a here-string.
                let is_one = word.value[..at].bytes().all(|byte| byte.is_ascii_digit());
                let name = word.value[at + 2..].trim_start_matches('-');
                let name = name.trim_matches(['"', '\'']);
                let is_name = |character: char| character.is_alphanumeric() || character == '_';
                (is_one && !name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
            })
            .collect()
    }
}

/// The strings of an array of JSON; `None` for anything else.
fn array_of_words(characters: &[(usize, char)]) -> Option<Vec<CommandText>> {
    let mut words = Vec::new();
    let [(_, '['), rest @ ..] = characters else {
        return None;
    };
    let mut rest = rest;
    loop {
        match rest {
            [(_, ']'), ..] => return Some(words),
            [(_, '"'), behind @ ..] => {
                let mut is_escaped = false;
                let end = behind.iter().position(|&(_, character)| {
                    let ends = character == '"' && !is_escaped;
                    is_escaped = character == '\\' && !is_escaped;
                    ends
                })?;
                words.push(CommandText::of_json_characters(
                    behind[..end].iter().copied(),
                ));
                rest = &behind[end + 1..];
            }
            [(_, character), behind @ ..] if *character == ',' || character.is_whitespace() => {
                rest = behind;
            }
            _ => return None,
        }
    }
}

/// Characters as they stand in the text. Where a continued line is among them, the span is longer than
/// the text.
fn as_written(characters: &[(usize, char)]) -> At<String> {
    let value: String = characters.iter().map(|(_, character)| *character).collect();
    At::new(value, span_of(characters))
}

fn span_of(characters: &[(usize, char)]) -> Span {
    match (characters.first(), characters.last()) {
        (Some((start, _)), Some((end, last))) => Span::new(*start, end + last.len_utf8()),
        _ => Span::default(),
    }
}

impl Dockerfile {
    fn take(&mut self, line: &Line) {
        if line.is("from") {
            self.stages.extend(stage(&line.plain_words()));
        } else if line.is("expose") {
            let words = line.plain_words().into_iter().skip(1);
            self.exposed
                .extend(words.take_while(|word| !word.value.starts_with('#')));
        } else if line.is("env") {
            let set = environment(line);
            let port = set.iter().rfind(|entry| entry.name.value == "PORT");
            self.port = port.map(|entry| entry.value.clone()).or(self.port.take());
            self.variables.extend(set);
        } else if line.is("healthcheck") {
            self.checks.extend(line.plain_words().into_iter().skip(1));
        } else if line.is("cmd") || line.is("entrypoint") {
            self.starts.push(Start {
                stage: self.stages.len(),
                is_entrypoint: line.is("entrypoint"),
                command: line.command(),
            });
        } else if line.is("arg") {
            let words = line.words();
            let pairs = words[1..].iter().filter_map(|word| pair(word, line.escape));
            self.variables.extend(pairs);
        }
    }

    /// What the stage that is built starts, and each stage named in `targets`: its name, its `ENTRYPOINT` and
    /// its `CMD`, which may be those of an earlier stage that it begins with.
    pub fn started<'s>(
        &'s self,
        targets: &std::collections::BTreeSet<&str>,
    ) -> Vec<(Option<&'s str>, [Option<&'s Start>; 2])> {
        let last = self.stages.len();
        let stages = self.stages.iter().enumerate();
        let built = stages.filter(|(number, stage)| {
            let name = stage.name.as_deref();
            number + 1 == last || name.is_some_and(|name| targets.contains(name))
        });
        built
            .map(|(number, stage)| {
                let start = |is_entrypoint| self.start_of(number, is_entrypoint);
                (stage.name.as_deref(), [start(true), start(false)])
            })
            .collect()
    }

    /// The last `ENTRYPOINT` or `CMD` of a stage, else of the stage that it begins with.
    fn start_of(&self, number: usize, is_entrypoint: bool) -> Option<&Start> {
        let mut number = number;
        loop {
            let mut starts = self.starts.iter().rev();
            let own = starts
                .find(|start| start.stage == number + 1 && start.is_entrypoint == is_entrypoint);
            if own.is_some() {
                return own;
            }
            let image = &self.stages[number].image.value;
            number = self.stages[..number].iter().rposition(|stage| {
                let name = stage.name.as_deref();
                name.is_some_and(|name| name.eq_ignore_ascii_case(image))
            })?;
        }
    }

    /// The image below the stage that is built: the last one, or the one named `target`, followed
    /// through earlier stages.
    pub fn base_image(&self, target: Option<&str>) -> Option<&At<String>> {
        let named = |name: &str, before: usize| {
            self.stages[..before].iter().rposition(|stage| {
                stage
                    .name
                    .as_deref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(name))
            })
        };
        let mut index = match target {
            Some(target) => named(target, self.stages.len())?,
            None => self.stages.len().checked_sub(1)?,
        };
        while let Some(earlier) = named(&self.stages[index].image.value, index) {
            index = earlier;
        }
        Some(&self.stages[index].image)
    }
}

fn stage(words: &[At<String>]) -> Option<Stage> {
    let mut words = words[1..]
        .iter()
        .skip_while(|word| word.value.starts_with("--"));
    let image = words.next()?;
    let name = match (words.next(), words.next()) {
        (Some(keyword), Some(name)) if keyword.value.eq_ignore_ascii_case("as") => {
            Some(name.value.clone())
        }
        _ => None,
    };
    Some(Stage {
        image: image.clone(),
        name,
    })
}

/// What one `ENV` sets: pairs, or one name and all that stands behind it.
fn environment(line: &Line) -> Vec<Entry> {
    let words = line.words();
    let Some(first) = words.get(1) else {
        return Vec::new();
    };
    if first.iter().any(|(_, character)| *character == '=') {
        let pairs = words[1..].iter().filter_map(|word| pair(word, line.escape));
        return pairs.collect();
    }
    let name_end = first.last().map(|(at, _)| *at).unwrap_or_default();
    let rest = line.characters.iter().position(|(at, _)| *at > name_end);
    let rest = rest
        .map(|rest| &line.characters[rest..])
        .unwrap_or_default();
    let is_space = |(_, character): &&(usize, char)| character.is_whitespace();
    let start = rest.iter().take_while(is_space).count();
    let end = rest.len() - rest.iter().rev().take_while(is_space).count();
    let value = rest.get(start..end).filter(|value| !value.is_empty());
    value
        .map(|value| entry(first, value, line.escape))
        .into_iter()
        .collect()
}

fn pair(word: &[(usize, char)], escape: char) -> Option<Entry> {
    let equals = word.iter().position(|(_, character)| *character == '=')?;
    (equals > 0).then(|| entry(&word[..equals], &word[equals + 1..], escape))
}

/// A variable. Quotes around a whole value are left out of its span; a `$` that is escaped stands as the
/// `$$` of interpolation.
fn entry(name: &[(usize, char)], value: &[(usize, char)], escape: char) -> Entry {
    let name = as_written(name);
    let inner = match value {
        [(_, open), inner @ .., (_, close)]
            if open == close
                && matches!(open, '"' | '\'')
                && !inner.iter().any(|(_, character)| character == open) =>
        {
            inner
        }
        _ => value,
    };
    let is_single = inner.len() < value.len() && value[0].1 == '\'';
    let is_quoted = inner.len() < value.len();
    let mut text = String::new();
    let mut quote = is_quoted.then(|| value[0].1);
    let mut characters = inner.iter().map(|(_, character)| *character).peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' | '\'' if quote.is_none() => quote = Some(character),
            _ if quote == Some(character) => quote = None,
            _ if character == escape && quote != Some('\'') => match characters.next() {
                Some('$') => text.push_str("$$"),
                Some(escaped) if quote == Some('"') && !matches!(escaped, '"' | '\\') => {
                    text.extend([character, escaped]);
                }
                Some(escaped) => text.push(escaped),
                None => text.push(character),
            },
            _ => text.push(character),
        }
    }
    let span = if text.is_empty() {
        name.span
    } else {
        span_of(inner)
    };
    Entry {
        name,
        value: At::new(text, span),
        interpolates: !is_single,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposed_ports_are_read_with_their_places() {
        let text = "FROM node:22\nEXPOSE 4211 9229/tcp\nRUN x\n expose $PORT \\\n  80-90\nRUN 5\n";
        let parsed = parse(text);
        let exposed = parsed.facts.exposed.iter();
        let read: Vec<_> = exposed
            .map(|port| (port.value.as_str(), &text[port.span.range()]))
            .collect();
        let all = ["4211", "9229/tcp", "$PORT", "80-90"];
        assert_eq!(read, all.map(|port| (port, port)));
    }

    #[test]
    fn the_base_image_is_found_through_the_stages() {
        let text = "\u{feff}FROM --platform=linux/amd64 postgis/postgis:16 AS base\n# x\nFROM base\nRUN x\n";
        let parsed = parse(text);
        let image = parsed.facts.base_image(None).unwrap();
        assert_eq!(image.value, "postgis/postgis:16");
        assert_eq!(&text[image.span.range()], "postgis/postgis:16");
    }

    /// Variables as `name=value`, in `'` where nothing is interpolated; checks that exact spans are exact.
    fn variables(text: &str) -> Vec<String> {
        let parsed = parse(text);
        let sketch = |entry: &Entry| {
            assert_eq!(text[entry.name.span.range()], entry.name.value);
            let is_exact = entry.value.span.len() == entry.value.value.len();
            if is_exact && !entry.value.value.is_empty() && !entry.value.value.contains("$$") {
                assert_eq!(text[entry.value.span.range()], entry.value.value);
            }
            let mark = if entry.interpolates { "" } else { "'" };
            format!("{}={mark}{}{mark}", entry.name.value, entry.value.value)
        };
        parsed.facts.variables.iter().map(sketch).collect()
    }

    #[test]
    fn variables_are_read_in_every_form() {
        for (text, expected) in [
            ("ENV A=1", vec!["A=1"]),
            ("env A=1 B=\"2 3\" C='$x'", vec!["A=1", "B=2 3", "C='$x'"]),
            ("ENV A 1 2  3 ", vec!["A=1 2  3"]),
            ("ENV A \"b c\"", vec!["A=b c"]),
            ("ENV A=b\\ c D=e", vec!["A=b c", "D=e"]),
            ("ENV A=\"x\"y", vec!["A=xy"]),
            ("ENV A=\\$b C=\"\\\"d\\\"\"", vec!["A=$$b", "C=\"d\""]),
            (
                "ENV A=1 \\\n  # a remark\n\n    B=2\nENV C=3",
                vec!["A=1", "B=2", "C=3"],
            ),
            ("# escape=`\nENV A=C:\\x `\n B=2", vec!["A=C:\\x", "B=2"]),
            (
                "ARG A\nARG B=2 C=3\nFROM x\nARG D=\"4\"",
                vec!["B=2", "C=3", "D=4"],
            ),
            ("ENV A=", vec!["A="]),
            ("ENV A=a=b?c=d", vec!["A=a=b?c=d"]),
            ("ENV", vec![]),
            ("ENV A", vec![]),
            ("ENVY A=1\nONBUILD ENV B=2\nRUN ENV C=3", vec![]),
            ("RUN <<EOF\nENV A=1\nEOF\nENV B=2", vec!["B=2"]),
            ("COPY <<-\"END\" /x\n  ENV A=1\n  END\nENV B=2", vec!["B=2"]),
            ("RUN cat <<<EOF\nENV B=2", vec!["B=2"]),
            ("ENV A=\"not closed\nENV B=2", vec!["A=not closed", "B=2"]),
        ] {
            assert_eq!(variables(text), expected, "{text}");
        }
    }

    /// What is started, words with `|` between them; checks that exact places are exact.
    fn starts(text: &str) -> Vec<String> {
        let written = |command: &CommandText| {
            let whole = 0..command.text().len();
            if let Some(span) = command.span(&whole)
                && span.len() == command.text().len()
            {
                assert_eq!(&text[span.range()], command.text());
            }
            command.text().to_owned()
        };
        let sketch = |start: &Start| {
            let mark = if start.is_entrypoint { "!" } else { "" };
            match &start.command {
                CommandForm::Line(line) => format!("{}{mark}{}", start.stage, written(line)),
                CommandForm::Words(words) => {
                    let words: Vec<String> = words.iter().map(written).collect();
                    format!("{}{mark}[{}]", start.stage, words.join("|"))
                }
            }
        };
        parse(text).facts.starts.iter().map(sketch).collect()
    }

    #[test]
    fn what_is_started_is_read_in_both_forms() {
        for (text, expected) in [
            ("FROM x\nCMD npm start", vec!["1npm start"]),
            (
                "FROM x\nENTRYPOINT [\"a\", \"b c\"]\nCMD [ \"d\" ]",
                vec!["1![a|b c]", "1[d]"],
            ),
            (
                "FROM x\nFROM y\nCMD [\"sh\", \"-c\", \"echo \\\"x\\\" && y\"]",
                vec!["2[sh|-c|echo \"x\" && y]"],
            ),
            ("FROM x\nCMD a && \\\n  # why\n  b", vec!["1a &&  b"]),
            ("CMD ['a', 'b']", vec!["0['a', 'b']"]),
            ("CMD []", vec!["0[]"]),
            ("CMD", vec!["0"]),
            ("HEALTHCHECK CMD a\nONBUILD CMD b", vec![]),
            ("CMD [\"a", vec!["0[\"a"]),
        ] {
            assert_eq!(starts(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_hostile_takes_long() {
        for piece in [
            "ENV A=1 \\\n",
            "ENV ",
            "RUN <<A\n",
            "\\\n",
            "\"",
            "ENV A=\"",
            "#",
            "ENV A=\\",
            "CMD [\"a\\",
            "\",",
        ] {
            let _ = parse(&piece.repeat(100_000));
        }
    }
}
