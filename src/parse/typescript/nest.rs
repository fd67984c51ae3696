//! Modules of Nest: what they provide and what they let others have.

use oxc_ast::ast::Program;

use super::SourceCode;
use crate::source::At;

/// A class with `@Module({…})`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestModule {
    /// The name of the class.
    pub name: At<String>,
    /// What it exports, by name.
    pub exports: Vec<At<String>>,
}

/// Reads the modules of a program.
pub(super) fn read(_text: &str, _program: &Program<'_>, _facts: &mut SourceCode) {}
