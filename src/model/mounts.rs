//! Whether the Postgres service runs the init SQL on first start.

use crate::model::Workspace;
use crate::model::compose::{self, INIT_FOLDER, Mount, Part};
use crate::model::init_scripts::is_script;
use crate::model::init_sql::runs_more;
use crate::model::product::Product;
use crate::parse::Facts;
use crate::parse::sql::{Statement, StatementKind};
use crate::source::{Existence, FileId, Place, file_name, parent, relative};

/// What keeps an init SQL from being run on first start.
pub enum MountDefect {
    /// Nothing mounts it.
    NoMount {
        /// The key token `volumes` of the Postgres service, else its key.
        container: Place,
        /// The entry to write.
        write: String,
    },
    /// The mounted path does not exist, or another script is there.
    WrongSource {
        /// The path on the host, where it is written.
        source: Place,
        /// The same, as text.
        text: String,
        /// Whether a script is there.
        exists: bool,
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
        let mut in_place = None;
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
                Some((source, Existence::File)) if self.is_beside_init_sql(path, source) => {
                    let creates = self
                        .sources
                        .find(source)
                        .is_some_and(|id| self.creates_databases(id));
                    in_place = in_place.or(creates.then_some(mount));
                }
                // A script of another name may run the init SQL itself.
                _ => return None,
            }
        }
        let exists = broken.is_none();
        if let Some(mount) = broken.or(in_place) {
            let has_its_name = file_name(&mount.source.text) == file_name(path);
            return Some(MountDefect::WrongSource {
                source: written_at(&mount.source)?,
                text: mount.source.text.clone(),
                exists,
                is_certain: has_its_name && !exists,
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

impl Workspace<'_> {
    /// Whether a script certainly does not run the init SQL at `path`, which has the name that article 4 gives it.
    fn is_beside_init_sql(&self, path: &str, script: &str) -> bool {
        let sql = self.sources.find(script).map(|id| self.facts(id));
        let is_plain = |statement: &Statement| match &statement.kind {
            StatementKind::Meta { command } => !runs_more(&command.value),
            _ => true,
        };
        file_name(path) == "init-databases.sql"
            && matches!(sql, Some(Facts::Sql(sql))
                if sql.problems.is_empty() && sql.facts.statements.iter().all(is_plain))
    }

    fn creates_databases(&self, id: FileId) -> bool {
        let is_create =
            |statement: &Statement| matches!(statement.kind, StatementKind::CreateDatabase { .. });
        matches!(self.facts(id), Facts::Sql(sql) if sql.facts.statements.iter().any(is_create))
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
