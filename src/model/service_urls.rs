//! The services that the code of a service calls, and whether its `extraEnv` declares them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::connection;
use crate::model::Workspace;
use crate::model::calls::services_by_host;
use crate::model::code::CodeFile;
use crate::model::homes::Homes;
use crate::model::product::Product;
use crate::model::registry::{Environment, Field};
use crate::model::service::Service;
use crate::parse::typescript::environment::{ServiceUrl, UrlRole};
use crate::source::{Place, file_name, parent};

/// A call of a service's code that its `extraEnv` does not declare.
pub struct UndeclaredUrl<'a> {
    /// The service that calls.
    pub service: &'a Service,
    /// The service that is called.
    pub target: &'a Service,
    /// The name of the variable, or the URL.
    pub place: Place,
    /// The variable that the code reads; `None` where it holds the URL itself.
    pub variable: Option<&'a str>,
    /// The variable that the service declares for calling the same one, under another name or beside a URL
    /// that the code holds.
    pub declared: Option<(&'a str, Place)>,
    /// Where else the code does so, and where the container has the variable all the same.
    pub labels: Vec<(Place, String)>,
}

impl UndeclaredUrl<'_> {
    /// The line of `extraEnv` that declares the call; `None` where the port is not known.
    pub fn line(&self) -> Option<String> {
        let entry = &self.target.entry;
        let port = entry.port.known()?.value;
        let hostname = entry.hostname.known().map(|text| text.value.as_str());
        let host = hostname.unwrap_or(self.target.key());
        let name = self.name();
        Some(format!("{name}: \"http://{host}:{port}\""))
    }

    /// The variable that is to hold the URL.
    pub fn name(&self) -> String {
        self.variable
            .map_or_else(|| self.target.variable_prefix() + "URL", str::to_owned)
    }
}

/// A place in the code of a service that leads to another one.
struct Call<'a> {
    target: &'a Service,
    place: Place,
    /// The variable; `None` for the URL itself.
    variable: Option<&'a str>,
}

/// What the services of one module in one product are given.
struct Callers<'p> {
    services: Vec<&'p Service>,
    environments: Vec<&'p Environment>,
}

impl<'p> Callers<'p> {
    /// `None` where not all variables of the services are known.
    fn of(services: Vec<&'p Service>) -> Option<Self> {
        let mut environments = Vec::new();
        for service in &services {
            let entry = &service.entry;
            match &entry.extra_env {
                _ if !entry.dynamic.is_empty() => return None,
                Field::Known(known) if known.open.is_empty() => environments.push(known),
                Field::Absent => {}
                _ => return None,
            }
        }
        Some(Self {
            services,
            environments,
        })
    }

    fn declares(&self, variable: &str) -> bool {
        let mut environments = self.environments.iter();
        environments.any(|known| known.variable(variable).is_some())
    }

    fn is_one(&self, target: &Service) -> bool {
        self.services
            .iter()
            .any(|service| service.key() == target.key())
    }
}

/// What the registry of a product says of calls.
struct Calls<'p> {
    product: &'p Product,
    by_host: HashMap<&'p str, &'p Service>,
    /// The services that variables of `extraEnv` lead to; `None` for one that leads to several.
    by_variable: HashMap<&'p str, Option<&'p Service>>,
}

impl<'p> Calls<'p> {
    fn of(product: &'p Product) -> Self {
        let by_host = services_by_host(product);
        let mut by_variable: HashMap<&str, Option<&Service>> = HashMap::new();
        let services = product.services().iter();
        let environments = services.filter_map(|service| service.entry.extra_env.known());
        for variable in environments.flat_map(|known| &known.variables) {
            let text = variable.value.known().map(|text| text.value.as_str());
            let host = text.and_then(host_of);
            if let Some(&target) = host.and_then(|host| by_host.get(host)) {
                by_variable
                    .entry(&variable.name.value)
                    .and_modify(|known| {
                        *known = known.filter(|known| known.key() == target.key());
                    })
                    .or_insert(Some(target));
            }
        }
        Self {
            product,
            by_host,
            by_variable,
        }
    }

    /// The service that a variable certainly leads to: it is named after it, or it is called the same way
    /// elsewhere by a name that has a word of it.
    fn target_of(&self, variable: &str) -> Option<&'p Service> {
        const ENDINGS: [&str; 5] = ["URL", "BASE_URL", "API_URL", "SERVICE_URL", "INTERNAL_URL"];
        let named = self.product.service_named_by(variable).filter(|service| {
            let ending = variable.strip_prefix(&service.variable_prefix());
            ending.is_some_and(|ending| ENDINGS.contains(&ending))
        });
        named.or_else(|| {
            let target = (*self.by_variable.get(variable)?)?;
            let words: BTreeSet<String> = target
                .key()
                .split('-')
                .filter(|word| !COMMON_WORDS.contains(word))
                .map(str::to_ascii_uppercase)
                .collect();
            variable
                .split('_')
                .any(|word| words.contains(word))
                .then_some(target)
        })
    }

    /// The variable by which a service declares that it calls another one.
    fn declared(&self, callers: &Callers<'p>, target: &Service) -> Option<(&'p str, Place)> {
        let environments = callers.environments.iter();
        let mut variables = environments.flat_map(|known| &known.variables);
        variables.find_map(|variable| {
            let text = variable.value.known()?;
            let found = self.by_host.get(host_of(&text.value)?)?;
            (found.key() == target.key())
                .then_some((variable.name.value.as_str(), variable.name.place()))
        })
    }
}

/// Words of the names of services that tell nothing of them.
const COMMON_WORDS: [&str; 7] = ["api", "app", "backend", "server", "service", "svc", "web"];

fn host_of(url: &str) -> Option<&str> {
    let host = connection::parse(url)?.hosts.into_iter().next()?;
    Some(&url[host.name])
}

/// Whether a file is no part of what a service or a package runs: what builds it, and what stands in for its neighbours.
pub(super) fn is_beside_the_program(path: &str) -> bool {
    const FOLDERS: [&str; 10] = [
        ".storybook",
        "docs",
        "examples",
        "fixtures",
        "http",
        "mock",
        "mocks",
        "scripts",
        "stubs",
        "tools",
    ];
    const WORDS: [&str; 6] = ["config", "fixture", "mock", "mocks", "stories", "stub"];
    const TOOLS: [&str; 12] = [
        "codegen",
        "eslint",
        "jest",
        "next",
        "nuxt",
        "orval",
        "playwright",
        "rollup",
        "vite",
        "vitest",
        "webpack",
        "wdio",
    ];
    let mut folders = parent(path).split('/');
    let mut words = file_name(path).split('.');
    let is_of_tool = words.next().is_some_and(|stem| TOOLS.contains(&stem));
    folders.any(|folder| FOLDERS.contains(&folder))
        || words.any(|word| WORDS.contains(&word) && (word != "config" || is_of_tool))
}

impl Workspace<'_> {
    /// Calls in the code of services that their `extraEnv` does not declare, in the order of the services: one
    /// a service and variable, or one a service that has no `extraEnv` at all.
    pub fn undeclared_urls(&self) -> Vec<UndeclaredUrl<'_>> {
        let homes = Homes::of(self);
        let mut codes: BTreeMap<&[usize], Vec<CodeFile>> = BTreeMap::new();
        for code in self.code_files() {
            let facts = code.code;
            let is_silent =
                facts.reads.is_empty() && facts.demands.is_empty() && facts.urls.is_empty();
            if !is_silent && !code.is_test && !is_beside_the_program(code.path) {
                let around = homes.around(code.path);
                codes.entry(around).or_default().push(code);
            }
        }
        let calls: Vec<Calls> = self.products.iter().map(Calls::of).collect();
        let mut found = Vec::new();
        for (around, files) in codes {
            let mut by_product: BTreeMap<usize, Vec<&Service>> = BTreeMap::new();
            for &(product, service) in around.iter().filter_map(|&it| homes.registered.get(it)) {
                by_product.entry(product).or_default().push(service);
            }
            for (number, services) in by_product {
                let is_whole = services.iter().all(|service| self.is_entry_whole(service));
                if let Some(callers) = Callers::of(services).filter(|_| is_whole) {
                    found.extend(self.undeclared(&calls[number], &callers, &files));
                }
            }
        }
        found
    }

    fn undeclared<'p>(
        &'p self,
        calls: &Calls<'p>,
        callers: &Callers<'p>,
        files: &[CodeFile<'p>],
    ) -> Vec<UndeclaredUrl<'p>> {
        let Some(&service) = callers.services.first() else {
            return Vec::new();
        };
        let mut found: Vec<Call> = Vec::new();
        for file in files {
            let facts = file.code;
            let read = facts.reads.iter().chain(&facts.demands);
            let reads = read.filter_map(|read| {
                let target = calls.target_of(&read.value)?;
                let is_missing = !callers.declares(&read.value)
                    && !callers.is_one(target)
                    && !self.leads_elsewhere(calls, callers, &read.value);
                is_missing.then(|| Call {
                    target,
                    place: read.span.in_file(file.file),
                    variable: Some(&read.value),
                })
            });
            found.extend(reads);
            let urls = facts.urls.iter().filter_map(|url| {
                let target = *calls.by_host.get(url.host.as_str())?;
                let is_wrong =
                    !callers.is_one(target) && self.is_wrong(calls, callers, target, url);
                is_wrong.then(|| Call {
                    target,
                    place: url.origin.span.in_file(file.file),
                    variable: None,
                })
            });
            found.extend(urls);
        }
        // What is read goes before what stands in for it.
        found.sort_by_key(|call| (call.variable.is_none(), call.place));
        let has_none = service.entry.extra_env.is_absent();
        let mut said: Vec<UndeclaredUrl> = Vec::new();
        let mut by_variable: HashMap<&str, usize> = HashMap::new();
        let mut by_target: HashMap<&str, usize> = HashMap::new();
        for call in found {
            let known = match call.variable {
                _ if has_none && !said.is_empty() => Some(0),
                Some(variable) => by_variable.get(variable).copied(),
                None => by_target.get(call.target.key()).copied(),
            };
            if let Some(number) = known {
                let remark = call.remark();
                said[number].labels.push((call.place, remark));
                continue;
            }
            by_target.entry(call.target.key()).or_insert(said.len());
            by_variable.extend(call.variable.map(|variable| (variable, said.len())));
            let given = call.variable.and_then(|it| self.given(calls, callers, it));
            said.push(UndeclaredUrl {
                service,
                target: call.target,
                place: call.place,
                variable: call.variable,
                declared: calls.declared(callers, call.target),
                labels: given
                    .map(|place| {
                        (
                            place,
                            "the container has it, and the registry does not say so".to_owned(),
                        )
                    })
                    .into_iter()
                    .collect(),
            });
        }
        said
    }

    /// Whether a URL in the code is wrong: one that is used is, and one that stands in for what is not set
    /// where the service does not declare the call.
    fn is_wrong(
        &self,
        calls: &Calls<'_>,
        callers: &Callers<'_>,
        target: &Service,
        url: &ServiceUrl,
    ) -> bool {
        match &url.role {
            UrlRole::Used => true,
            UrlRole::Default(Some(variable)) if callers.declares(variable) => false,
            UrlRole::Default(Some(variable)) if self.leads_elsewhere(calls, callers, variable) => {
                false
            }
            UrlRole::Default(_) => calls.declared(callers, target).is_none(),
        }
    }

    /// Whether a container of the services has the variable with a URL that leads to none of the product.
    fn leads_elsewhere(&self, calls: &Calls<'_>, callers: &Callers<'_>, variable: &str) -> bool {
        let stacks = || self.stacks_of(calls.product);
        callers.services.iter().any(|service| {
            stacks().any(|stack| {
                let container = service.container(stack);
                let variable = container.and_then(|container| container.variable(variable));
                let value = variable.and_then(|variable| variable.known_value());
                let host = value.and_then(|value| host_of(&value.text));
                host.is_some_and(|host| !calls.by_host.contains_key(host))
            })
        })
    }

    /// Where a container of the services gets the variable.
    fn given(&self, calls: &Calls<'_>, callers: &Callers<'_>, variable: &str) -> Option<Place> {
        self.stacks_of(calls.product).find_map(|stack| {
            let mut containers = callers.services.iter().filter_map(|it| it.container(stack));
            containers.find_map(|container| Some(container.variable(variable)?.name.place))
        })
    }
}

impl Call<'_> {
    fn remark(&self) -> String {
        match self.variable {
            Some(variable) => format!("`{variable}` is read here"),
            None => format!("here is a URL of `{}`", self.target.key()),
        }
    }
}
