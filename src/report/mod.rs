//! Findings to text, one format a file. Every format is a pure function of the sources and the outcome.

mod checkstyle;
mod concise;
mod coverage;
mod document;
mod excerpt;
mod github;
mod gitlab;
mod groups;
mod inspect;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod owner;
mod pretty;
mod rdjson;
mod sarif;
mod summary;
#[cfg(test)]
mod tests;
pub mod visible;
mod xml;

use crate::catalogue::Catalogue;
use crate::finding::{Finding, Outcome, Severity};
use crate::inventory::Inventory;
use crate::ownership::Owned;
use crate::source::{Place, Sources};

/// How an outcome is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For a person: every finding with its lines of source, then what was looked at.
    Pretty,
    /// For editors and grep: one line a finding.
    Concise,
    /// For programs: one document.
    Json,
    /// For streams: one finding a line.
    Jsonl,
    /// For what keeps and shows results of analyses: SARIF 2.1.0.
    Sarif,
    /// For GitHub's code scanning: SARIF, only what is open, with links to the labels.
    CodeScanning,
    /// For the log of a GitHub Actions step: workflow commands that annotate the files.
    Github,
    /// For GitLab's code quality widget.
    Gitlab,
    /// For systems of continuous integration that show tests.
    Junit,
    /// For systems of continuous integration that show warnings.
    Checkstyle,
    /// For reviewdog.
    Rdjson,
    /// For a step summary or a comment: a table for each service.
    Markdown,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Format; 12] = [
        Format::Pretty,
        Format::Concise,
        Format::Json,
        Format::Jsonl,
        Format::Sarif,
        Format::CodeScanning,
        Format::Github,
        Format::Gitlab,
        Format::Junit,
        Format::Checkstyle,
        Format::Rdjson,
        Format::Markdown,
    ];

    /// Whether it has room for what was looked at in detail.
    pub fn shows_coverage(self) -> bool {
        matches!(self, Format::Pretty | Format::Json)
    }

    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Pretty => "pretty",
            Format::Concise => "concise",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Sarif => "sarif",
            Format::CodeScanning => "code-scanning",
            Format::Github => "github",
            Format::Gitlab => "gitlab",
            Format::Junit => "junit",
            Format::Checkstyle => "checkstyle",
            Format::Rdjson => "rdjson",
            Format::Markdown => "markdown",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

/// What the reader's terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences may be written at all, those of hyperlinks included.
    pub color: bool,
    /// Columns of the terminal; fewer than 40 count as 40.
    pub width: usize,
    /// Whether the terminal understands hyperlinks (OSC 8). Without `color` there are none.
    pub hyperlinks: bool,
    /// Whether nothing but findings is wanted: no notes, and no line that sums up.
    pub only_findings: bool,
}

impl Default for Style {
    /// Plain text of 100 columns: what a file or a pipe gets.
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
            hyperlinks: false,
            only_findings: false,
        }
    }
}

impl Style {
    fn columns(&self) -> usize {
        self.width.max(40)
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
        } else {
            text.to_owned()
        }
    }

    fn link(&self, url: &str, text: &str) -> String {
        if self.color && self.hyperlinks {
            format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
        } else {
            text.to_owned()
        }
    }
}

/// What a coloured text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paint {
    Error,
    Warning,
    Clean,
    Help,
    Strong,
}

impl Paint {
    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Error => Paint::Error,
            Severity::Warning => Paint::Warning,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Paint::Error => "1;31",
            Paint::Warning => "1;33",
            Paint::Clean => "1;32",
            Paint::Help => "1;36",
            Paint::Strong => "1",
        }
    }
}

/// `outcome` in `format`. Only what people read looks at `style`.
pub fn render(
    format: Format,
    sources: &Sources,
    outcome: &Outcome,
    catalogue: &Catalogue,
    style: &Style,
) -> String {
    match format {
        Format::Pretty => pretty::render(sources, outcome, style),
        Format::Concise => concise::render(sources, outcome, style),
        Format::Json => json::render(sources, outcome),
        Format::Sarif => sarif::render(sources, outcome, catalogue, sarif::Reader::Any),
        Format::CodeScanning => {
            sarif::render(sources, outcome, catalogue, sarif::Reader::CodeScanning)
        }
        Format::Jsonl => jsonl::render(sources, outcome),
        Format::Github => github::render(sources, outcome, style),
        Format::Gitlab => gitlab::render(sources, outcome),
        Format::Junit => junit::render(sources, outcome),
        Format::Checkstyle => checkstyle::render(sources, outcome),
        Format::Rdjson => rdjson::render(sources, outcome),
        Format::Markdown => markdown::render(sources, outcome),
    }
}

/// How many findings of each weight there are, in words.
pub fn tally(outcome: &Outcome) -> String {
    summary::tally(outcome)
}

/// What a workspace consists of, as a JSON document.
pub fn inventory(inventory: &Inventory) -> String {
    inspect::render(inventory)
}

/// The JSON Schema of what [`inventory`] writes.
pub fn inventory_schema() -> serde_json::Value {
    inspect::schema()
}

/// The JSON Schema of what [`Format::Json`] writes.
pub fn findings_schema() -> serde_json::Value {
    json::schema()
}

/// Who owns a table or a database, for a person.
pub fn ownership(sources: &Sources, found: &[Owned], style: &Style) -> String {
    owner::pretty(sources, found, style)
}

/// The same for programs, with the name that was asked for.
pub fn ownership_json(sources: &Sources, name: &str, found: &[Owned]) -> String {
    owner::json(sources, name, found)
}

/// The lines around a place for a person, with the place underlined.
pub fn underline(sources: &Sources, place: Place, style: &Style) -> String {
    pretty::underline(sources, place, style)
}

/// Where the document of a finding's rule is read, as of this version.
fn document_url(finding: &Finding) -> String {
    document_url_of(finding.category, finding.rule)
}

fn document_url_of(category: &str, rule: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("{REPOSITORY}/blob/v{version}/rules/{category}/{rule}.md")
}

/// Where the project is read.
const REPOSITORY: &str = "https://github.com/dbfence/dbfence";
