//! See `rules/typescript/client-url-override.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::rules::typescript::of_literal;

pub(crate) const RULE: Rule = rule!("typescript", "client-url-override", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for url in workspace.overridden_urls() {
        let service = url.owner.service.clone().unwrap_or_default();
        let (attribute, wrong) = match url.literal {
            Some(literal) => (Attribute::Literal, of_literal(workspace, literal)),
            None => (Attribute::Environment, Wrong::Value(url.object.clone())),
        };
        report
            .at(
                url.place,
                format!("`{}` of `{service}` {}", url.client, url.what),
            )
            .about(url.owner, format!("{} {}", url.client, url.object))
            .because_all(url.labels)
            .argues(attribute, wrong)
            .help(url.help);
    }
}
