//! What each statement changes.

use super::words::Words;
use super::{
    Action, Change, Dropped, NewView, TypeAction, TypeDefinition, ValuePosition, body, query, table,
};
use crate::parse::sql::executed::{Built, UNKNOWN};
use crate::parse::sql::relation::ObjectName;
use crate::parse::sql::split::{self, Item, Reader, Token, TokenKind};
use crate::parse::sql::statement::Cursor;

/// The changes that a piece of a script makes.
pub(in crate::parse::sql) fn of_item(text: &str, item: &Item) -> Vec<Change> {
    match item {
        Item::Meta(meta) => {
            let runs_more = [
                "i",
                "ir",
                "include",
                "include_relative",
                "c",
                "connect",
                "gexec",
            ];
            let is_unknown = runs_more.contains(&meta.command.value.as_str());
            if is_unknown {
                vec![Change::Unknown]
            } else {
                Vec::new()
            }
        }
        Item::Statement(raw) if raw.gexec.is_some() || raw.is_template(text) => {
            vec![Change::Unknown]
        }
        Item::Statement(raw) => {
            let cursor = Cursor::new(text, &raw.tokens);
            let words = Words {
                cursor,
                origin: None,
            };
            statement(words, Context::Script, 0)
        }
    }
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Script,
    /// A body in PL/pgSQL, where `SELECT … INTO` fills variables.
    Body,
}

/// The changes of a text that is executed.
pub(super) fn executed(built: &Built, depth: usize) -> Vec<Change> {
    let script = split::split(&built.text, Reader::Server);
    let mut changes = Vec::new();
    for item in script.items {
        if let Item::Statement(raw) = item {
            let words = Words {
                cursor: Cursor::new(&built.text, &raw.tokens),
                origin: Some(built),
            };
            changes.extend(statement(words, Context::Script, depth));
        }
    }
    changes
}

/// The changes that one statement makes.
pub(super) fn statement(words: Words, context: Context, depth: usize) -> Vec<Change> {
    match known(words, context, depth) {
        Some(changes) => changes,
        None => vec![Change::Unknown],
    }
}

/// `None` where the statement changes something that its text does not tell.
fn known(mut words: Words, context: Context, depth: usize) -> Option<Vec<Change>> {
    let one = |change| Some(vec![change]);
    let first = words.rest().first()?;
    if first.kind == TokenKind::Word {
        if words.written(first).contains(UNKNOWN) {
            return None;
        }
        let start = words;
        match words.written(first).to_ascii_lowercase().as_str() {
            "create" => {
                words.skip(1);
                return create(words, depth);
            }
            "alter" => {
                words.skip(1);
                return alter(words);
            }
            "drop" => {
                words.skip(1);
                return drop(words);
            }
            "do" => return Some(body::of_do(words, depth)),
            "set" => return Some(set(words)),
            "reset" if words.at("reset search_path") || words.at("reset all") => {
                return one(Change::SearchPath {
                    path: None,
                    is_local: false,
                });
            }
            "begin" | "start" if context == Context::Script => return one(Change::Begin),
            "commit" | "end" if context == Context::Script => {
                let is_other = words.at("commit prepared");
                return Some(if is_other {
                    Vec::new()
                } else {
                    and_chain(words, Change::Commit)
                });
            }
            "rollback" | "abort" if context == Context::Script => return Some(rollback(words)),
            "prepare" if words.at("prepare transaction") => return one(Change::Unknown),
            "savepoint" => {
                words.skip(1);
                return one(Change::Savepoint(words.name()?.value));
            }
            "import" if words.at("import foreign schema") => return None,
            "select" | "with" | "call" | "perform" | "values" => {
                return Some(select(start, context));
            }
            _ => return Some(Vec::new()),
        }
    }
    // A bare variable may stand for any statement.
    if first.kind == TokenKind::BareVariable {
        None
    } else {
        Some(select(words, context))
    }
}

fn rollback(mut words: Words) -> Vec<Change> {
    words.skip(1);
    let _ = words.eat("work") || words.eat("transaction");
    if words.eat("prepared") {
        return Vec::new();
    }
    if !words.eat("to") {
        return and_chain(words, Change::Rollback);
    }
    words.eat("savepoint");
    words
        .name()
        .map(|name| Change::RollbackTo(name.value))
        .into_iter()
        .collect()
}

/// What ends a transaction, and begins the next one where `AND CHAIN` follows.
fn and_chain(mut words: Words, end: Change) -> Vec<Change> {
    let _ = words.eat("commit") || words.eat("end");
    let _ = words.eat("work") || words.eat("transaction");
    if words.at("and chain") {
        vec![end, Change::Begin]
    } else {
        vec![end]
    }
}

/// `SET search_path`, `SET SCHEMA`.
fn set(mut words: Words) -> Vec<Change> {
    words.skip(1);
    let is_local = words.eat("local");
    words.eat("session");
    if words.eat("schema") {
        return match words.literal() {
            Some(schema) => vec![Change::SearchPath {
                path: Some(vec![schema.value]),
                is_local,
            }],
            None => vec![Change::Unknown],
        };
    }
    if !words.eat("search_path") {
        return Vec::new();
    }
    let _ = words.eat("to") || words.eat_symbol(b'=');
    if words.eat("default") {
        return vec![Change::SearchPath {
            path: None,
            is_local,
        }];
    }
    let schemas = words.split(b',').into_iter().map(|mut part| {
        let name = part.literal().or_else(|| part.name())?;
        part.is_empty().then_some(name.value)
    });
    match schemas.collect::<Option<Vec<String>>>() {
        Some(path) => vec![Change::SearchPath {
            path: Some(path),
            is_local,
        }],
        None => vec![Change::Unknown],
    }
}

/// What a query does: `SELECT … INTO`, `set_config`, and calls.
fn select(words: Words, context: Context) -> Vec<Change> {
    let mut changes = Vec::new();
    let tokens = words.rest();
    if context == Context::Script
        && !words.at("with")
        && let Some(position) = words.find(|here| here.at("into"))
    {
        let mut target = words.over(&tokens[position + 1..]);
        let is_temporary = target.eat("temporary") || target.eat("temp");
        let _ = target.eat("unlogged");
        target.eat("table");
        if let Some(name) = target.object() {
            let mut table = table::of_query(name, query::read(words));
            table.is_temporary = is_temporary;
            changes.push(Change::CreateTable(Box::new(table)));
        }
    }
    let mut called = Vec::new();
    for position in 0..tokens.len() {
        let here = words.over(&tokens[position..]);
        if !here.cursor.is_symbol(1, b'(') {
            continue;
        }
        let mut call = here;
        let Some(name) = call.name() else {
            continue;
        };
        if name.value == "set_config"
            && let Some(group) = call.group()
            && let [mut setting, mut path, local] = group.split(b',')[..]
            && setting
                .literal()
                .is_some_and(|setting| setting.value == "search_path")
        {
            let is_local = local.at("true");
            let schemas = path.literal().map(|path| {
                let parts = path
                    .value
                    .split(',')
                    .map(|part| part.trim().trim_matches('"').to_owned());
                parts.filter(|part| !part.is_empty()).collect()
            });
            changes.push(schemas.map_or(Change::Unknown, |path| Change::SearchPath {
                path: Some(path),
                is_local,
            }));
        } else if !called.contains(&name.value) {
            called.push(name.value);
        }
    }
    if !called.is_empty() {
        changes.push(Change::Call(called));
    }
    changes
}

fn create(mut words: Words, depth: usize) -> Option<Vec<Change>> {
    let one = |change| Some(vec![change]);
    let or_replace = words.eat("or replace");
    let _ = words.eat("global") || words.eat("local");
    let is_temporary = words.eat("temporary") || words.eat("temp");
    words.eat("unlogged");
    if words.eat("schema") {
        let if_not_exists = words.eat("if not exists");
        let name = if words.eat("authorization") {
            words.name()?
        } else {
            let name = words.name()?;
            if words.eat("authorization") {
                words.name();
            }
            name
        };
        let content = content_of_schema(words, depth)?;
        return one(Change::CreateSchema {
            name,
            if_not_exists,
            content,
        });
    }
    let is_foreign = words.at("foreign table");
    if is_foreign {
        words.skip(1);
    }
    if words.eat("table") {
        let opening = table::Opening {
            is_temporary,
            is_foreign,
        };
        return one(Change::CreateTable(Box::new(table::create(
            words, &opening,
        )?)));
    }
    words.eat("recursive");
    let is_materialized = words.at("materialized view");
    if is_materialized {
        words.skip(1);
    }
    if words.eat("view") {
        return view(words, is_materialized, is_temporary, or_replace);
    }
    if words.eat("unique index") || words.eat("index") {
        return Some(index(words).into_iter().collect());
    }
    if words.eat("type") {
        return create_type(words);
    }
    if words.eat("sequence") {
        words.eat("if not exists");
        return one(Change::CreateSequence(words.object()?));
    }
    if words.eat("domain") {
        let name = words.object()?;
        return one(Change::CreateType {
            name,
            definition: TypeDefinition::Other,
        });
    }
    if words.eat("function") || words.eat("procedure") {
        return Some(body::of_routine(words, depth));
    }
    Some(Vec::new())
}

/// What `CREATE SCHEMA` creates in the schema: statements without anything between them.
fn content_of_schema(words: Words, depth: usize) -> Option<Vec<Change>> {
    let tokens = words.rest();
    let mut starts = Vec::new();
    let mut open = 0_usize;
    for (position, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Symbol(b'(') => open += 1,
            TokenKind::Symbol(b')') => open = open.saturating_sub(1),
            _ if open == 0 => {
                let here = words.over(&tokens[position..]);
                if here.at("create") || here.at("grant") {
                    starts.push(position);
                }
            }
            _ => {}
        }
    }
    if starts.first().copied().unwrap_or(tokens.len()) > 0 {
        return tokens.is_empty().then(Vec::new);
    }
    let ends = starts.iter().skip(1).copied().chain([tokens.len()]);
    let parts = starts.iter().zip(ends);
    let changes = parts.map(|(&start, end)| {
        let part = words.over(&tokens[start..end]);
        known(part, Context::Script, depth)
    });
    let changes: Option<Vec<Vec<Change>>> = changes.collect();
    Some(changes?.into_iter().flatten().collect())
}

fn view(
    mut words: Words,
    is_materialized: bool,
    is_temporary: bool,
    or_replace: bool,
) -> Option<Vec<Change>> {
    let if_not_exists = words.eat("if not exists");
    let name = words.object()?;
    let columns = if words.cursor.is_symbol(0, b'(') {
        words.names_in_group()?
    } else {
        Vec::new()
    };
    while !words.is_empty() && !words.eat("as") {
        words.skip(1);
    }
    Some(vec![Change::CreateView(Box::new(NewView {
        name,
        is_materialized,
        is_temporary,
        or_replace,
        if_not_exists,
        columns,
        query: query::read(words),
    }))])
}

/// An index with a name over plain columns.
fn index(mut words: Words) -> Option<Change> {
    words.eat("concurrently");
    words.eat("if not exists");
    let name = words.name()?.value;
    if !words.eat("on") {
        return None;
    }
    words.eat("only");
    let table = words.object()?;
    if words.eat("using") {
        words.name()?;
    }
    let columns = words.names_in_group()?;
    let columns = columns.into_iter().map(|column| column.value).collect();
    Some(Change::CreateIndex {
        name,
        table,
        columns,
    })
}

fn create_type(mut words: Words) -> Option<Vec<Change>> {
    let name = words.object()?;
    let definition = if words.eat("as enum") {
        let values = words.group()?;
        let values = if values.is_empty() {
            Vec::new()
        } else {
            values.split(b',')
        };
        let values = values.into_iter().map(|mut value| value.literal());
        TypeDefinition::Enum(values.collect::<Option<_>>()?)
    } else if words.at("as range") {
        TypeDefinition::Other
    } else if words.eat("as") {
        let columns = words.group()?;
        let columns = if columns.is_empty() {
            Vec::new()
        } else {
            columns.split(b',')
        };
        let columns = columns
            .into_iter()
            .map(|mut column| table::column(&mut column));
        TypeDefinition::Composite(columns.collect::<Option<_>>()?)
    } else {
        TypeDefinition::Other
    };
    Some(vec![Change::CreateType { name, definition }])
}

fn alter(mut words: Words) -> Option<Vec<Change>> {
    let one = |change| Some(vec![change]);
    if words.eat("schema") {
        let name = words.name()?.value;
        if words.eat("rename to") {
            return one(Change::RenameSchema {
                name,
                to: words.name()?,
            });
        }
        return Some(Vec::new());
    }
    if words.eat("type") || words.eat("domain") {
        return alter_type(words);
    }
    let _ = words.eat("materialized") || words.eat("foreign");
    if words.eat("extension") {
        return Some(Vec::new());
    }
    if !words.eat("table") && !words.eat("view") && !words.eat("index") {
        return Some(Vec::new());
    }
    if words.at("all in tablespace") {
        return Some(Vec::new());
    }
    let if_exists = words.eat("if exists");
    let only = words.eat("only");
    let name = words.object();
    while name.is_none() && (words.eat_symbol(b'.') || words.cursor.is_symbol(1, b'.')) {
        words.skip(1);
    }
    words.skip(usize::from(name.is_none()));
    words.eat_symbol(b'*');
    let mut actions: Vec<Action> = Vec::new();
    for part in words.split(b',') {
        actions.extend(table::action(part)?);
    }
    if actions.is_empty() {
        return Some(Vec::new());
    }
    one(Change::AlterRelation {
        name: name?,
        if_exists,
        only,
        actions,
    })
}

fn alter_type(mut words: Words) -> Option<Vec<Change>> {
    let name = words.object()?;
    let action = if words.eat("add value") {
        let if_not_exists = words.eat("if not exists");
        let value = words.literal()?;
        let position = if words.eat("before") {
            Some(ValuePosition::Before(words.literal()?.value))
        } else if words.eat("after") {
            Some(ValuePosition::After(words.literal()?.value))
        } else {
            None
        };
        TypeAction::AddValue {
            value,
            if_not_exists,
            position,
        }
    } else if words.eat("rename value") {
        let value = words.literal()?.value;
        words.eat("to");
        TypeAction::RenameValue {
            value,
            to: words.literal()?,
        }
    } else if words.eat("rename to") {
        TypeAction::RenameTo(words.name()?)
    } else if words.eat("set schema") {
        TypeAction::SetSchema(words.name()?.value)
    } else {
        let mut actions = Vec::new();
        for part in words.split(b',') {
            actions.extend(attribute(part)?);
        }
        if actions.is_empty() {
            return Some(Vec::new());
        }
        TypeAction::Attributes(actions)
    };
    Some(vec![Change::AlterType { name, action }])
}

/// `ADD ATTRIBUTE` and its kin are what `ALTER TABLE` says of columns.
fn attribute(words: Words) -> Option<Vec<Action>> {
    let is_attribute = |ahead| words.cursor.is_word(ahead, &["attribute"]);
    if !is_attribute(1) {
        return Some(Vec::new());
    }
    let tokens: Vec<Token> = words
        .rest()
        .iter()
        .enumerate()
        .filter(|(position, _)| *position != 1)
        .map(|(_, token)| *token)
        .collect();
    let text = words.cursor.text;
    let without = Words {
        cursor: Cursor::new(text, &tokens),
        origin: words.origin,
    };
    table::action(without)
}

fn drop(mut words: Words) -> Option<Vec<Change>> {
    let what = if words.eat("schema") {
        Dropped::Schema
    } else if words.eat("table") {
        Dropped::Table
    } else if words.eat("view") {
        Dropped::View
    } else if words.eat("materialized view") {
        Dropped::MaterializedView
    } else if words.eat("foreign table") {
        Dropped::ForeignTable
    } else if words.eat("type") {
        Dropped::Type
    } else if words.eat("domain") {
        Dropped::Domain
    } else if words.eat("extension") {
        // Its types go with their columns.
        let is_cascade = words.find(|here| here.at("cascade")).is_some();
        return if is_cascade { None } else { Some(Vec::new()) };
    } else if words.at("owned") {
        return None;
    } else {
        return Some(Vec::new());
    };
    let if_exists = words.eat("if exists");
    let names: Vec<ObjectName> = words.objects()?;
    let cascade = words.eat("cascade");
    Some(vec![Change::Drop {
        what,
        names,
        if_exists,
        cascade,
    }])
}
