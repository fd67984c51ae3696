//! The tables that Prisma makes for relations of many to many.

use std::collections::BTreeMap;

use super::Schema;
use crate::model::catalog::{Catalog, Column, Relation, RelationKind};
use crate::parse::prisma::{Field, Model};
use crate::source::{FileId, Place};

/// One side of a relation.
#[derive(Clone, Copy)]
struct Side<'a> {
    file: FileId,
    model: &'a Model,
    field: &'a Field,
}

impl Side<'_> {
    /// Where the join table is defined, which has no name in the text.
    fn place(&self) -> Place {
        self.field.name.span.in_file(self.file)
    }
}

impl Schema<'_> {
    /// Adds a table for each relation whose two sides are lists.
    pub(super) fn add_join_tables(&self, catalog: &mut Catalog) {
        for (name, sides) in self.relations() {
            let [one, other] = sides.as_slice() else {
                continue;
            };
            let is_view = one.model.is_view || other.model.is_view;
            if !one.field.list || !other.field.list || is_view {
                continue;
            }
            let column = |name: &str, side: &Side| {
                Some(Column {
                    name: name.to_owned(),
                    place: side.place(),
                    type_name: self.type_name(key_of(side.model)?),
                    is_nullable: Some(false),
                })
            };
            let (Some(a), Some(b)) = (column("A", one), column("B", other)) else {
                continue;
            };
            let relation = Relation {
                kind: RelationKind::Table,
                place: one.place(),
                columns: vec![a, b],
                is_complete: true,
            };
            let schema = self.schema_of(one.model).to_owned();
            let schema = catalog.schemas.entry(schema).or_default();
            schema.relations.entry(name).or_insert(relation);
        }
    }

    /// The sides of relations by the name that a join table would have, sorted by their models' names.
    fn relations(&self) -> Vec<(String, Vec<Side<'_>>)> {
        let mut relations: BTreeMap<(String, &str, &str), Vec<Side>> = BTreeMap::new();
        for &(file, model) in self.models.values() {
            for field in &model.fields {
                let Some((_, other)) = self.models.get(field.type_name.value.as_str()) else {
                    continue;
                };
                let mut names = [model.name.value.as_str(), other.name.value.as_str()];
                names.sort_unstable();
                let [first, second] = names;
                let name = field
                    .relation_name()
                    .unwrap_or_else(|| format!("{first}To{second}"));
                let side = Side { file, model, field };
                let sides = relations.entry((name, first, second)).or_default();
                sides.push(side);
            }
        }
        let named = relations.into_iter();
        named
            .map(|((name, ..), sides)| (format!("_{name}"), sides))
            .collect()
    }
}

/// The field that tells one row of a model from the others.
fn key_of(model: &Model) -> Option<&Field> {
    let by_attribute = |name: &'static str| {
        let mut fields = model.fields.iter();
        move || fields.find(|field| field.attribute(name).is_some())
    };
    by_attribute("id")().or_else(by_attribute("unique"))
}
