//! Generated files: how they say so, and whether their generator would.

use crate::source::{Span, file_name};

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

/// Whether a comment says that its file is generated.
pub fn says_so(comment: &str) -> bool {
    comment.to_ascii_lowercase().contains("generated")
}

/// Whether a generator's text holds a string that says "generated" among other words: then what it
/// writes must say so too. Comments and imports of the generator itself do not count.
pub fn writes_header(generator: &str) -> bool {
    generator.lines().any(|line| {
        let line = line.trim().to_ascii_lowercase();
        let is_code = !["//", "*", "/*", "import "].iter().any(|mark| line.starts_with(mark));
        let literal = line.find(['"', '\'', '`']).map_or("", |quote| &line[quote..]);
        is_code
            && literal.contains("generated")
            && literal.split_whitespace().count() > 1
    })
}

/// Whether a path is that of a generator: `infra/generate.*`.
pub fn is_generator_of(path: &str, infra: &str) -> bool {
    crate::source::parent(path) == infra && file_name(path).starts_with("generate")
}
