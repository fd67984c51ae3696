//! See `rules/compose/undefined-reference.md`.

use crate::catalogue::nearest;
use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::references::{Cause, Noun, UndefinedName};
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "undefined-reference", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for stack in workspace.stack_numbers() {
        for undefined in workspace.undefined_names(stack) {
            name(undefined, report);
        }
        bases(workspace, stack, report);
    }
}

fn name(undefined: UndefinedName, report: &mut Report) {
    let UndefinedName {
        owner,
        first,
        others,
        noun,
        name,
        ..
    } = undefined;
    let (needs, thing) = match noun {
        Noun::Service => (["needs", "need"], "service"),
        Noun::Network => (["joins", "join"], "network"),
        Noun::Volume => (["mounts", "mount"], "volume"),
    };
    let first = &first.key.value;
    let who = match others {
        0 => format!("`{first}` {}", needs[0]),
        1 => format!("`{first}` and another service {}", needs[1]),
        _ => format!("`{first}` and {others} other services {}", needs[1]),
    };
    let (message, help) = match &undefined.defined_as {
        Some(defined) => (
            format!("the {thing} `{defined}` is called `{name}` wherever it is used"),
            format!("write `{name}`"),
        ),
        None => (
            format!("{who} `{name}`, which is no {thing} of this stack"),
            match (&undefined.meant, noun) {
                (Some(meant), _) => format!("write `{meant}`"),
                (None, Noun::Volume) if name.contains('/') => {
                    format!("write `./{name}`, if a path is meant")
                }
                (None, Noun::Service) => format!("add a service `{name}`, or remove it here"),
                (None, _) => format!("declare `{name}` under the top-level `{thing}s`"),
            },
        ),
    };
    let (whose, attribute, wrong) = match undefined.cause {
        Cause::MissingService(service) => (service, Attribute::Container, Wrong::Everything),
        Cause::Host(product) => (product, Attribute::Container, Wrong::Value(name.clone())),
        Cause::Itself(lacking) => (
            owner.clone(),
            Attribute::Dependencies,
            Wrong::Value(lacking.unwrap_or_else(|| format!("{thing} {name}"))),
        ),
    };
    report
        .at(undefined.place, message)
        .about(owner, format!("{thing} {name}"))
        .because_all(undefined.labels)
        .argues_for(whose, attribute, wrong)
        .help(help);
}

/// Bases that services extend.
fn bases(workspace: &Workspace, stack: usize, report: &mut Report) {
    for base in workspace.missing_bases(stack) {
        let (service, name) = (&base.service, &base.name.value);
        let message = match base.file {
            None => format!("`{service}` extends a service of `{name}`, which does not exist"),
            Some(file) => {
                let path = &workspace.sources.file(file).path;
                format!("`{service}` extends `{name}`, which is no service of `{path}`")
            }
        };
        let others = base.others.iter().map(String::as_str);
        report
            .at(base.name.place, message)
            .about(
                workspace.owner_in_stack(stack, service),
                format!("extends {name}"),
            )
            .help(match nearest(name, others) {
                Some(meant) => format!("write `{meant}`"),
                None if base.file.is_none() => "write the path of a file that exists".to_owned(),
                None => format!("add a service `{name}` to extend"),
            });
    }
}
