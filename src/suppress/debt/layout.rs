//! Where the entries stand in a debt file, and the file written anew around what people wrote in it.

use super::file::VERSION;
use super::{Entry, page_url};
use crate::policy::schema_url_of;
use crate::source::{SourceFile, Span};
use crate::yaml::{Tree, Value, scalar};

/// The lines of the entries of a file that has each of them on lines of its own.
pub(super) struct Layout {
    /// The lines of each entry with the comments above it, in the order of the file. Each begins where the one
    /// before ends.
    pub(super) blocks: Vec<Span>,
    /// What stands before the dashes.
    indent: String,
    /// Where the key ends that the entries stand below.
    key_end: usize,
}

impl Layout {
    /// That of a file; `None` where entries share lines or values, or where there is none.
    pub(super) fn of(source: &SourceFile) -> Option<Self> {
        let tree = Tree::parse(&source.text);
        let entries = tree.root()?.get("entries")?;
        let mut end = source.line_of(entries.key.span.end) + 1;
        let mut layout = Self {
            blocks: Vec::new(),
            indent: String::new(),
            key_end: entries.key.span.range().end,
        };
        for item in entries.value.items() {
            let span = item.span();
            let first = source.line_of(span.start);
            let last = source.line_of(span.end.saturating_sub(1).max(span.start));
            let line = source.slice(source.line_span(first));
            let text = line.trim_start();
            if first < end || !text.starts_with('-') || shares_values(&item) {
                return None;
            }
            if layout.blocks.is_empty() {
                line[..line.len() - text.len()].clone_into(&mut layout.indent);
            }
            let start = line_start(source, end);
            end = last + 1;
            layout
                .blocks
                .push(Span::new(start, line_start(source, end)));
        }
        (!layout.blocks.is_empty()).then_some(layout)
    }
}

impl Layout {
    /// What stands before the entries and behind them.
    fn around<'t>(&self, text: &'t str, is_empty: bool) -> (String, &'t str) {
        let entries = self.blocks.iter().copied().reduce(Span::cover);
        let entries = entries.unwrap_or_default().range();
        let mut before = text[..entries.start].to_owned();
        let colon = before[self.key_end..].find(':');
        if let Some(colon) = colon.filter(|_| is_empty) {
            before.insert_str(self.key_end + colon + 1, " []");
        }
        (before, &text[entries.end..])
    }
}

fn line_start(source: &SourceFile, line: usize) -> usize {
    let start = source.line_starts().get(line).copied();
    start.map_or(source.text.len(), |start| start as usize)
}

/// Whether something of an entry stands at an anchor or an alias, so that it cannot be moved.
fn shares_values(item: &Value) -> bool {
    let is_shared = |value: &Value| value.anchor().is_some() || !value.via().is_empty();
    is_shared(item)
        || item
            .entries()
            .iter()
            .any(|entry| !entry.via.is_empty() || is_shared(&entry.value))
}

/// An entry of the file that is to be written.
pub(super) struct Planned<'a> {
    /// The entry that it was, by its number.
    pub(super) was: Option<usize>,
    /// What it says now.
    pub(super) entry: &'a Entry,
}

/// The file with the planned entries, sorted by rule, product and service. What stands around entries stays,
/// and so do those that say what they said; comments stay in any case.
pub(super) fn written(
    old: Option<&SourceFile>,
    entries: &[Entry],
    mut planned: Vec<Planned>,
) -> String {
    planned.sort_by(|a, b| a.entry.order().cmp(&b.entry.order()));
    let text = old.map_or("", |file| &*file.text);
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let layout = old.and_then(Layout::of);
    let comments = comments(text);
    let (mut result, rest) = match &layout {
        Some(layout) => layout.around(text, planned.is_empty()),
        None => (head(text, &comments, planned.is_empty()), ""),
    };
    let indent = layout.as_ref().map_or("  ", |layout| &layout.indent);
    for Planned { was, entry } in planned {
        let block = layout.as_ref().zip(was);
        let block = block.map(|(layout, was)| layout.blocks[was]);
        if !result.is_empty() && !result.ends_with(['\n', '\r']) {
            result.push_str(line_break);
        }
        match block {
            Some(block) if was.is_some_and(|was| &entries[was] == entry) => {
                result.push_str(&text[block.range()]);
            }
            _ => {
                let kept = comments.iter();
                let kept = kept.filter(|comment| block.is_some_and(|it| it.contains(**comment)));
                for comment in kept {
                    result.extend([indent, &text[comment.range()], "\n"]);
                }
                result.push_str(&lines_of(entry, indent));
            }
        }
    }
    if !rest.is_empty() && !result.ends_with(['\n', '\r']) {
        result.push_str(line_break);
    }
    result.push_str(rest);
    if line_break == "\r\n" {
        result = result.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    result
}

fn comments(text: &str) -> Vec<Span> {
    Tree::parse(text).comments
}

/// What stands before the entries of a new file, and the comments of one that is not laid out as we do.
fn head(text: &str, comments: &[Span], is_empty: bool) -> String {
    let mut head = format!(
        "# yaml-language-server: $schema={}\n# Findings that are let be for now: {}\n",
        schema_url_of("baseline"),
        page_url(),
    );
    for comment in comments {
        let comment = &text[comment.range()];
        if !head.lines().any(|line| line == comment) {
            head.push_str(comment);
            head.push('\n');
        }
    }
    let list = if is_empty { " []" } else { "" };
    format!("{head}version: {VERSION}\nentries:{list}\n")
}

fn lines_of(entry: &Entry, indent: &str) -> String {
    let texts = [
        ("rule", Some(entry.rule.as_str())),
        ("product", entry.product.as_deref()),
        ("service", entry.service.as_deref()),
        ("path", entry.path.as_deref()),
        ("message", entry.message.as_deref()),
    ];
    let written = texts.into_iter();
    let mut lines: Vec<String> = written
        .filter_map(|(key, text)| Some(format!("{key}: {}", scalar(text?))))
        .collect();
    // Some fingerprints look like numbers, and a column of them is read more easily if all look alike.
    lines.push(format!("fingerprint: \"{}\"", entry.fingerprint));
    let texts = [
        ("reason", entry.reason.as_deref()),
        ("owner", entry.owner.as_deref()),
    ];
    let written = texts.into_iter();
    lines.extend(written.filter_map(|(key, text)| Some(format!("{key}: {}", scalar(text?)))));
    lines.extend(entry.expires.map(|day| format!("expires: {day}")));
    let joined = lines.join(&format!("\n{indent}  "));
    format!("{indent}- {joined}\n")
}
