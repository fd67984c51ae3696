//! The debt file: findings that are known and let be for now, and what has become of them.

mod file;
mod layout;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use self::layout::{Layout, Planned};
use super::Silencers;
use crate::finding::{DebtState, Edit, Finding, Fix, Label, Outcome, Safety, Silenced, Silencer};
use crate::parse::AllFacts;
use crate::policy::{BrokenConfig, Date, Policy};
use crate::source::{FileId, Kind, Place, SourceFile, Sources, Span, is_within};
use crate::yaml::typed::{self, Setting};

/// Rules of this category are about what silences findings, and nothing holds back what they say.
const ABOUT_SILENCERS: &str = "suppression";

/// Letters of a message that an entry repeats.
const LONGEST_MESSAGE: usize = 400;

/// A finding that is let be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The rule that finds it.
    pub rule: String,
    /// The product's path, for readers.
    pub product: Option<String>,
    /// The service, for readers.
    pub service: Option<String>,
    /// The path of the file that it was found in, for readers.
    pub path: Option<String>,
    /// What was found, for readers.
    pub message: Option<String>,
    /// [`Finding::fingerprint`].
    pub fingerprint: String,
    /// Why it can wait.
    pub reason: Option<String>,
    /// Who will mend it.
    pub owner: Option<String>,
    /// The last day on which it is let be.
    pub expires: Option<Date>,
}

impl Entry {
    /// What entries are sorted by, so that those of one service stand together and two branches that add some
    /// seldom meet.
    fn order(&self) -> (&str, &str, &str, &str, &str) {
        (
            &self.rule,
            self.product.as_deref().unwrap_or_default(),
            self.service.as_deref().unwrap_or_default(),
            self.message.as_deref().unwrap_or_default(),
            &self.fingerprint,
        )
    }

    /// What makes it the entry of a finding. Whoever changes the rule by hand means another one.
    fn identity(&self) -> (String, String) {
        (self.rule.clone(), self.fingerprint.clone())
    }

    /// An entry for a finding.
    fn of(finding: &Finding, sources: &Sources, terms: &Terms) -> Self {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut letters = finding.message.char_indices();
        let message = match letters.nth(LONGEST_MESSAGE) {
            Some((end, _)) => format!("{}…", &finding.message[..end]),
            None => finding.message.clone(),
        };
        Self {
            rule: finding.rule.to_owned(),
            product: filled(&finding.subject.product),
            service: filled(&finding.subject.service),
            path: Some(sources.file(finding.place.file).path.clone()),
            message: Some(message),
            fingerprint: finding.fingerprint(),
            reason: terms.reason.clone(),
            owner: terms.owner.clone(),
            expires: terms.expires,
        }
    }
}

/// What is agreed about new entries.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Why they can wait.
    pub reason: Option<String>,
    /// Who will mend them.
    pub owner: Option<String>,
    /// The last day on which they are let be.
    pub expires: Option<Date>,
}

/// Where the parts of an entry stand.
#[derive(Clone, Copy, Debug)]
struct Spans {
    rule: Span,
    fingerprint: Span,
    expires: Option<Span>,
}

/// What the debt file says, and which findings it holds back.
#[derive(Clone, Debug, Default)]
pub struct Debt {
    file: Option<FileId>,
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
    spans: Vec<Spans>,
    /// The first entry of each rule and fingerprint.
    first: HashMap<(String, String), usize>,
    /// The entries whose finding is still there.
    owed: HashSet<usize>,
    /// The entries whose finding a comment silences.
    left_to_comments: HashSet<usize>,
    today: Option<Date>,
}

impl Debt {
    /// That of a workspace; none where it has no debt file, or a broken one: see [`Debt::read`].
    pub(super) fn of(sources: &Sources, policy: &Policy) -> Self {
        let found = file_of(sources);
        let mut debt = found
            .and_then(|(_, file)| Self::read(&file.text).ok())
            .unwrap_or_default();
        debt.file = found.map(|(id, _)| id);
        debt.today = policy.today;
        debt
    }

    /// Reads a debt file. Unknown keys and values that cannot be are errors.
    pub fn read(text: &str) -> Result<Self, BrokenConfig> {
        let file: Option<file::File> = typed::read(text)?;
        let file = file.unwrap_or_default();
        if let Some(Setting(version)) = file.version.filter(|it| it.0.value != file::VERSION) {
            let message = format!(
                "this is version {} of the baseline, and dbfence {} reads version {}",
                version.value,
                env!("CARGO_PKG_VERSION"),
                file::VERSION
            );
            return Err(broken(version.span, message));
        }
        let mut debt = Self::default();
        for (number, written) in file.entries.into_iter().flatten().enumerate() {
            let (entry, spans) = entry(written, text)?;
            debt.first.entry(entry.identity()).or_insert(number);
            debt.entries.push(entry);
            debt.spans.push(spans);
        }
        Ok(debt)
    }

    /// The entry that a finding stands in.
    fn entry_of(&self, finding: &Finding) -> Option<usize> {
        if self.entries.is_empty() || finding.category == ABOUT_SILENCERS {
            return None;
        }
        let identity = (finding.rule.to_owned(), finding.fingerprint());
        self.first.get(&identity).copied()
    }

    /// The entry that holds a finding back, unless its day has passed; notes that the finding is there.
    pub(super) fn silencer_of(&mut self, finding: &mut Finding) -> Option<Silencer> {
        let number = self.entry_of(finding)?;
        self.owed.insert(number);
        let file = self.file?;
        let (entry, spans) = (&self.entries[number], self.spans[number]);
        let Some((day, span)) = entry
            .expires
            .zip(spans.expires)
            .filter(|_| self.has_expired(number))
        else {
            return Some(Silencer::Debt {
                place: spans.fingerprint.in_file(file),
                reason: entry.reason.clone(),
            });
        };
        finding.labels.push(Label {
            place: span.in_file(file),
            message: format!("this entry held it back until {day}"),
        });
        None
    }

    /// Notes that a comment silences a finding, so that its entry is not needed.
    pub(super) fn leave_to_comment(&mut self, finding: &Finding) {
        self.left_to_comments.extend(self.entry_of(finding));
    }

    fn has_expired(&self, number: usize) -> bool {
        let day = self.entries[number].expires;
        day.zip(self.today).is_some_and(|(day, today)| day < today)
    }

    /// Where the fingerprint of an entry stands in the text.
    pub fn fingerprint_span(&self, number: usize) -> Span {
        self.spans[number].fingerprint
    }

    /// The entries that hold something back and give no reason, each with its fingerprint.
    pub fn without_reason(&self) -> Vec<(Place, &Entry)> {
        let numbered = self.entries.iter().enumerate();
        let silent = numbered.filter(|(number, entry)| {
            entry.reason.is_none() && self.owed.contains(number) && !self.has_expired(*number)
        });
        let placed = silent.filter_map(|(number, entry)| {
            Some((self.fingerprint_span(number).in_file(self.file?), entry))
        });
        placed.collect()
    }
}

/// The debt file of a workspace.
pub fn file_of(sources: &Sources) -> Option<(FileId, &SourceFile)> {
    sources.files().find(|(_, file)| file.kind == Kind::Debt)
}

/// The JSON Schema of the debt file.
pub fn schema() -> Value {
    file::schema()
}

/// Where the page about the debt file is read, as of this version.
fn page_url() -> String {
    format!(
        "https://github.com/dbfence/dbfence/blob/v{}/docs/baseline.md",
        env!("CARGO_PKG_VERSION")
    )
}

fn broken(span: Span, message: impl Into<String>) -> BrokenConfig {
    BrokenConfig {
        message: message.into(),
        span: Some(span),
    }
}

/// Where a text stands in its quotes.
fn unquoted(text: &str, span: Span) -> Span {
    let written = text.get(span.range()).unwrap_or_default();
    let is_quoted = written.len() > 1 && written.starts_with(['"', '\'']);
    if is_quoted {
        Span::new(span.range().start + 1, span.range().end - 1)
    } else {
        span
    }
}

fn entry(written: file::Entry, file: &str) -> Result<(Entry, Spans), BrokenConfig> {
    let text = |setting: Option<Setting<String>>| {
        let text = setting.map(|Setting(text)| text.value);
        text.filter(|text| !text.trim().is_empty())
    };
    let Setting(fingerprint) = written.fingerprint;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if fingerprint.value.len() != 32 || !fingerprint.value.bytes().all(is_digit) {
        let message = "this is no fingerprint: it has 32 of the digits 0 to 9 and a to f; `dbfence baseline` writes them";
        return Err(broken(fingerprint.span, message));
    }
    let expires = written.expires.map(|Setting(day)| {
        let read = Date::read(&day.value).ok_or_else(|| {
            let message = format!("`{}` is no day; write one such as `2027-03-31`", day.value);
            broken(day.span, message)
        });
        read.map(|read| (read, day.span))
    });
    let expires = expires.transpose()?;
    let spans = Spans {
        rule: unquoted(file, written.rule.0.span),
        fingerprint: unquoted(file, fingerprint.span),
        expires: expires.map(|(_, span)| unquoted(file, span)),
    };
    let entry = Entry {
        rule: written.rule.0.value,
        product: text(written.product),
        service: text(written.service),
        path: text(written.path),
        message: text(written.message),
        fingerprint: fingerprint.value,
        reason: text(written.reason),
        owner: text(written.owner),
        expires: expires.map(|(day, _)| day),
    };
    Ok((entry, spans))
}

/// An entry that holds nothing back.
pub struct IdleEntry<'a> {
    /// Its number in the file.
    pub number: usize,
    /// What it says.
    pub entry: &'a Entry,
    /// Where what is wrong about it stands.
    pub place: Place,
    /// Why.
    pub why: Idle,
    /// An edit that removes it, with the comments above it.
    pub fix: Option<Fix>,
}

/// Why an entry holds nothing back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Its finding is not there any more.
    Paid,
    /// An entry above it holds the same finding back. Here is its fingerprint.
    Repeated(Place),
    /// A comment silences its finding.
    Commented,
    /// There is no such rule.
    UnknownRule,
}

impl Silencers<'_> {
    /// The entries of the debt file that hold nothing back. Where a rule is off or rests, or a text cannot be
    /// read, it is not known what would be found, and the entry may be needed tomorrow.
    pub fn idle_entries(&self) -> Vec<IdleEntry<'_>> {
        let Some(file) = self.debt.file else {
            return Vec::new();
        };
        let mut idle = Vec::new();
        let mut layout = None;
        for (number, entry) in self.debt.entries.iter().enumerate() {
            let first = self.debt.first[&entry.identity()];
            let spans = self.debt.spans[number];
            let (why, span) = if self.catalogue.find(&entry.rule).is_none() {
                (Idle::UnknownRule, spans.rule)
            } else if first != number {
                let first = self.debt.spans[first].fingerprint.in_file(file);
                (Idle::Repeated(first), spans.fingerprint)
            } else if self.debt.left_to_comments.contains(&number) {
                (Idle::Commented, spans.fingerprint)
            } else if !self.debt.owed.contains(&number) && self.would_be_found(entry) {
                (Idle::Paid, spans.fingerprint)
            } else {
                continue;
            };
            let source = self.sources.file(file);
            let layout = layout.get_or_insert_with(|| Layout::of(source));
            idle.push(IdleEntry {
                number,
                entry,
                place: span.in_file(file),
                why,
                fix: layout.as_ref().map(|layout| Fix {
                    safety: Safety::Safe,
                    title: "Remove the entry".to_owned(),
                    edits: vec![Edit {
                        place: layout.blocks[number].in_file(file),
                        text: String::new(),
                    }],
                }),
            });
        }
        idle
    }

    /// Whether the finding of an entry would be found if it were there.
    fn would_be_found(&self, entry: &Entry) -> bool {
        let product = entry.product.as_deref();
        let folder = product.filter(|folder| *folder != ".").unwrap_or_default();
        let path = entry.path.as_deref().unwrap_or(folder);
        let level = self.policy.level_at(&entry.rule, path, self.catalogue);
        let is_its_product = |other: Option<&str>| {
            product.is_none() || other.is_none_or(|other| Some(other) == product)
        };
        let mut resting = self.summary.inactive.iter();
        let rests =
            resting.any(|it| it.rule == entry.rule && is_its_product(it.product.as_deref()));
        let mut open = self.summary.open.iter();
        let is_open = open.any(|it| Some(it.product.as_str()) == product);
        let is_obscure = self.unreadable.iter().any(|&file| {
            let file = self.sources.file(file);
            file.path == path || is_of_many(file.kind) && is_within(&file.path, folder)
        });
        level.severity().is_some() && !rests && !is_open && !is_obscure
    }

    /// What has become of the debt.
    pub fn debt_state(&self) -> DebtState {
        let numbers = 0..self.debt.entries.len();
        let idle = self.idle_entries();
        let paid: Vec<usize> = idle.iter().map(|idle| idle.number).collect();
        let is_idle: HashSet<usize> = paid.iter().copied().collect();
        DebtState {
            expired: numbers
                .filter(|number| self.debt.has_expired(*number) && !is_idle.contains(number))
                .collect(),
            paid,
        }
    }
}

/// Whether findings elsewhere stand on what files of a kind say.
pub(super) fn is_of_many(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Registry
            | Kind::Constants
            | Kind::Compose
            | Kind::ComposePart
            | Kind::Env
            | Kind::Prisma
            | Kind::Folder
    )
}

/// Files that could not be read, or not to the end.
pub(super) fn unreadable(sources: &Sources, facts: &AllFacts) -> Vec<FileId> {
    let is_broken = |(id, file): &(FileId, &SourceFile)| {
        file.unreadable.is_some() || !facts[id.0 as usize].problems().is_empty()
    };
    let broken = sources.files().filter(is_broken);
    broken.map(|(id, _)| id).collect()
}

/// A debt file that is to be written.
pub struct Rewritten {
    /// Its text.
    pub text: String,
    /// How many entries are new.
    pub added: usize,
    /// How many entries are not in it any more.
    pub removed: usize,
    /// How many entries stay.
    pub kept: usize,
    /// How many of those that stay have expired and got a new day.
    pub renewed: usize,
}

impl Debt {
    /// The file without the entries that hold nothing back.
    pub fn pruned(&self, sources: &Sources, state: &DebtState) -> Rewritten {
        let removed: HashSet<usize> = state.paid.iter().copied().collect();
        let entries = self.entries.iter().enumerate();
        let planned: Vec<Planned> = entries
            .filter(|(number, _)| !removed.contains(number))
            .map(|(number, entry)| Planned {
                was: Some(number),
                entry,
            })
            .collect();
        Rewritten {
            added: 0,
            removed: removed.len(),
            kept: planned.len(),
            renewed: 0,
            text: layout::written(file_of(sources).map(|it| it.1), &self.entries, planned),
        }
    }

    /// The file with an entry for everything that is found and that no comment silences. What entries say that
    /// are there already stays; those that have expired are renewed where the terms have a day.
    pub fn rewritten(&self, sources: &Sources, outcome: &Outcome, terms: &Terms) -> Rewritten {
        let state = &outcome.debt;
        let is_debt = |it: &&Silenced| matches!(it.by, Silencer::Debt { .. });
        let silenced = outcome.silenced.iter().filter(is_debt);
        let found = outcome.findings.iter();
        let found = found.chain(silenced.map(|it| &it.finding));
        let found = found.filter(|finding| finding.category != ABOUT_SILENCERS);
        let mut removed: HashSet<usize> = state.paid.iter().copied().collect();
        let mut rewritten = self.pruned(sources, state);
        let mut entries: Vec<(Option<usize>, Entry)> = Vec::new();
        for finding in found {
            let mut entry = Entry::of(finding, sources, terms);
            let was = self.entry_of(finding);
            match was {
                None => rewritten.added += 1,
                Some(number) => {
                    removed.insert(number);
                    let old = &self.entries[number];
                    if state.expired.contains(&number) && terms.expires.is_some() {
                        rewritten.renewed += 1;
                        entry.reason = entry.reason.or_else(|| old.reason.clone());
                        entry.owner = entry.owner.or_else(|| old.owner.clone());
                    } else {
                        entry.reason.clone_from(&old.reason);
                        entry.owner.clone_from(&old.owner);
                        entry.expires = old.expires;
                    }
                }
            }
            entries.push((was, entry));
        }
        // What is not known to be paid stays.
        let others = self.entries.iter().enumerate();
        let others = others.filter(|(number, _)| !removed.contains(number));
        entries.extend(others.map(|(number, entry)| (Some(number), entry.clone())));
        let planned = entries
            .iter()
            .map(|(was, entry)| Planned { was: *was, entry });
        let old = file_of(sources).map(|it| it.1);
        rewritten.text = layout::written(old, &self.entries, planned.collect());
        rewritten
    }
}
