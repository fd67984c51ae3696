//! See `rules/prisma/shared-prisma-schema.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "shared-prisma-schema", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for shared in workspace.shared_schemas() {
        let (service, other) = (shared.service, shared.other);
        let finding = report
            .at(
                shared.place,
                format!("`{}` {} `{}`", service.key(), shared.does, other.key()),
            )
            .about(service, shared.path.clone())
            .because_all(shared.labels);
        let finding = if shared.is_one_module {
            finding.argues(Attribute::Module, Wrong::Everything)
        } else {
            finding
        };
        finding.help(shared.help);
    }
}
