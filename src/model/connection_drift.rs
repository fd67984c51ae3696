//! Services that no registry names, and the databases that their connection strings name in different files.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::Workspace;
use crate::model::compose::Part;
use crate::model::inferred::InferredService;
use crate::model::owners::Claim;
use crate::model::settings::{Setting, is_name, is_placeholder, is_variant_of};
use crate::source::Place;

/// A service whose connection strings name two databases.
pub struct ConnectionDrift<'a> {
    /// The service.
    pub service: &'a InferredService,
    /// The variable.
    pub variable: &'a str,
    /// The name that differs.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The name that its first stack has.
    pub usual: String,
    /// Where that stands, and where the other name stands besides.
    pub labels: Vec<(Place, String)>,
}

impl Workspace<'_> {
    /// Services of no registry whose files name another database than the first stack that runs them.
    pub fn connection_drifts(&self) -> Vec<ConnectionDrift<'_>> {
        let claims = self.claims();
        let claimed: HashSet<&str> = claims.iter().map(|it| it.database.text.as_str()).collect();
        let nobody = HashSet::new();
        let mut found = Vec::new();
        for (number, service) in self.inferred_services().iter().enumerate() {
            let own = self.claims_of(number);
            let is_run = |claim: &&Claim| self.stacks[claim.user.0].runs_as_it_is();
            let mut usual = own.iter().filter(|claim| !claim.is_of_helper());
            let Some(usual) = usual.clone().find(is_run).or_else(|| usual.next()) else {
                continue;
            };
            // A stack that names several has its reasons, or `shared-database` says it.
            let mut names: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
            for claim in &own {
                let of_stack = names.entry(claim.user.0).or_default();
                of_stack.insert(claim.database.text.as_str());
            }
            if names.values().any(|names| names.len() > 1) {
                continue;
            }
            let usual_name = usual.database.text.as_str();
            let mut others: BTreeMap<String, Vec<(&str, Place)>> = BTreeMap::new();
            let in_other_stacks = own
                .iter()
                .filter(|claim| claim.user.0 != usual.user.0 && !claim.is_of_helper())
                .filter(|claim| !claim.database.is_from_example);
            for claim in in_other_stacks {
                let part = &claim.database;
                let is_drift = is_meant(&part.text, usual_name, &nobody, false)
                    && stem(&part.text) != stem(usual_name);
                if let Some(link) = part.chain.last().filter(|_| is_drift) {
                    let places = others.entry(part.text.clone()).or_default();
                    places.push((claim.variable.name.value.as_str(), link.place));
                }
            }
            for setting in self.settings().of_inferred(number) {
                let variable = setting.variable.name.value.as_str();
                if !service.variables.iter().any(|name| name == variable) {
                    continue;
                }
                let part = setting.variable.named_database();
                let part = part.filter(|part| self.is_another(setting, part, usual_name, &claimed));
                if let Some(place) = part.as_ref().and_then(|part| part.chain.last()) {
                    let name = part
                        .as_ref()
                        .map(|part| part.text.clone())
                        .unwrap_or_default();
                    others
                        .entry(name)
                        .or_default()
                        .push((variable, place.place));
                }
            }
            for (name, places) in others {
                let (variable, place) = places[0];
                let first = (
                    usual.place(),
                    format!("`{}` has `{usual_name}`", service.name),
                );
                let more = places[1..].iter();
                let more = more.map(|(_, place)| (*place, format!("`{name}` here as well")));
                found.push(ConnectionDrift {
                    service,
                    variable,
                    place,
                    usual: usual_name.to_owned(),
                    labels: [first].into_iter().chain(more).collect(),
                    name,
                });
            }
        }
        found
    }

    /// Whether a setting means another database than the usual one: what stands in for a name, and where any
    /// value will do the database that nobody has, are not meant.
    fn is_another(
        &self,
        setting: &Setting,
        part: &Part,
        usual: &str,
        claimed: &HashSet<&str>,
    ) -> bool {
        let holds_stand_ins = setting.holder.holds_stand_ins();
        part.is_known
            && is_meant(&part.text, usual, claimed, holds_stand_ins)
            && !self.is_of_stack(part)
    }
}

/// A name without the word behind it that tells what a stack is for.
fn stem(name: &str) -> &str {
    const WORDS: [&str; 8] = [
        "dev",
        "development",
        "local",
        "prod",
        "production",
        "stage",
        "staging",
        "test",
    ];
    match name.rsplit_once(['_', '-']) {
        Some((stem, word)) if WORDS.contains(&word) => stem,
        _ => name,
    }
}

fn is_meant(name: &str, usual: &str, claimed: &HashSet<&str>, holds_stand_ins: bool) -> bool {
    let is_owned = claimed.contains(name);
    is_name(name)
        && (is_owned || !holds_stand_ins && !is_placeholder(name))
        && name != usual
        && !is_variant_of(usual, name)
        && !is_variant_of(name, usual)
}
