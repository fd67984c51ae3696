//! Questions about the nodes of a TypeScript tree.

use tree_sitter::Node;

pub(super) fn is_function(kind: &str) -> bool {
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
pub(super) fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    let named = node.named_children(&mut cursor);
    // What could not be read counts as extra, as comments do.
    named
        .filter(|child| child.is_error() || !child.is_extra())
        .collect()
}

pub(super) fn has_child(node: Node<'_>, wanted: impl Fn(&Node<'_>) -> bool) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| wanted(&child))
}

pub(super) fn is_broken(node: &Node<'_>) -> bool {
    node.is_error() || node.is_missing()
}

/// The expression inside parentheses and type annotations.
pub(super) fn look_through(mut node: Node<'_>) -> Node<'_> {
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
pub(super) fn root_name(node: Node<'_>) -> Option<Node<'_>> {
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
pub(super) fn pattern_names(pattern: Node<'_>) -> Vec<Node<'_>> {
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
