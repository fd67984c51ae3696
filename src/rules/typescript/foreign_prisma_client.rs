//! See `rules/typescript/foreign-prisma-client.md`.

use crate::model::Workspace;
use crate::model::imports::Taken;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("typescript", "foreign-prisma-client", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let imports = workspace.foreign_imports().iter();
    for import in imports.filter(|import| import.taken.reaches_database()) {
        let reader = import.reader.service.clone().unwrap_or_default();
        let owners = &import.owners;
        let taken = match import.taken {
            Taken::Repository => format!("a repository of {owners}"),
            Taken::Wrapper => format!("the Prisma client that {owners} keeps for itself"),
            Taken::Client | Taken::Other => format!("the Prisma client of {owners}"),
        };
        let types = if import.is_type { "types of " } else { "" };
        let way = import.way.as_ref();
        let way = way.map_or_else(String::new, |way| format!(" ({way})"));
        report
            .at(import.place, format!("`{reader}` imports {types}{taken}"))
            .about(import.reader.clone(), import.specifier.clone())
            .because_all(import.labels.clone())
            .help(if import.is_type {
                format!(
                    "remove it, and describe what {owners} answers over HTTP in types of its own"
                )
            } else {
                format!("remove it, and ask {owners} for its data over HTTP{way}")
            });
    }
}
