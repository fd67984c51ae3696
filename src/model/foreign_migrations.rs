//! Commands of one service that migrate the schema of another, or connect through another's variable.

use std::collections::{BTreeMap, BTreeSet};

use crate::discover::is_test_code;
use crate::finding::{Fix, Owner};
use crate::model::commands::{Commands, commands_of_image};
use crate::model::compose::Variable;
use crate::model::homes::Homes;
use crate::model::inferred::is_helper;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::shell::{Action, EnvFile, Run, Target};
use crate::model::{Workspace, names};
use crate::parse::Facts;
use crate::source::{FileId, Kind, Place, Span, file_name, is_within, join, parent, relative};

/// A command of one service for the database of another.
pub struct ForeignMigration {
    /// Whose command it is.
    pub owner: Owner,
    /// The name of that service.
    pub service: String,
    /// The other service.
    pub other: String,
    /// The database of the other service, if that is known.
    pub database: Option<String>,
    /// What is the other's.
    pub what: Foreign,
    /// The text that names it.
    pub place: Place,
    /// Further places of the same file.
    pub again: Vec<Place>,
    /// What makes it the other's.
    pub because: Option<(Place, String)>,
    /// The text to write instead, where one is meant.
    pub right: Option<String>,
    /// An edit that writes it.
    pub fix: Option<Fix>,
}

/// What a command takes from another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// Its schema or its migrations.
    Schema,
    /// A variable with its connection string.
    Variable(String),
    /// A `.env` file with its connection string.
    EnvFile,
}

/// The services of a workspace, and which of them certainly keep tables of their own.
struct Keepers<'w> {
    homes: Homes<'w>,
    keep_tables: Vec<bool>,
}

/// Commands and whose they are.
struct Holder<'w> {
    /// The numbers of the services; several where they share a module.
    services: Vec<usize>,
    folder: String,
    file: FileId,
    commands: Commands<'w>,
}

impl<'w> Keepers<'w> {
    fn of(workspace: &'w Workspace<'w>) -> Self {
        let homes = Homes::of(workspace);
        let registered = homes.registered.iter();
        let registered = registered.map(|(_, service)| service.database().is_some());
        let inferred = workspace.inferred.iter().map(|service| {
            let mut containers = service.containers.iter();
            let runs = containers.any(|&(stack, number)| {
                let container = &workspace.stacks[stack].services[number];
                !is_helper(&container.key.value)
            });
            runs && service.store.is_some() && !service.is_stateless()
        });
        Self {
            keep_tables: registered.chain(inferred).collect(),
            homes,
        }
    }

    /// The number of the product and the service, where a registry names it.
    fn registered(&self, number: usize) -> Option<(usize, &'w Service)> {
        self.homes.registered.get(number).copied()
    }

    fn name(&self, number: usize) -> &str {
        let name = self.homes.services[number].owner.service.as_deref();
        name.unwrap_or_default()
    }

    /// Whether commands of these services are judged: of services that no registry names only those that
    /// keep tables, since others may well migrate for them.
    fn are_judged(&self, services: &[usize]) -> bool {
        let is_judged =
            |&number: &usize| self.registered(number).is_some() || self.keep_tables[number];
        !services.is_empty() && services.iter().all(is_judged)
    }

    /// The other service among these whose tables are certainly none of `own`.
    fn other(&self, own: &[usize], others: &[usize]) -> Option<usize> {
        let shares = |other: usize| {
            own.contains(&other)
                || own.iter().any(|&own| {
                    let are_registered =
                        self.registered(own).is_some() && self.registered(other).is_some();
                    let databases = |number: usize| &self.homes.services[number].databases;
                    !are_registered && !databases(own).is_disjoint(databases(other))
                })
        };
        if others.iter().any(|&other| shares(other)) {
            return None;
        }
        let product = |number: usize| self.registered(number).map(|(product, _)| product);
        let is_near = |&&other: &&usize| own.iter().any(|&own| product(own) == product(other));
        let keeping = |number: &&usize| self.keep_tables[**number];
        let near = others.iter().filter(keeping).find(is_near);
        near.or_else(|| others.iter().find(keeping)).copied()
    }
}

impl Workspace<'_> {
    /// The commands of services that are for the database of another; one for each file and other service.
    pub fn foreign_migrations(&self) -> Vec<ForeignMigration> {
        let keepers = Keepers::of(self);
        let mut found: BTreeMap<(FileId, usize, usize), ForeignMigration> = BTreeMap::new();
        let mut add = |file: FileId, service: usize, other: usize, mistake: ForeignMigration| {
            let key = (file, service, other);
            match found.get_mut(&key) {
                Some(known) if known.place == mistake.place => {}
                Some(known) => {
                    if !known.again.contains(&mistake.place) {
                        known.again.push(mistake.place);
                    }
                }
                None => {
                    found.insert(key, mistake);
                }
            }
        };
        for holder in self.holders(&keepers) {
            for (other, mistake) in self.foreign_in(&keepers, &holder) {
                add(holder.file, holder.services[0], other, mistake);
            }
        }
        for file in self.all_start_scripts() {
            for (service, other, mistake) in self.foreign_in_start_script(&keepers, file) {
                add(file, service, other, mistake);
            }
        }
        found.into_values().collect()
    }

    /// The commands of services: their shell scripts, the scripts of their packages, and what their images
    /// and containers start.
    fn holders<'s>(&'s self, keepers: &Keepers) -> Vec<Holder<'s>> {
        let start_scripts = self.all_start_scripts();
        let mut holders = Vec::new();
        for (file, source) in self.sources.files() {
            if is_test_code(&source.path) {
                continue;
            }
            let services = match source.kind {
                Kind::Dockerfile => keepers.homes.built_by(&source.path),
                _ => keepers.homes.around(parent(&source.path)),
            };
            if !keepers.are_judged(services) {
                continue;
            }
            let folder = keepers.homes.folder_of(services).unwrap_or_default();
            let variable = self.variable_of(keepers, services);
            let mut add = |commands: Commands<'s>| {
                holders.push(Holder {
                    services: services.to_vec(),
                    folder: folder.to_owned(),
                    file,
                    commands,
                });
            };
            match self.facts(file) {
                Facts::Shell(_) if !start_scripts.contains(&file) => {
                    self.commands_of_script(file, folder, variable)
                        .into_iter()
                        .for_each(add);
                }
                Facts::Dockerfile(parsed) => {
                    let starts = parsed.facts.started(&BTreeSet::new());
                    for (_, starts) in starts {
                        let commands = commands_of_image(file, starts, folder, variable);
                        commands.into_iter().for_each(&mut add);
                    }
                }
                Facts::Settings(_) if source.kind == Kind::Package => {
                    let is_for_tests = |name: &str| name.contains("test") || name.contains("e2e");
                    for script in self.package_scripts(file) {
                        if !is_for_tests(&script.name.value) {
                            add(self.commands_of_package(file, script, variable));
                        }
                    }
                }
                _ => {}
            }
        }
        holders.extend(self.container_holders(keepers));
        holders
    }

    fn container_holders<'s>(&'s self, keepers: &Keepers) -> Vec<Holder<'s>> {
        let mut holders = Vec::new();
        for (number, stack) in self.stacks.iter().enumerate() {
            if stack.is_for_tests(self.sources) {
                continue;
            }
            for (position, container) in stack.services.iter().enumerate() {
                let user = (number, position);
                let services = keepers.homes.run_by(self, user);
                let is_for_others = is_helper(&container.key.value) || container.is_known_tool();
                if is_for_others || !keepers.are_judged(&services) {
                    continue;
                }
                let folder = keepers.homes.folder_of(&services).unwrap_or_default();
                let variable = self.variable_of(keepers, &services);
                for commands in self.commands_of_container(user, folder, variable) {
                    holders.push(Holder {
                        services: services.clone(),
                        folder: folder.to_owned(),
                        file: container.key.place.file,
                        commands,
                    });
                }
            }
        }
        holders
    }

    /// The variable that the connection string of the first of these services stands in.
    fn variable_of<'s>(&'s self, keepers: &Keepers<'s>, services: &[usize]) -> &'s str {
        let known = &keepers.homes.services[services[0]];
        let own = known.variables.first().copied();
        own.unwrap_or(&self.policy.database_variable)
    }

    fn foreign_in(&self, keepers: &Keepers, holder: &Holder) -> Vec<(usize, ForeignMigration)> {
        let runs = &holder.commands.runs;
        let migrations = runs
            .runs
            .iter()
            .filter(|run| run.actions.contains(&Action::Migrate));
        let schemas = migrations.filter_map(|run| {
            let schema = self.foreign_schema(keepers, holder, run);
            schema.or_else(|| self.foreign_env_file(keepers, holder, run))
        });
        let variables = runs.urls.iter().filter_map(|url| {
            let span = url.unknown_place()?;
            self.variable_of_another(keepers, holder, span)
        });
        schemas.chain(variables).collect()
    }

    fn all_start_scripts(&self) -> BTreeSet<FileId> {
        let products = self.products.iter();
        products
            .flat_map(|product| self.start_script_files(product))
            .collect()
    }

    /// What a start script of a product, which migrates every service, runs for one with the `.env` file of
    /// another.
    fn foreign_in_start_script(
        &self,
        keepers: &Keepers,
        file: FileId,
    ) -> Vec<(usize, usize, ForeignMigration)> {
        let Some(commands) = self.commands_of_script(file, "", &self.policy.database_variable)
        else {
            return Vec::new();
        };
        let mut holder = Holder {
            services: Vec::new(),
            folder: String::new(),
            file,
            commands,
        };
        let mut found = Vec::new();
        for number in 0..holder.commands.runs.runs.len() {
            let run = &holder.commands.runs.runs[number];
            let module = match &run.target {
                Target::Folder(path, _) if !run.env_files.is_empty() => path.as_str(),
                _ => continue,
            };
            let services = keepers.homes.around(module);
            let is_migration = run.actions.contains(&Action::Migrate);
            if !is_migration || !keepers.are_judged(services) {
                continue;
            }
            holder.services = services.to_vec();
            module.clone_into(&mut holder.folder);
            let run = &holder.commands.runs.runs[number];
            if let Some((other, mistake)) = self.foreign_env_file(keepers, &holder, run) {
                found.push((services[0], other, mistake));
            }
        }
        found
    }

    fn foreign_schema(
        &self,
        keepers: &Keepers,
        holder: &Holder,
        run: &Run,
    ) -> Option<(usize, ForeignMigration)> {
        let (path, span) = match &run.target {
            Target::Folder(path, span) => (self.meant_path(path, &holder.folder)?, *span),
            Target::Somewhere(path, span) => (self.path_in_image(path, &holder.folder)?, *span),
            Target::Package(name, span) => {
                let manifest = keepers.homes.package(name)?;
                (parent(&self.sources.file(manifest).path).to_owned(), *span)
            }
            Target::Container(..) | Target::Unknown => return None,
        };
        let other = keepers.other(&holder.services, keepers.homes.around(&path))?;
        let span = span?;
        let written = holder.commands.slice(span);
        let place = holder.commands.place(self, span)?;
        let right = written
            .ends_with(".prisma")
            .then(|| self.own_schema(holder))
            .flatten();
        let fix = right
            .as_ref()
            .and_then(|right| self.unsafe_replacement(place, written, right));
        let mistake = self.mistake(keepers, holder, other, place, Foreign::Schema);
        let mistake = ForeignMigration {
            right,
            fix,
            ..mistake
        };
        Some((other, mistake))
    }

    /// The `.env` file of another service that a migration takes its connection string from. Programs that
    /// read several differ in which of them counts, so that all must be of the other.
    fn foreign_env_file(
        &self,
        keepers: &Keepers,
        holder: &Holder,
        run: &Run,
    ) -> Option<(usize, ForeignMigration)> {
        if run.url.is_some() {
            return None;
        }
        let mut counts: Option<Option<(usize, Span)>> = None;
        for file in &run.env_files {
            let (read, span) = match self.env_file_read(holder, file) {
                Some((read, _)) if !self.sets_connection(keepers, holder, read) => continue,
                Some((read, span)) => (Some(read), span),
                None => (None, None),
            };
            let other = read.and_then(|read| self.other_of_env_file(keepers, holder, read));
            let other = other.zip(span);
            counts = Some(match (counts, other) {
                (None, other) => other,
                (_, other) if file.is_sourced => other,
                (Some(Some((known, _))), Some((other, span))) if known == other => {
                    Some((other, span))
                }
                _ => None,
            });
        }
        let (other, span) = counts??;
        let place = holder.commands.place(self, span)?;
        let mistake = self.mistake(keepers, holder, other, place, Foreign::EnvFile);
        let name = file_name(holder.commands.slice(span));
        let own = join(&holder.folder, name).and_then(|path| self.sources.find(&path));
        let mistake = ForeignMigration {
            right: own.map(|_| name.to_owned()),
            ..mistake
        };
        Some((other, mistake))
    }

    /// The `.env` file that is read, where it is one of the workspace, and where it is named.
    fn env_file_read(&self, holder: &Holder, file: &EnvFile) -> Option<(FileId, Option<Span>)> {
        let (path, span) = match &file.target {
            Target::Folder(path, span) => (self.meant_path(path, &holder.folder)?, *span),
            Target::Somewhere(path, span) => (self.path_in_image(path, &holder.folder)?, *span),
            Target::Package(..) | Target::Container(..) | Target::Unknown => return None,
        };
        Some((self.sources.find(&path)?, span))
    }

    /// Whether a `.env` file sets the variable of the connection string.
    fn sets_connection(&self, keepers: &Keepers, holder: &Holder, file: FileId) -> bool {
        let name = self.variable_of(keepers, &holder.services);
        match self.facts(file) {
            Facts::Env(parsed) => {
                let mut entries = parsed.facts.entries.iter();
                entries.any(|entry| entry.name.value == name)
            }
            _ => true,
        }
    }

    /// The other service that a `.env` file belongs to, unless it leads to an own database.
    fn other_of_env_file(&self, keepers: &Keepers, holder: &Holder, file: FileId) -> Option<usize> {
        let name = self.variable_of(keepers, &holder.services);
        let own = &keepers.homes.services[holder.services[0]].databases;
        let variables = self.settings().all().iter();
        let mut variables = variables.map(|setting| &setting.variable);
        let is_meant =
            |variable: &&Variable| variable.name.place.file == file && variable.name.value == name;
        let database = variables.find(is_meant)?.named_database();
        if database.is_some_and(|part| part.is_known && own.contains(&part.text)) {
            return None;
        }
        let path = &self.sources.file(file).path;
        keepers.other(&holder.services, keepers.homes.around(path))
    }

    fn variable_of_another(
        &self,
        keepers: &Keepers,
        holder: &Holder,
        span: Span,
    ) -> Option<(usize, ForeignMigration)> {
        let written = holder.commands.slice(span);
        let name = variable_name(written)?;
        // What follows `:-` counts only where the first variable is not set.
        let before = holder.commands.before(span);
        if before.ends_with(":-") || before.ends_with(":=") {
            return None;
        }
        let number = holder.services[0];
        let known = &keepers.homes.services[number];
        let own = &self.policy.database_variable;
        if name == own || known.variables.contains(&name) {
            return None;
        }
        let other = match keepers.registered(number) {
            Some((product, service)) => {
                let product = &self.products[product];
                if self.is_own_by_value(product, service, name) {
                    return None;
                }
                let other = Owner::from(product.service_named_by(name)?);
                keepers.homes.number_of(&other)?
            }
            None => named_by(keepers, name)?,
        };
        let other = keepers.other(&holder.services, &[other])?;
        let start = span.start as usize + written.find(name)?;
        let place = holder
            .commands
            .place(self, Span::new(start, start + name.len()))?;
        let what = Foreign::Variable(name.to_owned());
        let mistake = self.mistake(keepers, holder, other, place, what);
        let right = known.variables.first().map_or(own.as_str(), |name| name);
        let mistake = ForeignMigration {
            right: Some(right.to_owned()),
            fix: self.unsafe_replacement(place, name, right),
            ..mistake
        };
        Some((other, mistake))
    }

    fn mistake(
        &self,
        keepers: &Keepers,
        holder: &Holder,
        other: usize,
        place: Place,
        what: Foreign,
    ) -> ForeignMigration {
        let number = holder.services[0];
        let known = &keepers.homes.services[other];
        let because = if let Some((_, service)) = keepers.registered(other) {
            let database = service.database().unwrap_or_default();
            let remark = format!("`{}` owns `{database}`", service.key());
            Some((service.database_place(), remark))
        } else {
            let number = other - keepers.homes.registered.len();
            self.inferred[number].says_stores()
        };
        ForeignMigration {
            owner: keepers.homes.services[number].owner.clone(),
            service: keepers.name(number).to_owned(),
            other: keepers.name(other).to_owned(),
            database: known.databases.first().cloned(),
            what,
            place,
            again: Vec::new(),
            because,
            right: None,
            fix: None,
        }
    }

    /// What a path means that a command in a module names: as it stands if it leads out of the module, else
    /// as one of an image.
    fn meant_path(&self, path: &str, folder: &str) -> Option<String> {
        let below = path
            .strip_prefix(folder)
            .filter(|_| is_within(path, folder));
        if below.is_none() || self.sources.find_seen(path).is_some() {
            return Some(path.to_owned());
        }
        let written = below.map_or(path, |rest| rest.trim_start_matches('/'));
        self.path_in_image(written, folder)
    }

    /// The schema in the module of a command, as it is named there.
    fn own_schema(&self, holder: &Holder) -> Option<String> {
        let mut schemas = self.holdings().iter().filter_map(|holding| {
            let id = holding.schema_files.first()?;
            let path = self.sources.file(*id).path.as_str();
            let inside = path.strip_prefix(&holder.folder)?;
            (inside.starts_with('/') && holding.schema_files.len() == 1).then_some(path)
        });
        match (schemas.next(), schemas.next()) {
            (Some(only), None) => Some(relative(&holder.folder, only)),
            _ => None,
        }
    }

    /// Whether a container of a service sets a variable to a connection string for its own database.
    fn is_own_by_value(&self, product: &Product, service: &Service, name: &str) -> bool {
        let stacks = self.stacks_of(product);
        let containers = stacks.filter_map(|stack| service.container(stack));
        let mut named = containers.filter_map(|container| container.variable(name)?.database());
        named.any(|part| part.is_known && Some(part.text.as_str()) == service.database())
    }
}

/// The name of a variable that stands alone: `$NAME`, `${NAME}`, `${NAME:?…}`.
fn variable_name(written: &str) -> Option<&str> {
    let name = written.strip_prefix('$')?;
    let name = match name.strip_prefix('{') {
        Some(inner) => {
            let inner = inner.strip_suffix('}')?;
            let name = inner.split('?').next().unwrap_or(inner);
            name.strip_suffix(':').unwrap_or(name)
        }
        None => name,
    };
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    (!name.is_empty() && name.chars().all(is_letter)).then_some(name)
}

/// The service that no registry names whose name a variable's name begins with; the longest counts.
fn named_by(keepers: &Keepers, variable: &str) -> Option<usize> {
    let is_prefix = |name: &str| {
        let rest = variable.strip_prefix(&names::snake_case(name).to_ascii_uppercase());
        rest.is_some_and(|rest| rest.starts_with('_'))
    };
    let unregistered = keepers.homes.registered.len()..keepers.homes.services.len();
    let named = unregistered.filter(|&number| is_prefix(keepers.name(number)));
    named.max_by_key(|&number| keepers.name(number).len())
}
