//! Types: what a name means, and what `format_type` prints.

use crate::model::catalog::{self, RelationKind};
use crate::model::replay::state::{
    Base, Column, Id, Object, Outcome, Refused, SchemaState, State, TEMPORARY, Type, What,
};
use crate::parse::sql::{
    Action, BaseType, ColumnDefinition, ObjectName, TypeAction, TypeDefinition, TypeName,
    ValuePosition,
};
use crate::source::{At, Placed};

/// Types of extensions, which nothing in the text creates.
const OF_EXTENSIONS: [&str; 55] = [
    "citext",
    "hstore",
    "ltree",
    "lquery",
    "ltxtquery",
    "vector",
    "halfvec",
    "sparsevec",
    "geometry",
    "geography",
    "box2d",
    "box2df",
    "box3d",
    "gidx",
    "raster",
    "topogeometry",
    "topoelement",
    "cube",
    "seg",
    "earth",
    "lo",
    "query_int",
    "isbn",
    "isbn13",
    "issn",
    "issn13",
    "ismn",
    "ismn13",
    "ean13",
    "upc",
    "ulid",
    "semver",
    "ip4",
    "ip4r",
    "ip6",
    "ip6r",
    "ipaddress",
    "iprange",
    "int1",
    "uint1",
    "uint2",
    "uint4",
    "uint8",
    "agtype",
    "graphid",
    "hll",
    "tdigest",
    "h3index",
    "roaringbitmap",
    "mol",
    "bfp",
    "sfp",
    "bson",
    "prefix_range",
    "email",
];

impl State {
    /// What a type's name means here.
    pub(super) fn resolve(&self, written: &TypeName) -> Type {
        let base = match &written.base {
            BaseType::BuiltIn(text) => Base::Text(text.clone()),
            BaseType::Unknown => Base::Unknown,
            BaseType::Named { name, modifiers } => {
                match self.find_type(name).or_else(|| self.find_relation(name)) {
                    Some(id) => Base::Object(id),
                    None if name.parts.len() == 1
                        && OF_EXTENSIONS.contains(&name.name().value.as_str()) =>
                    {
                        Base::Text(format!("{}{modifiers}", name.name().value))
                    }
                    None => Base::Unknown,
                }
            }
        };
        Type {
            base,
            is_array: written.is_array,
        }
    }

    /// Remembers that a relation or a composite type uses a type.
    pub(super) fn note_use(&mut self, user: Id, of_type: &Type) {
        if let Base::Object(id) = of_type.base {
            let users = self.users.entry(id).or_default();
            if users.last() != Some(&user) {
                users.push(user);
            }
        }
    }

    /// A type as `format_type` prints it, where names of the default schema need no qualifier.
    pub(super) fn printed(&self, of_type: &Type) -> Option<String> {
        let mut text = match &of_type.base {
            Base::Text(text) => text.clone(),
            Base::Unknown => return None,
            Base::Object(id) => {
                let object = &self.objects[*id];
                if matches!(object.what, What::Gone) || object.is_doubtful {
                    return None;
                }
                let (schema, name) = &object.key;
                catalog::type_name(schema, name, &self.default_schema)
            }
        };
        if of_type.is_array {
            text.push_str("[]");
        }
        Some(text)
    }

    pub(super) fn new_column(&self, column: &ColumnDefinition) -> Column {
        Column {
            name: column.name.value.clone(),
            place: column.name.span.in_file(self.file),
            of_type: self.resolve(&column.type_name),
            is_nullable: Some(!column.is_not_null),
            is_local: true,
            inherited: 0,
            is_doubtful: false,
        }
    }

    pub(super) fn create_type(
        &mut self,
        name: &ObjectName,
        definition: &TypeDefinition,
        perhaps: bool,
    ) -> Outcome {
        let key = self.new_key(name)?;
        let what = match definition {
            TypeDefinition::Enum(values) => {
                let mut placed: Vec<Placed<String>> = Vec::new();
                for value in values {
                    if placed.iter().any(|known| known.value == value.value) {
                        return Err(Refused);
                    }
                    placed.push(self.placed(value));
                }
                What::Enum(placed)
            }
            TypeDefinition::Composite(columns) => What::Composite(
                columns
                    .iter()
                    .map(|column| self.new_column(column))
                    .collect(),
            ),
            TypeDefinition::Other => What::OtherType,
        };
        let used: Vec<Type> = match &what {
            What::Composite(columns) => columns
                .iter()
                .map(|column| column.of_type.clone())
                .collect(),
            _ => Vec::new(),
        };
        // Shell types are completed by a second `CREATE TYPE`.
        if matches!(what, What::OtherType)
            && let Some(&id) = self.types.get(&key)
            && matches!(self.objects[id].what, What::OtherType)
        {
            return Ok(());
        }
        let id = self.add(key, name.name().span.in_file(self.file), what)?;
        self.objects[id].is_doubtful = perhaps;
        for of_type in used {
            self.note_use(id, &of_type);
        }
        Ok(())
    }

    fn placed(&self, value: &At<String>) -> Placed<String> {
        value.in_file(self.file)
    }

    pub(super) fn alter_type(
        &mut self,
        name: &ObjectName,
        action: &TypeAction,
        perhaps: bool,
    ) -> Outcome {
        let id = self.find_type(name).ok_or(Refused)?;
        if perhaps {
            self.change(id).is_doubtful = true;
            return Ok(());
        }
        match action {
            TypeAction::RenameTo(to) => {
                let key = (self.objects[id].key.0.clone(), to.value.clone());
                self.rename(id, key, Some(to.span.in_file(self.file)))
            }
            TypeAction::SetSchema(schema) => {
                let key = (schema.clone(), self.objects[id].key.1.clone());
                self.rename(id, key, None)
            }
            TypeAction::AddValue {
                value,
                if_not_exists,
                position,
            } => {
                let new = self.placed(value);
                let values = self.values(id)?;
                if values.iter().any(|known| known.value == value.value) {
                    return if *if_not_exists { Ok(()) } else { Err(Refused) };
                }
                let find = |wanted: &String| {
                    values
                        .iter()
                        .position(|known| known.value == *wanted)
                        .ok_or(Refused)
                };
                let at = match position {
                    None => values.len(),
                    Some(ValuePosition::Before(value)) => find(value)?,
                    Some(ValuePosition::After(value)) => find(value)? + 1,
                };
                values.insert(at, new);
                Ok(())
            }
            TypeAction::RenameValue { value, to } => {
                let new = self.placed(to);
                let values = self.values(id)?;
                if values.iter().any(|known| known.value == to.value) {
                    return Err(Refused);
                }
                let at = values
                    .iter()
                    .position(|known| known.value == *value)
                    .ok_or(Refused)?;
                values[at] = new;
                Ok(())
            }
            TypeAction::Attributes(actions) => self.alter_attributes(id, actions),
        }
    }

    fn values(&mut self, id: Id) -> Outcome<&mut Vec<Placed<String>>> {
        match &self.objects[id].what {
            What::Enum(_) => {}
            _ => return Err(Refused),
        }
        match &mut self.change(id).what {
            What::Enum(values) => Ok(values),
            _ => Err(Refused),
        }
    }

    fn alter_attributes(&mut self, id: Id, actions: &[Action]) -> Outcome {
        for action in actions {
            let file = self.file;
            let added = match action {
                Action::AddColumn { column, .. } => Some(self.new_column(column)),
                _ => None,
            };
            let retyped = match action {
                Action::SetType { type_name, .. } => Some(self.resolve(type_name)),
                _ => None,
            };
            for used in added.iter().map(|column| &column.of_type).chain(&retyped) {
                self.note_use(id, used);
            }
            let What::Composite(attributes) = &mut self.change(id).what else {
                return Err(Refused);
            };
            let position = |name: &String, attributes: &[Column]| {
                attributes
                    .iter()
                    .position(|attribute| attribute.name == *name)
            };
            match action {
                Action::AddColumn { .. } => attributes.extend(added),
                Action::DropColumn {
                    name, if_exists, ..
                } => match position(name, attributes) {
                    Some(at) => {
                        attributes.remove(at);
                    }
                    None if *if_exists => {}
                    None => return Err(Refused),
                },
                Action::RenameColumn { name, to } => {
                    let at = position(name, attributes).ok_or(Refused)?;
                    attributes[at].name.clone_from(&to.value);
                    attributes[at].place = to.span.in_file(file);
                }
                Action::SetType { column, .. } => {
                    let at = position(column, attributes).ok_or(Refused)?;
                    attributes[at].of_type = retyped.unwrap_or_else(Type::unknown);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl State {
    pub(super) fn create_schema(&mut self, name: &At<String>, if_not_exists: bool) -> Outcome {
        if self.schemas.contains_key(&name.value) {
            return if if_not_exists { Ok(()) } else { Err(Refused) };
        }
        let place = name.span.in_file(self.file);
        self.set_schema(&name.value, SchemaState::There(Some(place)));
        Ok(())
    }

    pub(super) fn rename_schema(&mut self, name: &str, to: &At<String>) -> Outcome {
        if !self.schemas.contains_key(name) || self.schemas.contains_key(&to.value) {
            return Err(Refused);
        }
        let place = to.span.in_file(self.file);
        self.set_schema(&to.value, SchemaState::There(Some(place)));
        for id in self.content(name) {
            let key = (to.value.clone(), self.objects[id].key.1.clone());
            self.rename(id, key, None)?;
        }
        self.set_schema(name, SchemaState::Absent);
        Ok(())
    }
}

impl Object {
    /// Whether it is of the session only.
    pub(super) fn is_temporary(&self) -> bool {
        self.key.0 == TEMPORARY
    }

    pub(super) fn is(&self, kind: RelationKind) -> bool {
        matches!(&self.what, What::Relation(relation) if relation.kind == kind)
    }
}
