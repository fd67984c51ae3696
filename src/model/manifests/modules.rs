//! The modules of a manifest.

use std::collections::HashSet;

use super::{Comparison, ManifestDrift, last};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::parse::manifest::{Module, Section};
use crate::source::{Place, Placed};

/// A difference between the modules of a manifest and the services of the registry.
pub enum ModuleDrift<'a> {
    /// A service that the manifest lacks.
    Missing {
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
}

impl<'p> Comparison<'p> {
    /// Compares `modules`, and gives the services that it leaves out.
    pub(super) fn modules(&mut self, section: &'p Section<Module>) -> HashSet<&'p str> {
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
                        let drift = ModuleDrift::NameTaken {
                            name: placed,
                            service,
                        };
                        self.drift.push(ManifestDrift::Module(drift));
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
        let foreign: Vec<Placed<String>> = strangers
            .extract_if(.., |name| self.is_of_another_product(&name.value))
            .collect();
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
        // A service of another product is one too many only where it takes the place of an own one.
        let odd = match (strangers.as_slice(), foreign.as_slice()) {
            ([], [foreign]) => std::slice::from_ref(foreign),
            (strangers, _) => strangers,
        };
        if let ([name], [service]) = (odd, missing.as_slice()) {
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
        let missing = missing.map(|service| ModuleDrift::Missing { service, section });
        self.drift.extend(missing.map(ManifestDrift::Module));
        left_out
    }

    fn module(&mut self, service: &'p Service, module: &'p Module, usual: &Usual, name: Place) {
        if let Some(port) = &module.port {
            self.port(service, port, 0..port.value.len());
        } else if usual.has_port
            && let Some(port) = service.entry.port.known()
        {
            let write = format!("port: {}", port.value);
            self.without(service, "port", write, name, None);
        }
        if let Some(database) = &module.database {
            self.database(service, database);
        } else if usual.has_database
            && let Some(database) = service.database()
        {
            let write = format!("database: {database}");
            self.without(service, "database", write, name, None);
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
            self.without(service, "routes", write, name, Some(first));
        }
    }

    fn without(
        &mut self,
        service: &'p Service,
        field: &'static str,
        write: String,
        module: Place,
        route: Option<String>,
    ) {
        self.drift
            .push(ManifestDrift::Module(ModuleDrift::FieldMissing {
                service,
                field,
                module,
                write,
                route,
            }));
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
