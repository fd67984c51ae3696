//! Where the migrations of a Prisma schema do not lead to what it says.

mod comparison;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::finding::{Label, Owner};
use crate::model::Workspace;
use crate::model::catalog::Catalog;
use crate::model::holdings::{Holding, PointerKind};
use crate::parse::Facts;
use crate::parse::prisma::Value;
use crate::parse::sql::Dialect;
use crate::source::{FileId, Kind, Place};
use comparison::Comparison;

/// One difference between a Prisma schema and what its migrations leave.
#[derive(Debug)]
pub struct Difference {
    /// The text that says otherwise.
    pub place: Place,
    /// It in words.
    pub message: String,
    /// What the other side says, where it says anything.
    pub other: Option<Label>,
    /// The SQL that a new migration needs, where it is short.
    pub sql: Option<String>,
    /// What it is about: a table, or `table.column`.
    pub object: String,
    /// Whether both sides have it, by different names.
    pub is_renamed: bool,
}

/// The differences of one Prisma schema.
pub struct SchemaDrift<'w> {
    /// Whose schema it is.
    pub holding: &'w Holding,
    /// Never empty; what the migrations lack comes first.
    pub differences: Vec<Difference>,
}

impl Workspace<'_> {
    /// The Prisma schemas whose migrations lead elsewhere. One without migrations is pushed as it is.
    pub fn drifted_schemas(&self) -> Vec<SchemaDrift<'_>> {
        let (keepers, databases) = (self.keepers(), self.databases_of_holdings());
        let holdings = self.holdings().iter().enumerate();
        let drifts = holdings.filter_map(|(number, holding)| {
            let (declared, replayed) = (holding.declared.as_ref()?, holding.replayed.as_ref()?);
            if holding.is_open || replayed.is_open || !self.are_readable(&holding.migrations) {
                return None;
            }
            let mut comparison = Comparison {
                declared,
                replayed,
                default_schema: &holding.default_schema,
                schemas: self.managed_schemas(holding),
                untouched: self.untouched_tables(number, &keepers, &databases),
                unsure: self.unsure_columns(holding),
                may_lack_tables: self.may_have_external_tables(holding),
                found: Vec::new(),
            };
            comparison.all();
            let differences = comparison.found;
            (!differences.is_empty()).then_some(SchemaDrift {
                holding,
                differences,
            })
        });
        drifts.collect()
    }

    fn are_readable(&self, migrations: &[FileId]) -> bool {
        migrations.iter().all(|&id| match self.facts(id) {
            Facts::Sql(parsed) => {
                parsed.problems.is_empty() && parsed.facts.dialect == Dialect::Postgres
            }
            _ => false,
        })
    }

    /// The schemas that Prisma looks after: those that the datasource lists, else the default one.
    fn managed_schemas(&self, holding: &Holding) -> BTreeSet<String> {
        let datasource = self.datasource(holding);
        match datasource.and_then(|(_, datasource)| datasource.schemas.as_ref()) {
            Some(Value::List(names)) => names.iter().map(|name| name.value.clone()).collect(),
            _ => BTreeSet::from([holding.default_schema.clone()]),
        }
    }

    /// The numbers of the holdings that have a table of a name, each once.
    fn keepers(&self) -> HashMap<&str, Vec<usize>> {
        let mut keepers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, holding) in self.holdings().iter().enumerate() {
            let catalogs = holding.declared.iter().chain(&holding.replayed);
            for (_, name, _) in catalogs.flat_map(Catalog::relations) {
                let keepers = keepers.entry(name).or_default();
                if keepers.last() != Some(&number) {
                    keepers.push(number);
                }
            }
        }
        keepers
    }

    /// The databases that are known to hold the tables of each holding.
    fn databases_of_holdings(&self) -> Vec<BTreeSet<String>> {
        let services = self.known_services();
        let by_owner: BTreeMap<&Owner, &BTreeSet<String>> = services
            .iter()
            .map(|service| (&service.owner, &service.databases))
            .collect();
        let holdings = self.holdings().iter();
        holdings
            .map(|holding| {
                let owners = holding.owners.iter();
                let databases = owners.filter_map(|owner| by_owner.get(owner));
                databases.flat_map(|it| it.iter().cloned()).collect()
            })
            .collect()
    }

    /// Tables that no difference is reported of: those that another schema of the workspace keeps, unless it
    /// certainly does so in another database, and those of models that are ignored.
    fn untouched_tables(
        &self,
        number: usize,
        keepers: &HashMap<&str, Vec<usize>>,
        databases: &[BTreeSet<String>],
    ) -> BTreeSet<String> {
        let holding = &self.holdings()[number];
        let ignored = self
            .schema_parts(holding)
            .flat_map(|(_, schema)| &schema.models);
        let ignored = ignored
            .filter(|model| model.ignored)
            .map(|model| model.table().value.clone());
        let mut untouched: BTreeSet<String> = ignored.collect();
        let is_apart = |other: usize| {
            let (own, theirs) = (&databases[number], &databases[other]);
            !own.is_empty() && !theirs.is_empty() && own.is_disjoint(theirs)
        };
        let declared = holding.declared.iter().flat_map(Catalog::relations);
        let own: BTreeSet<&str> = declared.map(|(_, name, _)| name).collect();
        let replayed = holding.replayed.iter().flat_map(Catalog::relations);
        let foreign = replayed.map(|(_, name, _)| name).filter(|name| {
            let mut keepers = keepers.get(name).into_iter().flatten();
            !own.contains(name) && keepers.any(|&keeper| keeper != number && !is_apart(keeper))
        });
        untouched.extend(foreign.map(str::to_owned));
        untouched.insert("_prisma_migrations".to_owned());
        untouched
    }

    /// Columns whose type the schema takes as it is: `Unsupported` ones and ignored ones.
    fn unsure_columns(&self, holding: &Holding) -> BTreeSet<(String, String)> {
        let models = self
            .schema_parts(holding)
            .flat_map(|(_, schema)| &schema.models);
        let columns = models.flat_map(|model| {
            let fields = model
                .fields
                .iter()
                .filter(|field| field.unsupported || field.is_ignored());
            fields.map(|field| (model.table().value.clone(), field.column().value.clone()))
        });
        columns.collect()
    }

    /// Whether a Prisma config leaves tables to others.
    fn may_have_external_tables(&self, holding: &Holding) -> bool {
        let configs = holding.pointers.iter().filter(|pointer| {
            matches!(
                pointer.kind,
                PointerKind::Config | PointerKind::MigrationsPath
            )
        });
        let mut files: BTreeSet<FileId> = configs.map(|pointer| pointer.place.file).collect();
        let near = self.sources.files().filter(|(_, file)| {
            file.kind == Kind::PrismaConfig && crate::source::parent(&file.path) == holding.folder
        });
        files.extend(near.map(|(id, _)| id));
        files
            .iter()
            .any(|&id| self.sources.file(id).text.contains("external"))
    }
}
