//! See `rules/compose/database-url-scheme.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "database-url-scheme", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (link, wrong) in workspace.short_schemes(product) {
            let (service, written) = (wrong.url.service, &wrong.part.text);
            let is_development = workspace.is_development_only(&wrong.url, &link);
            let finding = report
                .at(
                    link.place,
                    format!("the URL of `{}` begins with `{written}://`", service.key()),
                )
                .about(service, written.clone())
                .because_all(wrong.way_to(&link))
                .fix(workspace.replacement(link.place, written, &wrong.right, is_development));
            let variable = &wrong.url.variable.name.value;
            let finding = if workspace.is_left_over(&service.into(), variable) {
                finding.argues(Attribute::Database, Wrong::Value(variable.clone()))
            } else {
                finding
            };
            finding.help(wrong.to_write(&link));
        }
    }
}
