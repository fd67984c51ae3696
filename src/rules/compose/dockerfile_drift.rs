//! See `rules/compose/dockerfile-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "dockerfile-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for other in workspace.other_builds(product) {
            let (service, dockerfile) = (other.service, other.dockerfile);
            let whose = match other.whose {
                Some(owner) => format!("the module of `{}`", owner.key()),
                None => "another folder than the registry says".to_owned(),
            };
            let registered = service.entry.dockerfile.known();
            report
                .at(
                    other.place,
                    format!("`{}` is built from `{dockerfile}`, {whose}", service.key()),
                )
                .about(service, dockerfile)
                .because_all(
                    registered
                        .map(|text| (text.place(), format!("the registry says `{}`", text.value))),
                )
                .because_all(other.way)
                .fix(other.fix)
                .argues(Attribute::Module, Wrong::Value(dockerfile.to_owned()))
                .help(other.help);
        }
    }
}
