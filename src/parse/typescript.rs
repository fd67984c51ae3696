//! Module sources in TypeScript and JavaScript: the SQL that they hold.

mod guard;
mod literal;
mod queries;

use crate::parse::sql::{Reach, TableReference};
use crate::parse::{Parsed, Problem};
use crate::source::Span;

/// What one source file says.
#[derive(Debug, Default)]
pub struct SourceCode {
    /// Its raw SQL, in the order of the text.
    pub queries: Vec<Query>,
    /// The tables that its SQL names, in the order of the text.
    pub references: Vec<TableReference>,
    /// What in its SQL reaches another database, in the order of the text.
    pub reaches: Vec<Reach>,
}

/// A raw SQL text in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The template or the expression that makes it.
    pub span: Span,
    /// Whether all of it is known.
    pub is_known: bool,
}

/// How `<` is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// It may begin a type assertion.
    TypeScript,
    /// It may begin an element of JSX.
    Jsx,
}

/// Reads one source file.
pub fn parse(text: &str, syntax: Syntax) -> Parsed<SourceCode> {
    if !guard::is_shallow(text) {
        return Parsed {
            problems: vec![Problem {
                span: Span::new(0, text.lines().next().unwrap_or_default().len()),
                message: "the file is nested too deeply to be read".to_owned(),
                help: "break it up into smaller files".to_owned(),
            }],
            ..Parsed::default()
        };
    }
    queries::read(text, syntax)
}

#[cfg(test)]
mod tests;
