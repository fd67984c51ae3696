//! What git knows: which branch is the default one, what a commit has, and how the index differs from it.
//!
//! Only commands that read objects, references and the index are run: none that looks at the work tree, since
//! that runs the filters and monitors that a repository's own config names. Nothing is fetched.

mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(super) use run::NOT_TRUSTED;
use run::{git, git_with_index, index_of_hook};

/// A commit and how people call the branch that it was found by.
pub(super) struct Base {
    pub(super) branch: String,
    pub(super) commit: String,
}

/// A file of a commit.
pub(super) struct Blob {
    /// Its path as seen from the workspace root.
    pub(super) path: String,
    object: String,
}

impl Blob {
    /// Whether the file has exactly these bytes.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        let mut hash = sha1_smol::Sha1::new();
        hash.update(format!("blob {}\0", bytes.len()).as_bytes());
        hash.update(bytes);
        hash.digest().to_string() == self.object
    }
}

/// Said where a partial clone has no text of a file, which only the remote could give.
pub(super) const NOT_FETCHED: &str = "this partial clone lacks some of its old texts";

/// The references that may be the default branch, the likeliest first; the first is a link to it.
const DEFAULT_BRANCHES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// More folders than this are not named one by one.
const MOST_FOLDERS: usize = 500;

/// The commit where the work tree's branch left the default branch; else in words why there is none.
pub(super) fn base(root: &Path) -> Result<Base, String> {
    let mut arguments = vec!["for-each-ref", "--format=%(refname) %(symref)"];
    arguments.extend(DEFAULT_BRANCHES);
    let listed = git(root, &arguments, None)?;
    let listed = String::from_utf8_lossy(&listed);
    let found: Vec<(&str, &str)> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let branch = DEFAULT_BRANCHES.iter().find_map(|candidate| {
        let (name, target) = found.iter().find(|(name, _)| name == candidate)?;
        Some(if target.is_empty() { *name } else { *target })
    });
    let branch = branch.ok_or("no default branch was found (`origin/HEAD`, `main`, `master`)")?;
    let commit = common_commit(root, branch).ok_or_else(|| {
        let branch = short(branch);
        format!("the history here holds no commit that `{branch}` and `HEAD` have in common")
    })?;
    Ok(Base {
        branch: short(branch).to_owned(),
        commit,
    })
}

fn short(reference: &str) -> &str {
    let name = reference.strip_prefix("refs/remotes/");
    name.or_else(|| reference.strip_prefix("refs/heads/"))
        .unwrap_or(reference)
}

/// What a commit has.
#[derive(Default)]
pub(super) struct Tree {
    /// Its regular files, but for those of which nothing can be said here.
    pub(super) files: Vec<Blob>,
    /// The commits of its submodules, by their folders.
    pub(super) submodules: BTreeMap<String, String>,
    /// Files that a sparse checkout leaves out of the work tree, and those whose merge is not finished.
    pub(super) unknown: BTreeSet<String>,
    /// Links that are other ones in the index, or are in one of the two only.
    pub(super) changed_links: Vec<String>,
}

/// What a commit has below the given folders, or at all where none is named. That is what the index has, but
/// for what differs between the two: git compares whole folders then, and reads no file.
pub(super) fn tree(root: &Path, commit: &str, folders: &[&str]) -> Result<Tree, String> {
    let named: Vec<String> = folders.iter().map(|folder| format!("{folder}/")).collect();
    let in_folders = |command: &[&str]| -> Result<Vec<u8>, String> {
        let mut arguments = vec!["--literal-pathspecs"];
        arguments.extend(command);
        if !named.is_empty() && named.len() <= MOST_FOLDERS {
            arguments.push("--");
            arguments.extend(named.iter().map(String::as_str));
        }
        git(root, &arguments, None)
    };
    let mut tree = Tree::default();
    let mut objects: BTreeMap<String, String> = BTreeMap::new();
    let index = in_folders(&["ls-files", "-t", "--stage", "-z"])?;
    for entry in index.split(|&byte| byte == 0) {
        let entry = String::from_utf8_lossy(entry);
        let Some((about, path)) = entry.split_once('\t') else {
            continue;
        };
        let about: Vec<&str> = about.split(' ').collect();
        let [tag, mode, object, stage] = about[..] else {
            continue;
        };
        if tag == "S" || stage != "0" {
            tree.unknown.insert(path.to_owned());
        } else if mode == SUBMODULE {
            tree.submodules.insert(path.to_owned(), object.to_owned());
        } else if mode.starts_with(REGULAR) {
            objects.insert(path.to_owned(), object.to_owned());
        }
    }
    let compared: Vec<&str> = DIFFERENCES.into_iter().chain([commit]).collect();
    for difference in Difference::read(&in_folders(&compared)?) {
        objects.remove(&difference.path);
        tree.submodules.remove(&difference.path);
        if difference.old_mode.starts_with(REGULAR) {
            objects.insert(difference.path, difference.old_object);
        } else if difference.old_mode == SUBMODULE {
            tree.submodules
                .insert(difference.path, difference.old_object);
        } else if difference.old_mode == LINK || difference.new_mode == LINK {
            tree.changed_links.push(difference.path);
        }
    }
    let is_asked = |path: &str| {
        named.is_empty() || named.iter().any(|folder| path.starts_with(folder.as_str()))
    };
    let files = objects
        .into_iter()
        .filter(|(path, _)| is_asked(path) && !tree.unknown.contains(path));
    tree.files = files.map(|(path, object)| Blob { path, object }).collect();
    Ok(tree)
}

/// The question how the index differs from a commit, which follows.
const DIFFERENCES: [&str; 9] = [
    "diff-index",
    "--cached",
    "--raw",
    "-z",
    "--no-renames",
    "--no-abbrev",
    "--relative",
    "--no-ext-diff",
    "--no-textconv",
];

const REGULAR: &str = "100";
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// How the index differs from a commit at one path.
struct Difference {
    path: String,
    old_mode: String,
    new_mode: String,
    old_object: String,
}

impl Difference {
    /// What git answers to [`DIFFERENCES`].
    fn read(answer: &[u8]) -> Vec<Self> {
        let mut differences = Vec::new();
        let mut fields = answer.split(|&byte| byte == 0);
        while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
            let about = String::from_utf8_lossy(about);
            let about: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
            if let [old_mode, new_mode, old_object, ..] = about[..] {
                differences.push(Self {
                    path: String::from_utf8_lossy(path).into_owned(),
                    old_mode: old_mode.to_owned(),
                    new_mode: new_mode.to_owned(),
                    old_object: old_object.to_owned(),
                });
            }
        }
        differences
    }
}

/// What is at one path of the index and was not so in the last commit.
pub(super) struct Staged {
    /// The path from the workspace root; lossy where it is no UTF-8, as those of the walk.
    pub(super) path: String,
    /// The regular file that the last commit has there.
    pub(super) before: Option<Blob>,
    /// Whether the last commit has nothing there.
    pub(super) is_new: bool,
}

/// What is staged for the next commit, or what the running hook says is.
pub(super) fn staged(root: &Path) -> Result<Vec<Staged>, String> {
    let index = index_of_hook(root);
    let head = git(
        root,
        &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
        None,
    );
    let commit = match head {
        Ok(commit) => commit,
        // There is none yet: everything is new.
        Err(_) => git(root, &["hash-object", "-t", "tree", "--stdin"], Some(b""))?,
    };
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    // What `git add --intent-to-add` names is not committed.
    let of_index = ["--ita-invisible-in-index", commit.as_str()];
    let compared: Vec<&str> = DIFFERENCES.into_iter().chain(of_index).collect();
    let answer = git_with_index(root, index.as_deref(), &compared, None)?;
    let staged = Difference::read(&answer).into_iter().map(|difference| {
        let is_regular = difference.old_mode.starts_with(REGULAR);
        Staged {
            before: is_regular.then(|| Blob {
                path: difference.path.clone(),
                object: difference.old_object,
            }),
            is_new: difference.old_mode == NOTHING,
            path: difference.path,
        }
    });
    Ok(staged.collect())
}

const NOTHING: &str = "000000";

/// The root of the repository that a folder lies in, as it can be seen without git.
pub(super) fn repository_of(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
}

/// The paths below `root` that the index has and a sparse checkout leaves out of the work tree.
pub(super) fn left_out(root: &Path) -> Vec<String> {
    let Some(repository) = repository_of(root) else {
        return Vec::new();
    };
    let git_folder = match std::fs::read_to_string(repository.join(".git")) {
        // That of a linked work tree, or of a submodule.
        Ok(link) => link
            .strip_prefix("gitdir:")
            .map_or_else(PathBuf::new, |path| repository.join(path.trim())),
        Err(_) => repository.join(".git"),
    };
    // Few checkouts are sparse, and none has to wait for git because of them.
    if !git_folder.join("info/sparse-checkout").is_file() {
        return Vec::new();
    }
    let index = git(root, &["ls-files", "-t", "-z"], None).unwrap_or_default();
    let entries = index.split(|&byte| byte == 0);
    let left_out = entries.filter_map(|entry| entry.strip_prefix(b"S "));
    left_out
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}

/// The folder in which git keeps what it knows of the work tree of `root`.
pub fn folder(root: &Path) -> Option<PathBuf> {
    let answer = git(root, &["rev-parse", "--absolute-git-dir"], None).ok()?;
    let path = std::str::from_utf8(&answer).ok()?;
    Some(PathBuf::from(path.trim_end_matches(['\n', '\r'])))
}

/// Whether the folder lies in the work tree of a repository; else in words why it is in none.
pub(super) fn has_work_tree(root: &Path) -> Result<bool, String> {
    let answer = git(root, &["rev-parse", "--is-inside-work-tree"], None)?;
    Ok(answer.starts_with(b"true"))
}

/// Whether the history of the repository was cut off when it was cloned.
pub(super) fn is_shallow(root: &Path) -> bool {
    let answer = git(root, &["rev-parse", "--is-shallow-repository"], None);
    answer.is_ok_and(|answer| answer.starts_with(b"true"))
}

/// The commit that a revision means.
pub(super) fn commit(root: &Path, revision: &str) -> Option<String> {
    // It would be read as an option.
    if revision.starts_with('-') {
        return None;
    }
    let wanted = format!("{revision}^{{commit}}");
    let commit = git(root, &["rev-parse", "--verify", "--quiet", &wanted], None).ok()?;
    Some(String::from_utf8_lossy(&commit).trim().to_owned())
}

/// The newest commit that a commit and the one that is checked out have in common.
pub(super) fn common_commit(root: &Path, commit: &str) -> Option<String> {
    let common = git(root, &["merge-base", commit, "HEAD"], None).ok()?;
    Some(String::from_utf8_lossy(&common).trim().to_owned())
}

/// Whether a commit is another one that the history of `later` holds.
pub(super) fn is_before(root: &Path, commit: &str, later: &str) -> bool {
    let asked = ["merge-base", "--is-ancestor", commit, later];
    commit != later && git(root, &asked, None).is_ok()
}

/// The texts of files, in their order; `None` for what is no text. A partial clone may lack some of them.
pub(super) fn texts(root: &Path, blobs: &[Blob]) -> Result<Vec<Option<String>>, String> {
    let mut wanted = String::new();
    for blob in blobs {
        wanted.push_str(&blob.object);
        wanted.push('\n');
    }
    let output = git(root, &["cat-file", "--batch"], Some(wanted.as_bytes()))?;
    let mut rest = output.as_slice();
    let mut next = || -> Option<Option<String>> {
        let end = memchr::memchr(b'\n', rest)?;
        let about = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
        let (_, size) = about.split_once(" blob ")?;
        let size: usize = size.parse().ok()?;
        let text = rest.get(..size)?;
        rest = rest.get(size + 1..)?;
        Some(String::from_utf8(text.to_vec()).ok())
    };
    let texts: Option<_> = blobs.iter().map(|_| next()).collect();
    texts.ok_or_else(|| NOT_FETCHED.to_owned())
}
