//! The clean fixture in memory, to be broken in one way at a time.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use dbfence::catalogue::Level;
use dbfence::check::check_again;
use dbfence::discover::{self, compare_in_memory, in_memory, kind_of};
use dbfence::finding::{Finding, Outcome};
use dbfence::fix;
use dbfence::parse::Kept;
use dbfence::policy::{self, Policy};
use dbfence::rules;
use dbfence::source::{Kind, Sources};
use dbfence::suppress::add::{Judges, add};

thread_local! {
    /// What was parsed before: one mistake changes few files.
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Rules that are off, and that the clean product breaks: it calls more services than it waits for.
const OF_OTHER_TEAMS: [&str; 1] = ["undeclared-dependency"];

/// Copies a folder with everything in it but links to folders and to what is not there.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.path().is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The files of a workspace: paths from its root, and texts.
#[derive(Clone)]
pub(crate) struct Files {
    texts: Vec<(String, String)>,
    /// What the default branch has, where a test tells it.
    merged: Option<Vec<(String, String)>>,
}

impl Files {
    /// No files at all.
    pub(crate) fn empty() -> Self {
        Self {
            texts: Vec::new(),
            merged: None,
        }
    }

    /// Reads a fixture.
    pub(crate) fn of_fixture(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(name);
        let mut files = Vec::new();
        collect(&root, &root, &mut files);
        files.sort();
        Self {
            texts: files,
            merged: None,
        }
    }

    /// Replaces the only occurrence of `old` in the file.
    #[must_use]
    pub(crate) fn replace(mut self, path: &str, old: &str, new: &str) -> Self {
        let text = self.text_mut(path);
        assert_eq!(
            text.matches(old).count(),
            1,
            "`{old}` should stand once in {path}"
        );
        *text = text.replace(old, new);
        self
    }

    /// Replaces `old` by `new` in the part of the file between the first line that contains `from` and the
    /// next blank line.
    #[must_use]
    pub(crate) fn replace_in_block(mut self, path: &str, from: &str, old: &str, new: &str) -> Self {
        let text = self.text_mut(path);
        let start = text
            .find(from)
            .unwrap_or_else(|| panic!("no `{from}` in {path}"));
        let end = text[start..]
            .find("\n\n")
            .map_or(text.len(), |length| start + length);
        let block = &text[start..end];
        assert_eq!(
            block.matches(old).count(),
            1,
            "`{old}` should stand once in {block}"
        );
        *text = format!(
            "{}{}{}",
            &text[..start],
            block.replace(old, new),
            &text[end..]
        );
        self
    }

    /// Takes the files as they are now for what the default branch has.
    #[must_use]
    pub(crate) fn merged(mut self) -> Self {
        let migrations = self.texts.iter().filter(|(path, _)| {
            kind_of(path, &discover::Options::default()) == Some(Kind::Migration)
        });
        self.merged = Some(migrations.cloned().collect());
        self
    }

    /// Adds a file.
    #[must_use]
    pub(crate) fn add(mut self, path: &str, text: &str) -> Self {
        assert!(
            !self.texts.iter().any(|(known, _)| known == path),
            "{path} should not be there"
        );
        self.texts.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Removes what stands from `from` up to and with the next `to`.
    #[must_use]
    pub(crate) fn remove_block(mut self, path: &str, from: &str, to: &str) -> Self {
        let text = self.text_mut(path);
        let start = text
            .find(from)
            .unwrap_or_else(|| panic!("no `{from}` in {path}"));
        let length = text[start..]
            .find(to)
            .unwrap_or_else(|| panic!("no `{to}` behind `{from}`"));
        text.replace_range(start..start + length + to.len(), "");
        self
    }

    /// Removes a file.
    #[must_use]
    pub(crate) fn remove(mut self, path: &str) -> Self {
        let before = self.texts.len();
        self.texts.retain(|(known, _)| known != path);
        assert_eq!(self.texts.len() + 1, before, "{path} should be there");
        self
    }

    /// The paths of all files, sorted where they were read from a fixture.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|(path, _)| path.as_str())
    }

    /// Removes every file of a folder.
    #[must_use]
    pub(crate) fn remove_below(mut self, folder: &str) -> Self {
        let inside = format!("{folder}/");
        let before = self.texts.len();
        self.texts.retain(|(path, _)| !path.starts_with(&inside));
        assert!(self.texts.len() < before, "no file below {folder}");
        self
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> &str {
        let file = self.texts.iter().find(|(known, _)| known == path);
        &file.unwrap_or_else(|| panic!("{path} should be there")).1
    }

    fn text_mut(&mut self, path: &str) -> &mut String {
        let file = self.texts.iter_mut().find(|(known, _)| known == path);
        &mut file.unwrap_or_else(|| panic!("{path} should be there")).1
    }

    /// Runs every rule, those too that are off unless a team asks for them.
    pub(crate) fn check(&self) -> (Sources, Outcome) {
        self.check_except(&OF_OTHER_TEAMS)
    }

    /// Shows what is found of what the clean product does otherwise.
    pub(crate) fn findings_of_other_teams(&self) -> Vec<String> {
        let (sources, outcome) = self.check_except(&[]);
        let findings = outcome.findings.iter();
        findings
            .filter(|finding| OF_OTHER_TEAMS.contains(&finding.rule))
            .map(|finding| headline(&sources, finding))
            .collect()
    }

    fn check_except(&self, left_off: &[&str]) -> (Sources, Outcome) {
        let (sources, policy) = self.prepared(left_off);
        let outcome = checked(&sources, &policy);
        (sources, outcome)
    }

    /// The workspace, and the policy under which every rule is on but those.
    fn prepared(&self, left_off: &[&str]) -> (Sources, Policy) {
        let rules = rules::all().unwrap();
        let config = self
            .texts
            .iter()
            .find(|(path, _)| path == policy::FILE_NAME);
        let config = config.map_or("", |(_, text)| text);
        let mut policy = Policy::read(config, rules.catalogue()).unwrap();
        let mut sources = in_memory(self.texts.iter().cloned(), &discover::Options::of(&policy));
        if let Some(before) = &self.merged {
            compare_in_memory(&mut sources, before.iter().cloned());
        }
        policy.lead_somewhere(&sources).unwrap();
        let asked_for = rules.rules().iter();
        for rule in asked_for.filter(|rule| !left_off.contains(&rule.entry.name)) {
            if matches!(policy.level(rule.entry.name, rules.catalogue()), Level::Off) {
                let on = format!("{}=warning", rule.entry.name);
                policy.override_rule(&on, rules.catalogue()).unwrap();
            }
        }
        (sources, policy)
    }

    /// The same files with comments that silence all that is found, and what no comment silences with why.
    pub(crate) fn silenced(mut self, reason: &str) -> (Self, Vec<String>) {
        let (mut sources, policy) = self.prepared(&OF_OTHER_TEAMS);
        let findings = checked(&sources, &policy).findings;
        let facts = Kept::default().parse_all(&sources);
        let mut judges = Judges {
            check: &mut |sources| checked(sources, &policy),
            is_generated: &|_| false,
            catalogue: rules::all().unwrap().catalogue(),
        };
        let added = add(&mut sources, &facts, &findings, reason, &mut judges);
        for (file, text) in added.texts {
            *self.text_mut(&sources.file(file).path) = text;
        }
        let left = added.left.iter();
        let left = left.map(|(finding, why)| format!("{}: {why}", headline(&sources, finding)));
        (self, left.collect())
    }

    /// Runs every rule and shows the findings, one a line: rule, path, the wrong text in `⟦⟧`.
    pub(crate) fn findings(&self) -> Vec<String> {
        let (sources, outcome) = self.check();
        let findings = outcome.findings.iter();
        findings
            .map(|finding| headline(&sources, finding))
            .collect()
    }

    /// Runs every rule and shows the only finding with its message, its labels and its help, one a line.
    pub(crate) fn only_finding(&self) -> Vec<String> {
        let (sources, outcome) = self.check();
        let [finding] = outcome.findings.as_slice() else {
            panic!("one finding is expected, not {:#?}", self.findings());
        };
        let mut lines = vec![headline(&sources, finding), finding.message.clone()];
        lines.extend(finding.labels.iter().map(|label| {
            let path = &sources.file(label.place.file).path;
            format!("{path} ⟦{}⟧ {}", sources.slice(label.place), label.message)
        }));
        lines.push(format!("help: {}", finding.help));
        lines
    }

    /// The files that the fixes of all findings leave.
    #[must_use]
    pub(crate) fn fixed(mut self) -> Self {
        let (sources, outcome) = self.check();
        let fixes = outcome
            .findings
            .iter()
            .filter_map(|finding| finding.fix.as_ref());
        for (file, text) in fix::apply(&sources, fixes) {
            *self.text_mut(&sources.file(file).path) = text;
        }
        self
    }
}

fn checked(sources: &Sources, policy: &Policy) -> Outcome {
    let rules = rules::all().unwrap();
    KEPT.with_borrow_mut(|kept| check_again(kept, sources, policy, rules))
}

fn headline(sources: &Sources, finding: &Finding) -> String {
    let path = &sources.file(finding.place.file).path;
    format!("{} {path} ⟦{}⟧", finding.rule, sources.slice(finding.place))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            files.push((name, text));
        }
    }
}
