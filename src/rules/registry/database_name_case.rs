//! See `rules/registry/database-name-case.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "database-name-case", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for service in workspace
        .products()
        .iter()
        .flat_map(crate::model::product::Product::services)
    {
        let Some((database, defect)) = service.database_name_defect() else {
            continue;
        };
        let place = service.database_stand(workspace);
        let right = defect.corrected(database);
        report
            .at(
                place,
                format!(
                    "the database of `{}`, `{database}`, {defect}",
                    service.key()
                ),
            )
            .about(service, database)
            .fix(
                right
                    .as_deref()
                    .and_then(|right| workspace.unsafe_replacement(place, database, right)),
            )
            .argues(Attribute::Database, Wrong::Everything)
            .help(match right {
                Some(right) => format!("write `{right}`"),
                None => "write another name in snake_case, at most 63 bytes long".to_owned(),
            });
    }
}
