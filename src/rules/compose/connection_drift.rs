//! See `rules/compose/connection-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "connection-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for drift in workspace.connection_drifts() {
        let (service, variable) = (&drift.service.name, drift.variable);
        report
            .at(
                drift.place,
                format!(
                    "`{variable}` of `{service}` names `{}`, and `{}` in the stack that runs it",
                    drift.name, drift.usual
                ),
            )
            .about(drift.service, drift.name.clone())
            .because_all(drift.labels)
            .argues(Attribute::Database, Wrong::Value(drift.usual.clone()))
            .help(format!(
                "write one name in both places, such as `{}`",
                drift.usual
            ));
    }
}
