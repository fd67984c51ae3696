//! How a program reads the variables of its environment: by names that hold it, by functions that look it up, by
//! a service of configuration.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    Argument, AssignmentPattern, BindingPattern, CallExpression, ChainElement,
    ConditionalExpression, Declaration, Expression, FormalParameter, FormalParameters,
    ImportDeclaration, LogicalExpression, LogicalOperator, MemberExpression, Program, TSType,
    TSTypeName, VariableDeclaration, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};

use super::syntax::{first_of, imported, last_name, member_of, named, text_of};
use crate::source::At;

/// Whether a name has the shape of a variable of the environment, so that it can hardly be anything else.
pub(super) fn is_variable(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|letter: char| letter.is_ascii_uppercase()) && name.bytes().all(is_fit)
}

/// The words of a name in camel case or with underscores, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        let begins = letter.is_uppercase() && was_lower || !letter.is_alphanumeric();
        if begins {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

fn is_about_environment(word: &str) -> bool {
    ["env", "envs", "environment"].contains(&word)
}

/// Whether a function of that name gives the variable that its first argument names.
fn is_getter(name: &str) -> bool {
    const OTHERS: [&str; 12] = [
        "clear", "delete", "has", "is", "mock", "remove", "reset", "restore", "set", "stub",
        "unset", "with",
    ];
    let words = words_of(name);
    let is_one = |name: &str| words.iter().any(|word| word == name);
    // An environment may also be where something is deployed.
    let is_about_variables = is_one("env") || is_one("environment") && is_one("variable");
    is_about_variables && !words.iter().any(|word| OTHERS.contains(&word.as_str()))
}

/// Whether `get` of an expression gives what is configured.
fn is_config(expression: &Expression<'_>) -> bool {
    let is_one = |word: &String| is_about_environment(word) || word == "config" || word == "conf";
    if let Expression::CallExpression(call) = expression.get_inner_expression() {
        return first_of(&call.arguments).and_then(last_name) == Some("ConfigService");
    }
    last_name(expression).is_some_and(|name| words_of(name).iter().any(is_one))
}

/// What the names of a file have to do with its environment.
#[derive(Default)]
pub(super) struct Variables {
    /// Names that hold the environment, or what a schema has made of it.
    environments: HashSet<String>,
    /// Functions that read the variable which the parameter of that number names.
    getters: HashMap<String, usize>,
    /// Texts and numbers that constants hold; `None` for a name that is given to several things.
    constants: HashMap<String, Option<At<String>>>,
    /// Names that hold a `ConfigService`, by their type.
    configs: HashSet<String>,
    /// Names that stand for what is not set, with the variable that is.
    defaults: HashMap<String, Option<String>>,
}

impl<'a> Visit<'a> for Variables {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let is_process = ["process", "node:process"].contains(&import.source.value.as_str());
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = imported(specifier);
            if is_process && name == "env" {
                self.environments.insert(local.name.to_string());
            }
        }
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        if !declaration.kind.is_const() {
            let names = declaration.declarations.iter().map(|declared| &declared.id);
            for name in names.filter_map(BindingPattern::get_identifier_name) {
                self.constants.insert(name.to_string(), None);
            }
        }
        walk::walk_variable_declaration(self, declaration);
    }

    fn visit_variable_declarator(&mut self, declared: &VariableDeclarator<'a>) {
        if let (BindingPattern::BindingIdentifier(name), Some(value)) =
            (&declared.id, &declared.init)
        {
            if self.makes_environment(value) {
                self.environments.insert(name.name.to_string());
            }
            let known = match value.get_inner_expression() {
                Expression::NumericLiteral(number) => {
                    number.raw.map(|raw| named(&raw, number.span))
                }
                _ => text_of(value),
            };
            self.constants
                .entry(name.name.to_string())
                .and_modify(|constant| *constant = None)
                .or_insert(known);
            if let Expression::ArrowFunctionExpression(function) = value.get_inner_expression() {
                self.add_getter(&name.name, &function.params, |keys| {
                    keys.visit_arrow_function_body(&function.body);
                });
            }
        }
        walk::walk_variable_declarator(self, declared);
    }

    fn visit_declaration(&mut self, declaration: &Declaration<'a>) {
        if let Declaration::FunctionDeclaration(function) = declaration
            && let (Some(name), Some(body)) = (&function.id, &function.body)
        {
            self.add_getter(&name.name, &function.params, |keys| {
                keys.visit_function_body(body);
            });
        }
        walk::walk_declaration(self, declaration);
    }

    fn visit_logical_expression(&mut self, logical: &LogicalExpression<'a>) {
        if logical.operator != LogicalOperator::And {
            self.add_default(&logical.right, self.variable_in(&logical.left));
        }
        walk::walk_logical_expression(self, logical);
    }

    fn visit_conditional_expression(&mut self, choice: &ConditionalExpression<'a>) {
        let (one, other) = (&choice.consequent, &choice.alternate);
        self.add_default(one, self.variable_in(other));
        self.add_default(other, self.variable_in(one));
        walk::walk_conditional_expression(self, choice);
    }

    fn visit_assignment_pattern(&mut self, pattern: &AssignmentPattern<'a>) {
        self.add_default(&pattern.right, None);
        walk::walk_assignment_pattern(self, pattern);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        if let Some(value) = &parameter.initializer {
            self.add_default(value, None);
        }
        let holds_config = parameter.type_annotation.as_ref().is_some_and(|it| {
            matches!(&it.type_annotation, TSType::TSTypeReference(of)
                if matches!(&of.type_name, TSTypeName::IdentifierReference(name) if name.name == "ConfigService"))
        });
        if let Some(name) = parameter
            .pattern
            .get_identifier_name()
            .filter(|_| holds_config)
        {
            self.configs.insert(name.to_string());
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(variable) = self.variable_of_call(call) {
            for value in call
                .arguments
                .iter()
                .skip(1)
                .filter_map(Argument::as_expression)
            {
                self.add_default(value, Some(variable.value.clone()));
            }
        }
        walk::walk_call_expression(self, call);
    }
}

impl Variables {
    pub(super) fn of(program: &Program<'_>) -> Self {
        let mut variables = Self::default();
        variables.visit_program(program);
        variables
    }

    /// The variable that stands behind what a name stands in for; `None` where none is known, nothing where
    /// the name stands in for nothing.
    pub(super) fn behind_default(&self, name: &str) -> Option<&Option<String>> {
        self.defaults.get(name)
    }

    /// Whether an expression is the environment itself.
    fn is_environment(&self, expression: &Expression<'_>) -> bool {
        let expression = expression.get_inner_expression();
        if let Expression::Identifier(name) = expression {
            return name.name == "env" || self.environments.contains(name.name.as_str());
        }
        member_of(expression).is_some_and(|member| {
            let of = member.object().get_inner_expression();
            let is_meta = matches!(of, Expression::ImportMeta(_));
            let is_holder = ["process", "Bun", "Deno", "this"];
            let is_this = matches!(of, Expression::ThisExpression(_));
            let is_known =
                is_meta || is_this || last_name(of).is_some_and(|name| is_holder.contains(&name));
            member.static_property_name() == Some("env") && is_known
        })
    }

    /// Whether a value is the environment, or what a schema makes of it.
    pub(super) fn makes_environment(&self, value: &Expression<'_>) -> bool {
        match value.get_inner_expression() {
            Expression::AwaitExpression(awaited) => self.makes_environment(&awaited.argument),
            Expression::CallExpression(call) => {
                let mut arguments = call.arguments.iter().filter_map(Argument::as_expression);
                let name = last_name(&call.callee).unwrap_or_default();
                name == "createEnv" || arguments.any(|argument| self.is_environment(argument))
            }
            _ => self.is_environment(value),
        }
    }

    /// The variable that an expression reads, which stands where its name does: `process.env.X`,
    /// `process.env["X"]`, `env.X`, `import.meta.env.X`, `Deno.env.get("X")`, `config.get("X")`,
    /// `requireEnv("X")`.
    pub(super) fn variable_of(&self, expression: &Expression<'_>) -> Option<At<String>> {
        match expression.get_inner_expression() {
            Expression::CallExpression(call) => self.variable_of_call(call),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.variable_of_call(call),
                other => self.variable_of_member(other.member_expression()?),
            },
            other => self.variable_of_member(other.as_member_expression()?),
        }
    }

    pub(super) fn variable_of_member(&self, member: &MemberExpression<'_>) -> Option<At<String>> {
        if !self.is_environment(member.object()) {
            return None;
        }
        let variable = if let MemberExpression::ComputedMemberExpression(computed) = member {
            let known = text_of(&computed.expression);
            known.or_else(|| self.constant(&computed.expression))?
        } else {
            let (place, name) = member.static_property_info()?;
            named(name, place)
        };
        is_variable(&variable.value).then_some(variable)
    }

    pub(super) fn variable_of_call(&self, call: &CallExpression<'_>) -> Option<At<String>> {
        let name = last_name(&call.callee)?;
        let number = match call.callee.get_inner_expression() {
            Expression::Identifier(_) => self.getters.get(name).copied(),
            _ => None,
        };
        let gets = || match member_of(&call.callee) {
            Some(member) if ["get", "getOrThrow"].contains(&name) => {
                is_config(member.object())
                    || last_name(member.object()).is_some_and(|name| self.configs.contains(name))
            }
            _ => is_getter(name),
        };
        let number = number.or_else(|| gets().then_some(0))?;
        let argument = call.arguments.get(number)?.as_expression()?;
        let variable = text_of(argument).or_else(|| self.constant(argument))?;
        is_variable(&variable.value).then_some(variable)
    }

    /// The first variable that one of several values is taken from.
    pub(super) fn variable_in(&self, expression: &Expression<'_>) -> Option<String> {
        match expression.get_inner_expression() {
            Expression::LogicalExpression(logical) => self
                .variable_in(&logical.left)
                .or_else(|| self.variable_in(&logical.right)),
            other => Some(self.variable_of(other)?.value),
        }
    }

    /// The text or the number of a constant.
    pub(super) fn constant(&self, expression: &Expression<'_>) -> Option<At<String>> {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.constants.get(name.name.as_str())?.clone(),
            _ => None,
        }
    }

    fn add_default(&mut self, value: &Expression<'_>, variable: Option<String>) {
        if let Expression::Identifier(name) = value.get_inner_expression() {
            let known = self.defaults.entry(name.name.to_string()).or_default();
            *known = known.take().or(variable);
        }
    }

    /// Keeps a function that reads the variable which a parameter names.
    fn add_getter(
        &mut self,
        name: &str,
        parameters: &FormalParameters<'_>,
        visit: impl FnOnce(&mut Keys<'_>),
    ) {
        let names = parameters
            .items
            .iter()
            .map(|parameter| match &parameter.pattern {
                BindingPattern::BindingIdentifier(name) => name.name.as_str(),
                _ => "",
            });
        let mut keys = Keys {
            variables: self,
            names: HashSet::new(),
        };
        visit(&mut keys);
        let read = keys.names;
        if let Some(number) = names.into_iter().position(|name| read.contains(name)) {
            self.getters.insert(name.to_owned(), number);
        }
    }
}

/// The names by which a function looks up the environment: `name` of `process.env[name]`.
struct Keys<'s> {
    variables: &'s Variables,
    names: HashSet<String>,
}

impl<'a> Visit<'a> for Keys<'_> {
    fn visit_member_expression(&mut self, member: &MemberExpression<'a>) {
        if let MemberExpression::ComputedMemberExpression(computed) = member
            && let Expression::Identifier(name) = computed.expression.get_inner_expression()
            && self.variables.is_environment(&computed.object)
        {
            self.names.insert(name.name.to_string());
        }
        walk::walk_member_expression(self, member);
    }
}
