//! What string and number literals mean, by ECMA-262, 12.9.

use std::iter::Peekable;
use std::str::Chars;

/// The value of the text between the quotes of a string literal.
pub(super) fn string(raw: &str) -> String {
    if raw.contains('\\') {
        unescape(raw)
    } else {
        raw.to_owned()
    }
}

/// The value of the text of a template, whose line breaks are all read as `\n`.
pub(super) fn template(raw: &str) -> String {
    if raw.contains('\r') {
        string(&raw.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        string(raw)
    }
}

fn unescape(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\\' {
            escape(&mut chars, &mut value);
        } else {
            value.push(char);
        }
    }
    value
}

fn escape(chars: &mut Peekable<Chars<'_>>, value: &mut String) {
    let Some(escaped) = chars.next() else { return };
    match escaped {
        'n' => value.push('\n'),
        't' => value.push('\t'),
        'r' => value.push('\r'),
        'b' => value.push('\u{8}'),
        'f' => value.push('\u{c}'),
        'v' => value.push('\u{b}'),
        '0' => value.push('\0'),
        'x' => value.push(character(hexadecimal(chars, 2))),
        'u' => value.push(code_point(chars)),
        '\r' => {
            chars.next_if_eq(&'\n');
        }
        '\n' | '\u{2028}' | '\u{2029}' => {}
        other => value.push(other),
    }
}

fn character(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn hexadecimal(chars: &mut Peekable<Chars<'_>>, most: usize) -> u32 {
    let mut code: u32 = 0;
    for _ in 0..most {
        let Some(digit) = chars.next_if(char::is_ascii_hexdigit) else {
            break;
        };
        code = code
            .saturating_mul(16)
            .saturating_add(digit.to_digit(16).unwrap_or_default());
    }
    code
}

fn code_point(chars: &mut Peekable<Chars<'_>>) -> char {
    if chars.next_if_eq(&'{').is_some() {
        let code = hexadecimal(chars, usize::MAX);
        chars.next_if_eq(&'}');
        return character(code);
    }
    let high = hexadecimal(chars, 4);
    if !(0xd800..0xdc00).contains(&high) {
        return character(high);
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\') && ahead.next() == Some('u') {
        let low = hexadecimal(&mut ahead, 4);
        if (0xdc00..0xe000).contains(&low) {
            *chars = ahead;
            return character(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        }
    }
    char::REPLACEMENT_CHARACTER
}

/// The value of a number literal; none for a big integer and for the old octal form.
pub(super) fn number(raw: &str) -> Option<f64> {
    let digits = raw.replace('_', "");
    let radix = match digits.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        Some(start) if start.starts_with('0') && start.ends_with(|c: char| c.is_ascii_digit()) => {
            return None;
        }
        _ => return digits.parse().ok(),
    };
    let value = u64::from_str_radix(&digits[2..], radix).ok()?;
    // Beyond 2^53 the literal is rounded, as JavaScript does.
    #[allow(clippy::cast_precision_loss)]
    Some(value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_ecmascript_says() {
        assert_eq!(string(r#"a\n\t\"\'\\\/"#), "a\n\t\"'\\/");
        assert_eq!(string(r"\x41\u0042\u{43}\u{1F600}\uD83D\uDE00"), "ABC😀😀");
        assert_eq!(string("a\\\nb\\\r\nc"), "abc");
        assert_eq!(string(r"\0\b\f\v\q"), "\0\u{8}\u{c}\u{b}q");
        assert_eq!(string(r"\uD83D\u0041"), "\u{fffd}A");
        assert_eq!(string(r"\u{FFFFFFFFFF}\xZ"), "\u{fffd}\0Z");
        assert_eq!(template("a\r\nb\\`"), "a\nb`");
    }

    #[test]
    fn numbers_have_four_radices_and_separators() {
        let numbers = ["4_101", "0x1005", "0o10005", "0b1", "1e3", ".5", "5."].map(number);
        let values = [4101.0, 4101.0, 4101.0, 1.0, 1000.0, 0.5, 5.0].map(Some);
        assert_eq!(numbers, values);
        assert_eq!(["1n", "017", "0x"].map(number), [None; 3]);
        assert_eq!(["0", "0.5"].map(number), [Some(0.0), Some(0.5)]);
    }
}
