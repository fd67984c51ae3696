//! The Dockerfiles that registries name: whether they exist, and which ones were meant.

use std::collections::{BTreeSet, HashSet};

use crate::catalogue::{MOST_COMPARISONS, nearest};
use crate::model::registry::Registry;
use crate::source::{Existence, Seen, Sources, file_name, join, parent};

/// A `dockerfile` at which no file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingDockerfile {
    /// What is wrong, to follow the path: "does not exist".
    pub why: &'static str,
    /// The path to write instead, where a Dockerfile was probably meant that exists.
    pub meant: Option<String>,
    /// The module that the path leads into all the same, from the workspace root.
    pub module: Option<String>,
}

/// Every Dockerfile of the workspace.
pub(super) fn all(sources: &Sources) -> Vec<&str> {
    sources
        .walked()
        .filter(|(path, seen)| *seen == Seen::File && file_name(path).contains("Dockerfile"))
        .map(|(path, _)| path)
        .collect()
}

/// The Dockerfiles as one registry sees them.
pub(super) struct Dockerfiles<'a> {
    /// The folder that its paths start from.
    base: String,
    /// Those that none of its entries names, and that a missing one may have been meant to be.
    unclaimed: Vec<&'a str>,
}

impl<'a> Dockerfiles<'a> {
    pub(super) fn of(sources: &Sources, all: &[&'a str], registry: &Registry) -> Self {
        let entries = registry.entries.iter();
        let written: Vec<&str> = entries
            .filter_map(|entry| Some(entry.dockerfile.known()?.value.as_str()))
            .collect();
        let base = base(sources, registry, &written);
        let joined = written.iter().map(|written| join(&base, written));
        let claimed: BTreeSet<Option<String>> = joined.collect();
        let is_missing = |path: &&Option<String>| {
            let existence = path.as_deref().map(|path| sources.existence(path));
            existence != Some(Existence::File)
        };
        let missing = claimed.iter().filter(is_missing).count();
        let claimed: HashSet<&str> = claimed.iter().flatten().map(String::as_str).collect();
        let candidates = all.iter().copied().filter(|_| missing > 0);
        let mut unclaimed: Vec<&str> = candidates.filter(|path| !claimed.contains(path)).collect();
        if missing * unclaimed.len() > MOST_COMPARISONS {
            unclaimed.clear();
        }
        Self { base, unclaimed }
    }

    /// The path of the Dockerfile that an entry means, and what is wrong if it says another one.
    pub(super) fn look_up(
        &self,
        sources: &Sources,
        written: &str,
    ) -> (Option<String>, Option<MissingDockerfile>) {
        let path = join(&self.base, written);
        let why = match path.as_deref().map(|path| sources.existence(path)) {
            Some(Existence::File | Existence::Unknown) => return (path, None),
            Some(Existence::Folder) => "is a folder",
            Some(Existence::Missing) => "does not exist",
            None => "is no path from the root of the workspace",
        };
        let module = path
            .as_deref()
            .and_then(|path| module_of(sources, path))
            .filter(|module| *module != self.base);
        let meant = match module {
            // A module that is there was not mistaken for another one.
            Some(module) => self.within(module),
            None => self.meant(path.as_deref().unwrap_or(written)),
        };
        let write = meant.map(|path| {
            let below = path.strip_prefix(&self.base).unwrap_or(path);
            below.trim_start_matches('/').to_owned()
        });
        let missing = MissingDockerfile {
            why,
            meant: write,
            module: module.map(str::to_owned),
        };
        (meant.map(str::to_owned), Some(missing))
    }

    /// The first of those in a folder or below it.
    fn within(&self, folder: &str) -> Option<&'a str> {
        let mut unclaimed = self.unclaimed.iter().copied();
        unclaimed.find(|path| {
            let rest = path.strip_prefix(folder);
            rest.is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The one that a path without a file was probably meant to be: that in the folder, if the path is one;
    /// else the only one in a folder of the same name, to which the module was moved; else the nearest by
    /// its letters.
    fn meant(&self, path: &str) -> Option<&'a str> {
        let inside = |dockerfile: &&&str| parent(dockerfile) == path;
        let module = file_name(parent(path));
        let is_moved = |dockerfile: &&&str| file_name(parent(dockerfile)) == module;
        let mut moved = self.unclaimed.iter().filter(is_moved);
        let inside = self.unclaimed.iter().find(inside);
        match (inside, moved.next(), moved.next()) {
            (Some(inside), ..) => Some(inside),
            (None, Some(only), None) => Some(only),
            _ => nearest(path, self.unclaimed.iter().copied()),
        }
    }
}

/// The folder that a path names or lies in, where it holds what a module is made of.
fn module_of<'p>(sources: &Sources, path: &'p str) -> Option<&'p str> {
    const PARTS: [&str; 4] = ["package.json", "prisma", "prisma.config.ts", "src"];
    let is_module = |folder: &&str| {
        let mut parts = PARTS.iter().filter_map(|part| join(folder, part));
        !folder.is_empty() && parts.any(|part| sources.find_seen(&part).is_some())
    };
    [path, parent(path)].into_iter().find(is_module)
}

/// The folder that the paths of a registry start from: the workspace root, unless none of them exists there
/// and some do from a folder nearer the registry.
fn base(sources: &Sources, registry: &Registry, written: &[&str]) -> String {
    let mut bases = vec![String::new()];
    let mut folder = parent(&sources.file(registry.file).path);
    while !folder.is_empty() {
        bases.insert(1, folder.to_owned());
        folder = parent(folder);
    }
    let has_one = |base: &&String| {
        let mut paths = written.iter().filter_map(|written| join(base, written));
        paths.any(|path| sources.existence(&path) == Existence::File)
    };
    bases.iter().find(has_one).cloned().unwrap_or_default()
}
