//! See `rules/suppression/unused-suppression.md`.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::suppress::Silencers;
use crate::suppress::debt::Idle;

pub(crate) const RULE: Rule = rule!("suppression", "unused-suppression", check, Some(review));

fn check(workspace: &Workspace, report: &mut Report) {
    for exception in workspace.unused_exceptions() {
        let owner = Owner {
            product: None,
            service: Some(exception.service),
        };
        report
            .at(
                exception.place,
                format!("this exception allows nothing: {}", exception.what),
            )
            .about(owner, exception.table)
            .fix(exception.fix)
            .help(exception.help);
    }
}

fn review(silencers: &Silencers, report: &mut Report) {
    review_debt(silencers, report);
}

fn review_debt(silencers: &Silencers, report: &mut Report) {
    for idle in silencers.idle_entries() {
        let rule = &idle.entry.rule;
        let owner = Owner {
            product: idle.entry.product.clone(),
            service: idle.entry.service.clone(),
        };
        let remove = "remove the entry, or run `dbfence baseline --prune`".to_owned();
        let nearest = silencers.catalogue.nearest(rule);
        let (message, help) = match idle.why {
            Idle::Paid => (
                format!("this entry holds nothing back: `{rule}` does not find it any more"),
                remove,
            ),
            Idle::Repeated(_) => ("this entry is there twice".to_owned(), remove),
            Idle::UnknownRule => (
                format!("this entry holds nothing back: there is no rule `{rule}`"),
                nearest.map_or(remove, |it| format!("write `{it}`, or remove the entry")),
            ),
        };
        let first = match idle.why {
            Idle::Repeated(first) => Some((first, "the first one".to_owned())),
            _ => None,
        };
        let is_slip = idle.why == Idle::UnknownRule && nearest.is_some();
        report
            .at(idle.place, message)
            .about(owner, &idle.entry.fingerprint)
            .because_all(first)
            .fix(idle.fix.filter(|_| !is_slip))
            .help(help);
    }
}
