//! See `rules/sql/unknown-table.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "unknown-table", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for table in workspace.unknown_tables() {
        let reader = table.reader.service.clone().unwrap_or_default();
        let path = &workspace.sources.file(table.place.file).path;
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
            .argues(
                Attribute::Sql,
                Wrong::Value(format!("{path} {}", table.written)),
            )
            .help(table.help);
    }
}
