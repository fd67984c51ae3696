//! The columns that a query gives.

use std::collections::HashMap;

use crate::model::replay::state::{Base, Id, Outcome, Refused, State, Type};
use crate::parse::sql::{Output, OutputValue, Query, SourceRelation};
use crate::source::Span;

/// A column of a query.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) of_type: Type,
    /// Where it stands; for one that `*` brings, the `*`.
    pub(super) span: Span,
}

type Common = HashMap<String, Option<Vec<Given>>>;

/// What stands in `FROM`: an alias and its columns, where they are known.
type From = (String, Option<Vec<Given>>);

impl State {
    /// The columns of a query; `None` where not all of them are known.
    pub(super) fn columns_of(&self, query: &Query) -> Option<Vec<Given>> {
        self.in_scope(query, &Common::new())
    }

    /// The relations that a query reads.
    pub(super) fn read_by(&self, query: &Query) -> Vec<Id> {
        let common = |name: &str| query.common.iter().any(|(common, _)| common == name);
        let mentions = query
            .mentions
            .iter()
            .filter(|name| name.parts.len() > 1 || !common(&name.name().value));
        let mut ids: Vec<Id> = mentions
            .filter_map(|name| self.find_relation(name))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Refuses a query over tables that are not there, and over columns that those do not have.
    pub(super) fn has_what_it_reads(&self, query: &Query) -> Outcome {
        let is_common = |name: &str| query.common.iter().any(|(common, _)| common == name);
        for source in &query.sources {
            let SourceRelation::Named(name) = &source.relation else {
                continue;
            };
            let own = name.name().value.as_str();
            let is_foreign = match name.schema() {
                Some(schema) => !self.schemas.contains_key(&schema.value),
                // Catalogues, and the views of extensions.
                None => own.starts_with("pg_") || is_common(own),
            };
            if !is_foreign && self.find_relation(name).is_none() {
                return Err(Refused);
            }
        }
        let only = match query.sources.as_slice() {
            [source] if query.has_all_sources => source,
            _ => return Ok(()),
        };
        let SourceRelation::Named(name) = &only.relation else {
            return Ok(());
        };
        let relation = self.find_relation(name).and_then(|id| self.relation(id));
        let Some(relation) = relation.filter(|it| it.is_complete && query.common.is_empty()) else {
            return Ok(());
        };
        // Hidden columns, and the row as a whole.
        let is_special = |column: &str| {
            let hidden = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];
            hidden.contains(&column) || column == only.alias
        };
        let is_there = |output: &Output| match &output.value {
            OutputValue::Column(_, column) => {
                relation.position(column).is_some() || is_special(column)
            }
            _ => true,
        };
        let mut columns = query.columns.iter().flatten();
        if columns.all(is_there) {
            Ok(())
        } else {
            Err(Refused)
        }
    }

    fn in_scope(&self, query: &Query, outer: &Common) -> Option<Vec<Given>> {
        let mut scope = outer.clone();
        for (name, common) in &query.common {
            scope.insert(name.clone(), None);
            let columns = self.in_scope(common, &scope);
            scope.insert(name.clone(), columns);
        }
        let sources: Vec<From> = query
            .sources
            .iter()
            .map(|source| {
                let columns = match &source.relation {
                    SourceRelation::Query(inner) => self.in_scope(inner, &scope),
                    SourceRelation::Named(name)
                        if name.parts.len() == 1 && scope.contains_key(&name.name().value) =>
                    {
                        scope[&name.name().value].clone()
                    }
                    SourceRelation::Named(name) => {
                        self.find_relation(name).and_then(|id| self.given_by(id))
                    }
                    SourceRelation::Unknown => None,
                };
                (source.alias.clone(), columns)
            })
            .collect();
        let mut given = Vec::new();
        for output in query.columns.as_ref()? {
            self.output(output, query, &sources, &mut given)?;
        }
        if query.is_joined {
            for column in &mut given {
                column.of_type = Type::unknown();
            }
        }
        Some(given)
    }

    fn given_by(&self, id: Id) -> Option<Vec<Given>> {
        let relation = self.relation(id).filter(|relation| relation.is_complete)?;
        let columns = relation.columns.iter().map(|column| Given {
            name: column.name.clone(),
            of_type: column.of_type.clone(),
            span: Span::default(),
        });
        Some(columns.collect())
    }

    fn output(
        &self,
        output: &Output,
        query: &Query,
        sources: &[From],
        given: &mut Vec<Given>,
    ) -> Option<()> {
        match &output.value {
            OutputValue::All(None) => {
                if !query.has_all_sources {
                    return None;
                }
                for (_, columns) in sources {
                    let columns = columns.as_ref()?.iter();
                    given.extend(columns.map(|column| Given {
                        span: output.span,
                        ..column.clone()
                    }));
                }
            }
            OutputValue::All(Some(alias)) => {
                let (_, columns) = sources.iter().find(|(name, _)| name == alias)?;
                let columns = columns.as_ref()?.iter();
                given.extend(columns.map(|column| Given {
                    span: output.span,
                    ..column.clone()
                }));
            }
            value => {
                let name = output.name.as_ref()?;
                let of_type = match value {
                    OutputValue::Column(qualifier, column) => {
                        if !query.has_all_sources && qualifier.is_none() {
                            Type::unknown()
                        } else {
                            type_of(sources, qualifier.as_deref(), column)
                        }
                    }
                    OutputValue::Typed(type_name) => self.resolve(type_name),
                    _ => Type::unknown(),
                };
                given.push(Given {
                    name: name.value.clone(),
                    of_type,
                    span: name.span,
                });
            }
        }
        Some(())
    }
}

/// The type of a column that a query names.
fn type_of(sources: &[From], qualifier: Option<&str>, column: &str) -> Type {
    let mut found: Option<&Type> = None;
    for (alias, columns) in sources {
        if qualifier.is_some_and(|qualifier| qualifier != alias) {
            continue;
        }
        let Some(columns) = columns else {
            return Type::unknown();
        };
        if let Some(column) = columns.iter().find(|given| given.name == column) {
            if found.is_some() {
                return Type::unknown();
            }
            found = Some(&column.of_type);
        }
    }
    found.cloned().unwrap_or(Type {
        base: Base::Unknown,
        is_array: false,
    })
}
