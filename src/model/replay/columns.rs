//! Columns: how they change, and how that reaches the tables that inherit them.

use std::collections::HashSet;

use crate::model::catalog::RelationKind;
use crate::model::replay::relations::MOST_COLUMNS;
use crate::model::replay::state::{Base, Column, Id, Outcome, Refused, State, Type};
use crate::source::At;

impl State {
    fn children(&self, id: Id) -> Vec<Id> {
        self.relation(id)
            .map_or_else(Vec::new, |relation| relation.children.clone())
    }

    fn column(&self, id: Id, name: &str) -> Outcome<(usize, &Column)> {
        let relation = self.relation(id).ok_or(Refused)?;
        let position = relation.position(name).ok_or(Refused)?;
        Ok((position, &relation.columns[position]))
    }

    /// Like [`State::column`]; `None` too where the relation may have such a column all the same.
    pub(super) fn known_column(&self, id: Id, name: &str) -> Outcome<Option<(usize, &Column)>> {
        match self.column(id, name) {
            Ok(found) => Ok(Some(found)),
            Err(Refused)
                if self
                    .relation(id)
                    .is_some_and(|relation| !relation.is_complete) =>
            {
                Ok(None)
            }
            Err(Refused) => Err(Refused),
        }
    }

    fn is_table(&self, id: Id) -> Outcome {
        let kind = self.relation(id).map(|relation| relation.kind);
        match kind {
            Some(RelationKind::Table | RelationKind::ForeignTable) => Ok(()),
            _ => Err(Refused),
        }
    }

    pub(super) fn add_column(
        &mut self,
        id: Id,
        column: &Column,
        if_not_exists: bool,
        only: bool,
    ) -> Outcome {
        self.is_table(id)?;
        let file = self.file;
        if let Ok((position, known)) = self.column(id, &column.name) {
            let is_doubtful = known.is_doubtful;
            if is_doubtful {
                let is_same =
                    known.of_type == column.of_type && known.is_nullable == column.is_nullable;
                let known = &mut self.change_relation(id)?.columns[position];
                known.is_doubtful = false;
                if !is_same {
                    known.of_type = Type::unknown();
                    known.is_nullable = None;
                }
                return Ok(());
            }
            return if if_not_exists { Ok(()) } else { Err(Refused) };
        }
        let _ = file;
        let children = self.children(id);
        if only && !children.is_empty()
            || self
                .relation(id)
                .is_some_and(|relation| relation.is_partition)
                && column.inherited == 0
        {
            return Err(Refused);
        }
        let relation = self.change_relation(id)?;
        if relation.columns.len() >= MOST_COLUMNS {
            return Err(Refused);
        }
        relation.columns.push(column.clone());
        self.note_use(id, &column.of_type);
        for child in children {
            if let Ok((position, known)) = self.column(child, &column.name) {
                if known.of_type != column.of_type {
                    return Err(Refused);
                }
                self.change_relation(child)?.columns[position].inherited += 1;
            } else {
                let inherited = Column {
                    is_local: false,
                    inherited: 1,
                    ..column.clone()
                };
                self.add_column(child, &inherited, false, false)?;
            }
        }
        Ok(())
    }

    pub(super) fn drop_column(
        &mut self,
        id: Id,
        name: &str,
        if_exists: bool,
        cascade: bool,
        only: bool,
    ) -> Outcome {
        self.is_table(id)?;
        match self.column(id, name) {
            Err(Refused) if if_exists => return Ok(()),
            Err(Refused) => return Err(Refused),
            Ok((_, column)) if column.inherited > 0 => return Err(Refused),
            Ok(_) => {}
        }
        self.drop_column_below(id, name, cascade, only)
    }

    /// Drops a column with those that tables inherit from it.
    pub(super) fn drop_column_below(
        &mut self,
        id: Id,
        name: &str,
        cascade: bool,
        only: bool,
    ) -> Outcome {
        let Ok((position, _)) = self.column(id, name) else {
            return Ok(());
        };
        let views = self.views_of_column(id, name);
        if !views.is_empty() && !cascade {
            return Err(Refused);
        }
        self.drop_all(&views, true)?;
        self.change_relation(id)?.columns.remove(position);
        for child in self.children(id) {
            let Ok((position, column)) = self.column(child, name) else {
                continue;
            };
            let goes = column.inherited == 1 && !column.is_local && !only;
            if goes {
                self.change_relation(child)?.columns[position].inherited = 0;
                self.drop_column_below(child, name, cascade, false)?;
            } else {
                let column = &mut self.change_relation(child)?.columns[position];
                column.inherited = column.inherited.saturating_sub(1);
                column.is_local |= only;
            }
        }
        Ok(())
    }

    /// The views whose query uses a column.
    fn views_of_column(&self, id: Id, name: &str) -> Vec<Id> {
        let readers = self.readers.get(&id).map_or(&[][..], Vec::as_slice);
        let uses = |&&view: &&Id| {
            self.relation(view).is_some_and(|relation| {
                relation.reads.contains(&id)
                    && relation
                        .words
                        .binary_search_by(|word| word.as_str().cmp(name))
                        .is_ok()
            })
        };
        readers.iter().filter(uses).copied().collect()
    }

    pub(super) fn set_type(
        &mut self,
        id: Id,
        name: &str,
        of_type: &Type,
        only: bool,
        is_below: bool,
    ) -> Outcome {
        self.is_table(id)?;
        let Some((position, column)) = self.known_column(id, name)? else {
            return Ok(());
        };
        if column.inherited > 0 && !is_below || !self.views_of_column(id, name).is_empty() {
            return Err(Refused);
        }
        let children = self.children(id);
        if only && !children.is_empty() {
            return Err(Refused);
        }
        self.change_relation(id)?.columns[position].of_type = of_type.clone();
        self.note_use(id, of_type);
        children
            .into_iter()
            .try_for_each(|child| self.set_type(child, name, of_type, false, true))
    }

    pub(super) fn set_not_null(
        &mut self,
        id: Id,
        name: &str,
        is_not_null: bool,
        only: bool,
    ) -> Outcome {
        self.is_table(id)?;
        let Some((position, _)) = self.known_column(id, name)? else {
            return Ok(());
        };
        if !is_not_null && self.is_not_null_above(id, name) {
            return Err(Refused);
        }
        self.change_relation(id)?.columns[position].is_nullable = Some(!is_not_null);
        if only {
            return Ok(());
        }
        let children = self.children(id);
        children
            .into_iter()
            .try_for_each(|child| self.set_not_null(child, name, is_not_null, false))
    }

    /// Whether the table of which this one is a partition takes no null in a column.
    fn is_not_null_above(&self, id: Id, name: &str) -> bool {
        let relation = self.relation(id).filter(|relation| relation.is_partition);
        let mut above = relation.iter().flat_map(|relation| &relation.parents);
        above.any(|&parent| {
            self.column(parent, name)
                .is_ok_and(|(_, column)| column.is_nullable == Some(false))
        })
    }

    pub(super) fn rename_column(
        &mut self,
        id: Id,
        name: &str,
        to: &At<String>,
        only: bool,
    ) -> Outcome {
        let Some((_, column)) = self.known_column(id, name)? else {
            return Ok(());
        };
        if column.inherited > 0 || only && !self.children(id).is_empty() {
            return Err(Refused);
        }
        let heirs = self.heirs(id);
        let all: HashSet<Id> = heirs.iter().copied().collect();
        for heir in heirs {
            let relation = self.relation(heir).ok_or(Refused)?;
            let position = relation.position(name).ok_or(Refused)?;
            let parents = relation.parents.iter();
            let renamed = parents.filter(|parent| all.contains(parent)).count();
            let is_taken = relation.position(&to.value).is_some();
            // A column that comes from elsewhere as well keeps its name.
            if is_taken || relation.columns[position].inherited > renamed {
                return Err(Refused);
            }
            let place = to.span.in_file(self.file);
            let column = &mut self.change_relation(heir)?.columns[position];
            column.name.clone_from(&to.value);
            column.place = place;
            // Views keep using the column by its new name.
            for view in self.views_of_column(heir, name) {
                let words = &mut self.change_relation(view)?.words;
                if let Err(at) = words.binary_search(&to.value) {
                    words.insert(at, to.value.clone());
                }
            }
        }
        Ok(())
    }

    /// A table and all that inherit from it, parents first.
    fn heirs(&self, id: Id) -> Vec<Id> {
        let mut heirs = vec![id];
        let mut known = HashSet::from([id]);
        let mut next = 0;
        while next < heirs.len() {
            let new = self.children(heirs[next]).into_iter();
            heirs.extend(new.filter(|child| known.insert(*child)));
            next += 1;
        }
        heirs
    }

    /// Makes a table one that inherits from another.
    pub(super) fn attach(&mut self, parent: Id, child: Id, is_partition: bool) -> Outcome {
        let (Some(above), Some(below)) = (self.relation(parent), self.relation(child)) else {
            return Err(Refused);
        };
        if self.heirs(child).contains(&parent)
            || above.is_partitioned != is_partition
            || below.is_partition
            || above.is_partition && !is_partition
            || below.parents.contains(&parent)
            || is_partition && below.columns.len() != above.columns.len()
        {
            return Err(Refused);
        }
        let names: HashSet<String> = above
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        for column in &above.columns {
            let Some(position) = below.position(&column.name) else {
                return Err(Refused);
            };
            let own = &below.columns[position];
            let is_known =
                own.of_type.base != Base::Unknown && column.of_type.base != Base::Unknown;
            let is_stricter = column.is_nullable == Some(false) && own.is_nullable == Some(true);
            if is_known && own.of_type != column.of_type || is_stricter {
                return Err(Refused);
            }
        }
        self.change_relation(parent)?.children.push(child);
        let below = self.change_relation(child)?;
        below.parents.push(parent);
        below.is_partition = is_partition;
        for column in below
            .columns
            .iter_mut()
            .filter(|column| names.contains(&column.name))
        {
            column.inherited += 1;
            column.is_local &= !is_partition;
        }
        Ok(())
    }

    /// Ends that a table inherits from another.
    pub(super) fn detach(&mut self, parent: Id, child: Id, is_partition: bool) -> Outcome {
        let (Some(above), Some(below)) = (self.relation(parent), self.relation(child)) else {
            return Err(Refused);
        };
        if !below.parents.contains(&parent) || below.is_partition != is_partition {
            return Err(Refused);
        }
        let names: HashSet<String> = above
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        self.change_relation(parent)?
            .children
            .retain(|&known| known != child);
        let below = self.change_relation(child)?;
        below.parents.retain(|&known| known != parent);
        below.is_partition = false;
        for column in below
            .columns
            .iter_mut()
            .filter(|column| names.contains(&column.name))
        {
            column.inherited = column.inherited.saturating_sub(1);
            column.is_local |= column.inherited == 0;
        }
        Ok(())
    }
}
