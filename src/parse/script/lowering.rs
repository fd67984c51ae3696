//! Expressions, lowered to our own.

use tree_sitter::Node;

use super::nodes::{has_child, is_broken, is_function, look_through, parts, root_name};
use super::{Element, Expr, ExprKind, Property, SYNTAX_ERROR, TemplatePart, literal};
use crate::parse::Problem;
use crate::source::{At, Span};

/// Reads nodes of one text.
pub(super) struct Lowering<'t> {
    /// The text of the file.
    pub(super) file: &'t str,
    /// The text that the tree was made of: the file's, or a repaired one of the same offsets. What it
    /// has beyond the file's length was appended to close what is open.
    pub(super) text: &'t str,
    /// Where the file ends too early, if it does: what ends there may have been meant to go on.
    pub(super) cut: Option<usize>,
    /// Where strings and templates begin whose end is a guess.
    pub(super) guessed: Vec<usize>,
}

impl Lowering<'_> {
    pub(super) fn slice(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    pub(super) fn span(&self, node: Node<'_>) -> Span {
        self.visible(node.start_byte(), node.end_byte())
    }

    /// A span inside the file that covers at least one character, if there is any.
    fn visible(&self, start: usize, end: usize) -> Span {
        // A repair may have put something else in the place of a character of many bytes.
        let mut start = self.file.floor_char_boundary(start);
        let mut end = self.file.ceil_char_boundary(end);
        if start >= end {
            let before = self.file[..start].trim_end();
            let last = before.chars().next_back();
            let shown = last.or(self.file.chars().next()).map_or(0, char::len_utf8);
            start = before.len() - last.map_or(0, char::len_utf8);
            end = start + shown;
        }
        Span::new(start, end)
    }

    pub(super) fn at(&self, node: Node<'_>) -> At<String> {
        At::new(self.slice(node).to_owned(), self.span(node))
    }

    /// The start of a node's text, without white space.
    pub(super) fn compact(&self, node: Node<'_>) -> String {
        const LONGEST: usize = 120;
        let text = self.slice(node).split_whitespace();
        let mut compact: String = text.flat_map(str::chars).take(LONGEST + 1).collect();
        if compact.chars().count() > LONGEST {
            compact.pop();
            compact.push('…');
        }
        compact
    }

    pub(super) fn problem(&self, node: Node<'_>) -> Option<Problem> {
        let appended = node.start_byte() >= self.file.len() && self.text.len() > self.file.len();
        if appended || (node.is_error() && self.is_blank(node)) {
            return None;
        }
        let mut span = self.span(node);
        if node.is_missing() {
            let kind = node.kind();
            let (what, add) = if node.is_named() {
                ("a value".to_owned(), "write a value here".to_owned())
            } else {
                (format!("`{kind}`"), format!("add the missing `{kind}`"))
            };
            return Some(Problem {
                span: self
                    .visible(node.start_byte(), node.start_byte())
                    .cover(span),
                message: format!("{what} is missing after this"),
                help: add,
            });
        }
        let first_line = self.file[span.range()].lines().next().unwrap_or_default();
        span = Span::new(
            node.start_byte(),
            node.start_byte() + first_line.trim_end().len(),
        );
        Some(Problem {
            span: self.visible(span.range().start, span.range().end),
            message: "this cannot be read as TypeScript".to_owned(),
            help: "mend the syntax at or just before this place".to_owned(),
        })
    }

    fn is_blank(&self, node: Node<'_>) -> bool {
        let inside = node.start_byte()..node.end_byte().min(self.file.len());
        node.start_byte() < node.end_byte()
            && self.text.get(inside).unwrap_or_default().trim().is_empty()
    }

    pub(super) fn dynamic(&self, node: Node<'_>, what: &'static str) -> Expr {
        Expr {
            span: self.span(node),
            kind: ExprKind::Dynamic(what),
        }
    }

    /// The content of a string or template, and its span; with the quotes for an empty one.
    pub(super) fn string(&self, node: Node<'_>) -> At<String> {
        let (start, end) = (node.start_byte() + 1, node.end_byte().max(1) - 1);
        let raw = self.text.get(start..end).unwrap_or_default();
        if raw.is_empty() {
            return At::new(String::new(), self.span(node));
        }
        let value = if node.kind() == "template_string" {
            literal::template(raw)
        } else {
            literal::string(raw)
        };
        At::new(value, self.visible(start, end))
    }

    pub(super) fn expression(&self, node: Node<'_>, depth: u32) -> Expr {
        let node = look_through(node);
        if depth == 0 {
            return self.dynamic(node, "deeply nested expression");
        }
        let keeps_going = matches!(node.kind(), "object" | "array");
        let guessed = matches!(node.kind(), "string" | "template_string")
            && self.guessed.contains(&node.start_byte());
        let is_cut = !keeps_going && self.cut.is_some_and(|cut| node.end_byte() >= cut);
        if is_broken(&node) || guessed || is_cut || (!keeps_going && has_child(node, is_broken)) {
            return self.dynamic(node, SYNTAX_ERROR);
        }
        Expr {
            span: self.span(node),
            kind: self.kind(node, depth - 1),
        }
    }

    pub(super) fn field(&self, node: Node<'_>, field: &str, depth: u32) -> Expr {
        match node.child_by_field_name(field) {
            Some(child) => self.expression(child, depth),
            None => self.dynamic(node, SYNTAX_ERROR),
        }
    }

    pub(super) fn kind(&self, node: Node<'_>, depth: u32) -> ExprKind {
        match node.kind() {
            "string" => ExprKind::String(self.string(node)),
            "template_string" => self.template(node, depth),
            "number" => literal::number(self.slice(node))
                .map_or(ExprKind::Dynamic("unusual number"), ExprKind::Number),
            "true" => ExprKind::Boolean(true),
            "false" => ExprKind::Boolean(false),
            "null" | "undefined" => ExprKind::Nothing,
            "identifier" | "meta_property" => ExprKind::Name(self.compact(node)),
            "member_expression" => self.member(node, depth),
            "subscript_expression" => self.index(node, depth),
            "array" => ExprKind::Array(self.array(node, depth)),
            "object" => ExprKind::Object(self.object(node, depth)),
            "binary_expression" => self.binary(node, depth),
            "unary_expression" => self.unary(node, depth),
            "call_expression" => self.call(node, "function", depth),
            "new_expression" => self.call(node, "constructor", depth),
            "ternary_expression" => ExprKind::Dynamic("conditional expression"),
            "await_expression" => ExprKind::Dynamic("awaited value"),
            "regex" => ExprKind::Dynamic("regular expression"),
            "class" => ExprKind::Dynamic("class"),
            kind if is_function(kind) => ExprKind::Dynamic("function"),
            _ => ExprKind::Dynamic("computed value"),
        }
    }

    pub(super) fn member(&self, node: Node<'_>, depth: u32) -> ExprKind {
        match node.child_by_field_name("property") {
            Some(property) => {
                let object = Box::new(self.field(node, "object", depth));
                ExprKind::Member(object, self.at(property))
            }
            None => ExprKind::Dynamic(SYNTAX_ERROR),
        }
    }

    fn index(&self, node: Node<'_>, depth: u32) -> ExprKind {
        let object = Box::new(self.field(node, "object", depth));
        let index = self.field(node, "index", depth);
        match index.kind {
            ExprKind::String(name) => ExprKind::Member(object, name),
            _ => ExprKind::Index(object, Box::new(index)),
        }
    }

    fn unary(&self, node: Node<'_>, depth: u32) -> ExprKind {
        let operator = node.child_by_field_name("operator").map(|it| it.kind());
        let argument = self.field(node, "argument", depth);
        match (operator, argument.kind) {
            (Some("-"), ExprKind::Number(number)) => ExprKind::Number(-number),
            (Some("+"), ExprKind::Number(number)) => ExprKind::Number(number),
            (Some("void"), _) => ExprKind::Nothing,
            _ => ExprKind::Dynamic("computed value"),
        }
    }

    fn binary(&self, node: Node<'_>, depth: u32) -> ExprKind {
        let sides = || {
            let left = self.field(node, "left", depth);
            let right = self.field(node, "right", depth);
            (Box::new(left), Box::new(right))
        };
        let operator = node.child_by_field_name("operator").map(|it| it.kind());
        match operator.unwrap_or_default() {
            "+" => {
                let (left, right) = sides();
                ExprKind::Add(left, right)
            }
            "??" => {
                let (left, right) = sides();
                ExprKind::Nullish(left, right)
            }
            "||" => {
                let (left, right) = sides();
                ExprKind::Or(left, right)
            }
            "&&" => ExprKind::Dynamic("conditional expression"),
            _ => ExprKind::Dynamic("computed value"),
        }
    }

    pub(super) fn call(&self, node: Node<'_>, callee_field: &str, depth: u32) -> ExprKind {
        let Some(callee) = node.child_by_field_name(callee_field).map(look_through) else {
            return ExprKind::Dynamic(SYNTAX_ERROR);
        };
        let arguments = node.child_by_field_name("arguments");
        if arguments.is_some_and(|it| it.kind() == "template_string") {
            return ExprKind::Dynamic("tagged template");
        }
        let arguments = arguments.map(parts).unwrap_or_default();
        if arguments.iter().any(|it| it.kind() == "spread_element") {
            return ExprKind::Dynamic("call with a list of arguments");
        }
        let written = self.compact(callee);
        let name = if callee_field == "constructor" {
            format!("new {written}")
        } else {
            written
        };
        let arguments = arguments.into_iter();
        ExprKind::Call {
            callee: At::new(name, self.span(callee)),
            arguments: arguments.map(|it| self.expression(it, depth)).collect(),
        }
    }

    pub(super) fn template(&self, node: Node<'_>, depth: u32) -> ExprKind {
        let mut cursor = node.walk();
        let holes: Vec<_> = node
            .named_children(&mut cursor)
            .filter(|child| child.kind() == "template_substitution")
            .collect();
        if holes.is_empty() {
            return ExprKind::String(self.string(node));
        }
        let mut template = Vec::new();
        let mut at = node.start_byte() + 1;
        for hole in holes {
            template.extend(self.template_text(at, hole.start_byte()));
            at = hole.end_byte();
            template.push(TemplatePart::Hole(match parts(hole).first() {
                Some(&inner) if !has_child(hole, is_broken) => self.expression(inner, depth),
                _ => self.dynamic(hole, SYNTAX_ERROR),
            }));
        }
        template.extend(self.template_text(at, node.end_byte().max(1) - 1));
        ExprKind::Template(template)
    }

    fn template_text(&self, start: usize, end: usize) -> Option<TemplatePart> {
        let raw = self.text.get(start..end).filter(|raw| !raw.is_empty())?;
        let span = self.visible(start, end);
        Some(TemplatePart::Text(At::new(literal::template(raw), span)))
    }

    /// What stands at the start of an object or array of which a part could not be read: what is
    /// written in the rest is known, and nothing is certainly absent.
    pub(super) fn lost(&self, node: Node<'_>) -> Option<Expr> {
        let cut_off = node.end_byte() > self.file.len();
        (cut_off || has_child(node, is_broken)).then(|| self.dynamic(node, SYNTAX_ERROR))
    }

    pub(super) fn array(&self, node: Node<'_>, depth: u32) -> Vec<Element> {
        let elements = parts(node).into_iter().filter(|part| !is_broken(part));
        let elements = elements.map(|element| match element.kind() {
            "spread_element" => Element::Spread(self.spread(element, depth)),
            _ => Element::Value(self.expression(element, depth)),
        });
        let lost = self.lost(node).map(Element::Spread);
        lost.into_iter().chain(elements).collect()
    }

    pub(super) fn spread(&self, node: Node<'_>, depth: u32) -> Expr {
        match parts(node).first() {
            Some(&value) => self.expression(value, depth),
            None => self.dynamic(node, SYNTAX_ERROR),
        }
    }

    pub(super) fn object(&self, node: Node<'_>, depth: u32) -> Vec<Property> {
        let lost = self.lost(node).map(Property::Spread);
        let members = parts(node).into_iter().flat_map(|part| {
            if part.is_error() {
                let rescued = parts(part).into_iter();
                rescued.filter(|it| it.kind() == "pair").collect()
            } else {
                vec![part]
            }
        });
        let members = members.filter_map(|member| self.property(member, depth));
        lost.into_iter().chain(members).collect()
    }

    pub(super) fn property(&self, node: Node<'_>, depth: u32) -> Option<Property> {
        match node.kind() {
            "pair" => {
                let key = node.child_by_field_name("key")?;
                let value = if has_child(node, is_broken) {
                    self.dynamic(node, SYNTAX_ERROR)
                } else {
                    self.field(node, "value", depth)
                };
                Some(self.keyed(key, value, depth))
            }
            "shorthand_property_identifier" => Some(Property::Value {
                key: self.at(node),
                value: Expr {
                    span: self.span(node),
                    kind: ExprKind::Name(self.slice(node).to_owned()),
                },
            }),
            "spread_element" => Some(Property::Spread(self.spread(node, depth))),
            "method_definition" => {
                let key = node.child_by_field_name("name")?;
                let method = self.keyed(key, self.dynamic(node, "method"), depth);
                Some(match method {
                    Property::Value { key, value } => Property::Method {
                        key,
                        span: value.span,
                    },
                    computed => computed,
                })
            }
            _ => None,
        }
    }

    pub(super) fn keyed(&self, key: Node<'_>, value: Expr, depth: u32) -> Property {
        let key = match key.kind() {
            "string" => self.string(key),
            "number" => {
                let number = literal::number(self.slice(key)).unwrap_or_default();
                At::new(number.to_string(), self.span(key))
            }
            "computed_property_name" => {
                let key = self.spread(key, depth);
                match key.kind {
                    ExprKind::String(key) => key,
                    _ => return Property::Computed { key, value },
                }
            }
            _ => self.at(key),
        };
        Property::Value { key, value }
    }

    /// A function at the top level.
    pub(super) fn function(&self, node: Node<'_>) -> Expr {
        Expr {
            span: self.span(node),
            kind: if self.gives_back_its_parameter(node).unwrap_or_default() {
                ExprKind::Identity
            } else {
                ExprKind::Dynamic("function")
            },
        }
    }

    fn gives_back_its_parameter(&self, node: Node<'_>) -> Option<bool> {
        if has_child(node, |child| child.kind() == "async") {
            return Some(false);
        }
        let parameter = match node.child_by_field_name("parameter") {
            Some(name) => name,
            None => match parts(node.child_by_field_name("parameters")?)[..] {
                [only] => only.child_by_field_name("pattern")?,
                _ => return None,
            },
        };
        let name = self.slice(parameter);
        let body = node.child_by_field_name("body")?;
        if body.kind() != "statement_block" {
            return Some(self.is_name(body, name));
        }
        let mut returned = false;
        let mut cursor = body.walk();
        loop {
            let node = cursor.node();
            if node.kind() == "return_statement" {
                let value = parts(node).first().copied()?;
                if !self.is_name(value, name) {
                    return Some(false);
                }
                returned = true;
            }
            if !is_function(node.kind()) && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return Some(returned);
                }
            }
        }
    }

    /// Whether an expression is `name`, perhaps frozen.
    fn is_name(&self, node: Node<'_>, name: &str) -> bool {
        let node = look_through(node);
        if node.kind() != "call_expression" {
            return node.kind() == "identifier" && self.slice(node) == name;
        }
        let callee = node.child_by_field_name("function");
        let arguments = node.child_by_field_name("arguments").map(parts);
        let freezes = callee.is_some_and(|it| self.compact(it) == "Object.freeze");
        match arguments.as_deref() {
            Some([only]) if freezes => {
                let only = look_through(*only);
                only.kind() == "identifier" && self.slice(only) == name
            }
            _ => false,
        }
    }

    /// The module that `require("…")` names.
    pub(super) fn required(&self, node: Node<'_>) -> Option<At<String>> {
        let node = look_through(node);
        let callee = node.child_by_field_name("function")?;
        if node.kind() != "call_expression" || self.slice(callee) != "require" {
            return None;
        }
        match parts(node.child_by_field_name("arguments")?)[..] {
            [only] if only.kind() == "string" => Some(self.string(only)),
            _ => None,
        }
    }

    /// Whether a node is a name or a short path such as `process.env`.
    pub(super) fn is_path(&self, node: Node<'_>) -> bool {
        root_name(node).is_some() && self.slice(node).len() < 100
    }

    /// The names of `{ a, b: c }` with the properties that they take; names that take a default or a
    /// deeper part are left out.
    pub(super) fn taken_properties(&self, pattern: Node<'_>) -> Vec<(At<String>, At<String>)> {
        let taken = parts(pattern).into_iter().filter_map(|part| {
            if part.kind() == "shorthand_property_identifier_pattern" {
                return Some((self.at(part), self.at(part)));
            }
            let value = part.child_by_field_name("value")?;
            let key = part.child_by_field_name("key")?;
            (part.kind() == "pair_pattern" && value.kind() == "identifier")
                .then(|| (self.at(value), self.at(key)))
        });
        taken.collect()
    }
}
