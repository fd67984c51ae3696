//! See `rules/input/unresolved-variable.md`.

use std::collections::BTreeMap;

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::compose::Variable;
use crate::rule::{Report, Rule, rule};
use crate::source::join;

pub(crate) const RULE: Rule = rule!("input", "unresolved-variable", check);

fn check(workspace: &Workspace, report: &mut Report) {
    // A value is set once for all stacks of a folder, so it is missed once.
    let mut missing: BTreeMap<(&str, &str), Vec<_>> = BTreeMap::new();
    for number in workspace.stack_numbers() {
        let stack = &workspace.stacks[number];
        for (container, variable) in stack.variables().filter(|(_, it)| it.is_postgres()) {
            for (what, name, place) in variable.unknown_parts() {
                let users = missing.entry((&stack.folder, name)).or_default();
                let owner = workspace.owner_of_container(number, container);
                users.push((what, container, variable, place, owner));
            }
        }
    }
    for ((folder, name), users) in missing {
        let (what, container, variable, place, owner) = &users[0];
        let (holder, key) = (&variable.name.value, &container.key.value);
        let file = join(folder, ".env.example").unwrap_or_default();
        let finding = report
            .at(
                *place,
                format!(
                    "the {what} in `{holder}` of `{key}` depends on `{name}`, which has no value"
                ),
            )
            .about(owner.clone(), name)
            .because_all(users[1..].iter().map(|(what, container, _, place, _)| {
                (
                    *place,
                    format!("so does the {what} of `{}`", container.key.value),
                )
            }));
        let is_left_over = |(_, _, variable, _, owner): &(_, _, &Variable, _, Owner)| {
            workspace.is_left_over(owner, &variable.name.value)
        };
        let finding = if users.iter().all(is_left_over) {
            finding.argues(Attribute::Database, Wrong::Value(holder.clone()))
        } else {
            finding
        };
        finding.help(format!(
            "set `{name}` in `{file}`, or write a default: `${{{name}:-…}}`"
        ));
    }
}
