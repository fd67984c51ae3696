//! See `rules/compose/unprovisioned-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "unprovisioned-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for missing in workspace.unprovisioned_databases() {
        let claim = &missing.claim;
        let (name, container) = (&claim.database.text, &claim.container.key.value);
        let (owner, attribute, wrong) = match missing.stops {
            Some(server) => (server, Attribute::InitSql, Wrong::Everything),
            None => (
                claim.service.into(),
                Attribute::Database,
                Wrong::Value(name.clone()),
            ),
        };
        report
            .at(
                missing.link.place,
                format!(
                    "`{}` of `{container}` names `{name}`{}, which `{}` does not create",
                    claim.variable.name.value,
                    claim.database.remark(),
                    missing.server
                ),
            )
            .about(claim.service, name)
            .because_all(claim.database.way_to(&missing.link, container))
            .because_all(missing.labels)
            .argues_for(owner, attribute, wrong)
            .help(missing.help);
    }
}
