//! See `rules/registry/extra-env-target.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::calls::TargetDefect;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "extra-env-target", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let missing = product
            .development
            .map(|stack| workspace.undefined_hosts(stack));
        for wrong in workspace.wrong_targets(product) {
            let (key, variable, text) = (wrong.service.key(), wrong.variable, wrong.text);
            match wrong.defect {
                // Services of the stack wait for it as well.
                TargetDefect::UnknownHost { .. }
                    if missing.as_ref().is_some_and(|missing| missing.contains(text)) =>
                {
                    report
                        .at(
                            wrong.place,
                            format!("`{variable}` of `{key}` points at `{text}`, which is no service"),
                        )
                        .about(wrong.service, variable)
                        .argues_for(
                            product.into(),
                            Attribute::Container,
                            Wrong::Value(text.to_owned()),
                        )
                        .help(format!("add a service `{text}`"));
                }
                TargetDefect::UnknownHost { meant } => report
                    .at(
                        wrong.place,
                        format!("`{variable}` of `{key}` points at `{text}`, which is no service"),
                    )
                    .about(wrong.service, variable)
                    .argues_for(
                        Owner {
                            product: Some(product.name.clone()),
                            service: Some(text.to_owned()),
                        },
                        Attribute::Entry,
                        Wrong::Everything,
                    )
                    .help(match meant {
                        Some(meant) => format!("write `{meant}`"),
                        None => "write the hostname of a service in the registry".to_owned(),
                    }),
                TargetDefect::WrongPort { target, port } => report
                    .at(
                        wrong.place,
                        format!(
                            "`{variable}` of `{key}` points at port {text} of `{}`, which listens on {port}",
                            target.key()
                        ),
                    )
                    .about(wrong.service, variable)
                    .because(target.port_place(), format!("`{}` listens on {port}", target.key()))
                    .argues_for(
                        product.last_claimant_of(port).unwrap_or(target).into(),
                        Attribute::Port,
                        Wrong::Everything,
                    )
                    .help(format!("write `{port}`")),
                TargetDefect::NoPort { target, usual, port } => report
                    .at(
                        wrong.place,
                        format!(
                            "`{variable}` of `{key}` names no port of `{}`, so it is {usual}, but `{}` listens on {port}",
                            target.key(),
                            target.key()
                        ),
                    )
                    .about(wrong.service, variable)
                    .because(target.port_place(), format!("`{}` listens on {port}", target.key()))
                    .argues_for(
                        product.last_claimant_of(port).unwrap_or(target).into(),
                        Attribute::Port,
                        Wrong::Everything,
                    )
                    .help(format!("write `{text}:{port}`")),
                TargetDefect::OtherService { target, named } => report
                    .at(
                        wrong.place,
                        format!(
                            "`{variable}` of `{key}` is named after `{}`, but points at `{}`",
                            named.key(),
                            target.key()
                        ),
                    )
                    .about(wrong.service, variable)
                    .because(named.entry.key.place, format!("`{variable}` is named after it"))
                    .help(format!("write `{}`, or name the variable after `{}`", named.key(), target.key())),
            }
        }
    }
}
