//! Statements that reach another database or another server, told from their tokens.

use std::collections::BTreeSet;
use std::ops::Range;

use super::executed::{self, Built, UNKNOWN};
use super::split::{self, Meta, Token, TokenKind};
use super::statement::{Cursor, leading_words};
use super::{Reach, Way};
use crate::connection;
use crate::source::{At, Span};

/// The functions of `dblink` that connect or run something elsewhere (PostgreSQL manual, F.11).
const DBLINK: [&str; 10] = [
    "dblink",
    "dblink_connect",
    "dblink_connect_u",
    "dblink_disconnect",
    "dblink_exec",
    "dblink_open",
    "dblink_fetch",
    "dblink_close",
    "dblink_send_query",
    "dblink_get_result",
];

/// Extensions besides `dblink` and foreign data wrappers whose purpose is another database.
const EXTENSIONS: [&str; 4] = ["dblink", "multicorn", "pglogical", "plproxy"];

/// Statements by their leading words, and in which way they reach elsewhere.
const STATEMENTS: [(&str, Way); 9] = [
    ("CREATE SERVER", Way::ForeignServer),
    ("ALTER SERVER", Way::ForeignServer),
    ("CREATE FOREIGN DATA WRAPPER", Way::ForeignServer),
    ("CREATE USER MAPPING", Way::ForeignServer),
    ("ALTER USER MAPPING", Way::ForeignServer),
    ("IMPORT FOREIGN SCHEMA", Way::ImportedSchema),
    ("CREATE FOREIGN TABLE", Way::ForeignTable),
    ("CREATE SUBSCRIPTION", Way::Subscription),
    ("ALTER SUBSCRIPTION", Way::Subscription),
];

/// Statements whose literals are data or prose: a connection string among them connects nothing.
const OF_DATA: [&str; 6] = ["insert", "update", "copy", "comment", "values", "merge"];

/// How many tokens a connection may be behind the word that asks for it.
const FAR: usize = 200;

/// How the statements of a text, each of which ends with `;`, reach elsewhere.
pub(super) fn read(text: &str, tokens: &[Token]) -> Vec<Reach> {
    let is_end = |token: &Token| token.kind == TokenKind::Symbol(b';');
    let statements = tokens.split(is_end);
    statements
        .flat_map(|statement| of_statement(text, statement))
        .collect()
}

fn of_statement(text: &str, tokens: &[Token]) -> Vec<Reach> {
    let mut reaches = Vec::new();
    let mut is_data = false;
    for (at, token) in tokens.iter().enumerate() {
        let cursor = Cursor::new(text, &tokens[at..]);
        let is_start = at == 0 || begins_in_block(text, tokens[at - 1]);
        is_data |= is_start && cursor.is_word(0, &OF_DATA);
        match token.kind {
            TokenKind::Word if is_start && cursor.is_word(0, &["create", "alter", "import"]) => {
                reaches.extend(of_definition(cursor));
            }
            TokenKind::Word if cursor.is_symbol(1, b'(') && cursor.is_word(0, &DBLINK) => {
                let is_definition = at
                    .checked_sub(1)
                    .is_some_and(|before| is_word(text, tokens[before], &["function", "on"]));
                if !is_definition {
                    reaches.push(of_dblink(cursor, *token));
                }
            }
            _ => {}
        }
    }
    if !is_data {
        let parts = |reach: &Reach| [reach.database.clone(), reach.host.clone()];
        let parts = reaches.iter().flat_map(parts).flatten();
        let told: BTreeSet<Span> = parts.map(|part| part.span).collect();
        let is_told = |literal: Span| {
            let ahead = told.range(Span::new(literal.start as usize, 0)..).next();
            ahead.is_some_and(|&part| literal.contains(part))
        };
        let literals = tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Literal && !is_told(token.span));
        let strings = literals.filter_map(|&literal| connection_string(text, literal));
        reaches.extend(strings);
    }
    reaches
}

fn is_word(text: &str, token: Token, words: &[&str]) -> bool {
    Cursor::new(text, &[token]).is_word(0, words)
}

/// Whether a statement of PL/pgSQL begins behind that token.
fn begins_in_block(text: &str, before: Token) -> bool {
    is_word(text, before, &["begin", "then", "else", "loop"])
}

/// `CREATE`, `ALTER` and `IMPORT` statements.
fn of_definition(cursor: Cursor) -> Option<Reach> {
    let mut extension = cursor;
    if extension.eat(&["create", "extension"]) {
        extension.eat(&super::statement::IF_NOT_EXISTS);
        let name = extension.name()?;
        let is_wrapper = name.value.ends_with("_fdw") && name.value != "file_fdw";
        return (is_wrapper || EXTENSIONS.contains(&name.value.as_str())).then_some(Reach {
            words: name,
            way: Way::Extension,
            database: None,
            host: None,
        });
    }
    let words = leading_words(cursor);
    let is_of = |(start, _): &&(&str, Way)| words.value.starts_with(start);
    let way = STATEMENTS.iter().find(is_of)?.1;
    let mut reach = Reach {
        words,
        way,
        database: None,
        host: None,
    };
    for (at, &token) in cursor.rest.iter().enumerate().take(FAR).skip(1) {
        let before = cursor.rest[at - 1];
        if token.kind != TokenKind::Literal {
            continue;
        }
        if is_word(cursor.text, before, &["connection"]) {
            if let Some(built) = Built::from_literal(cursor.text, token) {
                reach.goes_to(&built);
            }
        } else if is_word(cursor.text, before, &["dbname"]) {
            reach.database = literal(cursor.text, token);
        } else if is_word(cursor.text, before, &["host", "hostaddr"]) {
            reach.host = literal(cursor.text, token);
        }
    }
    let connects = reach.words.value != "ALTER SUBSCRIPTION" || reach.database.is_some();
    connects.then_some(reach)
}

/// The value of a literal, if it stands there letter by letter.
fn literal(text: &str, token: Token) -> Option<At<String>> {
    let built = Built::from_literal(text, token)?;
    let span = built.source(Span::new(0, built.text.len()));
    Some(At::new(built.text, span))
}

/// `dblink(…)`: the connection is its first argument, or the second behind a name for it.
fn of_dblink(cursor: Cursor, name: Token) -> Reach {
    let mut reach = Reach {
        words: At::new(
            cursor.text[name.span.range()].to_ascii_lowercase(),
            name.span,
        ),
        way: Way::Dblink,
        database: None,
        host: None,
    };
    let near = &cursor.rest[1..cursor.rest.len().min(FAR)];
    let inside = executed::within_brackets(near);
    for argument in executed::split_at(inside, b',').take(2) {
        let built = executed::expression(cursor.text, argument);
        reach.goes_to(&built);
        if reach.database.is_some() || reach.host.is_some() {
            break;
        }
    }
    reach
}

/// A literal that is a connection URL of PostgreSQL.
fn connection_string(text: &str, token: Token) -> Option<Reach> {
    let built = Built::from_literal(text, token)?;
    if !built.text.starts_with("postgres") {
        return None;
    }
    connection::parse(&built.text)?;
    let mut reach = Reach {
        words: At::new(
            built
                .text
                .split("://")
                .next()
                .unwrap_or_default()
                .to_owned(),
            built.source(Span::new(0, built.text.len())),
        ),
        way: Way::ConnectionString,
        database: None,
        host: None,
    };
    reach.goes_to(&built);
    Some(reach)
}

impl Reach {
    /// Takes over where a connection string leads to.
    fn goes_to(&mut self, built: &Built) {
        let (database, host) = target(&built.text);
        let at = |(value, range): (String, Range<usize>)| {
            let is_known = !value.is_empty() && !value.contains(UNKNOWN);
            let span = built.source(Span::new(range.start, range.end));
            is_known.then(|| At::new(value, span))
        };
        self.database = database.and_then(at);
        self.host = host.and_then(at);
    }

    /// Moves every span.
    pub(super) fn relocate(&mut self, place: impl Fn(Span) -> Span) {
        let parts = self.database.iter_mut().chain(&mut self.host);
        for at in parts.chain([&mut self.words]) {
            at.span = place(at.span);
        }
    }
}

type Told = Option<(String, Range<usize>)>;

/// The database and the host of a connection string, and where they stand in it.
fn target(text: &str) -> (Told, Told) {
    if let Some(url) = connection::parse(text) {
        let decoded = |range: Range<usize>| (connection::decode(&text[range.clone()]), range);
        let host = match url.hosts.as_slice() {
            [host] => Some(host.name.clone()),
            _ => None,
        };
        return (url.database.map(decoded), host.map(decoded));
    }
    let mut pairs = conninfo(text).unwrap_or_default();
    pairs.reverse();
    let of = |key: &str| {
        let pair = pairs.iter().find(|pair| pair.0 == key)?;
        Some((pair.1.clone(), pair.2.clone()))
    };
    (of("dbname"), of("host").or_else(|| of("hostaddr")))
}

/// The pairs of a `keyword = value` string (PostgreSQL manual, 34.1.1.1); `None` where it is none.
fn conninfo(text: &str) -> Option<Vec<(String, String, Range<usize>)>> {
    let bytes = text.as_bytes();
    let is_blank = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_whitespace);
    let mut pairs = Vec::new();
    let mut at = 0;
    loop {
        while is_blank(at) {
            at += 1;
        }
        if at == bytes.len() {
            return Some(pairs);
        }
        let start = at;
        while bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        {
            at += 1;
        }
        let key = text[start..at].to_owned();
        while is_blank(at) {
            at += 1;
        }
        if key.is_empty() || bytes.get(at) != Some(&b'=') {
            return None;
        }
        at += 1;
        while is_blank(at) {
            at += 1;
        }
        let is_quoted = bytes.get(at) == Some(&b'\'');
        at += usize::from(is_quoted);
        let start = at;
        while at < bytes.len() && !(is_quoted && bytes[at] == b'\'') && (is_quoted || !is_blank(at))
        {
            at += 1 + usize::from(bytes[at] == b'\\');
        }
        let end = text.floor_char_boundary(at.min(bytes.len()));
        pairs.push((key, text[start..end].replace('\\', ""), start..end));
        at = end + usize::from(is_quoted && end < bytes.len());
    }
}

/// `\c name` and `\connect name`, which leave the database.
pub(super) fn by_meta_command(text: &str, meta: &Meta) -> Option<Reach> {
    if !matches!(meta.command.value.as_str(), "c" | "connect") {
        return None;
    }
    let mut arguments = split::arguments(text, meta.arguments)
        .into_iter()
        .filter(|argument| !argument.value.value.starts_with("-reuse-previous="));
    let mut reach = Reach {
        words: meta.command.clone(),
        way: Way::Connect,
        database: None,
        host: None,
    };
    let first = arguments.next().filter(|first| first.value.value != "-")?;
    if first.is_variable {
        return Some(reach);
    }
    let first = first.value;
    let (database, host) = target(&first.value);
    let at = |(value, range): (String, Range<usize>)| At::new(value, first.part(range));
    reach.database = database.map(at);
    reach.host = host.map(at);
    if !first.value.contains("://") && !first.value.contains('=') {
        reach.database = Some(first);
        let host = arguments.nth(1).filter(|host| !host.is_variable);
        reach.host = host.map(|host| host.value).filter(|host| host.value != "-");
    }
    Some(reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::sql::parse;

    fn reaches(text: &str) -> String {
        let part = |part: &Option<At<String>>| match part {
            Some(at) if text[at.span.range()] == *at.value => at.value.clone(),
            Some(at) => format!("{}<{}>", at.value, &text[at.span.range()]),
            None => "-".to_owned(),
        };
        let sketch = |reach: &Reach| {
            let words = &text[reach.words.span.range()];
            let (database, host) = (part(&reach.database), part(&reach.host));
            format!("{:?} {words} {database} {host}", reach.way)
        };
        let reaches = parse(text).facts.reaches;
        reaches.iter().map(sketch).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_leaves_the_database_is_told() {
        for (text, expected) in [
            (
                "SELECT * FROM dblink('host=db dbname=loans', 'SELECT 1 FROM a') AS t (b int)",
                "Dblink dblink loans db",
            ),
            (
                "SELECT dblink_connect('c', 'postgres://u:p@db:5432/fines'), dblink_exec('c', 'x')",
                "Dblink dblink_connect fines db; Dblink dblink_exec - -",
            ),
            (
                "SELECT dblink('dbname = ''a b'' host=h', 'x'), public.dblink_open('y')",
                "Dblink dblink a b h; Dblink dblink_open - -",
            ),
            (
                "SELECT dblink(format('host=%s dbname=loans', x), 'y'); SELECT dblink('dbname=' || z, 'y')",
                "Dblink dblink loans -; Dblink dblink - -",
            ),
            (
                "CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE EXTENSION \"dblink\"; CREATE EXTENSION pgcrypto",
                "Extension postgres_fdw - -; Extension dblink - -",
            ),
            (
                "CREATE EXTENSION file_fdw; DROP EXTENSION dblink; COMMENT ON EXTENSION dblink IS 'x'",
                "",
            ),
            (
                "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db', dbname 'loans', port '5432')",
                "ForeignServer CREATE SERVER loans db",
            ),
            (
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password 'c'); ALTER SERVER s OPTIONS (SET dbname 'd')",
                "ForeignServer CREATE USER MAPPING - -; ForeignServer ALTER SERVER d -",
            ),
            (
                "IMPORT FOREIGN SCHEMA public FROM SERVER s INTO a; CREATE FOREIGN TABLE b (c int) SERVER s",
                "ImportedSchema IMPORT FOREIGN SCHEMA - -; ForeignTable CREATE FOREIGN TABLE - -",
            ),
            (
                "CREATE SUBSCRIPTION a CONNECTION 'host=db dbname=loans' PUBLICATION b; ALTER SUBSCRIPTION a DISABLE",
                "Subscription CREATE SUBSCRIPTION loans db",
            ),
            (
                "ALTER SUBSCRIPTION a CONNECTION 'postgresql://db/fines'",
                "Subscription ALTER SUBSCRIPTION fines db",
            ),
            (
                "\\c loans\n\\connect postgres://u@db/fines\n\\c - u\n\\c a u db 5432\n\\c :x\n",
                "Connect c loans -; Connect connect fines db; Connect c a db; Connect c - -",
            ),
            (
                "SELECT f('postgres://u:p@db/loans'); SELECT 'see postgres://u', 'http://a/b'",
                "ConnectionString 'postgres://u:p@db/loans' loans db",
            ),
            (
                "INSERT INTO a VALUES ('postgres://db/b'); COMMENT ON TABLE a IS 'postgres://db/b'",
                "",
            ),
            (
                "DO $$ BEGIN EXECUTE 'CREATE EXTENSION dblink'; SELECT dblink('dbname=b', 'c') INTO d; END $$",
                "Extension dblink - -; Dblink dblink b -",
            ),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT dblink(''dbname=b'', ''c'')'",
                "Dblink dblink b -",
            ),
            (
                "CREATE FUNCTION dblink(text) RETURNS int LANGUAGE c AS 'x'; SELECT 'dblink(1)' -- dblink(2)",
                "",
            ),
        ] {
            assert_eq!(
                reaches(text).replace('\'', ""),
                expected.replace('\'', ""),
                "{text}"
            );
        }
    }
}
