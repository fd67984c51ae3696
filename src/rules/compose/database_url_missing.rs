//! See `rules/compose/database-url-missing.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "database-url-missing", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let variable = &workspace.policy.database_variable;
    for product in workspace.products() {
        let pattern = workspace.url_pattern(product);
        for (service, container, database) in workspace.services_without_url(product) {
            let others: Vec<_> = container.variables_for(database).collect();
            report
                .at(
                    container.environment_key.unwrap_or(container.key.place),
                    format!(
                        "`{}` owns `{database}`, but has no `{variable}`",
                        service.key()
                    ),
                )
                .about(service, variable.clone())
                .because(
                    service.database_place(),
                    format!("the registry gives it `{database}`"),
                )
                .because_all(others.iter().map(|other| {
                    (
                        other.name.place,
                        format!("`{}` names `{database}`", other.name.value),
                    )
                }))
                .argues(Attribute::Database, Wrong::Value(format!("no {database}")))
                .help(match others.as_slice() {
                    [other] => format!("rename `{}` to `{variable}`", other.name.value),
                    _ => format!("set `{variable}` to `{}`", pattern.url_of(database)),
                });
        }
    }
}
