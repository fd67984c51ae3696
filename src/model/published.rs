//! The ports of the host that containers are published on.

use core::net::IpAddr;
use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::compose::{Port, Service as Container, Stack};
use crate::source::Place;

/// A port of the host that an earlier service of the stack has.
pub struct PublishedTwice<'a> {
    /// Whose the later one is.
    pub owner: Owner,
    /// The later container.
    pub container: &'a Container,
    /// The earlier container.
    pub first: &'a Container,
    /// The port.
    pub port: u16,
    /// Where the later one is written.
    pub place: Place,
    /// Where the earlier one is written.
    pub first_place: Place,
    /// Where the later container takes it from another place.
    pub way: Option<(Place, String)>,
    /// A port that nobody of the stack has.
    pub free: Option<u16>,
}

/// The addresses of the host that a port is published on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Address {
    All,
    AllOfVersion4,
    AllOfVersion6,
    One(IpAddr),
}

impl Address {
    fn of(port: &Port) -> Option<Self> {
        let Some(text) = port.host_ip.as_deref().filter(|text| !text.is_empty()) else {
            return Some(Address::All);
        };
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        let address: IpAddr = bare.parse().ok()?;
        Some(match address {
            IpAddr::V4(it) if it.is_unspecified() => Address::AllOfVersion4,
            IpAddr::V6(it) if it.is_unspecified() => Address::AllOfVersion6,
            _ => Address::One(address),
        })
    }

    /// Whether both cannot be listened on at once.
    fn meets(self, other: Self) -> bool {
        use Address::{All, AllOfVersion4, AllOfVersion6, One};
        match (self, other) {
            (All, _) | (_, All) => true,
            (AllOfVersion4, One(it)) | (One(it), AllOfVersion4) => it.is_ipv4(),
            (AllOfVersion6, One(it)) | (One(it), AllOfVersion6) => it.is_ipv6(),
            _ => self == other,
        }
    }
}

/// A range of published ports that is longer than this is left alone.
const LONGEST_RANGE: usize = 256;
/// Containers that are compared with those before them on one port; one more finding tells nobody more.
const MOST_CLAIMANTS: usize = 64;

#[derive(Clone, Copy)]
struct Claim<'a> {
    container: &'a Container,
    port: &'a Port,
    address: Address,
}

impl Workspace<'_> {
    /// Ports of the host that two services of a stack are published on.
    pub fn published_twice(&self, index: usize) -> Vec<PublishedTwice<'_>> {
        let stack = &self.stacks[index];
        let mut claims: HashMap<(u16, &str), Vec<Claim>> = HashMap::new();
        let mut all = BTreeSet::new();
        let mut twice = Vec::new();
        for container in stack.services.iter().filter(|it| has_ports(it)) {
            for port in &container.ports {
                let (Some(range), Some(address)) = (published(port), Address::of(port)) else {
                    continue;
                };
                let claim = Claim {
                    container,
                    port,
                    address,
                };
                let mut earlier = None;
                for number in range {
                    all.insert(number);
                    let known = claims.entry((number, &port.protocol)).or_default();
                    let first = known.iter().find(|it| stack.collide(it, &claim)).copied();
                    if known.len() < MOST_CLAIMANTS {
                        known.push(claim);
                    }
                    earlier = earlier.or(first.map(|first| (number, first)));
                }
                twice.extend(earlier.map(|(number, first)| (number, first, claim)));
            }
        }
        let told = twice.into_iter();
        told.filter_map(|(number, first, later)| {
            let part = later.port.published_text.as_ref()?;
            let container = later.container;
            let user = (index, stack.position(container));
            let link = self.stand_on(&part.chain, &BTreeSet::from([user]))?;
            Some(PublishedTwice {
                owner: self.owner_of_container(index, container),
                container,
                first: first.container,
                port: number,
                place: link.place,
                first_place: first.port.published_text.as_ref()?.place()?,
                way: part.way_to(&link, &container.key.value),
                free: (number..u16::MAX)
                    .map(|port| port + 1)
                    .find(|port| !all.contains(port)),
            })
        })
        .collect()
    }
}

/// Whether the ports of a container are published at all.
fn has_ports(container: &Container) -> bool {
    let mode = container.network_mode.as_ref();
    mode.is_none_or(|mode| mode.text == "bridge")
}

/// The published ports of an entry; nothing where Docker chooses.
fn published(port: &Port) -> Option<RangeInclusive<u16>> {
    let range = |text: &str| -> Option<RangeInclusive<u16>> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = first.trim().parse().ok()?..=last.trim().parse().ok()?;
        (range.len() <= LONGEST_RANGE && !range.is_empty()).then_some(range)
    };
    let published = port.published_text.as_ref().filter(|part| part.is_known)?;
    let target = port.target_text.as_ref().filter(|part| part.is_known)?;
    let published = range(&published.text)?;
    // Of a range before a single port Docker takes one that is free.
    (published.len() == range(&target.text)?.len() && *published.start() > 0).then_some(published)
}

impl Stack {
    fn collide(&self, first: &Claim, later: &Claim) -> bool {
        first.container.key.value != later.container.key.value
            && first.address.meets(later.address)
            && self.run_together(first.container, later.container)
    }

    /// Whether two services run at once: always, or by a profile that is switched on or that they share.
    /// One that is always there may have its stand-in behind a profile.
    fn run_together(&self, one: &Container, other: &Container) -> bool {
        let is_on = |container: &Container| {
            let mut profiles = container.profiles.iter();
            container.profiles.is_empty()
                || profiles.any(|profile| self.active_profiles.contains(profile))
        };
        let share = one.profiles.iter().any(|it| other.profiles.contains(it));
        let is_one_always = one.profiles.is_empty() || other.profiles.is_empty();
        is_on(one) && is_on(other) || share || is_one_always && !are_stand_ins(one, other)
    }
}

/// Whether two services run the same software, so that one is there in place of the other.
fn are_stand_ins(one: &Container, other: &Container) -> bool {
    let context = |container: &Container| container.build.as_ref()?.context.clone();
    let same_build = context(one).is_some() && context(one) == context(other);
    let image = one.image_name();
    let same_image = image.is_some() && image == other.image_name();
    same_build || same_image || one.is_postgres() && other.is_postgres()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        let port = Port {
            published: None,
            target: None,
            published_text: None,
            target_text: None,
            host_ip: Some(text.to_owned()),
            protocol: "tcp".to_owned(),
        };
        Address::of(&port).unwrap()
    }

    #[test]
    fn addresses_meet() {
        for (one, other, meet) in [
            ("", "", true),
            ("", "127.0.0.1", true),
            ("", "::1", true),
            ("0.0.0.0", "127.0.0.1", true),
            ("0.0.0.0", "", true),
            ("::", "", true),
            ("::", "[::1]", true),
            ("::", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::1", false),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(address(one).meets(address(other)), meet, "{one} {other}");
            assert_eq!(address(other).meets(address(one)), meet, "{other} {one}");
        }
    }
}
