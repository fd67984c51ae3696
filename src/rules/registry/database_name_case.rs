//! See `rules/registry/database-name-case.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "database-name-case", check);

fn check(workspace: &Workspace, report: &mut Report) {
    in_registries(workspace, report);
    in_stacks(workspace, report);
}

fn in_registries(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for service in product.services() {
            let Some((database, defect)) = service.database_name_defect() else {
                continue;
            };
            let place = service.database_stand(workspace);
            let meant = defect
                .corrected(database)
                .filter(|name| product.owner_of(name).is_none());
            let fix = meant
                .as_deref()
                .and_then(|meant| workspace.unsafe_replacement(place, database, meant));
            let right = meant.or_else(|| product.free_derived_database(service));
            report
                .at(
                    place,
                    format!(
                        "the database of `{}`, `{database}`, {defect}",
                        service.key()
                    ),
                )
                .about(service, database)
                .fix(fix)
                .argues(Attribute::Database, Wrong::Everything)
                .help(match right {
                    Some(right) => format!("write `{right}`"),
                    None => defect.advice().to_owned(),
                });
        }
    }
}

fn in_stacks(workspace: &Workspace, report: &mut Report) {
    for odd in workspace.odd_names() {
        let (claim, defect) = (&odd.claim, odd.defect);
        let name = &claim.database.text;
        report
            .at(
                odd.place,
                format!(
                    "the database of `{}`, `{name}`, {defect}{}",
                    claim.service.name,
                    claim.database.remark()
                ),
            )
            .about(claim.service, name)
            .because_all(odd.others)
            .fix(odd.fix)
            .argues(Attribute::Database, Wrong::Everything)
            .help(match odd.right {
                Some(right) => format!("write `{right}`"),
                None => defect.advice().to_owned(),
            });
    }
}
