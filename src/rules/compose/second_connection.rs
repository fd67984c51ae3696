//! See `rules/compose/second-connection.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "second-connection", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let products = workspace.products().iter();
    let of_services = products.flat_map(|product| workspace.second_connections(product));
    let of_containers = workspace.second_connections_without_registry();
    for second in of_services.chain(of_containers) {
        let what = match second.variable {
            "" => "the connection string".to_owned(),
            variable => format!("`{variable}`"),
        };
        let (subject, wrong) = if second.is_taken_for_own {
            (Attribute::Database, second.database.clone())
        } else {
            (Attribute::Environment, second.variable.to_owned())
        };
        report
            .at(
                second.place,
                format!("{what} connects `{}` to {}", second.service, second.whose),
            )
            .about(
                second.owner,
                format!("{} {}", second.variable, second.database),
            )
            .because_all(second.labels)
            .argues(subject, Wrong::Value(wrong))
            .help(match second.belongs_to {
                Some(owner) => format!("remove {what}, and ask `{owner}` for its data over HTTP"),
                None => format!("remove {what}, and ask the owner of the data over HTTP"),
            });
    }
}
