//! See `rules/compose/missing-compose-service.md`.

use std::collections::HashMap;

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::Placed;

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
        let renamed = workspace.renamed_services(product);
        let run_as: HashMap<&str, &Placed<String>> = renamed
            .values()
            .map(|it| (it.service.key(), &it.container.key))
            .collect();
        let missing = product.services_missing_in(stack).into_iter();
        for service in missing.filter(|it| workspace.is_entry_whole(it) && !it.is_bare()) {
            let key = service.key();
            let run_as = run_as.get(key);
            report
                .at(
                    service.entry.key.place,
                    format!("`{key}` has no service in the compose file"),
                )
                .about(service, key)
                .because_all(match run_as {
                    Some(old) => Some((old.place, format!("the module of `{key}` is run here"))),
                    None => stack
                        .services_key
                        .map(|services| (services, format!("`{key}` should be here"))),
                })
                .argues(Attribute::Container, Wrong::Everything)
                .help(match (run_as, service.entry.dockerfile.known()) {
                    (Some(old), _) => {
                        format!("rename the compose service `{}` to `{key}`", old.value)
                    }
                    (None, Some(dockerfile)) => format!(
                        "add a service `{key}` that is built from `{}`",
                        dockerfile.value
                    ),
                    (None, None) => format!("add a service `{key}`"),
                });
        }
    }
}
