//! The differences between what a Prisma schema declares and what migrations leave.

use std::collections::{BTreeMap, BTreeSet};

use super::Difference;
use crate::finding::Label;
use crate::model::catalog::{Catalog, Column, Enum, Relation, RelationKind, quoted, type_name};
use crate::source::{FileId, Place, Placed};

/// A Prisma schema beside what its migrations leave.
pub(super) struct Comparison<'a> {
    pub(super) declared: &'a Catalog,
    pub(super) replayed: &'a Catalog,
    pub(super) default_schema: &'a str,
    pub(super) schemas: BTreeSet<String>,
    pub(super) untouched: BTreeSet<String>,
    pub(super) unsure: BTreeSet<(String, String)>,
    pub(super) may_lack_tables: bool,
    pub(super) found: Vec<Difference>,
}

/// A table and where it is.
#[derive(Clone, Copy)]
struct Table<'a> {
    schema: &'a str,
    name: &'a str,
    relation: &'a Relation,
}

impl<'a> Comparison<'a> {
    /// Finds every difference.
    pub(super) fn all(&mut self) {
        let (missing, extra) = (self.missing_tables(), self.extra_tables());
        let mut renamed: BTreeMap<&str, Table> = BTreeMap::new();
        for table in &missing {
            let mut twins = extra
                .iter()
                .filter(|extra| is_same_shape(table.relation, extra.relation));
            if let (Some(twin), None) = (twins.next(), twins.next())
                && missing
                    .iter()
                    .filter(|other| is_same_shape(other.relation, twin.relation))
                    .count()
                    == 1
            {
                renamed.insert(table.name, *twin);
            }
        }
        for table in &missing {
            self.missing_table(*table, renamed.get(table.name).copied());
        }
        self.columns();
        self.enums();
        for table in extra {
            if !renamed.values().any(|twin| twin.name == table.name) {
                self.extra_table(table);
            }
        }
        // What the migrations lack comes first, each in the order of the text.
        self.found.sort_by_key(|difference| difference.place);
        let declared_files: BTreeSet<FileId> = self
            .declared
            .relations()
            .map(|(_, _, it)| it.place.file)
            .collect();
        self.found
            .sort_by_key(|difference| !declared_files.contains(&difference.place.file));
    }

    fn is_doubtful(&self, schema: &str, name: &str) -> bool {
        self.replayed.is_doubtful(schema, name, None)
    }

    fn missing_tables(&self) -> Vec<Table<'a>> {
        let declared = self.declared.relations();
        let tables = declared.filter(|(schema, name, relation)| {
            relation.kind == RelationKind::Table
                && self.replayed.relation(schema, name).is_none()
                && !self.untouched.contains(*name)
        });
        tables
            .map(|(schema, name, relation)| Table {
                schema,
                name,
                relation,
            })
            .collect()
    }

    fn extra_tables(&self) -> Vec<Table<'a>> {
        if self.may_lack_tables {
            return Vec::new();
        }
        let replayed = self.replayed.relations();
        let tables = replayed.filter(|(schema, name, relation)| {
            let is_heir = self
                .replayed
                .heirs
                .contains(&((*schema).to_owned(), (*name).to_owned()));
            relation.kind == RelationKind::Table
                && self.schemas.contains(*schema)
                && self.declared.relation(schema, name).is_none()
                && !self.untouched.contains(*name)
                && !self.is_doubtful(schema, name)
                && !is_heir
        });
        tables
            .map(|(schema, name, relation)| Table {
                schema,
                name,
                relation,
            })
            .collect()
    }

    fn missing_table(&mut self, table: Table, renamed: Option<Table>) {
        let name = table.name;
        let difference = match renamed {
            Some(twin) => Difference {
                place: table.relation.place,
                message: format!("the migrations name the table `{name}` `{}`", twin.name),
                other: Some(label(twin.relation.place, "by this name")),
                sql: Some(format!(
                    "ALTER TABLE {} RENAME TO {};",
                    self.written(twin.schema, twin.name),
                    quoted(name)
                )),
                object: name.to_owned(),
                is_renamed: true,
            },
            None => Difference {
                place: table.relation.place,
                message: format!("no migration creates the table `{name}`"),
                other: None,
                sql: None,
                object: name.to_owned(),
                is_renamed: false,
            },
        };
        self.found.push(difference);
    }

    fn extra_table(&mut self, table: Table) {
        let written = self.written(table.schema, table.name);
        self.found.push(Difference {
            place: table.relation.place,
            message: format!(
                "the Prisma schema has no model for the table `{}`",
                table.name
            ),
            other: None,
            sql: Some(format!("DROP TABLE {written};")),
            object: table.name.to_owned(),
            is_renamed: false,
        });
    }

    fn written(&self, schema: &str, name: &str) -> String {
        type_name(schema, name, self.default_schema)
    }

    fn columns(&mut self) {
        let (declared, replayed) = (self.declared, self.replayed);
        for (schema, name, model) in declared.relations() {
            let Some(table) = replayed.relation(schema, name) else {
                continue;
            };
            let is_table = model.kind == RelationKind::Table && table.kind == RelationKind::Table;
            if is_table && !self.untouched.contains(name) && !self.is_doubtful(schema, name) {
                self.columns_of(
                    Table {
                        schema,
                        name,
                        relation: model,
                    },
                    table,
                );
            }
        }
    }

    fn columns_of(&mut self, model: Table, table: &Relation) {
        let is_doubtful = |column: &Column| {
            self.replayed
                .is_doubtful(model.schema, model.name, Some(&column.name))
        };
        let missing = model
            .relation
            .columns
            .iter()
            .filter(|column| table.column(&column.name).is_none());
        let missing: Vec<&Column> = if table.is_complete {
            missing.collect()
        } else {
            Vec::new()
        };
        let extra = table
            .columns
            .iter()
            .filter(|column| model.relation.column(&column.name).is_none() && !is_doubtful(column));
        let extra: Vec<&Column> = if model.relation.is_complete {
            extra.collect()
        } else {
            Vec::new()
        };
        if let ([wanted], [found]) = (missing.as_slice(), extra.as_slice())
            && are_alike(wanted, found)
        {
            self.renamed_column(model, wanted, found);
        } else {
            for column in missing {
                self.missing_column(model, column);
            }
            for column in extra {
                self.extra_column(model, column);
            }
        }
        for column in &model.relation.columns {
            let Some(found) = table.column(&column.name) else {
                continue;
            };
            if !is_doubtful(found) {
                self.compare(model, column, found);
            }
        }
    }

    fn renamed_column(&mut self, model: Table, wanted: &Column, found: &Column) {
        let table = self.written(model.schema, model.name);
        self.found.push(Difference {
            place: wanted.place,
            message: format!(
                "the migrations name the column `{}` of `{}` `{}`",
                wanted.name, model.name, found.name
            ),
            other: Some(label(found.place, "by this name")),
            sql: Some(format!(
                "ALTER TABLE {table} RENAME COLUMN {} TO {};",
                quoted(&found.name),
                quoted(&wanted.name)
            )),
            object: format!("{}.{}", model.name, wanted.name),
            is_renamed: true,
        });
    }

    fn missing_column(&mut self, model: Table, column: &Column) {
        let table = self.written(model.schema, model.name);
        let sql = column.type_name.as_ref().map(|type_name| {
            let not_null = if column.is_nullable == Some(false) {
                " NOT NULL"
            } else {
                ""
            };
            format!(
                "ALTER TABLE {table} ADD COLUMN {} {type_name}{not_null};",
                quoted(&column.name)
            )
        });
        self.found.push(Difference {
            place: column.place,
            message: format!(
                "no migration creates the column `{}` of `{}`",
                column.name, model.name
            ),
            other: self
                .replayed
                .relation(model.schema, model.name)
                .map(|table| label(table.place, "the table")),
            sql,
            object: format!("{}.{}", model.name, column.name),
            is_renamed: false,
        });
    }

    fn extra_column(&mut self, model: Table, column: &Column) {
        let table = self.written(model.schema, model.name);
        self.found.push(Difference {
            place: model.relation.place,
            message: format!(
                "the Prisma schema has no field for the column `{}` of `{}`",
                column.name, model.name
            ),
            other: Some(label(column.place, "the migrations create it here")),
            sql: Some(format!(
                "ALTER TABLE {table} DROP COLUMN {};",
                quoted(&column.name)
            )),
            object: format!("{}.{}", model.name, column.name),
            is_renamed: false,
        });
    }

    /// Type and nullability of a column that both have.
    fn compare(&mut self, model: Table, column: &Column, found: &Column) {
        let table = self.written(model.schema, model.name);
        let name = &column.name;
        let object = format!("{}.{name}", model.name);
        let alter = format!("ALTER TABLE {table} ALTER COLUMN {}", quoted(name));
        let is_sure = !self.unsure.contains(&(model.name.to_owned(), name.clone()));
        if let (Some(wanted), Some(made)) = (&column.type_name, &found.type_name)
            && is_sure
            && wanted != made
        {
            self.found.push(Difference {
                place: column.place,
                message: format!(
                    "the migrations make the column `{name}` of `{}` `{made}`, not `{wanted}`",
                    model.name
                ),
                other: Some(label(found.place, "the column")),
                sql: Some(format!("{alter} TYPE {wanted};")),
                object,
                is_renamed: false,
            });
            return;
        }
        let is_list = found.type_name.as_ref().is_none_or(|it| it.ends_with("[]"));
        if let (Some(wanted), Some(made)) = (column.is_nullable, found.is_nullable)
            && wanted != made
            && !is_list
        {
            let (message, action) = if wanted {
                ("take no null", "DROP NOT NULL")
            } else {
                ("take null", "SET NOT NULL")
            };
            self.found.push(Difference {
                place: column.place,
                message: format!(
                    "the migrations make the column `{name}` of `{}` {message}",
                    model.name
                ),
                other: Some(label(found.place, "the column")),
                sql: Some(format!("{alter} {action};")),
                object,
                is_renamed: false,
            });
        }
    }

    fn enums(&mut self) {
        let (declared, replayed) = (self.declared, self.replayed);
        for (schema, name, wanted) in declared.enums() {
            if self.is_doubtful(schema, name) {
                continue;
            }
            match replayed
                .schemas
                .get(schema)
                .and_then(|schema| schema.enums.get(name))
            {
                Some(made) => self.values(schema, name, wanted, made),
                None => self.found.push(Difference {
                    place: wanted.place,
                    message: format!("no migration creates the enum `{name}`"),
                    other: None,
                    sql: None,
                    object: name.to_owned(),
                    is_renamed: false,
                }),
            }
        }
        for (schema, name, made) in replayed.enums() {
            let is_known = declared
                .schemas
                .get(schema)
                .is_some_and(|schema| schema.enums.contains_key(name));
            if is_known
                || !self.schemas.contains(schema)
                || self.is_doubtful(schema, name)
                || self.is_used_elsewhere(schema, name)
            {
                continue;
            }
            self.found.push(Difference {
                place: made.place,
                message: format!("the Prisma schema has no enum `{name}`"),
                other: None,
                sql: Some(format!("DROP TYPE {};", self.written(schema, name))),
                object: name.to_owned(),
                is_renamed: false,
            });
        }
    }

    /// Whether a relation that Prisma leaves alone has a column of that enum.
    fn is_used_elsewhere(&self, schema: &str, name: &str) -> bool {
        let written = self.written(schema, name);
        self.replayed.relations().any(|(of, table, relation)| {
            let is_declared =
                self.declared.relation(of, table).is_some() && !self.untouched.contains(table);
            let mut columns = relation
                .columns
                .iter()
                .filter_map(|column| column.type_name.as_ref());
            !is_declared && columns.any(|of_type| of_type.trim_end_matches("[]") == written)
        })
    }

    fn values(&mut self, schema: &str, name: &str, wanted: &Enum, made: &Enum) {
        let written = self.written(schema, name);
        let literal = |value: &str| format!("'{}'", value.replace('\'', "''"));
        let lacks = |values: &[Placed<String>], value: &Placed<String>| {
            !values.iter().any(|known| known.value == value.value)
        };
        let missing = wanted.values.iter();
        let missing: Vec<&Placed<String>> =
            missing.filter(|value| lacks(&made.values, value)).collect();
        let extra = made.values.iter();
        let extra: Vec<&Placed<String>> =
            extra.filter(|value| lacks(&wanted.values, value)).collect();
        if let ([value], [twin]) = (missing.as_slice(), extra.as_slice()) {
            self.found.push(Difference {
                place: value.place,
                message: format!(
                    "the migrations name the value `{}` of the enum `{name}` `{}`",
                    value.value, twin.value
                ),
                other: Some(label(twin.place, "by this name")),
                sql: Some(format!(
                    "ALTER TYPE {written} RENAME VALUE {} TO {};",
                    literal(&twin.value),
                    literal(&value.value)
                )),
                object: format!("{name}.{}", value.value),
                is_renamed: false,
            });
            return;
        }
        for value in missing {
            self.found.push(Difference {
                place: value.place,
                message: format!(
                    "no migration adds the value `{}` to the enum `{name}`",
                    value.value
                ),
                other: Some(label(made.place, "the enum")),
                sql: Some(format!(
                    "ALTER TYPE {written} ADD VALUE {};",
                    literal(&value.value)
                )),
                object: format!("{name}.{}", value.value),
                is_renamed: false,
            });
        }
        for value in extra {
            self.found.push(Difference {
                place: wanted.place,
                message: format!(
                    "the Prisma schema lacks the value `{}` of the enum `{name}`",
                    value.value
                ),
                other: Some(label(value.place, "the migrations add it here")),
                sql: None,
                object: format!("{name}.{}", value.value),
                is_renamed: false,
            });
        }
    }
}

/// Whether two tables are one by different names.
fn is_same_shape(one: &Relation, other: &Relation) -> bool {
    let names = |relation: &Relation| -> BTreeSet<String> {
        relation
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    };
    one.is_complete && other.is_complete && names(one) == names(other)
}

/// Whether two columns may be one by different names.
fn are_alike(one: &Column, other: &Column) -> bool {
    one.type_name == other.type_name && one.is_nullable == other.is_nullable
}

fn label(place: Place, message: &str) -> Label {
    Label {
        place,
        message: message.to_owned(),
    }
}
