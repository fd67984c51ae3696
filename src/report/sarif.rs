//! SARIF 2.1.0: the whole of it, and what of it GitHub's code scanning takes.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>

mod log;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

use self::log::{
    ArtifactChange, ArtifactLocation, Base, Configuration, Content, Driver, Fix, Help, Invocation,
    Location, Log, Notification, PhysicalLocation, Region, Replacement, ResultProperties, Rule,
    RuleProperties, Run, SarifResult, Suppression, Text, Tool,
};

use super::document::{self, path_in_repository, printed, range};
use super::{REPOSITORY, document_url_of, summary};
use crate::catalogue::{Catalogue, Described, Level};
use crate::finding::{self, Finding, Outcome, Safety, Severity, Silencer};
use crate::source::{Place, Sources};

/// What all paths are relative to.
const BASE: &str = "SRCROOT";

/// All but the characters that a path may hold as they are. A colon in its first part would make it a scheme.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Code scanning shows so many results of a run, and refuses a log with five times as many.
const RESULTS: usize = 5_000;

/// Code scanning shows so many locations of a result, and refuses a log with ten times as many.
const LOCATIONS: usize = 100;

/// The most labels that a message says.
const LINKS: usize = 5;

/// Who reads the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Anybody: everything is in it.
    Any,
    /// GitHub's code scanning. It opens an alert for every result, for what is silenced too, and shows a related
    /// location only where the message has a link to it.
    CodeScanning,
}

/// The log, in two-space steps, with a final line break.
pub(super) fn render(
    sources: &Sources,
    outcome: &Outcome,
    catalogue: &Catalogue,
    reader: Reader,
) -> String {
    let reporter = Reporter {
        sources,
        catalogue,
        reader,
    };
    printed(&reporter.log(outcome))
}

/// What every part of the log is made with.
struct Reporter<'a> {
    sources: &'a Sources,
    catalogue: &'a Catalogue,
    reader: Reader,
}

impl<'a> Reporter<'a> {
    fn log(&self, outcome: &'a Outcome) -> Log<'a> {
        Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [self.run(outcome)],
        }
    }

    fn run(&self, outcome: &'a Outcome) -> Run<'a> {
        let results = self.results(outcome);
        let mut notes = summary::notes(self.sources, outcome);
        if results.len() < outcome.findings.len() {
            let left_out = outcome.findings.len() - results.len();
            let left_out = summary::counted(left_out, "finding");
            notes.push(format!(
                "{left_out} left out: code scanning shows {RESULTS}, and errors go first"
            ));
        }
        let notifications = notes.iter().map(|note| Notification {
            level: "note",
            message: Text::sentence(note),
        });
        let base = Base {
            description: Text::of(
                "The root of the repository, or of the workspace where there is none.",
            ),
        };
        Run {
            tool: Tool {
                driver: Driver {
                    name: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: REPOSITORY,
                    rules: self.catalogue.rules().iter().map(rule).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications.collect(),
            }],
            original_uri_base_ids: BTreeMap::from([(BASE, base)]),
            column_kind: "unicodeCodePoints",
            newline_sequences: ["\r\n", "\n", "\r"],
            results,
        }
    }

    /// A result for each finding that the reader is told of.
    fn results(&self, outcome: &'a Outcome) -> Vec<SarifResult<'a>> {
        let open = outcome.findings.iter();
        match self.reader {
            Reader::Any => {
                let silenced = outcome.silenced.iter();
                let silenced = silenced.map(|it| self.result(&it.finding, Some(&it.by)));
                open.map(|it| self.result(it, None))
                    .chain(silenced)
                    .collect()
            }
            Reader::CodeScanning => {
                let mut errors = outcome.count(Severity::Error).min(RESULTS);
                let mut warnings = RESULTS - errors;
                let chosen = open.filter(|finding| {
                    let room = match finding.severity {
                        Severity::Error => &mut errors,
                        Severity::Warning => &mut warnings,
                    };
                    let has_room = *room > 0;
                    *room = room.saturating_sub(1);
                    has_room
                });
                chosen.map(|it| self.result(it, None)).collect()
            }
        }
    }

    fn result(&self, finding: &'a Finding, by: Option<&'a Silencer>) -> SarifResult<'a> {
        let rules = self.catalogue.rules();
        let labels = finding.labels.iter().enumerate();
        let related = labels.map(|(number, label)| Location {
            id: Some(number + 1),
            message: Some(Text::of(&label.message)),
            ..self.location(label.place)
        });
        let sentence = format!("{}: {}", finding.message, finding.help);
        let (message, related) = match self.reader {
            Reader::Any => (Text::sentence(&sentence), related.collect()),
            Reader::CodeScanning => {
                let labels = finding.labels.iter().take(LINKS);
                let labels = labels.map(|label| label.message.as_str());
                let message = Text::with_links(&sentence, labels);
                (message, related.take(LOCATIONS - 1).collect())
            }
        };
        SarifResult {
            rule_id: finding.rule,
            rule_index: rules.iter().position(|it| it.entry.name == finding.rule),
            level: finding.severity.as_str(),
            message,
            locations: [self.location(finding.place)],
            related_locations: related,
            partial_fingerprints: BTreeMap::from([("dbfence/v1", finding.fingerprint())]),
            fixes: self.fix(finding.fix.as_ref()).into_iter().collect(),
            suppressions: by.map(|by| self.suppression(by)).into_iter().collect(),
            properties: ResultProperties {
                product: finding.subject.product.as_deref(),
                service: finding.subject.service.as_deref(),
                help: &finding.help,
            },
        }
    }

    fn location(&self, place: Place) -> Location {
        let at = range(self.sources, place);
        Location {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: self.artifact(at.path),
                region: region(at),
            },
            message: None,
        }
    }

    /// A fix with the files that it changes, each once.
    fn fix(&self, fix: Option<&'a finding::Fix>) -> Option<Fix<'a>> {
        let fix = fix.filter(|fix| !fix.edits.is_empty())?;
        let mut changes: BTreeMap<_, Vec<Replacement>> = BTreeMap::new();
        for edit in &fix.edits {
            let replacement = Replacement {
                deleted_region: region(range(self.sources, edit.place)),
                inserted_content: Content { text: &edit.text },
            };
            changes
                .entry(edit.place.file)
                .or_default()
                .push(replacement);
        }
        let safety = match fix.safety {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe: decide first",
        };
        let changes = changes.into_iter();
        let changes = changes.map(|(file, replacements)| ArtifactChange {
            artifact_location: self.artifact(&self.sources.file(file).path),
            replacements,
        });
        Some(Fix {
            description: Text::sentence(&format!("{} ({safety})", fix.title)),
            artifact_changes: changes.collect(),
        })
    }

    fn artifact(&self, path: &str) -> ArtifactLocation {
        let path = path_in_repository(self.sources, path);
        ArtifactLocation {
            uri: utf8_percent_encode(&path, IN_A_PATH).to_string(),
            uri_base_id: BASE,
        }
    }

    fn suppression(&self, by: &'a Silencer) -> Suppression<'a> {
        let (kind, place, reason) = match by {
            Silencer::Comment { place, reason } => ("inSource", place, reason),
            Silencer::Debt { place, reason } => ("external", place, reason),
        };
        Suppression {
            kind,
            justification: reason.as_deref(),
            location: self.location(*place),
        }
    }
}

fn region(at: document::Range) -> Region {
    Region {
        start_line: at.line,
        start_column: at.column,
        end_line: at.end_line,
        end_column: at.end_column,
    }
}

fn rule(rule: &Described) -> Rule<'_> {
    let matter = &rule.front_matter;
    let help_uri = document_url_of(rule.entry.category, rule.entry.name);
    let prose = rule.entry.body().split("\n## ").next().unwrap_or_default();
    let prose = prose.trim();
    let severity = matter.severity.severity().unwrap_or(Severity::Warning);
    let articles = matter.articles.iter();
    let articles = articles.map(|number| format!("policy-article-{number}"));
    Rule {
        id: rule.entry.name,
        name: in_pascal_case(rule.entry.name),
        short_description: Text::sentence(&matter.title),
        full_description: Text::of(&first_paragraph(prose)),
        help: Help {
            text: prose,
            markdown: format!("{prose}\n\n[Examples]({help_uri})"),
        },
        default_configuration: Configuration {
            enabled: matter.severity != Level::Off,
            level: severity.as_str(),
        },
        properties: RuleProperties {
            tags: std::iter::once(rule.entry.category.to_owned())
                .chain(articles)
                .collect(),
            precision: match severity {
                Severity::Error => "very-high",
                Severity::Warning => "high",
            },
            problem_severity: severity.as_str(),
        },
        help_uri,
    }
}

fn first_paragraph(prose: &str) -> String {
    let paragraph = prose.split("\n\n").next().unwrap_or_default();
    paragraph.replace('\n', " ")
}

/// `duplicate-port` as `DuplicatePort`: what readers expect of a name beside the id.
fn in_pascal_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}
