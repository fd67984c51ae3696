//! What a database holds after its migrations.
//!
//! Statements are applied one after the other as PostgreSQL 15 applies them. One that it refuses changes
//! nothing. What is done under a condition that the text does not decide leaves its objects in doubt
//! ([`Catalog::doubts`]), and what the text does not tell at all leaves the whole catalogue open
//! ([`Catalog::is_open`]).

mod columns;
mod drops;
mod queries;
mod relations;
mod state;
mod types;

use std::collections::HashMap;

use crate::model::catalog::{self, Catalog, Doubt, Enum};
use crate::parse::sql::{Change, Condition, Dialect, ObjectName, Test, Tested};
use crate::parse::{AllFacts, Facts};
use crate::source::{At, FileId};
use state::{Outcome, Refused, State, TEMPORARY, What};

/// Applies migrations in their order to an empty database in which unqualified names stand in
/// `default_schema`.
pub(super) fn replay(facts: &AllFacts, migrations: &[FileId], default_schema: &str) -> Catalog {
    let mut replay = Replay::new(default_schema);
    for &file in migrations {
        match facts[file.0 as usize].as_ref() {
            Facts::Sql(parsed) if parsed.facts.dialect == Dialect::Postgres => {
                replay.file(file, &parsed.facts.changes);
            }
            _ => replay.state.is_open = true,
        }
    }
    replay.catalog()
}

/// How a list of changes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reached,
    Returned,
    MayHaveReturned,
}

struct Replay<'a> {
    state: State,
    /// What routines do once they are called.
    routines: HashMap<&'a str, &'a [Change]>,
    /// How many calls are open.
    calls: usize,
    /// How many more may be followed.
    calls_left: usize,
    transaction: Option<Transaction>,
}

struct Transaction {
    start: usize,
    savepoints: Vec<(String, usize)>,
    /// Whether a statement of it was refused: PostgreSQL passes over everything up to its end, or back to a
    /// savepoint, and keeps nothing.
    is_failed: bool,
    /// The search path after it, where it was set for its time only.
    path_after: Option<Vec<String>>,
}

/// How deeply routines are followed into each other.
const DEEPEST_CALL: usize = 8;

/// How many calls are followed. Routines that call each other several times would be followed without end
/// otherwise, however few they are.
const MOST_CALLS: usize = 10_000;

impl<'a> Replay<'a> {
    fn new(default_schema: &str) -> Self {
        Self {
            state: State::new(default_schema),
            routines: HashMap::new(),
            calls: 0,
            calls_left: MOST_CALLS,
            transaction: None,
        }
    }

    /// One migration, in a session of its own.
    fn file(&mut self, file: FileId, changes: &'a [Change]) {
        self.state.file = file;
        for change in changes {
            // A refused statement changes nothing, and the next one follows: as `psql` goes on. Prisma sends a
            // file as a whole, of which then nothing would stay, but such a migration is never applied.
            let goes_on = matches!(
                change,
                Change::Commit | Change::Rollback | Change::RollbackTo(_)
            );
            if !goes_on && self.is_failed() {
                continue;
            }
            if self.run(change, false).is_err()
                && self.is_surely_refused(change)
                && let Some(transaction) = &mut self.transaction
            {
                transaction.is_failed = true;
            }
        }
        if self.transaction.is_some() {
            self.commit();
        }
        let temporary = self.state.content(TEMPORARY);
        if !temporary.is_empty() {
            let _ = self.state.drop_all(&temporary, true);
        }
        self.state.path = vec![self.state.default_schema.clone()];
    }

    fn is_failed(&self) -> bool {
        self.transaction
            .as_ref()
            .is_some_and(|transaction| transaction.is_failed)
    }

    /// Whether a change was refused for what is there, rather than for what is missing here and may be there
    /// in a database that began with more.
    fn is_surely_refused(&self, change: &Change) -> bool {
        let state = &self.state;
        let is_certain = |id: usize| {
            let object = &state.objects[id];
            let is_complete = match &object.what {
                What::Relation(relation) => relation.is_complete,
                _ => true,
            };
            !object.is_doubtful && is_complete
        };
        let is_relation = |name: &ObjectName| state.find_relation(name).is_some_and(is_certain);
        let is_type = |name: &ObjectName| state.find_type(name).is_some_and(is_certain);
        let is_taken = |name: &ObjectName| {
            let key = state.new_key(name).ok();
            let id = key.and_then(|key| {
                let relation = state.relations.get(&key);
                relation.or_else(|| state.types.get(&key)).copied()
            });
            id.is_some_and(is_certain)
        };
        !state.is_open
            && match change {
                Change::CreateSchema { .. } => true,
                Change::CreateTable(new) => is_taken(&new.name),
                Change::CreateView(new) => is_taken(&new.name),
                Change::CreateType { name, .. } => is_taken(name),
                Change::AlterRelation { name, .. } => is_relation(name),
                Change::AlterType { name, .. } => is_type(name),
                Change::Drop { names, .. } => {
                    names.iter().all(|name| is_relation(name) || is_type(name))
                }
                _ => false,
            }
    }

    fn all(&mut self, changes: &'a [Change], perhaps: bool) -> Outcome<End> {
        let mut perhaps = perhaps;
        let mut end = End::Reached;
        for change in changes {
            match self.run(change, perhaps) {
                Ok(End::Reached) => {}
                Ok(End::Returned) if !perhaps => return Ok(End::Returned),
                Ok(_) => {
                    perhaps = true;
                    end = End::MayHaveReturned;
                }
                Err(Refused) if perhaps => {}
                Err(Refused) => return Err(Refused),
            }
        }
        Ok(end)
    }

    fn create_schema(
        &mut self,
        name: &At<String>,
        if_not_exists: bool,
        content: &'a [Change],
        perhaps: bool,
    ) -> Outcome<End> {
        self.state.create_schema(name, if_not_exists)?;
        self.state.path.insert(0, name.value.clone());
        let end = self.all(content, perhaps);
        self.state.path.remove(0);
        end
    }

    fn run(&mut self, change: &'a Change, perhaps: bool) -> Outcome<End> {
        let state = &mut self.state;
        match change {
            Change::CreateSchema {
                name,
                if_not_exists,
                content,
            } => return self.create_schema(name, *if_not_exists, content, perhaps),
            Change::RenameSchema { .. } | Change::SearchPath { .. } if perhaps => {
                state.is_open = true;
            }
            Change::RenameSchema { name, to } => state.rename_schema(name, to)?,
            Change::CreateTable(new) => state.create_table(new, perhaps)?,
            Change::CreateView(new) => state.create_view(new, perhaps)?,
            Change::CreateIndex {
                name,
                table,
                columns,
            } => {
                let id = state.find_relation(table).ok_or(Refused)?;
                let schema = state.objects[id].key.0.clone();
                state
                    .indexes
                    .insert((schema, name.clone()), columns.clone());
            }
            Change::CreateType { name, definition } => {
                state.create_type(name, definition, perhaps)?;
            }
            Change::AlterRelation {
                name,
                if_exists,
                only,
                actions,
            } => {
                state.alter_relation(name, *if_exists, *only, actions, perhaps)?;
            }
            Change::AlterType { name, action } => state.alter_type(name, action, perhaps)?,
            Change::Drop {
                what,
                names,
                if_exists,
                cascade,
            } => {
                state.drop_objects(*what, names, *if_exists, *cascade, perhaps)?;
            }
            Change::SearchPath { path, is_local } => self.set_path(path.as_ref(), *is_local),
            Change::Begin => self.begin(),
            Change::Commit => self.commit(),
            Change::Rollback => {
                if let Some(transaction) = &self.transaction {
                    self.state.go_back(transaction.start);
                    self.commit();
                }
            }
            Change::Savepoint(name) => {
                let mark = self.state.begin();
                self.state.keep();
                if let Some(transaction) = &mut self.transaction {
                    transaction.savepoints.push((name.clone(), mark));
                }
            }
            Change::RollbackTo(name) => self.roll_back_to(name)?,
            Change::If {
                condition,
                then,
                otherwise,
            } => return self.branch(condition, then, otherwise, perhaps),
            Change::Block {
                changes,
                is_caught,
                handler,
                may_fail,
            } => {
                return self.block(
                    changes,
                    *is_caught,
                    handler,
                    perhaps || *is_caught && *may_fail,
                );
            }
            Change::Return => return Ok(End::Returned),
            Change::CreateSequence(_) => {}
            Change::Raise if perhaps => {}
            Change::Raise => return Err(Refused),
            Change::DefineRoutine { name, changes } => {
                self.routines.insert(name, changes);
            }
            Change::Call(names) => self.call(names),
            Change::Unknown => state.is_open = true,
        }
        Ok(End::Reached)
    }

    fn set_path(&mut self, path: Option<&Vec<String>>, is_local: bool) {
        let path = path
            .cloned()
            .unwrap_or_else(|| vec![self.state.default_schema.clone()]);
        if is_local {
            let Some(transaction) = &mut self.transaction else {
                return;
            };
            transaction
                .path_after
                .get_or_insert_with(|| self.state.path.clone());
        }
        self.state.set_path(path);
    }

    fn begin(&mut self) {
        if self.transaction.is_none() {
            self.transaction = Some(Transaction {
                start: self.state.begin(),
                savepoints: Vec::new(),
                is_failed: false,
                path_after: None,
            });
        }
    }

    fn commit(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            if transaction.is_failed {
                self.state.go_back(transaction.start);
            }
            self.state.keep();
            if let Some(path) = transaction.path_after {
                self.state.path = path;
            }
        }
    }

    fn roll_back_to(&mut self, name: &str) -> Outcome {
        let transaction = self.transaction.as_mut().ok_or(Refused)?;
        let position = transaction
            .savepoints
            .iter()
            .rposition(|(known, _)| known == name);
        let position = position.ok_or(Refused)?;
        transaction.savepoints.truncate(position + 1);
        transaction.is_failed = false;
        let mark = transaction.savepoints[position].1;
        self.state.go_back(mark);
        Ok(())
    }

    fn branch(
        &mut self,
        condition: &Condition,
        then: &'a [Change],
        otherwise: &'a [Change],
        perhaps: bool,
    ) -> Outcome<End> {
        match self.holds(condition) {
            Some(true) => self.all(then, perhaps),
            Some(false) => self.all(otherwise, perhaps),
            None => {
                let ends = [self.all(then, true)?, self.all(otherwise, true)?];
                let is_reached = ends.iter().all(|end| *end == End::Reached);
                Ok(if is_reached {
                    End::Reached
                } else {
                    End::MayHaveReturned
                })
            }
        }
    }

    fn block(
        &mut self,
        changes: &'a [Change],
        is_caught: bool,
        handler: &'a [Change],
        perhaps: bool,
    ) -> Outcome<End> {
        if perhaps {
            return self.all(changes, true);
        }
        let mark = self.state.begin();
        let outcome = self.all(changes, false);
        if outcome.is_err() {
            self.state.go_back(mark);
        }
        self.state.keep();
        match outcome {
            Err(Refused) if is_caught => self.all(handler, true),
            outcome => outcome,
        }
    }

    /// What routines do is not followed closely: their statements may depend on their arguments.
    fn call(&mut self, names: &[String]) {
        for name in names {
            let Some(&changes) = self.routines.get(name.as_str()) else {
                continue;
            };
            if self.calls >= DEEPEST_CALL || self.calls_left == 0 {
                self.state.is_open = true;
                continue;
            }
            self.calls_left -= 1;
            self.calls += 1;
            let _ = self.all(changes, true);
            self.calls -= 1;
        }
    }

    /// Whether a condition holds; `None` where that is not known.
    fn holds(&self, condition: &Condition) -> Option<bool> {
        let Condition::All(tests) = condition else {
            return None;
        };
        let answers: Vec<Option<bool>> = tests.iter().map(|test| self.is_true(test)).collect();
        if answers.contains(&Some(false)) {
            return Some(false);
        }
        answers.iter().all(Option::is_some).then_some(true)
    }

    fn is_true(&self, test: &Test) -> Option<bool> {
        let state = &self.state;
        let is_there = match &test.object {
            Tested::Schema(name) => Some(state.schemas.contains_key(name)),
            Tested::Relation(name) => {
                let id = state.find_relation(&Self::asked(test, name));
                id.map_or(Some(false), |id| {
                    (!state.objects[id].is_doubtful).then_some(true)
                })
            }
            Tested::Column(table, column) => match state.find_relation(&Self::asked(test, table)) {
                None => Some(false),
                Some(id) if state.objects[id].is_doubtful => None,
                Some(id) => {
                    state
                        .relation(id)
                        .and_then(|relation| match relation.position(column) {
                            Some(position) => {
                                (!relation.columns[position].is_doubtful).then_some(true)
                            }
                            None => relation.is_complete.then_some(false),
                        })
                }
            },
            Tested::Type(name) => {
                let name = Self::asked(test, name);
                let id = state
                    .find_type(&name)
                    .or_else(|| state.find_relation(&name));
                id.map_or(Some(false), |id| {
                    (!state.objects[id].is_doubtful).then_some(true)
                })
            }
            Tested::Value(name, value) => match state.find_type(&Self::asked(test, name)) {
                None => Some(false),
                Some(id) if state.objects[id].is_doubtful => None,
                Some(id) => match &state.objects[id].what {
                    What::Enum(values) => Some(values.iter().any(|known| known.value == *value)),
                    _ => None,
                },
            },
        };
        is_there.map(|is_there| is_there != test.is_negated)
    }

    /// The name that a test asks for, as a name of SQL.
    fn asked(test: &Test, name: &str) -> ObjectName {
        let parts = test.schema.iter().map(String::as_str).chain([name]);
        let part =
            |part: &str| crate::source::At::new(part.to_owned(), crate::source::Span::default());
        ObjectName {
            parts: parts.map(part).collect(),
        }
    }

    fn catalog(self) -> Catalog {
        let state = self.state;
        let mut catalog = Catalog {
            is_open: state.is_open,
            ..Catalog::default()
        };
        for (name, place) in &state.schemas {
            let schema = catalog.schemas.entry(name.clone()).or_default();
            schema.place = *place;
        }
        for (key, &id) in state.relations.iter().chain(&state.types) {
            let object = &state.objects[id];
            let schema = catalog.schemas.entry(key.0.clone()).or_default();
            let mut doubt = |column: Option<&String>| {
                catalog.doubts.insert(Doubt {
                    schema: key.0.clone(),
                    name: key.1.clone(),
                    column: column.cloned(),
                });
            };
            if object.is_doubtful {
                doubt(None);
            }
            match &object.what {
                What::Enum(values) => {
                    let found = Enum {
                        place: object.place,
                        values: values.clone(),
                    };
                    schema.enums.insert(key.1.clone(), found);
                }
                What::Relation(relation) => {
                    if !relation.parents.is_empty() {
                        catalog.heirs.insert(key.clone());
                    }
                    let doubtful = relation.columns.iter().filter(|column| column.is_doubtful);
                    doubtful.for_each(|column| doubt(Some(&column.name)));
                    let columns = relation.columns.iter().map(|column| catalog::Column {
                        name: column.name.clone(),
                        place: column.place,
                        type_name: state.printed(&column.of_type),
                        is_nullable: column.is_nullable,
                    });
                    let found = catalog::Relation {
                        kind: relation.kind,
                        place: object.place,
                        columns: columns.collect(),
                        is_complete: relation.is_complete,
                    };
                    schema.relations.insert(key.1.clone(), found);
                }
                _ => {}
            }
        }
        catalog
    }
}

#[cfg(test)]
mod tests;
