//! What services wait for before they start.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::compose::{Dependency, Part, Service as Container, Stack};
use crate::model::product::Product;
use crate::model::registry::List;
use crate::model::resolve::Resolved;
use crate::model::service::Service;
use crate::model::{User, Workspace};
use crate::source::Place;

/// The condition that a service with a database waits for.
pub const HEALTHY: &str = "service_healthy";

/// Services that a container should wait for and does not.
pub struct MissingDependencies<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// Its container.
    pub container: &'a Container,
    /// What it should wait for: the container's name, whether it is Postgres, and the place that says so.
    pub missing: Vec<(&'a str, bool, Place)>,
}

/// A Postgres that a service does not wait for until it is healthy.
pub struct WeakDependency<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// The name of the Postgres service.
    pub server: &'a str,
    /// The condition, or the name in a list, which has none.
    pub place: Place,
    /// The condition, where there is one.
    pub condition: Option<&'a str>,
    /// Where the service takes the condition from another place.
    pub way: Option<(Place, String)>,
}

impl MissingDependencies<'_> {
    /// The names as one text.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.missing.iter().map(|(name, ..)| *name).collect();
        names.join(", ")
    }
}

impl Workspace<'_> {
    /// What the services of the product's development set should wait for and do not: the Postgres that
    /// their URL leads to, and what the registry's `dependsOn` names. Those that lack one of these may lack
    /// their Redis as well.
    pub fn missing_dependencies<'p>(
        &'p self,
        product: &'p Product,
    ) -> Vec<MissingDependencies<'p>> {
        let circular: BTreeSet<Place> = product
            .dependency_cycles()
            .into_iter()
            .flatten()
            .map(|step| step.text.place())
            .collect();
        let development = self.development(product).into_iter();
        let redis: Vec<&Container> = development
            .flat_map(|stack| &stack.services)
            .filter(|it| it.is_redis())
            .collect();
        // A server that goes by another name than the one they wait for.
        let undefined = product.development.map(|index| self.undefined_hosts(index));
        let is_renamed = |container: &Container| {
            let mut names = container.depends_on.iter().map(|it| &it.name.text);
            names.any(|name| undefined.as_ref().is_some_and(|it| it.contains(name)))
        };
        let mut found = Vec::new();
        for (user, service, container) in self.waiting_services(product) {
            let stack = &self.stacks[user.0];
            let waits_for = self.waits_for(user.0, container);
            let server = self.own_server(stack, service, container);
            let server = server.filter(|_| !is_renamed(container));
            let server = server.map(|server| (server, true, service.database_place()));
            let list = service.entry.depends_on.known();
            let declared = list.into_iter().flat_map(List::texts);
            // Compose refuses a circle: waiting for one more of it mends nothing.
            let declared = declared.filter(|text| !circular.contains(&text.place()));
            let declared = declared.filter_map(|text| {
                let other = product
                    .services()
                    .iter()
                    .find(|it| it.key() == text.value)?;
                Some((other.container(stack)?, false, text.place()))
            });
            let is_missing = |(other, ..): &(&Container, bool, Place)| {
                other.key.value != container.key.value
                    && !waits_for.contains(other.key.value.as_str())
            };
            let mut missing: Vec<_> = server
                .into_iter()
                .chain(declared)
                .filter(is_missing)
                .collect();
            if !missing.is_empty() {
                let redis = self.unawaited_redis(user.0, &redis, service, container);
                missing.extend(redis.map(|(redis, place)| (redis, false, place)));
                let missing = missing
                    .into_iter()
                    .map(|(other, is_postgres, place)| {
                        (other.key.value.as_str(), is_postgres, place)
                    })
                    .collect();
                found.push(MissingDependencies {
                    service,
                    container,
                    missing,
                });
            }
        }
        found
    }

    /// What the containers of a development set should wait for and do not, as one text each.
    pub(super) fn lacking_dependencies(&self, index: usize) -> BTreeMap<&str, String> {
        let mut lacking = BTreeMap::new();
        let product = self.product_of_stack.get(&index);
        let product = product.map(|&number| &self.products[number]);
        let Some(product) = product.filter(|product| product.development == Some(index)) else {
            return lacking;
        };
        let redis: Vec<&Container> = self.stacks[index]
            .services
            .iter()
            .filter(|it| it.is_redis())
            .collect();
        for (_, service, container) in self.waiting_services(product) {
            if let Some((redis, _)) = self.unawaited_redis(index, &redis, service, container) {
                lacking.insert(container.key.value.as_str(), redis.key.value.clone());
            }
        }
        for lack in self.missing_dependencies(product) {
            lacking.insert(lack.container.key.value.as_str(), lack.names());
        }
        lacking
    }

    /// Services of the product's development set that wait for their Postgres, but not until it is healthy.
    pub fn weak_dependencies<'p>(&'p self, product: &'p Product) -> Vec<WeakDependency<'p>> {
        let mut found = Vec::new();
        for (user, service, container) in self.waiting_services(product) {
            let stack = &self.stacks[user.0];
            let Some(server) = self.own_server(stack, service, container) else {
                continue;
            };
            let Some(dependency) = dependency_on(container, server) else {
                continue;
            };
            let condition = dependency.condition.as_ref();
            if condition.is_some_and(|it| it.text == HEALTHY || !it.is_all_known()) {
                continue;
            }
            let written = condition.unwrap_or(&dependency.name);
            let part = Part::of(written, &(0..written.text.len()));
            let condition = condition.map(|condition| condition.text.as_str());
            let alike = self.users_of_condition(user.0, server, condition);
            let Some(link) = self.stand_on(&part.chain, &alike) else {
                continue;
            };
            found.push(WeakDependency {
                service,
                server: &server.key.value,
                place: link.place,
                condition,
                way: part.way_to(&link, &container.key.value),
            });
        }
        found
    }

    /// The containers of the development set that the registry's services are, where all that they wait
    /// for is known.
    fn waiting_services<'p>(
        &'p self,
        product: &'p Product,
    ) -> impl Iterator<Item = (User, &'p Service, &'p Container)> {
        let development = product.development.into_iter();
        development
            .filter(|&index| self.stacks[index].open.is_empty())
            .flat_map(move |index| {
                let stack = &self.stacks[index];
                product.services().iter().filter_map(move |service| {
                    let container = service.container(stack)?;
                    let user = (index, stack.position(container));
                    let is_itself = self
                        .service_of(user)
                        .is_some_and(|own| own.key() == service.key());
                    (is_itself && knows_its_dependencies(container))
                        .then_some((user, service, container))
                })
            })
    }

    /// The Postgres service that the connection string of a service with a database leads to.
    fn own_server<'s>(
        &self,
        stack: &'s Stack,
        service: &Service,
        container: &Container,
    ) -> Option<&'s Container> {
        service.database()?;
        let variable = container.variable(&self.policy.database_variable)?;
        let (host, _) = variable.host().filter(|(host, _)| host.is_known)?;
        let server = stack
            .answering_to(&host.text)
            .filter(|it| it.is_postgres())?;
        variable.is_postgres().then_some(server)
    }

    /// What a container waits for: by itself, and through containers that are no service of the registry,
    /// such as its migration job or a pooler.
    pub(super) fn waits_for<'s>(
        &'s self,
        index: usize,
        container: &'s Container,
    ) -> BTreeSet<&'s str> {
        let stack = &self.stacks[index];
        let mut waits_for = BTreeSet::new();
        let mut open = vec![container];
        while let Some(next) = open.pop() {
            for dependency in &next.depends_on {
                let name = dependency.name.text.as_str();
                if !waits_for.insert(name) {
                    continue;
                }
                let reached = stack.by_key(name).filter(|reached| {
                    let user = (index, stack.position(reached));
                    self.service_of(user).is_none()
                });
                open.extend(reached);
            }
        }
        waits_for
    }

    /// The containers of a stack that wait for a server with this condition.
    fn users_of_condition(
        &self,
        index: usize,
        server: &Container,
        condition: Option<&str>,
    ) -> BTreeSet<User> {
        let stack = &self.stacks[index];
        let has_it = |container: &&Container| {
            dependency_on(container, server).is_some_and(|dependency| {
                let own = dependency.condition.as_ref();
                own.map(|own| own.text.as_str()) == condition
            })
        };
        let containers = stack.services.iter().filter(has_it);
        containers
            .map(|container| (index, stack.position(container)))
            .collect()
    }
}

fn dependency_on<'c>(container: &'c Container, other: &Container) -> Option<&'c Dependency> {
    let mut dependencies = container.depends_on.iter();
    dependencies.find(|dependency| dependency.name.text == other.key.value)
}

fn knows_its_dependencies(container: &Container) -> bool {
    let mut names = container.depends_on.iter().map(|it| &it.name);
    !container.is_extended && !container.is_overlay() && names.all(Resolved::is_all_known)
}
