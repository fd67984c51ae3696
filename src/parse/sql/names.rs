//! Key words where only names may stand, which squawk takes for names.

use super::keywords::is_refused_unquoted;
use super::split::{Token, TokenKind};
use super::statement::{Cursor, IF_NOT_EXISTS};
use crate::parse::Problem;

/// A key word in the place of a table's name or of what `ALTER TABLE` names.
pub(super) fn unquoted_key_word(cursor: Cursor) -> Option<Problem> {
    let word = wrong_name(cursor)?;
    let written = &cursor.text[word.span.range()];
    Some(Problem {
        span: word.span,
        message: format!("PostgreSQL cannot read this: `{written}` is a reserved keyword"),
        help: format!("write `\"{}\"`", written.to_ascii_lowercase()),
    })
}

fn wrong_name(mut cursor: Cursor<'_>) -> Option<&Token> {
    let alters = cursor.eat(&["alter", "table"]);
    let names_table = alters
        || cursor.eat(&["create", "table"])
        || cursor.eat(&["create", "view"])
        || cursor.eat(&["drop", "table"])
        || cursor.eat(&["drop", "view"])
        || cursor.eat(&["insert", "into"])
        || cursor.eat(&["delete", "from"])
        || cursor.eat(&["update"]);
    if !names_table || cursor.begins_with(&["all", "in", "tablespace"]) {
        return None;
    }
    let _ = cursor.eat(&IF_NOT_EXISTS) || cursor.eat(&["if", "exists"]);
    cursor.eat(&["only"]);
    let wrong = refused(&mut cursor);
    if wrong.is_some() || !alters {
        return wrong;
    }
    while cursor.is_symbol(0, b'.') {
        cursor.skip(2);
    }
    cursor.skip(usize::from(cursor.is_symbol(0, b'*')));
    let mut depth = 0_usize;
    let mut is_start = true;
    while !cursor.rest.is_empty() {
        if is_start && let Some(word) = wrong_name_of_action(cursor) {
            return Some(word);
        }
        match cursor.rest[0].kind {
            TokenKind::Symbol(b'(') => depth += 1,
            TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_start = depth == 0 && cursor.is_symbol(0, b',');
        cursor.skip(1);
    }
    None
}

/// The same in one action of `ALTER TABLE`.
fn wrong_name_of_action(mut cursor: Cursor<'_>) -> Option<&Token> {
    let renames = cursor.is_word(0, &["rename"]);
    let verb = cursor.eat_one_of(&["add", "drop", "alter", "rename"]);
    let named = verb && cursor.eat_one_of(&["column", "constraint"]);
    if named {
        let _ = cursor.eat(&IF_NOT_EXISTS) || cursor.eat(&["if", "exists"]);
        let wrong = refused(&mut cursor);
        if wrong.is_some() || !renames {
            return wrong;
        }
    } else if !renames {
        return None;
    } else if !cursor.is_word(0, &["to"]) {
        cursor.skip(1);
    }
    if cursor.eat(&["to"]) {
        refused(&mut cursor)
    } else {
        None
    }
}

/// Passes over a name; gives it where it is a key word that is none.
fn refused<'a>(cursor: &mut Cursor<'a>) -> Option<&'a Token> {
    let token = cursor.rest.first()?;
    let is_refused = is_refused_unquoted(cursor.word(0));
    cursor.skip(1);
    is_refused.then_some(token)
}
