//! What is wrong where a YAML text does not parse, in words for people who never wrote a parser of it.

use granit_parser::ErrorKind;

use super::Error;
use crate::source::Span;

/// The error that the parser reports at `offset`.
pub(super) fn explained(text: &str, offset: usize, kind: &ErrorKind) -> Error {
    let (message, help) = explain(kind);
    Error::new(fault_span(text, offset, kind), message, help)
}

/// The part of the text that a syntax error at `offset` is about.
fn fault_span(text: &str, offset: usize, kind: &ErrorKind) -> Span {
    match kind {
        ErrorKind::UnclosedFlowCollection { .. } => Span::new(offset, offset + 1),
        _ if is_about_tab(kind) => tab_near(text, offset).unwrap_or(word_at(text, offset)),
        _ => word_at(text, offset),
    }
}

/// The first tab of the line at `offset`, or below it: the parser sees some only a line later.
fn tab_near(text: &str, offset: usize) -> Option<Span> {
    let line = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let tab = line + text[line..].find('\t')?;
    Some(Span::new(tab, tab + 1))
}

/// The word that begins at `offset`, or the last character before it where none does.
pub(super) fn word_at(text: &str, offset: usize) -> Span {
    let (before, rest) = text.split_at(offset);
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    if length > 0 {
        return Span::new(offset, offset + length);
    }
    let end = before.trim_end().len();
    match before[..end].char_indices().next_back() {
        Some((start, _)) => Span::new(start, end),
        None => Span::new(0, text.len()),
    }
}

fn is_about_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    )
}

/// What is wrong and what to do about it.
fn explain(kind: &ErrorKind) -> (String, String) {
    let (message, help) = match kind {
        _ if is_about_tab(kind) => ("a tab indents this line", "indent with spaces"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("this quote is never closed", "add the missing quote")
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "this string holds an escape that YAML does not know",
            r"write `\\` for a backslash, or use single quotes",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar => (
            "the quoted text ends before this",
            "write a quote inside single quotes as `''`",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "the quoted text ends before this",
            r#"write a quote inside double quotes as `\"`"#,
        ),
        ErrorKind::MappingValueNotAllowed => (
            "there can be no `:` here",
            "quote the value if the colon belongs to it, else check the indentation",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "this is neither `key: value` nor a list entry",
            "add the missing `:` or `-`",
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidIndentation => (
            "this does not fit the lines above it",
            "indent it like its siblings",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket closes nothing", "remove it"),
        ErrorKind::CommentInterceptedScalar => (
            "a comment interrupts a value of several lines",
            "move the comment above the value",
        ),
        ErrorKind::MissingAnchorOrAliasName => (
            "an anchor or alias needs a name",
            "put the value in quotes if it is none",
        ),
        ErrorKind::BomInsideDocument => (
            "a byte order mark stands inside the text",
            "remove this invisible character",
        ),
        ErrorKind::RecursionLimitExceeded => (
            "this is nested too deeply",
            "nest collections at most 128 levels deep",
        ),
        other => return explain_characters(other),
    };
    (message.to_owned(), help.to_owned())
}

fn explain_characters(kind: &ErrorKind) -> (String, String) {
    let (message, help) = match kind {
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("this `{open}` is never closed"),
            "add the missing bracket",
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => (
            format!("YAML allows no character U+{:04X}", u32::from(*character)),
            "remove it",
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            format!("no plain value can begin with `{character}`"),
            "put the value in quotes",
        ),
        other => (
            format!("this is no YAML: {other}"),
            "correct the syntax here",
        ),
    };
    (message, help.to_owned())
}
