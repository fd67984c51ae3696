//! See `rules/compose/extra-env-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::extra_env::shown;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "extra-env-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for lack in workspace.missing_variables(product) {
            let (service, container) = (lack.service, lack.container);
            let names: Vec<String> = lack
                .missing
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let texts: Vec<String> = lack
                .missing
                .iter()
                .map(|(name, text)| format!("`{name}` to {}", shown(&text.value)))
                .collect();
            let finding =
                report
                    .at(
                        container.environment_key.unwrap_or(container.key.place),
                        format!("`{}` does not get {}", service.key(), names.join(" and ")),
                    )
                    .about(service, names.join(" and "))
                    .because_all(lack.missing.iter().map(|(name, text)| {
                        (text.place(), format!("the registry gives it `{name}`"))
                    }));
            let finding = if lack.lacks_all {
                // Then the whole environment is gone, and the connection string with it.
                finding.argues(Attribute::Database, Wrong::Everything)
            } else if let Some(target) = lack.target {
                // A variable that was renamed in the registry is missing in the container and in the code.
                finding.argues(
                    Attribute::Calls,
                    Wrong::Value(format!("to {}", target.key())),
                )
            } else {
                finding
            };
            finding.help(format!("set {}", texts.join(" and ")));
        }
        for wrong in workspace.other_values(product) {
            let name = &wrong.variable.name.value;
            report
                .at(
                    wrong.place,
                    format!(
                        "`{name}` of `{}` has another value than the registry says",
                        wrong.service.key()
                    ),
                )
                .about(wrong.service, name.clone())
                .because(
                    wrong.right.place(),
                    format!("the registry says {}", shown(&wrong.right.value)),
                )
                .because_all(wrong.labels)
                .fix(wrong.fix)
                .argues(Attribute::Calls, Wrong::Value(name.clone()))
                .help(wrong.help);
        }
    }
}
