//! See `rules/registry/shared-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "shared-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    in_registries(workspace, report);
    in_stacks(workspace, report);
}

fn in_registries(workspace: &Workspace, report: &mut Report) {
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
                .help(match product.free_derived_database(intruder) {
                    Some(own) => format!("write a database of its own, `{own}`"),
                    None => "write a database of its own".to_owned(),
                });
        }
    }
}

fn in_stacks(workspace: &Workspace, report: &mut Report) {
    for shared in workspace.shared_without_registry() {
        let (name, intruder) = (&shared.name, &shared.intruder);
        let key = &intruder.service.name;
        let whose = match &shared.namesake {
            Some(owner) => format!("the database of `{}`", owner.service.name),
            None => shared.names_of_others(),
        };
        let schemas = if shared.has_schemas {
            "; a `?schema=` of its own is no database of its own"
        } else {
            ""
        };
        let is_owner = |other: &str| {
            let owner = shared.namesake.as_ref();
            owner.is_some_and(|owner| owner.service.name == other)
        };
        let others = shared.others.iter().map(|claim| {
            let other = &claim.service.name;
            let does = if is_owner(other) { "owns" } else { "claims" };
            (
                claim.place(),
                format!("`{other}` {does} `{name}`{}", claim.database.remark()),
            )
        });
        let first = shared.namesake.as_ref().or(shared.others.first());
        let stores = [Some(intruder), first].into_iter().flatten();
        let stores = stores.filter_map(|claim| claim.service.says_stores());
        let right = shared.right.as_deref();
        report
            .at(
                shared.link.place,
                format!(
                    "`{key}` claims `{name}` on `{}`{}, {whose}{schemas}",
                    shared.server,
                    intruder.database.remark()
                ),
            )
            .about(intruder.service, name)
            .because_all(intruder.database.way_to(&shared.link, key))
            .because_all(others)
            .because_all(stores)
            .argues(Attribute::Database, Wrong::Everything)
            .help(match right {
                Some(own) => {
                    let container = &intruder.container.key.value;
                    let parts = [(&intruder.database, own)];
                    intruder.variable.advice(container, &shared.link, &parts)
                }
                None => "write a database of its own".to_owned(),
            });
    }
}
