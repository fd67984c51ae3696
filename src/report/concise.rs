//! One line a finding: `path:line:column: error[rule] message`.

use super::visible::escaped;
use super::{Paint, Style};
use crate::finding::{Finding, Outcome};
use crate::source::Sources;

/// The findings, one a line, and nothing else: an empty text where nothing was found.
pub(super) fn render(sources: &Sources, outcome: &Outcome, style: &Style) -> String {
    outcome
        .findings
        .iter()
        .map(|finding| line(sources, finding, style))
        .collect()
}

/// The line of a finding.
pub(super) fn line(sources: &Sources, finding: &Finding, style: &Style) -> String {
    let kind = format!("{}[{}]", finding.severity.as_str(), finding.rule);
    format!(
        "{}: {} {}\n",
        place(sources, finding),
        style.paint(Paint::of(finding.severity), &kind),
        escaped(&finding.message),
    )
}

/// The line of a finding, plain and without its end.
pub(super) fn text(sources: &Sources, finding: &Finding) -> String {
    let mut line = line(sources, finding, &Style::default());
    line.pop();
    line
}

/// `path:line:column`, safe to print.
pub(super) fn place(sources: &Sources, finding: &Finding) -> String {
    let file = sources.file(finding.place.file);
    let at = file.position(finding.place.span.start);
    format!("{}:{}:{}", escaped(&file.path), at.line, at.column)
}
