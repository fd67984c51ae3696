//! TypeScript and JavaScript files that hold constants: registries, what they import, Prisma configs.
//!
//! A file is lowered to expressions of our own; the model evaluates them. Nothing is ever run.

mod literal;
mod repair;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use tree_sitter::{Node, Tree};

use crate::parse::{Parsed, Problem, syntax};
use crate::source::{At, Span};

/// What one file declares.
#[derive(Debug, Default)]
pub struct Script {
    /// `const`, `let`, `var` with an initialiser, `enum`s (as objects), functions and classes, at the top
    /// level; in the order of the text.
    pub constants: Vec<Constant>,
    /// Names whose value is changed after its definition, anywhere in the file: assigned again, declared
    /// twice, or changed inside (`registry.foo = …`, `delete`, `Object.assign(registry, …)`,
    /// `registry.push(…)`). Each once, where that happens first. What they stand for is not known.
    pub changed: Vec<At<String>>,
    /// Imported names.
    pub imports: Vec<Import>,
    /// Exported names: `export const x`, `export { a as b }`, `export default …`, `export … from`.
    pub exports: Vec<Export>,
    /// Whether the default export is the whole module: `module.exports = …`, `export = …`.
    pub replaces_module: bool,
    /// Whether every part of the text could be read: then no declaration is lost.
    pub is_whole: bool,
    /// Expression statements and assignments at the top level that are not declarations, such as
    /// `module.exports = { … }` (its right-hand side is an export named `default` as well).
    pub effects: Vec<Span>,
}

/// A named constant.
#[derive(Debug)]
pub struct Constant {
    /// The name.
    pub name: At<String>,
    /// Its initialiser.
    pub value: Expr,
}

/// An imported name.
#[derive(Debug)]
pub struct Import {
    /// The name in this file.
    pub local: At<String>,
    /// The name in the other file: `default`, `*` for a namespace or a whole `require("…")`, else the
    /// exported name.
    pub imported: String,
    /// The module specifier, without quotes.
    pub from: At<String>,
}

/// An exported name.
#[derive(Debug)]
pub struct Export {
    /// The name for importers; `default` for the default export, `*` for `export * from`. The span is
    /// that of the name as it is written: `default`, `module.exports`, `*`.
    pub name: At<String>,
    /// What it is.
    pub value: ExportedValue,
}

/// What an exported name stands for.
#[derive(Debug)]
pub enum ExportedValue {
    /// A name of this file.
    Local(At<String>),
    /// An expression (`export default { … }`).
    Expr(Expr),
    /// A name of another file (`export { a } from "./b"`).
    From {
        /// The name in the other file; `*` for all.
        imported: String,
        /// The module specifier.
        from: At<String>,
    },
}

/// An expression and where it stands.
#[derive(Debug)]
pub struct Expr {
    /// The whole expression, quotes of strings included.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The expressions that can be evaluated without running anything. `as const`, `satisfies`, type
/// assertions, `!` and parentheses are looked through and leave no trace.
#[derive(Debug)]
pub enum ExprKind {
    /// A string literal or a template without holes: content and the span between its quotes.
    String(At<String>),
    /// A number literal.
    Number(f64),
    /// `true`, `false`.
    Boolean(bool),
    /// `null`, `undefined`.
    Nothing,
    /// A template with holes.
    Template(Vec<TemplatePart>),
    /// `left + right`.
    Add(Box<Expr>, Box<Expr>),
    /// `left ?? right`.
    Nullish(Box<Expr>, Box<Expr>),
    /// `left || right`.
    Or(Box<Expr>, Box<Expr>),
    /// `[a, ...b]`.
    Array(Vec<Element>),
    /// `{ a: 1, ...b }`.
    Object(Vec<Property>),
    /// A name; also `import.meta`.
    Name(String),
    /// `object.name` or `object["name"]`.
    Member(Box<Expr>, At<String>),
    /// `object[expression]`.
    Index(Box<Expr>, Box<Expr>),
    /// `callee(arguments)`: the callee as written (`Object.freeze`, `env`).
    Call {
        /// The callee's text, white space and type arguments removed, cut where it is very long;
        /// `new Name` for a constructor.
        callee: At<String>,
        /// The arguments; a spread argument makes the whole call dynamic.
        arguments: Vec<Expr>,
    },
    /// A function that certainly gives back its only parameter. Known of functions at the top level.
    Identity,
    /// Anything else: what it is, in words that follow "a" or "an" (`conditional expression`,
    /// `function`, [`SYNTAX_ERROR`]).
    Dynamic(&'static str),
}

/// What stands where a part of the text could not be read: there is a [`Problem`] about it.
pub const SYNTAX_ERROR: &str = "syntax error";

/// A part of a template.
#[derive(Debug)]
pub enum TemplatePart {
    /// Text between holes.
    Text(At<String>),
    /// `${expression}`.
    Hole(Expr),
}

/// An element of an array.
#[derive(Debug)]
pub enum Element {
    /// A value.
    Value(Expr),
    /// `...value`.
    Spread(Expr),
}

/// A member of an object literal.
#[derive(Debug)]
pub enum Property {
    /// `key: value`, also a shorthand `key`.
    Value {
        /// The key, without quotes.
        key: At<String>,
        /// The value.
        value: Expr,
    },
    /// `[key]: value`.
    Computed {
        /// The key's expression.
        key: Expr,
        /// The value.
        value: Expr,
    },
    /// `...value`.
    Spread(Expr),
    /// A method, getter or setter.
    Method {
        /// The key.
        key: At<String>,
        /// The whole member.
        span: Span,
    },
}

/// Levels of an expression that are looked at. People write a dozen.
const DEEPEST_EXPRESSION: u32 = 100;

/// How long one text may take. Honest texts take a second for 8 MiB; the time for a rubbish heap of
/// operators grows with its square.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads one file. `.js` kin is read by the TypeScript grammar too, which accepts it.
pub fn parse(text: &str) -> Parsed<Script> {
    parse_within(text, PATIENCE)
}

fn parse_within(text: &str, patience: Duration) -> Parsed<Script> {
    let (shallow, mut problems) = repair::limit_depth(text);
    let Some(mut tree) = syntax_tree(&shallow, patience) else {
        return unread(text);
    };
    let mut read = shallow.as_ref();
    let mut guessed = Vec::new();
    let repaired;
    if tree.root_node().has_error() {
        repaired = repair::repair(read);
        let mended = syntax_tree(&repaired.text, patience);
        if let Some(mended) = mended.filter(|mended| damage(mended) < damage(&tree)) {
            tree = mended;
            read = &repaired.text;
            guessed = repaired.guessed;
            problems.extend(repaired.problems);
        }
    }
    // More than a line break was appended: brackets were open.
    let is_cut = read.len() > text.len() + 1;
    let lowering = Lowering {
        file: text,
        text: read,
        cut: is_cut.then(|| text.trim_end().len()),
        guessed,
    };
    let mut survey = Survey::default();
    survey.walk(&lowering, &tree);
    problems.append(&mut survey.problems);
    problems.sort_by_key(|problem| problem.span);
    let mut file = Lowered {
        lowering,
        script: Script::default(),
    };
    file.statements(tree.root_node());
    file.script.changed = changed(&file.script, survey.changes());
    file.script.is_whole = problems.is_empty();
    Parsed {
        facts: file.script,
        problems,
        comments: survey.comments,
        unbroken: survey.unbroken,
    }
}

fn unread(text: &str) -> Parsed<Script> {
    let first = text.chars().next().map_or(0, char::len_utf8);
    Parsed {
        problems: vec![Problem {
            span: Span::new(0, first),
            message: "this text has so many syntax errors that it was given up".to_owned(),
            help: "write TypeScript here".to_owned(),
        }],
        ..Parsed::default()
    }
}

fn syntax_tree(text: &str, patience: Duration) -> Option<Tree> {
    let language = tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into();
    syntax::tree(text.as_bytes(), &language, patience)
}

/// How much of a tree could not be read.
fn damage(tree: &Tree) -> usize {
    let mut cursor = tree.walk();
    let mut damage = 0;
    loop {
        let node = cursor.node();
        let broken = node.is_error() || node.is_missing();
        if broken {
            damage += node.byte_range().len().max(1);
        }
        if !broken && node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return damage;
            }
        }
    }
}

/// Names that are declared twice, or changed after their definition; each once.
fn changed(script: &Script, mut changes: Vec<At<String>>) -> Vec<At<String>> {
    let mut declared = HashSet::new();
    for constant in &script.constants {
        if !declared.insert(constant.name.value.as_str()) {
            changes.push(constant.name.clone());
        }
    }
    changes.sort_by_key(|name| name.span);
    let mut seen = HashSet::new();
    changes.retain(|name| seen.insert(name.value.clone()));
    changes
}

fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_declaration"
            | "function_expression"
            | "arrow_function"
            | "generator_function"
            | "generator_function_declaration"
            | "method_definition"
    )
}

/// The children that are neither comments nor punctuation.
fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    let named = node.named_children(&mut cursor);
    // What could not be read counts as extra, as comments do.
    named
        .filter(|child| child.is_error() || !child.is_extra())
        .collect()
}

fn has_child(node: Node<'_>, wanted: impl Fn(&Node<'_>) -> bool) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| wanted(&child))
}

fn is_broken(node: &Node<'_>) -> bool {
    node.is_error() || node.is_missing()
}

/// The expression inside parentheses and type annotations.
fn look_through(mut node: Node<'_>) -> Node<'_> {
    loop {
        let inner = match node.kind() {
            "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "instantiation_expression" => parts(node).into_iter().find(|it| !it.is_error()),
            "type_assertion" => parts(node).into_iter().rfind(|it| !it.is_error()),
            _ => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

/// The name at the root of `name`, `name.a["b"]`, `(name as T).c`.
fn root_name(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = look_through(node);
    loop {
        node = match node.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => return Some(node),
            "member_expression" | "subscript_expression" => {
                look_through(node.child_by_field_name("object")?)
            }
            _ => return None,
        };
    }
}

/// The names that a pattern on the left binds or assigns.
fn pattern_names(pattern: Node<'_>) -> Vec<Node<'_>> {
    let mut names = Vec::new();
    let mut left = vec![pattern];
    while let Some(node) = left.pop() {
        match node.kind() {
            "array_pattern" | "object_pattern" | "rest_pattern" | "formal_parameters" => {
                left.extend(parts(node));
            }
            "pair_pattern" => left.extend(node.child_by_field_name("value")),
            "assignment_pattern" | "object_assignment_pattern" => {
                left.extend(node.child_by_field_name("left"));
            }
            "required_parameter" | "optional_parameter" => {
                left.extend(node.child_by_field_name("pattern"));
            }
            _ => names.extend(root_name(node)),
        }
    }
    names
}

/// Methods that change the array, map or set that they are called on.
const CHANGING_METHODS: [&str; 12] = [
    "push",
    "unshift",
    "pop",
    "shift",
    "splice",
    "sort",
    "reverse",
    "fill",
    "copyWithin",
    "set",
    "delete",
    "clear",
];

/// Functions that change their first argument.
const CHANGING_FUNCTIONS: [&str; 6] = [
    "Object.assign",
    "Object.defineProperty",
    "Object.defineProperties",
    "Object.setPrototypeOf",
    "Reflect.set",
    "Reflect.deleteProperty",
];

/// What one walk over the whole tree gathers.
#[derive(Default)]
struct Survey {
    comments: Vec<Span>,
    /// The templates of several lines.
    unbroken: Vec<Span>,
    problems: Vec<Problem>,
    /// Changed names, with the function in which that happens; 0 is the file itself.
    changed: Vec<(At<String>, usize)>,
    /// The function around each function.
    around: Vec<usize>,
    declared: BTreeSet<(usize, String)>,
}

impl Survey {
    fn walk(&mut self, lowering: &Lowering<'_>, tree: &Tree) {
        let mut cursor = tree.walk();
        let mut functions = vec![0];
        let mut reported = 0;
        self.around.push(0);
        loop {
            let node = cursor.node();
            if is_broken(&node) && node.start_byte() >= reported {
                self.problems.extend(lowering.problem(node));
                reported = reported.max(node.end_byte());
            }
            self.enter(lowering, node, &mut functions);
            if cursor.goto_first_child() {
                continue;
            }
            loop {
                if is_function(cursor.node().kind()) {
                    functions.pop();
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    fn enter(&mut self, lowering: &Lowering<'_>, node: Node<'_>, functions: &mut Vec<usize>) {
        let function = functions.last().copied().unwrap_or_default();
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "comment" | "html_comment" if node.start_byte() < lowering.file.len() => {
                self.comments.push(lowering.span(node));
            }
            "template_string" if node.start_position().row < node.end_position().row => {
                self.unbroken.push(lowering.span(node));
            }
            "variable_declarator" => self.declare(lowering, function, field("name")),
            "catch_clause" => self.declare(lowering, function, field("parameter")),
            "for_in_statement" if field("kind").is_some() => {
                self.declare(lowering, function, field("left"));
            }
            "for_in_statement" | "assignment_expression" | "augmented_assignment_expression" => {
                let names = field("left").map(look_through).map(pattern_names);
                for name in names.unwrap_or_default() {
                    self.change(lowering, function, name);
                }
            }
            "update_expression" => self.change_root(lowering, function, field("argument")),
            "unary_expression" if field("operator").is_some_and(|it| it.kind() == "delete") => {
                self.change_root(lowering, function, field("argument"));
            }
            "call_expression" => self.call(lowering, function, node),
            kind if is_function(kind) => {
                if kind.ends_with("declaration") {
                    self.declare(lowering, function, field("name"));
                }
                functions.push(self.around.len());
                let inner = self.around.len();
                self.around.push(function);
                self.declare(lowering, inner, field("parameters"));
                self.declare(lowering, inner, field("parameter"));
            }
            _ => {}
        }
    }

    fn declare(&mut self, lowering: &Lowering<'_>, function: usize, pattern: Option<Node<'_>>) {
        // Who declares a name of the file itself is not asked.
        if function > 0 {
            let names = pattern.map(pattern_names).unwrap_or_default();
            let names = names.into_iter().map(|name| lowering.slice(name));
            self.declared
                .extend(names.map(|name| (function, name.to_owned())));
        }
    }

    fn change_root(&mut self, lowering: &Lowering<'_>, function: usize, node: Option<Node<'_>>) {
        if let Some(name) = node.and_then(root_name) {
            self.change(lowering, function, name);
        }
    }

    fn change(&mut self, lowering: &Lowering<'_>, function: usize, name: Node<'_>) {
        self.changed.push((lowering.at(name), function));
    }

    fn call(&mut self, lowering: &Lowering<'_>, function: usize, node: Node<'_>) {
        let Some(callee) = node.child_by_field_name("function").map(look_through) else {
            return;
        };
        let property = callee.child_by_field_name("property");
        let (Some(property), "member_expression") = (property, callee.kind()) else {
            return;
        };
        if CHANGING_METHODS.contains(&lowering.slice(property)) {
            self.change_root(lowering, function, callee.child_by_field_name("object"));
        } else if CHANGING_FUNCTIONS.contains(&lowering.compact(callee).as_str()) {
            let arguments = node.child_by_field_name("arguments").map(parts);
            let target = arguments.and_then(|arguments| arguments.first().copied());
            self.change_root(lowering, function, target);
        }
    }

    /// The changes of names that no function around the change declares as its own.
    fn changes(&self) -> Vec<At<String>> {
        let reaches_file = |(name, function): &&(At<String>, usize)| {
            let mut function = *function;
            // Deeper functions are taken to reach the file: a change too many makes nothing wrong.
            for _ in 0..64 {
                if function == 0 || self.declared.contains(&(function, name.value.clone())) {
                    break;
                }
                function = self.around[function];
            }
            function == 0 || !self.declared.contains(&(function, name.value.clone()))
        };
        let changed = self.changed.iter().filter(reaches_file);
        changed.map(|(name, _)| name.clone()).collect()
    }
}

/// Reads nodes of one text.
struct Lowering<'t> {
    /// The text of the file.
    file: &'t str,
    /// The text that the tree was made of: the file's, or a repaired one of the same offsets. What it
    /// has beyond the file's length was appended to close what is open.
    text: &'t str,
    /// Where the file ends too early, if it does: what ends there may have been meant to go on.
    cut: Option<usize>,
    /// Where strings and templates begin whose end is a guess.
    guessed: Vec<usize>,
}

impl Lowering<'_> {
    fn slice(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn span(&self, node: Node<'_>) -> Span {
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

    fn at(&self, node: Node<'_>) -> At<String> {
        At::new(self.slice(node).to_owned(), self.span(node))
    }

    /// The start of a node's text, without white space.
    fn compact(&self, node: Node<'_>) -> String {
        const LONGEST: usize = 120;
        let text = self.slice(node).split_whitespace();
        let mut compact: String = text.flat_map(str::chars).take(LONGEST + 1).collect();
        if compact.chars().count() > LONGEST {
            compact.pop();
            compact.push('…');
        }
        compact
    }

    fn problem(&self, node: Node<'_>) -> Option<Problem> {
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

    fn dynamic(&self, node: Node<'_>, what: &'static str) -> Expr {
        Expr {
            span: self.span(node),
            kind: ExprKind::Dynamic(what),
        }
    }

    /// The content of a string or template, and its span; with the quotes for an empty one.
    fn string(&self, node: Node<'_>) -> At<String> {
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

    fn expression(&self, node: Node<'_>, depth: u32) -> Expr {
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

    fn field(&self, node: Node<'_>, field: &str, depth: u32) -> Expr {
        match node.child_by_field_name(field) {
            Some(child) => self.expression(child, depth),
            None => self.dynamic(node, SYNTAX_ERROR),
        }
    }

    fn kind(&self, node: Node<'_>, depth: u32) -> ExprKind {
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

    fn member(&self, node: Node<'_>, depth: u32) -> ExprKind {
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

    fn call(&self, node: Node<'_>, callee_field: &str, depth: u32) -> ExprKind {
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

    fn template(&self, node: Node<'_>, depth: u32) -> ExprKind {
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
    fn lost(&self, node: Node<'_>) -> Option<Expr> {
        let cut_off = node.end_byte() > self.file.len();
        (cut_off || has_child(node, is_broken)).then(|| self.dynamic(node, SYNTAX_ERROR))
    }

    fn array(&self, node: Node<'_>, depth: u32) -> Vec<Element> {
        let elements = parts(node).into_iter().filter(|part| !is_broken(part));
        let elements = elements.map(|element| match element.kind() {
            "spread_element" => Element::Spread(self.spread(element, depth)),
            _ => Element::Value(self.expression(element, depth)),
        });
        let lost = self.lost(node).map(Element::Spread);
        lost.into_iter().chain(elements).collect()
    }

    fn spread(&self, node: Node<'_>, depth: u32) -> Expr {
        match parts(node).first() {
            Some(&value) => self.expression(value, depth),
            None => self.dynamic(node, SYNTAX_ERROR),
        }
    }

    fn object(&self, node: Node<'_>, depth: u32) -> Vec<Property> {
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

    fn property(&self, node: Node<'_>, depth: u32) -> Option<Property> {
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

    fn keyed(&self, key: Node<'_>, value: Expr, depth: u32) -> Property {
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
    fn function(&self, node: Node<'_>) -> Expr {
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
    fn required(&self, node: Node<'_>) -> Option<At<String>> {
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
    fn is_path(&self, node: Node<'_>) -> bool {
        root_name(node).is_some() && self.slice(node).len() < 100
    }

    /// The names of `{ a, b: c }` with the properties that they take; names that take a default or a
    /// deeper part are left out.
    fn taken_properties(&self, pattern: Node<'_>) -> Vec<(At<String>, At<String>)> {
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

/// A script in the making.
struct Lowered<'t> {
    lowering: Lowering<'t>,
    script: Script,
}

impl Lowered<'_> {
    fn statements(&mut self, root: Node<'_>) {
        let mut left = vec![root];
        while let Some(node) = left.pop() {
            match node.kind() {
                // Whole statements survive inside what could not be read around them.
                "program" | "ERROR" | "ambient_declaration" => {
                    left.extend(parts(node).into_iter().rev());
                    if node.is_error() {
                        self.salvage(node);
                    }
                }
                "export_statement" => self.export(node),
                "import_statement" => self.import(node),
                "expression_statement" => self.effect(node),
                _ => self.declaration(node),
            }
        }
    }

    /// Finds `const name = value` in what could not be read because of what comes after.
    fn salvage(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let (mut name, mut assigned) = (None, false);
        for child in node.children(&mut cursor) {
            match (child.kind(), name) {
                ("const" | "let" | "var", _) => (name, assigned) = (Some(None), false),
                ("identifier", Some(None)) => name = Some(Some(child)),
                ("type_annotation" | "comment", _) => {}
                ("=", Some(Some(_))) => assigned = true,
                (_, Some(Some(named))) if assigned && child.is_named() => {
                    let value = self.lowering.expression(child, DEEPEST_EXPRESSION);
                    self.constant(self.lowering.at(named), value);
                    name = None;
                }
                _ => name = None,
            }
        }
    }

    fn constant(&mut self, name: At<String>, value: Expr) {
        self.script.constants.push(Constant { name, value });
    }

    fn declaration(&mut self, node: Node<'_>) {
        match node.kind() {
            "lexical_declaration" | "variable_declaration" => {
                for part in parts(node) {
                    if part.kind() == "variable_declarator" {
                        self.declarator(part);
                    }
                }
            }
            "enum_declaration" => self.enumeration(node),
            "function_declaration" | "generator_function_declaration" => {
                self.named(node, self.lowering.function(node));
            }
            "class_declaration" | "abstract_class_declaration" => {
                self.named(node, self.lowering.dynamic(node, "class"));
            }
            _ => {}
        }
    }

    fn named(&mut self, node: Node<'_>, value: Expr) {
        if let Some(name) = node.child_by_field_name("name") {
            self.constant(self.lowering.at(name), value);
        }
    }

    fn declarator(&mut self, node: Node<'_>) {
        let name = node.child_by_field_name("name");
        let value = node.child_by_field_name("value");
        let (Some(name), Some(value)) = (name, value) else {
            return;
        };
        if let Some(from) = self.lowering.required(value) {
            self.required(name, &from);
        } else if name.kind() == "identifier" {
            let value = if has_child(node, is_broken) {
                self.lowering.dynamic(value, SYNTAX_ERROR)
            } else if is_function(look_through(value).kind()) {
                self.lowering.function(look_through(value))
            } else {
                self.lowering.expression(value, DEEPEST_EXPRESSION)
            };
            self.constant(self.lowering.at(name), value);
        } else if name.kind() == "object_pattern" && self.lowering.is_path(value) {
            self.take_apart(name, value);
        }
    }

    fn required(&mut self, name: Node<'_>, from: &At<String>) {
        let taken = if name.kind() == "object_pattern" {
            let taken = self.lowering.taken_properties(name);
            taken
                .into_iter()
                .map(|(local, key)| (local, key.value))
                .collect()
        } else {
            vec![(self.lowering.at(name), "*".to_owned())]
        };
        for (local, imported) in taken {
            let from = from.clone();
            self.script.imports.push(Import {
                local,
                imported,
                from,
            });
        }
    }

    fn take_apart(&mut self, pattern: Node<'_>, value: Node<'_>) {
        for (local, key) in self.lowering.taken_properties(pattern) {
            let object = self.lowering.expression(value, DEEPEST_EXPRESSION);
            let taken = Expr {
                span: key.span,
                kind: ExprKind::Member(Box::new(object), key),
            };
            self.constant(local, taken);
        }
    }

    fn enumeration(&mut self, node: Node<'_>) {
        let (Some(name), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let lowering = &self.lowering;
        let mut members: Vec<Property> = lowering
            .lost(body)
            .map(Property::Spread)
            .into_iter()
            .collect();
        let mut next = Some(0.0);
        for member in parts(body) {
            let value = if member.kind() == "enum_assignment" {
                lowering.enum_value(member)
            } else {
                Expr {
                    span: lowering.span(member),
                    kind: next.map_or(ExprKind::Dynamic("computed value"), ExprKind::Number),
                }
            };
            next = match value.kind {
                ExprKind::Number(number) => Some(number + 1.0),
                _ => None,
            };
            let key = match member.kind() {
                "enum_assignment" => member.child_by_field_name("name"),
                "ERROR" => None,
                _ => Some(member),
            };
            members.extend(key.map(|key| lowering.keyed(key, value, DEEPEST_EXPRESSION)));
        }
        let value = Expr {
            span: lowering.span(body),
            kind: ExprKind::Object(members),
        };
        self.constant(lowering.at(name), value);
    }

    fn import(&mut self, node: Node<'_>) {
        let lowering = &self.lowering;
        if has_child(node, |child| child.kind() == "type") {
            return;
        }
        let mut names: Vec<(At<String>, String)> = Vec::new();
        let mut source = node.child_by_field_name("source");
        for clause in parts(node) {
            if clause.kind() == "import_require_clause" {
                source = clause.child_by_field_name("source");
            }
            for part in parts(clause) {
                match (clause.kind(), part.kind()) {
                    ("import_clause", "identifier") => {
                        names.push((lowering.at(part), "default".to_owned()));
                    }
                    ("import_require_clause", "identifier") => {
                        names.push((lowering.at(part), "*".to_owned()));
                    }
                    (_, "namespace_import") => {
                        let name = parts(part).first().copied();
                        names.extend(name.map(|name| (lowering.at(name), "*".to_owned())));
                    }
                    (_, "named_imports") => names.extend(lowering.specifiers(part)),
                    _ => {}
                }
            }
        }
        let Some(from) = source.map(|source| lowering.string(source)) else {
            return;
        };
        let imports = names.into_iter().map(|(local, imported)| Import {
            local,
            imported,
            from: from.clone(),
        });
        self.script.imports.extend(imports);
    }

    fn export(&mut self, node: Node<'_>) {
        let before = self.script.constants.len();
        let lowering = &self.lowering;
        let children: BTreeMap<&str, Node<'_>> = {
            let mut cursor = node.walk();
            let children = node.children(&mut cursor);
            children.map(|child| (child.kind(), child)).collect()
        };
        let source = node.child_by_field_name("source");
        let from = source.map(|source| lowering.string(source));
        let (default, all) = (children.get("default"), children.get("*"));
        if children.contains_key("type") {
            return;
        }
        if let Some(declaration) = node.child_by_field_name("declaration") {
            self.declaration(declaration);
            self.export_declared(declaration, default.copied(), before);
        } else if let Some(clause) = children.get("export_clause") {
            for (name, local) in lowering.specifiers(*clause) {
                let local = At::new(local, name.span);
                let value = match from.clone() {
                    Some(from) => ExportedValue::From {
                        imported: local.value,
                        from,
                    },
                    None => ExportedValue::Local(local),
                };
                self.script.exports.push(Export { name, value });
            }
        } else if let Some(from) = from {
            let namespace = children.get("namespace_export");
            let namespace = namespace.and_then(|it| parts(*it).first().copied());
            if let Some(name) = namespace.or(all.copied()) {
                let value = ExportedValue::From {
                    imported: "*".to_owned(),
                    from,
                };
                let name = lowering.at(name);
                self.script.exports.push(Export { name, value });
            }
        } else if let Some(word) = default.or(children.get("=")).copied() {
            self.script.replaces_module |= default.is_none();
            let value = node.child_by_field_name("value");
            let value = value.or_else(|| parts(node).into_iter().next_back());
            self.export_value(word, "default", value.unwrap_or(node));
        }
    }

    fn export_declared(&mut self, node: Node<'_>, default: Option<Node<'_>>, before: usize) {
        let declared = &self.script.constants[before..];
        let mut names: Vec<At<String>> = declared.iter().map(|it| it.name.clone()).collect();
        if let Some(word) = default {
            match names.pop() {
                Some(local) => self.script.exports.push(Export {
                    name: At::new("default".to_owned(), self.lowering.span(word)),
                    value: ExportedValue::Local(local),
                }),
                None => self.export_value(word, "default", node),
            }
        }
        let exports = names.into_iter().map(|name| Export {
            name: name.clone(),
            value: ExportedValue::Local(name),
        });
        self.script.exports.extend(exports);
    }

    fn export_value(&mut self, written: Node<'_>, name: &str, value: Node<'_>) {
        let name = At::new(name.to_owned(), self.lowering.span(written));
        let value = self.lowering.expression(value, DEEPEST_EXPRESSION);
        let value = ExportedValue::Expr(value);
        self.script.exports.push(Export { name, value });
    }

    fn effect(&mut self, node: Node<'_>) {
        self.script.effects.push(self.lowering.span(node));
        let mut targets = Vec::new();
        let mut value = parts(node).first().copied();
        while let Some(assignment) = value.filter(|it| it.kind() == "assignment_expression") {
            targets.extend(assignment.child_by_field_name("left"));
            value = assignment.child_by_field_name("right");
        }
        let Some(value) = value else { return };
        // `module.exports = exports = …` exports one value once; only the first is worth keeping.
        for target in targets {
            let written = self.lowering.compact(target);
            if written == "module.exports" {
                self.script.replaces_module = true;
                return self.export_value(target, "default", value);
            }
            let named = written.strip_prefix("module.").unwrap_or(&written);
            let name = named.strip_prefix("exports.");
            if let Some(name) = name.filter(|name| !name.contains(['.', '['])) {
                return self.export_value(target, name, value);
            }
        }
    }
}

impl Lowering<'_> {
    fn enum_value(&self, member: Node<'_>) -> Expr {
        let value = self.field(member, "value", DEEPEST_EXPRESSION);
        match value.kind {
            ExprKind::String(_) | ExprKind::Number(_) => value,
            // Such a value may name earlier members, which are in scope here and nowhere else.
            _ => Expr {
                kind: ExprKind::Dynamic("computed value"),
                ..value
            },
        }
    }

    /// `{ a, b as c }`: the name after `as`, and the one before it. Types are left out.
    fn specifiers(&self, clause: Node<'_>) -> Vec<(At<String>, String)> {
        let specifiers = parts(clause).into_iter().filter_map(|specifier| {
            let name = specifier.child_by_field_name("name")?;
            let alias = specifier.child_by_field_name("alias");
            let is_type = has_child(specifier, |child| child.kind() == "type");
            let name_of = |node: Node<'_>| match node.kind() {
                "string" => self.string(node),
                _ => self.at(node),
            };
            (!is_type).then(|| (name_of(alias.unwrap_or(name)), name_of(name).value))
        });
        specifiers.collect()
    }
}

#[cfg(test)]
mod tests;
