//! Standard output and standard error, and what the terminal behind them can show.

use std::io::{self, IsTerminal, Write};

use super::{Color, Failure};
use crate::report::{Style, underline, visible};

/// Writes to standard output. A reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "the report cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// A line in which nothing is left that a terminal would obey.
pub(super) fn plain(line: &str) -> String {
    visible::escaped(line).into_owned()
}

/// Writes a line to standard output, and says whether anybody still reads it.
pub(super) fn is_heard(line: &str) -> bool {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .is_ok()
}

/// Says on standard error what went wrong. Paths in it may come from the scanned tree.
pub(super) fn report_failure(failure: &Failure, color: Color) {
    let mut stderr = io::stderr().lock();
    // There is nobody left to tell when standard error is gone.
    let lines = failure.message.lines().map(visible::escaped);
    let message = lines.collect::<Vec<_>>().join("\n");
    let _ = writeln!(stderr, "error: {message}");
    if let Some((sources, place)) = failure.shown.as_deref() {
        let style = style_on(io::stderr().is_terminal(), color);
        let _ = write!(stderr, "{}", underline(sources, *place, &style));
    }
    if let Some(help) = &failure.help {
        let _ = writeln!(stderr, "  help: {}", visible::escaped(help));
    }
}

/// Says on standard error what was done beside the report. Paths in it may come from the scanned tree.
pub(super) fn note(lines: &[String]) {
    let mut stderr = io::stderr().lock();
    for line in lines {
        // There is nobody left to tell when standard error is gone.
        let _ = writeln!(stderr, "{}", visible::escaped(line));
    }
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// What the reader of standard output can be shown.
pub(super) fn style(color: Color) -> Style {
    style_on(is_terminal(), color)
}

fn style_on(is_terminal: bool, color: Color) -> Style {
    let variable = |name| std::env::var_os(name).unwrap_or_default();
    let wants_none = !variable("NO_COLOR").is_empty();
    let forced = variable("CLICOLOR_FORCE");
    let is_forced = !forced.is_empty() && forced != "0";
    let is_dumb = variable("TERM") == "dumb";
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !wants_none && (is_forced || is_terminal && !is_dumb),
    };
    Style {
        color,
        width: width(is_terminal),
        hyperlinks: color && is_terminal,
        only_findings: false,
    }
}

fn width(is_terminal: bool) -> usize {
    const IN_A_FILE: usize = 100;
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    if is_terminal {
        columns.or_else(terminal).unwrap_or(IN_A_FILE)
    } else {
        columns.unwrap_or(IN_A_FILE)
    }
}
