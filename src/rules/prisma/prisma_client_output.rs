//! See `rules/prisma/prisma-client-output.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "prisma-client-output", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for client in workspace.shared_clients() {
        let name = client.holding.name();
        let message = if client.needs_output && client.output.is_none() {
            format!("the client of `{name}` has no output of its own, which its generator needs")
        } else {
            format!("the client of `{name}` is generated into the `@prisma/client` that all share")
        };
        let others = client
            .others
            .into_iter()
            .map(|(place, other)| (place, format!("`{other}` generates a client as well")));
        report
            .at(client.place, message)
            .about(client.holding.owner(), "output")
            .because_all(others)
            .help(match client.output {
                Some(_) => format!("write `{}`, and import the client from there", client.meant),
                None => format!(
                    "add `output = \"{}\"`, and import the client from there",
                    client.meant
                ),
            });
    }
}
