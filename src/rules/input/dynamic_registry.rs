//! See `rules/input/dynamic-registry.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("input", "dynamic-registry", check);

const HELP: &str =
    "write a literal, or a constant of this file or of one that it imports by a relative path";

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let open = product.registry.open.iter();
        for dynamic in open.filter(|dynamic| !dynamic.broken) {
            report
                .at(
                    dynamic.place,
                    format!(
                        "the services of `{}` depend on {}",
                        product.name, dynamic.what
                    ),
                )
                .about(product, "services")
                .because(
                    product.registry.name.place,
                    "nothing counts as missing or unregistered in this registry",
                )
                .help(HELP);
        }
        for service in product.services() {
            let unknowns = service.entry.unknowns().into_iter();
            for (field, dynamic) in unknowns.filter(|(_, dynamic)| !dynamic.broken) {
                let key = service.key();
                let what = match field {
                    Some(field) => format!("`{field}` of `{key}`"),
                    None => format!("the entry of `{key}`"),
                };
                report
                    .at(dynamic.place, format!("{what} depends on {}", dynamic.what))
                    .about(service, dynamic.what.clone())
                    .because(service.entry.key.place, format!("used by `{key}`"))
                    .help(HELP);
            }
        }
    }
    for (product, rival) in workspace.rival_registries() {
        report
            .at(
                rival.name.place,
                format!(
                    "`{}` has two registries, and which one counts is not known",
                    product.name
                ),
            )
            .about(product, rival.name.value.clone())
            .because(product.registry.name.place, "the other one")
            .help(format!(
                "spread `{}` into `{}`, or remove it",
                rival.name.value, product.registry.name.value
            ));
    }
}
