//! See `rules/input/dynamic-registry.md`.

use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("input", "dynamic-registry", check);

const HELP: &str = "write it out as a literal, or as a constant of this file or of one that it imports by a relative path";

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        repeated_keys(product, report);
        unknown_services(product, report);
        for service in product.services() {
            unknown_fields(service, report);
        }
    }
    for (product, rival) in workspace.rival_registries() {
        let first = &product.registry.name;
        let second = &rival.name;
        report
            .at(
                second.place,
                format!(
                    "`{}` is a second registry of this product, and which one counts is not known",
                    second.value
                ),
            )
            .about(product, second.value.clone())
            .because(first.place, "the first one")
            .help(format!(
                "spread `{}` into `{}`, or remove it",
                second.value, first.value
            ));
    }
}

fn repeated_keys(product: &Product, report: &mut Report) {
    for key in &product.registry.repeated {
        let entry = product.registry.entry(&key.value);
        let other = entry.map_or(key.place, |entry| entry.key.place);
        report
            .at(
                key.place.max(other),
                format!(
                    "`{}` has a second entry `{}`, and which one counts is not known",
                    product.registry.name.value, key.value
                ),
            )
            .about(product, key.value.clone())
            .because(key.place.min(other), "the first one")
            .help("give the service a key of its own, or remove one of the two");
    }
}

fn unknown_services(product: &Product, report: &mut Report) {
    let name = &product.registry.name;
    let open = product.registry.open.iter();
    for dynamic in open.filter(|dynamic| !dynamic.broken) {
        report
            .at(
                dynamic.place,
                format!(
                    "the services of `{}` depend on {}",
                    name.value, dynamic.what
                ),
            )
            .about(product, "services")
            .because(
                name.place,
                "nothing counts as missing or unregistered in this registry",
            )
            .help(if dynamic.place == name.place {
                "write one entry a service, with its `database`, `port` and `dockerfile`"
            } else {
                HELP
            });
    }
}

fn unknown_fields(service: &Service, report: &mut Report) {
    let key = service.key();
    let unknowns = service.entry.unknowns().into_iter();
    for (field, dynamic) in unknowns.filter(|(_, dynamic)| !dynamic.broken) {
        let what = match field {
            Some(field) => format!("`{field}` of `{key}`"),
            None => format!("the entry of `{key}`"),
        };
        report
            .at(dynamic.place, format!("{what} depends on {}", dynamic.what))
            .about(service, dynamic.what.clone())
            .because_all(service.entry.way_to(dynamic.place))
            .help(HELP);
    }
}
