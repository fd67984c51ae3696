//! Whose files, folders, containers and packages are, asked once and looked up often.

use std::collections::{BTreeSet, HashMap};

use crate::finding::Owner;
use crate::model::owners::KnownService;
use crate::model::service::Service;
use crate::model::{User, Workspace};
use crate::parse::Facts;
use crate::source::{FileId, ancestors, parent};

/// The services of a workspace, those of registries first, by what is theirs.
pub(super) struct Homes<'w> {
    pub(super) services: Vec<KnownService<'w>>,
    /// The number of the product and its service, of those in registries.
    pub(super) registered: Vec<(usize, &'w Service)>,
    by_folder: HashMap<&'w str, Vec<usize>>,
    by_dockerfile: HashMap<&'w str, Vec<usize>>,
    by_owner: HashMap<Owner, usize>,
    by_container: HashMap<User, usize>,
    /// The `package.json` of each name; `None` where several have it.
    packages: HashMap<&'w str, Option<FileId>>,
    /// The stages that compose files build, by the path of the Dockerfile.
    targets: HashMap<&'w str, BTreeSet<&'w str>>,
}

impl<'w> Homes<'w> {
    pub(super) fn of(workspace: &'w Workspace<'w>) -> Self {
        let products = workspace.products.iter().enumerate();
        let registered = products.flat_map(|(number, product)| {
            let services = product.services.iter();
            services.map(move |service| (number, service))
        });
        let mut homes = Self {
            services: workspace.known_services(),
            registered: registered.collect(),
            by_folder: HashMap::new(),
            by_dockerfile: HashMap::new(),
            by_owner: HashMap::new(),
            by_container: HashMap::new(),
            packages: HashMap::new(),
            targets: HashMap::new(),
        };
        for (number, known) in homes.services.iter().enumerate() {
            homes.by_owner.entry(known.owner.clone()).or_insert(number);
            if let Some(folder) = known.folder.filter(|folder| !folder.is_empty()) {
                homes.by_folder.entry(folder).or_default().push(number);
            }
        }
        for (number, (_, service)) in homes.registered.iter().enumerate() {
            if let Some(dockerfile) = service.dockerfile.as_deref() {
                let users = homes.by_dockerfile.entry(dockerfile).or_default();
                users.push(number);
            }
        }
        for (number, service) in workspace.inferred.iter().enumerate() {
            let users = service.containers.iter();
            let number = homes.registered.len() + number;
            homes.by_container.extend(users.map(|&user| (user, number)));
        }
        for (id, file) in workspace.sources.files() {
            if let Facts::Settings(parsed) = workspace.facts(id)
                && let Some(name) = &parsed.facts.package
                && crate::source::file_name(&file.path) == "package.json"
            {
                homes
                    .packages
                    .entry(&name.value)
                    .and_modify(|known| *known = None)
                    .or_insert(Some(id));
            }
        }
        for container in workspace.stacks.iter().flat_map(|stack| &stack.services) {
            if let Some(build) = &container.build
                && let Some((path, target)) =
                    build.dockerfile.as_deref().zip(build.target.as_deref())
            {
                homes.targets.entry(path).or_default().insert(target);
            }
        }
        homes
    }

    /// The services whose module a path lies in.
    pub(super) fn around(&self, path: &str) -> &[usize] {
        let mut found = ancestors(path).filter_map(|folder| self.by_folder.get(folder));
        found.next().map_or(&[], Vec::as_slice)
    }

    /// The services that a Dockerfile builds.
    pub(super) fn built_by(&self, path: &str) -> &[usize] {
        let named = self.by_dockerfile.get(path).map(Vec::as_slice);
        named.unwrap_or_else(|| self.around(parent(path)))
    }

    /// The services that a container runs.
    pub(super) fn run_by(&self, workspace: &Workspace, user: User) -> Vec<usize> {
        if let Some(service) = workspace.service_of(user) {
            return self.number_of(&service.into()).into_iter().collect();
        }
        if let Some(&number) = self.by_container.get(&user) {
            return vec![number];
        }
        let build = workspace.stacks[user.0].services[user.1].build.as_ref();
        let dockerfile = build.and_then(|build| build.dockerfile.as_deref());
        dockerfile.map_or_else(Vec::new, |path| self.built_by(path).to_vec())
    }

    pub(super) fn number_of(&self, owner: &Owner) -> Option<usize> {
        self.by_owner.get(owner).copied()
    }

    /// The folder of the module of the first of these services.
    pub(super) fn folder_of(&self, services: &[usize]) -> Option<&'w str> {
        let first = services.first()?;
        self.services[*first].folder
    }

    /// The only `package.json` of that name, which may be a filter of pnpm.
    pub(super) fn package(&self, name: &str) -> Option<FileId> {
        let name = name.trim_end_matches("...");
        self.packages.get(name).copied().flatten()
    }

    /// The stages that compose files build of a Dockerfile.
    pub(super) fn targets(&self, dockerfile: &str) -> BTreeSet<&'w str> {
        self.targets.get(dockerfile).cloned().unwrap_or_default()
    }
}
