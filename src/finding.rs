//! What a rule says: a place, a sentence, the text to write, and perhaps an edit that writes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::coverage::Coverage;
use crate::source::{Place, ancestors};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Certainly wrong; fails a check.
    Error,
    /// Probably wrong; fails a check only where asked for.
    Warning,
}

impl Severity {
    /// The word that formats print.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// What is wrong, where, whose it is and what to write.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static str,
    /// The rule's category.
    pub category: &'static str,
    /// How much it weighs here.
    pub severity: Severity,
    /// One sentence without a final stop; code in backticks.
    pub message: String,
    /// Exactly the wrong text.
    pub place: Place,
    /// Whose it is and what it is about.
    pub subject: Subject,
    /// Other places that explain it, in the order in which they should be read.
    pub labels: Vec<Label>,
    /// The text to write.
    pub help: String,
    /// An edit that mends it.
    pub fix: Option<Fix>,
    /// Identity without positions: see [`fingerprint`](Self::fingerprint). Equal findings are told apart
    /// by their ordinal in the order of the report.
    pub ordinal: u32,
}

/// Whose a finding is, and what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The product's path from the workspace root.
    pub product: Option<String>,
    /// The service's name.
    pub service: Option<String>,
    /// What exactly, in a word or a value (`port 4104`, `loan_desk`): tells findings of one rule about
    /// one service apart.
    pub object: String,
}

/// Whose a finding is: a product, and a service of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The product's path from the workspace root.
    pub product: Option<String>,
    /// The service's name.
    pub service: Option<String>,
}

/// Another place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// A short remark without a final stop.
    pub message: String,
}

/// Whether a fix can be applied without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// The right text is certain and nothing else changes its meaning.
    Safe,
    /// Somebody has to decide.
    Unsafe,
}

/// Edits that mend a finding, applied together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether it can be applied without asking.
    pub safety: Safety,
    /// What it does, as an imperative sentence without a final stop.
    pub title: String,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// A text that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub place: Place,
    /// What is written.
    pub text: String,
}

impl Finding {
    /// What makes this finding the same one in the next run: rule, product, service, object and ordinal,
    /// but no path and no line. 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        let parts = [
            self.rule,
            self.subject.product.as_deref().unwrap_or_default(),
            self.subject.service.as_deref().unwrap_or_default(),
            &self.subject.object,
            &self.ordinal.to_string(),
        ];
        let identity = parts.join("\u{0}");
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(identity.as_bytes()))
    }
}

/// Brings findings into the order of every report: path, line, column, rule.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        // Files are numbered in the order of their paths.
        let key = |finding: &Finding| (finding.place, finding.rule);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.message.cmp(&b.message))
            .then_with(|| a.subject.cmp(&b.subject))
    });
}

/// Numbers those of all sorted findings of a check that share an identity. What silences some of them comes
/// later, so that the others keep their numbers.
pub fn number(findings: &mut [Finding]) {
    let mut count = std::collections::HashMap::new();
    for finding in findings {
        let seen = count
            .entry((finding.rule, finding.subject.clone()))
            .or_insert(0);
        finding.ordinal = *seen;
        *seen += 1;
    }
}

/// A finding that is not reported, and why.
#[derive(Clone, Debug)]
pub struct Silenced {
    /// The finding.
    pub finding: Finding,
    /// What silences it.
    pub by: Silencer,
}

/// What can silence a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silencer {
    /// A comment in a file.
    Comment {
        /// The comment.
        place: Place,
        /// The reason that it gives.
        reason: Option<String>,
    },
    /// An entry of the debt file.
    Debt {
        /// The fingerprint of the entry.
        place: Place,
        /// The reason that it gives.
        reason: Option<String>,
    },
}

/// What one check found and what it looked at.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The findings, in the order of every report.
    pub findings: Vec<Finding>,
    /// The findings that something silences, in the same order.
    pub silenced: Vec<Silenced>,
    /// What has become of the debt file.
    pub debt: DebtState,
    /// What was looked at.
    pub summary: Summary,
    /// The same in detail.
    pub coverage: Option<Coverage>,
}

/// What has become of the entries of the debt file, by their numbers in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebtState {
    /// Those that hold nothing back.
    pub paid: Vec<usize>,
    /// Those of whose findings the day has passed.
    pub expired: Vec<usize>,
}

/// What one check looked at, for the last line of a report.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Files whose text was read.
    pub files: usize,
    /// Services of all products.
    pub services: usize,
    /// Rules that rest, and why.
    pub inactive: Vec<Inactive>,
    /// Products and stacks of which nothing may be called missing, and why.
    pub open: Vec<Open>,
    /// Whether there was anything to judge: a registry, a compose file or a Prisma schema.
    pub has_subject: bool,
    /// Whose the folders of products, stacks and modules are, by their paths; the workspace root is `""`.
    pub grounds: BTreeMap<String, Ground>,
}

/// Whose a folder is: what lies below it belongs to the same ones, unless a folder between is others'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// The products whose own it is, or whose services are built from it, by their paths.
    pub products: BTreeSet<String>,
    /// Whether it is also a service's that is in no registry, or holds the stack of one.
    pub is_unregistered: bool,
}

impl Summary {
    /// Whose a file is, where that is known.
    pub fn ground_of(&self, path: &str) -> Option<&Ground> {
        let mut folders = ancestors(path).chain([""]);
        folders.find_map(|folder| self.grounds.get(folder))
    }
}

/// A rule that could not judge a product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inactive {
    /// The rule.
    pub rule: &'static str,
    /// The product, by its path; `None` where no product has a registry.
    pub product: Option<String>,
    /// Why, as a sentence without a final stop.
    pub reason: String,
}

/// A product or stack whose set of services is not known to be complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The product, by its path.
    pub product: String,
    /// Where the text stands that leaves it open.
    pub place: Place,
    /// Why, as a sentence without a final stop.
    pub reason: String,
}

impl Outcome {
    /// How many findings weigh `severity`.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// How many findings comments silence.
    pub fn suppressed(&self) -> usize {
        let is_comment = |it: &&Silenced| matches!(it.by, Silencer::Comment { .. });
        self.silenced.iter().filter(is_comment).count()
    }

    /// How many findings the debt file holds.
    pub fn baselined(&self) -> usize {
        self.silenced.len() - self.suppressed()
    }
}
