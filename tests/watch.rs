//! `--watch` as an editor's task runs it: a child process, its lines, and files that change meanwhile.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use support::copy;

const COMPOSE: &str = "products/nordhaven/docker-compose.yml";
const RIGHT: &str = "@postgres:5432/identity";
const WRONG: &str = "@postgres:5432/audit_trail";
const BEGINS: &str = "[dbfence] checking …";

/// Far more than a check takes, even on a machine that does other work.
const LONGEST: Duration = Duration::from_mins(2);

struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(root: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dbfence"))
            .args(["check", "--watch", "--root"])
            .arg(root)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// The lines of the next check, its two marks included.
    fn next(&self) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(LONGEST);
            let line = line.unwrap_or_else(|_| panic!("nothing more after {seen:?}"));
            let is_end = line.ends_with("; watching");
            seen.push(line);
            if is_end {
                return seen;
            }
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        let end = Instant::now() + LONGEST;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn clean() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clean");
    copy(&fixture, folder.path());
    folder
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old));
    fs::write(path, text.replacen(old, new, 1)).unwrap();
}

const NOTHING: [&str; 2] = [BEGINS, "[dbfence] nothing found; watching"];

#[test]
fn it_checks_again_when_something_changes_that_it_reads() {
    let folder = clean();
    let root = folder.path();
    fs::create_dir_all(root.join("node_modules/pg")).unwrap();
    let watch = Watch::start(root, &[]);
    assert_eq!(watch.next(), NOTHING);

    replace(&root.join(COMPOSE), RIGHT, WRONG);
    let seen = watch.next();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[0], BEGINS);
    assert!(seen[1].contains("error[database-url-mismatch]"), "{seen:?}");
    assert_eq!(seen[2], "[dbfence] 1 error; watching");

    // A save that changes nothing and what is not read are no reason; the next lines are those of the mending.
    let text = fs::read_to_string(root.join(COMPOSE)).unwrap();
    fs::write(root.join(COMPOSE), &text).unwrap();
    fs::write(root.join("node_modules/pg/index.js"), "x").unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(watch.lines.try_recv().is_err());
    let text = text.replacen(WRONG, RIGHT, 1);
    // As editors do it: another file takes the place.
    fs::write(root.join("swap"), text).unwrap();
    fs::rename(root.join("swap"), root.join(COMPOSE)).unwrap();
    assert_eq!(watch.next(), NOTHING);

    // Folders that were not there before, and such as go and come back.
    let inner = root.join("products/second/infra");
    fs::create_dir_all(&inner).unwrap();
    assert_eq!(watch.next(), NOTHING);
    let registry = "export const serviceRegistry = { loans: { port: 4999, database: \"loans\", dockerfile: \"no/Dockerfile\" } };\n";
    for _ in 0..2 {
        fs::write(inner.join("service-registry.ts"), registry).unwrap();
        let seen = watch.next();
        assert!(seen.len() > 2, "{seen:?}");
        fs::remove_dir_all(root.join("products/second")).unwrap();
        assert_eq!(watch.next(), NOTHING);
        fs::create_dir_all(&inner).unwrap();
        assert_eq!(watch.next(), NOTHING);
    }
    assert_eq!(watch.interrupt(), Some(0));
}

#[test]
fn a_broken_config_is_waited_for() {
    let folder = clean();
    let config = folder.path().join("dbfence.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, "nonsense: [\n").unwrap();
    let mut watch = Watch::start(folder.path(), &[]);
    assert_eq!(watch.next(), [BEGINS, "[dbfence] not checked; watching"]);
    fs::write(&config, text).unwrap();
    assert_eq!(watch.next(), NOTHING);
    fs::remove_dir_all(folder.path()).unwrap();
    let end = Instant::now() + LONGEST;
    while watch.child.try_wait().unwrap().is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(
        watch.child.wait().unwrap().code(),
        Some(2),
        "the root is gone"
    );
}

#[test]
fn it_ends_with_its_reader() {
    let folder = clean();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["check", "--watch", "--root"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("watching\n") {
        line.clear();
        stdout.read_line(&mut line).unwrap();
    }
    drop(stdout);
    let end = Instant::now() + LONGEST;
    let mut number = 0;
    while child.try_wait().unwrap().is_none() && Instant::now() < end {
        // The folders are watched shortly after the first report.
        number += 1;
        fs::write(folder.path().join(format!("{number}.sql")), "SELECT 1;\n").unwrap();
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_for_programs_is_not_watched() {
    let folder = clean();
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["check", "--watch", "--format", "json", "--root"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("`--watch` prints reports for people, not `json`"),
        "{error}"
    );
}
