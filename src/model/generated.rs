//! Generated files: how they say so, and whether their generator would.

use crate::source::{SILENCER, Span, file_name};

/// The comment block that a text begins with: comments on directly following lines, before anything
/// else.
pub fn header(text: &str, comments: &[Span]) -> Option<Span> {
    let first = *comments.first()?;
    let before = &text[..first.start as usize];
    let is_first = before
        .trim_start_matches('\u{feff}')
        .split_whitespace()
        .all(|word| word == "---");
    if !is_first {
        return None;
    }
    let mut block = first;
    for comment in &comments[1..] {
        let between = &text[block.end as usize..comment.start as usize];
        let is_next_line = between.trim().is_empty() && between.matches('\n').count() <= 1;
        if !is_next_line {
            break;
        }
        block = block.cover(*comment);
    }
    Some(block)
}

/// Whether a comment says that its file is generated. The name of a rule in a silencer says nothing.
pub fn says_so(comment: &str) -> bool {
    let mut lines = comment.lines().filter(|line| !line.contains(SILENCER));
    lines.any(|line| line.to_ascii_lowercase().contains("generated"))
}

/// The string in a generator's text that says "generated" among other words: then what it writes must
/// say so too. Comments and imports of the generator itself do not count.
pub fn header_literal(generator: &str) -> Option<Span> {
    let mut start = 0;
    for line in generator.split_inclusive('\n') {
        let found = header_in_line(line);
        if let Some(range) = found {
            return Some(Span::new(start + range.start, start + range.end));
        }
        start += line.len();
    }
    None
}

fn header_in_line(line: &str) -> Option<std::ops::Range<usize>> {
    let code = line.trim_start();
    if ["//", "*", "/*", "import "]
        .iter()
        .any(|mark| code.starts_with(mark))
    {
        return None;
    }
    let mut start = 0;
    while let Some(quote) = line[start..].find(['"', '\'', '`']) {
        let open = start + quote;
        let mark = &line[open..=open];
        let content = open + 1;
        let closing = line[content..]
            .find(mark)
            .map(|length| content + length + 1);
        // A template string may go on in the next line.
        let end = closing.unwrap_or(line.trim_end().len());
        let literal = &line[open..end];
        if says_so(literal) && literal.split_whitespace().count() > 1 {
            return Some(open..end);
        }
        start = end.max(content);
    }
    None
}

/// Whether a YAML text is the source of one: something like `{{ .Values.name }}` stands in it neither
/// in quotes nor in a comment, as the format of a log tag would.
pub fn is_template(yaml: &str) -> bool {
    yaml.lines().any(|line| {
        line.match_indices("{{").any(|(at, _)| {
            let before = &line[..at];
            let is_quoted = |quote: char| before.matches(quote).count() % 2 == 1;
            let is_comment = before.trim_start().starts_with('#') || before.contains(" #");
            !is_comment && !is_quoted('"') && !is_quoted('\'')
        })
    })
}

/// Whether a path is that of a generator: `infra/generate.*`.
pub fn is_generator_of(path: &str, infra: &str) -> bool {
    crate::source::parent(path) == infra && file_name(path).starts_with("generate")
}
