//! What a program takes from other files: imports, exports again, `import()`, `require()`; and what it has that
//! others may take from it to reach its database.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    BindingPattern, CallExpression, Class, ExportAllDeclaration, ExportFromDeclaration, Expression,
    ImportDeclaration, ImportDeclarationSpecifier, ImportExpression, MemberExpression,
    ModuleExportName, NewExpression, Program, PropertyKey, StringLiteral,
    TSExternalModuleReference, TSImportType, TSImportTypeQualifier, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::SourceCode;
use super::syntax::{first_of, inside, is_require, named, text_of};
use crate::source::At;

/// One import, export from elsewhere, `import(…)` or `require(…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module specifier, without its quotes.
    pub specifier: At<String>,
    /// What is taken, by the names that the other file gives it, a default by the name that it gets here; empty
    /// where everything is, or nothing.
    pub names: Vec<At<String>>,
    /// Whether nothing but types is taken.
    pub is_type: bool,
    /// Whether it is given on to others, by the same names or by further ones.
    pub is_exported: bool,
}

/// Reads what a program imports.
pub(super) fn read(_text: &str, program: &Program<'_>, facts: &mut SourceCode) {
    let mut reader = Reader {
        taken: HashMap::new(),
        client_names: HashSet::from(["PrismaClient".to_owned()]),
        made_in: Vec::new(),
        facts,
    };
    reader.visit_program(program);
    facts.imports.sort_by_key(|import| import.specifier.span);
}

struct Reader<'f> {
    /// What is taken of the modules that `import()` and `require()` give, by where those calls begin.
    taken: HashMap<u32, Vec<At<String>>>,
    /// What the class of Prisma is called here.
    client_names: HashSet<String>,
    /// The variables that what is being read becomes the value of, the innermost last.
    made_in: Vec<At<String>>,
    facts: &'f mut SourceCode,
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let specifiers = import.specifiers.iter().flatten();
        let mut names = Vec::new();
        let mut are_types = specifiers.clone().next().is_some();
        for specifier in specifiers {
            match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(part) => {
                    are_types &= part.import_kind.is_type();
                    if part.imported.name() == "PrismaClient" {
                        self.client_names.insert(part.local.name.to_string());
                    }
                    names.push(name_of(&part.imported));
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => {
                    are_types = false;
                    names.push(named(&default.local.name, default.local.span));
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => are_types = false,
            }
        }
        let is_type = import.import_kind.is_type() || are_types;
        self.add(&import.source, names, is_type);
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        let specifiers = export.specifiers.iter();
        let names = specifiers.clone().map(|named| name_of(&named.local));
        let are_types = !export.specifiers.is_empty()
            && specifiers.clone().all(|named| named.export_kind.is_type());
        let is_type = export.export_kind.is_type() || are_types;
        self.add(&export.source, names.collect(), is_type);
        self.mark_exported();
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        self.add(&export.source, Vec::new(), export.export_kind.is_type());
        self.mark_exported();
    }

    fn visit_ts_external_module_reference(&mut self, module: &TSExternalModuleReference<'a>) {
        self.add(&module.expression, Vec::new(), false);
    }

    fn visit_ts_import_type(&mut self, import: &TSImportType<'a>) {
        let name = match &import.qualifier {
            Some(TSImportTypeQualifier::Identifier(name)) => Some(named(&name.name, name.span)),
            _ => None,
        };
        self.add(&import.source, name.into_iter().collect(), true);
        walk::walk_ts_import_type(self, import);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.add_called(import.span.start, &import.source);
        walk::walk_import_expression(self, import);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(argument) = first_of(&call.arguments).filter(|_| is_require(call)) {
            self.add_called(call.span.start, argument);
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_member_expression(&mut self, member: &MemberExpression<'a>) {
        let object = member.object().get_inner_expression();
        // What is taken of a promise is not what the module has.
        let is_promise = matches!(object, Expression::ImportExpression(_));
        if let Some(start) = called(object).filter(|_| !is_promise)
            && let Some((place, name)) = member.static_property_info()
        {
            let name = named(name, place);
            self.taken.entry(start).or_default().push(name);
        }
        walk::walk_member_expression(self, member);
    }

    fn visit_variable_declarator(&mut self, variable: &VariableDeclarator<'a>) {
        if let BindingPattern::ObjectPattern(pattern) = &variable.id
            && let Some(start) = variable.init.as_ref().and_then(called)
            && pattern.rest.is_none()
        {
            let keys = pattern.properties.iter().filter_map(|it| match &it.key {
                PropertyKey::StaticIdentifier(key) => Some(named(&key.name, key.span)),
                _ => None,
            });
            self.taken.entry(start).or_default().extend(keys);
        }
        let name = match &variable.id {
            BindingPattern::BindingIdentifier(name) => Some(name),
            _ => None,
        };
        let name = name.map(|name| named(&name.name, name.span));
        let depth = self.made_in.len();
        self.made_in.extend(name);
        walk::walk_variable_declarator(self, variable);
        self.made_in.truncate(depth);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let parent = class.heritage.as_ref();
        let extends_client = parent.is_some_and(|parent| self.is_client(&parent.expression));
        if let Some(name) = class.id.as_ref().filter(|_| extends_client) {
            let name = named(&name.name, name.span);
            self.facts.own_clients.push(name);
        }
        walk::walk_class(self, class);
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        if self.is_client(&new.callee)
            && let Some(name) = self.made_in.first()
        {
            self.facts.own_clients.push(name.clone());
        }
        walk::walk_new_expression(self, new);
    }
}

impl Reader<'_> {
    fn add(&mut self, source: &StringLiteral<'_>, names: Vec<At<String>>, is_type: bool) {
        self.facts.imports.push(Import {
            specifier: At::new(source.value.to_string(), inside(source.span)),
            names,
            is_type,
            is_exported: false,
        });
    }

    fn mark_exported(&mut self) {
        if let Some(last) = self.facts.imports.last_mut() {
            last.is_exported = true;
        }
    }

    fn add_called(&mut self, start: u32, source: &Expression<'_>) {
        let Some(specifier) = text_of(source) else {
            return;
        };
        self.facts.imports.push(Import {
            specifier,
            names: self.taken.remove(&start).unwrap_or_default(),
            is_type: false,
            is_exported: false,
        });
    }

    /// Whether an expression is the class of a Prisma client.
    fn is_client(&self, expression: &Expression<'_>) -> bool {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.client_names.contains(name.name.as_str()),
            other => {
                let member = other.as_member_expression();
                let name = member.and_then(MemberExpression::static_property_name);
                name == Some("PrismaClient")
            }
        }
    }
}

fn name_of(name: &ModuleExportName<'_>) -> At<String> {
    named(&name.name(), name.span())
}

/// Where a call begins that gives a module, if an expression is one, awaited or not.
fn called(expression: &Expression<'_>) -> Option<u32> {
    match expression.get_inner_expression() {
        Expression::AwaitExpression(awaited) => called(&awaited.argument),
        Expression::ImportExpression(import) => Some(import.span.start),
        Expression::CallExpression(call) if is_require(call) => Some(call.span.start),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Syntax, parse};

    /// Imports as `specifier: names`, with a mark where nothing but types is taken.
    fn imports(text: &str) -> Vec<String> {
        let parsed = parse(text, Syntax::TypeScript);
        assert!(parsed.problems.is_empty(), "{text}: {:?}", parsed.problems);
        let imports = parsed.facts.imports.iter();
        imports
            .map(|import| {
                assert_eq!(text[import.specifier.span.range()], import.specifier.value);
                let names = import.names.iter();
                let names: Vec<&str> = names
                    .map(|name| {
                        assert_eq!(text[name.span.range()], name.value);
                        name.value.as_str()
                    })
                    .collect();
                let mark = if import.is_type { " (types)" } else { "" };
                format!("{}: {}{mark}", import.specifier.value, names.join(" "))
            })
            .collect()
    }

    #[test]
    fn every_form_of_an_import_is_read_with_its_names() {
        let text = r#"
            import Cask, { Barrel as Tun, type Hop } from "a";
            import * as all from 'b';
            import "c";
            import type { Malt } from "d";
            import { type Yeast } from "e";
            import old = require("f");
            export * from "g";
            export { Mash as Wort } from "h";
            export type { Keg } from "i";
            const { Pump, tap: spout } = require("j");
            const { Still } = await import(`k`);
            const line = (await import("l")).Line;
            const m = require("m").Vat, n: import("n").Mug = load();
            export * as names from "o";
            // import { no } from "no";
            const text = 'import { no } from "no"', other = require(text), p = transform.require("no");
            jest.mock("no");
            import("q").then((it) => it.Coaster);
        "#;
        assert_eq!(
            imports(text),
            [
                "a: Cask Barrel Hop",
                "b: ",
                "c: ",
                "d: Malt (types)",
                "e: Yeast (types)",
                "f: ",
                "g: ",
                "h: Mash",
                "i: Keg (types)",
                "j: Pump tap",
                "k: Still",
                "l: Line",
                "m: Vat",
                "n: Mug (types)",
                "o: ",
                "q: "
            ]
        );
    }

    #[test]
    fn what_is_made_of_a_prisma_client_is_known() {
        let text = "import { PrismaClient as Base } from 'x';\n\
            export class Store extends Base {}\n\
            export const db = globalThis.db ?? new PrismaClient({ adapter }).$extends(e);\n\
            const other = new Map(); class Plain extends Map {}\n\
            export const ns = new prisma.PrismaClient();";
        let parsed = parse(text, Syntax::TypeScript);
        let names = parsed
            .facts
            .own_clients
            .iter()
            .map(|name| name.value.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["Store", "db", "ns"]);
    }
}
