//! See `rules/generated/generated-file-edited.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("generated", "generated-file-edited", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let again = product.generator_advice(workspace);
        if let Some((place, generator)) = workspace.lost_header(product) {
            report
                .at(
                    place,
                    format!(
                        "`{}` lost the header that its generator writes",
                        product.init_sql_path
                    ),
                )
                .about(product, "header")
                .because(generator, "the header is written here")
                .help(format!("put the header back{again}"));
        }
        let foreign = workspace.foreign_statements(product);
        if let Some((first, rest)) = foreign.split_first() {
            report
                .at(
                    first.place,
                    format!(
                        "`{}` is generated, and `{}` is no statement of its generator",
                        product.init_sql_path, first.words
                    ),
                )
                .about(product, first.words.clone())
                .because_all(
                    rest.iter()
                        .map(|other| (other.place, format!("nor is `{}`", other.words))),
                )
                .help(format!(
                    "move it to a migration of the module that it belongs to{again}"
                ));
        }
    }
}
