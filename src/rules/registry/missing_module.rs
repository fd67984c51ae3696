//! See `rules/registry/missing-module.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "missing-module", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        // What is nowhere else either was only added to the registry.
        let not_run = workspace.services_not_run(product);
        for missing in workspace.missing_modules(product) {
            let text = &missing.text;
            let first = missing.services[0];
            let message = match missing.services.len() {
                1 => format!(
                    "the Dockerfile of `{}`, `{text}`, {}",
                    first.key(),
                    missing.why
                ),
                services => format!("`{text}` leads {services} services to no Dockerfile"),
            };
            let users = missing.services.iter().filter_map(|service| {
                let path = service.entry.dockerfile.known()?;
                Some((
                    path.place(),
                    format!("`{}` takes its path from it", service.key()),
                ))
            });
            let users: Vec<_> = users.filter(|_| missing.services.len() > 1).collect();
            report
                .at(missing.place, message)
                .about(first, text.clone())
                .because_all(users)
                .argues(if not_run.contains(first.key()) { Attribute::Container } else { Attribute::Module }, Wrong::Everything)
                .fix(missing.right.as_deref().and_then(|right| {
                    workspace.unsafe_replacement(missing.place, text, right)
                }))
                .help(match &missing.right {
                    Some(right) => format!("write `{right}`, which exists"),
                    None => "write the path of its Dockerfile from the root of the monorepo, or remove the entry".to_owned(),
                });
        }
    }
}
