//! Containers that others wait for until they are healthy.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::compose::{Health, Service as Container};
use crate::model::starts::HEALTHY;
use crate::source::Place;

/// A container that never becomes healthy, though others wait for that.
pub struct NeverHealthy<'a> {
    /// Whose it is.
    pub owner: Owner,
    /// The container.
    pub container: &'a Container,
    /// Whether its health check is switched off; else neither it nor its image has one.
    pub is_disabled: bool,
    /// The first containers that wait, and where they say so.
    pub waiting: Vec<(&'a Container, Place)>,
    /// The test to write.
    pub test: Option<&'static str>,
}

/// The name of an image, and a test for its health.
type Image = (&'static str, Option<&'static str>);

/// Images that have no health check of their own.
const WITHOUT: [Image; 19] = [
    ("postgres", Some(PG_ISREADY)),
    ("postgis/postgis", Some(PG_ISREADY)),
    ("pgvector/pgvector", Some(PG_ISREADY)),
    ("timescale/timescaledb", Some(PG_ISREADY)),
    ("timescale/timescaledb-ha", Some(PG_ISREADY)),
    ("redis", Some("redis-cli ping")),
    ("valkey/valkey", Some("valkey-cli ping")),
    ("rabbitmq", Some("rabbitmq-diagnostics -q ping")),
    ("mysql", Some("mysqladmin ping")),
    (
        "mariadb",
        Some("healthcheck.sh --connect --innodb_initialized"),
    ),
    ("mongo", Some("mongosh --eval 'db.runCommand(\"ping\")'")),
    ("memcached", None),
    ("nginx", None),
    ("httpd", None),
    ("traefik", None),
    ("caddy", None),
    ("nats", None),
    ("zookeeper", None),
    ("busybox", None),
];
/// Containers that are named as waiting for another.
const MOST_WAITING: usize = 3;
const PG_ISREADY: &str = "pg_isready -U postgres";

impl Workspace<'_> {
    /// The containers of a stack that others wait for until they are healthy, and that have no health
    /// check.
    pub fn never_healthy(&self, index: usize) -> Vec<NeverHealthy<'_>> {
        let stack = &self.stacks[index];
        if !stack.runs_as_it_is() {
            return Vec::new();
        }
        let mut waiting: Vec<Vec<(&Container, Place)>> = vec![Vec::new(); stack.services.len()];
        for container in &stack.services {
            for dependency in &container.depends_on {
                let awaited = stack.by_key(&dependency.name.text);
                let condition = dependency.condition.as_ref();
                let condition = condition.filter(|condition| condition.text == HEALTHY);
                if let Some((awaited, condition)) = awaited.zip(condition) {
                    let waiting = &mut waiting[stack.position(awaited)];
                    if waiting.len() < MOST_WAITING {
                        waiting.push((container, condition.place()));
                    }
                }
            }
        }
        let awaited = stack.services.iter().zip(waiting);
        awaited
            .filter(|(_, waiting)| !waiting.is_empty())
            .filter_map(|(container, waiting)| {
                let known = without_healthcheck(container);
                let is_disabled = container.health == Health::Off;
                let has_one = container.health == Health::Tested || container.is_extended;
                if has_one || known.is_none() && !is_disabled {
                    return None;
                }
                Some(NeverHealthy {
                    owner: self.owner_of_container(index, container),
                    container,
                    is_disabled,
                    waiting,
                    test: known.and_then(|image| image.1),
                })
            })
            .collect()
    }
}

/// Whether the image of a container certainly has no health check, and what could be one.
fn without_healthcheck(container: &Container) -> Option<&'static Image> {
    let image = container.image.as_ref()?;
    if container.build.is_some() || !image.is_all_known() {
        return None;
    }
    let name = container.image_name()?;
    let name = name.strip_prefix("library/").unwrap_or(name);
    // An image of that name from another registry may be another one.
    let is_elsewhere = image.text.split('/').count() > name.split('/').count()
        && !["docker.io/", "mirror.gcr.io/", "public.ecr.aws/docker/"]
            .iter()
            .any(|mirror| image.text.starts_with(mirror));
    let mut known = WITHOUT.iter().filter(|_| !is_elsewhere);
    known.find(|(image, _)| *image == name)
}
