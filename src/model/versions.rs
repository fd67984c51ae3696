//! Which version of PostgreSQL an image runs, as its tag says it.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::model::Workspace;
use crate::model::compose::{Part, Service as Container};
use crate::model::product::Product;
use crate::source::{Place, Placed};

/// An image of PostgreSQL that is not pinned to the version that development runs.
pub struct WrongVersion<'a> {
    /// The service that runs it.
    pub server: &'a Container,
    /// The tag; the whole image where it has none.
    pub place: Place,
    /// The same, as text.
    pub text: String,
    /// Whether the text comes from an example file, to follow it.
    pub remark: &'static str,
    /// The major version; `None` where the tag pins none.
    pub major: Option<u16>,
    /// Whether there is a tag at all.
    pub is_tagged: bool,
    /// What to write in place of the text, where that is certain.
    pub right: Option<String>,
    /// Where the service takes the text from another place.
    pub way: Option<(Place, String)>,
}

/// How a publisher writes the version of PostgreSQL into a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// `16`, `16.3`, `16-alpine`.
    Official,
    /// The version first, and behind it what only that version has: `16-3.4`, `16.4.0-debian-12-r0`.
    First,
    /// The same, with versions that cannot be guessed: `15.8.1.060`.
    Numbered,
    /// Behind `pg`: `pg16`, `2.14.2-pg16`.
    BehindPg,
}

/// Tags of the official image that follow every release.
const FOLLOWING: [&str; 5] = ["latest", "alpine", "bookworm", "bullseye", "trixie"];

/// Registries that hold images under the names that their publishers gave them.
const MIRRORS: [&str; 5] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "mirror.gcr.io",
    "public.ecr.aws/docker",
];

/// The scheme of the tags of an image whose publisher is known. Teams that build an image of their own
/// count its versions as they like.
fn scheme(name: &str) -> Option<Scheme> {
    let mirrored = MIRRORS
        .iter()
        .find_map(|mirror| name.strip_prefix(mirror)?.strip_prefix('/'));
    match mirrored.unwrap_or(name) {
        "postgres" | "library/postgres" => Some(Scheme::Official),
        "postgis/postgis"
        | "bitnami/postgresql"
        | "bitnamilegacy/postgresql"
        | "bitnami/postgresql-repmgr" => Some(Scheme::First),
        "supabase/postgres" => Some(Scheme::Numbered),
        "pgvector/pgvector" | "timescale/timescaledb" | "timescale/timescaledb-ha" => {
            Some(Scheme::BehindPg)
        }
        _ => None,
    }
}

/// An image reference taken apart: its name, its tag and whether a digest follows.
fn taken_apart(image: &str) -> (&str, Option<Range<usize>>, bool) {
    let tagged = image.split('@').next().unwrap_or(image);
    let has_digest = tagged.len() < image.len();
    let colon = tagged
        .rfind(':')
        .filter(|colon| !tagged[*colon..].contains('/'));
    let name = colon.map_or(tagged, |colon| &tagged[..colon]);
    (name, colon.map(|colon| colon + 1..tagged.len()), has_digest)
}

impl Scheme {
    /// The bytes of a tag that are PostgreSQL's version.
    fn version(self, tag: &str) -> Option<Range<usize>> {
        let start = match self {
            Scheme::BehindPg => tag.match_indices("pg").find_map(|(at, _)| {
                let is_word = at == 0 || tag[..at].ends_with('-');
                is_word.then_some(at + 2)
            })?,
            _ => 0,
        };
        let is_version = |letter: char| letter.is_ascii_digit() || letter == '.';
        let length = tag[start..].find(|letter| !is_version(letter));
        let end = length.map_or(tag.len(), |length| start + length);
        tag[start..end]
            .starts_with(|letter: char| letter.is_ascii_digit())
            .then_some(start..end)
    }

    /// The tag with another major version, where one of that name certainly exists.
    fn with_major(self, tag: &str, version: &Range<usize>, major: u16) -> Option<String> {
        match self {
            Scheme::Official if tag[version.end..].starts_with("-alpine") => {
                Some(format!("{major}-alpine"))
            }
            Scheme::Official => Some(major.to_string()),
            Scheme::BehindPg if tag[..version.start].contains(|c: char| c.is_ascii_digit()) => None,
            Scheme::BehindPg if version.end == tag.len() => {
                Some(format!("{}{major}", &tag[..version.start]))
            }
            _ => None,
        }
    }
}

/// What is wrong about an image: the bytes, the version that it pins, and what to write.
struct Defect {
    range: Range<usize>,
    major: Option<u16>,
    is_tagged: bool,
    right: Option<String>,
}

/// What is wrong about the version of an image, as far as that is certain.
fn defect(image: &str, major: u16) -> Option<Defect> {
    let (name, tag, has_digest) = taken_apart(image);
    let scheme = scheme(name)?;
    let is_official = scheme == Scheme::Official;
    let Some(tag) = tag else {
        return (!has_digest).then(|| Defect {
            range: 0..image.len(),
            major: None,
            is_tagged: false,
            right: is_official.then(|| format!("{image}:{major}")),
        });
    };
    let text = &image[tag.clone()];
    if let Some(version) = scheme.version(text) {
        let number = text[version.clone()].split('.').next()?.parse().ok()?;
        let right = scheme.with_major(text, &version, major);
        return (number != major).then(|| Defect {
            range: tag,
            major: Some(number),
            is_tagged: true,
            right: right.filter(|_| !has_digest),
        });
    }
    let is_following = text == "latest" || is_official && FOLLOWING.contains(&text);
    let right = if text == "alpine" {
        format!("{major}-alpine")
    } else {
        major.to_string()
    };
    (is_following && !has_digest).then_some(Defect {
        range: tag,
        major: None,
        is_tagged: true,
        right: is_official.then_some(right),
    })
}

impl Workspace<'_> {
    /// The Postgres service that holds the databases of the product's development set, if it does not run
    /// the version that the policy names.
    pub fn wrong_version<'p>(&'p self, product: &'p Product) -> Option<WrongVersion<'p>> {
        let index = product.development?;
        let stack = &self.stacks[index];
        let mut servers: Vec<&Container> = stack.postgres_services().collect();
        let usage = self.usage(index);
        servers.retain(|server| usage.is_for_own_services(server));
        let server = usage.most_used(&servers)?;
        if server.build.is_some() {
            return self.wrong_base(server);
        }
        let image = server.image.as_ref().filter(|it| it.is_all_known())?;
        let defect = defect(&image.text, self.policy.postgres_major)?;
        let part = Part::of(image, &defect.range);
        let user = (index, stack.position(server));
        let link = self.stand_on(&part.chain, &BTreeSet::from([user]))?;
        Some(WrongVersion {
            place: link.place,
            remark: part.remark(),
            way: part.way_to(&link, &server.key.value),
            ..WrongVersion::of(server, &image.text, defect)
        })
    }

    /// The same for a server that is built here, by the image that it is built on.
    fn wrong_base<'p>(&self, server: &'p Container) -> Option<WrongVersion<'p>> {
        let Placed { value, place } = server.base_image.as_ref()?;
        let defect = defect(value, self.policy.postgres_major).filter(|_| !value.contains('$'))?;
        let start = place.span.start as usize;
        let range = start + defect.range.start..start + defect.range.end;
        let wrong = WrongVersion::of(server, value, defect);
        Some(WrongVersion {
            place: crate::source::Span::new(range.start, range.end).in_file(place.file),
            way: Some((
                server.key.place,
                format!("`{}` is built from it", server.key.value),
            )),
            ..wrong
        })
    }
}

impl<'a> WrongVersion<'a> {
    fn of(server: &'a Container, image: &str, defect: Defect) -> Self {
        Self {
            server,
            place: server.key.place,
            text: image[defect.range].to_owned(),
            remark: "",
            major: defect.major,
            is_tagged: defect.is_tagged,
            right: defect.right,
            way: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(image: &str) -> Option<(String, Option<u16>, Option<String>)> {
        let found = defect(image, 16)?;
        Some((image[found.range].to_owned(), found.major, found.right))
    }

    #[test]
    fn tags_of_sixteen_are_fine() {
        for image in [
            "postgres:16",
            "postgres:16.3-bookworm",
            "docker.io/library/postgres:16-alpine3.20",
            "postgres:16beta1",
            "postgis/postgis:16-3.4",
            "timescale/timescaledb:latest-pg16",
            "timescale/timescaledb-ha:pg16.3-ts2.14.2",
            "pgvector/pgvector:0.7.0-pg16",
            "bitnami/postgresql:16.4.0-debian-12-r0",
            "postgres:16@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        ] {
            assert_eq!(judged(image), None, "{image}");
        }
    }

    #[test]
    fn what_says_no_version_of_postgres_is_unknown() {
        for image in [
            "postgres@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
            "postgres:nightly",
            "timescale/timescaledb:2.14.2",
            "ankane/pgvector:v0.5.1",
            "ferncroft/postgres:3",
            "registry.ferncroft.example:5000/postgres:3",
        ] {
            assert_eq!(judged(image), None, "{image}");
        }
    }

    #[test]
    fn other_versions_and_none_are_found() {
        for (image, text, major, right) in [
            ("postgres:15", "15", Some(15), Some("16")),
            (
                "postgres:9.6-alpine3.5",
                "9.6-alpine3.5",
                Some(9),
                Some("16-alpine"),
            ),
            ("postgres", "postgres", None, Some("postgres:16")),
            ("postgres:alpine", "alpine", None, Some("16-alpine")),
            ("pgvector/pgvector:pg17", "pg17", Some(17), Some("pg16")),
            ("pgvector/pgvector:0.8.0-pg17", "0.8.0-pg17", Some(17), None),
            ("supabase/postgres:15.8.1.060", "15.8.1.060", Some(15), None),
            ("bitnami/postgresql:latest", "latest", None, None),
            (
                "public.ecr.aws/docker/library/postgres:14",
                "14",
                Some(14),
                Some("16"),
            ),
        ] {
            let right = right.map(str::to_owned);
            assert_eq!(judged(image), Some((text.to_owned(), major, right)));
        }
    }
}
