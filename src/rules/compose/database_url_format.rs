//! See `rules/compose/database-url-format.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "database-url-format", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (place, wrong, defect) in workspace.malformed_urls(product) {
            let service = wrong.url.service;
            let variable = &wrong.url.variable.name.value;
            report
                .at(
                    place,
                    format!("`{variable}` of `{}` {defect}", service.key()),
                )
                .about(service, defect.clone())
                .because_all(wrong.way_to(place))
                .argues(Attribute::Connection, Wrong::Everything)
                .help(format!(
                    "write `{}`",
                    workspace.url_to_write(product, service.database().unwrap_or("<database>")),
                ));
        }
    }
}
