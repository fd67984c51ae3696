//! See `rules/compose/service-port-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "service-port-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for drift in workspace.port_drifts(product) {
            let (service, right, wrong) = (drift.service, drift.right, drift.wrong);
            let Some((first, others)) = drift.places.split_first() else {
                continue;
            };
            let more = match others {
                [] => String::new(),
                _ => format!(", here and in the other places, or {wrong} in the registry"),
            };
            report
                .at(
                    first.place,
                    format!(
                        "{} of `{}` is {wrong}, but the registry says {right}",
                        first.what,
                        service.key()
                    ),
                )
                .about(service, wrong.to_string())
                .because(service.port_place(), format!("the registry says {right}"))
                .because_all(
                    others
                        .iter()
                        .map(|other| (other.place, format!("{} is {wrong} too", other.what))),
                )
                .because_all(drift.labels)
                .fix(drift.fix)
                .argues(Attribute::Port, Wrong::Value(wrong.to_string()))
                .help(if first.is_part {
                    format!("write `{right}`{more}")
                } else {
                    format!(
                        "give `{}` a value of its own, `{right}`{more}",
                        service.key()
                    )
                });
        }
    }
}
