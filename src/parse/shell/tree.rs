//! The syntax tree of a script, and ways to look into it.

use std::time::Duration;

use tree_sitter::{Node, Tree};

use crate::parse::syntax;
use crate::source::Span;

/// How long one text may take. Honest texts take milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// The tree of a text. The grammar takes several assignments alone on a line for a prefix of the command on
/// the next, so such lines are read as if they ended with `;`.
pub(super) fn syntax_tree(text: &str) -> Option<Tree> {
    let tree = tree_of(text.as_bytes())?;
    let ends = ends_of_assignments(&tree, text);
    if ends.is_empty() {
        return Some(tree);
    }
    let mut separated = text.as_bytes().to_vec();
    for end in ends {
        separated[end] = b';';
    }
    tree_of(&separated)
}

fn tree_of(text: &[u8]) -> Option<Tree> {
    syntax::tree(text, &tree_sitter_bash::LANGUAGE.into(), PATIENCE)
}

/// The white space behind assignments that end their line, where the tree goes on with a command.
fn ends_of_assignments(tree: &Tree, text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut cursor = tree.walk();
    // Whether the nodes above are commands, or what nobody can read.
    let mut above: Vec<bool> = Vec::new();
    loop {
        let node = cursor.node();
        if node.kind() == "variable_assignment" && above.last() == Some(&true) {
            let rest = &text[node.end_byte()..];
            let next = rest.trim_start_matches([' ', '\t', '\r']);
            let is_last_of_line =
                next.starts_with('\n') || next.starts_with('#') && next.len() < rest.len();
            if is_last_of_line {
                ends.push(node.end_byte());
            }
        }
        if cursor.goto_first_child() {
            above.push(node.is_error() || node.kind() == "command");
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return ends;
            }
            above.pop();
        }
    }
}

pub(super) fn span_of(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

/// The children that stand in a field.
pub(super) fn in_field<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    let found = node.children_by_field_name(field, &mut cursor);
    found.filter(Node::is_named).collect()
}

/// The comments of a script, and what takes several lines between which none can stand: commands, quoted
/// texts, heredocs.
pub(super) fn comments_and_unbroken(tree: &Tree) -> (Vec<Span>, Vec<Span>) {
    let (mut comments, mut unbroken) = (Vec::new(), Vec::new());
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let is_unbroken = match node.kind() {
            "comment" => {
                comments.push(span_of(node));
                false
            }
            "command" | "declaration_command" | "string" | "raw_string" => true,
            "redirected_statement" => {
                let body = node.child_by_field_name("body");
                body.is_none_or(|body| body.kind() == "command")
            }
            _ => false,
        };
        if is_unbroken && node.start_position().row < node.end_position().row {
            unbroken.push(span_of(node));
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return (comments, unbroken);
            }
        }
    }
}
