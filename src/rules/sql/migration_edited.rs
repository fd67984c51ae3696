//! See `rules/sql/migration-edited.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::edited_migrations::MigrationEdit;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "migration-edited", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for edited in workspace.edited_migrations() {
        let (name, branch) = (&edited.name, edited.branch);
        let whose = edited.holding.name();
        let restore = format!("restore it with `{}`", edited.restore);
        let (message, help) = match &edited.what {
            MigrationEdit::Changed => (
                format!("the migration `{name}` of `{whose}` is in `{branch}`, and was changed"),
                format!("{restore}, and write the change into a new migration"),
            ),
            MigrationEdit::Renamed { to } => (
                format!(
                    "the migration `{name}` of `{whose}` is in `{branch}`, and was renamed to `{to}`"
                ),
                format!("{restore}, and remove `{to}`"),
            ),
            MigrationEdit::Deleted { listed, count: 1 } => (
                format!("the migration {listed} of `{whose}` is in `{branch}`, and was deleted"),
                format!("{restore}, and undo it in a new migration"),
            ),
            MigrationEdit::Deleted { listed, .. } => (
                format!("the migrations {listed} of `{whose}` are in `{branch}`, and were deleted"),
                format!(
                    "restore them with `{}`, and undo them in a new migration",
                    edited.restore
                ),
            ),
        };
        report
            .at(edited.stand, message)
            .about(edited.holding.owner(), name.clone())
            .argues(Attribute::Migrations, Wrong::Value(edited.path))
            .help(help);
    }
}
