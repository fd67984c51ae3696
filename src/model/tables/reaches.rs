//! SQL that leaves its database: by dblink, a foreign server, a subscription, `\connect`.

use std::collections::BTreeMap;

use super::touched::whose;
use super::{Ground, Tables};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::parse::sql::{Access, Reach, Way};
use crate::source::{At, FileId, Place, Span};

/// A way out of a module's database, with the further ones of its file that lead to the same place.
pub struct ForeignReach {
    /// The name of the database, else the words that lead away.
    pub place: Place,
    /// The words that lead away, for a sentence.
    pub words: String,
    /// The database's name; empty where the text does not tell.
    pub database: String,
    /// What it is, in words.
    pub whose: Option<String>,
    /// Whom the finding is about.
    pub reader: Owner,
    /// Whose the database is, and what else leads there.
    pub labels: Vec<(Place, String)>,
    /// What to do about it.
    pub help: String,
}

impl Workspace<'_> {
    /// What in SQL files leads out of their modules' databases, one entry a file and database.
    pub fn foreign_reaches(&self) -> Vec<ForeignReach> {
        let tables = self.tables();
        let files = self.judged_sql(tables).into_iter();
        files
            .flat_map(|(file, number)| {
                let (_, reaches) = self.sql_in(file);
                self.reaches_of(tables, file, number, reaches)
            })
            .collect()
    }

    fn reaches_of(
        &self,
        tables: &Tables,
        file: FileId,
        number: usize,
        reaches: &[Reach],
    ) -> Vec<ForeignReach> {
        let ground = &tables.grounds[number];
        let foreign = reaches.iter().filter(|it| tables.leads_away(ground, it));
        // What does not say where it leads belongs to what does: an extension to the server that it is for.
        let mut groups: BTreeMap<&str, Vec<&Reach>> = BTreeMap::new();
        for reach in foreign {
            let database = reach.database.as_ref().map_or("", |it| it.value.as_str());
            groups.entry(database).or_default().push(reach);
        }
        if groups.len() > 1
            && let Some(nameless) = groups.remove("")
            && let Some(first) = groups
                .values_mut()
                .min_by_key(|group| group[0].words.span.start)
        {
            first.extend(nameless);
            first.sort_by_key(|reach| reach.words.span.start);
        }
        let mut found: Vec<ForeignReach> = groups
            .into_iter()
            .map(|(database, group)| self.foreign_reach(tables, file, number, database, &group))
            .collect();
        found.sort_by_key(|reach| reach.place);
        found
    }

    fn foreign_reach(
        &self,
        tables: &Tables,
        file: FileId,
        number: usize,
        database: &str,
        group: &[&Reach],
    ) -> ForeignReach {
        let ground = &tables.grounds[number];
        let reader = ground.owner();
        let owners = tables.neighbours_with_database(ground, database);
        let stand = |reach: &Reach| {
            let named: &At<String> = reach.database.as_ref().unwrap_or(&reach.words);
            named.span.in_file(file)
        };
        let own = tables.own_database_label(number);
        let further = group[1..].iter().map(|reach| {
            let text = format!("and so does {}", words_of(reach));
            (stand(reach), text)
        });
        let labels = tables.database_labels(database, &owners).into_iter();
        let all: Vec<&Owner> = owners.iter().collect();
        ForeignReach {
            place: stand(group[0]),
            words: words_of(group[0]),
            whose: (!database.is_empty()).then(|| whose(database, &owners, false)),
            database: database.to_owned(),
            labels: labels.chain(own).chain(further).collect(),
            help: self.advice(&reader, &all, Access::Reads),
            reader,
        }
    }
}

/// The databases that a script goes through by `\connect`.
pub(super) struct Sessions {
    /// From which byte on a session lasts, and whether it is in the module's own database, sorted.
    starts: Vec<(u32, bool)>,
}

impl Sessions {
    /// Whether what stands at a span is run in the module's own database.
    pub(super) fn is_at_home(&self, span: Span) -> bool {
        let before = self.starts.partition_point(|start| start.0 <= span.start);
        before == 0 || self.starts[before - 1].1
    }
}

impl Tables {
    pub(super) fn sessions(&self, ground: &Ground, reaches: &[Reach]) -> Sessions {
        let connects = reaches.iter().filter(|reach| reach.way == Way::Connect);
        let connects = connects.filter(|reach| reach.database.is_some());
        let starts = connects.map(|it| {
            // Another one than the known is not the module's, even if nobody is known to own it.
            let is_own = |database: &At<String>| ground.databases.contains(&database.value);
            let may_be_own =
                ground.databases.is_empty() || it.database.as_ref().is_some_and(is_own);
            (
                it.words.span.start,
                may_be_own && !self.leads_away(ground, it),
            )
        });
        Sessions {
            starts: starts.collect(),
        }
    }

    /// Whether a way leads out of the ground's database, for certain.
    fn leads_away(&self, ground: &Ground, reach: &Reach) -> bool {
        let Some(database) = &reach.database else {
            return !matches!(reach.way, Way::Connect | Way::ConnectionString);
        };
        if ground.databases.contains(&database.value) {
            return false;
        }
        let is_neighbours = !self
            .neighbours_with_database(ground, &database.value)
            .is_empty();
        // Where no registry says which database is the module's, another environment may call it so.
        is_neighbours || ground.is_registered
    }
}

/// The words of a reach for a sentence.
fn words_of(reach: &Reach) -> String {
    match reach.way {
        Way::ConnectionString => "the connection string".to_owned(),
        Way::Connect => "`\\connect`".to_owned(),
        _ => format!("`{}`", reach.words.value),
    }
}
