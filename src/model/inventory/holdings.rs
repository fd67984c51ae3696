//! Tables with their columns, and who names them.

use super::Listing;
use crate::inventory::{
    Access, Catalog, Column, Enum, Holding, Owner, Reference, Relation, RelationKind, Schema,
};
use crate::model::{catalog, holdings};
use crate::parse::sql;
use crate::source::{FileId, shown_folder};

impl Listing<'_> {
    pub(super) fn holding(&self, holding: &holdings::Holding) -> Holding {
        let paths = |files: &[FileId]| {
            let files = files.iter();
            files.map(|file| self.path(*file)).collect()
        };
        Holding {
            folder: shown_folder(&holding.folder).to_owned(),
            owners: holding.owners.iter().map(Owner::from).collect(),
            schema_files: paths(&holding.schema_files),
            datasource: holding.datasource.map(|place| self.range(place)),
            is_open: holding.is_open,
            migrations_folder: holding.migrations_folder.clone(),
            migrations: paths(&holding.migrations),
            default_schema: holding.default_schema.clone(),
            is_postgres: holding.is_postgres,
            declared: holding.declared.as_ref().map(|it| self.catalog(it)),
            replayed: holding.replayed.as_ref().map(|it| self.catalog(it)),
        }
    }

    fn catalog(&self, catalog: &catalog::Catalog) -> Catalog {
        let schemas = catalog.schemas.iter().map(|(name, schema)| Schema {
            name: name.clone(),
            place: schema.place.map(|place| self.range(place)),
            relations: schema
                .relations
                .iter()
                .map(|(name, relation)| self.relation(name, relation))
                .collect(),
            enums: schema
                .enums
                .iter()
                .map(|(name, found)| Enum {
                    name: name.clone(),
                    place: self.range(found.place),
                    values: found.values.iter().map(|it| it.value.clone()).collect(),
                })
                .collect(),
        });
        Catalog {
            schemas: schemas.collect(),
        }
    }

    fn relation(&self, name: &str, relation: &catalog::Relation) -> Relation {
        let columns = relation.columns.iter().map(|column| Column {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            is_nullable: column.is_nullable,
            place: self.range(column.place),
        });
        Relation {
            name: name.to_owned(),
            kind: match relation.kind {
                catalog::RelationKind::Table => RelationKind::Table,
                catalog::RelationKind::View => RelationKind::View,
                catalog::RelationKind::MaterializedView => RelationKind::MaterializedView,
                catalog::RelationKind::ForeignTable => RelationKind::ForeignTable,
            },
            place: self.range(relation.place),
            columns: columns.collect(),
            is_complete: relation.is_complete,
        }
    }

    pub(super) fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        for (id, named) in self.workspace.named_tables() {
            let path = &self.workspace.sources.file(id).path;
            let owners = self.owners.of_sql(id, path).iter();
            let owners: Vec<Owner> = owners.map(Into::into).collect();
            references.extend(named.iter().map(|reference| Reference {
                owners: owners.clone(),
                database: reference.name.database().map(|it| it.value.clone()),
                schema: reference.name.schema().map(|it| it.value.clone()),
                table: reference.name.name().value.clone(),
                access: access(reference.access),
                place: self.range(reference.name.span().in_file(id)),
            }));
        }
        references
    }
}

fn access(access: sql::Access) -> Access {
    match access {
        sql::Access::Reads => Access::Reads,
        sql::Access::Writes => Access::Writes,
        sql::Access::Defines => Access::Defines,
        sql::Access::Alters => Access::Alters,
        sql::Access::Drops => Access::Drops,
        sql::Access::References => Access::References,
    }
}
