//! What a product manifest says, against what the registry says.

use std::collections::{HashMap, HashSet};

use crate::catalogue::Guesser;
use crate::model::Workspace;
use crate::model::ports::earlier_claimants;
use crate::model::product::{Product, Service};
use crate::model::routes::{Route, RouteDrift, RouteTable, is_below, path_of};
use crate::parse::manifest::{Database, Manifest, Module, Section};
use crate::parse::{Facts, Parsed};
use crate::source::{At, FileId, Place, Placed, Seen, Span, file_name, parent};

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
    /// Another database, or none.
    Database {
        /// Whose.
        service: &'a Service,
        /// The name in the manifest; empty where it says that there is none.
        named: Placed<String>,
    },
    /// A database of another name where the service's should be.
    DatabaseRenamed {
        /// Whose.
        service: &'a Service,
        /// The right name.
        name: &'a str,
        /// The name in the manifest.
        old: Placed<String>,
    },
    /// A database that the manifest lacks.
    DatabaseMissing {
        /// Whose.
        service: &'a Service,
        /// The name.
        name: &'a str,
        /// The key of the list that lacks it.
        section: Place,
    },
    /// A database that no service owns.
    DatabaseExtra {
        /// The name.
        name: Placed<String>,
        /// The service whose key the name is made of.
        namesake: Option<&'a Service>,
    },
    /// A service that the manifest lacks.
    ModuleMissing {
        /// Which.
        service: &'a Service,
        /// The key of the list that lacks it.
        section: Place,
    },
    /// A module without a field that all others have.
    FieldMissing {
        /// Which.
        service: &'a Service,
        /// The field.
        field: &'static str,
        /// The name of the module.
        module: Place,
        /// What to write.
        write: String,
        /// The first of its routes, where these are missing.
        route: Option<String>,
    },
    /// The name of another service for what is certainly this one.
    NameTaken {
        /// The name.
        name: Placed<String>,
        /// The service that is described.
        service: &'a Service,
    },
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

/// The fields that the modules of a manifest have, all but one at most.
#[derive(Default)]
struct Usual {
    has_port: bool,
    has_database: bool,
    has_routes: bool,
}

impl Usual {
    fn of(product: &Product, section: &Section<Module>) -> Self {
        let (mut ports, mut databases, mut routes) = ((0, 0), (0, 0), (0, 0));
        for module in &section.items {
            let Some(service) = product.service_named(last(&module.name.value)) else {
                continue;
            };
            let count = |counts: &mut (usize, usize), is_there: bool, is_due: bool| {
                counts.0 += usize::from(is_due);
                counts.1 += usize::from(is_due && is_there);
            };
            let has_routes = service.routes().next().is_some();
            count(&mut ports, module.port.is_some(), true);
            count(
                &mut databases,
                module.database.is_some(),
                service.database().is_some(),
            );
            count(&mut routes, module.routes.is_some(), has_routes);
        }
        let is_usual = |(due, there): (usize, usize)| there >= 2 && there + 1 >= due;
        Self {
            has_port: is_usual(ports),
            has_database: is_usual(databases),
            has_routes: is_usual(routes),
        }
    }
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

    /// Compares `modules`, and gives the services that it leaves out.
    fn modules(&mut self, section: &'p Section<Module>) -> HashSet<&'p str> {
        let mut named: HashSet<&str> = HashSet::new();
        let mut strangers: Vec<Placed<String>> = Vec::new();
        let mut usual = Usual::of(self.product, section);
        if !self.is_closed {
            usual = Usual::default();
        }
        let all = section.items.iter();
        let all: HashSet<&str> = all.map(|module| last(&module.name.value)).collect();
        self.rightly_listed = self.rightly_in_modules(section);
        for module in &section.items {
            let name = last(&module.name.value);
            let end = module.name.value.trim_end_matches('/').len();
            let placed = Placed {
                value: name.to_owned(),
                place: self.place(module.name.part(end - name.len()..end)),
            };
            let service = self.product.service_named(name);
            let meant = service.filter(|it| named.contains(it.key()));
            let meant = meant.and_then(|it| self.service_described_by(it, module, &all));
            match meant.or(service) {
                Some(service) => {
                    named.insert(service.key());
                    if meant.is_some() {
                        let drift = ManifestDrift::NameTaken {
                            name: placed,
                            service,
                        };
                        self.drift.push(drift);
                    } else {
                        self.module(service, module, &usual, placed.place);
                    }
                }
                None => strangers.push(placed),
            }
        }
        let is_mostly_about_them = named.len() * 2 >= section.items.len();
        if !self.is_closed || !is_mostly_about_them {
            return HashSet::new();
        }
        strangers.retain(|name| self.is_no_service(&name.value));
        let is_whole = !section.is_open && named.len() * 2 >= self.product.services().len();
        let missing: Vec<&Service> = self
            .product
            .services()
            .iter()
            .filter(|service| is_whole && !named.contains(service.key()))
            .filter(|service| !self.not_run.contains(service.key()))
            .collect();
        let left_out = missing.iter().map(|service| service.key()).collect();
        if let ([name], [service]) = (strangers.as_slice(), missing.as_slice()) {
            self.drift.push(ManifestDrift::UnknownService {
                name: name.clone(),
                meant: Some(service.key()),
            });
            return left_out;
        }
        for name in strangers {
            self.unknown_service(name);
        }
        let section = self.place(section.key);
        let missing = missing.into_iter();
        self.drift
            .extend(missing.map(|service| ManifestDrift::ModuleMissing { service, section }));
        left_out
    }

    fn module(&mut self, service: &'p Service, module: &'p Module, usual: &Usual, name: Place) {
        if let Some(port) = &module.port {
            self.port(service, port, 0..port.value.len());
        } else if usual.has_port
            && let Some(port) = service.entry.port.known()
        {
            let write = format!("port: {}", port.value);
            self.without(service, "port", write, name);
        }
        if let Some(database) = &module.database {
            self.database(service, database);
        } else if usual.has_database
            && let Some(database) = service.database()
        {
            let write = format!("database: {database}");
            self.without(service, "database", write, name);
        }
        if let Some(routes) = &module.routes {
            self.routes_of(service, routes);
        } else if usual.has_routes
            && self.routes.is_settled(service)
            && let claimed = self.routes.of_service(service)
            && let Some((path, _)) = claimed.first()
        {
            let paths: Vec<&str> = claimed.iter().map(|(path, _)| path.as_str()).collect();
            let (first, write) = (path.clone(), format!("routes: [{}]", paths.join(", ")));
            let field = "routes";
            self.drift.push(ManifestDrift::FieldMissing {
                service,
                field,
                module: name,
                write,
                route: Some(first),
            });
        }
    }

    fn without(&mut self, service: &'p Service, field: &'static str, write: String, module: Place) {
        self.drift.push(ManifestDrift::FieldMissing {
            service,
            field,
            module,
            write,
            route: None,
        });
    }

    /// The routes that modules list and that they also claim.
    fn rightly_in_modules(&self, section: &Section<Module>) -> HashSet<String> {
        let mut right = HashSet::new();
        for module in &section.items {
            let service = self.product.service_named(last(&module.name.value));
            for text in module.routes.iter().flat_map(|routes| &routes.items) {
                let path = path_of(&text.value);
                let owner = self.routes.claim(&path).map(|route| route.service.key());
                if owner.is_some() && owner == service.map(Service::key) {
                    right.insert(path);
                }
            }
        }
        right
    }

    /// The service that a module with the name of another one really is: nothing that it says is of the
    /// service of that name, and no module has its own name.
    fn service_described_by(
        &self,
        namesake: &Service,
        module: &Module,
        names: &HashSet<&str>,
    ) -> Option<&'p Service> {
        let database = module.database.as_ref().map(|it| it.value.as_str());
        let port = module.port.as_ref().and_then(|it| it.value.parse().ok());
        let right = namesake.entry.port.known().map(|port| port.value);
        let by_database = database.and_then(|name| self.product.owner_of(name));
        let by_port = port.and_then(|port| self.product.last_claimant_of(port));
        let meant = by_database.or(by_port)?;

        let is_other = meant.key() != namesake.key() && (port.is_none() || port != right);
        (is_other && !names.contains(meant.key())).then_some(meant)
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

    /// Compares the database that the manifest gives a service.
    fn database(&mut self, service: &'p Service, named: &At<String>) {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let own = service.entry.database.known();
        let own = own.filter(|text| self.workspace.is_read_as_a_whole(&text.origin));
        if let Some(own) = own
            && own.value != named.value
            && named.value.bytes().all(is_name)
        {
            let named = named.in_file(self.file);
            self.drift.push(ManifestDrift::Database { service, named });
        }
    }

    /// Compares the routes that the manifest gives a service.
    fn routes_of(&mut self, service: &'p Service, section: &'p Section<At<String>>) {
        if !self.routes.is_settled(service) {
            return;
        }
        let mut written: HashSet<String> = HashSet::new();
        let mut strangers = Vec::new();
        for text in &section.items {
            let path = path_of(&text.value);
            let owner = self.routes.claim(&path);
            let placed = text.in_file(self.file);
            match owner {
                Some(route) if route.service.key() == service.key() => {}
                Some(route) => {
                    let drift = RouteDrift::OfAnother {
                        path: path.clone(),
                        wrong: placed.clone(),
                        service: Some(service),
                        route,
                        has_port: false,
                        label: None,
                    };
                    if self.rightly_listed.contains(&path) {
                        strangers.push(Stranger::of_another(placed, service, drift));
                    } else {
                        self.drift.push(ManifestDrift::Route(drift));
                    }
                }
                None if !path.is_empty() => {
                    strangers.push(Stranger::unclaimed(placed, Some(service)));
                }
                None => {}
            }
            written.insert(path);
        }
        let claimed = self.routes.of_service(service).iter();
        let missing: Vec<Route> = claimed
            .filter(|(path, _)| !section.is_open && !written.contains(path))
            .map(|(_, route)| *route)
            .collect();
        let key = self.place(section.key);
        self.pair(strangers, missing, key, Some(key));
    }

    /// Of paths that nobody claims and routes that are missing, one of each is a path that changed.
    fn pair(
        &mut self,
        mut strangers: Vec<Stranger<'p>>,
        mut missing: Vec<Route<'p>>,
        section: Place,
        own: Option<Place>,
    ) {
        if !self.is_closed || !self.routes.is_complete {
            strangers.retain(|stranger| matches!(stranger.drift, RouteDrift::OfAnother { .. }));
            missing.clear();
        }
        if let ([stranger], [route]) = (strangers.as_slice(), missing.as_slice()) {
            let (old, route) = (stranger.path.clone(), *route);
            self.drift
                .push(ManifestDrift::Route(RouteDrift::Renamed { old, route }));
            strangers.clear();
            missing.clear();
        }
        let strangers = strangers.into_iter();
        let unclaimed = strangers.map(|stranger| stranger.drift);
        let missing = missing.into_iter();
        let missing = missing.map(|route| RouteDrift::Missing {
            route,
            section,
            own,
        });
        let all = unclaimed.chain(missing).map(ManifestDrift::Route);
        self.drift.extend(all);
    }

    fn databases(&mut self, section: &'p Section<Database>, left_out: &HashSet<&str>) {
        let listed = self.named_databases(section);
        let is_known = |name: &&At<String>| self.product.owner_of(&name.value).is_some();
        let known = listed
            .iter()
            .map(|(name, _)| *name)
            .filter(is_known)
            .count();
        let all: HashSet<&str> = listed.iter().map(|(name, _)| name.value.as_str()).collect();
        let mut covered: HashSet<&str> = HashSet::new();
        let mut strangers: Vec<Placed<String>> = Vec::new();
        for (name, owner) in &listed {
            let service = owner.and_then(|owner| self.product.service_named(&owner.value));
            let claimant = self.product.owner_of(&name.value);
            covered.extend(service.or(claimant).map(Service::key));
            match (service, claimant, owner) {
                (Some(service), Some(claimant), Some(owner))
                    if claimant.key() != service.key()
                        && service.database() != Some(&name.value) =>
                {
                    // Which of the two is wrong shows in who else has the name.
                    let own = service.database();
                    let is_own_there = own.is_some_and(|own| all.contains(own));
                    let wrong = if is_own_there { owner } else { name };
                    let named = Placed {
                        value: name.value.clone(),
                        place: self.place(wrong.span),
                    };
                    self.drift.push(ManifestDrift::Database { service, named });
                }
                (Some(service), None, _) => self.database(service, name),
                (None, _, Some(owner)) => {
                    let owner = owner.in_file(self.file);
                    if self.is_closed && self.is_no_service(&owner.value) {
                        self.unknown_service(owner);
                    }
                }
                (None, None, None) => strangers.push(name.in_file(self.file)),
                _ => {}
            }
        }
        if self.is_closed && known * 2 >= listed.len() {
            self.pair_databases(section, strangers, &covered, left_out);
        }
    }

    fn pair_databases(
        &mut self,
        section: &Section<Database>,
        mut strangers: Vec<Placed<String>>,
        covered: &HashSet<&str>,
        left_out: &HashSet<&str>,
    ) {
        let owners = self.product.services().iter();
        let mut seen = HashSet::new();
        let owners: Vec<(&Service, &str)> = owners
            .filter_map(|service| Some((service, service.database()?)))
            .filter(|(_, name)| seen.insert(*name))
            .collect();
        let is_whole = !section.is_open && covered.len() * 2 >= owners.len();
        let missing = owners.into_iter().filter(|(service, _)| {
            let key = service.key();
            let is_said = left_out.contains(key) || self.not_run.contains(key);
            is_whole && !covered.contains(key) && !is_said
        });
        let mut missing: Vec<(&Service, &str)> = missing.collect();
        let theirs = self.workspace.third_party_names(self.product);
        strangers.retain(|name| name.value != "postgres" && !theirs.contains(&name.value));
        if !self.product.knows_all_databases() {
            strangers.clear();
        }
        if let ([old], [(service, name)]) = (strangers.as_slice(), missing.as_slice()) {
            self.drift.push(ManifestDrift::DatabaseRenamed {
                service,
                name,
                old: old.clone(),
            });
            strangers.clear();
            missing.clear();
        }
        for name in strangers {
            let namesake = self.product.namesake(&name.value);
            self.drift
                .push(ManifestDrift::DatabaseExtra { name, namesake });
        }
        let section = self.place(section.key);
        let missing = missing.into_iter();
        self.drift.extend(
            missing.map(|(service, name)| ManifestDrift::DatabaseMissing {
                service,
                name,
                section,
            }),
        );
    }

    /// The names of databases, and whose they are where that is said.
    fn named_databases(
        &self,
        section: &'p Section<Database>,
    ) -> Vec<(&'p At<String>, Option<&'p At<String>>)> {
        let unclear = || {
            section
                .items
                .iter()
                .filter(|it| it.is_named_by_key.is_none())
        };
        let is_service = |name: &At<String>| self.product.service_named(&name.value).is_some();
        let by_key = unclear().filter(|it| is_service(&it.key)).count();
        let by_value = unclear().filter(|it| it.value.as_ref().is_some_and(is_service));
        let is_named_by_value = by_key >= by_value.count();
        section
            .items
            .iter()
            .map(|item| match (&item.value, item.is_named_by_key) {
                (Some(value), Some(false)) => (value, Some(&item.key)),
                (Some(value), None) if is_named_by_value => (value, Some(&item.key)),
                (value, _) => (&item.key, value.as_ref()),
            })
            .collect()
    }

    fn gateway(
        &mut self,
        section: &'p Section<crate::parse::manifest::Route>,
        left_out: &HashSet<&str>,
    ) {
        let mut covered: HashMap<&str, Vec<String>> = HashMap::new();
        let mut paths: HashSet<String> = HashSet::new();
        let mut strangers: Vec<Stranger<'p>> = Vec::new();
        let rightly_listed = self.rightly_routed(section);
        for item in &section.items {
            let path = path_of(&item.path.value);
            let claim = self.routes.claim(&path);
            let placed = item.path.in_file(self.file);
            paths.insert(path.clone());
            let Some(target) = &item.target else {
                if claim.is_none() && !path.is_empty() {
                    strangers.push(Stranger::unclaimed(placed, None));
                }
                continue;
            };
            let (host, port) = host_and_port(&target.value);
            let named = Placed {
                value: target.value[host.clone()].to_owned(),
                place: self.place(target.part(host)),
            };
            let Some(service) = self.product.service_named(&named.value) else {
                if self.is_closed && self.is_no_service(&named.value) {
                    let meant = claim.map(|route| route.service.key());
                    match meant {
                        Some(_) => self
                            .drift
                            .push(ManifestDrift::UnknownService { name: named, meant }),
                        // A path that no service claims may lead to a web app.
                        None if self.is_run(&named.value) => self.unknown_service(named),
                        None => {}
                    }
                }
                continue;
            };
            let is_of_another = claim.filter(|route| {
                let is_settled = self.routes.is_settled(route.service);
                route.service.key() != service.key() && is_settled
            });
            if let Some(route) = is_of_another
                && self.routes.is_settled(service)
            {
                let drift = RouteDrift::OfAnother {
                    path: path.clone(),
                    wrong: named,
                    service: Some(service),
                    route,
                    has_port: port.is_some() || item.port.is_some(),
                    label: None,
                };
                if rightly_listed.contains(&path) {
                    strangers.push(Stranger::of_another(placed, service, drift));
                } else {
                    self.drift.push(ManifestDrift::Route(drift));
                }
                continue;
            }
            if let Some(range) = port {
                self.port(service, target, range);
            } else if let Some(port) = &item.port {
                self.port(service, port, 0..port.value.len());
            }
            let is_stray = !path.is_empty() && !self.routes.concerns(service, &path, true);
            if is_stray && self.routes.is_settled(service) {
                strangers.push(Stranger::unclaimed(placed, Some(service)));
            }
            covered.entry(service.key()).or_default().push(path);
        }
        let is_covered = |service: &Service, route: &String| {
            let paths_of = covered.get(service.key());
            paths.contains(route)
                || paths_of.is_some_and(|paths| paths.iter().any(|path| is_below(route, path)))
        };
        let mut missing = Vec::new();
        let (mut all, mut found) = (0, 0);
        for service in self.product.services() {
            for (path, route) in self.routes.of_service(service) {
                let is_there = is_covered(service, path);
                all += 1;
                found += usize::from(is_there);
                let key = service.key();
                let is_said = left_out.contains(key)
                    || self.not_run.contains(key)
                    || !self.routes.is_settled(service);
                if !is_there && !is_said {
                    missing.push(*route);
                }
            }
        }
        if section.is_open || found * 2 < all {
            missing.clear();
        }
        let key = self.place(section.key);
        self.pair_by_service(strangers, missing, key);
    }

    /// The paths that the gateway sends to the services that claim them.
    fn rightly_routed(&self, section: &Section<crate::parse::manifest::Route>) -> HashSet<String> {
        let items = section.items.iter();
        let right = items.filter_map(|item| {
            let (path, target) = (path_of(&item.path.value), item.target.as_ref()?);
            let (host, _) = host_and_port(&target.value);
            let service = self.product.service_named(&target.value[host])?;
            let route = self.routes.claim(&path)?;
            (route.service.key() == service.key()).then_some(path)
        });
        right.collect()
    }

    /// Pairs what nobody claims with what is missing, service by service.
    fn pair_by_service(
        &mut self,
        strangers: Vec<Stranger<'p>>,
        missing: Vec<Route<'p>>,
        section: Place,
    ) {
        let is_without_service = strangers.iter().all(|it| it.service.is_none());
        if is_without_service {
            self.pair(strangers, missing, section, None);
            return;
        }
        let mut by_service: HashMap<&str, (Vec<_>, Vec<Route<'p>>)> = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        for route in missing {
            let key = route.service.key();
            order.push(key);
            by_service.entry(key).or_default().1.push(route);
        }
        for stranger in strangers {
            let key = stranger.service.map_or("", Service::key);
            order.push(key);
            by_service.entry(key).or_default().0.push(stranger);
        }
        for key in order {
            if let Some((strangers, missing)) = by_service.remove(key) {
                self.pair(strangers, missing, section, None);
            }
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
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let mut stacks = self.workspace.stacks_of(self.product).peekable();
        let runs_stacks = stacks.peek().is_some();
        !name.is_empty()
            && name.bytes().all(is_name)
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

/// A path that is none of the routes of the service that it is given to.
struct Stranger<'p> {
    path: Placed<String>,
    service: Option<&'p Service>,
    /// What is wrong, unless it stands where a missing route should.
    drift: RouteDrift<'p>,
}

impl<'p> Stranger<'p> {
    fn unclaimed(path: Placed<String>, service: Option<&'p Service>) -> Self {
        Self {
            path: path.clone(),
            service,
            drift: RouteDrift::Unclaimed { path, service },
        }
    }

    fn of_another(path: Placed<String>, service: &'p Service, drift: RouteDrift<'p>) -> Self {
        Self {
            path,
            service: Some(service),
            drift,
        }
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
