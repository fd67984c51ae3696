//! YAML 1.2 as a tree that knows where everything stands.
//!
//! A [`Tree`] holds every document of a stream. Reading starts at [`Tree::documents`] and goes on with
//! [`Value::entries`], [`Value::items`] and [`Value::scalar`]; aliases and `<<` merges are followed on
//! the way, and each value remembers the alias tokens that led to it. Nothing is copied for an alias.
//!
//! Two bounds make every walk over values finite and cheap, whatever the text: no value lies deeper
//! than 256 levels, and all aliases together stand for at most half a million nodes. What would break
//! them is reported and unknown.
//!
//! Broken text gives fewer values and an [`Error`]: what stands before the error is kept, and the next
//! document of the stream is read again.

mod read;
pub mod typed;
mod write;

use std::collections::HashSet;
use std::ops::Range;

use crate::source::{At, Span};

pub use write::scalar;

/// Every document of a YAML stream.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    /// Every comment with its `#` and without its line break, in the order of the text. After a syntax
    /// error only the comments that have a line to themselves are found.
    pub comments: Vec<Span>,
    /// What is wrong with the text, in its order; of a text full of faults, only a hundred.
    pub errors: Vec<Error>,
}

/// A fault of a YAML text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where; never empty unless the text is.
    pub span: Span,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Error {
    fn new(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Index into the arena of a [`Tree`].
type NodeId = usize;

#[derive(Debug)]
struct Node {
    span: Span,
    content: Content,
    tag: Option<At<String>>,
    anchor: Option<Span>,
    size: Size,
}

#[derive(Debug)]
enum Content {
    Scalar(Scalar),
    Sequence(Vec<NodeId>),
    /// Keys and values in turn.
    Mapping(Vec<NodeId>),
    Alias(NodeId),
    /// An alias of nothing, or a value that a syntax error hides.
    Unknown,
}

/// How much a node is with its aliases followed.
#[derive(Clone, Copy, Debug)]
struct Size {
    nodes: usize,
    depth: usize,
}

impl Size {
    const LEAF: Self = Self { nodes: 1, depth: 1 };
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all: `key:` with nothing behind it.
    Absent,
    /// Without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|` or `>` and indented lines.
    Block,
}

/// A single value as it is written.
#[derive(Debug)]
pub struct Scalar {
    /// What the text means: quotes removed, escapes resolved, lines folded. Empty where it is absent.
    pub text: String,
    /// The content without its quotes or its block header; where there is no content, the quotes or
    /// the header themselves. Empty only for an absent scalar.
    pub span: Span,
    /// How it is written.
    pub style: Style,
    /// Length of the part from the start on that is written as it is meant.
    literal: usize,
}

impl Scalar {
    /// Where bytes `range` of the text stand; the whole span where escapes or folded lines hide it.
    pub fn part(&self, range: Range<usize>) -> Span {
        let start = self.span.start as usize;
        let end = if range.end <= self.literal {
            start + range.end
        } else {
            self.span.end as usize
        };
        let is_exact = range.end <= self.literal || range.end == self.text.len();
        if is_exact && range.start <= self.literal {
            Span::new(start + range.start, end)
        } else {
            self.span
        }
    }
}

/// A value of the tree with its alias followed, and the way that led to it.
#[derive(Clone, Debug)]
pub struct Value<'t> {
    tree: &'t Tree,
    node: NodeId,
    via: Vec<Span>,
}

/// A key and its value, as [`Value::entries`] gives them.
#[derive(Clone, Debug)]
pub struct Entry<'t> {
    /// The key's text and the token.
    pub key: At<&'t str>,
    /// The alias tokens (`*base`) that lead to the key, nearest the root first.
    pub via: Vec<Span>,
    /// The value; its way begins with the way to the key.
    pub value: Value<'t>,
}

impl<'t> Entry<'t> {
    /// The value with its way counted from the key on, for a key that is the beginning of something.
    pub fn into_rooted_value(mut self) -> Value<'t> {
        self.value.via.drain(..self.via.len());
        self.value
    }
}

impl Tree {
    /// Reads a text. Never fails: see [`Tree::errors`].
    pub fn parse(text: &str) -> Self {
        read::tree(text)
    }

    /// The root of each document, in the order of the text.
    pub fn documents(&self) -> impl Iterator<Item = Value<'_>> {
        self.roots.iter().map(|&node| Value {
            tree: self,
            node,
            via: Vec::new(),
        })
    }

    /// The scalars of `text`, which this tree was read from, that take several lines: from the line on which
    /// each begins, for a block the line of its `|` or `>`.
    pub fn unbroken(&self, text: &str) -> Vec<Span> {
        let scalars = self.nodes.iter().filter_map(|node| match &node.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        });
        let spans = scalars.filter_map(|scalar| {
            let mut start = scalar.span.start as usize;
            if scalar.style == Style::Block {
                let line = text[..start].rfind(['\n', '\r']).unwrap_or(0);
                start = text[..line].trim_end().len().saturating_sub(1);
                start -= (0..4).find(|back| text.is_char_boundary(start - back))?;
            }
            let span = Span::new(start, scalar.span.end as usize);
            text[span.range()].contains(['\n', '\r']).then_some(span)
        });
        let mut spans: Vec<Span> = spans.collect();
        spans.sort_unstable();
        spans
    }

    /// The root of the first document; `None` where there is none.
    pub fn root(&self) -> Option<Value<'_>> {
        self.documents().next()
    }

    /// The value that a node is or stands for, reached `via` those aliases.
    fn follow(&self, node: NodeId, via: &[Span]) -> Value<'_> {
        let mut via = via.to_vec();
        let node = match self.nodes[node].content {
            Content::Alias(target) => {
                via.push(self.nodes[node].span);
                target
            }
            _ => node,
        };
        Value {
            tree: self,
            node,
            via,
        }
    }

    /// Whether a node is the key `<<`; a quoted one is an ordinary key.
    fn is_merge_key(&self, key: NodeId) -> bool {
        let node = &self.nodes[key];
        let is_plain = |scalar: &Scalar| scalar.style == Style::Plain && scalar.text == "<<";
        let has_merge_tag = |tag: &At<String>| tag.value == "!!merge";
        matches!(&node.content, Content::Scalar(scalar) if is_plain(scalar))
            && node.tag.as_ref().is_none_or(has_merge_tag)
    }

    fn resolved(&self, node: NodeId) -> &Content {
        match self.nodes[node].content {
            Content::Alias(target) => &self.nodes[target].content,
            ref content => content,
        }
    }

    fn can_be_merged(&self, node: NodeId) -> bool {
        let is_mapping =
            |node| matches!(self.resolved(node), Content::Mapping(_) | Content::Unknown);
        match self.resolved(node) {
            Content::Sequence(items) => items.iter().all(|&item| is_mapping(item)),
            _ => is_mapping(node),
        }
    }
}

impl<'t> Value<'t> {
    fn node(&self) -> &'t Node {
        &self.tree.nodes[self.node]
    }

    fn child(&self, node: NodeId) -> Self {
        self.tree.follow(node, &self.via)
    }

    /// The bytes of the value: the content of a scalar, or a collection from its first key, item or
    /// bracket to its last. For an aliased value, those at its anchor.
    pub fn span(&self) -> Span {
        self.node().span
    }

    /// The alias tokens (`*base`) that lead from the root to this value, nearest the root first.
    pub fn via(&self) -> &[Span] {
        &self.via
    }

    /// The tag as it is written (`!reset`, `!!str`).
    pub fn tag(&self) -> Option<&'t At<String>> {
        self.node().tag.as_ref()
    }

    /// The anchor token (`&base`) of this value.
    pub fn anchor(&self) -> Option<Span> {
        self.node().anchor
    }

    /// Whether a tag is written as `tag`.
    pub fn is_tagged(&self, tag: &str) -> bool {
        self.tag().is_some_and(|written| written.value == tag)
    }

    /// Whether this is a mapping, empty or not.
    pub fn is_mapping(&self) -> bool {
        matches!(self.node().content, Content::Mapping(_))
    }

    /// Whether this is a sequence, empty or not.
    pub fn is_sequence(&self) -> bool {
        matches!(self.node().content, Content::Sequence(_))
    }

    /// Whether nothing can be said of this value: an alias of nothing, or a syntax error in its place.
    pub fn is_unknown(&self) -> bool {
        matches!(self.node().content, Content::Unknown)
    }

    /// The scalar, null included; `None` for collections.
    pub fn scalar(&self) -> Option<&'t Scalar> {
        match &self.node().content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a plain scalar without a tag, which may mean a number, a boolean or null. All other
    /// scalars are strings, or what their tag says.
    pub fn plain(&self) -> Option<&'t str> {
        let scalar = self.scalar()?;
        let is_plain = matches!(scalar.style, Style::Absent | Style::Plain);
        (is_plain && self.tag().is_none()).then_some(&scalar.text)
    }

    /// Whether this is null, as the core schema of YAML 1.2 has it.
    pub fn is_null(&self) -> bool {
        self.is_tagged("!!null")
            || matches!(self.plain(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The boolean, as the core schema of YAML 1.2 has it: `yes` is a string.
    pub fn boolean(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> Vec<Self> {
        match &self.node().content {
            Content::Sequence(items) => items.iter().map(|&item| self.child(item)).collect(),
            _ => Vec::new(),
        }
    }

    /// The entries of a mapping that are in force, `<<` applied: explicit keys win over merged ones,
    /// earlier merges over later ones, the first of two equal keys over the second. Merged entries
    /// stand where their `<<` does. Keys that are no scalars are left out. None for anything else.
    pub fn entries(&self) -> Vec<Entry<'t>> {
        let mut entries = Vec::new();
        self.collect_entries(&mut HashSet::new(), &mut entries);
        entries
    }

    /// The entry of that key, `<<` applied.
    pub fn get(&self, key: &str) -> Option<Entry<'t>> {
        self.entries()
            .into_iter()
            .find(|entry| entry.key.value == key)
    }

    fn collect_entries(&self, taken: &mut HashSet<&'t str>, entries: &mut Vec<Entry<'t>>) {
        let Content::Mapping(children) = &self.node().content else {
            return;
        };
        let (pairs, _) = children.as_chunks::<2>();
        // A key may stand below the `<<` that it overrides, so the explicit ones are taken first.
        let own: Vec<_> = pairs
            .iter()
            .map(|&[key, value]| self.own_entry(key, value, taken))
            .collect();
        for (entry, &[key, value]) in own.into_iter().zip(pairs) {
            if self.tree.is_merge_key(key) {
                for source in self.child(value).merge_sources() {
                    source.collect_entries(taken, entries);
                }
            }
            entries.extend(entry);
        }
    }

    fn own_entry(
        &self,
        key: NodeId,
        value: NodeId,
        taken: &mut HashSet<&'t str>,
    ) -> Option<Entry<'t>> {
        if self.tree.is_merge_key(key) {
            return None;
        }
        let key = self.child(key);
        let scalar = key.scalar()?;
        taken.insert(&scalar.text).then(|| Entry {
            key: At::new(scalar.text.as_str(), scalar.span),
            value: self.tree.follow(value, &key.via),
            via: key.via,
        })
    }

    fn merge_sources(self) -> Vec<Self> {
        if self.is_sequence() {
            self.items()
        } else {
            vec![self]
        }
    }
}

#[cfg(test)]
mod tests;
