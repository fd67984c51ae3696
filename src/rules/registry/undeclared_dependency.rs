//! See `rules/registry/undeclared-dependency.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "undeclared-dependency", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for call in workspace.undeclared_calls(product) {
            let (caller, target) = (call.service.key(), call.target.key());
            report
                .at(
                    call.host,
                    format!("`{caller}` calls `{target}`, but does not depend on it"),
                )
                .about(call.service, target)
                .because_all(call.again.iter().map(|place| (*place, "called here too".to_owned())))
                .because_all(call.list.map(|list| (list, format!("`{target}` is not among these"))))
                .fix(call.fix)
                .help(if call.closes_circle {
                    format!("add `\"{target}\"` to `dependsOn` once nothing leads from `{target}` back to `{caller}`")
                } else if call.list.is_some() {
                    format!("add `\"{target}\"` to `dependsOn` of `{caller}`")
                } else {
                    format!("add `dependsOn: [\"{target}\"]` to `{caller}`")
                });
        }
    }
}
