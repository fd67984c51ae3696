//! Whether the Postgres service runs the init SQL on first start.

use crate::model::Workspace;
use crate::model::compose::{self, INIT_FOLDER, Mount, Part};
use crate::model::init_scripts::is_script;
use crate::model::product::Product;
use crate::source::{Existence, Place, file_name, parent, relative};

/// What keeps an init SQL from being run on first start.
pub enum MountDefect {
    /// Nothing mounts it.
    NoMount {
        /// The key token `volumes` of the Postgres service, else its key.
        container: Place,
        /// The entry to write.
        write: String,
    },
    /// The mounted path does not exist.
    WrongSource {
        /// The path on the host, where it is written.
        source: Place,
        /// The same, as text.
        text: String,
        /// The right path.
        right: String,
        /// Whether that path is certain: the file has the same name there.
        is_certain: bool,
    },
    /// The image does not run a file of that name.
    WrongTarget {
        /// The path in the container, where it is written.
        target: Place,
        /// The same, as text.
        text: String,
        /// The right path.
        right: String,
    },
}

impl Workspace<'_> {
    /// What keeps the product's init SQL from being run; nothing where that cannot be told.
    pub fn mount_defect(&self, product: &Product) -> Option<MountDefect> {
        let index = product.development?;
        let stack = &self.stacks[index];
        if !stack.open.is_empty() || self.lacks_postgres(product) {
            return None;
        }
        let path = product.init_sql_path.as_str();
        if self.sources.existence(path) != Existence::File {
            return None;
        }
        let servers: Vec<&compose::Service> = stack.postgres_services().collect();
        let server = self.main_server(index)?;
        let is_unclear = |server: &&compose::Service| {
            server.build.is_some() || server.is_extended || server.has_configs
        };
        let is_unclear = servers.iter().any(is_unclear);
        let own_name = format!("{INIT_FOLDER}/{}", file_name(path));
        let wrong_target = |server: &compose::Service, mount: &Mount| MountDefect::WrongTarget {
            target: written_at(&mount.target).unwrap_or(server.key.place),
            text: mount.target.text.clone(),
            right: own_name.clone(),
        };
        let mut broken = None;
        for (server, mount) in stack.init_mounts() {
            let source = stack.host_path(mount);
            match source
                .as_deref()
                .map(|source| (source, self.sources.existence(source)))
            {
                Some((source, Existence::File)) if source == path => {
                    let is_run = is_unclear || is_run(server, &mount.target.text);
                    return (!is_run).then(|| wrong_target(server, mount));
                }
                Some((source, Existence::Folder)) if path.starts_with(&format!("{source}/")) => {
                    return None;
                }
                Some((_, Existence::Missing)) => broken = broken.or(Some(mount)),
                // A script of another name may run the init SQL itself.
                _ => return None,
            }
        }
        if let Some(mount) = broken {
            return Some(MountDefect::WrongSource {
                source: written_at(&mount.source)?,
                text: mount.source.text.clone(),
                is_certain: file_name(&mount.source.text) == file_name(path),
                right: relative_path(&mount.folder, path),
            });
        }
        // An image that is built here may bring the script along.
        if is_unclear {
            return None;
        }
        let elsewhere = servers.iter().find_map(|server| {
            let is_it = |mount: &&Mount| stack.host_path(mount).as_deref() == Some(path);
            Some((*server, server.mounts.iter().find(is_it)?))
        });
        if let Some((server, mount)) = elsewhere {
            return Some(wrong_target(server, mount));
        }
        if let Some(mount) = servers.iter().find_map(|server| {
            let holds_it = |mount: &&Mount| {
                let source = stack.host_path(mount);
                source.is_some_and(|source| source == parent(path))
                    && mount.target.text.contains("entrypoint")
            };
            server.mounts.iter().find(holds_it)
        }) {
            return Some(MountDefect::WrongTarget {
                target: written_at(&mount.target)?,
                text: mount.target.text.clone(),
                right: INIT_FOLDER.to_owned(),
            });
        }
        let has_databases = product
            .services()
            .iter()
            .any(|service| service.database().is_some());
        // An included file names paths from its own folder, as its other mounts do.
        let mut mounts = server.mounts.iter();
        let folder = mounts.next().map_or(&stack.folder, |mount| &mount.folder);
        let relative = relative_path(folder, path);
        has_databases.then(|| MountDefect::NoMount {
            container: server.volumes_key.unwrap_or(server.key.place),
            write: format!("{relative}:{own_name}:ro"),
        })
    }
}

/// Where a part of a mount is written: a mount has one user only, however it reaches it.
pub(super) fn written_at(part: &Part) -> Option<Place> {
    part.chain.last().map(|link| link.place)
}

/// Whether the image's entrypoint runs a file of that name (docker-library's
/// `docker-entrypoint.sh`, `docker_process_init_files`; Bitnami's `libpostgresql.sh` looks into folders
/// as well).
fn is_run(server: &compose::Service, target: &str) -> bool {
    let image = server.image_name().unwrap_or_default();
    let is_in_place = parent(target) == INIT_FOLDER || image.contains("bitnami");
    is_in_place && is_script(target)
}

/// `path` as a compose file in `folder` names it.
pub(super) fn relative_path(folder: &str, path: &str) -> String {
    let path = relative(folder, path);
    if path.starts_with("../") {
        path
    } else {
        format!("./{path}")
    }
}
