//! `dbfence check`.

use std::path::{Path, PathBuf};

use super::{Color, Exit, Failure, Outcome, WorkspaceArguments, all_rules, nothing_there, output};
use crate::check::{asks_for_baseline, check, start_threads};
use crate::choice::by_paths;
use crate::discover::{Against, compare_with_default_branch};
use crate::finding::Severity;
use crate::report::{Format, render};

/// Arguments of `dbfence check`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Files and folders to report on; the whole workspace is analysed all the same.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    workspace: WorkspaceArguments,

    /// Report on what is staged for the next commit. Texts are read from the work tree, as always.
    #[arg(long, conflicts_with = "since")]
    staged: bool,

    /// Report on what is not as it was where this branch left REV: commits, edits, new files.
    #[arg(long, value_name = "REV")]
    since: Option<String>,

    /// How to write the report [default: pretty on a terminal, concise elsewhere].
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    format: Option<String>,

    /// What makes the command fail.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,

    /// Also say what was judged, service by service, and what was not. The report is then `pretty` unless
    /// another format is asked for.
    #[arg(long)]
    coverage: bool,

    /// How many threads to use [default: one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    Format::ALL.map(Format::as_str).into()
}

/// What makes the command fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Errors.
    Error,
    /// Errors and warnings.
    Warning,
    /// Nothing.
    Never,
}

impl FailOn {
    fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity == Severity::Error,
            FailOn::Warning => true,
            FailOn::Never => false,
        }
    }
}

impl Arguments {
    pub(super) fn run(&self, color: Color) -> Outcome {
        let format = self.format()?;
        start_threads(self.threads.map(usize::from));
        let rules = all_rules()?;
        let start = self.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let root = self.workspace.find_root(start)?;
        let config = self.workspace.config(&root, rules)?;
        let mut sources = match self.against() {
            Some(against) => config.discover_change(&root, &against)?,
            None => config.discover(&root)?,
        };
        if asks_for_baseline(&config.policy, rules) {
            compare_with_default_branch(&mut sources);
        }
        let mut outcome = check(&sources, &config.policy, rules);
        if !outcome.summary.has_subject {
            return Err(nothing_there("check", &root));
        }
        let chosen = chosen_paths(&root, &self.paths)?;
        by_paths(&mut outcome, &sources, &chosen);
        if !self.coverage {
            outcome.coverage = None;
        }
        let text = render(
            format,
            &sources,
            &outcome,
            rules.catalogue(),
            &output::style(color),
        );
        output::print(&text)?;
        let fails = outcome
            .findings
            .iter()
            .any(|finding| self.fail_on.fails(finding.severity));
        Ok(if fails { Exit::Findings } else { Exit::Clean })
    }
}

impl Arguments {
    /// What the work tree is compared with.
    fn against(&self) -> Option<Against> {
        let since = self.since.clone().map(Against::Revision);
        since.or(self.staged.then_some(Against::Head))
    }

    /// The format that is asked for, else the one that suits the reader.
    fn format(&self) -> Result<Format, Failure> {
        let format = self.format.as_deref().and_then(Format::from_name);
        let format = format.unwrap_or(if self.coverage || output::is_terminal() {
            Format::Pretty
        } else {
            Format::Concise
        });
        if self.coverage && !format.shows_coverage() {
            return Err(Failure::with_help(
                format!(
                    "the format `{}` has no room for `--coverage`",
                    format.as_str()
                ),
                "write `--format pretty` or `--format json`",
            ));
        }
        Ok(format)
    }
}

/// The named paths from the workspace root; none where the root itself is named.
fn chosen_paths(root: &Path, paths: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut chosen = Vec::new();
    for path in paths {
        let canonical = std::fs::canonicalize(path).map_err(|error| {
            Failure::with_help(
                format!("`{}` cannot be read: {error}", path.display()),
                "name a file or folder of the workspace",
            )
        })?;
        let relative = canonical.strip_prefix(root).map_err(|_| {
            Failure::with_help(
                format!(
                    "`{}` lies outside the workspace `{}`",
                    path.display(),
                    root.display()
                ),
                "name a file or folder of the workspace, or another `--root`",
            )
        })?;
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        chosen.push(parts.join("/"));
    }
    Ok(chosen)
}
