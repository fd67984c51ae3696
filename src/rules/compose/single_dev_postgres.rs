//! See `rules/compose/single-dev-postgres.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::servers::PostgresCount;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "single-dev-postgres", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        match workspace.postgres_count(product) {
            PostgresCount::One | PostgresCount::Unknown => {}
            PostgresCount::None {
                demanded_by,
                services_key,
            } => report
                .at(
                    demanded_by.database_place(),
                    format!(
                        "`{}` owns `{}`, but the development stack runs no Postgres",
                        demanded_by.key(),
                        demanded_by.database().unwrap_or_default()
                    ),
                )
                .about(product, "no Postgres")
                .because_all(services_key.map(|key| (key, "Postgres should be here".to_owned())))
                .argues(Attribute::Container, Wrong::Everything)
                .help("add a service `postgres` with `image: postgres:16`"),
            PostgresCount::Several { first, later } => {
                for (service, users) in later {
                    report
                        .at(
                            service.key.place,
                            format!(
                                "`{}` is another Postgres beside `{}`: development runs one",
                                service.key.value, first.key.value
                            ),
                        )
                        .about(product, service.key.value.clone())
                        .because(first.key.place, "the one to keep")
                        .because_all(users.iter().map(|user| {
                            let remark = format!("`{}` connects to it", user.key.value);
                            (user.key.place, remark)
                        }))
                        .help(format!(
                            "remove `{}` and keep every database on `{}`",
                            service.key.value, first.key.value
                        ));
                }
            }
        }
    }
}
