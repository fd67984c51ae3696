//! Whose the files are that set connection strings.

use std::collections::{BTreeSet, HashMap};

use super::Holder;
use crate::model::inferred::InferredService;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::{link, names};
use crate::parse::settings::{Setting as Written, is_kubernetes};
use crate::source::{Kind, SourceFile, ancestors, file_name, parent};

/// Whose a setting is.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// The numbers of products and of services in them. More than one where services share their module.
    Registered(Vec<(usize, usize)>),
    /// The number of a service that no registry names.
    Inferred(usize),
}

impl Whose {
    /// The services of registries among them.
    pub(super) fn registered(&self) -> &[(usize, usize)] {
        match self {
            Whose::Registered(services) => services,
            Whose::Inferred(_) => &[],
        }
    }
}

/// Who the services of files are.
pub(super) struct Owners<'a> {
    products: &'a [Product],
    by_folder: HashMap<String, Vec<(usize, usize)>>,
    by_dockerfile: HashMap<&'a str, Vec<(usize, usize)>>,
    /// Services that no registry names, by the folders of their modules.
    inferred: HashMap<&'a str, usize>,
    /// The same by their names, where only one service has the name.
    inferred_names: HashMap<String, Option<usize>>,
}

impl<'a> Owners<'a> {
    pub(super) fn of(products: &'a [Product], inferred: &'a [InferredService]) -> Self {
        let mut inferred_names = HashMap::new();
        for (number, service) in inferred.iter().enumerate() {
            let folder = service.folder.as_deref().map(file_name);
            let names = [Some(service.name.as_str()), folder].into_iter().flatten();
            let names: BTreeSet<String> = names.map(kebab_case).collect();
            for name in names {
                inferred_names
                    .entry(name)
                    .and_modify(|only| *only = None)
                    .or_insert(Some(number));
            }
        }
        let inferred = inferred.iter().enumerate();
        // What stands in the root serves all.
        let inferred = inferred.filter_map(|(number, service)| {
            let folder = service.folder.as_deref().filter(|it| !it.is_empty())?;
            Some((folder, number))
        });
        let mut owners = Self {
            products,
            by_folder: HashMap::new(),
            by_dockerfile: HashMap::new(),
            inferred: inferred.collect(),
            inferred_names,
        };
        for (product, number, service) in numbered(products) {
            if let Some(module) = &service.module {
                let users = owners.by_folder.entry(module.folder.clone()).or_default();
                users.push((product, number));
            }
            if let Some(dockerfile) = service.dockerfile.as_deref() {
                let users = owners.by_dockerfile.entry(dockerfile).or_default();
                users.push((product, number));
            }
        }
        owners
    }

    /// The service of the module that a file stands in.
    pub(super) fn of_module(&self, path: &str) -> Option<Whose> {
        let registered = link::nearest_users(&self.by_folder, path);
        if !registered.is_empty() {
            return Some(Whose::Registered(registered));
        }
        let number = ancestors(parent(path)).find_map(|folder| self.inferred.get(folder))?;
        Some(Whose::Inferred(*number))
    }

    /// The services that a Dockerfile builds.
    pub(super) fn of_dockerfile(&self, path: &str) -> Option<Whose> {
        let named = self.by_dockerfile.get(path).cloned();
        named
            .map(Whose::Registered)
            .or_else(|| self.of_module(path))
    }

    /// The service that a part of a manifest or a script of a package is about; none for scripts of tests.
    pub(super) fn of_setting(
        &self,
        source: &SourceFile,
        written: &Written,
    ) -> Option<(Holder, Whose)> {
        if source.kind == Kind::Package {
            let is_test = written.within.iter().any(|script| script.contains("test"));
            let whose = self.of_module(&source.path).filter(|_| !is_test)?;
            return Some((Holder::Package, whose));
        }
        let whose = self.of_deployment(source, &written.within)?;
        Some((Holder::Deployment, whose))
    }

    /// Those that a part of a manifest is about, by the names above it, else by the names of the file and
    /// its folder.
    fn of_deployment(&self, source: &SourceFile, within: &[String]) -> Option<Whose> {
        let name = file_name(&source.path);
        let stem = name.split('.').next().unwrap_or(name);
        let is_values = stem == "values" || stem.starts_with("values-");
        if !is_values && stem != "kustomization" && !is_kubernetes(&source.text) {
            return None;
        }
        self.of_module(&source.path).or_else(|| {
            let folder = file_name(parent(&source.path));
            let names = within.iter().rev().map(String::as_str);
            let mut registered = names
                .chain([stem, folder])
                .map(|name| self.of_name(&source.path, name));
            let registered = registered.find(|services| !services.is_empty());
            // Of services that no registry tells apart, an object is sooner called after one than a container,
            // which may be any `api`.
            let names = within.iter().map(String::as_str);
            let inferred = || {
                let mut names = names.chain([stem, folder]);
                names.find_map(|name| self.inferred_of_name(name))
            };
            registered
                .map(Whose::Registered)
                .or_else(|| inferred().map(Whose::Inferred))
        })
    }

    /// The service in no registry that a name means.
    fn inferred_of_name(&self, name: &str) -> Option<usize> {
        let kebab = kebab_case(name);
        let names = [Some(kebab.as_str()), without_kind(&kebab)];
        let mut found = names.into_iter().flatten();
        found.find_map(|name| *self.inferred_names.get(name)?)
    }

    /// The services that a name means: their key, perhaps written in another case, with the product's name
    /// before it or the kind of object behind it.
    fn of_name(&self, path: &str, name: &str) -> Vec<(usize, usize)> {
        let kebab = kebab_case(name);
        let short = without_kind(&kebab);
        let services = |product: &Product| {
            let prefix = format!("{}-", file_name(&product.name));
            let names = [Some(kebab.as_str()), short];
            let names = names.into_iter().flatten();
            let mut names = names.flat_map(|name| [Some(name), name.strip_prefix(&prefix)]);
            names.find_map(|name| product.position_of(name?))
        };
        let numbered = || self.products.iter().enumerate();
        let found = |(number, product): (usize, &Product)| Some((number, services(product)?));
        let near =
            numbered().filter(|(_, product)| path.starts_with(&format!("{}/", product.folder)));
        let near: Vec<_> = near.filter_map(found).collect();
        if near.is_empty() {
            numbered().filter_map(found).collect()
        } else {
            near
        }
    }
}

fn kebab_case(name: &str) -> String {
    names::snake_case(name).replace('_', "-")
}

/// The name of an object without the word behind it that says of what kind it is.
fn without_kind(name: &str) -> Option<&str> {
    const KINDS: [&str; 8] = [
        "-config",
        "-configmap",
        "-deployment",
        "-env",
        "-migrate",
        "-migration",
        "-secret",
        "-secrets",
    ];
    KINDS.iter().find_map(|kind| name.strip_suffix(kind))
}

fn numbered(products: &[Product]) -> impl Iterator<Item = (usize, usize, &Service)> {
    products.iter().enumerate().flat_map(|(product, it)| {
        let services = it.services.iter().enumerate();
        services.map(move |(number, service)| (product, number, service))
    })
}
