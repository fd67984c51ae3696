//! Evaluates the expressions of scripts across files; never runs anything.
//!
//! What cannot be evaluated is [`Kind::Dynamic`] and says why. Constants are evaluated once, and steps,
//! depth and the length of texts are bounded, so that no file can make this slow.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::model::value::{Dynamic, Origin, Piece, Text, Traced, covers};
use crate::parse::script::{
    Element, ExportedValue, Expr, ExprKind, Import, Property, SYNTAX_ERROR, Script, TemplatePart,
};
use crate::source::{At, FileId, Place, Placed, Sources, Span};

/// The scripts of a workspace, for looking up what they import from each other.
#[derive(Debug)]
pub struct Scripts<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What those that are scripts declare.
    pub by_file: BTreeMap<FileId, &'a Script>,
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Where it came from.
    pub origin: Origin,
}

/// What a value is. Parts are shared, so that a clone costs little.
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// A string.
    String(Rc<Glued>),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null` or `undefined`.
    Nothing,
    /// An array.
    Array(Rc<Array<'a>>),
    /// An object.
    Object(Rc<Object<'a>>),
    /// A function that gives back its only argument.
    Identity,
    /// It cannot be known.
    Dynamic(Rc<Cause<'a>>),
}

/// Why a value cannot be known.
#[derive(Clone, Debug)]
pub struct Cause<'a> {
    /// What to tell people.
    pub dynamic: Dynamic,
    /// The expression at which evaluation stopped, seen through constants and imports: the largest one
    /// that is not known. None where there is no expression, as for an import of a package.
    pub stopped_at: Option<Site<'a>>,
}

/// An expression and the file in which its names mean something.
pub type Site<'a> = (FileId, &'a Expr);

/// A string and what it was glued from.
#[derive(Clone, Debug, Default)]
pub struct Glued {
    /// The string.
    pub value: String,
    /// Its pieces, in its order.
    pub pieces: Vec<Piece>,
}

/// The elements of an array.
#[derive(Clone, Debug, Default)]
pub struct Array<'a> {
    /// In their order; an error is a spread of something unknown.
    pub items: Vec<Result<Value<'a>, Dynamic>>,
    /// The arrays that were spread into it, and those that were spread into these.
    pub includes: Vec<Place>,
    /// How many items stand before the first unknown spread.
    known: usize,
    height: u32,
}

/// The properties of an object.
#[derive(Clone, Debug, Default)]
pub struct Object<'a> {
    /// Properties, in the order in which their keys are first written.
    pub properties: Vec<Member<'a>>,
    /// Keys that the same literal writes again.
    pub repeated: Vec<Placed<String>>,
    /// The objects that were spread into it, and those that were spread into these.
    pub includes: Vec<Place>,
    /// Spreads and keys that are not known, with the number of properties written before.
    unknown: Vec<(usize, Dynamic)>,
    by_key: HashMap<Rc<str>, usize>,
    written: usize,
    height: u32,
}

/// A property of an object.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The key; a computed one came from where its value did.
    pub key: Traced<Rc<str>>,
    /// The value.
    pub value: Value<'a>,
    /// How many properties were written when this one was.
    written: usize,
    /// Whether the key stands in the object's own literal.
    own: bool,
}

/// What an object has under a key.
#[derive(Clone, Copy, Debug)]
pub enum Lookup<'o, 'a> {
    /// This.
    Known(&'o Member<'a>),
    /// Nothing.
    Absent,
    /// Perhaps something: this spread or key may write it.
    Unknown(&'o Dynamic),
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

impl<'a> Value<'a> {
    fn new(kind: Kind<'a>, written: Place) -> Self {
        Self {
            kind,
            origin: Origin::written(written),
        }
    }

    fn dynamic(place: Place, what: String, stopped_at: Option<Site<'a>>) -> Self {
        let broken = false;
        Self::unknown(
            Dynamic {
                place,
                what,
                broken,
            },
            stopped_at,
        )
    }

    fn unknown(dynamic: Dynamic, stopped_at: Option<Site<'a>>) -> Self {
        let place = dynamic.place;
        let cause = Cause {
            dynamic,
            stopped_at,
        };
        Self::new(Kind::Dynamic(Rc::new(cause)), place)
    }

    /// Values nest no deeper than expressions, since what nests is taken apart by recursion.
    fn too_deep(place: Place) -> Self {
        Self::dynamic(place, "a deeply nested value".to_owned(), None)
    }

    fn through(mut self, link: Place) -> Self {
        self.origin = self.origin.through(link);
        self
    }

    /// This value, reached by the expression at `link` out of a container that came over `links`.
    fn out_of(mut self, link: Place, links: &[Place]) -> Self {
        self.origin = self.origin.through_container(link, links);
        self
    }

    /// The value as a text, if it is a string.
    pub fn text(&self) -> Option<Text> {
        match &self.kind {
            Kind::String(glued) => Some(Text {
                value: glued.value.clone(),
                origin: self.origin.clone(),
                pieces: glued.pieces.clone(),
            }),
            _ => None,
        }
    }

    /// The text that JavaScript makes of a number or boolean.
    pub fn plain_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Number(number) => number_text(*number),
            Kind::Boolean(boolean) => Some(boolean.to_string()),
            _ => None,
        }
    }

    /// Levels of lists and records in it.
    fn height(&self) -> u32 {
        match &self.kind {
            Kind::Array(array) => array.height,
            Kind::Object(object) => object.height,
            _ => 0,
        }
    }

    /// Whether JavaScript takes the value for false; of dynamic values nothing is known.
    fn is_falsy(&self) -> bool {
        match &self.kind {
            Kind::String(glued) => glued.value.is_empty(),
            Kind::Number(number) => *number == 0.0 || number.is_nan(),
            Kind::Boolean(boolean) => !boolean,
            Kind::Nothing => true,
            Kind::Array(_) | Kind::Object(_) | Kind::Identity | Kind::Dynamic(_) => false,
        }
    }
}

impl Array<'_> {
    fn size(&self) -> usize {
        self.items.len() + self.includes.len()
    }
}

impl<'a> Object<'a> {
    fn size(&self) -> usize {
        self.properties.len() + self.includes.len() + self.unknown.len()
    }

    /// What the object has under `key`.
    pub fn get(&self, key: &str) -> Lookup<'_, 'a> {
        let member = self.by_key.get(key).map(|&at| &self.properties[at]);
        let written = member.map_or(0, |member| member.written);
        match self.unknown_after(written) {
            Some(dynamic) => Lookup::Unknown(dynamic),
            None => member.map_or(Lookup::Absent, Lookup::Known),
        }
    }

    /// The spreads and keys that are not known.
    pub fn unknown(&self) -> impl Iterator<Item = &Dynamic> {
        self.unknown.iter().map(|(_, dynamic)| dynamic)
    }

    fn unknown_after(&self, written: usize) -> Option<&Dynamic> {
        // Sorted, since both numbers only grow.
        let first = self
            .unknown
            .partition_point(|&(before, _)| before < written);
        self.unknown.get(first).map(|(_, dynamic)| dynamic)
    }

    fn write(&mut self, key: Traced<Rc<str>>, value: Value<'a>, own: bool) {
        self.written += 1;
        let member = Member {
            key,
            value,
            written: self.written,
            own,
        };
        let Some(&at) = self.by_key.get(&member.key.value) else {
            let key = Rc::clone(&member.key.value);
            self.by_key.insert(key, self.properties.len());
            self.properties.push(member);
            return;
        };
        let earlier = std::mem::replace(&mut self.properties[at], member);
        if own && earlier.own {
            self.repeated.push(Placed {
                value: earlier.key.value.to_string(),
                place: earlier.key.place(),
            });
        }
    }

    fn write_unknown(&mut self, dynamic: Dynamic) {
        self.unknown.push((self.written, dynamic));
    }

    /// Writes what `spread` holds, as seen over the spread expression at `link`.
    fn spread(&mut self, spread: &Object<'a>, link: Place, links: &[Place]) {
        let write = |object: &mut Self, member: &Member<'a>| {
            let value = member.value.clone().out_of(link, links);
            object.write(member.key.clone(), value, false);
        };
        let is_sure = |member: &&Member<'a>| spread.unknown_after(member.written).is_none();
        for member in spread.properties.iter().filter(|member| !is_sure(member)) {
            write(self, member);
        }
        for dynamic in spread.unknown() {
            self.write_unknown(dynamic.clone());
        }
        for member in spread.properties.iter().filter(is_sure) {
            write(self, member);
        }
    }
}

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

    /// A name of the module that `from` names in `file`.
    fn import_from(
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
    fn exported_member(&mut self, file: FileId, object: &'a Expr, name: &str) -> Option<Value<'a>> {
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

/// The height of what holds `values`.
fn above<'v, 'a: 'v>(values: impl Iterator<Item = &'v Value<'a>>) -> u32 {
    1 + values.map(Value::height).max().unwrap_or_default()
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

/// A number as JavaScript writes it, where that needs no exponent.
fn number_text(number: f64) -> Option<String> {
    let size = number.abs();
    if size == 0.0 {
        Some("0".to_owned())
    } else if (1e-6..1e21).contains(&size) {
        Some(number.to_string())
    } else {
        None
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
