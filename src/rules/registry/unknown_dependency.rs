//! See `rules/registry/unknown-dependency.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "unknown-dependency", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for unknown in product.unknown_dependencies() {
            let (key, name) = (unknown.service.key(), &unknown.text.value);
            let missing = || Owner {
                product: Some(product.name.clone()),
                service: Some(name.clone()),
            };
            let (owner, attribute) = unknown.host_of.map_or_else(
                || (missing(), Attribute::Entry),
                |service| (service.into(), Attribute::Name),
            );
            report
                .at(
                    workspace.stand_in_registry(&unknown.text.origin),
                    if name == key {
                        format!("`{key}` depends on itself")
                    } else {
                        format!("`{key}` depends on `{name}`, which is no key of the registry")
                    },
                )
                .about(unknown.service, name.clone())
                .argues_for(owner, attribute, Wrong::Value(key.to_owned()))
                .help(match unknown.meant {
                    Some(meant) => format!("write `{meant}`"),
                    None if name == key => format!("remove `{name}` from its `dependsOn`"),
                    None => format!("remove `{name}`, or add it to the registry"),
                });
        }
    }
}
