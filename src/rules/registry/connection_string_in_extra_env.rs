//! See `rules/registry/connection-string-in-extra-env.md`.

use crate::model::Workspace;
use crate::model::product::Product;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "connection-string-in-extra-env", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let own = &workspace.policy.database_variable;
    for service in workspace.products().iter().flat_map(Product::services) {
        for variable in service.connection_strings_in_extra_env(own) {
            let name = &variable.name.value;
            let place = match variable.value.known() {
                Some(text) if name != own => workspace.stand_in_registry(&text.origin),
                _ => variable.name.place(),
            };
            report
                .at(
                    place,
                    if name == own {
                        format!("`extraEnv` of `{}` sets `{own}`", service.key())
                    } else {
                        format!("`{name}` of `{}` holds a connection string", service.key())
                    },
                )
                .about(service, name.clone())
                .help(if name == own {
                    format!("remove `{own}`, which follows from `database`")
                } else {
                    format!("remove `{name}`, and ask the owner of the data over HTTP")
                });
        }
    }
}
