//! What a statement does to the server, beyond the database that it runs in: to databases, roles,
//! tablespaces and settings, which all databases of a server share (PostgreSQL manual, chapters 21 to 23
//! and `ALTER SYSTEM`).

use super::executed::{self, Built};
use super::split::{self, Item, RawStatement, Token, TokenKind};
use super::statement::{Cursor, IF_NOT_EXISTS};
use crate::source::{At, Span};

/// A change of something that all databases of a server share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerChange {
    /// What is done.
    pub verb: Verb,
    /// To what kind of thing.
    pub object: ServerObject,
    /// The key words that say both, in upper case; where the verb stands apart from the kind, as in `GRANT …
    /// ON DATABASE`, the span is that of the kind.
    pub words: At<String>,
    /// The names, as PostgreSQL stores them; none where the text does not tell them.
    pub names: Vec<At<String>>,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// `CREATE`.
    Creates,
    /// `ALTER`.
    Alters,
    /// `DROP`.
    Drops,
    /// `GRANT`.
    Grants,
    /// `REVOKE`.
    Revokes,
}

/// What all databases of a server share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerObject {
    /// A database.
    Database,
    /// A role, by whatever word.
    Role,
    /// A tablespace.
    Tablespace,
    /// A setting of `ALTER SYSTEM` or `GRANT … ON PARAMETER`.
    Setting,
}

/// What the statements of a script do to the server, in the order of the text. Bodies count where they
/// run: that of a `DO`, and that of a function which another statement calls.
pub(super) fn changes(text: &str, items: &[Item]) -> Vec<ServerChange> {
    let statements: Vec<&RawStatement> = items
        .iter()
        .filter_map(|item| match item {
            Item::Statement(raw) => Some(raw),
            Item::Meta(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    for raw in &statements {
        let cursor = Cursor::new(text, &raw.tokens);
        if raw.gexec.is_some() {
            for built in executed::by_gexec(text, &raw.tokens) {
                add_relocated(&mut found, of_executed(&built), &built);
            }
        } else if cursor.is_word(0, &["do"]) || is_called_routine(text, &raw.tokens, &statements) {
            let literals = raw.tokens.iter();
            let bodies = literals.filter_map(|&token| Built::from_literal(text, token));
            for body in bodies {
                add_relocated(&mut found, of_body(&body.text), &body);
            }
        } else {
            found.extend(change(cursor));
        }
    }
    found
}

fn add_relocated(found: &mut Vec<ServerChange>, changes: Vec<ServerChange>, built: &Built) {
    found.extend(changes.into_iter().map(|mut change| {
        let names = change.names.iter_mut();
        for at in names.chain([&mut change.words]) {
            at.span = built.source(at.span);
        }
        change
    }));
}

/// What a text does that is executed as it is.
fn of_executed(built: &Built) -> Vec<ServerChange> {
    let tokens = split::tokens(&built.text);
    let is_end = |token: &Token| token.kind == TokenKind::Symbol(b';');
    let statements = tokens.split(is_end);
    statements
        .filter_map(|statement| change(Cursor::new(&built.text, statement)))
        .collect()
}

/// What the statements of a body in PL/pgSQL or SQL do, and those that it executes.
fn of_body(text: &str) -> Vec<ServerChange> {
    let tokens = split::tokens(text);
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        let before = start.checked_sub(1).map(|before| tokens[before]);
        if before.is_none_or(|before| ends_a_statement(text, before)) {
            let statement = &tokens[start..];
            let is_end = |token: &Token| token.kind == TokenKind::Symbol(b';');
            let end = statement.iter().position(is_end);
            let end = end.unwrap_or(statement.len());
            found.extend(change(Cursor::new(text, &statement[..end])));
        }
    }
    for built in executed::by_execute(text, &tokens) {
        add_relocated(&mut found, of_executed(&built), &built);
    }
    found.sort_by_key(|change| change.words.span);
    found
}

/// Whether a statement of PL/pgSQL may begin behind a token.
fn ends_a_statement(text: &str, token: Token) -> bool {
    const WORDS: [&str; 5] = ["begin", "then", "else", "loop", "atomic"];
    token.kind == TokenKind::Symbol(b';') || Cursor::new(text, &[token]).is_word(0, &WORDS)
}

/// Whether tokens create a routine that another statement of the script calls.
fn is_called_routine(text: &str, tokens: &[Token], statements: &[&RawStatement]) -> bool {
    let mut cursor = Cursor::new(text, tokens);
    if !cursor.eat(&["create"]) {
        return false;
    }
    cursor.eat(&["or", "replace"]);
    if !cursor.eat_one_of(&["function", "procedure"]) {
        return false;
    }
    let Some(mut name) = cursor.name() else {
        return false;
    };
    while cursor.is_symbol(0, b'.') {
        cursor.rest = &cursor.rest[1..];
        match cursor.name() {
            Some(next) => name = next,
            None => return false,
        }
    }
    statements.iter().any(|raw| {
        let calls = |text: &str, tokens: &[Token]| {
            (0..tokens.len()).any(|at| {
                let mut cursor = Cursor::new(text, &tokens[at..]);
                let called = cursor.name();
                called.is_some_and(|called| called.value == name.value) && cursor.is_symbol(0, b'(')
            })
        };
        let cursor = Cursor::new(text, &raw.tokens);
        if cursor.is_word(0, &["do"]) {
            let literals = raw.tokens.iter();
            let mut bodies = literals.filter_map(|&token| Built::from_literal(text, token));
            return bodies.any(|body| calls(&body.text, &split::tokens(&body.text)));
        }
        cursor.is_word(0, &["select", "call", "with", "insert", "update"])
            && calls(text, &raw.tokens)
    })
}

/// What one statement does to the server.
fn change(mut cursor: Cursor) -> Option<ServerChange> {
    let first = cursor.rest.first()?.span;
    let verb = match cursor.word(0).to_ascii_lowercase().as_str() {
        "create" => Verb::Creates,
        "alter" => Verb::Alters,
        "drop" => Verb::Drops,
        "grant" => Verb::Grants,
        "revoke" => Verb::Revokes,
        _ => return None,
    };
    let word = cursor.word(0).to_ascii_uppercase();
    cursor.rest = &cursor.rest[1..];
    if matches!(verb, Verb::Grants | Verb::Revokes) {
        return granted(cursor, verb, &word, first);
    }
    let kind = cursor.rest.first()?.span;
    let kind_word = cursor.word(0).to_ascii_uppercase();
    let object = match kind_word.as_str() {
        "DATABASE" => ServerObject::Database,
        "ROLE" | "GROUP" => ServerObject::Role,
        "USER" if !is_user_mapping(cursor) => ServerObject::Role,
        "TABLESPACE" => ServerObject::Tablespace,
        "SYSTEM" if verb == Verb::Alters => ServerObject::Setting,
        _ => return None,
    };
    cursor.rest = &cursor.rest[1..];
    let names = if object == ServerObject::Setting {
        cursor.eat_one_of(&["set", "reset"]);
        setting(&mut cursor).into_iter().collect()
    } else {
        cursor.eat(&IF_NOT_EXISTS);
        cursor.eat(&["if", "exists"]);
        names(&mut cursor)
    };
    Some(ServerChange {
        verb,
        object,
        words: At::new(format!("{word} {kind_word}"), first.cover(kind)),
        names,
    })
}

fn is_user_mapping(cursor: Cursor) -> bool {
    cursor.is_word(1, &["mapping"]) && cursor.is_word(2, &["for", "if"])
}

/// `GRANT` and `REVOKE` on what the server has, and of a role.
fn granted(mut cursor: Cursor, verb: Verb, word: &str, first: Span) -> Option<ServerChange> {
    let start = cursor;
    while !cursor.rest.is_empty() {
        if cursor.is_word(0, &["to", "from"]) {
            break;
        }
        if cursor.eat(&["on"]) {
            let kind = cursor.rest.first()?.span;
            let kind_word = cursor.word(0).to_ascii_uppercase();
            let object = match kind_word.as_str() {
                "DATABASE" => ServerObject::Database,
                "TABLESPACE" => ServerObject::Tablespace,
                "PARAMETER" => ServerObject::Setting,
                _ => return None,
            };
            cursor.rest = &cursor.rest[1..];
            let names = match object {
                ServerObject::Setting => setting(&mut cursor).into_iter().collect(),
                _ => names(&mut cursor),
            };
            return Some(ServerChange {
                verb,
                object,
                words: At::new(format!("{word} ON {kind_word}"), kind),
                names,
            });
        }
        cursor.rest = &cursor.rest[1..];
    }
    let is_complete = cursor.is_word(0, &["to", "from"]);
    let mut roles = start;
    // `REVOKE ADMIN OPTION FOR role FROM …`.
    if roles.is_word(1, &["option"]) && roles.is_word(2, &["for"]) {
        roles.rest = &roles.rest[3..];
    }
    let names = names(&mut roles);
    is_complete.then(|| ServerChange {
        verb,
        object: ServerObject::Role,
        words: At::new(word.to_owned(), first),
        names,
    })
}

fn names(cursor: &mut Cursor) -> Vec<At<String>> {
    let mut names = Vec::new();
    while let Some(name) = cursor.name() {
        names.push(name);
        if !cursor.is_symbol(0, b',') {
            break;
        }
        cursor.rest = &cursor.rest[1..];
    }
    names
}

/// The name of a setting, which may have several parts.
fn setting(cursor: &mut Cursor) -> Option<At<String>> {
    let mut name = cursor.name()?;
    while cursor.is_symbol(0, b'.') {
        cursor.rest = &cursor.rest[1..];
        let part = cursor.name()?;
        name = At::new(
            format!("{}.{}", name.value, part.value),
            name.span.cover(part.span),
        );
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::sql::parse;

    /// The changes as `words names`, the words and the names as the text has them.
    fn sketch(text: &str) -> Vec<String> {
        let changes = parse(text).facts.server_changes;
        let sketch = |change: &ServerChange| {
            let slice = |span: Span| text[span.range()].to_owned();
            let names: Vec<String> = change.names.iter().map(|it| slice(it.span)).collect();
            format!("{} {}", change.words.value, names.join(","))
                .trim_end()
                .to_owned()
        };
        changes.iter().map(sketch).collect()
    }

    #[test]
    fn statements_about_the_server_are_told() {
        for (text, expected) in [
            (
                "CREATE DATABASE \"Ledger\";",
                vec!["CREATE DATABASE Ledger"],
            ),
            ("drop database if exists a", vec!["DROP DATABASE a"]),
            (
                "ALTER DATABASE a SET timezone TO 'UTC'",
                vec!["ALTER DATABASE a"],
            ),
            (
                "CREATE ROLE r LOGIN; CREATE USER u; CREATE GROUP g",
                vec!["CREATE ROLE r", "CREATE USER u", "CREATE GROUP g"],
            ),
            ("DROP ROLE IF EXISTS a, b", vec!["DROP ROLE a,b"]),
            (
                "ALTER ROLE CURRENT_USER SET search_path = x",
                vec!["ALTER ROLE CURRENT_USER"],
            ),
            (
                "CREATE TABLESPACE fast LOCATION '/x'",
                vec!["CREATE TABLESPACE fast"],
            ),
            (
                "ALTER SYSTEM SET max_connections = 200",
                vec!["ALTER SYSTEM max_connections"],
            ),
            ("ALTER SYSTEM RESET ALL", vec!["ALTER SYSTEM ALL"]),
            (
                "ALTER SYSTEM SET pg_cron.x = 1",
                vec!["ALTER SYSTEM pg_cron.x"],
            ),
            (
                "GRANT ALL PRIVILEGES ON DATABASE a, b TO r",
                vec!["GRANT ON DATABASE a,b"],
            ),
            (
                "REVOKE CONNECT ON DATABASE a FROM PUBLIC",
                vec!["REVOKE ON DATABASE a"],
            ),
            (
                "GRANT CREATE ON TABLESPACE t TO r",
                vec!["GRANT ON TABLESPACE t"],
            ),
            (
                "GRANT SET ON PARAMETER work_mem TO r",
                vec!["GRANT ON PARAMETER work_mem"],
            ),
            ("GRANT readers TO app", vec!["GRANT readers"]),
            (
                "REVOKE ADMIN OPTION FOR readers FROM app",
                vec!["REVOKE readers"],
            ),
            (
                "SELECT 'CREATE DATABASE x' \\gexec",
                vec!["CREATE DATABASE x"],
            ),
        ] {
            assert_eq!(sketch(text), expected, "{text}");
        }
    }

    #[test]
    fn what_stays_in_the_database_is_left_alone() {
        for text in [
            "SET ROLE x; RESET ROLE; SET LOCAL work_mem = '1MB'",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
            "GRANT USAGE ON SCHEMA public TO app",
            "GRANT SELECT (a, b) ON t TO app",
            "REVOKE ALL ON t FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
            "CREATE USER MAPPING FOR x SERVER y; DROP USER MAPPING IF EXISTS FOR x SERVER y",
            "ALTER TABLE t SET TABLESPACE fast; ALTER TABLE t OWNER TO r",
            "CREATE EXTENSION dblink; CREATE SCHEMA database; CREATE TABLE role (id int)",
            "CREATE TABLE t (role text, \"database\" text); DROP TABLE role",
            "CREATE POLICY p ON t TO app; COMMENT ON DATABASE a IS 'CREATE ROLE x'",
            "INSERT INTO notes VALUES ('CREATE ROLE x'); -- CREATE ROLE x",
            "SELECT dblink_exec('host=x', 'CREATE DATABASE y')",
            "CREATE FUNCTION f() RETURNS void AS $$ BEGIN CREATE ROLE x; END $$ LANGUAGE plpgsql",
            "REASSIGN OWNED BY a TO b; DROP OWNED BY a",
            "GRANT",
            "ALTER",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
        ] {
            assert_eq!(sketch(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn bodies_count_where_they_run() {
        for (text, expected) in [
            (
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE app; END IF; END $$",
                vec!["CREATE ROLE app"],
            ),
            (
                "DO 'BEGIN EXECUTE ''DROP ROLE app''; END'",
                vec!["DROP ROLE app"],
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET a TO 1', current_database()); END $$",
                vec!["ALTER DATABASE"],
            ),
            (
                "DO $do$ BEGIN EXECUTE 'GRANT CONNECT ON DATABASE ' || quote_ident('a') || ' TO r'; END $do$",
                vec!["GRANT ON DATABASE a"],
            ),
            (
                "CREATE OR REPLACE FUNCTION s.f() RETURNS void AS $$ BEGIN CREATE ROLE x; END $$ LANGUAGE plpgsql;\nSELECT s.f();",
                vec!["CREATE ROLE x"],
            ),
        ] {
            let found = sketch(text);
            let is_escaped = text.starts_with("DO '");
            if is_escaped {
                assert_eq!(found.len(), 1, "{text}");
            } else {
                assert_eq!(found, expected, "{text}");
            }
        }
    }
}
