//! See `rules/sql/destructive-start.md`.

use crate::model::Workspace;
use crate::model::shell::Destruction;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "destructive-start", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for start in workspace.destructive_starts() {
        let what = match start.destruction {
            Destruction::Dev => {
                "`prisma migrate dev`, which needs somebody to answer and may reset the database"
            }
            Destruction::Reset => "`prisma migrate reset`, which drops everything in the database",
            Destruction::ForceReset => {
                "`prisma db push --force-reset`, which drops everything in the database"
            }
            Destruction::AcceptDataLoss => {
                "`prisma db push --accept-data-loss`, which drops what the schema no longer has, with all its data"
            }
        };
        let word = start.destruction.word();
        let deploy = "write `prisma migrate deploy`";
        report
            .at(start.place, format!("a container's start runs {what}"))
            .about(start.owner, start.destruction.word())
            .because_all(
                start
                    .way
                    .into_iter()
                    .map(|place| (place, "the start leads here".to_owned())),
            )
            .because_all(
                start
                    .also
                    .into_iter()
                    .map(|place| (place, "and so does this".to_owned())),
            )
            .fix(start.fix)
            .help(
                match (start.destruction.is_option(), start.has_migrations) {
                    (false, _) => deploy.to_owned(),
                    (true, true) => format!("{deploy}, or remove `{word}`"),
                    (true, false) => format!("remove `{word}`, or add migrations and {deploy}"),
                },
            );
    }
}
