//! Where the imports of a program may lead: by a relative path, by the `paths` and the `baseUrl` of a
//! `tsconfig.json`, by the name of a package of the workspace.
//!
//! Paths are the answer, not files: what is generated or built need not be there. So a specifier may have
//! several answers, and every one of them is in the place that the specifier says.

mod project;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use self::project::{Config, Project, json};
use crate::source::{Kind, SourceFile, ancestors, file_name, join, parent};

/// What says where imports lead.
#[derive(Debug, Default)]
pub struct Resolution {
    /// The packages of the workspace by their names; `None` where several have one.
    packages: HashMap<String, Option<Package>>,
    /// What `tsconfig.json` says of the folder that it lies in, with what it extends.
    projects: HashMap<String, Project>,
}

#[derive(Debug)]
struct Package {
    folder: String,
    /// The targets of `exports` by what follows the package's name in a specifier, of all conditions.
    exports: Vec<(String, String)>,
    /// The files that the package's name alone means.
    entries: Vec<String>,
}

/// Fields of a `package.json` that say what its name alone means.
const ENTRIES: [&str; 4] = ["main", "module", "types", "source"];

/// How many configs extend each other.
const LONGEST_CHAIN: usize = 16;

impl Resolution {
    /// What the manifests of packages and the configs of TypeScript among `files` say.
    pub fn of<'f>(files: impl IntoIterator<Item = &'f SourceFile>) -> Self {
        let mut packages: HashMap<String, Option<Package>> = HashMap::new();
        let mut texts = BTreeMap::new();
        for file in files {
            match file.kind {
                Kind::Package => {
                    if let Some((name, package)) = package(&file.path, &file.text) {
                        let others = packages.entry(name);
                        others
                            .and_modify(|known| *known = None)
                            .or_insert(Some(package));
                    }
                }
                Kind::TypeScriptConfig => {
                    texts.insert(file.path.as_str(), &*file.text);
                }
                _ => {}
            }
        }
        let mut resolution = Self {
            packages,
            projects: HashMap::new(),
        };
        let read: BTreeMap<&str, Config> = texts
            .iter()
            .map(|(&path, text)| (path, project::read(text)))
            .collect();
        let mut known = HashMap::new();
        for &path in read.keys() {
            let is_first = match file_name(path) {
                "tsconfig.json" => true,
                "jsconfig.json" => !read.contains_key(beside(path, "tsconfig.json").as_str()),
                _ => false,
            };
            if is_first {
                let mut project = resolution.project(&read, &mut known, path, LONGEST_CHAIN);
                for named in &read[path].references {
                    let Some(path) =
                        referenced(&read, path, named).filter(|_| !project.has_paths())
                    else {
                        continue;
                    };
                    let other = resolution.project(&read, &mut known, path, LONGEST_CHAIN);
                    if other.has_paths() {
                        project = other;
                    }
                }
                let folder = parent(path).to_owned();
                resolution.projects.insert(folder, project);
            }
        }
        resolution
    }

    /// Where the module that the file at `path` names so may stand, from the workspace root; nothing where it
    /// stands in no file of the workspace, as far as that is known. `has` tells whether anything stands at a
    /// path.
    pub fn targets(&self, path: &str, specifier: &str, has: impl Fn(&str) -> bool) -> Vec<String> {
        if is_relative(specifier) {
            return join(parent(path), specifier).into_iter().collect();
        }
        let mut folders = ancestors(parent(path)).chain([""]);
        let project = folders.find_map(|folder| self.projects.get(folder));
        let mapped = project.map_or_else(Vec::new, |project| project.targets(specifier));
        if !mapped.is_empty() {
            return mapped;
        }
        let inside = self.in_packages(specifier);
        if !inside.is_empty() {
            return inside;
        }
        let below_base = project.and_then(|project| project.below_base(specifier, has));
        below_base.into_iter().collect()
    }

    /// Where a specifier leads that begins with the name of a package of the workspace.
    fn in_packages(&self, specifier: &str) -> Vec<String> {
        let Some((name, rest)) = package_name(specifier) else {
            return Vec::new();
        };
        let Some(Some(package)) = self.packages.get(name) else {
            return Vec::new();
        };
        let mut targets: Vec<&str> = Vec::new();
        let mut replaced = Vec::new();
        for (key, target) in &package.exports {
            match matched(key, rest) {
                Some("") => targets.push(target),
                Some(star) => replaced.push(target.replace('*', star)),
                None => {}
            }
        }
        if rest.is_empty() {
            targets.extend(package.entries.iter().map(String::as_str));
        }
        targets.extend(replaced.iter().map(String::as_str));
        targets.push(rest);
        let inside = targets.into_iter().filter_map(|target| {
            let path = join(&package.folder, target.trim_start_matches('/'))?;
            crate::source::is_within(&path, &package.folder).then_some(path)
        });
        inside.collect()
    }

    /// What a config says with what it extends; kept in `known`, for many extend one.
    fn project<'p>(
        &self,
        read: &BTreeMap<&'p str, Config>,
        known: &mut HashMap<&'p str, Project>,
        path: &str,
        room: usize,
    ) -> Project {
        let Some(((&path, config), room)) = read.get_key_value(path).zip(room.checked_sub(1))
        else {
            return Project::default();
        };
        if let Some(project) = known.get(path) {
            return project.clone();
        }
        let mut project = Project::default();
        for base in &config.extends {
            if let Some(base) = self.extended(read, path, base) {
                project.overlay(self.project(read, known, &base, room));
            }
        }
        project.add(parent(path), config);
        known.insert(path, project.clone());
        project
    }

    /// The path of the config that another one extends.
    fn extended(&self, read: &BTreeMap<&str, Config>, path: &str, named: &str) -> Option<String> {
        let bases = if is_relative(named) {
            join(parent(path), named).into_iter().collect()
        } else {
            self.in_packages(named)
        };
        let endings = ["", ".json", "/tsconfig.json"];
        let mut paths = bases
            .iter()
            .flat_map(|base| endings.map(|ending| format!("{base}{ending}")));
        paths.find(|path| read.contains_key(path.as_str()))
    }
}

/// Whether a specifier is a path from the file that holds it.
pub fn is_relative(specifier: &str) -> bool {
    specifier.starts_with("./") || specifier.starts_with("../") || matches!(specifier, "." | "..")
}

/// The name of the package that a specifier begins with, and what follows it, with its `/`.
pub fn package_name(specifier: &str) -> Option<(&str, &str)> {
    let slashes = usize::from(specifier.starts_with('@'));
    let mut ends = specifier.match_indices('/').skip(slashes);
    let end = ends.next().map_or(specifier.len(), |(at, _)| at);
    let (name, rest) = specifier.split_at(end);
    let is_name = !name.is_empty() && name.matches('/').count() == slashes;
    is_name.then_some((name, rest))
}

/// Whether a folder is one of those that hold packages which others are put together from.
pub fn is_library(folder: &str) -> bool {
    const SHELVES: [&str; 4] = ["lib", "libraries", "libs", "packages"];
    let mut parts = parent(folder).split('/');
    parts.any(|part| {
        part.rsplit('-')
            .next()
            .is_some_and(|word| SHELVES.contains(&word))
    })
}

/// What the `*` of a pattern stands for in a text; empty where the pattern has none and is the text.
fn matched<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    match pattern.split_once('*') {
        None => (pattern == text).then_some(""),
        Some((before, after)) => text.strip_prefix(before)?.strip_suffix(after),
    }
}

/// The path of the config that another one refers to, by its own path or by that of its folder.
fn referenced<'p>(read: &BTreeMap<&'p str, Config>, path: &str, named: &str) -> Option<&'p str> {
    let path = join(parent(path), named)?;
    let inside = join(&path, "tsconfig.json")?;
    let mut paths = [path, inside].into_iter();
    paths.find_map(|path| read.get_key_value(path.as_str()).map(|(&path, _)| path))
}

fn beside(path: &str, name: &str) -> String {
    join(parent(path), name).unwrap_or_default()
}

/// The name of the package that a manifest is about, and what it says of it.
fn package(path: &str, text: &str) -> Option<(String, Package)> {
    let manifest = json(text)?;
    let name = manifest.get("name")?.as_str()?.to_owned();
    let mut exports = Vec::new();
    if let Some(written) = manifest.get("exports") {
        let entries = written.as_object();
        let subpaths = entries.filter(|it| it.keys().any(|key| key.starts_with('.')));
        match subpaths {
            Some(subpaths) => {
                for (key, value) in subpaths {
                    let rest = key.strip_prefix('.').unwrap_or(key);
                    add_leaves(rest, value, &mut exports);
                }
            }
            None => add_leaves("", written, &mut exports),
        }
    }
    let entries = ENTRIES
        .iter()
        .filter_map(|field| manifest.get(field)?.as_str());
    let package = Package {
        folder: parent(path).to_owned(),
        exports,
        entries: entries.map(str::to_owned).collect(),
    };
    Some((name, package))
}

/// The files that a target of `exports` names under any condition.
fn add_leaves(key: &str, value: &Value, exports: &mut Vec<(String, String)>) {
    match value {
        Value::String(target) => exports.push((key.to_owned(), target.clone())),
        Value::Array(targets) => {
            for target in targets {
                add_leaves(key, target, exports);
            }
        }
        Value::Object(conditions) => {
            for target in conditions.values() {
                add_leaves(key, target, exports);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
