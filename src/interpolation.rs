//! `${…}` as the Compose specification reads it (chapter "Interpolation"): where variables stand in a
//! text, and what stands in for them when they are unset.

use std::ops::Range;

/// A part of a text that may hold variables. All ranges are bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text that stands for itself.
    Literal(Range<usize>),
    /// `$$`, which stands for one `$`.
    Dollar(Range<usize>),
    /// `$NAME` or `${NAME…}`.
    Variable(Variable),
}

/// `$NAME`, `${NAME}` or `${NAME:-default}` and its kin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// From `$` to the closing brace.
    pub range: Range<usize>,
    /// The name.
    pub name: Range<usize>,
    /// What follows the name.
    pub fallback: Fallback,
}

/// What a variable's text says about its being unset. The ranges are those of the argument, which may
/// hold variables itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Nothing: an unset variable is empty.
    None,
    /// `${V:-d}` (`or_empty`) and `${V-d}`: the default.
    Default {
        /// The default's text.
        argument: Range<usize>,
        /// Whether an empty value counts as unset.
        or_empty: bool,
    },
    /// `${V:?e}` and `${V?e}`: Compose refuses to start when it is unset.
    Required,
    /// `${V:+r}` and `${V+r}`: the replacement for a value that is set.
    Replacement {
        /// The replacement's text.
        argument: Range<usize>,
        /// Whether an empty value counts as unset.
        or_empty: bool,
    },
}

/// How deep variables may stand in each other's arguments. A variable that holds more levels than this
/// is literal text, so that a caller may recurse into arguments without a bound of its own.
pub const MAX_NESTING: usize = 32;

/// Splits a text into literals and variables, without overlaps or gaps. What looks like a variable and
/// is none (`$ `, `${`, `${1x}`, `${A b}`) is literal text, though Compose refuses some of it. Names are
/// `[A-Za-z_][A-Za-z0-9_]*`; braces inside an argument pair up, as in `${A:-{}}`.
pub fn segments(text: &str) -> Vec<Segment> {
    let closings = closing_braces(text.as_bytes());
    let mut segments = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while let Some(dollar) = memchr::memchr(b'$', &text.as_bytes()[at..]).map(|i| i + at) {
        let Some(segment) = segment_at(text, dollar, &closings) else {
            at = dollar + 1;
            continue;
        };
        if literal < dollar {
            segments.push(Segment::Literal(literal..dollar));
        }
        at = match &segment {
            Segment::Literal(range) | Segment::Dollar(range) => range.end,
            Segment::Variable(variable) => variable.range.end,
        };
        literal = at;
        segments.push(segment);
    }
    if literal < text.len() {
        segments.push(Segment::Literal(literal..text.len()));
    }
    segments
}

/// Pairs of `${` (where its `$` stands) and the `}` that closes it, sorted by the former; those that nest
/// too deeply or are never closed are left out.
fn closing_braces(text: &[u8]) -> Vec<(usize, usize)> {
    struct Open {
        /// `None` for a brace that is no variable's.
        dollar: Option<usize>,
        /// Levels of variables inside.
        levels: usize,
    }
    let mut stack: Vec<Open> = Vec::new();
    let mut pairs = Vec::new();
    for at in memchr::memchr2_iter(b'{', b'}', text) {
        if text[at] == b'{' {
            let dollar = at.checked_sub(1).filter(|&before| text[before] == b'$');
            if dollar.is_some() || !stack.is_empty() {
                stack.push(Open { dollar, levels: 0 });
            }
        } else if let Some(open) = stack.pop() {
            let levels = open.levels + usize::from(open.dollar.is_some());
            if let Some(outer) = stack.last_mut() {
                outer.levels = outer.levels.max(levels);
            }
            if let Some(dollar) = open.dollar.filter(|_| levels <= MAX_NESTING) {
                pairs.push((dollar, at));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// What the `$` at `dollar` begins; `None` where it is literal.
fn segment_at(text: &str, dollar: usize, closings: &[(usize, usize)]) -> Option<Segment> {
    match text.as_bytes().get(dollar + 1)? {
        b'$' => Some(Segment::Dollar(dollar..dollar + 2)),
        b'{' => {
            let pair = closings.binary_search_by_key(&dollar, |&(start, _)| start);
            braced(text, dollar, closings[pair.ok()?].1).map(Segment::Variable)
        }
        _ => {
            let name = name_at(text, dollar + 1)?;
            Some(Segment::Variable(Variable {
                range: dollar..name.end,
                name,
                fallback: Fallback::None,
            }))
        }
    }
}

/// The variable `${…}` whose `$` and `}` stand at the given bytes.
fn braced(text: &str, dollar: usize, closing: usize) -> Option<Variable> {
    let name = name_at(text, dollar + 2)?;
    let rest = &text[name.end..closing];
    let operator = rest.strip_prefix(':').unwrap_or(rest);
    let or_empty = operator.len() < rest.len();
    let argument = name.end + usize::from(or_empty) + 1..closing;
    let fallback = match operator.bytes().next() {
        None if !or_empty => Fallback::None,
        Some(b'-') => Fallback::Default { argument, or_empty },
        Some(b'+') => Fallback::Replacement { argument, or_empty },
        Some(b'?') => Fallback::Required,
        _ => return None,
    };
    Some(Variable {
        range: dollar..closing + 1,
        name,
        fallback,
    })
}

fn name_at(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let begins_well = rest
        .bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit());
    (length > 0 && begins_well).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments in a short form: literals as they stand, `[name]`, `[name:-argument]`.
    fn sketch(text: &str) -> String {
        let mut end = 0;
        let parts = segments(text).into_iter().map(|segment| match segment {
            Segment::Literal(range) => {
                assert_eq!(std::mem::replace(&mut end, range.end), range.start);
                text[range].to_owned()
            }
            Segment::Dollar(range) => {
                assert_eq!(std::mem::replace(&mut end, range.end), range.start);
                assert_eq!(&text[range], "$$");
                "[$]".to_owned()
            }
            Segment::Variable(variable) => {
                let range = variable.range;
                assert_eq!(std::mem::replace(&mut end, range.end), range.start);
                let name = &text[variable.name];
                let colon = |or_empty| if or_empty { ":" } else { "" };
                match variable.fallback {
                    Fallback::None => format!("[{name}]"),
                    Fallback::Required => format!("[{name}?]"),
                    Fallback::Default { argument, or_empty } => {
                        format!("[{name}{}-{}]", colon(or_empty), &text[argument])
                    }
                    Fallback::Replacement { argument, or_empty } => {
                        format!("[{name}{}+{}]", colon(or_empty), &text[argument])
                    }
                }
            }
        });
        let sketch = parts.collect::<String>();
        assert_eq!(end, text.len(), "a gap in {text}");
        sketch
    }

    #[test]
    fn variables_are_read_as_compose_reads_them() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("$V", "[V]"),
            ("é${V}é", "é[V]é"),
            ("$V-x", "[V]-x"),
            ("$Vé", "[V]é"),
            ("$V}", "[V]}"),
            ("${V:-d}", "[V:-d]"),
            ("${V-d}", "[V-d]"),
            ("${V:-}", "[V:-]"),
            ("${V:?gone}", "[V?]"),
            ("${V?}", "[V?]"),
            ("${V:+r}", "[V:+r]"),
            ("${V+-r}", "[V+-r]"),
            ("$$V", "[$]V"),
            ("$$$V", "[$][V]"),
            ("$${V:-d}", "[$]{V:-d}"),
            ("${A:-${B:-c}}", "[A:-${B:-c}]"),
            ("${A:-{}}", "[A:-{}]"),
            ("${A:-{x}}y", "[A:-{x}]y"),
            ("${A:-a}b}", "[A:-a]b}"),
            ("${A:-x}${B:-y}", "[A:-x][B:-y]"),
            ("{${A}}", "{[A]}"),
        ] {
            assert_eq!(sketch(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_variable_is_literal() {
        for text in [
            "$", "$ ", "$1", "$é", "${", "${}", "${1x}", "${A", "${A b}", "${ A}", "${A:}",
            "${A=b}", "${A[0]}", "a$-b",
        ] {
            assert_eq!(segments(text), [Segment::Literal(0..text.len())], "{text}");
        }
        assert_eq!(sketch("${A:-${B}"), "${A:-[B]");
        assert_eq!(sketch("${1x${B}}"), "${1x[B]}");
    }

    #[test]
    fn nesting_is_bounded_and_never_slow() {
        let times = 100_000;
        let open = "${A:-".repeat(times);
        assert_eq!(segments(&open), [Segment::Literal(0..open.len())]);

        let nested = open + &"}".repeat(times);
        let mut text = nested.as_str();
        let mut levels = 0;
        while let Some(argument) = segments(text)
            .into_iter()
            .find_map(|segment| match segment {
                Segment::Variable(Variable {
                    fallback: Fallback::Default { argument, .. },
                    ..
                }) => Some(argument),
                _ => None,
            })
        {
            text = &text[argument];
            levels += 1;
        }
        assert_eq!(levels, MAX_NESTING);

        assert_eq!(segments(&"${A}".repeat(times)).len(), times);
        assert_eq!(segments(&"$".repeat(times)).len(), times / 2);
        assert_eq!(segments(&"{".repeat(times)).len(), 1);
    }
}
