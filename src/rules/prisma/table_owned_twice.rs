//! See `rules/prisma/table-owned-twice.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "table-owned-twice", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for copied in workspace.copied_tables() {
        let (copy, original) = (copied.copy.name(), copied.original.name());
        let Some((first, rest)) = copied.tables.split_first() else {
            continue;
        };
        let others = rest.iter().flat_map(|table| {
            let name = table.name;
            [
                (table.copy, format!("`{name}` as well")),
                (
                    table.original,
                    format!("`{original}` defines `{name}` here"),
                ),
            ]
        });
        report
            .at(
                first.copy,
                format!(
                    "`{copy}` defines {} of `{original}` once more",
                    copied.listed()
                ),
            )
            .about(copied.copy.owner(), first.name)
            .because(first.original, format!("`{original}` defines it here"))
            .because_all(others)
            .argues(Attribute::Table, Wrong::Value(first.name.to_owned()))
            .help(if rest.is_empty() {
                format!("remove it, and ask `{original}` for its data over HTTP")
            } else {
                format!("remove them, and ask `{original}` for its data over HTTP")
            });
    }
}
