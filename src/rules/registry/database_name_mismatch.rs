//! See `rules/registry/database-name-mismatch.md`.

use std::collections::HashSet;

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "database-name-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let renamed = workspace.renamed_services(product);
        let renamed: HashSet<&str> = renamed.values().map(|it| it.service.key()).collect();
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
                .argues(
                    if renamed.contains(service.key()) {
                        Attribute::Container
                    } else {
                        Attribute::Database
                    },
                    Wrong::Everything,
                )
                .help(format!("write `{derived}`"));
        }
    }
}
