//! Comments that silence findings.

use std::collections::{BTreeMap, HashMap};

use crate::catalogue::Catalogue;
use crate::finding::{Edit, Finding, Silencer};
use crate::parse::{AllFacts, Facts};
use crate::policy::Policy;
use crate::source::{At, FileId, Kind, Place, Placed, SILENCER, SourceFile, Sources, Span};

use super::written::{self, Written};

/// The comments that silence findings, in the order of the files and their texts.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    /// All of them.
    pub all: Vec<Comment>,
    /// Comments that were meant to silence something and do not.
    pub mistaken: Vec<Mistaken>,
    /// The comments about a line, or about a file where there is no line, as numbers in `all`.
    about: HashMap<(FileId, Option<usize>), Vec<usize>>,
    /// What decides about lines, of the files that have such comments.
    layouts: BTreeMap<FileId, Layout>,
}

/// What decides by which comments a place in a file is silenced.
#[derive(Clone, Debug)]
struct Layout {
    /// The texts of several lines that no comment can break.
    unbroken: Vec<Span>,
    /// All comments, and what they are about.
    comments: Vec<(Span, Target)>,
}

/// A comment that silences findings.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The comment, from its keyword to its end.
    pub place: Place,
    /// What it is about.
    pub target: Target,
    /// What it silences.
    pub rules: Vec<Silences>,
    /// Why.
    pub reason: Option<Placed<String>>,
    /// Words that stand where only names of rules may: the reason, with its colon forgotten.
    pub stray: Option<Placed<String>>,
    /// What is to be removed so that nothing of it is left; nothing where the comment says other things too.
    pub removal: Option<Edit>,
}

/// What a comment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// What begins on this line, counted from 0.
    Line(usize),
    /// The whole file.
    File,
    /// Nothing: no line follows.
    Nothing,
}

/// A rule that a comment names.
#[derive(Clone, Debug)]
pub struct Silences {
    /// Its name, as written.
    pub name: Placed<String>,
    /// Whether it has silenced anything.
    pub is_used: bool,
}

/// A comment that was meant to silence something and does not.
#[derive(Clone, Debug)]
pub struct Mistaken {
    /// The keyword, as written.
    pub place: Place,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
    /// What to write.
    pub help: String,
}

impl Comments {
    /// Those of a workspace.
    pub(super) fn of(
        sources: &Sources,
        facts: &AllFacts,
        policy: &Policy,
        catalogue: &Catalogue,
    ) -> Self {
        let mut comments = Self::default();
        if policy.is_without_suppressions {
            return comments;
        }
        for (id, file) in sources.files() {
            if memchr::memmem::find(file.text.as_bytes(), SILENCER.as_bytes()).is_some() {
                comments.read(id, file, &facts[id.0 as usize], catalogue);
            }
        }
        comments
    }

    fn read(&mut self, id: FileId, file: &SourceFile, facts: &Facts, catalogue: &Catalogue) {
        let before = self.all.len();
        let targets = targets(file, facts.comments());
        for (number, &comment) in facts.comments().iter().enumerate() {
            for written in written::read(&file.text, comment, catalogue) {
                match written {
                    Written::Silencer(written) => {
                        let target = if written.is_for_file {
                            Target::File
                        } else {
                            targets[number]
                        };
                        let silences = |name: At<String>| Silences {
                            name: name.in_file(id),
                            is_used: false,
                        };
                        self.all.push(Comment {
                            place: written.span.in_file(id),
                            target,
                            rules: written.rules.into_iter().map(silences).collect(),
                            reason: written.reason.map(|reason| reason.in_file(id)),
                            stray: written.stray.map(|stray| stray.in_file(id)),
                            removal: removal(file, comment, written.span).map(|span| Edit {
                                place: span.in_file(id),
                                text: String::new(),
                            }),
                        });
                    }
                    Written::Mistaken(mistake) => self.mistaken.push(Mistaken {
                        place: mistake.span.in_file(id),
                        message: mistake.message,
                        help: mistake.help,
                    }),
                }
            }
        }
        for (number, comment) in self.all.iter().enumerate().skip(before) {
            let line = match comment.target {
                Target::Line(line) => Some(line),
                Target::File => None,
                Target::Nothing => continue,
            };
            self.about.entry((id, line)).or_default().push(number);
        }
        let comments = facts.comments().iter().copied();
        let layout = Layout {
            unbroken: outermost(facts.unbroken()),
            comments: comments.zip(targets).collect(),
        };
        self.layouts.insert(id, layout);
    }

    /// The comment that silences a finding, one about its line before one about its file; notes that it is
    /// used.
    pub(super) fn silencer_of(&mut self, finding: &Finding, sources: &Sources) -> Option<Silencer> {
        let file = finding.place.file;
        let layout = self.layouts.get(&file)?;
        let lines = layout.lines_of(sources.file(file), finding.place.span);
        let abouts = lines.into_iter().map(Some).chain([None]);
        for about in abouts {
            for &number in self.about.get(&(file, about)).into_iter().flatten() {
                let comment = &mut self.all[number];
                let mut rules = comment.rules.iter_mut();
                if let Some(rule) = rules.find(|rule| rule.name.value == finding.rule) {
                    rule.is_used = true;
                    return Some(Silencer::Comment {
                        place: comment.place,
                        reason: comment.reason.as_ref().map(|reason| reason.value.clone()),
                    });
                }
            }
        }
        None
    }
}

impl Layout {
    /// The lines by which comments are about what stands there. What is found in a comment belongs to the line
    /// that the comment is about, so that others can stand around it.
    fn lines_of(&self, file: &SourceFile, span: Span) -> Vec<usize> {
        let mut lines = lines_of(file, &self.unbroken, span);
        let after = self
            .comments
            .partition_point(|(it, _)| it.start <= span.start);
        let comment = self.comments[..after].last();
        if let Some((_, Target::Line(line))) = comment.filter(|(it, _)| span.start < it.end) {
            lines.push(*line);
        }
        lines
    }
}

/// The lines, counted from 0, by which comments are about what stands there: its own, and the one on which the
/// text begins that no comment can break. The `unbroken` texts are those of [`outermost`].
pub(super) fn lines_of(file: &SourceFile, unbroken: &[Span], span: Span) -> Vec<usize> {
    let mut lines = vec![file.line_of(span.start)];
    let after = unbroken.partition_point(|text| text.start <= span.start);
    let around = unbroken[..after].last();
    if let Some(text) = around.filter(|text| span.start < text.end) {
        lines.push(file.line_of(text.start));
    }
    lines.dedup();
    lines
}

/// The spans that lie in no other one, sorted.
pub(super) fn outermost(spans: &[Span]) -> Vec<Span> {
    let mut spans = spans.to_vec();
    spans.sort_unstable_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut end = 0;
    spans.retain(|span| {
        let is_outside = span.start >= end;
        end = end.max(span.end);
        is_outside
    });
    spans
}

/// The line that each comment is about: its own if something else stands on it before the comment, else that
/// of what comes next.
fn targets(file: &SourceFile, comments: &[Span]) -> Vec<Target> {
    let widened: Vec<Span> = comments
        .iter()
        .map(|&comment| braces_around(file, comment).unwrap_or(comment))
        .collect();
    let mut targets: Vec<Target> = Vec::with_capacity(comments.len());
    let mut behind_code = Vec::with_capacity(comments.len());
    for (number, comment) in widened.iter().enumerate() {
        let line = file.line_span(file.line_of(comment.start)).start;
        let earlier = number.checked_sub(1).map(|it| (it, widened[it]));
        let earlier = earlier.filter(|(_, earlier)| earlier.end > line);
        let from = earlier.map_or(line, |(_, earlier)| earlier.end);
        let between = Span::new(from as usize, comment.start as usize);
        let is_blank = file.slice(between).trim_matches(is_blank).is_empty();
        let is_behind_code = !is_blank
            || earlier.is_some_and(|(it, earlier)| behind_code[it] && earlier.start >= line);
        behind_code.push(is_behind_code);
    }
    let mut next = (file.text.len(), Target::Nothing);
    for (number, comment) in widened.iter().enumerate().rev() {
        let end = (comment.end as usize).min(next.0);
        let rest = file.text[end..next.0].trim_start_matches(is_blank);
        let following = if rest.is_empty() {
            next.1
        } else {
            let at = next.0 - rest.len();
            Target::Line(file.line_of(Span::new(at, at).start))
        };
        next = (comment.start as usize, following);
        targets.push(if behind_code[number] {
            Target::Line(file.line_of(comment.start))
        } else {
            following
        });
    }
    targets.reverse();
    targets
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{feff}'
}

/// The braces that hold nothing but a comment, as elements of JSX need them.
fn braces_around(file: &SourceFile, comment: Span) -> Option<Span> {
    let is_code = matches!(file.kind, Kind::JavaScript | Kind::TypeScript);
    let before = file.text[..comment.start as usize].trim_end();
    let behind = file.text[comment.end as usize..].trim_start();
    let has_both = is_code && before.ends_with('{') && behind.starts_with('}');
    has_both.then(|| {
        let end = file.text.len() - behind.len() + 1;
        Span::new(before.len() - 1, end)
    })
}

/// What has to go so that nothing is left of a comment that holds a silencer and nothing else: its whole
/// lines where nothing else stands on them.
fn removal(file: &SourceFile, comment: Span, silencer: Span) -> Option<Span> {
    let is_mark = |letter: char| letter.is_whitespace() || "/#-*!;".contains(letter);
    let before = Span::new(comment.start as usize, silencer.start as usize);
    let behind = Span::new(silencer.end as usize, comment.end as usize);
    let is_alone = |span: Span| file.slice(span).trim_matches(is_mark).is_empty();
    if !is_alone(before) || !is_alone(behind) {
        return None;
    }
    let whole = braces_around(file, comment).unwrap_or(comment);
    let first = file.line_span(file.line_of(whole.start));
    let last = file.line_span(file.line_of(whole.end));
    let lead = file.slice(Span::new(first.start as usize, whole.start as usize));
    let trail = file.slice(Span::new(whole.end as usize, last.end as usize));
    if !trail.trim().is_empty() {
        let blanks = trail.len() - trail.trim_start().len();
        return Some(Span::new(whole.start as usize, whole.end as usize + blanks));
    }
    if !lead.trim_start_matches('\u{feff}').trim().is_empty() {
        let start = whole.start as usize - (lead.len() - lead.trim_end().len());
        return Some(Span::new(start, last.end as usize));
    }
    let mark = if lead.starts_with('\u{feff}') { 3 } else { 0 };
    let line = file.line_of(whole.end);
    let next = file.line_starts().get(line + 1);
    let end = next.map_or(file.text.len(), |&next| next as usize);
    Some(Span::new(first.start as usize + mark, end))
}
