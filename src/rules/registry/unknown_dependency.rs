//! See `rules/registry/unknown-dependency.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::named::WrongText;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "unknown-dependency", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        let unknown = product.unknown_dependencies();
        let texts: Vec<WrongText> = unknown
            .iter()
            .map(|unknown| WrongText::whole(unknown.service, unknown.text))
            .collect();
        let places = workspace.stand_on_names(&texts);
        for (unknown, place) in unknown.into_iter().zip(places) {
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
                    place,
                    if name == key {
                        format!("`{key}` depends on itself")
                    } else {
                        format!("`{key}` depends on `{name}`, which is no key of the registry")
                    },
                )
                .about(unknown.service, name.clone())
                .argues_for(
                    owner,
                    attribute,
                    if name == key {
                        Wrong::Value(name.clone())
                    } else {
                        Wrong::Everything
                    },
                )
                .help(match unknown.meant {
                    Some(meant) => format!("write `{meant}`"),
                    None if name == key => format!("remove `{name}` from its `dependsOn`"),
                    None => format!("remove `{name}`, or add it to the registry"),
                });
        }
    }
}
