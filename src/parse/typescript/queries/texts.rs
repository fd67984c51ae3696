//! What expressions come to as SQL: strings, templates and the pieces that libraries make of them.

mod members;
mod tags;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use oxc_ast::ast::{
    Argument, ArrowFunctionBody, BinaryOperator, CallExpression, ChainElement, Expression,
    LogicalOperator, TaggedTemplateExpression, TemplateLiteral,
};
use oxc_span::GetSpan;

use self::members::returned_by;
use super::names::{Meaning, Names, Scope};
use crate::parse::sql::RawSql;
use crate::parse::typescript::syntax::{inside, name_of, property};
use crate::parse::typescript::{literal, span};
use crate::source::Span;

/// How many expressions may stand within each other.
const DEEPEST: usize = 40;

/// How many expressions a file's texts may be put together from, however often each is used; a long text
/// counts as several.
const MOST_PARTS: usize = 200_000;

/// How many bytes of a text count as an expression.
const BYTES_OF_PART: usize = 64;

/// What the texts of a file are put together with.
pub(super) struct Texts<'n, 'a> {
    text: &'n str,
    names: &'n Names<'a>,
    parts: Cell<usize>,
    /// Where pieces begin that became part of a text.
    inlined: RefCell<HashSet<u32>>,
}

/// What the known part of a function or variable is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Text: what is not known may be anything.
    Text,
    /// A piece of SQL: everything else is a value, which is sent beside the text.
    Piece,
}

impl<'n, 'a> Texts<'n, 'a> {
    pub(super) fn new(text: &'n str, names: &'n Names<'a>) -> Self {
        Self {
            text,
            names,
            parts: Cell::new(0),
            inlined: RefCell::default(),
        }
    }

    /// Whether what begins at a place became part of another text.
    pub(super) fn is_inlined(&self, start: u32) -> bool {
        self.inlined.borrow().contains(&start)
    }

    /// The text that an expression comes to.
    pub(super) fn text_of(&self, scope: Scope, value: &'a Expression<'a>) -> RawSql {
        let mut query = RawSql::default();
        self.add(&mut query, scope, value, Wanted::Text, 0);
        query
    }

    /// The SQL that an expression comes to which a library made a piece of SQL.
    pub(super) fn piece_of(&self, scope: Scope, value: &'a Expression<'a>) -> RawSql {
        let mut query = RawSql::default();
        self.add(&mut query, scope, value, Wanted::Piece, 0);
        query
    }

    /// The SQL of a template with a tag that makes SQL.
    pub(super) fn tagged(&self, scope: Scope, tagged: &'a TaggedTemplateExpression<'a>) -> RawSql {
        let mut query = RawSql::default();
        self.add_template(&mut query, scope, &tagged.quasi, Wanted::Piece, 0);
        query
    }

    fn add(
        &self,
        query: &mut RawSql,
        scope: Scope,
        value: &'a Expression<'a>,
        wanted: Wanted,
        depth: usize,
    ) {
        let value = value.get_inner_expression();
        let parts = self.parts.get() + 1 + value.span().size() as usize / BYTES_OF_PART;
        self.parts.set(parts);
        if depth > DEEPEST || parts > MOST_PARTS {
            return add_unknown(query, value, Wanted::Text);
        }
        let depth = depth + 1;
        match value {
            Expression::TaggedTemplateExpression(tagged) => {
                if self.makes_piece(scope, &tagged.tag) {
                    self.inlined.borrow_mut().insert(tagged.span.start);
                    self.add_template(query, scope, &tagged.quasi, Wanted::Piece, depth);
                } else if is_method(&tagged.tag, "raw", &["String"]) && wanted == Wanted::Text {
                    self.add_template(query, scope, &tagged.quasi, wanted, depth);
                } else {
                    add_unknown(query, value, wanted);
                }
            }
            Expression::ConditionalExpression(it) => {
                self.add_choice(
                    query,
                    scope,
                    &[&it.consequent, &it.alternate],
                    wanted,
                    depth,
                );
            }
            Expression::LogicalExpression(it) if it.operator == LogicalOperator::And => {
                let mut alternatives = vec![RawSql::default(), RawSql::default()];
                self.add(&mut alternatives[1], scope, &it.right, wanted, depth);
                query.push_choice(alternatives, span(it.span));
            }
            Expression::LogicalExpression(it) => {
                self.add_choice(query, scope, &[&it.left, &it.right], wanted, depth);
            }
            Expression::CallExpression(call) => self.add_call(query, scope, call, wanted, depth),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => {
                    self.add_call(query, scope, call, wanted, depth);
                }
                _ => add_unknown(query, value, wanted),
            },
            Expression::Identifier(name) => {
                let known = self.names.meaning(scope, name.name.as_str());
                match known {
                    Some((of, meaning)) => {
                        self.add_meaning(query, of, meaning, value, wanted, depth);
                    }
                    None => add_unknown(query, value, wanted),
                }
            }
            _ if value.as_member_expression().is_some() => {
                self.add_member(query, scope, value, wanted, depth);
            }
            _ if wanted == Wanted::Text => self.add_text(query, scope, value, depth),
            _ => add_unknown(query, value, wanted),
        }
    }

    /// Adds an expression of strings.
    fn add_text(&self, query: &mut RawSql, scope: Scope, value: &'a Expression<'a>, depth: usize) {
        match value {
            Expression::StringLiteral(string) => {
                literal::push(query, self.text, inside(string.span));
            }
            Expression::TemplateLiteral(template) => {
                self.add_template(query, scope, template, Wanted::Text, depth);
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                // Generated code adds up thousands of strings, each sum the left side of the next.
                let mut right = vec![&sum.right];
                let mut left = sum.left.get_inner_expression();
                while let Expression::BinaryExpression(sum) = left
                    && sum.operator == BinaryOperator::Addition
                {
                    right.push(&sum.right);
                    left = sum.left.get_inner_expression();
                }
                for operand in std::iter::once(left).chain(right.into_iter().rev()) {
                    self.add(query, scope, operand, Wanted::Text, depth);
                }
            }
            Expression::NumericLiteral(number) => {
                let place = span(number.span);
                query.push_text(&self.text[place.range()], place);
            }
            _ => add_unknown(query, value, Wanted::Text),
        }
    }

    fn add_template(
        &self,
        query: &mut RawSql,
        scope: Scope,
        template: &'a TemplateLiteral<'a>,
        wanted: Wanted,
        depth: usize,
    ) {
        let mut holes = template.expressions.iter();
        for part in &template.quasis {
            literal::push(query, self.text, span(part.span));
            if let Some(hole) = holes.next() {
                self.add(query, scope, hole, wanted, depth);
            }
        }
    }

    fn add_choice(
        &self,
        query: &mut RawSql,
        scope: Scope,
        values: &[&'a Expression<'a>],
        wanted: Wanted,
        depth: usize,
    ) {
        let alternatives = values.iter().map(|value| {
            let mut alternative = RawSql::default();
            self.add(&mut alternative, scope, value, wanted, depth);
            alternative
        });
        let alternatives: Vec<RawSql> = alternatives.collect();
        let first = values[0].span();
        let whole = values
            .iter()
            .fold(first, |whole, it| whole.merge(it.span()));
        query.push_choice(alternatives, span(whole));
    }

    fn add_call(
        &self,
        query: &mut RawSql,
        scope: Scope,
        call: &'a CallExpression<'a>,
        wanted: Wanted,
        depth: usize,
    ) {
        let arguments: Vec<&'a Expression<'a>> = call
            .arguments
            .iter()
            .filter_map(Argument::as_expression)
            .collect();
        let first = arguments.first().copied();
        let callee = call.callee.get_inner_expression();
        let unknown = |query: &mut RawSql| push_unknown(query, span(call.span), wanted);
        if let Some(member) = callee.as_member_expression()
            && let Some(name) = name_of(member)
        {
            if self.makes_piece(scope, callee) || self.is_namespace(scope, member.object()) {
                self.inlined.borrow_mut().insert(call.span.start);
                return match (name, first) {
                    ("raw" | "unsafe" | "lit" | "literal", Some(text)) => {
                        self.add(query, scope, text, Wanted::Text, depth);
                    }
                    ("identifier" | "id" | "table" | "ref" | "ident", Some(name)) => {
                        self.add_identifier(query, scope, name, depth);
                    }
                    ("join", Some(Expression::ArrayExpression(_))) => {
                        self.add_joined(query, scope, first, arguments.get(1), wanted, depth);
                    }
                    _ => push_unknown(query, span(call.span), Wanted::Piece),
                };
            }
            match name {
                "join" if wanted == Wanted::Text => {
                    let list = Some(member.object());
                    return self.add_joined(query, scope, list, first.as_ref(), wanted, depth);
                }
                "concat" if wanted == Wanted::Text => {
                    self.add(query, scope, member.object(), wanted, depth);
                    for argument in arguments {
                        self.add(query, scope, argument, wanted, depth);
                    }
                    return;
                }
                "trim" | "trimStart" | "trimEnd" | "toString" => {
                    return self.add(query, scope, member.object(), wanted, depth);
                }
                _ => {}
            }
        }
        // `sql("loan")` of postgres.js makes a name.
        if wanted == Wanted::Piece && self.makes_piece(scope, callee) {
            return match first {
                Some(name) => self.add_identifier(query, scope, name, depth),
                None => unknown(query),
            };
        }
        match self.function(scope, callee) {
            Some((scope, meaning)) => {
                self.add_returned(query, scope, meaning, call, wanted, depth);
            }
            None => unknown(query),
        }
    }

    /// Adds the name of a table, in one part or in several.
    fn add_identifier(
        &self,
        query: &mut RawSql,
        scope: Scope,
        name: &'a Expression<'a>,
        depth: usize,
    ) {
        let parts: Vec<&'a Expression<'a>> = match name.get_inner_expression() {
            Expression::ArrayExpression(list) => {
                let elements = list.elements.iter();
                elements.filter_map(|it| it.as_expression()).collect()
            }
            _ => vec![name],
        };
        for (number, part) in parts.into_iter().enumerate() {
            let place = span(part.span());
            let edge = |at: u32| Span::new(at as usize, at as usize);
            let dot = if number == 0 { "\"" } else { ".\"" };
            query.push_text(dot, edge(place.start));
            self.add(query, scope, part, Wanted::Text, depth);
            query.push_text("\"", edge(place.end));
        }
    }

    /// Adds a list of texts with a text between them.
    fn add_joined(
        &self,
        query: &mut RawSql,
        scope: Scope,
        list: Option<&'a Expression<'a>>,
        between: Option<&&'a Expression<'a>>,
        wanted: Wanted,
        depth: usize,
    ) {
        let list = list.map(Expression::get_inner_expression);
        let list = match list {
            // Of a list that has a name, nobody knows what is added to it.
            Some(Expression::ArrayExpression(list)) => list,
            Some(other) => return add_unknown(query, other, wanted),
            None => return,
        };
        for (number, element) in list.elements.iter().enumerate() {
            if number > 0 {
                match between {
                    Some(between) if number < 1_000 => {
                        self.add(query, scope, between, Wanted::Text, depth);
                    }
                    _ => query.push_text(",", edge_of(element.span())),
                }
            }
            match element.as_expression() {
                Some(element) => self.add(query, scope, element, wanted, depth),
                None => push_unknown(query, span(element.span()), wanted),
            }
        }
    }

    fn add_member(
        &self,
        query: &mut RawSql,
        scope: Scope,
        value: &'a Expression<'a>,
        wanted: Wanted,
        depth: usize,
    ) {
        let Some(member) = value.as_member_expression() else {
            return;
        };
        if name_of(member) == Some("empty") && self.is_namespace(scope, member.object()) {
            return;
        }
        if let Some((of, meaning)) = self.member(scope, member) {
            let is_getter = matches!(meaning, Meaning::Function(_));
            if is_getter {
                return add_unknown(query, value, wanted);
            }
            return self.add_meaning(query, of, meaning, value, wanted, depth);
        }
        match self.of_enum(scope, member) {
            Some(text) if wanted == Wanted::Text => literal::push(query, self.text, text),
            _ => add_unknown(query, value, wanted),
        }
    }

    fn add_meaning(
        &self,
        query: &mut RawSql,
        scope: Scope,
        meaning: Meaning<'a>,
        value: &'a Expression<'a>,
        wanted: Wanted,
        depth: usize,
    ) {
        match meaning {
            Meaning::Constant(known) => self.add(query, scope, known, wanted, depth),
            Meaning::Variable(first) => {
                let assigned = match value {
                    Expression::Identifier(name) => self.names.assigned(scope, name.name.as_str()),
                    _ => &[],
                };
                // What a variable holds when it is used is not told; all that it may hold is.
                let mut texts = vec![RawSql::default()];
                if let Some(first) = first {
                    self.add(&mut texts[0], scope, first, wanted, depth);
                }
                for it in assigned.iter().take(100) {
                    if it.is_added {
                        if let Some(last) = texts.last_mut() {
                            self.add(last, it.scope, it.value, wanted, depth);
                        }
                    } else {
                        let mut text = RawSql::default();
                        self.add(&mut text, it.scope, it.value, wanted, depth);
                        texts.push(text);
                    }
                }
                let is_told = texts.iter().any(|text| !text.is_hollow());
                if !is_told {
                    return add_unknown(query, value, wanted);
                }
                texts.retain(|text| !text.is_hollow());
                query.push_choice(texts, span(value.span()));
            }
            _ => add_unknown(query, value, wanted),
        }
    }

    fn add_returned(
        &self,
        query: &mut RawSql,
        scope: Scope,
        meaning: Meaning<'a>,
        call: &'a CallExpression<'a>,
        wanted: Wanted,
        depth: usize,
    ) {
        let (start, returned) = match meaning {
            Meaning::Function(function) => {
                let body = function.body.as_deref();
                (
                    function.span.start,
                    body.map(returned_by).unwrap_or_default(),
                )
            }
            Meaning::Constant(value) => match value.get_inner_expression() {
                Expression::ArrowFunctionExpression(arrow) => {
                    let returned = match &arrow.body {
                        ArrowFunctionBody::FunctionBody(body) => returned_by(body),
                        other => other.as_expression().into_iter().collect(),
                    };
                    (arrow.span.start, returned)
                }
                Expression::FunctionExpression(function) => {
                    let body = function.body.as_deref();
                    (
                        function.span.start,
                        body.map(returned_by).unwrap_or_default(),
                    )
                }
                _ => (0, Vec::new()),
            },
            _ => (0, Vec::new()),
        };
        let scope = self.names.function_scope(start).unwrap_or(scope);
        match returned.as_slice() {
            [] => push_unknown(query, span(call.span), wanted),
            [only] => self.add(query, scope, only, wanted, depth),
            several => self.add_choice(query, scope, several, wanted, depth),
        }
    }
}

pub(super) fn is_method(expression: &Expression<'_>, name: &str, objects: &[&str]) -> bool {
    let member = expression.get_inner_expression().as_member_expression();
    member.is_some_and(|member| {
        let of = member.object().get_inner_expression();
        name_of(member) == Some(name)
            && matches!(of, Expression::Identifier(it) if objects.contains(&it.name.as_str()))
    })
}

fn edge_of(place: oxc_span::Span) -> Span {
    let start = span(place).start as usize;
    Span::new(start, start)
}

fn add_unknown(query: &mut RawSql, value: &Expression<'_>, wanted: Wanted) {
    push_unknown(query, span(value.span()), wanted);
}

fn push_unknown(query: &mut RawSql, place: Span, wanted: Wanted) {
    match wanted {
        Wanted::Text => query.push_unknown(place),
        Wanted::Piece => query.push_value(place),
    }
}

/// The text of a query that is given as `{ text: "…" }`.
pub(super) fn text_within<'a>(argument: &'a Expression<'a>) -> &'a Expression<'a> {
    let Expression::ObjectExpression(object) = argument.get_inner_expression() else {
        return argument;
    };
    property(object, "text").map_or(argument, |text| &text.value)
}
