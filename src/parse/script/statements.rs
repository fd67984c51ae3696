//! The statements of a file: what it declares, imports and exports.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::lowering::Lowering;
use super::nodes::{has_child, is_broken, is_function, look_through, parts};
use super::{
    Constant, DEEPEST_EXPRESSION, Export, ExportedValue, Expr, ExprKind, Import, Property,
    SYNTAX_ERROR, Script,
};
use crate::source::At;

/// A script in the making.
pub(super) struct Lowered<'t> {
    pub(super) lowering: Lowering<'t>,
    pub(super) script: Script,
}

impl Lowered<'_> {
    pub(super) fn statements(&mut self, root: Node<'_>) {
        let mut left = vec![root];
        while let Some(node) = left.pop() {
            match node.kind() {
                // Whole statements survive inside what could not be read around them.
                "program" | "ERROR" | "ambient_declaration" => {
                    left.extend(parts(node).into_iter().rev());
                    if node.is_error() {
                        self.salvage(node);
                    }
                }
                "export_statement" => self.export(node),
                "import_statement" => self.import(node),
                "expression_statement" => self.effect(node),
                _ => self.declaration(node),
            }
        }
    }

    /// Finds `const name = value` in what could not be read because of what comes after.
    fn salvage(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let (mut name, mut assigned) = (None, false);
        for child in node.children(&mut cursor) {
            match (child.kind(), name) {
                ("const" | "let" | "var", _) => (name, assigned) = (Some(None), false),
                ("identifier", Some(None)) => name = Some(Some(child)),
                ("type_annotation" | "comment", _) => {}
                ("=", Some(Some(_))) => assigned = true,
                (_, Some(Some(named))) if assigned && child.is_named() => {
                    let value = self.lowering.expression(child, DEEPEST_EXPRESSION);
                    self.constant(self.lowering.at(named), value);
                    name = None;
                }
                _ => name = None,
            }
        }
    }

    pub(super) fn constant(&mut self, name: At<String>, value: Expr) {
        self.script.constants.push(Constant { name, value });
    }

    pub(super) fn declaration(&mut self, node: Node<'_>) {
        match node.kind() {
            "lexical_declaration" | "variable_declaration" => {
                for part in parts(node) {
                    if part.kind() == "variable_declarator" {
                        self.declarator(part);
                    }
                }
            }
            "enum_declaration" => self.enumeration(node),
            "function_declaration" | "generator_function_declaration" => {
                self.named(node, self.lowering.function(node));
            }
            "class_declaration" | "abstract_class_declaration" => {
                self.named(node, self.lowering.dynamic(node, "class"));
            }
            _ => {}
        }
    }

    pub(super) fn named(&mut self, node: Node<'_>, value: Expr) {
        if let Some(name) = node.child_by_field_name("name") {
            self.constant(self.lowering.at(name), value);
        }
    }

    fn declarator(&mut self, node: Node<'_>) {
        let name = node.child_by_field_name("name");
        let value = node.child_by_field_name("value");
        let (Some(name), Some(value)) = (name, value) else {
            return;
        };
        if let Some(from) = self.lowering.required(value) {
            self.required(name, &from);
        } else if name.kind() == "identifier" {
            let value = if has_child(node, is_broken) {
                self.lowering.dynamic(value, SYNTAX_ERROR)
            } else if is_function(look_through(value).kind()) {
                self.lowering.function(look_through(value))
            } else {
                self.lowering.expression(value, DEEPEST_EXPRESSION)
            };
            self.constant(self.lowering.at(name), value);
        } else if name.kind() == "object_pattern" && self.lowering.is_path(value) {
            self.take_apart(name, value);
        }
    }

    pub(super) fn required(&mut self, name: Node<'_>, from: &At<String>) {
        let taken = if name.kind() == "object_pattern" {
            let taken = self.lowering.taken_properties(name);
            taken
                .into_iter()
                .map(|(local, key)| (local, key.value))
                .collect()
        } else {
            vec![(self.lowering.at(name), "*".to_owned())]
        };
        for (local, imported) in taken {
            let from = from.clone();
            self.script.imports.push(Import {
                local,
                imported,
                from,
            });
        }
    }

    fn take_apart(&mut self, pattern: Node<'_>, value: Node<'_>) {
        for (local, key) in self.lowering.taken_properties(pattern) {
            let object = self.lowering.expression(value, DEEPEST_EXPRESSION);
            let taken = Expr {
                span: key.span,
                kind: ExprKind::Member(Box::new(object), key),
            };
            self.constant(local, taken);
        }
    }

    fn enumeration(&mut self, node: Node<'_>) {
        let (Some(name), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let lowering = &self.lowering;
        let mut members: Vec<Property> = lowering
            .lost(body)
            .map(Property::Spread)
            .into_iter()
            .collect();
        let mut next = Some(0.0);
        for member in parts(body) {
            let value = if member.kind() == "enum_assignment" {
                lowering.enum_value(member)
            } else {
                Expr {
                    span: lowering.span(member),
                    kind: next.map_or(ExprKind::Dynamic("computed value"), ExprKind::Number),
                }
            };
            next = match value.kind {
                ExprKind::Number(number) => Some(number + 1.0),
                _ => None,
            };
            let key = match member.kind() {
                "enum_assignment" => member.child_by_field_name("name"),
                "ERROR" => None,
                _ => Some(member),
            };
            members.extend(key.map(|key| lowering.keyed(key, value, DEEPEST_EXPRESSION)));
        }
        let value = Expr {
            span: lowering.span(body),
            kind: ExprKind::Object(members),
        };
        self.constant(lowering.at(name), value);
    }

    pub(super) fn import(&mut self, node: Node<'_>) {
        let lowering = &self.lowering;
        if has_child(node, |child| child.kind() == "type") {
            return;
        }
        let mut names: Vec<(At<String>, String)> = Vec::new();
        let mut source = node.child_by_field_name("source");
        for clause in parts(node) {
            if clause.kind() == "import_require_clause" {
                source = clause.child_by_field_name("source");
            }
            for part in parts(clause) {
                match (clause.kind(), part.kind()) {
                    ("import_clause", "identifier") => {
                        names.push((lowering.at(part), "default".to_owned()));
                    }
                    ("import_require_clause", "identifier") => {
                        names.push((lowering.at(part), "*".to_owned()));
                    }
                    (_, "namespace_import") => {
                        let name = parts(part).first().copied();
                        names.extend(name.map(|name| (lowering.at(name), "*".to_owned())));
                    }
                    (_, "named_imports") => names.extend(lowering.specifiers(part)),
                    _ => {}
                }
            }
        }
        let Some(from) = source.map(|source| lowering.string(source)) else {
            return;
        };
        let imports = names.into_iter().map(|(local, imported)| Import {
            local,
            imported,
            from: from.clone(),
        });
        self.script.imports.extend(imports);
    }

    pub(super) fn export(&mut self, node: Node<'_>) {
        let before = self.script.constants.len();
        let lowering = &self.lowering;
        let children: BTreeMap<&str, Node<'_>> = {
            let mut cursor = node.walk();
            let children = node.children(&mut cursor);
            children.map(|child| (child.kind(), child)).collect()
        };
        let source = node.child_by_field_name("source");
        let from = source.map(|source| lowering.string(source));
        let (default, all) = (children.get("default"), children.get("*"));
        if children.contains_key("type") {
            return;
        }
        if let Some(declaration) = node.child_by_field_name("declaration") {
            self.declaration(declaration);
            self.export_declared(declaration, default.copied(), before);
        } else if let Some(clause) = children.get("export_clause") {
            for (name, local) in lowering.specifiers(*clause) {
                let local = At::new(local, name.span);
                let value = match from.clone() {
                    Some(from) => ExportedValue::From {
                        imported: local.value,
                        from,
                    },
                    None => ExportedValue::Local(local),
                };
                self.script.exports.push(Export { name, value });
            }
        } else if let Some(from) = from {
            let namespace = children.get("namespace_export");
            let namespace = namespace.and_then(|it| parts(*it).first().copied());
            if let Some(name) = namespace.or(all.copied()) {
                let value = ExportedValue::From {
                    imported: "*".to_owned(),
                    from,
                };
                let name = lowering.at(name);
                self.script.exports.push(Export { name, value });
            }
        } else if let Some(word) = default.or(children.get("=")).copied() {
            self.script.replaces_module |= default.is_none();
            let value = node.child_by_field_name("value");
            let value = value.or_else(|| parts(node).into_iter().next_back());
            self.export_value(word, "default", value.unwrap_or(node));
        }
    }

    fn export_declared(&mut self, node: Node<'_>, default: Option<Node<'_>>, before: usize) {
        let declared = &self.script.constants[before..];
        let mut names: Vec<At<String>> = declared.iter().map(|it| it.name.clone()).collect();
        if let Some(word) = default {
            match names.pop() {
                Some(local) => self.script.exports.push(Export {
                    name: At::new("default".to_owned(), self.lowering.span(word)),
                    value: ExportedValue::Local(local),
                }),
                None => self.export_value(word, "default", node),
            }
        }
        let exports = names.into_iter().map(|name| Export {
            name: name.clone(),
            value: ExportedValue::Local(name),
        });
        self.script.exports.extend(exports);
    }

    fn export_value(&mut self, written: Node<'_>, name: &str, value: Node<'_>) {
        let name = At::new(name.to_owned(), self.lowering.span(written));
        let value = self.lowering.expression(value, DEEPEST_EXPRESSION);
        let value = ExportedValue::Expr(value);
        self.script.exports.push(Export { name, value });
    }

    fn effect(&mut self, node: Node<'_>) {
        self.script.effects.push(self.lowering.span(node));
        let mut targets = Vec::new();
        let mut value = parts(node).first().copied();
        while let Some(assignment) = value.filter(|it| it.kind() == "assignment_expression") {
            targets.extend(assignment.child_by_field_name("left"));
            value = assignment.child_by_field_name("right");
        }
        let Some(value) = value else { return };
        // `module.exports = exports = …` exports one value once; only the first is worth keeping.
        for target in targets {
            let written = self.lowering.compact(target);
            if written == "module.exports" {
                self.script.replaces_module = true;
                return self.export_value(target, "default", value);
            }
            let named = written.strip_prefix("module.").unwrap_or(&written);
            let name = named.strip_prefix("exports.");
            if let Some(name) = name.filter(|name| !name.contains(['.', '['])) {
                return self.export_value(target, name, value);
            }
        }
    }
}

impl Lowering<'_> {
    fn enum_value(&self, member: Node<'_>) -> Expr {
        let value = self.field(member, "value", DEEPEST_EXPRESSION);
        match value.kind {
            ExprKind::String(_) | ExprKind::Number(_) => value,
            // Such a value may name earlier members, which are in scope here and nowhere else.
            _ => Expr {
                kind: ExprKind::Dynamic("computed value"),
                ..value
            },
        }
    }

    /// `{ a, b as c }`: the name after `as`, and the one before it. Types are left out.
    fn specifiers(&self, clause: Node<'_>) -> Vec<(At<String>, String)> {
        let specifiers = parts(clause).into_iter().filter_map(|specifier| {
            let name = specifier.child_by_field_name("name")?;
            let alias = specifier.child_by_field_name("alias");
            let is_type = has_child(specifier, |child| child.kind() == "type");
            let name_of = |node: Node<'_>| match node.kind() {
                "string" => self.string(node),
                _ => self.at(node),
            };
            (!is_type).then(|| (name_of(alias.unwrap_or(name)), name_of(name).value))
        });
        specifiers.collect()
    }
}
