//! What a product manifest says, against what the registry says.

mod databases;
mod modules;
mod routes;

use std::collections::HashSet;

use crate::catalogue::Guesser;
use crate::model::Workspace;
use crate::model::names::is_word;
use crate::model::ports::earlier_claimants;
use crate::model::product::Product;
use crate::model::routes::{RouteDrift, RouteTable};
use crate::model::service::Service;
use crate::parse::manifest::Manifest;
use crate::parse::{Facts, Parsed};
use crate::source::{At, FileId, Place, Placed, Seen, Span, file_name, parent};
pub use databases::DatabaseDrift;
pub use modules::ModuleDrift;

/// A difference between a manifest and the registry.
pub enum ManifestDrift<'a> {
    /// Another port.
    Port {
        /// Whose.
        service: &'a Service,
        /// The port in the manifest.
        wrong: Placed<String>,
        /// The port that the registry says.
        right: u16,
    },
    /// A difference of databases.
    Database(DatabaseDrift<'a>),
    /// A difference of modules.
    Module(ModuleDrift<'a>),
    /// A name of a service that the registry does not have.
    UnknownService {
        /// The name.
        name: Placed<String>,
        /// The key that was probably meant.
        meant: Option<&'a str>,
    },
    /// A difference of routes.
    Route(RouteDrift<'a>),
}

impl Workspace<'_> {
    /// How the manifests of a product differ from its registry.
    pub fn manifest_drift<'p>(&'p self, product: &'p Product) -> Vec<ManifestDrift<'p>> {
        let mut drift = Vec::new();
        for &file in &product.manifests {
            if let Facts::Manifest(parsed) = self.facts(file) {
                drift.extend(Comparison::of(self, product, file, parsed).run(&parsed.facts));
            }
        }
        drift
    }

    /// The keys of services that the manifests of a product list as modules; `None` where none has a list.
    pub(super) fn services_in_manifests<'p>(
        &self,
        product: &'p Product,
    ) -> Option<HashSet<&'p str>> {
        let sections = product
            .manifests
            .iter()
            .filter_map(|file| match self.facts(*file) {
                Facts::Manifest(parsed) => parsed.facts.modules.as_ref(),
                _ => None,
            });
        let modules = sections.map(|section| {
            let names = section.items.iter().map(|module| last(&module.name.value));
            names
                .filter_map(|name| product.service_named(name))
                .map(Service::key)
        });
        modules
            .map(HashSet::from_iter)
            .reduce(|mut all: HashSet<&str>, more| {
                all.extend(more);
                all
            })
    }

    /// The keys of services that the development set lacks: what is missing for them elsewhere is said
    /// with that.
    pub fn services_not_run<'p>(&self, product: &'p Product) -> HashSet<&'p str> {
        let stack = self.development(product);
        let missing = stack.map(|stack| product.services_missing_in(stack));
        let missing = missing.into_iter().flatten();
        missing.map(Service::key).collect()
    }
}

/// Whether a manifest is about a product: it names something of it.
pub(super) fn is_about(manifest: &Manifest, product: &Product) -> bool {
    let is_service = |name: &At<String>| product.service_named(last(&name.value)).is_some();
    let modules = manifest.modules.iter().flat_map(|section| &section.items);
    let databases = manifest.databases.iter().flat_map(|it| &it.items);
    let routes = manifest.routes.iter().flat_map(|section| &section.items);
    let mut databases = databases.flat_map(|it| std::iter::once(&it.key).chain(&it.value));
    modules.map(|module| &module.name).any(is_service)
        || routes.filter_map(|it| it.target.as_ref()).any(|target| {
            let (host, _) = host_and_port(&target.value);
            product.service_named(&target.value[host]).is_some()
        })
        || databases.any(|name| product.owner_of(&name.value).is_some())
}

/// Whether a file that may not have been read is certainly a manifest of the product: it has that name in
/// its folder, and neither Kubernetes nor a template engine reads it.
pub(super) fn has_its_place(path: &str, text: &str, product: &Product) -> bool {
    let folder = parent(path);
    let is_beside = folder == product.folder || folder == product.path_of("infra");
    is_beside
        && file_name(path).starts_with("manifest.")
        && !text.contains("apiVersion:")
        && !super::generated::is_template(text)
}

struct Comparison<'p> {
    workspace: &'p Workspace<'p>,
    product: &'p Product,
    file: FileId,
    routes: RouteTable<'p>,
    /// Whether all of the manifest could be read and the set of services is complete.
    is_closed: bool,
    not_run: HashSet<&'p str>,
    yielding: std::collections::BTreeSet<(u16, &'p str)>,
    roots: HashSet<&'p str>,
    /// Folders of packages outside of where modules lie: apps and the like.
    others: HashSet<&'p str>,
    guesser: Guesser,
    /// The routes that modules list and that they also claim.
    rightly_listed: HashSet<String>,
    drift: Vec<ManifestDrift<'p>>,
}

impl<'p> Comparison<'p> {
    fn of(
        workspace: &'p Workspace<'p>,
        product: &'p Product,
        file: FileId,
        parsed: &Parsed<Manifest>,
    ) -> Self {
        let roots = module_roots(product);
        let packages = workspace.sources.walked().filter_map(|(path, seen)| {
            let folder = path.strip_suffix("/package.json")?;
            let is_module = roots.contains(first(folder));
            (seen == Seen::File && !is_module).then(|| file_name(folder))
        });
        Self {
            workspace,
            product,
            file,
            routes: RouteTable::of(workspace, product),
            is_closed: !product.is_open() && parsed.problems.is_empty(),
            not_run: workspace.services_not_run(product),
            yielding: earlier_claimants(product),
            others: packages.collect(),
            roots,
            guesser: Guesser::default(),
            rightly_listed: HashSet::new(),
            drift: Vec::new(),
        }
    }

    fn run(mut self, manifest: &'p Manifest) -> Vec<ManifestDrift<'p>> {
        let mut left_out = HashSet::new();
        if let Some(section) = &manifest.modules {
            left_out = self.modules(section);
        }
        if let Some(section) = &manifest.databases {
            self.databases(section, &left_out);
        }
        if let Some(section) = &manifest.routes {
            self.gateway(section, &left_out);
        }
        self.drift
    }

    fn place(&self, span: Span) -> Place {
        span.in_file(self.file)
    }

    fn port(&mut self, service: &'p Service, text: &At<String>, range: std::ops::Range<usize>) {
        let port = service.entry.port.known();
        let right = port.filter(|port| self.workspace.is_read_as_a_whole(&port.origin));
        let written = &text.value[range.clone()];
        let (Some(right), Ok(wrong)) = (right, written.parse::<u16>()) else {
            return;
        };
        if wrong != right.value && !self.yielding.contains(&(right.value, service.key())) {
            let wrong = Placed {
                value: written.to_owned(),
                place: self.place(text.part(range)),
            };
            self.drift.push(ManifestDrift::Port {
                service,
                wrong,
                right: right.value,
            });
        }
    }

    fn unknown_service(&mut self, name: Placed<String>) {
        let keys = self.product.services().iter().map(Service::key);
        let meant = self.guesser.nearest(&name.value, keys);
        self.drift
            .push(ManifestDrift::UnknownService { name, meant });
    }

    /// Whether a name is certainly none of a service, an app or other software that the product runs.
    fn is_no_service(&self, name: &str) -> bool {
        let mut stacks = self.workspace.stacks_of(self.product).peekable();
        let runs_stacks = stacks.peek().is_some();
        !name.is_empty()
            && is_word(name)
            && runs_stacks
            && stacks.all(|stack| {
                let is_module = |container: &super::compose::Service| {
                    let build = container.build.as_ref();
                    let dockerfile = build.and_then(|build| build.dockerfile.as_deref());
                    dockerfile.is_some_and(|path| self.roots.contains(first(path)))
                };
                stack.open.is_empty() && stack.by_host(name).is_none_or(is_module)
            })
            && !self.others.contains(name)
            && !self.is_of_another_product(name)
    }

    fn is_run(&self, name: &str) -> bool {
        let mut stacks = self.workspace.stacks_of(self.product);
        stacks.any(|stack| stack.by_host(name).is_some())
    }

    fn is_of_another_product(&self, name: &str) -> bool {
        let products = self.workspace.products().iter();
        let mut others = products.filter(|other| other.name != self.product.name);
        others.any(|other| other.service_named(name).is_some())
    }
}

/// The first folders of the paths that lead to the product's modules.
fn module_roots(product: &Product) -> HashSet<&str> {
    let modules = product.services().iter();
    let modules = modules.filter_map(|service| service.module.as_ref());
    modules.map(|module| first(&module.folder)).collect()
}

fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// The last part of the path or the package name that a module may be named by.
fn last(name: &str) -> &str {
    name.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(name)
}

/// The bytes of the host and of the port in `name`, `name:port` or a URL.
fn host_and_port(target: &str) -> (std::ops::Range<usize>, Option<std::ops::Range<usize>>) {
    let start = target.find("://").map_or(0, |at| at + 3);
    let end = target[start..]
        .find('/')
        .map_or(target.len(), |at| start + at);
    match target[start..end].rfind(':') {
        Some(colon) => (start..start + colon, Some(start + colon + 1..end)),
        None => (start..end, None),
    }
}
