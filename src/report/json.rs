//! One JSON document. Its shape is versioned and stands here alone, so that a change of
//! [`Finding`] does not change what programs read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{Range, Tool, printed, range};
use crate::coverage;
use crate::finding::{self, Outcome, Safety, Severity};
use crate::source::Sources;

/// Counts up with every change that a reader of the old shape would not survive.
const SCHEMA_VERSION: u32 = 1;

/// The document, in two-space steps, with a final line break.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    printed(&document(sources, outcome))
}

/// What a check found.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    summary: Summary<'a>,
    findings: Vec<Finding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage<'a>>,
}

/// What was judged and what was not, where that was asked for.
#[derive(Serialize)]
struct Coverage<'a> {
    files: BTreeMap<String, usize>,
    services: Vec<JudgedService<'a>>,
    not_judged: Vec<Gap<'a>>,
    exceptions: Vec<Exception<'a>>,
}

/// A service and what it was judged on.
#[derive(Serialize)]
struct JudgedService<'a> {
    product: Option<&'a str>,
    service: &'a str,
    judged_on: Vec<Artefact<'a>>,
}

/// Something that a service was judged on.
#[derive(Serialize)]
struct Artefact<'a> {
    kind: String,
    #[serde(flatten)]
    spot: Spot<'a>,
}

/// A place, or a file or folder as a whole.
#[derive(Serialize)]
struct Spot<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

/// Something that was not judged.
#[derive(Serialize)]
struct Gap<'a> {
    reason: &'a str,
    places: Vec<Spot<'a>>,
}

/// An exception of the config.
#[derive(Serialize)]
struct Exception<'a> {
    service: &'a str,
    may_read: &'a [String],
    reason: &'a str,
    until: &'a str,
    has_ended: bool,
}

/// What was looked at, and how much was found there.
#[derive(Serialize)]
struct Summary<'a> {
    files: usize,
    services: usize,
    errors: usize,
    warnings: usize,
    suppressed: usize,
    baselined: usize,
    inactive_rules: Vec<InactiveRule<'a>>,
    open: Vec<Open<'a>>,
}

/// A rule that could not judge a product.
#[derive(Serialize)]
struct InactiveRule<'a> {
    rule: &'static str,
    product: Option<&'a str>,
    reason: &'a str,
}

/// A product of which nothing may be called missing.
#[derive(Serialize)]
struct Open<'a> {
    product: &'a str,
    reason: &'a str,
    path: &'a str,
    line: u32,
    column: u32,
}

/// One finding.
#[derive(Serialize)]
struct Finding<'a> {
    rule: &'static str,
    category: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    range: Range<'a>,
    product: Option<&'a str>,
    service: Option<&'a str>,
    help: &'a str,
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
    fingerprint: String,
}

/// Another place that explains a finding.
#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    message: &'a str,
}

/// Edits that mend a finding, together or not at all.
#[derive(Serialize)]
struct Fix<'a> {
    safety: &'static str,
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

/// A text that takes the place of another.
#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    range: Range<'a>,
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

fn shape<'a>(sources: &'a Sources, finding: &'a finding::Finding) -> Finding<'a> {
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
