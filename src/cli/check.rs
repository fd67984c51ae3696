//! `dbfence check`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::write::write_whole;
use super::{
    Color, Exit, Failure, Outcome, WorkspaceArguments, all_rules, baseline, nothing_there, output,
    suppressions,
};
use crate::catalogue::{nearest, one_of};
use crate::check::{asks_for_baseline, check, start_threads};
use crate::discover::compare_with_default_branch;
use crate::finding::{self, Severity};
use crate::report::{Format, Style, render};
use crate::source::{Sources, is_within};

/// Arguments of `dbfence check`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Files and folders to report on; the whole workspace is analysed all the same.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    workspace: WorkspaceArguments,

    /// How to write the report, and to which file: `pretty`, `concise`, `json`, `jsonl`, `sarif`, `github`,
    /// `gitlab`, `junit`, `checkstyle`, `rdjson` or `markdown`. Can be given several times, once of them without
    /// a file [default: pretty on a terminal, concise elsewhere].
    #[arg(long = "format", value_name = "FORMAT[=FILE]", value_parser = requested)]
    formats: Vec<Requested>,

    /// What makes the command fail.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,

    /// Also say what was judged, service by service, and what was not. The report is then `pretty` unless
    /// another format is asked for.
    #[arg(long)]
    coverage: bool,

    /// The debt file, or `none` [default: `.dbfence/baseline.yaml` in the workspace root].
    #[arg(long, value_name = "FILE|none")]
    baseline: Option<PathBuf>,

    /// Report also what comments in the files silence.
    #[arg(long)]
    no_suppressions: bool,

    /// Write comments with this reason that silence what is found, then check again.
    #[arg(long, value_name = "REASON", conflicts_with = "no_suppressions")]
    add_suppressions: Option<String>,

    /// How many threads to use [default: one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
}

/// A report that is asked for.
#[derive(Clone, Debug)]
struct Requested {
    format: Format,
    /// Where it goes; standard output where no file is named.
    file: Option<PathBuf>,
}

/// Reads `FORMAT` or `FORMAT=FILE`.
fn requested(written: &str) -> Result<Requested, String> {
    let (name, file) = match written.split_once('=') {
        Some((_, "")) => return Err("there is no file behind the `=`".to_owned()),
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (written, None),
    };
    let names = Format::ALL.map(Format::as_str);
    let format = Format::from_name(name).ok_or_else(|| {
        let nearest = nearest(name, names).map(|name| format!("; did you mean `{name}`?"));
        let others = || format!("; write {}", one_of(&names));
        format!(
            "there is no format `{name}`{}",
            nearest.unwrap_or_else(others)
        )
    })?;
    Ok(Requested { format, file })
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
        let reports = self.reports()?;
        start_threads(self.threads.map(usize::from));
        let rules = all_rules()?;
        let start = self.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let root = self.workspace.find_root(start)?;
        let reason = self.add_suppressions.as_deref();
        let reason = reason.map(suppressions::reason).transpose()?;
        let mut config = self.workspace.config(&root, rules)?;
        config.policy.is_without_suppressions = self.no_suppressions;
        if let Some(path) = &self.baseline {
            config.debt = baseline::chosen(&root, path)?;
        }
        let mut sources = config.discover(&root)?;
        baseline::read_debt(&sources)?;
        if asks_for_baseline(&config.policy, rules) {
            compare_with_default_branch(&mut sources);
        }
        let mut outcome = check(&sources, &config.policy, rules);
        if !outcome.summary.has_subject && outcome.findings.is_empty() {
            return Err(nothing_there("check", &root));
        }
        let chosen = chosen_paths(&root, &self.paths)?;
        retain_chosen(&mut outcome.findings, &sources, &chosen);
        if let Some(reason) = reason {
            let (policy, findings) = (&config.policy, &outcome.findings);
            outcome = suppressions::write(&root, &mut sources, policy, rules, findings, &reason)?;
            retain_chosen(&mut outcome.findings, &sources, &chosen);
        }
        if !self.coverage {
            outcome.coverage = None;
        }
        let written =
            |format, style: &Style| render(format, &sources, &outcome, rules.catalogue(), style);
        for report in &reports {
            if let Some(file) = &report.file {
                let text = written(report.format, &Style::default());
                write_whole(file, &text).map_err(|error| unwritten(file, &error))?;
            }
        }
        for report in reports.iter().filter(|report| report.file.is_none()) {
            output::print(&written(report.format, &output::style(color)))?;
        }
        let fails = outcome
            .findings
            .iter()
            .any(|finding| self.fail_on.fails(finding.severity));
        Ok(if fails { Exit::Findings } else { Exit::Clean })
    }
}

impl Arguments {
    /// The reports that are asked for. Where all of them go to files, the one that suits the reader is printed too.
    fn reports(&self) -> Result<Vec<Requested>, Failure> {
        let mut reports = self.formats.clone();
        let printed = reports.iter().filter(|report| report.file.is_none());
        let printed: Vec<&str> = printed.map(|report| report.format.as_str()).collect();
        if let [first, second, ..] = printed[..] {
            return Err(Failure::with_help(
                format!("`{first}` and `{second}` cannot both be printed"),
                format!("give one of them a file: `--format {second}=FILE`"),
            ));
        }
        if printed.is_empty() {
            let format = if self.coverage || output::is_terminal() {
                Format::Pretty
            } else {
                Format::Concise
            };
            reports.push(Requested { format, file: None });
        }
        let mut files = BTreeSet::new();
        let mut named = reports.iter().filter_map(|report| report.file.as_ref());
        let twice = named.find(|file| !files.insert(file.as_path()));
        if let Some(file) = twice {
            return Err(Failure::with_help(
                format!("two reports are to be written to `{}`", file.display()),
                "name a file for each",
            ));
        }
        if self.coverage && !reports.iter().any(|report| report.format.shows_coverage()) {
            return Err(Failure::with_help(
                format!("the format `{}` has no room for `--coverage`", printed[0]),
                "write `--format pretty` or `--format json`",
            ));
        }
        Ok(reports)
    }
}

fn unwritten(file: &Path, error: &std::io::Error) -> Failure {
    Failure::with_help(
        format!("the report `{}` cannot be written: {error}", file.display()),
        "name a file in a folder that is there and that you may write to",
    )
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

/// Keeps the findings of which some label lies in a chosen path.
fn retain_chosen(findings: &mut Vec<finding::Finding>, sources: &Sources, chosen: &[String]) {
    let is_chosen = |path: &str| chosen.iter().any(|chosen| is_within(path, chosen));
    if !chosen.is_empty() {
        findings.retain(|finding| {
            let labels = finding.labels.iter().map(|label| label.place);
            labels
                .chain([finding.place])
                .any(|place| is_chosen(&sources.file(place.file).path))
        });
    }
}
