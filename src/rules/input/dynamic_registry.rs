//! See `rules/input/dynamic-registry.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("input", "dynamic-registry", check);

const HELP: &str =
    "write a literal, or a constant of this file or of one that it imports by a relative path";

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for dynamic in &product.registry.open {
            report
                .at(
                    dynamic.place,
                    format!(
                        "the services of `{}` hang on {}, which is not known without running it",
                        product.name, dynamic.what
                    ),
                )
                .about(product, "services")
                .because(
                    product.registry.name.place,
                    "nothing is called missing in this registry",
                )
                .help(HELP);
        }
        for service in product.services() {
            for dynamic in service.entry.dynamics() {
                report
                    .at(
                        dynamic.place,
                        format!(
                            "`{}` hangs on {}, which is not known without running it",
                            service.key(),
                            dynamic.what
                        ),
                    )
                    .about(service, dynamic.what.clone())
                    .because(
                        service.entry.key.place,
                        format!("used by `{}`", service.key()),
                    )
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
