//! The walk: every path of the workspace, and the text of every file that matters.
//!
//! This is the only reader of the disk. Whatever cannot be read is recorded with its reason; nothing
//! is passed over in silence except what `walk` and [`kind_of`] pass over by rule.

mod baseline;
mod change;
mod git;
mod imports;
mod kind;
mod leaving;
mod walk;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::policy::{DEBT_FILE, FILE_NAME, Policy};
use crate::source::{Kind, Seen, SourceFile, Sources, file_name};

pub use baseline::{compare_in_memory, compare_with_default_branch};
pub use change::{Against, compare_with};
pub use git::folder as git_folder;
pub use imports::relative_imports;
pub use kind::{
    OTHER_LIBRARIES, is_like_registry, is_named_for_tests, is_test_code, is_test_environment,
    keeps_tables, kind_of,
};

use change::Before;
use kind::{Kinds, is_code_by_text, is_worth_keeping, may_hold_silencer};
use leaving::Leaving;
use walk::{Excluded, Found, Walked};

/// A debt file of this many bytes is read whatever the limit is.
const DEBT_LIMIT: u64 = 64 * 1024 * 1024;

/// What to read and what to leave.
#[derive(Clone, Debug)]
pub struct Options {
    /// What not to read, in the syntax of `.gitignore`, as seen from the workspace root. It has the last
    /// word: `!generated` enters folders that are passed over by default.
    pub exclude: Vec<String>,
    /// Paths or globs of the registries, from the workspace root. Empty: files named like one.
    pub registries: Vec<String>,
    /// Compose files by their paths, from any folder; those that are named like one are known anyway.
    pub compose: Vec<String>,
    /// The config, from the workspace root; `None` where it lies elsewhere.
    pub config: Option<String>,
    /// The debt file, from the workspace root; `None` where none is wanted. It is read even where ignore files
    /// hold it back.
    pub debt: Option<String>,
    /// Larger files are not read; in bytes.
    pub max_file_size: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            exclude: Vec::new(),
            registries: Vec::new(),
            compose: Vec::new(),
            config: Some(FILE_NAME.to_owned()),
            debt: Some(DEBT_FILE.to_owned()),
            max_file_size: 8 * 1024 * 1024,
        }
    }
}

impl Options {
    /// How large a file of a kind may be, in bytes.
    fn limit_of(&self, kind: Kind) -> u64 {
        // It grows with the workspace, and people do not write it.
        if kind == Kind::Debt {
            self.max_file_size.max(DEBT_LIMIT)
        } else {
            self.max_file_size
        }
    }

    /// What the config says about it.
    pub fn of(policy: &Policy) -> Self {
        Self {
            exclude: policy.exclude.clone(),
            registries: policy.registries.clone(),
            compose: policy.compose_files(),
            config: Some(FILE_NAME.to_owned()),
            debt: Some(DEBT_FILE.to_owned()),
            max_file_size: policy.max_file_size,
        }
    }
}

/// Why there is nothing to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong and where, without a final stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for Error {}

/// The workspace root: `explicit` if given, else the nearest folder upwards from `start` with a
/// `dbfence.yaml` (an empty one counts), else the nearest one with `.git` (a folder, or the file of a
/// worktree), else `start` itself, or its folder if it is a file. Links on the way are resolved.
pub fn root(explicit: Option<&Path>, start: &Path) -> io::Result<PathBuf> {
    if let Some(explicit) = explicit {
        let root = fs::canonicalize(explicit)?;
        return if root.is_dir() {
            Ok(root)
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory))
        };
    }
    let mut start = fs::canonicalize(start)?;
    if !start.is_dir() {
        start.pop();
    }
    let marked = |is_root: fn(&Path) -> bool| start.ancestors().find(|folder| is_root(folder));
    let root = marked(|folder| folder.join("dbfence.yaml").is_file())
        .or_else(|| marked(|folder| folder.join(".git").exists()))
        .unwrap_or(&start);
    Ok(root.to_path_buf())
}

/// Walks the workspace and reads the files that matter.
///
/// `.gitignore`, `.ignore` and a repository's own `info/exclude` are respected, and so are the
/// `.gitignore` files between the workspace root and the root of the repository that it lies in. The
/// user's global excludes are not: two people who check one tree see one result. Ignored files are
/// known by name ([`Sources::existence`]) and not read.
///
/// What a sparse checkout leaves out of the work tree is not there, and nothing is known of it.
///
/// Links are not followed. A link to a file of the workspace makes that file known under both names; if
/// only the link's name is of a kind we read, the file is of that kind.
pub fn discover(root: &Path, options: &Options) -> Result<Sources, Error> {
    read_workspace(root, options, &Before::new())
}

/// The same with other texts at some paths than the disk has there, and with nothing at others.
fn read_workspace(root: &Path, options: &Options, before: &Before) -> Result<Sources, Error> {
    let kinds = Kinds::new(options)?;
    let excluded = Excluded::new(&options.exclude)?;
    let mut walked = walk::walk(root, &excluded).map_err(|reason| Error {
        message: format!(
            "the workspace root `{}` could not be read, {}",
            root.display(),
            in_words(&reason)
        ),
        help: "name a folder that you may read with `--root`".to_owned(),
    })?;
    for path in git::left_out(root) {
        walked.leave_out(&path);
    }
    walked.put_back(root, before, &excluded);

    let mut links = resolve_links(root, &walked);
    links.retain(|link, _| options.debt.as_ref() != Some(link));
    let mut to_read = files_of_kinds(&kinds, &walked, &links);

    let debt = hidden_debt(root, options, &walked);
    if let Some((path, on_disk)) = &debt {
        to_read.insert(path, (Kind::Debt, on_disk));
    }

    let read = |path: &str, kind: Kind, on_disk: &Path| match before.get(path) {
        Some(Some(text)) => SourceFile::new(path, kind, Arc::clone(text)),
        _ => source_file(path, kind, text_of(on_disk, options.limit_of(kind))),
    };
    let read_all = |files: &[(&str, (Kind, &Path))]| -> Vec<SourceFile> {
        files
            .par_iter()
            .map(|&(path, (kind, on_disk))| read(path, kind, on_disk))
            .map(|file| by_text(file, options))
            .filter(is_kept)
            .collect()
    };
    let is_listed = |path: &str| to_read.contains_key(path);
    let test_code = walked.files.iter();
    let test_code = test_code.filter_map(|(path, on_disk)| {
        let kind = Kinds::of_test_code(path).filter(|_| !is_listed(path))?;
        Some((path.as_str(), (kind, on_disk.as_path())))
    });
    let test_code: Vec<_> = test_code.collect();
    // What a registry imports is read as that, and the rest of the code afterwards.
    let (code, to_read): (Vec<_>, Vec<_>) = to_read
        .into_iter()
        .partition(|(_, (kind, _))| is_code(*kind));
    let mut files = read_all(&to_read);
    let known = |path: &str| {
        let target = match links.get(path) {
            Some(Found::File(target)) => target.as_str(),
            _ => path,
        };
        let found = walked.files.get_key_value(target);
        found.map(|(path, _)| path.as_str())
    };
    let read_as = |paths: &[&str], kind: Kind| {
        let found = paths.iter().filter_map(|&path| {
            let (path, on_disk) = walked.files.get_key_value(path)?;
            Some((path.as_str(), (kind, on_disk.as_path())))
        });
        read_all(&found.collect::<Vec<_>>())
    };
    imports::follow(&mut files, known, |paths| read_as(paths, Kind::Constants));
    imports::follow_parts(&mut files, known, |paths| read_as(paths, Kind::ComposePart));
    let is_read: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let code: Vec<_> = code
        .into_iter()
        .filter(|(path, _)| !is_read.contains(path))
        .collect();
    let leaving = Leaving::of(walked.seen.keys().map(String::as_str), &files);
    let code: Vec<SourceFile> = code
        .par_iter()
        .chain(&test_code)
        .map(|&(path, (kind, on_disk))| read(path, kind, on_disk))
        .filter(|file| is_kept_code(file, &leaving))
        .collect();
    files.extend(code);

    let would_ignore = walked.would_ignore(root);
    let folders = walked.unreadable.into_iter();
    files.extend(folders.map(|(path, why)| SourceFile::unreadable(path, Kind::Folder, why)));

    let mut seen = walked.seen;
    for (link, target) in &links {
        seen.insert(link.clone(), target.seen());
    }
    let mut sources = Sources::new(root.to_path_buf(), files, seen);
    sources.would_ignore = would_ignore;
    sources.below_repository = below_repository(root);
    for (link, target) in &links {
        if let Found::File(target) = target {
            sources.alias(link, target);
        }
    }
    Ok(sources)
}

/// Path of a folder from the root of the repository that it lies in.
fn below_repository(root: &Path) -> String {
    let below = git::repository_of(root).and_then(|repository| root.strip_prefix(repository).ok());
    let parts = below
        .into_iter()
        .flatten()
        .map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// The workspace that the given files (paths from its root, and their bytes) make up, by the same rules
/// as [`discover`], except that ignore files are not looked at: whoever lists the files has chosen them.
/// Globs of the options that cannot be read match nothing.
pub fn in_memory<T: Into<Vec<u8>>>(
    files: impl IntoIterator<Item = (String, T)>,
    options: &Options,
) -> Sources {
    let kinds = Kinds::new(options).unwrap_or_default();
    let excluded = Excluded::new(&options.exclude).unwrap_or_default();
    let mut seen = BTreeMap::new();
    let mut others = BTreeMap::new();
    let mut read = Vec::new();
    for (path, bytes) in files {
        if let Some(folder) = excluded.folder_above(&path) {
            seen.insert(folder, Seen::FolderNotEntered);
            continue;
        }
        seen.insert(path.clone(), Seen::File);
        if excluded.holds_back(&path, false) {
            continue;
        }
        match kinds.of(&path) {
            Some(kind) if !is_code(kind) => {
                let file = decoded(&path, kind, bytes.into(), options.max_file_size);
                let file = by_text(file, options);
                if is_kept(&file) {
                    read.push(file);
                } else {
                    others.insert(path, file.text.as_bytes().to_vec());
                }
            }
            _ => {
                others.insert(path, bytes.into());
            }
        }
    }
    let known = |path: &str| others.get_key_value(path).map(|(path, _)| path.as_str());
    let read_as = |paths: &[&str], kind: Kind| -> Vec<SourceFile> {
        let bytes = |path: &str| others.get(path).cloned().unwrap_or_default();
        paths
            .iter()
            .map(|&path| decoded(path, kind, bytes(path), options.max_file_size))
            .collect()
    };
    imports::follow(&mut read, known, |paths| read_as(paths, Kind::Constants));
    imports::follow_parts(&mut read, known, |paths| read_as(paths, Kind::ComposePart));
    let is_read: HashSet<String> = read.iter().map(|file| file.path.clone()).collect();
    let leaving = Leaving::of(seen.keys().map(String::as_str), &read);
    let code = others.iter().filter_map(|(path, bytes)| {
        let kind = kinds.of(path).filter(|kind| is_code(*kind));
        let kind = kind
            .or_else(|| Kinds::of_test_code(path))
            .filter(|_| !is_read.contains(path))?;
        let file = decoded(path, kind, bytes.clone(), options.max_file_size);
        is_kept_code(&file, &leaving).then_some(file)
    });
    let code: Vec<SourceFile> = code.collect();
    read.extend(code);
    let folders: Vec<String> = seen.keys().flat_map(|path| folders_above(path)).collect();
    for folder in folders {
        seen.entry(folder).or_insert(Seen::Folder);
    }
    Sources::new(PathBuf::new(), read, seen)
}

/// The files that are of some kind, by their own names or by those of links that lead to them, with where they are.
fn files_of_kinds<'w>(
    kinds: &Kinds,
    walked: &'w Walked,
    links: &'w BTreeMap<String, Found>,
) -> BTreeMap<&'w str, (Kind, &'w Path)> {
    let mut files = BTreeMap::new();
    for (path, on_disk) in &walked.files {
        if let Some(kind) = kinds.of(path) {
            files.insert(path.as_str(), (kind, on_disk.as_path()));
        }
    }
    for (link, target) in links {
        if let (Found::File(target), Some(kind)) = (target, kinds.of(link))
            && let Some(on_disk) = walked.files.get(target)
        {
            files.entry(target).or_insert((kind, on_disk));
        }
    }
    files
}

fn is_code(kind: Kind) -> bool {
    matches!(kind, Kind::TypeScript | Kind::JavaScript)
}

/// Whether source code matters; what cannot be read is not known to. Test code does for what it imports.
fn is_kept_code(file: &SourceFile, leaving: &Leaving) -> bool {
    let is_test = is_test_code(&file.path);
    let is_worth = || {
        if is_test {
            may_hold_silencer(&file.text)
        } else {
            is_worth_keeping(file.kind, &file.text)
        }
    };
    file.unreadable.is_none() && (is_worth() || is_barrel(file) || leaving.has_leaving(file))
}

/// Whether a file gives on what other files have.
fn is_barrel(file: &SourceFile) -> bool {
    let has = |word: &str| memchr::memmem::find(file.text.as_bytes(), word.as_bytes()).is_some();
    file_name(&file.path).starts_with("index.") && has("export") && has("from")
}

/// A file as what its text shows it to be. What the config calls a registry is one.
fn by_text(mut file: SourceFile, options: &Options) -> SourceFile {
    let is_by_name = file.kind == Kind::Registry && options.registries.is_empty();
    if is_by_name && is_code_by_text(&file.path, &file.text) {
        file.kind = if file.path.ends_with("ts") {
            Kind::TypeScript
        } else {
            Kind::JavaScript
        };
    }
    file
}

/// Whether any other file matters.
fn is_kept(file: &SourceFile) -> bool {
    file.unreadable.is_some() || is_worth_keeping(file.kind, &file.text)
}

/// The debt file with its place on disk, links resolved, where ignore files hold it back: what silences findings
/// does so for everybody. What is there and cannot be followed is where it is named.
fn hidden_debt<'o>(
    root: &Path,
    options: &'o Options,
    walked: &Walked,
) -> Option<(&'o str, PathBuf)> {
    let path = options.debt.as_deref()?;
    if walked.files.contains_key(path) {
        return None;
    }
    let is_missing = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    };
    let on_disk = root.join(path);
    match fs::symlink_metadata(&on_disk) {
        Err(error) if is_missing(&error) => None,
        _ => Some((path, fs::canonicalize(&on_disk).unwrap_or(on_disk))),
    }
}

/// The folders above `path`, the outermost first, the root excluded.
fn folders_above(path: &str) -> impl Iterator<Item = String> {
    path.match_indices('/')
        .map(|(slash, _)| path[..slash].to_owned())
}

/// Where each link of the walk leads.
fn resolve_links(root: &Path, walked: &Walked) -> BTreeMap<String, Found> {
    let Ok(root) = fs::canonicalize(root) else {
        return BTreeMap::new();
    };
    walked
        .links
        .par_iter()
        .map(|(path, on_disk)| {
            let target = fs::canonicalize(on_disk)
                .ok()
                .and_then(|target| walk::path_below(&root, &target));
            let found = target.map_or(Found::Elsewhere, |target| match walked.seen.get(&target) {
                _ if target.is_empty() => Found::Folder,
                Some(Seen::File) => Found::File(target),
                Some(Seen::Folder | Seen::FolderNotEntered) => Found::Folder,
                _ => Found::Elsewhere,
            });
            (path.clone(), found)
        })
        .collect()
}

fn decoded(path: &str, kind: Kind, bytes: Vec<u8>, limit: u64) -> SourceFile {
    source_file(path, kind, text_in(bytes, limit))
}

fn source_file(path: &str, kind: Kind, text: Result<String, String>) -> SourceFile {
    match text {
        Ok(text) => SourceFile::new(path, kind, text),
        Err(why) => SourceFile::unreadable(path, kind, why),
    }
}

/// The text of a file, or in words why there is none.
fn text_of(on_disk: &Path, limit: u64) -> Result<String, String> {
    // Opening a pipe would wait for a writer, so what the walk saw is looked at once more.
    let found = fs::symlink_metadata(on_disk).map_err(|error| in_words(&error))?;
    if !found.is_file() {
        return Err("it is no regular file any more".to_owned());
    }
    if found.len() > limit {
        return Err(too_large(found.len(), limit));
    }
    let file = fs::File::open(on_disk).map_err(|error| in_words(&error))?;
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| in_words(&error))?;
    text_in(bytes, limit)
}

/// The text that the bytes are, or in words why they are none.
fn text_in(bytes: Vec<u8>, limit: u64) -> Result<String, String> {
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64, limit));
    }
    String::from_utf8(bytes).map_err(|error| not_utf8(&error))
}

fn not_utf8(error: &std::string::FromUtf8Error) -> String {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return "it is UTF-16, by its byte order mark, and has to be UTF-8".to_owned();
    }
    let offset = error.utf8_error().valid_up_to();
    format!(
        "it is not UTF-8: byte {:#04x} at offset {offset}",
        bytes[offset]
    )
}

fn too_large(size: u64, limit: u64) -> String {
    format!("it has {size} bytes, and the limit is {}", in_units(limit))
}

fn in_units(size: u64) -> String {
    const MEBIBYTE: u64 = 1024 * 1024;
    if size > 0 && size.is_multiple_of(MEBIBYTE) {
        format!("{size} ({} MiB)", size / MEBIBYTE)
    } else {
        size.to_string()
    }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::NotADirectory => "it is no folder".to_owned(),
        _ => format!("the system says: {error}"),
    }
}

#[cfg(test)]
mod tests;
