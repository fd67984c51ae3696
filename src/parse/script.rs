//! TypeScript and JavaScript files that hold constants: registries, what they import, Prisma configs.
//!
//! A file is lowered to expressions of our own; the model evaluates them. Nothing is ever run.

use crate::parse::Parsed;
use crate::source::{At, Span};

/// What one file declares.
#[derive(Debug, Default)]
pub struct Script {
    /// `const`, `let`, `var` with one name on the left and an initialiser, `enum`s (as objects), at the
    /// top level; in the order of the text. `let` and `var` that are assigned again are left out.
    pub constants: Vec<Constant>,
    /// Imported names.
    pub imports: Vec<Import>,
    /// Exported names: `export const x`, `export { a as b }`, `export default …`, `export … from`.
    pub exports: Vec<Export>,
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
    /// The name in the other file: `default`, `*` for a namespace, else the exported name.
    pub imported: String,
    /// The module specifier, without quotes.
    pub from: At<String>,
}

/// An exported name.
#[derive(Debug)]
pub struct Export {
    /// The name for importers; `default` for the default export, `*` for `export * from`.
    pub name: String,
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
    /// A name.
    Name(String),
    /// `object.name` or `object["name"]`.
    Member(Box<Expr>, At<String>),
    /// `object[expression]`.
    Index(Box<Expr>, Box<Expr>),
    /// `callee(arguments)`: the callee as written (`Object.freeze`, `env`).
    Call {
        /// The callee's text, white space removed.
        callee: At<String>,
        /// The arguments; a spread argument makes the whole call dynamic.
        arguments: Vec<Expr>,
    },
    /// Anything else: what it is, in words that follow "a" or "an" (`conditional`, `function`).
    Dynamic(&'static str),
}

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

/// Reads one file. `.js` kin is read by the TypeScript grammar too, which accepts it.
pub fn parse(text: &str) -> Parsed<Script> {
    let _ = text;
    Parsed::default()
}
