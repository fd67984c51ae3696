//! `--watch`: checks again whenever something changes that a check reads.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{Read, Run};
use crate::cli::{Exit, Failure, Outcome, output};
use crate::parse::Kept;
use crate::report::tally;
use crate::source::{Seen, Sources};

/// Editors and git write several files at once; a check waits until nothing has come for so long.
const QUIET: Duration = Duration::from_millis(100);

/// It does not wait longer than this, whatever is still being written.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The line before each check, which tells an editor that what it knows is out of date.
const BEGINS: &str = "[dbfence] checking …";

/// Clears the screen and goes to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Checks until nobody reads any more. What cannot be checked is said, and then it waits as well.
pub(super) fn check_again_and_again(run: &Run) -> Outcome {
    let mut watcher = Watcher::new(&run.root, &run.watched_besides())?;
    let mut kept = Kept::default();
    let mut last: Option<Result<Read, String>> = None;
    loop {
        let progress = run.progress();
        let read = run.read(&progress);
        let is_as_before = match (&last, &read) {
            (Some(Ok(last)), Ok(read)) => last.is_like(read),
            (Some(Err(last)), Err(failure)) => *last == failure.message,
            _ => false,
        };
        if !is_as_before {
            if run.clears_screen() {
                output::print(CLEAR)?;
            }
            if !output::is_heard(BEGINS) {
                return Ok(Exit::Clean);
            }
            let checked = match &read {
                Ok(read) => run.judge(read, &mut kept, &progress).and_then(|outcome| {
                    run.report(read, &outcome, &progress)?;
                    Ok(tally(&outcome))
                }),
                Err(failure) => Err(failure.clone()),
            };
            let result = checked.unwrap_or_else(|failure| {
                output::report_failure(&failure, run.color);
                "not checked".to_owned()
            });
            if !output::is_heard(&format!("[dbfence] {result}; watching")) {
                return Ok(Exit::Clean);
            }
        }
        drop(progress);
        let has_more = match &read {
            Ok(read) => watcher.follow(&read.sources)?,
            Err(_) if !run.root.is_dir() => return Err(Failure::new("the workspace root is gone")),
            Err(_) => false,
        };
        last = Some(read.map_err(|failure| failure.message));
        if !has_more {
            watcher.wait()?;
        }
    }
}

/// Tells when something below the workspace has changed.
struct Watcher {
    notifier: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
    watched: BTreeSet<PathBuf>,
}

impl Watcher {
    /// Watches the root itself and the folders of `others` that are there. Ctrl-C ends the process from now on as
    /// somebody who has seen enough.
    fn new(root: &Path, others: &[PathBuf]) -> Result<Self, Failure> {
        let (sender, events) = mpsc::channel();
        let notifier = notify::recommended_watcher(sender).map_err(|error| unwatched(&error))?;
        let mut watcher = Self {
            notifier,
            events,
            watched: BTreeSet::new(),
        };
        ctrlc::set_handler(|| std::process::exit(0))
            .map_err(|error| Failure::new(format!("Ctrl-C cannot be waited for: {error}")))?;
        watcher.watch([root.to_path_buf()])?;
        watcher.watch(others.iter().filter(|it| it.is_dir()).cloned())?;
        Ok(watcher)
    }

    /// Watches the folders that the walk entered, each by itself: what it passed over, such as `node_modules`,
    /// may change as it likes. Says whether there were new ones, in which something may have changed since.
    fn follow(&mut self, sources: &Sources) -> Result<bool, Failure> {
        let walked = sources.walked();
        let folders = walked.filter(|(_, seen)| *seen == Seen::Folder);
        let folders: Vec<PathBuf> = folders.map(|(path, _)| sources.root.join(path)).collect();
        self.watch(folders)
    }

    fn watch(&mut self, folders: impl IntoIterator<Item = PathBuf>) -> Result<bool, Failure> {
        let new = folders.into_iter();
        let new: Vec<PathBuf> = new.filter(|it| !self.watched.contains(it)).collect();
        if new.is_empty() {
            return Ok(false);
        }
        let before = self.watched.len();
        let mut paths = self.notifier.paths_mut();
        for folder in new {
            match paths.add(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder);
                }
                // It went away in the meantime, or may not be listed; the check says so itself.
                Err(_) if std::fs::read_dir(&folder).is_err() => {}
                Err(error) => return Err(unwatched(&error)),
            }
        }
        paths.commit().map_err(|error| unwatched(&error))?;
        Ok(self.watched.len() > before)
    }

    /// Waits until something has changed, and then until nothing more does.
    fn wait(&mut self) -> Result<(), Failure> {
        loop {
            let event = self.events.recv().map_err(|_| ended())?;
            self.forget_gone(&event);
            if is_change(&event) {
                break;
            }
        }
        let end = Instant::now() + LONGEST_WAIT;
        while Instant::now() < end {
            match self.events.recv_timeout(QUIET) {
                Ok(event) => self.forget_gone(&event),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
        }
        Ok(())
    }

    /// What is removed or renamed is watched no more; if it is made again, it is another folder.
    fn forget_gone(&mut self, event: &notify::Result<Event>) {
        let Ok(event) = event else {
            return;
        };
        let is_gone = matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        for path in event.paths.iter().filter(|_| is_gone) {
            let below: Vec<PathBuf> = self
                .watched
                .range(path.clone()..)
                .take_while(|it| it.starts_with(path))
                .cloned()
                .collect();
            for folder in below {
                let _ = self.notifier.unwatch(&folder);
                self.watched.remove(&folder);
            }
        }
    }
}

/// Whether something was written. That somebody reads, as we do, changes nothing, and neither does a lock.
fn is_change(event: &notify::Result<Event>) -> bool {
    let Ok(event) = event else {
        // Nobody knows.
        return true;
    };
    let is_written = event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write));
    let is_lock = |path: &PathBuf| path.extension() == Some(OsStr::new("lock"));
    let is_only_lock = !event.paths.is_empty() && event.paths.iter().all(is_lock);
    (is_written || !matches!(event.kind, EventKind::Access(_))) && !is_only_lock
}

fn ended() -> Failure {
    Failure::new("the system has stopped to tell what changes")
}

fn unwatched(error: &notify::Error) -> Failure {
    let help = match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "raise the limit, on Linux `fs.inotify.max_user_watches`, or exclude folders in `dbfence.yaml`"
        }
        _ => "run the check without `--watch`",
    };
    Failure::with_help(format!("the workspace cannot be watched: {error}"), help)
}
