//! What settings say about the databases of services, as far as it is certain.

use super::{Holder, Setting, Settings};
use crate::model::Workspace;
use crate::model::compose::{Part, Variable};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::urls::is_socket;
use crate::parse::settings::LIBPQ_DATABASE;
use crate::source::Place;

/// A database that a variable names and that is not its service's own.
pub struct ForeignDatabase<'a> {
    /// The service.
    pub service: &'a Service,
    /// The variable.
    pub variable: &'a Variable,
    /// The name, and where it stands.
    pub part: Part,
    /// The same place, on the text itself.
    pub place: Place,
    /// The database that the service owns.
    pub own: &'a str,
    /// Where the service takes the name from, if that is not where it stands.
    pub way: Option<(Place, String)>,
}

impl Variable {
    /// The name of the database that it leads to: that of a connection string, or the whole of libpq's
    /// variable for it.
    pub fn named_database(&self) -> Option<Part> {
        if self.name.value == LIBPQ_DATABASE {
            return self.known_value().map(|_| self.whole());
        }
        self.database().filter(|_| self.is_any_postgres())
    }

    /// Whether it is a connection string of PostgreSQL, in the spelling of any driver
    /// (`jdbc:postgresql`, `postgresql+asyncpg`).
    fn is_any_postgres(&self) -> bool {
        let scheme = || Some(&self.value.as_ref()?.text[self.connection.as_ref()?.scheme.clone()]);
        scheme().is_some_and(|scheme| {
            let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme);
            let scheme = scheme.split('+').next().unwrap_or(scheme);
            matches!(scheme, "postgres" | "postgresql")
        })
    }

    /// Whether it is made for a database that stands in for the service's own one: Prisma's shadow
    /// database, or one for tests.
    pub(in crate::model) fn is_for_stand_in(&self) -> bool {
        let name = self.name.value.to_ascii_uppercase();
        let mut words = name.split('_');
        words.any(|word| ["SHADOW", "TEST", "E2E"].contains(&word))
    }
}

/// Whether a name can be that of a database: what templates put in its place is no such name.
pub(in crate::model) fn is_name(text: &str) -> bool {
    let is_plain = |character: char| character.is_alphanumeric() || "_-.".contains(character);
    !text.is_empty() && text.chars().all(is_plain)
}

/// Whether a database goes by the name of one's own, with a word behind it that says what it is for.
pub(in crate::model) fn is_variant_of(own: &str, named: &str) -> bool {
    const WORDS: [&str; 9] = [
        "ci",
        "dev",
        "development",
        "e2e",
        "local",
        "shadow",
        "spec",
        "test",
        "tests",
    ];
    let word = named.strip_prefix(own).and_then(|rest| {
        let rest = rest.strip_prefix(['_', '-'])?;
        rest.split(['_', '-']).next()
    });
    word.is_some_and(|word| WORDS.contains(&word))
}

/// Names that examples are written with and that nobody calls a database by.
pub(in crate::model) fn is_placeholder(name: &str) -> bool {
    const NAMES: [&str; 24] = [
        "app",
        "build",
        "ci",
        "database",
        "db",
        "default",
        "foo",
        "name",
        "none",
        "postgres",
        "postgresql",
        "prisma",
        "sample",
        "schema",
        "some",
        "temp",
        "test",
        "tmp",
        "todo",
        "unused",
        "x",
        "xx",
        "xxx",
        "xxxx",
    ];
    const WORDS: [&str; 9] = [
        "your",
        "my",
        "placeholder",
        "dummy",
        "example",
        "changeme",
        "fake",
        "dbname",
        "change",
    ];
    let name = name.to_ascii_lowercase();
    let mut words = name.split(['_', '-', '.']);
    let is_made_of = words.clone().all(|word| NAMES.contains(&word));
    let glued = [
        "mydb",
        "mydatabase",
        "yourdb",
        "yourdatabase",
        "databasename",
        "testdb",
        "nomedb",
    ];
    is_made_of || words.any(|word| WORDS.contains(&word)) || glued.contains(&name.as_str())
}

/// Whether a text without a scheme names a server: `user@host` or `host:5432/name`.
fn looks_like_address(text: &str) -> bool {
    let after_colon = text
        .split_once(':')
        .and_then(|(_, rest)| rest.split_once('/'));
    text.contains('@') || after_colon.is_some_and(|(port, _)| port.parse::<u16>().is_ok())
}

/// A service's own connection string that is not of the agreed form.
pub struct MalformedSetting<'a> {
    /// The service.
    pub service: &'a Service,
    /// The variable.
    pub variable: &'a Variable,
    /// The wrong part.
    pub place: Place,
    /// What is wrong, to follow the variable's name.
    pub defect: String,
}

impl Setting {
    /// What is wrong with the form of a connection string, as far as that is certain of a file that may
    /// serve programs on any machine: which user, which host and which port is nobody's business.
    fn defect(&self) -> Option<(Part, String)> {
        if self.holder.holds_stand_ins() {
            return None;
        }
        let variable = &self.variable;
        let value = variable.value.as_ref()?;
        let is_template =
            |text: &str| text.contains(['$', '<', '>', '{', '*']) || text.contains("...");
        let Some(connection) = &variable.connection else {
            let text = variable.known_value()?.text.trim();
            let is_path = text.starts_with("file:") || text.starts_with("sqlite:");
            let is_address = self.holder != Holder::Example && looks_like_address(text);
            let what = "is no PostgreSQL connection string".to_owned();
            return (!is_template(text) && (is_path || is_address))
                .then(|| (variable.whole(), what));
        };
        let scheme = variable.part(&connection.scheme)?;
        if !scheme.is_known || is_template(&scheme.text) {
            return None;
        }
        if !matches!(scheme.text.as_str(), "postgres" | "postgresql") {
            let is_prisma = matches!(scheme.text.as_str(), "prisma" | "prisma+postgres");
            let what = format!("begins with `{}://`, not with `postgresql://`", scheme.text);
            return (!is_prisma).then_some((scheme, what));
        }
        // A password that is put in later has nothing to do with what stands behind it.
        let address = connection.hosts.first()?.name.start..connection.range.end;
        if !value.is_known(&address) || is_template(&value.text[address]) {
            return None;
        }
        if is_socket(&value.text, connection) || connection.hosts.len() > 1 {
            return None;
        }
        let port = variable.host().and_then(|(_, port)| port);
        let is_wrong = |port: &Part| {
            let is_meant = port
                .text
                .contains(|character: char| character.is_ascii_digit());
            is_meant && port.text.parse::<u16>().is_err()
        };
        if let Some(port) = port.filter(is_wrong) {
            return Some((port, "has a port that is no port number".to_owned()));
        }
        let is_named = connection
            .database
            .as_ref()
            .is_some_and(|name| !name.is_empty());
        (!is_named).then(|| (variable.whole(), "has no database".to_owned()))
    }
}

impl Workspace<'_> {
    /// The connection strings of a product's services in files other than compose files that are not of the
    /// agreed form.
    pub fn malformed_settings<'p>(
        &'p self,
        product: &'p Product,
    ) -> impl Iterator<Item = MalformedSetting<'p>> {
        let settings = self.settings().of_product(product);
        let own =
            settings.filter(|setting| setting.variable.name.value == self.policy.database_variable);
        own.filter_map(|setting| {
            let mut services = self.services_of_setting(setting).map(|(_, it)| it);
            let service = services.find(|service| service.database().is_some())?;
            let (part, defect) = setting.defect()?;
            let place = part.chain.last()?.place;
            let is_here = service.product == product.name && !self.is_of_stack(&part);
            is_here.then_some(MalformedSetting {
                service,
                variable: &setting.variable,
                place,
                defect,
            })
        })
    }

    /// What files set for services outside of compose files.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The services that a setting is for, with their product.
    pub fn services_of_setting<'w>(
        &'w self,
        setting: &'w Setting,
    ) -> impl Iterator<Item = (&'w Product, &'w Service)> {
        setting
            .whose
            .registered()
            .iter()
            .map(|&(product, service)| {
                let product = &self.products[product];
                (product, &product.services[service])
            })
    }

    /// Whether a container takes a text from a place: then it is judged with the stack.
    pub(in crate::model) fn is_of_stack(&self, part: &Part) -> bool {
        let mut links = part.chain.iter();
        links.any(|link| self.users.contains_key(&link.shared))
    }

    /// The database that a setting names, if it is certainly none that its services own.
    pub fn foreign_database<'w>(&'w self, setting: &'w Setting) -> Option<ForeignDatabase<'w>> {
        let variable = &setting.variable;
        let part = variable.named_database()?;
        let link = *part.chain.last()?;
        let owners = || self.services_of_setting(setting);
        let is_own = |(_, service): (_, &Service)| service.database() == Some(&part.text);
        let is_unclear =
            |(_, service): (_, &Service)| service.database().is_none() && !service.is_stateless();
        if !part.is_known || !is_name(&part.text) || self.is_of_stack(&part) {
            return None;
        }
        if owners().any(is_own) || owners().any(is_unclear) {
            return None;
        }
        let (product, service) = owners().find(|(_, service)| service.database().is_some())?;
        let own = service.database()?;
        let is_owned = product.owner_of(&part.text).is_some();
        let is_meant = is_owned
            || match setting.holder {
                holder if holder.holds_stand_ins() => product.namesake(&part.text).is_some(),
                Holder::Deployment => !is_placeholder(&part.text),
                _ => {
                    let is_spare = variable.is_for_stand_in() || is_variant_of(own, &part.text);
                    let is_maintenance = setting.holder == Holder::Env && part.text == "postgres";
                    !is_spare && (is_maintenance || !is_placeholder(&part.text))
                }
            };
        is_meant.then(|| ForeignDatabase {
            service,
            variable,
            way: part.way_to(&link, service.key()),
            place: link.place,
            part,
            own,
        })
    }
}
