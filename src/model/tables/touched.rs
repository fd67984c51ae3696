//! What SQL does with tables that are not its module's.

use std::collections::{BTreeMap, BTreeSet};

use super::grounds::is_for_other_database;
use super::judgement::Verdict;
use super::{DatabaseOwner, Definition, Tables, Use, name_of, names_of};
use crate::catalogue::Guesser;
use crate::discover::is_test_code;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::code::CodeFile;
use crate::model::service::Service;
use crate::parse::Facts;
use crate::parse::sql::{Access, ObjectName, Reach, TableReference};
use crate::source::{FileId, Place};

/// A table that a file touches, however often.
#[derive(Debug)]
pub(super) struct Touched {
    /// The number of the ground.
    pub(super) ground: usize,
    /// The name in the catalogue.
    pub(super) name: String,
    /// The name as it is written.
    written: String,
    pub(super) verdict: Verdict,
    /// Where it is named, in which part of the name, and what is done with it, in the order of the text.
    uses: Vec<TouchedAt>,
    /// Until when it was allowed, where that has passed.
    pub(super) ended: Option<(String, Option<Place>)>,
}

#[derive(Clone, Copy, Debug)]
struct TouchedAt {
    /// The whole name.
    name: Place,
    /// Its first part.
    first: Place,
    access: Access,
    /// What runs the text, where that is in another file.
    run: Option<Place>,
}

/// A table of others that a module's SQL touches.
pub struct ForeignTable {
    /// The name.
    pub place: Place,
    /// The name as it is written.
    pub written: String,
    /// The table's own name.
    pub name: String,
    /// Whom the finding is about.
    pub reader: Owner,
    /// What is done with the table first: `reads`.
    pub verb: &'static str,
    /// Whose it is, in words.
    pub owners: String,
    /// Where they define it, and where else it is touched.
    pub labels: Vec<(Place, String)>,
    /// What to do about it.
    pub help: String,
}

/// A name that says that its table stands in another database.
pub struct CrossDatabaseName {
    /// The part of the name that says so.
    pub place: Place,
    /// The name as it is written.
    pub written: String,
    /// The table's own name.
    pub name: String,
    /// Whom the finding is about.
    pub reader: Owner,
    /// What the database is, in words.
    pub whose: String,
    /// Whose it is, and where else it is named.
    pub labels: Vec<(Place, String)>,
    /// What to do about it.
    pub help: String,
}

/// A table that no module defines.
pub struct UnknownTable {
    /// The name.
    pub place: Place,
    /// The name as it is written.
    pub written: String,
    /// Whom the finding is about.
    pub reader: Owner,
    /// What is done with the table first: `reads`.
    pub verb: &'static str,
    /// Where else it is named.
    pub labels: Vec<(Place, String)>,
    /// What to do about it.
    pub help: String,
}

/// Further places of one table that are told one by one.
const MOST_PLACES: usize = 5;

impl Workspace<'_> {
    /// The files of SQL that are a module's and are judged, with the numbers of their grounds: no init script,
    /// which belongs to all, no test code, and no SQL of another database.
    pub(super) fn judged_sql(&self, tables: &Tables) -> Vec<(FileId, usize)> {
        let of_others = self.folders_of_other_databases();
        let scripts = self.sql_files().map(|(id, path, _)| (id, path));
        let code = self.code_files().map(|it| (it.file, it.path));
        let files = scripts.chain(code);
        let judged = files.filter(|(id, path)| {
            !self.is_init_script(*id)
                && !is_test_code(path)
                && !is_for_other_database(&of_others, path)
        });
        let mut others = tables.grounds.iter().filter(|it| !it.folder.is_empty());
        let is_only_package = others.all(|ground| ground.holdings.is_empty());
        let owned = judged.filter_map(|(id, path)| {
            let number = tables.ground_below(self.sources, path)?;
            let ground = &tables.grounds[number];
            // What lies in nobody's folder is for all, and so is what lies above several that keep tables.
            let is_ones = is_only_package || !ground.folder.is_empty();
            (is_ones && !ground.owners.is_empty()).then_some((id, number))
        });
        owned.collect()
    }

    /// The files of SQL that are judged.
    pub(crate) fn judged_sql_files(&self) -> BTreeSet<FileId> {
        let files = self.judged_sql(self.tables());
        files.into_iter().map(|(file, _)| file).collect()
    }

    /// The source files of modules, with the names of their owners.
    pub(in crate::model) fn code_by_owners(&self) -> Vec<(CodeFile<'_>, String)> {
        let tables = self.tables();
        let judged: BTreeMap<FileId, usize> = self.judged_sql(tables).into_iter().collect();
        let code = self.code_files().filter_map(|it| {
            let ground = judged.get(&it.file)?;
            Some((it, names_of(&tables.grounds[*ground].owners)))
        });
        code.collect()
    }

    /// Files of SQL whose tables are not judged because their module has some that are not known, by the reason.
    pub(crate) fn sql_in_doubt(&self) -> BTreeMap<String, Vec<FileId>> {
        let tables = self.tables();
        let mut reasons: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
        for (file, ground) in self.judged_sql(tables) {
            if let Some(doubt) = &tables.grounds[ground].doubt
                && self.holds_sql(file)
            {
                let owners = names_of(&tables.grounds[ground].owners);
                let reason = format!("whose tables are named is not judged of {owners}: {doubt}");
                reasons.entry(reason).or_default().push(file);
            }
        }
        reasons
    }

    fn holds_sql(&self, file: FileId) -> bool {
        match self.facts(file) {
            Facts::Code(parsed) => {
                !parsed.facts.queries.is_empty() || !parsed.facts.runs.is_empty()
            }
            _ => true,
        }
    }

    /// Judges every table that SQL names.
    pub(super) fn touch(&self, tables: &mut Tables) {
        let files = self.judged_sql(tables);
        let known: &Tables = tables;
        let uses = files.iter().flat_map(|&(file, ground)| {
            let (references, reaches) = self.sql_in(file);
            let sessions = known.sessions(&known.grounds[ground], reaches);
            // Behind `\connect` tables are the other database's, as the finding about it says.
            let here = references
                .iter()
                .filter(move |it| sessions.is_at_home(it.name.span()))
                .filter(move |it| {
                    let runs = self.run_elsewhere(file, it);
                    runs.is_empty() || runs.iter().any(|run| known.is_of(self, ground, run))
                });
            here.map(move |reference| Use {
                file,
                ground,
                reference,
            })
        });
        tables.touched = self.judge_all(tables, uses);
        self.allow(tables);
    }

    /// The expressions of other files that run the text in which a table is named, where its own file does not.
    fn run_elsewhere(&self, file: FileId, reference: &TableReference) -> &[Place] {
        let name = reference.name.span().in_file(file);
        self.run_elsewhere.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The tables that the SQL in a file names, and how it reaches other databases.
    pub(super) fn sql_in(&self, file: FileId) -> (&[TableReference], &[Reach]) {
        match self.facts(file) {
            Facts::Sql(parsed) => (&parsed.facts.references, &parsed.facts.reaches),
            Facts::Code(parsed) => (&parsed.facts.references, &parsed.facts.reaches),
            _ => (&[], &[]),
        }
    }

    /// What is said of uses, one entry a file and table.
    fn judge_all<'u>(&self, tables: &Tables, uses: impl Iterator<Item = Use<'u>>) -> Vec<Touched> {
        let mut touched: Vec<Touched> = Vec::new();
        let mut known: BTreeMap<(FileId, usize, Vec<&str>), Option<usize>> = BTreeMap::new();
        for it in uses {
            let name = &it.reference.name;
            let parts: Vec<&str> = name.parts.iter().map(|part| part.value.as_str()).collect();
            // What a statement does decides as well: who creates a table owns it.
            let verdict = tables.judge(&tables.grounds[it.ground], it.reference);
            if verdict == Verdict::Fine {
                continue;
            }
            let place = self.whole_name(it.file, name);
            let runs = self.run_elsewhere(it.file, it.reference);
            let at = TouchedAt {
                name: place,
                first: name.parts[0].span.in_file(it.file),
                access: it.reference.access,
                run: runs
                    .iter()
                    .find(|run| tables.is_of(self, it.ground, run))
                    .copied(),
            };
            let number = known.entry((it.file, it.ground, parts)).or_default();
            if let Some(number) = number {
                touched[*number].uses.push(at);
                continue;
            }
            *number = Some(touched.len());
            touched.push(Touched {
                ground: it.ground,
                name: name.name().value.clone(),
                written: self.written(place, name),
                verdict,
                uses: vec![at],
                ended: None,
            });
        }
        touched
    }

    /// Where a name stands: without its quotes, unless it has a qualifier and they stand inside.
    fn whole_name(&self, file: FileId, name: &ObjectName) -> Place {
        let mut span = name.span();
        let text = self.sources.file(file).text.as_bytes();
        if name.parts.len() > 1 && span.start > 0 {
            let is_quote = |at: u32| text.get(at as usize) == Some(&b'"');
            span.start -= u32::from(is_quote(span.start - 1));
            span.end += u32::from(is_quote(span.end));
        }
        span.in_file(file)
    }

    /// A name as it is written, without quotes; as PostgreSQL reads it where escapes hide it.
    fn written(&self, place: Place, name: &ObjectName) -> String {
        let parts: Vec<&str> = name.parts.iter().map(|part| part.value.as_str()).collect();
        let read = parts.join(".");
        let written = self.sources.slice(place).replace('"', "");
        if written.eq_ignore_ascii_case(&read) {
            written
        } else {
            read
        }
    }

    /// Tables that a module's SQL touches and that others define.
    pub fn foreign_tables(&self) -> Vec<ForeignTable> {
        let tables = self.tables();
        let touched = tables.touched.iter();
        let foreign = touched.filter_map(|it| {
            let Verdict::Foreign { definitions, .. } = &it.verdict else {
                return None;
            };
            let first = it.uses.first()?;
            let reader = tables.grounds[it.ground].owner();
            let owners = tables.owners_of(definitions);
            let labels = tables.definition_labels(definitions);
            Some(ForeignTable {
                place: first.name,
                written: it.written.clone(),
                name: it.name.clone(),
                verb: verb(first.access),
                owners: names_seen_from(&reader, &owners),
                labels: labels
                    .into_iter()
                    .chain(it.running())
                    .chain(it.ending())
                    .chain(it.further(|at| at.name))
                    .collect(),
                help: self.advice(&reader, &owners, first.access),
                reader,
            })
        });
        foreign.collect()
    }

    /// Names that lead to another database. Those of tables that others are known to define come with them:
    /// `foreign-table` says it first.
    pub fn cross_database_names(&self) -> Vec<CrossDatabaseName> {
        let tables = self.tables();
        let touched = tables.touched.iter();
        let names = touched.filter_map(|it| {
            let (owners, definitions, is_schema) = match &it.verdict {
                Verdict::OtherDatabase {
                    owners,
                    definitions,
                    is_schema,
                } => (owners, definitions, *is_schema),
                Verdict::Foreign {
                    definitions,
                    qualifier: Some(owners),
                } if !owners.is_empty() => (owners, definitions, false),
                _ => return None,
            };
            let first = it.uses.first()?;
            let reader = tables.grounds[it.ground].owner();
            let database = self.sources.slice(first.first).to_owned();
            let own = tables.own_database_label(it.ground);
            let all: Vec<&Owner> = owners.iter().collect();
            let labels = tables.database_labels(&database, owners);
            let defined = tables.definition_labels(definitions);
            Some(CrossDatabaseName {
                place: first.first,
                written: it.written.clone(),
                name: it.name.clone(),
                whose: whose(&database, owners, is_schema),
                labels: labels
                    .into_iter()
                    .chain(defined)
                    .chain(own)
                    .chain(it.running())
                    .chain(it.ending())
                    .chain(it.further(|at| at.first))
                    .collect(),
                help: self.advice(&reader, &all, first.access),
                reader,
            })
        });
        names.collect()
    }

    /// Tables that a module's SQL touches and that nobody defines.
    pub fn unknown_tables(&self) -> Vec<UnknownTable> {
        let tables = self.tables();
        let mut guessers: BTreeMap<usize, Guesser> = BTreeMap::new();
        let touched = tables.touched.iter();
        let unknown = touched.filter_map(|it| {
            let Verdict::Unknown { unquoted, alike } = &it.verdict else {
                return None;
            };
            let first = it.uses.first()?;
            let ground = &tables.grounds[it.ground];
            let mut holdings = ground
                .holdings
                .iter()
                .map(|&number| &self.holdings()[number]);
            if holdings.any(|holding| self.is_of_edited_history(holding, &it.name)) {
                return None;
            }
            let reader = ground.owner();
            let owners = tables.owners_of(alike);
            let help = if !owners.is_empty() {
                self.advice(&reader, &owners, first.access)
            } else if let Some(name) = unquoted {
                format!(
                    "write `\"{name}\"`: without quotes PostgreSQL takes it for `{}`",
                    it.name
                )
            } else {
                let guesser = guessers.entry(it.ground).or_default();
                match ground.nearest(&it.name, guesser) {
                    Some(name) if name.to_lowercase() != *name => {
                        format!("write `\"{name}\"`, or create `{}` in a migration", it.name)
                    }
                    Some(name) => format!("write `{name}`, or create `{}` in a migration", it.name),
                    None => format!("create `{}` in a migration, or remove it", it.name),
                }
            };
            Some(UnknownTable {
                place: first.name,
                written: it.written.clone(),
                verb: verb(first.access),
                labels: tables
                    .definition_labels(alike)
                    .into_iter()
                    .chain(it.running())
                    .chain(it.further(|at| at.name))
                    .collect(),
                help,
                reader,
            })
        });
        unknown.collect()
    }

    /// What to write instead of touching tables of others.
    pub(super) fn advice(&self, reader: &Owner, owners: &[&Owner], access: Access) -> String {
        if owners.is_empty() {
            return "remove it, and ask the owner of the data over HTTP".to_owned();
        }
        let asked = names_of(owners.iter().copied());
        let way = match owners {
            [owner] => self.way_to_call(reader, owner),
            _ => None,
        };
        let way = way.map_or_else(String::new, |way| format!(" ({way})"));
        match access {
            Access::Reads => format!("remove it, and ask {asked} for its data over HTTP{way}"),
            Access::Writes => format!("remove it, and have {asked} write it over HTTP{way}"),
            Access::References => format!(
                "remove the reference, keep the key as a plain column, and ask {asked} for its data over HTTP{way}"
            ),
            Access::Alters | Access::Drops | Access::Defines => {
                format!("remove the statement: it belongs into a migration of {asked}")
            }
        }
    }

    /// How a service of a registry calls another: by the variable that holds its URL, else by the URL.
    pub(in crate::model) fn way_to_call(&self, reader: &Owner, owner: &Owner) -> Option<String> {
        let name = owner.product.as_deref()?;
        let product = self.products().iter().find(|it| it.name == name)?;
        let called = product.service(owner.service.as_deref()?)?;
        let own = reader
            .service
            .as_deref()
            .filter(|_| reader.product == owner.product);
        let own = own.and_then(|key| product.service(key));
        let known = own.and_then(|own| own.entry.extra_env.known());
        let variables = known.into_iter().flat_map(|known| &known.variables);
        let mut names = variables.map(|variable| variable.name.value.as_str());
        let is_for_it = |name: &&str| {
            let service = product.service_called_by(name);
            service.map(Service::key) == Some(called.key())
        };
        if let Some(name) = names.find(is_for_it) {
            return Some(format!("`{name}`"));
        }
        let port = called.entry.port.known()?.value;
        let host = called.entry.hostname.known();
        let host = host.map_or(called.key(), |text| text.value.as_str());
        Some(format!("`http://{host}:{port}`"))
    }
}

impl Touched {
    /// Keeps the uses that are not allowed.
    pub(super) fn forbid_only(&mut self, is_allowed: impl Fn(Access) -> bool) {
        self.uses.retain(|at| !is_allowed(at.access));
    }

    /// Whether anything is left that is not allowed.
    pub(super) fn has_uses(&self) -> bool {
        !self.uses.is_empty()
    }

    /// Whether it is read at all.
    pub(super) fn is_read(&self) -> bool {
        self.uses.iter().any(|at| at.access == Access::Reads)
    }

    /// The end of what allowed it.
    fn ending(&self) -> Option<(Place, String)> {
        let (until, place) = self.ended.as_ref()?;
        Some(((*place)?, format!("it was allowed until {until}")))
    }

    /// Where the text is run, if that is in another file.
    fn running(&self) -> Option<(Place, String)> {
        let run = self.uses.first()?.run?;
        Some((run, "it is run here".to_owned()))
    }

    /// Where else it stands.
    fn further(&self, place: impl Fn(&TouchedAt) -> Place) -> Vec<(Place, String)> {
        let others = &self.uses[1..];
        let shown = others.iter().take(MOST_PLACES);
        let left = others.len().saturating_sub(MOST_PLACES);
        let labels = shown.enumerate().map(|(number, at)| {
            let remark = if left > 0 && number + 1 == MOST_PLACES {
                format!("also here, and {left} more times")
            } else {
                "also here".to_owned()
            };
            (place(at), remark)
        });
        labels.collect()
    }
}

impl Tables {
    /// Whether a place lies in a ground.
    fn is_of(&self, workspace: &Workspace, ground: usize, place: &Place) -> bool {
        let path = &workspace.sources.file(place.file).path;
        self.ground_below(workspace.sources, path) == Some(ground)
    }

    /// A database of a ground's owners.
    fn own_database(&self, ground: usize) -> Option<(&str, &DatabaseOwner)> {
        let ground = &self.grounds[ground];
        let name = ground.databases.first()?;
        let owners = self.by_database.get(name)?;
        let owner = owners.iter().find(|it| ground.is_of(&it.owner))?;
        Some((name, owner))
    }

    /// Where tables are defined, with whose they are.
    fn definition_labels(&self, definitions: &[Definition]) -> Vec<(Place, String)> {
        let labels = definitions.iter().map(|it| {
            let owners = &self.holders[it.holding].owners;
            let verb = if owners.len() == 1 {
                "defines"
            } else {
                "define"
            };
            (
                it.place,
                format!("{} {verb} `{}`", names_of(owners), it.name),
            )
        });
        labels.collect()
    }

    /// Where it is said whose a database is.
    pub(super) fn database_labels(&self, name: &str, owners: &[Owner]) -> Vec<(Place, String)> {
        let known = self.by_database.get(name).into_iter().flatten();
        let known = known.filter(|it| owners.contains(&it.owner));
        let labels = known.filter_map(|it| {
            let text = format!("`{}` owns `{name}`", name_of(&it.owner));
            Some((it.place?, text))
        });
        labels.collect()
    }

    /// Where it is said which database is a ground's own.
    pub(super) fn own_database_label(&self, ground: usize) -> Option<(Place, String)> {
        let (name, owner) = self.own_database(ground)?;
        Some((
            owner.place?,
            format!("`{}` owns `{name}`", name_of(&owner.owner)),
        ))
    }
}

/// The names of services for a sentence about another one, with the product where that is another.
pub(in crate::model) fn names_seen_from(reader: &Owner, owners: &[&Owner]) -> String {
    let names = names_of(owners.iter().copied());
    let mut products = owners.iter().map(|owner| &owner.product);
    match owners.first().map(|owner| &owner.product) {
        Some(first @ Some(product))
            if *first != reader.product && products.all(|it| it == first) =>
        {
            format!("{names} in `{product}`")
        }
        _ => names,
    }
}

/// A database in words.
pub(super) fn whose(name: &str, owners: &[Owner], is_schema: bool) -> String {
    match owners {
        [] => format!("`{name}`, which is not its own"),
        owners if is_schema => format!("`{name}`, a schema of {}", names_of(owners)),
        owners => format!("`{name}`, the database of {}", names_of(owners)),
    }
}

/// What is done with a table.
fn verb(access: Access) -> &'static str {
    match access {
        Access::Reads => "reads",
        Access::Writes => "writes",
        Access::Defines => "creates",
        Access::Alters => "alters",
        Access::Drops => "drops",
        Access::References => "references",
    }
}
