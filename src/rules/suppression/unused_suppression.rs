//! See `rules/suppression/unused-suppression.md`.

use crate::finding::{Edit, Fix, Owner, Safety};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::SILENCER;
use crate::suppress::Silencers;
use crate::suppress::comments::{Comment, Target};
use crate::suppress::debt::Idle;

pub(crate) const RULE: Rule = rule!("suppression", "unused-suppression", check, Some(review));

fn check(workspace: &Workspace, report: &mut Report) {
    for exception in workspace.unused_exceptions() {
        let owner = Owner {
            product: None,
            service: Some(exception.service),
        };
        report
            .at(
                exception.place,
                format!("this exception allows nothing: {}", exception.what),
            )
            .about(owner, exception.table)
            .fix(exception.fix)
            .help(exception.help);
    }
}

fn review(silencers: &Silencers, report: &mut Report) {
    mistaken(silencers, report);
    for comment in &silencers.comments.all {
        let path = &silencers.sources.file(comment.place.file).path;
        if comment.target == Target::Nothing {
            report
                .at(
                    comment.place,
                    "this comment silences nothing: no line follows that it could be about",
                )
                .about(Owner::default(), path.clone())
                .fix(removal(comment))
                .help(format!(
                    "move it above the line that is meant, or write `{SILENCER}-file` if the whole file is"
                ));
            continue;
        }
        unused(silencers, comment, report);
    }
    idle_debt(silencers, report);
}

fn mistaken(silencers: &Silencers, report: &mut Report) {
    for mistaken in &silencers.comments.mistaken {
        let path = &silencers.sources.file(mistaken.place.file).path;
        report
            .at(mistaken.place, mistaken.message.clone())
            .about(Owner::default(), path.clone())
            .help(mistaken.help.clone());
    }
}

fn unused(silencers: &Silencers, comment: &Comment, report: &mut Report) {
    let path = &silencers.sources.file(comment.place.file).path;
    let file = silencers.sources.file(comment.place.file);
    let place = match comment.target {
        Target::File => "in this file",
        Target::Line(line) if line == file.line_of(comment.place.span.start) => "on this line",
        _ => "on the line that follows",
    };
    for (number, rule) in comment.rules.iter().enumerate() {
        let name = &rule.name.value;
        let object = format!("{name} in {path}");
        if silencers.catalogue.find(name).is_none() {
            let what = if silencers.catalogue.has_category(name) {
                "is a category, and a comment names rules"
            } else {
                "is no rule"
            };
            let help = match silencers.nearest_rule(name) {
                Some(nearest) => format!("write `{nearest}`"),
                None => {
                    "write the name of the rule as reports have it, and the reason behind a colon"
                        .to_owned()
                }
            };
            report
                .at(
                    rule.name.place,
                    format!("`{name}` {what}: nothing is silenced"),
                )
                .about(Owner::default(), object)
                .help(help);
        } else if !rule.is_used && silencers.was_asked(name, comment.place.file) {
            report
                .at(
                    rule.name.place,
                    format!(
                        "`{name}` finds nothing {place}, so that this comment silences nothing"
                    ),
                )
                .about(Owner::default(), object)
                .fix(without(silencers, comment, number))
                .help(if silencers.is_wholly_unused(comment) {
                    "remove the comment".to_owned()
                } else {
                    format!("remove `{name}`")
                });
        }
    }
}

/// Takes a comment away.
fn removal(comment: &Comment) -> Option<Fix> {
    Some(Fix {
        safety: Safety::Safe,
        title: "Remove the comment".to_owned(),
        edits: vec![comment.removal.clone()?],
    })
}

/// Takes a rule out of a comment, or the comment away where all of its rules are unused.
fn without(silencers: &Silencers, comment: &Comment, number: usize) -> Option<Fix> {
    let mut names = comment.rules.iter().map(|rule| &rule.name.value);
    if silencers.is_wholly_unused(comment)
        && names.all(|name| silencers.catalogue.find(name).is_some())
    {
        return removal(comment);
    }
    let own = comment.rules[number].name.place;
    let mut place = own;
    match comment.rules.get(number + 1) {
        Some(next) => place.span.end = next.name.place.span.start,
        None => place.span.start = comment.rules[number - 1].name.place.span.end,
    }
    Some(Fix {
        safety: Safety::Safe,
        title: format!("Remove `{}`", comment.rules[number].name.value),
        edits: vec![Edit {
            place,
            text: String::new(),
        }],
    })
}

/// Entries of the debt file that hold nothing back.
fn idle_debt(silencers: &Silencers, report: &mut Report) {
    for idle in silencers.idle_entries() {
        let rule = &idle.entry.rule;
        let owner = Owner {
            product: idle.entry.product.clone(),
            service: idle.entry.service.clone(),
        };
        let remove = "remove the entry, or run `dbfence baseline --prune`".to_owned();
        let nearest = silencers.nearest_rule(rule);
        let (message, help) = match idle.why {
            Idle::Paid => (
                format!("this entry holds nothing back: `{rule}` does not find it any more"),
                remove,
            ),
            Idle::Commented => (
                "this entry holds nothing back: a comment silences what it is for".to_owned(),
                remove,
            ),
            Idle::Repeated(_) => ("this entry is there twice".to_owned(), remove),
            Idle::UnknownRule => (
                format!("this entry holds nothing back: there is no rule `{rule}`"),
                nearest.map_or(remove, |it| format!("write `{it}`, or remove the entry")),
            ),
        };
        let first = match idle.why {
            Idle::Repeated(first) => Some((first, "the first one".to_owned())),
            _ => None,
        };
        let is_slip = idle.why == Idle::UnknownRule && nearest.is_some();
        report
            .at(idle.place, message)
            .about(owner, &idle.entry.fingerprint)
            .because_all(first)
            .fix(idle.fix.filter(|_| !is_slip))
            .help(help);
    }
}
