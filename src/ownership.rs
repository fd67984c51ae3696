//! Who owns a table or a database, where it says so, and what touches it, as plain data.

use crate::finding::Owner;
use crate::source::Place;

/// The name of a table or a database, as a user writes it: `table`, `schema.table`, `database.table` or
/// `database.schema.table`, each part perhaps in double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    parts: Vec<Part>,
}

/// One part of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// As it is written, without quotes.
    written: String,
    is_quoted: bool,
}

/// How far names are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// Letters without quotes stand for small ones, as PostgreSQL takes them.
    Folded,
    /// Every letter stands for itself.
    AsWritten,
}

impl Name {
    /// Reads a name; `None` for a text that is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, behind) = match rest.strip_prefix('"') {
                Some(quoted) => Part::quoted(quoted)?,
                None => Part::plain(rest),
            };
            if part.written.is_empty() {
                return None;
            }
            parts.push(part);
            match behind.strip_prefix('.') {
                Some(next) => rest = next,
                None if behind.is_empty() => break,
                None => return None,
            }
        }
        (parts.len() <= 3).then_some(Self { parts })
    }

    /// The parts, from the outermost qualifier to the object's own name.
    pub fn parts(&self, folding: Folding) -> Vec<String> {
        let part = |part: &Part| match folding {
            Folding::Folded if !part.is_quoted => part.written.to_ascii_lowercase(),
            _ => part.written.clone(),
        };
        self.parts.iter().map(part).collect()
    }
}

impl Part {
    /// A part whose opening quote is taken off, and what stands behind it.
    fn quoted(text: &str) -> Option<(Self, &str)> {
        let mut written = String::new();
        let mut rest = text;
        loop {
            let end = rest.find('"')?;
            written.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(next) => {
                    written.push('"');
                    rest = next;
                }
                None => break,
            }
        }
        let part = Self {
            written,
            is_quoted: true,
        };
        Some((part, rest))
    }

    fn plain(text: &str) -> (Self, &str) {
        let end = text.find('.').unwrap_or(text.len());
        let part = Self {
            written: text[..end].to_owned(),
            is_quoted: false,
        };
        (part, &text[end..])
    }
}

/// A name as SQL has to write it: in quotes where it holds more than small letters, digits and underscores.
pub fn as_written(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins_plain = !name.starts_with(|first: char| first.is_ascii_digit());
    if !name.is_empty() && begins_plain && name.bytes().all(is_plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// A table or a database of the name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// What it is.
    pub kind: Kind,
    /// Its name with the schema, as SQL writes it.
    pub name: String,
    /// What tells it from others of its name: a product, or the folder of its stacks or of its schema.
    pub within: Option<String>,
    /// The databases that a table stands in, as far as they are known.
    pub databases: Vec<String>,
    /// The services that own it; none where that is not known.
    pub owners: Vec<Owner>,
    /// Where it says so.
    pub said: Vec<Mention>,
    /// What touches it, by path and line.
    pub touched: Vec<Mention>,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A database.
    Database,
    /// A table, a view or their kin.
    Table,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Database => "database",
            Kind::Table => "table",
        }
    }
}

/// A place that is about a table or a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// Where; `None` for the config.
    pub place: Option<Place>,
    /// What it says or does, without a final stop.
    pub remark: String,
    /// Whose it is, as far as that is known.
    pub owners: Vec<Owner>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<Vec<String>> {
        Name::read(text).map(|name| name.parts(Folding::Folded))
    }

    #[test]
    fn names_fold_unless_they_are_quoted() {
        let known = |parts: &[&str]| Some(parts.iter().map(|&it| it.to_owned()).collect());
        assert_eq!(parts("Book"), known(&["book"]));
        assert_eq!(parts("\"Book\""), known(&["Book"]));
        assert_eq!(parts("Public.\"a.b\"\"c\""), known(&["public", "a.b\"c"]));
        assert_eq!(parts("a.b.c"), known(&["a", "b", "c"]));
        for wrong in [
            "", ".", "a.", ".a", "\"a", "\"a\"b", "a..b", "a.b.c.d", "\"\"",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_written_so_that_it_reads_back() {
        for name in ["book", "Book", "a b", "1a", "q\"q", "naïve"] {
            assert_eq!(parts(&as_written(name)), Some(vec![name.to_owned()]));
        }
    }
}
