//! Connection strings of containers against the registry: whose database they name and how they are
//! formed.

use std::collections::HashMap;

use crate::connection;
use crate::model::compose::{self, Part, Stack, Variable};
use crate::model::product::Product;
use crate::model::resolve::Link;
use crate::model::service::Service;
use crate::model::settings::Setting;
use crate::model::{User, Workspace};
use crate::parse::settings::LIBPQ_DATABASE;
use crate::source::Place;

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
        let key = &self.url.container.key.value;
        let variable = self.url.variable;
        variable.advice(key, link, &[(&self.part, &self.right)])
    }
}

/// Something that only a service with a database needs.
pub struct Trace {
    /// Where it stands, if that is one place.
    pub place: Option<Place>,
    /// What it is, as a noun phrase.
    pub what: String,
    /// What to say of it where it stands.
    pub remark: String,
    /// Whether it belongs to the module, and not to a compose file that runs it.
    pub is_in_module: bool,
}

impl Trace {
    fn of_variable(product: &Product, variable: &Variable) -> Self {
        let name = &variable.name.value;
        let database = variable.database().filter(|part| part.is_known);
        let named = database.map(|part| product.says_whose(&part.text));
        Self {
            place: Some(variable.name.place),
            what: format!("`{name}`"),
            remark: match named {
                Some(named) => format!("`{name}` names {named}"),
                None => format!("its `{name}`"),
            },
            is_in_module: false,
        }
    }
}

/// What the connection strings of a product's services have in common.
pub struct UrlPattern {
    user: String,
    host: String,
    port: u16,
}

impl UrlPattern {
    /// A connection string for a database. It never holds a password.
    pub fn url_of(&self, database: &str) -> String {
        let Self { user, host, port } = self;
        format!("postgresql://{user}:<password>@{host}:{port}/{database}")
    }
}

impl Workspace<'_> {
    /// The database variables of the product's services in all its stacks, the development set first.
    pub fn database_urls<'p>(&'p self, product: &'p Product) -> Vec<DatabaseUrl<'p>> {
        let mut urls = Vec::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            let services = product.services().iter();
            let own = services.filter_map(|service| Some((service, service.container(stack)?)));
            for (service, container) in own.chain(self.further_containers(product, index)) {
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

    /// Containers of a stack that are built from the Dockerfile of a service, besides its own one: its
    /// worker, its migration job.
    pub(super) fn further_containers<'p>(
        &'p self,
        product: &'p Product,
        index: usize,
    ) -> Vec<(&'p Service, &'p compose::Service)> {
        let mut by_dockerfile: HashMap<&str, Option<&Service>> = HashMap::new();
        for service in product.services() {
            if let Some(dockerfile) = service.dockerfile.as_deref() {
                by_dockerfile
                    .entry(dockerfile)
                    .and_modify(|only| *only = None)
                    .or_insert(Some(service));
            }
        }
        let containers = self.stacks[index].services.iter().enumerate();
        containers
            .filter(|(number, it)| !it.is_named_tool && self.service_of((index, *number)).is_none())
            .filter_map(|(_, container)| {
                let dockerfile = container.build.as_ref()?.dockerfile.as_deref()?;
                Some(((*by_dockerfile.get(dockerfile)?)?, container))
            })
            .collect()
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
            // What follows a part that is missing was read as the database.
            let is_more = part.text.contains(['@', ':', '/']) && defect(url.variable).is_some();
            (is_other && !is_more).then(|| WrongText {
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

    /// Connection strings that begin with the short scheme.
    pub fn short_schemes<'p>(&'p self, product: &'p Product) -> Vec<(Link, WrongText<'p>)> {
        let urls = self.database_urls(product).into_iter();
        let wrongs = urls.filter_map(|url| {
            let scheme = url.variable.connection.as_ref()?.scheme.clone();
            let part = url.variable.part(&scheme)?;
            (part.is_known && part.text == "postgres").then(|| WrongText {
                url,
                part,
                right: "postgresql".to_owned(),
            })
        });
        self.stand(wrongs.collect())
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

    /// How the product's services write their connection strings.
    pub fn url_pattern(&self, product: &Product) -> UrlPattern {
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
        UrlPattern {
            user: user.unwrap_or_else(|| "<user>".to_owned()),
            host: server
                .map_or("postgres", |server| &server.key.value)
                .to_owned(),
            port: self.policy.postgres_port,
        }
    }

    /// What a stateless service has that only a service with a database needs.
    pub fn database_traces(&self, product: &Product, service: &Service) -> Vec<Trace> {
        let mut traces = Vec::new();
        for stack in self.stacks_of(product) {
            let Some(container) = service.container(stack) else {
                continue;
            };
            let variables = container.environment.iter();
            traces.extend(
                variables
                    .filter(|variable| self.is_database_variable(variable))
                    .filter(|variable| !self.is_second_for_others(variable))
                    .map(|variable| Trace::of_variable(product, variable)),
            );
            traces.extend(postgres_dependency(stack, container));
        }
        traces.extend(self.traces_in_settings(product, service));
        // The module of another service that has a database is there for that one.
        if let Some(module) = &service.module
            && !self.storing_modules.contains(&module.folder)
        {
            traces.extend(module.datasources.iter().map(|schema| Trace {
                place: Some(schema.place),
                what: "a Prisma schema".to_owned(),
                remark: "its Prisma schema".to_owned(),
                is_in_module: true,
            }));
            traces.extend(module.migrations.iter().map(|folder| Trace {
                place: None,
                what: format!("migrations in `{folder}`"),
                remark: String::new(),
                is_in_module: true,
            }));
        }
        traces
    }

    /// Connection strings in the files of a module that no service with a database shares.
    fn traces_in_settings(&self, product: &Product, service: &Service) -> Vec<Trace> {
        let is_only_for_stateless = |setting: &&Setting| {
            let mut services = self.services_of_setting(setting).map(|(_, it)| it);
            services.all(Service::is_stateless)
        };
        let settings = self.settings().of_service(service);
        let settings = settings.filter(is_only_for_stateless);
        let variables = settings.map(|setting| &setting.variable);
        variables
            .filter(|variable| !variable.name.value.is_empty())
            .filter(|variable| self.is_database_variable(variable))
            .map(|variable| Trace::of_variable(product, variable))
            .collect()
    }

    /// Whether a service with another database takes the same text from the same place: then the text is a
    /// mistake whoever takes it.
    fn is_second_for_others(&self, variable: &Variable) -> bool {
        let database = variable.named_database();
        let written = variable.value.as_ref().and_then(|value| value.way().last());
        let (Some(database), Some(written)) = (database, written) else {
            return false;
        };
        let users = self.users.get(written).into_iter().flatten();
        let mut others = users.filter_map(|&user| self.service_of(user)?.database());
        variable.name.value != self.policy.database_variable
            && others.any(|own| own != database.text)
    }

    fn is_database_variable(&self, variable: &Variable) -> bool {
        let is_empty = variable
            .known_value()
            .is_some_and(|value| value.text.is_empty());
        let is_the_one = variable.name.value == self.policy.database_variable;
        let is_libpq = variable.name.value == LIBPQ_DATABASE;
        variable.is_postgres() || (is_the_one || is_libpq) && !is_empty
    }
}

fn postgres_dependency(stack: &Stack, container: &compose::Service) -> Option<Trace> {
    container.depends_on.iter().find_map(|dependency| {
        let name = &dependency.name.text;
        let is_postgres = stack.by_key(name)?.is_postgres();
        is_postgres.then(|| Trace {
            place: Some(dependency.name.place()),
            what: format!("a dependency on `{name}`"),
            remark: format!("it waits for `{name}`"),
            is_in_module: false,
        })
    })
}

/// What is wrong with the form of a connection string, and with which part of it.
fn defect(variable: &Variable) -> Option<(Part, String)> {
    let value = variable.value.as_ref()?;
    let Some(connection) = &variable.connection else {
        let is_known = value.is_all_known();
        return is_known.then(|| {
            (
                variable.whole(),
                "is no PostgreSQL connection string".to_owned(),
            )
        });
    };
    let scheme = &value.text[connection.scheme.clone()];
    if matches!(scheme, "prisma" | "prisma+postgres") {
        return None;
    }
    if !matches!(scheme, "postgres" | "postgresql") {
        let is_known = value.is_known(&connection.scheme);
        let part = variable.part(&connection.scheme)?;
        let what = format!("begins with `{scheme}://`, not with `postgresql://`");
        return is_known.then_some((part, what));
    }
    if is_socket(value.text.as_str(), connection) || connection.hosts.len() > 1 {
        return None;
    }
    let host = connection.hosts.first();
    // A variable of unknown value may bring along what is missing on its side of the `@`.
    let address = host.map_or(0, |host| host.name.start)..connection.range.end;
    let knows_address = value.is_known(&address);
    let knows_user = match connection.user {
        Some(_) => value.is_known(&(connection.scheme.end..address.start)),
        None => knows_address,
    };
    let parts = [
        ("user", connection.user.as_ref(), knows_user),
        ("password", connection.password.as_ref(), knows_user),
        ("host", host.map(|host| &host.name), knows_address),
        (
            "port",
            host.and_then(|host| host.port.as_ref()),
            knows_address,
        ),
        ("database", connection.database.as_ref(), knows_address),
    ];
    let missing: Vec<&str> = parts
        .into_iter()
        .filter(|(_, part, is_certain)| *is_certain && part.is_none_or(std::ops::Range::is_empty))
        .map(|(name, ..)| name)
        .collect();
    let port = variable.host().and_then(|(_, port)| port);
    let is_number = |port: &Part| port.text.is_empty() || port.text.parse::<u16>().is_ok();
    if let Some(port) = port.filter(|port| port.is_known && !is_number(port)) {
        // The text is not repeated: where the host is missing it is a password.
        return Some((port, "has a port that is no port number".to_owned()));
    }
    (!missing.is_empty()).then(|| {
        (
            variable.whole(),
            format!("has no {}", missing.join(" and no ")),
        )
    })
}

/// A server on the same machine, by a Unix socket: an empty host and a folder as `host` parameter, or a
/// folder as host, its slashes escaped (PostgreSQL manual, 34.1.1.2).
pub(super) fn is_socket(text: &str, connection: &connection::Connection) -> bool {
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
