//! One finding a line, each as it stands in the list of the JSON document.

use super::json;
use super::visible::escaped_json;
use crate::finding::Outcome;
use crate::source::Sources;

/// The findings, one a line, and nothing else: an empty text where nothing was found.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    let findings = outcome.findings.iter();
    let line = findings.map(|finding| {
        // Strings, numbers and lists have no way to fail.
        let line = serde_json::to_string(&json::shape(sources, finding)).unwrap_or_default();
        escaped_json(&line) + "\n"
    });
    line.collect()
}
