//! What a Prisma schema says that its database holds: what `prisma migrate` would create, as Prisma 7 maps
//! its types to PostgreSQL's.

mod join_tables;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalog::{self, Catalog, Column, Enum, Relation, RelationKind};
use crate::parse::prisma::{self, Field, Model, PrismaFile, Value};
use crate::parse::{AllFacts, Facts};
use crate::source::FileId;

/// The catalog that the files of a Prisma schema declare, where names without a qualifier stand in
/// `unqualified`.
pub(super) fn declared(facts: &AllFacts, files: &[FileId], unqualified: &str) -> Catalog {
    let files = files
        .iter()
        .filter_map(|&id| match facts[id.0 as usize].as_ref() {
            Facts::Prisma(parsed) => Some((id, &parsed.facts)),
            _ => None,
        });
    Schema::of(files.collect(), unqualified).catalog()
}

/// A Prisma schema as a whole.
#[allow(
    clippy::struct_field_names,
    reason = "Prisma and PostgreSQL both call it so"
)]
struct Schema<'a> {
    files: Vec<(FileId, &'a PrismaFile)>,
    /// The schema that names without a qualifier stand in.
    unqualified: &'a str,
    models: BTreeMap<&'a str, (FileId, &'a Model)>,
    enums: BTreeMap<&'a str, &'a prisma::Enum>,
    /// Types of MongoDB's documents, which are no columns of PostgreSQL.
    composites: BTreeSet<&'a str>,
}

impl<'a> Schema<'a> {
    fn of(files: Vec<(FileId, &'a PrismaFile)>, unqualified: &'a str) -> Self {
        let mut schema = Self {
            unqualified,
            models: BTreeMap::new(),
            enums: BTreeMap::new(),
            composites: BTreeSet::new(),
            files: Vec::new(),
        };
        for &(id, file) in &files {
            for model in &file.models {
                schema
                    .models
                    .entry(&model.name.value)
                    .or_insert((id, model));
            }
            for found in &file.enums {
                schema.enums.entry(&found.name.value).or_insert(found);
            }
            let types = file.types.iter().map(|name| name.value.as_str());
            schema.composites.extend(types);
        }
        schema.files = files;
        schema
    }

    fn catalog(&self) -> Catalog {
        let mut catalog = Catalog::default();
        for &(file, schema) in &self.files {
            for found in &schema.enums {
                let name = found.type_name().clone();
                let values = found.values.iter();
                let values = values.map(|(value, mapped)| mapped.as_ref().unwrap_or(value));
                let schema = self.schema_name(found.schema.as_ref().map(|it| it.value.as_str()));
                let of_schema = catalog.schemas.entry(schema.to_owned()).or_default();
                of_schema.enums.entry(name.value.clone()).or_insert(Enum {
                    place: name.span.in_file(file),
                    values: values.map(|value| value.in_file(file)).collect(),
                });
            }
            for model in &schema.models {
                let of_schema = self.schema_of(model).to_owned();
                let of_schema = catalog.schemas.entry(of_schema).or_default();
                let name = model.table().value.clone();
                of_schema
                    .relations
                    .entry(name)
                    .or_insert_with(|| self.relation(file, model));
            }
        }
        self.add_join_tables(&mut catalog);
        self.place_schemas(&mut catalog);
        catalog
    }

    /// Says where schemas are listed. Prisma creates those in which anything stands.
    fn place_schemas(&self, catalog: &mut Catalog) {
        for &(file, schema) in &self.files {
            for datasource in &schema.datasources {
                let Some(Value::List(names)) = &datasource.schemas else {
                    continue;
                };
                for name in names.iter().filter(|name| name.value != "public") {
                    if let Some(of_name) = catalog.schemas.get_mut(&name.value) {
                        of_name.place = Some(name.span.in_file(file));
                    }
                }
            }
        }
    }

    fn schema_name<'n>(&'n self, written: Option<&'n str>) -> &'n str {
        written.unwrap_or(self.unqualified)
    }

    /// The schema that a model's table stands in.
    fn schema_of<'m>(&'m self, model: &'m Model) -> &'m str {
        self.schema_name(model.schema.as_ref().map(|schema| schema.value.as_str()))
    }

    fn relation(&self, file: FileId, model: &Model) -> Relation {
        let mut is_complete = true;
        let mut columns = Vec::new();
        for field in &model.fields {
            match self.sort_of(field) {
                Sort::Column => columns.push(self.column(file, model, field)),
                Sort::NoColumn => {}
                Sort::Unknown => is_complete = false,
            }
        }
        Relation {
            kind: if model.is_view {
                RelationKind::View
            } else {
                RelationKind::Table
            },
            place: model.table().span.in_file(file),
            columns,
            is_complete,
        }
    }

    fn column(&self, file: FileId, model: &Model, field: &Field) -> Column {
        // Prisma makes the columns of lists nullable, and reads null as an empty list.
        let is_nullable = field.optional || field.list;
        Column {
            name: field.column().value.clone(),
            place: field.column().span.in_file(file),
            type_name: self.type_name(field),
            // PostgreSQL takes every column of a view for nullable.
            is_nullable: (!model.is_view).then_some(is_nullable),
        }
    }

    /// The type of a field's column, as `format_type` prints it; `None` where that cannot be told.
    fn type_name(&self, field: &Field) -> Option<String> {
        let own = if let Some(found) = self.enums.get(field.type_name.value.as_str()) {
            let schema = self.schema_name(found.schema.as_ref().map(|it| it.value.as_str()));
            catalog::type_name(schema, &found.type_name().value, self.unqualified)
        } else if field.unsupported {
            types::of_postgres(&field.type_name.value)?
        } else {
            types::of_field(field)?
        };
        Some(if field.list { format!("{own}[]") } else { own })
    }

    fn sort_of(&self, field: &Field) -> Sort {
        let name = field.type_name.value.as_str();
        let is_column = field.unsupported || self.enums.contains_key(name);
        if is_column {
            Sort::Column
        } else if self.models.contains_key(name) || self.composites.contains(name) {
            Sort::NoColumn
        } else if types::is_scalar(name) {
            Sort::Column
        } else {
            Sort::Unknown
        }
    }
}

/// What becomes of a field.
enum Sort {
    Column,
    /// It is a relation.
    NoColumn,
    /// Its type is defined nowhere.
    Unknown,
}

#[cfg(test)]
mod tests;
