//! Makes stacks of compose files.
//!
//! Each compose file is a stack of its own. Merged are only the files that the config names together, and
//! those that Compose runs when it is told none, a standard file and its `.override` or what `COMPOSE_FILE`
//! in the `.env` lists; a file that another one includes runs there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::model::assembly::{assemble, from_env_file, variable};
use crate::model::compose::{Build, Declared, Purpose, Service, Stack};
use crate::model::merging::{Layer, Layers, Reader, beginning_of};
use crate::model::resolve::{self, Variables};
use crate::parse::Facts;
use crate::policy::Policy;
use crate::source::{FileId, Kind, Place, Placed, Sources, file_name, join, parent};

const STANDARD_NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// The files that Compose reads in `folder` when it is told none, the base first.
pub(super) fn standard_files(sources: &Sources, folder: &str) -> Vec<FileId> {
    let find = |name: &str| sources.find(&join(folder, name)?);
    let Some((base, name)) = STANDARD_NAMES
        .iter()
        .find_map(|name| Some((find(name)?, name)))
    else {
        return Vec::new();
    };
    let overriding = override_names(name).find_map(|name| find(&name));
    [Some(base), overriding].into_iter().flatten().collect()
}

fn override_names(base: &str) -> impl Iterator<Item = String> {
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    ["yml", "yaml"]
        .map(|ending| format!("{stem}.override.{ending}"))
        .into_iter()
}

/// A file and the path that names it, which may be that of a link.
type NamedFile = (String, FileId);

/// What Compose runs in a folder when it is told no file.
struct Default {
    /// The folder of the first file, by the path that it is run under: that of a link, if it is one.
    folder: String,
    files: Vec<FileId>,
    /// Why other files may take part.
    open: Vec<Placed<String>>,
}

/// Every stack of the workspace, in the order of their files.
pub(super) fn stacks(sources: &Sources, facts: &[Arc<Facts>], policy: &Policy) -> Vec<Stack> {
    let linker = Linker {
        reader: Reader::new(sources, facts),
        sources,
        tools: &policy.tools,
    };
    let named = named_sets(sources, policy);
    let mut listed: HashSet<FileId> = named.iter().flat_map(|set| set.files.clone()).collect();
    let is_development = |set: &&NamedSet| set.purpose == Purpose::Development;
    let development = named.iter().filter(is_development);
    let development: HashSet<FileId> = development.flat_map(|set| set.files.clone()).collect();
    let mut stacks: Vec<Stack> = named
        .into_iter()
        .map(|set| Stack {
            purpose: Some(set.purpose),
            ..linker.stack(&set.folder, set.files, None, Vec::new())
        })
        .collect();
    let mut defaults = linker.defaults();
    for default in defaults.values_mut() {
        // What production is built on is run by itself in development.
        default.files.retain(|file| !development.contains(file));
    }
    defaults.retain(|_, default| !default.files.is_empty());
    for (from, default) in defaults {
        listed.extend(&default.files);
        let Default {
            folder,
            files,
            open,
        } = default;
        stacks.push(linker.stack(&folder, files, Some(from), open));
    }
    let alone = sources
        .files()
        .filter(|(id, file)| file.kind == Kind::Compose && !listed.contains(id));
    stacks.extend(
        alone.map(|(id, file)| linker.stack(parent(&file.path), vec![id], None, Vec::new())),
    );
    drop_included(&mut stacks);
    stacks.sort_by(|a, b| a.files.cmp(&b.files));
    stacks
}

/// A set of files that the config names.
struct NamedSet {
    /// The folder of the first, by the path that it is named by.
    folder: String,
    files: Vec<FileId>,
    purpose: Purpose,
}

/// The sets of files that the config names, wherever the first of them stands.
fn named_sets(sources: &Sources, policy: &Policy) -> Vec<NamedSet> {
    let named = [
        (&policy.development, Purpose::Development),
        (&policy.production, Purpose::Production),
    ];
    let mut sets: Vec<NamedSet> = Vec::new();
    for (paths, purpose) in named {
        let base = paths.first().and_then(|base| join("", base));
        let Some(end) = base.map(|base| format!("/{base}")) else {
            continue;
        };
        let bases = sources
            .paths()
            .filter(|&(_, id)| sources.file(id).kind == Kind::Compose);
        for (path, _) in bases {
            let rooted = format!("/{path}");
            let Some(folder) = rooted.strip_suffix(&end) else {
                continue;
            };
            let files = paths
                .iter()
                .filter_map(|path| sources.find(&join(folder, path)?));
            let files: Vec<FileId> = files.collect();
            if !sets.iter().any(|set| set.files == files) {
                sets.push(NamedSet {
                    folder: parent(path).to_owned(),
                    files,
                    purpose,
                });
            }
        }
    }
    sets
}

/// What another stack includes runs there, and may be a part that makes no sense alone.
fn drop_included(stacks: &mut Vec<Stack>) {
    let all: HashSet<FileId> = included(stacks.iter());
    let is_part = |stack: &Stack, parts: &HashSet<FileId>| {
        let is_included = matches!(stack.files[..], [only] if parts.contains(&only));
        is_included && stack.purpose.is_none()
    };
    // Files that include each other in a circle are not dropped.
    let by_others = included(stacks.iter().filter(|stack| !is_part(stack, &all)));
    stacks.retain(|stack| !is_part(stack, &by_others));
}

fn included<'s>(stacks: impl Iterator<Item = &'s Stack>) -> HashSet<FileId> {
    stacks
        .flat_map(|stack| stack.included.iter().copied())
        .collect()
}

struct Linker<'a> {
    reader: Reader<'a>,
    sources: &'a Sources,
    /// Names of tools, from the config.
    tools: &'a [String],
}

impl<'a> Linker<'a> {
    /// What Compose runs when it is told no file, by the folder in which it does so.
    fn defaults(&self) -> BTreeMap<String, Default> {
        let is_standard = |path: &str, id: FileId| {
            let is_compose = self.sources.file(id).kind == Kind::Compose;
            is_compose && STANDARD_NAMES.contains(&file_name(path))
        };
        let is_link = |path: &str, id: FileId| self.sources.file(id).path != path;
        let links = self.sources.paths();
        let links = links.filter(|&(path, id)| is_link(path, id) && is_standard(path, id));
        // Compose takes the folder of the link for that of the project.
        let linked: HashSet<FileId> = links.map(|(_, id)| id).collect();
        let mut defaults = BTreeMap::new();
        for (path, id) in self.sources.paths() {
            let folder = parent(path);
            let is_env = self.sources.file(id).kind == Kind::Env && file_name(path) == ".env";
            let is_run = is_standard(path, id) && (is_link(path, id) || !linked.contains(&id));
            if (is_env || is_run) && !defaults.contains_key(folder) {
                let default = self.configured(folder).or_else(|| self.standard(folder));
                defaults.extend(default.map(|default| (folder.to_owned(), default)));
            }
        }
        defaults
    }

    fn standard(&self, folder: &str) -> Option<Default> {
        let files = standard_files(self.sources, folder);
        let base = *files.first()?;
        // Who copies the example may run more than the standard file.
        let example = self.listed(folder, ".env.example");
        let more = example.filter(|(_, listed)| listed.len() > 1);
        let more = more.filter(|(_, listed)| listed.iter().flatten().any(|(_, id)| *id == base));
        Some(Default {
            folder: folder.to_owned(),
            files,
            open: more
                .map(|(place, _)| Placed {
                    value: "`COMPOSE_FILE` in the example lists other files".to_owned(),
                    place,
                })
                .into_iter()
                .collect(),
        })
    }

    /// What `COMPOSE_FILE` in the `.env` of a folder lists.
    fn configured(&self, folder: &str) -> Option<Default> {
        let (place, listed) = self.listed(folder, ".env")?;
        let is_lost = listed.iter().any(Option::is_none);
        let files: Vec<NamedFile> = listed.into_iter().flatten().collect();
        let (first, _) = files.first()?;
        let open = is_lost.then(|| Placed {
            value: "`COMPOSE_FILE` lists a file that was not read".to_owned(),
            place,
        });
        Some(Default {
            folder: parent(first).to_owned(),
            files: files.into_iter().map(|(_, file)| file).collect(),
            open: open.into_iter().collect(),
        })
    }

    /// The files of `COMPOSE_FILE` with their paths, as far as they were read, and where it is set.
    fn listed(&self, folder: &str, env: &str) -> Option<(Place, Vec<Option<NamedFile>>)> {
        let (file, entries) = self.reader.env_file(&join(folder, env)?)?;
        let last = |name: &str| entries.iter().rev().find(|entry| entry.name.value == name);
        let entry = last("COMPOSE_FILE")?;
        let context = self
            .reader
            .context(folder, vec![join(folder, env)?], Vec::new());
        let listed = resolve::passed_on("COMPOSE_FILE", &[], &context.variables)?;
        let text = listed.is_all_known().then_some(listed.text.as_str())?;
        let separator = last("COMPOSE_PATH_SEPARATOR").map(|entry| entry.value.value.as_str());
        let usual = if text.contains(';') { ";" } else { ":" };
        let separator = separator.filter(|it| !it.is_empty()).unwrap_or(usual);
        let find = |name: &str| {
            let path = join(folder, name.trim())?;
            let found = self.sources.find(&path)?;
            self.reader
                .compose(found)
                .is_some()
                .then_some((path, found))
        };
        let mut names = text.split(separator).filter(|name| !name.trim().is_empty());
        let is_set = names.clone().next().is_some();
        let files = names.by_ref().map(find).collect();
        is_set.then(|| (entry.value.span.in_file(file), files))
    }

    fn stack(
        &self,
        folder: &str,
        files: Vec<FileId>,
        run_from: Option<String>,
        open: Vec<Placed<String>>,
    ) -> Stack {
        let env_folders: BTreeSet<&str> = run_from.as_deref().into_iter().chain([folder]).collect();
        let beside = |name: &str| {
            let paths = env_folders.iter().rev();
            paths.filter_map(|folder| join(folder, name)).collect()
        };
        let context = self
            .reader
            .context(folder, beside(".env"), beside(".env.example"));
        let mut layers = self.reader.read(&files, &context, &[]);
        layers.open.extend(open);
        if layers.services_key.is_none()
            && let Some(&base) = files.first()
        {
            layers.open.push(Placed {
                value: "the compose file has no `services`".to_owned(),
                place: beginning_of(base),
            });
        }
        let profiles = context.variables.own_text("COMPOSE_PROFILES");
        let profiles = profiles.unwrap_or_default().split(',').map(str::trim);
        let mut stack = Stack {
            folder: folder.to_owned(),
            services_key: layers.services_key,
            services: Vec::new(),
            run_from,
            purpose: None,
            networks: Vec::new(),
            volumes: Vec::new(),
            external_networks: Vec::new(),
            active_profiles: profiles
                .filter(|profile| !profile.is_empty())
                .map(str::to_owned)
                .collect(),
            included: std::mem::take(&mut layers.included),
            extended: std::mem::take(&mut layers.extended),
            missing_bases: std::mem::take(&mut layers.missing_bases),
            open: std::mem::take(&mut layers.open),
            by_key: HashMap::new(),
            by_host: HashMap::new(),
            files,
        };
        declare(&layers, &mut stack);
        let networks: HashMap<&str, &str> = stack
            .networks
            .iter()
            .map(|network| (network.name.value.as_str(), network.real_name.as_str()))
            .collect();
        let services: Vec<Service> = layers
            .order
            .iter()
            .filter_map(|key| {
                let is_whole = !layers.incomplete.contains(key);
                let variables = &context.variables;
                self.service(&layers.services[key], is_whole, &networks, variables)
            })
            .collect();
        for (index, service) in services.iter().enumerate() {
            for alias in &service.aliases {
                stack.by_host.entry(alias.clone()).or_insert(index);
            }
            stack.by_key.insert(service.key.value.clone(), index);
        }
        stack.services = services;
        stack
    }

    fn service(
        &self,
        layers: &[Layer<'a>],
        is_whole: bool,
        networks: &HashMap<&str, &str>,
        variables: &Variables<'a>,
    ) -> Option<Service> {
        let mut service = assemble(layers, networks)?;
        service.is_extended = !is_whole;
        self.environment(layers, variables, &mut service);
        if service.is_extended {
            service.unknown_environment = Some("`extends` brings settings".to_owned());
        }
        service.base_image = service
            .build
            .as_ref()
            .and_then(|build| self.base_image(build));
        service.is_named_tool = self.tools.iter().any(|tool| service.goes_by(tool));
        Some(service)
    }

    fn base_image(&self, build: &Build) -> Option<Placed<String>> {
        let file = self.sources.find(build.dockerfile.as_deref()?)?;
        match self.reader.facts[file.0 as usize].as_ref() {
            Facts::Dockerfile(parsed) => parsed
                .facts
                .base_image(build.target.as_deref())
                .map(|image| image.in_file(file)),
            _ => None,
        }
    }

    /// Fills the environment: `environment` counts before `env_file`, later layers before earlier ones.
    /// What an env file names are `variables` of the whole project, also where its service is included.
    fn environment(&self, layers: &[Layer<'a>], variables: &Variables<'a>, service: &mut Service) {
        let mut known = HashSet::new();
        let mut environment = Vec::new();
        for layer in layers.iter().rev() {
            for entry in layer.environment() {
                if known.insert(entry.name.value.as_str()) {
                    environment.push(variable(layer, entry));
                }
            }
        }
        for layer in layers.iter().rev().filter(|it| it.keeps(&["env_file"])) {
            for env_file in layer.service.env_files.iter().rev() {
                let path = layer.text(env_file);
                let at = join(&layer.folder, &path.text).filter(|_| path.is_all_known());
                if let Some((from, entries)) = at.as_deref().and_then(|at| self.reader.env_file(at))
                {
                    // Variables of the project count before those of the same file.
                    let mut variables = variables.clone();
                    for entry in entries.iter().rev() {
                        variables.add(from, entry, false);
                    }
                    for entry in entries.iter().rev() {
                        if known.insert(entry.name.value.as_str()) {
                            environment.push(from_env_file(from, entry, path.way(), &variables));
                        }
                    }
                } else {
                    // `required: false` is said of files that only some machines have.
                    service.unknown_environment = Some(format!("`{}` was not read", path.text));
                }
            }
        }
        service.environment = environment;
    }
}

/// Gives a stack the networks and volumes that its files declare, later ones of a name in place of earlier
/// ones.
fn declare(layers: &Layers, stack: &mut Stack) {
    let declared = |declarations: &[crate::model::merging::Declaration]| {
        let mut seen = HashSet::new();
        let mut kept: Vec<(Declared, bool)> = declarations
            .iter()
            .rev()
            .filter(|it| seen.insert(it.declared.name.value.as_str()))
            .map(|it| {
                let name = it.declared.name.in_file(it.file);
                let real_name = it.real_name.clone();
                let declared = Declared {
                    real_name: real_name.unwrap_or_else(|| name.value.clone()),
                    name,
                };
                (declared, it.declared.external)
            })
            .collect();
        kept.reverse();
        kept
    };
    for (network, is_external) in declared(&layers.networks) {
        if is_external {
            stack.external_networks.push(network.real_name.clone());
        }
        stack.networks.push(network);
    }
    let volumes = declared(&layers.volumes).into_iter();
    stack.volumes.extend(volumes.map(|(volume, _)| volume));
}
