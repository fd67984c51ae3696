//! See `rules/prisma/prisma-provider.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::Placed;

pub(crate) const RULE: Rule = rule!("prisma", "prisma-provider", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for (service, datasource) in workspace.datasources() {
        let problems = workspace.facts(datasource.file).problems();
        let is_broken = |provider: &Placed<String>| {
            let span = provider.place.span;
            let mut spans = problems.iter().map(|problem| problem.span);
            spans.any(|problem| problem.start <= span.end && span.start <= problem.end)
        };
        if !datasource.has_provider && problems.is_empty() {
            report
                .at(
                    datasource.place,
                    format!("the Prisma schema of `{}` names no provider", service.key()),
                )
                .about(service, "no provider")
                .help("add `provider = \"postgresql\"`");
        }
        let read = datasource.provider.as_ref();
        let Some(provider) = read.filter(|provider| !is_broken(provider)) else {
            continue;
        };
        // `postgres` is an old name that Prisma takes for `postgresql`.
        if matches!(provider.value.as_str(), "postgresql" | "postgres") {
            continue;
        }
        report
            .at(
                provider.place,
                format!(
                    "the Prisma schema of `{}` is made for `{}`",
                    service.key(),
                    provider.value
                ),
            )
            .about(service, provider.value.clone())
            .because(
                service.database_place(),
                format!(
                    "`{}` is on PostgreSQL",
                    service.database().unwrap_or_default()
                ),
            )
            .argues(Attribute::Provider, Wrong::Everything)
            .help("write `postgresql`");
    }
}
