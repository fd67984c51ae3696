//! See `rules/suppression/suppression-without-reason.md`.

use crate::finding::{Edit, Fix, Owner, Safety};
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::Place;
use crate::suppress::Silencers;
use crate::suppress::comments::{Comment, Target};

pub(crate) const RULE: Rule = rule!(
    "suppression",
    "suppression-without-reason",
    check,
    Some(review)
);

fn check(_: &Workspace, _: &mut Report) {}

fn review(silencers: &Silencers, report: &mut Report) {
    let comments = silencers.comments.all.iter();
    // What silences nothing has to go, and needs no reason before.
    let in_use = comments.filter(|comment| {
        comment.target != Target::Nothing && !silencers.is_wholly_unused(comment)
    });
    for comment in in_use.filter(|comment| comment.reason.is_none()) {
        let names = names(comment);
        let written = silencers.sources.slice(names);
        let path = &silencers.sources.file(names.file).path;
        let object = format!("{written} in {path}");
        let colon = |stray: &str| format!("{written}: {stray}");
        match &comment.stray {
            Some(stray) => {
                let mut place = names;
                place.span.end = stray.place.span.start;
                report
                    .at(
                        names,
                        "a colon is missing between what is silenced and the reason",
                    )
                    .about(Owner::default(), object)
                    .fix(Fix {
                        safety: Safety::Safe,
                        title: "Put a colon before the reason".to_owned(),
                        edits: vec![Edit {
                            place,
                            text: format!("{}: ", written.trim_end_matches(',')),
                        }],
                    })
                    .help(format!("write `{}`", colon(&stray.value)));
            }
            None => report
                .at(names, "no reason is given for silencing this")
                .about(Owner::default(), object)
                .help(format!("write why behind a colon: `{}`", colon("reason"))),
        }
    }
    silent_debt(silencers, report);
}

/// Entries of the debt file that do not say why they are let be.
fn silent_debt(silencers: &Silencers, report: &mut Report) {
    for (place, entry) in silencers.debt.without_reason() {
        let owner = Owner {
            product: entry.product.clone(),
            service: entry.service.clone(),
        };
        report
            .at(place, "no reason is given for letting this wait")
            .about(owner, &entry.fingerprint)
            .help("write why below it: `reason: …`");
    }
}

/// Where the names of a comment stand.
fn names(comment: &Comment) -> Place {
    let first = comment.rules[0].name.place;
    let last = comment.rules.last().map_or(first, |rule| rule.name.place);
    Place {
        span: first.span.cover(last.span),
        ..first
    }
}
