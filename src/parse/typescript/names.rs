//! What the names of a program stand for, and what its expressions come to by them.

use std::collections::HashMap;
use std::rc::Rc;

use oxc_ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AssignmentTarget, BinaryOperator,
    BindingIdentifier, BindingPattern, CallExpression, Declaration, Expression, Function,
    FunctionBody, ImportDeclaration, MemberExpression, ObjectExpression, ObjectPropertyKind,
    Program, PropertyDefinition, Statement, TemplateLiteral, VariableDeclaration,
    VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::span;
use super::syntax::{first_of, imported, inside, module_of, named};
use super::value::{Text, Value};
use super::variables::{Variables, is_variable};
use crate::source::Span;

/// The longest string that is put together, in bytes, and the most values that one may be.
const LONGEST: usize = 4_096;
const MOST_CHOICES: usize = 16;

/// What an expression comes to: a value, or an object of such.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Value(Value),
    Object(Object),
}

/// An object literal.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    properties: Vec<(String, Rc<Shape>)>,
    /// Where something unknown was put in last, and how many properties stood before it: it may have
    /// replaced each of them.
    unknown: Option<(Span, usize)>,
}

impl Object {
    /// The value of a property; an unknown one where it may be another.
    pub(super) fn get(&self, name: &str) -> Option<Rc<Shape>> {
        let position = self.properties.iter().rposition(|(key, _)| key == name);
        match (position, self.unknown) {
            (Some(position), Some((span, before))) if position < before => {
                Some(Rc::new(Shape::Value(Value::Unknown(span))))
            }
            (Some(position), _) => Some(Rc::clone(&self.properties[position].1)),
            (None, _) => None,
        }
    }

    /// The values of all properties.
    pub(super) fn values(&self) -> impl Iterator<Item = &Shape> {
        let certain = self.unknown.map_or(0, |(_, before)| before);
        self.properties[certain..].iter().map(|(_, shape)| &**shape)
    }
}

/// Something that another package gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// The package, or the path.
    pub(super) package: String,
    /// Its name there; `default` for the whole.
    pub(super) name: String,
}

/// What the names of a file stand for.
pub(super) struct Names<'t> {
    text: &'t str,
    variables: &'t Variables,
    /// How often a name is given to something; what is given twice may mean either.
    bound: HashMap<String, usize>,
    /// What constants are.
    constants: HashMap<String, Rc<Shape>>,
    /// What functions give.
    functions: HashMap<String, Rc<Shape>>,
    /// What fields of classes are; nothing where several values are put into one.
    fields: HashMap<String, Option<Rc<Shape>>>,
    foreign: HashMap<String, Foreign>,
}

impl<'t> Names<'t> {
    pub(super) fn of(text: &'t str, program: &Program<'_>, variables: &'t Variables) -> Self {
        let mut bound = Bound::default();
        bound.visit_program(program);
        let mut names = Self {
            text,
            variables,
            bound: bound.0,
            constants: HashMap::new(),
            functions: HashMap::new(),
            fields: HashMap::new(),
            foreign: HashMap::new(),
        };
        names.visit_program(program);
        names
    }

    fn is_bound_once(&self, name: &str) -> bool {
        self.bound.get(name) == Some(&1)
    }

    /// Whether anything of one of these packages has a name here.
    pub(super) fn take_from(&self, packages: &[&str]) -> bool {
        let mut foreign = self.foreign.values();
        foreign.any(|foreign| packages.contains(&foreign.package.as_str()))
    }

    /// The text of the file there.
    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// What an expression comes to.
    pub(super) fn shape(&self, expression: &Expression<'_>) -> Rc<Shape> {
        let value = |value| Rc::new(Shape::Value(value));
        if let Some(variable) = self.variables.variable_of(expression) {
            return value(Value::Environment(variable));
        }
        let inner = expression.get_inner_expression();
        let unknown = || value(Value::Unknown(span(inner.span())));
        match inner {
            Expression::StringLiteral(string) => value(Value::Literal(Text::of(string))),
            Expression::TemplateLiteral(template) => value(self.template(template)),
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                let sides = [&sum.left, &sum.right].map(|side| self.value(side));
                value(Self::glued(span(sum.span), &sides))
            }
            Expression::LogicalExpression(logical) => {
                value(self.either(&[&logical.left, &logical.right]))
            }
            Expression::ConditionalExpression(conditional) => {
                value(self.either(&[&conditional.consequent, &conditional.alternate]))
            }
            Expression::Identifier(name) => {
                let constant = self.constants.get(name.name.as_str());
                let constant = constant.filter(|_| self.is_bound_once(&name.name));
                constant.map_or_else(unknown, Rc::clone)
            }
            Expression::ObjectExpression(object) => Rc::new(Shape::Object(self.object(object))),
            Expression::ArrowFunctionExpression(function) => {
                self.returned_by_arrow(function).unwrap_or_else(unknown)
            }
            Expression::FunctionExpression(function) => {
                let body = function.body.as_ref();
                body.and_then(|body| self.returned(body))
                    .unwrap_or_else(unknown)
            }
            Expression::CallExpression(call) => self.text_of_call(call).unwrap_or_else(unknown),
            other => {
                let member = other.as_member_expression();
                member
                    .and_then(|member| self.member(member))
                    .unwrap_or_else(unknown)
            }
        }
    }

    /// What an expression comes to, where that is no object.
    pub(super) fn value(&self, expression: &Expression<'_>) -> Value {
        match &*self.shape(expression) {
            Shape::Value(value) => value.clone(),
            Shape::Object(_) => Value::Unknown(span(expression.span())),
        }
    }

    fn either(&self, sides: &[&Expression<'_>]) -> Value {
        let mut choices = Vec::new();
        for side in sides {
            choices.extend_from_slice(self.value(side).choices());
        }
        choices.truncate(MOST_CHOICES);
        Value::Either(choices)
    }

    /// What a template holds.
    pub(super) fn template(&self, template: &TemplateLiteral<'_>) -> Value {
        let mut parts = Vec::new();
        let mut holes = template.expressions.iter();
        for quasi in &template.quasis {
            let place = span(quasi.span);
            let mut text = Text::at(place);
            let cooked = quasi.value.cooked.as_ref();
            text.push(cooked.map_or("", |cooked| cooked.as_str()), place);
            parts.push(Value::Literal(text));
            parts.extend(holes.next().map(|hole| self.value(hole)));
        }
        Self::glued(inside(template.span), &parts)
    }

    /// Several values behind each other. A variable that only parameters follow is that variable.
    fn glued(whole: Span, parts: &[Value]) -> Value {
        let is_blank =
            |part: &&Value| matches!(part, Value::Literal(text) if text.value.is_empty());
        let parts: Vec<&Value> = parts.iter().filter(|part| !is_blank(part)).collect();
        if let [Value::Environment(variable), rest @ ..] = parts.as_slice() {
            let is_parameter = |part: &&Value| match part {
                Value::Literal(text) => text.value.starts_with(['?', '&']),
                _ => false,
            };
            if rest.first().is_none_or(is_parameter) {
                return Value::Environment(variable.clone());
            }
        }
        let mut text = Text::at(whole);
        for part in parts {
            match part {
                Value::Literal(part) => text.append(part),
                _ => text.push_hole(),
            }
        }
        if text.value.len() > LONGEST {
            return Value::Unknown(whole);
        }
        Value::Literal(text)
    }

    fn object(&self, object: &ObjectExpression<'_>) -> Object {
        let mut found = Object::default();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    if let Some(name) = property.key.static_name() {
                        let shape = self.shape(&property.value);
                        found.properties.push((name.into_owned(), shape));
                    } else {
                        let place = span(property.key.span());
                        found.unknown = Some((place, found.properties.len()));
                    }
                }
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let known = match &*self.shape(&spread.argument) {
                        Shape::Object(known) if known.unknown.is_none() => Some(known.clone()),
                        _ => None,
                    };
                    if let Some(known) = known.filter(|it| it.properties.len() <= LONGEST) {
                        found.properties.extend(known.properties);
                    } else {
                        let place = span(spread.span);
                        found.unknown = Some((place, found.properties.len()));
                    }
                }
            }
        }
        found
    }

    fn member(&self, member: &MemberExpression<'_>) -> Option<Rc<Shape>> {
        let name = member.static_property_name()?;
        match member.object().get_inner_expression() {
            Expression::ThisExpression(_) => self.fields.get(name)?.clone(),
            object => match &*self.shape(object) {
                Shape::Object(object) => object.get(name),
                Shape::Value(_) => None,
            },
        }
    }

    /// What `String(x)`, `x.toString()` and `x.trim()` make of a text, and what a function of the file gives.
    fn text_of_call(&self, call: &CallExpression<'_>) -> Option<Rc<Shape>> {
        let argument = first_of(&call.arguments);
        match call.callee.get_inner_expression() {
            Expression::Identifier(name) if name.name == "String" => Some(self.shape(argument?)),
            Expression::Identifier(name) => {
                let function = self.functions.get(name.name.as_str())?;
                self.is_bound_once(&name.name).then(|| Rc::clone(function))
            }
            callee => {
                let member = callee.as_member_expression()?;
                let is_text = matches!(member.static_property_name()?, "toString" | "trim");
                is_text.then(|| self.shape(member.object()))
            }
        }
    }

    fn returned_by_arrow(&self, function: &ArrowFunctionExpression<'_>) -> Option<Rc<Shape>> {
        match function.body.as_function_body() {
            Some(body) => self.returned(body),
            None => Some(self.shape(function.body.as_expression()?)),
        }
    }

    /// What a function gives that ends with its only `return`.
    fn returned(&self, body: &FunctionBody<'_>) -> Option<Rc<Shape>> {
        let is_plain = |statement: &Statement<'_>| {
            matches!(
                statement,
                Statement::VariableDeclaration(_) | Statement::ExpressionStatement(_)
            )
        };
        let (last, before) = body.statements.split_last()?;
        match last {
            Statement::ReturnStatement(statement) if before.iter().all(is_plain) => {
                Some(self.shape(statement.argument.as_ref()?))
            }
            _ => None,
        }
    }

    /// What an expression stands for that another package gives: `Pool`, `pg.Pool`, `require("pg").Pool`.
    pub(super) fn foreign(&self, expression: &Expression<'_>) -> Option<Foreign> {
        if let Some(package) = module_of(expression) {
            return Some(Foreign {
                package: package.to_owned(),
                name: "default".to_owned(),
            });
        }
        match expression.get_inner_expression() {
            Expression::Identifier(name) => {
                let foreign = self.foreign.get(name.name.as_str());
                foreign.filter(|_| self.is_bound_once(&name.name)).cloned()
            }
            Expression::CallExpression(call) => {
                let made = self.foreign(&call.callee)?;
                (made.package == "pg-promise" && made.name == "default").then(|| Foreign {
                    name: "made".to_owned(),
                    ..made
                })
            }
            other => {
                let member = other.as_member_expression()?;
                let name = member.static_property_name()?;
                let of = self.foreign(member.object())?;
                (of.name == "default").then(|| Foreign {
                    name: name.to_owned(),
                    ..of
                })
            }
        }
    }

    fn learn(&mut self, name: &BindingIdentifier<'_>, init: &Expression<'_>) {
        if let Some(foreign) = self.foreign(init) {
            self.foreign.insert(name.name.to_string(), foreign);
        }
        let shape = self.shape(init);
        let known = match init.get_inner_expression() {
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
                &mut self.functions
            }
            _ => &mut self.constants,
        };
        known.insert(name.name.to_string(), shape);
    }

    fn learn_function(&mut self, function: &Function<'_>) {
        if let (Some(name), Some(body)) = (&function.id, &function.body)
            && let Some(shape) = self.returned(body)
        {
            self.functions.insert(name.name.to_string(), shape);
        }
    }

    /// `const { DATABASE_URL } = process.env`, `const { Pool } = pg`.
    fn learn_pattern(&mut self, declarator: &VariableDeclarator<'_>, init: &Expression<'_>) {
        let BindingPattern::ObjectPattern(pattern) = &declarator.id else {
            return;
        };
        let is_environment = self.variables.makes_environment(init);
        let from = self.foreign(init).filter(|from| from.name == "default");
        for property in &pattern.properties {
            let Some(key) = property.key.static_name() else {
                continue;
            };
            let (name, default) = match &property.value {
                BindingPattern::BindingIdentifier(name) => (name, None),
                BindingPattern::AssignmentPattern(assigned) => match &assigned.left {
                    BindingPattern::BindingIdentifier(name) => (name, Some(&assigned.right)),
                    _ => continue,
                },
                _ => continue,
            };
            if is_environment && is_variable(&key) {
                let variable = Value::Environment(named(&key, property.key.span()));
                let value = match default.map(|default| self.value(default)) {
                    Some(default) => Value::Either(vec![variable, default]),
                    None => variable,
                };
                let shape = Rc::new(Shape::Value(value));
                self.constants.insert(name.name.to_string(), shape);
            } else if let Some(from) = &from {
                let foreign = Foreign {
                    package: from.package.clone(),
                    name: key.into_owned(),
                };
                self.foreign.insert(name.name.to_string(), foreign);
            }
        }
    }
}

impl<'a> Visit<'a> for Names<'_> {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let package = import.source.value.as_str();
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = imported(specifier);
            let name = if name == "*" { "default" } else { name };
            let foreign = Foreign {
                package: package.to_owned(),
                name: name.to_owned(),
            };
            self.foreign.insert(local.name.to_string(), foreign);
        }
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        // What a function holds is known before what stands behind it is asked for.
        walk::walk_variable_declaration(self, declaration);
        for declarator in &declaration.declarations {
            let Some(init) = &declarator.init else {
                continue;
            };
            match &declarator.id {
                BindingPattern::BindingIdentifier(name) if declaration.kind.is_const() => {
                    self.learn(name, init);
                }
                BindingPattern::BindingIdentifier(name) => {
                    if let Some(foreign) = self.foreign(init) {
                        self.foreign.insert(name.name.to_string(), foreign);
                    }
                }
                _ => self.learn_pattern(declarator, init),
            }
        }
    }

    fn visit_statement(&mut self, statement: &Statement<'a>) {
        walk::walk_statement(self, statement);
        if let Statement::FunctionDeclaration(function) = statement {
            self.learn_function(function);
        }
    }

    fn visit_declaration(&mut self, declaration: &Declaration<'a>) {
        walk::walk_declaration(self, declaration);
        if let Declaration::FunctionDeclaration(function) = declaration {
            self.learn_function(function);
        }
    }

    fn visit_property_definition(&mut self, property: &PropertyDefinition<'a>) {
        if let (Some(name), Some(value)) = (property.key.static_name(), &property.value) {
            let shape = self.shape(value);
            let known = self.fields.entry(name.into_owned());
            known.and_modify(|it| *it = None).or_insert(Some(shape));
        }
        walk::walk_property_definition(self, property);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if let Some(name) = field_of(&assignment.left) {
            let shape = self.shape(&assignment.right);
            let known = self.fields.entry(name);
            known.and_modify(|it| *it = None).or_insert(Some(shape));
        }
        walk::walk_assignment_expression(self, assignment);
    }
}

/// The field of `this` that is assigned to.
fn field_of(target: &AssignmentTarget<'_>) -> Option<String> {
    let member = target.as_member_expression()?;
    let is_this = matches!(member.object(), Expression::ThisExpression(_));
    let name = member.static_property_name()?;
    is_this.then(|| name.to_owned())
}

#[derive(Default)]
struct Bound(HashMap<String, usize>);

impl<'a> Visit<'a> for Bound {
    fn visit_binding_identifier(&mut self, name: &BindingIdentifier<'a>) {
        *self.0.entry(name.name.to_string()).or_default() += 1;
    }
}
