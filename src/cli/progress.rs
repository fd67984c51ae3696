//! What a check is at, for whoever waits for it: a line on the terminal while it works, and afterwards how long
//! each part took.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::check::Stage;
use crate::source::Sources;

/// Work that takes less is over before anybody has read the line.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the line moves.
const STEP: Duration = Duration::from_millis(120);

const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// The stages of one check, with their times.
pub(super) struct Progress {
    started: Instant,
    times: RefCell<BTreeMap<Stage, Duration>>,
    current: RefCell<Option<(Stage, Instant)>>,
    line: RefCell<Option<Line>>,
    parsed: Cell<usize>,
}

impl Progress {
    /// Begins the clock; the line is only shown where it `may_show` and standard error is a terminal.
    pub(super) fn start(may_show: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let shows = may_show && !is_dumb && io::stderr().is_terminal();
        Self {
            started: Instant::now(),
            times: RefCell::default(),
            current: RefCell::default(),
            line: RefCell::new(shows.then(|| Line::start(io::stderr(), room(), PATIENCE))),
            parsed: Cell::default(),
        }
    }

    /// Another stage begins. The line goes before anything is printed.
    pub(super) fn begin(&self, stage: Stage) {
        self.end_stage();
        *self.current.borrow_mut() = Some((stage, Instant::now()));
        if stage == Stage::Reporting {
            self.line.take();
        } else if let Some(line) = &*self.line.borrow() {
            line.say(doing(stage));
        }
    }

    fn end_stage(&self) {
        if let Some((stage, since)) = self.current.take() {
            *self.times.borrow_mut().entry(stage).or_default() += since.elapsed();
        }
    }

    /// How many texts were parsed; the others were known already.
    pub(super) fn note_parsed(&self, count: usize) {
        self.parsed.set(count);
    }

    /// How long each stage took, and what it had to do.
    pub(super) fn table(&self, sources: &Sources) -> Vec<String> {
        self.end_stage();
        let files = sources.as_slice().iter();
        let read = files.filter(|file| file.unreadable.is_none());
        let (count, bytes) = read.fold((0, 0), |(count, bytes), file| {
            (count + 1, bytes + file.text.len())
        });
        let remark = |stage| match stage {
            Stage::Reading => format!("{count} files, {bytes} bytes"),
            Stage::Parsing => format!("{} files", self.parsed.get()),
            _ => String::new(),
        };
        let times = self.times.borrow();
        let rows = times.iter();
        let rows = rows.map(|(&stage, &time)| row(name(stage), time, &remark(stage)));
        let total = row("total", self.started.elapsed(), "");
        rows.chain([total]).collect()
    }
}

/// How many letters a line may have. A terminal that is told to go back to the start of a line goes to that of the last
/// row of it.
fn room() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(usize::MAX, |(width, _)| {
        usize::from(width.0).saturating_sub(1)
    })
}

fn row(name: &str, time: Duration, remark: &str) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    let row = format!("{name:<8}{milliseconds:>9.1} ms  {remark}");
    row.trim_end().to_owned()
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Reading => "read",
        Stage::Parsing => "parse",
        Stage::Linking => "link",
        Stage::Judging => "judge",
        Stage::Reporting => "report",
    }
}

fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Reading => "reading the workspace",
        Stage::Parsing => "parsing its files",
        Stage::Linking => "linking what they say",
        Stage::Judging => "judging it",
        Stage::Reporting => "writing the report",
    }
}

/// A line that appears after a while, moves, and is cleared when this is dropped.
struct Line {
    text: Arc<Mutex<&'static str>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    fn start(mut out: impl Write + Send + 'static, room: usize, patience: Duration) -> Self {
        let text = Arc::new(Mutex::new(""));
        let shown = Arc::clone(&text);
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let goes_on = |wait| stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
            if !goes_on(patience) {
                return;
            }
            let mut width = 0;
            for frame in FRAMES.into_iter().cycle() {
                let text = *shown.lock().unwrap_or_else(PoisonError::into_inner);
                let mut line = format!("{frame} {text}");
                line.truncate(room);
                let _ = write!(out, "\r{line:<width$}").and_then(|()| out.flush());
                width = line.len().max(width);
                if !goes_on(STEP) {
                    break;
                }
            }
            let _ = write!(out, "\r{:width$}\r", "").and_then(|()| out.flush());
        });
        Self {
            text,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn say(&self, text: &'static str) {
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn short_work_shows_nothing() {
        let screen = Screen::default();
        let line = Line::start(screen.clone(), usize::MAX, Duration::from_mins(1));
        line.say("parsing");
        drop(line);
        assert_eq!(screen.text(), "");
    }

    #[test]
    fn long_work_shows_what_it_is_at_and_leaves_no_trace() {
        let screen = Screen::default();
        let line = Line::start(screen.clone(), 16, Duration::ZERO);
        line.say("parsing its files");
        while !screen.text().contains("parsing") {
            std::thread::sleep(Duration::from_millis(5));
        }
        line.say("linking");
        while !screen.text().contains("linking") {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(line);
        let text = screen.text();
        let (before, last) = text.trim_end_matches('\r').rsplit_once('\r').unwrap();
        assert_eq!(last, " ".repeat("| parsing its fi".len()));
        let shorter = before.rsplit_once('\r').unwrap().1;
        assert_eq!(shorter.len(), last.len(), "nothing of a longer text stays");
    }
}
