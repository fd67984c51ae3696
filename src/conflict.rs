//! One mistake, one finding: where several rules see the same mistake, the first of a fixed order
//! speaks, and what the others saw becomes its labels.
//!
//! A rule that is off or rests reports nothing, which passes the word to the next by itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::finding::{Finding, Label, Owner, Safety, Severity};
use crate::source::{FileId, Kind, Place, SourceFile, Sources};

/// What rules argue about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// The name of a service's database.
    Database,
    /// The service's connection string: where it is, how it is formed and where it leads.
    Connection,
    /// Whether a service is in the registry at all.
    Entry,
    /// The URLs of other services that a service calls.
    Calls,
    /// Which services a service must wait for.
    Dependencies,
    /// The name that a service goes by: its key and its hostname.
    Name,
    /// The port that a service listens on, and the one that it is published on.
    Port,
    /// Whether a stack runs what its services need, by the name that they know.
    Container,
    /// Whether a service's module is where the registry says.
    Module,
    /// The file that creates a product's databases on first start.
    InitSql,
    /// A further variable of a service, by its name.
    Environment,
    /// A generated file, by what the registry implies of it and it does not hold.
    Generated,
    /// The routes of a product: which service serves which path.
    Route,
    /// The user that a service connects as.
    Role,
    /// The user that a Postgres server begins with.
    Superuser,
    /// A connection string in the code of a service, by where it stands.
    Literal,
    /// What the SQL of a service touches, by file and name.
    Sql,
    /// The kind of database that a service's schema and migrations are for.
    Provider,
    /// The migrations of a service, as others have applied them.
    Migrations,
    /// What a service's schema and migrations make of a table, by the table's name.
    Table,
}

/// What is wrong about the attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The attribute as a whole: whatever else is said about it follows from this.
    Everything,
    /// This value.
    Value(String),
}

/// What a finding argues about.
#[derive(Clone, Debug)]
pub struct Stake {
    /// Whose attribute it is, which may be another service than the one that the finding is about.
    pub owner: Owner,
    /// Which attribute.
    pub attribute: Attribute,
    /// What is wrong about it.
    pub wrong: Wrong,
}

/// What is argued about: an attribute, and whose it is.
pub type Subject = (Attribute, Owner);

/// A finding, and what it argues about with other rules.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The finding.
    pub finding: Finding,
    /// What it argues about; `None` where no other rule can mean the same mistake.
    pub stake: Option<Stake>,
}

impl Draft {
    /// The same, with the weight that its finding has here.
    #[must_use]
    pub fn at_severity(mut self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }
}

/// Who speaks first.
const ORDER: [(Attribute, &[&str]); 20] = [
    (
        Attribute::Database,
        &[
            "shared-database",
            "database-name-case",
            "stateless-with-database",
            "database-url-missing",
            "extra-env-drift",
            "foreign-migration",
            "database-url-mismatch",
            "init-sql-drift",
            "generated-file-edited",
            "start-script-drift",
            "unprovisioned-database",
            "orphan-database",
            "manifest-drift",
            "proxy-drift",
            "second-connection",
            "connection-drift",
            "database-name-mismatch",
            "init-sql-aborts",
            "missing-prisma-schema",
            "database-url-scheme",
            "hardcoded-credential",
            "unresolved-variable",
        ],
    ),
    (
        Attribute::Connection,
        &["localhost-url", "database-url-format", "database-url-host"],
    ),
    (
        Attribute::Entry,
        &[
            "unregistered-module",
            "init-sql-drift",
            "generated-file-edited",
            "init-sql-aborts",
            "start-script-drift",
            "unknown-dependency",
            "extra-env-target",
            "unregistered-compose-service",
            "manifest-drift",
            "proxy-drift",
        ],
    ),
    (
        Attribute::Dependencies,
        &[
            "dependency-cycle",
            "layer-dependency",
            "undefined-reference",
            "missing-depends-on",
            "redis-drift",
        ],
    ),
    (
        Attribute::Calls,
        &["localhost-url", "extra-env-drift", "undeclared-service-url"],
    ),
    (
        Attribute::Name,
        &[
            "service-key-case",
            "hostname-mismatch",
            "unknown-dependency",
        ],
    ),
    (
        Attribute::Port,
        &[
            "duplicate-port",
            "service-port-drift",
            "duplicate-published-port",
            "extra-env-target",
            "manifest-drift",
            "proxy-drift",
        ],
    ),
    (
        Attribute::Container,
        &[
            "missing-compose-service",
            "missing-module",
            "init-sql-drift",
            "generated-file-edited",
            "start-script-drift",
            "single-dev-postgres",
            "undefined-reference",
            "database-url-host",
            "redis-drift",
            "unknown-dependency",
            "extra-env-target",
            "database-name-mismatch",
        ],
    ),
    (
        Attribute::Module,
        &[
            "missing-module",
            "dockerfile-drift",
            "unregistered-module",
            "start-script-drift",
            "layer-mismatch",
            "shared-prisma-schema",
        ],
    ),
    (
        Attribute::InitSql,
        &[
            "init-sql-not-mounted",
            "init-sql-drift",
            "generated-file-edited",
            "init-sql-aborts",
            "unprovisioned-database",
        ],
    ),
    (
        Attribute::Environment,
        &[
            "connection-string-in-extra-env",
            "second-connection",
            "prisma-datasource-url",
            "client-url-override",
            "foreign-migration",
            "hardcoded-credential",
        ],
    ),
    (
        Attribute::Superuser,
        &[
            "init-sql-aborts",
            "role-mismatch",
            "init-sql-drift",
            "generated-file-edited",
        ],
    ),
    (
        Attribute::Role,
        &[
            "role-mismatch",
            "init-sql-drift",
            "generated-file-edited",
            "init-sql-aborts",
        ],
    ),
    (
        Attribute::Generated,
        &["init-sql-drift", "generated-file-edited"],
    ),
    (Attribute::Route, &["manifest-drift", "proxy-drift"]),
    (
        Attribute::Literal,
        &[
            "literal-url-fallback",
            "client-url-override",
            "hardcoded-credential",
        ],
    ),
    (
        Attribute::Sql,
        &["foreign-table", "cross-database-query", "unknown-table"],
    ),
    (Attribute::Provider, &["prisma-provider", "migration-lock"]),
    (
        Attribute::Migrations,
        &["migration-edited", "missing-migrations", "schema-drift"],
    ),
    (
        Attribute::Table,
        &[
            "table-owned-twice",
            "foreign-table",
            "table-name-case",
            "schema-drift",
        ],
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
/// does not depend on threads. `joined` leads from what is argued about to what it follows from.
pub fn settle(drafts: Vec<Draft>, joined: &BTreeMap<Subject, Subject>) -> Vec<Finding> {
    let mut settled = Vec::new();
    let mut disputes: BTreeMap<_, Vec<(Wrong, Finding)>> = BTreeMap::new();
    for Draft { finding, stake } in drafts {
        match stake {
            None => settled.push(finding),
            Some(Stake {
                owner,
                attribute,
                wrong,
            }) => {
                let subject = (attribute, owner);
                let subject = joined.get(&subject).cloned().unwrap_or(subject);
                disputes.entry(subject).or_default().push((wrong, finding));
            }
        }
    }
    for ((attribute, ..), mut claims) in disputes {
        claims.sort_by_key(|(_, finding)| rank(attribute, finding.rule));
        settled.extend(speakers(claims));
    }
    merge_shared_places(settled)
}

/// Of findings about one attribute of one service, in the order of their rules, those that speak. Two mean
/// the same mistake if they name the same wrong value, or if one of them means everything.
fn speakers(claims: Vec<(Wrong, Finding)>) -> Vec<Finding> {
    let mut speakers: Vec<Finding> = Vec::new();
    let mut by_value: HashMap<String, usize> = HashMap::new();
    let mut first_means_everything = false;
    for (wrong, finding) in claims {
        let said = match &wrong {
            _ if speakers.is_empty() => None,
            Wrong::Everything => Some(0),
            Wrong::Value(_) if first_means_everything => Some(0),
            Wrong::Value(value) => by_value.get(value).copied(),
        };
        if let Some(number) = said {
            absorb(&mut speakers[number], finding);
            continue;
        }
        match wrong {
            Wrong::Everything => first_means_everything = true,
            Wrong::Value(value) => {
                by_value.insert(value, speakers.len());
            }
        }
        speakers.push(finding);
    }
    speakers
}

/// A text that several services use, wrong for each in the same way, is one mistake.
fn merge_shared_places(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut first: HashMap<_, (usize, HashSet<Place>)> = HashMap::new();
    for finding in findings {
        let key = (finding.rule, finding.place, finding.help.clone());
        if let Some((index, known)) = first.get_mut(&key) {
            let speaker = &mut merged[*index];
            if known.is_empty() {
                known.insert(speaker.place);
                known.extend(speaker.labels.iter().map(|label| label.place));
            }
            let new = finding.labels.into_iter();
            speaker
                .labels
                .extend(new.filter(|label| known.insert(label.place)));
        } else {
            first.insert(key, (merged.len(), HashSet::new()));
            merged.push(finding);
        }
    }
    merged
}

/// What stands near a syntax error was read wrongly along with it, and what is said about it becomes a
/// label.
pub fn without_echoes(findings: Vec<Finding>, sources: &Sources) -> Vec<Finding> {
    let mut speakers: BTreeMap<(FileId, usize), usize> = BTreeMap::new();
    for (number, finding) in findings.iter().enumerate() {
        if finding.rule == "syntax-error" {
            let file = finding.place.file;
            let source = sources.file(file);
            let line = source.line_of(finding.place.span.start);
            let reach = match source.kind {
                Kind::Compose => reach_in_yaml(source, line),
                _ => line..=line,
            };
            for line in reach {
                speakers.entry((file, line)).or_insert(number);
            }
        }
    }
    let mut said: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
    for number in 0..said.len() {
        let Some(place) = said[number].as_ref().map(|finding| finding.place) else {
            continue;
        };
        let source = sources.file(place.file);
        let first = source.line_of(place.span.start);
        let last = source.line_of(place.span.end);
        let mut near = speakers.range((place.file, first)..=(place.file, last));
        let speaker = near.next().map(|(_, speaker)| *speaker);
        if let Some(speaker) = speaker.filter(|&speaker| speaker != number)
            && said[speaker].is_some()
            && let Some(echo) = said[number].take()
            && let Some(speaker) = &mut said[speaker]
        {
            absorb(speaker, echo);
        }
    }
    said.into_iter().flatten().collect()
}

/// The lines of a YAML file that an error on one of them reaches: the line above, whose value may run into
/// it, and the rest of the block that it stands in, since two blocks may have run together. Blocks that
/// are not indented twice stand on their own.
fn reach_in_yaml(source: &SourceFile, line: usize) -> std::ops::RangeInclusive<usize> {
    let lines = source.line_starts().len();
    let indent = |line: usize| {
        let text = source.slice(source.line_span(line));
        let content = text.trim_start();
        let is_content = !content.is_empty() && !content.starts_with('#');
        is_content.then(|| text.len() - content.len())
    };
    let own = indent(line).unwrap_or(0);
    let mut outer: Vec<usize> = (0..line)
        .filter_map(indent)
        .filter(|it| *it < own)
        .collect();
    outer.sort_unstable();
    outer.dedup();
    let is_inner = outer.len() > 1;
    let is_outside =
        |&line: &usize| indent(line).is_some_and(|it| it < own || it == own && !is_inner);
    let end = (line + 1..lines).find(is_outside).unwrap_or(lines);
    line.saturating_sub(1)..=end - 1
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
