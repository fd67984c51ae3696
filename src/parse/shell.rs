//! Shell scripts: what they assign, which commands they run, and what decides whether they run.
//!
//! A script is lowered to steps of our own, in the order in which a shell meets them. Nothing is ever run,
//! and nothing is resolved: a word keeps its variables, each with its place in the text.

mod tree;
mod word;

use tree_sitter::Node;

use crate::parse::Parsed;
use crate::source::{At, Span};
use tree::{children, comments_and_unbroken, in_field, span_of, syntax_tree};
pub use word::{Expansion, Piece, PieceKind, Word};

/// What one script says.
#[derive(Debug, Default)]
pub struct Shell {
    /// Its steps, in the order of the text.
    pub steps: Vec<Step>,
    /// Whether every part of the text could be read: then no step is lost.
    pub is_whole: bool,
}

/// Something that a shell does.
#[derive(Debug)]
pub struct Step {
    /// The whole of it, redirections excluded.
    pub span: Span,
    /// What it is.
    pub kind: StepKind,
}

/// What a shell does in one step. Groups in braces leave no trace: their steps stand among the others. The
/// left side of `&&` and `||` and the conditions of `if` and `case` are steps of their own, before the
/// [`StepKind::Branch`] that they decide about.
#[derive(Debug)]
pub enum StepKind {
    /// `NAME=value`, also behind `export`, `local`, `declare` and their kin.
    Assign(Assignment),
    /// A command with its words, `cd`, `source` and calls of functions included.
    Command(Command),
    /// `[ … ]` or `[[ … ]]`.
    Test,
    /// Steps whose changes of folder and variables end with them: `( … )`, and each command of a
    /// pipeline.
    Subshell(Vec<Step>),
    /// The definition of a function.
    Function {
        /// Its name.
        name: At<String>,
        /// What a call of it does.
        body: Vec<Step>,
    },
    /// `for name in words`, and `select`.
    For {
        /// The variable that is set in each turn.
        variable: At<String>,
        /// What is gone through; `None` without `in`, which is the arguments.
        words: Option<Vec<Word>>,
        /// What one turn does.
        body: Vec<Step>,
    },
    /// `while`, `until`, and the `for` that counts.
    While {
        /// What decides about each turn.
        condition: Vec<Step>,
        /// What one turn does.
        body: Vec<Step>,
        /// What it reads.
        input: Option<Input>,
    },
    /// Steps of which at most one way is gone: `if`, `case`, what follows a test behind `&&`, what stands
    /// behind `||`.
    Branch(Vec<Vec<Step>>),
    /// A part of the text that could not be read, or is nested too deeply. What it does to folders and
    /// variables is not known.
    Unreadable,
}

/// An assignment.
#[derive(Debug)]
pub struct Assignment {
    /// The variable.
    pub name: At<String>,
    /// What it is set to; `None` in `export NAME` and for an element of an array.
    pub value: Option<Value>,
    /// Whether it is added to what the variable holds (`+=`).
    pub appends: bool,
    /// Whether commands get it in their environment by this (`export`, `declare -x`).
    pub is_exported: bool,
}

/// What a variable is set to.
#[derive(Debug)]
pub enum Value {
    /// One word.
    Word(Word),
    /// An array, `(a b c)`; elements with a key of their own (`[key]=value`) are words as they stand.
    List(Vec<Word>),
}

/// A simple command.
#[derive(Debug)]
pub struct Command {
    /// Assignments before it, which it alone gets.
    pub assignments: Vec<Assignment>,
    /// Its name and its arguments; never empty.
    pub words: Vec<Word>,
    /// What it reads instead of what the script reads.
    pub input: Option<Input>,
}

/// What a command reads.
#[derive(Debug)]
pub enum Input {
    /// The text of a heredoc or of `<<<`.
    Text(Word),
    /// A file or a descriptor.
    File(Word),
}

/// Levels of a script that are looked at. People write a dozen.
const DEEPEST: u32 = 150;

/// Reads one script. White space that a heredoc begins with is left out. What is broken is left out and is
/// no problem: the grammar knows less than a shell does.
pub fn parse(text: &str) -> Parsed<Shell> {
    let Some(tree) = syntax_tree(text) else {
        return Parsed::default();
    };
    let mut reader = Reader { text, lost: false };
    let steps = reader.steps_in(tree.root_node(), 0);
    let is_whole = !reader.lost && !tree.root_node().has_error();
    let (comments, unbroken) = comments_and_unbroken(&tree);
    Parsed {
        facts: Shell { steps, is_whole },
        problems: Vec::new(),
        comments,
        unbroken,
    }
}

struct Reader<'t> {
    text: &'t str,
    /// Something was too deep to be read.
    lost: bool,
}

impl<'t> Reader<'t> {
    fn slice(&self, node: Node<'_>) -> &'t str {
        &self.text[node.byte_range()]
    }

    fn at(&self, node: Node<'_>) -> At<String> {
        At::new(self.slice(node).to_owned(), span_of(node))
    }

    /// The steps among the children of a node.
    fn steps_in(&mut self, node: Node<'_>, depth: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        for child in children(node) {
            self.step(child, depth + 1, &mut steps);
        }
        steps
    }

    fn steps_of(&mut self, node: Node<'_>, depth: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        self.step(node, depth + 1, &mut steps);
        steps
    }

    fn step(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let span = span_of(node);
        let mut push = |kind| steps.push(Step { span, kind });
        if depth > DEEPEST {
            self.lost = true;
            push(StepKind::Unreadable);
            return;
        }
        if node.is_error() || node.is_missing() {
            push(StepKind::Unreadable);
            let inner = self.steps_in(node, depth);
            steps.extend(inner);
            return;
        }
        match node.kind() {
            "command" => self.command(node, depth, steps),
            "variable_assignment" => {
                let assignment = self.assignment(node, depth, false);
                push(StepKind::Assign(assignment));
            }
            "variable_assignments" | "compound_statement" => {
                let inner = self.steps_in(node, depth);
                steps.extend(inner);
            }
            "declaration_command" => self.declaration(node, depth, steps),
            "test_command" => push(StepKind::Test),
            "negated_command" => {
                let inner = self.steps_in(node, depth);
                steps.extend(inner);
                steps.push(Step {
                    span,
                    kind: StepKind::Test,
                });
            }
            "subshell" => {
                let inner = self.steps_in(node, depth);
                push(StepKind::Subshell(inner));
            }
            "pipeline" => {
                for part in children(node) {
                    let inner = self.steps_of(part, depth);
                    if !inner.is_empty() {
                        let span = span_of(part);
                        let kind = StepKind::Subshell(inner);
                        steps.push(Step { span, kind });
                    }
                }
            }
            "list" => self.list(node, depth, steps),
            "function_definition" => {
                let name = node.child_by_field_name("name");
                let body = node.child_by_field_name("body");
                if let (Some(name), Some(body)) = (name, body) {
                    let name = self.at(name);
                    let body = self.steps_of(body, depth);
                    push(StepKind::Function { name, body });
                }
            }
            "for_statement" => self.for_loop(node, depth, steps),
            "while_statement" | "c_style_for_statement" => self.while_loop(node, depth, steps),
            "if_statement" => self.branches(node, depth, steps),
            "case_statement" => {
                let items = children(node).into_iter();
                let items = items.filter(|child| child.kind() == "case_item");
                let arms = items.map(|item| self.case_item(item, depth)).collect();
                push(StepKind::Branch(arms));
            }
            "redirected_statement" => self.redirected(node, depth, steps),
            _ => {}
        }
    }

    fn case_item(&mut self, item: Node<'_>, depth: u32) -> Vec<Step> {
        let patterns: Vec<usize> = in_field(item, "value").iter().map(Node::id).collect();
        let mut steps = Vec::new();
        for child in children(item) {
            if !patterns.contains(&child.id()) {
                self.step(child, depth + 1, &mut steps);
            }
        }
        steps
    }

    fn command(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let mut command = Command {
            assignments: Vec::new(),
            words: Vec::new(),
            input: None,
        };
        for child in children(node) {
            match child.kind() {
                "variable_assignment" => {
                    let assignment = self.assignment(child, depth, true);
                    command.assignments.push(assignment);
                }
                "herestring_redirect" | "file_redirect" | "heredoc_redirect" => {
                    command.input = self.input(child, depth).or(command.input);
                }
                "comment" => {}
                _ if child.is_named() => command.words.push(self.word(child, depth)),
                _ => {}
            }
        }
        let span = span_of(node);
        if command.words.is_empty() {
            let assignments = command.assignments.into_iter().map(StepKind::Assign);
            steps.extend(assignments.map(|kind| Step { span, kind }));
            return;
        }
        steps.push(Step {
            span,
            kind: StepKind::Command(command),
        });
    }

    fn assignment(&mut self, node: Node<'_>, depth: u32, is_exported: bool) -> Assignment {
        let name = node.child_by_field_name("name").unwrap_or(node);
        let value = node.child_by_field_name("value");
        let value = match value {
            _ if name.kind() == "subscript" => None,
            Some(array) if array.kind() == "array" => {
                let elements = children(array).into_iter();
                let elements = elements.filter(|child| child.is_named() && !child.is_extra());
                let words = elements.map(|element| self.word(element, depth)).collect();
                Some(Value::List(words))
            }
            Some(word) => Some(Value::Word(self.word(word, depth))),
            None => Some(Value::Word(Word {
                span: Span::new(node.end_byte(), node.end_byte()),
                pieces: Vec::new(),
            })),
        };
        let name = match name.kind() {
            "subscript" => name.child_by_field_name("name").unwrap_or(name),
            _ => name,
        };
        Assignment {
            name: self.at(name),
            value,
            appends: children(node).iter().any(|child| child.kind() == "+="),
            is_exported,
        }
    }

    fn declaration(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let parts = children(node);
        let words: Vec<&str> = parts.iter().map(|part| self.slice(*part)).collect();
        let is_exported = words.first() == Some(&"export") || words.contains(&"-x");
        for part in parts {
            let assignment = match part.kind() {
                "variable_assignment" => self.assignment(part, depth, is_exported),
                "variable_name" => Assignment {
                    name: self.at(part),
                    value: None,
                    appends: false,
                    is_exported,
                },
                _ => continue,
            };
            // `declare -A` names keys, not words.
            let is_keyed = words.contains(&"-A");
            let value = assignment.value.filter(|_| !is_keyed);
            steps.push(Step {
                span: span_of(part),
                kind: StepKind::Assign(Assignment {
                    value,
                    ..assignment
                }),
            });
        }
    }

    fn list(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let parts = children(node);
        let is_or = parts.iter().any(|part| part.kind() == "||");
        let mut sides = parts.into_iter().filter(Node::is_named);
        let (Some(left), Some(right)) = (sides.next(), sides.next()) else {
            return;
        };
        let before = steps.len();
        self.step(left, depth + 1, steps);
        let is_tested = steps[before..]
            .last()
            .is_none_or(|step| matches!(step.kind, StepKind::Test | StepKind::Branch(_)));
        let right_steps = self.steps_of(right, depth);
        if is_or || is_tested {
            steps.push(Step {
                span: span_of(right),
                kind: StepKind::Branch(vec![right_steps]),
            });
        } else {
            steps.extend(right_steps);
        }
    }

    fn for_loop(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let (Some(variable), Some(body)) = (
            node.child_by_field_name("variable"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let has_words = children(node).iter().any(|child| child.kind() == "in");
        let values = in_field(node, "value").into_iter();
        let words = values.map(|value| self.word(value, depth)).collect();
        let body = self.steps_in(body, depth);
        steps.push(Step {
            span: span_of(node),
            kind: StepKind::For {
                variable: self.at(variable),
                words: has_words.then_some(words),
                body,
            },
        });
    }

    fn while_loop(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let mut condition = Vec::new();
        for part in in_field(node, "condition") {
            self.step(part, depth + 1, &mut condition);
        }
        let body = node.child_by_field_name("body");
        let body = body.map_or_else(Vec::new, |body| self.steps_in(body, depth));
        steps.push(Step {
            span: span_of(node),
            kind: StepKind::While {
                condition,
                body,
                input: None,
            },
        });
    }

    fn branches(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let conditions: Vec<usize> = in_field(node, "condition").iter().map(Node::id).collect();
        let mut arms = vec![Vec::new()];
        for child in children(node) {
            match child.kind() {
                _ if conditions.contains(&child.id()) => self.step(child, depth + 1, steps),
                "elif_clause" | "else_clause" => arms.push(self.steps_in(child, depth)),
                _ => self.step(child, depth + 1, &mut arms[0]),
            }
        }
        steps.push(Step {
            span: span_of(node),
            kind: StepKind::Branch(arms),
        });
    }

    fn redirected(&mut self, node: Node<'_>, depth: u32, steps: &mut Vec<Step>) {
        let before = steps.len();
        if let Some(body) = node.child_by_field_name("body") {
            self.step(body, depth + 1, steps);
        }
        for redirect in in_field(node, "redirect") {
            let read = self.input(redirect, depth);
            let reader = steps[before..].last_mut().map(|step| &mut step.kind);
            if let Some(StepKind::Command(Command { input, .. }) | StepKind::While { input, .. }) =
                reader
                && read.is_some()
            {
                *input = read;
            }
        }
        // What stands behind the mark of a heredoc on its line is a child of the heredoc.
        for redirect in in_field(node, "redirect") {
            for child in children(redirect) {
                if matches!(
                    child.kind(),
                    "command" | "list" | "pipeline" | "subshell" | "redirected_statement"
                ) {
                    let span = span_of(child);
                    let kind = StepKind::Branch(vec![self.steps_of(child, depth)]);
                    steps.push(Step { span, kind });
                }
            }
        }
    }

    fn input(&mut self, redirect: Node<'_>, depth: u32) -> Option<Input> {
        let parts = children(redirect);
        let of_kind = |kind: &str| parts.iter().copied().find(|part| part.kind() == kind);
        match redirect.kind() {
            "heredoc_redirect" => {
                let is_literal = of_kind("heredoc_start")
                    .is_some_and(|start| self.slice(start).contains(['\'', '"', '\\']));
                let body = of_kind("heredoc_body")?;
                Some(Input::Text(self.heredoc(body, is_literal, depth)))
            }
            "herestring_redirect" => {
                let word = parts.iter().copied().rfind(Node::is_named)?;
                Some(Input::Text(self.word(word, depth)))
            }
            "file_redirect" => {
                of_kind("<")?;
                let file = redirect.child_by_field_name("destination")?;
                Some(Input::File(self.word(file, depth)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
