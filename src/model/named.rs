//! Texts of a registry that name other services or hold settings, and where a wrong one stands.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::{Origin, Text};
use crate::source::Place;

/// A text of an entry's `extraEnv` or `dependsOn`, told by the key of the entry and by the variable or
/// the name in the list. What an entry says of itself goes by an empty name.
pub(super) type NamingText = (Place, String);

/// A wrong text of `extraEnv` or `dependsOn`.
pub struct WrongText<'a> {
    /// Whose it is.
    pub service: &'a Service,
    /// The variable, or the name in the list.
    pub name: &'a str,
    /// The text.
    pub text: &'a Text,
    /// The bytes of it that are wrong.
    pub range: Range<usize>,
}

impl<'a> WrongText<'a> {
    /// A whole name in `dependsOn`.
    pub fn whole(service: &'a Service, text: &'a Text) -> Self {
        Self {
            service,
            name: &text.value,
            text,
            range: 0..text.value.len(),
        }
    }
}

/// Which of these texts come from which place.
pub(super) fn naming_texts(products: &[Product]) -> HashMap<Place, BTreeSet<NamingText>> {
    let mut users: HashMap<Place, BTreeSet<NamingText>> = HashMap::new();
    let services = products.iter().flat_map(Product::services);
    for service in services {
        let entry = &service.entry;
        let mut add = |name: &str, origins: Vec<&Origin>| {
            for place in origins
                .into_iter()
                .flat_map(|origin| origin.links.iter().chain([&origin.written]))
            {
                let user = (entry.key.place, name.to_owned());
                users.entry(*place).or_default().insert(user);
            }
        };
        for variable in entry
            .extra_env
            .known()
            .into_iter()
            .flat_map(|it| &it.variables)
        {
            add(&variable.name.value, variable.value.origins());
        }
        for text in service.dependencies() {
            let pieces = text.pieces.iter().map(|piece| &piece.origin);
            add(&text.value, pieces.chain([&text.origin]).collect());
        }
        for (field, origin) in entry.origins() {
            if !["extraEnv", "dependsOn"].contains(&field) {
                add("", vec![origin]);
            }
        }
    }
    users
}

/// A connection string that a registry gives to a service.
pub struct GivenConnection<'a> {
    /// The service.
    pub service: &'a Service,
    /// The variable.
    pub variable: &'a str,
    /// The connection string; the name of the variable that follows from `database`.
    pub place: Place,
}

impl Workspace<'_> {
    /// Variables of `extraEnv` that hold a connection string, or are the one that follows from `database`.
    pub fn given_connections(&self) -> Vec<GivenConnection<'_>> {
        let own = self.policy.database_variable.as_str();
        let mut found = Vec::new();
        for service in self.products.iter().flat_map(Product::services) {
            let known = service.entry.extra_env.known().into_iter();
            let variables = known.flat_map(|environment| &environment.variables);
            found.extend(
                variables
                    .filter(|variable| variable.holds_connection_string(own))
                    .map(|variable| (service, variable)),
            );
        }
        let (named, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(_, variable)| variable.name.value == own);
        let wrongs: Vec<WrongText> = others
            .into_iter()
            .filter_map(|(service, variable)| {
                let text = variable.value.known()?;
                Some(WrongText {
                    service,
                    name: &variable.name.value,
                    text,
                    range: 0..text.value.len(),
                })
            })
            .collect();
        let places = self.stand_on_names(&wrongs);
        let given = named
            .into_iter()
            .map(|(service, variable)| GivenConnection {
                service,
                variable: own,
                place: variable.name.place(),
            });
        let held = places
            .into_iter()
            .zip(wrongs)
            .map(|(place, wrong)| GivenConnection {
                service: wrong.service,
                variable: wrong.name,
                place,
            });
        given.chain(held).collect()
    }

    /// Where each of these wrong texts stands: where it is written, or on the deepest link, if all that
    /// take it from there are wrong alike; else nearest its entry.
    pub fn stand_on_names(&self, wrongs: &[WrongText]) -> Vec<Place> {
        let mut alike: HashMap<(&str, &Range<usize>), BTreeSet<NamingText>> = HashMap::new();
        for wrong in wrongs {
            let group = alike.entry((&wrong.text.value, &wrong.range)).or_default();
            group.insert((wrong.service.entry.key.place, wrong.name.to_owned()));
        }
        wrongs
            .iter()
            .map(|wrong| {
                let group = &alike[&(wrong.text.value.as_str(), &wrong.range)];
                self.stand_on_name(wrong.text, wrong.range.clone(), group)
            })
            .collect()
    }

    fn stand_on_name(
        &self,
        text: &Text,
        range: Range<usize>,
        wrong: &BTreeSet<NamingText>,
    ) -> Place {
        let is_wrong_for_all = |place: &&Place| {
            let users = self.naming_texts.get(*place);
            users.is_some_and(|users| users.is_subset(wrong))
        };
        let piece = text.piece_with(&range);
        if piece.is_some_and(|piece| is_wrong_for_all(&&piece.origin.written)) {
            return text.definition_of_part(range);
        }
        let inner = piece
            .into_iter()
            .flat_map(|it| it.origin.links.iter().rev());
        let outer = text.origin.links.iter().rev();
        let deepest = inner.chain(outer).find(is_wrong_for_all);
        deepest.copied().unwrap_or_else(|| text.part(range))
    }
}
