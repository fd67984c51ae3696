//! See `rules/typescript/cross-module-import.md`.

use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("typescript", "cross-module-import", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let imports = workspace.foreign_imports().iter();
    for import in imports.filter(|import| !import.taken.reaches_database()) {
        let reader = import.reader.service.clone().unwrap_or_default();
        let owners = &import.owners;
        let way = import.way.as_ref();
        let way = way.map_or_else(String::new, |way| format!(" ({way})"));
        let (taken, help) = if import.is_type {
            (
                "types ",
                "move the types into a package that both depend on".to_owned(),
            )
        } else {
            let help = format!(
                "move what both need into a package that both depend on, or ask {owners} over HTTP{way}"
            );
            ("", help)
        };
        report
            .at(
                import.place,
                format!("`{reader}` imports {taken}from the module of {owners}"),
            )
            .about(import.reader.clone(), import.specifier.clone())
            .because_all(import.labels.clone())
            .help(help);
    }
}
