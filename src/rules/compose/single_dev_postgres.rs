//! See `rules/compose/single-dev-postgres.md`.

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
                        "the development stack of `{}` runs no Postgres, but `{}` has a database",
                        product.name,
                        demanded_by.key()
                    ),
                )
                .about(product, "no Postgres")
                .because_all(services_key.map(|key| (key, "Postgres should be here".to_owned())))
                .help("add a service `postgres` with `image: postgres:16`"),
            PostgresCount::Several { first, later } => {
                for service in later {
                    report
                        .at(
                            service.key.place,
                            format!(
                                "`{}` is a second Postgres beside `{}`: development runs one",
                                service.key.value, first.key.value
                            ),
                        )
                        .about(product, service.key.value.clone())
                        .because(first.key.place, "the first one")
                        .help(format!(
                            "remove `{}` and keep every database on `{}`",
                            service.key.value, first.key.value
                        ));
                }
            }
        }
    }
}
