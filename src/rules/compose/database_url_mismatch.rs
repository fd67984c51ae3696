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
            let owner = product.owner_of(named);
            report
                .at(
                    link.place,
                    match owner {
                        Some(owner) => format!(
                            "`{}` connects to `{named}`, the database of `{}`",
                            service.key(),
                            owner.key()
                        ),
                        None => format!(
                            "`{}` connects to `{named}`, which no service owns",
                            service.key()
                        ),
                    } + wrong.part.remark(),
                )
                .about(service, named.clone())
                .because_all(owner.map(|owner| {
                    (
                        owner.database_place(),
                        format!("`{}` owns `{named}`", owner.key()),
                    )
                }))
                .because(
                    service.database_place(),
                    format!("`{}` owns `{own}`", service.key()),
                )
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
    }
}
