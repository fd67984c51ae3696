//! See `rules/compose/localhost-url.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "localhost-url", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let in_registries = workspace
        .products()
        .iter()
        .map(|product| workspace.loopback_in_registry(product));
    let in_stacks = workspace
        .stack_numbers()
        .map(|stack| workspace.loopback_urls(stack));
    for wrong in in_registries.chain(in_stacks).flatten() {
        let (variable, container) = (&wrong.variable, &wrong.container);
        let meaning = match wrong.text.as_str() {
            "host.docker.internal" => "the machine that Docker runs on",
            _ => "the container itself",
        };
        let subject = if wrong.is_database {
            Attribute::Connection
        } else {
            Attribute::Calls
        };
        report
            .at(
                wrong.place,
                format!(
                    "`{variable}` of `{container}` points at `{}`, which is {meaning}",
                    wrong.text
                ),
            )
            .about(wrong.owner, variable.clone())
            .because_all(wrong.labels)
            .fix(wrong.fix)
            .argues(subject, Wrong::Value(variable.clone()))
            .help(wrong.help);
    }
}
