//! Which findings are reported, where not all of them are asked for. The whole workspace is judged either way.

use std::collections::HashSet;

use crate::finding::{Finding, Outcome, Silenced};
use crate::policy::{DEBT_FILE, FILE_NAME};
use crate::source::{Kind, Sources, is_within};

/// Keeps the findings of which some label lies in one of the files or folders; all where none is named.
pub fn by_paths(outcome: &mut Outcome, sources: &Sources, paths: &[String]) {
    let is_named = |path: &str| paths.iter().any(|named| is_within(path, named));
    if !paths.is_empty() {
        let is_chosen = |finding: &Finding| has_label_where(finding, sources, is_named);
        outcome.findings.retain(is_chosen);
        outcome
            .silenced
            .retain(|silenced| is_chosen(&silenced.finding));
    }
}

/// Keeps the findings of the change under judgement: those of which some label lies in a file that it touches,
/// and those that were not among the `earlier` ones. So nothing is missed that a deleted or distant file has
/// brought. A config or a debt file that was changed touches everything, and where there is no change, nothing is left out.
pub fn by_change(
    findings: &mut Vec<Finding>,
    silenced: &mut Vec<Silenced>,
    sources: &Sources,
    earlier: Option<&[Finding]>,
) {
    let Some(change) = &sources.change else {
        return;
    };
    let is_debt = |path: &String| {
        let file = sources.find(path).map(|id| sources.file(id));
        path == DEBT_FILE || file.is_some_and(|file| file.kind == Kind::Debt)
    };
    if change.changed.contains(FILE_NAME) || change.changed.iter().any(is_debt) {
        return;
    }
    let known: Option<HashSet<String>> =
        earlier.map(|earlier| earlier.iter().map(Finding::fingerprint).collect());
    let is_chosen = |finding: &Finding| {
        let is_new = || {
            let known = known.as_ref();
            known.is_some_and(|known| !known.contains(&finding.fingerprint()))
        };
        has_label_where(finding, sources, |path| change.touches(path)) || is_new()
    };
    findings.retain(is_chosen);
    silenced.retain(|silenced| is_chosen(&silenced.finding));
}

fn has_label_where(finding: &Finding, sources: &Sources, is_wanted: impl Fn(&str) -> bool) -> bool {
    let labels = finding.labels.iter().map(|label| label.place);
    let mut places = labels.chain([finding.place]);
    places.any(|place| is_wanted(&sources.file(place.file).path))
}
