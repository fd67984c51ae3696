//! JUnit's XML: a suite for each service, a failed test for each finding.

use super::concise;
use super::document::{path_in_repository, range};
use super::groups::{Group, by_service};
use super::xml::{Element, document};
use crate::finding::{Finding, Outcome};
use crate::source::Sources;

/// The document. A clean check is one test that passes, since a report without tests counts as broken.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    let found = outcome.findings.len();
    let mut root = Element::new("testsuites")
        .with("name", "dbfence")
        .with("tests", found.max(1))
        .with("failures", found)
        .with("errors", 0);
    if found == 0 {
        root = root.holding(clean());
    }
    for group in by_service(&outcome.findings) {
        root = root.holding(suite(sources, &group));
    }
    document(&root)
}

fn clean() -> Element {
    let test = Element::new("testcase")
        .with("name", "nothing found")
        .with("classname", "dbfence");
    counted("dbfence".to_owned(), 1, 0).holding(test)
}

fn suite(sources: &Sources, group: &Group) -> Element {
    let found = group.findings.len();
    let name = group.title().replace('`', "");
    let cases = group.findings.iter();
    cases.fold(counted(name, found, found), |suite, finding| {
        suite.holding(case(sources, finding))
    })
}

fn counted(name: String, tests: usize, failures: usize) -> Element {
    Element::new("testsuite")
        .with("name", name)
        .with("tests", tests)
        .with("failures", failures)
        .with("errors", 0)
        .with("skipped", 0)
}

/// The name holds no line, so that it is the same test in the next run.
fn case(sources: &Sources, finding: &Finding) -> Element {
    let at = range(sources, finding.place);
    let name = match finding.ordinal {
        0 => finding.message.clone(),
        before => format!("{} ({})", finding.message, before + 1),
    };
    let text = format!(
        "{}\nhelp: {}",
        concise::text(sources, finding),
        finding.help
    );
    let failure = Element::new("failure")
        .with("message", &finding.message)
        .with("type", finding.severity.as_str())
        .saying(text);
    Element::new("testcase")
        .with("name", name)
        .with("classname", finding.rule)
        .with("file", path_in_repository(sources, at.path))
        .with("line", at.line)
        .holding(failure)
}
