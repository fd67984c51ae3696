//! Migrations as they are in the work tree and as the default branch has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::git;
use crate::source::{
    Baseline, Existence, Kind, Since, Sources, file_name, has_ending, join, parent,
};

/// [`Baseline::files`].
type Files = BTreeMap<String, Option<Arc<str>>>;

/// The name that the default branch goes by where there is no git.
const IN_MEMORY: &str = "main";

/// Asks git what the default branch has of the migrations here, where this one left it, or what it had before
/// the change that is under judgement, if that is older. Nothing is asked where there are none. The workspace
/// before the change is compared as well.
pub fn compare_with_default_branch(sources: &mut Sources) {
    let since = sources.change.as_ref().and_then(|it| it.since.clone());
    if let Some(before) = sources.change.as_mut().and_then(|it| it.before.as_mut()) {
        compare(before, since.as_ref());
    }
    compare(sources, since.as_ref());
}

fn compare(sources: &mut Sources, since: Option<&Since>) {
    let folders = migration_folders(sources);
    if !folders.is_empty() {
        sources.baseline = Some(ask_git(sources, &folders, since));
    }
}

/// The same for a workspace in memory: the given texts are what the default branch has.
pub fn compare_in_memory(
    sources: &mut Sources,
    before: impl IntoIterator<Item = (String, String)>,
) {
    let mut files = Files::new();
    for (path, text) in before {
        add(&mut files, sources, path, text);
    }
    sources.baseline = Some(Ok(Baseline {
        branch: IN_MEMORY.to_owned(),
        commit: IN_MEMORY.to_owned(),
        files,
    }));
}

fn ask_git(
    sources: &Sources,
    folders: &BTreeSet<String>,
    since: Option<&Since>,
) -> Result<Baseline, String> {
    let root = &sources.root;
    let mut base = git::base(root)?;
    // What the default branch has by now is no measure for a change of that branch itself.
    if let Some(since) = since.filter(|since| git::is_before(root, &since.commit, &base.commit)) {
        base = git::Base {
            branch: since.revision.clone(),
            commit: since.commit.clone(),
        };
    }
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let mut blobs = git::tree(root, &base.commit, &folders)?.files;
    // A name that is not UTF-8 cannot be told from another such one.
    blobs.retain(|blob| has_ending(&blob.path, "sql") && !blob.path.contains('\u{fffd}'));
    let is_as_here = |blob: &git::Blob| {
        let here = sources.find(&blob.path).map(|id| sources.file(id));
        here.is_some_and(|file| file.unreadable.is_none() && blob.is(file.text.as_bytes()))
    };
    let (same, others): (Vec<_>, Vec<_>) = blobs.into_iter().partition(is_as_here);
    let mut files: Files = same.into_iter().map(|blob| (blob.path, None)).collect();
    if !others.is_empty() {
        let texts = git::texts(root, &others)?;
        for (blob, text) in others.into_iter().zip(texts) {
            if let Some(text) = text {
                add(&mut files, sources, blob.path, text);
            }
        }
    }
    Ok(Baseline {
        branch: base.branch,
        commit: base.commit,
        files,
    })
}

/// Adds a text of the default branch, unless it cannot be said whether it is the one here.
fn add(files: &mut Files, sources: &Sources, path: String, text: String) {
    // Git holds no more than a pointer to it.
    if is_pointer(&text) {
        return;
    }
    match sources.find(&path).map(|id| sources.file(id)) {
        Some(file) if file.unreadable.is_some() => {}
        None if sources.existence(&path) != Existence::Missing => {}
        Some(file) if is_same(&file.text, &text) => {
            files.insert(path, None);
        }
        _ => {
            files.insert(path, Some(text.into()));
        }
    }
}

/// Whether a text of git only says where the file is kept.
pub(super) fn is_pointer(text: &str) -> bool {
    text.starts_with("version https://git-lfs.github.com/spec/")
}

/// Git may write other line ends into the work tree than it keeps.
pub(super) fn is_same(text: &str, other: &str) -> bool {
    text == other || text.replace("\r\n", "\n") == other.replace("\r\n", "\n")
}

/// Where migrations stand, or stood if the schema beside them is still there.
fn migration_folders(sources: &Sources) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for (_, file) in sources.files() {
        let folder = parent(&file.path);
        match file.kind {
            Kind::Migration => {
                let mut above = crate::source::ancestors(folder);
                let named = above.find(|folder| file_name(folder) == "migrations");
                folders.insert(named.unwrap_or(parent(folder)).to_owned());
            }
            Kind::MigrationLock => {
                folders.insert(folder.to_owned());
            }
            Kind::Prisma => {
                let beside = [folder, parent(folder)];
                folders.extend(beside.iter().filter_map(|at| join(at, "migrations")));
            }
            _ => {}
        }
    }
    folders.remove("");
    folders
}
