//! See `rules/compose/database-url-host.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "database-url-host", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for wrong in workspace
        .stack_numbers()
        .flat_map(|stack| workspace.wrong_servers(stack))
    {
        let (whose, attribute, value) = match wrong.missing_host {
            Some(product) => (product, Attribute::Container, wrong.text.clone()),
            None => (
                wrong.owner.clone(),
                Attribute::Connection,
                wrong.variable.clone(),
            ),
        };
        report
            .at(
                wrong.place,
                format!("`{}` connects to {}", wrong.container, wrong.what),
            )
            .about(wrong.owner, wrong.text.clone())
            .because_all(wrong.labels)
            .fix(wrong.fix)
            .argues_for(whose, attribute, Wrong::Value(value))
            .help(wrong.help);
    }
}
