//! See `rules/registry/overlapping-route.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "overlapping-route", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (outer, inner) in product.overlapping_routes() {
            let (short, long) = (&outer.text.value, &inner.text.value);
            report
                .at(
                    workspace.stand_in_registry(&inner.text.origin),
                    format!(
                        "`{long}` of `{}` lies below `{short}` of `{}`",
                        inner.service.key(),
                        outer.service.key()
                    ),
                )
                .about(inner.service, long.clone())
                .because(
                    outer.text.place(),
                    format!("`{}` serves all of `{short}`", outer.service.key()),
                )
                .help(format!(
                    "write a route outside `{short}`, or leave it to the proxy, which takes the longer one"
                ));
        }
    }
}
