//! `dbfence init`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Exit, Failure, Outcome, all_rules, find_root, output};
use crate::check::start_threads;
use crate::discover::{self, discover};
use crate::init::config;
use crate::policy::FILE_NAME;

/// Arguments of `dbfence init`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The workspace root [default: the git root, else the current folder].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn run(&self) -> Outcome {
        start_threads(None);
        let root = find_root(self.root.as_deref(), Path::new("."))?;
        let path = root.join(FILE_NAME);
        if path.symlink_metadata().is_ok() {
            return Err(Failure::with_help(
                format!("`{}` is there already", path.display()),
                "change it by hand, or remove it first",
            ));
        }
        let sources = discover(&root, &discover::Options::default())
            .map_err(|error| Failure::with_help(error.message, error.help))?;
        let text = config(&sources, all_rules()?.catalogue());
        write_whole(&path, &text).map_err(|error| {
            Failure::with_help(
                format!("`{}` cannot be written: {error}", path.display()),
                "name a folder that you may write to with `--root`",
            )
        })?;
        output::print(&format!("wrote {}\n", path.display()))?;
        Ok(Exit::Clean)
    }
}

/// Writes a file that is there as a whole or not at all.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_file_name(format!(".{FILE_NAME}.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    let written = written.and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // What is left of it is of no use; the first error says what went wrong.
        let _ = fs::remove_file(&unfinished);
    }
    written
}
