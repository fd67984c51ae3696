//! See `rules/compose/hardcoded-credential.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::rules::typescript::of_literal;

pub(crate) const RULE: Rule = rule!("compose", "hardcoded-credential", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for password in workspace.written_passwords() {
        let (service, variable) = (&password.service, password.variable);
        let (holder, attribute, wrong) = match password.literal {
            Some(literal) => (
                format!("a connection string in the code of `{service}`"),
                Attribute::Literal,
                of_literal(workspace, literal),
            ),
            None if workspace.is_left_over(&password.owner, variable) => (
                format!("`{variable}` of `{service}`"),
                Attribute::Database,
                Wrong::Value(variable.to_owned()),
            ),
            None => (
                format!("`{variable}` of `{service}`"),
                Attribute::Environment,
                Wrong::Value(variable.to_owned()),
            ),
        };
        report
            .at(
                password.place,
                format!("{holder} holds a password that is written out"),
            )
            .about(password.owner.clone(), variable)
            .fix(password.fix())
            .argues(attribute, wrong)
            .help(match &password.right {
                Some(right) => format!("write `{right}`"),
                None => {
                    "take the password from the environment where the program starts".to_owned()
                }
            });
    }
}
