//! Workflow commands for the log of a GitHub Actions step.
//!
//! The runner obeys a line that begins with `::`, and a `##[` anywhere in a line. Nothing of the scanned tree
//! may become either: commands are escaped by their own grammar, and every other line is defused.

use std::fmt::Write;

use super::document::{path_in_repository, range};
use super::excerpt::cut;
use super::visible::escaped;
use super::{Style, concise, summary};
use crate::finding::{Finding, Outcome, Severity};
use crate::source::Sources;

/// GitHub shows so many annotations of each level that a step makes, and drops the others.
const ANNOTATIONS: usize = 10;

/// The most columns of an annotation's text: the runner cuts off behind 4,096 characters.
const TEXT: usize = 4_000;

/// An annotation for each finding that GitHub will show, errors first, a line for each of the others, and what
/// was looked at.
pub(super) fn render(sources: &Sources, outcome: &Outcome, style: &Style) -> String {
    let mut out = String::new();
    let mut others: Vec<&Finding> = Vec::new();
    for severity in [Severity::Error, Severity::Warning] {
        let all = outcome.findings.iter();
        let mut found = all.filter(|finding| finding.severity == severity);
        for finding in found.by_ref().take(ANNOTATIONS) {
            write_annotation(&mut out, sources, finding);
        }
        others.extend(found);
    }
    if !others.is_empty() {
        let annotated = outcome.findings.len() - others.len();
        let _ = writeln!(
            out,
            "::notice title=dbfence::{annotated} of {} are annotated, since GitHub shows {ANNOTATIONS} of a \
             kind; the log of this step lists the others",
            summary::counted(outcome.findings.len(), "finding"),
        );
        let _ = writeln!(out, "::group::{} more", others.len());
        for finding in others {
            let _ = writeln!(out, "- {}", defused(&concise::text(sources, finding)));
        }
        out.push_str("::endgroup::\n");
    }
    if style.only_findings {
        return out;
    }
    for note in summary::notes(sources, outcome) {
        let _ = writeln!(out, "note: {}", defused(&cut(&note, TEXT)));
    }
    let _ = writeln!(out, "{}", summary::sentence(outcome));
    out
}

fn write_annotation(out: &mut String, sources: &Sources, finding: &Finding) {
    let at = range(sources, finding.place);
    let _ = write!(
        out,
        "::{} file={},line={},endLine={}",
        finding.severity.as_str(),
        property(&path_in_repository(sources, at.path)),
        at.line,
        at.end_line,
    );
    // GitHub takes columns only where both are of one line.
    if at.line == at.end_line {
        let _ = write!(out, ",col={},endColumn={}", at.column, at.end_column);
    }
    let text = format!("{} ({})", finding.message, finding.help);
    let _ = writeln!(
        out,
        ",title={}::{}",
        property(finding.rule),
        data(&cut(&escaped(&text), TEXT)),
    );
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property. A line break in a path is kept, so that the file is found; what a terminal would
/// obey is written out.
fn property(value: &str) -> String {
    let parts = value.split_inclusive(['\r', '\n']);
    let shown = parts.map(|part| {
        let text = part.trim_end_matches(['\r', '\n']);
        format!("{}{}", escaped(text), &part[text.len()..])
    });
    data(&shown.collect::<String>())
        .replace(':', "%3A")
        .replace(',', "%2C")
}

/// A line in which the runner sees no command. It has to begin with something else than `::` already.
fn defused(line: &str) -> String {
    line.replace("##[", "# #[")
}
