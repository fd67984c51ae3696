//! What a reference means where it stands.

use std::collections::BTreeSet;

use super::{Definition, Ground, Tables, apart};
use crate::finding::Owner;
use crate::parse::sql::{Access, TableReference};

/// What a table is to the module whose SQL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its own, nobody's to judge, or not known well enough.
    Fine,
    /// A table that others define and the module does not.
    Foreign {
        /// What others define.
        definitions: Vec<Definition>,
        /// Whether the name says whose it is by a qualifier, and the qualifier's owners where it is a database.
        qualifier: Option<Vec<Owner>>,
    },
    /// A name whose first part is another database.
    OtherDatabase {
        /// Its owners; none where nobody known owns it.
        owners: Vec<Owner>,
        /// What they define by that name.
        definitions: Vec<Definition>,
        /// Whether the name is a schema of theirs instead.
        is_schema: bool,
    },
    /// A table that nobody defines.
    Unknown {
        /// The module's table of that name in another case, which needs quotes.
        unquoted: Option<String>,
        /// What others define by that name in another case.
        alike: Vec<Definition>,
    },
}

impl Tables {
    /// What a reference means on a ground.
    pub(super) fn judge(&self, ground: &Ground, reference: &TableReference) -> Verdict {
        let name = reference.name.name().value.as_str();
        let schema = reference.name.schema().map(|part| part.value.as_str());
        let database = reference.name.database().map(|part| part.value.as_str());
        if let Some(database) = database.filter(|it| !ground.databases.contains(*it)) {
            return self.judge_database(ground, database, name);
        }
        let is_own_schema =
            |schema: &str| ground.schemas.contains(schema) || ground.databases.contains(schema);
        match schema.filter(|schema| !is_own_schema(schema)) {
            Some(schema) => self.judge_qualifier(ground, schema, name),
            None => self.judge_name(ground, schema, name, reference),
        }
    }

    /// A name of three parts whose first is not the module's database.
    fn judge_database(&self, ground: &Ground, database: &str, name: &str) -> Verdict {
        let owners = self.neighbours_with_database(ground, database);
        // Where no registry says which database is the module's, another environment may call it so.
        let is_certain = ground.is_registered;
        if owners.is_empty() && !is_certain {
            return Verdict::Fine;
        }
        let definitions = self.definitions_of(ground, name);
        Verdict::OtherDatabase {
            definitions: of_owners(self, definitions, &owners),
            owners,
            is_schema: false,
        }
    }

    /// A name of two parts whose first is no schema of the module's database.
    fn judge_qualifier(&self, ground: &Ground, qualifier: &str, name: &str) -> Verdict {
        if ground.doubt.is_some() {
            return Verdict::Fine;
        }
        let owners = self.neighbours_with_database(ground, qualifier);
        let schemas = self.by_schema.get(qualifier).into_iter().flatten();
        let holdings: BTreeSet<usize> = schemas
            .copied()
            .filter(|&holding| self.is_of_another(ground, holding))
            .collect();
        let all = self.definitions_of(ground, name);
        let mut definitions = of_owners(self, all, &owners);
        let same_name = self.by_name.get(name).into_iter().flatten();
        for definition in same_name {
            let is_there = holdings.contains(&definition.holding) && definition.schema == qualifier;
            if is_there && !definitions.contains(definition) {
                definitions.push(definition.clone());
            }
        }
        if !definitions.is_empty() {
            return Verdict::Foreign {
                definitions,
                qualifier: Some(owners),
            };
        }
        if !owners.is_empty() {
            return Verdict::OtherDatabase {
                owners,
                definitions,
                is_schema: false,
            };
        }
        // An extension or a platform may have put a schema of that name into every database.
        if holdings.is_empty() || apart::is_apart(Some(qualifier), name) {
            return Verdict::Fine;
        }
        let holders = holdings.iter().map(|&holding| &self.holders[holding]);
        let mut owners: Vec<Owner> = holders.flat_map(|it| it.owners.clone()).collect();
        owners.dedup();
        Verdict::OtherDatabase {
            owners,
            definitions,
            is_schema: true,
        }
    }

    /// A name without a qualifier, or with one of the module's own.
    fn judge_name(
        &self,
        ground: &Ground,
        schema: Option<&str>,
        name: &str,
        reference: &TableReference,
    ) -> Verdict {
        let is_known = ground.has(name) || apart::is_apart(schema, name);
        if is_known || ground.doubt.is_some() || reference.access == Access::Defines {
            return Verdict::Fine;
        }
        if let Some(spelling) = ground.spellings.get(&name.to_lowercase()) {
            return Verdict::Unknown {
                unquoted: Some(spelling.clone()),
                alike: Vec::new(),
            };
        }
        let is_usual = schema.is_none_or(|schema| schema == "public");
        let definitions = if is_usual {
            self.nearest_of(ground, self.definitions_of(ground, name))
        } else {
            Vec::new()
        };
        if !definitions.is_empty() {
            return Verdict::Foreign {
                definitions,
                qualifier: None,
            };
        }
        // Who shares the database with the module may have made it there.
        let is_others = self.by_name.contains_key(name);
        let is_little_known = ground.holdings.is_empty() || ground.makes_others || is_others;
        let path = reference.search_path.iter().flatten();
        let mut elsewhere = path.filter(|schema| !ground.schemas.contains(*schema));
        let may_stand_elsewhere = schema.is_none() && elsewhere.next().is_some();
        if is_little_known
            || may_stand_elsewhere
            || reference.is_optional
            || is_serial(ground, name)
            || is_partition(ground, name)
        {
            return Verdict::Fine;
        }
        Verdict::Unknown {
            unquoted: None,
            alike: if is_usual {
                self.nearest_of(ground, self.definitions_alike(ground, name))
            } else {
                Vec::new()
            },
        }
    }

    /// What others define by that name.
    fn definitions_of(&self, ground: &Ground, name: &str) -> Vec<Definition> {
        let exact = self.by_name.get(name).into_iter().flatten();
        let is_foreign = |it: &&Definition| self.is_neighbour(ground, it.holding);
        exact.filter(is_foreign).cloned().collect()
    }

    /// What others define by that name in any case.
    fn definitions_alike(&self, ground: &Ground, name: &str) -> Vec<Definition> {
        let spellings = self.spellings.get(&name.to_lowercase());
        let spellings = spellings.into_iter().flatten();
        let all = spellings.flat_map(|name| self.definitions_of(ground, name));
        all.collect()
    }

    /// Those of one's own product, if there are any.
    fn nearest_of(&self, ground: &Ground, all: Vec<Definition>) -> Vec<Definition> {
        let products: BTreeSet<&String> = ground
            .owners
            .iter()
            .filter_map(|owner| owner.product.as_ref())
            .collect();
        let is_near = |it: &&Definition| {
            let owners = &self.holders[it.holding].owners;
            let mut near = owners.iter().filter_map(|owner| owner.product.as_ref());
            near.any(|product| products.contains(product))
        };
        let near: Vec<Definition> = all.iter().filter(is_near).cloned().collect();
        if near.is_empty() { all } else { near }
    }

    /// Whether a holding is that of another service.
    fn is_of_another(&self, ground: &Ground, holding: usize) -> bool {
        let holder = &self.holders[holding];
        !ground.holdings.contains(&holding)
            && !holder.owners.is_empty()
            && !holder.owners.iter().any(|owner| ground.is_of(owner))
    }

    /// Whether it is that of another service which does not share the ground's database.
    fn is_neighbour(&self, ground: &Ground, holding: usize) -> bool {
        let databases = &self.holders[holding].databases;
        self.is_of_another(ground, holding) && databases.is_disjoint(&ground.databases)
    }

    /// The services besides its own that own a database.
    pub(super) fn neighbours_with_database(&self, ground: &Ground, name: &str) -> Vec<Owner> {
        let owners = self.by_database.get(name).into_iter().flatten();
        let others = owners.filter(|it| !ground.is_of(&it.owner));
        others.map(|it| it.owner.clone()).collect()
    }
}

fn of_owners(tables: &Tables, definitions: Vec<Definition>, owners: &[Owner]) -> Vec<Definition> {
    let is_theirs = |it: &Definition| {
        let holder = &tables.holders[it.holding];
        holder.owners.iter().any(|owner| owners.contains(owner))
    };
    definitions.into_iter().filter(is_theirs).collect()
}

/// Whether a relation is the sequence that PostgreSQL makes for a serial column of one of the module's tables:
/// `invoice_id_seq`.
fn is_serial(ground: &Ground, name: &str) -> bool {
    let stem = name.strip_suffix("_seq");
    let mut ends = stem.into_iter().flat_map(|stem| {
        let ends = stem.match_indices('_');
        ends.map(|(at, _)| &stem[..at])
    });
    ends.any(|table| ground.has(table))
}

/// Whether a name is that of a partition of one of the module's tables, as functions and cron jobs make them:
/// `event_2024_01`, `event_p20240101`, `event_default`.
fn is_partition(ground: &Ground, name: &str) -> bool {
    let ends = name.match_indices('_').map(|(at, _)| at);
    let mut ends = ends.filter(|&at| ground.has(&name[..at]));
    ends.any(|at| {
        let rest = &name[at + 1..];
        let number = rest.strip_prefix(['p', 'y']).unwrap_or(rest);
        number.starts_with(|first: char| first.is_ascii_digit()) || rest == "default"
    })
}
