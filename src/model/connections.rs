//! Every connection string of a workspace, wherever it is written, and every call of a service to another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use crate::connection::{self, Connection};
use crate::finding::Owner;
use crate::inventory::Holder;
use crate::model::calls::{Url, services_by_host};
use crate::model::compose::{Part, Service as Container, Variable};
use crate::model::prisma_config::{Source, UrlSource};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::settings;
use crate::model::value::Text;
use crate::model::{User, Workspace};
use crate::parse::{Facts, prisma};
use crate::source::{FileId, Place, Placed};

/// A connection string, or a variable that should hold one.
pub struct KnownConnection {
    /// Whose it is; several where they share the text.
    pub owners: Vec<Owner>,
    /// The container whose environment holds it.
    pub container: Option<User>,
    /// What it is written in.
    pub holder: Holder,
    /// The variable that holds it.
    pub variable: Option<String>,
    /// The value as the holder writes it, else the variable's name.
    pub place: Place,
    /// Where it leads; `None` where that is not known.
    pub target: Option<Target>,
}

impl KnownConnection {
    /// Whether values that stand for nothing are usual in what it is written in.
    pub(super) fn holds_stand_in(&self) -> bool {
        matches!(
            self.holder,
            Holder::Dockerfile | Holder::Package | Holder::Script | Holder::EnvExample
        )
    }

    /// The database of PostgreSQL that it names.
    pub(super) fn postgres_database(&self) -> Option<&Placed<String>> {
        let target = self.target.as_ref()?;
        let is_postgres = matches!(target.scheme.as_str(), "postgres" | "postgresql");
        target.database.as_ref().filter(|_| is_postgres)
    }
}

/// Where a connection string leads, as far as its parts are known.
#[derive(Default)]
pub struct Target {
    /// The whole of it, without a password.
    pub shown: String,
    /// The scheme.
    pub scheme: String,
    /// The one host.
    pub host: Option<String>,
    /// The port of that host.
    pub port: Option<String>,
    /// The key of the container that answers to the host.
    pub server: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The database, and its name where it is written.
    pub database: Option<Placed<String>>,
    /// The value of `?schema=`.
    pub schema: Option<String>,
}

/// A call of one service to another.
pub struct KnownCall {
    /// Who calls.
    pub from: Owner,
    /// Who is called.
    pub to: Owner,
    /// The variable that holds the URL.
    pub variable: String,
    /// The host in the URL, and what that is written in.
    pub said: BTreeSet<(Place, Holder)>,
}

/// The URL of a call, in one place.
struct WrittenCall {
    from: Owner,
    to: Owner,
    variable: String,
    holder: Holder,
    place: Place,
}

impl Workspace<'_> {
    /// Every connection string of a database or of another server, those of stacks first.
    pub fn connections(&self) -> Vec<KnownConnection> {
        let owners = Owners::of(self);
        let mut found = self.connections_in_stacks(&owners);
        found.extend(self.connections_in_registries());
        found.extend(self.connections_in_settings());
        found.extend(self.connections_in_prisma(&owners));
        for product in &self.products {
            found.extend(self.connections_in_start_scripts(product));
        }
        found
    }

    fn connections_in_stacks(&self, owners: &Owners) -> Vec<KnownConnection> {
        let mut found = Vec::new();
        for (user, container) in self.all_containers() {
            let owner = owners.of_container(user);
            let own = owner.map(|owner| owners.variables(owner));
            for variable in &container.environment {
                let is_own = || own.is_some_and(|own| own.contains(&variable.name.value));
                let target = variable.is_server().then(|| target_of(variable));
                // A variable that is passed on says at least who reads a connection string.
                if target.is_none() && (variable.connection.is_some() || !is_own()) {
                    continue;
                }
                let mut target = target.flatten();
                if let Some(target) = &mut target {
                    let host = target.host.as_deref().unwrap_or_default();
                    let server = self.stacks[user.0].answering_to(host);
                    target.server = server.map(|server| server.key.value.clone());
                }
                found.push(KnownConnection {
                    owners: owner.cloned().into_iter().collect(),
                    container: Some(user),
                    holder: Holder::Compose,
                    variable: Some(variable.name.value.clone()),
                    place: place_of(variable),
                    target,
                });
            }
        }
        found
    }

    fn connections_in_registries(&self) -> Vec<KnownConnection> {
        let mut found = Vec::new();
        let own = self.policy.database_variable.as_str();
        for service in self.products.iter().flat_map(Product::services) {
            let known = service.entry.extra_env.known().into_iter();
            let variables = known.flat_map(|environment| &environment.variables);
            for variable in variables.filter(|variable| variable.holds_connection_string(own)) {
                let text = variable.value.known();
                let target = text.and_then(target_of_text);
                found.push(KnownConnection {
                    owners: vec![service.into()],
                    container: None,
                    holder: Holder::Registry,
                    variable: Some(variable.name.value.clone()),
                    place: text.map_or(variable.name.place(), Text::place),
                    target,
                });
            }
        }
        found
    }

    fn connections_in_settings(&self) -> Vec<KnownConnection> {
        let all = self.settings().all().iter();
        let servers = all.filter(|setting| setting.variable.is_server());
        let found = servers.map(|setting| {
            let name = &setting.variable.name.value;
            KnownConnection {
                owners: self.owners_of_setting(setting),
                container: None,
                holder: match setting.holder {
                    settings::Holder::Env => Holder::EnvFile,
                    settings::Holder::Example => Holder::EnvExample,
                    settings::Holder::Dockerfile => Holder::Dockerfile,
                    settings::Holder::Package => Holder::Package,
                    settings::Holder::Entrypoint => Holder::Entrypoint,
                    settings::Holder::Script => Holder::Script,
                    settings::Holder::Deployment => Holder::Deployment,
                },
                variable: Some(name.clone()).filter(|name| !name.is_empty()),
                place: place_of(&setting.variable),
                target: target_of(&setting.variable),
            }
        });
        found.collect()
    }

    fn connections_in_prisma(&self, owners: &Owners) -> Vec<KnownConnection> {
        let mut found = Vec::new();
        let mut add = |owners: Vec<Owner>, holder, text: &str, place: Place| {
            let part = |range: &Range<usize>| {
                let part = crate::source::At::new(text.to_owned(), place.span).part(range.clone());
                Some((text[range.clone()].to_owned(), part.in_file(place.file)))
            };
            found.push(KnownConnection {
                owners,
                container: None,
                holder,
                variable: None,
                place,
                target: connection::parse(text).and_then(|url| target(text, &url, part)),
            });
        };
        for (id, file) in self.sources.files() {
            let Facts::Prisma(parsed) = self.facts(id) else {
                continue;
            };
            for datasource in &parsed.facts.datasources {
                let urls = [&datasource.url, &datasource.direct_url];
                for url in urls.into_iter().flatten() {
                    if let prisma::Value::Literal(url) = url {
                        let owners = owners.of_path(&file.path).to_vec();
                        let place = url.span.in_file(id);
                        add(owners, Holder::PrismaSchema, &url.value, place);
                    }
                }
            }
        }
        for service in self.products.iter().flat_map(Product::services) {
            let configs = service.module.iter().flat_map(|module| &module.configs);
            for (_, config) in configs {
                let urls = [&config.datasource_url, &config.direct_url];
                for literal in urls.into_iter().flatten().flat_map(literals) {
                    let place = literal.definition();
                    let owners = vec![service.into()];
                    add(owners, Holder::PrismaConfig, &literal.value, place);
                }
            }
        }
        found
    }

    fn connections_in_start_scripts(&self, product: &Product) -> Vec<KnownConnection> {
        let mut found = Vec::new();
        for (file, runs) in self.start_scripts(product) {
            for run in &runs.runs {
                let Some(url) = &run.url else {
                    continue;
                };
                let text = url.shown();
                let part = |range: &Range<usize>| {
                    let span = url.span(range).filter(|_| url.is_known(range))?;
                    Some((text[range.clone()].to_owned(), span.in_file(file)))
                };
                let target = connection::parse(&text).and_then(|it| target(&text, &it, part));
                let database = target.as_ref().and_then(|target| target.database.as_ref());
                let owner = database.and_then(|database| product.owner_of(&database.value));
                found.push(KnownConnection {
                    owners: owner.map(Owner::from).into_iter().collect(),
                    container: None,
                    holder: Holder::StartScript,
                    variable: None,
                    place: url.place().unwrap_or(run.span).in_file(file),
                    target,
                });
            }
        }
        found
    }

    /// Every call of a service to another that a URL of a container or of a registry shows, by caller.
    pub fn calls(&self) -> Vec<KnownCall> {
        let mut calls: BTreeMap<(Owner, Owner, String), BTreeSet<(Place, Holder)>> =
            BTreeMap::new();
        let found = self.calls_in_registries().into_iter();
        for call in found.chain(self.calls_in_stacks()) {
            if call.from != call.to {
                let said = calls.entry((call.from, call.to, call.variable));
                said.or_default().insert((call.place, call.holder));
            }
        }
        let calls = calls.into_iter();
        let calls = calls.map(|((from, to, variable), said)| KnownCall {
            from,
            to,
            variable,
            said,
        });
        calls.collect()
    }

    fn calls_in_registries(&self) -> Vec<WrittenCall> {
        let mut found = Vec::new();
        for product in &self.products {
            let by_host = services_by_host(product);
            for service in product.services() {
                let known = service.entry.extra_env.known().into_iter();
                for variable in known.flat_map(|environment| &environment.variables) {
                    let url = variable.value.known().and_then(Url::of);
                    let Some(url) = url else {
                        continue;
                    };
                    found.extend(by_host.get(url.host()).map(|&target| WrittenCall {
                        from: service.into(),
                        to: target.into(),
                        variable: variable.name.value.clone(),
                        holder: Holder::Registry,
                        place: url.text.part(url.host.clone()),
                    }));
                }
            }
        }
        found
    }

    fn calls_in_stacks(&self) -> Vec<WrittenCall> {
        let owners = Owners::of(self);
        let mut found = Vec::new();
        for (user, container) in self.all_containers() {
            let Some(from) = owners.of_container(user) else {
                continue;
            };
            let stack = &self.stacks[user.0];
            for variable in container.environment.iter().filter(|it| !it.is_server()) {
                let host = variable.host().filter(|(host, _)| host.is_known);
                let Some((host, _)) = host else {
                    continue;
                };
                let reached = stack.answering_to(&host.text);
                let to = reached.map(|reached| (user.0, stack.position(reached)));
                let to = to.and_then(|to| owners.of_container(to));
                found.extend(to.map(|to| WrittenCall {
                    from: from.clone(),
                    to: to.clone(),
                    variable: variable.name.value.clone(),
                    holder: Holder::Compose,
                    place: nearest_whole(&host).unwrap_or(variable.name.place),
                }));
            }
        }
        found
    }

    /// Every container of every stack, with the numbers of both.
    pub(super) fn all_containers(&self) -> impl Iterator<Item = (User, &Container)> {
        self.stacks.iter().enumerate().flat_map(|(number, stack)| {
            let containers = stack.services.iter().enumerate();
            containers.map(move |(position, container)| ((number, position), container))
        })
    }
}

/// Who the services of containers and of files are.
pub(super) struct Owners {
    by_container: HashMap<User, Owner>,
    by_folder: HashMap<String, Vec<Owner>>,
    by_migration: HashMap<FileId, Vec<Owner>>,
    variables: BTreeMap<Owner, Vec<String>>,
}

impl Owners {
    pub(super) fn of(workspace: &Workspace) -> Self {
        let registered = workspace.containers.iter();
        let registered = registered.map(|(user, (product, service))| {
            let service: &Service = &workspace.products[*product].services[*service];
            (*user, Owner::from(service))
        });
        let inferred = workspace.inferred_services().iter();
        let inferred = inferred.flat_map(|service| {
            let containers = service.containers.iter();
            containers.map(move |user| (*user, Owner::from(service)))
        });
        let mut by_folder: HashMap<String, Vec<Owner>> = HashMap::new();
        let mut variables = BTreeMap::new();
        for service in workspace.known_services() {
            if let Some(folder) = service.folder {
                let owners = by_folder.entry(folder.to_owned()).or_default();
                owners.push(service.owner.clone());
            }
            let names = service.variables.into_iter().map(str::to_owned);
            variables.insert(service.owner, names.collect());
        }
        for holding in workspace.holdings() {
            let owners = || holding.owners.clone();
            by_folder
                .entry(holding.folder.clone())
                .or_insert_with(owners);
        }
        let migrations = workspace.holdings().iter().flat_map(|holding| {
            let files = holding.migrations.iter();
            files.map(|&file| (file, holding.owners.clone()))
        });
        Self {
            by_container: inferred.chain(registered).collect(),
            by_folder,
            by_migration: migrations
                .filter(|(_, owners)| !owners.is_empty())
                .collect(),
            variables,
        }
    }

    /// The service that a container is, or helps.
    pub(super) fn of_container(&self, user: User) -> Option<&Owner> {
        self.by_container.get(&user)
    }

    /// The services of the nearest module around a file.
    pub(super) fn of_path(&self, path: &str) -> &[Owner] {
        let mut folders = crate::source::ancestors(crate::source::parent(path));
        let owners = folders.find_map(|folder| self.by_folder.get(folder));
        owners.map_or(&[], Vec::as_slice)
    }

    /// Whose a file of SQL is: of a migration, who has its tables.
    pub(super) fn of_sql(&self, file: FileId, path: &str) -> &[Owner] {
        let owners = self.by_migration.get(&file);
        owners.map_or_else(|| self.of_path(path), Vec::as_slice)
    }

    fn variables(&self, owner: &Owner) -> &[String] {
        self.variables.get(owner).map_or(&[], Vec::as_slice)
    }
}

fn literals(source: &UrlSource) -> impl Iterator<Item = &Text> {
    let sources = [&source.first].into_iter().chain(&source.fallbacks);
    sources.filter_map(|source| match source {
        Source::Literal(text) => Some(text),
        Source::Env { .. } | Source::Unknown(_) => None,
    })
}

/// The value as its user names it, else the name.
fn place_of(variable: &Variable) -> Place {
    let value = variable.value.as_ref();
    value.map_or(variable.name.place, super::resolve::Resolved::place)
}

/// Where a part is written by itself, else where its user takes it from.
fn nearest_whole(part: &Part) -> Option<Place> {
    let deepest = part.chain.iter().rev().find(|link| link.is_part);
    deepest.map(|link| link.place).or_else(|| part.place())
}

fn target_of(variable: &Variable) -> Option<Target> {
    let (value, connection) = (variable.value.as_ref()?, variable.connection.as_ref()?);
    target(&value.text, connection, |range| {
        let part = variable.part(range).filter(|part| part.is_known)?;
        let place = nearest_whole(&part)?;
        Some((part.text, place))
    })
}

fn target_of_text(text: &Text) -> Option<Target> {
    let connection = connection::parse(&text.value)?;
    target(&text.value, &connection, |range| {
        let place = text.part(range.clone());
        Some((text.value[range.clone()].to_owned(), place))
    })
}

/// Takes a connection string apart; `part` gives the text and the place of bytes that are known. Nothing is
/// told of one that has a further `@`: what looks like its host may be the rest of a password.
fn target(
    text: &str,
    connection: &Connection,
    part: impl Fn(&Range<usize>) -> Option<(String, Place)>,
) -> Option<Target> {
    let userinfo = [&connection.user, &connection.password];
    let ends = userinfo.into_iter().flatten().map(|range| range.end);
    let behind = ends.max().map_or(connection.range.start, |end| end + 1);
    if text.get(behind..)?.contains('@') {
        return None;
    }
    let known = |range: &Range<usize>| {
        let (text, place) = part(range).filter(|(text, _)| !text.is_empty())?;
        let value = connection::decode(&text);
        Some(Placed { value, place })
    };
    let text_of = |range: &Range<usize>| known(range).map(|part| part.value);
    let host = match connection.hosts.as_slice() {
        [host] => Some(host),
        _ => None,
    };
    let mut parameters = connection.parameters.iter();
    let schema = parameters.find(|(name, _)| &text[name.clone()] == "schema");
    Some(Target {
        shown: connection.without_secrets(text, &[])?,
        scheme: text[connection.scheme.clone()].to_owned(),
        host: host.and_then(|host| text_of(&host.name)),
        port: host.and_then(|host| text_of(host.port.as_ref()?)),
        server: None,
        user: connection.user.as_ref().and_then(text_of),
        database: connection.database.as_ref().and_then(known),
        schema: schema.and_then(|(_, value)| text_of(value)),
    })
}
