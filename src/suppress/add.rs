//! Writes the comments that silence findings.
//!
//! Where a comment may stand is a question of many languages, and the answer is tried: a check of the texts
//! with the comments in them has to silence what is meant and to find nothing new.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::catalogue::Catalogue;
use crate::finding::{Edit, Finding, Fix, Outcome, Safety, Silencer};
use crate::fix;
use crate::parse::AllFacts;
use crate::policy::Policy;
use crate::source::{FileId, Kind, SILENCER, SourceFile, Sources, Span};

use super::comments::{Comments, Target, lines_of, outermost};

/// What came of it.
#[derive(Debug, Default)]
pub struct Added {
    /// The texts with the comments in them.
    pub texts: BTreeMap<FileId, String>,
    /// How many findings they silence.
    pub silenced: usize,
    /// The findings that no comment silences, each with the reason in words that end a sentence.
    pub left: Vec<(Finding, &'static str)>,
}

/// What is asked while comments are tried.
pub struct Judges<'j> {
    /// Checks texts.
    pub check: &'j mut dyn FnMut(&Sources) -> Outcome,
    /// Whether a program writes a file.
    pub is_generated: &'j dyn Fn(FileId) -> bool,
    /// The rules that exist.
    pub catalogue: &'j Catalogue,
}

/// How many checks may be spent on files in which not all comments can stand together.
const MOST_TRIALS: usize = 100;

/// How a comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// To the end of a line.
    Line,
    /// Among elements of JSX.
    Element,
}

/// A finding and how the comment is written that silences it.
type Wanted<'f> = (&'f Finding, Form);

/// Puts comments with a reason into texts, so that they silence `findings`. The sources are left as they were.
pub fn add(
    sources: &mut Sources,
    facts: &AllFacts,
    findings: &[Finding],
    reason: &str,
    judges: &mut Judges<'_>,
) -> Added {
    let mut added = Added::default();
    let mut by_file: BTreeMap<FileId, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        match obstacle(sources, finding, judges) {
            Some(why) => added.left.push((finding.clone(), why)),
            None => by_file.entry(finding.place.file).or_default().push(finding),
        }
    }
    let comments = Comments::of(sources, facts, &Policy::default(), judges.catalogue);
    let before = fingerprints(&(judges.check)(sources));
    let writer = Writer {
        facts,
        comments: &comments,
        reason,
    };
    // Nearly all can be written at once.
    let mut accepted: BTreeMap<FileId, Vec<Wanted<'_>>> = BTreeMap::new();
    for (&file, findings) in &by_file {
        let wanted = findings.iter().map(|finding| (*finding, Form::Line));
        accepted.insert(file, wanted.collect());
    }
    let failed = writer.failing(sources, &accepted, &before, judges);
    let mut trials = 0;
    for file in failed {
        accepted.insert(file, Vec::new());
        for finding in &by_file[&file] {
            let is_code = matches!(sources.file(file).kind, Kind::TypeScript | Kind::JavaScript);
            let forms: &[Form] = if is_code {
                &[Form::Line, Form::Element]
            } else {
                &[Form::Line]
            };
            let works = forms.iter().any(|&form| {
                trials += 1;
                let mut trial = accepted.clone();
                trial.entry(file).or_default().push((finding, form));
                let works = trials <= MOST_TRIALS
                    && !writer
                        .failing(sources, &trial, &before, judges)
                        .contains(&file);
                if works {
                    accepted = trial;
                }
                works
            });
            if !works {
                let why = "no comment about it can stand there";
                added.left.push(((*finding).clone(), why));
            }
        }
    }
    added.silenced = accepted.values().map(Vec::len).sum();
    added.texts = writer.texts(sources, &accepted);
    added.left.sort_by_key(|(finding, _)| finding.place);
    added
}

/// Why no comment silences a finding, whatever its place.
fn obstacle(sources: &Sources, finding: &Finding, judges: &Judges<'_>) -> Option<&'static str> {
    let file = sources.file(finding.place.file);
    if file.unreadable.is_some() {
        return Some("it cannot be read");
    }
    if marks(file.kind).is_none() {
        return Some("files of this kind have no comments");
    }
    if finding.category == "suppression" && finding.rule != "unused-suppression"
        || finding.rule == "unused-suppression" && file.kind != Kind::Config
    {
        return Some("it is about what silences others");
    }
    if file.kind == Kind::Migration {
        return Some("a migration must not change once it is applied");
    }
    if (judges.is_generated)(finding.place.file) {
        return Some("the file is generated, so that the next run would remove the comment");
    }
    None
}

/// What begins a comment to the end of the line.
fn marks(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Registry
        | Kind::PrismaConfig
        | Kind::Constants
        | Kind::Prisma
        | Kind::TypeScript
        | Kind::JavaScript => Some("//"),
        Kind::Compose
        | Kind::ComposePart
        | Kind::Env
        | Kind::Dockerfile
        | Kind::Deployment
        | Kind::Nginx
        | Kind::Manifest
        | Kind::Shell
        | Kind::Config
        | Kind::MigrationLock => Some("#"),
        Kind::Sql | Kind::Migration => Some("--"),
        Kind::Generator | Kind::Package | Kind::Debt | Kind::Folder | Kind::TypeScriptConfig => {
            None
        }
    }
}

/// Everything that a check says, silenced or not.
fn fingerprints(outcome: &Outcome) -> HashSet<String> {
    let silenced = outcome.silenced.iter().map(|silenced| &silenced.finding);
    let all = outcome.findings.iter().chain(silenced);
    all.map(Finding::fingerprint).collect()
}

struct Writer<'a> {
    facts: &'a AllFacts,
    comments: &'a Comments,
    reason: &'a str,
}

impl Writer<'_> {
    /// The files in which comments do not silence what they should, or in which something new is found.
    fn failing(
        &self,
        sources: &mut Sources,
        wanted: &BTreeMap<FileId, Vec<Wanted<'_>>>,
        before: &HashSet<String>,
        judges: &mut Judges<'_>,
    ) -> BTreeSet<FileId> {
        let texts = self.texts(sources, wanted);
        let originals: Vec<(FileId, _)> = texts
            .into_iter()
            .map(|(file, text)| (file, sources.set_text(file, text)))
            .collect();
        let outcome = (judges.check)(sources);
        for (file, text) in originals {
            sources.set_text(file, text);
        }
        let by_comment = outcome.silenced.iter();
        let by_comment = by_comment.filter(|it| matches!(it.by, Silencer::Comment { .. }));
        let silenced: HashSet<String> = by_comment.map(|it| it.finding.fingerprint()).collect();
        let new = outcome.findings.iter();
        let new = new.filter(|finding| !before.contains(&finding.fingerprint()));
        let missed = wanted.iter().filter(|(_, wanted)| {
            let mut wanted = wanted.iter();
            !wanted.all(|(finding, _)| silenced.contains(&finding.fingerprint()))
        });
        let missed = missed.map(|(&file, _)| file);
        new.map(|finding| finding.place.file)
            .chain(missed)
            .filter(|file| wanted.contains_key(file))
            .collect()
    }

    /// The texts with all comments in them.
    fn texts(
        &self,
        sources: &Sources,
        wanted: &BTreeMap<FileId, Vec<Wanted<'_>>>,
    ) -> BTreeMap<FileId, String> {
        let fixes = wanted.iter().map(|(&file, wanted)| Fix {
            safety: Safety::Safe,
            title: String::new(),
            edits: self.edits(sources, file, wanted),
        });
        let fixes: Vec<Fix> = fixes.collect();
        fix::apply(sources, &fixes)
    }

    fn edits(&self, sources: &Sources, id: FileId, wanted: &[Wanted<'_>]) -> Vec<Edit> {
        let file = sources.file(id);
        let unbroken = outermost(self.facts[id.0 as usize].unbroken());
        let mut by_line: BTreeMap<(usize, Form), BTreeSet<&str>> = BTreeMap::new();
        for (finding, form) in wanted {
            let lines = lines_of(file, &unbroken, finding.place.span);
            // Within an unbroken text no comment can stand.
            let line = lines.last().copied().unwrap_or_default();
            by_line
                .entry((line, *form))
                .or_default()
                .insert(finding.rule);
        }
        let mut edits = Vec::new();
        for ((line, form), rules) in by_line {
            let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
            edits.extend(match self.kindred(id, line) {
                Some(end) => Some(Edit {
                    place: Span::new(end, end).in_file(id),
                    text: format!(", {rules}"),
                }),
                None => self
                    .line_above(file, line, form, &rules)
                    .map(|(at, text)| Edit {
                        place: Span::new(at, at).in_file(id),
                        text,
                    }),
            });
        }
        edits
    }

    /// Where the names end in a comment that is about a line already and gives the same reason.
    fn kindred(&self, id: FileId, line: usize) -> Option<usize> {
        let mut comments = self.comments.all.iter();
        let comment = comments.find(|comment| {
            let reason = comment.reason.as_ref();
            comment.place.file == id
                && comment.target == Target::Line(line)
                && reason.is_some_and(|reason| reason.value == self.reason)
        })?;
        Some(comment.rules.last()?.name.place.span.end as usize)
    }

    /// A line with a comment, and where to put it so that it comes before another line.
    fn line_above(
        &self,
        file: &SourceFile,
        line: usize,
        form: Form,
        rules: &str,
    ) -> Option<(usize, String)> {
        let below = file.line_span(line);
        let text = file.slice(below);
        let mark = text
            .strip_prefix('\u{feff}')
            .map_or(0, |_| '\u{feff}'.len_utf8());
        let text = &text[mark..];
        // The system reads the first line of a script.
        if text.starts_with("#!") {
            return None;
        }
        let indent = &text[..text.len() - text.trim_start().len()];
        let comment = format!("{SILENCER} {rules}: {}", self.reason);
        let comment = match form {
            Form::Line => format!("{} {comment}", marks(file.kind)?),
            Form::Element => format!("{{/* {} */}}", comment.replace("*/", "* /")),
        };
        let line_break = line_break(file, line);
        let at = below.start as usize + mark;
        Some((at, format!("{indent}{comment}{line_break}")))
    }
}

/// What ends a line; on the last one, what ends the line before.
fn line_break(file: &SourceFile, line: usize) -> &str {
    let starts = file.line_starts();
    let of = |line: usize| {
        let next = *starts.get(line + 1)? as usize;
        Some(&file.text[file.line_span(line).end as usize..next])
            .filter(|it| matches!(*it, "\r\n" | "\n" | "\r"))
    };
    of(line)
        .or_else(|| of(line.checked_sub(1)?))
        .unwrap_or("\n")
}
