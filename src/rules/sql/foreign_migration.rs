//! See `rules/sql/foreign-migration.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::foreign_migrations::Foreign;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("sql", "foreign-migration", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for foreign in workspace.foreign_migrations() {
        let (service, other) = (&foreign.service, &foreign.other);
        let (message, attribute, wrong) = match &foreign.what {
            Foreign::Schema => (
                format!("`{service}` migrates the schema of `{other}`"),
                Attribute::Database,
                foreign
                    .database
                    .clone()
                    .unwrap_or_else(|| format!("of {other}")),
            ),
            Foreign::Variable(name) => (
                format!("`{service}` connects through `{name}`, a variable of `{other}`"),
                Attribute::Environment,
                name.clone(),
            ),
            Foreign::EnvFile => (
                format!("`{service}` migrates with the environment of `{other}`"),
                Attribute::Database,
                foreign
                    .database
                    .clone()
                    .unwrap_or_else(|| format!("of {other}")),
            ),
        };
        let remove = match foreign.what {
            Foreign::EnvFile => format!("let the command read the environment of `{service}`"),
            _ => format!("remove the command; `{other}` migrates its own database"),
        };
        report
            .at(foreign.place, message)
            .about(foreign.owner, format!("migration of {other}"))
            .because_all(foreign.because)
            .because_all(
                foreign
                    .again
                    .into_iter()
                    .map(|place| (place, "again here".to_owned())),
            )
            .fix(foreign.fix)
            .argues(attribute, Wrong::Value(wrong))
            .help(match foreign.right {
                Some(right) => format!("write `{right}`, or {remove}"),
                None => remove,
            });
    }
}
