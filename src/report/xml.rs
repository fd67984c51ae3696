//! XML for continuous integration. quick-xml writes it, and its types stay in this file.

use std::fmt::Write;
use std::io;

use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::attributes::Attr;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::visible::is_hidden;

/// An element with what it holds.
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Element>,
    text: Option<String>,
}

impl Element {
    /// An empty element.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
            text: None,
        }
    }

    /// With one more attribute.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts are given alike"
    )]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// With one more element in it.
    pub(super) fn holding(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// With a text in it.
    pub(super) fn saying(mut self, text: String) -> Self {
        self.text = Some(text);
        self
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let mut element = writer.create_element(self.name);
        for (name, value) in &self.attributes {
            let value = escaped_xml(value);
            element = element.with_attribute(Attr::DoubleQ(*name, value.as_str()));
        }
        if let Some(text) = &self.text {
            let text = escaped_xml(text);
            element.write_text_content(BytesText::from_escaped(text))?;
        } else if self.children.is_empty() {
            element.write_empty()?;
        } else {
            element.write_inner_content(|writer| {
                self.children
                    .iter()
                    .try_for_each(|child| child.write(writer))
            })?;
        }
        Ok(())
    }
}

/// A document with its one element, in two-space steps, with a final line break.
pub(super) fn document(root: &Element) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let head = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
    // Writing to memory does not fail, and what is written is UTF-8.
    let _ = writer.write_event(head);
    let _ = root.write(&mut writer);
    String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n"
}

/// `text` by the grammar of XML. What nobody sees becomes a reference, which reads back the same; what XML 1.0 knows
/// no way to write is written out visibly.
fn escaped_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in escape(text).chars() {
        if !is_character(c) {
            out.extend(c.escape_default());
        } else if is_hidden(c) {
            // Writing to a string does not fail.
            let _ = write!(out, "&#x{:x};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether `c` can stand in a document at all: <https://www.w3.org/TR/xml/#charsets>.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
pub(super) mod reading {
    use quick_xml::XmlVersion;
    use quick_xml::events::{BytesStart, Event};
    use quick_xml::reader::Reader;

    /// An element as a reader of XML gets it.
    pub(crate) struct Read {
        pub name: String,
        pub attributes: Vec<(String, String)>,
        pub text: String,
    }

    impl Read {
        pub(crate) fn attribute(&self, name: &str) -> &str {
            let found = self.attributes.iter().find(|(key, _)| key == name);
            &found.unwrap_or_else(|| panic!("no {name}")).1
        }

        fn of(start: &BytesStart) -> Self {
            let attributes = start.attributes().map(|attribute| {
                let attribute = attribute.unwrap();
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
                (attribute.key.as_ref().to_owned(), value.into_owned())
            });
            Self {
                name: start.name().as_ref().to_owned(),
                attributes: attributes.collect(),
                text: String::new(),
            }
        }
    }

    /// The elements of a document, in the order of their beginnings. A document that is not well-formed fails.
    pub(crate) fn elements(document: &str) -> Vec<Read> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().check_end_names = true;
        let mut found: Vec<Read> = Vec::new();
        let mut is_open = false;
        loop {
            let event = reader.read_event().unwrap();
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    is_open = true;
                    found.push(Read::of(&start));
                }
                Event::End(_) => is_open = false,
                Event::Text(_) if !is_open => {}
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if let Some(last) = found.last_mut() {
                        last.text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    let last = found.last_mut().unwrap();
                    match reference.resolve_char_ref().unwrap() {
                        Some(c) => last.text.push(c),
                        None => last.text.push_str(
                            quick_xml::escape::resolve_predefined_entity(&reference).unwrap(),
                        ),
                    }
                }
                Event::Decl(_) => {}
                Event::Eof => return found,
                other => panic!("{other:?}"),
            }
        }
    }
}
