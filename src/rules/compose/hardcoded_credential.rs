//! See `rules/compose/hardcoded-credential.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "hardcoded-credential", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for password in workspace.written_passwords() {
        let (service, variable) = (&password.service, password.variable);
        report
            .at(
                password.place,
                format!("`{variable}` of `{service}` holds a password that is written out"),
            )
            .about(password.owner.clone(), variable)
            .fix(password.fix())
            .argues(Attribute::Environment, Wrong::Value(variable.to_owned()))
            .help(match &password.right {
                Some(right) => format!("write `{right}`"),
                None => {
                    "take the password from the environment where the program starts".to_owned()
                }
            });
    }
}
