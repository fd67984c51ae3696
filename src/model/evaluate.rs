//! Evaluates the expressions of scripts across files; never runs anything.

use std::collections::BTreeMap;

use crate::parse::script::Script;
use crate::source::{FileId, Sources};

/// The scripts of a workspace, for looking up what they import from each other.
#[derive(Debug)]
pub struct Scripts<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What those that are scripts declare.
    pub by_file: BTreeMap<FileId, &'a Script>,
}
