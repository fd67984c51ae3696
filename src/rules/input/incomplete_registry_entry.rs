//! See `rules/input/incomplete-registry-entry.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("input", "incomplete-registry-entry", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for service in workspace
        .products()
        .iter()
        .flat_map(crate::model::product::Product::services)
    {
        let missing = service.missing_fields();
        if !missing.is_empty() {
            let names: Vec<String> = missing
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let lines: Vec<&str> = missing.iter().map(|(_, line)| *line).collect();
            report
                .at(
                    service.entry.key.place,
                    format!(
                        "the entry of `{}` has no {}",
                        service.key(),
                        names.join(" and no ")
                    ),
                )
                .about(service, "missing fields")
                .help(format!("add {}", lines.join(" and ")));
        }
        for field in service.wrong_types() {
            report
                .at(
                    workspace.stand_in_registry(field.origin),
                    format!(
                        "`{}` of `{}` is {}, not {}",
                        field.name,
                        service.key(),
                        field.found,
                        field.expected
                    ),
                )
                .about(service, field.name)
                .because(
                    service.entry.key.place,
                    format!("the entry of `{}`", service.key()),
                )
                .help(format!("write {}", field.example));
        }
    }
}
