//! Service registries: recognised by their shape, read entry by entry.

use std::collections::{BTreeMap, BTreeSet};

use crate::connection;
use crate::model::evaluate::{Array, Evaluator, Kind, Lookup, Object, Scripts, Value};
use crate::model::value::{Dynamic, Origin, Text, Traced, covers};
use crate::parse::script::{ExportedValue, ExprKind};
use crate::source::{At, FileId, Place, Placed};

/// One service registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Registry {
    /// The file that declares it: the one that was asked about.
    pub file: FileId,
    /// The name token of the constant that holds it; the word `default` (or `module.exports`) for one
    /// that only the default export holds.
    pub name: Placed<String>,
    /// The record or list itself. It stands in another file where the registry is an imported constant.
    pub place: Place,
    /// The services, in the order in which they are written. Keys of a record are unique; keys of a
    /// list are as they are written.
    pub entries: Vec<Entry>,
    /// Members that are no objects, and so no services.
    pub misplaced: Vec<Misplaced>,
    /// Keys that another entry has as well. Of a record JavaScript keeps the last, and this one is written further
    /// up; of a list it is the later one.
    pub repeated: Vec<Placed<String>>,
    /// What may add further entries: dynamic keys and spreads, entries of a list without a name.
    pub open: Vec<Dynamic>,
    /// The records and lists that were spread or nested into this one, in any file.
    pub includes: Vec<Place>,
}

impl Registry {
    /// The entry of that key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// Whether there may be entries that are not known here.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether this registry takes in all of `other`: then only this one is a registry of its own. That
    /// is so of one that was spread into this one, of a selection of its entries, and of one and the
    /// same record. Registries of two files that are the same record take in each other; the one in
    /// whose own file the record stands is the plainer.
    pub fn takes_in(&self, other: &Registry) -> bool {
        if self.place == other.place || self.includes.contains(&other.place) {
            return true;
        }
        let entries: BTreeSet<Place> = self.entries.iter().map(|entry| entry.place).collect();
        if other.includes.contains(&self.place) {
            return false;
        }
        let members: Vec<Place> = other.members().collect();
        let is_selection = !members.iter().any(|&member| covers(other.place, member));
        !members.is_empty()
            && members.iter().all(|member| entries.contains(member))
            && (is_selection || members.len() < entries.len())
    }
}

impl Registry {
    /// Where its entries stand. One that lost its name in a list stands among what is open.
    fn members(&self) -> impl Iterator<Item = Place> {
        let named = self.entries.iter().map(|entry| entry.place);
        named.chain(self.open.iter().map(|dynamic| dynamic.place))
    }
}

/// A member of a registry that is no object.
#[derive(Clone, Debug, PartialEq)]
pub struct Misplaced {
    /// Its key; of an item of a list its index, which stands where the item does.
    pub key: Placed<String>,
    /// The value.
    pub place: Place,
    /// What it is: "a string", "null or undefined".
    pub found: &'static str,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, where it is written.
    pub key: Placed<String>,
    /// The whole value. It stands in another file where the entry is an imported constant.
    pub place: Place,
    /// `hostname`
    pub hostname: Field<Text>,
    /// `port`
    pub port: Field<Traced<u16>>,
    /// `database`; the empty string of a stateless service is known and empty.
    pub database: Field<Text>,
    /// `dockerfile`
    pub dockerfile: Field<Text>,
    /// `routes`
    pub routes: Field<List>,
    /// `layer`
    pub layer: Field<Text>,
    /// `label`
    pub label: Field<Text>,
    /// `extraEnv`
    pub extra_env: Field<Environment>,
    /// `dependsOn`
    pub depends_on: Field<List>,
    /// `needsRedis`
    pub needs_redis: Field<Traced<bool>>,
    /// What makes the entry as a whole unknown: the value itself, or dynamic keys and spreads in it.
    pub dynamic: Vec<Dynamic>,
}

impl Entry {
    /// Everything in the entry that cannot be known, each place once, in the order of the places, with
    /// the field that it is in; `None` for what makes the entry as a whole unknown. The label is for
    /// people, and nobody asks what it says.
    pub fn unknowns(&self) -> Vec<(Option<&'static str>, &Dynamic)> {
        let fields = [
            ("hostname", self.hostname.dynamics()),
            ("port", self.port.dynamics()),
            ("database", self.database.dynamics()),
            ("dockerfile", self.dockerfile.dynamics()),
            ("routes", self.routes.dynamics()),
            ("layer", self.layer.dynamics()),
            ("extraEnv", self.extra_env.dynamics()),
            ("dependsOn", self.depends_on.dynamics()),
            ("needsRedis", self.needs_redis.dynamics()),
        ];
        let mut by_place = BTreeMap::new();
        for dynamic in &self.dynamic {
            by_place.insert(dynamic.place, (None, dynamic));
        }
        for (name, dynamics) in fields {
            for dynamic in dynamics {
                let known = by_place.entry(dynamic.place);
                known.or_insert((Some(name), dynamic));
            }
        }
        by_place.into_values().collect()
    }

    /// Who uses a place, to be shown beside it, where the place lies outside the entry.
    pub fn way_to(&self, place: Place) -> Option<(Place, String)> {
        let is_outside = !covers(self.place, place);
        is_outside.then(|| (self.key.place, format!("used by `{}`", self.key.value)))
    }

    /// Where what the fields say came from, each with its field; the label's is left out.
    pub fn origins(&self) -> Vec<(&'static str, &Origin)> {
        let fields = [
            ("hostname", self.hostname.origins()),
            ("port", self.port.origins()),
            ("database", self.database.origins()),
            ("dockerfile", self.dockerfile.origins()),
            ("routes", self.routes.origins()),
            ("layer", self.layer.origins()),
            ("extraEnv", self.extra_env.origins()),
            ("dependsOn", self.depends_on.origins()),
            ("needsRedis", self.needs_redis.origins()),
        ];
        let named = |(name, origins): (_, Vec<_>)| origins.into_iter().map(move |it| (name, it));
        fields.into_iter().flat_map(named).collect()
    }
}

/// A value that a field can hold.
pub trait Held {
    /// Where it and its parts came from.
    fn origins(&self) -> Vec<&Origin>;

    /// Its parts that cannot be known.
    fn dynamics(&self) -> Vec<&Dynamic> {
        Vec::new()
    }

    /// Its parts that can be unknown.
    fn parts_mut(&mut self) -> Vec<&mut Field<Text>> {
        Vec::new()
    }
}

impl<T> Held for Traced<T> {
    fn origins(&self) -> Vec<&Origin> {
        vec![&self.origin]
    }
}

impl Held for Text {
    fn origins(&self) -> Vec<&Origin> {
        let pieces = self.pieces.iter().map(|piece| &piece.origin);
        std::iter::once(&self.origin).chain(pieces).collect()
    }
}

impl Held for List {
    fn origins(&self) -> Vec<&Origin> {
        let items = self.items.iter().flat_map(Field::origins);
        std::iter::once(&self.origin).chain(items).collect()
    }

    fn dynamics(&self) -> Vec<&Dynamic> {
        self.items.iter().flat_map(Field::dynamics).collect()
    }

    fn parts_mut(&mut self) -> Vec<&mut Field<Text>> {
        self.items.iter_mut().collect()
    }
}

impl Held for Environment {
    fn origins(&self) -> Vec<&Origin> {
        let values = self.variables.iter().flat_map(|it| it.value.origins());
        std::iter::once(&self.origin).chain(values).collect()
    }

    fn dynamics(&self) -> Vec<&Dynamic> {
        let values = self.variables.iter().flat_map(|it| it.value.dynamics());
        values.chain(&self.open).collect()
    }

    fn parts_mut(&mut self) -> Vec<&mut Field<Text>> {
        let values = self.variables.iter_mut().map(|it| &mut it.value);
        values.collect()
    }
}

/// What an entry says in one field.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<T> {
    /// A value of the right type.
    Known(T),
    /// The entry has no such field. `undefined` and `null` count as absent in optional fields only
    /// (`extraEnv`, `dependsOn`, `needsRedis`).
    Absent,
    /// A value of another type.
    WrongType {
        /// Where it came from.
        origin: Origin,
        /// What it is: "a string", "null or undefined", "a number out of range".
        found: &'static str,
    },
    /// It cannot be known.
    Dynamic(Dynamic),
}

impl<T> Field<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Field::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the entry certainly has no such field.
    pub fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }

    /// What makes it unknown.
    pub fn dynamic(&self) -> Option<&Dynamic> {
        match self {
            Field::Dynamic(dynamic) => Some(dynamic),
            _ => None,
        }
    }
}

impl<T: Held> Field<T> {
    /// Where the value and its parts came from.
    pub fn origins(&self) -> Vec<&Origin> {
        match self {
            Field::Known(value) => value.origins(),
            Field::WrongType { origin, .. } => vec![origin],
            Field::Absent | Field::Dynamic(_) => Vec::new(),
        }
    }

    fn dynamics(&self) -> Vec<&Dynamic> {
        match self {
            Field::Known(value) => value.dynamics(),
            Field::Dynamic(dynamic) => vec![dynamic],
            Field::Absent | Field::WrongType { .. } => Vec::new(),
        }
    }
}

/// A list of strings.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Where the list came from.
    pub origin: Origin,
    /// Its items, never [`Field::Absent`]. A spread of something unknown is one dynamic item.
    pub items: Vec<Field<Text>>,
}

impl List {
    /// The items that are known.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.items.iter().filter_map(Field::known)
    }
}

/// The environment variables of `extraEnv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Where the record came from.
    pub origin: Origin,
    /// The variables whose names are known, in the order in which they are written.
    pub variables: Vec<Variable>,
    /// What may add further variables: dynamic keys and spreads.
    pub open: Vec<Dynamic>,
}

impl Environment {
    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables
            .iter()
            .find(|variable| variable.name.value == name)
    }
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The name.
    pub name: Traced<String>,
    /// The value, never [`Field::Absent`].
    pub value: Field<Text>,
}

impl Variable {
    /// Whether it holds a connection string of a database, or is the variable `own` that would.
    pub fn holds_connection_string(&self, own: &str) -> bool {
        let text = self.value.known().map(|text| text.value.as_str());
        self.name.value == own || text.is_some_and(|text| !connection::find(text).is_empty())
    }
}

/// The registries that `file` declares: its constants and exports of that shape, less those that
/// another one of the file takes in. Across files the caller asks `without_parts`.
///
/// A record or list has the shape if at least half of its entries, and at least one, are objects with
/// `database` and one of `hostname`, `port`, `dockerfile`, `routes`.
pub fn recognise(scripts: &Scripts<'_>, file: FileId) -> Vec<Registry> {
    let mut evaluator = Evaluator::new(scripts, file);
    let mut registries: Vec<Registry> = Vec::new();
    for candidate in candidates(scripts, &mut evaluator, file) {
        let Some(found) = find(&mut evaluator, &candidate.value) else {
            continue;
        };
        let same = registries.iter().any(|it| it.place == found.place);
        if !same {
            registries.push(read(&mut evaluator, file, candidate, found));
        }
    }
    without_parts(registries)
}

/// What `file` exports where it should hold a registry and `recognise` sees none in it: a registry without
/// entries, which may hold any. Of several exports the one that is named like a registry, or the default.
/// Nothing where no export is computed, unless `is_certain`: then any export counts.
pub fn lost(scripts: &Scripts<'_>, file: FileId, is_certain: bool) -> Option<Registry> {
    let script = scripts.by_file.get(&file)?;
    let mut evaluator = Evaluator::new(scripts, file);
    let is_exported = |name: &str| {
        script.exports.iter().any(|export| {
            let is_local =
                matches!(&export.value, ExportedValue::Local(local) if local.value == name);
            is_local || export.name.value == name
        })
    };
    let is_named = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "default" || name.contains("registry") || name.contains("services")
    };
    let mut exported: Vec<Candidate> = candidates(scripts, &mut evaluator, file)
        .into_iter()
        .filter(|candidate| is_exported(&candidate.name.value))
        .filter(|candidate| is_certain || is_named(&candidate.name.value))
        .collect();
    exported.sort_by_key(|candidate| !is_named(&candidate.name.value));
    let computed = exported
        .iter()
        .find_map(|candidate| match &candidate.value.kind {
            Kind::Dynamic(cause) => Some((candidate, cause.dynamic.clone())),
            _ => None,
        });
    let shapeless = || {
        let candidate = exported.first().filter(|_| is_certain)?;
        let why = Dynamic {
            place: candidate.name.place,
            what: "a value that has not the shape of a registry".to_owned(),
            broken: false,
        };
        Some((candidate, why))
    };
    let (candidate, why) = computed.or_else(shapeless)?;
    Some(Registry {
        file,
        name: candidate.name.clone(),
        place: candidate.value.origin.definition(),
        entries: Vec::new(),
        misplaced: Vec::new(),
        repeated: Vec::new(),
        open: vec![why],
        includes: Vec::new(),
    })
}

/// A constant or export that may be a registry.
struct Candidate<'a> {
    name: Placed<String>,
    value: Value<'a>,
    /// Where it is changed after its definition.
    changed: Option<Dynamic>,
}

fn candidates<'a>(
    scripts: &'a Scripts<'a>,
    evaluator: &mut Evaluator<'a>,
    file: FileId,
) -> Vec<Candidate<'a>> {
    let Some(script) = scripts.by_file.get(&file) else {
        return Vec::new();
    };
    let mut candidates = Vec::new();
    for (number, constant) in script.constants.iter().enumerate() {
        candidates.push(Candidate {
            name: constant.name.in_file(file),
            value: evaluator.constant(file, number),
            changed: evaluator.changed(file, &constant.name.value),
        });
    }
    let is_own = |name: &At<String>| {
        script
            .constants
            .iter()
            .any(|it| it.name.value == name.value)
    };
    let mut exported = Vec::new();
    for export in &script.exports {
        match &export.value {
            ExportedValue::Local(name) if is_own(name) => {}
            ExportedValue::Expr(expr) if matches!(expr.kind, ExprKind::Name(_)) => {}
            _ if export.name.value == "*" => exported.extend(evaluator.export_names(file)),
            _ => exported.push((export.name.value.clone(), export.name.span.in_file(file))),
        }
    }
    for (name, place) in exported {
        if let Some(value) = evaluator.export(file, &name) {
            candidates.push(Candidate {
                name: Placed { value: name, place },
                value,
                changed: None,
            });
        }
    }
    candidates
}

/// The part of a value that is shaped like a registry.
struct Found<'a> {
    place: Place,
    /// The record or list, or the records that group the services.
    groups: Vec<Value<'a>>,
    /// What else may add groups.
    open: Vec<Dynamic>,
    /// Why nothing is certain about the entries: a function made the registry of this record.
    made_by: Option<Dynamic>,
}

fn find<'a>(evaluator: &mut Evaluator<'a>, value: &Value<'a>) -> Option<Found<'a>> {
    if let Some(found) = find_literal(evaluator, value) {
        return Some(found);
    }
    let Kind::Dynamic(cause) = &value.kind else {
        return None;
    };
    let (file, expr) = cause.stopped_at?;
    let ExprKind::Call { callee, arguments } = &expr.kind else {
        return None;
    };
    let call = expr.span.in_file(file);
    arguments.iter().find_map(|argument| {
        let argument = evaluator.evaluate(file, argument);
        let found = find_literal(evaluator, &argument)?;
        // `Object.values(registry)` makes no registry of a constant that is one already.
        let makes_one = covers(call, found.place) || is_maker(&callee.value);
        makes_one.then(|| Found {
            made_by: Some(cause.dynamic.clone()),
            ..found
        })
    })
}

/// Whether a function is named like one that makes something of its argument.
fn is_maker(callee: &str) -> bool {
    let name = callee.rsplit('.').next().unwrap_or(callee);
    ["build", "create", "define", "make"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

fn find_literal<'a>(evaluator: &mut Evaluator<'a>, value: &Value<'a>) -> Option<Found<'a>> {
    let mut found = Found {
        place: value.origin.definition(),
        groups: Vec::new(),
        open: Vec::new(),
        made_by: None,
    };
    if has_shape(evaluator, value) {
        found.groups.push(value.clone());
        return Some(found);
    }
    let Kind::Object(object) = &value.kind else {
        return None;
    };
    for member in &object.properties {
        if has_shape(evaluator, &member.value) {
            found.groups.push(member.value.clone());
        }
    }
    found.open = object.unknown().cloned().collect();
    (!found.groups.is_empty()).then_some(found)
}

fn has_shape<'a>(evaluator: &mut Evaluator<'a>, value: &Value<'a>) -> bool {
    let members: Vec<&Value<'a>> = match &value.kind {
        Kind::Object(object) => object.properties.iter().map(|it| &it.value).collect(),
        Kind::Array(array) => array.items.iter().flatten().collect(),
        _ => return false,
    };
    let verdicts = members
        .into_iter()
        .filter_map(|it| is_service(evaluator, it));
    let (services, others): (Vec<bool>, Vec<bool>) = verdicts.partition(|&is_service| is_service);
    !services.is_empty() && services.len() >= others.len()
}

/// Whether a value looks like a service; nothing if that cannot be told.
fn is_service<'a>(evaluator: &mut Evaluator<'a>, value: &Value<'a>) -> Option<bool> {
    match &value.kind {
        Kind::Object(object) => looks_like_service(object),
        Kind::Dynamic(cause) => {
            let (file, expr) = cause.stopped_at?;
            let ExprKind::Call { arguments, .. } = &expr.kind else {
                return None;
            };
            let call = expr.span.in_file(file);
            let made_of_one = arguments.iter().any(|argument| {
                let argument = evaluator.evaluate(file, argument);
                // `portOf(registry.loans)` is no service.
                covers(call, argument.origin.nearest())
                    && argument.origin.links.is_empty()
                    && matches!(&argument.kind, Kind::Object(it) if looks_like_service(it) == Some(true))
            });
            made_of_one.then_some(true)
        }
        _ => Some(false),
    }
}

fn looks_like_service(object: &Object<'_>) -> Option<bool> {
    let holds = |key: &str| object.properties.iter().any(|it| &*it.key.value == key);
    let others = ["hostname", "port", "dockerfile", "routes"];
    if holds("database") && others.into_iter().any(holds) {
        return Some(true);
    }
    object.unknown().next().is_none().then_some(false)
}

fn read<'a>(
    evaluator: &mut Evaluator<'a>,
    file: FileId,
    candidate: Candidate<'a>,
    found: Found<'a>,
) -> Registry {
    let mut registry = Registry {
        file,
        name: candidate.name,
        place: found.place,
        entries: Vec::new(),
        misplaced: Vec::new(),
        repeated: Vec::new(),
        open: found.open,
        includes: Vec::new(),
    };
    for group in &found.groups {
        if group.origin.definition() != registry.place {
            registry.includes.push(group.origin.definition());
        }
        match &group.kind {
            Kind::Object(object) => registry.read_record(evaluator, object),
            Kind::Array(array) => registry.read_list(evaluator, array),
            _ => {}
        }
    }
    registry.doubt_repeated();
    if let Some(unsettled) = candidate.changed.or(found.made_by) {
        for entry in &mut registry.entries {
            *entry = Entry::unknown(entry.key.clone(), entry.place, &unsettled);
        }
        registry.open.push(unsettled);
    }
    registry
}

/// Registries that are looked at for a common entry; an honest file has two or three in all.
const MOST_OWNERS: usize = 16;

/// The registries, of one file or of many, that no other one takes in; of two that take in each other the
/// first.
pub(super) fn without_parts(registries: Vec<Registry>) -> Vec<Registry> {
    let included: BTreeSet<Place> = registries
        .iter()
        .flat_map(|it| &it.includes)
        .copied()
        .collect();
    let mut owners: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (number, registry) in registries.iter().enumerate() {
        let entries = registry.entries.iter().map(|entry| entry.place);
        for place in entries.chain([registry.place]) {
            owners.entry(place).or_default().push(number);
        }
    }
    let is_part = |number: usize, part: &Registry| {
        let own = [Some(part.place), part.members().next()];
        let owners = own.iter().flatten().filter_map(|place| owners.get(place));
        let mut owners = owners.flat_map(|owners| owners.iter().copied().take(MOST_OWNERS));
        let is_selection = owners.any(|other| {
            let whole = &registries[other];
            let takes_in = other != number && whole.takes_in(part);
            takes_in && (other < number || !part.takes_in(whole))
        });
        included.contains(&part.place) || is_selection
    };
    let parts: Vec<bool> = registries
        .iter()
        .enumerate()
        .map(|(number, registry)| is_part(number, registry))
        .collect();
    let kept = registries.into_iter().zip(parts);
    kept.filter(|&(_, is_part)| !is_part)
        .map(|(registry, _)| registry)
        .collect()
}

impl Registry {
    /// Makes services that have more than one entry unknown, and the registry open: which entry counts is for
    /// whoever reads it to decide, and another service may have lost its own.
    fn doubt_repeated(&mut self) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        let repeated = &mut self.repeated;
        self.entries.retain(|entry| {
            let is_first = known.insert(entry.key.value.clone());
            if !is_first {
                repeated.push(entry.key.clone());
            }
            is_first
        });
        for key in &self.repeated {
            // The finding is about the key.
            let why = Dynamic {
                place: key.place,
                what: "a key that stands twice".to_owned(),
                broken: true,
            };
            let entries = self.entries.iter_mut();
            for entry in entries.filter(|entry| entry.key.value == key.value) {
                *entry = Entry::unknown(entry.key.clone(), entry.place, &why);
            }
            self.open.push(why);
        }
    }

    fn read_record(&mut self, evaluator: &mut Evaluator<'_>, object: &Object<'_>) {
        self.includes.extend(&object.includes);
        self.repeated.extend(object.repeated.iter().cloned());
        self.open.extend(object.unknown().cloned());
        for member in &object.properties {
            let key = Placed {
                value: member.key.value.to_string(),
                place: member.key.place(),
            };
            self.read_member(evaluator, key, &member.value);
        }
    }

    fn read_list(&mut self, evaluator: &mut Evaluator<'_>, array: &Array<'_>) {
        self.includes.extend(&array.includes);
        for (index, item) in array.items.iter().enumerate() {
            match item {
                Ok(item) => self.read_item(evaluator, index, item),
                Err(dynamic) => self.open.push(dynamic.clone()),
            }
        }
    }

    fn read_item(&mut self, evaluator: &mut Evaluator<'_>, index: usize, item: &Value<'_>) {
        let place = item.origin.definition();
        match &item.kind {
            Kind::Object(object) => {
                let computed = computed_name(object);
                match name_of(object) {
                    Some(key) => self.read_member(evaluator, key, item),
                    None if computed.is_some() => {}
                    None => self.open.push(Dynamic {
                        place,
                        what: "an entry without a known `key`, `name` or `id`".to_owned(),
                        broken: false,
                    }),
                }
                self.open.extend(computed);
            }
            Kind::Dynamic(cause) => self.open.push(cause.dynamic.clone()),
            _ => {
                let key = Placed {
                    value: index.to_string(),
                    place: item.origin.nearest(),
                };
                self.read_member(evaluator, key, item);
            }
        }
    }

    fn read_member(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        key: Placed<String>,
        value: &Value<'_>,
    ) {
        let place = value.origin.definition();
        match &value.kind {
            Kind::Object(object) => {
                self.entries
                    .push(Entry::read(evaluator, key, place, object));
            }
            Kind::Dynamic(cause) => {
                self.entries
                    .push(Entry::unknown(key, place, &cause.dynamic));
            }
            _ => self.misplaced.push(Misplaced {
                key,
                place: value.origin.nearest(),
                found: what_is(value),
            }),
        }
    }
}

/// What names the service in an item of a list. A value with white space in it is a label, not a name,
/// unless there is nothing else.
fn name_of(object: &Object<'_>) -> Option<Placed<String>> {
    let keys = ["key", "name", "id", "hostname"].into_iter();
    let names: Vec<Text> = keys.filter_map(|key| known_text(object, key)).collect();
    let word = names
        .iter()
        .find(|it| !it.value.contains(char::is_whitespace));
    word.or(names.first()).map(|name| Placed {
        value: name.value.clone(),
        place: name.place(),
    })
}

/// What makes the name of an item unknown. Its host is no name then.
fn computed_name(object: &Object<'_>) -> Option<Dynamic> {
    let keys = ["key", "name", "id"];
    if keys.iter().any(|key| known_text(object, key).is_some()) {
        return None;
    }
    keys.iter().find_map(|key| match object.get(key) {
        Lookup::Known(member) => match &member.value.kind {
            Kind::Dynamic(cause) => Some(cause.dynamic.clone()),
            _ => None,
        },
        _ => None,
    })
}

fn known_text(object: &Object<'_>, key: &str) -> Option<Text> {
    match object.get(key) {
        Lookup::Known(member) => member.value.text(),
        _ => None,
    }
}

impl Entry {
    fn read(
        evaluator: &mut Evaluator<'_>,
        key: Placed<String>,
        place: Place,
        object: &Object<'_>,
    ) -> Self {
        Self {
            key,
            place,
            hostname: field(object, "hostname", text),
            port: field(object, "port", port),
            database: field(object, "database", text),
            dockerfile: field(object, "dockerfile", text),
            routes: field(object, "routes", |value| list(evaluator, value)),
            layer: field(object, "layer", text),
            label: field(object, "label", text),
            extra_env: optional(field(object, "extraEnv", |it| environment(evaluator, it))),
            depends_on: optional(field(object, "dependsOn", |it| list(evaluator, it))),
            needs_redis: optional(field(object, "needsRedis", flag)),
            dynamic: object.unknown().cloned().collect(),
        }
    }

    /// An entry of which nothing is known.
    pub(super) fn unknown(key: Placed<String>, place: Place, why: &Dynamic) -> Self {
        Self {
            key,
            place,
            hostname: Field::Dynamic(why.clone()),
            port: Field::Dynamic(why.clone()),
            database: Field::Dynamic(why.clone()),
            dockerfile: Field::Dynamic(why.clone()),
            routes: Field::Dynamic(why.clone()),
            layer: Field::Dynamic(why.clone()),
            label: Field::Dynamic(why.clone()),
            extra_env: Field::Dynamic(why.clone()),
            depends_on: Field::Dynamic(why.clone()),
            needs_redis: Field::Dynamic(why.clone()),
            dynamic: vec![why.clone()],
        }
    }
}

const NOTHING: &str = "null or undefined";

fn what_is(value: &Value<'_>) -> &'static str {
    match &value.kind {
        Kind::String(_) => "a string",
        Kind::Number(_) => "a number",
        Kind::Boolean(_) => "a boolean",
        Kind::Nothing => NOTHING,
        Kind::Array(_) => "a list",
        Kind::Object(_) => "an object",
        Kind::Identity => "a function",
        Kind::Dynamic(_) => "something unknown",
    }
}

fn field<T>(object: &Object<'_>, key: &str, read: impl FnOnce(&Value<'_>) -> Field<T>) -> Field<T> {
    match object.get(key) {
        Lookup::Known(member) => read(&member.value),
        Lookup::Absent => Field::Absent,
        Lookup::Unknown(dynamic) => Field::Dynamic(dynamic.clone()),
    }
}

fn optional<T>(field: Field<T>) -> Field<T> {
    match field {
        Field::WrongType { found: NOTHING, .. } => Field::Absent,
        other => other,
    }
}

fn not_this<T>(value: &Value<'_>) -> Field<T> {
    match &value.kind {
        Kind::Dynamic(cause) => Field::Dynamic(cause.dynamic.clone()),
        _ => Field::WrongType {
            origin: value.origin.clone(),
            found: what_is(value),
        },
    }
}

pub(crate) fn text(value: &Value<'_>) -> Field<Text> {
    value.text().map_or_else(|| not_this(value), Field::Known)
}

fn port(value: &Value<'_>) -> Field<Traced<u16>> {
    let Kind::Number(number) = value.kind else {
        return not_this(value);
    };
    if number.fract() != 0.0 || !(1.0..=65_535.0).contains(&number) {
        return Field::WrongType {
            origin: value.origin.clone(),
            found: "a number out of range",
        };
    }
    // Whole and in range, as was just seen.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Field::Known(Traced {
        value: number as u16,
        origin: value.origin.clone(),
    })
}

fn flag(value: &Value<'_>) -> Field<Traced<bool>> {
    match value.kind {
        Kind::Boolean(flag) => Field::Known(Traced {
            value: flag,
            origin: value.origin.clone(),
        }),
        _ => not_this(value),
    }
}

/// The value of an environment variable: a number or boolean becomes the text that JavaScript makes of it.
fn setting(value: &Value<'_>) -> Field<Text> {
    match value.plain_text() {
        Some(plain) => Field::Known(Text {
            value: plain,
            origin: value.origin.clone(),
            pieces: Vec::new(),
        }),
        None => text(value),
    }
}

/// A text inside a list or record that came over `links`.
fn inside(text: Field<Text>, links: &[Place]) -> Field<Text> {
    match text {
        Field::Known(mut text) => {
            text.origin = text.origin.inside(links);
            Field::Known(text)
        }
        other => other,
    }
}

fn list(evaluator: &mut Evaluator<'_>, value: &Value<'_>) -> Field<List> {
    let Kind::Array(array) = &value.kind else {
        return not_this(value);
    };
    if !evaluator.pay(array.items.len()) {
        return Field::Dynamic(too_much(value));
    }
    let items = array.items.iter().map(|item| match item {
        Ok(item) => inside(text(item), &value.origin.links),
        Err(dynamic) => Field::Dynamic(dynamic.clone()),
    });
    Field::Known(List {
        origin: value.origin.clone(),
        items: items.collect(),
    })
}

fn environment(evaluator: &mut Evaluator<'_>, value: &Value<'_>) -> Field<Environment> {
    let Kind::Object(object) = &value.kind else {
        return not_this(value);
    };
    if !evaluator.pay(object.properties.len()) {
        return Field::Dynamic(too_much(value));
    }
    let links = &value.origin.links;
    let variables = object.properties.iter().map(|member| Variable {
        name: Traced {
            value: member.key.value.to_string(),
            origin: member.key.origin.clone().inside(links),
        },
        value: field(object, &member.key.value, |value| {
            inside(setting(value), links)
        }),
    });
    Field::Known(Environment {
        origin: value.origin.clone(),
        variables: variables.collect(),
        open: object.unknown().cloned().collect(),
    })
}

fn too_much(value: &Value<'_>) -> Dynamic {
    Dynamic {
        place: value.origin.nearest(),
        what: "a list that takes too many steps".to_owned(),
        broken: false,
    }
}

#[cfg(test)]
mod tests;
