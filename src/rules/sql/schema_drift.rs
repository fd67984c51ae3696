//! See `rules/sql/schema-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::schema_drift::Difference;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "schema-drift", check);

/// How many further differences are shown; the rest is counted.
const MOST_LABELS: usize = 4;

fn check(workspace: &Workspace, report: &mut Report) {
    let taken = workspace.copied_tables();
    for drift in workspace.drifted_schemas() {
        let Some((first, rest)) = drift.differences.split_first() else {
            continue;
        };
        let shown = &rest[..rest.len().min(MOST_LABELS)];
        // Of one table others may speak; a name in another case is only then the same mistake if it is all
        // that differs. Where a migration was edited, everything follows from that.
        let is_edited = workspace.is_history_edited(drift.holding);
        let is_one = rest.is_empty() && !is_edited;
        let is_odd_name = first.object.contains(char::is_uppercase);
        // Whoever copies tables of another does not copy all that they hang on.
        let mut copies = taken
            .iter()
            .filter(|it| std::ptr::eq(it.copy, drift.holding));
        let is_odd = |name: &str| drift.differences.iter().any(|it| it.object == name);
        let copy = copies.find(|it| it.tables.iter().any(|table| is_odd(table.name)));
        let (attribute, wrong) = if let Some(copy) = copy.filter(|_| !is_edited) {
            let name = copy.tables[0].name.to_owned();
            (Attribute::Table, Wrong::Value(name))
        } else if is_one && (first.is_renamed || !is_odd_name) {
            (Attribute::Table, Wrong::Value(first.object.clone()))
        } else {
            (Attribute::Migrations, Wrong::Everything)
        };
        let labels = shown
            .iter()
            .map(|difference| (difference.place, difference.message.clone()));
        report
            .at(first.place, counted(first, rest.len(), shown.len()))
            .about(drift.holding.owner(), first.object.clone())
            .because_all(
                first
                    .other
                    .iter()
                    .map(|label| (label.place, label.message.clone())),
            )
            .because_all(labels)
            .argues(attribute, wrong)
            .help(help(first, rest.len()));
    }
}

fn counted(first: &Difference, rest: usize, shown: usize) -> String {
    match rest - shown {
        0 => first.message.clone(),
        _ => format!("{}; {} more differences", first.message, rest),
    }
}

fn help(first: &Difference, rest: usize) -> String {
    let prisma = "write a migration with `prisma migrate dev`";
    match &first.sql {
        Some(sql) if rest == 0 => format!("{prisma}: `{sql}`"),
        _ => prisma.to_owned(),
    }
}
