//! What the Nest modules of a service let others have.

use std::collections::{BTreeMap, HashSet};

use crate::model::Workspace;
use crate::model::code::CodeFile;
use crate::model::homes::Homes;
use crate::model::service::Service;
use crate::parse::typescript::nest::NestModule;
use crate::source::Place;

/// A Nest module that lets others have what holds a database.
pub struct ExportedStore<'a> {
    /// The service.
    pub service: &'a Service,
    /// The Nest module.
    pub module: &'a str,
    /// What it exports.
    pub name: &'a str,
    /// Where it is exported.
    pub place: Place,
    /// What else of the kind it exports.
    pub others: Vec<(Place, &'a str)>,
}

impl Workspace<'_> {
    /// The Nest modules of registry services that export a Prisma client or a repository, in the order of the
    /// files.
    pub fn exported_stores(&self) -> Vec<ExportedStore<'_>> {
        let homes = Homes::of(self);
        let mut codes: BTreeMap<&[usize], Vec<CodeFile>> = BTreeMap::new();
        for code in self.code_files().filter(|code| !code.is_test) {
            let facts = code.code;
            if !facts.modules.is_empty() || !facts.prisma_classes.is_empty() {
                let around = homes.around(code.path);
                codes.entry(around).or_default().push(code);
            }
        }
        let mut found = Vec::new();
        for (around, files) in codes {
            let mut registered = around.iter().filter_map(|&it| homes.registered.get(it));
            let storing = registered.find(|(_, service)| !service.is_stateless());
            let Some(&(_, service)) = storing else {
                continue;
            };
            let classes = files.iter().flat_map(|file| &file.code.prisma_classes);
            let clients: HashSet<&str> = classes.map(|class| class.name.value.as_str()).collect();
            for file in &files {
                let modules = file.code.modules.iter();
                let stores =
                    modules.filter_map(|module| exported_store(service, file, module, &clients));
                found.extend(stores);
            }
        }
        found.sort_by_key(|store| store.place);
        found
    }
}

fn exported_store<'w>(
    service: &'w Service,
    file: &CodeFile<'w>,
    module: &'w NestModule,
    clients: &HashSet<&str>,
) -> Option<ExportedStore<'w>> {
    let is_store = |name: &str| {
        name.ends_with("PrismaService") || name.ends_with("Repository") || clients.contains(name)
    };
    let mut stores = module
        .exports
        .iter()
        .map(|name| (name.span.in_file(file.file), name.value.as_str()))
        .filter(|(_, name)| is_store(name));
    let (place, name) = stores.next()?;
    Some(ExportedStore {
        service,
        module: &module.name.value,
        name,
        place,
        others: stores.collect(),
    })
}
