//! See `rules/compose/stateless-with-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "stateless-with-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let mut clients = workspace.clients_without_database();
    for product in workspace.products() {
        for service in product
            .services()
            .iter()
            .filter(|service| service.is_stateless())
        {
            let mut traces = workspace.database_traces(product, service);
            let opened = clients.remove(&service.into());
            traces.extend(opened.unwrap_or_default());
            let Some(first) = traces.first() else {
                continue;
            };
            let mut named = first.what.clone();
            for trace in traces[1..].iter().filter(|trace| trace.place.is_none()) {
                named = format!("{named} and {}", trace.what);
            }
            // A module with a schema stores data, whatever the registry says; a line of a compose file
            // without one is left over.
            let in_registry = service.database_stand(workspace);
            let is_module_storing = traces.iter().any(|trace| trace.is_in_module);
            let (place, help) = match first.place {
                Some(place) if !is_module_storing => (
                    place,
                    format!("remove {}, or name a database in the registry", first.what),
                ),
                _ => (
                    in_registry,
                    format!(
                        "name its database, `database: \"{}\"`, or remove what only a database needs",
                        service.derived_database(),
                    ),
                ),
            };
            report
                .at(
                    place,
                    format!("`{}` is stateless, but has {named}", service.key()),
                )
                .about(service, "database")
                .because(in_registry, format!("`{}` stores nothing", service.key()))
                .because_all(
                    traces
                        .into_iter()
                        .filter_map(|trace| Some((trace.place?, trace.remark))),
                )
                .argues(Attribute::Database, Wrong::Everything)
                .help(help);
        }
    }
}
