//! Connections of a service to another database than its own, besides the one that it should have.

use std::collections::{BTreeSet, HashMap};

use crate::finding::Owner;
use crate::model::User;
use crate::model::Workspace;
use crate::model::compose::{Part, Service as Container, Variable};
use crate::model::owners::{Claim, Server};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::settings::{ForeignDatabase, is_name, is_placeholder, is_variant_of};
use crate::source::Place;

/// A connection of a service to another database than its own.
pub struct SecondConnection<'a> {
    /// The database's name.
    pub place: Place,
    /// The same, as text.
    pub database: String,
    /// Whose connection it is.
    pub owner: Owner,
    /// The name of the service.
    pub service: &'a str,
    /// The variable; empty where a program is handed the connection string as it is.
    pub variable: &'a str,
    /// The database and whose it is, to end a sentence with.
    pub whose: String,
    /// The service that owns the database, where one does.
    pub belongs_to: Option<&'a str>,
    /// The places that say whose the databases are.
    pub labels: Vec<(Place, String)>,
    /// Whether the variable that should hold the service's own connection string names this database too:
    /// then the service's database is in question, and not the second variable.
    pub is_taken_for_own: bool,
}

/// A further connection string of a service.
struct Candidate<'a> {
    user: User,
    service: &'a Service,
    variable: &'a Variable,
    part: Part,
    /// Whether it leads to another database than the service's own. Where it does not, nobody is wronged by
    /// the removal of a text that the service shares with others.
    is_foreign: bool,
}

impl Workspace<'_> {
    /// Connections of a product's services to other databases, in its stacks and in other files.
    pub fn second_connections<'p>(&'p self, product: &'p Product) -> Vec<SecondConnection<'p>> {
        let mut candidates = Vec::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            let own = product.services().iter();
            let own = own.filter_map(|service| Some((service, service.container(stack)?)));
            for (service, container) in own.chain(self.further_containers(product, index)) {
                let user = (index, stack.position(container));
                let others = self.other_connections(service, container).into_iter();
                candidates.extend(others.filter_map(|variable| {
                    let is_owned = |name: &str| product.owner_of(name).is_some();
                    let foreign = service
                        .database()
                        .and_then(|own| foreign_part(variable, own, is_owned));
                    Some(Candidate {
                        user,
                        service,
                        variable,
                        is_foreign: foreign.is_some(),
                        part: foreign.or_else(|| variable.named_database())?,
                    })
                }));
            }
        }
        let links = self.stand_alike(&candidates, |candidate| {
            let name = candidate.variable.name.value.as_str();
            (candidate.user, &candidate.part, name)
        });
        let foreign = links.into_iter().zip(&candidates);
        let foreign = foreign.filter(|(_, candidate)| candidate.is_foreign);
        let in_stacks = foreign.filter_map(|(link, candidate)| {
            let link = link?;
            let Candidate {
                service,
                variable,
                part,
                ..
            } = candidate;
            let way = part.way_to(&link, service.key());
            Some(of_service(
                product, service, variable, part, link.place, way,
            ))
        });
        let mut found: Vec<_> = in_stacks.collect();
        found.extend(self.second_settings(product));
        let taken = self.databases_taken_for_own(product);
        for second in &mut found {
            let own = taken.get(second.service);
            second.is_taken_for_own = own.is_some_and(|own| own.contains(&second.database));
        }
        found
    }

    /// The databases that the variables for a service's own connection string name, by service.
    fn databases_taken_for_own<'p>(
        &'p self,
        product: &'p Product,
    ) -> HashMap<&'p str, BTreeSet<String>> {
        let mut taken: HashMap<&str, BTreeSet<String>> = HashMap::new();
        let mut add = |service: &'p Service, variable: &Variable| {
            let named = variable.named_database().map(|part| part.text);
            taken.entry(service.key()).or_default().extend(named);
        };
        for url in self.database_urls(product) {
            add(url.service, url.variable);
        }
        for setting in self.settings().of_product(product) {
            if setting.variable.name.value == self.policy.database_variable {
                let services = self.services_of_setting(setting);
                services
                    .filter(|(_, service)| service.product == product.name)
                    .for_each(|(_, service)| add(service, &setting.variable));
            }
        }
        taken
    }

    fn second_settings<'p>(
        &'p self,
        product: &'p Product,
    ) -> impl Iterator<Item = SecondConnection<'p>> {
        let wrongs = self.foreign_settings(product);
        let others =
            wrongs.filter(|wrong| wrong.variable.name.value != self.policy.database_variable);
        others.map(|wrong| {
            of_service(
                product,
                wrong.service,
                wrong.variable,
                &wrong.part,
                wrong.place,
                wrong.way,
            )
        })
    }

    /// Databases that files other than compose files name for a product's services, and that are not
    /// their own.
    pub(super) fn foreign_settings<'p>(
        &'p self,
        product: &'p Product,
    ) -> impl Iterator<Item = ForeignDatabase<'p>> {
        let settings = self.settings().of_product(product);
        let wrongs = settings.filter_map(|setting| self.foreign_database(setting));
        wrongs.filter(|wrong| wrong.service.product == product.name)
    }

    /// Those of them that stand in the variable which should hold their own.
    pub fn wrong_settings<'p>(
        &'p self,
        product: &'p Product,
    ) -> impl Iterator<Item = ForeignDatabase<'p>> {
        self.foreign_settings(product)
            .filter(|wrong| wrong.variable.name.value == self.policy.database_variable)
    }

    /// The variables of a container that may hold a further connection string. A container with a single
    /// one, under another name, has its own one renamed.
    fn other_connections<'c>(
        &self,
        service: &Service,
        container: &'c Container,
    ) -> Vec<&'c Variable> {
        let name = &self.policy.database_variable;
        let variables = container.environment.iter();
        let others: Vec<&Variable> = variables
            .filter(|variable| variable.name.value != *name && variable.named_database().is_some())
            .collect();
        let has_none = container.variable(name).is_none();
        let is_renamed = others.len() == 1 && has_none && !service.is_stateless();
        if is_renamed { Vec::new() } else { others }
    }

    /// Connections of services that no registry names to the database of another one. Whose a database is
    /// stands in the stack: it is named by the connection string of a service that keeps tables of its own.
    pub fn second_connections_without_registry(&self) -> Vec<SecondConnection<'_>> {
        let claims = self.claims();
        let mut owners: HashMap<(usize, &Server, &str), Vec<&Claim>> = HashMap::new();
        for claim in claims.iter().filter(|claim| claim.service.store.is_some()) {
            let key = (claim.user.0, &claim.server, claim.database.text.as_str());
            owners.entry(key).or_default().push(claim);
        }
        let mut found = Vec::new();
        for claim in claims.iter().filter(|claim| !claim.is_of_helper()) {
            let own = claim.database.text.as_str();
            for variable in &claim.container.environment {
                if claim.service.variables.contains(&variable.name.value) {
                    continue;
                }
                let server = match variable.connection {
                    Some(_) => self.server_of(claim.user.0, claim.container, variable),
                    None => Some(claim.server.clone()),
                };
                let Some((server, part)) = server.zip(foreign_part(variable, own, |_| true)) else {
                    continue;
                };
                let claimants = owners.get(&(claim.user.0, &server, part.text.as_str()));
                let owner = claimants.and_then(|claimants| only_owner(claimants));
                let owner = owner.filter(|owner| owner.service.name != claim.service.name);
                found
                    .extend(owner.and_then(|owner| second_of_claim(claim, owner, variable, &part)));
            }
        }
        found.extend(self.second_settings_without_registry(&claims));
        found
    }

    /// The same in the files of their modules. Where a host leads there is not known, so only what one stack
    /// runs together is compared.
    fn second_settings_without_registry<'p>(
        &'p self,
        claims: &[Claim<'p>],
    ) -> Vec<SecondConnection<'p>> {
        let mut owners: HashMap<(usize, &str), Vec<&Claim>> = HashMap::new();
        for claim in claims.iter().filter(|claim| claim.service.store.is_some()) {
            let key = (claim.user.0, claim.database.text.as_str());
            owners.entry(key).or_default().push(claim);
        }
        let mut found = Vec::new();
        for (number, service) in self.inferred_services().iter().enumerate() {
            let own = self.claims_of(number);
            let Some(claim) = own.iter().find(|claim| !claim.is_of_helper()) else {
                continue;
            };
            for setting in self.settings().of_inferred(number) {
                let variable = &setting.variable;
                if service.variables.contains(&variable.name.value) {
                    continue;
                }
                let part = foreign_part(variable, &claim.database.text, |_| true);
                let part =
                    part.filter(|part| !is_placeholder(&part.text) && !self.is_of_stack(part));
                found.extend(part.and_then(|part| {
                    let claimants = owners.get(&(claim.user.0, part.text.as_str()))?;
                    let owner = only_owner(claimants)?;
                    let is_other = owner.service.name != service.name;
                    is_other.then(|| second_of_claim(claim, owner, variable, &part))?
                }));
            }
        }
        found
    }
}

/// The owner of a database, unless several services claim it.
fn only_owner<'o, 's>(claimants: &[&'o Claim<'s>]) -> Option<&'o Claim<'s>> {
    let (first, others) = claimants.split_first()?;
    let mut others = others.iter();
    let is_one = others.all(|other| other.service.name == first.service.name);
    is_one.then_some(*first)
}

fn second_of_claim<'p>(
    claim: &Claim<'p>,
    owner: &Claim<'p>,
    variable: &'p Variable,
    part: &Part,
) -> Option<SecondConnection<'p>> {
    let link = part.chain.last()?;
    let label = |claim: &Claim| {
        let remark = format!("`{}` owns `{}`", claim.service.name, claim.database.text);
        (claim.place(), remark)
    };
    let way = part.way_to(link, &claim.container.key.value);
    Some(SecondConnection {
        place: link.place,
        owner: claim.service.into(),
        service: &claim.service.name,
        variable: &variable.name.value,
        whose: format!("`{}`, the database of `{}`", part.text, owner.service.name),
        belongs_to: Some(&owner.service.name),
        labels: [label(owner), label(claim)]
            .into_iter()
            .chain(way)
            .collect(),
        is_taken_for_own: false,
        database: part.text.clone(),
    })
}

/// The part of a variable that names another database than one's own; nothing where it is a direct or a
/// read connection to one's own, or to one that stands in for it.
fn foreign_part(variable: &Variable, own: &str, is_owned: impl Fn(&str) -> bool) -> Option<Part> {
    let part = variable.named_database()?;
    if !part.is_known || !is_name(&part.text) || part.text == own {
        return None;
    }
    let is_spare = variable.is_for_stand_in() || is_variant_of(own, &part.text);
    (!is_spare || is_owned(&part.text)).then_some(part)
}

fn of_service<'p>(
    product: &'p Product,
    service: &'p Service,
    variable: &'p Variable,
    part: &Part,
    place: Place,
    way: Option<(Place, String)>,
) -> SecondConnection<'p> {
    let mut labels = product.ownership(service, &part.text);
    labels.extend(way);
    SecondConnection {
        place,
        database: part.text.clone(),
        owner: service.into(),
        service: service.key(),
        variable: &variable.name.value,
        whose: product.says_whose(&part.text),
        belongs_to: product.owner_of(&part.text).map(Service::key),
        labels,
        is_taken_for_own: false,
    }
}
