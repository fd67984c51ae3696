//! Which files make up a Prisma schema, and who says so.
//!
//! Prisma reads one file, or every `.prisma` file below one folder. What it reads is told by a Prisma
//! config, by `prisma.schema` of a `package.json`, or by `--schema`; else it is `schema.prisma` or
//! `prisma/schema.prisma` of the package.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::discover::is_test_code;
use crate::finding::Owner;
use crate::model::module::is_generated_copy;
use crate::model::prisma_config::{Source, config_folder, prisma_config};
use crate::model::registry::Field;
use crate::model::settings::add_leaves;
use crate::parse::prisma::PrismaFile;
use crate::parse::settings::{SchemaPath, schemas_in_command};
use crate::parse::{AllFacts, Facts};
use crate::source::{
    Existence, FileId, Kind, Place, Seen, Sources, ancestors, file_name, has_ending, is_below,
    join, parent,
};

/// What names a Prisma schema, or the folder of its migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Where the path stands.
    pub place: Place,
    /// The path that is meant, from the workspace root.
    pub path: String,
    /// What it stands in.
    pub kind: PointerKind,
    /// The services whose module it stands in.
    pub owners: Vec<Owner>,
}

/// What a path to a schema stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerKind {
    /// `schema` of a Prisma config.
    Config,
    /// `migrations.path` of a Prisma config.
    MigrationsPath,
    /// `prisma.schema` of a `package.json`.
    Package,
    /// `--schema` of a command that writes a client.
    Generate,
    /// `--schema` of any other command.
    Command,
}

/// The files of one schema.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// The folder of the file that the datasource stands in; the migrations are beside it.
    pub folder: String,
    /// Sorted by path.
    pub files: Vec<FileId>,
    /// The file that the datasource stands in.
    pub datasource: Option<FileId>,
    /// Who names it.
    pub pointers: Vec<Pointer>,
    /// `migrations.path` of its config, from the workspace root.
    pub migrations: Option<String>,
    /// The same of a config that lies elsewhere, which may be that of another service.
    pub migrations_of_others: Option<String>,
    /// The variables that its connection string is taken from, as a Prisma config says.
    pub variables: Vec<String>,
}

/// A path that names a schema.
struct Named {
    /// The file or folder, from the workspace root.
    path: String,
    pointer: Pointer,
}

/// The schemas of a workspace.
pub(super) struct Schemas<'a> {
    sources: &'a Sources,
    facts: &'a AllFacts,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(sources: &'a Sources, facts: &'a AllFacts) -> Self {
        Self { sources, facts }
    }

    /// Every schema by the path of its file or folder.
    pub(super) fn all(&self) -> Vec<Schema> {
        let mut schemas: BTreeMap<String, Schema> = BTreeMap::new();
        let named = self.named();
        for named in &named {
            let schema = schemas.entry(named.path.clone()).or_default();
            if schema.files.is_empty() {
                schema.files = self.files_at(&named.path);
            }
            schema.pointers.push(named.pointer.clone());
        }
        schemas.retain(|_, schema| !schema.files.is_empty());
        let same = self.join_same(&mut schemas);
        let mut taken: HashSet<FileId> = HashSet::new();
        taken.extend(schemas.values().flat_map(|schema| &schema.files));
        for (path, files) in self.unnamed(&taken) {
            schemas.entry(path).or_default().files = files;
        }
        self.add_configs(&mut schemas, &same);
        for (path, schema) in &mut schemas {
            let mut files = schema.files.iter().copied();
            schema.datasource = files.find(|&id| self.has_datasource(id));
            let main = schema.datasource.map(|id| &self.sources.file(id).path);
            let folder = main.map_or_else(
                || {
                    let is_file = self.sources.find_seen(path) == Some(Seen::File);
                    if is_file { parent(path) } else { path }
                },
                |main| parent(main),
            );
            folder.clone_into(&mut schema.folder);
        }
        schemas.into_values().collect()
    }

    /// Joins what is named by its file here and by its folder there: the larger one stays. The answer leads
    /// from paths that are gone to those that stay.
    fn join_same(&self, schemas: &mut BTreeMap<String, Schema>) -> BTreeMap<String, String> {
        let mut by_datasource: BTreeMap<FileId, Vec<String>> = BTreeMap::new();
        for (path, schema) in schemas.iter() {
            let mut files = schema.files.iter().copied();
            if let Some(main) = files.find(|&id| self.has_datasource(id)) {
                by_datasource.entry(main).or_default().push(path.clone());
            }
        }
        let mut same = BTreeMap::new();
        for paths in by_datasource.values().filter(|paths| paths.len() > 1) {
            let size = |path: &&String| schemas[path.as_str()].files.len();
            let Some(kept) = paths.iter().max_by_key(size).cloned() else {
                continue;
            };
            for path in paths.iter().filter(|path| **path != kept) {
                let gone = schemas.remove(path);
                let pointers = gone.map(|gone| gone.pointers).unwrap_or_default();
                schemas
                    .entry(kept.clone())
                    .or_default()
                    .pointers
                    .extend(pointers);
                same.insert(path.clone(), kept.clone());
            }
        }
        same
    }

    /// The files that make up the schema at a path: the file itself, else all below the folder.
    fn files_at(&self, path: &str) -> Vec<FileId> {
        if let Some(id) = self.schema_file(path) {
            return vec![id];
        }
        let below = self.sources.below(path);
        let files = below.filter_map(|(path, _)| self.schema_file(path));
        files.collect()
    }

    /// A file that may be part of a schema.
    fn schema_file(&self, path: &str) -> Option<FileId> {
        let id = self.sources.find(path)?;
        let file = self.sources.file(id);
        let is_one = file.kind == Kind::Prisma
            && file.path == path
            && !is_test_code(path)
            && !is_contract(self.sources, path)
            && !is_generated_copy(self.sources, path);
        is_one.then_some(id)
    }

    fn parsed(&self, id: FileId) -> Option<&PrismaFile> {
        match self.facts[id.0 as usize].as_ref() {
            Facts::Prisma(parsed) => Some(&parsed.facts),
            _ => None,
        }
    }

    fn has_datasource(&self, id: FileId) -> bool {
        let parsed = self.parsed(id);
        parsed.is_some_and(|schema| !schema.datasources.is_empty())
    }

    /// The schemas that configs, packages and commands name, in the order of their files.
    fn named(&self) -> Vec<Named> {
        let scripts = crate::model::scripts(self.sources, self.facts);
        let mut named = Vec::new();
        for (id, file) in self.sources.files() {
            if is_test_code(&file.path) {
                continue;
            }
            let folder = config_folder(&file.path);
            let mut add = |written: &str, place: Place, kind: PointerKind| {
                // Where a shell script is run from is not known; mostly that is its folder, or the root.
                let root = Some("").filter(|_| file.kind == Kind::Shell);
                let folders = [folder].into_iter().chain(root);
                let mut paths = folders.filter_map(|folder| join(folder, written));
                if let Some(path) = paths.find(|path| self.is_schema(path)) {
                    let pointer = Pointer {
                        place,
                        path: path.clone(),
                        kind,
                        owners: Vec::new(),
                    };
                    named.push(Named { path, pointer });
                }
            };
            match self.facts[id.0 as usize].as_ref() {
                Facts::Script(_) if file.kind == Kind::PrismaConfig => {
                    if let Field::Known(schema) = prisma_config(&scripts, id).schema {
                        add(&schema.value, schema.place(), PointerKind::Config);
                    }
                }
                Facts::Settings(settings) => {
                    for schema in &settings.facts.schemas {
                        let place = schema.path.span.in_file(id);
                        add(&schema.path.value, place, kind_of(schema));
                    }
                }
                Facts::Shell(script) => {
                    let mut steps = Vec::new();
                    add_leaves(&script.facts.steps, &mut steps);
                    let spans = steps.iter().map(|step| step.span);
                    for schema in spans.flat_map(|span| schemas_in_command(&file.text, span)) {
                        let place = schema.path.span.in_file(id);
                        add(&schema.path.value, place, kind_of(&schema));
                    }
                }
                _ => {}
            }
        }
        named
    }

    fn is_schema(&self, path: &str) -> bool {
        match self.sources.existence(path) {
            Existence::File => has_ending(path, "prisma"),
            Existence::Folder => !path.is_empty(),
            Existence::Missing | Existence::Unknown => false,
        }
    }

    /// The schemas that nothing names: a file with a datasource, and what lies around it where it needs
    /// that.
    fn unnamed(&self, taken: &HashSet<FileId>) -> Vec<(String, Vec<FileId>)> {
        let free: Vec<(FileId, &str)> = self
            .sources
            .files()
            .filter(|(id, _)| !taken.contains(id))
            .filter_map(|(_, file)| Some((self.schema_file(&file.path)?, file.path.as_str())))
            .collect();
        let (mains, parts): (Vec<_>, Vec<_>) = free
            .into_iter()
            .partition(|(id, _)| self.has_datasource(*id));
        let mains: Vec<_> = mains
            .into_iter()
            .filter(|(_, path)| is_in_usual_place(path))
            .collect();
        let mut by_region: BTreeMap<&str, Vec<FileId>> = BTreeMap::new();
        for &(id, path) in &mains {
            by_region.entry(region(path)).or_default().push(id);
        }
        let mut parts_of: BTreeMap<&str, Vec<FileId>> = BTreeMap::new();
        for (id, path) in parts {
            let around = ancestors(parent(path)).chain([""]);
            if let Some(region) = around.into_iter().find(|it| by_region.contains_key(it)) {
                parts_of.entry(region).or_default().push(id);
            }
        }
        let mut found = Vec::new();
        for (id, path) in mains {
            let region = region(path);
            let parts = parts_of.get(region).map_or(&[][..], Vec::as_slice);
            let is_only = by_region[region].len() == 1;
            if is_only && self.needs(id, parts) {
                let mut files = parts.to_vec();
                files.push(id);
                files.sort_unstable();
                found.push((region.to_owned(), files));
            } else {
                found.push((path.to_owned(), vec![id]));
            }
        }
        found
    }

    /// Whether a file has no models of its own, or names types that only `parts` define.
    fn needs(&self, main: FileId, parts: &[FileId]) -> bool {
        let Some(schema) = self.parsed(main) else {
            return false;
        };
        let own = defined(schema);
        let parts = parts.iter().filter_map(|&id| self.parsed(id));
        let others: BTreeSet<&str> = parts.flat_map(defined).collect();
        let fields = schema.models.iter().flat_map(|model| &model.fields);
        let mut types = fields.map(|field| field.type_name.value.as_str());
        let is_bare = schema.models.is_empty();
        !others.is_empty()
            && (is_bare || types.any(|name| !own.contains(name) && others.contains(name)))
    }

    /// Tells each schema what the Prisma configs say of it. A config that names no schema means the one at
    /// the usual place.
    fn add_configs(&self, schemas: &mut BTreeMap<String, Schema>, same: &BTreeMap<String, String>) {
        let scripts = crate::model::scripts(self.sources, self.facts);
        for (id, file) in self.sources.files() {
            if file.kind != Kind::PrismaConfig || is_test_code(&file.path) {
                continue;
            }
            let config = prisma_config(&scripts, id);
            let folder = config_folder(&file.path);
            let path = match &config.schema {
                Field::Known(schema) => join(folder, &schema.value),
                Field::Absent => USUAL
                    .iter()
                    .filter_map(|usual| join(folder, usual))
                    .find(|path| schemas.contains_key(path)),
                _ => None,
            };
            let path = path.map(|path| same.get(&path).cloned().unwrap_or(path));
            let Some(schema) = path.and_then(|path| schemas.get_mut(&path)) else {
                continue;
            };
            if let Field::Known(path) = &config.migrations_path
                && let Some(migrations_folder) = join(folder, &path.value)
            {
                schema.pointers.push(Pointer {
                    place: path.place(),
                    path: migrations_folder.clone(),
                    kind: PointerKind::MigrationsPath,
                    owners: Vec::new(),
                });
                let is_around = schema
                    .files
                    .iter()
                    .all(|&id| is_below(&self.sources.file(id).path, folder));
                let migrations = if is_around {
                    &mut schema.migrations
                } else {
                    &mut schema.migrations_of_others
                };
                migrations.get_or_insert(migrations_folder);
            }
            let url = config.datasource_url.as_ref();
            schema
                .variables
                .extend(url.and_then(|url| match &url.first {
                    Source::Env { name } => Some(name.value.clone()),
                    _ => None,
                }));
        }
    }
}

fn kind_of(schema: &SchemaPath) -> PointerKind {
    match schema.command.as_deref() {
        None => PointerKind::Package,
        Some("generate") => PointerKind::Generate,
        Some(_) => PointerKind::Command,
    }
}

/// Where Prisma looks for a schema by itself, as seen from the package.
const USUAL: [&str; 4] = [
    "schema.prisma",
    "prisma/schema.prisma",
    "prisma/schema",
    "prisma",
];

/// Whether a file that nothing names may be a schema that is in use, and not a text that a program reads.
fn is_in_usual_place(path: &str) -> bool {
    let mut folders = ancestors(parent(path)).map(file_name);
    file_name(path) == "schema.prisma" || folders.any(|folder| folder == "prisma")
}

/// The folder that the parts of a schema may lie below: that of the file with the datasource, or
/// `prisma/` above it.
fn region(path: &str) -> &str {
    let folder = parent(path);
    if file_name(parent(folder)) == "prisma" && file_name(folder) == "schema" {
        parent(folder)
    } else {
        folder
    }
}

/// Whether a file is a contract of Prisma 8, which is another language. It has its name, and what Prisma 8
/// writes of it lies beside.
pub(in crate::model) fn is_contract(sources: &Sources, path: &str) -> bool {
    const BESIDE: [&str; 3] = ["contract.json", "contract.d.ts", "ops.json"];
    let is_there = |name: &&str| {
        let beside = join(parent(path), name);
        beside.is_some_and(|beside| sources.find_seen(&beside) == Some(Seen::File))
    };
    let says_so = || {
        let file = sources.find(path).map(|id| &sources.file(id).text);
        file.is_some_and(|text| text.trim_start().starts_with("// use prisma-next"))
    };
    file_name(path) == "contract.prisma" && (BESIDE.iter().any(is_there) || says_so())
}

fn defined(schema: &PrismaFile) -> BTreeSet<&str> {
    let models = schema.models.iter().map(|model| &model.name);
    let enums = schema.enums.iter().map(|it| &it.name);
    let names = models.chain(enums).chain(&schema.types);
    names.map(|name| name.value.as_str()).collect()
}
