//! See `rules/registry/dependency-cycle.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "dependency-cycle", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for cycle in product.dependency_cycles() {
            let Some((last, before)) = cycle.split_last() else {
                continue;
            };
            let names: Vec<String> = cycle
                .iter()
                .map(|step| format!("`{}`", step.service.key()))
                .collect();
            report
                .at(
                    workspace.stand_in_registry(&last.text.origin),
                    format!("{} wait for each other", names.join(", ")),
                )
                .about(last.service, names.join(", "))
                .because_all(before.iter().map(|step| {
                    let (key, next) = (step.service.key(), &step.text.value);
                    (step.text.place(), format!("`{key}` waits for `{next}`"))
                }))
                .argues(
                    Attribute::Dependencies,
                    Wrong::Value(last.text.value.clone()),
                )
                .help(format!(
                    "remove `{}` from the `dependsOn` of `{}`, or another edge of the cycle",
                    last.text.value,
                    last.service.key()
                ));
        }
    }
}
