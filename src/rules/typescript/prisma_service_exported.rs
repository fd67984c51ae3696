//! See `rules/typescript/prisma-service-exported.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("typescript", "prisma-service-exported", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for store in workspace.exported_stores() {
        let others = store.others.iter();
        let labels = others.map(|(place, name)| (*place, format!("`{name}` is exported too")));
        let names = std::iter::once(store.name).chain(store.others.iter().map(|(_, name)| *name));
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        report
            .at(
                store.place,
                format!(
                    "`{}` exports `{}`, and with it the database of `{}`",
                    store.module,
                    store.name,
                    store.service.key()
                ),
            )
            .about(store.service, store.module)
            .because_all(labels)
            .help(format!(
                "remove {} from `exports`, and export what answers for the data instead",
                names.join(" and ")
            ));
    }
}
