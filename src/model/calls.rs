//! The services that a service calls, as its `extraEnv` names them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::catalogue::Guesser;
use crate::connection;
use crate::model::Workspace;
use crate::model::named::WrongText;
use crate::model::names::is_word;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;
use crate::source::Place;

/// A URL of `extraEnv` that leads somewhere else than it should.
pub struct WrongTarget<'a> {
    /// Whose `extraEnv` it stands in.
    pub service: &'a Service,
    /// The variable.
    pub variable: &'a str,
    /// The wrong part of the URL.
    pub place: Place,
    /// The same, as text.
    pub text: &'a str,
    /// What is wrong with it.
    pub defect: TargetDefect<'a>,
}

/// What is wrong with the target of a URL.
pub enum TargetDefect<'a> {
    /// Nobody answers to the host.
    UnknownHost {
        /// The hostname that was probably meant.
        meant: Option<&'a str>,
    },
    /// The service listens on another port.
    WrongPort {
        /// The service.
        target: &'a Service,
        /// Its port.
        port: u16,
    },
    /// No port is written, and the service does not listen on the usual one.
    NoPort {
        /// The service.
        target: &'a Service,
        /// The usual port.
        usual: u16,
        /// Its port.
        port: u16,
    },
    /// The variable is named after another service.
    OtherService {
        /// The service that it points at.
        target: &'a Service,
        /// The service that it is named after.
        named: &'a Service,
    },
}

/// A URL, taken apart as far as calls need it.
pub(super) struct Url<'a> {
    pub(super) text: &'a Text,
    pub(super) host: Range<usize>,
    port: Option<Range<usize>>,
}

impl<'a> Url<'a> {
    pub(super) fn of(text: &'a Text) -> Option<Self> {
        let url = connection::parse(&text.value)?;
        let host = url.hosts.into_iter().next()?;
        let is_plain = is_word(&text.value[host.name.clone()]);
        (is_plain && !host.name.is_empty()).then_some(Self {
            text,
            host: host.name,
            port: host.port,
        })
    }

    /// The port where none is written, of the schemes that have one.
    fn usual_port(&self) -> Option<u16> {
        match self.text.value.split("://").next()? {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        }
    }

    pub(super) fn host(&self) -> &'a str {
        &self.text.value[self.host.clone()]
    }
}

impl Workspace<'_> {
    /// URLs in the `extraEnv` of a product's services that lead nowhere, to a port where nobody listens,
    /// or to another service than their variable says.
    pub fn wrong_targets<'p>(&'p self, product: &'p Product) -> Vec<WrongTarget<'p>> {
        let by_host = services_by_host(product);
        let disputed: HashSet<u16> = product
            .ports_claimed_twice()
            .into_iter()
            .map(|(port, _)| port)
            .collect();
        let mut guesser = Guesser::default();
        let mut wrong: Vec<(WrongText, TargetDefect)> = Vec::new();
        for service in product.services() {
            let environment = service.entry.extra_env.known().into_iter();
            // A connection string is another rule's, wherever it leads.
            let own = &self.policy.database_variable;
            let variables = environment.flat_map(|known| &known.variables);
            for variable in variables.filter(|variable| !variable.holds_connection_string(own)) {
                let url = variable.value.known().and_then(Url::of);
                let found = url.and_then(|url| {
                    let name = &variable.name.value;
                    let (range, defect) =
                        self.target_defect(product, &by_host, &mut guesser, name, &url)?;
                    // Which of the claimants has to move is not decided.
                    if matches!(defect, TargetDefect::WrongPort { port, .. } | TargetDefect::NoPort { port, .. } if disputed.contains(&port))
                    {
                        return None;
                    }
                    let text = url.text;
                    let wrong = WrongText {
                        service,
                        name,
                        text,
                        range,
                    };
                    Some((wrong, defect))
                });
                wrong.extend(found);
            }
        }
        let (texts, defects): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
        let places = self.stand_on_names(&texts).into_iter();
        let found = places.zip(texts).zip(defects);
        found
            .map(|((place, wrong), defect)| WrongTarget {
                service: wrong.service,
                variable: wrong.name,
                place,
                text: &wrong.text.value[wrong.range],
                defect,
            })
            .collect()
    }

    fn target_defect<'p>(
        &'p self,
        product: &'p Product,
        by_host: &HashMap<&'p str, &'p Service>,
        guesser: &mut Guesser,
        variable: &str,
        url: &Url<'p>,
    ) -> Option<(Range<usize>, TargetDefect<'p>)> {
        let host = url.host();
        // Docker's DNS knows no upper case.
        let lower = host.to_ascii_lowercase();
        let target = by_host.get(host).or_else(|| by_host.get(lower.as_str()));
        let Some(&target) = target else {
            let is_unknown = self.is_unknown_host(product, host);
            let hosts = by_host.keys().copied();
            return is_unknown.then(|| {
                let meant = guesser.nearest(host, hosts);
                (url.host.clone(), TargetDefect::UnknownHost { meant })
            });
        };
        let named = product.service_called_by(variable);
        if let Some(named) = named.filter(|named| named.key() != target.key()) {
            return Some((
                url.host.clone(),
                TargetDefect::OtherService { target, named },
            ));
        }
        let right = target.entry.port.known()?.value;
        let Some(range) = url.port.clone() else {
            let usual = url.usual_port()?;
            let defect = TargetDefect::NoPort {
                target,
                usual,
                port: right,
            };
            return (usual != right).then(|| (url.host.clone(), defect));
        };
        let port: u16 = url.text.value[range.clone()].parse().ok()?;
        let defect = TargetDefect::WrongPort {
            target,
            port: right,
        };
        (port != right).then_some((range, defect))
    }

    /// Whether certainly nobody answers to a host: no entry, no container of the development set, and no
    /// network that others could join.
    fn is_unknown_host(&self, product: &Product, host: &str) -> bool {
        let Some(stack) = self.development(product) else {
            return false;
        };
        let is_loopback = host == "localhost";
        !product.is_open()
            && stack.open.is_empty()
            && !stack.services.is_empty()
            && stack.external_networks.is_empty()
            && stack.answering_to(host).is_none()
            && !is_loopback
    }
}

/// The services of a product by what they answer to.
pub(super) fn services_by_host(product: &Product) -> HashMap<&str, &Service> {
    let mut by_host: HashMap<&str, &Service> = HashMap::new();
    for service in product.services() {
        by_host.insert(service.key(), service);
        if let Some(hostname) = service.entry.hostname.known() {
            by_host.entry(&hostname.value).or_insert(service);
        }
    }
    by_host
}
