//! SARIF 2.1.0, as code scanning reads it.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use std::collections::BTreeMap;

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

/// The log, in two-space steps, with a final line break.
pub(super) fn render(sources: &Sources, outcome: &Outcome, catalogue: &Catalogue) -> String {
    let reporter = Reporter { sources, catalogue };
    printed(&reporter.log(outcome))
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    column_kind: &'static str,
    newline_sequences: [&'static str; 3],
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule<'a>>,
}

/// A rule, whether it found something or not: what is not found any more is mended, then.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'static str,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Help<'a>,
    help_uri: String,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    enabled: bool,
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    problem_severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

/// Something that a reader has to know about silence.
#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
struct Base {
    description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
    /// Empty where nothing silences it; without it a reader could not know.
    suppressions: Vec<Suppression<'a>>,
    properties: ResultProperties<'a>,
}

#[derive(Serialize)]
struct ResultProperties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    help: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "SARIF calls it so")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Text,
    artifact_changes: Vec<ArtifactChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Content<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'a str>,
    location: Location,
}

/// A message. Brackets would make links of it and numbered braces placeholders.
#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    /// `sentence`, with a full stop.
    fn sentence(sentence: &str) -> Self {
        Self::of(&format!("{sentence}."))
    }

    fn of(text: &str) -> Self {
        let mut text = text.to_owned();
        if text.contains("](") {
            text = text
                .replace('\\', "\\\\")
                .replace('[', "\\[")
                .replace(']', "\\]");
        }
        Self {
            text: without_placeholders(&text),
        }
    }
}

/// `text` with its `{0}` doubled, as SARIF writes what is no placeholder. Other braces are left alone: `${NAME}`
/// is what people have to find in their files, and no reader takes it for anything else.
fn without_placeholders(text: &str) -> String {
    let mut parts = text.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((number, rest))
                if !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()) =>
            {
                out.push_str("{{");
                out.push_str(number);
                out.push_str("}}");
                out.push_str(rest);
            }
            _ => {
                out.push('{');
                out.push_str(part);
            }
        }
    }
    out
}

/// What every part of the log is made with.
struct Reporter<'a> {
    sources: &'a Sources,
    catalogue: &'a Catalogue,
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
        let notes = summary::notes(self.sources, outcome).into_iter();
        let notifications = notes.map(|note| Notification {
            level: "note",
            message: Text::sentence(&note),
        });
        let base = Base {
            description: Text::of(
                "The root of the repository, or of the workspace where there is none.",
            ),
        };
        let open = outcome.findings.iter();
        let open = open.map(|finding| (finding, None));
        let silenced = outcome.silenced.iter();
        let silenced = silenced.map(|it| (&it.finding, Some(&it.by)));
        let results = open.chain(silenced);
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
            results: results
                .map(|(finding, by)| self.result(finding, by))
                .collect(),
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
        SarifResult {
            rule_id: finding.rule,
            rule_index: rules.iter().position(|it| it.entry.name == finding.rule),
            level: finding.severity.as_str(),
            message: Text::sentence(&format!("{}: {}", finding.message, finding.help)),
            locations: [self.location(finding.place)],
            related_locations: related.collect(),
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
