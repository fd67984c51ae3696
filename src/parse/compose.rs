//! Compose files (Compose specification, <https://compose-spec.io>): what one file says.
//!
//! Anchors, aliases and `<<` merges are followed here, since they never leave the file. Variables,
//! override files, `extends` and `include` are not: the model resolves them.

mod environment;
mod facts;
mod service;
mod values;

use crate::parse::{Parsed, Problem};
use crate::source::Span;
use crate::yaml::{Entry, Error, Tree, Value};
use service::service;
use values::{
    elements, field, fields, flag, is_no_map, name_of, one_or_many, written, written_field,
};

pub use facts::{
    Build, Command, ComposeFile, Declared, DependsOn, EnvEntry, Environment, Extends, Include,
    Port, Replaced, Service, ServiceNetwork, Volume, Written,
};

/// Reads one compose file.
pub fn parse(text: &str) -> Parsed<ComposeFile> {
    let tree = Tree::parse(text);
    let mut facts = ComposeFile::default();
    let mut problems: Vec<Problem> = tree.errors.iter().map(problem_of).collect();
    for root in tree.documents() {
        read_document(&root, &mut facts, &mut problems);
        if text.contains(RESET) || text.contains(OVERRIDE) {
            note_replaced(&root, &mut Vec::new(), &mut facts.replaced);
        }
    }
    problems.sort_by_key(|problem| problem.span);
    Parsed {
        facts,
        problems,
        unbroken: tree.unbroken(text),
        comments: tree.comments,
    }
}

const RESET: &str = "!reset";
const OVERRIDE: &str = "!override";

fn problem_of(error: &Error) -> Problem {
    Problem {
        span: error.span,
        message: error.message.clone(),
        help: error.help.clone(),
    }
}

fn read_document(root: &Value, facts: &mut ComposeFile, problems: &mut Vec<Problem>) {
    if is_no_map(root) {
        problems.push(Problem {
            span: beginning(root),
            message: "a compose file is a map, and this is none".to_owned(),
            help: "begin with `services:`".to_owned(),
        });
    }
    for entry in fields(root) {
        let Entry { key, value, .. } = &entry;
        match key.value {
            "name" => facts.name = written(value),
            "include" => facts.include.extend(include(value)),
            "networks" => facts.networks.extend(declared(value)),
            "volumes" => facts.volumes.extend(declared(value)),
            "services" => {
                facts.services_key = facts.services_key.or(Some(key.span));
                read_services(&entry, facts, problems);
            }
            _ => {}
        }
    }
}

/// A place for a value that may be the whole file: the first `-` or `[` of a list.
fn beginning(value: &Value) -> Span {
    let span = value.span();
    match value.tag() {
        Some(tag) if span.is_empty() => tag.span,
        _ if value.is_sequence() => Span::new(span.range().start, span.range().start + 1),
        _ => span,
    }
}

fn read_services(services: &Entry, facts: &mut ComposeFile, problems: &mut Vec<Problem>) {
    if is_no_map(&services.value) {
        problems.push(Problem {
            span: services.key.span,
            message: "`services` is not a map".to_owned(),
            help: "write each service as a key below it, with its settings below that".to_owned(),
        });
    }
    for entry in fields(&services.value) {
        if is_no_map(&entry.value) {
            problems.push(Problem {
                span: entry.key.span,
                message: format!("the service `{}` is not a map", entry.key.value),
                help: "write its settings as keys below it".to_owned(),
            });
        }
        let key = name_of(&entry);
        facts
            .services
            .push(service(key, &entry.into_rooted_value()));
    }
}

fn include(value: &Value) -> Vec<Include> {
    if value.is_sequence() {
        elements(value).filter_map(|item| included(&item)).collect()
    } else {
        included(value).into_iter().collect()
    }
}

fn included(item: &Value) -> Option<Include> {
    let many = |key| field(item, key).map(|value| one_or_many(&value));
    let paths = many("path").or_else(|| Some(vec![written(item)?]))?;
    (!paths.is_empty()).then(|| Include {
        paths,
        project_directory: written_field(item, "project_directory"),
        env_files: many("env_file").unwrap_or_default(),
    })
}

fn declared(map: &Value) -> Vec<Declared> {
    let declared = |entry: Entry| {
        let external = field(&entry.value, "external");
        let external_name = || written_field(external.as_ref()?, "name");
        Declared {
            name: name_of(&entry),
            real_name: written_field(&entry.value, "name").or_else(external_name),
            external: external.as_ref().is_some_and(Value::is_mapping)
                || flag(&entry.value, "external") == Some(true),
        }
    };
    fields(map).map(declared).collect()
}

fn note_replaced(value: &Value, path: &mut Vec<String>, replaced: &mut Vec<Replaced>) {
    for entry in value.entries() {
        path.push(entry.key.value.to_owned());
        match entry.value.tag() {
            Some(tag) if [RESET, OVERRIDE].contains(&tag.value.as_str()) => {
                replaced.push(Replaced {
                    path: path.clone(),
                    tag: tag.clone(),
                });
            }
            _ => note_replaced(&entry.value, path, replaced),
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests;
