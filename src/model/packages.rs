//! The packages of a workspace: the folders that hold code of their own, and what names them.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Seen, Sources, file_name, join, parent};

/// Files that make a folder a package: of npm, and a project of Nx.
const MANIFESTS: [&str; 2] = ["package.json", "project.json"];

/// Folders at the beginning of a path that may be those of an image.
const MOST_ENDINGS: usize = 8;

/// The folders that hold a package.
#[derive(Debug, Default)]
pub(super) struct Packages {
    folders: BTreeSet<String>,
    /// By the last part of the path; `None` where several have it.
    by_name: BTreeMap<String, Option<String>>,
}

impl Packages {
    /// Those of a workspace. The apps of a Nest workspace have no manifest: `apps/<name>/src` is one too, and
    /// so is a Dockerfile beside a Prisma schema.
    /// So are `contexts`, the folders that images are built from.
    pub(super) fn of<'c>(sources: &Sources, contexts: impl Iterator<Item = &'c str>) -> Self {
        let mut packages = Self::default();
        let is_folder = |path: &&str| sources.find_seen(path) == Some(Seen::Folder);
        let contexts = contexts.filter(is_folder).map(str::to_owned);
        packages.folders.extend(contexts);
        let has_file = |folder: &str, name: &str| {
            let path = join(folder, name);
            path.is_some_and(|path| sources.find_seen(&path) == Some(Seen::File))
        };
        for (path, seen) in sources.walked() {
            let name = file_name(path);
            let folder = parent(path);
            let is_manifest = seen == Seen::File && MANIFESTS.contains(&name);
            let is_app = seen == Seen::Folder
                && (name == "src" || name == "prisma")
                && file_name(parent(folder)) == "apps";
            let has_schema =
                seen == Seen::Folder && name == "prisma" && has_file(folder, "Dockerfile");
            if is_manifest || is_app || has_schema {
                packages.folders.insert(folder.to_owned());
            }
        }
        for folder in packages.folders.iter().filter(|it| !it.is_empty()) {
            packages
                .by_name
                .entry(file_name(folder).to_owned())
                .and_modify(|known| *known = None)
                .or_insert_with(|| Some(folder.clone()));
        }
        packages
    }

    /// The nearest package at or above a folder; the workspace root is one if it has a manifest.
    pub(super) fn around(&self, folder: &str) -> Option<&str> {
        let mut folder = folder;
        loop {
            if let Some(package) = self.folders.get(folder) {
                return Some(package);
            }
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
    }

    /// The package that a word names as seen from a folder, other than that folder's own: by a path into
    /// it, perhaps below folders of an image (`/app/apps/billing/main.js`), by the last part of its path,
    /// or by that with a scope (`@org/billing`).
    pub(super) fn named(&self, word: &str, seen_from: &str) -> Option<&str> {
        let is_around_names = |letter: char| "'\"{}^,;".contains(letter);
        let word = word.trim_matches(is_around_names).trim_end_matches('.');
        let is_scoped = word.starts_with('@');
        let path = word.trim_start_matches("./").trim_end_matches('/');
        if path.contains('/') && !is_scoped {
            return self.holding(path, seen_from);
        }
        let name = if is_scoped {
            word.split_once('/')?.1
        } else {
            path
        };
        self.by_name.get(name)?.as_deref()
    }

    /// The package that a path leads into, with some of its first folders left out if need be.
    fn holding(&self, path: &str, seen_from: &str) -> Option<&str> {
        let own = self.around(seen_from);
        let slashes = path.match_indices('/').map(|(at, _)| at + 1);
        let endings = [0].into_iter().chain(slashes).map(|from| &path[from..]);
        let endings = endings.take(MOST_ENDINGS);
        let below = endings.filter(|ending| ending.contains('/'));
        below
            .flat_map(|ending| [seen_from, ""].map(|base| join(base, ending)))
            .flatten()
            .filter_map(|folder| self.around(&folder))
            .find(|package| !package.is_empty() && Some(*package) != own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{Options, in_memory};

    #[test]
    fn packages_are_named_by_path_by_name_and_with_a_scope() {
        let paths = [
            "package.json",
            "apps/harvest/package.json",
            "apps/cellar/src/main.ts",
            "tools/cellar/package.json",
            "apps/press/project.json",
        ];
        let files = paths.map(|path| (path.to_owned(), ""));
        let packages = Packages::of(&in_memory(files, &Options::default()), [].into_iter());
        assert_eq!(packages.named("harvest", ""), Some("apps/harvest"));
        assert_eq!(packages.named("@estate/press", ""), Some("apps/press"));
        assert_eq!(packages.named("./apps/cellar", ""), Some("apps/cellar"));
        assert_eq!(packages.named("apps/press/main.js", ""), Some("apps/press"));
        assert_eq!(
            packages.named("../press", "apps/harvest"),
            Some("apps/press")
        );
        assert_eq!(packages.named("cellar", ""), None, "two are called so");
        assert_eq!(packages.named("docs/notes", ""), None);
        assert_eq!(packages.around("apps/harvest/src"), Some("apps/harvest"));
        assert_eq!(packages.around("docs"), Some(""));
    }
}
