//! See `rules/generated/init-sql-not-mounted.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::mounts::MountDefect;
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
                        "no Postgres service mounts `{}`, so it never runs",
                        product.init_sql_path
                    ),
                )
                .about(product, "no mount")
                .argues(Attribute::InitSql, Wrong::Everything)
                .help(format!("add the volume `{write}`")),
            MountDefect::WrongSource {
                source,
                text,
                exists,
                right,
                is_certain,
            } => report
                .at(
                    source,
                    format!(
                        "`{text}` {}, so Postgres never runs `{}`",
                        if exists {
                            "is another script"
                        } else {
                            "does not exist"
                        },
                        product.init_sql_path
                    ),
                )
                .about(product, text.clone())
                .fix(workspace.replacement(source, &text, &right, is_certain))
                .argues(Attribute::InitSql, Wrong::Everything)
                .help(format!("write `{right}`")),
            MountDefect::WrongTarget {
                target,
                text,
                right,
            } => report
                .at(
                    target,
                    format!("the Postgres image does not run `{text}` on first start"),
                )
                .about(product, text.clone())
                .fix(workspace.replacement(target, &text, &right, true))
                .argues(Attribute::InitSql, Wrong::Everything)
                .help(format!("write `{right}`")),
        }
    }
}
