//! `dbfence inspect`.

use std::path::{Path, PathBuf};

use super::{Exit, Outcome, WorkspaceArguments, all_rules, output};
use crate::check::{inspect, start_threads};
use crate::report;

/// Arguments of `dbfence inspect`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A folder of the workspace, or a file in it. What is printed is always about the whole workspace.
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,

    #[command(flatten)]
    workspace: WorkspaceArguments,

    /// How many threads to use [default: one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
}

impl Arguments {
    pub(super) fn run(&self) -> Outcome {
        start_threads(self.threads.map(usize::from));
        let rules = all_rules()?;
        let start = self.path.as_deref().unwrap_or(Path::new("."));
        let root = self.workspace.find_root(start)?;
        let config = self.workspace.config(&root, rules)?;
        let sources = config.discover(&root)?;
        let inventory = inspect(&sources, &config.policy, rules);
        let inventory = inventory.ok_or_else(|| super::nothing_there("inspect", &root))?;
        output::print(&report::inventory(&inventory))?;
        Ok(Exit::Clean)
    }
}
