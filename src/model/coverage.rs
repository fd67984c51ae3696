//! What of a workspace was judged, and what was passed over and why.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::coverage::{Artefact, Coverage, ExceptionInForce, Gap, JudgedService, Spot};
use crate::model::Workspace;
use crate::model::compose::Stack;
use crate::model::generated;
use crate::model::module::Module;
use crate::model::module::is_generated_copy;
use crate::model::product::{Product, Service};
use crate::parse::Facts;
use crate::policy::FILE_NAME;
use crate::source::{FileId, Kind, Place, Seen, Sources, file_name, has_ending, join, parent};

impl Workspace<'_> {
    /// What was judged, and what was not.
    pub fn coverage(&self) -> Coverage {
        let products = self.products.iter();
        Coverage {
            files: self.files_by_kind(),
            services: products
                .flat_map(|product| {
                    let services = product.services().iter();
                    services.map(move |service| self.judged(product, service))
                })
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

    fn judged(&self, product: &Product, service: &Service) -> JudgedService {
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
        let created = product.init_sql.as_ref().and_then(|init| {
            let database = service.database()?;
            init.creates.iter().find(|it| it.value == database)
        });
        if let Some(created) = created {
            add("init SQL", self.spot(created.place));
        }
        JudgedService {
            product: Some(product.name.clone()),
            service: service.key().to_owned(),
            artefacts,
        }
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
            let mut folder = parent(&file.path);
            loop {
                if let Some(&number) = by_folder.get(folder) {
                    return Some((id, number));
                }
                if folder.is_empty() {
                    return None;
                }
                folder = parent(folder);
            }
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

    /// What was not judged, one entry a reason.
    fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        let mut add = |reason: &str, spots: Vec<Spot>| {
            if !spots.is_empty() {
                gaps.push(Gap {
                    reason: reason.to_owned(),
                    spots,
                });
            }
        };
        for (name, key) in self.names_of_nothing() {
            let reason =
                format!("nothing has the name `{name}`, which `{key}` of the config holds");
            add(&reason, vec![FILE_NAME.into()]);
        }
        for (reason, spots) in self.openings_by_reason() {
            add(&reason, spots);
        }
        for (reason, spots) in self.unread_by_reason() {
            add(&reason, spots);
        }
        let files = |is_passed_over: &dyn Fn(FileId) -> bool| {
            let files = self.sources.files().map(|(id, _)| id);
            let passed_over = files.filter(|id| is_passed_over(*id));
            passed_over.map(|id| self.file(id)).collect::<Vec<_>>()
        };
        let services = self.products.iter().flat_map(Product::services);
        let modules = services.filter_map(|service| service.module.as_ref());
        let mut schemas: HashSet<FileId> = modules.flat_map(|it| it.schema_files.clone()).collect();
        let inferred = self.inferred_services().iter();
        schemas.extend(inferred.flat_map(|service| service.schema_files.iter().copied()));
        let is_readable = |id| self.sources.file(id).unreadable.is_none();
        let kind = |id| self.sources.file(id).kind;
        add(
            "the file is named like a registry and holds none",
            files(&|id| {
                kind(id) == Kind::Registry && is_readable(id) && !self.registry_files.contains(&id)
            }),
        );
        add(
            "the file is a template, which becomes YAML only when it is filled in",
            files(&|id| {
                kind(id) == Kind::Compose && generated::is_template(&self.sources.file(id).text)
            }),
        );
        add(
            "nothing that was read runs this SQL on first start",
            files(&|id| kind(id) == Kind::Sql && is_readable(id) && !self.is_init_script(id)),
        );
        add(
            "the schema is not for PostgreSQL",
            files(&|id| self.is_for_other_database(id)),
        );
        add(
            "the schema belongs to no service that was judged",
            files(&|id| {
                kind(id) == Kind::Prisma
                    && is_readable(id)
                    && !schemas.contains(&id)
                    && !is_generated_copy(self.sources, &self.sources.file(id).path)
            }),
        );
        add(
            "the nginx configuration leads to no product, or to several alike",
            files(&|id| {
                let is_one =
                    matches!(self.facts(id), Facts::Nginx(it) if !it.facts.directives.is_empty());
                is_one && !self.products.is_empty() && !self.generated_files.contains(&id)
            }),
        );
        add(
            "the manifest names nothing of a product in whose folder it lies",
            files(&|id| {
                let is_one =
                    matches!(self.facts(id), Facts::Manifest(it) if it.facts.modules.is_some());
                is_one && !self.products.is_empty() && !self.generated_files.contains(&id)
            }),
        );
        add("the stack belongs to no product", self.stacks_of_nobody());
        add(
            "not all variables of the container are known",
            self.unknown_environments(),
        );
        let mut walked = Walked::default();
        for (path, seen) in self.sources.walked() {
            walked.add(self.sources, path, seen);
        }
        add("the SQL of migrations is not read", walked.migrations);
        add(
            "contracts of Prisma 8 are recognised and not judged",
            walked.contracts,
        );
        add(
            "templates of Helm charts are no YAML, and not read",
            walked.templates,
        );
        add("the link to a folder is not followed", walked.folder_links);
        add(
            "what the link or special file leads to is not read",
            walked.others,
        );
        add("the folder is not entered", walked.not_entered);
        gaps
    }

    /// What leaves products open, by reason; and stacks that no product runs.
    fn openings_by_reason(&self) -> BTreeMap<String, Vec<Spot>> {
        let mut reasons: BTreeMap<String, Vec<Spot>> = BTreeMap::new();
        let of_products = self
            .products
            .iter()
            .flat_map(|product| self.openings(product));
        let of_stacks = self
            .stacks
            .iter()
            .flat_map(|stack| stack.open.iter().cloned());
        let mut seen = BTreeSet::new();
        for open in of_products.chain(of_stacks) {
            if seen.insert((open.value.clone(), open.place)) {
                let reason = format!("{}, so that nothing is called missing", open.value);
                reasons
                    .entry(reason)
                    .or_default()
                    .push(self.spot(open.place));
            }
        }
        reasons
    }

    fn unread_by_reason(&self) -> BTreeMap<String, Vec<Spot>> {
        let mut reasons: BTreeMap<String, Vec<Spot>> = BTreeMap::new();
        for (_, file) in self.sources.files() {
            if let Some(why) = &file.unreadable {
                let spot = file.path.as_str().into();
                let reason = format!("the file was not read: {why}");
                reasons.entry(reason).or_default().push(spot);
            }
        }
        reasons
    }

    fn is_for_other_database(&self, id: FileId) -> bool {
        let mut module = Module::default();
        if let crate::parse::Facts::Prisma(parsed) = self.facts(id) {
            module.add_schema(id, &parsed.facts);
        }
        module.datasources.iter().any(|datasource| {
            let provider = datasource.provider.as_ref();
            provider.is_some_and(|name| !["postgresql", "postgres"].contains(&name.value.as_str()))
        })
    }

    /// Names of the config that are those of no container and no service, and the keys that hold them.
    fn names_of_nothing(&self) -> Vec<(&str, &'static str)> {
        let containers = || self.stacks.iter().flat_map(|stack| &stack.services);
        let keys: HashSet<&str> = containers().map(|it| it.key.value.as_str()).collect();
        let registered = self.products.iter().flat_map(Product::services);
        let mut services: HashSet<&str> = registered.map(Service::key).collect();
        services.extend(self.inferred_services().iter().map(|it| it.name.as_str()));
        services.extend(self.policy.services.iter().map(|it| it.name.value.as_str()));
        let is_tool = |name: &str| containers().any(|container| container.goes_by(name));
        let tools = self.policy.tools.iter().map(String::as_str);
        let tools = tools
            .filter(|name| !is_tool(name))
            .map(|name| (name, "tools"));
        let set = self
            .policy
            .services
            .iter()
            .flat_map(|service| &service.compose);
        let set = set.map(|key| key.value.as_str());
        let set = set
            .filter(|key| !keys.contains(key))
            .map(|key| (key, "services"));
        let excepted = self
            .policy
            .exceptions
            .iter()
            .map(|it| it.service.value.as_str());
        let excepted = excepted
            .filter(|name| !services.contains(name) && !keys.contains(name))
            .map(|name| (name, "exceptions"));
        tools.chain(set).chain(excepted).collect()
    }

    fn stacks_of_nobody(&self) -> Vec<Spot> {
        if self.products.is_empty() {
            return Vec::new();
        }
        let numbered = self.stacks.iter().enumerate();
        let of_nobody = numbered.filter(|(number, _)| !self.product_of_stack.contains_key(number));
        of_nobody
            .filter_map(|(_, stack)| Some(self.file(*stack.files.first()?)))
            .collect()
    }

    fn unknown_environments(&self) -> Vec<Spot> {
        let containers = self.stacks.iter().flat_map(|stack: &Stack| &stack.services);
        let unknown = containers.filter(|container| container.unknown_environment.is_some());
        unknown
            .map(|container| self.spot(container.key.place))
            .collect()
    }
}

/// What the walk saw and nobody read.
#[derive(Default)]
struct Walked {
    migrations: Vec<Spot>,
    contracts: Vec<Spot>,
    templates: Vec<Spot>,
    folder_links: Vec<Spot>,
    others: Vec<Spot>,
    not_entered: Vec<Spot>,
}

impl Walked {
    fn add(&mut self, sources: &Sources, path: &str, seen: Seen) {
        let list = match seen {
            Seen::FolderLink => &mut self.folder_links,
            Seen::FolderNotEntered => &mut self.not_entered,
            Seen::Other => &mut self.others,
            Seen::File if is_migration(path) => &mut self.migrations,
            Seen::File if is_contract(sources, path) => &mut self.contracts,
            Seen::File if is_chart_template(sources, path) => &mut self.templates,
            Seen::File | Seen::Folder => return,
        };
        list.push(path.into());
    }
}

fn is_migration(path: &str) -> bool {
    let mut folders = parent(path).split('/');
    has_ending(path, "sql") && folders.any(|folder| folder == "migrations")
}

/// Prisma 8 keeps a schema as a contract, in two files.
fn is_contract(sources: &Sources, path: &str) -> bool {
    let is_beside = |name: &str| {
        let beside = join(parent(path), name);
        beside.is_some_and(|beside| sources.find_seen(&beside) == Some(Seen::File))
    };
    file_name(path) == "contract.prisma" && is_beside("contract.json")
}

fn is_chart_template(sources: &Sources, path: &str) -> bool {
    let is_yaml = has_ending(path, "yaml") || has_ending(path, "yml");
    let mut folders = path.match_indices("templates/").map(|(at, _)| &path[..at]);
    is_yaml
        && folders.any(|chart| {
            let about = join(chart, "Chart.yaml");
            about.is_some_and(|about| sources.find_seen(&about) == Some(Seen::File))
        })
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
    }
}
