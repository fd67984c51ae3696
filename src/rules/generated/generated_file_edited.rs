//! See `rules/generated/generated-file-edited.md`.

use super::init_sql_drift::{said, stake};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("generated", "generated-file-edited", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let demanded = workspace.policy.is_set(RULE.entry.name, "demand-header");
    for product in workspace.products() {
        let generator = product.generator_path(workspace);
        if let Some((place, written)) = workspace.lost_header(product, demanded) {
            let path = &product.init_sql_path;
            report
                .at(
                    place,
                    match written {
                        Some(_) => format!("`{path}` lost the header that its generator writes"),
                        None => format!("`{path}` has no header that says that it is generated"),
                    },
                )
                .about(product, "header")
                .because_all(written.map(|it| (it, "the header is written here".to_owned())))
                .help(match (written, generator) {
                    (Some(_), Some(generator)) => {
                        format!("generate the file again with `{generator}`")
                    }
                    (None, Some(generator)) => {
                        format!("let `{generator}` write one, and generate the file again")
                    }
                    (_, None) => "let its generator write one, such as `-- Generated, do not edit`"
                        .to_owned(),
                });
        }
        let foreign = workspace.foreign_statements(product);
        if let Some((first, rest)) = foreign.split_first() {
            report
                .at(
                    first.place,
                    format!(
                        "`{}` is generated, and its generator writes no `{}`",
                        product.init_sql_path, first.words
                    ),
                )
                .about(product, first.words.clone())
                .because_all(
                    rest.iter()
                        .map(|other| (other.place, format!("no `{}` either", other.words))),
                )
                .help(match generator {
                    // No migration creates what belongs to the whole server.
                    Some(generator) if is_of_server(&first.words) => {
                        format!("move it into `{generator}`")
                    }
                    Some(generator) => format!(
                        "move it to a migration of the module that it is for, or into `{generator}`"
                    ),
                    None => "move it to a migration of the module that it is for".to_owned(),
                });
        }
        let Some(edited) = workspace.edited_init_sql(product) else {
            continue;
        };
        let path = &product.init_sql_path;
        let not_run = workspace.services_not_run(product);
        for drift in &edited.drift {
            let (owner, attribute, wrong) = stake(workspace, product, &not_run, drift);
            report
                .at(
                    edited.stand,
                    match generator {
                        Some(generator) => format!("`{path}` was edited by hand: neither its registry nor `{generator}` has changed"),
                        None => format!("`{path}` was edited by hand: its registry has not changed"),
                    },
                )
                .about(product, "edited by hand")
                .because_all([said(drift)])
                .argues_for(owner, attribute, wrong)
                .help(match generator {
                    Some(generator) => format!("undo the edit, change the registry instead, and generate the file again with `{generator}`"),
                    None => "undo the edit, change the registry instead, and generate the file again".to_owned(),
                });
        }
    }
}

/// Whether a statement is about roles or databases, by its key words.
fn is_of_server(words: &str) -> bool {
    let second = words.split(' ').nth(1).unwrap_or_default();
    ["ROLE", "USER", "GROUP", "DATABASE"].contains(&second)
}
