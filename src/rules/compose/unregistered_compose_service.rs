//! See `rules/compose/unregistered-compose-service.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::file_name;

pub(crate) const RULE: Rule = rule!("compose", "unregistered-compose-service", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for run in workspace.unregistered_containers() {
        let key = &run.container.key;
        let name = file_name(&run.folder);
        let owner = Owner {
            product: Some(run.product.name.clone()),
            service: Some(name.to_owned()),
        };
        report
            .at(
                key.place,
                format!(
                    "`{}` runs `{}`, which no registry names",
                    key.value, run.folder
                ),
            )
            .about(owner, run.folder.clone())
            .because(
                run.product.registry.name.place,
                "its entry is missing here".to_owned(),
            )
            .because_all(run.others)
            .argues(Attribute::Entry, Wrong::Everything)
            .help(format!(
                "add an entry `{name}` to the registry, or remove the service"
            ));
    }
}
