//! What was looked at and what could not be judged, in sentences.

use std::collections::{BTreeMap, BTreeSet};

use super::visible::escaped;
use crate::finding::{DebtState, Open, Outcome, Severity};
use crate::source::Sources;

/// One sentence: what was found, where, and what was held back.
pub(super) fn sentence(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    let services = counted(summary.services, "service");
    let files = counted(summary.files, "file");
    let looked_at = if outcome.findings.is_empty() {
        format!("nothing found: {services}, {files}")
    } else {
        let place = match summary.services {
            0 => String::new(),
            _ => format!(" in {services}"),
        };
        format!("{}{place} ({files})", found(outcome))
    };
    let held_back = held_back(outcome);
    if held_back.is_empty() {
        looked_at
    } else {
        format!("{looked_at}; {held_back}")
    }
}

fn held_back(outcome: &Outcome) -> String {
    let mut counts = Vec::new();
    if outcome.suppressed() > 0 {
        counts.push(format!("{} suppressed", outcome.suppressed()));
    }
    let change = change_of_debt(outcome);
    if outcome.baselined() > 0 || !change.is_empty() {
        counts.push(format!("{} in the baseline{change}", outcome.baselined()));
    }
    counts.join(", ")
}

/// What has become of the debt, in parentheses.
fn change_of_debt(outcome: &Outcome) -> String {
    let DebtState { paid, expired } = &outcome.debt;
    let mut changes = Vec::new();
    if !expired.is_empty() {
        changes.push(format!("{} expired", expired.len()));
    }
    if !paid.is_empty() {
        changes.push(format!(
            "{} paid: run `dbfence baseline --prune`",
            paid.len()
        ));
    }
    if changes.is_empty() {
        String::new()
    } else {
        format!(" ({})", changes.join(", "))
    }
}

/// How many findings of each weight there are.
pub(super) fn tally(outcome: &Outcome) -> String {
    if outcome.findings.is_empty() {
        "nothing found".to_owned()
    } else {
        found(outcome)
    }
}

fn found(outcome: &Outcome) -> String {
    by_severity(
        outcome.count(Severity::Error),
        outcome.count(Severity::Warning),
    )
}

/// How many errors and warnings there are; what there is none of is not named.
pub(super) fn by_severity(errors: usize, warnings: usize) -> String {
    [(errors, Severity::Error), (warnings, Severity::Warning)]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| counted(count, severity.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a reader has to know about silence: products that are open, rules that rest.
pub(super) fn notes(sources: &Sources, outcome: &Outcome) -> Vec<String> {
    let mut notes = open_products(sources, &outcome.summary.open);
    notes.extend(resting_rules(outcome));
    notes
}

fn open_products(sources: &Sources, open: &[Open]) -> Vec<String> {
    let mut products: BTreeMap<&str, Vec<&Open>> = BTreeMap::new();
    for open in open {
        products.entry(&open.product).or_default().push(open);
    }
    products
        .into_iter()
        .map(|(product, reasons)| open_product(sources, product, &reasons))
        .collect()
}

fn open_product(sources: &Sources, product: &str, reasons: &[&Open]) -> String {
    let first = reasons.first().map_or_else(String::new, |open| {
        let file = sources.file(open.place.file);
        let at = file.position(open.place.span.start);
        format!(
            "{} ({}:{}:{})",
            escaped(&open.reason),
            escaped(&file.path),
            at.line,
            at.column,
        )
    });
    let more = match reasons.len().saturating_sub(1) {
        0 => String::new(),
        others => format!(" and {}", counted(others, "more reason")),
    };
    format!(
        "{} is open: {first}{more}; nothing is called missing there",
        product_name(product),
    )
}

fn resting_rules(outcome: &Outcome) -> Vec<String> {
    let mut groups: BTreeMap<(Option<&str>, &str), BTreeSet<&str>> = BTreeMap::new();
    for inactive in &outcome.summary.inactive {
        groups
            .entry((inactive.product.as_deref(), &inactive.reason))
            .or_default()
            .insert(inactive.rule);
    }
    groups
        .into_iter()
        .map(|((product, reason), rules)| {
            let rest = if rules.len() == 1 { "rests" } else { "rest" };
            let place = product.map_or_else(String::new, |product| {
                format!(" in {}", product_name(product))
            });
            format!(
                "{} {rest}{place}: {}",
                counted(rules.len(), "rule"),
                escaped(reason),
            )
        })
        .collect()
}

/// A product by its path.
fn product_name(path: &str) -> String {
    if path.is_empty() || path == "." {
        "the workspace root".to_owned()
    } else {
        escaped(path).into_owned()
    }
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
