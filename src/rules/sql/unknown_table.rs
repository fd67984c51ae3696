//! See `rules/sql/unknown-table.md`.

use super::once_a_file;
use crate::conflict::Attribute;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "unknown-table", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for table in workspace.unknown_tables() {
        let reader = table.reader.service.clone().unwrap_or_default();
        let wrong = once_a_file(workspace, table.place, &table.written);
        report
            .at(
                table.place,
                format!(
                    "`{reader}` {} `{}`, a table that no module defines",
                    table.verb, table.written
                ),
            )
            .about(table.reader, table.written.clone())
            .because_all(table.labels)
            .argues(Attribute::Sql, wrong)
            .help(table.help);
    }
}
