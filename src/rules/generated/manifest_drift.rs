//! See `rules/generated/manifest-drift.md`.

use super::routes::report_route;
use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::manifests::{DatabaseDrift, ManifestDrift, ModuleDrift};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::rule::{Report, Rule, rule};
use crate::source::{Place, Placed};

pub(crate) const RULE: Rule = rule!("generated", "manifest-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for drift in workspace.manifest_drift(product) {
            tell(workspace, product, drift, report);
        }
    }
}

fn tell(workspace: &Workspace, product: &Product, drift: ManifestDrift, report: &mut Report) {
    let again = |place: Place| workspace.generator_of(product, place);
    match drift {
        ManifestDrift::Port {
            service,
            wrong,
            right,
        } => report
            .at(
                wrong.place,
                format!(
                    "the manifest says that `{}` listens on {}, but the registry says {right}",
                    service.key(),
                    wrong.value
                ),
            )
            .about(service, wrong.value.clone())
            .because(service.port_place(), format!("the registry says {right}"))
            .argues(Attribute::Port, Wrong::Value(wrong.value.clone()))
            .help(format!("write `{right}`{}", again(wrong.place))),
        ManifestDrift::UnknownService { name, meant } => report
            .at(
                name.place,
                format!(
                    "the manifest names `{}`, which is no service of the registry",
                    name.value
                ),
            )
            .about(product.unknown_service(&name.value), name.value.clone())
            .because_all(
                meant
                    .and_then(|key| product.service(key))
                    .map(|it| (it.entry.key.place, format!("`{}` stands here", it.key()))),
            )
            .argues_for(
                product.unknown_service(&name.value),
                Attribute::Entry,
                Wrong::Everything,
            )
            .help(match meant {
                Some(meant) => format!("write `{meant}`{}", again(name.place)),
                None => format!(
                    "remove it, or add an entry `{}` to the registry{}",
                    name.value,
                    again(name.place)
                ),
            }),
        ManifestDrift::Database(drift) => tell_of_database(workspace, product, drift, report),
        ManifestDrift::Module(drift) => tell_of_module(workspace, product, drift, report),
        ManifestDrift::Route(drift) => {
            report_route(workspace, product, "the manifest", drift, false, report);
        }
    }
}

fn tell_of_database(
    workspace: &Workspace,
    product: &Product,
    drift: DatabaseDrift,
    report: &mut Report,
) {
    let again = |place: Place| workspace.generator_of(product, place);
    match drift {
        DatabaseDrift::Wrong { service, named } => {
            tell_of_wrong_database(workspace, product, service, &named, report);
        }
        DatabaseDrift::Renamed { service, name, old } => report
            .at(
                old.place,
                format!(
                    "the manifest lists `{}`, but the database of `{}` is `{name}`",
                    old.value,
                    service.key()
                ),
            )
            .about(service, name)
            .because(service.database_place(), owns(service))
            .argues(Attribute::Database, Wrong::Value(old.value.clone()))
            .help(format!("write `{name}`{}", again(old.place))),
        DatabaseDrift::Missing {
            service,
            name,
            section,
        } => report
            .at(
                service.database_place(),
                format!(
                    "the manifest lacks `{name}`, the database of `{}`",
                    service.key()
                ),
            )
            .about(service, name)
            .because(section, "it should be listed here")
            .argues(Attribute::Database, Wrong::Value(format!("no {name}")))
            .help(format!(
                "add `{name}` to the databases of the manifest{}",
                again(section)
            )),
        DatabaseDrift::Extra { name, namesake } => report
            .at(
                name.place,
                match namesake {
                    Some(service) => format!(
                        "the manifest lists `{}`, which `{}` no longer owns",
                        name.value,
                        service.key()
                    ),
                    None => format!("the manifest lists `{}`, which no service owns", name.value),
                },
            )
            .about(
                namesake.map_or_else(|| Owner::from(product), Owner::from),
                name.value.clone(),
            )
            .because_all(namesake.map(|service| (service.database_place(), owns(service))))
            .argues_for(
                product.presumed_owner(&name.value),
                if namesake.is_some() {
                    Attribute::Database
                } else {
                    Attribute::Entry
                },
                Wrong::Value(name.value.clone()),
            )
            .help(format!(
                "remove it, or name it in the registry as the `database` of a service{}",
                again(name.place)
            )),
    }
}

fn tell_of_wrong_database(
    workspace: &Workspace,
    product: &Product,
    service: &Service,
    named: &Placed<String>,
    report: &mut Report,
) {
    let again = workspace.generator_of(product, named.place);
    match service.database() {
        Some(own) if named.value.is_empty() => report
            .at(
                named.place,
                format!(
                    "the manifest gives `{}` no database, but it owns `{own}`",
                    service.key()
                ),
            )
            .about(service, own)
            .because(service.database_place(), owns(service))
            .argues(Attribute::Database, Wrong::Value(format!("no {own}")))
            .help(format!("write `{own}`{again}")),
        own => report
            .at(
                named.place,
                format!(
                    "the manifest connects `{}` to {}",
                    service.key(),
                    product.says_whose(&named.value)
                ),
            )
            .about(service, named.value.clone())
            .because_all(
                product
                    .ownership(service, &named.value)
                    .into_iter()
                    .filter(|_| own.is_some()),
            )
            .because_all(
                own.is_none()
                    .then(|| (service.database_place(), owns(service))),
            )
            .argues(Attribute::Database, Wrong::Value(named.value.clone()))
            .help(match own {
                Some(own) if workspace.sources.slice(named.place) == service.key() => {
                    let owner = product.owner_of(&named.value).map_or(own, Service::key);
                    format!("write `{owner}`{again}")
                }
                Some(own) => format!("write `{own}`{again}"),
                None => format!("remove it{again}"),
            }),
    }
}

fn tell_of_module(
    workspace: &Workspace,
    product: &Product,
    drift: ModuleDrift,
    report: &mut Report,
) {
    let again = |place: Place| workspace.generator_of(product, place);
    match drift {
        ModuleDrift::Missing { service, section } => {
            let key = service.key();
            let told = report
                .at(
                    service.entry.key.place,
                    format!("the manifest lacks the module `{key}`"),
                )
                .about(service, key)
                .because(section, "it should be listed here");
            match service.database() {
                Some(name) => told.argues(Attribute::Database, Wrong::Value(format!("no {name}"))),
                None => told.argues(Attribute::Entry, Wrong::Everything),
            }
            .help(format!(
                "add `{key}` to the modules of the manifest{}",
                again(section)
            ));
        }
        ModuleDrift::FieldMissing {
            service,
            field,
            module,
            write,
            route,
        } => {
            let key = service.key();
            let told = report
                .at(
                    module,
                    format!("`{key}` has no `{field}` in the manifest, unlike the other modules"),
                )
                .about(service, field)
                .because(service.entry.key.place, format!("`{key}` stands here"));
            match (service.database(), route) {
                (_, Some(route)) => {
                    told.argues_for(product.into(), Attribute::Route, Wrong::Value(route))
                }
                (Some(own), None) if field == "database" => {
                    told.argues(Attribute::Database, Wrong::Value(format!("no {own}")))
                }
                _ => told.argues(Attribute::Port, Wrong::Value("no port".to_owned())),
            }
            .help(format!("add `{write}`{}", again(module)));
        }
        ModuleDrift::NameTaken { name, service } => report
            .at(
                name.place,
                format!(
                    "the manifest names `{}` twice, and means `{}` here",
                    name.value,
                    service.key()
                ),
            )
            .about(service, name.value.clone())
            .because(
                service.entry.key.place,
                format!("`{}` stands here", service.key()),
            )
            .help(format!("write `{}`{}", service.key(), again(name.place))),
    }
}

fn owns(service: &Service) -> String {
    match service.database() {
        Some(name) => format!("`{}` owns `{name}`", service.key()),
        None => format!("`{}` owns no database", service.key()),
    }
}
