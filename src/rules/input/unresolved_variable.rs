//! See `rules/input/unresolved-variable.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("input", "unresolved-variable", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for number in workspace.stack_numbers() {
        let variables = workspace.stacks[number].variables();
        for (container, variable) in variables.filter(|(_, variable)| variable.is_postgres()) {
            for (what, name, place) in variable.unknown_parts() {
                let (holder, key) = (&variable.name.value, &container.key.value);
                report
                    .at(place, format!("the {what} in `{holder}` of `{key}` hangs on `{name}`, which has no value"))
                    .about(workspace.owner_of_container(number, container), name)
                    .help(format!("set `{name}` in `.env.example`, or write a default: `${{{name}:-…}}`"));
            }
        }
    }
}
