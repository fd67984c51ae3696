//! URLs that lead a container to itself or to its host.

use crate::connection;
use crate::finding::{Fix, Owner};
use crate::model::compose::{Part, Service as Container, Variable};
use crate::model::named::WrongText;
use crate::model::product::Product;
use crate::model::resolve::Link;
use crate::model::service::Service;
use crate::model::value::Text;
use crate::model::{User, Workspace};
use crate::source::{Kind, Place};

/// A URL that leads a container to itself or to its host.
pub struct Loopback {
    /// The host.
    pub place: Place,
    /// The same, as text.
    pub text: String,
    /// Whose URL it is.
    pub owner: Owner,
    /// The variable.
    pub variable: String,
    /// The name of the container.
    pub container: String,
    /// What to write.
    pub help: String,
    /// An edit that mends it, where the right host is certain.
    pub fix: Option<Fix>,
    /// Whether it is a database's URL.
    pub is_database: bool,
    /// Other places that explain it.
    pub labels: Vec<(Place, String)>,
}

/// A URL that leads its container to itself or to its host.
struct Lost<'a> {
    user: User,
    container: &'a Container,
    variable: &'a Variable,
    host: Part,
    port: Option<Part>,
    right: Option<Server>,
    is_database: bool,
}

/// Where a URL should lead.
#[derive(Clone)]
struct Server {
    host: String,
    port: Option<u16>,
    label: Option<(Place, String)>,
}

impl Workspace<'_> {
    /// URLs of a stack's containers that lead them to themselves or to their host.
    pub fn loopback_urls(&self, index: usize) -> Vec<Loopback> {
        let stack = &self.stacks[index];
        let only_server = self.only_server(index);
        let lost: Vec<Lost> = stack
            .variables()
            .filter(|(container, _)| container.network_mode.is_none() && !container.is_postgres())
            .filter_map(|(container, variable)| {
                self.lost(index, container, variable, only_server.as_ref())
            })
            .collect();
        let links = self.stand_alike(&lost, |lost| {
            let right = lost.right.as_ref();
            (lost.user, &lost.host, right.map_or("", |right| &right.host))
        });
        links
            .into_iter()
            .zip(lost)
            .filter_map(|(link, lost)| Some(self.loopback(index, &link?, lost)))
            .collect()
    }

    fn lost<'p>(
        &'p self,
        index: usize,
        container: &'p Container,
        variable: &'p Variable,
        only_server: Option<&Server>,
    ) -> Option<Lost<'p>> {
        let user = (index, self.stacks[index].position(container));
        let service = self.service_of(user);
        let (host, port) = variable
            .host()
            .filter(|(host, _)| is_loopback(&host.text))?;
        let is_surplus = self.is_surplus_database(user, variable);
        if is_surplus || !host.is_known || self.is_from_env_file(&host) {
            return None;
        }
        let is_database = variable.is_postgres();
        let right = if is_database {
            // An image from elsewhere may hold a server of its own.
            let mut inferred = self.inferred_services().iter();
            let is_ours = service.is_some()
                || container.build.is_some()
                || inferred.any(|it| it.containers.contains(&user));
            is_ours.then(|| only_server.cloned())?
        } else {
            let own = &self.policy.database_variable;
            let declared = declared_url(service?, &variable.name.value, own)?;
            // The registry's own value is judged where it stands.
            let host = url_host(declared).filter(|host| !is_loopback(host))?;
            Some(Server {
                label: Some((declared.place(), format!("the registry says `{host}`"))),
                host,
                port: None,
            })
        };
        Some(Lost {
            user,
            container,
            variable,
            host: in_brackets(variable, host),
            port,
            right,
            is_database,
        })
    }

    /// The Postgres service of a stack that has just one.
    fn only_server(&self, index: usize) -> Option<Server> {
        let mut servers = self.stacks[index].postgres_services();
        let server = servers.next().filter(|_| servers.next().is_none())?;
        Some(Server {
            host: server.key.value.clone(),
            port: server.listens_on(self.policy.postgres_port),
            label: None,
        })
    }

    fn loopback(&self, index: usize, link: &Link, lost: Lost) -> Loopback {
        let Lost {
            container,
            variable,
            host,
            port,
            right,
            is_database,
            ..
        } = lost;
        let key = &container.key.value;
        let way = host.way_to(link, key);
        let wrong_port = port
            .zip(right.as_ref().and_then(|right| right.port))
            .map(|(port, right)| (port, right.to_string()))
            .filter(|(port, right)| port.is_known && port.text != *right);
        let (help, fix) = match &right {
            Some(right) => {
                let mut texts = vec![(&host, right.host.as_str())];
                texts.extend(
                    wrong_port
                        .as_ref()
                        .map(|(port, right)| (port, right.as_str())),
                );
                (
                    variable.advice(key, link, &texts),
                    self.fix_of_address(link, &texts),
                )
            }
            None if is_database => (DATABASE_HOST_TO_WRITE.to_owned(), None),
            None => (HOST_TO_WRITE.to_owned(), None),
        };
        Loopback {
            place: link.place,
            owner: self.owner_of_container(index, container),
            variable: variable.name.value.clone(),
            container: key.clone(),
            help,
            fix,
            is_database,
            labels: right
                .and_then(|right| right.label)
                .into_iter()
                .chain(way)
                .collect(),
            text: host.text,
        }
    }

    /// An edit that replaces a host, and the port that stands in the same text.
    fn fix_of_address(&self, link: &Link, texts: &[(&Part, &str)]) -> Option<Fix> {
        let (host, right) = texts.first()?;
        let mut fix = self.unsafe_replacement(link.place, &host.text, right)?;
        for (port, right) in &texts[1..] {
            let mut links = port.chain.iter();
            let place = links.find(|other| other.shared == link.shared)?.place;
            let more = self.unsafe_replacement(place, &port.text, right)?;
            fix.title = format!("{} and `{}` by `{right}`", fix.title, port.text);
            fix.edits.extend(more.edits);
        }
        Some(fix)
    }

    /// URLs in the registry's `extraEnv` that are named after another service and lead a service to itself.
    pub fn loopback_in_registry(&self, product: &Product) -> Vec<Loopback> {
        let mut wrongs = Vec::new();
        let mut callees = Vec::new();
        for service in product.services() {
            let variables = service.entry.extra_env.known().into_iter();
            for variable in variables.flat_map(|environment| &environment.variables) {
                let name = variable.name.value.as_str();
                let named = product
                    .service_called_by(name)
                    .filter(|callee| callee.key() != service.key());
                let Some((text, callee)) = variable.value.known().zip(named) else {
                    continue;
                };
                let hosts = connection::parse(&text.value)
                    .map(|url| url.hosts)
                    .unwrap_or_default();
                let host = hosts.into_iter().next().map(|host| host.name);
                if let Some(range) = host.filter(|host| is_loopback(&text.value[host.clone()])) {
                    callees.push(callee);
                    wrongs.push(WrongText {
                        service,
                        name,
                        text,
                        range,
                    });
                }
            }
        }
        let places = self.stand_on_names(&wrongs).into_iter();
        let found = places.zip(wrongs).zip(callees);
        found
            .map(|((place, wrong), callee)| {
                let host = &wrong.text.value[wrong.range];
                Loopback {
                    place,
                    text: host.to_owned(),
                    owner: wrong.service.into(),
                    variable: wrong.name.to_owned(),
                    container: wrong.service.key().to_owned(),
                    help: format!("write `{}`", callee.key()),
                    fix: self.unsafe_replacement(place, host, callee.key()),
                    is_database: false,
                    labels: vec![(
                        callee.entry.key.place,
                        format!("`{}` is reached by this name", callee.key()),
                    )],
                }
            })
            .collect()
    }

    /// Whether a text was taken from an `.env` file: those serve programs on the host as well.
    fn is_from_env_file(&self, part: &Part) -> bool {
        let deepest = part.chain.last();
        deepest.is_some_and(|link| self.sources.file(link.place.file).kind == Kind::Env)
    }
}

/// What to write for a host where the right one is not known.
const HOST_TO_WRITE: &str = "write the service's hostname on the Docker network";

const DATABASE_HOST_TO_WRITE: &str = "write the hostname of its Postgres on the Docker network";

/// A host with the brackets that an IPv6 address stands in.
fn in_brackets(variable: &Variable, host: Part) -> Part {
    let is_v6 = host.text.contains(':') && host.range.start > 0;
    let whole = is_v6.then(|| host.range.start - 1..host.range.end + 1);
    whole
        .and_then(|range| variable.part(&range))
        .unwrap_or(host)
}

/// The URL that the registry says; a connection string is another rule's.
fn declared_url<'s>(service: &'s Service, name: &str, own: &str) -> Option<&'s Text> {
    let variable = service.entry.extra_env.known()?.variable(name)?;
    let value = variable.value.known();
    value.filter(|_| !variable.holds_connection_string(own))
}

fn url_host(text: &Text) -> Option<String> {
    let url = connection::parse(&text.value)?;
    Some(text.value[url.hosts.first()?.name.clone()].to_owned())
}

/// Hosts that mean the container itself, or the machine that Docker runs on.
pub(super) fn is_loopback(host: &str) -> bool {
    is_itself(host) || host.eq_ignore_ascii_case("host.docker.internal")
}

/// Hosts that mean the machine or the container of whoever asks.
pub(super) fn is_itself(host: &str) -> bool {
    let is_v4 = host.strip_prefix("127.").is_some_and(|rest| {
        rest.split('.').count() == 3 && rest.split('.').all(|number| number.parse::<u8>().is_ok())
    });
    is_v4
        || ["localhost", "0.0.0.0", "::1"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host))
}
