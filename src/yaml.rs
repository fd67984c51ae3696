//! (tree)
pub mod typed;
