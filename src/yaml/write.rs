//! Texts as YAML writes them.

/// A text as a scalar that no reader takes for anything else, on one line.
pub fn scalar(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    let begins_plainly = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic());
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if begins_plainly && text.bytes().all(is_plain) && !is_word {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if is_hidden(letter) => quoted.push_str(&escape(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(letter: char) -> String {
    match u32::from(letter) {
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// What YAML allows in no scalar, what it takes for a line break, and what a reader of the file cannot see.
fn is_hidden(letter: char) -> bool {
    letter.is_control() || !letter.is_ascii() && letter.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::typed;

    #[test]
    fn whatever_is_written_is_read_as_the_same_text() {
        let texts = [
            "harbour",
            "12",
            "0012e4",
            "1:30",
            "No",
            "null",
            "~",
            "",
            " a ",
            "- a",
            "a: b #c",
            "\"'\\",
            "a\nb\r\nc\td",
            "\u{0}\u{1b}[31m\u{7f}\u{85}\u{9f}",
            "\u{202e}\u{2028}\u{feff}é漢😀\u{e0041}",
            "{{ x }}",
            "*a &b !c %d @e `f`",
            "2027-03-31",
        ];
        for text in texts {
            let written = scalar(text);
            assert!(!written.contains(char::is_control), "{written:?}");
            let read: Result<String, _> = typed::read(&written);
            assert_eq!(read.as_deref(), Ok(text), "{written}");
        }
    }
}
