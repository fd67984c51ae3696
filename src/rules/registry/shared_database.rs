//! See `rules/registry/shared-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "shared-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (database, claims) in product.databases_claimed_twice() {
            let intruder = claims.intruder();
            report
                .at(
                    intruder.database_stand(workspace),
                    format!(
                        "`{}` claims `{database}`, the database of {}",
                        intruder.key(),
                        claims.names_without(intruder),
                    ),
                )
                .about(intruder, database)
                .because_all(claims.others(intruder).map(|service| {
                    (
                        service.database_place(),
                        format!("`{}` owns `{database}`", service.key()),
                    )
                }))
                .argues(Attribute::Database, Wrong::Everything)
                .help(match intruder.free_derived_database(product) {
                    Some(own) => format!("write a database of its own, `{own}`"),
                    None => "write a database of its own".to_owned(),
                });
        }
    }
}
