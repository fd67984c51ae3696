//! Files, places in them, and the set of files that one check looks at.
//!
//! Offsets are bytes into a file's UTF-8 text. Positions for people are 1-based lines and 1-based
//! columns in Unicode code points; positions for editors are 0-based lines and UTF-16 code units, as
//! the Language Server Protocol 3.17 asks for.

mod file;
mod path;
mod span;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

pub use file::{Kind, Position, SourceFile, Utf16Position};
pub use path::{
    ancestors, file_name, has_ending, is_below, is_within, join, parent, relative, shell_quoted,
    shown_folder,
};
pub use span::{At, FileId, Place, Placed, Span};

/// What the walk saw at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A regular file, read or not.
    File,
    /// A folder whose content was walked.
    Folder,
    /// A folder that was passed over: nothing is known of what lies below it.
    FolderNotEntered,
    /// A link to a folder of the workspace: not followed, so nothing is known by this name.
    FolderLink,
    /// A link that leads nowhere we know, a socket, pipe or device: there, but not looked into.
    Other,
}

/// Whether something stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// A file stands there.
    File,
    /// A folder stands there.
    Folder,
    /// The walk saw its folder, and nothing by that name in it.
    Missing,
    /// The path lies outside the workspace, below a folder that was not entered, or is a link; or nothing
    /// stands there, and the ignore files say that nothing need.
    Unknown,
}

/// What the change under judgement touches.
#[derive(Debug, Default)]
pub struct ChangeSet {
    /// Files that were added, modified or removed and submodules that were moved, by path from the workspace
    /// root.
    pub changed: BTreeSet<String>,
    /// The workspace as it was before the change; `None` where that is the same.
    pub before: Option<Box<Sources>>,
    /// The commit before the change, where a revision was named.
    pub since: Option<Since>,
}

/// A commit that a change is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The revision, as it was named.
    pub revision: String,
    /// The commit where the branch that is checked out left it, in hexadecimal.
    pub commit: String,
}

impl ChangeSet {
    fn is_same(&self, other: &ChangeSet) -> bool {
        let is_same_before = match (&self.before, &other.before) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        };
        is_same_before && self.changed == other.changed && self.since == other.since
    }

    /// Whether a file has changed, or a submodule that it lies in.
    pub fn touches(&self, path: &str) -> bool {
        ancestors(path).any(|path| self.changed.contains(path))
    }
}

/// The migrations that the default branch had where the branch under judgement left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What people call the default branch (`origin/main`), or the revision of it that a change is compared with.
    pub branch: String,
    /// The commit, in hexadecimal.
    pub commit: String,
    /// Its migrations by path from the workspace root; each with its text there, if that is another one than
    /// here or nothing stands here.
    pub files: BTreeMap<String, Option<Arc<str>>>,
}

/// Whether the ignore files would hold back a file at a path where nothing stands.
#[derive(Default)]
pub struct WouldIgnore(Option<Box<HoldsBack>>);

type HoldsBack = dyn Fn(&str) -> bool + Send + Sync;

impl WouldIgnore {
    /// Asks `holds_back`.
    pub fn new(holds_back: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(holds_back)))
    }
}

impl std::fmt::Debug for WouldIgnore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WouldIgnore")
    }
}

/// Every path that was walked, and the text of every file that matters.
#[derive(Debug, Default)]
pub struct Sources {
    /// The workspace root on disk; empty for a workspace that lives in memory.
    pub root: PathBuf,
    /// Path of the workspace root from the root of the repository that it lies in; empty where that is the same
    /// folder, or where there is no repository.
    pub below_repository: String,
    files: Vec<SourceFile>,
    by_path: BTreeMap<String, FileId>,
    seen: BTreeMap<String, Seen>,
    /// What the ignore files say about paths where nothing stands; nothing unless it was asked for.
    pub would_ignore: WouldIgnore,
    /// What the change under judgement touches, where that is known.
    pub change: Option<ChangeSet>,
    /// What the default branch has of the migrations here, or in words why that is not known; `None` where
    /// nobody asked.
    pub baseline: Option<Result<Baseline, String>>,
}

impl Sources {
    /// Sources of the given files and walked paths. Folders above a file count as walked.
    pub fn new(root: PathBuf, mut files: Vec<SourceFile>, seen: BTreeMap<String, Seen>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        let mut sources = Self {
            root,
            seen,
            ..Self::default()
        };
        for (number, file) in files.iter().enumerate() {
            let id = FileId(Span::new(number, number).start);
            sources.by_path.insert(file.path.clone(), id);
            sources.seen.entry(file.path.clone()).or_insert(Seen::File);
            let mut folder = parent(&file.path);
            while !folder.is_empty() && !sources.seen.contains_key(folder) {
                sources.seen.insert(folder.to_owned(), Seen::Folder);
                folder = parent(folder);
            }
        }
        sources.files = files;
        sources
    }

    /// Makes the file at `target` known as `link` too: a link to it stands there.
    pub fn alias(&mut self, link: &str, target: &str) {
        self.seen.insert(link.to_owned(), Seen::File);
        if let Some(&id) = self.by_path.get(target) {
            self.by_path.insert(link.to_owned(), id);
        }
    }

    /// Whether everything was seen and read as it was in `other`.
    pub fn is_same(&self, other: &Sources) -> bool {
        let is_same_file = |a: &SourceFile, b: &SourceFile| {
            (&a.path, a.kind, a.hash, &a.unreadable) == (&b.path, b.kind, b.hash, &b.unreadable)
        };
        let are_same_files = self.files.len() == other.files.len()
            && std::iter::zip(&self.files, &other.files).all(|(a, b)| is_same_file(a, b));
        let is_same_change = match (&self.change, &other.change) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        };
        are_same_files
            && is_same_change
            && self.seen == other.seen
            && self.by_path == other.by_path
            && self.baseline == other.baseline
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(number, file)| (FileId(Span::new(number, number).start), file))
    }

    /// Every path under which a text is known, links to files included, with its file; sorted.
    pub fn paths(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.by_path.iter().map(|(path, &id)| (path.as_str(), id))
    }

    /// All files as a slice; a file's index is its [`FileId`].
    pub fn as_slice(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file of that number.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file at a path from the workspace root, if its text was read.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Gives a file another text, and back the one that it had. Places in the old one lead nowhere then.
    pub fn set_text(&mut self, id: FileId, text: impl Into<Arc<str>>) -> Arc<str> {
        let file = &mut self.files[id.0 as usize];
        let changed = SourceFile::new(std::mem::take(&mut file.path), file.kind, text);
        std::mem::replace(file, changed).text
    }

    /// The text at a place.
    pub fn slice(&self, place: Place) -> &str {
        self.file(place.file).slice(place.span)
    }

    /// Every walked path with what was seen there, sorted.
    pub fn walked(&self) -> impl Iterator<Item = (&str, Seen)> {
        self.seen.iter().map(|(path, &seen)| (path.as_str(), seen))
    }

    /// The walked paths below `folder` (`""` is the root), sorted.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, Seen)> + use<'a> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.seen
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, &seen)| (path.as_str(), seen))
    }

    /// What the walk saw at a path, if anything.
    pub fn find_seen(&self, path: &str) -> Option<Seen> {
        self.seen.get(path).copied()
    }

    /// Whether something stands at `path`, a normalised path from the workspace root (see [`join`]).
    pub fn existence(&self, path: &str) -> Existence {
        if path.is_empty() {
            return Existence::Folder;
        }
        match self.seen.get(path) {
            Some(Seen::File) => return Existence::File,
            Some(Seen::Folder | Seen::FolderNotEntered) => return Existence::Folder,
            Some(Seen::FolderLink | Seen::Other) => return Existence::Unknown,
            None => {}
        }
        let mut folder = parent(path);
        while !folder.is_empty() {
            match self.seen.get(folder) {
                Some(Seen::Folder | Seen::File) => break,
                Some(Seen::FolderNotEntered | Seen::FolderLink | Seen::Other) => {
                    return Existence::Unknown;
                }
                None => folder = parent(folder),
            }
        }
        // What git ignores may stand on other machines.
        match &self.would_ignore.0 {
            Some(holds_back) if holds_back(path) => Existence::Unknown,
            _ => Existence::Missing,
        }
    }

    /// The file that a relative import (`./ports`, `../shared/defaults.js`) of `from` means, by the
    /// rules of TypeScript's `bundler` resolution: the path itself, a source file of that stem, or
    /// the folder's `index`.
    pub fn resolve_import(&self, from: FileId, specifier: &str) -> Option<FileId> {
        let base = join(parent(&self.file(from).path), specifier)?;
        import_candidates(&base)
            .iter()
            .find_map(|candidate| self.find(candidate))
    }
}

/// The word that begins a comment which silences findings.
pub const SILENCER: &str = "dbfence-ignore";

/// The file beside Prisma migrations that says for which kind of database they are.
pub const MIGRATION_LOCK: &str = "migration_lock.toml";

/// The endings of TypeScript and JavaScript files that configuration is written in.
pub const SCRIPT_ENDINGS: [&str; 6] = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];

/// The paths at which an import of `base` (a path from the workspace root, as written) may be found,
/// likeliest first.
pub fn import_candidates(base: &str) -> Vec<String> {
    let mut candidates = Vec::new();
    // TypeScript lets `./ports.js` mean `./ports.ts`.
    for (written, source) in [(".js", ".ts"), (".mjs", ".mts"), (".cjs", ".cts")] {
        if let Some(stem) = base.strip_suffix(written) {
            candidates.push(format!("{stem}{source}"));
        }
    }
    candidates.push(base.to_owned());
    candidates.extend(SCRIPT_ENDINGS.map(|ending| format!("{base}{ending}")));
    candidates.extend(SCRIPT_ENDINGS.map(|ending| format!("{base}/index{ending}")));
    candidates
}

#[cfg(test)]
mod tests;
