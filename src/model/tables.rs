//! Who owns which table, and what the SQL of a module may touch.
//!
//! The ground of a module is its folder with everything in it. What its [`Holding`](super::holdings::Holding)s hold and what its SQL
//! creates is its own; what only another's holding holds is that one's.

mod apart;
mod exceptions;
mod grounds;
mod judgement;
mod reaches;
mod touched;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalogue::Guesser;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::names;
use crate::parse::sql::TableReference;
use crate::source::{FileId, Place, shown_folder};

pub use self::exceptions::UnusedException;
pub use self::reaches::ForeignReach;
pub(super) use self::touched::names_seen_from;
pub use self::touched::{CrossDatabaseName, ForeignTable, UnknownTable};

/// Who owns which table, by name.
#[derive(Debug, Default)]
pub struct Tables {
    grounds: Vec<Ground>,
    by_folder: HashMap<String, usize>,
    /// What holdings hold, by the name of the relation.
    by_name: HashMap<String, Vec<Definition>>,
    /// The names of all relations by what they are in lower case.
    spellings: HashMap<String, BTreeSet<String>>,
    /// The numbers of the holdings that have a schema of their own, by its name.
    by_schema: HashMap<String, BTreeSet<usize>>,
    /// Whose a database is, by its name.
    by_database: BTreeMap<String, Vec<DatabaseOwner>>,
    /// Whose each holding is, and what it is called.
    holders: Vec<Holder>,
    /// What SQL does with tables that are not its module's, or nobody's, one entry a file and table.
    touched: Vec<touched::Touched>,
    /// The exceptions of the config that allow something, by their number and that of the table in it.
    used: BTreeSet<(usize, usize)>,
}

/// A folder whose SQL is one module's.
#[derive(Debug, Default)]
struct Ground {
    /// The folder, from the workspace root.
    folder: String,
    /// Whose it is; empty where no service is known.
    owners: Vec<Owner>,
    /// The numbers of its holdings.
    holdings: BTreeSet<usize>,
    /// The databases of its owners, as far as they are known.
    databases: BTreeSet<String>,
    /// The schemas that stand in its database.
    schemas: BTreeSet<String>,
    /// Names of relations that it has or once had.
    relations: BTreeSet<String>,
    /// The same by what they are in lower case.
    spellings: HashMap<String, String>,
    /// Whether a registry says which database is its own, so that every other one is not.
    is_registered: bool,
    /// Whether its SQL may make further tables by names that the text does not tell.
    makes_others: bool,
    /// Why not all its tables are known.
    doubt: Option<String>,
}

/// Who owns a holding.
#[derive(Debug, Default)]
struct Holder {
    owners: Vec<Owner>,
    databases: BTreeSet<String>,
}

/// A relation of a holding.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Definition {
    /// The number of the holding.
    holding: usize,
    schema: String,
    name: String,
    /// Its name where the holding defines it.
    place: Place,
}

/// Whose a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DatabaseOwner {
    owner: Owner,
    /// Where that is said, if it is said in a place.
    place: Option<Place>,
}

/// SQL that stands in a module, whatever file it was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use<'a> {
    /// The file.
    pub(super) file: FileId,
    /// The number of the module's ground.
    ground: usize,
    /// What is touched.
    pub(super) reference: &'a TableReference,
}

impl Ground {
    /// Whom a finding about its SQL is about.
    fn owner(&self) -> Owner {
        self.owners.first().cloned().unwrap_or_else(|| Owner {
            product: None,
            service: Some(shown_folder(&self.folder).to_owned()),
        })
    }

    fn has(&self, relation: &str) -> bool {
        self.relations.contains(relation)
    }

    /// Its relation that was probably meant by a name.
    fn nearest(&self, name: &str, guesser: &mut Guesser) -> Option<&str> {
        let own = self.spellings.keys().map(String::as_str);
        let nearest = guesser.nearest(&name.to_lowercase(), own)?;
        self.spellings.get(nearest).map(String::as_str)
    }

    /// Whether a service is among its owners.
    fn is_of(&self, owner: &Owner) -> bool {
        self.owners.contains(owner)
    }
}

impl Tables {
    /// What names the owners of definitions, each once.
    fn owners_of<'t>(&'t self, definitions: &'t [Definition]) -> Vec<&'t Owner> {
        let holders = definitions.iter().map(|it| &self.holders[it.holding]);
        let mut seen = BTreeSet::new();
        holders
            .flat_map(|holder| &holder.owners)
            .filter(|owner| seen.insert(*owner))
            .collect()
    }
}

impl Workspace<'_> {
    /// Who owns which table; asked for by several rules and found out once.
    pub fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| {
            let mut tables = self.grounds();
            self.touch(&mut tables);
            tables
        })
    }
}

/// A service's name for a sentence.
fn name_of(owner: &Owner) -> String {
    owner.service.clone().unwrap_or_default()
}

/// The names of services for a sentence.
fn names_of<'o>(owners: impl IntoIterator<Item = &'o Owner>) -> String {
    let owners = owners.into_iter();
    names::listed(owners.filter_map(|owner| owner.service.as_deref()))
}
