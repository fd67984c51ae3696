//! What is written in a comment that silences findings.

use crate::catalogue::Catalogue;
use crate::source::{At, SILENCER, Span};

/// What a comment says.
#[derive(Debug)]
pub(super) enum Written {
    /// Which findings it silences.
    Silencer(Silencer),
    /// Something that was meant to and does not.
    Mistaken(Mistake),
}

/// A text that silences findings.
#[derive(Debug)]
pub(super) struct Silencer {
    /// From its keyword to its end.
    pub(super) span: Span,
    /// Whether it is meant for the whole file.
    pub(super) is_for_file: bool,
    /// The rules.
    pub(super) rules: Vec<At<String>>,
    /// What stands behind the colon; nothing where it is empty.
    pub(super) reason: Option<At<String>>,
    /// What stands behind the rules without a colon.
    pub(super) stray: Option<At<String>>,
}

/// A text that silences nothing, in spite of its keyword.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The keyword, as written.
    pub(super) span: Span,
    /// What is wrong, as a sentence without a final stop.
    pub(super) message: String,
    /// What to write.
    pub(super) help: String,
}

const FOR_FILE: &str = "-file";

/// Reads one comment, its marks included.
pub(super) fn read(text: &str, comment: Span, catalogue: &Catalogue) -> Vec<Written> {
    let whole = &text[comment.range()];
    let mut written = Vec::new();
    let content = match whole.strip_suffix("*/") {
        Some(block) if whole.starts_with("/*") && whole.len() >= 4 => block,
        _ => whole,
    };
    let mut start = comment.start as usize;
    for line in content.split_inclusive(['\n', '\r']) {
        let body = line.trim_start_matches(|letter: char| {
            letter.is_whitespace() || "/#-*!;\u{feff}".contains(letter)
        });
        let at = start + line.len() - body.len();
        start += line.len();
        read_line(
            &At::new(body.trim_end(), Span::new(at, at)),
            catalogue,
            &mut written,
        );
    }
    written
}

/// Reads what is left of a line of a comment without its marks; the span says where it begins.
fn read_line(line: &At<&str>, catalogue: &Catalogue, written: &mut Vec<Written>) {
    let start = line.span.start as usize;
    let span = |from: usize, to: usize| Span::new(start + from, start + to);
    let Some(rest) = line.value.strip_prefix(SILENCER) else {
        written.extend(elsewhere(line, 0, catalogue).map(Written::Mistaken));
        return;
    };
    let (is_for_file, rest) = match rest.strip_prefix(FOR_FILE) {
        Some(behind) if !behind.starts_with(is_of_word) => (true, behind),
        _ => (false, rest),
    };
    if rest.starts_with(is_of_word) {
        let length = line.value.find(|letter| !is_of_word(letter));
        let keyword = &line.value[..length.unwrap_or(line.value.len())];
        if keyword[SILENCER.len()..].starts_with('-') {
            written.push(Written::Mistaken(Mistake {
                span: span(0, keyword.len()),
                message: format!("`{keyword}` silences nothing"),
                help: format!(
                    "write `{SILENCER}` for what is found on this line or the next one, `{SILENCER}{FOR_FILE}` for the whole file"
                ),
            }));
        }
        return;
    }
    let keyword = line.value.len() - rest.len();
    let second = elsewhere(line, keyword, catalogue);
    let end = second.as_ref().map_or(line.value.len(), |mistake| {
        let end = mistake.span.start as usize - start;
        line.value[..end].trim_end().len()
    });
    let (names, reason) = match line.value[keyword..end].find(':') {
        Some(length) => (keyword..keyword + length, Some(keyword + length + 1..end)),
        None => (keyword..end, None),
    };
    let has_reason = reason.is_some();
    let mut rules: Vec<At<String>> = Vec::new();
    let mut stray = None;
    let mut is_behind_comma = true;
    for (from, to) in words(line.value, names.clone()) {
        let word = &line.value[from..to];
        let name = word.trim_end_matches(',');
        // Without a colon it is told by its names where a reason begins.
        if !has_reason && !is_behind_comma && catalogue.find(name).is_none() {
            let text = line.value[from..names.end].trim_start_matches(is_dash);
            let from = names.end - text.len();
            stray = (!text.is_empty()).then(|| At::new(text.to_owned(), span(from, names.end)));
            break;
        }
        if !name.is_empty() {
            rules.push(At::new(name.to_owned(), span(from, from + name.len())));
        }
        is_behind_comma = word.ends_with(',');
    }
    if rules.is_empty() {
        written.push(Written::Mistaken(Mistake {
            span: span(0, keyword),
            message: "this comment names no rule, so that it silences nothing".to_owned(),
            help: format!("write the name of the rule and the reason: `{SILENCER} RULE: reason`"),
        }));
    } else {
        let reason = reason.and_then(|range| {
            let text = line.value[range.clone()].trim();
            let from = range.end - line.value[range.clone()].trim_start().len();
            (!text.is_empty()).then(|| At::new(text.to_owned(), span(from, from + text.len())))
        });
        written.push(Written::Silencer(Silencer {
            span: span(0, end),
            is_for_file,
            rules,
            reason,
            stray,
        }));
    }
    written.extend(second.map(Written::Mistaken));
}

/// A keyword behind `from` with a rule behind it: nobody writes that in prose.
fn elsewhere(line: &At<&str>, from: usize, catalogue: &Catalogue) -> Option<Mistake> {
    let start = line.span.start as usize;
    let (at, _) = line.value.match_indices(SILENCER).find(|&(at, _)| {
        let before = line.value[..at].chars().next_back();
        let rest = &line.value[at + SILENCER.len()..];
        let rest = rest.strip_prefix(FOR_FILE).unwrap_or(rest);
        let name = rest.trim_start();
        let length = name.find(|letter| !is_of_word(letter));
        let name_of_rule = &name[..length.unwrap_or(name.len())];
        at >= from
            && before.is_none_or(char::is_whitespace)
            && name.len() < rest.len()
            && catalogue.find(name_of_rule).is_some()
    })?;
    let length = line.value[at..].find(|letter| !is_of_word(letter))?;
    Some(Mistake {
        span: Span::new(start + at, start + at + length),
        message: format!(
            "`{}` silences nothing here: it has to begin the comment",
            &line.value[at..at + length]
        ),
        help: if from == 0 {
            "move it into a comment of its own".to_owned()
        } else {
            "give it a comment of its own, or name both rules behind the first one".to_owned()
        },
    })
}

/// The words in a part of a text, by where they begin and end. A comma ends a word.
fn words(text: &str, part: std::ops::Range<usize>) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, letter) in text[part.clone()].char_indices() {
        let at = part.start + at;
        if letter.is_whitespace() {
            words.extend(start.take().map(|start| (start, at)));
        } else if letter == ',' {
            words.push((start.take().unwrap_or(at), at + 1));
        } else {
            start.get_or_insert(at);
        }
    }
    words.extend(start.map(|start| (start, part.end)));
    words
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_')
}

fn is_dash(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '\u{2013}' | '\u{2014}' | '(')
}
