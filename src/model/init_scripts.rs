//! The scripts that a Postgres service runs on first start, as docker-library's `docker-entrypoint.sh` does.

use std::collections::BTreeMap;

use crate::model::Workspace;
use crate::model::compose::{INIT_FOLDER, Service as Container, Stack};
use crate::source::{Existence, Seen, file_name, has_ending, parent};

/// How the names of files end that the image runs (`docker_process_init_files`).
const ENDINGS: [&str; 5] = [".sh", ".sql", ".sql.gz", ".sql.xz", ".sql.zst"];

/// Whether the image runs a file of that name.
pub(super) fn is_script(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

impl Workspace<'_> {
    /// The paths of the SQL files that a Postgres service runs on first start, by the names that they have in
    /// the container; `None` where another script runs as well, or what the image does is not wholly known.
    pub(super) fn init_scripts_of(
        &self,
        stack: &Stack,
        server: &Container,
    ) -> Option<BTreeMap<String, String>> {
        if !runs_official_entrypoint(server) {
            return None;
        }
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        for mount in server.mounts.iter().filter(|mount| mount.is_init()) {
            let target = mount.target.text.trim_end_matches('/');
            let path = stack.host_path(mount).filter(|_| mount.target.is_known)?;
            match self.sources.existence(&path) {
                Existence::File if parent(target) == INIT_FOLDER => {
                    paths.insert(file_name(target).to_owned(), path);
                }
                Existence::Folder if target == INIT_FOLDER => {
                    for (file, seen) in self.sources.below(&path) {
                        if parent(file) == path && seen == Seen::File {
                            let name = file_name(file).to_owned();
                            paths.entry(name).or_insert_with(|| file.to_owned());
                        }
                    }
                }
                Existence::File | Existence::Folder => {}
                Existence::Missing | Existence::Unknown => return None,
            }
        }
        paths.retain(|name, _| is_script(name));
        paths
            .keys()
            .all(|name| has_ending(name, "sql"))
            .then_some(paths)
    }
}

/// Whether a Postgres service does before its scripts what the official image does, and nothing else.
fn runs_official_entrypoint(server: &Container) -> bool {
    const IMAGES: [&str; 7] = [
        "postgres",
        "library/postgres",
        "postgis/postgis",
        "imresamu/postgis",
        "pgvector/pgvector",
        "ankane/pgvector",
        "timescale/timescaledb",
    ];
    let is_image = server
        .image_name()
        .is_some_and(|name| IMAGES.contains(&name));
    let is_unclear = server.build.is_some()
        || server.is_extended
        || server.has_configs
        || server.unknown_environment.is_some();
    let mut names = server.environment.iter().map(|it| it.name.value.as_str());
    let is_server =
        |word: &String| word.split(' ').next() == Some("postgres") || word.starts_with('-');
    is_image
        && !is_unclear
        && !names.any(|name| name.starts_with("POSTGRES_") && name.ends_with("_FILE"))
        && server.commands.first().is_none_or(is_server)
}
