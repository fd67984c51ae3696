//! The environment that the registry gives to services, and the one that they get.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::connection;
use crate::finding::{Edit, Fix, Safety};
use crate::model::calls::Url;
use crate::model::compose::{Part, Service as Container, Variable};
use crate::model::ports::address;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::model::value::Text;
use crate::model::{User, Workspace};
use crate::source::Place;

/// Variables of the registry that a container lacks.
pub struct MissingVariables<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// Its container.
    pub container: &'a Container,
    /// The variables with their values.
    pub missing: Vec<(&'a str, &'a Text)>,
    /// Whether it has none of what the registry gives it, the connection string included.
    pub lacks_all: bool,
    /// The service that the only missing variable leads to.
    pub target: Option<&'a Service>,
}

/// A variable that has another value than the registry says.
pub struct OtherValue<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// The variable.
    pub variable: &'a Variable,
    /// The value that the registry says.
    pub right: &'a Text,
    /// The wrong value.
    pub place: Place,
    /// What to write.
    pub help: String,
    /// Where the container takes the value from another place, and where others that take the right value
    /// from the same text of the registry have the same wrong one.
    pub labels: Vec<(Place, String)>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
}

struct Candidate<'a> {
    user: User,
    service: &'a Service,
    container: &'a Container,
    variable: &'a Variable,
    right: &'a Text,
    part: Part,
}

impl Workspace<'_> {
    /// Variables of the registry that services of the development set do not get.
    pub fn missing_variables<'p>(&'p self, product: &'p Product) -> Vec<MissingVariables<'p>> {
        let development = self.development(product);
        let Some(stack) = development.filter(|stack| stack.open.is_empty()) else {
            return Vec::new();
        };
        let misdirected = self.misdirected(product);
        let missing = |service: &'p Service| {
            let container = service.container(stack)?;
            let is_unknown = container.unknown_environment.is_some() || container.is_extended;
            if is_unknown || container.is_overlay() {
                return None;
            }
            let missing: Vec<_> = self
                .declared(service)
                .filter(|(name, _)| container.variable(name).is_none())
                .filter(|(name, _)| !misdirected.contains(&(service.key(), *name)))
                .collect();
            let url = &self.policy.database_variable;
            let target = match missing.as_slice() {
                [(_, text)] => Url::of(text).and_then(|url| product.service_named(url.host())),
                _ => None,
            };
            (!missing.is_empty()).then(|| MissingVariables {
                service,
                container,
                target,
                lacks_all: container.variable(url).is_none()
                    && self
                        .declared(service)
                        .all(|(name, _)| container.variable(name).is_none()),
                missing,
            })
        };
        product.services().iter().filter_map(missing).collect()
    }

    /// Variables of the registry that services get with another value, in any stack of the product.
    pub fn other_values<'p>(&'p self, product: &'p Product) -> Vec<OtherValue<'p>> {
        let moved: BTreeSet<(String, u16, u16)> = self
            .all_port_drifts(product)
            .into_iter()
            .map(|drift| (drift.service.key().to_owned(), drift.wrong, drift.right))
            .collect();
        let misdirected = self.misdirected(product);
        let mut wrongs = Vec::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            for service in product.services() {
                let Some(container) = service.container(stack) else {
                    continue;
                };
                let user = (index, stack.position(container));
                for (name, right) in self.declared(service) {
                    let variable = container.variable(name);
                    let Some(variable) = variable.filter(|it| it.known_value().is_some()) else {
                        continue;
                    };
                    let part = variable.whole();
                    let is_other = part.text != right.value && !part.is_from_example;
                    let is_elsewhere = is_moved(&moved, &part.text, &right.value)
                        || product.is_one_host(&part.text, &right.value)
                        || misdirected.contains(&(service.key(), name));
                    if is_other && !is_elsewhere {
                        wrongs.push(Candidate {
                            user,
                            service,
                            container,
                            variable,
                            right,
                            part,
                        });
                    }
                }
            }
        }
        let links = self.stand_alike(&wrongs, |wrong| {
            (wrong.user, &wrong.part, wrong.right.value.as_str())
        });
        let found = links.into_iter().zip(wrongs).filter_map(|(link, wrong)| {
            let (link, right) = (link?, wrong.right.value.as_str());
            let key = &wrong.container.key.value;
            let is_development = product.development == Some(wrong.user.0);
            let is_alone = is_development && self.is_used_only_in(wrong.user.0, &link);
            let fix = (is_plain(right) && !may_be_secret(&wrong.part.text))
                .then(|| self.replacement(link.place, &wrong.part.text, right, is_alone));
            Some(OtherValue {
                service: wrong.service,
                variable: wrong.variable,
                right: wrong.right,
                place: if link.place.span.is_empty() {
                    wrong.variable.name.place
                } else {
                    link.place
                },
                help: if link.is_part || wrong.part.text.is_empty() {
                    format!("write {}", shown(right))
                } else {
                    let name = &wrong.variable.name.value;
                    format!("give `{key}` a `{name}` of its own, {}", shown(right))
                },
                labels: wrong.part.way_to(&link, key).into_iter().collect(),
                fix: fix.flatten(),
            })
        });
        changed_once(found.collect())
    }

    /// Variables, by service, whose URL is wrong in the registry itself: what follows from it is no other
    /// mistake.
    pub(super) fn misdirected<'p>(&'p self, product: &'p Product) -> HashSet<(&'p str, &'p str)> {
        let wrong = self.wrong_targets(product).into_iter();
        wrong
            .map(|wrong| (wrong.service.key(), wrong.variable))
            .collect()
    }

    /// What the registry gives to a service, as far as it is known and no other rule's: neither its port
    /// nor a database, and nothing that Compose would resolve.
    fn declared<'p>(&self, service: &'p Service) -> impl Iterator<Item = (&'p str, &'p Text)> {
        let environment = service.entry.extra_env.known().into_iter();
        environment
            .flat_map(|environment| &environment.variables)
            .filter_map(|variable| {
                let text = variable.value.known()?;
                let name = variable.name.value.as_str();
                let is_other_rules = name == "PORT"
                    || variable.holds_connection_string(&self.policy.database_variable);
                let is_certain = !text.value.contains('$')
                    && self.is_read_as_a_whole(&variable.name.origin)
                    && self.is_read_as_a_whole(&text.origin)
                    && text
                        .pieces
                        .iter()
                        .all(|it| self.is_read_as_a_whole(&it.origin));
                (is_certain && !is_other_rules).then_some((name, text))
            })
    }
}

/// Where several services take a value from one text of the registry and all have the same other one, that
/// text was changed and nothing else: the first of them speaks.
fn changed_once(found: Vec<OtherValue>) -> Vec<OtherValue> {
    let mut first: HashMap<(Place, String), usize> = HashMap::new();
    let mut merged: Vec<OtherValue> = Vec::new();
    for other in found {
        let got = other.variable.whole().text;
        let number = *first
            .entry((other.right.definition(), got))
            .or_insert(merged.len());
        let Some(speaker) = merged.get_mut(number) else {
            merged.push(other);
            continue;
        };
        let key = other.service.key();
        let name = &other.variable.name.value;
        let remark = format!("`{name}` of `{key}` too");
        let says = format!("the registry says {}", shown(&other.right.value));
        speaker.labels.push((other.place, remark));
        speaker.labels.push((other.right.place(), says));
        speaker.labels.extend(other.labels);
        speaker.fix = speaker.fix.take().zip(other.fix).map(|(mut fix, more)| {
            if more.safety == Safety::Unsafe {
                fix.safety = Safety::Unsafe;
            }
            let new = more.edits.into_iter();
            let new: Vec<Edit> = new.filter(|edit| !fix.edits.contains(edit)).collect();
            fix.edits.extend(new);
            fix
        });
    }
    merged
}

impl Product {
    /// Whether two URLs differ only in the name of one service, its key and a hostname that is not: that is
    /// one mistake, and said where the hostname stands.
    fn is_one_host(&self, one: &str, other: &str) -> bool {
        let parts = |url| {
            let host = connection::parse(url)?.hosts.into_iter().next()?.name;
            Some((&url[..host.start], &url[host.clone()], &url[host.end..]))
        };
        let (Some((before, one, behind)), Some((begin, other, end))) = (parts(one), parts(other))
        else {
            return false;
        };
        let is_called_both = |service: &Service| {
            let hostname = service.entry.hostname.known();
            hostname.is_some_and(|hostname| {
                let names = [service.key(), hostname.value.as_str()];
                one != other && names.contains(&one) && names.contains(&other)
            })
        };
        begin == before && end == behind && self.services().iter().any(is_called_both)
    }
}

/// Whether two URLs differ only in the port of a service whose port was changed: that is one mistake, and
/// said where the port stands.
fn is_moved(moved: &BTreeSet<(String, u16, u16)>, got: &str, right: &str) -> bool {
    let (Some(got_at), Some(right_at)) = (address(got), address(right)) else {
        return false;
    };
    let (host, wrong_port, got_range) = got_at;
    let (_, right_port, right_range) = right_at;
    got[..got_range.start] == right[..right_range.start]
        && got[got_range.end..] == right[right_range.end..]
        && moved.contains(&(host.to_owned(), wrong_port, right_port))
}

/// Whether a text can stand in YAML and in a `.env` file without quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 7] = ["null", "true", "false", "yes", "no", "on", "off"];
    let is_harmless = |letter: char| letter.is_ascii_alphanumeric() || ":/.-_+,".contains(letter);
    let is_number = !text.starts_with('0') && text.chars().all(|letter| letter.is_ascii_digit());
    let is_word = text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !text.ends_with(':')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    !text.is_empty() && text.chars().all(is_harmless) && (is_number || is_word)
}

fn may_be_secret(value: &str) -> bool {
    value.contains('@') && value.contains("://")
}

/// A value to be shown; one that may hold a password is not.
pub fn shown(value: &str) -> String {
    if may_be_secret(value) {
        "the value of the registry".to_owned()
    } else {
        format!("`{value}`")
    }
}
