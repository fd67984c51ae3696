//! Service registries: recognised by their shape, read entry by entry.

mod entry;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evaluate::{Evaluator, Kind, Object, Scripts, Value};
use crate::model::value::{Dynamic, covers};
use crate::parse::script::{ExportedValue, ExprKind};
use crate::source::{At, FileId, Place, Placed};

pub use entry::{Entry, Environment, Field, Held, List, Variable};
pub(crate) use read::text;

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

#[cfg(test)]
mod tests;
