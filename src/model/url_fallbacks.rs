//! Connection strings that a service opens where a variable is not set, in code and in Prisma configs.

use std::collections::BTreeSet;

use crate::connection;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::clients::is_stand_in;
use crate::model::homes::Homes;
use crate::model::prisma_config::{PrismaConfig, Source, UrlSource, prisma_config};
use crate::source::{FileId, Kind, Place};

/// A connection string that is written out behind what may be unset.
pub struct UrlFallback {
    /// The connection string.
    pub place: Place,
    /// Whose code or config it stands in.
    pub owner: Owner,
    /// The variable that it stands in for, if one is read.
    pub variable: Option<String>,
    /// The variable that should be read.
    pub right: String,
    /// The database and whose it is, to end a sentence with, where it is another service's.
    pub whose: Option<String>,
    /// The places that say whose it is.
    pub labels: Vec<(Place, String)>,
}

impl Workspace<'_> {
    /// Connection strings behind what may be unset, in the modules of services.
    pub fn url_fallbacks(&self) -> Vec<UrlFallback> {
        let homes = Homes::of(self);
        let mut found = Vec::new();
        for code in self.code_files().filter(|code| !code.is_test) {
            for fallback in &code.code.fallbacks {
                if !is_stand_in(&fallback.url.value) {
                    let place = fallback.url.span.in_file(code.file);
                    let variable = fallback.variable.as_ref().map(|it| it.value.clone());
                    let text = &fallback.url.value;
                    found.extend(self.url_fallback(&homes, place, text, variable));
                }
            }
        }
        found.extend(self.fallbacks_in_prisma_configs(&homes));
        found
    }

    fn fallbacks_in_prisma_configs(&self, homes: &Homes) -> Vec<UrlFallback> {
        let files = self.sources.files();
        let configs: Vec<FileId> = files
            .filter(|(_, file)| file.kind == Kind::PrismaConfig)
            .map(|(id, _)| id)
            .collect();
        if configs.is_empty() {
            return Vec::new();
        }
        let scripts = super::scripts(self.sources, &self.facts);
        let mut found = Vec::new();
        for file in configs {
            let PrismaConfig {
                datasource_url,
                direct_url,
                shadow_database_url,
                ..
            } = prisma_config(&scripts, file);
            let mut seen = BTreeSet::new();
            let urls = [datasource_url, direct_url, shadow_database_url];
            for UrlSource {
                first, fallbacks, ..
            } in urls.into_iter().flatten()
            {
                let variable = match first {
                    Source::Env { name } => Some(name.value),
                    // Whatever stands behind a string is never asked for.
                    Source::Literal(_) => continue,
                    Source::Unknown(_) => None,
                };
                for fallback in fallbacks {
                    if let Source::Literal(text) = fallback
                        && is_postgres(&text.value)
                        && !is_stand_in(&text.value)
                        && seen.insert(text.definition())
                    {
                        let place = text.definition();
                        let fallback =
                            self.url_fallback(homes, place, &text.value, variable.clone());
                        found.extend(fallback);
                    }
                }
            }
        }
        found
    }

    fn url_fallback(
        &self,
        homes: &Homes,
        place: Place,
        text: &str,
        variable: Option<String>,
    ) -> Option<UrlFallback> {
        let numbers = homes.around(&self.sources.file(place.file).path);
        let first = &homes.services[*numbers.first()?];
        let database = connection::parse(text)?.database?;
        let database = connection::decode(&text[database]);
        let is_own = |number: &usize| homes.services[*number].databases.contains(&database);
        let registered = homes.registered.get(numbers[0]);
        let registered = registered.filter(|_| !numbers.iter().any(is_own));
        let neighbour = registered.and_then(|&(number, service)| {
            let product = &self.products[number];
            product.owner_of(&database)?;
            let whose = product.says_whose(&database);
            Some((whose, product.ownership(service, &database)))
        });
        let (whose, labels) = neighbour.unzip();
        let right = first.variables.first().copied();
        Some(UrlFallback {
            place,
            owner: first.owner.clone(),
            variable,
            right: right.unwrap_or(&self.policy.database_variable).to_owned(),
            whose,
            labels: labels.unwrap_or_default(),
        })
    }
}

fn is_postgres(text: &str) -> bool {
    let url = connection::parse(text);
    url.is_some_and(|url| matches!(&text[url.scheme], "postgres" | "postgresql"))
}
