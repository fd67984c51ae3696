//! Paths of Dockerfiles in a registry that lead nowhere, one mistake each.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Workspace;
use crate::model::dockerfiles::MissingDockerfile;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;
use crate::source::Place;

/// One mistake that leaves services without their Dockerfiles.
pub struct MissingModule<'a> {
    /// The wrong text.
    pub place: Place,
    /// The same, as it is read.
    pub text: String,
    /// The services that take their paths from it.
    pub services: Vec<&'a Service>,
    /// What is wrong with the paths.
    pub why: &'static str,
    /// What to write, where a Dockerfile was probably meant that exists.
    pub right: Option<String>,
}

impl Workspace<'_> {
    /// The mistakes in a product's `dockerfile` paths. A constant that makes all its users wrong alike is
    /// one.
    pub fn missing_modules<'p>(&self, product: &'p Product) -> Vec<MissingModule<'p>> {
        let services = product.services();
        let mut shared: BTreeMap<(Place, String), Vec<usize>> = BTreeMap::new();
        let mut alone: BTreeMap<usize, MissingModule> = BTreeMap::new();
        for (number, service) in services.iter().enumerate() {
            let wrong = service.missing_dockerfile.as_ref();
            let (Some(wrong), Some(text)) = (wrong, service.entry.dockerfile.known()) else {
                continue;
            };
            for (place, right) in misspelt_pieces(text, wrong) {
                shared.entry((place, right)).or_default().push(number);
            }
            let mistake = MissingModule {
                place: self.stand_in_registry(&text.origin),
                text: text.value.clone(),
                services: vec![service],
                why: wrong.why,
                right: wrong.meant.clone(),
            };
            alone.insert(number, mistake);
        }
        let mut mistakes = Vec::new();
        for ((place, right), users) in shared {
            let all_users = self.registry_users.get(&place).map_or(0, BTreeSet::len);
            let is_told = |number| !alone.contains_key(number);
            // A path that holds it twice has no single piece to mend.
            let is_repeated = users.windows(2).any(|pair| pair[0] == pair[1]);
            let is_one = users.len() > 1 && users.len() == all_users && !is_repeated;
            if !is_one || users.iter().any(is_told) {
                continue;
            }
            let together = users.iter().filter_map(|number| alone.remove(number));
            let Some(first) = together.reduce(|first, _| first) else {
                continue;
            };
            mistakes.push(MissingModule {
                place,
                text: self.sources.slice(place).to_owned(),
                services: users.iter().map(|&number| &services[number]).collect(),
                right: Some(right),
                ..first
            });
        }
        mistakes.extend(alone.into_values());
        mistakes
    }
}

/// The pieces of a glued path of which one alone is wrong, each with what it should be.
fn misspelt_pieces<'t>(
    text: &'t Text,
    wrong: &'t MissingDockerfile,
) -> impl Iterator<Item = (Place, String)> + use<'t> {
    let meant = wrong.meant.as_deref();
    text.pieces.iter().filter_map(move |piece| {
        let before = &text.value[..piece.range.start];
        let behind = &text.value[piece.range.end..];
        let right = meant?.strip_prefix(before)?.strip_suffix(behind)?;
        let is_used = !piece.origin.links.is_empty();
        is_used.then(|| (piece.origin.written, right.to_owned()))
    })
}
