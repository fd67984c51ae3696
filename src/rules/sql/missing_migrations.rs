//! See `rules/sql/missing-migrations.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "missing-migrations", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for unmigrated in workspace.unmigrated() {
        report
            .at(
                unmigrated.stand,
                format!(
                    "`{}` has models and no migrations",
                    unmigrated.holding.name()
                ),
            )
            .about(unmigrated.holding.owner(), "migrations")
            .because(unmigrated.model, "nothing creates the table of this model")
            .argues(Attribute::Migrations, Wrong::Everything)
            .help(format!(
                "write them with `prisma migrate dev --name init`, into `{}`",
                unmigrated.folder
            ));
    }
}
