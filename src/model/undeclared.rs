//! Services that a service calls without waiting for them.

use std::collections::{HashMap, HashSet};

use crate::finding::{Edit, Fix, Safety};
use crate::model::Workspace;
use crate::model::calls::{Url, services_by_host};
use crate::model::dependencies::strongly_connected;
use crate::model::product::Product;
use crate::model::registry::{Field, List};
use crate::model::service::Service;
use crate::model::value::covers;
use crate::source::{Place, Span};

/// A service that another one calls and does not depend on.
pub struct UndeclaredCall<'a> {
    /// Who calls.
    pub service: &'a Service,
    /// Who is called.
    pub target: &'a Service,
    /// The variable, the first of several.
    pub variable: &'a str,
    /// The host in its URL.
    pub host: Place,
    /// The hosts in further URLs.
    pub again: Vec<Place>,
    /// The list that lacks the service, where there is one.
    pub list: Option<Place>,
    /// Whether the called service waits for the caller, or would if all calls were declared.
    pub closes_circle: bool,
    /// Declares all calls of the service that close no circle.
    pub fix: Option<Fix>,
}

impl Workspace<'_> {
    /// Calls of a product's services that their `dependsOn` lacks, in the order of the registry.
    pub fn undeclared_calls<'p>(&'p self, product: &'p Product) -> Vec<UndeclaredCall<'p>> {
        let by_host = services_by_host(product);
        let misdirected = self.misdirected(product);
        let misspelt: HashSet<(&str, &str)> = product
            .unknown_dependencies()
            .into_iter()
            .filter_map(|unknown| Some((unknown.service.key(), unknown.meant?)))
            .collect();
        let mut calls: Vec<UndeclaredCall> = Vec::new();
        for service in product.services() {
            let Some(declared) = declared(service) else {
                continue;
            };
            let mut known: HashMap<&str, usize> = HashMap::new();
            let environment = service.entry.extra_env.known().into_iter();
            for variable in environment.flat_map(|it| &it.variables) {
                let name = variable.name.value.as_str();
                let Some(url) = variable.value.known().and_then(Url::of) else {
                    continue;
                };
                let Some(&target) = by_host.get(url.host()) else {
                    continue;
                };
                let key = target.key();
                let is_said_elsewhere = misdirected.contains(&(service.key(), name))
                    || misspelt.contains(&(service.key(), key));
                let is_declared = declared.contains(key) || declared.contains(url.host());
                if key == service.key() || is_declared || is_said_elsewhere {
                    continue;
                }
                let host = url.text.part(url.host.clone());
                if let Some(&number) = known.get(key) {
                    calls[number].again.push(host);
                    continue;
                }
                known.insert(key, calls.len());
                let list = service.entry.depends_on.known();
                calls.push(UndeclaredCall {
                    service,
                    target,
                    variable: name,
                    host,
                    again: Vec::new(),
                    list: list.map(|list| list.origin.nearest()),
                    closes_circle: false,
                    fix: None,
                });
            }
        }
        mark_circles(product, &mut calls);
        self.add_fixes(&mut calls);
        calls
    }

    fn add_fixes(&self, calls: &mut [UndeclaredCall]) {
        for own in calls.chunk_by_mut(|a, b| a.service.key() == b.service.key()) {
            let targets = own.iter().filter(|call| !call.closes_circle);
            let targets: Vec<&str> = targets.map(|call| call.target.key()).collect();
            let fix = self.declaration_of(own[0].service, &targets);
            for call in own.iter_mut().filter(|call| !call.closes_circle) {
                call.fix.clone_from(&fix);
            }
        }
    }

    /// An edit that adds services to `dependsOn`, where that or `extraEnv` is written out in the entry.
    fn declaration_of(&self, service: &Service, targets: &[&str]) -> Option<Fix> {
        let quoted: Vec<String> = targets.iter().map(|key| format!("\"{key}\"")).collect();
        let quoted = quoted.join(", ");
        let (at, text) = match &service.entry.depends_on {
            Field::Known(list) => {
                let written = list.origin.written;
                let inner = self.literal(service, &list.origin.links, written, '[', ']')?;
                // Behind a comment nothing can be added.
                let items = Some(inner.trim_end()).filter(|it| !it.contains(['/', '*']))?;
                let end = written.span.start as usize + 1 + items.len();
                let text = if items.trim().is_empty() {
                    quoted
                } else if items.ends_with(',') {
                    format!(" {quoted},")
                } else {
                    format!(", {quoted}")
                };
                (Span::new(end, end).in_file(written.file), text)
            }
            Field::Absent => {
                let environment = service.entry.extra_env.known()?;
                let written = environment.origin.written;
                self.literal(service, &environment.origin.links, written, '{', '}')?;
                let end = written.span.end as usize;
                let space = self.break_before("extraEnv", written);
                let text = format!(",{space}dependsOn: [{quoted}]");
                (Span::new(end, end).in_file(written.file), text)
            }
            Field::WrongType { .. } | Field::Dynamic(_) => return None,
        };
        Some(Fix {
            safety: Safety::Unsafe,
            title: format!("Let `{}` wait for what it calls", service.key()),
            edits: vec![Edit { place: at, text }],
        })
    }

    /// What stands between the brackets of a literal in the entry itself.
    fn literal(
        &self,
        service: &Service,
        links: &[Place],
        written: Place,
        open: char,
        close: char,
    ) -> Option<&str> {
        let is_own = links.is_empty() && covers(service.entry.place, written);
        let text = Some(self.sources.slice(written)).filter(|_| is_own)?;
        text.strip_prefix(open)?.strip_suffix(close)
    }

    /// The space before a field that follows another one: a new line if that one begins its own.
    fn break_before(&self, field: &str, value: Place) -> String {
        let file = self.sources.file(value.file);
        let line = file.line_span(file.line_of(value.span.start));
        let line = file.slice(line);
        let begins = line.trim_start();
        if begins.starts_with(field) {
            format!("\n{}", &line[..line.len() - begins.len()])
        } else {
            " ".to_owned()
        }
    }
}

/// The services that one waits for; `None` where that is not wholly known.
fn declared(service: &Service) -> Option<HashSet<&str>> {
    let is_known = |list: &List| list.items.iter().all(|item| item.known().is_some());
    match &service.entry.depends_on {
        Field::Absent => Some(HashSet::new()),
        Field::Known(list) if is_known(list) => {
            Some(list.texts().map(|text| text.value.as_str()).collect())
        }
        _ => None,
    }
}

/// Marks the calls that would let services wait for each other if all were declared.
fn mark_circles(product: &Product, calls: &mut [UndeclaredCall]) {
    let services = product.services().iter();
    let numbers: HashMap<&str, usize> = services
        .enumerate()
        .map(|(number, service)| (service.key(), number))
        .collect();
    let mut edges: Vec<Vec<usize>> = product
        .services()
        .iter()
        .map(|service| {
            let named = service.dependencies();
            named
                .filter_map(|text| numbers.get(text.value.as_str()).copied())
                .collect()
        })
        .collect();
    for call in calls.iter() {
        edges[numbers[call.service.key()]].push(numbers[call.target.key()]);
    }
    let mut group_of = vec![0; edges.len()];
    for (group, members) in strongly_connected(&edges).into_iter().enumerate() {
        for member in members {
            group_of[member] = group;
        }
    }
    for call in calls {
        let ends = [call.service, call.target].map(|end| group_of[numbers[end.key()]]);
        call.closes_circle = ends[0] == ends[1];
    }
}
