//! TypeScript and JavaScript files that hold constants: registries, what they import, Prisma configs.
//!
//! A file is lowered to expressions of our own; the model evaluates them. Nothing is ever run.

mod literal;
mod lowering;
mod nodes;
mod repair;
mod statements;
mod survey;

use std::collections::HashSet;
use std::time::Duration;

use tree_sitter::Tree;

use crate::parse::{Parsed, Problem, syntax};
use crate::source::{At, Span};
use lowering::Lowering;
use statements::Lowered;
use survey::Survey;

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

#[cfg(test)]
mod tests;
