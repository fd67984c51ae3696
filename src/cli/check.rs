//! `dbfence check`.

mod watch;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::progress::Progress;
use super::write::write_whole;
use super::{
    Color, Config, Exit, Failure, Outcome, WorkspaceArguments, all_rules, baseline, nothing_there,
    output, suppressions,
};
use crate::catalogue::{nearest, one_of};
use crate::check::{Stage, asks_for_baseline, check_observed, start_threads};
use crate::choice::by_paths;
use crate::discover::{Against, compare_with_default_branch, git_folder};
use crate::finding::{self, Severity};
use crate::parse::Kept;
use crate::policy::DEBT_FILE;
use crate::report::{Format, Style, render};
use crate::rule::RuleSet;
use crate::source::Sources;
use watch::check_again_and_again;

/// Arguments of `dbfence check`.
#[derive(clap::Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
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

    /// How to write the report, and to which file: `pretty`, `concise`, `json`, `jsonl`, `sarif`,
    /// `code-scanning`, `github`, `gitlab`, `junit`, `checkstyle`, `rdjson` or `markdown`. Can be given several
    /// times, once of them without a file [default: pretty on a terminal, concise elsewhere].
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
    #[arg(long, value_name = "REASON", conflicts_with_all = ["no_suppressions", "watch"])]
    add_suppressions: Option<String>,

    /// How many threads to use [default: one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,

    /// Print nothing but findings: no notes, no line that sums up, no progress.
    #[arg(long, short, conflicts_with_all = ["coverage", "stats"])]
    quiet: bool,

    /// Also say on standard error how many files were read and parsed, and how long each step took.
    #[arg(long)]
    stats: bool,

    /// Check again whenever something changes, until Ctrl-C.
    #[arg(long)]
    watch: bool,
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
        let start = self.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let run = Run {
            arguments: self,
            root: self.workspace.find_root(start)?,
            rules: all_rules()?,
            reports,
            color,
        };
        if self.watch {
            return check_again_and_again(&run);
        }
        let reason = self.add_suppressions.as_deref();
        let reason = reason.map(suppressions::reason).transpose()?;
        let progress = run.progress();
        let mut read = run.read(&progress)?;
        let mut outcome = run.judge(&read, &mut Kept::default(), &progress)?;
        if let Some(reason) = reason {
            outcome = run.suppress(&mut read, &outcome, &reason)?;
        }
        run.report(&read, &outcome, &progress)?;
        let mut severities = outcome.findings.iter().map(|finding| finding.severity);
        let fails = severities.any(|severity| self.fail_on.fails(severity));
        Ok(if fails { Exit::Findings } else { Exit::Clean })
    }
}

/// What a command line asks for; it can be done again and again.
pub(super) struct Run<'a> {
    arguments: &'a Arguments,
    pub(super) root: PathBuf,
    rules: &'static RuleSet,
    reports: Vec<Requested>,
    pub(super) color: Color,
}

/// What a check stands on.
pub(super) struct Read {
    config: Config,
    pub(super) sources: Sources,
}

impl Read {
    /// Whether two readings give the same report.
    pub(super) fn is_like(&self, other: &Read) -> bool {
        self.config.text == other.config.text && self.sources.is_same(&other.sources)
    }
}

impl Run<'_> {
    pub(super) fn progress(&self) -> Progress {
        Progress::start(!self.arguments.quiet)
    }

    pub(super) fn read(&self, progress: &Progress) -> Result<Read, Failure> {
        progress.begin(Stage::Reading);
        let mut config = self.arguments.workspace.config(&self.root, self.rules)?;
        config.policy.is_without_suppressions = self.arguments.no_suppressions;
        if let Some(path) = &self.arguments.baseline {
            config.debt = baseline::chosen(&self.root, path)?;
        }
        let mut sources = match self.arguments.against() {
            Some(against) => config.discover_change(&self.root, &against)?,
            None => config.discover(&self.root)?,
        };
        baseline::read_debt(&sources)?;
        if asks_for_baseline(&config.policy, self.rules) {
            compare_with_default_branch(&mut sources);
        }
        Ok(Read { config, sources })
    }

    pub(super) fn judge(
        &self,
        read: &Read,
        kept: &mut Kept,
        progress: &Progress,
    ) -> Result<finding::Outcome, Failure> {
        let Read { config, sources } = read;
        let parsed = kept.parsed();
        let begins = |stage| progress.begin(stage);
        let mut outcome = check_observed(kept, sources, &config.policy, self.rules, &begins);
        if !outcome.summary.has_subject {
            return Err(nothing_there("check", &self.root));
        }
        progress.note_parsed(kept.parsed() - parsed);
        self.choose(&mut outcome, sources)?;
        Ok(outcome)
    }

    /// Leaves of an outcome what is asked for.
    fn choose(&self, outcome: &mut finding::Outcome, sources: &Sources) -> Result<(), Failure> {
        let chosen = chosen_paths(&self.root, &self.arguments.paths)?;
        by_paths(outcome, sources, &chosen);
        if !self.arguments.coverage {
            outcome.coverage = None;
        }
        Ok(())
    }

    /// Writes comments that silence the findings of an outcome, and gives what is left of it.
    fn suppress(
        &self,
        read: &mut Read,
        outcome: &finding::Outcome,
        reason: &str,
    ) -> Result<finding::Outcome, Failure> {
        let Read { config, sources } = read;
        let findings = &outcome.findings;
        let mut left = suppressions::write(
            &self.root,
            sources,
            &config.policy,
            self.rules,
            findings,
            reason,
        )?;
        self.choose(&mut left, sources)?;
        Ok(left)
    }

    pub(super) fn report(
        &self,
        read: &Read,
        outcome: &finding::Outcome,
        progress: &Progress,
    ) -> Result<(), Failure> {
        progress.begin(Stage::Reporting);
        let style = Style {
            only_findings: self.arguments.quiet,
            ..output::style(self.color)
        };
        let catalogue = self.rules.catalogue();
        let written =
            |format, style: &Style| render(format, &read.sources, outcome, catalogue, style);
        for report in &self.reports {
            match &report.file {
                Some(file) => {
                    let text = written(report.format, &Style::default());
                    write_whole(file, &text).map_err(|error| unwritten(file, &error))?;
                }
                None => output::print(&written(report.format, &style))?,
            }
        }
        if self.arguments.stats {
            output::note(&progress.table(&read.sources));
        }
        Ok(())
    }

    /// Folders that the walk may not enter, and in which something stands that a check reads.
    pub(super) fn watched_besides(&self) -> Vec<PathBuf> {
        let config = self.arguments.workspace.config.as_deref();
        let config = config.and_then(|path| std::fs::canonicalize(path.parent()?.join(".")).ok());
        let debt = self.root.join(DEBT_FILE).parent().map(Path::to_path_buf);
        let besides = config.into_iter().chain(debt);
        besides.chain(git_folder(&self.root)).collect()
    }

    /// Whether each report takes the place of the last one.
    pub(super) fn clears_screen(&self) -> bool {
        let mut printed = self.reports.iter().filter(|report| report.file.is_none());
        printed.any(|report| report.format == Format::Pretty)
            && output::style(self.color).hyperlinks
    }
}

impl Arguments {
    /// What the work tree is compared with.
    fn against(&self) -> Option<Against> {
        let since = self.since.clone().map(Against::Revision);
        since.or(self.staged.then_some(Against::Head))
    }

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
        let is_for_people = |name: &&str| ["pretty", "concise"].contains(name);
        if let Some(format) = printed
            .iter()
            .find(|name| self.watch && !is_for_people(name))
        {
            return Err(Failure::with_help(
                format!("`--watch` prints reports for people, not `{format}`"),
                "write `--format pretty` or `--format concise`",
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
