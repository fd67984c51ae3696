//! See `rules/prisma/prisma-datasource-url.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "prisma-datasource-url", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for wrong in workspace.wrong_prisma_urls(product) {
            report
                .at(
                    wrong.place,
                    format!(
                        "the {} of `{}` {}",
                        wrong.holder.name(),
                        wrong.service.key(),
                        wrong.what
                    ),
                )
                .about(wrong.service, wrong.object)
                .because_all(wrong.labels)
                .fix(wrong.fix)
                .help(wrong.help);
        }
    }
}
