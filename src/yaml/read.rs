//! The events of a YAML text, put together as a tree.

mod faults;

use std::collections::{HashMap, HashSet};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, options};

use super::{Content, Error, Node, NodeId, Scalar, Size, Style, Tree};
use crate::source::{At, Span};
use faults::{explained, word_at};

/// Levels of flow and of block collections, each; together they bound the depth of a text.
const MAX_NESTING: usize = 128;

/// Levels of a value with its aliases followed.
pub(super) const MAX_DEPTH: usize = 2 * MAX_NESTING;

/// Nodes for which all aliases of a stream may stand together. Fifty variables merged into a thousand
/// services are a fifth of it.
pub(super) const MAX_ALIASED_NODES: usize = 500_000;

/// Faults that are told of one text; the stream is not read on after as many syntax errors.
pub(super) const MAX_ERRORS: usize = 100;

pub(super) fn tree(text: &str) -> Tree {
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
            .unwrap_or_else(|| explained(self.text, offset, error.kind()));
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
            let unclosed = ErrorKind::UnclosedFlowCollection { open: bracket };
            explained(self.text, start, &unclosed)
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
