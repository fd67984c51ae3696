//! `dbfence init`.

use std::path::{Path, PathBuf};

use super::baseline::{Judged, NewEntries, said};
use super::write::write_whole;
use super::{Exit, Failure, Outcome, WorkspaceArguments, all_rules, find_root, output};
use crate::check::start_threads;
use crate::discover::{self, discover};
use crate::init::config;
use crate::policy::{DEBT_FILE, FILE_NAME};
use crate::suppress::debt::Terms;

/// Arguments of `dbfence init`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The workspace root [default: the git root, else the current folder].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// Also write down what is found today in the baseline, so that only new findings are reported.
    #[arg(long)]
    baseline: bool,

    #[command(flatten)]
    terms: NewEntries,
}

/// Why what is found when a workspace begins to use dbfence can wait.
const REASON: &str = "was there before dbfence";

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
        let judged = self.judged(&root)?;
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
        if let Some((judged, terms)) = judged {
            let rewritten = judged.rewritten(&terms);
            judged.write(DEBT_FILE, &rewritten)?;
            output::print(&said(DEBT_FILE, &rewritten))?;
        }
        Ok(Exit::Clean)
    }

    /// What is found today, where it is to be written down, and what is agreed about it. The config that is
    /// written changes nothing of it.
    fn judged(&self, root: &Path) -> Result<Option<(Judged, Terms)>, Failure> {
        if !self.baseline && self.terms.is_given() {
            return Err(Failure::with_help(
                "`--reason`, `--owner` and `--expires` are for the entries of the baseline",
                "write `--baseline` as well",
            ));
        }
        if !self.baseline {
            return Ok(None);
        }
        let rules = all_rules()?;
        let unconfigured = WorkspaceArguments {
            root: None,
            config: None,
            levels: Vec::new(),
        };
        let config = unconfigured.config(root, rules)?;
        let mut terms = self.terms.read(&config.policy)?;
        terms.reason.get_or_insert_with(|| REASON.to_owned());
        Ok(Some((Judged::of(root, &config, rules)?, terms)))
    }
}
