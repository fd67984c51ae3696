//! What a file exports, and what another one gets of it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::values::above;
use super::{DEEPEST, Evaluator, Kind, Lookup, Memo, Object, Value};
use crate::model::value::{Dynamic, Origin, Traced};
use crate::parse::script::{ExportedValue, Expr, ExprKind, Script};
use crate::source::{At, FileId, Place, Span};

impl<'a> Evaluator<'a> {
    /// A name of the module that `from` names in `file`.
    pub(super) fn import_from(
        &mut self,
        file: FileId,
        imported: &str,
        from: &At<String>,
    ) -> Option<Value<'a>> {
        match self.module(file, from) {
            Ok(target) => self.export(target, imported).or_else(|| {
                let what = format!("`{imported}`, which `{}` does not export", from.value);
                let broken = !self.is_whole(target) || !self.is_whole(file);
                let place = if self.is_whole(target) {
                    from.span.in_file(file)
                } else {
                    Span::default().in_file(target)
                };
                let dynamic = Dynamic {
                    place,
                    what,
                    broken,
                };
                Some(Value::unknown(dynamic, None))
            }),
            Err(dynamic) => Some(Value::unknown(dynamic, None)),
        }
    }

    /// The file that a module specifier means.
    fn module(&self, file: FileId, from: &At<String>) -> Result<FileId, Dynamic> {
        let specifier = &from.value;
        let is_relative = specifier
            .split('/')
            .next()
            .is_some_and(|it| it == "." || it == "..");
        let target = self.scripts.sources.resolve_import(file, specifier);
        let is_unreadable = |target| self.scripts.sources.file(target).unreadable.is_some();
        let unread = target.filter(|&target| is_relative && is_unreadable(target));
        let why = match target {
            _ if !is_relative => "which is not a relative path",
            Some(_) if unread.is_some() => "which could not be read",
            Some(target) if self.scripts.by_file.contains_key(&target) => return Ok(target),
            Some(_) => "which is no script",
            None => "which is not in this workspace",
        };
        let import = from.span.in_file(file);
        Err(Dynamic {
            place: unread.map_or(import, |target| Span::default().in_file(target)),
            what: format!("an import of `{specifier}`, {why}"),
            broken: unread.is_some() || !self.is_whole(file),
        })
    }

    /// What a file exports under `name`; `*` is the whole module.
    pub fn export(&mut self, file: FileId, name: &str) -> Option<Value<'a>> {
        let key = (file, name.to_owned());
        match self.exports.get(&key) {
            Some(Memo::Done(value)) => return value.clone(),
            Some(Memo::Begun) => return None,
            None => {}
        }
        if self.depth >= DEEPEST || !self.pay(1) {
            return None;
        }
        self.exports.insert(key.clone(), Memo::Begun);
        self.depth += 1;
        let value = match name {
            "*" => self.whole_module(file),
            _ => self.find_export(file, name),
        };
        self.depth -= 1;
        self.exports.insert(key, Memo::Done(value.clone()));
        value
    }

    fn find_export(&mut self, file: FileId, name: &str) -> Option<Value<'a>> {
        let names = self.names(file)?;
        match names.exports.get(name) {
            Some(ExportedValue::Local(local)) => return self.named(file, &local.value),
            Some(ExportedValue::Expr(expr)) => return Some(self.evaluate(file, expr)),
            Some(ExportedValue::From { imported, from }) => {
                return self.import_from(file, imported, from);
            }
            None if name == "default" => return None,
            None => {}
        }
        if names.script.replaces_module
            && let Kind::Object(module) = self.export(file, "default")?.kind
            && let Lookup::Known(member) = module.get(name)
        {
            return Some(member.value.clone());
        }
        let mut unknown = None;
        for from in all_from(names.script) {
            match self.module(file, from) {
                Ok(target) => {
                    let found = self.export(target, name);
                    if found.is_some() {
                        return found;
                    }
                }
                Err(dynamic) => unknown = Some(dynamic),
            }
        }
        unknown.map(|dynamic| Value::unknown(dynamic, None))
    }

    fn whole_module(&mut self, file: FileId) -> Option<Value<'a>> {
        let names = self.names(file)?;
        if names.script.replaces_module {
            return self.export(file, "default");
        }
        let mut object = Object::default();
        for (name, place) in self.export_names(file) {
            if let Some(value) = self.export(file, &name) {
                let key = Traced {
                    value: name.into(),
                    origin: Origin::written(place),
                };
                object.write(key, value, true);
            }
        }
        for from in all_from(names.script) {
            if let Err(dynamic) = self.module(file, from) {
                object.write_unknown(dynamic);
            }
        }
        let length = self.scripts.sources.file(file).text.len();
        let place = Span::new(0, length).in_file(file);
        object.height = above(object.properties.iter().map(|member| &member.value));
        if object.height > DEEPEST {
            return Some(Value::too_deep(place));
        }
        Some(Value::new(Kind::Object(Rc::new(object)), place))
    }

    /// The names that a file exports, also by `export *`, and where they are written.
    pub fn export_names(&mut self, file: FileId) -> Vec<(String, Place)> {
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::from([file]);
        let mut left = vec![file];
        while let Some(file) = left.pop() {
            let Some(names) = self.names(file) else {
                continue;
            };
            for export in &names.script.exports {
                if export.name.value != "*" {
                    let place = export.name.span.in_file(file);
                    found.entry(export.name.value.clone()).or_insert(place);
                }
            }
            for from in all_from(names.script) {
                left.extend(self.module(file, from).ok().filter(|it| seen.insert(*it)));
            }
        }
        found.into_iter().collect()
    }

    /// `name` of a namespace import, without evaluating the rest of the module.
    pub(super) fn exported_member(
        &mut self,
        file: FileId,
        object: &'a Expr,
        name: &str,
    ) -> Option<Value<'a>> {
        let ExprKind::Name(namespace) = &object.kind else {
            return None;
        };
        let names = self.names(file)?;
        let import = names.imports.get(namespace.as_str())?;
        let hidden = names.constants.contains_key(namespace.as_str());
        if import.imported != "*" || hidden || self.changed(file, namespace).is_some() {
            return None;
        }
        let target = self.module(file, &import.from).ok()?;
        if self.names(target)?.script.replaces_module {
            return None;
        }
        self.import_from(file, name, &import.from)
    }
}

/// The modules of `export * from "…"`.
fn all_from(script: &Script) -> impl Iterator<Item = &At<String>> + use<'_> {
    script
        .exports
        .iter()
        .filter_map(|export| match &export.value {
            ExportedValue::From { from, .. } if export.name.value == "*" => Some(from),
            _ => None,
        })
}
