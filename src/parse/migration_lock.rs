//! `migration_lock.toml`: for which kind of database Prisma wrote the migrations beside it.

use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};

/// What a lock says.
#[derive(Debug, Default)]
pub struct MigrationLock {
    /// `provider`, if it is a string.
    pub provider: Option<At<String>>,
}

/// The parser descends into brackets without a bound of its own; Prisma writes none at all.
const MOST_BRACKETS: usize = 64;

/// Reads one lock.
pub fn parse(text: &str) -> Parsed<MigrationLock> {
    let mut parsed = Parsed {
        comments: comments(text),
        ..Parsed::default()
    };
    if text.matches(['[', '{']).count() > MOST_BRACKETS {
        parsed.problems.push(Problem {
            span: Span::new(0, text.len()),
            message: "a migration lock has no lists and no tables".to_owned(),
            help: "write `provider = \"postgresql\"` and nothing else".to_owned(),
        });
        return parsed;
    }
    match toml_span::parse(text) {
        Ok(document) => {
            let provider = document.as_table().and_then(|table| table.get("provider"));
            parsed.facts.provider = provider.and_then(|provider| {
                let value = provider.as_str()?.to_owned();
                Some(At::new(
                    value,
                    Span::new(provider.span.start, provider.span.end),
                ))
            });
        }
        Err(error) => parsed.problems.push(problem(text, &error)),
    }
    parsed
}

fn problem(text: &str, error: &toml_span::Error) -> Problem {
    Problem {
        span: visible(text, error.span.start, error.span.end),
        message: "this is no TOML".to_owned(),
        help: "write `provider = \"postgresql\"`".to_owned(),
    }
}

/// The text of the range, else of the line that it stands in, else of the last line that holds any.
fn visible(text: &str, start: usize, end: usize) -> Span {
    let is_text = |range: &std::ops::Range<usize>| {
        let slice = text.get(range.clone());
        slice.is_some_and(|slice| !slice.trim().is_empty() && !slice.contains('\n'))
    };
    let named = start..end.min(text.len());
    if is_text(&named) {
        return Span::new(named.start, named.end);
    }
    let before = text.get(..start).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let length = text[line..].find('\n').unwrap_or(text.len() - line);
    if is_text(&(line..line + length)) {
        return trimmed(text, line, line + length);
    }
    let end = text.trim_end().len();
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    trimmed(text, start, end)
}

fn trimmed(text: &str, start: usize, end: usize) -> Span {
    let line = &text[start..end];
    let indent = line.len() - line.trim_start().len();
    Span::new(start + indent, start + line.trim_end().len())
}

fn comments(text: &str) -> Vec<Span> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let begin = start;
        start += line.len();
        (begin, line)
    });
    let comments = lines.filter_map(|(begin, line)| {
        let mut quote = None;
        let (at, _) = line.char_indices().find(|&(_, letter)| {
            match (quote, letter) {
                (None, '#') => return true,
                (None, '"' | '\'') => quote = Some(letter),
                (Some(open), letter) if open == letter => quote = None,
                _ => {}
            }
            false
        })?;
        Some(Span::new(begin + at, begin + line.trim_end().len()))
    });
    comments.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(text: &str) -> Option<(String, &str)> {
        let provider = parse(text).facts.provider?;
        Some((provider.value, &text[provider.span.range()]))
    }

    #[test]
    fn the_provider_has_its_span_without_quotes() {
        for text in [
            "# Do not edit\nprovider = \"postgresql\"\n",
            "\r\nprovider='postgresql' # as the schema\r\n",
            "\u{feff}provider = \"postgresql\"",
            "provider = \"\"\"postgresql\"\"\"",
        ] {
            let found = Some(("postgresql".to_owned(), "postgresql"));
            assert_eq!(provider(text), found, "{text:?}");
            assert_eq!(parse(text).problems, [], "{text:?}");
        }
    }

    #[test]
    fn a_lock_without_a_provider_is_no_error() {
        for text in [
            "",
            "# nothing\n",
            "provider = 5\n",
            "[a]\nprovider = \"x\"\n",
        ] {
            assert_eq!(provider(text), None, "{text:?}");
            assert_eq!(parse(text).problems, [], "{text:?}");
        }
    }

    #[test]
    fn what_is_no_toml_is_one_problem_on_visible_text() {
        for (text, wrong) in [
            ("provider = postgresql\n", "postgresql"),
            ("provider = \"postgresql\n", "provider = \"postgresql"),
            ("<<<<<<< HEAD\nprovider = \"a\"\n=======\n", "<"),
            ("provider\n", "provider"),
            ("provider =", "provider ="),
        ] {
            let problems = parse(text).problems;
            assert_eq!(problems.len(), 1, "{text:?}");
            assert_eq!(&text[problems[0].span.range()], wrong, "{text:?}");
        }
    }

    #[test]
    fn hostile_texts_are_answered() {
        for text in [
            "[".repeat(1_000_000),
            format!("a = {}", "[".repeat(100_000)),
            format!("a = {}", "{b=".repeat(100_000)),
            format!("{}=1", "a.".repeat(100_000)),
            "\0".to_owned(),
            "\"".repeat(100_001),
            "é".repeat(1000),
        ] {
            assert!(!parse(&text).problems.is_empty());
        }
    }

    #[test]
    fn comments_keep_their_marks() {
        let text = "# one\nprovider = \"a#b\" # two\n";
        let comments = parse(text).comments;
        let texts: Vec<_> = comments.iter().map(|span| &text[span.range()]).collect();
        assert_eq!(texts, ["# one", "# two"]);
    }
}
