//! See `rules/compose/role-mismatch.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "role-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for wrong in workspace
        .stack_numbers()
        .flat_map(|stack| workspace.wrong_roles(stack))
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
