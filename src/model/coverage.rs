//! What of a workspace was judged, and what was passed over and why.

mod gaps;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::coverage::{Artefact, Coverage, ExceptionInForce, JudgedService, Spot};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::source::{FileId, Kind, Place, ancestors, parent};

impl Workspace<'_> {
    /// What was judged, and what was not.
    pub fn coverage(&self) -> Coverage {
        let products = self.products.iter();
        Coverage {
            files: self.files_by_kind(),
            services: products
                .flat_map(|product| self.judged_in(product))
                .chain(self.judged_without_registry())
                .collect(),
            gaps: self.gaps(),
            exceptions: self.exceptions(),
        }
    }

    fn files_by_kind(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        for (_, file) in self.sources.files() {
            if file.unreadable.is_none() {
                *counts.entry(file.kind).or_default() += 1;
            }
        }
        counts
            .into_iter()
            .map(|(kind, count)| (kind_name(kind), count))
            .collect()
    }

    fn spot(&self, place: Place) -> Spot {
        Spot {
            path: self.sources.file(place.file).path.clone(),
            place: Some(place),
        }
    }

    fn file(&self, file: FileId) -> Spot {
        self.sources.file(file).path.as_str().into()
    }

    fn judged_in(&self, product: &Product) -> Vec<JudgedService> {
        let scripts = self.start_script_files(product);
        let services = product.services().iter();
        services
            .map(|service| self.judged(product, service, &scripts))
            .collect()
    }

    /// What a service was judged on, which includes its product's start scripts.
    fn judged(&self, product: &Product, service: &Service, scripts: &[FileId]) -> JudgedService {
        let mut artefacts = Vec::new();
        let mut add = |kind, spot| artefacts.push(Artefact { kind, spot });
        add("registry", self.spot(service.entry.key.place));
        for stack in self.stacks_of(product) {
            if let Some(container) = service.container(stack) {
                add("compose", self.spot(container.key.place));
            }
        }
        if let Some(dockerfile) = &service.dockerfile
            && self.sources.find(dockerfile).is_some()
        {
            add("Dockerfile", dockerfile.as_str().into());
        }
        if let Some(module) = &service.module {
            for &file in &module.schema_files {
                add("schema", self.file(file));
            }
            for (file, _) in &module.configs {
                add("Prisma config", self.file(*file));
            }
        }
        for &file in self.migrations_of(&service.into()) {
            add("migration", self.file(file));
        }
        let created = product.init_sql.as_ref().and_then(|init| {
            let database = service.database()?;
            init.creates.iter().find(|it| it.value == database)
        });
        if let Some(created) = created {
            add("init SQL", self.spot(created.place));
        }
        if service.database().is_some() {
            for &script in scripts {
                add("start script", self.file(script));
            }
        }
        for &manifest in &product.manifests {
            add("manifest", self.file(manifest));
        }
        if service.routes().next().is_some() {
            for proxy in &product.proxies {
                add("nginx configuration", self.file(proxy.file));
            }
        }
        for file in self.files_that_set_for(product, service) {
            add(kind_name(self.sources.file(file).kind), self.file(file));
        }
        JudgedService {
            product: Some(product.name.clone()),
            service: service.key().to_owned(),
            artefacts,
        }
    }

    /// The migrations of what a service holds.
    fn migrations_of(&self, owner: &Owner) -> impl Iterator<Item = &FileId> {
        let holdings = self.holdings().iter();
        let own = holdings.filter(move |holding| holding.owners.contains(owner));
        own.flat_map(|holding| &holding.migrations)
    }

    /// Files besides its compose files and its Dockerfile that set variables for a service.
    fn files_that_set_for(&self, product: &Product, service: &Service) -> BTreeSet<FileId> {
        let stacks = self.stacks_of(product);
        let containers = stacks.filter_map(|stack| service.container(stack));
        let in_containers = containers.flat_map(|container| &container.environment);
        let settings = self.settings().of_service(service);
        let variables = settings.map(|setting| &setting.variable);
        let files = variables.chain(in_containers).map(|it| it.name.place.file);
        let kind = |file: FileId| self.sources.file(file).kind;
        let is_beside =
            |kind| !matches!(kind, Kind::Compose | Kind::ComposePart | Kind::Dockerfile);
        files.filter(|file| is_beside(kind(*file))).collect()
    }

    /// What the services were judged on that no registry names.
    fn judged_without_registry(&self) -> Vec<JudgedService> {
        let services = self.inferred_services();
        let mut artefacts: Vec<Vec<Artefact>> = Vec::new();
        for service in services {
            let mut found = Vec::new();
            let mut dockerfiles = BTreeSet::new();
            for &(stack, position) in &service.containers {
                let container = &self.stacks[stack].services[position];
                let spot = self.spot(container.key.place);
                found.push(Artefact {
                    kind: "compose",
                    spot,
                });
                let build = container.build.as_ref();
                dockerfiles.extend(build.and_then(|build| build.dockerfile.as_deref()));
            }
            let read = dockerfiles
                .into_iter()
                .filter(|path| self.sources.find(path).is_some());
            found.extend(read.map(|path| Artefact {
                kind: "Dockerfile",
                spot: path.into(),
            }));
            found.extend(service.schema_files.iter().map(|&file| Artefact {
                kind: "schema",
                spot: self.file(file),
            }));
            let owner = service.into();
            let migrations = self.migrations_of(&owner);
            found.extend(migrations.map(|&file| Artefact {
                kind: "migration",
                spot: self.file(file),
            }));
            artefacts.push(found);
        }
        for (id, number) in self.prisma_configs_without_registry() {
            artefacts[number].push(Artefact {
                kind: "Prisma config",
                spot: self.file(id),
            });
        }
        let judged = services.iter().zip(artefacts);
        judged
            .map(|(service, artefacts)| JudgedService {
                product: None,
                service: service.name.clone(),
                artefacts,
            })
            .collect()
    }

    /// Prisma configs with the number of the inferred service whose folder is the nearest above them.
    fn prisma_configs_without_registry(&self) -> Vec<(FileId, usize)> {
        let services = self.inferred_services().iter().enumerate();
        let by_folder: HashMap<&str, usize> = services
            .filter_map(|(number, service)| Some((service.folder.as_deref()?, number)))
            .collect();
        let files = self.sources.files().filter_map(|(id, file)| {
            if file.kind != Kind::PrismaConfig {
                return None;
            }
            let mut folders = ancestors(parent(&file.path)).chain([""]);
            let number = folders.find_map(|folder| by_folder.get(folder))?;
            Some((id, *number))
        });
        files.collect()
    }

    fn exceptions(&self) -> Vec<ExceptionInForce> {
        let exceptions = self.policy.exceptions.iter();
        exceptions
            .map(|exception| ExceptionInForce {
                service: exception.service.value.clone(),
                may_read: exception
                    .may_read
                    .iter()
                    .map(|table| table.value.clone())
                    .collect(),
                reason: exception.reason.clone(),
                until: exception.until.value.to_string(),
                has_ended: exception.has_ended(self.policy.today),
            })
            .collect()
    }
}

/// What a kind of files is called, one of them.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Registry => "registry file",
        Kind::PrismaConfig => "Prisma config",
        Kind::Constants => "imported script",
        Kind::Generator => "generator",
        Kind::Compose => "compose file",
        Kind::ComposePart => "included or extended file",
        Kind::Env => "env file",
        Kind::Prisma => "Prisma schema file",
        Kind::Sql => "SQL file",
        Kind::Dockerfile => "Dockerfile",
        Kind::Package => "package manifest",
        Kind::Deployment => "deployment manifest",
        Kind::Shell => "shell script",
        Kind::Nginx => "conf file",
        Kind::Manifest => "manifest",
        Kind::Folder => "folder",
        Kind::Migration => "migration",
        Kind::TypeScript => "TypeScript file",
        Kind::JavaScript => "JavaScript file",
        Kind::Config => "config",
        Kind::Debt => "baseline",
        Kind::MigrationLock => "migration lock",
        Kind::TypeScriptConfig => "TypeScript config",
    }
}
