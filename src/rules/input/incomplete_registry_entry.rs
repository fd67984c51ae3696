//! See `rules/input/incomplete-registry-entry.md`.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("input", "incomplete-registry-entry", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for service in product.services() {
            if workspace.is_entry_whole(service) {
                missing_fields(product, service, report);
            }
            wrong_types(workspace, service, report);
        }
        for misplaced in &product.registry.misplaced {
            let key = &misplaced.key.value;
            let owner = Owner {
                service: Some(key.clone()),
                ..Owner::from(product)
            };
            report
                .at(
                    misplaced.place,
                    format!(
                        "`{key}` in the registry is {}, not an entry",
                        misplaced.found
                    ),
                )
                .about(owner, "an entry")
                .because(product.registry.name.place, "the registry")
                .help("write an object with `database`, `port` and `dockerfile`, or move it out of the registry");
        }
    }
}

fn missing_fields(product: &Product, service: &Service, report: &mut Report) {
    let missing = service.missing_fields(product);
    if missing.is_empty() {
        return;
    }
    let names: Vec<String> = missing
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let fields: Vec<&str> = missing.iter().map(|(_, field)| field.as_str()).collect();
    report
        .at(
            service.entry.key.place,
            format!(
                "the entry of `{}` has no {}",
                service.key(),
                names.join(" and no ")
            ),
        )
        .about(service, "missing fields")
        .help(format!("add {}", fields.join("; add ")));
}

fn wrong_types(workspace: &Workspace, service: &Service, report: &mut Report) {
    for wrong in service.wrong_types() {
        let place = workspace.stand_in_registry(wrong.origin);
        let written = workspace.sources.slice(place);
        let is_quoted_number = wrong.field == "port" && written.parse::<u16>().is_ok();
        report
            .at(
                place,
                format!(
                    "{} of `{}` is {}, not {}",
                    wrong.what,
                    service.key(),
                    wrong.found,
                    wrong.expected
                ),
            )
            .about(service, wrong.what)
            .because_all(service.entry.way_to(place))
            .help(if is_quoted_number {
                format!("write `{written}` without quotes")
            } else {
                format!("write {}", wrong.example)
            });
    }
}
