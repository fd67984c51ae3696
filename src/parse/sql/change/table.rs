//! `CREATE TABLE`, and what `ALTER TABLE` does.

use super::words::Words;
use super::{Action, ColumnDefinition, Element, NewTable, query, types};
use crate::parse::sql::relation::ObjectName;
use crate::source::At;

/// How `CREATE TABLE` begins.
pub(super) struct Opening {
    pub(super) is_temporary: bool,
    pub(super) is_foreign: bool,
}

/// Reads a table behind `CREATE TABLE`.
pub(super) fn create(mut words: Words, opening: &Opening) -> Option<NewTable> {
    let if_not_exists = words.eat("if not exists");
    let name = words.object()?;
    let mut table = NewTable {
        is_temporary: opening.is_temporary || name.schema().is_some_and(|it| it.value == "pg_temp"),
        ..of_query(name, query::none())
    };
    table.is_foreign = opening.is_foreign;
    table.if_not_exists = if_not_exists;
    table.query = None;
    if words.eat("of") {
        table.of_type = Some(words.object()?);
    } else if words.eat("partition of") {
        table.partition_of = Some(words.object()?);
    }
    if words.cursor.is_symbol(0, b'(') {
        let group = words.group()?;
        let is_typed = table.of_type.is_some() || table.partition_of.is_some();
        if !group.is_empty() {
            let parts = group.split(b',').into_iter().map(|mut part| {
                let name = part.name()?;
                part.is_empty().then_some(name)
            });
            let only_names: Option<Vec<At<String>>> = parts.collect();
            match only_names {
                // Names alone are those of `CREATE TABLE … AS`.
                Some(names) if !is_typed => table.query_columns = names,
                _ => {
                    for part in group.split(b',') {
                        let elements = if is_typed {
                            option(part)
                        } else {
                            element(part)
                        };
                        table.elements.extend(elements?);
                    }
                }
            }
        }
    }
    while !words.is_empty() {
        if words.eat("inherits") {
            table.inherits = words.group()?.objects()?;
        } else if words.eat("partition by") {
            table.is_partitioned = true;
        } else if words.eat("as") {
            table.query = Some(query::read(words));
            break;
        } else {
            words.skip(1);
        }
    }
    Some(table)
}

/// A table made of a query.
pub(super) fn of_query(name: ObjectName, query: super::Query) -> NewTable {
    NewTable {
        name,
        is_temporary: false,
        is_foreign: false,
        if_not_exists: false,
        elements: Vec::new(),
        inherits: Vec::new(),
        partition_of: None,
        is_partitioned: false,
        of_type: None,
        query: Some(query),
        query_columns: Vec::new(),
    }
}

/// One entry of the list of a table.
fn element(mut words: Words) -> Option<Vec<Element>> {
    if words.eat("like") {
        return Some(vec![Element::Like(words.object()?)]);
    }
    if is_constraint(&words) {
        return constraint(words);
    }
    column(&mut words).map(|column| vec![Element::Column(column)])
}

/// One entry of the list of a table that has its columns from elsewhere.
fn option(mut words: Words) -> Option<Vec<Element>> {
    if is_constraint(&words) {
        return constraint(words);
    }
    let name = words.name()?;
    let is_not_null = is_not_null(words);
    Some(
        is_not_null
            .then(|| Element::NotNull(vec![name.value]))
            .into_iter()
            .collect(),
    )
}

/// Whether a constraint of the table stands here, and no column.
pub(super) fn is_constraint(words: &Words) -> bool {
    words.at("constraint")
        || words.at("primary key")
        || words.at("foreign key")
        || words.at("check")
        || words.at("unique")
        || words.at("exclude") && (words.at("exclude using") || words.cursor.is_symbol(1, b'('))
}

/// The columns that a primary key makes `NOT NULL`.
fn constraint(mut words: Words) -> Option<Vec<Element>> {
    if words.eat("constraint") {
        words.skip(1);
    }
    if words.eat("unique") || words.eat("foreign key") {
        let _ = words.eat("nulls not distinct") || words.eat("nulls distinct");
        let names = words.names_in_group().unwrap_or_default();
        let names = names.into_iter().map(|column| column.value).collect();
        return Some(vec![Element::Constrained(names)]);
    }
    if !words.eat("primary key") {
        return Some(Vec::new());
    }
    if words.at("using index") {
        return None;
    }
    let columns = words.names_in_group()?;
    let names = columns.into_iter().map(|column| column.value).collect();
    Some(vec![Element::NotNull(names)])
}

/// A column with its type and constraints.
pub(super) fn column(words: &mut Words) -> Option<ColumnDefinition> {
    let name = words.name()?;
    let written = types::read(words)?;
    Some(ColumnDefinition {
        name,
        is_not_null: written.is_serial || is_not_null(*words),
        type_name: written.type_name,
    })
}

/// Whether the constraints of a column make it `NOT NULL`.
fn is_not_null(words: Words) -> bool {
    let says_so =
        |words: &Words| words.at("not null") || words.at("primary key") || words.at("as identity");
    words.find(says_so).is_some()
}

/// One action of `ALTER TABLE`; `None` where it cannot be read, an empty list where it changes nothing that
/// counts here.
pub(super) fn action(mut words: Words) -> Option<Vec<Action>> {
    let one = |action| Some(vec![action]);
    if words.eat("add") {
        if is_constraint(&words) {
            return added_constraint(words);
        }
        words.eat("column");
        let if_not_exists = words.eat("if not exists");
        let column = column(&mut words)?;
        return one(Action::AddColumn {
            column,
            if_not_exists,
        });
    }
    if words.eat("drop") {
        if words.at("constraint") {
            return Some(Vec::new());
        }
        words.eat("column");
        let if_exists = words.eat("if exists");
        let name = words.name()?.value;
        return one(Action::DropColumn {
            name,
            if_exists,
            cascade: words.eat("cascade"),
        });
    }
    if words.at("alter constraint") {
        return Some(Vec::new());
    }
    if words.eat("alter") {
        words.eat("column");
        let column = words.name()?.value;
        if words.eat("set data type") || words.eat("type") {
            let type_name = types::read(&mut words)?.type_name;
            return one(Action::SetType { column, type_name });
        }
        let is_not_null = words.at("set not null");
        if is_not_null || words.at("drop not null") {
            return one(Action::SetNotNull {
                column,
                is_not_null,
            });
        }
        return Some(Vec::new());
    }
    if words.eat("rename") {
        if words.at("constraint") {
            return Some(Vec::new());
        }
        if words.eat("to") {
            return one(Action::RenameTo(words.name()?));
        }
        if !words.at("column to") {
            words.eat("column");
        }
        let name = words.name()?.value;
        return words
            .eat("to")
            .then(|| words.name())?
            .map(|to| vec![Action::RenameColumn { name, to }]);
    }
    if words.eat("set schema") {
        return one(Action::SetSchema(words.name()?.value));
    }
    if words.eat("inherit") {
        return one(Action::Inherit(words.object()?));
    }
    if words.eat("no inherit") {
        return one(Action::NoInherit(words.object()?));
    }
    if words.eat("attach partition") {
        return one(Action::Attach(words.object()?));
    }
    if words.eat("detach partition") {
        return one(Action::Detach(words.object()?));
    }
    if words.eat("of") {
        return one(Action::OfType);
    }
    Some(Vec::new())
}

fn added_constraint(words: Words) -> Option<Vec<Action>> {
    let mut after = words;
    if after.eat("constraint") {
        after.skip(1);
    }
    if after.eat("primary key using index") {
        return Some(vec![Action::AddPrimaryKeyUsing(after.name()?.value)]);
    }
    let actions = constraint(words)?.into_iter().map(|element| match element {
        Element::Constrained(columns) => Action::Constrain(columns),
        Element::NotNull(columns) => Action::AddPrimaryKey(columns),
        Element::Column(_) | Element::Like(_) => Action::OfType,
    });
    Some(actions.collect())
}
