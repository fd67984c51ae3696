//! Lists the folders of the workspace, each once, and holds back what the ignore files name.
//!
//! The walkers of the `ignore` crate do not yield what they hold back, and open whatever is named
//! `.gitignore`, pipes included. So the folders are listed here, and `ignore` matches.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rayon::prelude::*;

use super::change::Before;
use super::kind::globs;
use super::{Error, folders_above, in_words};
use crate::source::{Seen, WouldIgnore, file_name, parent};

/// Folders that hold no sources of the workspace, whatever their ignore files say. Only names that no
/// service can have by accident, and those of the policy, belong here.
const PASSED_OVER: [&str; 16] = [
    ".angular",
    ".git",
    ".hg",
    ".jj",
    ".next",
    ".nuxt",
    ".nx",
    ".parcel-cache",
    ".pnpm-store",
    ".svelte-kit",
    ".svn",
    ".turbo",
    ".yarn",
    "dist",
    "generated",
    "node_modules",
];

const IGNORE_FILE_LIMIT: u64 = 8 * 1024 * 1024;

/// What the user excludes, and what is passed over by default.
pub(super) struct Excluded {
    globs: Gitignore,
}

impl Default for Excluded {
    fn default() -> Self {
        Self {
            globs: Gitignore::empty(),
        }
    }
}

impl Excluded {
    pub(super) fn new(exclude: &[String]) -> Result<Self, Error> {
        Ok(Self {
            globs: globs(exclude, "exclude")?,
        })
    }

    pub(super) fn holds_back(&self, path: &str, is_folder: bool) -> bool {
        self.decides(path, is_folder).unwrap_or(false)
    }

    /// The outermost folder above `path` that is held back.
    pub(super) fn folder_above(&self, path: &str) -> Option<String> {
        folders_above(path).find(|folder| self.holds_back(folder, true))
    }

    /// Whether `path` is held back or taken in for certain; `None` leaves it to the ignore files.
    fn decides(&self, path: &str, is_folder: bool) -> Option<bool> {
        match self.globs.matched(path, is_folder) {
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
            Match::None => (is_folder && PASSED_OVER.contains(&file_name(path))).then_some(true),
        }
    }
}

/// Where a link leads.
pub(super) enum Found {
    /// To a file that the walk saw, at this path.
    File(String),
    /// To a folder that the walk saw.
    Folder,
    /// Nowhere, round in a loop, or to something that the walk did not see.
    Elsewhere,
}

impl Found {
    pub(super) fn seen(&self) -> Seen {
        match self {
            Found::File(_) => Seen::File,
            Found::Folder => Seen::FolderLink,
            Found::Elsewhere => Seen::Other,
        }
    }
}

/// What a walk found; paths are from the root, with `/`.
#[derive(Default)]
pub(super) struct Walked {
    /// Everything, links as [`Seen::Other`].
    pub(super) seen: BTreeMap<String, Seen>,
    /// The regular files that are not held back, with their places on disk.
    pub(super) files: BTreeMap<String, PathBuf>,
    /// The links that are not held back, with their places on disk.
    pub(super) links: Vec<(String, PathBuf)>,
    /// Folders that could not be listed, and why.
    pub(super) unreadable: Vec<(String, String)>,
    /// The ignore files for what each folder holds.
    rules: BTreeMap<String, Arc<Rules>>,
}

impl Walked {
    /// Notes that something belongs at a path which a sparse checkout left out: with the outermost folder that is
    /// not there, nothing is known of what lies below.
    pub(super) fn leave_out(&mut self, path: &str) {
        let mut above = folders_above(path);
        let absent = above.find(|folder| self.seen.get(folder) != Some(&Seen::Folder));
        match absent {
            Some(folder) => self.seen.entry(folder).or_insert(Seen::FolderNotEntered),
            None => self.seen.entry(path.to_owned()).or_insert(Seen::Other),
        };
    }

    /// Changes what was found to what stood there before; `None` where there was nothing.
    pub(super) fn put_back(&mut self, root: &Path, before: &Before, excluded: &Excluded) {
        for (path, text) in before {
            if text.is_some() {
                self.seen.insert(path.clone(), Seen::File);
                for folder in folders_above(path) {
                    self.seen.entry(folder).or_insert(Seen::Folder);
                }
                if !excluded.holds_back(path, false) {
                    self.files.insert(path.clone(), root.join(path));
                }
            } else {
                self.files.remove(path);
                self.seen.remove(path);
                let mut folder = parent(path);
                while !folder.is_empty() && self.is_empty(folder) {
                    self.seen.remove(folder);
                    folder = parent(folder);
                }
            }
        }
    }

    fn is_empty(&self, folder: &str) -> bool {
        let below = format!("{folder}/");
        let mut next = self.seen.range(below.clone()..);
        next.next()
            .is_none_or(|(path, _)| !path.starts_with(&below))
    }

    /// Tells of paths where nothing stands whether the ignore files would hold back a file there.
    pub(super) fn would_ignore(&mut self, root: &Path) -> WouldIgnore {
        let rules = std::mem::take(&mut self.rules);
        let root = root.to_path_buf();
        WouldIgnore::new(move |path| {
            let mut folder = parent(path);
            while !folder.is_empty() && !rules.contains_key(folder) {
                folder = parent(folder);
            }
            let rules = rules.get(folder);
            let parts = path.strip_prefix(folder).unwrap_or(path).split('/');
            let mut below = root.join(folder);
            let mut parts = parts.filter(|part| !part.is_empty()).peekable();
            while let Some(part) = parts.next() {
                below.push(part);
                let is_folder = parts.peek().is_some();
                if rules.is_some_and(|rules| rules.hold_back(&below, is_folder)) {
                    return true;
                }
            }
            false
        })
    }
}

/// A folder that is to be listed.
struct Folder {
    path: String,
    on_disk: PathBuf,
    rules: Arc<Rules>,
}

/// What one folder holds.
#[derive(Default)]
struct Listing {
    seen: Vec<(String, Seen)>,
    files: Vec<(String, PathBuf)>,
    links: Vec<(String, PathBuf)>,
    folders: Vec<Folder>,
    rules: Option<(String, Arc<Rules>)>,
    /// The folder's own path, and why it could not be listed to the end.
    unreadable: Option<(String, String)>,
}

/// Walks the tree level by level, the folders of one level in parallel. Fails only if the root cannot
/// be listed.
pub(super) fn walk(root: &Path, excluded: &Excluded) -> io::Result<Walked> {
    fs::read_dir(root)?;
    let mut level = vec![Folder {
        path: String::new(),
        on_disk: root.to_path_buf(),
        rules: Arc::new(Rules::above(root)),
    }];
    let mut walked = Walked::default();
    let (mut seen, mut files) = (Vec::new(), Vec::new());
    while !level.is_empty() {
        let listings: Vec<Listing> = level
            .into_par_iter()
            .map(|folder| list(folder, excluded))
            .collect();
        level = Vec::new();
        for listing in listings {
            seen.extend(listing.seen);
            files.extend(listing.files);
            walked.links.extend(listing.links);
            level.extend(listing.folders);
            walked.unreadable.extend(listing.unreadable);
            walked.rules.extend(listing.rules);
        }
    }
    walked.seen = seen.into_iter().collect();
    walked.files = files.into_iter().collect();
    walked.links.sort();
    walked.unreadable.sort();
    for (folder, _) in &walked.unreadable {
        if !folder.is_empty() {
            walked.seen.insert(folder.clone(), Seen::FolderNotEntered);
        }
    }
    Ok(walked)
}

fn list(folder: Folder, excluded: &Excluded) -> Listing {
    let mut listing = Listing::default();
    let entries = match entries_of(&folder.on_disk) {
        Ok(entries) => entries,
        Err(error) => {
            listing.unreadable = Some((folder.path, in_words(&error)));
            return listing;
        }
    };
    let rules = Rules::of(&folder, &entries);
    for (on_disk, kind) in entries {
        let name = on_disk.file_name().unwrap_or_default().to_string_lossy();
        let path = if folder.path.is_empty() {
            name.into_owned()
        } else {
            format!("{}/{name}", folder.path)
        };
        let held_back = excluded
            .decides(&path, kind.is_dir())
            .unwrap_or_else(|| rules.hold_back(&on_disk, kind.is_dir()));
        let seen = match (kind, held_back) {
            (kind, true) if kind.is_dir() => Seen::FolderNotEntered,
            (kind, false) if kind.is_dir() => {
                listing.folders.push(Folder {
                    path: path.clone(),
                    on_disk,
                    rules: Arc::clone(&rules),
                });
                Seen::Folder
            }
            (kind, _) if kind.is_file() => {
                if !held_back {
                    listing.files.push((path.clone(), on_disk));
                }
                Seen::File
            }
            (kind, false) if kind.is_symlink() => {
                listing.links.push((path.clone(), on_disk));
                Seen::Other
            }
            _ => Seen::Other,
        };
        listing.seen.push((path, seen));
    }
    listing.rules = Some((folder.path, rules));
    listing
}

fn entries_of(folder: &Path) -> io::Result<Vec<(PathBuf, FileType)>> {
    fs::read_dir(folder)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.path(), entry.file_type()?))
        })
        .collect()
}

/// `path` as seen from `root`, with `/`; `None` where it is not below it.
pub(super) fn path_below(root: &Path, path: &Path) -> Option<String> {
    let parts: Vec<_> = path
        .strip_prefix(root)
        .ok()?
        .iter()
        .map(|part| part.to_string_lossy())
        .collect();
    Some(parts.join("/"))
}

/// The ignore files of one folder, and those of the folders above it.
struct Rules {
    ignore: Gitignore,
    gitignore: Gitignore,
    /// `info/exclude` of the repository that begins here.
    exclude: Gitignore,
    /// Whether a repository begins here: Git's ignore files of the folders above say nothing then.
    is_repository: bool,
    above: Option<Arc<Rules>>,
}

impl Rules {
    fn none() -> Self {
        Self {
            ignore: Gitignore::empty(),
            gitignore: Gitignore::empty(),
            exclude: Gitignore::empty(),
            is_repository: false,
            above: None,
        }
    }

    /// What Git's ignore files above `root` say, up to the root of the repository that it lies in.
    fn above(root: &Path) -> Self {
        let Ok(root) = fs::canonicalize(root) else {
            return Self::none();
        };
        let is_repository = |folder: &Path| folder.join(".git").exists();
        let above: Vec<&Path> = root.ancestors().skip(1).collect();
        let Some(top) = above.iter().position(|folder| is_repository(folder)) else {
            return Self::none();
        };
        if is_repository(&root) {
            return Self::none();
        }
        above[..=top]
            .iter()
            .rev()
            .fold(Self::none(), |rules, folder| Self {
                gitignore: matcher(folder, &folder.join(".gitignore")),
                exclude: info_exclude(folder)
                    .map_or_else(Gitignore::empty, |file| matcher(folder, &file)),
                above: Some(Arc::new(rules)),
                ..Self::none()
            })
    }

    /// The rules for what `folder` holds.
    fn of(folder: &Folder, entries: &[(PathBuf, FileType)]) -> Arc<Self> {
        let (mut ignore, mut gitignore, mut git) = (false, false, false);
        for (path, kind) in entries {
            match path.file_name().and_then(OsStr::to_str) {
                // Git reads no ignore file through a link.
                Some(".ignore") => ignore = kind.is_file(),
                Some(".gitignore") => gitignore = kind.is_file(),
                Some(".git") => git = true,
                _ => {}
            }
        }
        if !ignore && !gitignore && !git {
            return Arc::clone(&folder.rules);
        }
        let on_disk = &folder.on_disk;
        let matcher_if = |there: bool, name: &str| {
            if there {
                matcher(on_disk, &on_disk.join(name))
            } else {
                Gitignore::empty()
            }
        };
        let exclude = git.then(|| info_exclude(on_disk)).flatten();
        Arc::new(Self {
            ignore: matcher_if(ignore, ".ignore"),
            gitignore: matcher_if(gitignore, ".gitignore"),
            exclude: exclude.map_or_else(Gitignore::empty, |file| matcher(on_disk, &file)),
            is_repository: git,
            above: Some(Arc::clone(&folder.rules)),
        })
    }

    /// Whether the ignore files hold back what stands at `path`: `.ignore` before `.gitignore` before
    /// `info/exclude`, and of each the nearest that says anything.
    fn hold_back(&self, path: &Path, is_folder: bool) -> bool {
        let asked = |rules: &Gitignore| match rules.matched(path, is_folder) {
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
            Match::None => None,
        };
        self.upwards()
            .find_map(|rules| asked(&rules.ignore))
            .or_else(|| {
                self.in_repository()
                    .find_map(|rules| asked(&rules.gitignore))
            })
            .or_else(|| self.in_repository().find_map(|rules| asked(&rules.exclude)))
            .unwrap_or(false)
    }

    fn upwards(&self) -> impl Iterator<Item = &Rules> {
        std::iter::successors(Some(self), |rules| rules.above.as_deref())
    }

    fn in_repository(&self) -> impl Iterator<Item = &Rules> {
        std::iter::successors(Some(self), |rules| {
            rules.above.as_deref().filter(|_| !rules.is_repository)
        })
    }
}

/// The rules of one ignore file, for paths below `folder`. Lines that are no globs are passed over, as
/// Git does.
fn matcher(folder: &Path, file: &Path) -> Gitignore {
    let Some(text) = small_text(file) else {
        return Gitignore::empty();
    };
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// `info/exclude` of the repository whose `.git` stands in `folder`; a worktree and a submodule have a
/// file there that names the place.
fn info_exclude(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if git.is_dir() {
        return Some(git.join("info/exclude"));
    }
    let named = small_text(&git)?;
    let git = folder.join(named.strip_prefix("gitdir:")?.trim());
    let common = match small_text(&git.join("commondir")) {
        Some(common) => git.join(common.trim()),
        None => git,
    };
    Some(common.join("info/exclude"))
}

/// The text of a regular file of reasonable size.
fn small_text(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(IGNORE_FILE_LIMIT)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
