//! See `rules/registry/duplicate-route.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "duplicate-route", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (route, claimants) in product.routes_claimed_twice() {
            let [first, .., last] = claimants.as_slice() else {
                continue;
            };
            report
                .at(
                    workspace.stand_in_registry(&last.text.origin),
                    format!(
                        "`{}` serves `{route}`, which belongs to `{}`",
                        last.service.key(),
                        first.service.key()
                    ),
                )
                .about(last.service, route)
                .because_all(claimants[..claimants.len() - 1].iter().map(|claimant| {
                    (
                        claimant.text.place(),
                        format!("`{}` serves `{route}`", claimant.service.key()),
                    )
                }))
                .help(format!(
                    "write a route of its own, such as `{route}/{}`",
                    last.service.key()
                ));
        }
    }
}
