//! See `rules/compose/database-url-mismatch.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "database-url-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (link, wrong) in workspace.wrong_databases(product) {
            let service = wrong.url.service;
            let (named, own) = (&wrong.part.text, &wrong.right);
            report
                .at(
                    link.place,
                    format!(
                        "`{}` connects to {}{}",
                        service.key(),
                        product.says_whose(named),
                        wrong.part.remark()
                    ),
                )
                .about(service, named.clone())
                .because_all(product.ownership(service, named))
                .because_all(wrong.way_to(&link))
                .fix(workspace.replacement(
                    link.place,
                    named,
                    own,
                    workspace.is_development_only(&wrong.url, &link),
                ))
                .argues(Attribute::Database, Wrong::Value(named.clone()))
                .help(wrong.to_write(&link) + &workspace.generator_of(product, link.place));
        }
        for wrong in workspace.wrong_settings(product) {
            let (service, named) = (wrong.service, &wrong.part.text);
            report
                .at(
                    wrong.place,
                    format!(
                        "`{}` connects to {}",
                        service.key(),
                        product.says_whose(named)
                    ),
                )
                .about(service, named.clone())
                .because_all(product.ownership(service, named))
                .because_all(wrong.way)
                .fix(workspace.unsafe_replacement(wrong.place, named, wrong.own))
                .argues(Attribute::Database, Wrong::Value(named.clone()))
                .help(format!("write `{}`", wrong.own));
        }
    }
}
