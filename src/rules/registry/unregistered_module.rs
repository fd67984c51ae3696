//! See `rules/registry/unregistered-module.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "unregistered-module", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for module in workspace.unregistered_modules() {
        let owner = Owner {
            product: module.product.map(|product| product.name.clone()),
            service: Some(module.name().to_owned()),
        };
        let registry = module.product.map(|product| &product.registry.name);
        report
            .at(
                module.place,
                format!("`{}` stores data, but no registry names it", module.folder),
            )
            .about(owner, module.folder.clone())
            .because_all(registry.map(|name| (name.place, "its entry is missing here".to_owned())))
            .argues(
                if module.is_keyed {
                    // The entry names another module.
                    Attribute::Module
                } else {
                    Attribute::Entry
                },
                Wrong::Everything,
            )
            .because_all(module.labels.clone())
            .help(format!(
                "add an entry `{}` to the registry, or remove the module",
                module.name()
            ));
    }
}
