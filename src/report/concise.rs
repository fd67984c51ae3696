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

fn line(sources: &Sources, finding: &Finding, style: &Style) -> String {
    let file = sources.file(finding.place.file);
    let at = file.position(finding.place.span.start);
    let kind = format!("{}[{}]", finding.severity.as_str(), finding.rule);
    format!(
        "{}:{}:{}: {} {}\n",
        escaped(&file.path),
        at.line,
        at.column,
        style.paint(Paint::of(finding.severity), &kind),
        escaped(&finding.message),
    )
}
