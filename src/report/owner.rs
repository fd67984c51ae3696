//! Who owns a table or a database, for a person or for programs.

use std::fmt::Write;

use serde::Serialize;

use super::document::{self, Tool};
use super::visible::escaped;
use super::{Paint, Style, pretty};
use crate::finding::{self, Label};
use crate::inventory::{Owner, Range};
use crate::ownership::{Mention, Owned};
use crate::source::Sources;

/// Counts up with every change that a reader of the old shape would not survive.
const SCHEMA_VERSION: u32 = 1;

/// For a person: what it is and whose, the lines that say so, then what touches it, one a line.
pub(super) fn pretty(sources: &Sources, found: &[Owned], style: &Style) -> String {
    let parts: Vec<String> = found.iter().map(|it| part(sources, it, style)).collect();
    parts.join("\n")
}

fn part(sources: &Sources, owned: &Owned, style: &Style) -> String {
    let mut text = style.paint(Paint::Strong, &escaped(&title(owned)));
    text.push('\n');
    let labels: Vec<Label> = owned
        .said
        .iter()
        .filter_map(|mention| {
            Some(Label {
                place: mention.place?,
                message: mention.remark.clone(),
            })
        })
        .collect();
    text.push_str(&pretty::labelled(sources, &labels, style));
    for mention in owned.said.iter().filter(|it| it.place.is_none()) {
        let _ = writeln!(text, "  {}", escaped(&mention.remark));
    }
    let is_own = |mention: &&Mention| mention.owners.iter().any(|it| owned.owners.contains(it));
    let (own, others): (Vec<_>, Vec<_>) = owned.touched.iter().partition(is_own);
    for (heading, mentions) in [("touched by others", others), ("by its owner", own)] {
        if !mentions.is_empty() {
            let _ = writeln!(text, "  {heading}:");
        }
        for mention in mentions {
            let _ = writeln!(text, "    {}", line(sources, mention));
        }
    }
    if owned.touched.is_empty() {
        text.push_str("  nothing else touches it\n");
    }
    text
}

fn title(owned: &Owned) -> String {
    let owners = match owned.owners.as_slice() {
        [] => "no owner is known".to_owned(),
        owners => {
            let owners: Vec<String> = owners.iter().map(owner_name).collect();
            format!("owned by {}", owners.join(", "))
        }
    };
    let databases: Vec<String> = owned.databases.iter().map(|it| format!("`{it}`")).collect();
    let databases = match databases.as_slice() {
        [] => String::new(),
        names => format!(" in {}", names.join(", ")),
    };
    let within = owned.within.as_ref();
    let within = within.map_or_else(String::new, |within| format!(" ({within})"));
    let kind = owned.kind.as_str();
    format!("{kind} `{}`{databases}{within}: {owners}", owned.name)
}

fn owner_name(owner: &finding::Owner) -> String {
    match (&owner.service, &owner.product) {
        (Some(service), Some(product)) => format!("`{service}` of `{product}`"),
        (Some(name), None) | (None, Some(name)) => format!("`{name}`"),
        (None, None) => String::new(),
    }
}

/// `path:line:column: remark`
fn line(sources: &Sources, mention: &Mention) -> String {
    let remark = escaped(&mention.remark);
    match mention.place.map(|place| Range::of(sources, place)) {
        Some(at) => format!("{}:{}:{}: {remark}", escaped(&at.path), at.line, at.column),
        None => remark.into_owned(),
    }
}

/// What is known of a name.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    /// The name as it was asked for.
    name: &'a str,
    found: Vec<Found<'a>>,
}

/// A table or a database of that name.
#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    name: &'a str,
    within: Option<&'a str>,
    databases: &'a [String],
    owners: Vec<Owner>,
    said: Vec<Said<'a>>,
    touched: Vec<Said<'a>>,
}

/// A place that is about it.
#[derive(Serialize)]
struct Said<'a> {
    remark: &'a str,
    owners: Vec<Owner>,
    place: Option<Range>,
}

/// For programs: one document, in two-space steps, with a final line break.
pub(super) fn json(sources: &Sources, name: &str, found: &[Owned]) -> String {
    document::printed(&Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool::THIS,
        name,
        found: found.iter().map(|owned| shape(sources, owned)).collect(),
    })
}

fn shape<'a>(sources: &Sources, owned: &'a Owned) -> Found<'a> {
    let said = |mentions: &'a [Mention]| {
        let mentions = mentions.iter().map(|mention| Said {
            remark: &mention.remark,
            owners: mention.owners.iter().map(Owner::from).collect(),
            place: mention.place.map(|place| Range::of(sources, place)),
        });
        mentions.collect()
    };
    Found {
        kind: owned.kind.as_str(),
        name: &owned.name,
        within: owned.within.as_deref(),
        databases: &owned.databases,
        owners: owned.owners.iter().map(Owner::from).collect(),
        said: said(&owned.said),
        touched: said(&owned.touched),
    }
}
