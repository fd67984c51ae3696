//! See `rules/registry/layer-mismatch.md`.

use crate::catalogue::one_of;
use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::service::{OddLayer, Service};
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("registry", "layer-mismatch", check);

fn check(workspace: &Workspace, report: &mut Report) {
    let layers = &workspace.policy.layers;
    for wrong in workspace.wrong_layers() {
        let Some(((service, odd), others)) = wrong.services.split_first() else {
            continue;
        };
        let (key, layer) = (service.key(), &odd.layer.value);
        let in_folder = |(service, odd): &(&Service, OddLayer)| {
            let (folder, place) = odd.folder?;
            let text = format!("the module of `{}` is in `{folder}`", service.key());
            Some((place, text))
        };
        report
            .at(
                wrong.place,
                match odd.folder {
                    Some((folder, _)) if odd.is_layer => {
                        format!("`{key}` is in layer `{layer}`, but its module is in `{folder}`")
                    }
                    _ => format!("`{key}` is in `{layer}`, which is no layer"),
                },
            )
            .about(*service, layer.clone())
            .because_all(in_folder(&(*service, *odd)))
            .because_all(others.iter().filter_map(in_folder))
            .argues(Attribute::Module, Wrong::Everything)
            .help(match odd.folder {
                Some((folder, _)) => format!("write `{folder}`"),
                None => format!("write {}", one_of(layers)),
            });
    }
}
