//! See `rules/registry/shared-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "shared-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (database, claims) in product.databases_claimed_twice() {
            let intruder = claims.intruder();
            let owner = claims.namesake();
            let others = claims.names_without(intruder);
            let whose = match owner {
                Some(owner) => format!("the database of `{}`", owner.key()),
                None if claims.others(intruder).count() > 1 => format!("and so do {others}"),
                None => format!("and so does {others}"),
            };
            let is_owner = |key: &str| owner.is_some_and(|owner| owner.key() == key);
            report
                .at(
                    intruder.database_stand(workspace),
                    format!("`{}` claims `{database}`, {whose}", intruder.key()),
                )
                .about(intruder, database)
                .because_all(claims.others(intruder).map(|service| {
                    let key = service.key();
                    let does = if is_owner(key) { "owns" } else { "claims" };
                    (
                        service.database_place(),
                        format!("`{key}` {does} `{database}`"),
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
