//! References told from tokens alone, for statements that could not be parsed.

use super::{Event, Place};
use crate::parse::sql::split::Token;

pub(super) fn read(_text: &str, _tokens: &[Token], _level: usize, _place: Place) -> Vec<Event> {
    Vec::new()
}

pub(super) fn body(_text: &str, _level: usize, _place: Place) -> Vec<Event> {
    Vec::new()
}
