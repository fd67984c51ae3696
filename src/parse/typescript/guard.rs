//! What a text is looked at for before it is parsed: the parser descends into what it reads, and ends the
//! process where that goes too deep.

/// Brackets within each other. Of 18,862 real files none has more than 119.
const DEEPEST: usize = 1_000;

/// Operators of one expression, each of which may nest what stands behind it. A debug build reads 20,000 of any
/// kind with 16 MiB of stack.
const MOST_OPERATORS: usize = 10_000;

/// Whether a text can be parsed within the stack. Linear; what stands in strings and comments counts as well, so
/// that a text may be refused that could be parsed.
pub(super) fn is_shallow(text: &str) -> bool {
    // The operators before the bracket that is open at each level.
    let mut levels: Vec<usize> = Vec::new();
    let mut outside = 0_usize;
    let mut operators = 0_usize;
    for &byte in text.as_bytes() {
        match byte {
            b'(' | b'[' | b'{' => {
                levels.push(operators);
                outside += operators;
                operators = 0;
            }
            b')' | b']' | b'}' => {
                operators = levels.pop().unwrap_or_default();
                outside -= operators;
            }
            b',' | b';' => operators = 0,
            b'!' | b'~' | b'?' | b'+' | b'-' | b'=' | b'&' | b'|' | b'*' | b'%' | b'^' | b'.'
            | b'<' | b'>' => operators += 1,
            _ => {}
        }
        if levels.len() > DEEPEST || outside + operators > MOST_OPERATORS {
            return false;
        }
    }
    true
}
