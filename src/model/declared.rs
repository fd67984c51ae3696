//! What a Prisma schema says that its database holds.

use std::collections::HashSet;

use crate::model::catalog::{Catalog, Column, Relation, RelationKind};
use crate::model::holdings::Holding;
use crate::parse::{AllFacts, Facts};

/// The catalog that a holding's Prisma schema declares.
pub(super) fn declared(facts: &AllFacts, holding: &Holding) -> Catalog {
    let files = holding
        .schema_files
        .iter()
        .filter_map(|&id| match facts[id.0 as usize].as_ref() {
            Facts::Prisma(parsed) => Some((id, &parsed.facts)),
            _ => None,
        });
    let files: Vec<_> = files.collect();
    let models = files.iter().flat_map(|(_, schema)| &schema.models);
    let models: HashSet<&str> = models.map(|model| model.name.value.as_str()).collect();
    let mut catalog = Catalog::default();
    for (file, schema) in &files {
        for model in &schema.models {
            let qualifier = model.schema.as_ref();
            let qualifier = qualifier.map_or(&holding.default_schema, |schema| &schema.value);
            let columns = model.fields.iter();
            let columns = columns.filter(|field| !models.contains(field.type_name.value.as_str()));
            let relation = Relation {
                kind: if model.is_view {
                    RelationKind::View
                } else {
                    RelationKind::Table
                },
                place: model.table().span.in_file(*file),
                columns: columns
                    .map(|field| Column {
                        name: field.column().value.clone(),
                        place: field.column().span.in_file(*file),
                        type_name: None,
                        is_nullable: Some(field.optional),
                    })
                    .collect(),
                is_complete: true,
            };
            let schema = catalog.schemas.entry(qualifier.clone()).or_default();
            schema
                .relations
                .insert(model.table().value.clone(), relation);
        }
    }
    catalog
}
