//! See `rules/generated/init-sql-aborts.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::first_start::{Abort, Reason};
use crate::rule::{NeedsHelp, Report, Rule, rule};
use crate::source::Place;

pub(crate) const RULE: Rule = rule!("generated", "init-sql-aborts", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for abort in workspace.aborts() {
        let container = workspace.container(abort.server);
        let server = workspace.owner_of_container(abort.server.0, container);
        let everyone = Owner {
            product: server.product.clone(),
            service: None,
        };
        match &abort.why {
            Reason::Provided { name, by } => {
                let database = &name.value;
                let is_demanded = workspace.demanded_by(&abort, database).is_some();
                match by {
                    Some((variable, place)) if is_demanded => report
                        .at(*place, format!("`{variable}` already creates `{database}`, so the first start stops where the init SQL does"))
                        .about(server, database.clone())
                        .because(name.place, "created again here")
                        .help(match *variable {
                            "POSTGRES_DB" => "write `postgres`, which every server has".to_owned(),
                            _ => "add `POSTGRES_DB: postgres` to the environment".to_owned(),
                        }),
                    _ => {
                        let draft = report
                            .at(name.place, match by {
                                Some((variable, _)) => format!("`{variable}` already creates `{database}`, so the first start stops here"),
                                None => format!("every server has a database `{database}`, so the first start stops here"),
                            })
                            .about(server, database.clone())
                            .because_all(by.map(|(_, place)| (place, "its name is given here".to_owned())));
                        as_extra(draft, &abort, database).help("remove the statement");
                    }
                }
            }
            Reason::CreatedTwice { name, is_role, first } => {
                let what = if *is_role { "role" } else { "database" };
                let draft = report
                    .at(name.place, format!("the {what} `{}` exists already, so the first start stops here", name.value))
                    .about(server, format!("{what} {}", name.value))
                    .because_all(first.map(|place| (place, "created first here".to_owned())));
                as_rename(draft, workspace, &abort, name.place).help("remove the statement");
            }
            Reason::NoRole { role, superuser: (superuser, place), .. } if workspace.is_superuser_wrong(&abort) => report
                .at(
                    place.unwrap_or(container.environment_key.unwrap_or(container.key.place)),
                    format!("the superuser is `{superuser}`, so the role `{}`, which everyone connects as, does not exist", role.value),
                )
                .about(server, format!("role {}", role.value))
                .because(role.place, "granted here, where the first start stops")
                .argues_for(everyone, Attribute::Superuser, Wrong::Value(role.value.clone()))
                .help(match place {
                    Some(_) => format!("write `{}`", role.value),
                    None => format!("add `POSTGRES_USER: {}`", role.value),
                }),
            Reason::NoRole { role, database, again, superuser: (superuser, place), created_later, .. } => {
                let owner = workspace.demanded_by(&abort, database).map_or(server, Owner::from);
                let (subject, attribute) = if workspace.is_granted_throughout(&abort, &role.value) {
                    (everyone, Attribute::Role)
                } else {
                    (owner.clone(), Attribute::Role)
                };
                report
                    .at(role.place, format!("no role `{}` exists{}, so the first start stops here", role.value, yet(*created_later)))
                    .about(owner, format!("role {}", role.value))
                    .because_all(again.iter().map(|place| (*place, "named again here".to_owned())))
                    .because_all(created_later.map(|place| (place, "created here, which is too late".to_owned())))
                    .because_all(place.map(|place| (place, format!("the image creates `{superuser}`"))))
                    .argues_for(subject, attribute, Wrong::Value(superuser.clone()))
                    .help(match created_later {
                        Some(_) => format!("create `{}` before it is named", role.value),
                        None => format!("write `{superuser}`, or create `{}` before", role.value),
                    });
            }
            Reason::NoDatabase { name, created_later } => {
                let draft = report
                    .at(name.place, format!("no database `{}` exists{}, so the first start stops here", name.value, yet(*created_later)))
                    .about(workspace.demanded_by(&abort, &name.value).map_or(server, Owner::from), name.value.clone())
                    .because_all(created_later.map(|place| (place, "created here, which is too late".to_owned())));
                match created_later {
                    Some(_) => as_rename(draft, workspace, &abort, name.place).help(format!("move the statement behind `CREATE DATABASE {}`", name.value)),
                    None => as_left_over(draft, &abort, &name.value).help("name a database that is created before, or remove the statement"),
                }
            }
            Reason::InTransaction { name, begin, also } => report
                .at(name.place, format!("PostgreSQL creates no database inside a transaction, so the first start stops at `{}`", name.value))
                .about(workspace.demanded_by(&abort, &name.value).map_or(server, Owner::from), "transaction")
                .because(*begin, "the transaction begins here")
                .because_all(also.first().map(|place| (*place, match also.len() {
                    1 => "in the same transaction".to_owned(),
                    more => format!("in the same transaction, as {} others are", more - 1),
                })))
                .help(format!("remove `{}` and what ends the transaction", workspace.sources.slice(*begin))),
        }
    }
}

fn yet(created_later: Option<Place>) -> &'static str {
    created_later.map_or("", |_| " yet")
}

/// A database that no service owns is one too many in the first place.
fn as_extra<'r>(draft: NeedsHelp<'r>, abort: &Abort, database: &str) -> NeedsHelp<'r> {
    let Some(product) = abort.product else {
        return draft.argues(Attribute::InitSql, Wrong::Everything);
    };
    let namesake = product.namesake(database);
    let attribute = match namesake {
        Some(_) => Attribute::Database,
        None => Attribute::Entry,
    };
    let owner = product.presumed_owner(database);
    draft.argues_for(owner, attribute, Wrong::Value(database.to_owned()))
}

/// A name that nothing creates may be what another name of a service's database left behind.
fn as_left_over<'r>(draft: NeedsHelp<'r>, abort: &Abort, database: &str) -> NeedsHelp<'r> {
    let service = abort.product.and_then(|product| {
        let owner = product.owner_of(database);
        owner.or_else(|| product.namesake(database))
    });
    match service {
        Some(service) => draft.argues_for(service.into(), Attribute::Database, Wrong::Everything),
        None => draft,
    }
}

/// A database that is created twice may stand where another one is meant.
fn as_rename<'r>(
    draft: NeedsHelp<'r>,
    workspace: &Workspace,
    abort: &Abort,
    place: Place,
) -> NeedsHelp<'r> {
    let renamed = abort
        .product
        .and_then(|product| workspace.meant_instead(product, place));
    match renamed {
        Some((service, name)) => {
            draft.argues_for(service.into(), Attribute::Database, Wrong::Value(name))
        }
        None => draft,
    }
}
