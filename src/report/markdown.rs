//! Markdown for a step summary or a comment: a table for each service.
//!
//! Read by GitHub, which also makes links of `@name` and `#1` and takes `$` for mathematics: outside of
//! backticks nothing of the scanned tree may mean anything.

use std::fmt::Write;

use super::excerpt::cut;
use super::groups::{Group, by_service};
use super::visible::escaped;
use super::{concise, document_url, summary};
use crate::finding::{Finding, Outcome};
use crate::source::Sources;

/// The most bytes: GitHub drops the summary of a step that is larger than 1 MiB.
const ROOM: usize = 1_000_000;

/// From this many findings on each service is folded up.
const FOLDED: usize = 20;

/// The most columns of a text.
const TEXT: usize = 600;

/// A heading that sums up, then a table for each service.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    let mut out = format!("## dbfence: {}\n", summary::sentence(outcome));
    let is_folded = outcome.findings.len() >= FOLDED;
    let mut shown = 0;
    for group in by_service(&outcome.findings) {
        let before = shown;
        let mut table = String::new();
        for finding in &group.findings {
            let row = row(sources, finding);
            if out.len() + table.len() + row.len() > ROOM {
                break;
            }
            table.push_str(&row);
            shown += 1;
        }
        if shown > before {
            write_group(&mut out, &group, &table, is_folded);
        }
        if shown - before < group.findings.len() {
            break;
        }
    }
    let left_out = outcome.findings.len() - shown;
    if left_out > 0 {
        let more = summary::counted(left_out, "more finding");
        let _ = writeln!(out, "\n{more}: there is no room for them here.");
    }
    write_notes(&mut out, &summary::notes(sources, outcome));
    out
}

fn write_notes(out: &mut String, notes: &[String]) {
    for (number, note) in notes.iter().enumerate() {
        let note = format!("\nNote: {}\n", inline(&cut(note, TEXT)));
        if out.len() + note.len() > ROOM + ROOM / 64 {
            let more = summary::counted(notes.len() - number, "more note");
            let _ = writeln!(out, "\n{more}: there is no room for them here.");
            break;
        }
        out.push_str(&note);
    }
}

fn write_group(out: &mut String, group: &Group, rows: &str, is_folded: bool) {
    let title = inline(&cut(&group.title(), TEXT));
    let head = format!("{title}: {}", group.count());
    let _ = if is_folded {
        writeln!(out, "\n<details><summary>\n\n### {head}\n\n</summary>")
    } else {
        writeln!(out, "\n### {head}")
    };
    let _ = write!(
        out,
        "\n| level | rule | place | finding |\n| --- | --- | --- | --- |\n{rows}"
    );
    if is_folded {
        out.push_str("\n</details>\n");
    }
}

fn row(sources: &Sources, finding: &Finding) -> String {
    format!(
        "| {} | [{}]({}) | {} | {}<br>help: {} |\n",
        finding.severity.as_str(),
        finding.rule,
        document_url(finding),
        code(&cut(&concise::place(sources, finding), TEXT)),
        inline(&cut(&escaped(&finding.message), TEXT)),
        inline(&cut(&escaped(&finding.help), TEXT)),
    )
}

/// A sentence of ours, with its names in backticks, for a cell of a table.
fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick closes nothing, so nothing is code.
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let part = |(number, part): (usize, &&str)| match number % 2 {
        0 => plain(part),
        _ if part.is_empty() => plain("``"),
        _ => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A text without any markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            // Split from what follows, they call nobody and name no issue.
            '@' | '#' => {
                out.push('\\');
                out.push(c);
                out.push_str("<!-- -->");
            }
            '$' => out.push_str("<span>$</span>"),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // A URL would become a link, and so would a name that begins with `www`.
            ':' if characters.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if out.ends_with("www") => out.push_str("&#46;"),
            _ => out.push(c),
        }
    }
    out
}

/// A text as code. A cell ends at a `|` even inside of backticks, and backticks end at the first of their own
/// number, so that some texts have to be written out.
fn code(text: &str) -> String {
    let is_simple = !text.contains(['|', '`']) && text.trim() == text && !text.is_empty();
    if is_simple {
        format!("`{text}`")
    } else {
        format!("<code>{}</code>", plain(text))
    }
}
