//! See `rules/compose/missing-healthcheck.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "missing-healthcheck", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for never in workspace
        .stack_numbers()
        .flat_map(|stack| workspace.never_healthy(stack))
    {
        let key = &never.container.key.value;
        let why = if never.is_disabled {
            "its health check is switched off"
        } else {
            "neither it nor its image has a health check"
        };
        let waiting = never.waiting.iter().map(|(container, place)| {
            let waiting = &container.key.value;
            (*place, format!("`{waiting}` waits for that"))
        });
        report
            .at(
                never.container.key.place,
                format!("`{key}` never gets healthy: {why}"),
            )
            .about(never.owner, key.clone())
            .because_all(waiting)
            .help(match never.test {
                Some(test) => format!("add `healthcheck: {{ test: {test} }}`"),
                None => "add a `healthcheck`".to_owned(),
            });
    }
}
