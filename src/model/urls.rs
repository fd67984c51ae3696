//! Connection strings against the registry: whose database they name, how they are formed, and where
//! Prisma takes them from.

use crate::connection;
use crate::finding::{Edit, Fix, Safety};
use crate::model::compose::{self, Part, Stack, Variable};
use crate::model::module::{DatasourceUrl, PlacedDatasource};
use crate::model::prisma_config::{Source, UrlSource};
use crate::model::product::{Product, Service};
use crate::model::resolve::Link;
use crate::model::value::Text;
use crate::model::{User, Workspace};
use crate::source::{Place, Placed, Span};

/// A service's database variable in one stack.
#[derive(Clone, Copy)]
pub struct DatabaseUrl<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// The service in the stack.
    pub container: &'a compose::Service,
    /// The variable.
    pub variable: &'a Variable,
    /// Whether the stack is the product's development set.
    pub is_development: bool,
    user: User,
}

/// A part of a connection string that is wrong for a service.
pub struct WrongText<'a> {
    /// Whose connection string it is part of.
    pub url: DatabaseUrl<'a>,
    /// The wrong part.
    pub part: Part,
    /// What it should be, or what is wrong with it: texts are wrong alike if this and the text agree.
    pub right: String,
}

impl WrongText<'_> {
    /// Where the service takes the text from, if that is not where the text stands.
    pub fn way_to(&self, link: &Link) -> Option<(Place, String)> {
        self.part.way_to(link, &self.url.container.key.value)
    }

    /// What to write: the right text, or a value of the service's own where the link stands for more than
    /// the wrong part.
    pub fn to_write(&self, link: &Link) -> String {
        self.url
            .variable
            .advice(&self.url.container.key.value, &self.part, link, &self.right)
    }
}

/// A Prisma client that takes its connection string from the wrong place.
pub struct WrongPrismaUrl<'a> {
    /// The wrong text.
    pub place: Place,
    /// Whose client.
    pub service: &'a Service,
    /// What is wrong, to follow "the Prisma client of …".
    pub what: String,
    /// What it takes it from.
    pub object: String,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
    /// What to write.
    pub help: String,
}

impl Workspace<'_> {
    /// The database variables of the product's services in all its stacks, the development set first.
    pub fn database_urls<'p>(&'p self, product: &'p Product) -> Vec<DatabaseUrl<'p>> {
        let mut urls = Vec::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            for service in product.services() {
                let Some(container) = service.container(stack) else {
                    continue;
                };
                let variable = container.variable(&self.policy.database_variable);
                urls.extend(variable.map(|variable| DatabaseUrl {
                    service,
                    container,
                    variable,
                    is_development: product.development == Some(index),
                    user: (index, stack.position(container)),
                }));
            }
        }
        urls
    }

    /// Where each wrong text stands: on the deepest link whose users are all wrong alike, else on the
    /// link nearest its service.
    fn stand<'p>(&self, wrongs: Vec<WrongText<'p>>) -> Vec<(Link, WrongText<'p>)> {
        let links = self.stand_alike(&wrongs, |wrong| {
            (wrong.url.user, &wrong.part, wrong.right.as_str())
        });
        let standing = links.into_iter().zip(wrongs);
        standing
            .filter_map(|(link, wrong)| Some((link?, wrong)))
            .collect()
    }

    /// Connection strings that name another database than their service's own.
    pub fn wrong_databases<'p>(&'p self, product: &'p Product) -> Vec<(Link, WrongText<'p>)> {
        let urls = self.database_urls(product).into_iter();
        let wrongs = urls.filter_map(|url| {
            let own = url.service.database()?;
            let part = url
                .variable
                .database()
                .filter(|_| url.variable.is_postgres())?;
            let is_other = part.is_known && !part.text.is_empty() && part.text != own;
            is_other.then(|| WrongText {
                url,
                part,
                right: own.to_owned(),
            })
        });
        self.stand(wrongs.collect())
    }

    /// Connection strings that are none of PostgreSQL's, or lack a part; each with what is wrong, to follow
    /// the variable's name.
    pub fn malformed_urls<'p>(
        &'p self,
        product: &'p Product,
    ) -> Vec<(Link, WrongText<'p>, String)> {
        let urls = self.database_urls(product).into_iter();
        let wrongs = urls.filter_map(|url| {
            url.service.database()?;
            let (part, right) = defect(url.variable)?;
            Some(WrongText { url, part, right })
        });
        self.stand(wrongs.collect())
            .into_iter()
            .map(|(link, wrong)| {
                let defect = wrong.right.clone();
                (link, wrong, defect)
            })
            .collect()
    }

    /// Whether a service of the development set takes a text from a link, and nobody outside that set.
    pub fn is_development_only(&self, url: &DatabaseUrl, link: &Link) -> bool {
        url.is_development && self.is_used_only_in(url.user.0, link)
    }

    /// Services of the development set that own a database and have no variable that names it.
    pub fn services_without_url<'p>(
        &'p self,
        product: &'p Product,
    ) -> Vec<(&'p Service, &'p compose::Service, &'p str)> {
        let Some(stack) = self
            .development(product)
            .filter(|stack| stack.open.is_empty())
        else {
            return Vec::new();
        };
        let has_none = |container: &compose::Service| {
            let is_run = container.image.is_some() || container.build.is_some();
            is_run
                && container.unknown_environment.is_none()
                && container.variable(&self.policy.database_variable).is_none()
        };
        product
            .services()
            .iter()
            .filter_map(|service| {
                let container = service
                    .container(stack)
                    .filter(|container| has_none(container))?;
                Some((service, container, service.database()?))
            })
            .collect()
    }

    /// A connection string for a database, as the product's other services write theirs. It never holds
    /// a password.
    pub fn url_to_write(&self, product: &Product, database: &str) -> String {
        let server = product
            .development
            .and_then(|stack| self.main_server(stack));
        let urls = self.database_urls(product);
        let users = urls.iter().filter_map(|url| url.variable.user());
        let superuser = server.and_then(|server| Some(server.variable("POSTGRES_USER")?.whole()));
        let user = users
            .chain(superuser)
            .find(|user| user.is_known && !user.text.is_empty())
            .map(|user| user.text);
        let user = user.as_deref().unwrap_or("<user>");
        let host = server.map_or("postgres", |server| server.key.value.as_str());
        let port = self.policy.postgres_port;
        format!("postgresql://{user}:<password>@{host}:{port}/{database}")
    }

    /// What a stateless service has that only a service with a database needs: each with a name for it.
    pub fn database_traces(&self, product: &Product, service: &Service) -> Vec<(Place, String)> {
        let mut traces = Vec::new();
        for stack in self.stacks_of(product) {
            let Some(container) = service.container(stack) else {
                continue;
            };
            for variable in &container.environment {
                if self.is_database_variable(variable) {
                    traces.push((variable.name.place, format!("`{}`", variable.name.value)));
                }
            }
            traces.extend(postgres_dependency(stack, container));
        }
        if let Some(module) = &service.module
            && !self.is_module_of_another(product, service)
        {
            let schemas = module.datasources.iter();
            traces.extend(schemas.map(|schema| (schema.place, "a Prisma schema".to_owned())));
            if let Some(migrations) = &module.migrations {
                let place = service.database_stand(self);
                traces.push((place, format!("migrations in `{migrations}`")));
            }
        }
        traces
    }

    fn is_database_variable(&self, variable: &Variable) -> bool {
        let is_empty = variable
            .known_value()
            .is_some_and(|value| value.text.is_empty());
        let is_the_one = variable.name.value == self.policy.database_variable;
        variable.is_postgres() || is_the_one && !is_empty
    }

    fn is_module_of_another(&self, product: &Product, service: &Service) -> bool {
        let folder =
            |service: &Service| service.module.as_ref().map(|module| module.folder.clone());
        let own = folder(service);
        self.products
            .iter()
            .flat_map(Product::services)
            .filter(|other| other.key() != service.key() || other.product != product.name)
            .any(|other| folder(other) == own && other.database().is_some())
    }

    /// The datasources of all services that have a database.
    pub fn datasources(&self) -> impl Iterator<Item = (&Service, &PlacedDatasource)> {
        let services = self.products.iter().flat_map(Product::services);
        services
            .filter(|service| service.database().is_some())
            .flat_map(|service| {
                let modules = service.module.iter();
                modules
                    .flat_map(|module| &module.datasources)
                    .map(move |source| (service, source))
            })
    }

    /// Prisma clients of the product's services that take their connection string from elsewhere than
    /// the service's own variable.
    pub fn wrong_prisma_urls<'p>(&'p self, product: &'p Product) -> Vec<WrongPrismaUrl<'p>> {
        let mut wrongs = Vec::new();
        let with_database = product
            .services()
            .iter()
            .filter(|service| service.database().is_some());
        for service in with_database {
            let Some(module) = &service.module else {
                continue;
            };
            let schemas = module.datasources.iter();
            wrongs.extend(schemas.filter_map(|schema| self.wrong_schema_url(service, schema)));
            let urls = module
                .configs
                .iter()
                .filter_map(|(_, config)| config.datasource_url.as_ref());
            wrongs.extend(urls.filter_map(|url| self.wrong_config_url(product, service, url)));
        }
        wrongs
    }

    fn wrong_schema_url<'p>(
        &self,
        service: &'p Service,
        schema: &PlacedDatasource,
    ) -> Option<WrongPrismaUrl<'p>> {
        let variable = &self.policy.database_variable;
        match schema.url.as_ref()? {
            DatasourceUrl::Env(name) if name.value == *variable => None,
            DatasourceUrl::Env(name) => Some(WrongPrismaUrl {
                place: name.place,
                service,
                what: format!("reads `{}`, not `{variable}`", name.value),
                object: name.value.clone(),
                labels: Vec::new(),
                fix: self.unsafe_replacement(name.place, &name.value, variable),
                help: format!("write `{variable}`"),
            }),
            DatasourceUrl::Literal(url) => Some(WrongPrismaUrl {
                place: url.place,
                service,
                what: "has its connection string written into the schema".to_owned(),
                object: "a literal".to_owned(),
                labels: Vec::new(),
                fix: Some(self.env_call(url, variable)),
                help: format!("write `env(\"{variable}\")`"),
            }),
        }
    }

    /// An edit that replaces a string literal by a reading of the variable.
    fn env_call(&self, literal: &Placed<String>, variable: &str) -> Fix {
        let Place { file, span } = literal.place;
        let has_quotes = self.sources.slice(literal.place).starts_with('"');
        let quotes = usize::from(!has_quotes);
        let whole = Span::new(span.start as usize - quotes, span.end as usize + quotes);
        Fix {
            safety: Safety::Unsafe,
            title: format!("Read `{variable}` from the environment"),
            edits: vec![Edit {
                place: whole.in_file(file),
                text: format!("env(\"{variable}\")"),
            }],
        }
    }

    fn wrong_config_url<'p>(
        &'p self,
        product: &'p Product,
        service: &'p Service,
        url: &UrlSource,
    ) -> Option<WrongPrismaUrl<'p>> {
        match &url.first {
            Source::Env { name } => self.foreign_variable(product, service, name),
            Source::Literal(text) if url.fallbacks.is_empty() => {
                self.foreign_literal(product, service, text)
            }
            _ => None,
        }
    }

    fn foreign_variable<'p>(
        &'p self,
        product: &'p Product,
        service: &'p Service,
        name: &Placed<String>,
    ) -> Option<WrongPrismaUrl<'p>> {
        let variable = &self.policy.database_variable;
        let own = service.database()?;
        if name.value == *variable {
            return None;
        }
        let stack = self.development(product);
        let container = stack.and_then(|stack| service.container(stack));
        let set_here = container.and_then(|container| container.variable(&name.value));
        let named = set_here.map(|variable| variable.database().filter(|part| part.is_known));
        let (what, label) = if let Some(named) = named {
            // Set for this very service: judged by what it holds, if that is known.
            let named = named.filter(|named| named.text != own)?.text;
            let remark = format!("`{}` names `{named}`", name.value);
            (
                format!("reads `{}`, which names `{named}`", name.value),
                (set_here?.name.place, remark),
            )
        } else {
            let other = service_named_by(product, &name.value)
                .filter(|other| other.key() != service.key())?;
            (
                format!("reads `{}`, a variable of `{}`", name.value, other.key()),
                (
                    other.entry.key.place,
                    format!("`{}` is a service of its own", other.key()),
                ),
            )
        };
        Some(WrongPrismaUrl {
            place: name.place,
            service,
            what,
            object: name.value.clone(),
            labels: vec![label],
            fix: self.unsafe_replacement(name.place, &name.value, variable),
            help: format!("write `{variable}`"),
        })
    }

    fn foreign_literal<'p>(
        &self,
        product: &'p Product,
        service: &'p Service,
        text: &Text,
    ) -> Option<WrongPrismaUrl<'p>> {
        let own = service.database()?;
        let range = connection::parse(&text.value)?.database?;
        let named = connection::decode(&text.value[range.clone()]);
        if named.is_empty() || named == own {
            return None;
        }
        let place = text.part(range);
        let owner = product.owner_of(&named);
        Some(WrongPrismaUrl {
            place,
            service,
            what: match owner {
                Some(owner) => format!("connects to `{named}`, the database of `{}`", owner.key()),
                None => format!("connects to `{named}`, which no service owns"),
            },
            object: named.clone(),
            labels: owner
                .map(|owner| {
                    (
                        owner.database_place(),
                        format!("`{}` owns `{named}`", owner.key()),
                    )
                })
                .into_iter()
                .chain([(
                    service.database_place(),
                    format!("`{}` owns `{own}`", service.key()),
                )])
                .collect(),
            fix: self.unsafe_replacement(place, &named, own),
            help: format!("write `{own}`, or read `{}`", self.policy.database_variable),
        })
    }
}

/// The service whose key a variable's name begins with (`BILLING_DATABASE_URL`); the longest key counts.
fn service_named_by<'p>(product: &'p Product, variable: &str) -> Option<&'p Service> {
    let prefix =
        |service: &Service| format!("{}_", service.derived_database().to_ascii_uppercase());
    product
        .services()
        .iter()
        .filter(|service| variable.starts_with(&prefix(service)))
        .max_by_key(|service| service.key().len())
}

fn postgres_dependency(stack: &Stack, container: &compose::Service) -> Option<(Place, String)> {
    container.depends_on.iter().find_map(|dependency| {
        let name = &dependency.name.text;
        let server = stack.by_key(name)?;
        server
            .is_postgres()
            .then(|| (dependency.name.place(), format!("a dependency on `{name}`")))
    })
}

/// What is wrong with the form of a connection string, and with which part of it.
fn defect(variable: &Variable) -> Option<(Part, String)> {
    let value = variable.value.as_ref()?;
    let Some(connection) = &variable.connection else {
        let is_known = value.is_all_known();
        return is_known.then(|| (variable.whole(), "is no connection string".to_owned()));
    };
    let scheme = &value.text[connection.scheme.clone()];
    if matches!(scheme, "prisma" | "prisma+postgres") {
        return None;
    }
    if !matches!(scheme, "postgres" | "postgresql") {
        let is_known = value.is_known(&connection.scheme);
        let part = variable.part(&connection.scheme)?;
        return is_known.then(|| (part, format!("is made for `{scheme}`, not for PostgreSQL")));
    }
    if is_socket(value.text.as_str(), connection) || connection.hosts.len() > 1 {
        return None;
    }
    let host = connection.hosts.first();
    let parts = [
        ("user", connection.user.as_ref()),
        ("password", connection.password.as_ref()),
        ("host", host.map(|host| &host.name)),
        ("port", host.and_then(|host| host.port.as_ref())),
        ("database", connection.database.as_ref()),
    ];
    let missing: Vec<&str> = parts
        .into_iter()
        .filter(|(_, part)| part.is_none_or(std::ops::Range::is_empty))
        .map(|(name, _)| name)
        .collect();
    // A variable of unknown value may bring the missing parts along.
    let is_certain = !missing.is_empty() && value.is_all_known();
    is_certain.then(|| {
        (
            variable.whole(),
            format!("has no {}", missing.join(" and no ")),
        )
    })
}

/// A server on the same machine, by a Unix socket: an empty host and a folder as `host` parameter, or a
/// folder as host, its slashes escaped (PostgreSQL manual, 34.1.1.2).
fn is_socket(text: &str, connection: &connection::Connection) -> bool {
    let is_folder = |part: &str| connection::decode(part).starts_with('/');
    let by_parameter = connection
        .parameters
        .iter()
        .any(|(name, value)| &text[name.clone()] == "host" && is_folder(&text[value.clone()]));
    let by_host = connection
        .hosts
        .first()
        .is_some_and(|host| is_folder(&text[host.name.clone()]));
    by_parameter || by_host
}

impl Part {
    /// What to add to a sentence about it: that it comes from an example file only.
    pub fn remark(&self) -> &'static str {
        if self.is_from_example {
            " (as `.env.example` has it)"
        } else {
            ""
        }
    }
}
