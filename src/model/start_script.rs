//! The script that starts a product for development, against the registry.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use crate::catalogue::{Guesser, nearest};
use crate::connection;
use crate::model::compose::Stack;
use crate::model::loopbacks::is_itself;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::shell::{self, Action, Run, Runs, Target, Text};
use crate::model::{Workspace, generated};
use crate::parse::Facts;
use crate::source::{Existence, FileId, Kind, Place, Span, ancestors, file_name, parent};

/// A difference between a start script and the registry.
pub enum ScriptDrift<'a> {
    /// It migrates or seeds most services, and not this one.
    Lacks {
        /// The service.
        service: &'a Service,
        /// What is not done for it.
        action: Action,
        /// The script.
        script: Place,
    },
    /// It runs a service's module against another database.
    OtherDatabase {
        /// The service.
        service: &'a Service,
        /// The database that is named.
        name: String,
        /// Where.
        place: Place,
    },
    /// It runs another module against a service's database.
    OtherModule {
        /// The service whose database it is.
        service: &'a Service,
        /// The service whose module it is.
        other: &'a Service,
        /// Where the module is named.
        place: Place,
        /// What to write there.
        right: String,
    },
    /// It migrates a service without a database.
    Stateless {
        /// The service.
        service: &'a Service,
        /// Where its module or the database is named.
        place: Place,
    },
    /// It names a folder, a package or a container that is none of the registry's.
    UnknownModule {
        /// The folder from the workspace root, or the name.
        folder: String,
        /// Where.
        place: Place,
        /// The service that is meant, by its database or by its name, and what to write for it.
        meant: Option<(&'a Service, String)>,
    },
    /// It names a database that nobody owns.
    UnknownDatabase {
        /// The database.
        name: String,
        /// Where.
        place: Place,
    },
    /// It connects from the host by a port that is not published, such as the container's.
    WrongPort {
        /// The port.
        port: u16,
        /// Where it is named.
        place: Place,
        /// Further places.
        also: Vec<Place>,
        /// The port that is published.
        published_on: u16,
        /// What to write.
        right: String,
        /// Where that is written.
        published: Option<Place>,
    },
}

/// A run and what is known of its connection string.
struct Reading<'p, 'r> {
    run: &'r Run,
    /// The service whose module it runs in.
    service: Option<&'p Service>,
    /// A folder that is a module of nobody.
    stranger: Option<(String, Place)>,
    /// Where the module is named.
    module_place: Option<Place>,
    /// The database, and where it is named.
    database: Option<(String, Place)>,
}

impl Reading<'_, '_> {
    /// Leaves out what stands behind the folder of the module in a path to its schema.
    fn names_only_the_module(&mut self, workspace: &Workspace, path: &str) {
        let Some(behind) = path.find("/prisma").map(|at| &path[at..]) else {
            return;
        };
        let stranger = self.stranger.as_mut().map(|(_, place)| place);
        for place in stranger.into_iter().chain(&mut self.module_place) {
            if workspace.sources.slice(*place).ends_with(behind) {
                let written = place.span.range();
                place.span = Span::new(written.start, written.end - behind.len());
            }
        }
    }
}

impl Workspace<'_> {
    /// How the start scripts of a product differ from its registry.
    pub fn start_script_drift<'p>(&'p self, product: &'p Product) -> Vec<ScriptDrift<'p>> {
        let scripts = self.start_scripts(product);
        let mut drift = Vec::new();
        for (file, runs) in scripts {
            self.drift_of_script(product, file, &runs, &mut drift);
        }
        drift
    }

    /// The start scripts of a product, and what they run.
    pub(super) fn start_scripts(&self, product: &Product) -> Vec<(FileId, Runs)> {
        let variable = &self.policy.database_variable;
        let files = self.start_script_files(product).into_iter();
        let scripts = files.filter_map(|id| match self.facts(id) {
            Facts::Shell(parsed) => {
                let path = &self.sources.file(id).path;
                Some((id, shell::runs(&parsed.facts, path, variable)))
            }
            _ => None,
        });
        scripts.collect()
    }

    /// Scripts in the product's folder that are named for starting, or generated.
    pub(super) fn start_script_files(&self, product: &Product) -> Vec<FileId> {
        let folders = ["", "infra", "scripts"].map(|folder| product.path_of(folder));
        let files = self.sources.files().filter(|(id, file)| {
            file.kind == Kind::Shell
                && folders.iter().any(|it| it == parent(&file.path))
                && (file_name(&file.path).starts_with("start") || self.has_generated_header(*id))
        });
        files.map(|(id, _)| id).collect()
    }

    fn drift_of_script<'p>(
        &'p self,
        product: &'p Product,
        file: FileId,
        runs: &Runs,
        drift: &mut Vec<ScriptDrift<'p>>,
    ) {
        let modules = Modules::of(self, product);
        let readings: Vec<Reading> = runs
            .runs
            .iter()
            .map(|run| modules.read(self, product, file, run))
            .collect();
        let mut done: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut guesser = Guesser::default();
        // What is right comes first: it tells which of two texts that contradict each other is wrong.
        for action in [Action::Migrate, Action::Seed] {
            let of_action = |it: &&Reading| it.run.actions.contains(&action);
            let done = done.entry(word(action)).or_default();
            for reading in readings.iter().filter(of_action) {
                let own = reading.service.and_then(Service::database);
                let named = reading.database.as_ref().map(|(name, _)| name.as_str());
                match reading.service {
                    Some(service) if named.is_none() || named == own => {
                        done.insert(service.key());
                    }
                    None if reading.stranger.is_none() => {
                        let owner = named.and_then(|name| product.owner_of(name));
                        done.extend(owner.map(Service::key));
                    }
                    _ => {}
                }
            }
            for reading in readings.iter().filter(of_action) {
                self.judge(product, reading, done, &mut guesser, drift);
            }
        }
        let is_for_all = file_name(&self.sources.file(file).path).starts_with("start-dev.")
            || self.has_generated_header(file);
        drift.extend(
            self.wrong_ports(product, file, runs, is_for_all)
                .unwrap_or_default(),
        );
        let has_unread_target = readings.iter().any(|reading| {
            reading.service.is_none() && reading.stranger.is_none() && reading.database.is_none()
        });
        if runs.is_complete && !has_unread_target && is_for_all {
            self.script_lacks(product, file, runs, &done, drift);
        }
    }

    /// What is wrong with one run. Takes in `done` what is settled by that.
    fn judge<'p>(
        &'p self,
        product: &'p Product,
        reading: &Reading<'p, '_>,
        done: &mut BTreeSet<&'p str>,
        guesser: &mut Guesser,
        drift: &mut Vec<ScriptDrift<'p>>,
    ) {
        let named = reading.database.as_ref();
        let owner = named.and_then(|(name, _)| product.owner_of(name));
        match (reading.service, named) {
            (Some(service), _) if service.is_stateless() => {
                let place = named.map(|(_, place)| *place).or(reading.module_place);
                drift.extend(place.map(|place| ScriptDrift::Stateless { service, place }));
            }
            (Some(service), Some((name, place))) => {
                if service.database().is_none_or(|own| own == name) {
                    return;
                }
                let is_owner_without = |owner: &&Service| !done.contains(owner.key());
                let other = owner.filter(is_owner_without);
                match (other, reading.module_place) {
                    (Some(owner), Some(module)) if done.contains(service.key()) => {
                        done.insert(owner.key());
                        drift.push(ScriptDrift::OtherModule {
                            service: owner,
                            other: service,
                            place: module,
                            right: right_target(reading.run, owner),
                        });
                    }
                    _ => {
                        done.insert(service.key());
                        drift.push(ScriptDrift::OtherDatabase {
                            service,
                            name: name.clone(),
                            place: *place,
                        });
                    }
                }
            }
            (None, _) if reading.stranger.is_some() && !product.is_open() => {
                let meant = owner.or_else(|| meant_by(product, reading, done, guesser));
                done.extend(meant.map(Service::key));
                let stranger = reading.stranger.clone();
                drift.extend(stranger.map(|(folder, place)| ScriptDrift::UnknownModule {
                    folder,
                    place,
                    meant: meant.map(|service| (service, right_target(reading.run, service))),
                }));
            }
            (None, Some((name, place)))
                if owner.is_none()
                    && product.knows_all_databases()
                    && name != "postgres"
                    && !self.third_party_names(product).contains(name) =>
            {
                drift.push(ScriptDrift::UnknownDatabase {
                    name: name.clone(),
                    place: *place,
                });
            }
            _ => {}
        }
    }

    /// Services for which a script does not do what it does for most of them.
    fn script_lacks<'p>(
        &self,
        product: &'p Product,
        file: FileId,
        runs: &Runs,
        done: &BTreeMap<&str, BTreeSet<&str>>,
        drift: &mut Vec<ScriptDrift<'p>>,
    ) {
        let Some(first) = runs.runs.first() else {
            return;
        };
        let source = self.sources.file(file);
        let header = generated::header(&source.text, self.facts(file).comments());
        let script = header.unwrap_or(first.span).in_file(file);
        let stores: Vec<&Service> = product
            .services()
            .iter()
            .filter(|service| service.database().is_some() && service.module.is_some())
            .collect();
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        for action in [Action::Migrate, Action::Seed] {
            let done = &done[word(action)];
            let concerned: Vec<&Service> = stores
                .iter()
                .copied()
                .filter(|service| action == Action::Migrate || self.has_seed(service))
                .collect();
            let count = concerned
                .iter()
                .filter(|service| done.contains(service.key()))
                .count();
            if count == 0 || count * 2 < concerned.len() {
                continue;
            }
            for service in concerned {
                if !done.contains(service.key()) && missing.insert(service.key()) {
                    drift.push(ScriptDrift::Lacks {
                        service,
                        action,
                        script,
                    });
                }
            }
        }
    }

    fn has_seed(&self, service: &Service) -> bool {
        let folder = service.module.as_ref().map(|module| &module.folder);
        folder.is_some_and(|folder| {
            let mut below = self.sources.below(&format!("{folder}/prisma"));
            below.any(|(path, _)| file_name(path).starts_with("seed."))
        })
    }

    /// Connection strings that go to this machine by a port on which nothing of the stack is published, or to
    /// the server by the port that only its container has.
    fn wrong_ports<'p>(
        &self,
        product: &Product,
        file: FileId,
        runs: &Runs,
        is_for_development: bool,
    ) -> Option<Vec<ScriptDrift<'p>>> {
        let number = product.development?;
        let stack = &self.stacks[number];
        let server = self.main_server(number)?;
        let inside = server.listens_on(self.policy.postgres_port)?;
        let ports = server
            .ports
            .iter()
            .filter(|port| port.target == Some(inside));
        let published: Vec<_> = ports.collect();
        let right = published.first()?.published?;
        if published.iter().any(|port| port.published.is_none()) {
            return None;
        }
        let all_ports = || self.stacks_of(product).flat_map(|stack| &stack.services);
        let all_ports = || all_ports().flat_map(|service| &service.ports);
        // Scripts for other places may connect through a tunnel.
        let is_closed = is_for_development
            && self.stacks_of(product).all(|stack| stack.open.is_empty())
            && all_ports().all(|port| port.published.is_some());
        let is_nobodys = |port: u16| {
            let is_others = is_closed && all_ports().all(|it| it.published != Some(port));
            published.iter().all(|it| it.published != Some(port)) && (port == inside || is_others)
        };
        let mut places: BTreeMap<(u16, bool), Vec<Place>> = BTreeMap::new();
        for url in runs.runs.iter().filter_map(|run| {
            let is_on_host = !matches!(run.target, Target::Container(..));
            run.url.as_ref().filter(|_| is_on_host)
        }) {
            let shown = url.shown();
            let Some(connection) = connection::parse(&shown) else {
                continue;
            };
            for host in &connection.hosts {
                let Some(range) = host.port.clone() else {
                    continue;
                };
                let Ok(port) = shown[range.clone()].parse::<u16>() else {
                    continue;
                };
                let name = &shown[host.name.clone()];
                let is_inside =
                    port == inside && stack.by_host(name).is_some_and(|it| it.key == server.key);
                if !is_nobodys(port) || !(is_itself(name) || is_inside) {
                    continue;
                }
                let range = if is_inside {
                    host.name.start..range.end
                } else {
                    range
                };
                if let Some(place) = known_place(url, &range, file) {
                    let places = places.entry((port, is_inside)).or_default();
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
        let text = published[0].published_text.as_ref();
        let drifts = places
            .into_iter()
            .map(|((port, is_inside), places)| ScriptDrift::WrongPort {
                port,
                place: places[0],
                also: places[1..].to_vec(),
                published_on: right,
                right: if is_inside {
                    format!("localhost:{right}")
                } else {
                    right.to_string()
                },
                published: text.and_then(crate::model::compose::Part::place),
            });
        Some(drifts.collect())
    }
}

/// The service that a name means which nobody has: of those that are still to be done the one with the
/// most similar name, or the only one.
fn meant_by<'p>(
    product: &'p Product,
    reading: &Reading,
    done: &BTreeSet<&str>,
    guesser: &mut Guesser,
) -> Option<&'p Service> {
    let (name, _) = reading.stranger.as_ref()?;
    let is_left =
        |service: &&Service| service.database().is_some() && !done.contains(service.key());
    let left: Vec<&Service> = product.services().iter().filter(is_left).collect();
    let keys = left.iter().map(|service| service.key());
    match guesser.nearest(file_name(name), keys) {
        Some(key) => product.service(key),
        None => left.first().copied().filter(|_| left.len() == 1),
    }
}

/// How a run names a service: by its module, its package or its container.
fn right_target(run: &Run, service: &Service) -> String {
    let folder = service.module.as_ref().map(|module| &module.folder);
    let name = folder.map_or(service.key(), |folder| file_name(folder));
    match &run.target {
        Target::Container(..) => service.key().to_owned(),
        Target::Package(package, _) => match package.rsplit_once('/') {
            Some((scope, _)) => format!("{scope}/{name}"),
            None => name.to_owned(),
        },
        _ => folder.map_or(service.key(), String::as_str).to_owned(),
    }
}

/// Where a part of a text is written, if all of it is known.
fn known_place(text: &Text, range: &Range<usize>, file: FileId) -> Option<Place> {
    let span = text.is_known(range).then(|| text.span(range))??;
    Some(span.in_file(file))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Migrate => "migrate",
        Action::Seed => "seed",
    }
}

/// The modules of the workspace by their folders.
struct Modules<'p> {
    /// Those of the product.
    own: HashMap<&'p str, Vec<&'p Service>>,
    by_name: HashMap<&'p str, &'p Service>,
    /// Those of any product.
    all: BTreeSet<&'p str>,
    /// The folders that hold modules.
    roots: BTreeSet<&'p str>,
    /// Whether the module of every service of the product is known.
    is_complete: bool,
}

impl<'p> Modules<'p> {
    fn of(workspace: &'p Workspace<'p>, product: &'p Product) -> Self {
        let mut modules = Self {
            own: HashMap::new(),
            by_name: HashMap::new(),
            all: BTreeSet::new(),
            roots: BTreeSet::new(),
            is_complete: product
                .services()
                .iter()
                .all(|service| service.module.is_some()),
        };
        for service in product.services() {
            if let Some(module) = &service.module {
                modules.own.entry(&module.folder).or_default().push(service);
                modules.by_name.insert(file_name(&module.folder), service);
            }
        }
        for service in product.services() {
            modules.by_name.entry(service.key()).or_insert(service);
        }
        let services = workspace.products().iter().flat_map(Product::services);
        for service in services {
            if let Some(module) = &service.module {
                modules.all.insert(&module.folder);
                modules.roots.insert(parent(&module.folder));
            }
        }
        modules
    }

    fn read<'r>(
        &self,
        workspace: &'p Workspace<'p>,
        product: &'p Product,
        file: FileId,
        run: &'r Run,
    ) -> Reading<'p, 'r> {
        let database = run.url.as_ref().and_then(|url| {
            let shown = url.shown();
            let range = connection::parse(&shown)?.database?;
            let place = known_place(url, &range, file)?;
            Some((connection::decode(&shown[range]), place))
        });
        let mut reading = Reading {
            run,
            service: None,
            stranger: None,
            module_place: None,
            database,
        };
        let in_file = |span: Option<Span>| span.map(|span| span.in_file(file));
        match &run.target {
            Target::Folder(path, span) => {
                reading.module_place = in_file(*span);
                self.read_folder(workspace, path, &mut reading);
                reading.names_only_the_module(workspace, path);
            }
            Target::Somewhere(path, span) => {
                reading.module_place = in_file(*span);
                let inside = product.path_of(path);
                let folder = [path.clone(), inside]
                    .into_iter()
                    .find(|folder| self.owners(folder).is_some());
                if let Some(folder) = folder {
                    self.read_folder(workspace, &folder, &mut reading);
                    reading.names_only_the_module(workspace, &folder);
                }
            }
            Target::Package(name, span) => {
                reading.module_place = in_file(*span);
                let name = name.trim_end_matches("...");
                let last = name.rsplit('/').next().unwrap_or(name);
                reading.service = self.by_name.get(last).copied();
                let is_foreign = || {
                    let mut folders = self.all.iter().map(|folder| file_name(folder));
                    self.is_of_product(&reading) && folders.any(|folder| folder == last)
                };
                if reading.service.is_none()
                    && (is_foreign() || self.is_misspelt(workspace, product, name, &reading))
                {
                    let place = reading.module_place;
                    reading.stranger = place.map(|place| (name.to_owned(), place));
                }
            }
            Target::Container(name, span) => {
                reading.module_place = in_file(*span);
                let services = product.services();
                let stack = workspace.development(product);
                let container = stack.and_then(|stack| stack.by_host(name));
                reading.service = product.service(name).or_else(|| {
                    let container = container?;
                    services.iter().find(|service| {
                        let own = stack.and_then(|stack| service.container(stack));
                        own.is_some_and(|own| own.key == container.key)
                    })
                });
                let is_closed =
                    |stack: &Stack| stack.open.is_empty() && stack.by_host(name).is_none();
                if stack.is_some() && workspace.stacks_of(product).all(is_closed) {
                    let place = reading.module_place.filter(|_| reading.service.is_none());
                    reading.stranger = place.map(|place| (name.clone(), place));
                }
            }
            Target::Unknown => {}
        }
        reading
    }

    /// Whether the database that is named is of a service of the product.
    fn is_of_product(&self, reading: &Reading) -> bool {
        let named = reading.database.as_ref().map(|(name, _)| name.as_str());
        let mut own = self.own.values().flatten();
        named.is_some() && own.any(|service| service.database() == named)
    }

    /// Whether a package is certainly not there, and its name is nearly that of the module whose database is
    /// named.
    fn is_misspelt(
        &self,
        workspace: &Workspace,
        product: &Product,
        package: &str,
        reading: &Reading,
    ) -> bool {
        let owner = reading.database.as_ref();
        let owner = owner.and_then(|(name, _)| product.owner_of(name));
        let Some(folder) = owner.and_then(|it| it.module.as_ref()).map(|it| &it.folder) else {
            return false;
        };
        let last = package.rsplit('/').next().unwrap_or(package);
        let is_near = nearest(last, [file_name(folder)]).is_some();
        let quoted = format!("\"{package}\"");
        let manifest = workspace.sources.find(&format!("{folder}/package.json"));
        let text = manifest.map(|id| &workspace.sources.file(id).text);
        is_near && self.is_complete && text.is_some_and(|text| !text.contains(&quoted))
    }

    /// The services whose module a path lies in.
    fn owners(&self, path: &str) -> Option<&Vec<&'p Service>> {
        ancestors(path).find_map(|folder| self.own.get(folder))
    }

    fn read_folder(&self, workspace: &Workspace, path: &str, reading: &mut Reading<'p, '_>) {
        if let Some(services) = self.owners(path) {
            let named = reading.database.as_ref().map(|(name, _)| name.as_str());
            let owns = |service: &&&Service| named.is_some() && service.database() == named;
            let owner = services.iter().find(owns).or(services.first());
            reading.service = owner.copied();
            return;
        }
        let foreign = ancestors(path).find(|folder| self.all.contains(folder));
        if let Some(folder) = foreign {
            let place = reading.module_place.filter(|_| self.is_of_product(reading));
            reading.stranger = place.map(|place| (folder.to_owned(), place));
            return;
        }
        if !self.is_complete {
            return;
        }
        let folder = path.split("/prisma").next().unwrap_or(path);
        let is_beside_modules = self.roots.contains(parent(folder));
        let is_below_modules = self
            .roots
            .iter()
            .any(|root| folder.split('/').next() == root.split('/').next());
        let is_missing = workspace.sources.existence(folder) == Existence::Missing;
        if is_beside_modules || (is_below_modules && is_missing) {
            let place = reading.module_place;
            reading.stranger = place.map(|place| (folder.to_owned(), place));
        }
    }
}
