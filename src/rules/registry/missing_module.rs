//! See `rules/registry/missing-module.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "missing-module", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for service in workspace
        .products()
        .iter()
        .flat_map(crate::model::product::Product::services)
    {
        let Some((dockerfile, nearest)) = service.missing_dockerfile() else {
            continue;
        };
        let place = workspace.stand_in_registry(&dockerfile.origin);
        report
            .at(
                place,
                format!(
                    "the Dockerfile of `{}`, `{}`, does not exist",
                    service.key(),
                    dockerfile.value
                ),
            )
            .about(service, dockerfile.value.clone())
            .argues(Attribute::Module, Wrong::Everything)
            .fix(nearest.and_then(|nearest| {
                workspace.unsafe_replacement(place, &dockerfile.value, nearest)
            }))
            .help(match nearest {
                Some(nearest) => format!("write `{nearest}`, which exists"),
                None => "write the path of its Dockerfile from the root of the monorepo".to_owned(),
            });
    }
}
