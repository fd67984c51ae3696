//! Database clients that a program opens, and the connection strings that it holds.

mod libraries;

use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentOperator, AssignmentPattern, BindingPattern,
    BindingProperty, CallExpression, Class, ConditionalExpression, Expression, FormalParameter,
    IfStatement, LogicalExpression, LogicalOperator, MemberExpression, NewExpression,
    ObjectProperty, Program, StringLiteral, TemplateLiteral,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use self::libraries::{Library, connection_of};
use super::names::Names;
use super::syntax::{inside, last_name, named};
use super::value::{Text, Value};
use super::variables::{Variables, is_variable};
use super::{SourceCode, span};
use crate::connection::{self, Connection};
use crate::source::{At, Span};

/// A database client that is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// What opens it, as the program calls it: `PrismaClient`, `PrismaPg`, `Pool`, `postgres`, `DataSource`.
    pub name: At<String>,
    /// The connection string that it is given; `None` where it is given none.
    pub url: Option<Value>,
    /// The name of the database that it is given besides; `None` where it is given none.
    pub database: Option<Value>,
}

/// A connection string that takes the place of what may be unset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The connection string.
    pub url: Text,
    /// The variable of the environment that it stands in for, if there is one.
    pub variable: Option<At<String>>,
}

impl Text {
    /// A connection string of PostgreSQL, taken apart.
    pub fn postgres(&self) -> Option<Connection> {
        let connection = connection::parse(&self.value)?;
        let scheme = &self.value[connection.scheme.clone()];
        matches!(scheme, "postgres" | "postgresql").then_some(connection)
    }

    /// The same, where it says on its own where it leads: its host and its database are written out.
    pub fn whole_postgres(&self) -> Option<Connection> {
        let connection = self.postgres()?;
        let is_known = |range| self.is_known(range);
        let hosts = connection.hosts.iter().map(|host| &host.name);
        let mut parts = hosts.chain(connection.database.as_ref());
        parts.all(is_known).then_some(connection)
    }
}

/// Reads the clients and the connection strings of a program.
pub(super) fn read(
    text: &str,
    program: &Program<'_>,
    variables: &Variables,
    facts: &mut SourceCode,
) {
    let mut reader = Reader {
        names: Names::of(text, program, variables),
        superclasses: Vec::new(),
        tests: Vec::new(),
        facts,
    };
    reader.visit_program(program);
    facts.clients.sort_by_key(|client| client.name.span);
    // A chain of `??` shows its last link more than once.
    facts.fallbacks.sort_by_key(|fallback| fallback.url.span);
    facts.fallbacks.dedup_by_key(|fallback| fallback.url.span);
    facts.connections.sort_by_key(|text| text.span);
    facts.connections.dedup_by_key(|text| text.span);
}

struct Reader<'t, 'f> {
    names: Names<'t>,
    /// What the classes around extend, where that is a client.
    superclasses: Vec<Option<(At<String>, Library)>>,
    /// The conditions of the `if` statements around.
    tests: Vec<Span>,
    facts: &'f mut SourceCode,
}

impl Reader<'_, '_> {
    /// Notes what is opened by a call or `new`.
    fn open(&mut self, callee: &Expression<'_>, arguments: &[Argument<'_>]) {
        if let Expression::Super(_) = callee {
            if let Some(Some((name, library))) = self.superclasses.last().cloned() {
                self.note(name, library, arguments);
            }
        } else if let Some((name, library)) = self.library(callee) {
            self.note(name, library, arguments);
        }
    }

    fn note(&mut self, name: At<String>, library: Library, arguments: &[Argument<'_>]) {
        let arguments = arguments.iter().map(Argument::as_expression);
        let shapes: Vec<_> = arguments
            .map(|argument| argument.map(|argument| self.names.shape(argument)))
            .collect();
        if let Some((url, database)) = connection_of(library, &shapes) {
            self.facts.clients.push(Client {
                name,
                url,
                database,
            });
        }
    }

    /// The library whose client a callee opens, and the callee's last word.
    fn library(&self, callee: &Expression<'_>) -> Option<(At<String>, Library)> {
        let inner = callee.get_inner_expression();
        let member = inner.as_member_expression();
        let (place, word) = match (inner, member) {
            (_, Some(member)) => member.static_property_info()?,
            (Expression::Identifier(name), _) => (name.span, name.name.as_str()),
            _ => (inner.span(), ""),
        };
        let opener = named(word, place);
        if let Some(foreign) = self.names.foreign(callee) {
            let library = Library::of(&foreign, None)?;
            let opener = match word {
                "" => At::new(foreign.package, opener.span),
                _ => opener,
            };
            return Some((opener, library));
        }
        // `MikroORM.init(…)`, `TypeOrmModule.forRoot(…)`: called by the name of the class.
        let class = member?.object().get_inner_expression();
        let library = Library::of(&self.names.foreign(class)?, Some(word))?;
        let Expression::Identifier(name) = class else {
            return None;
        };
        Some((named(&name.name, name.span), library))
    }

    /// Whether a condition around asks whether that variable is missing.
    fn is_tested(&self, variable: &str) -> bool {
        let mut tests = self.tests.iter().map(|&test| self.names.slice(test));
        tests.any(|test| {
            let asks = test.contains('!') || test.contains("undefined") || test.contains("null");
            asks && test.contains(variable) && !test.contains("!==") && !test.contains("test")
        })
    }

    /// Notes a connection string that stands in for what `others` come to.
    fn fall_back(&mut self, to: &Expression<'_>, others: &[Value], variable: Option<At<String>>) {
        let Value::Literal(url) = self.names.value(to) else {
            return;
        };
        let mut choices = others.iter().flat_map(Value::choices);
        let read = choices.clone().find_map(|choice| match choice {
            Value::Environment(variable) => Some(variable.clone()),
            _ => None,
        });
        // Strings alone are chosen between, and stand in for nothing.
        let is_literal = |choice: &Value| matches!(choice, Value::Literal(_));
        let is_choice = !others.is_empty() && choices.all(is_literal);
        if url.whole_postgres().is_some() && !is_choice {
            self.facts.fallbacks.push(Fallback {
                url,
                variable: variable.or(read),
            });
        }
    }
}

impl<'a> Visit<'a> for Reader<'_, '_> {
    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        self.open(&it.callee, &it.arguments);
        walk::walk_new_expression(self, it);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.open(&call.callee, &call.arguments);
        let arguments: Vec<_> = call
            .arguments
            .iter()
            .filter_map(Argument::as_expression)
            .collect();
        let name = last_name(&call.callee).unwrap_or_default();
        match arguments.as_slice() {
            [default] if name == "default" => self.fall_back(default, &[], None),
            [Expression::StringLiteral(key), default, ..] if reads_settings(name) => {
                let place = inside(key.span);
                let variable = is_variable(&key.value);
                let variable = variable.then(|| At::new(key.value.to_string(), place));
                self.fall_back(default, &[], variable);
            }
            _ => {}
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let heritage = class.heritage.as_ref();
        let library = heritage.and_then(|heritage| self.library(&heritage.expression));
        self.superclasses.push(library);
        walk::walk_class(self, class);
        self.superclasses.pop();
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        if it.operator != LogicalOperator::And {
            let left = self.names.value(&it.left);
            self.fall_back(&it.right, &[left], None);
        }
        walk::walk_logical_expression(self, it);
    }

    fn visit_conditional_expression(&mut self, it: &ConditionalExpression<'a>) {
        // What only tests choose is nobody's fallback.
        let is_of_tests = self
            .names
            .slice(span(it.test.span()))
            .to_ascii_lowercase()
            .contains("test");
        if !is_of_tests {
            for (to, other) in [
                (&it.consequent, &it.alternate),
                (&it.alternate, &it.consequent),
            ] {
                let other = self.names.value(other);
                self.fall_back(to, &[other], None);
            }
        }
        walk::walk_conditional_expression(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let is_fallback = matches!(
            it.operator,
            AssignmentOperator::LogicalNullish | AssignmentOperator::LogicalOr
        );
        let name = it.left.as_member_expression();
        let name = name.and_then(MemberExpression::static_property_info);
        let name = name.filter(|(_, name)| is_variable(name));
        let variable = name.map(|(place, name)| named(name, place));
        let is_for_missing = it.operator == AssignmentOperator::Assign
            && variable
                .as_ref()
                .is_some_and(|it| self.is_tested(&it.value));
        if is_fallback || is_for_missing {
            self.fall_back(&it.right, &[], variable);
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        // `if (!process.env.X) process.env.X = "…"`
        self.tests.push(span(it.test.span()));
        walk::walk_if_statement(self, it);
        self.tests.pop();
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        // `str({ default: "…" })`
        let is_default = it.key.is_specific_static_name("default");
        if is_default && self.names.take_from(&["convict", "envalid"]) {
            self.fall_back(&it.value, &[], None);
        }
        walk::walk_object_property(self, it);
    }

    fn visit_binding_property(&mut self, it: &BindingProperty<'a>) {
        if let BindingPattern::AssignmentPattern(pattern) = &it.value {
            let key = it.key.static_name();
            let key = key.filter(|key| is_variable(key));
            let variable = key.map(|key| named(&key, it.key.span()));
            self.fall_back(&pattern.right, &[], variable);
        }
        walk::walk_binding_property(self, it);
    }

    fn visit_assignment_pattern(&mut self, it: &AssignmentPattern<'a>) {
        self.fall_back(&it.right, &[], None);
        walk::walk_assignment_pattern(self, it);
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        if let Some(default) = &it.initializer {
            self.fall_back(default, &[], None);
        }
        walk::walk_formal_parameter(self, it);
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        if it.value.starts_with("postgres") {
            let text = Text::of(it);
            if text.postgres().is_some() {
                self.facts.connections.push(text);
            }
        }
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        if let Value::Literal(text) = self.names.template(it)
            && text.postgres().is_some()
        {
            self.facts.connections.push(text);
        }
        walk::walk_template_literal(self, it);
    }
}

/// Whether a function of that name gives the value of a setting, or else its second argument.
fn reads_settings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_setter = ["set", "stub", "put", "add", "define"]
        .iter()
        .any(|word| name.starts_with(word));
    !is_setter
        && ["get", "env", "opt", "read", "config"]
            .iter()
            .any(|word| name.contains(word))
}
