//! Texts that are too deep or not closed, made fit for a parser, byte for byte in place.
//!
//! A registry is most often broken in one of three ways: it is cut off, a comma is missing, or a
//! string is not closed. An error-tolerant parser loses many lines to each of them. So a broken text
//! is mended first, without moving any of its bytes, and read again.

use std::borrow::Cow;

use crate::parse::Problem;
use crate::source::Span;

/// How deep brackets may nest. People write a dozen; the parser overflows its stack at some 10,000.
const DEEPEST: usize = 1_000;

/// A text of the same offsets that has a chance to parse.
pub(super) struct Repair {
    /// The text; what it has beyond the length of the original was appended.
    pub text: String,
    /// What was mended.
    pub problems: Vec<Problem>,
    /// Where strings and templates begin that were not closed: what they hold is a guess.
    pub guessed: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Open,
    Close,
    Word,
    Literal,
    UnclosedString,
    UnclosedComment,
    Colon,
    Other,
}

#[derive(Clone, Copy)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

/// Reads a text token by token and keeps the brackets that are open. Stands at every byte once.
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The opening brackets; a template is opened by `` ` ``, a hole in it by `$`.
    open: Vec<(u8, usize)>,
    previous: Kind,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            open: Vec::new(),
            previous: Kind::Other,
        }
    }

    fn innermost(&self) -> Option<u8> {
        self.open.last().map(|&(bracket, _)| bracket)
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|&byte| wanted(byte)) {
            self.at += 1;
        }
    }

    fn in_template(&mut self) -> Kind {
        loop {
            match self.peek(0) {
                0 if self.at >= self.bytes.len() => return Kind::Other,
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    self.open.pop();
                    return Kind::Close;
                }
                b'$' if self.peek(1) == b'{' => {
                    self.open.push((b'$', self.at));
                    self.at += 2;
                    return Kind::Open;
                }
                _ => self.at += 1,
            }
        }
    }

    fn string(&mut self, quote: u8) -> Kind {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek(0) {
                0 if self.at >= self.bytes.len() => return self.unclosed_string(start),
                b'\n' | b'\r' => return self.unclosed_string(start),
                b'\\' if self.peek(1) == b'\r' && self.peek(2) == b'\n' => self.at += 3,
                b'\\' => self.at += 2,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return Kind::Literal;
                    }
                }
            }
        }
    }

    /// Goes back behind the last character that is no punctuation: what follows it in the line, such
    /// as `},`, was hardly meant to be in the string.
    fn unclosed_string(&mut self, start: usize) -> Kind {
        let is_punctuation = |byte: u8| byte.is_ascii_whitespace() || b",;})]".contains(&byte);
        let content = self.bytes.get(start..self.at).unwrap_or_default();
        let end = content.iter().rposition(|&byte| !is_punctuation(byte));
        self.at = start + end.map_or(0, |last| last + 1);
        Kind::UnclosedString
    }

    fn block_comment(&mut self) -> Option<Kind> {
        let rest = &self.bytes[self.at + 2..];
        if let Some(end) = memchr::memmem::find(rest, b"*/") {
            self.at += 2 + end + 2;
            return None;
        }
        self.at = self.bytes.len();
        Some(Kind::UnclosedComment)
    }

    /// A slash after a value divides; elsewhere it begins a regular expression, if that ends in its line.
    fn slash(&mut self) -> Kind {
        self.at += 1;
        if matches!(self.previous, Kind::Close | Kind::Word | Kind::Literal) {
            return Kind::Other;
        }
        let mut in_class = false;
        let mut ahead = self.at;
        while let Some(&byte) = self.bytes.get(ahead) {
            ahead += 1;
            match byte {
                b'\n' | b'\r' => break,
                b'\\' => ahead += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at = ahead;
                    return Kind::Literal;
                }
                _ => {}
            }
        }
        Kind::Other
    }

    fn close(&mut self, bracket: u8) -> Kind {
        self.at += 1;
        let closes = |opened: u8| match bracket {
            b'}' => opened == b'{' || opened == b'$',
            b')' => opened == b'(',
            _ => opened == b'[',
        };
        // Only the nearest few: a closing bracket that is one too many should not cost a search.
        let near = self.open.iter().rev().take(3);
        let found = near
            .take_while(|&&(opened, _)| opened != b'`')
            .position(|&(opened, _)| closes(opened));
        if let Some(inner) = found {
            self.open.truncate(self.open.len() - inner - 1);
        }
        Kind::Close
    }

    /// The kind of what stands here, after moving behind it; nothing for a comment.
    fn take(&mut self) -> Option<Kind> {
        if self.innermost() == Some(b'`') {
            return Some(self.in_template());
        }
        let byte = self.peek(0);
        Some(match byte {
            b'{' | b'(' | b'[' | b'`' => {
                self.open.push((byte, self.at));
                self.at += 1;
                Kind::Open
            }
            b'}' | b')' | b']' => self.close(byte),
            b'"' | b'\'' => self.string(byte),
            b'/' if self.peek(1) == b'/' => {
                self.skip_while(|byte| byte != b'\n' && byte != b'\r');
                return None;
            }
            b'/' if self.peek(1) == b'*' => return self.block_comment(),
            b'/' => self.slash(),
            b':' => {
                self.at += 1;
                Kind::Colon
            }
            _ if is_word(byte) => {
                self.skip_while(is_word);
                Kind::Word
            }
            _ => {
                self.at += 1;
                Kind::Other
            }
        })
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            if self.innermost() != Some(b'`') {
                self.skip_while(|byte| byte.is_ascii_whitespace());
            }
            let start = self.at;
            if start >= self.bytes.len() {
                return None;
            }
            let taken = self.take();
            self.at = self.at.min(self.bytes.len());
            if let Some(kind) = taken {
                self.previous = kind;
                let end = self.at;
                return Some(Token { kind, start, end });
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'.') || byte >= 0x80
}

/// The text with what nests too deep replaced by a number and blanks, and where that is.
pub(super) fn limit_depth(text: &str) -> (Cow<'_, str>, Vec<Problem>) {
    let mut too_deep: Vec<(usize, usize)> = Vec::new();
    let mut scanner = Scanner::new(text);
    let mut since = None;
    while scanner.next().is_some() {
        match (since, scanner.open.get(DEEPEST)) {
            (None, Some(&(_, start))) => since = Some(start),
            (Some(start), None) => {
                too_deep.push((start, scanner.at));
                since = None;
            }
            _ => {}
        }
    }
    too_deep.extend(since.map(|start| (start, text.len())));
    if too_deep.is_empty() {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut shallow = String::with_capacity(text.len());
    for &(start, end) in &too_deep {
        shallow.push_str(&text[shallow.len()..start]);
        shallow.push('0');
        shallow.extend(std::iter::repeat_n(' ', end - start - 1));
    }
    shallow.push_str(&text[shallow.len()..]);
    let problems = too_deep.iter().take(1).map(|&(start, _)| Problem {
        span: Span::new(start, start + 1),
        message: format!("brackets nest deeper than {DEEPEST} levels here"),
        help: "flatten the expression".to_owned(),
    });
    (Cow::Owned(shallow), problems.collect())
}

/// Closes strings and brackets, and adds commas that a following key misses.
pub(super) fn repair(text: &str) -> Repair {
    let mut repair = Repair {
        text: String::new(),
        problems: Vec::new(),
        guessed: Vec::new(),
    };
    let mut bytes = text.as_bytes().to_vec();
    let mut tail = String::new();
    let mut scanner = Scanner::new(text);
    let [mut before, mut last] = [Token {
        kind: Kind::Other,
        start: 0,
        end: 0,
    }; 2];
    while let Some(token) = scanner.next() {
        match token.kind {
            Kind::UnclosedString => {
                repair.string(&mut bytes, &mut tail, token);
            }
            Kind::UnclosedComment => {
                repair.unclosed(token.start, "/*", "*/");
                tail.push_str("*/");
            }
            Kind::Colon if scanner.innermost() == Some(b'{') => {
                repair.comma(&mut bytes, before, last);
            }
            _ => {}
        }
        // A key has one token before it that matters, the value that the comma should follow.
        before = last;
        last = token;
    }
    // A line comment at the very end must not swallow what is appended.
    tail.push('\n');
    tail.extend(
        scanner
            .open
            .iter()
            .rev()
            .map(|&(bracket, _)| closer(bracket)),
    );
    let templates = scanner.open.iter().filter(|&&(bracket, _)| bracket == b'`');
    repair.guessed.extend(templates.map(|&(_, at)| at));
    if let Some(&(bracket, at)) = scanner.open.last() {
        let opened = if bracket == b'$' {
            "${"
        } else {
            &text[at..=at]
        };
        repair.unclosed(at, opened, &closer(bracket).to_string());
    }
    repair.text = String::from_utf8_lossy(&bytes).into_owned() + &tail;
    repair.problems.sort_by_key(|problem| problem.span);
    repair
}

fn closer(bracket: u8) -> char {
    match bracket {
        b'(' => ')',
        b'[' => ']',
        b'`' => '`',
        _ => '}',
    }
}

impl Repair {
    fn unclosed(&mut self, at: usize, opened: &str, closer: &str) {
        self.problems.push(Problem {
            span: Span::new(at, at + opened.len()),
            message: format!("this `{opened}` is never closed"),
            help: format!("add the missing `{closer}`"),
        });
    }

    /// Puts the quote over the last character of the string, for want of room behind it.
    fn string(&mut self, bytes: &mut [u8], tail: &mut String, token: Token) {
        let quote = bytes[token.start];
        let (content, end) = (token.start + 1, token.end);
        if end > content {
            let mut start = end - 1;
            while start > content && !is_boundary(bytes[start]) {
                start -= 1;
            }
            bytes[start..end].fill(b' ');
            bytes[end - 1] = quote;
        } else if let Some(next) = bytes.get_mut(end) {
            *next = quote;
        } else {
            tail.push(char::from(quote));
        }
        self.guessed.push(token.start);
        self.problems.push(Problem {
            span: Span::new(token.start, end),
            message: "this string is not closed in its line".to_owned(),
            help: format!("add the missing `{}`", char::from(quote)),
        });
    }

    /// Puts a comma behind `value` if `key`, which a colon follows, cannot belong to it.
    fn comma(&mut self, bytes: &mut [u8], value: Token, key: Token) {
        let gap = bytes.get(value.end..key.start).unwrap_or_default();
        let blank = gap.first().is_some_and(u8::is_ascii_whitespace);
        let number = bytes.get(value.start).is_some_and(u8::is_ascii_digit);
        // `readonly key:` stands in one line, and `default:` follows what it likes.
        let ends_value = match value.kind {
            Kind::Close | Kind::Literal | Kind::UnclosedString => true,
            Kind::Word => number || gap.contains(&b'\n'),
            _ => false,
        };
        let is_key = match key.kind {
            Kind::Word => &bytes[key.start..key.end] != b"default",
            Kind::Literal => true,
            _ => false,
        };
        if blank && ends_value && is_key {
            bytes[value.end] = b',';
            self.problems.push(Problem {
                span: Span::new(key.start, key.end),
                message: "a comma is missing before this key".to_owned(),
                help: "add the missing `,`".to_owned(),
            });
        }
    }
}

/// Whether a byte begins a character of UTF-8.
fn is_boundary(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> String {
        let repair = repair(text);
        assert!(repair.text.len() >= text.len());
        repair.text
    }

    #[test]
    fn what_is_open_at_the_end_is_closed() {
        assert_eq!(mended("a = { b: [`x${f("), "a = { b: [`x${f(\n)}`]}");
        assert_eq!(mended("a = { // b"), "a = { // b\n}");
        assert_eq!(mended("a = { /* b"), "a = { /* b*/\n}");
    }

    #[test]
    fn a_string_is_closed_before_the_punctuation_of_its_line() {
        assert_eq!(mended("{ a: \"xy },\n b: 1 }"), "{ a: \"x\" },\n b: 1 }\n");
        assert_eq!(mended("{ a: 'é,\r\n b: 1 }"), "{ a: ' ',\r\n b: 1 }\n");
        assert_eq!(mended("a = \""), "a = \"\"\n");
    }

    #[test]
    fn a_key_after_a_value_gets_its_comma() {
        assert_eq!(mended("{ a: {}\n b: 1 }"), "{ a: {}, b: 1 }\n");
        assert_eq!(
            mended("{ a: 1 b: `x`\r\n 'c': 1 }"),
            "{ a: 1,b: `x`,\n 'c': 1 }\n"
        );
        let type_of_entries = "{ readonly a: string\n}";
        assert_eq!(mended(type_of_entries), format!("{type_of_entries}\n"));
    }

    #[test]
    fn brackets_in_strings_comments_and_regular_expressions_are_none() {
        let text = "f('(', \"[\", /[/(]\\//, `(`, 1 / 2) // {\n/* [ */";
        assert_eq!(mended(text), format!("{text}\n"));
    }

    #[test]
    fn what_nests_too_deep_is_blanked_and_the_rest_stays() {
        let deep = format!(
            "const a = {}1{}; const b = 'é';",
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        let (shallow, problems) = limit_depth(&deep);
        assert_eq!(shallow.len(), deep.len());
        assert_eq!(problems.len(), 1);
        assert!(shallow.ends_with("]; const b = 'é';"));
        assert_eq!(shallow.matches('[').count(), DEEPEST);
        assert_eq!(shallow.matches(']').count(), DEEPEST);
        assert!(matches!(limit_depth("{[()]}"), (Cow::Borrowed(_), _)));
    }
}
