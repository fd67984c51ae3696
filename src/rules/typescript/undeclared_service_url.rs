//! See `rules/typescript/undeclared-service-url.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("typescript", "undeclared-service-url", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for call in workspace.undeclared_urls() {
        let (key, target) = (call.service.key(), call.target.key());
        let message = match call.variable {
            Some(variable) => {
                format!(
                    "`{key}` reads `{variable}`, the URL of `{target}`, which its `extraEnv` lacks"
                )
            }
            None => format!("`{key}` holds the URL of `{target}` in its code"),
        };
        let line = call.line();
        let declare = line.map_or_else(
            || format!("declare `{}` in `extraEnv` of `{key}`", call.name()),
            |line| format!("add `{line}` to `extraEnv` of `{key}`"),
        );
        let help = match (call.variable, call.declared) {
            (None, Some((declared, _))) => format!("read `{declared}` of the environment"),
            (None, None) => format!("read `{}` of the environment, and {declare}", call.name()),
            (Some(_), Some((declared, _))) => format!("read `{declared}`, or {declare}"),
            (Some(_), None) => declare,
        };
        let declared = call
            .declared
            .map(|(name, place)| (place, format!("`{key}` declares `{target}` as `{name}`")));
        let is_declared = declared.is_some();
        let lacks = (!is_declared).then(|| {
            let place = call.service.entry.key.place;
            (place, format!("`{key}` does not declare it"))
        });
        report
            .at(call.place, message)
            .about(call.service, call.name())
            .because_all(declared)
            .because_all(lacks)
            .because(call.target.port_place(), format!("`{target}` listens here"))
            .because_all(call.labels)
            .argues(Attribute::Calls, Wrong::Value(format!("to {target}")))
            .help(help);
    }
}
