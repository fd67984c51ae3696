//! See `rules/registry/duplicate-port.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "duplicate-port", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for (port, claims) in product.ports_claimed_twice() {
            let last = claims.last();
            report
                .at(
                    last.port_stand(workspace),
                    format!(
                        "`{}` listens on port {port}, which belongs to {}",
                        last.key(),
                        claims.names_without(last)
                    ),
                )
                .about(last, port.to_string())
                .because_all(claims.others(last).map(|service| {
                    (
                        service.port_place(),
                        format!("`{}` listens on {port}", service.key()),
                    )
                }))
                .argues(Attribute::Port, Wrong::Everything)
                .help(format!(
                    "write a free port, such as {}",
                    product.free_port_above(port)
                ));
        }
    }
}
