//! See `rules/sql/migration-lock.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::migration_locks::WrongLock;
use crate::rule::{Report, Rule, rule};
use crate::source::MIGRATION_LOCK;

pub(crate) const RULE: Rule = rule!("sql", "migration-lock", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for defect in workspace.wrong_migration_locks() {
        let name = defect.holding.name();
        let owner = defect.holding.owner();
        let path = defect.path;
        match defect.what {
            WrongLock::Missing {
                stand,
                provider,
                migration,
            } => report
                .at(
                    stand,
                    format!("no `{MIGRATION_LOCK}` stands beside the migrations of `{name}`"),
                )
                .about(owner, "missing")
                .because_all(migration.map(|it| (it, "the first migration".to_owned())))
                .help(format!("write `provider = \"{provider}\"` into `{path}`")),
            WrongLock::Silent { provider, lock } => report
                .at(
                    lock.unwrap_or(provider.place),
                    format!("the `{MIGRATION_LOCK}` of `{name}` names no provider"),
                )
                .about(owner, "no provider")
                .because(
                    provider.place,
                    format!("the schema is for `{}`", provider.value),
                )
                .help(format!(
                    "write `provider = \"{}\"` into `{path}`",
                    provider.value
                )),
            WrongLock::Differs {
                lock,
                provider,
                fix,
            } => report
                .at(
                    lock.place,
                    format!(
                        "the migrations of `{name}` are locked to `{}`, and its schema is for `{}`",
                        lock.value, provider.value
                    ),
                )
                .about(owner, lock.value.clone())
                .because(provider.place, "the schema's provider")
                .argues(Attribute::Provider, Wrong::Value(lock.value.clone()))
                .fix(fix.clone())
                .help(if fix.is_some() {
                    format!("write `{}`", provider.value)
                } else {
                    format!(
                        "write `{}` into the schema, or create the migrations anew for `{}`",
                        lock.value, provider.value
                    )
                }),
        }
    }
}
