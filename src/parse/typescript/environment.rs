//! The variables of the environment that a program reads, and the URLs of other services that it holds.

mod origin;

use std::collections::HashSet;

use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentOperator, AssignmentPattern, BinaryExpression,
    BinaryOperator, BindingPattern, CallExpression, ConditionalExpression, Expression,
    FormalParameter, LogicalExpression, LogicalOperator, MemberExpression, NewExpression,
    ObjectExpression, ObjectProperty, Program, PropertyDefinition, StringLiteral, TSType,
    TemplateLiteral, UnaryExpression, UnaryOperator, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use self::origin::Pieces;
use super::syntax::{first_of, inside, key_of, last_name, properties, property};
use super::variables::{Variables, is_variable};
use super::{SourceCode, span};
use crate::source::{At, Span};

/// A URL of HTTP at the start of a string, a template or a sum of them, whose host has no dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    /// Its scheme, host and port, with constants of the file filled in (`http://catalog:4104`). What cannot be
    /// known of the port is left out.
    pub origin: At<String>,
    /// Its host.
    pub host: String,
    /// Its port, where that is known.
    pub port: Option<u16>,
    /// What it is there for.
    pub role: UrlRole,
}

/// What a URL is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlRole {
    /// It is used.
    Used,
    /// It is used where something else is not set: the variable of that name, or something unknown.
    Default(Option<String>),
}

/// Reads the variables and the URLs of a program.
pub(super) fn read(
    text: &str,
    program: &Program<'_>,
    variables: &Variables,
    facts: &mut SourceCode,
) {
    let mut reader = Reader {
        text,
        variables,
        role: UrlRole::Used,
        is_mentioned: false,
        read: HashSet::new(),
        facts,
    };
    reader.visit_program(program);
    facts.reads.sort_by_key(|read| read.span);
    facts.demands.sort_by_key(|demand| demand.span);
    facts.urls.sort_by_key(|url| url.origin.span);
}

/// Keys of an object whose URLs are told, not called.
const TELLING_KEYS: [&str; 12] = [
    "allowedOrigins",
    "audience",
    "corsOrigin",
    "corsOrigins",
    "description",
    "example",
    "examples",
    "issuer",
    "origin",
    "origins",
    "servers",
    "summary",
];

/// Functions that call nobody at the URLs that they are given.
const TELLING_FUNCTIONS: [&str; 20] = [
    "addServer",
    "cors",
    "debug",
    "enableCors",
    "endsWith",
    "equal",
    "error",
    "expect",
    "includes",
    "indexOf",
    "info",
    "log",
    "match",
    "replace",
    "replaceAll",
    "split",
    "startsWith",
    "trace",
    "verbose",
    "warn",
];

struct Reader<'t, 'f> {
    text: &'t str,
    variables: &'t Variables,
    /// What URLs are there for at this place.
    role: UrlRole,
    /// Whether nobody is called at the URLs of this place.
    is_mentioned: bool,
    /// Where strings begin that were read as part of others.
    read: HashSet<u32>,
    facts: &'f mut SourceCode,
}

impl<'a> Visit<'a> for Reader<'_, '_> {
    fn visit_member_expression(&mut self, member: &MemberExpression<'a>) {
        let variable = self.variables.variable_of_member(member);
        self.facts.reads.extend(variable);
        walk::walk_member_expression(self, member);
    }

    fn visit_variable_declarator(&mut self, declared: &VariableDeclarator<'a>) {
        let value = declared.init.as_ref();
        if let BindingPattern::ObjectPattern(pattern) = &declared.id
            && value.is_some_and(|value| self.variables.makes_environment(value))
        {
            for property in &pattern.properties {
                let variable = key_of(&property.key);
                let read = variable.filter(|variable| is_variable(&variable.value));
                self.facts.reads.extend(read);
            }
        }
        let role = match &declared.id {
            BindingPattern::BindingIdentifier(name) => {
                self.variables.behind_default(&name.name).cloned()
            }
            _ => None,
        };
        match role {
            Some(variable) => self.as_default(variable, |reader| {
                walk::walk_variable_declarator(reader, declared);
            }),
            None => walk::walk_variable_declarator(self, declared),
        }
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.add_demands(call);
        let name = last_name(&call.callee).unwrap_or_default();
        let variable = self.variables.variable_of_call(call);
        self.facts.reads.extend(variable.clone());
        if TELLING_FUNCTIONS.contains(&name) || name.starts_with("Api") {
            self.as_mentioned(|reader| walk::walk_call_expression(reader, call));
        } else if let Some(variable) = variable {
            self.as_default(Some(variable.value), |reader| {
                walk::walk_call_expression(reader, call);
            });
        } else if name == "default" && self.role == UrlRole::Used {
            self.as_default(None, |reader| walk::walk_call_expression(reader, call));
        } else {
            walk::walk_call_expression(self, call);
        }
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        // The base of a path that was asked for is only there to make a URL of it.
        let is_asked = first_of(&new.arguments)
            .and_then(last_name)
            .is_some_and(|name| ["url", "originalUrl"].contains(&name));
        if last_name(&new.callee) == Some("URL") && new.arguments.len() > 1 && is_asked {
            self.as_mentioned(|reader| walk::walk_new_expression(reader, new));
        } else {
            walk::walk_new_expression(self, new);
        }
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        let key = key_of(&property.key).map(|key| key.value);
        match key {
            Some(key) if TELLING_KEYS.contains(&key.as_str()) => {
                self.as_mentioned(|reader| walk::walk_object_property(reader, property));
            }
            Some(key) if is_variable(&key) => self.as_default(Some(key), |reader| {
                walk::walk_object_property(reader, property);
            }),
            _ => walk::walk_object_property(self, property),
        }
    }

    fn visit_property_definition(&mut self, property: &PropertyDefinition<'a>) {
        // A class whose members are variables is what the environment is checked against.
        let key = key_of(&property.key).filter(|key| is_variable(&key.value));
        if !property.r#static && !property.optional && property.value.is_none() {
            let is_checked = !property.decorators.is_empty();
            self.facts.demands.extend(key.filter(|_| is_checked));
        }
        walk::walk_property_definition(self, property);
    }

    fn visit_logical_expression(&mut self, logical: &LogicalExpression<'a>) {
        self.visit_expression(&logical.left);
        if logical.operator == LogicalOperator::And {
            self.visit_expression(&logical.right);
        } else {
            let variable = self.variables.variable_in(&logical.left);
            self.as_default(variable, |reader| reader.visit_expression(&logical.right));
        }
    }

    fn visit_conditional_expression(&mut self, choice: &ConditionalExpression<'a>) {
        self.as_mentioned(|reader| reader.visit_expression(&choice.test));
        for (value, other) in [
            (&choice.consequent, &choice.alternate),
            (&choice.alternate, &choice.consequent),
        ] {
            let variable = self.variables.variable_in(other);
            self.as_default(variable, |reader| reader.visit_expression(value));
        }
    }

    fn visit_assignment_pattern(&mut self, pattern: &AssignmentPattern<'a>) {
        self.visit_binding_pattern(&pattern.left);
        self.as_default(None, |reader| reader.visit_expression(&pattern.right));
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        self.as_default(None, |reader| {
            walk::walk_formal_parameter(reader, parameter);
        });
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        // What is set is not read.
        if assignment.operator == AssignmentOperator::Assign {
            self.visit_expression(&assignment.right);
        } else {
            walk::walk_assignment_expression(self, assignment);
        }
    }

    fn visit_unary_expression(&mut self, unary: &UnaryExpression<'a>) {
        if unary.operator != UnaryOperator::Delete {
            walk::walk_unary_expression(self, unary);
        }
    }

    fn visit_binary_expression(&mut self, binary: &BinaryExpression<'a>) {
        if binary.operator == BinaryOperator::Addition {
            let mut pieces = Pieces::default();
            self.add_sum(&mut pieces, &binary.left);
            self.add_sum(&mut pieces, &binary.right);
            self.take(&pieces);
            walk::walk_binary_expression(self, binary);
        } else {
            self.as_mentioned(|reader| walk::walk_binary_expression(reader, binary));
        }
    }

    fn visit_string_literal(&mut self, string: &StringLiteral<'a>) {
        let mut pieces = Pieces::default();
        pieces.push_text(self.text, inside(string.span));
        self.take(&pieces);
    }

    fn visit_template_literal(&mut self, template: &TemplateLiteral<'a>) {
        let mut pieces = Pieces::default();
        self.add_template(&mut pieces, template);
        self.take(&pieces);
        walk::walk_template_literal(self, template);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

impl Reader<'_, '_> {
    fn as_default(&mut self, variable: Option<String>, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.role, UrlRole::Default(variable));
        visit(self);
        self.role = outer;
    }

    fn as_mentioned(&mut self, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.is_mentioned, true);
        visit(self);
        self.is_mentioned = outer;
    }

    /// Adds the variables that a schema of the environment demands: `z.object({ X: z.string() })`,
    /// `Joi.object({ … })`, `cleanEnv(process.env, { … })`, `createEnv({ server: { … } })`.
    fn add_demands(&mut self, call: &CallExpression<'_>) {
        let name = last_name(&call.callee).unwrap_or_default();
        let number = match name {
            "object" | "strictObject" | "looseObject" | "keys" | "createEnv" => 0,
            "cleanEnv" => 1,
            _ => return,
        };
        let argument = call.arguments.get(number).and_then(Argument::as_expression);
        let Some(Expression::ObjectExpression(schema)) =
            argument.map(Expression::get_inner_expression)
        else {
            return;
        };
        if name == "createEnv" {
            let server = property(schema, "server").map(|it| it.value.get_inner_expression());
            if let Some(Expression::ObjectExpression(server)) = server {
                self.add_demanded(server);
            }
        } else {
            self.add_demanded(schema);
        }
    }

    fn add_demanded(&mut self, schema: &ObjectExpression<'_>) {
        for property in properties(schema) {
            let written = self.text.get(span(property.value.span()).range());
            let may_lack = |text: &str| {
                ["ptional", "ullish", "efault"]
                    .iter()
                    .any(|word| text.contains(word))
            };
            let variable = key_of(&property.key).filter(|key| is_variable(&key.value));
            let is_needed = written.is_some_and(|text| !may_lack(text));
            self.facts.demands.extend(variable.filter(|_| is_needed));
        }
    }

    fn add_sum(&self, pieces: &mut Pieces, value: &Expression<'_>) {
        match value.get_inner_expression() {
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                self.add_sum(pieces, &sum.left);
                self.add_sum(pieces, &sum.right);
            }
            Expression::StringLiteral(string) => pieces.push_text(self.text, inside(string.span)),
            Expression::TemplateLiteral(template) => self.add_template(pieces, template),
            other => pieces.push_hole(self.variables.constant(other), span(other.span())),
        }
    }

    fn add_template(&self, pieces: &mut Pieces, template: &TemplateLiteral<'_>) {
        let mut holes = template.expressions.iter();
        for (number, part) in template.quasis.iter().enumerate() {
            pieces.push_text(self.text, span(part.span));
            if let (Some(hole), Some(next)) = (holes.next(), template.quasis.get(number + 1)) {
                let ends = Span::new(part.span.end as usize, next.span.start as usize);
                pieces.push_hole(self.variables.constant(hole), ends);
            }
        }
    }

    /// Takes the URL that a text begins with, if it may be a service's.
    fn take(&mut self, pieces: &Pieces) {
        let Some(first) = pieces.starts.first() else {
            return;
        };
        let url = pieces.url().filter(|_| !self.is_mentioned);
        if let Some((origin, host, port)) = url
            && self.read.insert(first.1.start)
        {
            self.facts.urls.push(ServiceUrl {
                origin,
                host,
                port,
                role: self.role.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
