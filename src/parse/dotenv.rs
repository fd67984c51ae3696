//! `.env` files, in the grammar that Compose and the `dotenv` packages share.
//!
//! Where they differ, Compose's reader decides: `KEY: value` is an assignment, `#` begins a comment only
//! after a space (in `KEY=#1` and in `KEY= #1` it belongs to the value), and the text after a closing
//! quote is read on as a statement of its own. Backtick quotes, which Compose does not know, are those of
//! the npm package.

use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};

/// What one `.env` file says.
#[derive(Debug, Default)]
pub struct EnvFile {
    /// The assignments, in the order of the text. A name may stand twice; the last one counts. `KEY`
    /// alone, which hands on a variable of the environment, is no assignment.
    pub entries: Vec<Entry>,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: At<String>,
    /// The value: quotes and trailing comment removed, escapes resolved, `${…}` left as written; `\$`,
    /// which escapes a variable, stands as the `$$` of interpolation. For an empty value the span is that
    /// of the name. A value whose quote is never closed is the rest of its line.
    pub value: At<String>,
    /// Whether `${…}` in the value is interpolated: not in single quotes.
    pub interpolates: bool,
}

/// Reads one `.env` file.
pub fn parse(text: &str) -> Parsed<EnvFile> {
    let mut reader = Reader {
        text,
        next: 0,
        line_end: 0,
        parsed: Parsed::default(),
    };
    if text.starts_with('\u{feff}') {
        reader.next = '\u{feff}'.len_utf8();
    }
    while reader.next_statement() {
        reader.statement();
    }
    reader.parsed
}

struct Reader<'a> {
    text: &'a str,
    /// The first byte that was not read yet.
    next: usize,
    /// The end of the line that `next` was last seen on; kept so that a line of many statements is not
    /// searched once for each of them.
    line_end: usize,
    parsed: Parsed<EnvFile>,
}

impl<'a> Reader<'a> {
    /// Passes over white space and comments; `false` at the end of the text.
    fn next_statement(&mut self) -> bool {
        loop {
            let rest = &self.text[self.next..];
            self.next = self.text.len() - rest.trim_start().len();
            if self.next >= self.line_end {
                let rest = self.text[self.next..].bytes();
                let length = rest.take_while(|&byte| byte != b'\n').count();
                self.line_end = self.next + length;
            }
            match self.text[self.next..].bytes().next() {
                None => return false,
                Some(b'#') => self.comment(self.next),
                Some(_) => return true,
            }
        }
    }

    /// The rest of the line from `start`, without white space around it.
    fn line_from(&self, start: usize) -> (&'a str, Span) {
        let line = &self.text[start..self.line_end];
        let start = self.line_end - line.trim_start().len();
        let line = line.trim();
        (line, Span::new(start, start + line.len()))
    }

    fn comment(&mut self, start: usize) {
        let (_, span) = self.line_from(start);
        self.parsed.comments.push(span);
        self.next = self.line_end;
    }

    fn statement(&mut self) {
        let (mut line, whole) = self.line_from(self.next);
        if let Some(rest) = line.strip_prefix("export")
            && rest.starts_with(is_blank)
        {
            line = rest.trim_start_matches(is_blank);
        }
        let start = whole.end as usize - line.len();
        let length = line.find(['=', ':']);
        let name = line[..length.unwrap_or(line.len())].trim_end();
        if name.is_empty() || !name.chars().all(is_of_name) {
            self.parsed.problems.push(Problem {
                span: whole,
                message: "this line assigns nothing".to_owned(),
                help: "write `NAME=value`, or begin the line with `#`".to_owned(),
            });
            self.next = self.line_end;
        } else if let Some(length) = length {
            let span = Span::new(start, start + name.len());
            self.value(At::new(name.to_owned(), span), start + length + 1);
        } else {
            self.next = self.line_end;
        }
    }

    /// Reads what follows the `=` of a name.
    fn value(&mut self, name: At<String>, start: usize) {
        let line = &self.text[start..self.line_end];
        let start = self.line_end - line.trim_start_matches(is_blank).len();
        let quote = self.text[start..self.line_end].chars().next();
        let (span, value, interpolates) = match quote {
            Some(quote @ ('"' | '\'' | '`')) => match self.closing_quote(start, quote) {
                Some(end) => {
                    self.next = end + 1;
                    let content = &self.text[start + 1..end];
                    let span = Span::new(start + 1, end);
                    if end >= self.line_end {
                        self.parsed.unbroken.push(span);
                    }
                    (span, unescaped(content, quote), quote != '\'')
                }
                None if quote == '`' => self.unquoted(start),
                None => {
                    let (_, line) = self.line_from(start);
                    self.parsed.problems.push(Problem {
                        span: line,
                        message: "this quote is never closed".to_owned(),
                        help: format!("add the missing `{quote}`"),
                    });
                    self.next = self.line_end;
                    let (content, span) = self.line_from(start + 1);
                    (span, content.to_owned(), quote != '\'')
                }
            },
            _ => self.unquoted(start),
        };
        let span = if value.is_empty() { name.span } else { span };
        self.parsed.facts.entries.push(Entry {
            name,
            value: At::new(value, span),
            interpolates,
        });
    }

    fn unquoted(&mut self, start: usize) -> (Span, String, bool) {
        self.next = self.line_end;
        let line = &self.text[start..self.line_end];
        let value = match line.find(" #") {
            Some(length) => {
                self.comment(start + length + 1);
                &line[..length]
            }
            None => line,
        };
        let value = value.trim_end();
        let span = Span::new(start, start + value.len());
        (span, value.to_owned(), true)
    }

    /// Where the quote at `start` is closed. A later line may do that, but only at its own end: a quote
    /// with more text behind it opens that line's value, and the one at `start` was forgotten.
    fn closing_quote(&self, start: usize, quote: char) -> Option<usize> {
        let rest = &self.text[start + 1..];
        let mut escaped = false;
        let length = rest.find(|char| {
            let closes = char == quote && !escaped;
            escaped = char == '\\' && !escaped;
            closes
        })?;
        let end = start + 1 + length;
        let behind = self.text[end + 1..].trim_start_matches(is_blank);
        let ends_line = behind.is_empty() || behind.starts_with(['\n', '#']);
        (end < self.line_end || ends_line).then_some(end)
    }
}

/// What may stand in a name; Compose takes more than a shell does.
fn is_of_name(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '.' | '-' | '[' | ']')
}

fn is_blank(char: char) -> bool {
    char.is_whitespace() && char != '\n'
}

/// The content of a quoted value with its escapes resolved: a shell's in double quotes, only the quote
/// itself in single ones, none in backticks.
fn unescaped(content: &str, quote: char) -> String {
    let mut value = String::with_capacity(content.len());
    let mut chars = content.chars();
    while let Some(char) = chars.next() {
        if char != '\\' || quote == '`' {
            value.push(char);
            continue;
        }
        let Some(escaped) = chars.next() else {
            value.push(char);
            break;
        };
        match (quote, escaped) {
            (_, _) if escaped == quote => value.push(quote),
            ('"', '$') => value.push_str("$$"),
            ('"', '\\') => value.push('\\'),
            ('"', 'n') => value.push('\n'),
            ('"', 'r') => value.push('\r'),
            ('"', 't') => value.push('\t'),
            ('"', 'a') => value.push('\u{7}'),
            ('"', 'b') => value.push('\u{8}'),
            ('"', 'v') => value.push('\u{b}'),
            ('"', 'f') => value.push('\u{c}'),
            _ => value.extend([char, escaped]),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries as `name=value`, with `'` around what is not interpolated; checks that spans hold what
    /// they say.
    fn entries(text: &str) -> Vec<String> {
        let parsed = parse(text);
        let sketch = |entry: &Entry| {
            let Entry {
                name,
                value,
                interpolates,
            } = entry;
            assert_eq!(text[name.span.range()], name.value);
            if value.value.is_empty() {
                assert_eq!(value.span, name.span);
            } else if !text[value.span.range()].contains('\\') {
                assert_eq!(text[value.span.range()], value.value);
            }
            let mark = if *interpolates { "" } else { "'" };
            format!("{}={mark}{}{mark}", name.value, value.value)
        };
        parsed.facts.entries.iter().map(sketch).collect()
    }

    fn problems(text: &str) -> Vec<(&str, String)> {
        let problems = parse(text).problems.into_iter();
        problems
            .map(|problem| (&text[problem.span.range()], problem.message))
            .collect()
    }

    #[test]
    fn assignments_are_read_as_compose_reads_them() {
        for (text, expected) in [
            ("A=b", vec!["A=b"]),
            ("\u{feff}A=b\r\nB=c\r\n", vec!["A=b", "B=c"]),
            ("  export  A = b ", vec!["A=b"]),
            ("exportA=1\nexport=2", vec!["exportA=1", "export=2"]),
            ("A: b\nB:c\nC: 'd'", vec!["A=b", "B=c", "C='d'"]),
            ("A=b=c\nB==d", vec!["A=b=c", "B==d"]),
            ("A-B.c[0]=1\n1é=2", vec!["A-B.c[0]=1", "1é=2"]),
            (
                "A=\nB=  \nC=\"\"\nD='' # none\nE=f",
                vec!["A=", "B=", "C=", "D=''", "E=f"],
            ),
            (
                "A=x # c\nB=x#c\nC=#c\nD= #c\nE=x\t# c",
                vec!["A=x", "B=x#c", "C=#c", "D=#c", "E=x\t# c"],
            ),
            (
                "A='x # y' # c\nB=\"x\"#c\nC=1",
                vec!["A='x # y'", "B=x", "C=1"],
            ),
            ("A=\"a\\nb\\\"c\\\\d\\q\\$E\"", vec!["A=a\nb\"c\\d\\q$$E"]),
            ("A='a\\'b\\n\\\\'", vec!["A='a'b\\n\\\\'"]),
            ("A=\\n\\$B", vec!["A=\\n\\$B"]),
            (
                "A=\"a\r\n b\"\nB='c\nd'\nC=`e\n\"'\\`f`",
                vec!["A=a\r\n b", "B='c\nd'", "C=e\n\"'\\`f"],
            ),
            ("A=`b\nC=d", vec!["A=`b", "C=d"]),
            (
                "A=$B\nC=${D:-e}\nF='$G'\nH=\"${I}\"",
                vec!["A=$B", "C=${D:-e}", "F='$G'", "H=${I}"],
            ),
            ("A=\"a\" B=c\nD='e'F", vec!["A=a", "B=c", "D='e'"]),
            ("A=1\nA=2", vec!["A=1", "A=2"]),
            ("A\nexport B\nexport\n#C=1\nD=2\nE", vec!["D=2"]),
            ("", vec![]),
        ] {
            assert_eq!(entries(text), expected, "{text}");
            assert_eq!(problems(text), [], "{text}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_costs_that_line() {
        let assigns_nothing = "this line assigns nothing".to_owned();
        let never_closed = "this quote is never closed".to_owned();
        for (text, problem, read) in [
            (
                "  some words \r\nA=1",
                ("some words", &assigns_nothing),
                vec!["A=1"],
            ),
            ("a b=c\nA=1", ("a b=c", &assigns_nothing), vec!["A=1"]),
            ("=x\nA=1", ("=x", &assigns_nothing), vec!["A=1"]),
            ("A?=x\nB=1", ("A?=x", &assigns_nothing), vec!["B=1"]),
            (
                "export A B\nC=1",
                ("export A B", &assigns_nothing),
                vec!["C=1"],
            ),
            (
                "<<<<<<< HEAD\nC=1",
                ("<<<<<<< HEAD", &assigns_nothing),
                vec!["C=1"],
            ),
            (
                "A='x'@y z\nB=1",
                ("@y z", &assigns_nothing),
                vec!["A='x'", "B=1"],
            ),
            ("A=\"x \r\nB=1", ("\"x", &never_closed), vec!["A=x", "B=1"]),
            ("A='\nB=1", ("'", &never_closed), vec!["A=''", "B=1"]),
            ("A=\"x\\", ("\"x\\", &never_closed), vec!["A=x\\"]),
            (
                "A=\"x\nB=\"y\"\nC=1",
                ("\"x", &never_closed),
                vec!["A=x", "B=y", "C=1"],
            ),
        ] {
            assert_eq!(problems(text), [(problem.0, problem.1.clone())], "{text}");
            assert_eq!(entries(text), read, "{text}");
        }
    }

    #[test]
    fn every_comment_has_its_span() {
        let text = "\u{feff}# one\r\nA=1 # two\nB='#' #three\n  #\nC=#no";
        let comments = parse(text).comments.into_iter();
        let comments: Vec<_> = comments.map(|span| &text[span.range()]).collect();
        assert_eq!(comments, ["# one", "# two", "#three", "#"]);
    }

    #[test]
    fn long_texts_are_no_trouble() {
        for part in [
            "A='x' ",
            "A=\"\n",
            "A='\n",
            "A=`\n",
            "A=\"\\\"",
            "=",
            "\"",
            "#",
            " #",
            "A=1\n",
            "junk \n",
            "\r",
            "[",
            "A=`\"\nA=\"`\n",
            "\u{a0}",
        ] {
            parse(&part.repeat(100_000));
            parse(&format!("A={}", part.repeat(100_000)));
        }
    }
}
