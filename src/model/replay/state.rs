//! The catalogue while migrations are applied: objects by number, names that lead to them, and a journal to
//! go back by.

use std::collections::{BTreeMap, HashMap};

use crate::model::catalog::RelationKind;
use crate::parse::sql::ObjectName;
use crate::source::{FileId, Place, Placed};

/// A statement that PostgreSQL refuses: nothing of it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// What a statement comes to.
pub(super) type Outcome<T = ()> = Result<T, Refused>;

/// The number of an object.
pub(super) type Id = usize;

/// Where temporary tables stand; they go with the session.
pub(super) const TEMPORARY: &str = "pg_temp";

/// A schema and a name in it.
pub(super) type Key = (String, String);

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) key: Key,
    pub(super) place: Place,
    pub(super) what: What,
    /// Whether it is not sure that it is there, or that it is like this.
    pub(super) is_doubtful: bool,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Relation(Relation),
    Enum(Vec<Placed<String>>),
    Composite(Vec<Column>),
    /// A domain, a range, a base type.
    OtherType,
    /// Dropped.
    Gone,
}

#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) kind: RelationKind,
    pub(super) columns: Vec<Column>,
    pub(super) is_complete: bool,
    pub(super) parents: Vec<Id>,
    pub(super) children: Vec<Id>,
    pub(super) is_partition: bool,
    pub(super) is_partitioned: bool,
    /// Of a view: what it reads, and the words of its query.
    pub(super) reads: Vec<Id>,
    pub(super) words: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) of_type: Type,
    pub(super) is_nullable: Option<bool>,
    /// Whether the table defines it itself, and how many parents it comes from.
    pub(super) is_local: bool,
    pub(super) inherited: usize,
    pub(super) is_doubtful: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) base: Base,
    pub(super) is_array: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// As `format_type` prints it.
    Text(String),
    /// A type that the migrations make, or the row of a relation.
    Object(Id),
    Unknown,
}

impl Type {
    pub(super) fn unknown() -> Self {
        Self {
            base: Base::Unknown,
            is_array: false,
        }
    }
}

/// Whether a schema is there.
#[derive(Clone, Copy)]
pub(super) enum SchemaState {
    Absent,
    /// With the place where it is created; `None` for one that is there by itself.
    There(Option<Place>),
}

/// How to go one step back.
enum Undo {
    Object(Id, Box<Object>),
    Relation(Key, Option<Id>),
    Type(Key, Option<Id>),
    Schema(String, SchemaState),
    Path(Vec<String>),
}

pub(super) struct State {
    pub(super) schemas: BTreeMap<String, Option<Place>>,
    pub(super) objects: Vec<Object>,
    pub(super) relations: BTreeMap<Key, Id>,
    pub(super) types: BTreeMap<Key, Id>,
    /// Views by what they read, and relations by the types that they use. Never shortened.
    pub(super) readers: HashMap<Id, Vec<Id>>,
    pub(super) users: HashMap<Id, Vec<Id>>,
    /// The columns of indexes, which primary keys may be made of.
    pub(super) indexes: HashMap<Key, Vec<String>>,
    pub(super) default_schema: String,
    pub(super) path: Vec<String>,
    pub(super) file: FileId,
    /// Whether more may have happened than is told.
    pub(super) is_open: bool,
    journal: Vec<Undo>,
    /// How many may want to go back.
    recorders: usize,
    /// The last mark that somebody may want to go back to.
    last_mark: usize,
    /// Where the journal holds an object as it was last.
    noted: HashMap<Id, usize>,
}

impl State {
    pub(super) fn new(default_schema: &str) -> Self {
        let schemas = ["public", default_schema].map(|schema| (schema.to_owned(), None));
        Self {
            schemas: schemas.into(),
            objects: Vec::new(),
            relations: BTreeMap::new(),
            types: BTreeMap::new(),
            readers: HashMap::new(),
            users: HashMap::new(),
            indexes: HashMap::new(),
            default_schema: default_schema.to_owned(),
            path: vec![default_schema.to_owned()],
            file: FileId(0),
            is_open: false,
            journal: Vec::new(),
            recorders: 0,
            last_mark: 0,
            noted: HashMap::new(),
        }
    }

    /// Remembers from here on how to go back.
    pub(super) fn begin(&mut self) -> usize {
        self.recorders += 1;
        self.last_mark = self.journal.len();
        self.last_mark
    }

    /// Keeps what happened since `mark`.
    pub(super) fn keep(&mut self) {
        self.recorders -= 1;
        if self.recorders == 0 {
            self.journal.clear();
            self.noted.clear();
            self.last_mark = 0;
        }
    }

    /// Goes back to `mark`, which stays.
    pub(super) fn go_back(&mut self, mark: usize) {
        while self.journal.len() > mark {
            match self.journal.pop() {
                Some(Undo::Object(id, object)) => self.objects[id] = *object,
                Some(Undo::Relation(key, id)) => put_back(&mut self.relations, key, id),
                Some(Undo::Type(key, id)) => put_back(&mut self.types, key, id),
                Some(Undo::Schema(name, before)) => self.put_schema(name, before),
                Some(Undo::Path(path)) => self.path = path,
                None => return,
            }
        }
    }

    /// Does all of it or nothing.
    pub(super) fn at_once(&mut self, work: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let before = self.last_mark;
        let mark = self.begin();
        let outcome = work(self);
        if outcome.is_err() {
            self.go_back(mark);
        }
        self.last_mark = before;
        self.keep();
        outcome
    }

    fn note(&mut self, undo: impl FnOnce(&Self) -> Undo) {
        if self.recorders > 0 {
            let undo = undo(self);
            self.journal.push(undo);
        }
    }

    /// An object that is to be changed.
    pub(super) fn change(&mut self, id: Id) -> &mut Object {
        if self.recorders > 0 && !self.is_noted(id) {
            self.noted.insert(id, self.journal.len());
            let before = self.objects[id].clone();
            self.journal.push(Undo::Object(id, Box::new(before)));
        }
        &mut self.objects[id]
    }

    /// Whether the journal holds an object as it was at the last mark.
    fn is_noted(&self, id: Id) -> bool {
        let at = self.noted.get(&id).filter(|&&at| at >= self.last_mark);
        let undo = at.and_then(|&at| self.journal.get(at));
        matches!(undo, Some(Undo::Object(known, _)) if *known == id)
    }

    pub(super) fn relation(&self, id: Id) -> Option<&Relation> {
        match &self.objects[id].what {
            What::Relation(relation) => Some(relation),
            _ => None,
        }
    }

    pub(super) fn change_relation(&mut self, id: Id) -> Outcome<&mut Relation> {
        match &mut self.change(id).what {
            What::Relation(relation) => Ok(relation),
            _ => Err(Refused),
        }
    }

    pub(super) fn set_path(&mut self, path: Vec<String>) {
        self.note(|state| Undo::Path(state.path.clone()));
        self.path = path;
    }

    pub(super) fn set_schema(&mut self, name: &str, to: SchemaState) {
        self.note(|state| {
            let before = state.schemas.get(name);
            let before = before.map_or(SchemaState::Absent, |place| SchemaState::There(*place));
            Undo::Schema(name.to_owned(), before)
        });
        self.put_schema(name.to_owned(), to);
    }

    fn put_schema(&mut self, name: String, to: SchemaState) {
        match to {
            SchemaState::There(place) => self.schemas.insert(name, place),
            SchemaState::Absent => self.schemas.remove(&name),
        };
    }

    pub(super) fn bind_relation(&mut self, key: Key, id: Option<Id>) {
        self.note(|state| Undo::Relation(key.clone(), state.relations.get(&key).copied()));
        put_back(&mut self.relations, key, id);
    }

    pub(super) fn bind_type(&mut self, key: Key, id: Option<Id>) {
        self.note(|state| Undo::Type(key.clone(), state.types.get(&key).copied()));
        put_back(&mut self.types, key, id);
    }

    /// Adds an object under a name that is free.
    pub(super) fn add(&mut self, key: Key, place: Place, what: What) -> Outcome<Id> {
        if !self.is_free(&key, &what) {
            return Err(Refused);
        }
        let id = self.objects.len();
        let is_relation = matches!(what, What::Relation(_));
        self.objects.push(Object {
            key: key.clone(),
            place,
            what,
            is_doubtful: false,
        });
        if is_relation {
            self.bind_relation(key, Some(id));
        } else {
            self.bind_type(key, Some(id));
        }
        Ok(id)
    }

    /// Whether a name can be given to an object. A relation has a row type of its name; a composite type is
    /// listed among the relations.
    pub(super) fn is_free(&self, key: &Key, _what: &What) -> bool {
        !self.relations.contains_key(key) && !self.types.contains_key(key)
    }

    /// Gives an object another schema or name.
    pub(super) fn rename(&mut self, id: Id, key: Key, place: Option<Place>) -> Outcome {
        let object = &self.objects[id];
        if object.key == key
            || !self.schemas.contains_key(&key.0)
            || !self.is_free(&key, &object.what)
        {
            return Err(Refused);
        }
        let is_relation = matches!(object.what, What::Relation(_));
        let old = object.key.clone();
        let object = self.change(id);
        object.key = key.clone();
        if let Some(place) = place {
            object.place = place;
        }
        if is_relation {
            self.bind_relation(old, None);
            self.bind_relation(key, Some(id));
        } else {
            self.bind_type(old, None);
            self.bind_type(key, Some(id));
        }
        Ok(())
    }

    /// The key under which a new object of that name stands.
    pub(super) fn new_key(&self, name: &ObjectName) -> Outcome<Key> {
        let schema = match name.schema() {
            Some(schema) => &schema.value,
            None => self.creation_schema().ok_or(Refused)?,
        };
        let is_there = schema == TEMPORARY || self.schemas.contains_key(schema);
        let key = (schema.clone(), name.name().value.clone());
        if is_there { Ok(key) } else { Err(Refused) }
    }

    fn creation_schema(&self) -> Option<&String> {
        self.path
            .iter()
            .find(|schema| self.schemas.contains_key(*schema))
    }

    /// What a name leads to.
    fn find(&self, name: &ObjectName, map: &BTreeMap<Key, Id>) -> Option<Id> {
        let own = &name.name().value;
        let get = |schema: &str| map.get(&(schema.to_owned(), own.clone())).copied();
        if let Some(schema) = name.schema() {
            return get(&schema.value);
        }
        let path = self.path.iter().map(String::as_str);
        std::iter::once(TEMPORARY).chain(path).find_map(get)
    }

    pub(super) fn find_relation(&self, name: &ObjectName) -> Option<Id> {
        self.find(name, &self.relations)
    }

    pub(super) fn find_type(&self, name: &ObjectName) -> Option<Id> {
        self.find(name, &self.types)
    }

    /// Everything in a schema.
    pub(super) fn content(&self, schema: &str) -> Vec<Id> {
        let of = |map: &BTreeMap<Key, Id>| -> Vec<Id> {
            let from = map.range((schema.to_owned(), String::new())..);
            from.take_while(|(key, _)| key.0 == schema)
                .map(|(_, id)| *id)
                .collect()
        };
        let mut all = of(&self.relations);
        all.extend(of(&self.types));
        all
    }
}

fn put_back<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}
