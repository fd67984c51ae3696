//! Syntax trees, made in bounded time.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Language, ParseOptions, ParseState, Parser, Tree};

/// The tree of a text; `None` where that takes longer than `patience`.
pub(super) fn tree(text: &[u8], language: &Language, patience: Duration) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    let started = Instant::now();
    let mut out_of_patience = |_: &ParseState| {
        if started.elapsed() > patience {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut out_of_patience);
    let mut rest = |at: usize, _| text.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut rest, None, Some(options))
}
