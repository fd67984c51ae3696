//! `dbfence baseline`.

use std::fs;
use std::path::{Path, PathBuf};

use super::write::write_whole;
use super::{
    Config, Exit, Failure, Outcome, WorkspaceArguments, all_rules, broken_config, nothing_there,
    output,
};
use crate::check::{asks_for_baseline, check, start_threads};
use crate::discover::compare_with_default_branch;
use crate::policy::{DEBT_FILE, Date, Policy};
use crate::rule::RuleSet;
use crate::source::Sources;
use crate::suppress::debt::{self, Debt, Rewritten, Terms};

/// Arguments of `dbfence baseline`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    workspace: WorkspaceArguments,

    /// The debt file [default: `.dbfence/baseline.yaml` in the workspace root].
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Only remove the entries whose findings are not there any more.
    #[arg(long, conflicts_with_all = OF_NEW_ENTRIES)]
    prune: bool,

    /// Write nothing, and fail where an entry holds nothing back or has expired.
    #[arg(long, conflicts_with = "prune", conflicts_with_all = OF_NEW_ENTRIES)]
    check: bool,

    #[command(flatten)]
    terms: NewEntries,
}

/// The fields of [`NewEntries`].
const OF_NEW_ENTRIES: [&str; 3] = ["reason", "owner", "expires"];

/// What new entries say.
#[derive(clap::Args)]
pub(super) struct NewEntries {
    /// Why the new findings can wait.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Who will mend the new findings.
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,

    /// The last day on which the new findings are let be, in UTC. Entries that have expired get it as well.
    #[arg(long, value_name = "DAY", value_parser = day)]
    expires: Option<Date>,
}

fn day(text: &str) -> Result<Date, String> {
    Date::read(text).ok_or_else(|| "write a day such as 2027-03-31".to_owned())
}

impl Arguments {
    pub(super) fn run(&self) -> Outcome {
        start_threads(None);
        let rules = all_rules()?;
        let root = self.workspace.find_root(Path::new("."))?;
        let mut config = self.workspace.config(&root, rules)?;
        if let Some(path) = &self.baseline {
            config.debt = Some(path_below(&root, path)?);
        }
        let terms = self.terms.read(&config.policy)?;
        let judged = Judged::of(&root, &config, rules)?;
        let path = config.debt.as_deref().unwrap_or(DEBT_FILE);
        if self.check {
            return judged.report(path);
        }
        let rewritten = if self.prune {
            judged.debt.pruned(&judged.sources, &judged.outcome.debt)
        } else {
            judged.rewritten(&terms)
        };
        if rewritten.added > 0 && terms.reason.is_none() {
            return Err(Failure::with_help(
                format!(
                    "{} can wait",
                    counted(
                        rewritten.added,
                        "finding is not in the baseline, and nothing says why it",
                        "findings are not in the baseline, and nothing says why they",
                    )
                ),
                "say so with `--reason TEXT`, or mend them first",
            ));
        }
        judged.write(path, &rewritten)?;
        output::print(&said(path, &rewritten))?;
        Ok(Exit::Clean)
    }
}

impl NewEntries {
    /// Whether anything is said about new entries.
    pub(super) fn is_given(&self) -> bool {
        self.reason.is_some() || self.owner.is_some() || self.expires.is_some()
    }

    /// What is agreed about new entries.
    pub(super) fn read(&self, policy: &Policy) -> Result<Terms, Failure> {
        let filled = |name: &str, text: &Option<String>| match text {
            Some(text) if text.trim().is_empty() => Err(Failure::new(format!("`{name}` is empty"))),
            text => Ok(text.clone()),
        };
        let is_past = |day: &Date| policy.today.is_some_and(|today| *day < today);
        if let Some(day) = self.expires.filter(is_past) {
            return Err(Failure::with_help(
                format!("`--expires {day}` has passed"),
                "write a day that is still to come",
            ));
        }
        Ok(Terms {
            reason: filled("--reason", &self.reason)?,
            owner: filled("--owner", &self.owner)?,
            expires: self.expires,
        })
    }
}

/// A workspace with its debt file, and what is found in it.
pub(super) struct Judged {
    root: PathBuf,
    sources: Sources,
    debt: Debt,
    outcome: crate::finding::Outcome,
}

impl Judged {
    /// Checks a workspace.
    pub(super) fn of(root: &Path, config: &Config, rules: &RuleSet) -> Result<Self, Failure> {
        let mut sources = config.discover(root)?;
        let debt = read_debt(&sources)?;
        if asks_for_baseline(&config.policy, rules) {
            compare_with_default_branch(&mut sources);
        }
        let outcome = check(&sources, &config.policy, rules);
        if !outcome.summary.has_subject && outcome.findings.is_empty() {
            return Err(nothing_there("check", root));
        }
        Ok(Self {
            root: root.to_owned(),
            sources,
            debt,
            outcome,
        })
    }

    /// The debt file with an entry for everything that is found.
    pub(super) fn rewritten(&self, terms: &Terms) -> Rewritten {
        self.debt.rewritten(&self.sources, &self.outcome, terms)
    }

    /// Writes the debt file, unless it says the same already.
    pub(super) fn write(&self, path: &str, rewritten: &Rewritten) -> Result<(), Failure> {
        let old = debt::file_of(&self.sources).map(|(_, file)| &*file.text);
        let is_nothing = old.is_none() && rewritten.added + rewritten.kept == 0;
        if is_nothing || old == Some(rewritten.text.as_str()) {
            return Ok(());
        }
        let path = self.root.join(path);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| write_whole(&path, &rewritten.text));
        written.map_err(|error| {
            Failure::with_help(
                format!("`{}` cannot be written: {error}", path.display()),
                "name a file that you may write to with `--baseline`",
            )
        })
    }

    /// Says which entries are paid and which have expired, one a line.
    fn report(&self, path: &str) -> Outcome {
        let state = &self.outcome.debt;
        let lines = |numbers: &[usize], what: &dyn Fn(usize) -> String| -> String {
            let lines = numbers.iter().map(|&number| {
                let entry = &self.debt.entries[number];
                let message = entry.message.as_deref().unwrap_or(&entry.fingerprint);
                let place = self.place(path, number);
                let line = format!("{place}: {} [{}] {message}", what(number), entry.rule);
                output::plain(&line) + "\n"
            });
            lines.collect()
        };
        let expired = |number: usize| {
            let day = self.debt.entries[number].expires;
            day.map_or_else(String::new, |day| format!("expired on {day}:"))
        };
        let mut text = lines(&state.paid, &|_| "paid:".to_owned());
        text += &lines(&state.expired, &expired);
        let (paid, gone) = (state.paid.len(), state.expired.len());
        let entries = counted(self.debt.entries.len(), "entry", "entries");
        let counts = format!("{path}: {entries}, {paid} paid, {gone} expired");
        output::print(&(text + &output::plain(&counts) + "\n"))?;
        Ok(if paid + gone == 0 {
            Exit::Clean
        } else {
            Exit::Findings
        })
    }

    fn place(&self, path: &str, number: usize) -> String {
        let Some((_, file)) = debt::file_of(&self.sources) else {
            return path.to_owned();
        };
        let at = file.position(self.debt.fingerprint_span(number).start);
        format!("{path}:{}:{}", at.line, at.column)
    }
}

/// What was written, for a person.
pub(super) fn said(path: &str, rewritten: &Rewritten) -> String {
    let Rewritten {
        added,
        removed,
        kept,
        renewed,
        ..
    } = rewritten;
    let renewed = match renewed {
        0 => String::new(),
        count => format!(" ({count} renewed)"),
    };
    output::plain(&format!(
        "{path}: {added} added, {removed} removed, {kept} kept{renewed}"
    )) + "\n"
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The debt file of a workspace, which has to be readable: what it holds back would be reported otherwise.
pub(super) fn read_debt(sources: &Sources) -> Result<Debt, Failure> {
    let Some((_, file)) = debt::file_of(sources) else {
        return Ok(Debt::default());
    };
    if let Some(why) = &file.unreadable {
        return Err(Failure::with_help(
            format!("the baseline `{}` cannot be read: {why}", file.path),
            "make it a readable YAML file, or check with `--baseline none`",
        ));
    }
    let read = Debt::read(&file.text);
    read.map_err(|broken| broken_config(Path::new(&file.path), &file.text, &broken))
}

/// The path of a debt file from the workspace root.
pub(super) fn path_below(root: &Path, path: &Path) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::with_help(
            format!("`{}` is no path: {error}", path.display()),
            "name a file of the workspace with `--baseline`",
        )
    };
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    // The file, and perhaps its folder, are still to be written.
    let there = absolute.ancestors().skip(1);
    let mut there = there.map(|folder| (folder, fs::canonicalize(folder)));
    let found = there.find_map(|(folder, real)| Some((folder, real.ok()?)));
    let below = found.and_then(|(folder, real)| {
        let real = real.join(absolute.strip_prefix(folder).ok()?);
        let below = real.strip_prefix(root).ok()?;
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Some(parts.join("/"))
    });
    below.filter(|path| !path.is_empty()).ok_or_else(|| {
        Failure::with_help(
            format!(
                "`{}` lies outside the workspace `{}`",
                path.display(),
                root.display()
            ),
            "name a file of the workspace with `--baseline`",
        )
    })
}

/// The debt file that `check` is asked to use; `None` where it is to use none.
pub(super) fn chosen(root: &Path, path: &Path) -> Result<Option<String>, Failure> {
    if path == Path::new("none") {
        return Ok(None);
    }
    let below = path_below(root, path)?;
    if !root.join(&below).exists() {
        return Err(Failure::with_help(
            format!("there is no baseline `{}`", path.display()),
            format!(
                "write it with `dbfence baseline --baseline {}`",
                path.display()
            ),
        ));
    }
    Ok(Some(below))
}
