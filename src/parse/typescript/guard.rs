//! What a text is looked at for before it is parsed: the parser descends into what it reads, and ends the
//! process where that goes too deep.

/// Brackets within each other. Of 18,862 real files none has more than 119.
const DEEPEST: usize = 1_000;

/// Operators between two ends of statements; each may nest what stands behind it.
const MOST_OPERATORS: usize = 5_000;

/// Whether a text can be parsed within the stack. Linear; what stands in strings and comments counts as well, so
/// that a text may be refused that could be parsed, and never the other way round.
pub(super) fn is_shallow(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut operators = 0_usize;
    for &byte in text.as_bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' => {
                depth = depth.saturating_sub(1);
                operators = 0;
            }
            b';' => operators = 0,
            b'!' | b'~' | b'?' | b'+' | b'-' | b'=' | b'&' | b'|' | b'*' | b'%' | b'^' => {
                operators += 1;
            }
            _ => {}
        }
        if depth > DEEPEST || operators > MOST_OPERATORS {
            return false;
        }
    }
    true
}
