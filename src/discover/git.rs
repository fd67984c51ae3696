//! What git knows: which branch is the default one, and what its migrations say.
//!
//! Only commands that read objects and references are run: none that compares the work tree, since that
//! runs the filters and monitors that a repository's own config names. Nothing is fetched.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Stdio};

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

/// Variables that a hook sets for its own repository, which may be another one than the workspace's.
const OF_A_HOOK: [&str; 11] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

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
    let common = git(root, &["merge-base", branch, "HEAD"], None);
    let common = common.map_err(|_| {
        let branch = short(branch);
        format!("the history here holds no commit that `{branch}` and `HEAD` have in common")
    })?;
    Ok(Base {
        branch: short(branch).to_owned(),
        commit: String::from_utf8_lossy(&common).trim().to_owned(),
    })
}

fn short(reference: &str) -> &str {
    let name = reference.strip_prefix("refs/remotes/");
    name.or_else(|| reference.strip_prefix("refs/heads/"))
        .unwrap_or(reference)
}

/// The regular files that a commit has below the given folders.
pub(super) fn files(root: &Path, base: &Base, folders: &[&str]) -> Result<Vec<Blob>, String> {
    let mut arguments = vec!["--literal-pathspecs", "ls-tree", "-r", "-z", &base.commit];
    let named: Vec<String> = folders.iter().map(|folder| format!("{folder}/")).collect();
    if named.len() <= MOST_FOLDERS {
        arguments.push("--");
        arguments.extend(named.iter().map(String::as_str));
    }
    let listed = git(root, &arguments, None)?;
    let entries = listed.split(|&byte| byte == 0).filter_map(|entry| {
        let (about, path) = std::str::from_utf8(entry).ok()?.split_once('\t')?;
        let mut about = about.split(' ');
        let is_regular = about.next()?.starts_with("100");
        let object = about.nth(1)?;
        is_regular.then(|| Blob {
            path: path.to_owned(),
            object: object.to_owned(),
        })
    });
    let is_asked = |path: &str| named.iter().any(|folder| path.starts_with(folder.as_str()));
    Ok(entries.filter(|blob| is_asked(&blob.path)).collect())
}

/// The texts of files, in their order; `None` for what is no text or is not here.
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
        let Some((about, size)) = about.rsplit_once(' ') else {
            return Some(None);
        };
        if !about.ends_with(" blob") {
            return Some(None);
        }
        let size: usize = size.parse().ok()?;
        let text = rest.get(..size)?;
        rest = rest.get(size + 1..)?;
        Some(String::from_utf8(text.to_vec()).ok())
    };
    Ok(blobs.iter().map(|_| next().flatten()).collect())
}

/// Of the given paths those that the index has and that a sparse checkout leaves out of the work tree.
pub(super) fn left_out(root: &Path, paths: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--literal-pathspecs", "ls-files", "-t", "-z", "--"];
    if paths.len() <= MOST_FOLDERS {
        arguments.extend(paths);
    }
    let listed = git(root, &arguments, None).unwrap_or_default();
    let entries = listed.split(|&byte| byte == 0);
    let skipped = entries.filter_map(|entry| entry.strip_prefix(b"S "));
    skipped
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}

/// What a command of git prints; else in words why there is nothing.
fn git(root: &Path, arguments: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
        .args(arguments)
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("GIT_OPTIONAL_LOCKS", "0")
        // What a partial clone lacks is not fetched.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    for variable in OF_A_HOOK {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "git is not installed".to_owned(),
        _ => format!("git could not be run: {error}"),
    })?;
    let stdin = child.stdin.take();
    // Git answers while it is still being asked, so that both pipes have to be served at once.
    let output = std::thread::scope(|threads| {
        threads.spawn(move || {
            if let (Some(mut stdin), Some(input)) = (stdin, input) {
                let _ = stdin.write_all(input);
            }
        });
        child.wait_with_output()
    });
    let output = output.map_err(|error| format!("git could not be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(if message.contains("dubious ownership") {
        "git does not trust this repository, since another user owns it".to_owned()
    } else if message.contains("not a git repository") {
        "the workspace lies in no git repository".to_owned()
    } else {
        "git cannot read this repository".to_owned()
    })
}
