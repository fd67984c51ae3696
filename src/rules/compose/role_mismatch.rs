//! See `rules/compose/role-mismatch.md`.

use std::collections::HashSet;

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::Place;

pub(crate) const RULE: Rule = rule!("compose", "role-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    // In a URL that leads to another's database, that is the mistake.
    let shared = workspace.shared_without_registry();
    let intruders: HashSet<Place> = shared
        .iter()
        .map(|shared| shared.intruder.variable.name.place)
        .collect();
    for wrong in workspace
        .stack_numbers()
        .flat_map(|stack| workspace.wrong_roles(stack))
        .filter(|wrong| !intruders.contains(&wrong.variable))
    {
        // The user of a server is everyone's.
        let (subject, attribute, role) = if wrong.is_of_server {
            let product = wrong.owner.product.clone();
            let all = Owner {
                product,
                service: None,
            };
            (all, Attribute::Superuser, &wrong.right)
        } else {
            (wrong.owner.clone(), Attribute::Role, &wrong.text)
        };
        report
            .at(wrong.place, wrong.message)
            .about(wrong.owner, format!("role {role}"))
            .because_all(wrong.labels)
            .argues_for(subject, attribute, Wrong::Value(role.clone()))
            .help(wrong.help);
    }
}
