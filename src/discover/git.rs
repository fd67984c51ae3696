//! What git knows: which branch is the default one, and what its migrations say.
//!
//! Only commands that read objects, references and the index are run: none that looks at the work tree, since
//! that runs the filters and monitors that a repository's own config names. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

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
    /// Whether the file has exactly this text.
    pub(super) fn is(&self, text: &str) -> bool {
        let mut hash = sha1_smol::Sha1::new();
        hash.update(format!("blob {}\0", text.len()).as_bytes());
        hash.update(text.as_bytes());
        hash.digest().to_string() == self.object
    }
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

/// How long git may take over one question. It answers in milliseconds unless the disk or whatever goes by
/// the name of git has stopped.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

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

/// The regular files that a commit has below the given folders, without those that a sparse checkout leaves
/// out of the work tree and those whose merge is not finished. They are those of the index, but for what
/// differs between the two: git compares whole folders then, and reads no file.
pub(super) fn files(root: &Path, base: &Base, folders: &[&str]) -> Result<Vec<Blob>, String> {
    let named: Vec<String> = folders.iter().map(|folder| format!("{folder}/")).collect();
    let in_folders = |command: &[&str]| -> Result<Vec<u8>, String> {
        let mut arguments = vec!["--literal-pathspecs"];
        arguments.extend(command);
        if named.len() <= MOST_FOLDERS {
            arguments.push("--");
            arguments.extend(named.iter().map(String::as_str));
        }
        git(root, &arguments, None)
    };
    let mut objects: BTreeMap<String, String> = BTreeMap::new();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let index = in_folders(&["ls-files", "-t", "--stage", "-z"])?;
    for entry in index.split(|&byte| byte == 0) {
        let Some((about, path)) = text_of(entry).and_then(|entry| entry.split_once('\t')) else {
            continue;
        };
        let about: Vec<&str> = about.split(' ').collect();
        let [tag, mode, object, stage] = about[..] else {
            continue;
        };
        if tag == "S" || stage != "0" {
            unknown.insert(path.to_owned());
        } else if mode.starts_with(REGULAR) {
            objects.insert(path.to_owned(), object.to_owned());
        }
    }
    let differences = in_folders(&[
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--relative",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=all",
        &base.commit,
    ])?;
    let mut differences = differences.split(|&byte| byte == 0);
    while let (Some(about), Some(path)) = (differences.next(), differences.next()) {
        let (Some(about), Some(path)) = (text_of(about), text_of(path)) else {
            continue;
        };
        let mut about = about.trim_start_matches(':').split(' ');
        let was_regular = about.next().is_some_and(|mode| mode.starts_with(REGULAR));
        match about.nth(1).filter(|_| was_regular) {
            Some(object) => objects.insert(path.to_owned(), object.to_owned()),
            None => objects.remove(path),
        };
    }
    let is_asked = |path: &str| named.iter().any(|folder| path.starts_with(folder.as_str()));
    let blobs = objects
        .into_iter()
        .filter(|(path, _)| is_asked(path) && !unknown.contains(path));
    Ok(blobs.map(|(path, object)| Blob { path, object }).collect())
}

/// What the modes of regular files begin with.
const REGULAR: &str = "100";

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
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

/// Runs a command to its end, or ends it once it has taken too long. Git answers while it is still being
/// asked, so that all pipes are served at once; whoever serves them is left behind by what never ends.
fn answer(
    command: &mut Command,
    input: Option<&[u8]>,
    longest_wait: Duration,
) -> Result<Output, String> {
    let unusable = |error: io::Error| format!("git could not be run: {error}");
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "git is not installed".to_owned(),
        _ => unusable(error),
    })?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        let input = input.to_vec();
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let stdout = child.stdout.take().map(read_aside);
    let stderr = child.stderr.take().map(read_aside);
    let end = Instant::now() + longest_wait;
    let all_of = |pipe: Option<Receiver<io::Result<Vec<u8>>>>| match pipe {
        Some(pipe) => pipe.recv_timeout(end.saturating_duration_since(Instant::now())),
        None => Ok(Ok(Vec::new())),
    };
    let (Ok(stdout), Ok(stderr)) = (all_of(stdout), all_of(stderr)) else {
        let _ = child.kill();
        let _ = child.wait();
        let seconds = longest_wait.as_secs();
        return Err(format!("git did not answer within {seconds} seconds"));
    };
    Ok(Output {
        status: child.wait().map_err(unusable)?,
        stdout: stdout.map_err(unusable)?,
        stderr: stderr.map_err(unusable)?,
    })
}

fn read_aside(mut pipe: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let read = pipe.read_to_end(&mut all);
        sender.send(read.map(|_| all))
    });
    receiver
}

/// What a command of git prints; else in words why there is nothing.
fn git<A: AsRef<OsStr>>(
    root: &Path,
    arguments: &[A],
    input: Option<&[u8]>,
) -> Result<Vec<u8>, String> {
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
    let output = answer(&mut command, input, LONGEST_WAIT)?;
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_given_up() {
        let mut command = Command::new("sh");
        // The shell's child keeps the pipes open when the shell has ended.
        command.args(["-c", "sleep 60; true"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let answer = answer(&mut command, None, Duration::from_millis(10));
        assert_eq!(
            answer.err().as_deref(),
            Some("git did not answer within 0 seconds")
        );
    }
}
