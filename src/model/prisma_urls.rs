//! Where Prisma takes a service's connection string from.

use crate::connection;
use crate::finding::{Edit, Fix, Safety};
use crate::model::Workspace;
use crate::model::module::{DatasourceUrl, PlacedDatasource};
use crate::model::prisma_config::{Source, UrlSource};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;
use crate::source::{Place, Placed, Span};

/// A Prisma schema or config that takes a connection string from the wrong place.
pub struct WrongPrismaUrl<'a> {
    /// The wrong text.
    pub place: Place,
    /// Whose schema or config.
    pub service: &'a Service,
    /// Whether it is the schema or the config.
    pub holder: Holder,
    /// What is wrong, as the end of a sentence about the holder.
    pub what: String,
    /// What it takes it from.
    pub object: String,
    /// Whether that is a variable.
    pub is_variable: bool,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
    /// What to write.
    pub help: String,
}

/// Where Prisma is told a connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The `datasource` of a schema.
    Schema,
    /// `prisma.config.ts`.
    Config,
}

impl Holder {
    /// What to call it in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Holder::Schema => "Prisma schema",
            Holder::Config => "Prisma config",
        }
    }
}

/// What takes a connection string.
struct Taker<'p> {
    product: &'p Product,
    service: &'p Service,
    /// The service's database.
    own: &'p str,
    holder: Holder,
}

impl Workspace<'_> {
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

    /// Prisma schemas and configs of the product's services that take the connection string from
    /// elsewhere than the service's own variable.
    pub fn wrong_prisma_urls<'p>(&'p self, product: &'p Product) -> Vec<WrongPrismaUrl<'p>> {
        let mut wrongs = Vec::new();
        let with_database = product
            .services()
            .iter()
            .filter_map(|service| Some((service, service.module.as_ref()?, service.database()?)));
        for (service, module, own) in with_database {
            let taker = |holder| Taker {
                product,
                service,
                own,
                holder,
            };
            for schema in &module.datasources {
                let url = schema.url.as_ref();
                let taker = taker(Holder::Schema);
                wrongs.extend(url.and_then(|url| self.wrong_schema_url(&taker, url)));
                let direct = schema.direct_variable.iter();
                wrongs.extend(direct.filter_map(|name| self.foreign_variable(&taker, name)));
                let shadow = schema.shadow_variable.iter();
                wrongs.extend(shadow.filter_map(|name| self.foreign_shadow(&taker, name)));
            }
            for (_, config) in &module.configs {
                let taker = taker(Holder::Config);
                let urls = [&config.datasource_url, &config.direct_url];
                let urls = urls.into_iter().flatten();
                wrongs.extend(urls.filter_map(|url| self.wrong_config_url(&taker, url)));
                let shadow = config.shadow_database_url.iter();
                wrongs.extend(shadow.filter_map(|url| match &url.first {
                    Source::Env { name } => self.foreign_shadow(&taker, name),
                    _ => None,
                }));
            }
        }
        wrongs
    }

    fn wrong_schema_url<'p>(
        &self,
        taker: &Taker<'p>,
        url: &DatasourceUrl,
    ) -> Option<WrongPrismaUrl<'p>> {
        let &Taker {
            product,
            service,
            own,
            holder,
        } = taker;
        let variable = &self.policy.database_variable;
        match url {
            DatasourceUrl::Env(name) if name.value == *variable => None,
            DatasourceUrl::Env(name) => {
                let of_another = variable_of_another(product, service, name);
                let (what, label) = of_another.unzip();
                Some(WrongPrismaUrl {
                    place: name.place,
                    service,
                    holder,
                    what: what
                        .unwrap_or_else(|| format!("reads `{}`, not `{variable}`", name.value)),
                    object: name.value.clone(),
                    is_variable: true,
                    labels: label.into_iter().collect(),
                    fix: self.unsafe_replacement(name.place, &name.value, variable),
                    help: format!("write `{variable}`"),
                })
            }
            DatasourceUrl::Literal(url) => {
                let named = database_of(&url.value).filter(|named| named != own);
                Some(WrongPrismaUrl {
                    place: url.place,
                    service,
                    holder,
                    what: match &named {
                        Some(named) => format!(
                            "holds a connection string, for {}",
                            product.says_whose(named)
                        ),
                        None => "holds a connection string".to_owned(),
                    },
                    object: "a literal".to_owned(),
                    is_variable: false,
                    labels: named
                        .map(|named| product.ownership(service, &named))
                        .unwrap_or_default(),
                    fix: Some(Fix {
                        safety: Safety::Unsafe,
                        title: format!("Read `{variable}` from the environment"),
                        edits: vec![Edit {
                            place: self.with_quotes(url),
                            text: format!("env(\"{variable}\")"),
                        }],
                    }),
                    help: format!("write `env(\"{variable}\")`"),
                })
            }
        }
    }

    /// The place of a string literal of a schema, its quotes included.
    fn with_quotes(&self, literal: &Placed<String>) -> Place {
        let Place { file, span } = literal.place;
        let has_quotes = self.sources.slice(literal.place).starts_with('"');
        let quotes = usize::from(!has_quotes);
        Span::new(span.start as usize - quotes, span.end as usize + quotes).in_file(file)
    }

    fn wrong_config_url<'p>(
        &'p self,
        taker: &Taker<'p>,
        url: &UrlSource,
    ) -> Option<WrongPrismaUrl<'p>> {
        match &url.first {
            Source::Env { name } => self.foreign_variable(taker, name),
            Source::Literal(text) if url.fallbacks.is_empty() => self.foreign_literal(taker, text),
            _ => None,
        }
    }

    fn foreign_variable<'p>(
        &'p self,
        taker: &Taker<'p>,
        name: &Placed<String>,
    ) -> Option<WrongPrismaUrl<'p>> {
        let &Taker {
            product,
            service,
            own,
            holder,
        } = taker;
        let variable = &self.policy.database_variable;
        if name.value == *variable {
            return None;
        }
        let stack = self.development(product);
        let container = stack.and_then(|stack| service.container(stack));
        let set_here = container.and_then(|container| container.variable(&name.value));
        let (what, labels) = if let Some(set_here) = set_here {
            // Set for this very service: judged by what it holds, if that is known.
            let named = set_here.database().filter(|part| part.is_known)?.text;
            if named == own {
                return None;
            }
            let remark = format!("`{}` names `{named}`", name.value);
            let mut labels = vec![(set_here.name.place, remark)];
            labels.extend(product.ownership(service, &named));
            let whose = product.says_whose(&named);
            (
                format!("reads `{}`, which names {whose}", name.value),
                labels,
            )
        } else {
            let (what, label) = variable_of_another(product, service, name)?;
            (what, vec![label])
        };
        Some(WrongPrismaUrl {
            place: name.place,
            service,
            holder,
            what,
            object: name.value.clone(),
            is_variable: true,
            labels,
            fix: self.unsafe_replacement(name.place, &name.value, variable),
            help: format!("write `{variable}`"),
        })
    }

    /// A shadow database, which Prisma empties before it migrates it, by a variable of another service.
    fn foreign_shadow<'p>(
        &'p self,
        taker: &Taker<'p>,
        name: &Placed<String>,
    ) -> Option<WrongPrismaUrl<'p>> {
        let stack = self.development(taker.product);
        let container = stack.and_then(|stack| taker.service.container(stack));
        let is_set_here =
            container.is_some_and(|container| container.variable(&name.value).is_some());
        let wrong = || self.foreign_variable(taker, name);
        let variable = &self.policy.database_variable;
        let help = format!("write a variable of its own, such as `SHADOW_{variable}`");
        let wrong = (!is_set_here).then(wrong).flatten()?;
        Some(WrongPrismaUrl {
            what: format!(
                "{}, for its shadow database, which Prisma empties",
                wrong.what
            ),
            fix: None,
            help,
            ..wrong
        })
    }

    fn foreign_literal<'p>(&self, taker: &Taker<'p>, text: &Text) -> Option<WrongPrismaUrl<'p>> {
        let &Taker {
            product,
            service,
            own,
            holder,
        } = taker;
        let named = database_of(&text.value).filter(|named| named != own)?;
        let place = text.part(connection::parse(&text.value)?.database?);
        Some(WrongPrismaUrl {
            place,
            service,
            holder,
            what: format!("connects to {}", product.says_whose(&named)),
            labels: product.ownership(service, &named),
            fix: self.unsafe_replacement(place, &named, own),
            help: format!("write `{own}`, or read `{}`", self.policy.database_variable),
            object: named,
            is_variable: false,
        })
    }
}

/// The database that a connection string names.
fn database_of(url: &str) -> Option<String> {
    let range = connection::parse(url)?.database?;
    Some(connection::decode(&url[range])).filter(|named| !named.is_empty())
}

/// What to say of a variable that is named after another service, with a label for that service.
fn variable_of_another(
    product: &Product,
    service: &Service,
    name: &Placed<String>,
) -> Option<(String, (Place, String))> {
    let other = product
        .service_named_by(&name.value)
        .filter(|other| other.key() != service.key())?;
    let label = (
        other.entry.key.place,
        format!("`{}` is a service of its own", other.key()),
    );
    let what = format!("reads `{}`, a variable of `{}`", name.value, other.key());
    Some((what, label))
}
