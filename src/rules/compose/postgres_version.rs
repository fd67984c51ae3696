//! See `rules/compose/postgres-version.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "postgres-version", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let major = workspace.policy.postgres_major;
    for product in workspace.products() {
        let Some(wrong) = workspace.wrong_version(product) else {
            continue;
        };
        let (server, text) = (&wrong.server.key.value, &wrong.text);
        let says = match wrong.major {
            Some(other) => {
                format!("runs PostgreSQL {other}, but development runs {major}")
            }
            None if wrong.is_tagged => {
                format!("pins no version of PostgreSQL: `{text}` follows every release")
            }
            None => "pins no version of PostgreSQL: its image has no tag".to_owned(),
        };
        let advice = match (&wrong.right, wrong.major) {
            (Some(right), Some(_)) => {
                format!("write `{right}`, and fill a new volume: the old one does not fit")
            }
            (Some(right), None) => format!("write `{right}`"),
            (None, _) => format!("write the tag of a build of PostgreSQL {major}"),
        };
        let fix = wrong.right.as_deref();
        report
            .at(wrong.place, format!("`{server}` {says}{}", wrong.remark))
            .about(product, server.clone())
            .because_all(wrong.way)
            .fix(fix.and_then(|right| workspace.unsafe_replacement(wrong.place, text, right)))
            .help(advice);
    }
}
