//! The tables that statements name, and what a name means where it stands: what an earlier statement of the
//! text made temporary is no table, and a `search_path` that it set holds on.

mod body;
mod call;
mod path;
mod scan;
mod tree;

use std::collections::HashSet;

use super::executed;
use super::reaches;
use super::split::{self, Item, Meta, RawStatement, Reader, Token};
use super::syntax::{self, UNKNOWN_BYTE};
use super::{Access, ObjectName, Reach, TableReference};
use crate::parse::Problem;
use crate::source::Span;

/// What a text says about tables, in the order in which it takes effect.
#[derive(Debug)]
enum Event {
    /// A table is named.
    Names {
        name: ObjectName,
        access: Access,
        is_optional: bool,
    },
    /// A temporary table or view is made.
    MakesTemporary(ObjectName),
    /// The session's `search_path` changes; for a transaction only if local.
    SetsPath {
        path: Path,
        is_local: bool,
    },
    EndsTransaction,
    /// A routine or what a schema is created with begins, for which another `search_path` may hold.
    Enters {
        path: Option<Path>,
        /// Whether it is the function of a trigger, for which `REFERENCING` may name tables.
        is_trigger: bool,
    },
    Leaves,
    /// `REFERENCING NEW TABLE AS` of a trigger.
    NamesTransition(String),
    /// Another database is reached.
    Reaches(Reach),
}

/// A `search_path`; `None` for the one that sessions have at first.
type Path = Option<Vec<String>>;

/// Where a part of a text within a text stands in the file.
type Place<'a> = &'a (dyn Fn(Span) -> Span + Sync);

/// How many texts may stand within each other: a `DO` that executes a function's definition has three.
const MOST_LEVELS: usize = 4;

/// What the statements of a text did so far.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The references, and whether each stands in the function of a trigger.
    references: Vec<(TableReference, bool)>,
    reaches: Vec<Reach>,
    temporary: HashSet<String>,
    /// What triggers call the rows that they were fired for.
    transitions: HashSet<String>,
    is_trigger: bool,
    search_path: Path,
    /// What `SET LOCAL` said.
    local_path: Option<Path>,
    /// What holds again behind what was entered: both paths, and whether it is a trigger's.
    outer: Vec<(Path, Option<Path>, bool)>,
}

impl Session {
    /// Reads a statement; what is wrong with its syntax is the answer.
    pub(super) fn statement(&mut self, text: &str, raw: &RawStatement) -> Option<Problem> {
        let (problem, events) = statement(text, raw, 0, &|span| span);
        for event in events {
            self.take(event);
        }
        problem
    }

    pub(super) fn meta_command(&mut self, text: &str, meta: &Meta) {
        self.reaches.extend(reaches::by_meta_command(text, meta));
        // `\copy` is a `COPY` whose file is the client's.
        if meta.command.value == "copy" {
            let word = meta.command.span.start as usize;
            let statement = &text[word..meta.arguments.end as usize];
            let tokens = split::tokens(statement);
            let events = scan::read(statement, &tokens, 0, &|span| span.shifted(word));
            for event in events {
                self.take(event);
            }
        }
    }

    /// The references and the reaches, in the order of the text.
    pub(super) fn finish(mut self) -> (Vec<TableReference>, Vec<Reach>) {
        self.reaches.sort_by_key(|reach| reach.words.span);
        let is_transition = |reference: &TableReference| {
            reference.name.schema().is_none()
                && self.transitions.contains(&reference.name.name().value)
        };
        let told = self
            .references
            .into_iter()
            .filter(|(reference, is_trigger)| !is_trigger || !is_transition(reference));
        let mut references: Vec<TableReference> = told.map(|(reference, _)| reference).collect();
        references.sort_by_key(|reference| reference.name.name().span);
        (references, self.reaches)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Names {
                name,
                access,
                is_optional,
            } => self.names(name, access, is_optional),
            Event::MakesTemporary(name) => {
                self.temporary.insert(name.name().value.clone());
            }
            Event::SetsPath { path, is_local } if is_local => self.local_path = Some(path),
            Event::SetsPath { path, .. } => {
                self.search_path = path;
                self.local_path = None;
            }
            Event::EndsTransaction => self.local_path = None,
            Event::Enters { path, is_trigger } => {
                let paths = (self.search_path.clone(), self.local_path.clone());
                self.outer.push((paths.0, paths.1, self.is_trigger));
                self.is_trigger |= is_trigger;
                if let Some(path) = path {
                    self.local_path = Some(path);
                }
            }
            Event::Leaves => {
                (self.search_path, self.local_path, self.is_trigger) =
                    self.outer.pop().unwrap_or_default();
            }
            Event::NamesTransition(name) => {
                self.transitions.insert(name);
            }
            Event::Reaches(reach) => self.reaches.push(reach),
        }
    }

    fn names(&mut self, name: ObjectName, access: Access, is_optional: bool) {
        let is_unknown =
            |value: &str| value.contains(executed::UNKNOWN) || value.contains(UNKNOWN_BYTE);
        if name.parts.iter().any(|part| is_unknown(&part.value)) {
            return;
        }
        match name.schema() {
            Some(schema) if schema.value.starts_with("pg_temp") => return,
            None if self.temporary.contains(&name.name().value) => {
                if access == Access::Drops {
                    self.temporary.remove(&name.name().value);
                }
                return;
            }
            _ => {}
        }
        let path = self.local_path.as_ref().unwrap_or(&self.search_path);
        let reference = TableReference {
            search_path: path.clone(),
            name,
            access,
            is_optional,
        };
        self.references.push((reference, self.is_trigger));
    }
}

/// Reads a statement of a text that stands at that place: its syntax error, and what it says about tables.
fn statement(
    text: &str,
    raw: &RawStatement,
    level: usize,
    place: Place,
) -> (Option<Problem>, Vec<Event>) {
    let start = raw.span().start as usize;
    let (problem, events) = syntax::read(text, raw, |_, tree| {
        tree::read(&tree, level, &|span| place(span.shifted(start)))
    });
    let mut events = events.unwrap_or_else(|| scan::read(text, &raw.tokens, level, place));
    if raw.gexec.is_some() {
        for built in executed::by_gexec(text, &raw.tokens) {
            events.extend(statements(&built.text, level + 1, &|span| {
                place(built.source(span))
            }));
        }
    }
    events.extend(reaches(text, &raw.tokens, place));
    (problem, events)
}

/// How tokens reach another database.
fn reaches(text: &str, tokens: &[Token], place: Place) -> impl Iterator<Item = Event> {
    reaches::read(text, tokens)
        .into_iter()
        .map(move |mut reach| {
            reach.relocate(place);
            Event::Reaches(reach)
        })
}

/// Reads the statements of a text within a text.
fn statements(text: &str, level: usize, place: Place) -> Vec<Event> {
    if level > MOST_LEVELS {
        return Vec::new();
    }
    let items = split::split(text, Reader::Server).items;
    let raw = |item| match item {
        Item::Statement(raw) => Some(raw),
        Item::Meta(_) => None,
    };
    let statements = items.into_iter().filter_map(raw);
    statements
        .flat_map(|raw| statement(text, &raw, level, place).1)
        .collect()
}

#[cfg(test)]
mod tests;
