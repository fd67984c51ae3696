//! See `rules/compose/missing-compose-service.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "missing-compose-service", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        if workspace.runs_nothing(product) {
            report
                .at(
                    product.registry.name.place,
                    "no compose file runs the services of this registry",
                )
                .about(product, "no compose file")
                .help(format!(
                    "write `{}` with a service for each of them",
                    product.path_of("docker-compose.yml")
                ));
        }
        let Some(stack) = workspace.development(product) else {
            continue;
        };
        if stack.services.is_empty() {
            continue;
        }
        let missing = product.services_missing_in(stack).into_iter();
        for service in missing.filter(|it| workspace.is_entry_whole(it) && !it.is_bare()) {
            report
                .at(
                    service.entry.key.place,
                    format!("`{}` has no service in the compose file", service.key()),
                )
                .about(service, service.key())
                .because_all(
                    stack
                        .services_key
                        .map(|key| (key, format!("`{}` should be here", service.key()))),
                )
                .argues(Attribute::Container, Wrong::Everything)
                .help(match service.entry.dockerfile.known() {
                    Some(dockerfile) => format!(
                        "add a service `{}` that is built from `{}`",
                        service.key(),
                        dockerfile.value
                    ),
                    None => format!("add a service `{}`", service.key()),
                });
        }
    }
}
