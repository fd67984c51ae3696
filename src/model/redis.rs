//! Whether services get the Redis that the registry says they need, and only those.

use std::collections::{BTreeSet, HashSet};

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::compose::{Service as Container, Stack, Variable};
use crate::model::product::Product;
use crate::model::servers::looks_internal;
use crate::model::service::Service;
use crate::source::{Kind, Place, file_name};

/// A service whose registry entry and compose service disagree about Redis.
pub struct RedisDrift<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// Its container.
    pub container: &'a Container,
    /// Where the registry says what it needs, else the key of its entry.
    pub registry: Place,
    /// What the two disagree about.
    pub drift: Drift<'a>,
    /// Everything that the container should wait for and does not, as one text.
    pub lacking: Option<String>,
    /// The product and the name by which the container waits for a server that is not in the stack.
    pub missing_host: Option<(Owner, String)>,
}

/// What a registry and a stack may disagree about.
pub enum Drift<'a> {
    /// It needs Redis, and lacks some of what leads there.
    Lacks {
        /// Whether the variable is missing.
        url: bool,
        /// The Redis that it does not wait for.
        wait: Option<&'a str>,
        /// The hostname of Redis.
        host: &'a str,
    },
    /// Its URL leads to a host that is not in the stack.
    LeadsNowhere {
        /// The host, where it is written.
        place: Place,
        /// The same, as text.
        host: String,
        /// The hostname of Redis.
        right: &'a str,
        /// Where the container takes it from another place.
        way: Option<(Place, String)>,
        /// The product, where services also wait for that host.
        missing_host: Option<Owner>,
    },
    /// It does not need Redis, and has some of what leads there.
    Has {
        /// The variable's name.
        url: Option<Place>,
        /// The Redis that it waits for, and where it says so.
        wait: Option<(Place, &'a str)>,
    },
}

/// The variable that `needsRedis` stands for.
pub const REDIS_URL: &str = "REDIS_URL";

impl Workspace<'_> {
    /// Services of the product's development set that get no Redis though the registry says that they need
    /// it, or the other way round.
    pub fn redis_drifts<'p>(&'p self, product: &'p Product) -> Vec<RedisDrift<'p>> {
        let Some(index) = product.development else {
            return Vec::new();
        };
        let stack = &self.stacks[index];
        // Who never writes the field gives Redis to services in another way.
        let registry = &self.sources.file(product.registry.file).text;
        if !stack.open.is_empty() || !registry.contains("needsRedis") {
            return Vec::new();
        }
        let servers: Vec<&Container> = stack.services.iter().filter(|it| it.is_redis()).collect();
        let names: HashSet<&str> = servers.iter().map(|it| it.key.value.as_str()).collect();
        let undefined = self.undefined_hosts(index);
        let lacking = self.lacking_dependencies(index);
        let drift = |service: &'p Service| {
            let container = service.container(stack)?;
            let user = (index, stack.position(container));
            let is_itself = self.service_of(user)?.key() == service.key();
            if !is_itself || container.is_overlay() || container.is_extended {
                return None;
            }
            let needs = &service.entry.needs_redis;
            let is_needed = match needs.known() {
                Some(needs) => needs.value,
                None if needs.is_absent() => false,
                None => return None,
            };
            let drift = if is_needed {
                let server = servers.first().copied();
                let lacks = self.lacks(index, container, server, &names);
                lacks.or_else(|| self.leads_nowhere(index, container, server?, &undefined))
            } else {
                self.has(stack, service, container, &names)
            };
            let stand = needs.known().map(|needs| needs.origin.nearest());
            Some(RedisDrift {
                service,
                container,
                registry: stand.unwrap_or(service.entry.key.place),
                drift: drift?,
                missing_host: container
                    .depends_on
                    .iter()
                    .find(|dependency| undefined.contains(&dependency.name.text))
                    .map(|dependency| (product.into(), dependency.name.text.clone())),
                lacking: lacking.get(container.key.value.as_str()).cloned(),
            })
        };
        product.services().iter().filter_map(drift).collect()
    }

    fn lacks<'p>(
        &'p self,
        index: usize,
        container: &'p Container,
        server: Option<&'p Container>,
        names: &HashSet<&str>,
    ) -> Option<Drift<'p>> {
        let stack = &self.stacks[index];
        let variable = container.variable(REDIS_URL);
        let url = variable.is_none() && container.unknown_environment.is_none();
        let own = variable.and_then(|variable| server_of(stack, variable));
        let server = own.or(server);
        let knows_all = container.depends_on.iter().all(|it| it.name.is_all_known());
        let waits_for = self.waits_for(index, container);
        let waits = waits_for.iter().any(|name| names.contains(name))
            || own.is_some_and(|own| waits_for.contains(own.key.value.as_str()));
        // A URL that leads out of the stack leads to a server that is always there.
        let leads_out = variable.is_some() && own.is_none();
        let wait = server.filter(|_| knows_all && !waits && !leads_out);
        (url || wait.is_some()).then(|| Drift::Lacks {
            url,
            wait: wait.map(|server| server.key.value.as_str()),
            host: server.map_or("redis", |server| server.key.value.as_str()),
        })
    }

    fn leads_nowhere<'p>(
        &'p self,
        index: usize,
        container: &'p Container,
        server: &'p Container,
        undefined: &HashSet<String>,
    ) -> Option<Drift<'p>> {
        let stack = &self.stacks[index];
        let (host, _) = container.variable(REDIS_URL)?.host()?;
        let is_unknown = stack.external_networks.is_empty()
            && stack.runs_as_it_is()
            && container.network_mode.is_none()
            && host.is_known
            && looks_internal(&host.text)
            && !container.link_aliases.contains(&host.text)
            && stack.answering_to(&host.text).is_none();
        let user = (index, stack.position(container));
        let link = self.stand_on(&host.chain, &BTreeSet::from([user]))?;
        let product = self.product_of_stack.get(&index);
        let product = product.map(|&number| self.products[number].name.clone());
        is_unknown.then(|| Drift::LeadsNowhere {
            place: link.place,
            way: host.way_to(&link, &container.key.value),
            missing_host: undefined.contains(&host.text).then_some(Owner {
                product,
                service: None,
            }),
            host: host.text,
            right: &server.key.value,
        })
    }

    /// The Redis that a service needs by the registry and does not wait for.
    pub(super) fn unawaited_redis<'p>(
        &'p self,
        index: usize,
        servers: &[&'p Container],
        service: &Service,
        container: &'p Container,
    ) -> Option<(&'p Container, Place)> {
        let needs = service.entry.needs_redis.known().filter(|it| it.value)?;
        let stack = &self.stacks[index];
        let names = servers.iter().map(|it| it.key.value.as_str()).collect();
        let lacks = self.lacks(index, container, servers.first().copied(), &names)?;
        let Drift::Lacks { wait, .. } = lacks else {
            return None;
        };
        Some((stack.by_key(wait?)?, needs.origin.nearest()))
    }

    fn has<'p>(
        &'p self,
        stack: &'p Stack,
        service: &Service,
        container: &'p Container,
        names: &HashSet<&str>,
    ) -> Option<Drift<'p>> {
        let environment = service.entry.extra_env.known();
        let mut declared = environment
            .into_iter()
            .flat_map(|environment| &environment.variables);
        let is_declared = declared.any(|variable| variable.name.value.contains("REDIS"));
        let is_unclear = environment.is_none() && !service.entry.extra_env.is_absent();
        if is_declared || is_unclear {
            return None;
        }
        // What many services share says nothing of the one.
        let is_own = |way: &[Place]| {
            let written_in = |place: &Place| self.sources.file(place.file).kind;
            matches!(way, [only] if written_in(only) != Kind::Env)
        };
        let variable = container.variable(REDIS_URL);
        let leads = |variable: &&Variable| {
            let value = variable.value.as_ref();
            value.is_some_and(|value| is_own(value.way()) && !value.text.is_empty())
        };
        let url = variable.filter(leads).map(|variable| variable.name.place);
        let wait = container.depends_on.iter().find(|dependency| {
            let reached = stack.by_key(&dependency.name.text);
            reached.is_some_and(|it| names.contains(it.key.value.as_str()))
                && is_own(dependency.name.way())
        });
        let wait = wait.map(|it| (it.name.place(), it.name.text.as_str()));
        (url.is_some() || wait.is_some()).then_some(Drift::Has { url, wait })
    }
}

fn server_of<'s>(stack: &'s Stack, variable: &Variable) -> Option<&'s Container> {
    let (host, _) = variable.host().filter(|(host, _)| host.is_known)?;
    stack.answering_to(&host.text)
}

impl Container {
    /// Whether it runs a Redis server, or one that speaks like it.
    pub(super) fn is_redis(&self) -> bool {
        const SERVERS: [&str; 6] = [
            "redis",
            "redis-stack",
            "redis-stack-server",
            "valkey",
            "keydb",
            "dragonfly",
        ];
        match self.image_name() {
            Some(name) => SERVERS.contains(&file_name(name)),
            None => self.build.is_some() && self.key.value == "redis",
        }
    }
}
