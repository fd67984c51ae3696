//! See `rules/registry/hostname-mismatch.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "hostname-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for service in product
            .services()
            .iter()
            .filter(|it| workspace.is_entry_whole(it))
        {
            let key = service.key();
            let known = service.entry.hostname.known();
            let Some(hostname) = known.filter(|hostname| hostname.value != key) else {
                continue;
            };
            let name = &hostname.value;
            let place = workspace.stand_in_registry(&hostname.origin);
            let whose = product.service(name);
            let what = match whose {
                Some(_) => "which is another service",
                None => "not its key",
            };
            report
                .at(
                    place,
                    format!("the hostname of `{key}` is `{name}`, {what}"),
                )
                .about(service, name.clone())
                .because(
                    service.entry.key.place,
                    "the key, which is the host on the Docker network",
                )
                .because_all(whose.map(|other| {
                    let remark = format!("`{name}` is this service");
                    (other.entry.key.place, remark)
                }))
                .fix(workspace.replacement(place, name, key, true))
                .argues(Attribute::Name, Wrong::Everything)
                .help(format!("write `{key}`"));
        }
    }
}
