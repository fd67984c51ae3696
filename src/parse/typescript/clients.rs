//! Database clients that a program opens, and the connection strings that they are given.

use oxc_ast::ast::Program;

use super::SourceCode;
use super::value::Value;
use crate::source::{At, Span};

/// A database client that is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// What opens it, as a reader calls it: `PrismaClient`, `PrismaPg`, `Pool`, `postgres`, `DataSource`.
    pub name: At<String>,
    /// The connection string, or the name of the database, that it is given; `None` where it is given none.
    pub url: Option<Value>,
}

/// A connection string behind `??`, `||` or in a conditional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The connection string.
    pub url: At<String>,
    /// The whole of what it falls back from and to.
    pub span: Span,
    /// The variable of the environment that it stands in for, if there is one.
    pub variable: Option<At<String>>,
}

/// Reads the clients of a program.
pub(super) fn read(_text: &str, _program: &Program<'_>, _facts: &mut SourceCode) {}
