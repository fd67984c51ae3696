//! Runs the `git` program: with a time limit, without the variables of a hook, and so that it fetches nothing.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

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

/// How long git may take over one question. It answers in milliseconds unless the disk or whatever goes by
/// the name of git has stopped.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Said where git refuses to look into a repository.
pub(in crate::discover) const NOT_TRUSTED: &str =
    "git does not trust this repository, since another user owns it";

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
pub(super) fn git<A: AsRef<OsStr>>(
    root: &Path,
    arguments: &[A],
    input: Option<&[u8]>,
) -> Result<Vec<u8>, String> {
    git_with_index(root, None, arguments, input)
}

/// The same with the index at a path instead of the repository's own.
pub(super) fn git_with_index<A: AsRef<OsStr>>(
    root: &Path,
    index: Option<&Path>,
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
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let output = answer(&mut command, input, LONGEST_WAIT)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(if message.contains("dubious ownership") {
        NOT_TRUSTED.to_owned()
    } else if message.contains("not a git repository") {
        "the workspace lies in no git repository".to_owned()
    } else {
        "git cannot read this repository".to_owned()
    })
}

/// The index that the hook which started this process is about: `git commit --all` and `git commit PATH` make
/// one for the commit. `None` where no hook started it, or one of another repository than that of `root`.
pub(super) fn index_of_hook(root: &Path) -> Option<PathBuf> {
    let index = PathBuf::from(std::env::var_os("GIT_INDEX_FILE")?);
    let folder = ["rev-parse", "--absolute-git-dir"];
    let own = git(root, &folder, None).ok()?;
    let own = String::from_utf8(own).ok()?;
    let own = own.trim_end_matches(['\n', '\r']);
    if index.is_absolute() && index.parent() == Some(Path::new(own)) {
        return Some(index);
    }
    // Git reads a relative path from the root of the work tree, wherever in it the hook has gone.
    let mut command = Command::new("git");
    command
        .args(folder)
        .args(["--git-path", "index"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let of_hook = answer(&mut command, None, LONGEST_WAIT).ok()?;
    let of_hook = String::from_utf8(of_hook.stdout).ok()?;
    let (folder, index) = of_hook.split_once('\n')?;
    let index = index.trim_end_matches(['\n', '\r']);
    (folder.trim_end_matches('\r') == own)
        .then(|| std::env::current_dir().ok())?
        .map(|folder| folder.join(index))
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
