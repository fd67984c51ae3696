//! Functions and casts that take the name of a table as a text.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{Walk, child};
use super::{Event, body, path};
use crate::parse::sql::split;
use crate::parse::sql::statement::Cursor;
use crate::parse::sql::{Access, ObjectName};

/// Functions of sequences, which are no tables (PostgreSQL manual, 9.17).
const OF_SEQUENCES: [&str; 3] = ["currval", "nextval", "setval"];

impl Walk<'_> {
    /// `set_config(…)`, and functions whose first argument is the name of a table.
    pub(super) fn call(&mut self, call: &SyntaxNode) {
        let Some(function) = call.first_child() else {
            return;
        };
        let is = |name: &str| is_called(&function, name);
        if is("set_config") {
            self.events.extend(path::change(&call.text().to_string()));
        } else if is("to_regclass") || is("pg_get_serial_sequence") {
            let arguments = child(call, SyntaxKind::ARG_LIST);
            let first = arguments.and_then(|arguments| arguments.first_child());
            let literal = first.and_then(|first| child(&first, SyntaxKind::LITERAL));
            if let Some(literal) = literal {
                self.name_in_literal(literal, is("to_regclass"));
            }
        }
    }

    /// `'name'::regclass`, which may be the name of an index or of a sequence as well.
    pub(super) fn cast(&mut self, cast: &SyntaxNode) {
        let to = child(cast, SyntaxKind::PATH_TYPE);
        if !to.is_some_and(|to| is_called(&to, "regclass")) || is_of_sequence(cast) {
            return;
        }
        if let Some(literal) = child(cast, SyntaxKind::LITERAL) {
            self.name_in_literal(literal, true);
        }
    }

    fn name_in_literal(&mut self, literal: SyntaxNode, is_optional: bool) {
        let decoded = ast::Literal::cast(literal).and_then(|literal| literal.decoded_value());
        let Some(decoded) = decoded else { return };
        let tokens = split::tokens(decoded.text());
        let mut cursor = Cursor::new(decoded.text(), &tokens);
        let Some(mut parts) = cursor.path() else {
            return;
        };
        if !cursor.rest.is_empty() {
            return;
        }
        for part in &mut parts {
            part.span = (self.place)(body::source(&decoded, part.span));
        }
        self.events.push(Event::Names {
            name: ObjectName { parts },
            access: Access::References,
            is_optional,
        });
    }
}

/// Whether a node that holds a name is one of `pg_catalog`.
pub(super) fn is_called(node: &SyntaxNode, name: &str) -> bool {
    // No longer text can be equal.
    if usize::from(node.text_range().len()) > "pg_catalog.".len() + name.len() {
        return false;
    }
    let text = node.text().to_string().to_ascii_lowercase();
    text.strip_prefix("pg_catalog.").unwrap_or(&text) == name
}

fn is_of_sequence(cast: &SyntaxNode) -> bool {
    let argument = cast
        .parent()
        .filter(|parent| parent.kind() == SyntaxKind::ARG);
    let list = argument.and_then(|argument| argument.parent());
    let function = list
        .and_then(|list| list.parent())
        .and_then(|call| call.first_child());
    function.is_some_and(|function| OF_SEQUENCES.iter().any(|name| is_called(&function, name)))
}
