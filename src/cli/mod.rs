//! The commands, one a file: the one place that prints.

mod baseline;
mod check;
mod explain;
mod init;
mod inspect;
mod output;
mod owner;
mod progress;
mod rules;
mod schema;
mod suppressions;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

use crate::discover::{self, Against};
use crate::policy::{self, BrokenConfig, Date, Policy};
use crate::rule::RuleSet;
use crate::source::{FileId, Kind, Place, SourceFile, Sources};

/// What a command ends with; the same in every format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Checked; nothing that fails.
    Clean = 0,
    /// Checked; findings that fail.
    Findings = 1,
    /// Not checked.
    Unchecked = 2,
}

/// A command that could not do its work: what is wrong, and what to do about it.
#[derive(Clone, Debug)]
struct Failure {
    message: String,
    help: Option<String>,
    /// What is wrong in a file of ours, to be shown.
    shown: Option<Arc<(Sources, Place)>>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            shown: None,
        }
    }

    fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..Self::new(message)
        }
    }
}

type Outcome = Result<Exit, Failure>;

/// Keeps every service of a TypeScript monorepo inside its own database.
#[derive(Parser)]
#[command(version, styles = STYLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// When to use colour.
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    color: Color,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal and where `CLICOLOR_FORCE` is set, unless `NO_COLOR` is.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand)]
enum Command {
    /// Checks the workspace and reports what breaks the policy.
    Check(check::Arguments),
    /// Shows the document of a rule.
    Explain(explain::Arguments),
    /// Lists the rules with the levels that are in force here.
    Rules(rules::Arguments),
    /// Prints what the workspace consists of as JSON: services, databases, tables, connections, calls.
    Inspect(inspect::Arguments),
    /// Writes down today's findings in the baseline, so that only new ones are reported.
    Baseline(baseline::Arguments),
    /// Says who owns a table or a database, where it says so, and what touches it.
    Owner(owner::Arguments),
    /// Writes a `dbfence.yaml` with what is found in the workspace.
    Init(init::Arguments),
    /// Prints a JSON Schema, for editors and other programs.
    Schema(schema::Arguments),
}

/// Reads the command line, runs the command and gives the exit code. A panic is an internal error, which
/// must not look like findings.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to clap, and no failure.
            let is_failure = error.use_stderr();
            let _ = error.print();
            return exit_code(if is_failure {
                Exit::Unchecked
            } else {
                Exit::Clean
            });
        }
    };
    let color = arguments.color;
    let outcome = std::panic::catch_unwind(|| match arguments.command {
        Command::Check(check) => check.run(color),
        Command::Explain(explain) => explain.run(color),
        Command::Rules(rules) => rules.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Baseline(baseline) => baseline.run(),
        Command::Owner(owner) => owner.run(color),
        Command::Init(init) => init.run(),
        Command::Schema(schema) => schema.run(),
    });
    let outcome = outcome.unwrap_or_else(|_| {
        Err(Failure::with_help(
            "an internal error; nothing was checked",
            "please report it with the message above",
        ))
    });
    match outcome {
        Ok(exit) => exit_code(exit),
        Err(failure) => {
            output::report_failure(&failure, color);
            exit_code(Exit::Unchecked)
        }
    }
}

fn exit_code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Where the workspace is and how it is configured.
#[derive(clap::Args)]
struct WorkspaceArguments {
    /// The workspace root [default: the nearest `dbfence.yaml` upwards, else the git root, else the path].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// The config file [default: `dbfence.yaml` in the workspace root].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Sets the level of a rule: `error`, `warning` or `off`. Can be given several times.
    #[arg(long = "rule", value_name = "NAME=LEVEL")]
    levels: Vec<String>,
}

impl WorkspaceArguments {
    fn find_root(&self, start: &Path) -> Result<PathBuf, Failure> {
        find_root(self.root.as_deref(), start)
    }

    /// The config of the workspace, and the policy that it and the command line make.
    fn config(&self, root: &Path, rules: &RuleSet) -> Result<Config, Failure> {
        let default = root.join(policy::FILE_NAME);
        let path = self.config.as_deref().unwrap_or(&default);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => {
                String::new()
            }
            Err(error) => {
                return Err(Failure::with_help(
                    format!("the config `{}` cannot be read: {error}", path.display()),
                    "make it a readable YAML file, or leave out `--config`",
                ));
            }
        };
        let read = Policy::read(&text, rules.catalogue());
        let mut policy = read.map_err(|broken| broken_config(path, &text, &broken))?;
        for level in &self.levels {
            policy
                .override_rule(level, rules.catalogue())
                .map_err(|message| Failure::new(format!("--rule: {message}")))?;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        policy.today = now.ok().map(|passed| Date::of_seconds(passed.as_secs()));
        Ok(Config {
            policy,
            path: path.to_owned(),
            text,
            debt: Some(policy::DEBT_FILE.to_owned()),
        })
    }
}

fn find_root(explicit: Option<&Path>, start: &Path) -> Result<PathBuf, Failure> {
    let named = explicit.unwrap_or(start);
    discover::root(explicit, start).map_err(|error| {
        Failure::with_help(
            format!(
                "the workspace root `{}` cannot be read: {error}",
                named.display()
            ),
            "name a folder that exists",
        )
    })
}

/// The config file with what it says.
struct Config {
    policy: Policy,
    path: PathBuf,
    text: String,
    /// The debt file, from the workspace root; `None` where none is wanted.
    debt: Option<String>,
}

impl Config {
    /// Its path from the workspace root, if it lies below it.
    fn path_below(&self, root: &Path) -> Option<String> {
        let path = std::fs::canonicalize(&self.path).ok()?;
        let below = path.strip_prefix(root).ok()?;
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Some(parts.join("/"))
    }

    /// Reads the workspace as the config says. What the config names has to be there.
    fn discover(&self, root: &Path) -> Result<Sources, Failure> {
        let sources = discover::discover(root, &self.options(root)).map_err(not_discovered)?;
        let lead = self.policy.lead_somewhere(&sources);
        lead.map_err(|broken| broken_config(&self.path, &self.text, &broken))?;
        Ok(sources)
    }

    /// The same, and notes what has changed.
    fn discover_change(&self, root: &Path, against: &Against) -> Result<Sources, Failure> {
        let mut sources = self.discover(root)?;
        discover::compare_with(&mut sources, &self.options(root), against)
            .map_err(not_discovered)?;
        Ok(sources)
    }

    fn options(&self, root: &Path) -> discover::Options {
        discover::Options {
            config: self.path_below(root),
            debt: self.debt.clone(),
            ..discover::Options::of(&self.policy)
        }
    }
}

fn not_discovered(error: discover::Error) -> Failure {
    Failure::with_help(error.message, error.help)
}

/// Nothing stands in a folder that a command could do its work on.
fn nothing_there(work: &str, root: &Path) -> Failure {
    Failure::with_help(
        format!(
            "there is nothing to {work} in `{}`: no registry, compose file or Prisma schema",
            root.display()
        ),
        "name the workspace root with `--root`",
    )
}

fn broken_config(path: &Path, text: &str, broken: &BrokenConfig) -> Failure {
    let path = path.display().to_string();
    let Some(span) = broken.span else {
        return Failure::new(format!("{path}: {}", broken.message));
    };
    let file = SourceFile::new(path.clone(), Kind::Env, text);
    let at = file.position(span.start);
    let sources = Sources::new(PathBuf::new(), vec![file], BTreeMap::new());
    Failure {
        shown: Some(Arc::new((sources, span.in_file(FileId(0))))),
        ..Failure::new(format!(
            "{path}:{}:{}: {}",
            at.line, at.column, broken.message
        ))
    }
}

fn all_rules() -> Result<&'static RuleSet, Failure> {
    crate::rules::all().map_err(Failure::new)
}
