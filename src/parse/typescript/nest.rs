//! Modules of Nest: what they provide and what they let others have.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    ArrayExpression, ArrayExpressionElement, BindingPattern, Class, Expression, ObjectExpression,
    Program, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};

use super::SourceCode;
use super::syntax::{first_of, named, property};
use crate::source::At;

/// A class with `@Module({…})`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestModule {
    /// The name of the class.
    pub name: At<String>,
    /// The classes that it exports, by name, also those of its dynamic modules.
    pub exports: Vec<At<String>>,
}

/// A class that extends `PrismaClient` and can be made an object of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrismaClass {
    /// Its name.
    pub name: At<String>,
    /// What it extends, which stands where `PrismaClient` does.
    pub client: At<String>,
}

/// Reads the modules of a program.
pub(super) fn read(_text: &str, program: &Program<'_>, facts: &mut SourceCode) {
    let mut lists = Lists::default();
    lists.visit_program(program);
    Reader {
        lists: lists.0,
        facts,
    }
    .visit_program(program);
}

/// The lists of names that constants hold, each with what it spreads.
#[derive(Default)]
struct Lists(HashMap<String, Vec<Member>>);

/// A member of a list.
enum Member {
    /// A class, by its name.
    Class(At<String>),
    /// All members of the list of that name.
    Spread(String),
}

impl<'a> Visit<'a> for Lists {
    fn visit_variable_declarator(&mut self, declared: &VariableDeclarator<'a>) {
        if let (BindingPattern::BindingIdentifier(name), Some(value)) =
            (&declared.id, &declared.init)
            && let Expression::ArrayExpression(list) = value.get_inner_expression()
        {
            self.0.insert(name.name.to_string(), members_of(list));
        }
        walk::walk_variable_declarator(self, declared);
    }
}

fn members_of(list: &ArrayExpression<'_>) -> Vec<Member> {
    let members = list.elements.iter().filter_map(|element| match element {
        ArrayExpressionElement::SpreadElement(spread) => {
            match spread.argument.get_inner_expression() {
                Expression::Identifier(name) => Some(Member::Spread(name.name.to_string())),
                _ => None,
            }
        }
        other => class_of(other.as_expression()?).map(Member::Class),
    });
    members.collect()
}

/// The class that a member of a list of providers is or provides.
fn class_of(member: &Expression<'_>) -> Option<At<String>> {
    match member.get_inner_expression() {
        Expression::Identifier(name) => Some(named(&name.name, name.span)),
        Expression::ObjectExpression(provider) => ["useClass", "provide", "useExisting"]
            .iter()
            .find_map(|key| class_of(&property(provider, key)?.value)),
        _ => None,
    }
}

struct Reader<'f> {
    lists: HashMap<String, Vec<Member>>,
    facts: &'f mut SourceCode,
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_class(&mut self, class: &Class<'a>) {
        if let Some(name) = &class.id {
            let name = named(&name.name, name.span);
            let parent = class
                .heritage
                .as_ref()
                .map(|parent| parent.expression.get_inner_expression());
            let client = parent.and_then(prisma_client).filter(|_| !class.r#abstract);
            self.facts
                .prisma_classes
                .extend(client.map(|client| PrismaClass {
                    name: name.clone(),
                    client,
                }));
            let module = class.decorators.iter().find_map(|decorator| {
                let Expression::CallExpression(call) = &decorator.expression else {
                    return None;
                };
                let is_module =
                    matches!(&call.callee, Expression::Identifier(name) if name.name == "Module");
                let argument = first_of(&call.arguments)?;
                is_module.then_some(argument.get_inner_expression())
            });
            if let Some(Expression::ObjectExpression(module)) = module {
                let mut exports = Exports {
                    lists: &self.lists,
                    names: Vec::new(),
                    spread: HashSet::new(),
                };
                exports.add_of(module);
                exports.visit_class_body(&class.body);
                let mut exports = exports.names;
                exports.sort_by_key(|name| name.span);
                exports.dedup();
                self.facts.modules.push(NestModule { name, exports });
            }
        }
        walk::walk_class(self, class);
    }
}

/// The word `PrismaClient` of an expression that is it, perhaps of a namespace.
fn prisma_client(parent: &Expression<'_>) -> Option<At<String>> {
    let (place, name) = match parent {
        Expression::Identifier(name) => (name.span, name.name.as_str()),
        other => other.as_member_expression()?.static_property_info()?,
    };
    (name == "PrismaClient").then(|| named(name, place))
}

/// What a module exports.
struct Exports<'l> {
    lists: &'l HashMap<String, Vec<Member>>,
    names: Vec<At<String>>,
    /// The lists that were added.
    spread: HashSet<String>,
}

impl<'a> Visit<'a> for Exports<'_> {
    fn visit_object_expression(&mut self, object: &ObjectExpression<'a>) {
        // What `forRoot` and its kin return.
        if property(object, "module").is_some() {
            self.add_of(object);
        }
        walk::walk_object_expression(self, object);
    }
}

impl Exports<'_> {
    fn add_of(&mut self, module: &ObjectExpression<'_>) {
        let exports =
            property(module, "exports").map(|exports| exports.value.get_inner_expression());
        match exports {
            Some(Expression::ArrayExpression(list)) => self.add(&members_of(list)),
            Some(Expression::Identifier(name)) => self.add_list(&name.name),
            _ => {}
        }
    }

    fn add_list(&mut self, name: &str) {
        let lists = self.lists;
        if let Some(members) = lists.get(name)
            && self.spread.insert(name.to_owned())
        {
            self.add(members);
        }
    }

    fn add(&mut self, members: &[Member]) {
        for member in members {
            match member {
                Member::Class(name) => self.names.push(name.clone()),
                Member::Spread(list) => self.add_list(list),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parse::typescript::{Syntax, parse};

    #[test]
    fn what_modules_export_is_found_through_the_lists_of_the_file() {
        let table: &[(&str, &[&str])] = &[
            (
                "@Module({ providers: [A, B], exports: [A] }) export class M {}",
                &["A"],
            ),
            (
                "const all = [A, ...more];\nconst more = [B];\n@Module({ exports: [...all, C] }) class M {}",
                &["A", "B", "C"],
            ),
            (
                "const all = [A, ...all];\n@Module({ exports: all }) class M {}",
                &["A"],
            ),
            (
                "@Module({ exports: [{ provide: 'loans', useClass: A }, TypeOrmModule.forFeature([B])] }) class M {}",
                &["A"],
            ),
            (
                "@Module({}) class M { static forRoot() { return { module: M, providers: [A], exports: [A] }; } }",
                &["A"],
            ),
            ("@Other({ exports: [A] }) class M {}", &[]),
            (
                "@Module({ providers: [A] }) class M { exports = [A]; }",
                &[],
            ),
        ];
        for (text, expected) in table {
            let facts = parse(text, Syntax::TypeScript).facts;
            let exports = facts.modules.iter().flat_map(|module| &module.exports);
            let names: Vec<&str> = exports.map(|name| name.value.as_str()).collect();
            assert_eq!(&names, expected, "{text}");
        }
    }

    #[test]
    fn classes_that_are_clients_are_found() {
        let text = "class A extends PrismaClient {} class B extends Client {} class C extends db.PrismaClient {}";
        let facts = parse(text, Syntax::TypeScript).facts;
        let names: Vec<&str> = facts
            .prisma_classes
            .iter()
            .map(|it| it.name.value.as_str())
            .collect();
        assert_eq!(names, ["A", "C"]);
    }
}
