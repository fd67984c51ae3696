//! What a program takes from other files: imports, exports again, `import()`, `require()`.

use oxc_ast::ast::Program;

use super::SourceCode;
use crate::source::At;

/// One import, export from elsewhere, `import(…)` or `require(…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module specifier, without its quotes.
    pub specifier: At<String>,
    /// What is taken, by the names that the other file gives it; empty where everything is, or nothing.
    pub names: Vec<At<String>>,
    /// Whether nothing but types is taken.
    pub is_type: bool,
}

/// Reads what a program imports.
pub(super) fn read(_text: &str, _program: &Program<'_>, _facts: &mut SourceCode) {}
