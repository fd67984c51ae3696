//! Raw SQL in a program: templates and strings, put together from the parts that are known.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    Argument, BinaryOperator, BindingIdentifier, BindingPattern, CallExpression, Expression,
    ImportDeclaration, MemberExpression, ObjectPropertyKind, Program, TaggedTemplateExpression,
    TemplateLiteral, VariableDeclaration,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::{Query, SourceCode, literal, span};
use crate::parse::sql::{RawSql, TableReference};
use crate::source::Span;

/// Reads the raw SQL of a program.
pub(super) fn read(text: &str, program: &Program<'_>, facts: &mut SourceCode) {
    let mut names = Names::default();
    names.visit_program(program);
    let mut setting = Setting {
        text,
        names,
        ..Setting::default()
    };
    setting.visit_program(program);
    let mut reader = Reader {
        setting,
        inlined: HashSet::new(),
        query_names: HashSet::new(),
        of_pieces: Vec::new(),
        facts,
    };
    reader.visit_program(program);
    // What a piece of SQL names may be a query that another piece has named.
    let (names, pieces) = (reader.query_names, reader.of_pieces.into_iter());
    let is_query =
        |it: &TableReference| it.name.parts.len() == 1 && names.contains(&it.name.name().value);
    facts.references.extend(pieces.filter(|it| !is_query(it)));
    facts.queries.sort_by_key(|query| query.span);
    facts.references.sort_by_key(|it| it.name.span());
    // A constant that several texts are put together from is read with each of them.
    facts.references.dedup();
    facts.reaches.sort_by_key(|reach| reach.words.span);
    facts.reaches.dedup();
}

/// Packages whose objects run SQL of PostgreSQL by `query`, `execute` or `raw`, or by a tag `sql`.
const CLIENTS: [&str; 13] = [
    "@mikro-orm/postgresql",
    "@neondatabase/serverless",
    "@nestjs/typeorm",
    "@prisma/client",
    "@vercel/postgres",
    "drizzle-orm",
    "knex",
    "nest-knexjs",
    "pg",
    "pg-promise",
    "postgres",
    "slonik",
    "typeorm",
];

/// The words that a statement about tables begins with.
const VERBS: [&str; 14] = [
    "alter", "comment", "copy", "create", "delete", "drop", "grant", "insert", "lock", "merge",
    "select", "truncate", "update", "with",
];

/// What the texts of a file are put together with.
#[derive(Default)]
struct Setting<'t> {
    text: &'t str,
    /// What constants hold, by their names.
    constants: HashMap<String, RawSql>,
    names: Names,
    /// Whether the file imports a database client.
    has_client: bool,
}

impl<'a> Visit<'a> for Setting<'_> {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let package = import.source.value.as_str();
        let is_client = |name: &&str| {
            let rest = package.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.has_client |= CLIENTS.iter().any(is_client);
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        for variable in &declaration.declarations {
            let BindingPattern::BindingIdentifier(name) = &variable.id else {
                continue;
            };
            let mut query = RawSql::default();
            let value = variable.init.as_ref();
            let value = value.filter(|value| declaration.kind.is_const() && is_text(value));
            if value.is_some_and(|value| self.add(&mut query, value, &mut HashSet::new())) {
                self.constants.insert(name.name.to_string(), query);
            }
        }
        walk::walk_variable_declaration(self, declaration);
    }
}

/// How often a name is given to something; what is given twice may mean either.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, name: &BindingIdentifier<'a>) {
        *self.0.entry(name.name.to_string()).or_default() += 1;
    }
}

impl Setting<'_> {
    fn constant(&self, name: &str) -> Option<&RawSql> {
        self.constants
            .get(name)
            .filter(|_| self.names.0.get(name) == Some(&1))
    }

    /// Adds what an expression comes to; whether anything of it is known. Templates that become part of the
    /// text are noted in `inlined`.
    fn add(&self, query: &mut RawSql, value: &Expression<'_>, inlined: &mut HashSet<u32>) -> bool {
        match value.get_inner_expression() {
            Expression::StringLiteral(string) => {
                let quoted = span(string.span);
                let inside = Span::new(quoted.start as usize + 1, quoted.end as usize - 1);
                literal::push(query, self.text, inside);
            }
            Expression::TemplateLiteral(template) => self.add_template(query, template, inlined),
            Expression::TaggedTemplateExpression(tagged) if is_fragment(&tagged.tag) => {
                inlined.insert(tagged.span.start);
                self.add_template(query, &tagged.quasi, inlined);
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                let left = self.add(query, &sum.left, inlined);
                let right = self.add(query, &sum.right, inlined);
                return left || right;
            }
            Expression::CallExpression(call) if is_method(&call.callee, &["raw"], "Prisma") => {
                inlined.insert(call.span.start);
                let argument = call.arguments.first().and_then(Argument::as_expression);
                return argument.is_some_and(|argument| self.add(query, argument, inlined));
            }
            other => {
                let name = match other {
                    Expression::Identifier(name) => self.constant(&name.name),
                    _ => None,
                };
                let Some(known) = name else {
                    query.push_hole(span(other.span()));
                    return false;
                };
                query.append(known);
            }
        }
        true
    }

    fn add_template(
        &self,
        query: &mut RawSql,
        template: &TemplateLiteral<'_>,
        inlined: &mut HashSet<u32>,
    ) {
        let mut holes = template.expressions.iter();
        for part in &template.quasis {
            literal::push(query, self.text, span(part.span));
            if let Some(hole) = holes.next() {
                self.add(query, hole, inlined);
            }
        }
    }
}

/// Whether an expression makes a text, so that it may be worth putting together.
fn is_text(value: &Expression<'_>) -> bool {
    match value.get_inner_expression() {
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
        Expression::TaggedTemplateExpression(tagged) => is_fragment(&tagged.tag),
        Expression::BinaryExpression(sum) => {
            sum.operator == BinaryOperator::Addition && is_text(&sum.left)
        }
        _ => false,
    }
}

/// Reads the SQL of a file.
struct Reader<'t, 'f> {
    setting: Setting<'t>,
    /// Where templates begin that are part of others.
    inlined: HashSet<u32>,
    /// The names that `WITH` clauses give to queries.
    query_names: HashSet<String>,
    /// The tables that pieces of SQL name, which become part of a statement elsewhere.
    of_pieces: Vec<TableReference>,
    facts: &'f mut SourceCode,
}

impl<'a> Visit<'a> for Reader<'_, '_> {
    fn visit_tagged_template_expression(&mut self, tagged: &TaggedTemplateExpression<'a>) {
        let is_sql = is_member(&tagged.tag, &["$queryRaw", "$executeRaw"])
            || is_method(&tagged.tag, &["sql"], "Prisma")
            || self.setting.has_client && is_fragment(&tagged.tag);
        if is_sql && !self.inlined.contains(&tagged.span.start) {
            let mut query = RawSql::default();
            self.setting
                .add_template(&mut query, &tagged.quasi, &mut self.inlined);
            self.take(span(tagged.quasi.span), &query, is_fragment(&tagged.tag));
        }
        walk::walk_tagged_template_expression(self, tagged);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let argument = call.arguments.first().and_then(Argument::as_expression);
        if let Some(argument) = argument.map(text_of)
            && !self.inlined.contains(&call.span.start)
        {
            let is_raw = is_member(&call.callee, &["$queryRawUnsafe", "$executeRawUnsafe"])
                || is_method(&call.callee, &["raw"], "Prisma");
            let may_be_sql =
                self.setting.has_client && is_member(&call.callee, &["query", "execute", "raw"]);
            let is_tagged = matches!(argument, Expression::TaggedTemplateExpression(_));
            if (is_raw || may_be_sql) && !is_tagged {
                let mut query = RawSql::default();
                let is_known = self.setting.add(&mut query, argument, &mut self.inlined);
                let begins_like_sql = || VERBS.contains(&query.first_word().as_str());
                if is_known && (is_raw || begins_like_sql()) {
                    let is_piece = is_member(&call.callee, &["raw"]);
                    self.take(span(argument.span()), &query, is_piece);
                }
            }
        }
        walk::walk_call_expression(self, call);
    }
}

impl Reader<'_, '_> {
    fn take(&mut self, span: Span, query: &RawSql, is_piece: bool) {
        let (references, reaches) = query.read();
        self.query_names.extend(query.query_names());
        if is_piece {
            self.of_pieces.extend(references);
        } else {
            self.facts.references.extend(references);
        }
        self.facts.reaches.extend(reaches);
        let is_known = query.is_known();
        self.facts.queries.push(Query { span, is_known });
    }
}

/// The text of a query that is given as `{ text: "…" }`.
fn text_of<'e, 'a>(argument: &'e Expression<'a>) -> &'e Expression<'a> {
    let Expression::ObjectExpression(object) = argument else {
        return argument;
    };
    let text = object
        .properties
        .iter()
        .find_map(|property| match property {
            ObjectPropertyKind::ObjectProperty(property)
                if property.key.is_specific_static_name("text") =>
            {
                Some(&property.value)
            }
            _ => None,
        });
    text.unwrap_or(argument)
}

/// Whether a tag makes a piece of SQL: `sql`, `Prisma.sql`.
fn is_fragment(tag: &Expression<'_>) -> bool {
    matches!(tag.get_inner_expression(), Expression::Identifier(name) if name.name == "sql")
        || is_method(tag, &["sql"], "Prisma")
}

/// Whether an expression is a member of that name of anything.
fn is_member(expression: &Expression<'_>, names: &[&str]) -> bool {
    let member = expression.get_inner_expression().as_member_expression();
    let name = member.and_then(MemberExpression::static_property_name);
    name.is_some_and(|name| names.contains(&name))
}

/// Whether an expression is a member of that name of an object of that name.
fn is_method(expression: &Expression<'_>, names: &[&str], object: &str) -> bool {
    let member = expression.get_inner_expression().as_member_expression();
    let of = member.map(|member| member.object().get_inner_expression());
    is_member(expression, names)
        && matches!(of, Some(Expression::Identifier(name)) if name.name == object)
}
