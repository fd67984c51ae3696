//! What stands in or beside a text that could not be read: nobody can tell whether it was meant as it
//! was read, so it counts as unknown, for a cause that is a finding of its own.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::registry::{Entry, Field, Held, Registry};
use crate::model::value::{Dynamic, Origin};
use crate::parse::{Facts, Problem};
use crate::source::{FileId, Place, Sources, Span};

/// The texts that could not be read, each with the white space, commas and quotes around it.
pub(super) struct Damage {
    /// Sorted, and none touches the next.
    by_file: HashMap<FileId, Vec<Span>>,
}

impl Damage {
    /// The damage of all scripts.
    pub(super) fn of(sources: &Sources, facts: &[Arc<Facts>]) -> Self {
        let by_file = sources
            .files()
            .filter_map(|(id, file)| match facts[id.0 as usize].as_ref() {
                Facts::Script(script) if !script.problems.is_empty() => {
                    Some((id, widened(&file.text, &script.problems)))
                }
                _ => None,
            })
            .collect();
        Self { by_file }
    }

    /// Whether a part of a file could not be read.
    fn is_in(&self, file: FileId) -> bool {
        self.by_file.contains_key(&file)
    }

    /// Whether a place overlaps or touches some damage.
    pub(super) fn reaches(&self, place: Place) -> bool {
        self.by_file.get(&place.file).is_some_and(|damage| {
            let next = damage.partition_point(|span| span.end < place.span.start);
            damage
                .get(next)
                .is_some_and(|span| span.start <= place.span.end)
        })
    }
}

fn widened(text: &str, problems: &[Problem]) -> Vec<Span> {
    let is_between = |char: char| char.is_whitespace() || matches!(char, ',' | '"' | '\'' | '`');
    let mut damage: Vec<Span> = Vec::new();
    for Problem { span, .. } in problems {
        let range = span.range();
        let before = text.get(..range.start).unwrap_or_default();
        let behind = text.get(range.end..).unwrap_or_default();
        let start = before.trim_end_matches(is_between).len();
        let end = text.len() - behind.trim_start_matches(is_between).len();
        let wide = Span::new(start, end);
        match damage.last_mut() {
            Some(last) if wide.start <= last.end => *last = last.cover(wide),
            _ => damage.push(wide),
        }
    }
    damage
}

fn broken(place: Place) -> Dynamic {
    Dynamic {
        place,
        what: "a syntax error".to_owned(),
        broken: true,
    }
}

impl Dynamic {
    fn doubt(&mut self, damage: &Damage) {
        self.broken |= damage.reaches(self.place);
    }
}

impl Registry {
    /// The registry with everything unknown that damage reaches.
    pub(super) fn in_doubt(mut self, damage: &Damage) -> Self {
        for dynamic in &mut self.open {
            dynamic.doubt(damage);
        }
        // A lost bracket puts members where they do not belong.
        self.misplaced
            .retain(|misplaced| !damage.is_in(misplaced.place.file));
        self.repeated.retain(|key| !damage.is_in(key.place.file));
        for entry in &mut self.entries {
            entry.doubt(damage);
        }
        self
    }
}

impl Entry {
    fn doubt(&mut self, damage: &Damage) {
        if damage.reaches(self.key.place) {
            // Whether it is an entry at all is not known.
            *self = Entry::unknown(self.key.clone(), self.place, &broken(self.key.place));
            return;
        }
        for dynamic in &mut self.dynamic {
            dynamic.doubt(damage);
        }
        let hurt = Some(self.place).filter(|&place| damage.reaches(place));
        for text in [
            &mut self.hostname,
            &mut self.database,
            &mut self.dockerfile,
            &mut self.layer,
        ] {
            text.doubt(damage, hurt);
        }
        for list in [&mut self.routes, &mut self.depends_on] {
            list.doubt(damage, hurt);
        }
        self.port.doubt(damage, hurt);
        self.extra_env.doubt(damage, hurt);
        self.needs_redis.doubt(damage, hurt);
    }
}

impl<T: Held> Field<T> {
    /// Nothing is certainly absent from an entry that is `hurt`.
    fn doubt(&mut self, damage: &Damage, hurt: Option<Place>) {
        if let Field::Dynamic(dynamic) = self {
            return dynamic.doubt(damage);
        }
        if let Field::Known(value) = self {
            for part in value.parts_mut() {
                part.doubt(damage, None);
                part.doubt_type(damage);
            }
        }
        let is_hurt = |origin: &&Origin| {
            let mut places = origin.links.iter().chain([&origin.written]);
            places.any(|&place| damage.reaches(place))
        };
        let place = match self.origins().into_iter().find(is_hurt) {
            Some(origin) => Some(origin.nearest()),
            None if self.is_absent() => hurt,
            None => None,
        };
        if let Some(place) = place {
            *self = Field::Dynamic(broken(place));
        }
    }

    /// A lost bracket puts values of other fields into lists and records.
    fn doubt_type(&mut self, damage: &Damage) {
        if let Field::WrongType { origin, .. } = self
            && damage.is_in(origin.written.file)
        {
            *self = Field::Dynamic(broken(origin.nearest()));
        }
    }
}
