//! See `rules/registry/layer-dependency.md`.

use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::policy::Policy;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "layer-dependency", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let policy = workspace.policy;
    for product in workspace.products() {
        for crossing in product.crossings(&policy.layers) {
            let (from, to) = (&crossing.from.value, &crossing.to.value);
            let allowed = allowed(policy, from);
            if allowed.contains(to) {
                continue;
            }
            let (key, target) = (crossing.service.key(), crossing.target.key());
            let (owner, edge) = crossing
                .cycle
                .map_or((crossing.service, crossing.text), |last| {
                    (last.service, last.text)
                });
            report
                .at(
                    workspace.stand_in_registry(&crossing.text.origin),
                    format!(
                        "`{key}` of layer `{from}` depends on `{target}`, a service of layer `{to}`"
                    ),
                )
                .about(crossing.service, target)
                .because(
                    crossing.to.place(),
                    format!("`{target}` is in layer `{to}`"),
                )
                .argues_for(
                    owner.into(),
                    Attribute::Dependencies,
                    Wrong::Value(edge.value.clone()),
                )
                .help(format!(
                    "remove `{target}`; a service of layer `{from}` may depend on {}",
                    in_words(allowed)
                ));
        }
    }
}

/// The other layers that services of a layer may depend on: those that are configured, else the lower ones.
fn allowed<'p>(policy: &'p Policy, layer: &str) -> &'p [String] {
    let configured = policy.layers_for(RULE.entry.name, "may-depend-on", layer);
    configured.unwrap_or_else(|| {
        let is_it = |known: &String| known == layer;
        let rank = policy.layers.iter().position(is_it).unwrap_or_default();
        &policy.layers[..rank]
    })
}

fn in_words(layers: &[String]) -> String {
    let names: Vec<String> = layers.iter().map(|layer| format!("`{layer}`")).collect();
    if names.is_empty() {
        "its own layer only".to_owned()
    } else {
        format!("its own layer and on {} only", names.join(", "))
    }
}
