//! See `rules/prisma/table-name-case.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "table-name-case", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for odd in workspace.odd_table_names() {
        let table = odd.table;
        let relation = if odd.is_view { "view" } else { "table" };
        let (what, object, map, renamed) = match odd.column {
            None => (
                format!("the {relation} `{table}` of `{}`", odd.holding.name()),
                table.to_owned(),
                "@@map",
                relation,
            ),
            Some(column) => (
                format!("the column `{column}` of `{table}`"),
                format!("{table}.{column}"),
                "@map",
                "column",
            ),
        };
        let help = match &odd.meant {
            Some(meant) if odd.is_mapped => {
                format!("write `{meant}`, and rename the {renamed} in a migration")
            }
            Some(meant) => {
                format!("add `{map}(\"{meant}\")`, and rename the {renamed} in a migration")
            }
            None => format!("give it a name in snake_case of its own with `{map}(\"…\")`"),
        };
        report
            .at(odd.place, format!("{what} is not snake_case"))
            .about(odd.holding.owner(), object.clone())
            .argues(Attribute::Table, Wrong::Value(object))
            .fix(odd.fix)
            .help(help);
    }
}
