//! Names of databases: which ones are legal, and what was meant by one that is not.

use crate::model::keywords;

/// What is wrong with a database's name (article 2, and what PostgreSQL takes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameDefect {
    /// Other characters than lower-case letters, digits and single underscores between them, or no letter
    /// first.
    NotSnakeCase,
    /// Longer than the 63 bytes of an identifier.
    TooLong,
    /// A key word that PostgreSQL takes only in quotes.
    KeyWord,
    /// A database that every server has already.
    Reserved,
}

impl std::fmt::Display for NameDefect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            NameDefect::NotSnakeCase => "is not snake_case",
            NameDefect::TooLong => "is longer than the 63 bytes that PostgreSQL keeps",
            NameDefect::KeyWord => "is a key word that PostgreSQL refuses without quotes",
            NameDefect::Reserved => "is a database that every PostgreSQL server has for itself",
        })
    }
}

impl NameDefect {
    /// What is wrong with a name, if anything is.
    pub fn of(name: &str) -> Option<Self> {
        if !is_snake_case(name) {
            Some(Self::NotSnakeCase)
        } else if name.len() > LONGEST_IDENTIFIER {
            Some(Self::TooLong)
        } else if keywords::is_refused_unquoted(name) {
            Some(Self::KeyWord)
        } else if ["postgres", "template0", "template1"].contains(&name) {
            Some(Self::Reserved)
        } else {
            None
        }
    }

    /// What else to write, where no name is certain.
    pub fn advice(self) -> &'static str {
        match self {
            NameDefect::NotSnakeCase => "write a name in snake_case that begins with a letter",
            NameDefect::TooLong => "write a name of at most 63 bytes",
            NameDefect::KeyWord => "write a name that is no key word",
            NameDefect::Reserved => "write a name of the service's own",
        }
    }

    /// The name that was certainly meant, where there is one.
    pub fn corrected(self, name: &str) -> Option<String> {
        let corrected = snake_case(name);
        (self == Self::NotSnakeCase && Self::of(&corrected).is_none()).then_some(corrected)
    }
}

/// NAMEDATALEN - 1 (PostgreSQL manual, 4.1.1 "Identifiers and Key Words").
const LONGEST_IDENTIFIER: usize = 63;

/// Whether a text is made of letters, digits, `-` and `_` only, as names of services and of databases are:
/// no address, no URL and no template is.
pub(super) fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether a name is of lower-case words, letters and digits, with single `_` between them.
pub(super) fn is_snake_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('_').all(is_word)
}

/// The words of a name, split where its case or its punctuation changes, in lower case with `_` between.
pub fn snake_case(name: &str) -> String {
    let mut result = String::new();
    let mut previous = '_';
    for letter in name.chars() {
        let is_word_start =
            letter.is_uppercase() && (previous.is_lowercase() || previous.is_numeric());
        if !letter.is_alphanumeric() || is_word_start {
            result.push('_');
        }
        if letter.is_alphanumeric() {
            result.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    let words: Vec<&str> = result.split('_').filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// Names of services for a sentence; of many, the first and the number of the others.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const MOST: usize = 3;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= MOST => format!("{} and {last}", first.join(", ")),
        names => {
            let shown = names[..MOST - 1].join(", ");
            format!("{shown} and {} others", names.len() + 1 - MOST)
        }
    }
}

/// What a name in snake_case is about, without the words that only say what has it: `auth` for both
/// `auth_service` and `auth_db`.
pub fn root(name: &str) -> &str {
    const KINDS: [&str; 7] = [
        "_service",
        "_svc",
        "_api",
        "_server",
        "_app",
        "_db",
        "_database",
    ];
    let mut endings = KINDS.iter().filter_map(|kind| name.strip_suffix(kind));
    endings.find(|root| !root.is_empty()).unwrap_or(name)
}
