//! See `rules/sql/migration-out-of-scope.md`.

use crate::model::Workspace;
use crate::model::migration_scope::OutOfScope;
use crate::parse::sql::ServerObject;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "migration-out-of-scope", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for found in workspace.changes_out_of_scope() {
        let change = found.change;
        let noun = change.object.noun();
        let thing = match (found.name(), found.whose) {
            (Some(name), Some(owner)) => format!("`{name}`, the database of `{}`", owner.key()),
            (Some(name), None) => format!("the {noun} `{name}`"),
            (None, _) => format!("a {noun}"),
        };
        let why = match change.object {
            ServerObject::Database => "and a migration changes only what its own database holds",
            _ => "which all databases of the server share",
        };
        let owner = found
            .whose
            .map(|it| (it.database_place(), format!("`{}` owns it", it.key())));
        report
            .at(
                found.place,
                format!("the migration {} {thing}, {why}", change.does()),
            )
            .about(
                found.owner.clone(),
                format!(
                    "{} {}",
                    change.words.value,
                    found.name().unwrap_or_default()
                ),
            )
            .because_all(owner)
            .because_all(
                found
                    .again
                    .iter()
                    .map(|&place| (place, "the same again".to_owned())),
            )
            .help(to_do(workspace, &found));
    }
}

fn to_do(workspace: &Workspace, found: &OutOfScope) -> String {
    let object = found.change.object;
    if object == ServerObject::Database
        && let Some(product) = found.product
    {
        let generator = product.generator_path(workspace);
        let by = generator.map_or(String::new(), |path| format!(", by `{path}`"));
        return format!(
            "remove the statement; databases and grants on them are generated from the registry{by}"
        );
    }
    let name = found.name().filter(|_| object != ServerObject::Setting);
    let name = name.map_or(String::new(), |name| format!(" {name}"));
    format!(
        "move `{}{name}` to a script that the server runs once, below `/docker-entrypoint-initdb.d/`, or leave it to whoever runs the server",
        found.change.words.value
    )
}
