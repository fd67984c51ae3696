//! See `rules/suppression/unused-suppression.md`.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("suppression", "unused-suppression", check);

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
