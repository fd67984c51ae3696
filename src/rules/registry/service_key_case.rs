//! See `rules/registry/service-key-case.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::product::Product;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "service-key-case", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let whole = workspace
        .products()
        .iter()
        .filter(|product| workspace.is_registry_whole(product));
    for service in whole.flat_map(Product::services) {
        let Some(defect) = service.key_defect().filter(|_| !service.is_bare()) else {
            continue;
        };
        report
            .at(
                service.entry.key.place,
                format!("the key `{}` {}", service.key(), defect.what),
            )
            .about(service, service.key())
            .argues(Attribute::Name, Wrong::Everything)
            .help(match defect.meant {
                Some(meant) => format!("write `{meant}`"),
                None => "write a key in kebab-case, at most 63 letters long".to_owned(),
            });
    }
}
