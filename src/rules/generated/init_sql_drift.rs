//! See `rules/generated/init-sql-drift.md`.

use std::collections::HashSet;

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::drift::Drift;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::rule::{Report, Rule, rule};
use crate::source::Place;

pub(crate) const RULE: Rule = rule!("generated", "init-sql-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let again = product.generator_advice(workspace);
        let not_run = workspace.services_not_run(product);
        let grantable = |name: &str, role: &str| {
            format!("`GRANT ALL PRIVILEGES ON DATABASE {name} TO {role};`")
        };
        for drift in workspace.init_sql_drift(product) {
            let (place, message) = said(&drift);
            let (owner, attribute, wrong) = stake(workspace, product, &not_run, &drift);
            let finding = report.at(place, message);
            match &drift {
                Drift::NoScript { path, mounted, .. } => finding
                    .about(product, "no init SQL")
                    .because_all(mounted.map(|place| (place, "mounted from here".to_owned())))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("write `{path}`{again}")),
                Drift::Empty { others, file, .. } => finding
                    .about(product, "no databases")
                    .because(*file, "they should be created here")
                    .because_all(others.iter().map(|service| (service.database_place(), owns(service))))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("add `CREATE DATABASE` and `GRANT` for each of them{again}")),
                Drift::Renamed { service, name, old, also } => finding
                    .about(*service, *name)
                    .because(service.database_place(), owns(service))
                    .because_all(also.iter().map(|place| (*place, "granted here".to_owned())))
                    .fix(workspace.renaming(old, also, name))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("write `{name}`{again}")),
                Drift::Missing { service, name, role, file } => finding
                    .about(*service, *name)
                    .because(*file, "it should be created here")
                    .argues_for(owner, attribute, wrong)
                    .help(format!("add `CREATE DATABASE {name};` and {}{again}", grantable(name, role))),
                Drift::Extra { name, also, namesake } => finding
                    .about(namesake.map_or_else(|| Owner::from(product), Owner::from), name.value.clone())
                    .because_all(namesake.map(|service| (service.database_place(), owns(service))))
                    .because_all(also.iter().map(|place| (*place, "granted here".to_owned())))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("remove it, or name it in the registry as the `database` of a service{again}")),
                Drift::GrantMissing { service, name, role, created } => finding
                    .about(*service, format!("grant on {name}"))
                    .because_all(created.map(|place| (place, "created here, without a grant".to_owned())))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("add {}{again}", grantable(name, role))),
                Drift::GrantElsewhere { service, name, granted } => finding
                    .about(*service, format!("grant on {name}"))
                    .because(service.database_place(), owns(service))
                    .fix(workspace.unsafe_replacement(granted.place, &granted.value, name))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("write `{name}`{again}")),
                Drift::GrantExtra { granted } => finding
                    .about(product, format!("grant on {}", granted.value))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("remove the grant{again}")),
                Drift::GrantPartial { service, granted } => finding
                    .about(*service, format!("grant on {}", granted.value))
                    .because(service.database_place(), owns(service))
                    .argues_for(owner, attribute, wrong)
                    .help(format!("write `GRANT ALL PRIVILEGES ON DATABASE {}`{again}", granted.value)),
                Drift::GrantRole { service, role, right, says_so, also } => finding
                    .about(*service, format!("role {}", role.value))
                    .because_all(says_so.map(|place| (place, format!("`{}` connects as `{right}`", service.key()))))
                    .because_all(also.iter().map(|place| (*place, "granted here too".to_owned())))
                    .fix(workspace.unsafe_replacement(role.place, &role.value, right).filter(|_| also.is_empty()))
                    .argues_for(owner, attribute, wrong)
                    .help(match also.len() {
                        0 => format!("write `{right}`{again}"),
                        _ => format!("write `{right}` in every grant, or let the services connect as `{}`{again}", role.value),
                    }),
            }
        }
    }
}

/// The wrong text, and what is wrong with it.
pub(super) fn said(drift: &Drift) -> (Place, String) {
    (stand(drift), message(drift))
}

fn stand(drift: &Drift) -> Place {
    match drift {
        Drift::NoScript {
            demanded_by: service,
            ..
        }
        | Drift::Empty { first: service, .. }
        | Drift::Missing { service, .. }
        | Drift::GrantMissing { service, .. } => service.database_place(),
        Drift::Renamed { old: name, .. }
        | Drift::Extra { name, .. }
        | Drift::GrantElsewhere { granted: name, .. }
        | Drift::GrantExtra { granted: name }
        | Drift::GrantPartial { granted: name, .. }
        | Drift::GrantRole { role: name, .. } => name.place,
    }
}

fn message(drift: &Drift) -> String {
    match drift {
        Drift::NoScript {
            demanded_by, path, ..
        } => {
            let database = demanded_by.database().unwrap_or_default();
            format!("nothing creates `{database}`: `{path}` does not exist")
        }
        Drift::Empty { .. } => {
            "the init SQL creates none of the databases that the registry names".to_owned()
        }
        Drift::Renamed {
            service, name, old, ..
        } => {
            let (old, key) = (&old.value, service.key());
            format!("the init SQL creates `{old}`, but the database of `{key}` is `{name}`")
        }
        Drift::Missing { service, name, .. } => {
            let key = service.key();
            format!("the init SQL does not create `{name}`, the database of `{key}`")
        }
        Drift::Extra { name, namesake, .. } => {
            let name = &name.value;
            match namesake.map(Service::key) {
                Some(key) => {
                    format!("the init SQL creates `{name}`, which `{key}` no longer owns")
                }
                None => format!("the init SQL creates `{name}`, which no service owns"),
            }
        }
        Drift::GrantMissing { service, name, .. } => {
            let key = service.key();
            format!(
                "the init SQL creates `{name}`, the database of `{key}`, but grants it to nobody"
            )
        }
        Drift::GrantElsewhere {
            service,
            name,
            granted,
        } => {
            let (granted, key) = (&granted.value, service.key());
            format!("the init SQL grants `{granted}` instead of `{name}`, the database of `{key}`")
        }
        Drift::GrantExtra { granted } => {
            let granted = &granted.value;
            format!("the init SQL grants `{granted}`, which no service owns")
        }
        Drift::GrantPartial { service, granted } => {
            let (granted, key) = (&granted.value, service.key());
            format!(
                "the init SQL grants less than all privileges on `{granted}`, the database of `{key}`"
            )
        }
        Drift::GrantRole {
            service,
            role,
            right,
            also,
            ..
        } => {
            let (role, key) = (&role.value, service.key());
            if also.is_empty() {
                format!(
                    "the init SQL grants the database of `{key}` to `{role}`, but `{key}` connects as `{right}`"
                )
            } else {
                format!(
                    "the init SQL grants every database to `{role}`, but the services connect as `{right}`"
                )
            }
        }
    }
}

/// What a difference argues about, and whose it is: other rules may see the same mistake. `not_run` are the
/// services that the development set does not run.
pub(super) fn stake(
    workspace: &Workspace,
    product: &Product,
    not_run: &HashSet<&str>,
    drift: &Drift,
) -> (Owner, Attribute, Wrong) {
    let value = |name: &str| Wrong::Value(name.to_owned());
    match drift {
        Drift::NoScript { .. } => (product.into(), Attribute::InitSql, Wrong::Everything),
        Drift::Renamed { service, old, .. } => {
            ((*service).into(), Attribute::Database, value(&old.value))
        }
        Drift::Missing { service, name, .. } => {
            // What is nowhere else either was only added to the registry.
            let is_run = !not_run.contains(service.key());
            let attribute = if is_run {
                Attribute::Database
            } else {
                Attribute::Container
            };
            (
                (*service).into(),
                attribute,
                Wrong::Value(format!("no {name}")),
            )
        }
        Drift::Extra { name, namesake, .. } => {
            let attribute = if namesake.is_some() {
                Attribute::Database
            } else {
                Attribute::Entry
            };
            (
                product.presumed_owner(&name.value),
                attribute,
                value(&name.value),
            )
        }
        Drift::GrantElsewhere {
            service, granted, ..
        } => (
            (*service).into(),
            Attribute::Database,
            value(&granted.value),
        ),
        Drift::GrantExtra { granted } => (
            product.unknown_service(&granted.value.replace('_', "-")),
            Attribute::Entry,
            value(&granted.value),
        ),
        Drift::GrantRole {
            service,
            right,
            also,
            ..
        } => {
            let is_of_all = !also.is_empty();
            let attribute = if is_of_all && !workspace.begins_with(product, right) {
                Attribute::Superuser
            } else {
                Attribute::Role
            };
            // What every grant names is everyone's.
            let owner = if is_of_all {
                product.into()
            } else {
                (*service).into()
            };
            (owner, attribute, value(right))
        }
        Drift::Empty { .. } | Drift::GrantMissing { .. } | Drift::GrantPartial { .. } => {
            let (kind, name) = drift.identity();
            (
                product.into(),
                Attribute::Generated,
                Wrong::Value(format!("{kind} {name}")),
            )
        }
    }
}

fn owns(service: &Service) -> String {
    match service.database() {
        Some(name) => format!("`{}` owns `{name}`", service.key()),
        None => format!("`{}` owns no database", service.key()),
    }
}
