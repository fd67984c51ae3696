//! Dependencies that lead from one layer to another.

use std::collections::HashMap;

use crate::model::dependencies::Step;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;

/// An entry of `dependsOn` that names a service of another layer.
pub struct Crossing<'a> {
    /// Whose entry it is.
    pub service: &'a Service,
    /// What it says.
    pub text: &'a Text,
    /// The layer that it leads from.
    pub from: &'a Text,
    /// The service that it leads to.
    pub target: &'a Service,
    /// The layer that it leads to.
    pub to: &'a Text,
    /// The last step of the cycle that it is part of.
    pub cycle: Option<Step<'a>>,
}

impl Product {
    /// Dependencies from one of the `layers` to another, in the order of the registry; none from or to a
    /// service whose layer is in doubt.
    pub fn crossings(&self, layers: &[String]) -> Vec<Crossing<'_>> {
        let layer_of = |service: &Service| service.odd_layer(layers).is_none();
        let mut cycles = HashMap::new();
        for cycle in self.dependency_cycles() {
            let last = cycle.last().copied();
            cycles.extend(cycle.into_iter().filter_map(|step| {
                let edge = (step.service.key(), step.text.value.as_str());
                Some((edge, last?))
            }));
        }
        let mut crossings = Vec::new();
        for service in self.services().iter().filter(|it| layer_of(it)) {
            for text in service.dependencies() {
                let target = self.service(&text.value).filter(|it| layer_of(it));
                let Some(target) = target else {
                    continue;
                };
                let layers = service.entry.layer.known().zip(target.entry.layer.known());
                let Some((from, to)) = layers.filter(|(from, to)| from.value != to.value) else {
                    continue;
                };
                let edge = (service.key(), text.value.as_str());
                crossings.push(Crossing {
                    service,
                    text,
                    from,
                    target,
                    to,
                    cycle: cycles.get(&edge).copied(),
                });
            }
        }
        crossings
    }
}
