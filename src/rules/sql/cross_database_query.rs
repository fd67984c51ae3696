//! See `rules/sql/cross-database-query.md`.

use super::once_a_file;
use crate::conflict::Attribute;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "cross-database-query", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for name in workspace.cross_database_names() {
        let reader = name.reader.service.clone().unwrap_or_default();
        let wrong = once_a_file(workspace, name.place, &name.written);
        report
            .at(
                name.place,
                format!("`{}` leads `{reader}` to {}", name.written, name.whose),
            )
            .about(name.reader, name.written.clone())
            .because_all(name.labels)
            .argues(Attribute::Sql, wrong)
            .help(name.help);
    }
    for reach in workspace.foreign_reaches() {
        let reader = reach.reader.service.clone().unwrap_or_default();
        let words = &reach.words;
        let reached = format!("{words} {}", reach.database);
        let wrong = once_a_file(workspace, reach.place, &reached);
        let message = match &reach.whose {
            Some(whose) => format!("{words} leads `{reader}` to {whose}"),
            None => format!("{words} leads `{reader}` out of its own database"),
        };
        report
            .at(reach.place, message)
            .about(reach.reader, reached)
            .because_all(reach.labels)
            .argues(Attribute::Sql, wrong)
            .help(reach.help);
    }
}
