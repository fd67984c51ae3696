//! See `rules/compose/unescaped-password.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "unescaped-password", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for password in workspace.breaking_passwords() {
        let (variable, character) = (&password.variable, password.character);
        report
            .at(
                password.place,
                format!(
                    "the password in `{variable}` holds `{character}`, which breaks the connection strings that it is put into"
                ),
            )
            .about(password.owner, variable.clone())
            .because_all(password.uses)
            .help(format!("choose a password without `{character}`"));
    }
}
