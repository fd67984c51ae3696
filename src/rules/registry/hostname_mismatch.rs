//! See `rules/registry/hostname-mismatch.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "hostname-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for service in workspace
        .products()
        .iter()
        .flat_map(crate::model::product::Product::services)
    {
        let Some(hostname) = service.entry.hostname.known() else {
            continue;
        };
        if hostname.value == service.key() {
            continue;
        }
        let place = workspace.stand_in_registry(&hostname.origin);
        report
            .at(
                place,
                format!(
                    "the hostname of `{}` is `{}`",
                    service.key(),
                    hostname.value
                ),
            )
            .about(service, hostname.value.clone())
            .because(
                service.entry.key.place,
                "the key, which is the host on the Docker network",
            )
            .fix(workspace.replacement(place, &hostname.value, service.key(), true))
            .help(format!("write `{}`", service.key()));
    }
}
