//! The diagnostic format of reviewdog. Its columns count bytes.
//! <https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto>

use serde::Serialize;

use super::document::{path_in_repository, printed};
use super::{REPOSITORY, document_url};
use crate::finding::{Finding, Outcome, Severity};
use crate::source::{Place, SourceFile, Sources, Span};

#[derive(Serialize)]
struct DiagnosticResult<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
}

#[derive(Serialize)]
struct Location {
    path: String,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

/// 1-based; the column counts bytes.
#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Code {
    value: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

/// The document, in two-space steps, with a final line break.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    let findings = outcome.findings.iter();
    printed(&DiagnosticResult {
        source: Source {
            name: env!("CARGO_PKG_NAME"),
            url: REPOSITORY,
        },
        diagnostics: findings.map(|it| diagnostic(sources, it)).collect(),
    })
}

fn diagnostic<'a>(sources: &Sources, finding: &'a Finding) -> Diagnostic<'a> {
    let file = sources.file(finding.place.file);
    Diagnostic {
        message: format!("{}: {}", finding.message, finding.help),
        location: Location {
            path: path_in_repository(sources, &file.path),
            range: range(file, finding.place.span),
        },
        severity: match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        },
        code: Code {
            value: finding.rule,
            url: document_url(finding),
        },
        suggestions: suggestion(file, finding).into_iter().collect(),
    }
}

/// A fix that is one edit of the finding's own file. Several suggestions would be taken for alternatives, and none
/// can name another file.
fn suggestion<'a>(file: &SourceFile, finding: &'a Finding) -> Option<Suggestion<'a>> {
    let fix = finding.fix.as_ref()?;
    let [edit] = fix.edits.as_slice() else {
        return None;
    };
    let is_here = |place: Place| place.file == finding.place.file;
    is_here(edit.place).then(|| Suggestion {
        range: range(file, edit.place.span),
        text: &edit.text,
    })
}

fn range(file: &SourceFile, span: Span) -> Range {
    Range {
        start: position(file, span.start),
        end: position(file, span.end),
    }
}

fn position(file: &SourceFile, offset: u32) -> Position {
    let offset = offset.min(Span::new(file.text.len(), 0).start);
    let line = file.line_of(offset);
    let start = file.line_starts()[line];
    Position {
        line: file.position(offset).line,
        column: offset - start + 1,
    }
}
