//! See `rules/compose/stateless-with-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "stateless-with-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for service in product
            .services()
            .iter()
            .filter(|service| service.is_stateless())
        {
            let traces = workspace.database_traces(product, service);
            let Some((_, first)) = traces.first() else {
                continue;
            };
            report
                .at(
                    service.database_stand(workspace),
                    format!("`{}` is stateless, but has {first}", service.key()),
                )
                .about(service, "database")
                .because_all(
                    traces
                        .iter()
                        .map(|(place, what)| (*place, format!("it has {what}"))),
                )
                .argues(Attribute::Database, Wrong::Everything)
                .help(format!(
                    "name its database, `database: \"{}\"`, or remove what is labelled",
                    service.derived_database(),
                ));
        }
    }
}
