//! See `rules/generated/init-sql-not-mounted.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::init_sql::MountDefect;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("generated", "init-sql-not-mounted", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let Some(defect) = workspace.mount_defect(product) else {
            continue;
        };
        match defect {
            MountDefect::NoMount { container, write } => report
                .at(
                    container,
                    format!(
                        "no Postgres service mounts `{}`, so no database is created",
                        product.init_sql_path
                    ),
                )
                .about(product, "no mount")
                .argues(Attribute::InitSql, Wrong::Everything)
                .help(format!("add `{write}`")),
            MountDefect::WrongSource {
                source,
                text,
                right,
            } => report
                .at(
                    source,
                    format!(
                        "`{text}` does not exist, so Docker mounts an empty directory in its place"
                    ),
                )
                .about(product, text.clone())
                .fix(workspace.replacement(source, &text, &right, true))
                .argues(Attribute::InitSql, Wrong::Everything)
                .help(format!("write `{right}`")),
            MountDefect::WrongTarget {
                target,
                text,
                right,
            } => report
                .at(
                    target,
                    format!(
                        "the Postgres image runs no file by the name of `{text}` on first start"
                    ),
                )
                .about(product, text.clone())
                .fix(workspace.replacement(target, &text, &right, true))
                .argues(Attribute::InitSql, Wrong::Everything)
                .help(format!("write `{right}`")),
        }
    }
}
