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

pub mod typed;
mod write;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, options};

use crate::source::{At, Span};

pub use write::scalar;

/// Levels of flow and of block collections, each; together they bound the depth of a text.
const MAX_NESTING: usize = 128;

/// Levels of a value with its aliases followed.
const MAX_DEPTH: usize = 2 * MAX_NESTING;

/// Nodes for which all aliases of a stream may stand together. Fifty variables merged into a thousand
/// services are a fifth of it.
const MAX_ALIASED_NODES: usize = 500_000;

/// Faults that are told of one text; the stream is not read on after as many syntax errors.
const MAX_ERRORS: usize = 100;

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
        let options = options! {
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            // As libyaml and go-yaml read the last line of a file.
            block_scalar_eof_without_line_feed: true,
            // A section that is commented out may have any length, and the text bounds it.
            max_buffered_comment_events: usize::MAX,
            flow_nesting_limit: MAX_NESTING,
            block_nesting_limit: MAX_NESTING,
        };
        let mut parser = Parser::new_from_str_with_options(text, options);
        let mut builder = Builder::new(text);
        while let Some(event) = parser.next_event() {
            match event {
                Ok((event, span)) => builder.take(event, span),
                Err(error) => {
                    builder.take_error(&error);
                    let is_hopeless = builder.tree.errors.len() >= MAX_ERRORS;
                    if is_hopeless || !matches!(parser.proceed_next_document(), Ok(true)) {
                        break;
                    }
                }
            }
        }
        builder.finish()
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

struct Builder<'a> {
    text: &'a str,
    tree: Tree,
    open: Vec<Open>,
    /// Nodes by the parser's number of their anchor: a name that is given twice has two numbers.
    anchors: HashMap<usize, NodeId>,
    aliased_nodes: usize,
    has_refused_alias: bool,
    /// Where the syntax error stands that hides what follows.
    broken_at: Option<usize>,
}

/// A collection whose end was not read yet.
#[derive(Clone, Copy)]
struct Open {
    node: NodeId,
    is_flow: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            tree: Tree::default(),
            open: Vec::new(),
            anchors: HashMap::new(),
            aliased_nodes: 0,
            has_refused_alias: false,
            broken_at: None,
        }
    }

    fn take(&mut self, event: Event<'_>, place: granit_parser::Span) {
        let span = byte_span(&place);
        let tag = event.tag().map(|tag| {
            let tag_span = place.tag_span().as_ref().map_or(span, byte_span);
            At::new(tag.original(), tag_span)
        });
        match event {
            Event::DocumentStart(..) => self.find_hidden_comments(span.range().start),
            Event::Comment(..) => self.tree.comments.push(span),
            Event::Anchor(_, _) => {
                if let Some(node) = self.tree.nodes.last_mut() {
                    node.anchor = Some(span);
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let scalar = self.scalar(&text, style, span);
                self.add(scalar.span, Content::Scalar(scalar), tag, anchor);
            }
            Event::SequenceStart(style, anchor, _) => {
                let node = self.add(span, Content::Sequence(Vec::new()), tag, anchor);
                self.open(node, style);
            }
            Event::MappingStart(style, anchor, _) => {
                let node = self.add(span, Content::Mapping(Vec::new()), tag, anchor);
                self.open(node, style);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    if open.is_flow {
                        self.tree.nodes[open.node].span.end = span.end;
                    }
                    self.close(open.node);
                }
            }
            Event::Alias(anchor) => {
                let content = self.alias(anchor, span);
                self.add(span, content, None, 0);
            }
            Event::UnresolvedAlias(name) => {
                self.report(Error::new(
                    span,
                    format!("`*{name}` refers to no anchor above it"),
                    format!("define `&{name}` above, or quote this if it is no alias"),
                ));
                self.add(span, Content::Unknown, None, 0);
            }
            _ => {}
        }
    }

    fn report(&mut self, error: Error) {
        if self.tree.errors.len() < MAX_ERRORS {
            self.tree.errors.push(error);
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, whole: Span) -> Scalar {
        let whole = self.with_header(whole, style);
        let source = self.text.get(whole.range()).unwrap_or_default();
        let style = match style {
            // The parser gives `~` as the text of an absent scalar.
            ScalarStyle::Plain if source.is_empty() => Style::Absent,
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let text = if style == Style::Absent { "" } else { text };
        let content = match style {
            Style::Block => 0..source.trim_end().len(),
            Style::SingleQuoted | Style::DoubleQuoted if source.len() > 2 => 1..source.len() - 1,
            _ => 0..source.len(),
        };
        let source = source.get(content.clone()).unwrap_or_default();
        let is_same = |(written, meant): &(u8, u8)| written == meant;
        Scalar {
            literal: source.bytes().zip(text.bytes()).take_while(is_same).count(),
            span: Span::new(content.start, content.end).shifted(whole.range().start),
            text: text.to_owned(),
            style,
        }
    }

    /// A block scalar without lines is placed by the parser where the next token begins; its header
    /// stands before that.
    fn with_header(&self, whole: Span, style: ScalarStyle) -> Span {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let source = self.text.get(whole.range()).unwrap_or_default();
        if !is_block || !source.trim().is_empty() {
            return whole;
        }
        let before = &self.text[..whole.range().start];
        let header = before.rfind(['|', '>']).unwrap_or(before.len());
        let length = before[header..].find(char::is_whitespace);
        Span::new(
            header,
            length.map_or(before.len(), |length| header + length),
        )
    }

    fn add(
        &mut self,
        span: Span,
        content: Content,
        tag: Option<At<String>>,
        anchor: usize,
    ) -> NodeId {
        let node = self.tree.nodes.len();
        let size = match content {
            Content::Alias(target) => self.tree.nodes[target].size,
            _ => Size::LEAF,
        };
        self.tree.nodes.push(Node {
            span,
            content,
            tag,
            anchor: None,
            size,
        });
        // The parser counts anchors from 1; 0 means none.
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
        match self.open.last() {
            Some(parent) => self.adopt(parent.node, node),
            None => self.tree.roots.push(node),
        }
        node
    }

    fn adopt(&mut self, parent: NodeId, child: NodeId) {
        match &mut self.tree.nodes[parent].content {
            Content::Sequence(children) | Content::Mapping(children) => children.push(child),
            _ => {}
        }
    }

    fn open(&mut self, node: NodeId, style: StructureStyle) {
        let is_flow = style == StructureStyle::Flow;
        self.open.push(Open { node, is_flow });
    }

    fn alias(&mut self, anchor: usize, token: Span) -> Content {
        let Some(&target) = self.anchors.get(&anchor) else {
            return Content::Unknown;
        };
        if self.open.iter().any(|open| open.node == target) {
            self.report(Error::new(
                token,
                "this alias stands inside the value that it refers to",
                "write the value out here",
            ));
            return Content::Unknown;
        }
        let Size { nodes, depth } = self.tree.nodes[target].size;
        let fits =
            self.aliased_nodes + nodes <= MAX_ALIASED_NODES && self.open.len() + depth <= MAX_DEPTH;
        if !fits {
            self.refuse(token);
            return Content::Unknown;
        }
        self.aliased_nodes += nodes;
        Content::Alias(target)
    }

    fn refuse(&mut self, alias: Span) {
        if !self.has_refused_alias {
            self.has_refused_alias = true;
            self.report(Error::new(
                alias,
                "the aliases of this file stand for too much",
                "use fewer aliases, or aliases of smaller values",
            ));
        }
    }

    fn close(&mut self, node: NodeId) {
        self.complete_last_pair(node);
        if let Content::Mapping(children) = &self.tree.nodes[node].content {
            for error in self.faults_of_keys(children) {
                self.report(error);
            }
        }
        self.measure(node);
    }

    /// Gives the last key a value where a syntax error cut the mapping off behind it.
    fn complete_last_pair(&mut self, node: NodeId) {
        let cut_key = match &self.tree.nodes[node].content {
            Content::Mapping(children) if children.len() % 2 == 1 => children.last().copied(),
            _ => None,
        };
        if let Some(key) = cut_key {
            let end = self.tree.nodes[key].span.end;
            let unknown = self.tree.nodes.len();
            self.tree.nodes.push(Node {
                span: Span { start: end, end },
                content: Content::Unknown,
                tag: None,
                anchor: None,
                size: Size::LEAF,
            });
            self.adopt(node, unknown);
        }
    }

    fn faults_of_keys(&self, children: &[NodeId]) -> Vec<Error> {
        let (pairs, _) = children.as_chunks::<2>();
        let mut errors = Vec::new();
        let mut seen = HashSet::new();
        for &[key, value] in pairs {
            if let Some(identity) = self.identity(key)
                && !seen.insert(identity)
            {
                let span = self.tree.nodes[key].span;
                let place = if span.is_empty() {
                    // An absent key: its `:` is what can be seen.
                    word_at(self.text, span.range().start)
                } else {
                    span
                };
                errors.push(Error::new(
                    place,
                    format!("the key `{identity}` stands here twice"),
                    "remove one of the two",
                ));
            }
            if self.tree.is_merge_key(key) && !self.tree.can_be_merged(value) {
                errors.push(Error::new(
                    self.tree.nodes[key].span,
                    "what `<<` merges is no map",
                    "give it an alias of a map, or a list of such aliases",
                ));
            }
        }
        errors
    }

    /// What makes two keys equal to Compose: the text of a scalar, `1` and `"1"` alike, and the name of
    /// an alias. Keys that are collections are never equal.
    fn identity(&self, key: NodeId) -> Option<&str> {
        let node = &self.tree.nodes[key];
        match &node.content {
            Content::Scalar(scalar) => Some(&scalar.text),
            Content::Alias(_) => self.text.get(node.span.range()),
            _ => None,
        }
    }

    fn measure(&mut self, node: NodeId) {
        let (Content::Sequence(children) | Content::Mapping(children)) =
            &self.tree.nodes[node].content
        else {
            return;
        };
        let mut size = Size::LEAF;
        let mut end = self.tree.nodes[node].span.end;
        for &child in children {
            let child = &self.tree.nodes[child];
            size.nodes += child.size.nodes;
            size.depth = size.depth.max(child.size.depth + 1);
            end = end.max(child.span.end);
        }
        self.tree.nodes[node].size = size;
        self.tree.nodes[node].span.end = end;
    }

    fn take_error(&mut self, error: &ScanError) {
        let offset = error.marker().byte_offset().unwrap_or(self.text.len());
        let offset = self.text.floor_char_boundary(offset);
        let error = self
            .unclosed_bracket(error.kind(), offset)
            .unwrap_or_else(|| {
                let (message, help) = explain(error.kind());
                Error::new(fault_span(self.text, offset, error.kind()), message, help)
            });
        self.report(error);
        self.close_all();
        self.broken_at = Some(offset);
    }

    /// A bracket that is missing is noticed only lines below, where block syntax goes on: the opening
    /// one is the better place.
    fn unclosed_bracket(&self, kind: &ErrorKind, offset: usize) -> Option<Error> {
        // A pair inside `[a: b]` is a collection of its own and has no bracket.
        let (start, bracket) = self
            .open
            .iter()
            .rev()
            .take_while(|open| open.is_flow)
            .map(|open| self.tree.nodes[open.node].span.range().start)
            .find_map(|start| Some((start, self.bracket_at(start)?)))?;
        let is_sign_of_it = matches!(
            kind,
            ErrorKind::BlockEntryInFlowCollection
                | ErrorKind::ExpectedFlowMappingSeparator
                | ErrorKind::ExpectedFlowSequenceSeparator
                | ErrorKind::InvalidColonPlacement
                | ErrorKind::InvalidFlowScalarIndent
                | ErrorKind::MappingValueNotAllowed
        );
        let is_on_line_above = self.text.get(start..offset)?.contains('\n');
        (is_sign_of_it && is_on_line_above).then(|| {
            let (message, help) = explain(&ErrorKind::UnclosedFlowCollection { open: bracket });
            Error::new(Span::new(start, start + 1), message, help)
        })
    }

    fn bracket_at(&self, offset: usize) -> Option<char> {
        let first = self.text.get(offset..)?.chars().next()?;
        matches!(first, '[' | '{').then_some(first)
    }

    fn close_all(&mut self) {
        while let Some(open) = self.open.pop() {
            self.close(open.node);
        }
    }

    fn find_hidden_comments(&mut self, until: usize) {
        let Some(from) = self.broken_at.take() else {
            return;
        };
        let mut start = from;
        let hidden = self.text.get(from..until).unwrap_or_default();
        for line in hidden.split_inclusive(['\n', '\r']) {
            let comment = line.trim();
            if comment.starts_with('#') {
                let indent = line.len() - line.trim_start().len();
                let span = Span::new(indent, indent + comment.len());
                self.tree.comments.push(span.shifted(start));
            }
            start += line.len();
        }
    }

    fn finish(mut self) -> Tree {
        self.close_all();
        self.find_hidden_comments(self.text.len());
        // The parser may have read comments beyond the place where it then saw an error.
        self.tree.comments.sort_unstable();
        self.tree.comments.dedup();
        self.tree.errors.sort_by_key(|error| error.span);
        self.tree
    }
}

fn byte_span(span: &granit_parser::Span) -> Span {
    // Text held in memory always has byte offsets.
    let range = span.byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

/// The part of the text that a syntax error at `offset` is about.
fn fault_span(text: &str, offset: usize, kind: &ErrorKind) -> Span {
    match kind {
        ErrorKind::UnclosedFlowCollection { .. } => Span::new(offset, offset + 1),
        _ if is_about_tab(kind) => tab_near(text, offset).unwrap_or(word_at(text, offset)),
        _ => word_at(text, offset),
    }
}

/// The first tab of the line at `offset`, or below it: the parser sees some only a line later.
fn tab_near(text: &str, offset: usize) -> Option<Span> {
    let line = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let tab = line + text[line..].find('\t')?;
    Some(Span::new(tab, tab + 1))
}

/// The word that begins at `offset`, or the last character before it where none does.
fn word_at(text: &str, offset: usize) -> Span {
    let (before, rest) = text.split_at(offset);
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    if length > 0 {
        return Span::new(offset, offset + length);
    }
    let end = before.trim_end().len();
    match before[..end].char_indices().next_back() {
        Some((start, _)) => Span::new(start, end),
        None => Span::new(0, text.len()),
    }
}

fn is_about_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    )
}

/// What is wrong and what to do about it, in words for people who never wrote a YAML parser.
fn explain(kind: &ErrorKind) -> (String, String) {
    let (message, help) = match kind {
        _ if is_about_tab(kind) => ("a tab indents this line", "indent with spaces"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("this quote is never closed", "add the missing quote")
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "this string holds an escape that YAML does not know",
            r"write `\\` for a backslash, or use single quotes",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar => (
            "the quoted text ends before this",
            "write a quote inside single quotes as `''`",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "the quoted text ends before this",
            r#"write a quote inside double quotes as `\"`"#,
        ),
        ErrorKind::MappingValueNotAllowed => (
            "there can be no `:` here",
            "quote the value if the colon belongs to it, else check the indentation",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "this is neither `key: value` nor a list entry",
            "add the missing `:` or `-`",
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidIndentation => (
            "this does not fit the lines above it",
            "indent it like its siblings",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket closes nothing", "remove it"),
        ErrorKind::CommentInterceptedScalar => (
            "a comment interrupts a value of several lines",
            "move the comment above the value",
        ),
        ErrorKind::MissingAnchorOrAliasName => (
            "an anchor or alias needs a name",
            "put the value in quotes if it is none",
        ),
        ErrorKind::BomInsideDocument => (
            "a byte order mark stands inside the text",
            "remove this invisible character",
        ),
        ErrorKind::RecursionLimitExceeded => (
            "this is nested too deeply",
            "nest collections at most 128 levels deep",
        ),
        other => return explain_characters(other),
    };
    (message.to_owned(), help.to_owned())
}

fn explain_characters(kind: &ErrorKind) -> (String, String) {
    let (message, help) = match kind {
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("this `{open}` is never closed"),
            "add the missing bracket",
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => (
            format!("YAML allows no character U+{:04X}", u32::from(*character)),
            "remove it",
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            format!("no plain value can begin with `{character}`"),
            "put the value in quotes",
        ),
        other => (
            format!("this is no YAML: {other}"),
            "correct the syntax here",
        ),
    };
    (message, help.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value in flow style with aliases and merges applied; null is `~`, unknown is `?`.
    fn show(value: &Value) -> String {
        if let Some(scalar) = value.scalar() {
            return if value.is_null() {
                "~".to_owned()
            } else {
                scalar.text.clone()
            };
        }
        if value.is_sequence() {
            let items: Vec<_> = value.items().iter().map(show).collect();
            return format!("[{}]", items.join(" "));
        }
        if value.is_mapping() {
            let entry = |entry: &Entry| format!("{}:{}", entry.key.value, show(&entry.value));
            let entries: Vec<_> = value.entries().iter().map(entry).collect();
            return format!("{{{}}}", entries.join(" "));
        }
        "?".to_owned()
    }

    fn shown(text: &str) -> Vec<String> {
        Tree::parse(text)
            .documents()
            .map(|root| show(&root))
            .collect()
    }

    fn slices<'a>(text: &'a str, spans: &[Span]) -> Vec<&'a str> {
        spans.iter().map(|span| &text[span.range()]).collect()
    }

    fn faults(text: &str) -> Vec<(&str, String)> {
        let errors = Tree::parse(text).errors;
        errors
            .into_iter()
            .map(|error| (&text[error.span.range()], error.message))
            .collect()
    }

    #[test]
    fn the_span_of_a_scalar_is_its_content_in_bytes() {
        let cases = [
            ("k: plain", "plain", "plain", Style::Plain),
            ("\u{feff}k: ü # c", "ü", "ü", Style::Plain),
            ("é: [𝄞,\r\n  ñandú]", "𝄞", "𝄞", Style::Plain),
            (
                "k: two\r\n  lines",
                "two lines",
                "two\r\n  lines",
                Style::Plain,
            ),
            ("k: 'it''s'", "it's", "it''s", Style::SingleQuoted),
            (r#"k: "a\"ü""#, "a\"ü", r#"a\"ü"#, Style::DoubleQuoted),
            ("k: ''", "", "''", Style::SingleQuoted),
            (r#"k: "" "#, "", r#""""#, Style::DoubleQuoted),
            (
                "k: |\r\n  é\r\n  b\r\n\r\nl:",
                "é\nb\n",
                "é\r\n  b",
                Style::Block,
            ),
            ("k: >-\n\n  a\n  b\n # c", "\na b", "a\n  b", Style::Block),
            ("k: |-\n  last", "last", "last", Style::Block),
            ("k: |+\nl: 1", "", "|+", Style::Block),
            ("k:\nl: 1", "", "", Style::Absent),
            ("k: &a !!str\nl: 1", "", "", Style::Absent),
        ];
        for (text, meaning, source, style) in cases {
            let tree = Tree::parse(text);
            let entry = tree.root().unwrap().entries().remove(0);
            let value = if entry.value.is_sequence() {
                entry.value.items().remove(0)
            } else {
                entry.value
            };
            let scalar = value.scalar().unwrap();
            assert_eq!(scalar.text, meaning, "{text}");
            assert_eq!(&text[scalar.span.range()], source, "{text}");
            assert_eq!(scalar.style, style, "{text}");
            assert_eq!(&text[entry.key.span.range()], entry.key.value, "{text}");
            assert_eq!(value.span(), scalar.span, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_scalar_has_its_own_span_where_the_text_shows_it() {
        let cases = [
            ("NAME=wert", 5..9, "wert"),
            (r#""NAME=a\tb""#, 5..8, r"a\tb"),
            (r#""NAME=a\tb""#, 0..4, "NAME"),
            (r#""NAME=a\tb=c""#, 6..7, r"NAME=a\tb=c"),
            ("'N=ü'", 2..4, "ü"),
            ("'N='", 2..2, ""),
        ];
        for (text, range, expected) in cases {
            let tree = Tree::parse(text);
            let span = tree.root().unwrap().scalar().unwrap().part(range);
            assert_eq!(&text[span.range()], expected, "{text}");
        }
    }

    #[test]
    fn a_collection_reaches_from_its_first_to_its_last_byte() {
        let text = "a: &x !t\n  - 1\n  - {b: 'c' }\nd: [ 2, *x ]\ne: {}\n";
        let tree = Tree::parse(text);
        let spans: Vec<_> = tree.root().unwrap().entries();
        let spans: Vec<_> = spans.iter().map(|entry| entry.value.span()).collect();
        let expected = ["- 1\n  - {b: 'c' }", "[ 2, *x ]", "{}"];
        assert_eq!(slices(text, &spans), expected);
    }

    #[test]
    fn merges_let_explicit_keys_and_earlier_maps_win() {
        let cases = [
            ("r: {<<: *a, z: 9}", "{x:1 y:1 z:9}"),
            ("r: {x: 9, <<: *a}", "{x:9 y:1}"),
            ("r: {<<: *a, x: 9}", "{y:1 x:9}"),
            ("r: {<<: [*a, *b]}", "{x:1 y:1 w:2}"),
            ("r: {<<: [*b, *a]}", "{x:2 w:2 y:1}"),
            ("r: {<<: [{v: 3}, *a]}", "{v:3 x:1 y:1}"),
            ("r: {<<: *list}", "{x:2 w:2 y:1}"),
            ("r: {<<: {<<: *a, y: 3}}", "{x:1 y:3}"),
            ("r: {'<<': *a}", "{<<:{x:1 y:1}}"),
            ("r: {!!merge <<: *a}", "{x:1 y:1}"),
            ("r: {<<: [*nested, *b]}", "{x:1 y:1 w:2}"),
            ("r: {*name : 1}", "{x:1}"),
            ("r: {[a]: 1, b: 2}", "{b:2}"),
        ];
        let anchors = "a: &a {x: 1, y: 1}\nb: &b {x: 2, w: 2}\nl: &list [*b, *a]\n\
                       n: &nested {<<: *a}\nk: &name x\n";
        for (text, expected) in cases {
            let tree = Tree::parse(&format!("{anchors}{text}"));
            let entry = tree.root().unwrap().get("r").unwrap();
            assert_eq!(show(&entry.value), expected, "{text}");
        }
    }

    #[test]
    fn every_value_knows_the_aliases_that_lead_to_it() {
        let text = "url: &url x\nenv: &env {A: *url}\nbase: &base {env: *env, n: &n m}\n\
                    web: {<<: *base, *n : *url}\n";
        let tree = Tree::parse(text);
        let web = tree.root().unwrap().get("web").unwrap().value;
        assert!(web.via().is_empty());
        let env = web.get("env").unwrap();
        assert_eq!(slices(text, &env.via), ["*base"]);
        assert_eq!(slices(text, env.value.via()), ["*base", "*env"]);
        let url = env.value.get("A").unwrap().value;
        assert_eq!(slices(text, url.via()), ["*base", "*env", "*url"]);
        assert_eq!(&text[url.span().range()], "x");
        assert_eq!(
            url.anchor().map(|anchor| &text[anchor.range()]),
            Some("&url")
        );
        let named = web.get("m").unwrap();
        assert_eq!(slices(text, &named.via), ["*n"]);
        assert_eq!(slices(text, named.value.via()), ["*n", "*url"]);
        let rooted = env.into_rooted_value();
        assert_eq!(slices(text, rooted.via()), ["*env"]);
    }

    #[test]
    fn an_alias_means_the_last_definition_above_it() {
        assert_eq!(
            shown("[&a 1, *a, &a 2, *a]\n--- *a\n"),
            ["[1 1 2 2]", "?"],
            "anchors end with their document"
        );
    }

    #[test]
    fn only_plain_scalars_without_a_tag_are_anything_but_strings() {
        let text = "[yes, True, ~, null, '', 'null', !!str null, !!null x, 0x10, ! 1]";
        let tree = Tree::parse(text);
        let items = tree.root().unwrap().items();
        let nulls: Vec<_> = items.iter().map(Value::is_null).map(u8::from).collect();
        assert_eq!(nulls, [0, 0, 1, 1, 0, 0, 0, 1, 0, 0]);
        let plain: Vec<_> = items.iter().filter_map(Value::plain).collect();
        assert_eq!(plain, ["yes", "True", "~", "null", "0x10"]);
        let booleans: Vec<_> = items.iter().filter_map(Value::boolean).collect();
        assert_eq!(booleans, [true]);
    }

    #[test]
    fn tags_keep_their_spelling_and_their_place() {
        let text = "a: !reset null\nb: !override\n  - !!str 1\n";
        let tree = Tree::parse(text);
        let entries = tree.root().unwrap().entries();
        let tags: Vec<_> = entries.iter().map(|e| e.value.tag().unwrap()).collect();
        assert_eq!(tags[0].value, "!reset");
        assert_eq!(&text[tags[0].span.range()], "!reset");
        assert_eq!(&text[tags[1].span.range()], "!override");
        assert!(entries[1].value.items()[0].is_tagged("!!str"));
    }

    #[test]
    fn a_fault_stands_where_it_can_be_mended() {
        let cases = [
            ("a: 1\nb: 2\na: 3", "a", "the key `a` stands here twice"),
            ("{1: x, \"1\": y}", "1", "the key `1` stands here twice"),
            (
                "a: &a {}\nb: {<<: *a, <<: *a}",
                "<<",
                "the key `<<` stands here twice",
            ),
            ("<<: 1", "<<", "what `<<` merges is no map"),
            ("a: *ü", "*ü", "`*ü` refers to no anchor above it"),
            (
                "a: &a [*a]",
                "*a",
                "this alias stands inside the value that it refers to",
            ),
            ("a: [1, 2\nb: 3", "[", "this `[` is never closed"),
            ("a: [x: {b: 1\nc: 2", "{", "this `{` is never closed"),
            ("a: [é: 1\nc: 2", "[", "this `[` is never closed"),
            ("a: {", "{", "this `{` is never closed"),
            ("a: 'x y\nb: 3", "'x", "this quote is never closed"),
            ("a: ü\n\tb: 3", "\t", "a tab indents this line"),
            ("a: b: 3", ":", "there can be no `:` here"),
            (
                "a: 1\nb\nc: 2",
                "b",
                "this is neither `key: value` nor a list entry",
            ),
            (
                "a:\n  - 1\n b: 3",
                "b:",
                "this does not fit the lines above it",
            ),
            ("a: @x y", "@x", "no plain value can begin with `@`"),
            ("a: \0", "\0", "YAML allows no character U+0000"),
            ("a: 'it's'", "s'", "the quoted text ends before this"),
            (
                "a: x # c\n  y",
                "#",
                "a comment interrupts a value of several lines",
            ),
        ];
        for (text, place, message) in cases {
            assert_eq!(faults(text), [(place, message.to_owned())], "{text}");
        }
    }

    #[test]
    fn what_stands_before_an_error_is_kept() {
        let cases: [(&str, &[&str]); 6] = [
            ("a: 1\nb: {c: 2, d: [3, @", &["{a:1 b:{c:2 d:[3]}}"]),
            ("a: 1\nb: \"c\nd: 2", &["{a:1 b:?}"]),
            ("a: 1\na: 2", &["{a:1}"]),
            ("a: }\n---\nb: 2", &["{a:?}", "{b:2}"]),
            ("a: *x\nb: [*x, 1]", &["{a:? b:[? 1]}"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_are_found_even_after_an_error() {
        let text = "# é\na: 1 # b\nc: '# d' #e\n---\nf: }\n# g\n  # h\r\n---\n# i\n";
        let comments = Tree::parse(text).comments;
        let expected = ["# é", "# b", "#e", "# g", "# h", "# i"];
        assert_eq!(slices(text, &comments), expected);
        let long = format!("a:\n{}  b: 1\n", "  # c\n".repeat(5_000));
        let tree = Tree::parse(&long);
        assert_eq!(tree.comments.len(), 5_000);
        assert_eq!(show(&tree.root().unwrap()), "{a:{b:1}}");
    }

    #[test]
    fn hostile_texts_cost_little() {
        let indented = |mark: &str| -> String {
            let line = |depth| format!("{}{mark}\n", " ".repeat(depth));
            (0..2_000).map(line).collect()
        };
        let million = 1_000_000;
        let texts = [
            "[".repeat(million),
            "{a: ".repeat(million / 4),
            "- ".repeat(50_000),
            ": ".repeat(50_000),
            "? ".repeat(50_000),
            indented("a:"),
            indented("-"),
            "\"".repeat(million),
            "!".repeat(million),
            "---\n]\n".repeat(million / 6),
            "a: *b\n".repeat(million / 6),
            "a: b\n".repeat(million / 5),
            "[a, \0".repeat(million / 5),
        ];
        for text in texts {
            let tree = Tree::parse(&text);
            let start = &text[..8];
            assert!((1..=MAX_ERRORS).contains(&tree.errors.len()), "{start}");
            let deepest = tree.documents().map(|root| depth(&root)).max();
            assert!(deepest.unwrap_or(0) <= MAX_DEPTH, "{start}");
        }
    }

    fn depth(value: &Value) -> usize {
        let below = value.items().into_iter();
        let below = below.chain(value.entries().into_iter().map(|entry| entry.value));
        1 + below.map(|child| depth(&child)).max().unwrap_or(0)
    }

    fn size(value: &Value) -> usize {
        let items = value.items().into_iter().map(|item| size(&item));
        let entries = value.entries().into_iter();
        let entries = entries.map(|entry| 1 + size(&entry.value));
        1 + items.chain(entries).sum::<usize>()
    }

    #[test]
    fn aliases_stand_for_a_bounded_number_of_nodes() {
        let bomb = |first: &str, level: &dyn Fn(usize) -> String| -> String {
            let lines = (1..60).map(|n| format!("a{n}: &a{n} {}\n", level(n - 1)));
            format!("a0: &a0 {first}\n{}", lines.collect::<String>())
        };
        let ten =
            |write: &dyn Fn(usize) -> String| (0..10).map(write).collect::<Vec<_>>().join(",");
        let texts = [
            bomb("[x]", &|n| format!("[{}]", ten(&|_| format!("*a{n}")))),
            bomb("{k: x}", &|n| {
                format!("{{{}}}", ten(&|i| format!("k{i}: *a{n}")))
            }),
            bomb("{k: x}", &|n| {
                format!("{{<<: [{}], k{n}: 1}}", ten(&|_| format!("*a{n}")))
            }),
        ];
        for text in texts {
            let tree = Tree::parse(&text);
            assert_eq!(
                tree.errors.len(),
                1,
                "one error tells of all refused aliases"
            );
            let [error] = &tree.errors[..] else {
                unreachable!()
            };
            assert!(text[error.span.range()].starts_with("*a"));
            assert!(size(&tree.root().unwrap()) <= MAX_ALIASED_NODES + text.len());
        }
    }

    #[test]
    fn a_chain_of_aliases_is_no_deeper_than_a_text_may_be() {
        for link in ["[*a]", "{<<: *a}", "{k: *a}"] {
            let line = |n| format!("- &a{n} {}\n", link.replace("*a", &format!("*a{}", n - 1)));
            let lines: Vec<_> = (1..5_000).map(line).collect();
            let tree = Tree::parse(&format!("- &a0 {{}}\n{}", lines.concat()));
            assert!(depth(&tree.root().unwrap()) <= MAX_DEPTH, "{link}");
            assert_eq!(tree.errors.len(), 1, "{link}");
        }
    }
}
