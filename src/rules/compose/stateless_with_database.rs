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
            let Some(first) = traces.first() else {
                continue;
            };
            let mut named = first.what.clone();
            for trace in traces[1..].iter().filter(|trace| trace.place.is_none()) {
                named = format!("{named} and {}", trace.what);
            }
            report
                .at(
                    service.database_stand(workspace),
                    format!("`{}` is stateless, but has {named}", service.key()),
                )
                .about(service, "database")
                .because_all(
                    traces
                        .into_iter()
                        .filter_map(|trace| Some((trace.place?, trace.remark))),
                )
                .argues(Attribute::Database, Wrong::Everything)
                .help(format!(
                    "name its database, `database: \"{}\"`, or remove what only a database needs",
                    service.derived_database(),
                ));
        }
    }
}
