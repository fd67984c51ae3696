//! What a workspace consists of, for other programs: plain data, out of the answers that rules get.

mod databases;
mod holdings;

use std::collections::{BTreeMap, BTreeSet};

use crate::coverage;
use crate::finding;
use crate::inventory::{
    Call, Connection, Container, ContainerName, Database, Gap, Inventory, Known, NotUnderstood,
    Open, Owner, Problem, Product, Range, SaidCall, Service, Spot, Stack, Target,
};
use crate::model::connections::{self, KnownCall, KnownConnection, Owners};
use crate::model::product;
use crate::model::{User, Workspace};
use crate::source::{FileId, Place, shown_folder};

impl From<&finding::Owner> for Owner {
    fn from(owner: &finding::Owner) -> Self {
        Self {
            product: owner.product.clone(),
            service: owner.service.clone(),
        }
    }
}

impl Workspace<'_> {
    /// Everything that is known, except which rules rest: rules say that.
    pub fn inventory(&self) -> Inventory {
        let listing = Listing {
            workspace: self,
            owners: Owners::of(self),
        };
        let connections = self.connections();
        let databases = listing.databases(&connections);
        let holdings = self.holdings.iter();
        let calls = self.calls();
        Inventory {
            products: self.products.iter().map(|it| listing.product(it)).collect(),
            stacks: self.stack_numbers().map(|it| listing.stack(it)).collect(),
            services: listing.services(&databases),
            databases,
            holdings: holdings.map(|it| listing.holding(it)).collect(),
            references: listing.references(),
            connections: connections
                .into_iter()
                .map(|it| listing.connection(it))
                .collect(),
            calls: calls.iter().map(|call| listing.call(call)).collect(),
            not_understood: listing.not_understood(),
        }
    }
}

/// What is asked of a workspace, part by part.
struct Listing<'a> {
    workspace: &'a Workspace<'a>,
    owners: Owners,
}

impl Listing<'_> {
    fn range(&self, place: Place) -> Range {
        Range::of(self.workspace.sources, place)
    }

    fn path(&self, file: FileId) -> String {
        self.workspace.sources.file(file).path.clone()
    }

    /// The name of a stack: its first file.
    fn stack_name(&self, number: usize) -> String {
        let first = self.workspace.stacks[number].files.first();
        first.map_or_else(String::new, |file| self.path(*file))
    }

    fn container_name(&self, (stack, position): User) -> ContainerName {
        ContainerName {
            stack: self.stack_name(stack),
            name: self.workspace.stacks[stack].services[position]
                .key
                .value
                .clone(),
        }
    }

    fn product(&self, product: &product::Product) -> Product {
        let development = self.workspace.development(product).into_iter();
        Product {
            name: product.name.clone(),
            registry: self.path(product.registry.file),
            place: self.range(product.registry.name.place),
            development: development
                .flat_map(|stack| &stack.files)
                .map(|file| self.path(*file))
                .collect(),
            init_sql: product.init_sql.as_ref().map(|init| self.path(init.file)),
        }
    }

    fn stack(&self, number: usize) -> Stack {
        let stack = &self.workspace.stacks[number];
        let product = self.workspace.product_of_stack.get(&number);
        let product = product.map(|&product| &self.workspace.products[product]);
        let containers = stack.services.iter().enumerate();
        let containers = containers.map(|(position, container)| {
            let image = container.image.as_ref();
            let image = image.filter(|image| container.build.is_none() && image.is_all_known());
            Container {
                name: container.key.value.clone(),
                place: self.range(container.key.place),
                service: self
                    .owners
                    .of_container((number, position))
                    .map(Owner::from),
                image: image.map(|image| image.text.clone()),
                is_postgres: container.is_postgres(),
            }
        });
        Stack {
            files: stack.files.iter().map(|file| self.path(*file)).collect(),
            product: product.map(|product| product.name.clone()),
            is_development: product.is_some_and(|product| product.development == Some(number)),
            containers: containers.collect(),
        }
    }

    fn services(&self, databases: &[Database]) -> Vec<Service> {
        let mut owned: BTreeMap<&Owner, BTreeSet<&str>> = BTreeMap::new();
        for database in databases {
            for owner in &database.owners {
                owned.entry(owner).or_default().insert(&database.name);
            }
        }
        let known = self.workspace.known_services();
        let count = known.len() - self.workspace.inferred_services().len();
        let registered = self
            .workspace
            .products
            .iter()
            .flat_map(product::Product::services);
        let mut services: Vec<Service> = known
            .iter()
            .map(|service| Service {
                product: service.owner.product.clone(),
                name: service.owner.service.clone().unwrap_or_default(),
                known: Known::Inferred,
                place: None,
                module: service.folder.map(|it| shown_folder(it).to_owned()),
                hostname: None,
                port: None,
                layer: None,
                routes: Vec::new(),
                depends_on: Vec::new(),
                is_stateless: false,
                databases: owned
                    .get(&Owner::from(&service.owner))
                    .into_iter()
                    .flatten()
                    .map(|&name| name.to_owned())
                    .collect(),
                variables: service.variables.iter().map(|&it| it.to_owned()).collect(),
                containers: Vec::new(),
            })
            .collect();
        for (service, told) in services.iter_mut().zip(registered) {
            let entry = &told.entry;
            let text = |field: &super::registry::Field<super::value::Text>| {
                field.known().map(|text| text.value.clone())
            };
            service.known = Known::Registered;
            service.place = Some(self.range(entry.key.place));
            service.hostname = text(&entry.hostname);
            service.port = entry.port.known().map(|port| port.value);
            service.layer = text(&entry.layer);
            service.routes = told.routes().map(|it| it.text.value.clone()).collect();
            service.depends_on = told.dependencies().map(|it| it.value.clone()).collect();
            service.is_stateless = told.is_stateless();
        }
        for (service, told) in services[count..]
            .iter_mut()
            .zip(self.workspace.inferred_services())
        {
            service.is_stateless = told.is_stateless();
            let containers = told.containers.iter();
            service.containers = containers.map(|user| self.container_name(*user)).collect();
        }
        let mut numbers = 0..;
        let starts: Vec<usize> = self
            .workspace
            .products
            .iter()
            .map(|product| {
                let start = numbers.start;
                numbers.start += product.services.len();
                start
            })
            .collect();
        for (user, (product, service)) in &self.workspace.containers {
            let containers = &mut services[starts[*product] + service].containers;
            containers.push(self.container_name(*user));
        }
        for service in &mut services[..count] {
            service.containers.sort();
        }
        services
    }

    fn connection(&self, known: KnownConnection) -> Connection {
        let target = known.target.map(|target| self.target(target));
        Connection {
            owners: known.owners.iter().map(Owner::from).collect(),
            container: known.container.map(|user| self.container_name(user)),
            holder: known.holder,
            variable: known.variable,
            target,
            place: self.range(known.place),
        }
    }

    fn target(&self, target: connections::Target) -> Target {
        let place = target.database.as_ref().map(|it| self.range(it.place));
        Target {
            url: target.shown,
            scheme: target.scheme,
            host: target.host,
            port: target.port,
            server: target.server,
            user: target.user,
            database: target.database.map(|it| it.value),
            schema: target.schema,
            database_place: place,
        }
    }

    fn call(&self, call: &KnownCall) -> Call {
        let said = call.said.iter().map(|&(place, holder)| SaidCall {
            holder,
            place: self.range(place),
        });
        Call {
            from: (&call.from).into(),
            to: (&call.to).into(),
            variable: call.variable.clone(),
            said: said.collect(),
        }
    }

    fn not_understood(&self) -> NotUnderstood {
        let problems = self.workspace.problems().flat_map(|(file, _, problems)| {
            problems.iter().map(move |problem| Problem {
                message: problem.message.clone(),
                place: self.range(problem.span.in_file(file)),
            })
        });
        let gaps = self.workspace.coverage().gaps.into_iter().map(|gap| Gap {
            reason: gap.reason,
            places: gap.spots.into_iter().map(|it| self.whole(it)).collect(),
        });
        let of_products = self.workspace.products.iter().flat_map(|product| {
            product.open.iter().map(|open| Open {
                product: Some(product.name.clone()),
                stack: None,
                reason: open.value.clone(),
                place: self.range(open.place),
            })
        });
        let of_stacks = self.workspace.stack_numbers().flat_map(|number| {
            let product = self.workspace.product_of_stack.get(&number);
            let product = product.map(|&product| self.workspace.products[product].name.clone());
            self.workspace.stacks[number]
                .open
                .iter()
                .map(move |open| Open {
                    product: product.clone(),
                    stack: Some(self.stack_name(number)),
                    reason: open.value.clone(),
                    place: self.range(open.place),
                })
        });
        NotUnderstood {
            problems: problems.collect(),
            gaps: gaps.collect(),
            open: of_products.chain(of_stacks).collect(),
            inactive_rules: Vec::new(),
        }
    }

    fn whole(&self, spot: coverage::Spot) -> Spot {
        Spot {
            path: spot.path,
            place: spot.place.map(|place| self.range(place)),
        }
    }
}
