//! Dependencies that lead from one layer to another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::dependencies::Step;
use crate::model::product::Product;
use crate::model::service::{OddLayer, Service};
use crate::model::value::Text;
use crate::model::{RegistryUser, Workspace};
use crate::source::Place;

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

/// A layer that is wrong for all who take it from one place.
pub struct WrongLayer<'a> {
    /// Where it stands.
    pub place: Place,
    /// Whose layer it is, each with what is wrong about it.
    pub services: Vec<(&'a Service, OddLayer<'a>)>,
}

impl Workspace<'_> {
    /// The layers that are none, or not the folders that the modules are in.
    pub fn wrong_layers(&self) -> Vec<WrongLayer<'_>> {
        let mut odd: Vec<(RegistryUser, &Service, OddLayer)> = Vec::new();
        for (number, product) in self.products().iter().enumerate() {
            let services = product.services().iter().enumerate();
            odd.extend(services.filter_map(|(service_number, service)| {
                let odd = service.odd_layer(&self.policy.layers)?;
                Some(((number, service_number, "layer"), service, odd))
            }));
        }
        let mut alike: HashMap<_, BTreeSet<RegistryUser>> = HashMap::new();
        for (user, _, odd) in &odd {
            alike.entry(odd.mistake()).or_default().insert(*user);
        }
        let mut by_place: BTreeMap<Place, Vec<(&Service, OddLayer)>> = BTreeMap::new();
        for (_, service, odd) in &odd {
            let users = &alike[&odd.mistake()];
            let is_theirs = |place: &Place| {
                let all = self.registry_users.get(place);
                all.is_some_and(|all| all.is_subset(users))
            };
            let origin = &odd.layer.origin;
            let deepest = std::iter::once(origin.written).chain(origin.links.iter().rev().copied());
            let place = deepest.into_iter().find(is_theirs);
            let place = place.unwrap_or_else(|| origin.nearest());
            by_place.entry(place).or_default().push((service, *odd));
        }
        let wrong = by_place.into_iter();
        wrong
            .map(|(place, services)| WrongLayer { place, services })
            .collect()
    }
}
