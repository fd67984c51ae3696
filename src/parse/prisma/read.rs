//! Tokens to facts. Every token is looked at a bounded number of times: no step searches for the end
//! of a bracket.

use std::ops::Range;

use super::tokens::{Kind, Tokens, never_closed, tokens};
use super::{Datasource, Enum, Field, Generator, Model, PrismaFile, Value};
use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};

pub(super) fn file(text: &str) -> Parsed<PrismaFile> {
    let mut reader = Reader {
        text,
        tokens: tokens(text),
        at: 0,
        end: 0,
        problems: Vec::new(),
        unreadable_since: None,
        facts: PrismaFile::default(),
    };
    reader.blocks();
    let mut problems = reader.problems;
    problems.append(&mut reader.tokens.problems);
    problems.sort_by_key(|problem| problem.span);
    Parsed {
        facts: reader.facts,
        problems,
        comments: reader.tokens.comments,
        unbroken: Vec::new(),
    }
}

struct Reader<'t> {
    text: &'t str,
    tokens: Tokens,
    /// The next token to read.
    at: usize,
    /// One past the last token of the block that is being read, or of the file.
    end: usize,
    problems: Vec<Problem>,
    /// The index in `problems` of the one about the line above, where that could not be read either.
    unreadable_since: Option<usize>,
    facts: PrismaFile,
}

/// An attribute: `@map("…")`, `@@index([a])`, `@db.Uuid`.
struct Attribute {
    /// Its name, `@` excluded (`map`, `db.Uuid`).
    name: String,
    /// As written.
    text: At<String>,
    /// The tokens between its parentheses.
    arguments: Range<usize>,
}

const KEYWORDS: [&str; 6] = ["datasource", "enum", "generator", "model", "type", "view"];

/// The keyword that was meant by a word that looks much like it.
fn misspelt(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let is_near = |keyword: &&str| {
        lower == **keyword || keyword.len() > 4 && is_one_letter_away(&lower, keyword)
    };
    KEYWORDS.into_iter().find(|keyword| is_near(keyword))
}

/// Whether one letter is missing, too many or another, or two neighbours have changed places.
fn is_one_letter_away(word: &str, other: &str) -> bool {
    let (word, other) = (word.as_bytes(), other.as_bytes());
    let same = word.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (a, b) = (&word[same..], &other[same..]);
    match (a, b) {
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([a1, a2, a @ ..], [b1, b2, b @ ..]) if a1 == b2 && a2 == b1 && a == b => true,
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) => a == b,
        _ => false,
    }
}

impl Reader<'_> {
    fn blocks(&mut self) {
        self.end = self.tokens.list.len();
        while self.at < self.end {
            if self.is_newline() {
                self.at += 1;
            } else if self.tokens.is_block(self.at) {
                self.unreadable_since = None;
                self.block();
            } else if self.is_block_without_name() {
                self.unreadable_since = None;
                self.pass_over_block();
            } else if self.is_alias() {
                self.unreadable_since = None;
                self.at = self.line_end();
            } else {
                self.unreadable_line(
                    "belongs to no block",
                    "belong to no block",
                    "put it into a block such as `model Name { … }`, or remove it",
                );
            }
        }
    }

    fn block(&mut self) {
        let keyword = self.word(self.at);
        let name = self.word(self.at + 1);
        let brace = self.at + 2;
        let end = self.tokens.ends[brace].unwrap_or(self.tokens.list.len());
        let closed = self.tokens.is_mark(end, b'}');
        if !closed {
            self.problem(never_closed("block", name.span, "}"));
        }
        let file_end = std::mem::replace(&mut self.end, end);
        self.at = brace + 1;
        match keyword.value.as_str() {
            "datasource" => self.datasource(name),
            "generator" => self.generator(name),
            "model" | "view" => {
                let model = self.model(name, keyword.value == "view");
                self.facts.models.push(model);
            }
            "enum" => self.enumeration(name),
            "type" => {
                let composite = self.model(name, false);
                self.facts.types.push(composite.name);
            }
            other => {
                // Prisma may have further kinds of blocks, but none that is a letter away from another.
                if let Some(meant) = misspelt(other) {
                    self.problem(Problem {
                        span: keyword.span,
                        message: format!("no block begins with `{other}`"),
                        help: format!("write `{meant}`"),
                    });
                }
                self.facts.other_blocks.push(keyword);
            }
        }
        self.unreadable_since = None;
        self.end = file_end;
        self.at = end + usize::from(closed);
    }

    fn is_block_without_name(&self) -> bool {
        self.tokens.kind(self.at) == Some(Kind::Word) && self.tokens.is_mark(self.at + 1, b'{')
    }

    fn pass_over_block(&mut self) {
        let keyword = self.word(self.at);
        let end = self.tokens.ends[self.at + 1].unwrap_or(self.end);
        let closed = self.tokens.is_mark(end, b'}');
        if KEYWORDS.contains(&keyword.value.as_str()) {
            self.problem(Problem {
                span: keyword.span,
                message: "this block has no name".to_owned(),
                help: format!("write `{} Name {{`", keyword.value),
            });
        } else {
            if !closed {
                self.problem(never_closed("block", keyword.span, "}"));
            }
            self.facts.other_blocks.push(keyword);
        }
        self.at = end + usize::from(closed);
    }

    /// `type Name = String @db.Text`, which Prisma once had.
    fn is_alias(&self) -> bool {
        self.tokens.kind(self.at) == Some(Kind::Word)
            && self.slice(self.at) == "type"
            && self.tokens.kind(self.at + 1) == Some(Kind::Word)
            && self.tokens.is_mark(self.at + 2, b'=')
    }

    fn datasource(&mut self, name: At<String>) {
        let mut datasource = Datasource {
            name,
            ..Datasource::default()
        };
        self.properties(|property, value| {
            let place = match property {
                "provider" => &mut datasource.provider,
                "url" => &mut datasource.url,
                "directUrl" => &mut datasource.direct_url,
                "shadowDatabaseUrl" => &mut datasource.shadow_database_url,
                "schemas" => &mut datasource.schemas,
                _ => return,
            };
            place.get_or_insert(value);
        });
        self.facts.datasources.push(datasource);
    }

    fn generator(&mut self, name: At<String>) {
        let mut generator = Generator {
            name,
            ..Generator::default()
        };
        self.properties(|property, value| {
            let place = match property {
                "provider" => &mut generator.provider,
                "output" => &mut generator.output,
                "previewFeatures" => &mut generator.preview_features,
                _ => return,
            };
            place.get_or_insert(value);
        });
        self.facts.generators.push(generator);
    }

    /// Lines of the form `name = value`.
    fn properties(&mut self, mut take: impl FnMut(&str, Value)) {
        while self.next_line() {
            let is_property = self.tokens.kind(self.at) == Some(Kind::Word)
                && self.tokens.is_mark(self.at + 1, b'=')
                && self.at + 1 < self.end;
            if !is_property {
                self.unreadable_line(
                    "cannot be read",
                    "cannot be read",
                    "write a property as `name = value`",
                );
                continue;
            }
            self.unreadable_since = None;
            let name = self.word(self.at);
            self.at += 2;
            if self.kind().is_none_or(|kind| kind == Kind::Newline) {
                self.problem(Problem {
                    span: name.span,
                    message: format!("`{}` has no value", name.value),
                    help: format!("write `{} = \"…\"`", name.value),
                });
                continue;
            }
            if let Some(value) = self.value() {
                take(&name.value, value);
            }
            self.rest_of_line();
        }
    }

    /// The value that begins here; `None` if this is none.
    fn value(&mut self) -> Option<Value> {
        let first = self.at;
        match self.kind()? {
            Kind::Text { .. } => {
                self.at += 1;
                Some(Value::Literal(self.string(first)))
            }
            Kind::Mark(b'[') => {
                let inside = self.brackets()?;
                let other = Value::Other(self.cover(first, self.at));
                Some(self.strings(inside).map_or(other, Value::List))
            }
            Kind::Word => {
                self.path();
                let inside = if self.is_mark(b'(') {
                    self.brackets()?
                } else {
                    self.at..self.at
                };
                let is_text = |index| matches!(self.tokens.kind(index), Some(Kind::Text { .. }));
                if self.slice(first) == "env" && inside.len() == 1 && is_text(inside.start) {
                    return Some(Value::Env(self.string(inside.start)));
                }
                Some(Value::Other(self.cover(first, self.at)))
            }
            Kind::Newline | Kind::Mark(_) => None,
        }
    }

    /// Moves past a name of one or more parts (`db.Uuid`).
    fn path(&mut self) {
        while self.kind() == Some(Kind::Word) {
            self.at += 1;
            if !self.is_mark(b'.') || self.tokens.kind(self.at + 1) != Some(Kind::Word) {
                break;
            }
            self.at += 1;
        }
    }

    /// Moves past the bracket that opens here and all that it holds; the answer is what that is. `None`,
    /// and the rest of the line passed over, if it is never closed.
    fn brackets(&mut self) -> Option<Range<usize>> {
        let open = self.at;
        let Some(close) = self.tokens.ends[open] else {
            self.report_unclosed(open);
            self.at = self.line_end();
            return None;
        };
        self.at = close + 1;
        let is_open = |&index: &usize| {
            matches!(self.tokens.kind(index), Some(Kind::Mark(b'(' | b'[')))
                && self.tokens.ends[index].is_none()
        };
        if let Some(forgotten) = (open + 1..close).find(is_open) {
            self.report_unclosed(forgotten);
        }
        Some(open + 1..close)
    }

    /// The strings of an array; `None` if it holds anything else.
    fn strings(&self, range: Range<usize>) -> Option<Vec<At<String>>> {
        let mut strings = Vec::new();
        for index in range {
            match self.tokens.kind(index)? {
                Kind::Text { .. } => strings.push(self.string(index)),
                Kind::Newline | Kind::Mark(b',') => {}
                Kind::Word | Kind::Mark(_) => return None,
            }
        }
        Some(strings)
    }

    /// The lines of a `model`, `view` or composite `type`.
    fn model(&mut self, name: At<String>, is_view: bool) -> Model {
        let mut model = Model {
            name,
            is_view,
            ..Model::default()
        };
        while self.next_line() {
            if self.is_block_attribute() {
                let Some(attribute) = self.attribute(2) else {
                    continue;
                };
                match attribute.name.as_str() {
                    "map" => model.mapped = self.name_argument(&attribute),
                    "schema" => model.schema = self.name_argument(&attribute),
                    "ignore" => model.ignored = true,
                    _ => {}
                }
                model.attributes.push(attribute.text);
                self.rest_of_line();
            } else if let Some(field) = self.field() {
                model.fields.push(field);
            }
        }
        model
    }

    fn field(&mut self) -> Option<Field> {
        const HELP: &str = "write a field as `name Type @attribute`";
        if self.kind() != Some(Kind::Word) {
            self.unreadable_line("cannot be read", "cannot be read", HELP);
            return None;
        }
        let start = self.at;
        let mut field = Field {
            name: self.word(start),
            ..Field::default()
        };
        self.at += 1;
        if !self.field_type(&mut field) {
            self.at = start;
            self.unreadable_line("has no type that can be read", "cannot be read", HELP);
            return None;
        }
        self.unreadable_since = None;
        while self.is_mark(b'@') {
            let Some(attribute) = self.attribute(1) else {
                return Some(field);
            };
            if attribute.name == "map" {
                field.mapped = self.name_argument(&attribute);
            }
            field.attributes.push(attribute.text);
        }
        self.rest_of_line();
        Some(field)
    }

    /// `Name`, `Unsupported("…")` or the old `[Name]`, followed by `?`, `[]` and the old `!`.
    fn field_type(&mut self, field: &mut Field) -> bool {
        let old_list = self.is_mark(b'[') && self.tokens.kind(self.at + 1) == Some(Kind::Word);
        if old_list {
            self.at += 1;
            field.list = true;
        }
        if self.kind() != Some(Kind::Word) {
            return false;
        }
        field.type_name = self.word(self.at);
        self.at += 1;
        if old_list {
            if !self.is_mark(b']') {
                return false;
            }
            self.at += 1;
        }
        if field.type_name.value == "Unsupported" && self.is_mark(b'(') {
            let is_text = matches!(self.tokens.kind(self.at + 1), Some(Kind::Text { .. }));
            let Some(close) = self.tokens.ends[self.at].filter(|_| is_text) else {
                return false;
            };
            field.unsupported = true;
            field.type_name = self.string(self.at + 1);
            self.at = close + 1;
        }
        loop {
            if self.is_mark(b'?') {
                field.optional = true;
                self.at += 1;
            } else if self.is_mark(b'[') && self.tokens.is_mark(self.at + 1, b']') {
                field.list = true;
                self.at += 2;
            } else if self.is_mark(b'!') {
                self.at += 1;
            } else {
                return true;
            }
        }
    }

    fn enumeration(&mut self, name: At<String>) {
        let mut enumeration = Enum {
            name,
            ..Enum::default()
        };
        while self.next_line() {
            if self.is_block_attribute() {
                let Some(attribute) = self.attribute(2) else {
                    continue;
                };
                match attribute.name.as_str() {
                    "map" => enumeration.mapped = self.name_argument(&attribute),
                    "schema" => enumeration.schema = self.name_argument(&attribute),
                    _ => {}
                }
                self.rest_of_line();
            } else if self.kind() == Some(Kind::Word) {
                self.unreadable_since = None;
                let value = self.word(self.at);
                self.at += 1;
                let mapped = self.value_attributes();
                enumeration.values.push((value, mapped));
            } else {
                self.unreadable_line("cannot be read", "cannot be read", "write one value a line");
            }
        }
        self.facts.enums.push(enumeration);
    }

    /// The attributes of an enum's value, to the end of the line; the answer is its `@map`.
    fn value_attributes(&mut self) -> Option<At<String>> {
        let mut mapped = None;
        while self.is_mark(b'@') {
            let attribute = self.attribute(1)?;
            if attribute.name == "map" {
                mapped = self.name_argument(&attribute);
            }
        }
        self.rest_of_line();
        mapped
    }

    fn is_block_attribute(&self) -> bool {
        self.is_mark(b'@') && self.tokens.is_mark(self.at + 1, b'@')
    }

    /// The attribute that begins here with so many `@`. `None`, and the rest of the line passed over, if
    /// there is none that can be read.
    fn attribute(&mut self, at_signs: usize) -> Option<Attribute> {
        let start = self.at;
        self.at += at_signs;
        let name_start = self.at;
        self.path();
        if self.at == name_start {
            self.at = start;
            self.unreadable_line(
                "has an attribute without a name",
                "cannot be read",
                "write an attribute as `@name` or `@name(…)`",
            );
            return None;
        }
        self.unreadable_since = None;
        let name = self.text[self.cover(name_start, self.at).range()].to_owned();
        let arguments = if self.is_mark(b'(') {
            self.brackets()?
        } else {
            self.at..self.at
        };
        let span = self.cover(start, self.at);
        Some(Attribute {
            name,
            text: At::new(self.without_comments(span), span),
            arguments,
        })
    }

    fn without_comments(&self, span: Span) -> String {
        let comments = &self.tokens.comments;
        let first = comments.partition_point(|comment| comment.start < span.start);
        let inside = comments[first..].iter();
        let mut text = String::new();
        let mut from = span.start as usize;
        for comment in inside.take_while(|comment| comment.start < span.end) {
            text.push_str(&self.text[from..comment.start as usize]);
            from = comment.end as usize;
        }
        text.push_str(&self.text[from..span.end as usize]);
        text
    }

    /// The one string that `@map`, `@@map` and `@@schema` take, with its label or without.
    fn name_argument(&self, attribute: &Attribute) -> Option<At<String>> {
        let mut words = attribute
            .arguments
            .clone()
            .filter(|&index| self.tokens.kind(index) != Some(Kind::Newline));
        let mut first = words.next()?;
        let is_label = |index| matches!(self.slice(index), "name" | "map");
        if is_label(first)
            && words
                .next()
                .is_some_and(|colon| self.tokens.is_mark(colon, b':'))
        {
            first = words.next()?;
        }
        matches!(self.tokens.kind(first), Some(Kind::Text { .. })).then(|| self.string(first))
    }

    fn kind(&self) -> Option<Kind> {
        self.tokens.kind(self.at).filter(|_| self.at < self.end)
    }

    fn is_mark(&self, mark: u8) -> bool {
        self.kind() == Some(Kind::Mark(mark))
    }

    fn is_newline(&self) -> bool {
        self.kind() == Some(Kind::Newline)
    }

    /// Moves to the next line that holds anything; false at the end of the block.
    fn next_line(&mut self) -> bool {
        while self.is_newline() {
            self.at += 1;
        }
        self.at < self.end
    }

    /// The end of the line, line breaks in closed brackets aside.
    fn line_end(&self) -> usize {
        let mut at = self.at;
        while at < self.end && self.tokens.kind(at) != Some(Kind::Newline) {
            at = match self.tokens.ends[at] {
                Some(close) => close + 1,
                None => at + 1,
            };
        }
        at.min(self.end)
    }

    /// Passes over what is left of a line, which should be nothing.
    fn rest_of_line(&mut self) {
        let end = self.line_end();
        if self.at < end {
            let span = self.cover(self.at, end);
            self.at = end;
            self.problem_beside_strings(Problem {
                span,
                message: "this part of the line cannot be read".to_owned(),
                help: "remove it, or put it on a line of its own".to_owned(),
            });
        }
    }

    /// Passes over a line of which nothing can be made. Lines in a row make one problem.
    fn unreadable_line(&mut self, one: &str, several: &str, help: &str) {
        let end = self.line_end().max(self.at + 1);
        let span = self.cover(self.at, end);
        self.at = end;
        match self.unreadable_since {
            Some(index) => {
                let problem = &mut self.problems[index];
                problem.span = problem.span.cover(span);
                problem.message = format!("these lines {several}");
            }
            None => {
                self.unreadable_since = self.problem_beside_strings(Problem {
                    span,
                    message: format!("this line {one}"),
                    help: help.to_owned(),
                });
            }
        }
    }

    fn report_unclosed(&mut self, opener: usize) {
        if self.tokens.ends[opener].is_some() {
            return;
        }
        let span = self.tokens.list[opener].span;
        let closer = if self.slice(opener) == "(" { ")" } else { "]" };
        let line_end = self.line_end();
        let line = self.cover(opener, line_end.max(opener + 1));
        if !self.tokens.has_problem_in(line) {
            self.problem(never_closed("bracket", span, closer));
        }
    }

    /// Adds a problem, unless an unclosed string is the reason for it. The answer is its index.
    fn problem_beside_strings(&mut self, problem: Problem) -> Option<usize> {
        if self.tokens.has_problem_in(problem.span) {
            return None;
        }
        Some(self.problem(problem))
    }

    fn problem(&mut self, problem: Problem) -> usize {
        self.problems.push(problem);
        self.problems.len() - 1
    }

    fn word(&self, index: usize) -> At<String> {
        let span = self.tokens.list[index].span;
        At::new(self.text[span.range()].to_owned(), span)
    }

    fn slice(&self, index: usize) -> &str {
        &self.text[self.tokens.list[index].span.range()]
    }

    /// The bytes of the tokens `from..to`, of which there is at least one.
    fn cover(&self, from: usize, to: usize) -> Span {
        let first = self.tokens.list[from].span;
        first.cover(self.tokens.list[to - 1].span)
    }

    /// The string at `index`; one without content is placed at its quotes.
    fn string(&self, index: usize) -> At<String> {
        let token = self.tokens.list[index];
        let quoted = token.span;
        let closing = usize::from(token.kind == Kind::Text { closed: true });
        let inside = Span::new(quoted.start as usize + 1, quoted.end as usize - closing);
        let value = unescape(&self.text[inside.range()]);
        At::new(value, if inside.is_empty() { quoted } else { inside })
    }
}

/// The content of a string with its escapes resolved; those that Prisma does not know stay as written.
fn unescape(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let (character, length) = escape(&rest[at..]).unwrap_or(('\\', 1));
        value.push(character);
        rest = &rest[at + length..];
    }
    value.push_str(rest);
    value
}

/// The character that the escape at the start of `text` means, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'"' => '"',
        b'\\' => '\\',
        b'u' => {
            let code = u32::from_str_radix(text.get(2..6)?, 16).ok()?;
            return Some((char::from_u32(code)?, 6));
        }
        _ => return None,
    };
    Some((simple, 2))
}
