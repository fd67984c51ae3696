//! What of a workspace was passed over, and why.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::coverage::{Gap, Spot};
use crate::model::Workspace;
use crate::model::compose::Stack;
use crate::model::generated;
use crate::model::holdings::is_contract;
use crate::model::module::{Module, is_generated_copy};
use crate::model::product::Product;
use crate::parse::Facts;
use crate::parse::sql::Dialect;
use crate::policy::FILE_NAME;
use crate::source::{FileId, Kind, Seen, Sources, Span, file_name, has_ending, join, parent};

impl Workspace<'_> {
    /// What was not judged, one entry a reason.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let nameless = self.names_of_nothing().into_iter().map(|(name, key)| {
            let reason =
                format!("nothing has the name `{name}`, which `{key}` of the config holds");
            (reason, vec![FILE_NAME.into()])
        });
        let in_doubt = self.sql_in_doubt().into_iter().map(|(reason, files)| {
            let spots = files.into_iter().map(|file| self.file(file));
            (reason, spots.collect::<Vec<_>>())
        });
        let in_code = self.sql_in_code_by_reason().into_iter();
        let fixed = self.files_not_judged().into_iter();
        let fixed = fixed
            .chain([
                ("the stack belongs to no product", self.stacks_of_nobody()),
                (
                    "not all variables of the container are known",
                    self.unknown_environments(),
                ),
            ])
            .chain(Walked::of(self.sources).by_reason());
        let fixed = fixed.map(|(reason, spots)| (reason.to_owned(), spots));
        let all = nameless
            .chain(self.openings_by_reason())
            .chain(self.unread_by_reason())
            .chain(self.unknown_baseline())
            .chain(in_doubt)
            .chain(in_code)
            .chain(fixed);
        all.filter(|(_, spots)| !spots.is_empty())
            .map(|(reason, spots)| Gap { reason, spots })
            .collect()
    }

    /// Files that were read and that no rule asks about.
    fn files_not_judged(&self) -> [(&'static str, Vec<Spot>); 8] {
        let schemas = self.judged_schemas();
        let in_modules = self.judged_sql_files();
        let is_readable = |id| self.sources.file(id).unreadable.is_none();
        let files = |kind: Kind, is_passed_over: &dyn Fn(FileId) -> bool| {
            let files = self.sources.files().filter(|(_, file)| file.kind == kind);
            let passed_over = files.filter(|(id, _)| is_passed_over(*id));
            passed_over.map(|(id, _)| self.file(id)).collect::<Vec<_>>()
        };
        let is_of_other_dialect = |id: FileId| matches!(self.facts(id), Facts::Sql(sql) if sql.facts.dialect != Dialect::Postgres);
        let is_of_no_product =
            |id: FileId| !self.products.is_empty() && !self.generated_files.contains(&id);
        [
            (
                "the file is named like a registry and holds none",
                files(Kind::Registry, &|id| {
                    is_readable(id) && !self.registry_files.contains(&id)
                }),
            ),
            (
                "the file is a template, which becomes YAML only when it is filled in",
                files(Kind::Compose, &|id| {
                    generated::is_template(&self.sources.file(id).text)
                }),
            ),
            (
                "the SQL stands in no module, and nothing that was read runs it on first start",
                files(Kind::Sql, &|id| {
                    is_readable(id)
                        && !self.is_init_script(id)
                        && !is_of_other_dialect(id)
                        && !in_modules.contains(&id)
                }),
            ),
            ("the SQL is not PostgreSQL's", {
                let scripts = files(Kind::Sql, &is_of_other_dialect);
                let migrations = files(Kind::Migration, &is_of_other_dialect);
                scripts.into_iter().chain(migrations).collect()
            }),
            (
                "the schema is not for PostgreSQL",
                files(Kind::Prisma, &|id| self.is_for_other_database(id)),
            ),
            (
                "the schema belongs to no service that was judged",
                files(Kind::Prisma, &|id| {
                    is_readable(id)
                        && !schemas.contains(&id)
                        && !is_generated_copy(self.sources, &self.sources.file(id).path)
                }),
            ),
            (
                "the nginx configuration leads to no product, or to several alike",
                files(Kind::Nginx, &|id| {
                    let is_one = matches!(self.facts(id), Facts::Nginx(it) if !it.facts.directives.is_empty());
                    is_one && is_of_no_product(id)
                }),
            ),
            (
                "the manifest names nothing of a product in whose folder it lies",
                files(Kind::Manifest, &|id| {
                    let is_one =
                        matches!(self.facts(id), Facts::Manifest(it) if it.facts.modules.is_some());
                    is_one && is_of_no_product(id)
                }),
            ),
        ]
    }

    /// The schema files of services.
    fn judged_schemas(&self) -> HashSet<FileId> {
        let services = self.products.iter().flat_map(Product::services);
        let modules = services.filter_map(|service| service.module.as_ref());
        let registered = modules.flat_map(|module| &module.schema_files);
        let inferred = self.inferred_services().iter();
        let inferred = inferred.flat_map(|service| &service.schema_files);
        registered.chain(inferred).copied().collect()
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

    /// Migrations of which it is not known what the default branch has.
    fn unknown_baseline(&self) -> Option<(String, Vec<Spot>)> {
        let Some(Err(why)) = &self.sources.baseline else {
            return None;
        };
        let holdings = self.holdings().iter();
        let folders = holdings.filter_map(|holding| holding.migrations_folder.as_deref());
        let folders: BTreeSet<&str> = folders.collect();
        Some((
            format!("the migrations are not compared with the default branch: {why}"),
            folders.into_iter().map(Spot::from).collect(),
        ))
    }

    /// SQL in source files of modules that is not judged, or not as a whole.
    fn sql_in_code_by_reason(&self) -> BTreeMap<String, Vec<Spot>> {
        let mut reasons: BTreeMap<String, Vec<Spot>> = BTreeMap::new();
        for (code, owners) in self.code_by_owners() {
            let mut add = |reason: String, span: Span| {
                let spots = reasons.entry(reason).or_default();
                spots.push(self.spot(span.in_file(code.file)));
            };
            for query in code.code.queries.iter().filter(|query| !query.is_known) {
                let reason = format!(
                    "which tables the SQL of {owners} names is known as a whole only when it runs"
                );
                add(reason, query.span);
            }
            for &span in &code.code.passed_over {
                let reason =
                    format!("the SQL of {owners} is run by a client that may be any database's");
                add(reason, span);
            }
        }
        reasons
    }

    fn is_for_other_database(&self, id: FileId) -> bool {
        let mut module = Module::default();
        if let Facts::Prisma(parsed) = self.facts(id) {
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
        let services = self.service_names();
        let excepted = self.policy.exceptions.iter();
        // Where the config is a file of the workspace, `unused-suppression` says so.
        let excepted = excepted.filter(|_| self.config_file().is_none());
        let excepted = excepted.map(|it| it.service.value.as_str());
        let excepted = excepted
            .filter(|name| !services.contains(name))
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
    contracts: Vec<Spot>,
    contract_migrations: Vec<Spot>,
    templates: Vec<Spot>,
    folder_links: Vec<Spot>,
    others: Vec<Spot>,
    not_entered: Vec<Spot>,
}

impl Walked {
    fn of(sources: &Sources) -> Self {
        let mut walked = Self::default();
        for (path, seen) in sources.walked() {
            walked.add(sources, path, seen);
        }
        walked
    }

    fn by_reason(self) -> [(&'static str, Vec<Spot>); 6] {
        [
            (
                "contracts of Prisma 8 are recognised and not judged",
                self.contracts,
            ),
            (
                "migrations of Prisma 8 are recognised and not judged",
                self.contract_migrations,
            ),
            (
                "templates of Helm charts are no YAML, and not read",
                self.templates,
            ),
            ("the link to a folder is not followed", self.folder_links),
            (
                "what the link or special file leads to is not read",
                self.others,
            ),
            ("the folder is not entered", self.not_entered),
        ]
    }

    fn add(&mut self, sources: &Sources, path: &str, seen: Seen) {
        let list = match seen {
            Seen::FolderLink => &mut self.folder_links,
            Seen::FolderNotEntered => &mut self.not_entered,
            Seen::Other => &mut self.others,
            Seen::File if is_contract(sources, path) => &mut self.contracts,
            Seen::File if is_contract_migration(path) => &mut self.contract_migrations,
            Seen::File if is_chart_template(sources, path) => &mut self.templates,
            Seen::File | Seen::Folder => return,
        };
        list.push(path.into());
    }
}

/// The operations of a migration of Prisma 8: `migrations/app/<time>_<name>/ops.json`.
fn is_contract_migration(path: &str) -> bool {
    let app = parent(parent(path));
    file_name(path) == "ops.json"
        && file_name(app) == "app"
        && file_name(parent(app)) == "migrations"
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
