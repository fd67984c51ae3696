//! `dbfence init`.

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
        output::write_file(&path, &text).map_err(|error| {
            Failure::with_help(
                format!("`{}` cannot be written: {error}", path.display()),
                "name a folder that you may write to with `--root`",
            )
        })?;
        output::print(&format!("wrote {}\n", path.display()))?;
        Ok(Exit::Clean)
    }
}
