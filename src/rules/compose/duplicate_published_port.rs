//! See `rules/compose/duplicate-published-port.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "duplicate-published-port", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for twice in workspace
        .stack_numbers()
        .flat_map(|stack| workspace.published_twice(stack))
    {
        let port = twice.port;
        let (first, later) = (&twice.first.key.value, &twice.container.key.value);
        report
            .at(
                twice.place,
                format!("`{later}` is published on {port}, which belongs to `{first}`"),
            )
            .about(twice.owner, port.to_string())
            .because(
                twice.first_place,
                format!("`{first}` is published on it here"),
            )
            .because_all(twice.way)
            .argues(Attribute::Port, Wrong::Value(port.to_string()))
            .help(match twice.free {
                Some(free) => format!("write a free port, such as {free}"),
                None => "write a free port".to_owned(),
            });
    }
}
