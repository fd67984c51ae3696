//! Prisma clients that are generated into the package `@prisma/client`, which several modules share.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Workspace;
use crate::model::holdings::Holding;
use crate::parse::prisma::{Generator, Value};
use crate::source::{Existence, FileId, Place, ancestors, file_name, join, parent, relative};

/// A client that is generated into a folder that other modules generate theirs into.
pub struct SharedClient<'w> {
    /// Whose schema it is.
    pub holding: &'w Holding,
    /// The generator's name, or its output.
    pub place: Place,
    /// The output, where there is one.
    pub output: Option<&'w str>,
    /// Whether the generator is the newer one, which knows no output of its own.
    pub needs_output: bool,
    /// The output to write.
    pub meant: String,
    /// The generators of other modules, by name.
    pub others: Vec<(Place, &'w str)>,
}

/// More of the other modules are not named.
const MOST_LABELS: usize = 3;

/// Locks of package managers, and files that name the packages of a workspace.
const INSTALL_MARKS: [&str; 9] = [
    "bun.lock",
    "bun.lockb",
    "lerna.json",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "rush.json",
    "yarn.lock",
];

struct Client<'w> {
    holding: &'w Holding,
    file: FileId,
    generator: &'w Generator,
    is_new: bool,
}

impl Workspace<'_> {
    /// The clients that are generated into `@prisma/client` while other modules whose packages are installed
    /// together generate one as well.
    pub fn shared_clients(&self) -> Vec<SharedClient<'_>> {
        let mut installs: BTreeMap<String, Vec<Client>> = BTreeMap::new();
        for holding in self.holdings() {
            for (file, schema) in self.schema_parts(holding) {
                for generator in &schema.generators {
                    let Some(Value::Literal(provider)) = &generator.provider else {
                        continue;
                    };
                    let is_new = match provider.value.as_str() {
                        "prisma-client-js" => false,
                        "prisma-client" => true,
                        _ => continue,
                    };
                    let path = &self.sources.file(file).path;
                    let clients = installs.entry(self.install_root(path)).or_default();
                    clients.push(Client {
                        holding,
                        file,
                        generator,
                        is_new,
                    });
                }
            }
        }
        let mut shared = Vec::new();
        for (root, clients) in &installs {
            let folders = clients.iter().map(|client| client.holding.folder.as_str());
            let folders: BTreeSet<&str> = folders.collect();
            if folders.len() > 1 {
                let of_root = clients.iter();
                shared
                    .extend(of_root.filter_map(|client| self.shared_client(root, client, clients)));
            }
        }
        shared
    }

    fn shared_client<'w>(
        &self,
        root: &str,
        client: &Client<'w>,
        clients: &[Client<'w>],
    ) -> Option<SharedClient<'w>> {
        let folder = parent(&self.sources.file(client.file).path);
        let (place, output) = match &client.generator.output {
            None => (client.generator.name.span, None),
            Some(Value::Literal(output)) if is_shared_output(root, folder, &output.value) => {
                (output.span, Some(output.value.as_str()))
            }
            Some(_) => return None,
        };
        let own = join(&client.holding.folder, "generated/prisma")?;
        let others = clients
            .iter()
            .filter(|other| other.holding.folder != client.holding.folder);
        Some(SharedClient {
            holding: client.holding,
            place: place.in_file(client.file),
            output,
            needs_output: client.is_new,
            meant: match relative(folder, &own) {
                path if path.starts_with('.') => path,
                path => format!("./{path}"),
            },
            others: others
                .take(MOST_LABELS)
                .map(|other| {
                    let place = other.generator.name.span.in_file(other.file);
                    (place, other.holding.name())
                })
                .collect(),
        })
    }

    /// The folder whose packages are installed together, a file's among them: the nearest one above it with
    /// a lock of a package manager or with workspaces; without any the package itself, which then is
    /// installed alone. The workspace root where there is no package either.
    fn install_root(&self, path: &str) -> String {
        let folders = || ancestors(parent(path)).chain([""]);
        let installs = folders().find(|folder| {
            let mut marks = INSTALL_MARKS.iter();
            marks.any(|name| self.has_file(folder, name)) || self.has_workspaces(folder)
        });
        let package = || folders().find(|folder| self.has_file(folder, "package.json"));
        installs.or_else(package).unwrap_or_default().to_owned()
    }

    fn has_file(&self, folder: &str, name: &str) -> bool {
        let path = join(folder, name);
        path.is_some_and(|path| self.sources.existence(&path) == Existence::File)
    }

    fn has_workspaces(&self, folder: &str) -> bool {
        let package = join(folder, "package.json").and_then(|path| self.sources.find(&path));
        package.is_some_and(|package| self.sources.file(package).text.contains("\"workspaces\""))
    }
}

/// Whether an output is the package that everyone imports: that of the folder in which the packages are
/// installed together, or above it.
fn is_shared_output(root: &str, folder: &str, output: &str) -> bool {
    if output == "@prisma/client" || output == ".prisma/client" {
        return true;
    }
    let output = output.trim_end_matches('/');
    let packages = ["/@prisma/client", "/.prisma/client"];
    let Some(modules) = packages.iter().find_map(|end| output.strip_suffix(end)) else {
        return false;
    };
    if file_name(modules) != "node_modules" {
        return false;
    }
    join(folder, modules).is_none_or(|modules| parent(&modules) == root)
}
