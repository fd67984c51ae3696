//! The bodies of routines and of `DO`, and the texts that they execute.

use std::collections::HashSet;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{Walk, child};
use super::{Event, MOST_LEVELS, reaches, scan, statements};
use crate::parse::sql::executed;
use crate::parse::sql::split::{self, Token, TokenKind};
use crate::parse::sql::statement::Cursor;
use crate::parse::sql::syntax;
use crate::source::Span;

/// Reads the body of a routine or of a `DO`, where it is a literal.
pub(super) fn read(walk: &mut Walk, node: &SyntaxNode) {
    let Some((language, literal)) = language_and_literal(node) else {
        return;
    };
    let Some(decoded) = literal.decoded_value() else {
        return;
    };
    let outer = walk.place;
    let place = |span: Span| outer(source(&decoded, span));
    let level = walk.level + 1;
    let text = decoded.text();
    match language.as_str() {
        "sql" => walk.events.extend(statements(text, level, &place)),
        "plpgsql" if level > MOST_LEVELS => {}
        "plpgsql" => {
            let tokens = split::tokens(text);
            let mut events = if syntax::weight_of_block(text) > walk.room {
                scan::body(text, level, &place)
            } else {
                let Some(tree) = blocks(node) else { return };
                let mut body = Walk::new(walk.room, level, &place);
                body.variables = Some(parameters(node));
                body.through(&tree);
                body.events
            };
            if makes_do(text, &tokens) {
                for event in &mut events {
                    if let Event::Names { is_optional, .. } = event {
                        *is_optional = true;
                    }
                }
            }
            walk.events.append(&mut events);
            walk.events.extend(reaches(text, &tokens, &place));
        }
        _ => {}
    }
}

/// Whether a body makes do without a table that it names: it passes over errors, or asks first what is there.
fn makes_do(text: &str, tokens: &[Token]) -> bool {
    let mut cursor = Cursor::new(text, tokens);
    while !cursor.rest.is_empty() {
        let asks = ["information_schema", "pg_class", "pg_tables", "to_regclass"];
        if cursor.begins_with(&["exception", "when"]) || cursor.is_word(0, &asks) {
            return true;
        }
        cursor.rest = &cursor.rest[1..];
    }
    false
}

/// The language of a body, and the body.
fn language_and_literal(node: &SyntaxNode) -> Option<(String, ast::Literal)> {
    if let Some(block) = ast::Do::cast(node.clone()) {
        let language = block.do_language().and_then(|it| it.language_name());
        let language = language.map_or("plpgsql".to_owned(), |language| language.name);
        return Some((language, block.body()?));
    }
    let options = ast::FuncOptionList::cast(child(node, SyntaxKind::FUNC_OPTION_LIST)?)?;
    let mut language = None;
    let mut literal = None;
    for option in options.options() {
        match option {
            ast::FuncOption::LanguageFuncOption(option) => language = option.language_name(),
            ast::FuncOption::AsFuncOption(option) => {
                if let Some(ast::AsFuncTarget::AsDefinition(body)) = option.as_func_target() {
                    literal = body.literal();
                }
            }
            _ => {}
        }
    }
    Some((language?.name, literal?))
}

/// The tree of a body in PL/pgSQL.
fn blocks(node: &SyntaxNode) -> Option<SyntaxNode> {
    let node = || node.clone();
    let body = ast::Do::cast(node())
        .and_then(|block| block.plpgsql())
        .or_else(|| ast::CreateFunction::cast(node()).and_then(|routine| routine.plpgsql()))
        .or_else(|| ast::CreateProcedure::cast(node()).and_then(|routine| routine.plpgsql()))?;
    Some(body.syntax())
}

/// The names that a routine gives to its parameters, and those of a trigger's rows.
fn parameters(routine: &SyntaxNode) -> HashSet<String> {
    let list = child(routine, SyntaxKind::PARAM_LIST);
    let parameters = list.iter().flat_map(SyntaxNode::children);
    let names = parameters.filter_map(|parameter| child(&parameter, SyntaxKind::PARAM_NAME));
    names
        .map(|name| ast::normalize_name_node(&name))
        .chain(["old".to_owned(), "new".to_owned()])
        .collect()
}

/// Where a part of a body stands in the text that holds its literal.
pub(super) fn source(decoded: &DecodedText, span: Span) -> Span {
    let start = decoded.source_pos(span.start.into());
    let end = decoded.source_pos(span.end.into());
    Span::new(start.into(), end.into())
}

/// Reads what `EXECUTE` of PL/pgSQL executes.
pub(super) fn executed(walk: &mut Walk, statement: &SyntaxNode) {
    let Some(expression) = child(statement, SyntaxKind::PLPGSQL_EXPR) else {
        return;
    };
    let start = usize::from(expression.text_range().start());
    let text = expression.text().to_string();
    let built = executed::expression(&text, &split::tokens(&text));
    let outer = walk.place;
    let place = |span: Span| outer(built.source(span).shifted(start));
    let events = statements(&built.text, walk.level + 1, &place);
    walk.events.extend(events);
}

/// Reads an SQL statement of PL/pgSQL that squawk cannot read, because it has an `INTO`.
pub(super) fn with_into(walk: &mut Walk, node: &SyntaxNode) {
    let start = usize::from(node.text_range().start());
    let text = node.text().to_string();
    let text = without_into(&text, &split::tokens(&text));
    let outer = walk.place;
    let place = |span: Span| outer(span.shifted(start));
    let events = statements(&text, walk.level, &place).into_iter();
    // The whole body is read for what it reaches.
    walk.events
        .extend(events.filter(|event| !matches!(event, Event::Reaches(_))));
}

/// A text with spaces for every `INTO [STRICT] target, …` (PostgreSQL manual, 41.5.3), which may stand
/// almost anywhere in a statement, but not in parentheses.
pub(super) fn without_into(text: &str, tokens: &[Token]) -> String {
    let mut blanked = text.to_owned().into_bytes();
    let mut depth = 0_usize;
    let mut before = "";
    let mut cursor = Cursor::new(text, tokens);
    let is_import = cursor.begins_with(&["import", "foreign", "schema"]);
    while let Some(token) = cursor.rest.first() {
        match token.kind {
            TokenKind::Symbol(b'(') => depth += 1,
            TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
            TokenKind::Symbol(b';') => depth = 0,
            _ => {}
        }
        let is_part = before.eq_ignore_ascii_case("insert") || before.eq_ignore_ascii_case("merge");
        before = cursor.word(0);
        if depth > 0 || is_part || is_import || !cursor.is_word(0, &["into"]) {
            cursor.rest = &cursor.rest[1..];
            continue;
        }
        let from = token.span;
        let to = targets(&mut cursor);
        blanked[from.start as usize..to.unwrap_or(from).end as usize].fill(b' ');
    }
    String::from_utf8(blanked).unwrap_or_default()
}

/// Passes over `INTO` and its targets; the span of the last token of them.
fn targets(cursor: &mut Cursor) -> Option<Span> {
    cursor.eat(&["into"]);
    cursor.eat(&["strict"]);
    let mut last = None;
    loop {
        let target = cursor.rest.first()?.span;
        cursor.name()?;
        last = Some(last.map_or(target, |last: Span| last.cover(target)));
        while cursor.is_symbol(0, b'.') || cursor.is_symbol(0, b'[') {
            let is_index = cursor.is_symbol(0, b'[');
            cursor.rest = &cursor.rest[1..];
            while let Some((token, rest)) = cursor.rest.split_first() {
                last = Some(last.map_or(token.span, |last| last.cover(token.span)));
                cursor.rest = rest;
                if !is_index || token.kind == TokenKind::Symbol(b']') {
                    break;
                }
            }
        }
        if !cursor.is_symbol(0, b',') {
            return last;
        }
        cursor.rest = &cursor.rest[1..];
    }
}
