//! Where a value comes from, as far as the file tells.

use crate::source::{At, Span};

/// A value, as far as it is known without running anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string, with its escapes resolved; it stands between the quotes.
    Literal(At<String>),
    /// A variable of the environment, by its name, which stands where it is read.
    Environment(At<String>),
    /// One of several: of `a ?? b`, `a || b` and `c ? a : b`, in the order of the text.
    Either(Vec<Value>),
    /// Anything else.
    Unknown(Span),
}
