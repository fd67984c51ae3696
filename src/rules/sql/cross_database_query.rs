//! See `rules/sql/cross-database-query.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "cross-database-query", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for name in workspace.cross_database_names() {
        let reader = name.reader.service.clone().unwrap_or_default();
        let path = &workspace.sources.file(name.place.file).path;
        report
            .at(
                name.place,
                format!("`{}` leads `{reader}` to {}", name.written, name.whose),
            )
            .about(name.reader, name.written.clone())
            .because_all(name.labels)
            .argues(
                Attribute::Sql,
                Wrong::Value(format!("{path} {}", name.written)),
            )
            .help(name.help);
    }
    for reach in workspace.foreign_reaches() {
        let reader = reach.reader.service.clone().unwrap_or_default();
        let path = &workspace.sources.file(reach.place.file).path;
        let words = &reach.words;
        let message = match &reach.whose {
            Some(whose) => format!("{words} leads `{reader}` to {whose}"),
            None => format!("{words} leads `{reader}` out of its own database"),
        };
        report
            .at(reach.place, message)
            .about(reach.reader, format!("{words} {}", reach.database))
            .because_all(reach.labels)
            .argues(
                Attribute::Sql,
                Wrong::Value(format!("{path} {words} {}", reach.database)),
            )
            .help(reach.help);
    }
}
