//! What goes, and what goes with it.

use std::collections::HashSet;

use crate::model::catalog::RelationKind;
use crate::model::replay::state::{Base, Id, Outcome, Refused, SchemaState, State, What};
use crate::parse::sql::{Dropped, ObjectName};

impl State {
    pub(super) fn drop_objects(
        &mut self,
        what: Dropped,
        names: &[ObjectName],
        if_exists: bool,
        cascade: bool,
        perhaps: bool,
    ) -> Outcome {
        if what == Dropped::Schema {
            let drop = |state: &mut Self| {
                names.iter().try_for_each(|name| {
                    state.drop_schema(&name.name().value, if_exists, cascade, perhaps)
                })
            };
            return self.at_once(drop);
        }
        let mut ids = Vec::new();
        for name in names {
            let found = match what {
                Dropped::Type | Dropped::Domain => self.find_type(name),
                _ => self.find_relation(name),
            };
            match found {
                Some(id) if self.is_kind(id, what) => ids.push(id),
                None if if_exists => {}
                _ => return Err(Refused),
            }
        }
        if perhaps {
            for id in ids {
                self.change(id).is_doubtful = true;
            }
            return Ok(());
        }
        self.at_once(|state| state.drop_all(&ids, cascade))
    }

    fn is_kind(&self, id: Id, what: Dropped) -> bool {
        let object = &self.objects[id];
        match what {
            Dropped::Table => object.is(RelationKind::Table),
            Dropped::View => object.is(RelationKind::View),
            Dropped::MaterializedView => object.is(RelationKind::MaterializedView),
            Dropped::ForeignTable => object.is(RelationKind::ForeignTable),
            Dropped::Domain => matches!(object.what, What::OtherType),
            Dropped::Type | Dropped::Schema => true,
        }
    }

    fn drop_schema(
        &mut self,
        name: &str,
        if_exists: bool,
        cascade: bool,
        perhaps: bool,
    ) -> Outcome {
        if !self.schemas.contains_key(name) {
            return if if_exists { Ok(()) } else { Err(Refused) };
        }
        let content = self.content(name);
        if perhaps {
            for id in content {
                self.change(id).is_doubtful = true;
            }
            return Ok(());
        }
        if !content.is_empty() && !cascade {
            return Err(Refused);
        }
        self.drop_all(&content, true)?;
        self.set_schema(name, SchemaState::Absent);
        Ok(())
    }

    /// Drops objects with what depends on them; without `cascade` only with what belongs to them.
    pub(super) fn drop_all(&mut self, ids: &[Id], cascade: bool) -> Outcome {
        let mut going: HashSet<Id> = ids.iter().copied().collect();
        let mut queue: Vec<Id> = ids.to_vec();
        let mut dependents: Vec<Id> = Vec::new();
        let mut next = 0;
        while next < queue.len() {
            let id = queue[next];
            next += 1;
            for child in self
                .relation(id)
                .map_or(&[][..], |relation| &relation.children)
            {
                let is_own = self
                    .relation(*child)
                    .is_some_and(|child| child.is_partition);
                if (is_own || cascade) && going.insert(*child) {
                    queue.push(*child);
                } else if !is_own {
                    dependents.push(*child);
                }
            }
            for &view in self.readers.get(&id).map_or(&[][..], Vec::as_slice) {
                if !self
                    .relation(view)
                    .is_some_and(|relation| relation.reads.contains(&id))
                {
                    continue;
                }
                if cascade && going.insert(view) {
                    queue.push(view);
                } else {
                    dependents.push(view);
                }
            }
        }
        if !cascade
            && dependents
                .iter()
                .any(|dependent| !going.contains(dependent))
        {
            return Err(Refused);
        }
        for &id in &queue {
            self.drop_columns_of_type(id, &going, cascade)?;
        }
        for id in queue {
            self.remove(id, &going)?;
        }
        Ok(())
    }

    fn drop_columns_of_type(&mut self, id: Id, going: &HashSet<Id>, cascade: bool) -> Outcome {
        let users = self.users.get(&id).cloned().unwrap_or_default();
        let is_it = |base: &Base| *base == Base::Object(id);
        for user in users {
            if going.contains(&user) {
                continue;
            }
            let (names, is_view): (Vec<String>, bool) = match &self.objects[user].what {
                What::Relation(relation) => {
                    let columns = relation
                        .columns
                        .iter()
                        .filter(|column| is_it(&column.of_type.base));
                    let is_view = matches!(
                        relation.kind,
                        RelationKind::View | RelationKind::MaterializedView
                    );
                    (columns.map(|column| column.name.clone()).collect(), is_view)
                }
                What::Composite(columns)
                    if columns.iter().any(|column| is_it(&column.of_type.base)) =>
                {
                    if !cascade {
                        return Err(Refused);
                    }
                    if let What::Composite(columns) = &mut self.change(user).what {
                        columns.retain(|column| !is_it(&column.of_type.base));
                    }
                    continue;
                }
                _ => continue,
            };
            if names.is_empty() {
                continue;
            }
            if !cascade {
                return Err(Refused);
            }
            if is_view {
                self.drop_all(&[user], true)?;
                continue;
            }
            for name in names {
                self.drop_column_below(user, &name, true, false)?;
            }
        }
        Ok(())
    }

    /// Removes one of the objects that are going.
    fn remove(&mut self, id: Id, going: &HashSet<Id>) -> Outcome {
        if matches!(self.objects[id].what, What::Gone) {
            return Ok(());
        }
        if let Some(relation) = self.relation(id) {
            for parent in relation.parents.clone() {
                // A parent that goes as well takes its list with it.
                if !going.contains(&parent) && self.relation(parent).is_some() {
                    self.change_relation(parent)?
                        .children
                        .retain(|&child| child != id);
                }
            }
        }
        let key = self.objects[id].key.clone();
        let is_relation = self.relation(id).is_some();
        self.change(id).what = What::Gone;
        if is_relation {
            self.bind_relation(key, None);
        } else {
            self.bind_type(key, None);
        }
        Ok(())
    }
}
