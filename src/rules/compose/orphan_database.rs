//! See `rules/compose/orphan-database.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "orphan-database", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for orphan in workspace.orphan_databases() {
        let name = &orphan.name.value;
        let server = &orphan.server.key.value;
        let namesake = orphan.namesake.as_ref();
        let owner = namesake.map_or_else(Owner::default, |claim| claim.service.into());
        let asks = namesake.map(|claim| {
            let (service, database) = (&claim.service.name, &claim.database.text);
            (
                claim.place(),
                format!("`{service}` connects to `{database}`"),
            )
        });
        // A service that asks for another database instead makes one mistake, not two.
        let wrong = namesake.map_or_else(|| name.clone(), |claim| claim.database.text.clone());
        report
            .at(
                orphan.name.place,
                format!("no service connects to `{name}`, which `{server}` creates"),
            )
            .about(owner.clone(), name)
            .because(
                orphan.server.key.place,
                format!("`{server}` runs the script"),
            )
            .because_all(asks)
            .argues_for(owner, Attribute::Database, Wrong::Value(wrong))
            .help("remove the statement, or name the database in a connection string");
    }
}
