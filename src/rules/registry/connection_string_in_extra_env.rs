//! See `rules/registry/connection-string-in-extra-env.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "connection-string-in-extra-env", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let own = &workspace.policy.database_variable;
    for given in workspace.given_connections() {
        let (key, name) = (given.service.key(), given.variable);
        report
            .at(
                given.place,
                if name == own {
                    format!("`extraEnv` of `{key}` sets `{own}`")
                } else {
                    format!("`{name}` of `{key}` holds a connection string")
                },
            )
            .about(given.service, name)
            .argues(Attribute::Environment, Wrong::Value(name.to_owned()))
            .help(if name == own {
                format!("remove `{own}`, which follows from `database`")
            } else {
                format!("remove `{name}`, and ask the owner of the data over HTTP")
            });
    }
}
