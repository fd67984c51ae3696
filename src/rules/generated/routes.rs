//! How the rules about generated files speak of routes.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::routes::{RouteDrift, path_of};
use crate::model::service::Service;
use crate::rule::Report;
use crate::source::{Place, Placed};

/// Reports a difference of routes in a file that `subject` names at the beginning of a sentence. `absent`
/// says that other generated files lack the service as well.
pub(super) fn report_route(
    workspace: &Workspace,
    product: &Product,
    subject: &str,
    drift: RouteDrift,
    absent: bool,
    report: &mut Report,
) {
    let everyone = || Owner::from(product);
    let help = what_to_write(&drift) + &workspace.generator_of(product, place_of(&drift));
    match drift {
        RouteDrift::OfAnother {
            path,
            wrong,
            service,
            route,
            label,
            ..
        } => {
            let owner = route.service.key();
            let claimed = route.text.value.as_str();
            let given = service.map_or(wrong.value.as_str(), |service| service.key());
            report
                .at(
                    wrong.place,
                    format!(
                        "{subject} sends `{claimed}` to `{given}`, but it belongs to `{owner}`"
                    ),
                )
                .about(route.service, claimed)
                .because(route.text.place(), format!("`{owner}` serves `{claimed}`"))
                .because_all(label)
                .argues_for(everyone(), Attribute::Route, Wrong::Value(path))
                .help(help);
        }
        RouteDrift::Renamed { old, route } => {
            let (owner, claimed) = (route.service.key(), route.text.value.as_str());
            report
                .at(
                    old.place,
                    format!(
                        "{subject} sends `{}` to `{owner}`, which serves `{claimed}`",
                        old.value
                    ),
                )
                .about(route.service, claimed)
                .because(route.text.place(), format!("`{owner}` serves `{claimed}`"))
                .argues_for(
                    everyone(),
                    Attribute::Route,
                    Wrong::Value(path_of(&old.value)),
                )
                .help(help);
        }
        RouteDrift::Nowhere { path, route } => {
            let (owner, claimed) = (route.service.key(), route.text.value.as_str());
            report
                .at(
                    path.place,
                    format!("{subject} sends `{claimed}` nowhere, but it belongs to `{owner}`"),
                )
                .about(route.service, claimed)
                .because(route.text.place(), format!("`{owner}` serves `{claimed}`"))
                .argues_for(everyone(), Attribute::Route, Wrong::Value(path_of(claimed)))
                .help(help);
        }
        RouteDrift::Missing {
            route,
            section,
            own,
        } => {
            let (owner, claimed) = (route.service.key(), route.text.value.as_str());
            let told = report
                .at(
                    own.unwrap_or_else(|| route.text.place()),
                    format!("{subject} lacks `{claimed}`, a route of `{owner}`"),
                )
                .about(route.service, claimed)
                .because(route.text.place(), format!("`{owner}` serves it"))
                .because(section, "it should be here");
            match route.service.database() {
                Some(name) if absent => {
                    told.argues(Attribute::Database, Wrong::Value(format!("no {name}")))
                }
                None if absent => told.argues(Attribute::Entry, Wrong::Everything),
                _ => told.argues_for(everyone(), Attribute::Route, Wrong::Value(path_of(claimed))),
            }
            .help(help);
        }
        RouteDrift::Unclaimed { path, service } => {
            report_unclaimed(product, subject, &path, service, help, report);
        }
    }
}

fn report_unclaimed(
    product: &Product,
    subject: &str,
    path: &Placed<String>,
    service: Option<&Service>,
    help: String,
    report: &mut Report,
) {
    let given = service.map_or(String::new(), |it| format!(" to `{}`", it.key()));
    let owner = service.map_or_else(|| product.into(), Owner::from);
    report
        .at(
            path.place,
            format!(
                "{subject} sends `{}`{given}, but no service claims that route",
                path.value
            ),
        )
        .about(owner, path.value.clone())
        .because_all(service.map(|service| {
            let text = service.routes().next().map(|route| route.text.place());
            let place = text.unwrap_or(service.entry.key.place);
            (
                place,
                format!("the routes of `{}` stand here", service.key()),
            )
        }))
        .argues_for(
            product.into(),
            Attribute::Route,
            Wrong::Value(path_of(&path.value)),
        )
        .help(help);
}

/// Where the file is that has to change.
fn place_of(drift: &RouteDrift) -> Place {
    match drift {
        RouteDrift::OfAnother { wrong: at, .. }
        | RouteDrift::Renamed { old: at, .. }
        | RouteDrift::Nowhere { path: at, .. }
        | RouteDrift::Unclaimed { path: at, .. } => at.place,
        RouteDrift::Missing { section, .. } => *section,
    }
}

fn what_to_write(drift: &RouteDrift) -> String {
    match drift {
        RouteDrift::OfAnother {
            wrong,
            route,
            has_port,
            ..
        } => {
            let owner = route.service.key();
            if wrong.value.starts_with('/') {
                return format!("move it to `{owner}`");
            }
            let port = route.service.entry.port.known().filter(|_| *has_port);
            let port = port.map_or(String::new(), |it| format!(", with its port {}", it.value));
            format!("write `{owner}`{port}")
        }
        RouteDrift::Renamed { route, .. } => format!("write `{}`", route.text.value),
        RouteDrift::Nowhere { route, .. } => {
            let port = route.service.entry.port.known();
            let port = port.map_or(String::new(), |port| format!(":{}", port.value));
            format!("add `proxy_pass http://{}{port};`", route.service.key())
        }
        RouteDrift::Missing { route, .. } => format!(
            "add `{}`, which leads to `{}`",
            route.text.value,
            route.service.key()
        ),
        RouteDrift::Unclaimed { .. } => {
            "remove it, or name it in the registry among the `routes` of a service".to_owned()
        }
    }
}
