//! GitLab's code quality report: a list in the shape of Code Climate's issues.

use serde::Serialize;

use super::document::{path_in_repository, printed, range};
use crate::finding::{Finding, Outcome, Severity};
use crate::source::Sources;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

/// GitLab reads the lines. Others that know Code Climate read the positions.
#[derive(Serialize)]
struct Location {
    path: String,
    lines: Ends<u32>,
    positions: Ends<Position>,
}

#[derive(Serialize)]
struct Ends<T> {
    begin: T,
    end: T,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

/// The list, in two-space steps, with a final line break.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    let issues = outcome.findings.iter();
    let issues: Vec<Issue> = issues.map(|finding| issue(sources, finding)).collect();
    printed(&issues)
}

fn issue(sources: &Sources, finding: &Finding) -> Issue {
    let at = range(sources, finding.place);
    Issue {
        description: format!("{}: {}", finding.message, finding.help),
        check_name: finding.rule,
        fingerprint: finding.fingerprint(),
        severity: match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
        },
        location: Location {
            path: path_in_repository(sources, at.path),
            lines: Ends {
                begin: at.line,
                end: at.end_line,
            },
            positions: Ends {
                begin: Position {
                    line: at.line,
                    column: at.column,
                },
                end: Position {
                    line: at.end_line,
                    column: at.end_column,
                },
            },
        },
    }
}
