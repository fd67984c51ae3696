//! Text to facts, one language a file.
//!
//! A parser sees one text and nothing else, never fails and never panics: what it cannot read becomes
//! a [`Problem`], and the rest of the text is still read. Facts are plain data that say what is
//! written, not what it means: constants, variables and other files are the model's business.

pub mod compose;
pub mod dotenv;
pub mod prisma;
pub mod script;
pub mod sql;

use crate::source::Span;

/// What a parser made of one text.
#[derive(Debug, Default)]
pub struct Parsed<T> {
    /// What the text says.
    pub facts: T,
    /// What could not be read, in the order of the text.
    pub problems: Vec<Problem>,
    /// Every comment, its marks (`//`, `#`, `--`, `/* */`) included, in the order of the text.
    pub comments: Vec<Span>,
}

/// A part of a text that its parser could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; never empty unless the text is.
    pub span: Span,
    /// What is wrong, as a sentence without a final stop (`this block is never closed`).
    pub message: String,
    /// What to do about it (`add the missing \`}\``).
    pub help: String,
}
