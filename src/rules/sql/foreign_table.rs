//! See `rules/sql/foreign-table.md`.

use super::once_a_file;
use crate::conflict::Attribute;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "foreign-table", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for table in workspace.foreign_tables() {
        let reader = table.reader.service.clone().unwrap_or_default();
        let wrong = once_a_file(workspace, table.place, &table.written);
        report
            .at(
                table.place,
                format!(
                    "`{reader}` {} `{}`, a table of {}",
                    table.verb, table.written, table.owners
                ),
            )
            .about(table.reader, table.written.clone())
            .because_all(table.labels)
            .argues(Attribute::Sql, wrong)
            .help(table.help);
    }
}
