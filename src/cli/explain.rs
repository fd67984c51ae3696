//! `dbfence explain`.

use std::fmt::Write;

use serde::Serialize;

use super::{Color, Exit, Failure, Outcome, all_rules, output};
use crate::catalogue::{Described, FixClass};

/// Arguments of `dbfence explain`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The rule.
    #[arg(value_name = "RULE", required_unless_present = "all")]
    rule: Option<String>,

    /// Every rule.
    #[arg(long, conflicts_with = "rule")]
    all: bool,

    /// How to write it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ExplainFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ExplainFormat {
    /// For a person.
    Text,
    /// For programs: a list of documents.
    Json,
}

#[derive(Serialize)]
struct JsonDocument<'a> {
    rule: &'a str,
    category: &'a str,
    title: &'a str,
    severity: &'a str,
    articles: &'a [u8],
    since: &'a str,
    fix: Option<&'a str>,
    needs_registry: bool,
    options: Vec<JsonOption<'a>>,
    markdown: &'a str,
}

#[derive(Serialize)]
struct JsonOption<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    default: &'a str,
    doc: &'a str,
}

impl Arguments {
    pub(super) fn run(&self, color: Color) -> Outcome {
        let catalogue = all_rules()?.catalogue();
        let chosen: Vec<&Described> = match &self.rule {
            None => catalogue.rules().iter().collect(),
            Some(name) => vec![catalogue.find(name).ok_or_else(|| {
                Failure::with_help(
                    format!("there is no rule `{name}`"),
                    catalogue.nearest(name).map_or_else(
                        || "`dbfence rules` lists them".to_owned(),
                        |nearest| format!("did you mean `{nearest}`?"),
                    ),
                )
            })?],
        };
        let text = match self.format {
            ExplainFormat::Text => {
                let color = output::style(color).color;
                let pages: Vec<String> = chosen.iter().map(|rule| page(rule, color)).collect();
                pages.join("\n")
            }
            ExplainFormat::Json => {
                let documents: Vec<_> = chosen.iter().map(|rule| json_document(rule)).collect();
                let text = serde_json::to_string_pretty(&documents);
                text.map_err(|error| Failure::new(error.to_string()))? + "\n"
            }
        };
        output::print(&text)?;
        Ok(Exit::Clean)
    }
}

fn fix_name(class: FixClass) -> &'static str {
    match class {
        FixClass::Safe => "safe",
        FixClass::Unsafe => "unsafe",
    }
}

fn json_document(rule: &Described) -> JsonDocument<'_> {
    JsonDocument {
        rule: rule.entry.name,
        category: rule.entry.category,
        title: &rule.front_matter.title,
        severity: rule.front_matter.severity.as_str(),
        articles: &rule.front_matter.articles,
        since: &rule.front_matter.since,
        fix: rule.front_matter.fix.map(fix_name),
        needs_registry: rule.front_matter.needs_registry,
        options: rule
            .front_matter
            .options
            .iter()
            .map(|(name, option)| JsonOption {
                name,
                kind: option.kind.as_str(),
                default: &option.default,
                doc: &option.doc,
            })
            .collect(),
        markdown: rule.entry.body().trim(),
    }
}

/// The document for a terminal: the front matter in words, then the text, its headings set off.
fn page(rule: &Described, color: bool) -> String {
    let strong = |text: &str| {
        if color {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let matter = &rule.front_matter;
    let articles: Vec<String> = matter.articles.iter().map(u8::to_string).collect();
    let mut text = format!(
        "{}: {}\n\n",
        strong(&format!("{}/{}", rule.entry.category, rule.entry.name)),
        matter.title
    );
    let plural = if articles.len() == 1 { "" } else { "s" };
    let _ = write!(
        text,
        "{} by default, since {}; article{plural} {} of the policy",
        matter.severity.as_str(),
        matter.since,
        articles.join(", "),
    );
    if let Some(fix) = matter.fix {
        let _ = write!(text, "; has {} fixes", fix_name(fix));
    }
    if matter.needs_registry {
        text.push_str("; rests for services outside a registry");
    }
    text.push('\n');
    for (name, option) in &matter.options {
        let _ = writeln!(
            text,
            "\n{} ({}): {} Default: {}.",
            strong(&format!("option {name}")),
            option.kind.as_str(),
            option.doc,
            option.default
        );
    }
    for line in rule.entry.body().trim_end().lines() {
        match line.strip_prefix("## ") {
            Some(heading) => text.push_str(&strong(heading)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}
