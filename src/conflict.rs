//! One mistake, one finding: where several rules see the same mistake, the first of a fixed order
//! speaks, and what the others saw becomes its labels.
//!
//! A rule that is off or rests reports nothing, which passes the word to the next by itself.

use std::collections::BTreeMap;

use crate::finding::{Finding, Label, Safety};

/// What rules argue about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// The name of a service's database.
    Database,
    /// The service's connection string: where it is, how it is formed and where it leads.
    Connection,
    /// The URLs of other services that a service calls.
    Calls,
    /// The port that a service listens on.
    Port,
    /// Whether a service's module is where the registry says.
    Module,
    /// The file that creates a product's databases on first start.
    InitSql,
}

/// What is wrong about the attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The attribute as a whole: whatever else is said about it follows from this.
    Everything,
    /// This value.
    Value(String),
}

impl Wrong {
    fn meets(&self, other: &Wrong) -> bool {
        match (self, other) {
            (Wrong::Value(a), Wrong::Value(b)) => a == b,
            _ => true,
        }
    }
}

/// What a finding argues about; whose it is stands in the finding's subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stake {
    /// Which attribute.
    pub attribute: Attribute,
    /// What is wrong about it.
    pub wrong: Wrong,
}

/// A finding, and what it argues about with other rules.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The finding.
    pub finding: Finding,
    /// What it argues about; `None` where no other rule can mean the same mistake.
    pub stake: Option<Stake>,
}

/// Who speaks first.
const ORDER: [(Attribute, &[&str]); 6] = [
    (
        Attribute::Database,
        &[
            "shared-database",
            "database-name-case",
            "stateless-with-database",
            "database-url-missing",
            "database-url-mismatch",
            "init-sql-drift",
            "database-name-mismatch",
        ],
    ),
    (
        Attribute::Connection,
        &["localhost-url", "database-url-format", "database-url-host"],
    ),
    (Attribute::Calls, &["localhost-url", "extra-env-drift"]),
    (Attribute::Port, &["duplicate-port", "service-port-drift"]),
    (Attribute::Module, &["missing-module", "dockerfile-drift"]),
    (
        Attribute::InitSql,
        &["init-sql-not-mounted", "init-sql-drift"],
    ),
];

fn rank(attribute: Attribute, rule: &str) -> usize {
    ORDER
        .iter()
        .find(|(ordered, _)| *ordered == attribute)
        .and_then(|(_, rules)| rules.iter().position(|name| *name == rule))
        .unwrap_or(usize::MAX)
}

/// Leaves one finding a mistake. Drafts must come in the order of the catalogue, so that the outcome
/// does not depend on threads.
pub fn settle(drafts: Vec<Draft>) -> Vec<Finding> {
    let mut settled = Vec::new();
    let mut disputes: BTreeMap<_, Vec<(Wrong, Finding)>> = BTreeMap::new();
    for Draft { finding, stake } in drafts {
        match stake {
            None => settled.push(finding),
            Some(Stake { attribute, wrong }) => {
                let owner = (
                    attribute,
                    finding.subject.product.clone(),
                    finding.subject.service.clone(),
                );
                disputes.entry(owner).or_default().push((wrong, finding));
            }
        }
    }
    for ((attribute, ..), mut claims) in disputes {
        claims.sort_by_key(|(_, finding)| rank(attribute, finding.rule));
        let mut speakers: Vec<(Wrong, Finding)> = Vec::new();
        for (wrong, finding) in claims {
            match speakers.iter_mut().find(|(said, _)| said.meets(&wrong)) {
                Some((_, speaker)) => absorb(speaker, finding),
                None => speakers.push((wrong, finding)),
            }
        }
        settled.extend(speakers.into_iter().map(|(_, finding)| finding));
    }
    merge_shared_places(settled)
}

/// A text that several services use, wrong for each in the same way, is one mistake.
fn merge_shared_places(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut first = std::collections::HashMap::new();
    for finding in findings {
        let key = (finding.rule, finding.place, finding.help.clone());
        if let Some(&index) = first.get(&key) {
            let speaker: &mut Finding = &mut merged[index];
            finding
                .labels
                .into_iter()
                .for_each(|label| add_label(speaker, label));
        } else {
            first.insert(key, merged.len());
            merged.push(finding);
        }
    }
    merged
}

/// What another rule saw of the same mistake becomes a label.
fn absorb(speaker: &mut Finding, other: Finding) {
    if speaker.rule == other.rule
        && let (Some(fix), Some(more)) = (&mut speaker.fix, other.fix)
    {
        if more.safety == Safety::Unsafe {
            fix.safety = Safety::Unsafe;
        }
        for edit in more.edits {
            if !fix.edits.contains(&edit) {
                fix.edits.push(edit);
            }
        }
    }
    if speaker.rule == other.rule && speaker.place == other.place {
        for label in other.labels {
            add_label(speaker, label);
        }
        return;
    }
    let is_same = speaker.message == other.message;
    let seen = Label {
        place: other.place,
        message: if is_same {
            "the same here".to_owned()
        } else {
            other.message
        },
    };
    add_label(speaker, seen);
}

fn add_label(speaker: &mut Finding, label: Label) {
    let known =
        std::iter::once(speaker.place).chain(speaker.labels.iter().map(|known| known.place));
    if !known.into_iter().any(|place| place == label.place) {
        speaker.labels.push(label);
    }
}
