//! See `rules/generated/generated-file-edited.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("generated", "generated-file-edited", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let generator = product.generator_path(workspace);
        if let Some((place, says_so)) = workspace.lost_header(product) {
            report
                .at(
                    place,
                    format!(
                        "`{}` lost the header that its generator writes",
                        product.init_sql_path
                    ),
                )
                .about(product, "header")
                .because(says_so, "the header is written here")
                .help(format!(
                    "generate the file again with `{}`",
                    generator.unwrap_or_default()
                ));
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
                    Some(generator) => format!(
                        "move it to a migration of the module that it is for, or into `{generator}`"
                    ),
                    None => "move it to a migration of the module that it is for".to_owned(),
                });
        }
    }
}
