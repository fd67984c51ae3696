//! See `rules/prisma/prisma-datasource-url.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "prisma-datasource-url", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for wrong in workspace.wrong_prisma_urls(product) {
            let draft = report
                .at(
                    wrong.place,
                    format!(
                        "the {} of `{}` {}",
                        wrong.holder.name(),
                        wrong.service.key(),
                        wrong.what
                    ),
                )
                .about(wrong.service, wrong.object.clone())
                .because_all(wrong.labels)
                .fix(wrong.fix);
            let draft = if wrong.is_variable {
                draft.argues(Attribute::Environment, Wrong::Value(wrong.object))
            } else {
                draft
            };
            draft.help(wrong.help);
        }
    }
}
