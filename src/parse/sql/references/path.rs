//! `search_path` as statements set it (PostgreSQL manual, 5.10.3).

use super::{Event, Path};
use crate::parse::sql::executed::Built;
use crate::parse::sql::split::{self, TokenKind};
use crate::parse::sql::statement::Cursor;

/// A schema that nothing is called: where the text does not tell the path, names are looked up there.
const UNKNOWN_SCHEMA: &str = "\u{fffc}";

/// What `SET`, `RESET`, `DISCARD` and `set_config(…)` do to the path; `None` where they leave it alone.
pub(super) fn change(text: &str) -> Option<Event> {
    let tokens = split::tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    if cursor.eat(&["set"]) {
        let is_local = cursor.eat(&["local"]);
        cursor.eat(&["session"]);
        let path = assigned(&mut cursor)?;
        return Some(Event::SetsPath { path, is_local });
    }
    let is_reset = cursor.eat(&["reset"]) && cursor.is_word(0, &["search_path", "all"]);
    if is_reset || cursor.eat(&["discard", "all"]) {
        return Some(Event::SetsPath {
            path: None,
            is_local: false,
        });
    }
    set_config(cursor)
}

/// What stands behind `SET`; `None` where it sets something else.
fn assigned(cursor: &mut Cursor) -> Option<Path> {
    if cursor.eat(&["schema"]) {
        return Some(Some(schemas(*cursor)));
    }
    if !cursor.eat(&["search_path"]) {
        return None;
    }
    if cursor.eat(&["from", "current"]) {
        return None;
    }
    if !cursor.eat(&["to"]) && cursor.is_symbol(0, b'=') {
        cursor.rest = &cursor.rest[1..];
    }
    if cursor.is_word(0, &["default"]) {
        return Some(None);
    }
    Some(Some(schemas(*cursor)))
}

/// Names and literals with commas between them. Each literal is one schema here.
fn schemas(mut cursor: Cursor) -> Vec<String> {
    let mut schemas = Vec::new();
    while let Some(&token) = cursor.rest.first() {
        if token.kind == TokenKind::Symbol(b';') {
            break;
        }
        if token.kind == TokenKind::Literal {
            cursor.rest = &cursor.rest[1..];
            let literal = Built::from_literal(cursor.text, token);
            schemas.push(literal.map_or(UNKNOWN_SCHEMA.to_owned(), |literal| literal.text));
        } else if token.kind == TokenKind::Symbol(b',') {
            cursor.rest = &cursor.rest[1..];
        } else if let Some(name) = cursor.name() {
            schemas.push(name.value);
        } else {
            return vec![UNKNOWN_SCHEMA.to_owned()];
        }
    }
    schemas
}

/// `set_config('search_path', 'a, b', is_local)`.
fn set_config(mut cursor: Cursor) -> Option<Event> {
    if cursor.eat(&["pg_catalog"]) && cursor.is_symbol(0, b'.') {
        cursor.rest = &cursor.rest[1..];
    }
    if !cursor.eat(&["set_config"]) || !cursor.is_symbol(0, b'(') {
        return None;
    }
    let [_, setting, _, value, rest @ ..] = cursor.rest else {
        return None;
    };
    let setting = Built::from_literal(cursor.text, *setting)?;
    if !setting.text.eq_ignore_ascii_case("search_path") {
        return None;
    }
    cursor.rest = rest;
    let is_alone = cursor.is_symbol(0, b',');
    let value = Built::from_literal(cursor.text, *value).filter(|_| is_alone);
    let path = match value {
        Some(value) => schemas(Cursor::new(&value.text, &split::tokens(&value.text))),
        None => vec![UNKNOWN_SCHEMA.to_owned()],
    };
    Some(Event::SetsPath {
        path: Some(path),
        is_local: !cursor.is_word(1, &["false"]),
    })
}
