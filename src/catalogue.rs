//! What the rules are called and what their documents say, as plain data: all that the floors below the
//! rules need of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Safety, Severity};
use crate::yaml::typed::{self, Mismatch};

/// Whether a rule speaks, and how loudly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Its findings fail a check.
    Error,
    /// Its findings are shown.
    Warning,
    /// It is silent and passes the word to the next rule of a conflict.
    Off,
}

impl Level {
    /// The severity of findings at this level; `None` for [`Level::Off`].
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Error => Some(Severity::Error),
            Level::Warning => Some(Severity::Warning),
            Level::Off => None,
        }
    }

    /// The word that people write for it.
    pub fn as_str(self) -> &'static str {
        self.severity().map_or("off", Severity::as_str)
    }

    /// Reads the word that people write for it.
    pub fn from_word(word: &str) -> Option<Self> {
        [Level::Error, Level::Warning, Level::Off]
            .into_iter()
            .find(|level| level.as_str() == word)
    }
}

/// The front matter of a rule's document.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FrontMatter {
    /// What the rule finds, as a short sentence without a final stop.
    pub title: String,
    /// Its level where nothing else is configured.
    pub severity: Level,
    /// The articles of the policy that it serves.
    pub articles: Vec<u8>,
    /// The version that had it first.
    pub since: String,
    /// What its fixes are at best; absent where it has none.
    #[serde(default)]
    pub fix: Option<FixClass>,
    /// Whether it rests for services outside a registry.
    #[serde(default)]
    pub needs_registry: bool,
    /// What can be set beside its level, by name.
    #[serde(default)]
    pub options: BTreeMap<String, RuleOption>,
}

/// What can be set of a rule beside its level.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleOption {
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: OptionKind,
    /// What holds where nothing is configured, in a sentence's words.
    pub default: String,
    /// What it does, as a sentence.
    pub doc: String,
}

/// What the values of an option are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptionKind {
    /// `true` or `false`; absent means `false`.
    Boolean,
    /// For some layers, a list of layers each.
    LayersByLayer,
}

impl OptionKind {
    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            OptionKind::Boolean => "boolean",
            OptionKind::LayersByLayer => "layers-by-layer",
        }
    }
}

/// What the fixes of a rule are at best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixClass {
    /// Some can be applied without asking.
    Safe,
    /// All need a decision.
    Unsafe,
}

impl From<FixClass> for Safety {
    fn from(class: FixClass) -> Self {
        match class {
            FixClass::Safe => Safety::Safe,
            FixClass::Unsafe => Safety::Unsafe,
        }
    }
}

/// A rule's name and document.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// kebab-case, unique and stable.
    pub name: &'static str,
    /// The folder that its code and its document stand in.
    pub category: &'static str,
    /// The whole document, front matter included.
    pub document: &'static str,
}

impl Entry {
    /// The document without its front matter.
    pub fn body(&self) -> &'static str {
        split(self.document).1
    }

    /// The document's front matter.
    pub fn front_matter(&self) -> Result<FrontMatter, Mismatch> {
        typed::read(split(self.document).0)
    }
}

/// Splits a document into the text between its `---` lines and what follows.
fn split(document: &'static str) -> (&'static str, &'static str) {
    document
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .unwrap_or(("", document))
}

/// Every rule that a check may run, sorted by category in the order of the policy, then as listed.
#[derive(Debug, Default)]
pub struct Catalogue {
    rules: Vec<Described>,
}

/// A rule and what its document says of it.
#[derive(Debug)]
pub struct Described {
    /// Name and document.
    pub entry: Entry,
    /// What the front matter says.
    pub front_matter: FrontMatter,
}

impl Catalogue {
    /// Reads the front matter of every document. A document without a complete one is a defect of the
    /// program, which is why it is named in the error.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Result<Self, String> {
        let describe = |entry: Entry| match entry.front_matter() {
            Ok(front_matter) => Ok(Described {
                entry,
                front_matter,
            }),
            Err(mismatch) => Err(format!(
                "the document of `{}` has a front matter that cannot be read: {}",
                entry.name, mismatch.message
            )),
        };
        let rules = entries
            .into_iter()
            .map(describe)
            .collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Every rule, in the order of the catalogue.
    pub fn rules(&self) -> &[Described] {
        &self.rules
    }

    /// The rule of that name.
    pub fn find(&self, name: &str) -> Option<&Described> {
        self.rules.iter().find(|rule| rule.entry.name == name)
    }

    /// The categories, each once, in the order of the catalogue.
    pub fn categories(&self) -> Vec<&'static str> {
        let mut categories: Vec<&str> = Vec::new();
        for rule in &self.rules {
            if !categories.contains(&rule.entry.category) {
                categories.push(rule.entry.category);
            }
        }
        categories
    }

    /// Whether some rule is of that category.
    pub fn has_category(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.entry.category == name)
    }

    /// The name of a rule or category that `written` was probably meant to be.
    pub fn nearest(&self, written: &str) -> Option<&'static str> {
        let names = self
            .rules
            .iter()
            .flat_map(|rule| [rule.entry.name, rule.entry.category]);
        nearest(written, names)
    }
}

/// The candidate that differs least from `written`, if it differs little enough to be a slip: at most a
/// third of its letters.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(written, candidate), candidate))
        .filter(|&(distance, candidate)| distance * 3 <= candidate.chars().count().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Names to choose from, as the end of a sentence: "`platform`, `shared` or `domain`".
pub fn one_of(names: &[impl AsRef<str>]) -> String {
    let quoted = |name: &_| format!("`{}`", AsRef::<str>::as_ref(name));
    match names {
        [] => String::new(),
        [only] => quoted(only),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(quoted).collect();
            format!("{} or {}", rest.join(", "), quoted(last))
        }
    }
}

/// Guesses what many names were meant to be, as [`nearest`] does for one, until too many were
/// compared: where that many names are wrong it is no slip, and comparing them all would take long.
pub struct Guesser {
    comparisons_left: usize,
}

impl Default for Guesser {
    fn default() -> Self {
        Self {
            comparisons_left: MOST_COMPARISONS,
        }
    }
}

/// Pairs of names that are compared for one question.
pub const MOST_COMPARISONS: usize = 100_000;

impl Guesser {
    /// The nearest candidate, if it is near enough and there is still time to look.
    pub fn nearest<'a>(
        &mut self,
        written: &str,
        candidates: impl ExactSizeIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        self.comparisons_left = self.comparisons_left.checked_sub(candidates.len())?;
        nearest(written, candidates)
    }
}

/// The number of letters to insert, delete or replace to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, &other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_nearest_name_and_a_stranger_finds_none() {
        let names = ["duplicate-port", "shared-database"];
        assert_eq!(nearest("duplicated-port", names), Some("duplicate-port"));
        assert_eq!(nearest("cors", names), None);
    }
}
