//! See `rules/generated/init-sql-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::drift::Drift;
use crate::model::service::Service;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("generated", "init-sql-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let again = product.generator_advice(workspace);
        // What is nowhere else either was only added to the registry.
        let not_run = workspace.services_not_run(product);
        for drift in workspace.init_sql_drift(product) {
            match drift {
                Drift::NoScript { demanded_by, path, mounted } => report
                    .at(
                        demanded_by.database_place(),
                        format!("nothing creates `{}`: `{path}` does not exist", demanded_by.database().unwrap_or_default()),
                    )
                    .about(product, "no init SQL")
                    .because_all(mounted.map(|place| (place, "mounted from here".to_owned())))
                    .argues(Attribute::InitSql, Wrong::Everything)
                    .help(format!("write `{path}`{again}")),
                Drift::Empty { demanded_by, file } => {
                    let Some((first, others)) = demanded_by.split_first() else {
                        continue;
                    };
                    report
                        .at(first.database_place(), "the init SQL creates none of the databases that the registry names")
                        .about(product, "no databases")
                        .because(file, "they should be created here")
                        .because_all(others.iter().map(|service| (service.database_place(), owns(service))))
                        .help(format!("add `CREATE DATABASE` and `GRANT` for each of them{again}"));
                }
                Drift::Renamed { service, name, old, also } => report
                    .at(old.place, format!("the init SQL creates `{}`, but the database of `{}` is `{name}`", old.value, service.key()))
                    .about(service, name)
                    .because(service.database_place(), owns(service))
                    .because_all(also.iter().map(|place| (*place, "granted here".to_owned())))
                    .fix(workspace.renaming(old, &also, name))
                    .argues(Attribute::Database, Wrong::Value(old.value.clone()))
                    .help(format!("write `{name}`{again}")),
                Drift::Missing { service, name, role, file } => report
                    .at(service.database_place(), format!("the init SQL does not create `{name}`, the database of `{}`", service.key()))
                    .about(service, name)
                    .because(file, "it should be created here")
                    .argues(if not_run.contains(service.key()) { Attribute::Container } else { Attribute::Database }, Wrong::Value(format!("no {name}")))
                    .help(format!("add `CREATE DATABASE {name};` and `GRANT ALL PRIVILEGES ON DATABASE {name} TO {role};`{again}")),
                Drift::Extra { name, also, namesake } => report
                    .at(name.place, match namesake {
                        Some(service) => format!("the init SQL creates `{}`, which `{}` no longer owns", name.value, service.key()),
                        None => format!("the init SQL creates `{}`, which no service owns", name.value),
                    })
                    .about(namesake.map_or_else(|| Owner::from(product), Owner::from), name.value.clone())
                    .because_all(namesake.map(|service| (service.database_place(), owns(service))))
                    .because_all(also.into_iter().map(|place| (place, "granted here".to_owned())))
                    .argues_for(product.presumed_owner(&name.value), if namesake.is_some() { Attribute::Database } else { Attribute::Entry }, Wrong::Value(name.value.clone()))
                    .help(format!("remove it, or name it in the registry as the `database` of a service{again}")),
                Drift::GrantMissing { service, name, role, created } => report
                    .at(service.database_place(), format!("the init SQL creates `{name}`, the database of `{}`, but grants it to nobody", service.key()))
                    .about(service, format!("grant on {name}"))
                    .because_all(created.map(|place| (place, "created here, without a grant".to_owned())))
                    .help(format!("add `GRANT ALL PRIVILEGES ON DATABASE {name} TO {role};`{again}")),
                Drift::GrantElsewhere { service, name, granted } => report
                    .at(granted.place, format!("the init SQL grants `{}` instead of `{name}`, the database of `{}`", granted.value, service.key()))
                    .about(service, format!("grant on {name}"))
                    .because(service.database_place(), owns(service))
                    .fix(workspace.unsafe_replacement(granted.place, &granted.value, name))
                    .argues(Attribute::Database, Wrong::Value(granted.value.clone()))
                    .help(format!("write `{name}`{again}")),
                Drift::GrantExtra { granted } => report
                    .at(granted.place, format!("the init SQL grants `{}`, which no service owns", granted.value))
                    .about(product, format!("grant on {}", granted.value))
                    .argues_for(product.unknown_service(&granted.value.replace('_', "-")), Attribute::Entry, Wrong::Value(granted.value.clone()))
                    .help(format!("remove the grant{again}")),
                Drift::GrantPartial { service, granted } => report
                    .at(granted.place, format!("the init SQL grants less than all privileges on `{}`, the database of `{}`", granted.value, service.key()))
                    .about(service, format!("grant on {}", granted.value))
                    .because(service.database_place(), owns(service))
                    .help(format!("write `GRANT ALL PRIVILEGES ON DATABASE {}`{again}", granted.value)),
                Drift::GrantRole { service, role, right, says_so, also } => report
                    .at(role.place, match also.len() {
                        0 => format!("the init SQL grants the database of `{}` to `{}`, but `{}` connects as `{right}`", service.key(), role.value, service.key()),
                        _ => format!("the init SQL grants every database to `{}`, but the services connect as `{right}`", role.value),
                    })
                    .about(service, format!("role {}", role.value))
                    .because_all(says_so.map(|place| (place, format!("`{}` connects as `{right}`", service.key()))))
                    .because_all(also.iter().map(|place| (*place, "granted here too".to_owned())))
                    .fix(workspace.unsafe_replacement(role.place, &role.value, &right).filter(|_| also.is_empty()))
                    .argues_for(
                        // What every grant names is everyone's.
                        if also.is_empty() { service.into() } else { Owner { product: Some(product.name.clone()), service: None } },
                        if also.is_empty() || workspace.begins_with(product, &right) { Attribute::Role } else { Attribute::Superuser },
                        Wrong::Value(right.clone()),
                    )
                    .help(match also.len() {
                        0 => format!("write `{right}`{again}"),
                        _ => format!("write `{right}` in every grant, or let the services connect as `{}`{again}", role.value),
                    }),
            }
        }
    }
}

fn owns(service: &Service) -> String {
    match service.database() {
        Some(name) => format!("`{}` owns `{name}`", service.key()),
        None => format!("`{}` owns no database", service.key()),
    }
}
