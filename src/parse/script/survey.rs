//! One walk over the whole tree: comments, what could not be read, and the names that change.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::lowering::Lowering;
use super::nodes::{is_broken, is_function, look_through, parts, pattern_names, root_name};
use crate::parse::Problem;
use crate::source::{At, Span};

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
pub(super) struct Survey {
    pub(super) comments: Vec<Span>,
    /// The templates of several lines.
    pub(super) unbroken: Vec<Span>,
    pub(super) problems: Vec<Problem>,
    /// Changed names, with the function in which that happens; 0 is the file itself.
    changed: Vec<(At<String>, usize)>,
    /// The function around each function.
    around: Vec<usize>,
    declared: BTreeSet<(usize, String)>,
}

impl Survey {
    pub(super) fn walk(&mut self, lowering: &Lowering<'_>, tree: &Tree) {
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

    pub(super) fn call(&mut self, lowering: &Lowering<'_>, function: usize, node: Node<'_>) {
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
    pub(super) fn changes(&self) -> Vec<At<String>> {
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
