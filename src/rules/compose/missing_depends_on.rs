//! See `rules/compose/missing-depends-on.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::starts::HEALTHY;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "missing-depends-on", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        missing(workspace, product, report);
        weak(workspace, product, report);
    }
}

fn missing(workspace: &Workspace, product: &Product, report: &mut Report) {
    for lack in workspace.missing_dependencies(product) {
        let (service, container) = (lack.service, lack.container);
        let names: Vec<String> = lack
            .missing
            .iter()
            .map(|(name, ..)| format!("`{name}`"))
            .collect();
        let entries: Vec<String> = lack
            .missing
            .iter()
            .map(|(name, is_postgres, _)| {
                let condition = if *is_postgres {
                    HEALTHY
                } else {
                    "service_started"
                };
                format!("`{name}: {{ condition: {condition} }}`")
            })
            .collect();
        let reasons = lack.missing.iter().map(|(name, is_postgres, place)| {
            let says = if *is_postgres {
                format!("its database is on `{name}`")
            } else {
                format!("the registry makes it wait for `{name}`")
            };
            (*place, says)
        });
        report
            .at(
                container.depends_on_key.unwrap_or(container.key.place),
                format!(
                    "`{}` does not wait for {}",
                    service.key(),
                    names.join(" and ")
                ),
            )
            .about(service, names.join(" and "))
            .because_all(reasons)
            .argues(Attribute::Dependencies, Wrong::Value(lack.names()))
            .help(format!("add {} to its `depends_on`", entries.join(" and ")));
    }
}

fn weak(workspace: &Workspace, product: &Product, report: &mut Report) {
    for wait in workspace.weak_dependencies(product) {
        let server = wait.server;
        let until = match wait.condition {
            Some("service_completed_successfully") => "until it has ended",
            _ => "until it is started, not until it is healthy",
        };
        let fix = wait
            .condition
            .and_then(|condition| workspace.unsafe_replacement(wait.place, condition, HEALTHY));
        report
            .at(
                wait.place,
                format!("`{}` waits for `{server}` {until}", wait.service.key()),
            )
            .about(wait.service, format!("condition of {server}"))
            .because_all(wait.way)
            .fix(fix)
            .help(match wait.condition {
                Some(_) => format!("write `{HEALTHY}`"),
                None => format!("write it as `{server}: {{ condition: {HEALTHY} }}`"),
            });
    }
}
