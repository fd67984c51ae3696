//! JUnit's XML: a suite for each service, a failed test for each finding.

use std::collections::BTreeMap;

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
    let mut names = Names::of(sources, &outcome.findings);
    for group in by_service(&outcome.findings) {
        root = root.holding(suite(sources, &group, &mut names));
    }
    document(&root)
}

fn clean() -> Element {
    let test = Element::new("testcase")
        .with("name", "nothing found")
        .with("classname", "dbfence");
    counted("dbfence".to_owned(), 1, 0).holding(test)
}

/// What tests are called. Readers show one of several with the same name and drop the others, and a name holds no
/// line, so that it is the same test in the next run.
struct Names<'a> {
    sources: &'a Sources,
    /// How many findings of a rule say the same.
    alike: BTreeMap<(&'static str, &'a str), usize>,
    /// How many tests of a rule were given a name.
    given: BTreeMap<(&'static str, String), usize>,
}

impl<'a> Names<'a> {
    fn of(sources: &'a Sources, findings: &'a [Finding]) -> Self {
        let mut alike = BTreeMap::new();
        for finding in findings {
            *alike.entry((finding.rule, &*finding.message)).or_default() += 1;
        }
        Self {
            sources,
            alike,
            given: BTreeMap::new(),
        }
    }

    /// The message; with the file where others say the same, and with a number where they do so in one file.
    fn give(&mut self, finding: &Finding) -> String {
        let mut name = finding.message.clone();
        if self.alike[&(finding.rule, &*finding.message)] > 1 {
            let path = range(self.sources, finding.place).path;
            name = format!("{name} in {}", path_in_repository(self.sources, path));
        }
        let given = self.given.entry((finding.rule, name.clone())).or_default();
        *given += 1;
        match given {
            1 => name,
            number => format!("{name} ({number})"),
        }
    }
}

fn suite(sources: &Sources, group: &Group, names: &mut Names) -> Element {
    let found = group.findings.len();
    let name = group.title().replace('`', "");
    let cases = group.findings.iter();
    cases.fold(counted(name, found, found), |suite, finding| {
        suite.holding(case(sources, finding, names.give(finding)))
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

fn case(sources: &Sources, finding: &Finding, name: String) -> Element {
    let at = range(sources, finding.place);
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
