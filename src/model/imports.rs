//! What the source files of modules import from the modules of other services.

mod outputs;

use std::collections::{BTreeMap, BTreeSet};

use self::outputs::Outputs;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::code::CodeFile;
use crate::model::homes::Homes;
use crate::model::inferred::{Store, is_helper};
use crate::model::tables::names_seen_from;
use crate::parse::Facts;
use crate::parse::typescript::imports::Import;
use crate::resolution::{Resolution, is_library, is_relative};
use crate::source::{
    At, Existence, FileId, Place, Seen, ancestors, file_name, import_candidates, is_within, join,
    parent,
};

/// What a file imports from the module of another service.
#[derive(Debug)]
pub struct ForeignImport {
    /// The first module specifier.
    pub place: Place,
    /// The specifier, as it is written.
    pub specifier: String,
    /// Whose file it is.
    pub reader: Owner,
    /// Whose the module is, in words.
    pub owners: String,
    /// What is taken.
    pub taken: Taken,
    /// Whether nothing but types is taken.
    pub is_type: bool,
    /// Whose it is by which text, and where else the file imports from there.
    pub labels: Vec<(Place, String)>,
    /// How to call the other service, where a registry tells.
    pub way: Option<String>,
}

/// What an import takes of another service's module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// The client that Prisma generates.
    Client,
    /// What wraps that client.
    Wrapper,
    /// What reads and writes tables by it.
    Repository,
    /// Anything else.
    Other,
}

impl Taken {
    /// Whether whoever has it can reach the database.
    pub fn reaches_database(self) -> bool {
        self != Taken::Other
    }
}

/// How many files what is exported again is followed through.
const MOST_FILES: usize = 50;

/// Imports of a file beyond these are not shown.
const MOST_PLACES: usize = 3;

/// Files that show that a folder is run by itself, and is no library.
const STARTS: [&str; 9] = [
    "Dockerfile",
    "main.ts",
    "nest-cli.json",
    "src/app.module.ts",
    "src/main.js",
    "src/main.ts",
    "src/server.js",
    "src/server.ts",
    "tsconfig.app.json",
];

/// Names without their endings of the configs of tools that make pages for browsers.
const FRONTENDS: [&str; 7] = [
    "angular",
    "astro.config",
    "next.config",
    "nuxt.config",
    "remix.config",
    "svelte.config",
    "vite.config",
];

/// Everything that an import is judged by. A number is that of a service, or behind those that of an app.
struct Map<'w> {
    workspace: &'w Workspace<'w>,
    homes: Homes<'w>,
    /// The folders of apps that keep no tables and that nothing but their place shows to be services.
    apps: Vec<&'w str>,
    resolution: Resolution,
    outputs: Outputs,
    /// The services that share what keeps their tables, by number.
    partners: BTreeSet<(usize, usize)>,
    /// The services that keep tables of their own.
    keepers: BTreeSet<usize>,
    /// By the number of a service, whether its folder is a module.
    are_modules: Vec<bool>,
    /// By the number of a service, whether it is a web app that no registry knows.
    are_frontends: Vec<bool>,
}

/// An import that leads to others.
struct Found {
    place: Place,
    specifier: String,
    owners: Vec<usize>,
    taken: Taken,
    is_type: bool,
    /// Where what is taken is made, and a remark.
    label: Option<(Place, String)>,
}

impl Workspace<'_> {
    /// What files import from the modules of other services, one entry a file, service, and whether it reaches
    /// the database; in the order of the text.
    pub fn foreign_imports(&self) -> &[ForeignImport] {
        self.foreign_imports.get_or_init(|| {
            let map = Map::of(self);
            let files = self.code_files();
            files.flat_map(|code| map.imports_of(code)).collect()
        })
    }
}

impl<'w> Map<'w> {
    fn of(workspace: &'w Workspace<'w>) -> Self {
        let homes = Homes::of(workspace);
        let mut partners = BTreeSet::new();
        for holding in workspace.holdings().iter().filter(|it| it.owners.len() > 1) {
            let numbers = holding
                .owners
                .iter()
                .filter_map(|owner| homes.number_of(owner));
            let numbers: Vec<usize> = numbers.collect();
            for &number in &numbers {
                partners.extend(numbers.iter().map(|&other| (number, other)));
            }
        }
        let registered = homes.registered.len();
        let at_home = workspace.holdings().iter().flat_map(|it| &it.home);
        let mut keepers: BTreeSet<usize> =
            at_home.filter_map(|owner| homes.number_of(owner)).collect();
        let has_database = |number: &usize| homes.registered[*number].1.database().is_some();
        keepers.extend((0..registered).filter(has_database));
        let inferred = workspace.inferred_services();
        let mut map = Self {
            outputs: Outputs::default(),
            apps: Vec::new(),
            resolution: Resolution::of(workspace.sources.as_slice()),
            are_modules: vec![true; registered],
            are_frontends: vec![false; registered],
            workspace,
            homes,
            partners,
            keepers,
        };
        for service in inferred {
            let folder = service.folder.as_deref().unwrap_or_default();
            let runs = service.containers.iter().any(|&(stack, number)| {
                !is_helper(&workspace.stacks[stack].services[number].key.value)
            });
            let starts = || STARTS.iter().any(|name| map.has(folder, name));
            let is_module = runs || !is_library(folder) && starts();
            let is_frontend = service.store.is_none() && map.makes_pages(folder);
            map.are_modules.push(is_module);
            map.are_frontends.push(is_frontend);
        }
        map.apps = map.apps_beside_services();
        map.outputs = Outputs::of(workspace, &map.homes, |number| map.is_module(number));
        map
    }

    /// Whether what a service has is a module of its own: the workspace root is everyone's.
    fn is_module(&self, number: usize) -> bool {
        self.are_modules[number] && !self.folder(number).is_empty()
    }

    /// Folders beside those of services in which something is run, where no registry says who is a service.
    fn apps_beside_services(&self) -> Vec<&'w str> {
        if !self.workspace.products().is_empty() {
            return Vec::new();
        }
        let services = 0..self.homes.services.len();
        let modules = services.filter(|&number| self.is_module(number));
        let beside: BTreeSet<&str> = modules.map(|number| parent(self.folder(number))).collect();
        let walked = self.workspace.sources.walked();
        let folders = walked.filter_map(|(path, seen)| {
            let is_app = seen == Seen::Folder
                && beside.contains(parent(path))
                && !path.is_empty()
                && !path.ends_with("-e2e")
                && !is_library(path);
            let starts = || STARTS.iter().any(|name| self.has(path, name));
            (is_app && starts() && !self.makes_pages(path)).then_some(path)
        });
        folders
            .filter(|path| self.homes.around(path).is_empty())
            .collect()
    }

    /// The folder of a service's module.
    fn folder(&self, number: usize) -> &'w str {
        match self.homes.services.get(number) {
            Some(service) => service.folder.unwrap_or_default(),
            None => self.apps[number - self.homes.services.len()],
        }
    }

    fn owner(&self, number: usize) -> Owner {
        let of_app = || Owner {
            product: None,
            service: Some(file_name(self.folder(number)).to_owned()),
        };
        let service = self.homes.services.get(number);
        service.map_or_else(of_app, |service| service.owner.clone())
    }

    fn has(&self, folder: &str, name: &str) -> bool {
        let path = join(folder, name);
        path.is_some_and(|path| self.workspace.sources.existence(&path) == Existence::File)
    }

    fn makes_pages(&self, folder: &str) -> bool {
        const ENDINGS: [&str; 5] = ["js", "json", "mjs", "mts", "ts"];
        FRONTENDS.iter().any(|name| {
            let mut endings = ENDINGS.iter();
            endings.any(|ending| self.has(folder, &format!("{name}.{ending}")))
        })
    }

    /// What a file imports from others.
    fn imports_of(&self, code: CodeFile<'w>) -> Vec<ForeignImport> {
        let readers = self.modules_around(code.path);
        let Some(&reader) = readers.first() else {
            return Vec::new();
        };
        let mut groups: BTreeMap<(usize, bool), Vec<Found>> = BTreeMap::new();
        for import in &code.code.imports {
            let Some(found) = self.judge(code, &readers, import) else {
                continue;
            };
            let reaches = found.taken.reaches_database();
            // Test code may look into another module, but not into its database.
            let is_frontend = self.are_frontends.get(reader) == Some(&true);
            let is_nobodys = is_frontend && (found.is_type || !reaches);
            if !is_nobodys && (reaches || !code.is_test) {
                let key = (found.owners[0], reaches);
                groups.entry(key).or_default().push(found);
            }
        }
        let groups = groups.into_values();
        let mut imports: Vec<ForeignImport> =
            groups.map(|group| self.import(reader, &group)).collect();
        imports.sort_by_key(|import| import.place);
        imports
    }

    /// The services whose module a path lies in; none where that is a library.
    fn modules_around(&self, path: &str) -> Vec<usize> {
        let around = self.homes.around(path);
        if !around.is_empty() {
            let around = around.iter().copied();
            return around.filter(|&number| self.is_module(number)).collect();
        }
        let apps = ancestors(path).find_map(|folder| self.apps.binary_search(&folder).ok());
        let app = apps.map(|app| self.homes.services.len() + app);
        app.into_iter().collect()
    }

    fn judge(&self, code: CodeFile<'w>, readers: &[usize], import: &Import) -> Option<Found> {
        let specifier = &import.specifier;
        let sources = self.workspace.sources;
        let stands = |path: &str| sources.find_seen(path).is_some();
        let targets = self.resolution.targets(code.path, &specifier.value, stands);
        let found = |owners: Vec<usize>, taken, label| Found {
            place: specifier.span.in_file(code.file),
            specifier: specifier.value.clone(),
            owners,
            taken,
            is_type: import.is_type,
            label,
        };
        let outputs = targets.iter().filter_map(|path| self.outputs.around(path));
        let installed = targets.iter().filter_map(|path| {
            let (_, name) = path.rsplit_once("node_modules/")?;
            self.outputs.package(name)
        });
        let named = (!is_relative(&specifier.value)).then_some(&specifier.value);
        let named = named.and_then(|name| self.outputs.package(name));
        let generated = outputs.chain(installed).chain(named).next();
        if let Some(output) = generated {
            if output.owners.is_empty() || self.are_one(readers, &output.owners) {
                return None;
            }
            let name = self.name(output.owners[0]);
            let label = (output.place, format!("`{name}` generates it here"));
            return Some(found(output.owners.clone(), Taken::Client, Some(label)));
        }
        let mut owners = Vec::new();
        for target in &targets {
            let around = self.modules_around(target);
            if self.are_one(readers, &around) {
                return None;
            }
            if owners.is_empty() {
                owners = around;
            }
        }
        let apart = |owner: &usize| self.lie_apart(readers, *owner);
        if owners.is_empty() || !owners.iter().all(apart) {
            return None;
        }
        // What opens a database that all share crosses into nobody's.
        let keeps_tables = owners.iter().any(|owner| self.keepers.contains(owner));
        let made = self.client_made_in(&targets, &import.names);
        let made = made.filter(|_| keeps_tables);
        let taken = match taken(&targets, &import.names) {
            _ if made.is_some() => Taken::Wrapper,
            _ if !keeps_tables => Taken::Other,
            // A type of a repository is what it promises, and says nothing about tables.
            Taken::Repository if import.is_type => Taken::Other,
            taken => taken,
        };
        let label = made.map(|(file, name)| {
            let remark = format!("`{}` holds a Prisma client", name.value);
            (name.span.in_file(file), remark)
        });
        let is_web_app = |owner: &usize| self.are_frontends.get(*owner) == Some(&true);
        let of_web_app = owners.iter().all(is_web_app);
        if of_web_app && !taken.reaches_database() {
            return None;
        }
        Some(found(owners, taken, label))
    }

    /// Whether services are one owner, wholly or in part.
    fn are_one(&self, readers: &[usize], others: &[usize]) -> bool {
        let pairs = readers
            .iter()
            .flat_map(|&reader| others.iter().map(move |&it| (reader, it)));
        let mut pairs = pairs
            .map(|(reader, other)| reader == other || self.partners.contains(&(reader, other)));
        pairs.any(|is_one| is_one)
    }

    /// Whether the folder of a service neither holds those of others nor lies in one of them.
    fn lie_apart(&self, readers: &[usize], owner: usize) -> bool {
        let others = self.folder(owner);
        readers.iter().all(|&reader| {
            let own = self.folder(reader);
            !is_within(own, others) && !is_within(others, own)
        })
    }

    /// The Prisma client that a file makes itself, or that another file makes which it exports again, if that is
    /// what is taken from it.
    fn client_made_in(
        &self,
        targets: &[String],
        names: &[At<String>],
    ) -> Option<(FileId, &'w At<String>)> {
        let sources = self.workspace.sources;
        let stands = |path: &str| sources.find_seen(path).is_some();
        let names: BTreeSet<&str> = names.iter().map(|name| name.value.as_str()).collect();
        let mut waiting = vec![(targets.to_vec(), names)];
        let mut read = BTreeSet::new();
        while let Some((targets, names)) = waiting.pop() {
            let mut files = targets.iter().flat_map(|target| import_candidates(target));
            let Some(file) = files.find_map(|path| sources.find(&path)) else {
                continue;
            };
            if read.len() > MOST_FILES || !read.insert((file, names.clone())) {
                continue;
            }
            let Facts::Code(parsed) = self.workspace.facts(file) else {
                continue;
            };
            let is_taken = |name: &str| names.is_empty() || names.contains(name);
            let mut made = parsed.facts.own_clients.iter();
            if let Some(made) = made.find(|made| is_taken(&made.value)) {
                return Some((file, made));
            }
            let exports = parsed.facts.imports.iter().filter(|it| it.is_exported);
            for export in exports {
                let given = export.names.iter().map(|name| name.value.as_str());
                let given: BTreeSet<&str> = given.filter(|name| is_taken(name)).collect();
                if export.names.is_empty() || !given.is_empty() {
                    let path = &sources.file(file).path;
                    let specifier = &export.specifier.value;
                    let targets = self.resolution.targets(path, specifier, stands);
                    let names = if export.names.is_empty() {
                        names.clone()
                    } else {
                        given
                    };
                    waiting.push((targets, names));
                }
            }
        }
        None
    }

    fn name(&self, number: usize) -> String {
        self.owner(number).service.unwrap_or_default()
    }

    /// What is said of imports of one file that lead to one service.
    fn import(&self, reader: usize, group: &[Found]) -> ForeignImport {
        let numbers = group[0].owners.clone();
        let reader = self.owner(reader);
        let owners = numbers.iter().map(|&number| self.owner(number));
        let owners: Vec<Owner> = owners.collect();
        let named: Vec<&Owner> = owners.iter().collect();
        let taken = group.iter().map(|found| found.taken).min();
        let made = group.iter().find_map(|found| found.label.clone());
        let home = made.or_else(|| self.home_label(numbers[0]));
        let others = group[1..]
            .iter()
            .map(|found| (found.place, "also here".to_owned()));
        let first = &group[0];
        ForeignImport {
            place: first.place,
            specifier: first.specifier.clone(),
            owners: names_seen_from(&reader, &named),
            taken: taken.unwrap_or(Taken::Other),
            is_type: group.iter().all(|found| found.is_type),
            labels: home.into_iter().chain(others.take(MOST_PLACES)).collect(),
            way: match owners.as_slice() {
                [owner] => self.workspace.way_to_call(&reader, owner),
                _ => None,
            },
            reader,
        }
    }

    /// Where it is said that a service is one.
    fn home_label(&self, number: usize) -> Option<(Place, String)> {
        let name = self.name(number);
        let folder = self.folder(number);
        let place = if let Some((_, service)) = self.homes.registered.get(number) {
            service.entry.key.place
        } else {
            let inferred = self.workspace.inferred_services();
            let service = inferred.get(number - self.homes.registered.len())?;
            match (service.containers.first(), &service.store) {
                (Some(&(stack, number)), _) => {
                    self.workspace.stacks[stack].services[number].key.place
                }
                (None, Some(Store::Schema(place))) => *place,
                _ => return None,
            }
        };
        Some((place, format!("`{name}` has its module in `{folder}`")))
    }
}

/// What is taken of a module, by the names and by the paths.
fn taken(targets: &[String], names: &[At<String>]) -> Taken {
    let is_named = |test: fn(&str) -> bool| names.iter().any(|name| test(&name.value));
    let is_in = |test: fn(&str) -> bool| targets.iter().any(|target| test(target));
    if is_named(|name| matches!(name, "PrismaClient" | "Prisma")) || is_in(is_client_folder) {
        Taken::Client
    } else if is_named(is_wrapper_name) || is_in(|path| is_wrapper_file(stem(path))) {
        Taken::Wrapper
    } else if is_named(is_repository_name) && !is_in(is_of_interfaces) || is_in(is_repository_file)
    {
        Taken::Repository
    } else {
        Taken::Other
    }
}

/// Whether a name is that of a repository, and not of what one promises: `IOrderRepository`.
fn is_repository_name(name: &str) -> bool {
    let mut rest = name.chars().skip_while(|&letter| letter == 'I');
    let is_interface = name.starts_with('I') && rest.next().is_some_and(char::is_uppercase);
    name.ends_with("Repository") && !is_interface
}

fn is_repository_file(path: &str) -> bool {
    let stem = stem(path);
    stem.ends_with(".repository") || stem.ends_with("-repository")
}

/// Whether a path is that of a file about what others promise.
fn is_of_interfaces(path: &str) -> bool {
    let stem = stem(path);
    let is_named = [".interface", ".port"]
        .iter()
        .any(|end| stem.ends_with(end));
    is_named || ancestors(parent(path)).any(|it| matches!(file_name(it), "interfaces" | "ports"))
}

fn is_wrapper_name(name: &str) -> bool {
    const ENDINGS: [&str; 3] = ["PrismaClient", "PrismaModule", "PrismaService"];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || name.eq_ignore_ascii_case("prisma")
}

fn is_wrapper_file(stem: &str) -> bool {
    const WORDS: [&str; 3] = ["client", "module", "service"];
    let words = stem.strip_prefix("prisma");
    words
        .is_some_and(|rest| rest.is_empty() || WORDS.contains(&rest.trim_start_matches(['.', '-'])))
}

/// Whether a path leads into a folder that is named like one that Prisma generates.
fn is_client_folder(path: &str) -> bool {
    let is_prisma = |name: &str| name.contains("prisma");
    ancestors(path).any(|folder| {
        let name = file_name(folder);
        let above = file_name(parent(folder));
        let is_generated = |name: &str| matches!(name, "generated" | "client" | "__generated__");
        name == ".prisma"
            || name == "prisma-client"
            || is_prisma(name) && is_generated(above)
            || above == "prisma" && is_generated(name)
            || above == "generated" && name == "client"
    })
}

/// The name of a file without its ending, if it is one of a script.
fn stem(path: &str) -> &str {
    const ENDINGS: [&str; 9] = [
        ".d.ts", ".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".tsx", ".jsx",
    ];
    let name = file_name(path);
    let stems = ENDINGS
        .iter()
        .filter_map(|ending| name.strip_suffix(ending));
    stems.into_iter().next().unwrap_or(name)
}
