//! See `rules/compose/database-url-format.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "database-url-format", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let pattern = workspace.url_pattern(product);
        for (link, wrong, defect) in workspace.malformed_urls(product) {
            let service = wrong.url.service;
            let variable = &wrong.url.variable.name.value;
            report
                .at(
                    link.place,
                    format!("`{variable}` of `{}` {defect}", service.key()),
                )
                .about(service, defect.clone())
                .because_all(wrong.way_to(&link))
                .argues(Attribute::Connection, Wrong::Value(variable.clone()))
                .help(format!(
                    "set `{variable}` to `{}`",
                    pattern.url_of(service.database().unwrap_or("<database>")),
                ));
        }
        for wrong in workspace.malformed_settings(product) {
            let (service, variable) = (wrong.service, &wrong.variable.name.value);
            report
                .at(
                    wrong.place,
                    format!("`{variable}` of `{}` {}", service.key(), wrong.defect),
                )
                .about(service, wrong.defect.clone())
                .help(format!(
                    "write it as `{}`",
                    pattern.url_of(service.database().unwrap_or("<database>")),
                ));
        }
    }
}
