//! See `rules/prisma/missing-prisma-schema.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("prisma", "missing-prisma-schema", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for missing in workspace.services_without_schema() {
        let (service, folder) = (missing.service, missing.folder);
        let database = service.database().unwrap_or_default();
        let place = service.database_stand(workspace);
        if let Some(named) = missing.named {
            report
                .at(
                    named.place,
                    format!(
                        "no Prisma schema of `{}` is at `{}`",
                        service.key(),
                        named.path
                    ),
                )
                .about(service, named.path.clone())
                .because(place, format!("`{}` owns `{database}`", service.key()))
                .help(match named.right {
                    Some(right) => format!("write `{right}`"),
                    None => format!("write the path of the schema, or add one to `{folder}`"),
                });
            continue;
        }
        let dockerfile = service.entry.dockerfile.known();
        report
            .at(
                place,
                format!(
                    "`{}` owns `{database}`, but its module has no Prisma schema",
                    service.key()
                ),
            )
            .about(service, "no schema")
            .because_all(dockerfile.map(|text| (text.place(), "its module".to_owned())))
            .argues(Attribute::Database, Wrong::Value(format!("no {database}")))
            .help(format!(
                "add `{folder}/prisma/schema.prisma`, or write `database: \"\"` if it stores nothing"
            ));
    }
}
