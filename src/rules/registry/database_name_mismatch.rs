//! See `rules/registry/database-name-mismatch.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "database-name-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for service in product.services() {
            let Some((database, derived)) = service.odd_database_name() else {
                continue;
            };
            let place = service.database_stand(workspace);
            report
                .at(
                    place,
                    format!(
                        "the database of `{}` is called `{database}`, not `{derived}`",
                        service.key()
                    ),
                )
                .about(service, database)
                .because(service.entry.key.place, "the key that names it")
                .fix(workspace.unsafe_replacement(place, database, &derived))
                .argues(Attribute::Database, Wrong::Everything)
                .help(format!("write `{derived}`"));
        }
    }
}
