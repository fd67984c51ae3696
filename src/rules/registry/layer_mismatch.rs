//! See `rules/registry/layer-mismatch.md`.

use crate::catalogue::one_of;
use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::product::Product;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "layer-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let layers = &workspace.policy.layers;
    for service in workspace.products().iter().flat_map(Product::services) {
        let Some(odd) = service.odd_layer(layers) else {
            continue;
        };
        let (key, layer) = (service.key(), &odd.layer.value);
        report
            .at(
                workspace.stand_in_registry(&odd.layer.origin),
                match odd.folder {
                    Some((folder, _)) if odd.is_layer => {
                        format!("`{key}` is in layer `{layer}`, but its module is in `{folder}`")
                    }
                    _ => format!("`{key}` is in `{layer}`, which is no layer"),
                },
            )
            .about(service, layer.clone())
            .because_all(
                odd.folder.map(|(folder, place)| {
                    (place, format!("the module of `{key}` is in `{folder}`"))
                }),
            )
            .argues(Attribute::Module, Wrong::Everything)
            .help(match odd.folder {
                Some((folder, _)) => format!("write `{folder}`"),
                None => format!("write {}", one_of(layers)),
            });
    }
}
