//! The variables of the environment that a program reads, and the URLs of other services that it holds.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentOperator, AssignmentPattern, BinaryExpression,
    BinaryOperator, BindingPattern, CallExpression, ConditionalExpression, Declaration, Expression,
    FormalParameter, FormalParameters, ImportDeclaration, ImportDeclarationSpecifier,
    LogicalExpression, LogicalOperator, MemberExpression, NewExpression, ObjectExpression,
    ObjectProperty, ObjectPropertyKind, Program, PropertyDefinition, PropertyKey, StringLiteral,
    TSType, TSTypeName, TemplateLiteral, UnaryExpression, UnaryOperator, VariableDeclaration,
    VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

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
pub(super) fn read(text: &str, program: &Program<'_>, facts: &mut SourceCode) {
    let mut setting = Setting::default();
    setting.visit_program(program);
    let mut reader = Reader {
        text,
        setting,
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

/// The variable that an expression reads, which stands where its name does: `process.env.X`,
/// `process.env["X"]`, `env.X`, `import.meta.env.X`, `Deno.env.get("X")`, `config.get("X")`,
/// `requireEnv("X")`.
pub(super) fn variable_of(expression: &Expression<'_>) -> Option<At<String>> {
    Setting::default().variable_of(expression)
}

/// Whether a name has the shape of a variable of the environment, so that it can hardly be anything else.
fn is_variable(name: &str) -> bool {
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

/// The last name of an expression: `config` of `this.config`.
fn last_name<'e>(expression: &'e Expression<'_>) -> Option<&'e str> {
    match expression.get_inner_expression() {
        Expression::Identifier(name) => Some(&name.name),
        Expression::ChainExpression(chain) => {
            chain.expression.member_expression()?.static_property_name()
        }
        Expression::PrivateFieldExpression(private) => Some(&private.field.name),
        other => other.as_member_expression()?.static_property_name(),
    }
}

/// Whether `get` of an expression gives what is configured.
fn is_config(expression: &Expression<'_>) -> bool {
    let is_one = |word: &String| is_about_environment(word) || word == "config" || word == "conf";
    if let Expression::CallExpression(call) = expression.get_inner_expression() {
        let argument = call.arguments.first().and_then(Argument::as_expression);
        return argument.and_then(last_name) == Some("ConfigService");
    }
    last_name(expression).is_some_and(|name| words_of(name).iter().any(is_one))
}

fn member_of<'e, 'a>(expression: &'e Expression<'a>) -> Option<&'e MemberExpression<'a>> {
    match expression.get_inner_expression() {
        Expression::ChainExpression(chain) => chain.expression.member_expression(),
        other => other.as_member_expression(),
    }
}

/// What stands between the quotes of a string.
fn inside(string: &StringLiteral<'_>) -> Span {
    let quoted = span(string.span);
    Span::new(quoted.start as usize + 1, quoted.end as usize - 1)
}

fn text_of(expression: &Expression<'_>) -> Option<At<String>> {
    match expression.get_inner_expression() {
        Expression::StringLiteral(string) => Some(At {
            value: string.value.to_string(),
            span: inside(string),
        }),
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            let only = template.quasis.first()?;
            Some(At {
                value: only.value.cooked?.to_string(),
                span: span(only.span),
            })
        }
        _ => None,
    }
}

/// What the names of a file stand for.
#[derive(Default)]
struct Setting {
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

impl<'a> Visit<'a> for Setting {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let is_process = ["process", "node:process"].contains(&import.source.value.as_str());
        for specifier in import.specifiers.iter().flatten() {
            if let ImportDeclarationSpecifier::ImportSpecifier(named) = specifier
                && is_process
                && named.imported.name() == "env"
            {
                self.environments.insert(named.local.name.to_string());
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
                Expression::NumericLiteral(number) => number.raw.map(|raw| At {
                    value: raw.to_string(),
                    span: span(number.span),
                }),
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

impl Setting {
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
    fn makes_environment(&self, value: &Expression<'_>) -> bool {
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

    fn variable_of(&self, expression: &Expression<'_>) -> Option<At<String>> {
        match expression.get_inner_expression() {
            Expression::CallExpression(call) => self.variable_of_call(call),
            Expression::ChainExpression(chain) => match &chain.expression {
                oxc_ast::ast::ChainElement::CallExpression(call) => self.variable_of_call(call),
                other => self.variable_of_member(other.member_expression()?),
            },
            other => self.variable_of_member(other.as_member_expression()?),
        }
    }

    fn variable_of_member(&self, member: &MemberExpression<'_>) -> Option<At<String>> {
        if !self.is_environment(member.object()) {
            return None;
        }
        let variable = if let MemberExpression::ComputedMemberExpression(computed) = member {
            let known = text_of(&computed.expression);
            known.or_else(|| self.constant(&computed.expression))?
        } else {
            let (place, name) = member.static_property_info()?;
            At {
                value: name.to_owned(),
                span: span(place),
            }
        };
        is_variable(&variable.value).then_some(variable)
    }

    fn variable_of_call(&self, call: &CallExpression<'_>) -> Option<At<String>> {
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
    fn variable_in(&self, expression: &Expression<'_>) -> Option<String> {
        match expression.get_inner_expression() {
            Expression::LogicalExpression(logical) => self
                .variable_in(&logical.left)
                .or_else(|| self.variable_in(&logical.right)),
            other => Some(self.variable_of(other)?.value),
        }
    }

    fn constant(&self, expression: &Expression<'_>) -> Option<At<String>> {
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
            setting: self,
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
    setting: &'s Setting,
    names: HashSet<String>,
}

impl<'a> Visit<'a> for Keys<'_> {
    fn visit_member_expression(&mut self, member: &MemberExpression<'a>) {
        if let MemberExpression::ComputedMemberExpression(computed) = member
            && let Expression::Identifier(name) = computed.expression.get_inner_expression()
            && self.setting.is_environment(&computed.object)
        {
            self.names.insert(name.name.to_string());
        }
        walk::walk_member_expression(self, member);
    }
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
    setting: Setting,
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
        let variable = self.setting.variable_of_member(member);
        self.facts.reads.extend(variable);
        walk::walk_member_expression(self, member);
    }

    fn visit_variable_declarator(&mut self, declared: &VariableDeclarator<'a>) {
        let value = declared.init.as_ref();
        if let BindingPattern::ObjectPattern(pattern) = &declared.id
            && value.is_some_and(|value| self.setting.makes_environment(value))
        {
            for property in &pattern.properties {
                let variable = key_of(&property.key);
                let read = variable.filter(|variable| is_variable(&variable.value));
                self.facts.reads.extend(read);
            }
        }
        let role = match &declared.id {
            BindingPattern::BindingIdentifier(name) => {
                self.setting.defaults.get(name.name.as_str()).cloned()
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
        let variable = self.setting.variable_of_call(call);
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
        let first = new.arguments.first().and_then(Argument::as_expression);
        let is_asked = first
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
            let variable = self.setting.variable_in(&logical.left);
            self.as_default(variable, |reader| reader.visit_expression(&logical.right));
        }
    }

    fn visit_conditional_expression(&mut self, choice: &ConditionalExpression<'a>) {
        self.as_mentioned(|reader| reader.visit_expression(&choice.test));
        for (value, other) in [
            (&choice.consequent, &choice.alternate),
            (&choice.alternate, &choice.consequent),
        ] {
            let variable = self.setting.variable_in(other);
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
        pieces.push_text(self.text, inside(string));
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

fn key_of(key: &PropertyKey<'_>) -> Option<At<String>> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(At {
            value: name.name.to_string(),
            span: span(name.span),
        }),
        PropertyKey::StringLiteral(string) => Some(At {
            value: string.value.to_string(),
            span: inside(string),
        }),
        _ => None,
    }
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
            for property in properties(schema) {
                if let Expression::ObjectExpression(part) = property.value.get_inner_expression()
                    && property.key.is_specific_static_name("server")
                {
                    self.add_demanded(part);
                }
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
            Expression::StringLiteral(string) => pieces.push_text(self.text, inside(string)),
            Expression::TemplateLiteral(template) => self.add_template(pieces, template),
            other => pieces.push_hole(self.setting.constant(other), span(other.span())),
        }
    }

    fn add_template(&self, pieces: &mut Pieces, template: &TemplateLiteral<'_>) {
        let mut holes = template.expressions.iter();
        for (number, part) in template.quasis.iter().enumerate() {
            pieces.push_text(self.text, span(part.span));
            if let (Some(hole), Some(next)) = (holes.next(), template.quasis.get(number + 1)) {
                let ends = Span::new(part.span.end as usize, next.span.start as usize);
                pieces.push_hole(self.setting.constant(hole), ends);
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

fn properties<'o, 'a>(
    object: &'o ObjectExpression<'a>,
) -> impl Iterator<Item = &'o ObjectProperty<'a>> {
    object
        .properties
        .iter()
        .filter_map(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => Some(&**property),
            ObjectPropertyKind::SpreadProperty(_) => None,
        })
}

/// What stands for a part of a text that is not known.
const UNKNOWN: char = '\0';

/// A text put together from parts.
#[derive(Default)]
struct Pieces {
    value: String,
    /// Where parts begin in the value, and where they stand; those that are constants stand where they are
    /// put in.
    starts: Vec<(usize, Span, bool)>,
}

impl Pieces {
    fn push_text(&mut self, text: &str, inside: Span) {
        self.starts.push((self.value.len(), inside, true));
        self.value
            .push_str(text.get(inside.range()).unwrap_or_default());
    }

    fn push_hole(&mut self, known: Option<At<String>>, place: Span) {
        self.starts.push((self.value.len(), place, false));
        match known {
            Some(known) => self.value.push_str(&known.value),
            None => self.value.push(UNKNOWN),
        }
    }

    /// Where the part of the value that ends at `end` ends in the file.
    fn end_of(&self, end: usize) -> usize {
        let parts = self.starts.iter().rev();
        let part = parts.into_iter().find(|(start, ..)| *start < end);
        part.map_or(0, |(start, place, is_text)| {
            if *is_text {
                place.start as usize + end - start
            } else {
                place.end as usize
            }
        })
    }

    /// The scheme, host and port that the text begins with, if the host has no dot, and the host and the port.
    fn url(&self) -> Option<(At<String>, String, Option<u16>)> {
        // What begins with a constant stands where that is written.
        let first = self.starts.iter().rfind(|(start, ..)| *start == 0)?;
        if !first.2 {
            return None;
        }
        let behind = ["http://", "https://"]
            .iter()
            .find_map(|scheme| self.value.strip_prefix(scheme))?;
        let start = self.value.len() - behind.len();
        let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let length = behind.bytes().take_while(|&byte| is_of_host(byte)).count();
        let (host, rest) = behind.split_at(length);
        let rest = rest.strip_prefix(':')?;
        if host.is_empty() || host == "localhost" || host.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let follows = rest[digits..].chars().next();
        let is_end = follows.is_none_or(|letter| ['/', '?', '#'].contains(&letter));
        let (end, port) = if digits > 0 && is_end {
            (
                start + length + 1 + digits,
                Some(rest[..digits].parse().ok()?),
            )
        } else if digits == 0 && follows == Some(UNKNOWN) {
            (start + length + 2, None)
        } else {
            return None;
        };
        let from = first.1.start as usize;
        let until = if port.is_some() { end } else { end - 2 };
        let origin = At {
            value: self.value[..until].to_owned(),
            span: Span::new(from, self.end_of(end)),
        };
        Some((origin, host.to_owned(), port))
    }
}

#[cfg(test)]
mod tests;
