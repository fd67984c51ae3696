//! The columns of a query, as far as its text tells them.

use super::words::Words;
use super::{BaseType, Output, OutputValue, Query, Source, SourceRelation, TypeName, types};
use crate::parse::sql::relation::ObjectName;
use crate::parse::sql::split::{Token, TokenKind};
use crate::source::{At, Span};

/// How deeply queries are followed into each other.
const DEEPEST: usize = 16;

/// Words that end the `FROM` of a `SELECT`; its column list ends at these, at `FROM` and at `INTO`.
const AFTER_SOURCES: [&str; 12] = [
    "where",
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
];

/// Words that stand between a table and its alias, or behind a table without one.
const AFTER_TABLE: [&str; 11] = [
    "join",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "natural",
    "on",
    "using",
    "tablesample",
    "lateral",
];

/// Words that end an expression and are no alias.
const LAST_WORDS: [&str; 19] = [
    "end",
    "null",
    "true",
    "false",
    "precision",
    "zone",
    "varying",
    "unknown",
    "current_date",
    "current_timestamp",
    "current_user",
    "localtimestamp",
    "current_catalog",
    "current_role",
    "current_schema",
    "current_time",
    "localtime",
    "session_user",
    "user",
];

/// Words behind which an operand follows, never an alias.
const OPERATORS: [&str; 22] = [
    "is",
    "not",
    "and",
    "or",
    "in",
    "like",
    "ilike",
    "between",
    "collate",
    "case",
    "when",
    "then",
    "else",
    "distinct",
    "from",
    "interval",
    "date",
    "timestamp",
    "time",
    "all",
    "as",
    "double",
];

/// A query that is not known.
pub(super) fn none() -> Query {
    Query::default()
}

/// Reads a query up to the end of the words.
pub(super) fn read(words: Words) -> Query {
    let mut query = nested(words, 0);
    query.mentions = mentions(words);
    query.words = words
        .rest()
        .iter()
        .enumerate()
        .filter_map(|(position, _)| words.over(&words.rest()[position..]).name())
        .map(|name| name.value)
        .collect();
    query.words.sort_unstable();
    query.words.dedup();
    query
}

fn nested(mut words: Words, depth: usize) -> Query {
    let mut query = none();
    if depth > DEEPEST {
        return query;
    }
    while words.cursor.is_symbol(0, b'(') {
        let mut inner = words;
        match inner.group() {
            Some(group) if inner.is_empty() => words = group,
            _ => break,
        }
    }
    if words.eat("with") {
        words.eat("recursive");
        loop {
            let Some(common) = common(&mut words, depth) else {
                return query;
            };
            query.common.push(common);
            if !words.eat_symbol(b',') {
                break;
            }
        }
    }
    query.is_joined = ["union", "intersect", "except"]
        .iter()
        .any(|word| words.find(|here| here.at(word)).is_some());
    if words.cursor.is_symbol(0, b'(')
        && let Some(first) = words.group()
    {
        let first = nested(first, depth + 1);
        query.columns = first.columns;
        query.sources = first.sources;
        query.has_all_sources = first.has_all_sources;
        return query;
    }
    if !words.eat("select") {
        return query;
    }
    if words.eat("distinct on") {
        words.group();
    } else {
        let _ = words.eat("distinct") || words.eat("all");
    }
    let end = words.find(|here| {
        let mut ends = ["from", "into"].iter().chain(&AFTER_SOURCES);
        ends.any(|word| here.at(word)) && !is_inside_expression(words.rest(), here)
    });
    let end = end.unwrap_or(words.rest().len());
    let columns = words.over(&words.rest()[..end]);
    query.columns = columns.split(b',').into_iter().map(output).collect();
    words.skip(end);
    if words.eat("into") {
        let end = words
            .find(|here| here.at("from"))
            .unwrap_or(words.rest().len());
        words.skip(end);
    }
    query.has_all_sources = true;
    if words.eat("from") {
        let end = words.find(|here| AFTER_SOURCES.iter().any(|word| here.at(word)));
        let sources = words.over(&words.rest()[..end.unwrap_or(words.rest().len())]);
        read_sources(sources, &mut query, depth);
    }
    query
}

/// `IS DISTINCT FROM` is no clause.
fn is_inside_expression(all: &[Token], here: &Words) -> bool {
    let position = all.len().saturating_sub(here.rest().len());
    let before = position.checked_sub(1).map(|before| &all[before..]);
    let before = before.map(|tokens| here.over(tokens));
    here.at("from") && before.is_some_and(|words| words.at("distinct from"))
}

fn common(words: &mut Words, depth: usize) -> Option<(String, Query)> {
    let name = words.name()?.value;
    let columns = if words.cursor.is_symbol(0, b'(') {
        words.names_in_group()?
    } else {
        Vec::new()
    };
    if !words.eat("as") {
        return None;
    }
    let _ = words.eat("not materialized") || words.eat("materialized");
    let mut query = nested(words.group()?, depth + 1);
    rename(&mut query, columns);
    Some((name, query))
}

/// Gives the first columns of a query other names; not where `*` stands among them.
pub(super) fn rename(query: &mut Query, names: Vec<At<String>>) {
    let Some(columns) = &mut query.columns else {
        return;
    };
    if !names.is_empty()
        && columns
            .iter()
            .any(|column| matches!(column.value, OutputValue::All(_)))
    {
        query.columns = None;
        return;
    }
    for (column, name) in columns.iter_mut().zip(names) {
        column.name = Some(name);
    }
}

fn read_sources(words: Words, query: &mut Query, depth: usize) {
    for part in words.split(b',') {
        let mut part = part;
        if part.cursor.is_symbol(0, b'(')
            && part
                .rest()
                .iter()
                .any(|token| part.written(token).eq_ignore_ascii_case("join"))
        {
            // Joins in parentheses.
            let mut inner = part;
            if let Some(group) = inner.group()
                && !group.at("select")
                && !group.at("with")
                && !group.at("values")
            {
                query.has_all_sources = false;
            }
        }
        loop {
            if !source(&mut part, query, depth) {
                query.has_all_sources = false;
                break;
            }
            let Some(next) = part.find(|here| here.at("join")) else {
                break;
            };
            let natural = part
                .over(&part.rest()[..next])
                .find(|here| here.at("natural") || here.at("using"));
            if natural.is_some()
                || part
                    .over(&part.rest()[next..])
                    .find(|here| here.at("using"))
                    .is_some()
            {
                query.has_all_sources = false;
            }
            part.skip(next + 1);
        }
    }
}

fn source(words: &mut Words, query: &mut Query, depth: usize) -> bool {
    words.eat("lateral");
    words.eat("only");
    let (relation, own) = if words.cursor.is_symbol(0, b'(') {
        let Some(group) = words.group() else {
            return false;
        };
        let is_query = group.at("select") || group.at("with") || group.cursor.is_symbol(0, b'(');
        let inner = if is_query {
            SourceRelation::Query(Box::new(nested(group, depth + 1)))
        } else {
            SourceRelation::Unknown
        };
        (inner, String::new())
    } else {
        let Some(name) = words.object() else {
            return false;
        };
        let own = name.name().value.clone();
        words.eat_symbol(b'*');
        if words.group().is_some() {
            words.eat("with ordinality");
            (SourceRelation::Unknown, own)
        } else {
            (SourceRelation::Named(name), own)
        }
    };
    let has_as = words.eat("as");
    let is_alias = has_as || !AFTER_TABLE.iter().any(|word| words.at(word));
    let alias = if is_alias { words.name() } else { None };
    let is_renamed = alias.is_some() && words.group().is_some();
    query.sources.push(Source {
        alias: alias.map_or(own, |alias| alias.value),
        relation: if is_renamed {
            SourceRelation::Unknown
        } else {
            relation
        },
    });
    true
}

fn output(words: Words) -> Option<Output> {
    let tokens = words.rest();
    let span = tokens.iter().map(|token| token.span).reduce(Span::cover)?;
    let span = words.place(span);
    if tokens
        .last()
        .is_some_and(|token| token.kind == TokenKind::Symbol(b'*'))
        && is_all(words)
    {
        let mut qualifier = words;
        let qualifier = if tokens.len() == 1 {
            None
        } else {
            Some(qualifier.object()?.name().value.clone())
        };
        return Some(Output {
            name: None,
            value: OutputValue::All(qualifier),
            span,
        });
    }
    let (expression, alias) = without_alias(words);
    let (value, own) = value(expression);
    Some(Output {
        name: alias.or(own),
        value,
        span,
    })
}

/// Whether this is `*` or `table.*`.
fn is_all(mut words: Words) -> bool {
    words.rest().len() == 1
        || words.object().is_some() && words.rest().len() == 2 && words.cursor.is_symbol(0, b'.')
}

fn without_alias(words: Words) -> (Words, Option<At<String>>) {
    let tokens = words.rest();
    if let Some(position) = words.find(|here| here.at("as")) {
        let mut name = words.over(&tokens[position + 1..]);
        return (words.over(&tokens[..position]), name.name());
    }
    if let [.., before, last] = tokens {
        let written = words.written(last).to_ascii_lowercase();
        let is_name = match last.kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => !LAST_WORDS.contains(&written.as_str()),
            _ => false,
        };
        let is_operand = match before.kind {
            TokenKind::Word => {
                !OPERATORS.contains(&words.written(before).to_ascii_lowercase().as_str())
            }
            TokenKind::QuotedName | TokenKind::Literal | TokenKind::Number => true,
            TokenKind::Symbol(symbol) => matches!(symbol, b')' | b']'),
            _ => false,
        };
        if is_name && is_operand {
            let end = tokens.len() - 1;
            return (
                words.over(&tokens[..end]),
                words.over(&tokens[end..]).name(),
            );
        }
    }
    (words, None)
}

/// What an expression is, and the name that it gives its column.
fn value(words: Words) -> (OutputValue, Option<At<String>>) {
    let mut chain = words;
    let is_case =
        words.at("case") || words.rest().len() == 1 && LAST_WORDS.iter().any(|word| words.at(word));
    if let Some(name) = chain.object()
        && !is_case
    {
        if chain.is_empty() {
            return (column(&name), Some(name.name().clone()));
        }
        let is_call = chain.cursor.is_symbol(0, b'(');
        if is_call && name.name().value == "cast" {
            let mut inner = chain;
            if let Some(group) = inner.group()
                && inner.is_empty()
                && let Some(position) = group.find(|here| here.at("as"))
            {
                let (_, own) = value(group.over(&group.rest()[..position]));
                return (typed(group.over(&group.rest()[position + 1..])), own);
            }
        }
        if is_call {
            chain.group();
        }
        let of_call = if is_call && chain.is_empty() && name.name().value == "count" {
            let base = BaseType::BuiltIn("bigint".to_owned());
            OutputValue::Typed(TypeName {
                base,
                is_array: false,
            })
        } else {
            OutputValue::Unknown
        };
        let mut own = name.name().clone();
        if is_call && own.value == "trim" {
            name_of_trim(words).clone_into(&mut own.value);
        }
        if chain.is_empty() {
            return (of_call, Some(own));
        }
        return cast(chain, Some(own));
    }
    if words.cursor.is_symbol(0, b'(') {
        let mut after = words;
        if after.group().is_some()
            && after
                .rest()
                .first()
                .is_some_and(|token| token.kind == TokenKind::Colons)
        {
            return cast(after, None);
        }
    }
    (OutputValue::Unknown, None)
}

/// The function that `trim(…)` calls, by which its column is named.
fn name_of_trim(mut words: Words) -> &'static str {
    words.skip(1);
    let inner = words.group();
    let begins_with = |word| inner.is_some_and(|inner| inner.at(word));
    if begins_with("leading") {
        "ltrim"
    } else if begins_with("trailing") {
        "rtrim"
    } else {
        "btrim"
    }
}

/// What stands behind an operand: a cast that makes all of it one type, or something else.
fn cast(mut after: Words, own: Option<At<String>>) -> (OutputValue, Option<At<String>>) {
    let is_cast = |words: &Words| {
        words
            .rest()
            .first()
            .is_some_and(|token| words.written(token) == "::")
    };
    let mut last = OutputValue::Unknown;
    while is_cast(&after) {
        after.skip(1);
        match types::read(&mut after) {
            Some(written) => last = OutputValue::Typed(written.type_name),
            None => return (OutputValue::Unknown, own),
        }
    }
    if after.is_empty() {
        (last, own)
    } else {
        (OutputValue::Unknown, None)
    }
}

fn typed(mut words: Words) -> OutputValue {
    match types::read(&mut words) {
        Some(written) if words.is_empty() => OutputValue::Typed(written.type_name),
        _ => OutputValue::Unknown,
    }
}

fn column(name: &ObjectName) -> OutputValue {
    let qualifier = name.schema().map(|schema| schema.value.clone());
    OutputValue::Column(qualifier, name.name().value.clone())
}

/// Every name that stands where a relation may stand.
fn mentions(words: Words) -> Vec<ObjectName> {
    let tokens = words.rest();
    let mut found: Vec<ObjectName> = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        let opens = match token.kind {
            TokenKind::Word => ["from", "join", "only", "lateral"]
                .iter()
                .any(|word| words.written(token).eq_ignore_ascii_case(word)),
            TokenKind::Symbol(b',' | b'(') => true,
            _ => false,
        };
        if opens
            && let Some(name) = words.over(&tokens[position + 1..]).object()
            && !found.iter().any(|known| same(known, &name))
        {
            found.push(name);
        }
    }
    found
}

fn same(one: &ObjectName, other: &ObjectName) -> bool {
    one.parts.len() == other.parts.len()
        && one
            .parts
            .iter()
            .zip(&other.parts)
            .all(|(one, other)| one.value == other.value)
}
