//! What a change touches: what is staged, or what differs from where a branch was left.
//!
//! The work tree is read by the walk alone. Git is asked for the index and for a commit, and the texts that the
//! walk has read are compared with theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kind::Kinds;
use super::{Error, Options, baseline, git, read_workspace};
use crate::source::{ChangeSet, Existence, Kind, Since, SourceFile, Sources, shell_quoted};

/// What the work tree is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The last commit; only what is staged counts as changed.
    Head,
    /// The commit where the branch that is checked out left this revision; whatever is not the same in the
    /// work tree counts as changed, and so do files that git does not know yet and does not ignore.
    Revision(String),
}

/// What stood at the paths of a change before it; `None` where there was nothing.
pub(super) type Before = BTreeMap<String, Option<Arc<str>>>;

/// Asks git what has changed, and notes it in the sources together with the workspace as it was before.
pub fn compare_with(
    sources: &mut Sources,
    options: &Options,
    against: &Against,
) -> Result<(), Error> {
    let mut comparison = Comparison {
        sources,
        kinds: Kinds::new(options)?,
        changed: BTreeSet::new(),
        before: Before::new(),
        since: None,
    };
    match against {
        Against::Head => comparison.with_staged()?,
        Against::Revision(revision) => comparison.with_revision(revision)?,
    }
    let Comparison {
        changed,
        before,
        since,
        ..
    } = comparison;
    let earlier = if before.is_empty() {
        None
    } else {
        Some(Box::new(read_workspace(&sources.root, options, &before)?))
    };
    sources.change = Some(ChangeSet {
        changed,
        before: earlier,
        since,
    });
    Ok(())
}

struct Comparison<'a> {
    sources: &'a Sources,
    kinds: Kinds,
    changed: BTreeSet<String>,
    before: Before,
    since: Option<Since>,
}

impl Comparison<'_> {
    fn root(&self) -> &Path {
        &self.sources.root
    }

    fn with_staged(&mut self) -> Result<(), Error> {
        self.needs_work_tree("--staged")?;
        let root = self.root().to_path_buf();
        let staged = git::staged(&root).map_err(|why| unknown(&root, "--staged", &why))?;
        let mut olds = Vec::new();
        for entry in staged {
            self.add(&entry.path);
            match entry.before {
                Some(blob) => olds.push(blob),
                None if entry.is_new => {
                    self.before.insert(entry.path, None);
                }
                None => {}
            }
        }
        self.keep_texts(&root, "", olds).map_err(|why| {
            unfetched(&why, "git diff --cached --stat")
                .unwrap_or_else(|| unknown(&root, "--staged", &why))
        })
    }

    fn with_revision(&mut self, revision: &str) -> Result<(), Error> {
        self.needs_work_tree("--since")?;
        let root = self.root().to_path_buf();
        let commit = git::commit(&root, revision).ok_or_else(|| Error {
            message: format!("git knows no commit `{revision}`"),
            help: "name a branch, a tag or a commit that is here (`git fetch` brings those of a remote)"
                .to_owned(),
        })?;
        let common = git::common_commit(&root, &commit).ok_or_else(|| {
            let why = format!("`{revision}` and `HEAD` have no commit in common");
            if git::is_shallow(&root) {
                Error {
                    message: format!("{why} in the history that was cloned"),
                    help: "bring the rest of it with `git fetch --unshallow`, or let `actions/checkout` \
                           do so with `fetch-depth: 0`"
                        .to_owned(),
                }
            } else {
                Error {
                    message: why,
                    help: "name a revision that this branch was made from".to_owned(),
                }
            }
        })?;
        self.since = Some(Since {
            revision: revision.to_owned(),
            commit: common.clone(),
        });
        self.with_commit(&root, "", &common).map_err(|why| {
            let revision = shell_quoted(revision);
            unfetched(&why, &format!("git diff --merge-base --stat {revision}"))
                .unwrap_or_else(|| unknown(&root, "--since", &why))
        })
    }

    /// Compares what lies below `prefix`, the folder of a repository or one in it, with a commit of it.
    fn with_commit(&mut self, folder: &Path, prefix: &str, commit: &str) -> Result<(), String> {
        let tree = git::tree(folder, commit, &[])?;
        for link in &tree.changed_links {
            self.add(&format!("{prefix}{link}"));
        }
        let submodules: Vec<(String, String)> = tree
            .submodules
            .into_iter()
            .map(|(path, commit)| (format!("{prefix}{path}/"), commit))
            .collect();
        let mut olds: BTreeMap<String, git::Blob> = tree
            .files
            .into_iter()
            .map(|blob| (format!("{prefix}{}", blob.path), blob))
            .collect();
        let sources = self.sources;
        let mut changed = Vec::new();
        for (_, file) in sources.files() {
            let is_of_submodule = submodules
                .iter()
                .any(|(path, _)| file.path.starts_with(path));
            if !file.path.starts_with(prefix) || is_of_submodule {
                continue;
            }
            match olds.remove(&file.path) {
                Some(blob) if is_as_it_was(file, &blob, &sources.root) => {}
                Some(blob) => changed.push(blob),
                None => {
                    self.changed.insert(file.path.clone());
                    let is_unknown = tree.unknown.contains(&file.path[prefix.len()..]);
                    if !is_unknown && file.kind != Kind::Folder {
                        self.before.insert(file.path.clone(), None);
                    }
                }
            }
        }
        let is_gone = |path: &str| sources.existence(path) == Existence::Missing;
        for (path, blob) in olds {
            if is_gone(&path) {
                changed.push(blob);
            }
        }
        self.keep_texts(folder, prefix, changed)?;
        for (path, commit) in submodules {
            let below: PathBuf = sources.root.join(&path);
            // A submodule that was not fetched has nothing to compare.
            if below.join(".git").exists() && self.with_commit(&below, &path, &commit).is_err() {
                self.changed.insert(path.trim_end_matches('/').to_owned());
            }
        }
        Ok(())
    }

    /// Notes the old texts of files that are other ones now or are gone, and that they have changed.
    fn keep_texts(
        &mut self,
        folder: &Path,
        prefix: &str,
        mut olds: Vec<git::Blob>,
    ) -> Result<(), String> {
        let at = |blob: &git::Blob| format!("{prefix}{}", blob.path);
        let (wanted, others): (Vec<_>, Vec<_>) = olds.drain(..).partition(|blob| {
            let path = at(blob);
            self.sources.find(&path).is_some() || self.kinds.may_be_read(&path)
        });
        for blob in &others {
            let path = at(blob);
            self.add(&path);
            if self.sources.existence(&path) == Existence::Missing {
                self.before.insert(path, Some("".into()));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let texts = git::texts(folder, &wanted)?;
        for (blob, text) in wanted.iter().zip(texts) {
            let path = at(blob);
            let here = self.sources.find(&path).map(|id| self.sources.file(id));
            let is_same = |text: &str| {
                // Git holds no more than a pointer to it, or other line ends.
                baseline::is_pointer(text)
                    || here.is_some_and(|file| {
                        file.unreadable.is_none() && baseline::is_same(&file.text, text)
                    })
            };
            match text {
                Some(text) if is_same(&text) => {}
                text => {
                    self.add(&path);
                    if let Some(text) = text {
                        self.before.insert(path, Some(text.into()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes that something has changed at a path: a file, a link to one, or a submodule.
    fn add(&mut self, path: &str) {
        if let Some(target) = self.sources.find(path) {
            let target = &self.sources.file(target).path;
            self.changed.insert(target.clone());
        }
        self.changed.insert(path.to_owned());
    }

    fn needs_work_tree(&self, option: &str) -> Result<(), Error> {
        match git::has_work_tree(self.root()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(unknown(
                self.root(),
                option,
                "the repository has no work tree",
            )),
            Err(why) => Err(unknown(self.root(), option, &why)),
        }
    }
}

fn is_as_it_was(file: &SourceFile, blob: &git::Blob, root: &Path) -> bool {
    match &file.unreadable {
        None => blob.is(file.text.as_bytes()),
        // What is no text still has bytes.
        Some(_) => std::fs::read(root.join(&file.path)).is_ok_and(|bytes| blob.is(&bytes)),
    }
}

fn unknown(root: &Path, option: &str, why: &str) -> Error {
    let help = if why == git::NOT_TRUSTED {
        let folder = git::repository_of(root).unwrap_or(root).to_string_lossy();
        format!(
            "let git trust it with `git config --global --add safe.directory {}`",
            shell_quoted(&folder)
        )
    } else if why.contains("not installed") {
        "install git, or leave the option out".to_owned()
    } else {
        "leave the option out, or name a folder of a work tree with `--root`".to_owned()
    };
    Error {
        message: format!("`{option}` needs git: {why}"),
        help,
    }
}

/// The error that texts are missing which a command of git fetches.
fn unfetched(why: &str, command: &str) -> Option<Error> {
    (why == git::NOT_FETCHED).then(|| Error {
        message: "this partial clone lacks old texts of the files that have changed".to_owned(),
        help: format!("let git fetch them with `{command}`"),
    })
}
