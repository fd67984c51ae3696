//! Tables and views: how they come and change.

use crate::model::catalog::RelationKind;
use crate::model::replay::queries::Given;
use crate::model::replay::state::{
    Base, Column, Id, Outcome, Refused, Relation, State, TEMPORARY, Type, What,
};
use crate::parse::sql::{Action, Element, NewTable, NewView, ObjectName};
use crate::source::At;

impl Relation {
    pub(super) fn new(kind: RelationKind, columns: Vec<Column>) -> Self {
        Self {
            kind,
            columns,
            is_complete: true,
            parents: Vec::new(),
            children: Vec::new(),
            is_partition: false,
            is_partitioned: false,
            reads: Vec::new(),
            words: Vec::new(),
        }
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

impl State {
    pub(super) fn create_table(&mut self, new: &NewTable, perhaps: bool) -> Outcome {
        let mut key = self.new_key(&new.name)?;
        if new.is_temporary {
            TEMPORARY.clone_into(&mut key.0);
        }
        if self.relations.contains_key(&key) {
            return if new.if_not_exists {
                Ok(())
            } else {
                Err(Refused)
            };
        }
        let kind = if new.is_foreign {
            RelationKind::ForeignTable
        } else {
            RelationKind::Table
        };
        let mut relation = Relation::new(kind, Vec::new());
        if let Some(name) = &new.of_type {
            let id = self.find_type(name).ok_or(Refused)?;
            match &self.objects[id].what {
                What::Composite(columns) => relation.columns.clone_from(columns),
                _ => return Err(Refused),
            }
        }
        let parents = new.inherits.iter().chain(&new.partition_of);
        let parents: Option<Vec<Id>> = parents.map(|name| self.find_relation(name)).collect();
        relation.parents = parents.ok_or(Refused)?;
        relation.is_partition = new.partition_of.is_some();
        relation.is_partitioned = new.is_partitioned;
        let is_refused = |parent: &Id| {
            let parent = self.relation(*parent);
            parent.is_none_or(|it| {
                it.is_partitioned != relation.is_partition
                    || it.is_partition && !relation.is_partition
            })
        };
        if relation.parents.iter().any(is_refused) {
            return Err(Refused);
        }
        for &parent in &relation.parents.clone() {
            self.inherit_columns(&mut relation, parent)?;
        }
        self.own_columns(&mut relation, &new.elements)?;
        if relation.columns.len() > MOST_COLUMNS {
            return Err(Refused);
        }
        if let Some(query) = &new.query {
            self.has_what_it_reads(query)?;
            match self.columns_of(query) {
                Some(given) => relation.columns = self.columns_from(given, &new.query_columns)?,
                None => relation.is_complete = false,
            }
        }
        let id = self.add_relation(key, &new.name, relation)?;
        self.objects[id].is_doubtful = perhaps;
        Ok(())
    }

    fn inherit_columns(&self, relation: &mut Relation, parent: Id) -> Outcome {
        let parent = self.relation(parent).ok_or(Refused)?;
        relation.is_complete &= parent.is_complete;
        for column in &parent.columns {
            match relation.position(&column.name) {
                Some(position) => {
                    let known = &mut relation.columns[position];
                    if known.of_type != column.of_type {
                        return Err(Refused);
                    }
                    known.inherited += 1;
                    known.is_nullable = both(known.is_nullable, column.is_nullable);
                }
                None => relation.columns.push(Column {
                    is_local: false,
                    inherited: 1,
                    ..column.clone()
                }),
            }
        }
        Ok(())
    }

    fn own_columns(&self, relation: &mut Relation, elements: &[Element]) -> Outcome {
        let mut own: Vec<Column> = Vec::new();
        for element in elements {
            match element {
                Element::Column(column) => own.push(self.new_column(column)),
                Element::Like(name) => {
                    let id = self.find_relation(name);
                    let columns = match id.and_then(|id| self.relation(id)) {
                        Some(like) => {
                            relation.is_complete &= like.is_complete;
                            &like.columns
                        }
                        None => match self.find_type(name).map(|id| &self.objects[id].what) {
                            Some(What::Composite(attributes)) => attributes,
                            _ => return Err(Refused),
                        },
                    };
                    own.extend(columns.iter().map(|column| Column {
                        is_local: true,
                        inherited: 0,
                        ..column.clone()
                    }));
                }
                Element::NotNull(_) | Element::Constrained(_) => {}
            }
        }
        if own.len() > MOST_COLUMNS {
            return Err(Refused);
        }
        for (number, column) in own.iter().enumerate() {
            if own[..number].iter().any(|other| other.name == column.name) {
                return Err(Refused);
            }
        }
        for column in own {
            match relation.position(&column.name) {
                Some(position) => {
                    let known = &mut relation.columns[position];
                    if known.of_type != column.of_type {
                        return Err(Refused);
                    }
                    known.is_local = true;
                    known.is_nullable = both(known.is_nullable, column.is_nullable);
                }
                None => relation.columns.push(column),
            }
        }
        for element in elements {
            if let Element::NotNull(names) | Element::Constrained(names) = element {
                let is_not_null = matches!(element, Element::NotNull(_));
                for name in names {
                    match relation.position(name) {
                        Some(_) if !is_not_null => {}
                        Some(position) => relation.columns[position].is_nullable = Some(false),
                        None if relation.is_complete => return Err(Refused),
                        None => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Columns that a query gives; the first ones may be named otherwise.
    fn columns_from(&self, given: Vec<Given>, names: &[At<String>]) -> Outcome<Vec<Column>> {
        if names.len() > given.len() || given.len() > MOST_OUTPUTS {
            return Err(Refused);
        }
        let mut columns: Vec<Column> = Vec::new();
        for (number, given) in given.into_iter().enumerate() {
            let (name, span) = match names.get(number) {
                Some(name) => (name.value.clone(), name.span),
                None => (given.name, given.span),
            };
            if columns.iter().any(|column| column.name == name) {
                return Err(Refused);
            }
            columns.push(Column {
                name,
                place: span.in_file(self.file),
                of_type: given.of_type,
                is_nullable: Some(true),
                is_local: true,
                inherited: 0,
                is_doubtful: false,
            });
        }
        Ok(columns)
    }

    fn add_relation(
        &mut self,
        key: (String, String),
        name: &ObjectName,
        relation: Relation,
    ) -> Outcome<Id> {
        let parents = relation.parents.clone();
        let used: Vec<Type> = relation
            .columns
            .iter()
            .map(|column| column.of_type.clone())
            .collect();
        let reads = relation.reads.clone();
        let id = self.add(
            key,
            name.name().span.in_file(self.file),
            What::Relation(relation),
        )?;
        for parent in parents {
            self.change_relation(parent)?.children.push(id);
        }
        for of_type in &used {
            self.note_use(id, of_type);
        }
        for read in reads {
            self.readers.entry(read).or_default().push(id);
        }
        Ok(id)
    }

    pub(super) fn create_view(&mut self, new: &NewView, perhaps: bool) -> Outcome {
        let mut key = self.new_key(&new.name)?;
        let kind = if new.is_materialized {
            RelationKind::MaterializedView
        } else {
            RelationKind::View
        };
        self.has_what_it_reads(&new.query)?;
        let given = self.columns_of(&new.query);
        let is_complete = given.is_some();
        let columns = match given {
            Some(given) => self.columns_from(given, &new.columns)?,
            None => Vec::new(),
        };
        let mut relation = Relation::new(kind, columns);
        relation.is_complete = is_complete;
        relation.reads = self.read_by(&new.query);
        relation.words.clone_from(&new.query.words);
        let of_all = relation.reads.iter().filter_map(|&id| self.relation(id));
        let columns = of_all.flat_map(|read| read.columns.iter().map(|column| column.name.clone()));
        // What `*` stands for is part of the view.
        let by_star =
            columns.filter(|name| relation.columns.iter().any(|column| column.name == *name));
        let by_star: Vec<String> = by_star.collect();
        relation.words.extend(by_star);
        relation.words.sort_unstable();
        if new.is_temporary
            || relation
                .reads
                .iter()
                .any(|&id| self.objects[id].is_temporary())
        {
            TEMPORARY.clone_into(&mut key.0);
        }
        let Some(&known) = self.relations.get(&key) else {
            let id = self.add_relation(key, &new.name, relation)?;
            self.objects[id].is_doubtful = perhaps;
            return Ok(());
        };
        if new.if_not_exists {
            return Ok(());
        }
        if !new.or_replace || !self.objects[known].is(RelationKind::View) {
            return Err(Refused);
        }
        if perhaps {
            self.change(known).is_doubtful = true;
            return Ok(());
        }
        if let Some(old) = self.relation(known)
            && old.is_complete
            && relation.is_complete
        {
            let mut new_columns = relation.columns.iter();
            let is_same = |column: &Column| {
                new_columns.next().is_some_and(|new| {
                    let is_known =
                        new.of_type.base != Base::Unknown && column.of_type.base != Base::Unknown;
                    new.name == column.name && (!is_known || new.of_type == column.of_type)
                })
            };
            if !old.columns.iter().all(is_same) {
                return Err(Refused);
            }
        }
        for &read in &relation.reads {
            let readers = self.readers.entry(read).or_default();
            if !readers.contains(&known) {
                readers.push(known);
            }
        }
        let object = self.change(known);
        object.what = What::Relation(relation);
        Ok(())
    }

    pub(super) fn alter_relation(
        &mut self,
        name: &ObjectName,
        if_exists: bool,
        only: bool,
        actions: &[Action],
        perhaps: bool,
    ) -> Outcome {
        let Some(id) = self.find_relation(name) else {
            return if if_exists || self.is_index(name) {
                Ok(())
            } else {
                Err(Refused)
            };
        };
        if perhaps {
            for action in actions {
                self.perhaps_alter(id, action);
            }
            return Ok(());
        }
        match actions {
            [action] if self.relation(id).is_some_and(|it| it.children.is_empty()) => {
                self.alter(id, only, action)
            }
            _ => self.at_once(|state| {
                // PostgreSQL drops first, then changes types, then adds; see `AlterTablePass`.
                for pass in 0..PASSES {
                    for action in actions.iter().filter(|action| pass_of(action) == pass) {
                        state.alter(id, only, action)?;
                    }
                }
                Ok(())
            }),
        }
    }

    fn is_index(&self, name: &ObjectName) -> bool {
        self.indexes
            .keys()
            .any(|(_, own)| *own == name.name().value)
    }

    /// What may have been done to a relation leaves it in doubt.
    fn perhaps_alter(&mut self, id: Id, action: &Action) {
        let added = match action {
            Action::AddColumn { column, .. } => Some(self.new_column(column)),
            _ => None,
        };
        let object = self.change(id);
        let What::Relation(relation) = &mut object.what else {
            return;
        };
        let find =
            |columns: &[Column], name: &str| columns.iter().position(|column| column.name == name);
        match action {
            Action::AddColumn { column, .. } => {
                if let Some(at) = find(&relation.columns, &column.name.value) {
                    relation.columns[at].of_type = Type::unknown();
                    relation.columns[at].is_nullable = None;
                } else if let Some(added) = added {
                    relation.columns.push(Column {
                        is_doubtful: true,
                        ..added
                    });
                }
            }
            Action::DropColumn { name, .. } => {
                if let Some(at) = find(&relation.columns, name) {
                    relation.columns[at].is_doubtful = true;
                }
            }
            Action::SetType { column, .. } => {
                if let Some(at) = find(&relation.columns, column) {
                    relation.columns[at].of_type = Type::unknown();
                }
            }
            Action::SetNotNull { column, .. } => {
                if let Some(at) = find(&relation.columns, column) {
                    relation.columns[at].is_nullable = None;
                }
            }
            Action::AddPrimaryKey(columns) => {
                for column in columns {
                    if let Some(at) = find(&relation.columns, column) {
                        relation.columns[at].is_nullable = None;
                    }
                }
            }
            Action::OfType | Action::Constrain(_) => {}
            _ => object.is_doubtful = true,
        }
    }

    fn alter(&mut self, id: Id, only: bool, action: &Action) -> Outcome {
        match action {
            Action::AddColumn {
                column,
                if_not_exists,
            } => {
                let column = self.new_column(column);
                self.add_column(id, &column, *if_not_exists, only)
            }
            Action::DropColumn {
                name,
                if_exists,
                cascade,
            } => self.drop_column(id, name, *if_exists, *cascade, only),
            Action::SetType { column, type_name } => {
                let of_type = self.resolve(type_name);
                self.set_type(id, column, &of_type, only, false)
            }
            Action::SetNotNull {
                column,
                is_not_null,
            } => self.set_not_null(id, column, *is_not_null, only),
            Action::AddPrimaryKey(columns) => columns
                .iter()
                .try_for_each(|column| self.set_not_null(id, column, true, only)),
            Action::Constrain(columns) => columns
                .iter()
                .try_for_each(|column| self.known_column(id, column).map(|_| ())),
            Action::AddPrimaryKeyUsing(index) => {
                let schema = self.objects[id].key.0.clone();
                let columns = self.indexes.get(&(schema, index.clone())).cloned();
                let columns = columns.unwrap_or_default();
                columns
                    .iter()
                    .try_for_each(|column| self.set_not_null(id, column, true, only))
            }
            Action::RenameColumn { name, to } => self.rename_column(id, name, to, only),
            Action::RenameTo(to) => {
                let key = (self.objects[id].key.0.clone(), to.value.clone());
                self.rename(id, key, Some(to.span.in_file(self.file)))
            }
            Action::SetSchema(schema) => {
                let key = (schema.clone(), self.objects[id].key.1.clone());
                self.rename(id, key, None)
            }
            Action::Inherit(parent) => {
                let parent = self.find_relation(parent).ok_or(Refused)?;
                self.attach(parent, id, false)
            }
            Action::NoInherit(parent) => {
                let parent = self.find_relation(parent).ok_or(Refused)?;
                self.detach(parent, id, false)
            }
            Action::Attach(child) => {
                let child = self.find_relation(child).ok_or(Refused)?;
                self.attach(id, child, true)
            }
            Action::Detach(child) => {
                let child = self.find_relation(child).ok_or(Refused)?;
                self.detach(id, child, true)
            }
            Action::OfType => Ok(()),
        }
    }
}

const PASSES: usize = 4;

/// The most columns of a table (`MaxHeapAttributeNumber`).
pub(super) const MOST_COLUMNS: usize = 1_600;

/// The most columns that a query gives (`MaxTupleAttributeNumber`).
const MOST_OUTPUTS: usize = 1_664;

/// When an action of an `ALTER TABLE` is done.
fn pass_of(action: &Action) -> usize {
    match action {
        Action::DropColumn { .. }
        | Action::SetNotNull {
            is_not_null: false, ..
        } => 0,
        Action::SetType { .. } => 1,
        Action::AddColumn { .. } => 2,
        _ => 3,
    }
}

/// Whether a column takes null for which two definitions hold.
fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
