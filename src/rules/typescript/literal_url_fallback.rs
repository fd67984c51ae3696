//! See `rules/typescript/literal-url-fallback.md`.

use crate::conflict::Attribute;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::rules::typescript::of_literal;

pub(crate) const RULE: Rule = rule!("typescript", "literal-url-fallback", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for fallback in workspace.url_fallbacks() {
        let service = fallback.owner.service.clone().unwrap_or_default();
        let whose = fallback.whose.as_ref();
        let whose = whose.map_or_else(String::new, |whose| format!(", for {whose}"));
        let message =
            format!("`{service}` falls back to a connection string that is written out{whose}");
        let right = &fallback.right;
        let variable = fallback.variable.as_ref().unwrap_or(right);
        report
            .at(fallback.place, message)
            .about(fallback.owner, variable)
            .because_all(fallback.labels)
            .argues(Attribute::Literal, of_literal(workspace, fallback.place))
            .help(format!(
                "read `{variable}` alone, and fail where it is not set"
            ));
    }
}
