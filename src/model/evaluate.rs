//! Evaluates the expressions of scripts across files; never runs anything.
//!
//! What cannot be evaluated is [`Kind::Dynamic`] and says why. Constants are evaluated once, and steps,
//! depth and the length of texts are bounded, so that no file can make this slow.

mod modules;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::model::value::{Dynamic, Origin, Piece, Traced, covers};
use crate::parse::script::{
    Element, ExportedValue, Expr, ExprKind, Import, Property, SYNTAX_ERROR, Script, TemplatePart,
};
use crate::source::{At, FileId, Place, Sources, Span};

pub use values::{Array, Cause, Glued, Kind, Lookup, Member, Object, Site, Value};
use values::{above, number_text};

/// The scripts of a workspace, for looking up what they import from each other.
#[derive(Debug)]
pub struct Scripts<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What those that are scripts declare.
    pub by_file: BTreeMap<FileId, &'a Script>,
}

/// Levels of expressions and constants that are followed.
const DEEPEST: u32 = 100;

/// Bytes that a glued string may have.
const LONGEST_TEXT: usize = 65_536;

/// Pieces that it may have.
const MOST_PIECES: usize = 2_000;

/// Parts that a list or record may have after spreads.
const MOST_PARTS: usize = 20_000;

/// Steps that any file may take; a file gets one more for each of its bytes.
const STEPS: usize = 200_000;

/// Prefixes of functions that by custom give back what they are given, from libraries that cannot be
/// looked into. What is called `create…`, `make…` or `build…` makes something of its argument.
const CUSTOMARY_IDENTITIES: [&str; 5] = ["as", "deepFreeze", "define", "freeze", "typed"];

/// Functions of the language that give back what they are given.
const IDENTITIES: [&str; 4] = [
    "Object.freeze",
    "Object.seal",
    "Object.preventExtensions",
    "structuredClone",
];

/// What the names of one file stand for.
struct Names<'a> {
    script: &'a Script,
    constants: HashMap<&'a str, usize>,
    changed: HashMap<&'a str, Span>,
    imports: HashMap<&'a str, &'a Import>,
    exports: HashMap<&'a str, &'a ExportedValue>,
}

impl<'a> Names<'a> {
    fn of(script: &'a Script) -> Self {
        let constants = script.constants.iter().enumerate();
        let changed = script.changed.iter();
        let imports = script.imports.iter();
        let exports = script.exports.iter();
        Self {
            script,
            constants: constants
                .map(|(number, constant)| (constant.name.value.as_str(), number))
                .collect(),
            changed: changed
                .map(|name| (name.value.as_str(), name.span))
                .collect(),
            imports: imports
                .map(|import| (import.local.value.as_str(), import))
                .collect(),
            exports: exports
                .map(|export| (export.name.value.as_str(), &export.value))
                .collect(),
        }
    }
}

/// A value that is looked up more than once.
enum Memo<'a> {
    /// It is being evaluated: who asks for it now goes in a circle.
    Begun,
    Done(Option<Value<'a>>),
}

/// Evaluates expressions; remembers constants.
pub struct Evaluator<'a> {
    scripts: &'a Scripts<'a>,
    steps: usize,
    depth: u32,
    names: HashMap<FileId, Rc<Names<'a>>>,
    constants: HashMap<(FileId, usize), Memo<'a>>,
    exports: HashMap<(FileId, String), Memo<'a>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for the questions about one file.
    pub fn new(scripts: &'a Scripts<'a>, file: FileId) -> Self {
        Self {
            scripts,
            steps: STEPS + scripts.sources.file(file).text.len(),
            depth: 0,
            names: HashMap::new(),
            constants: HashMap::new(),
            exports: HashMap::new(),
        }
    }

    /// Pays for `steps` of work; false, and nothing is paid, when so many are not left.
    pub fn pay(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(self.steps);
        left.is_some()
    }

    /// Pays for spreading what has `size` parts into what has `present` ones.
    fn may_copy(&mut self, size: usize, present: usize) -> bool {
        size + present <= MOST_PARTS && self.pay(size)
    }

    /// The text at a place in one line, cut where it is long.
    pub fn snippet(&self, place: Place) -> String {
        const LONGEST: usize = 60;
        let words = self.scripts.sources.slice(place).split_whitespace();
        let mut snippet = String::new();
        for word in words {
            if !snippet.is_empty() {
                snippet.push(' ');
            }
            snippet.extend(word.chars().take(LONGEST));
            if snippet.chars().count() > LONGEST {
                let cut: String = snippet.chars().take(LONGEST - 1).collect();
                return cut + "…";
            }
        }
        snippet
    }

    /// The value of an expression of `file`.
    pub fn evaluate(&mut self, file: FileId, expr: &'a Expr) -> Value<'a> {
        let place = expr.span.in_file(file);
        if !self.pay(1) {
            let what = "an expression that takes too many steps".to_owned();
            return Value::dynamic(place, what, Some((file, expr)));
        }
        if self.depth >= DEEPEST {
            let what = "a deeply nested expression".to_owned();
            return Value::dynamic(place, what, Some((file, expr)));
        }
        self.depth += 1;
        let value = self.value(file, expr, place);
        self.depth -= 1;
        value
    }

    fn value(&mut self, file: FileId, expr: &'a Expr, place: Place) -> Value<'a> {
        match &expr.kind {
            ExprKind::String(text) => plain(file, text),
            ExprKind::Number(number) => Value::new(Kind::Number(*number), place),
            ExprKind::Boolean(boolean) => Value::new(Kind::Boolean(*boolean), place),
            ExprKind::Nothing => Value::new(Kind::Nothing, place),
            ExprKind::Template(parts) => self.template(file, expr, parts),
            ExprKind::Add(left, right) => self.sum(file, expr, left, right),
            ExprKind::Nullish(left, right) => {
                let nothing = |value: &Value<'_>| matches!(value.kind, Kind::Nothing);
                self.either(file, expr, [left, right], nothing)
            }
            ExprKind::Or(left, right) => self.either(file, expr, [left, right], Value::is_falsy),
            ExprKind::Array(elements) => self.array(file, elements, place),
            ExprKind::Object(properties) => self.object(file, properties, place),
            ExprKind::Name(name) => self.name(file, expr, name).through(place),
            ExprKind::Member(object, name) => self.member(file, expr, object, &name.value),
            ExprKind::Index(object, index) => self.index(file, expr, object, index),
            ExprKind::Call { callee, arguments } => self.call(file, expr, callee, arguments),
            ExprKind::Identity => Value::new(Kind::Identity, place),
            ExprKind::Dynamic(what) => {
                let vowel = what.starts_with(['a', 'e', 'i', 'o', 'u']);
                let dynamic = Dynamic {
                    place,
                    what: format!("{} {what}", if vowel { "an" } else { "a" }),
                    broken: *what == SYNTAX_ERROR,
                };
                Value::unknown(dynamic, Some((file, expr)))
            }
        }
    }

    /// What an expression is that cannot be known because a part of it cannot.
    fn because(&self, site: Site<'a>, cause: &Cause<'a>) -> Value<'a> {
        let place = site.1.span.in_file(site.0);
        if covers(place, cause.dynamic.place) && !cause.dynamic.broken {
            let snippet = self.snippet(place);
            let why = if snippet.starts_with("process.env") {
                "which is known only at run time"
            } else {
                "which is not known here"
            };
            return Value::dynamic(place, format!("`{snippet}`, {why}"), Some(site));
        }
        stopped(site, cause)
    }

    fn either(
        &mut self,
        file: FileId,
        expr: &'a Expr,
        [left, right]: [&'a Expr; 2],
        is_passed_over: impl Fn(&Value<'a>) -> bool,
    ) -> Value<'a> {
        let first = self.evaluate(file, left);
        match &first.kind {
            Kind::Dynamic(cause) => stopped((file, expr), cause),
            _ if is_passed_over(&first) => self.evaluate(file, right),
            _ => first,
        }
    }

    fn array(&mut self, file: FileId, elements: &'a [Element], place: Place) -> Value<'a> {
        let mut array = Array::default();
        for element in elements {
            match element {
                Element::Value(expr) => array.items.push(Ok(self.evaluate(file, expr))),
                Element::Spread(expr) => self.spread_array(file, expr, &mut array),
            }
        }
        let unknown = array.items.iter().position(Result::is_err);
        array.known = unknown.unwrap_or(array.items.len());
        array.height = above(array.items.iter().flatten());
        if array.height > DEEPEST {
            return Value::too_deep(place);
        }
        Value::new(Kind::Array(Rc::new(array)), place)
    }

    fn spread_array(&mut self, file: FileId, expr: &'a Expr, array: &mut Array<'a>) {
        let place = expr.span.in_file(file);
        let value = self.evaluate(file, expr);
        match &value.kind {
            Kind::Array(spread) if self.may_copy(spread.size(), array.size()) => {
                array.includes.push(value.origin.written);
                array.includes.extend(&spread.includes);
                let items = spread.items.iter().cloned();
                let links = &value.origin.links;
                let items = items.map(|item| item.map(|item| item.out_of(place, links)));
                array.items.extend(items);
            }
            _ => array.items.push(Err(self.unknown_spread(place, &value))),
        }
    }

    fn object(&mut self, file: FileId, properties: &'a [Property], place: Place) -> Value<'a> {
        let mut object = Object::default();
        for property in properties {
            match property {
                Property::Value { key, value } => {
                    let value = self.evaluate(file, value);
                    object.write(own_key(file, key), value, true);
                }
                Property::Computed { key, value } => {
                    self.computed(file, key, value, &mut object);
                }
                Property::Spread(expr) => self.spread_object(file, expr, &mut object),
                Property::Method { key, span } => {
                    let place = span.in_file(file);
                    let method = Value::dynamic(place, "a method".to_owned(), None);
                    object.write(own_key(file, key), method, true);
                }
            }
        }
        object.height = above(object.properties.iter().map(|member| &member.value));
        if object.height > DEEPEST {
            return Value::too_deep(place);
        }
        Value::new(Kind::Object(Rc::new(object)), place)
    }

    fn computed(&mut self, file: FileId, key: &'a Expr, value: &'a Expr, object: &mut Object<'a>) {
        let place = key.span.in_file(file);
        let name = self.evaluate(file, key);
        if let Some(text) = key_text(&name) {
            let value = self.evaluate(file, value);
            let key = Traced {
                value: text.into(),
                origin: name.origin,
            };
            return object.write(key, value, true);
        }
        let what = format!("a key `[{}]`, which is not known here", self.snippet(place));
        object.write_unknown(deepest(place, what, &name));
    }

    fn spread_object(&mut self, file: FileId, expr: &'a Expr, object: &mut Object<'a>) {
        let place = expr.span.in_file(file);
        let value = self.evaluate(file, expr);
        match &value.kind {
            Kind::Object(spread) if self.may_copy(spread.size(), object.size()) => {
                object.includes.push(value.origin.written);
                object.includes.extend(&spread.includes);
                object.spread(spread, place, &value.origin.links);
            }
            Kind::Nothing | Kind::Boolean(_) => {}
            _ => object.write_unknown(self.unknown_spread(place, &value)),
        }
    }

    fn unknown_spread(&self, place: Place, value: &Value<'a>) -> Dynamic {
        let snippet = self.snippet(place);
        let what = format!("a spread of `{snippet}`, which is not known here");
        deepest(place, what, value)
    }

    fn template(&mut self, file: FileId, expr: &'a Expr, parts: &'a [TemplatePart]) -> Value<'a> {
        let whole = expr.span;
        let content = Span::new(whole.range().start + 1, whole.range().end.max(1) - 1);
        let mut glued = Glued::default();
        for part in parts {
            let (value, place) = match part {
                TemplatePart::Text(text) => (plain(file, text), text.span.in_file(file)),
                TemplatePart::Hole(hole) => (self.evaluate(file, hole), hole.span.in_file(file)),
            };
            if let Err(failed) = self.glue(&mut glued, &value, place, (file, expr)) {
                return failed;
            }
        }
        Value::new(Kind::String(Rc::new(glued)), content.in_file(file))
    }

    fn sum(&mut self, file: FileId, expr: &'a Expr, left: &'a Expr, right: &'a Expr) -> Value<'a> {
        let site = (file, expr);
        let place = expr.span.in_file(file);
        let sides = [left, right].map(|side| (self.evaluate(file, side), side.span.in_file(file)));
        let kinds = [&sides[0].0.kind, &sides[1].0.kind];
        if let [Kind::Dynamic(cause), _] | [_, Kind::Dynamic(cause)] = kinds {
            return stopped(site, cause);
        }
        if let [Kind::Number(left), Kind::Number(right)] = kinds {
            return Value::new(Kind::Number(left + right), place);
        }
        if !kinds.iter().any(|kind| matches!(kind, Kind::String(_))) {
            return Value::dynamic(place, "a computed value".to_owned(), Some(site));
        }
        let mut glued = Glued::default();
        for (side, place) in &sides {
            if let Err(failed) = self.glue(&mut glued, side, *place, site) {
                return failed;
            }
        }
        Value::new(Kind::String(Rc::new(glued)), place)
    }

    /// Appends `value`, which the expression at `place` gave.
    fn glue(
        &mut self,
        glued: &mut Glued,
        value: &Value<'a>,
        place: Place,
        site: Site<'a>,
    ) -> Result<(), Value<'a>> {
        let start = glued.value.len();
        match &value.kind {
            Kind::Dynamic(cause) => return Err(stopped(site, cause)),
            Kind::String(part) => {
                let length = start + part.value.len();
                let pieces = glued.pieces.len() + part.pieces.len();
                let long = length > LONGEST_TEXT || pieces > MOST_PIECES;
                if long || !self.pay(part.pieces.len() + length / 16) {
                    let what = "a very long text".to_owned();
                    return Err(Value::dynamic(place, what, Some(site)));
                }
                glued.value.push_str(&part.value);
                let pieces = part.pieces.iter().map(|piece| Piece {
                    range: piece.range.start + start..piece.range.end + start,
                    origin: piece
                        .origin
                        .clone()
                        .through_container(place, &value.origin.links),
                });
                glued.pieces.extend(pieces);
            }
            _ => {
                let Some(text) = value.plain_text() else {
                    let what = "a computed value".to_owned();
                    return Err(Value::dynamic(place, what, Some(site)));
                };
                glued.value.push_str(&text);
                glued.pieces.push(Piece {
                    range: start..glued.value.len(),
                    origin: value.origin.clone(),
                });
            }
        }
        Ok(())
    }

    fn index(
        &mut self,
        file: FileId,
        expr: &'a Expr,
        object: &'a Expr,
        index: &'a Expr,
    ) -> Value<'a> {
        let key = self.evaluate(file, index);
        match (&key.kind, key_text(&key)) {
            (_, Some(name)) => self.member(file, expr, object, &name),
            (Kind::Dynamic(cause), _) => self.because((file, expr), cause),
            _ => self.not_known((file, expr)),
        }
    }

    fn member(&mut self, file: FileId, expr: &'a Expr, object: &'a Expr, name: &str) -> Value<'a> {
        let place = expr.span.in_file(file);
        if let Some(exported) = self.exported_member(file, object, name) {
            return exported.out_of(place, &[]);
        }
        let object = self.evaluate(file, object);
        let links = &object.origin.links;
        match &object.kind {
            Kind::Dynamic(cause) => self.because((file, expr), cause),
            Kind::Object(properties) => match properties.get(name) {
                Lookup::Known(member) => member.value.clone().out_of(place, links),
                Lookup::Unknown(dynamic) => {
                    let cause = Cause {
                        dynamic: dynamic.clone(),
                        stopped_at: None,
                    };
                    stopped((file, expr), &cause)
                }
                // Numbers find the names of enum members, and every object has a few methods.
                Lookup::Absent if is_own_name(name) => Value::new(Kind::Nothing, place),
                Lookup::Absent => self.not_known((file, expr)),
            },
            Kind::Array(array) => match array_item(array, name) {
                Some(item) => item.clone().out_of(place, links),
                None => self.not_known((file, expr)),
            },
            _ => self.not_known((file, expr)),
        }
    }

    fn not_known(&self, site: Site<'a>) -> Value<'a> {
        let place = site.1.span.in_file(site.0);
        let what = format!("`{}`, which is not known here", self.snippet(place));
        Value::dynamic(place, what, Some(site))
    }

    fn call(
        &mut self,
        file: FileId,
        expr: &'a Expr,
        callee: &'a At<String>,
        arguments: &'a [Expr],
    ) -> Value<'a> {
        let site = (file, expr);
        let name = callee.value.as_str();
        if let ("require", [argument]) = (name, arguments)
            && let ExprKind::String(from) = &argument.kind
        {
            let module = self.import_from(file, "*", from);
            return module.unwrap_or_else(|| self.not_known(site));
        }
        if let [argument] = arguments {
            let gives_back = self.gives_back(file, name);
            if gives_back == Some(true) {
                return self.evaluate(file, argument);
            }
            if gives_back.is_none() && is_customary_identity(name) {
                let value = self.evaluate(file, argument);
                if matches!(value.kind, Kind::Object(_) | Kind::Array(_)) {
                    return value;
                }
            }
        }
        let what = format!("a call of `{name}`");
        Value::dynamic(expr.span.in_file(file), what, Some(site))
    }

    /// Whether a function gives back its only argument, where that can be told.
    fn gives_back(&mut self, file: FileId, callee: &str) -> Option<bool> {
        if IDENTITIES.contains(&callee) {
            return Some(true);
        }
        let names = self.names(file)?;
        if !names.constants.contains_key(callee) && !names.imports.contains_key(callee) {
            return None;
        }
        let function = self.named(file, callee)?;
        match &function.kind {
            Kind::Identity => Some(true),
            Kind::Dynamic(cause) => match cause.stopped_at {
                Some((_, expr)) if matches!(expr.kind, ExprKind::Dynamic(_)) => Some(false),
                _ => None,
            },
            _ => Some(false),
        }
    }

    fn names(&mut self, file: FileId) -> Option<Rc<Names<'a>>> {
        if let Some(names) = self.names.get(&file) {
            return Some(Rc::clone(names));
        }
        let script: &'a Script = self.scripts.by_file.get(&file)?;
        let names = Rc::new(Names::of(script));
        self.names.insert(file, Rc::clone(&names));
        Some(names)
    }

    fn name(&mut self, file: FileId, expr: &'a Expr, name: &str) -> Value<'a> {
        let site = (file, expr);
        match self.named(file, name) {
            Some(value) => value,
            None if self.is_whole(file) => self.not_known(site),
            None => self.lost(site),
        }
    }

    /// Whether all that a file declares could be read.
    fn is_whole(&self, file: FileId) -> bool {
        let script = self.scripts.by_file.get(&file);
        script.is_none_or(|script| script.is_whole)
    }

    /// A name whose declaration stands where the file could not be read, as far as one can tell.
    fn lost(&self, site: Site<'a>) -> Value<'a> {
        let place = site.1.span.in_file(site.0);
        let dynamic = Dynamic {
            place,
            what: format!(
                "`{}`, whose declaration could not be read",
                self.snippet(place)
            ),
            broken: true,
        };
        Value::unknown(dynamic, Some(site))
    }

    /// What a name of the file's top level stands for.
    fn named(&mut self, file: FileId, name: &str) -> Option<Value<'a>> {
        let names = self.names(file)?;
        if let Some(dynamic) = self.changed(file, name) {
            return Some(Value::unknown(dynamic, None));
        }
        if let Some(&number) = names.constants.get(name) {
            return Some(self.constant(file, number));
        }
        let import = names.imports.get(name)?;
        self.import_from(file, &import.imported, &import.from)
    }

    /// Where and how a name is changed after its definition.
    pub fn changed(&mut self, file: FileId, name: &str) -> Option<Dynamic> {
        let names = self.names(file)?;
        names.changed.get(name).map(|span| Dynamic {
            place: span.in_file(file),
            what: format!("`{name}`, which is changed after its definition"),
            broken: false,
        })
    }

    /// The value of a constant, by its number in its script.
    pub fn constant(&mut self, file: FileId, number: usize) -> Value<'a> {
        let key = (file, number);
        let constant = self
            .names(file)
            .and_then(|names| names.script.constants.get(number));
        let place = constant
            .map_or(Span::default(), |it| it.name.span)
            .in_file(file);
        let what = match (self.constants.get(&key), constant) {
            (Some(Memo::Done(Some(value))), _) => return value.clone(),
            (None, Some(constant)) => {
                self.constants.insert(key, Memo::Begun);
                let value = self.evaluate(file, &constant.value);
                self.constants.insert(key, Memo::Done(Some(value.clone())));
                return value;
            }
            (_, Some(constant)) => {
                format!("`{}`, which is defined by itself", constant.name.value)
            }
            (_, None) => "a constant that is not there".to_owned(),
        };
        Value::dynamic(place, what, None)
    }
}

fn own_key(file: FileId, key: &At<String>) -> Traced<Rc<str>> {
    Traced {
        value: key.value.as_str().into(),
        origin: Origin::written(key.span.in_file(file)),
    }
}

fn plain<'a>(file: FileId, text: &At<String>) -> Value<'a> {
    let place = text.span.in_file(file);
    let glued = Glued {
        value: text.value.clone(),
        pieces: vec![Piece {
            range: 0..text.value.len(),
            origin: Origin::written(place),
        }],
    };
    Value::new(Kind::String(Rc::new(glued)), place)
}

/// A value that is not known for the same cause, seen from a larger expression.
fn stopped<'a>(site: Site<'a>, cause: &Cause<'a>) -> Value<'a> {
    let cause = Cause {
        dynamic: cause.dynamic.clone(),
        stopped_at: Some(site),
    };
    let place = site.1.span.in_file(site.0);
    Value::new(Kind::Dynamic(Rc::new(cause)), place)
}

/// The cause of an unknown part at `place`: `what`, unless the cause lies elsewhere.
fn deepest(place: Place, what: String, value: &Value<'_>) -> Dynamic {
    match &value.kind {
        Kind::Dynamic(cause) if cause.dynamic.broken || !covers(place, cause.dynamic.place) => {
            cause.dynamic.clone()
        }
        _ => Dynamic {
            place,
            what,
            broken: false,
        },
    }
}

fn array_item<'o, 'a>(array: &'o Array<'a>, name: &str) -> Option<&'o Value<'a>> {
    let index: usize = name.parse().ok().filter(|index| *index < array.known)?;
    array.items.get(index)?.as_ref().ok()
}

/// Whether a name that an object does not hold is certainly undefined.
fn is_own_name(name: &str) -> bool {
    const INHERITED: [&str; 5] = [
        "constructor",
        "hasOwnProperty",
        "toString",
        "toLocaleString",
        "valueOf",
    ];
    !name.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && !INHERITED.contains(&name)
}

/// The property name that a value gives in brackets.
fn key_text(value: &Value<'_>) -> Option<String> {
    match &value.kind {
        Kind::String(glued) => Some(glued.value.clone()),
        Kind::Number(number) => number_text(*number),
        _ => None,
    }
}

/// Whether a function of that name gives back its argument by custom.
fn is_customary_identity(callee: &str) -> bool {
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$' | '.');
    let name = callee.rsplit('.').next().unwrap_or(callee);
    callee.chars().all(plain)
        && CUSTOMARY_IDENTITIES.iter().any(|prefix| {
            name.strip_prefix(prefix)
                .is_some_and(|rest| !rest.starts_with(char::is_lowercase))
        })
}
