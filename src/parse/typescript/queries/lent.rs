//! SQL that one file holds and another one runs: what is given, and what is taken.

use oxc_ast::ast::{Expression, ObjectExpression, Program, PropertyKey, Statement};
use oxc_span::GetSpan;

use super::names::{Meaning, Names, Scope};
use super::texts::is_method;
use super::{Reader, VERBS};
use crate::parse::sql::RawSql;
use crate::parse::typescript::syntax::{first_of, module_of, name_of, properties};
use crate::parse::typescript::{Lent, Taken, span};

/// How many names may lead from a text's name to the file that holds it.
const LONGEST_WAY: usize = 8;

impl<'a> Reader<'_, 'a, '_> {
    /// Notes the SQL that other files may take.
    pub(super) fn lend(&mut self, program: &'a Program<'a>) {
        let mut given: Vec<(&str, Scope, &'a Expression<'a>)> = Vec::new();
        for name in self.names.of_program() {
            if let Some((scope, Meaning::Constant(value))) = self.names.meaning(0, name) {
                given.push((name, scope, value));
            }
        }
        given.sort_unstable_by_key(|(name, ..)| *name);
        given.extend(self.names.exported());
        for statement in &program.body {
            if let Statement::ExportDefaultDeclaration(it) = statement
                && let Some(value) = it.declaration.as_expression()
            {
                given.push(("default", 0, value));
            }
        }
        for (name, scope, value) in given {
            let Some((scope, object)) = object_of(self.names, scope, value, 0) else {
                self.lend_text(name.to_owned(), scope, value);
                continue;
            };
            for property in properties(object) {
                let key = match &property.key {
                    PropertyKey::StaticIdentifier(key) => key.name.as_str(),
                    PropertyKey::StringLiteral(key) => key.value.as_str(),
                    _ => continue,
                };
                if !self.names.is_assigned_member(key) {
                    self.lend_text(format!("{name}.{key}"), scope, &property.value);
                }
            }
        }
    }

    fn lend_text(&mut self, name: String, scope: Scope, value: &'a Expression<'a>) {
        let query = self.texts.text_of(scope, value);
        if !VERBS.contains(&query.first_word().as_str()) {
            return;
        }
        let read = query.read();
        self.temporary.extend(query.temporary_names());
        self.facts.lent.push(Lent {
            name,
            is_known: read.is_known,
            references: read.references,
            changes: read.changes,
            reaches: read.reaches,
        });
    }

    /// Notes that what is run is the SQL of another file, if it is; `opener` names the file and the name there of
    /// a client that is not known here.
    pub(super) fn take_lent(
        &mut self,
        scope: Scope,
        argument: &'a Expression<'a>,
        query: &RawSql,
        opener: Option<(&str, &str)>,
    ) {
        let Some((specifier, way)) = way_to(self.names, scope, argument, 0) else {
            return;
        };
        if way.is_empty() || !query.is_hollow() {
            return;
        }
        self.facts.taken.push(Taken {
            span: span(argument.span()),
            specifier: specifier.to_owned(),
            name: way.join("."),
            client: opener.map(|(file, name)| (file.to_owned(), name.to_owned())),
        });
    }
}

/// The file that an expression is taken of, by the specifier, and the names that lead to it there.
fn way_to<'a>(
    names: &Names<'a>,
    scope: Scope,
    expression: &'a Expression<'a>,
    depth: usize,
) -> Option<(&'a str, Vec<&'a str>)> {
    let expression = expression.get_inner_expression();
    if depth > LONGEST_WAY {
        return None;
    }
    if let Some(file) = module_of(expression) {
        return Some((file, Vec::new()));
    }
    if let Expression::Identifier(name) = expression {
        return match names.meaning(scope, name.name.as_str())? {
            (_, Meaning::Imported { from, name: "*" }) => Some((from, Vec::new())),
            (_, Meaning::Imported { from, name }) => Some((from, vec![name])),
            (of, Meaning::Constant(value)) => way_to(names, of, value, depth + 1),
            _ => None,
        };
    }
    let member = expression.as_member_expression()?;
    let (file, mut way) = way_to(names, scope, member.object(), depth + 1)?;
    way.push(name_of(member)?);
    Some((file, way))
}

/// The object literal that a value is, frozen or not, with the scope that it stands in.
fn object_of<'a>(
    names: &Names<'a>,
    scope: Scope,
    value: &'a Expression<'a>,
    depth: usize,
) -> Option<(Scope, &'a ObjectExpression<'a>)> {
    match value.get_inner_expression() {
        _ if depth > LONGEST_WAY => None,
        Expression::ObjectExpression(object) => Some((scope, object)),
        Expression::Identifier(name) => match names.meaning(scope, name.name.as_str())? {
            (of, Meaning::Constant(value)) => object_of(names, of, value, depth + 1),
            _ => None,
        },
        Expression::CallExpression(call) if is_method(&call.callee, "freeze", &["Object"]) => {
            object_of(names, scope, first_of(&call.arguments)?, depth + 1)
        }
        _ => None,
    }
}
