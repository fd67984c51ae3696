//! See `rules/registry/route-format.md`.

use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::routes::RouteDefect;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "route-format", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for service in workspace.products().iter().flat_map(Product::services) {
        for (route, defect) in service.odd_routes() {
            let text = &route.text.value;
            let place = workspace.stand_in_registry(&route.text.origin);
            let right = defect.corrected(text);
            let key = service.key();
            let message = match defect {
                RouteDefect::Empty => format!("a route of `{key}` is empty"),
                RouteDefect::NoLeadingSlash => {
                    format!("the route `{text}` of `{key}` does not begin with `/`")
                }
                RouteDefect::TrailingSlash => {
                    format!("the route `{text}` of `{key}` ends with `/`")
                }
                RouteDefect::Repeated => format!("`{key}` lists the route `{text}` twice"),
            };
            report
                .at(place, message)
                .about(service, text.clone())
                .fix(
                    right
                        .as_deref()
                        .and_then(|right| workspace.replacement(place, text, right, true)),
                )
                .help(match right {
                    Some(right) => format!("write `{right}`"),
                    None => "remove it".to_owned(),
                });
        }
    }
}
