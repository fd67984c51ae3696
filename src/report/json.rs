//! One JSON document. Its shape is versioned and stands here alone, so that a change of
//! [`Finding`] does not change what programs read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::document::{self, Range, Tool, printed, range};
use crate::coverage;
use crate::finding::{self, Outcome, Safety, Severity};
use crate::source::Sources;

/// Counts up with every change that a reader of the old shape would not survive.
const SCHEMA_VERSION: u32 = 1;

/// The document, in two-space steps, with a final line break.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    printed(&document(sources, outcome))
}

/// The JSON Schema of the document.
pub(super) fn schema() -> Value {
    document::schema::<Document>("findings")
}

/// What a check found. Paths are relative to the workspace root, with `/` on every system; lines and columns start
/// at 1, columns count code points, and the end is exclusive. Later versions may add properties.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "dbfence check")]
struct Document<'a> {
    /// Counts up with every change that a reader of the old shape would not survive.
    schema_version: u32,
    /// Who wrote the document.
    tool: Tool,
    /// What was looked at, and how much was found there.
    summary: Summary<'a>,
    /// By path, line, column and rule.
    findings: Vec<Finding<'a>>,
    /// With `--coverage`: what was judged, and what was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage<'a>>,
}

/// What was judged and what was not, where that was asked for.
#[derive(Serialize, JsonSchema)]
struct Coverage<'a> {
    /// How many files of each kind were read.
    files: BTreeMap<String, usize>,
    /// Each service, and what it was judged on.
    services: Vec<JudgedService<'a>>,
    /// What was passed over, by reason.
    not_judged: Vec<Gap<'a>>,
    /// The exceptions of the config.
    exceptions: Vec<Exception<'a>>,
}

/// A service and what it was judged on.
#[derive(Serialize, JsonSchema)]
struct JudgedService<'a> {
    /// Path of its product; `null` where no registry names it.
    product: Option<&'a str>,
    /// Its name.
    service: &'a str,
    /// What there is to judge it on.
    judged_on: Vec<Artefact<'a>>,
}

/// Something that a service was judged on.
#[derive(Serialize, JsonSchema)]
struct Artefact<'a> {
    /// What it is.
    kind: String,
    #[serde(flatten)]
    spot: Spot<'a>,
}

/// A place, or a file or folder as a whole.
#[derive(Serialize, JsonSchema)]
struct Spot<'a> {
    /// From the workspace root.
    path: &'a str,
    /// 1-based; absent where a file or folder is meant as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// 1-based, in code points.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

/// Something that was not judged.
#[derive(Serialize, JsonSchema)]
struct Gap<'a> {
    /// Why.
    reason: &'a str,
    /// Where.
    places: Vec<Spot<'a>>,
}

/// An exception of the config.
#[derive(Serialize, JsonSchema)]
struct Exception<'a> {
    /// Who may read.
    service: &'a str,
    /// The tables.
    may_read: &'a [String],
    /// Why, as the config says.
    reason: &'a str,
    /// The last day, as `YYYY-MM-DD`.
    until: &'a str,
    /// Whether that day has passed: it allows nothing any more.
    has_ended: bool,
}

/// What was looked at, and how much was found there.
#[derive(Serialize, JsonSchema)]
struct Summary<'a> {
    /// Files whose text was read.
    files: usize,
    /// Services of all products.
    services: usize,
    /// Findings that are errors.
    errors: usize,
    /// Findings that are warnings.
    warnings: usize,
    /// Findings that comments silence; they are not listed.
    suppressed: usize,
    /// Findings that the debt file holds; they are not listed.
    baselined: usize,
    /// Entries of the debt file that hold nothing back any more.
    paid: usize,
    /// Entries of the debt file whose day has passed while their findings are still there.
    expired: usize,
    /// Rules that rest, and why.
    inactive_rules: Vec<InactiveRule<'a>>,
    /// What may not be called complete: nothing is called missing there.
    open: Vec<Open<'a>>,
}

/// A rule that could not judge a product.
#[derive(Serialize, JsonSchema)]
struct InactiveRule<'a> {
    /// The rule.
    rule: &'static str,
    /// The product that it cannot judge; `null` for the whole workspace.
    product: Option<&'a str>,
    /// Why.
    reason: &'a str,
}

/// A product of which nothing may be called missing.
#[derive(Serialize, JsonSchema)]
struct Open<'a> {
    /// Its path.
    product: &'a str,
    /// Why.
    reason: &'a str,
    /// The file that leaves it open.
    path: &'a str,
    /// 1-based.
    line: u32,
    /// 1-based, in code points.
    column: u32,
}

/// One finding.
#[derive(Serialize, JsonSchema)]
pub(super) struct Finding<'a> {
    /// The rule that found it.
    rule: &'static str,
    /// The rule's category.
    category: &'static str,
    /// `error` or `warning`.
    severity: &'static str,
    /// What is wrong, in a sentence; code in backticks.
    message: &'a str,
    #[serde(flatten)]
    range: Range<'a>,
    /// Path of the product that it belongs to.
    product: Option<&'a str>,
    /// The service that it belongs to.
    service: Option<&'a str>,
    /// The text to write.
    help: &'a str,
    /// Other places that explain it.
    related: Vec<Related<'a>>,
    /// What mends it.
    fix: Option<Fix<'a>>,
    /// The same for the same mistake in the next run, wherever its lines went. 32 hexadecimal digits.
    fingerprint: String,
}

/// Another place that explains a finding.
#[derive(Serialize, JsonSchema)]
struct Related<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    /// What it has to do with it.
    message: &'a str,
}

/// Edits that mend a finding, together or not at all.
#[derive(Serialize, JsonSchema)]
struct Fix<'a> {
    /// `safe` where nobody has to decide, else `unsafe`.
    safety: &'static str,
    /// What it does.
    title: &'a str,
    /// All of them together, or none.
    edits: Vec<Edit<'a>>,
}

/// A text that takes the place of another.
#[derive(Serialize, JsonSchema)]
struct Edit<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    /// What is written instead.
    text: &'a str,
}

fn document<'a>(sources: &'a Sources, outcome: &'a Outcome) -> Document<'a> {
    Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool::THIS,
        summary: summary(sources, outcome),
        findings: outcome
            .findings
            .iter()
            .map(|finding| shape(sources, finding))
            .collect(),
        coverage: outcome
            .coverage
            .as_ref()
            .map(|judged| coverage(sources, judged)),
    }
}

fn coverage<'a>(sources: &Sources, coverage: &'a coverage::Coverage) -> Coverage<'a> {
    let services = coverage.services.iter().map(|service| JudgedService {
        product: service.product.as_deref(),
        service: &service.service,
        judged_on: service
            .artefacts
            .iter()
            .map(|artefact| Artefact {
                kind: as_identifier(artefact.kind),
                spot: spot(sources, &artefact.spot),
            })
            .collect(),
    });
    let gaps = coverage.gaps.iter().map(|gap| Gap {
        reason: &gap.reason,
        places: gap.spots.iter().map(|it| spot(sources, it)).collect(),
    });
    let exceptions = coverage.exceptions.iter().map(|exception| Exception {
        service: &exception.service,
        may_read: &exception.may_read,
        reason: &exception.reason,
        until: &exception.until,
        has_ended: exception.has_ended,
    });
    Coverage {
        files: coverage
            .files
            .iter()
            .map(|(kind, count)| (as_identifier(kind), *count))
            .collect(),
        services: services.collect(),
        not_judged: gaps.collect(),
        exceptions: exceptions.collect(),
    }
}

/// Words for people as a name for programs.
fn as_identifier(words: &str) -> String {
    words.to_ascii_lowercase().replace(' ', "-")
}

fn spot<'a>(sources: &Sources, spot: &'a coverage::Spot) -> Spot<'a> {
    let at = spot.place.map(|place| {
        let file = sources.file(place.file);
        file.position(place.span.start)
    });
    Spot {
        path: &spot.path,
        line: at.map(|at| at.line),
        column: at.map(|at| at.column),
    }
}

fn summary<'a>(sources: &'a Sources, outcome: &'a Outcome) -> Summary<'a> {
    let summary = &outcome.summary;
    Summary {
        files: summary.files,
        services: summary.services,
        errors: outcome.count(Severity::Error),
        warnings: outcome.count(Severity::Warning),
        suppressed: outcome.suppressed(),
        baselined: outcome.baselined(),
        paid: outcome.debt.paid.len(),
        expired: outcome.debt.expired.len(),
        inactive_rules: summary
            .inactive
            .iter()
            .map(|inactive| InactiveRule {
                rule: inactive.rule,
                product: inactive.product.as_deref(),
                reason: &inactive.reason,
            })
            .collect(),
        open: summary
            .open
            .iter()
            .map(|open| open_shape(sources, open))
            .collect(),
    }
}

fn open_shape<'a>(sources: &'a Sources, open: &'a finding::Open) -> Open<'a> {
    let file = sources.file(open.place.file);
    let at = file.position(open.place.span.start);
    Open {
        product: &open.product,
        reason: &open.reason,
        path: &file.path,
        line: at.line,
        column: at.column,
    }
}

/// A finding as every reader of JSON gets it.
pub(super) fn shape<'a>(sources: &'a Sources, finding: &'a finding::Finding) -> Finding<'a> {
    Finding {
        rule: finding.rule,
        category: finding.category,
        severity: finding.severity.as_str(),
        message: &finding.message,
        range: range(sources, finding.place),
        product: finding.subject.product.as_deref(),
        service: finding.subject.service.as_deref(),
        help: &finding.help,
        related: finding
            .labels
            .iter()
            .map(|label| Related {
                range: range(sources, label.place),
                message: &label.message,
            })
            .collect(),
        fix: finding.fix.as_ref().map(|fix| fix_shape(sources, fix)),
        fingerprint: finding.fingerprint(),
    }
}

fn fix_shape<'a>(sources: &'a Sources, fix: &'a finding::Fix) -> Fix<'a> {
    Fix {
        safety: match fix.safety {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe",
        },
        title: &fix.title,
        edits: fix
            .edits
            .iter()
            .map(|edit| Edit {
                range: range(sources, edit.place),
                text: &edit.text,
            })
            .collect(),
    }
}
