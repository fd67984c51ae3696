//! What the names of a program stand for, scope by scope, as far as its text tells.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::{
    AssignmentExpression, AssignmentOperator, AssignmentTarget, BindingPattern, CallExpression,
    Class, Expression, FormalParameter, Function, ImportDeclaration, MemberExpression, Program,
    PropertyKey, TSEnumDeclaration, TSType, TSTypeAnnotation, TSTypeName, TaggedTemplateExpression,
    VariableDeclaration,
};
use oxc_ast_visit::Visit;

use crate::parse::typescript::syntax::{imported, module_of, name_of, properties, required_by};

/// The number of a scope; that of the program is 0.
pub(super) type Scope = usize;

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum Meaning<'a> {
    /// A constant.
    Constant(&'a Expression<'a>),
    /// What may be given another value, with its first one; see [`Names::assigned`].
    Variable(Option<&'a Expression<'a>>),
    Function(&'a Function<'a>),
    Class(Scope),
    Enum(&'a TSEnumDeclaration<'a>),
    /// What a package or another file exports by a name; `default` and `*` are such names.
    Imported {
        from: &'a str,
        name: &'a str,
    },
    /// Something of a type by that name.
    Typed(&'a str),
    Unknown,
}

/// A value that a variable is given later.
#[derive(Clone, Copy)]
pub(super) struct Assigned<'a> {
    pub(super) value: &'a Expression<'a>,
    pub(super) scope: Scope,
    /// Whether it is added to what the variable held.
    pub(super) is_added: bool,
}

/// Something that may make or run SQL.
#[derive(Clone, Copy)]
pub(super) enum Candidate<'a> {
    Tagged(&'a TaggedTemplateExpression<'a>),
    Call(&'a CallExpression<'a>),
}

#[derive(Default)]
struct Level<'a> {
    above: Scope,
    names: HashMap<&'a str, Meaning<'a>>,
    class: Option<OfClass<'a>>,
}

/// What a class has.
struct OfClass<'a> {
    heritage: Option<&'a Expression<'a>>,
    members: HashMap<&'a str, Meaning<'a>>,
}

/// The names of a program, and what in it may be SQL.
#[derive(Default)]
pub(super) struct Names<'a> {
    levels: Vec<Level<'a>>,
    open: Vec<Scope>,
    /// What gives the first parameters of functions, by where those begin: `sql` of `sql.begin((tx) => …)`.
    given: HashMap<u32, &'a Expression<'a>>,
    /// The scopes of functions, by where they begin.
    functions: HashMap<u32, Scope>,
    /// Where names begin that were given a meaning already.
    told: HashSet<u32>,
    assignments: Vec<(Scope, &'a AssignmentExpression<'a>)>,
    assigned: HashMap<Scope, HashMap<&'a str, Vec<Assigned<'a>>>>,
    /// The members of anything that are given values.
    assigned_members: HashSet<&'a str>,
    /// What `exports.name = value` and `module.exports = { name: value }` give to other files, with the scopes of
    /// the values.
    exported: Vec<(&'a str, Scope, &'a Expression<'a>)>,
    /// The packages and files that are imported or required.
    pub(super) packages: Vec<&'a str>,
    /// With their scopes, in the order of the text, the outer before what stands in it.
    pub(super) candidates: Vec<(Scope, Candidate<'a>)>,
}

impl<'a> Names<'a> {
    pub(super) fn of(program: &Program<'a>) -> Self {
        let mut names = Self::default();
        names.visit_program(program);
        for (scope, assignment) in std::mem::take(&mut names.assignments) {
            names.add_assignment(scope, assignment);
        }
        names
    }

    /// What a name stands for, and the scope that says so.
    pub(super) fn meaning(&self, scope: Scope, name: &str) -> Option<(Scope, Meaning<'a>)> {
        let mut scope = scope;
        loop {
            let level = self.levels.get(scope)?;
            if let Some(meaning) = level.names.get(name) {
                return Some((scope, *meaning));
            }
            if scope == 0 {
                return None;
            }
            scope = level.above;
        }
    }

    /// The names that the program itself gives a meaning, in no order.
    pub(super) fn of_program(&self) -> impl Iterator<Item = &'a str> {
        let program = self.levels.first();
        program
            .into_iter()
            .flat_map(|level| level.names.keys().copied())
    }

    /// What the program gives to other files by assignments: names, and values with their scopes.
    pub(super) fn exported(&self) -> &[(&'a str, Scope, &'a Expression<'a>)] {
        &self.exported
    }

    /// The class that `this` is of, if a class stands around a scope.
    pub(super) fn class_around(&self, scope: Scope) -> Option<Scope> {
        let mut scope = scope;
        loop {
            let level = self.levels.get(scope)?;
            if level.class.is_some() {
                return Some(scope);
            }
            if scope == 0 {
                return None;
            }
            scope = level.above;
        }
    }

    /// What a member of a class stands for.
    pub(super) fn member(&self, class: Scope, name: &str) -> Option<Meaning<'a>> {
        let class = self.levels.get(class)?.class.as_ref()?;
        class.members.get(name).copied()
    }

    /// Whether a member of that name is given a value somewhere.
    pub(super) fn is_assigned_member(&self, name: &str) -> bool {
        self.assigned_members.contains(name)
    }

    /// What a class extends.
    pub(super) fn heritage(&self, class: Scope) -> Option<&'a Expression<'a>> {
        self.levels.get(class)?.class.as_ref()?.heritage
    }

    /// The values that a variable is given later, in the order of the text.
    pub(super) fn assigned(&self, scope: Scope, name: &str) -> &[Assigned<'a>] {
        let values = self.assigned.get(&scope).and_then(|of| of.get(name));
        values.map_or(&[], Vec::as_slice)
    }

    /// The scope of the function that begins at a place.
    pub(super) fn function_scope(&self, start: u32) -> Option<Scope> {
        self.functions.get(&start).copied()
    }

    fn scope(&self) -> Scope {
        self.open.last().copied().unwrap_or_default()
    }

    fn open(&mut self) -> Scope {
        let number = self.levels.len();
        self.levels.push(Level {
            above: self.scope(),
            ..Level::default()
        });
        self.open.push(number);
        number
    }

    /// What is given twice may mean either.
    fn add(&mut self, scope: Scope, name: &'a str, meaning: Meaning<'a>) {
        let names = &mut self.levels[scope].names;
        names
            .entry(name)
            .and_modify(|known| *known = Meaning::Unknown)
            .or_insert(meaning);
    }

    fn add_variables(&mut self, declaration: &'a VariableDeclaration<'a>) {
        let scope = self.scope();
        for variable in &declaration.declarations {
            let value = variable.init.as_ref();
            match &variable.id {
                BindingPattern::BindingIdentifier(name) => {
                    self.told.insert(name.span.start);
                    let typed = variable.type_annotation.as_deref().and_then(type_name);
                    let meaning = match value {
                        Some(value) if declaration.kind.is_const() => Meaning::Constant(value),
                        None if typed.is_some() => Meaning::Typed(typed.unwrap_or_default()),
                        value => Meaning::Variable(value),
                    };
                    self.add(scope, name.name.as_str(), meaning);
                }
                // `const { Pool } = require("pg")`: what comes of it is of that package.
                other => {
                    let from = value.and_then(required);
                    for name in other.get_binding_identifiers() {
                        if let Some(from) = from {
                            self.told.insert(name.span.start);
                            let name = name.name.as_str();
                            self.add(scope, name, Meaning::Imported { from, name });
                        }
                    }
                }
            }
        }
    }

    fn add_imports(&mut self, import: &'a ImportDeclaration<'a>) {
        let from = import.source.value.as_str();
        self.packages.push(from);
        let scope = self.scope();
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = imported(specifier);
            self.told.insert(local.span.start);
            self.add(scope, local.name.as_str(), Meaning::Imported { from, name });
        }
    }

    fn add_parameter(&mut self, parameter: &'a FormalParameter<'a>) {
        let BindingPattern::BindingIdentifier(name) = &parameter.pattern else {
            return;
        };
        let typed = parameter.type_annotation.as_deref().and_then(type_name);
        let given = self.given.get(&name.span.start).copied();
        let meaning = match (typed, given) {
            (Some(typed), _) => Meaning::Typed(typed),
            (None, Some(client)) => Meaning::Constant(client),
            (None, None) => Meaning::Unknown,
        };
        self.told.insert(name.span.start);
        let (scope, name) = (self.scope(), name.name.as_str());
        self.add(scope, name, meaning);
        if parameter.accessibility.is_some() || parameter.readonly {
            self.add_member(name, meaning);
        }
    }

    fn add_member(&mut self, name: &'a str, meaning: Meaning<'a>) {
        if let Some(class) = self.class_around(self.scope())
            && let Some(class) = &mut self.levels[class].class
        {
            let members = class.members.entry(name);
            members
                .and_modify(|known| *known = Meaning::Unknown)
                .or_insert(meaning);
        }
    }

    fn add_class(&mut self, class: &'a Class<'a>) {
        let outer = self.scope();
        let number = self.open();
        let heritage = class.heritage.as_ref();
        self.levels[number].class = Some(OfClass {
            heritage: heritage.map(|it| &it.expression),
            members: HashMap::new(),
        });
        if let Some(name) = &class.id {
            self.told.insert(name.span.start);
            self.add(outer, name.name.as_str(), Meaning::Class(number));
        }
    }

    fn add_function(&mut self, function: &'a Function<'a>) {
        if let Some(name) = &function.id {
            self.told.insert(name.span.start);
            if function.body.is_some() {
                let scope = self.scope();
                self.add(scope, name.name.as_str(), Meaning::Function(function));
            }
        }
        let number = self.open();
        self.functions.insert(function.span.start, number);
    }

    fn add_assignment(&mut self, scope: Scope, assignment: &'a AssignmentExpression<'a>) {
        let is_added = match assignment.operator {
            AssignmentOperator::Assign => false,
            AssignmentOperator::Addition => true,
            _ => return,
        };
        if let Some(member) = assignment.left.as_member_expression() {
            self.add_exported(scope, member, &assignment.right);
        }
        if let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left
            && let Some((of, Meaning::Variable(_))) = self.meaning(scope, name.name.as_str())
        {
            let values = self.assigned.entry(of).or_default();
            values
                .entry(name.name.as_str())
                .or_default()
                .push(Assigned {
                    value: &assignment.right,
                    scope,
                    is_added,
                });
        }
    }

    fn add_exported(
        &mut self,
        scope: Scope,
        member: &'a MemberExpression<'a>,
        value: &'a Expression<'a>,
    ) {
        let is_exports = |of: &Expression<'_>| match of.get_inner_expression() {
            Expression::Identifier(name) => name.name == "exports",
            other => other.as_member_expression().is_some_and(is_module_exports),
        };
        if is_module_exports(member) {
            if let Expression::ObjectExpression(object) = value.get_inner_expression() {
                let given = properties(object).filter_map(|property| {
                    let PropertyKey::StaticIdentifier(key) = &property.key else {
                        return None;
                    };
                    Some((key.name.as_str(), scope, &property.value))
                });
                self.exported.extend(given);
            }
        } else if is_exports(member.object())
            && let Some(name) = name_of(member)
        {
            self.exported.push((name, scope, value));
        }
    }
}

/// Whether an expression is `module.exports`.
fn is_module_exports(member: &MemberExpression<'_>) -> bool {
    let of = member.object().get_inner_expression();
    name_of(member) == Some("exports")
        && matches!(of, Expression::Identifier(name) if name.name == "module")
}

impl<'a> Visit<'a> for Names<'a> {
    fn enter_node(&mut self, node: AstKind<'a>) {
        match node {
            _ if is_block(node) => {
                self.open();
            }
            AstKind::ArrowFunctionExpression(arrow) => {
                let number = self.open();
                self.functions.insert(arrow.span.start, number);
            }
            AstKind::Function(function) => self.add_function(function),
            AstKind::Class(class) => self.add_class(class),
            AstKind::VariableDeclaration(declaration) => self.add_variables(declaration),
            AstKind::ImportDeclaration(import) => self.add_imports(import),
            AstKind::FormalParameter(parameter) => self.add_parameter(parameter),
            AstKind::TSEnumDeclaration(declared) => {
                self.told.insert(declared.id.span.start);
                let scope = self.scope();
                self.add(scope, declared.id.name.as_str(), Meaning::Enum(declared));
            }
            AstKind::BindingIdentifier(name) if !self.told.contains(&name.span.start) => {
                let scope = self.scope();
                self.add(scope, name.name.as_str(), Meaning::Unknown);
            }
            AstKind::PropertyDefinition(property) => {
                if let Some(name) = static_key(&property.key) {
                    let typed = property.type_annotation.as_deref().and_then(type_name);
                    let meaning = match (&property.value, typed) {
                        (Some(value), _) => Meaning::Constant(value),
                        (None, Some(typed)) => Meaning::Typed(typed),
                        (None, None) => Meaning::Unknown,
                    };
                    self.add_member(name, meaning);
                }
            }
            AstKind::MethodDefinition(method) => {
                if let Some(name) = static_key(&method.key)
                    && method.value.body.is_some()
                {
                    self.add_member(name, Meaning::Function(&method.value));
                }
            }
            AstKind::AssignmentExpression(assignment) => {
                let scope = self.scope();
                if let Some(member) = assignment.left.as_member_expression()
                    && let Some(name) = member.static_property_name()
                {
                    self.assigned_members.insert(name);
                }
                self.assignments.push((scope, assignment));
            }
            AstKind::TaggedTemplateExpression(tagged) => {
                let scope = self.scope();
                self.candidates.push((scope, Candidate::Tagged(tagged)));
            }
            AstKind::CallExpression(call) => {
                let scope = self.scope();
                self.packages.extend(required_by(call));
                self.given.extend(given_in_transaction(call));
                self.candidates.push((scope, Candidate::Call(call)));
            }
            _ => {}
        }
    }

    fn leave_node(&mut self, node: AstKind<'a>) {
        let is_other = matches!(
            node,
            AstKind::ArrowFunctionExpression(_) | AstKind::Function(_) | AstKind::Class(_)
        );
        if is_other || is_block(node) {
            self.open.pop();
        }
    }
}

/// Whether names are bound in a node for it alone, which is neither a function nor a class.
fn is_block(node: AstKind<'_>) -> bool {
    matches!(
        node,
        AstKind::Program(_)
            | AstKind::BlockStatement(_)
            | AstKind::ForStatement(_)
            | AstKind::ForInStatement(_)
            | AstKind::ForOfStatement(_)
            | AstKind::SwitchStatement(_)
            | AstKind::CatchClause(_)
            | AstKind::StaticBlock(_)
            | AstKind::TSModuleBlock(_)
    )
}

/// Where the first parameter of a function begins that is run in a transaction, and the client that gives it
/// what it is: another client of the same database.
fn given_in_transaction<'a>(call: &'a CallExpression<'a>) -> Option<(u32, &'a Expression<'a>)> {
    let member = call.callee.get_inner_expression().as_member_expression()?;
    if !matches!(name_of(member)?, "begin" | "savepoint" | "transaction") {
        return None;
    }
    let last = call.arguments.last()?.as_expression()?;
    let parameters = match last.get_inner_expression() {
        Expression::ArrowFunctionExpression(arrow) => &arrow.params,
        Expression::FunctionExpression(function) => &function.params,
        _ => return None,
    };
    let BindingPattern::BindingIdentifier(name) = &parameters.items.first()?.pattern else {
        return None;
    };
    let client = member.object();
    // A name that is given itself would stand for nothing.
    let is_itself =
        matches!(client.get_inner_expression(), Expression::Identifier(it) if it.name == name.name);
    (!is_itself).then_some((name.span.start, client))
}

fn static_key<'a>(key: &PropertyKey<'a>) -> Option<&'a str> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::PrivateIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::StringLiteral(name) => Some(name.value.as_str()),
        _ => None,
    }
}

/// The name of a type, `Pool` of `pg.Pool`'s package `pg`.
fn type_name<'a>(annotation: &TSTypeAnnotation<'a>) -> Option<&'a str> {
    let TSType::TSTypeReference(reference) = &annotation.type_annotation else {
        return None;
    };
    let mut name = &reference.type_name;
    loop {
        match name {
            TSTypeName::IdentifierReference(it) => return Some(it.name.as_str()),
            TSTypeName::QualifiedName(it) => name = &it.left,
            TSTypeName::ThisExpression(_) => return None,
        }
    }
}

/// What an expression requires, or takes of what it requires: `pg` of `require("pg").Pool`.
pub(super) fn required<'a>(expression: &Expression<'a>) -> Option<&'a str> {
    let member = || expression.get_inner_expression().as_member_expression();
    module_of(expression).or_else(|| required(member()?.object()))
}
