//! Tables that two modules define for themselves with mostly the same columns.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::Workspace;
use crate::model::catalog::{Catalog, Relation, RelationKind};
use crate::model::holdings::Holding;
use crate::model::names;
use crate::source::{Place, Sources, file_name, parent};

/// Tables of one module that another one defines as well.
pub struct CopiedTables<'w> {
    /// Who seems to have copied them.
    pub copy: &'w Holding,
    /// Whose they seem to be.
    pub original: &'w Holding,
    /// The tables by name; never empty.
    pub tables: Vec<CopiedTable<'w>>,
}

/// A table that is defined twice.
pub struct CopiedTable<'w> {
    /// Its name.
    pub name: &'w str,
    /// Where the copy is defined.
    pub copy: Place,
    /// Where the other one is.
    pub original: Place,
}

/// Fewer columns in common are chance.
const FEWEST_COLUMNS: usize = 3;

/// Of the columns of the smaller table so many in a hundred are in the other one.
const MOSTLY: usize = 80;

/// Columns that tables of all kinds have, written without `_`.
const ANYBODYS_COLUMNS: [&str; 10] = [
    "id",
    "uuid",
    "created",
    "createdat",
    "createdby",
    "updated",
    "updatedat",
    "updatedby",
    "deletedat",
    "version",
];

/// Tables by which services and their tools work, not what they are about.
const ANYBODYS_TABLES: [&str; 8] = [
    "inbox",
    "outbox",
    "job",
    "jobs",
    "migration",
    "migrations",
    "idempotency",
    "queue",
];

/// A table of one holding.
#[derive(Clone, Copy)]
struct Claim<'w> {
    holding: &'w Holding,
    relation: &'w Relation,
}

impl CopiedTables<'_> {
    /// The names of the tables, for a sentence.
    pub fn listed(&self) -> String {
        names::listed(self.tables.iter().map(|table| table.name))
    }
}

impl Workspace<'_> {
    /// Tables that several modules define, by who seems to have copied them and from whom.
    pub fn copied_tables(&self) -> Vec<CopiedTables<'_>> {
        let mut claims: BTreeMap<(&str, &str), Vec<Claim>> = BTreeMap::new();
        let holdings = self.holdings().iter().filter(|holding| holding.is_postgres);
        for holding in holdings {
            for (schema, name, relation) in tables_of(holding) {
                let schema = if schema == holding.default_schema {
                    ""
                } else {
                    schema
                };
                if !is_anybodys(name) {
                    let claims = claims.entry((schema, name)).or_default();
                    claims.push(Claim { holding, relation });
                }
            }
        }
        let mut copied: Vec<CopiedTables> = Vec::new();
        for ((_, name), claims) in claims {
            // The best claim comes first; of equal ones that which is first by its path.
            let Some(best) = claims
                .iter()
                .rev()
                .max_by_key(|claim| strength(self.sources, name, claim))
            else {
                continue;
            };
            for claim in &claims {
                if !are_two_modules(claim.holding, best.holding)
                    || !is_mostly_the_same(claim.relation, best.relation)
                {
                    continue;
                }
                let table = CopiedTable {
                    name,
                    copy: claim.relation.place,
                    original: best.relation.place,
                };
                let known = copied.iter_mut().find(|known| {
                    std::ptr::eq(known.copy, claim.holding)
                        && std::ptr::eq(known.original, best.holding)
                });
                match known {
                    Some(known) => known.tables.push(table),
                    None => copied.push(CopiedTables {
                        copy: claim.holding,
                        original: best.holding,
                        tables: vec![table],
                    }),
                }
            }
        }
        copied
    }
}

/// The tables of a holding: as its Prisma schema declares them, and those that only its migrations create.
fn tables_of(holding: &Holding) -> Vec<(&str, &str, &Relation)> {
    let declared = holding.declared.as_ref();
    let is_declared =
        |schema: &str, name: &str| declared.is_some_and(|it| it.relation(schema, name).is_some());
    let migrated = holding.replayed.iter().flat_map(Catalog::relations);
    let only_migrated = migrated.filter(|(schema, name, _)| !is_declared(schema, name));
    let all = declared.into_iter().flat_map(Catalog::relations);
    all.chain(only_migrated)
        .filter(|(_, _, relation)| relation.kind == RelationKind::Table && relation.is_complete)
        .collect()
}

fn is_anybodys(name: &str) -> bool {
    let name = names::snake_case(name);
    let mut words = name.split('_');
    let is_machinery =
        |word: &str| ["inbox", "outbox", "idempotency", "migrations"].contains(&word);
    ANYBODYS_TABLES.contains(&name.as_str()) || words.any(is_machinery)
}

/// Products are nobody's neighbours, and a module may keep several schemas.
fn are_two_modules(one: &Holding, other: &Holding) -> bool {
    let products = |holding: &Holding| -> BTreeSet<Option<String>> {
        let owners = holding.owners.iter();
        owners.map(|owner| owner.product.clone()).collect()
    };
    let is_shared = one.owners.iter().any(|it| other.owners.contains(it));
    let (products_of_one, products_of_other) = (products(one), products(other));
    let is_apart = products_of_one.is_disjoint(&products_of_other)
        && !products_of_one.is_empty()
        && !products_of_other.is_empty();
    one.folder != other.folder && !is_shared && !is_apart
}

fn is_mostly_the_same(one: &Relation, other: &Relation) -> bool {
    let own = |relation: &Relation| -> BTreeSet<String> {
        let columns = relation.columns.iter();
        let names = columns.map(|column| column.name.replace('_', "").to_lowercase());
        names
            .filter(|name| !ANYBODYS_COLUMNS.contains(&name.as_str()))
            .collect()
    };
    let (one, other) = (own(one), own(other));
    let common = one.intersection(&other).count();
    let smaller = one.len().min(other.len());
    common >= FEWEST_COLUMNS && common * 100 >= smaller * MOSTLY
}

/// How much speaks for it that a table is a module's own: its schema and its migrations agree about it, its
/// name is like the module's, it is older, it has more columns.
fn strength(sources: &Sources, name: &str, claim: &Claim) -> (bool, bool, Reverse<String>, usize) {
    let holding = claim.holding;
    let is_in = |catalog: &Option<Catalog>| {
        catalog.as_ref().is_none_or(|catalog| {
            let mut relations = catalog.relations();
            relations.any(|(_, known, _)| known == name)
        })
    };
    let replayed = holding.replayed.iter().flat_map(Catalog::relations);
    let mut created = replayed.filter(|(_, known, _)| *known == name);
    let created = created.next().map(|(_, _, relation)| {
        let path = &sources.file(relation.place.file).path;
        match file_name(path) {
            "migration.sql" => file_name(parent(path)).to_owned(),
            file => file.to_owned(),
        }
    });
    (
        is_in(&holding.declared) && is_in(&holding.replayed),
        resembles(holding, name),
        // Nothing is younger than what no migration creates.
        Reverse(created.unwrap_or_else(|| "~".to_owned())),
        claim.relation.columns.len(),
    )
}

/// Whether a module's name and a table's have a word in common.
fn resembles(holding: &Holding, table: &str) -> bool {
    let module = names::snake_case(file_name(holding.name()));
    let table = names::snake_case(table);
    let stem = |word: &str| word.trim_end_matches('s').to_owned();
    let module: BTreeSet<String> = module.split('_').map(stem).collect();
    table
        .split('_')
        .map(stem)
        .any(|word| module.contains(&word))
}
