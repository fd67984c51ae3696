//! What strings and templates hold, piece by piece, so that everything but an escape keeps its place.

use crate::parse::sql::RawSql;
use crate::source::Span;

/// Adds what stands between quotes to a query, with its escapes resolved (ECMAScript, 12.9.4 and 12.9.6).
pub(super) fn push(query: &mut RawSql, text: &str, inside: Span) {
    let raw = text.get(inside.range()).unwrap_or_default();
    let place = |from: usize, to: usize| Span::new(from, to).shifted(inside.start as usize);
    let mut next = 0;
    while let Some(at) = raw[next..].find('\\').map(|length| next + length) {
        if at > next {
            query.push_text(&raw[next..at], place(next, at));
        }
        let (value, length) = escape(&raw[at..]);
        query.push_text(&value, place(at, at + length));
        next = at + length;
    }
    if next < raw.len() {
        query.push_text(&raw[next..], place(next, raw.len()));
    }
}

/// What the escape at the start of a text means, and its length in bytes.
fn escape(text: &str) -> (String, usize) {
    let Some(letter) = text[1..].chars().next() else {
        return (String::new(), 1);
    };
    let length = 1 + letter.len_utf8();
    let digits = |from: usize, to: usize| {
        let code = u32::from_str_radix(text.get(from..to)?, 16).ok()?;
        Some((char::from_u32(code)?.to_string(), to))
    };
    let numbered = match letter {
        'x' => digits(2, 4),
        'u' if text[2..].starts_with('{') => text.find('}').and_then(|end| {
            let (value, end) = digits(3, end)?;
            Some((value, end + 1))
        }),
        'u' => digits(2, 6),
        _ => None,
    };
    if let Some(numbered) = numbered {
        return numbered;
    }
    let value = match letter {
        'n' => "\n".to_owned(),
        'r' => "\r".to_owned(),
        't' => "\t".to_owned(),
        'b' | 'f' | 'v' | '0' => " ".to_owned(),
        '\n' | '\r' => String::new(),
        other => other.to_string(),
    };
    (value, length)
}
