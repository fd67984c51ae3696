//! See `rules/compose/unreachable-service.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "unreachable-service", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for cut_off in workspace
        .stack_numbers()
        .flat_map(|stack| workspace.cut_off(stack))
    {
        let key = &cut_off.container.key.value;
        let others = match cut_off.others.as_slice() {
            [only] => format!("`{}`", only.key.value),
            [one, other] => format!("`{}` and `{}`", one.key.value, other.key.value),
            [first, rest @ ..] => format!("`{}` and {} others", first.key.value, rest.len()),
            [] => continue,
        };
        let network = &cut_off.network;
        report
            .at(
                cut_off.place,
                format!("`{key}` shares no network with {others}"),
            )
            .about(cut_off.owner, others)
            .because_all(cut_off.labels)
            .help(if cut_off.is_in_place {
                format!("write `{network}`, or add it")
            } else {
                format!("add `{network}` to the `networks` of `{key}`")
            });
    }
}
