//! What the files of a stack say of each service, one layer over the other: the bases that it extends,
//! included files, the base file, the override file. Later layers count before earlier ones (Compose
//! specification, "Merge", "Extends" and "Include").

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::model::resolve::{self, Resolved, Variables};
use crate::parse::Facts;
use crate::parse::compose as written;
use crate::parse::dotenv::Entry;
use crate::source::{FileId, Place, Placed, Sources, Span, join, parent};

/// Where a file's relative paths start, and the variables that its texts may name.
#[derive(Clone)]
pub(super) struct Context<'a> {
    pub(super) folder: Rc<str>,
    pub(super) variables: Rc<Variables<'a>>,
    env_files: Vec<String>,
    examples: Vec<String>,
}

/// What one file says of a service.
#[derive(Clone)]
pub(super) struct Layer<'a> {
    pub(super) file: FileId,
    pub(super) service: &'a written::Service,
    /// Where its relative paths start.
    pub(super) folder: Rc<str>,
    /// The folder of the project that reads it, which is built where no context is named.
    pub(super) project: Rc<str>,
    pub(super) variables: Rc<Variables<'a>>,
    /// The names behind `extends` through which the service takes it, nearest the service first.
    pub(super) through: Rc<[Place]>,
    /// What a later layer takes back or replaces (`!reset`, `!override`), by the keys that lead there.
    pub(super) withdrawn: Vec<&'a [String]>,
}

impl<'a> Layer<'a> {
    /// Whether it is about the service itself, and not about a base that it extends.
    pub(super) fn is_own(&self) -> bool {
        self.through.is_empty()
    }

    pub(super) fn keeps(&self, setting: &[&str]) -> bool {
        !self.withdrawn.iter().any(|path| *path == setting)
    }

    pub(super) fn text(&self, written: &written::Written) -> Resolved {
        resolve::written(written, self.file, &self.through, &self.variables)
    }

    /// The places through which the service takes what stands at `place` in this layer.
    pub(super) fn way_to(&self, place: Place) -> Vec<Place> {
        self.through.iter().copied().chain([place]).collect()
    }

    pub(super) fn environment(&self) -> impl Iterator<Item = &'a written::EnvEntry> {
        let environment = self.service.environment.as_ref();
        environment
            .filter(|_| self.keeps(&["environment"]))
            .into_iter()
            .flat_map(|environment| &environment.entries)
            .filter(|entry| self.keeps(&["environment", &entry.name.value]))
    }

    /// The same layer for a service that reaches it on that way, and takes back those settings of it.
    pub(super) fn inherited(&self, way: &[Place], withdrawn: &[&'a [String]]) -> Self {
        let mut layer = self.clone();
        layer.through = way.iter().chain(self.through.iter()).copied().collect();
        layer.withdrawn.extend(withdrawn);
        layer
    }
}

/// A network or a volume that the files declare.
pub(super) struct Declaration<'a> {
    pub(super) declared: &'a written::Declared,
    pub(super) file: FileId,
    /// The name that Docker knows it by, where one is written.
    pub(super) real_name: Option<String>,
}

/// A service or a file behind `extends` that is not there.
#[derive(Debug)]
pub struct MissingBase {
    /// The key of the service that extends it.
    pub service: String,
    /// What it names.
    pub name: Placed<String>,
    /// The file that should have it; `None` where it is the file that is missing.
    pub file: Option<FileId>,
    /// The services that the file has instead.
    pub others: Vec<String>,
}

/// Everything that the files of a stack say.
#[derive(Default)]
pub(super) struct Layers<'a> {
    /// The keys of the services, in the order of the files.
    pub(super) order: Vec<&'a str>,
    pub(super) services: HashMap<&'a str, Vec<Layer<'a>>>,
    pub(super) networks: Vec<Declaration<'a>>,
    pub(super) volumes: Vec<Declaration<'a>>,
    pub(super) services_key: Option<Place>,
    /// What leaves the set of services open, and why.
    pub(super) open: Vec<Placed<String>>,
    /// The files that were included.
    pub(super) included: HashSet<FileId>,
    /// The services that others extend, by the places of their keys.
    pub(super) extended: HashSet<Place>,
    /// Services whose bases could not all be read.
    pub(super) incomplete: HashSet<&'a str>,
    pub(super) missing_bases: Vec<MissingBase>,
}

impl<'a> Layers<'a> {
    fn add(&mut self, key: &'a str, layers: impl IntoIterator<Item = Layer<'a>>) {
        let known = self.services.entry(key).or_insert_with(|| {
            self.order.push(key);
            Vec::new()
        });
        known.extend(layers);
    }

    /// Lays what another file says over this.
    fn lay_over(&mut self, mut other: Layers<'a>) {
        for key in other.order {
            self.add(key, other.services.remove(key).unwrap_or_default());
        }
        self.networks.append(&mut other.networks);
        self.volumes.append(&mut other.volumes);
        self.services_key = self.services_key.or(other.services_key);
        self.open.append(&mut other.open);
        self.included.extend(other.included);
        self.extended.extend(other.extended);
        self.incomplete.extend(other.incomplete);
        self.missing_bases.append(&mut other.missing_bases);
    }

    /// Takes back what `!reset` and `!override` of a later file name.
    fn withdraw(&mut self, replaced: &'a [written::Replaced]) {
        for path in replaced.iter().map(|replaced| replaced.path.as_slice()) {
            let [section, rest @ ..] = path else {
                continue;
            };
            match section.as_str() {
                "services" => self.withdraw_service(rest),
                "networks" => withdraw_declared(&mut self.networks, rest),
                "volumes" => withdraw_declared(&mut self.volumes, rest),
                _ => {}
            }
        }
    }

    fn withdraw_service(&mut self, path: &'a [String]) {
        match path {
            [] => self.services.values_mut().for_each(Vec::clear),
            [key] => {
                let layers = self.services.get_mut(key.as_str()).into_iter();
                layers.for_each(Vec::clear);
            }
            [key, setting @ ..] => {
                let layers = self.services.get_mut(key.as_str()).into_iter().flatten();
                layers.for_each(|layer| layer.withdrawn.push(setting));
            }
        }
    }
}

fn withdraw_declared(declared: &mut Vec<Declaration>, path: &[String]) {
    match path {
        [] => declared.clear(),
        [name] => declared.retain(|it| it.declared.name.value != *name),
        _ => {}
    }
}

/// How many settings services may take from bases that they extend, in a workspace: services that extend
/// each other in circles or towers would make any number.
const MOST_INHERITED: usize = 500_000;
/// How many files may be included, in a workspace.
const MOST_INCLUDED: usize = 10_000;
/// How many bases may stand on each other, and how many files may include each other.
pub(super) const DEEPEST: usize = 64;

/// Reads files together.
pub(super) struct Reader<'a> {
    pub(super) sources: &'a Sources,
    pub(super) facts: &'a [std::sync::Arc<Facts>],
    /// How many more settings services may take from their bases.
    pub(super) inherited: Cell<usize>,
    /// How many more files may be included.
    included: Cell<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources, facts: &'a [std::sync::Arc<Facts>]) -> Self {
        Self {
            sources,
            facts,
            inherited: Cell::new(MOST_INHERITED),
            included: Cell::new(MOST_INCLUDED),
        }
    }

    pub(super) fn compose(&self, file: FileId) -> Option<&'a written::ComposeFile> {
        match self.facts[file.0 as usize].as_ref() {
            Facts::Compose(parsed) => Some(&parsed.facts),
            _ => None,
        }
    }

    /// The entries of the `.env` file at a path, if it was read.
    pub(super) fn env_file(&self, path: &str) -> Option<(FileId, &'a [Entry])> {
        let file = self.sources.find(path)?;
        match self.facts[file.0 as usize].as_ref() {
            Facts::Env(parsed) => Some((file, &parsed.facts.entries)),
            _ => None,
        }
    }

    /// The context of a project: variables of the `.env` files, the first one first, count before those of
    /// the examples.
    pub(super) fn context(
        &self,
        folder: &str,
        env_files: Vec<String>,
        examples: Vec<String>,
    ) -> Context<'a> {
        let mut variables = Variables::default();
        for (paths, is_example) in [(&env_files, false), (&examples, true)] {
            for path in paths {
                if let Some((file, entries)) = self.env_file(path) {
                    // The last assignment of a name counts, and the first one added wins.
                    for entry in entries.iter().rev() {
                        variables.add(file, entry, is_example);
                    }
                }
            }
        }
        Context {
            folder: folder.into(),
            variables: Rc::new(variables),
            env_files,
            examples,
        }
    }

    /// What some files say together, the base first. `above` are the files that include them.
    pub(super) fn read(
        &self,
        files: &[FileId],
        context: &Context<'a>,
        above: &[FileId],
    ) -> Layers<'a> {
        let mut layers = Layers::default();
        for &file in files {
            self.note_unreadable(file, &mut layers.open);
            let Some(compose) = self.compose(file) else {
                continue;
            };
            let own = self.read_file(file, compose, context, above);
            layers.withdraw(&compose.replaced);
            layers.lay_over(own);
        }
        layers
    }

    fn note_unreadable(&self, file: FileId, open: &mut Vec<Placed<String>>) {
        let is_unreadable = self.sources.file(file).unreadable.is_some();
        let lost = self.facts[file.0 as usize].problems().first();
        let lost = lost.map(|problem| problem.span);
        if is_unreadable || lost.is_some() {
            open.push(Placed {
                value: if is_unreadable {
                    "the compose file could not be read".to_owned()
                } else {
                    "the compose file could not be read as a whole".to_owned()
                },
                place: lost.unwrap_or_default().in_file(file),
            });
        }
    }

    /// Whether all of a file could be read.
    pub(super) fn is_whole(&self, file: FileId) -> bool {
        let is_readable = self.sources.file(file).unreadable.is_none();
        is_readable && self.facts[file.0 as usize].problems().is_empty()
    }

    fn read_file(
        &self,
        file: FileId,
        compose: &'a written::ComposeFile,
        context: &Context<'a>,
        above: &[FileId],
    ) -> Layers<'a> {
        let mut layers = Layers::default();
        if !compose.include.is_empty() {
            let above = [above, &[file]].concat();
            for include in &compose.include {
                match self.include(file, include, context, &above) {
                    Ok(included) => layers.lay_over(included),
                    Err(why) => layers.open.push(why),
                }
            }
            layers.withdraw(&compose.replaced);
        }
        let is_extending = compose.services.iter().any(|it| it.extends.is_some());
        for service in &compose.services {
            layers.add(&service.key.value, [layer(file, service, context)]);
        }
        let declarations = |declared: &'a [written::Declared]| {
            declared.iter().map(|declared| Declaration {
                declared,
                file,
                real_name: declared
                    .real_name
                    .as_ref()
                    .map(|name| resolve::written(name, file, &[], &context.variables).text),
            })
        };
        layers.networks.extend(declarations(&compose.networks));
        layers.volumes.extend(declarations(&compose.volumes));
        let key = compose.services_key.map(|span| span.in_file(file));
        layers.services_key = key.or(layers.services_key);
        if is_extending {
            self.extend(file, compose, context, &mut layers);
        }
        layers
    }

    /// What an entry of `include` brings, or why that is not known.
    fn include(
        &self,
        file: FileId,
        include: &'a written::Include,
        context: &Context<'a>,
        above: &[FileId],
    ) -> Result<Layers<'a>, Placed<String>> {
        let unknown = |written: &written::Written, why: &str| Placed {
            value: why.to_owned(),
            place: written.text.span.in_file(file),
        };
        let path_of = |written: &written::Written| {
            let text = resolve::written(written, file, &[], &context.variables);
            let path = join(&context.folder, &text.text);
            path.filter(|_| text.is_all_known() && !is_remote(&text.text))
        };
        let not_read = "`include` brings services from a file that was not read";
        let mut files = Vec::new();
        for written in &include.paths {
            let path = path_of(written);
            let found = path.and_then(|path| self.sources.find(&path));
            let found = found.filter(|&it| self.compose(it).is_some());
            let found = found.ok_or_else(|| unknown(written, not_read))?;
            if above.contains(&found) {
                return Err(unknown(written, "a file includes itself"));
            }
            files.push(found);
        }
        let (Some(&first), Some(written)) = (files.first(), include.paths.first()) else {
            return Ok(Layers::default());
        };
        let left = self.included.get().checked_sub(files.len());
        let left = left.filter(|_| above.len() < DEEPEST);
        self.included
            .set(left.ok_or_else(|| unknown(written, "too many files are included"))?);
        let folder = match &include.project_directory {
            Some(folder) => path_of(folder).ok_or_else(|| unknown(folder, not_read))?,
            None => parent(&self.sources.file(first).path).to_owned(),
        };
        // What the including project says counts before what the included one says.
        let mut env_files = context.env_files.clone();
        if include.env_files.is_empty() {
            env_files.extend(join(&folder, ".env"));
        } else {
            env_files.extend(include.env_files.iter().filter_map(path_of));
        }
        let mut examples = context.examples.clone();
        examples.extend(join(&folder, ".env.example"));
        let context = self.context(&folder, env_files, examples);
        let mut layers = self.read(&files, &context, above);
        layers.included.extend(files);
        Ok(layers)
    }
}

fn layer<'a>(file: FileId, service: &'a written::Service, context: &Context<'a>) -> Layer<'a> {
    Layer {
        file,
        service,
        folder: Rc::clone(&context.folder),
        project: Rc::clone(&context.folder),
        variables: Rc::clone(&context.variables),
        through: Rc::new([]),
        withdrawn: Vec::new(),
    }
}

/// Whether a path begins with a scheme (`https:`, `oci:`, `git@host:`): something else fetches the file.
pub(super) fn is_remote(path: &str) -> bool {
    path.split('/')
        .next()
        .is_some_and(|first| first.contains(':'))
}

/// A place for what is true of a file as a whole.
pub(super) fn beginning_of(file: FileId) -> Place {
    Span::default().in_file(file)
}
