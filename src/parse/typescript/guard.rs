//! What a text is looked at for before it is parsed: the parser descends into what it reads, and ends the
//! process where that goes too deep.

/// Brackets within each other. Of 18,862 real files none has more than 119.
const DEEPEST: usize = 1_000;

/// Operators of one expression, each of which may nest what stands behind it. A debug build reads 20,000 of any
/// kind with 16 MiB of stack.
const MOST_OPERATORS: usize = 10_000;

/// Operators of one expression that a large stack is enough for. Pictures that are written into the code in
/// Base64 look like long sums.
const MOST_ON_LARGE_STACK: usize = 100_000;

/// Words and labels in a row, each of which holds the next one: `new new a`, `while (a) while (b)`, `a: b: c`.
const MOST_IN_A_ROW: usize = 1_000;

/// Words `else` of a file: in a chain of conditions each holds all that follow. A debug build reads 20,000 with
/// braces and 10,000 without.
const MOST_BRANCHES: usize = 10_000;

/// Words that hold what stands behind them, without a bracket.
const HOLDING: [&[u8]; 17] = [
    b"await",
    b"delete",
    b"do",
    b"for",
    b"if",
    b"infer",
    b"keyof",
    b"new",
    b"readonly",
    b"return",
    b"throw",
    b"typeof",
    b"unique",
    b"void",
    b"while",
    b"with",
    b"yield",
];

/// What is open at a level of brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    operators: usize,
    /// Words in a row that hold each other.
    in_a_row: usize,
    /// Whether the last word holds nothing.
    is_plain: bool,
}

/// How much stack it takes to parse a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// No more than parsers are given.
    Usual,
    /// More, but [`LARGE_STACK`] is enough.
    Large,
    /// It may be any amount.
    Unbounded,
}

/// Bytes of stack for a text that nests operators. What is not touched of it is never given out.
pub(super) const LARGE_STACK: usize = 256 << 20;

/// How deep a text may make the parser descend. Linear; what stands in strings and in most comments counts as
/// well, so that a text may be refused that could be parsed.
pub(super) fn depth(text: &str) -> Depth {
    let mut depth = Depth::Usual;
    let bytes = text.as_bytes();
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    let mut operators_outside = 0_usize;
    let mut branches = 0_usize;
    let mut at = end_of_comments(bytes, 0);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'\n' => at = end_of_comments(bytes, at),
            b'(' | b'[' | b'{' => {
                outer.push(level);
                operators_outside += level.operators;
                level = Level::default();
            }
            b')' | b']' | b'}' => {
                level = outer.pop().unwrap_or_default();
                operators_outside -= level.operators;
            }
            b',' | b';' => level = Level::default(),
            b':' => {
                level.in_a_row += 1;
                level.is_plain = false;
            }
            b'!' | b'~' | b'?' | b'+' | b'-' | b'=' | b'&' | b'|' | b'*' | b'%' | b'^' | b'.'
            | b'<' | b'>' => {
                level.operators += 1;
                level.in_a_row = 0;
            }
            _ if is_of_word(byte) => {
                while bytes.get(at).copied().is_some_and(is_of_word) {
                    at += 1;
                }
                let word = &bytes[start..at];
                if word == b"else" {
                    branches += 1;
                    level.in_a_row = 0;
                } else if HOLDING.contains(&word) {
                    level.in_a_row += 1;
                    level.is_plain = false;
                } else {
                    if level.is_plain {
                        level.in_a_row = 0;
                    }
                    level.is_plain = true;
                }
            }
            _ => {}
        }
        let operators = operators_outside + level.operators;
        if operators > MOST_OPERATORS {
            depth = Depth::Large;
        }
        if outer.len() > DEEPEST
            || operators > MOST_ON_LARGE_STACK
            || level.in_a_row > MOST_IN_A_ROW
            || branches > MOST_BRANCHES
        {
            return Depth::Unbounded;
        }
    }
    depth
}

/// Where the comments end that a line begins with, as far as they are no code for certain. The line may as well
/// stand in a template, in an element of JSX or in another comment: what it would take to leave those is not
/// passed over, nor are the other marks that end a line (`\u{2028}`).
fn end_of_comments(bytes: &[u8], line: usize) -> usize {
    let mut end = line;
    loop {
        let mut at = end;
        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let is_block = match bytes.get(at..at + 2) {
            Some(b"//") => false,
            Some(b"/*") => true,
            _ => return end,
        };
        at += 2;
        loop {
            match bytes.get(at) {
                Some(b'*') if bytes.get(at + 1) == Some(&b'/') => {
                    at += 2;
                    break;
                }
                Some(b'\n' | b'\r') | None if !is_block => return at,
                Some(b'\n' | b'\r' | 0xe2) | None => return end,
                Some(byte) if b"\"'`(){}[]<>".contains(byte) => return end,
                Some(_) => at += 1,
            }
        }
        if !is_block {
            return end;
        }
        end = at;
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
