//! Text of the scanned tree, made safe for a terminal.
//!
//! Paths, values and source lines are written by others. Characters that a terminal obeys (control
//! characters), that make text read otherwise than it stands (bidirectional controls) or that nobody
//! sees (zero-width and tag characters) are shown, never passed on.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal would obey `c`, reorder text by it, or show nothing for it.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// `text` on one line, with every hidden character written out: `\n`, `\t`, `\u{1b}`, `\u{202e}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// `text` with every hidden character but the tab replaced by a visible one of the same length in
/// bytes, so that offsets into it stay right.
pub fn same_length(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => c,
            _ if is_hidden(c) => stand_in(c),
            _ => c,
        })
        .collect()
}

fn stand_in(hidden: char) -> char {
    match hidden.len_utf8() {
        1 => '?',
        2 => '¿',
        3 => '\u{fffd}',
        _ => '🚫',
    }
}

/// A JSON document with every hidden character but its own line breaks escaped by JSON's grammar, so
/// that it reads back the same and is still safe to look at. Hidden characters stand in its strings
/// only, since the document is built from strings, numbers and ASCII punctuation.
pub(crate) fn escaped_json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for c in document.chars() {
        if c == '\n' || !is_hidden(c) {
            shown.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

/// How many columns of a terminal `text` takes at most: exact for ASCII without tabs, and never too
/// few elsewhere. `tab` is the widest a tab can be.
pub(crate) fn columns(text: &str, tab: usize) -> usize {
    text.chars().map(|c| char_columns(c, tab)).sum()
}

/// How many columns `c` takes at most.
pub(crate) fn char_columns(c: char, tab: usize) -> usize {
    match c {
        '\t' => tab,
        _ if c.is_ascii() => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "\u{0}\u{1b}\r\n\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{200f}\
        \u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{e0041}\u{e0001}";

    #[test]
    fn every_hidden_character_is_written_out() {
        assert!(HIDDEN.chars().all(is_hidden));
        assert!(!escaped(HIDDEN).contains(is_hidden));
        assert_eq!(
            escaped("a\u{1b}[31m\tb\n\u{202e}\u{e0041}"),
            "a\\u{1b}[31m\\tb\\n\\u{202e}\\u{e0041}"
        );
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        let ordinary = "päth/😀/日本 \"%\" 'x' C:\\x ⚠\u{fe0f}";
        assert!(matches!(escaped(ordinary), Cow::Borrowed(text) if text == ordinary));
        assert_eq!(same_length(ordinary), ordinary);
    }

    #[test]
    fn a_replaced_character_keeps_its_length() {
        for c in HIDDEN.chars() {
            let shown = same_length(&c.to_string());
            assert_eq!(shown.len(), c.len_utf8(), "{c:?}");
            assert!(!shown.contains(is_hidden), "{c:?}");
        }
        assert_eq!(same_length("a\tb"), "a\tb");
    }

    #[test]
    fn json_reads_back_the_same() {
        let document = serde_json::to_string(HIDDEN).unwrap();
        let shown = escaped_json(&document);
        assert!(!shown.contains(is_hidden));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), HIDDEN);
    }
}
