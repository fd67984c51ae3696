//! What the config allows for the time being, and which of it allows nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::judgement::Verdict;
use super::touched::Touched;
use super::{Ground, Tables, Workspace};
use crate::catalogue;
use crate::finding::{Edit, Fix, Owner, Safety};
use crate::model::product::Product;
use crate::model::service::Service;
use crate::parse::Facts;
use crate::parse::sql::Access;
use crate::policy::Exception;
use crate::source::{FileId, Kind, Place, Span};
use crate::yaml::Tree;

/// An exception of the config, or a table in one, that allows nothing.
pub struct UnusedException {
    /// The service, where there is none of that name, else the table.
    pub place: Place,
    /// The service.
    pub service: String,
    /// What it says, for a sentence.
    pub what: String,
    /// The table; empty where the service is what does not exist.
    pub table: String,
    /// What to do about it.
    pub help: String,
    /// An edit that removes the exception, where all of it allows nothing.
    pub fix: Option<Fix>,
}

impl Workspace<'_> {
    /// Takes what exceptions allow from what is touched, and notes which of them allow something.
    pub(super) fn allow(&self, tables: &mut Tables) {
        if self.policy.exceptions.is_empty() {
            return;
        }
        let names = self.names_by_ground(tables);
        let config = self.config_file();
        let mut touched = std::mem::take(&mut tables.touched);
        for it in &mut touched {
            for (number, exception) in self.policy.exceptions.iter().enumerate() {
                if !names[it.ground].contains(exception.service.value.as_str()) {
                    continue;
                }
                for (position, table) in exception.may_read.iter().enumerate() {
                    if !it.is_read() || !tables.is_meant(it, &table.value) {
                        continue;
                    }
                    tables.used.insert((number, position));
                    if exception.has_ended(self.policy.today) {
                        let place = config.map(|file| exception.until.span.in_file(file));
                        it.ended = Some((exception.until.value.to_string(), place));
                    } else {
                        it.forbid_only(|access| access == Access::Reads);
                    }
                }
            }
        }
        touched.retain(Touched::has_uses);
        tables.touched = touched;
    }

    /// The config, where it is a file of the workspace.
    pub fn config_file(&self) -> Option<FileId> {
        let mut files = self.sources.files();
        files.find_map(|(id, file)| (file.kind == Kind::Config).then_some(id))
    }

    /// What an exception may call the services of each ground: their names, and their containers'.
    fn names_by_ground(&self, tables: &Tables) -> Vec<BTreeSet<&str>> {
        let mut by_owner: BTreeMap<Owner, BTreeSet<&str>> = BTreeMap::new();
        for service in self.products().iter().flat_map(Product::services) {
            by_owner.insert(service.into(), BTreeSet::from([service.key()]));
        }
        for service in self.inferred_services() {
            let names = by_owner.entry(service.into()).or_default();
            names.insert(service.name.as_str());
            let containers = service.containers.iter();
            let keys =
                containers.map(|&(stack, position)| &self.stacks[stack].services[position].key);
            names.extend(keys.map(|key| key.value.as_str()));
        }
        let names = |ground: &Ground| {
            let names = ground.owners.iter().filter_map(|it| by_owner.get(it));
            names.flatten().copied().collect()
        };
        tables.grounds.iter().map(names).collect()
    }

    /// Everything that a service can be called in the config.
    pub(crate) fn service_names(&self) -> BTreeSet<&str> {
        let containers = self.stacks.iter().flat_map(|stack| &stack.services);
        let mut names: BTreeSet<&str> = containers.map(|it| it.key.value.as_str()).collect();
        let registered = self.products().iter().flat_map(Product::services);
        names.extend(registered.map(Service::key));
        names.extend(self.inferred_services().iter().map(|it| it.name.as_str()));
        names.extend(self.policy.services.iter().map(|it| it.name.value.as_str()));
        names
    }

    /// Exceptions that allow nothing; none where the rules that they are for are off, or where the config is no
    /// file of the workspace.
    pub fn unused_exceptions(&self) -> Vec<UnusedException> {
        let is_off = |rule| self.policy.is_switched_off(rule, "sql");
        if is_off("foreign-table") && is_off("cross-database-query") {
            return Vec::new();
        }
        let Some(file) = self.config_file() else {
            return Vec::new();
        };
        let names = self.service_names();
        let by_ground = self.names_by_ground(self.tables());
        let mut unused = Vec::new();
        for (number, exception) in self.policy.exceptions.iter().enumerate() {
            let service = exception.service.value.as_str();
            if !names.contains(service) {
                let nearest = catalogue::nearest(service, names.iter().copied());
                unused.push(UnusedException {
                    place: exception.service.span.in_file(file),
                    service: service.to_owned(),
                    what: format!("there is no service `{service}` that could read anything"),
                    table: String::new(),
                    help: match nearest {
                        Some(name) => format!("write `{name}`, or remove the exception"),
                        None => "remove the exception".to_owned(),
                    },
                    fix: nearest
                        .is_none()
                        .then(|| self.without_exception(file, exception))
                        .flatten(),
                });
                continue;
            }
            unused.extend(self.unused_tables(file, number, exception, &by_ground));
        }
        unused
    }

    fn unused_tables(
        &self,
        file: FileId,
        number: usize,
        exception: &Exception,
        names: &[BTreeSet<&str>],
    ) -> Vec<UnusedException> {
        let tables = self.tables();
        let service = exception.service.value.as_str();
        let readers: Vec<usize> = (0..tables.grounds.len())
            .filter(|&ground| names[ground].contains(service))
            .collect();
        let is_all_read = readers
            .iter()
            .all(|&ground| self.is_all_sql_read(tables, ground));
        let is_unused = |&(position, table): &(usize, &crate::source::At<String>)| {
            let is_somewhere = tables.is_somewhere(&table.value);
            !tables.used.contains(&(number, position))
                && (!is_somewhere && !tables.is_in_doubt(&table.value)
                    || is_somewhere && is_all_read && !readers.is_empty())
        };
        let positions = exception.may_read.iter().enumerate();
        let found: Vec<_> = positions.filter(is_unused).collect();
        let is_whole = found.len() == exception.may_read.len();
        let unused = found.iter().map(|(_, table)| {
            let name = &table.value;
            UnusedException {
                place: table.span.in_file(file),
                service: service.to_owned(),
                what: if tables.is_somewhere(name) {
                    format!("`{service}` does not read `{name}`")
                } else {
                    format!("no other service has a table `{name}` that `{service}` could read")
                },
                table: name.clone(),
                help: if is_whole {
                    "remove the exception".to_owned()
                } else {
                    format!("remove `{name}` from `may-read`")
                },
                fix: is_whole
                    .then(|| self.without_exception(file, exception))
                    .flatten(),
            }
        });
        unused.collect()
    }

    /// Whether all of a module's SQL is known. What a program puts together from what it is given is not.
    fn is_all_sql_read(&self, tables: &Tables, ground: usize) -> bool {
        let folder = &tables.grounds[ground].folder;
        let below = self.sources.below(folder);
        let mut files = below.filter_map(|(path, _)| self.sources.find(path));
        let is_known = |file: FileId| match self.facts(file) {
            Facts::Code(parsed) => {
                parsed.problems.is_empty() && parsed.facts.queries.iter().all(|it| it.is_known)
            }
            _ => true,
        };
        tables.grounds[ground].doubt.is_none() && files.all(is_known)
    }

    /// An edit that removes an exception with the lines that it stands on; with the last of them the key as
    /// well.
    fn without_exception(&self, file: FileId, exception: &Exception) -> Option<Fix> {
        let source = self.sources.file(file);
        let tree = Tree::parse(&source.text);
        let all = tree.root()?.get("exceptions")?;
        let items = all.value.items();
        let item = items
            .iter()
            .find(|item| item.span().contains(exception.service.span))?;
        let (begins, ends) = if items.len() == 1 {
            (all.key.span.start, all.value.span().end)
        } else {
            (item.span().start, item.span().end)
        };
        let (first, last) = (source.line_of(begins), source.line_of(ends));
        let begin = source.line_span(first);
        let text = source.slice(begin).trim_start();
        let is_own_line = items.len() == 1 || text.starts_with('-');
        let is_apart = items.iter().all(|other| {
            other.span() == item.span()
                || source.line_of(other.span().start) > last
                || source.line_of(other.span().end) < first
        });
        if !is_own_line || !is_apart {
            return None;
        }
        let starts = source.line_starts();
        let end = starts.get(last + 1).copied();
        let end = end.map_or(source.text.len(), |end| end as usize);
        Some(Fix {
            safety: Safety::Safe,
            title: "Remove the exception".to_owned(),
            edits: vec![Edit {
                place: Span::new(begin.start as usize, end).in_file(file),
                text: String::new(),
            }],
        })
    }
}

impl Tables {
    /// Whether an exception's `table`, `database.table` or `database.schema.table` means what is touched.
    fn is_meant(&self, touched: &Touched, table: &str) -> bool {
        let (qualifier, name) = split(table);
        let (definitions, owners) = match &touched.verdict {
            Verdict::Foreign {
                definitions,
                qualifier,
            } => (definitions, qualifier.clone().unwrap_or_default()),
            Verdict::OtherDatabase {
                definitions,
                owners,
                ..
            } => (definitions, owners.clone()),
            _ => return false,
        };
        let is_theirs = |qualifier: &str| {
            let mut holders = definitions.iter().map(|it| &self.holders[it.holding]);
            let owned = self.by_database.get(qualifier).into_iter().flatten();
            holders.any(|holder| holder.databases.contains(qualifier))
                || owned.into_iter().any(|it| owners.contains(&it.owner))
        };
        touched.name == name && qualifier.is_none_or(is_theirs)
    }

    /// Whether some module defines what an exception names.
    fn is_somewhere(&self, table: &str) -> bool {
        let (qualifier, name) = split(table);
        let definitions = self.by_name.get(name).into_iter().flatten();
        let mut holders = definitions.map(|it| &self.holders[it.holding]);
        match qualifier {
            Some(database) => holders.any(|holder| holder.databases.contains(database)),
            None => holders.next().is_some(),
        }
    }

    /// Whether the tables are not known of whoever may define what an exception names.
    fn is_in_doubt(&self, table: &str) -> bool {
        let owners = split(table)
            .0
            .and_then(|database| self.by_database.get(database));
        let mut grounds = self.grounds.iter();
        grounds.any(|ground| {
            let may_define =
                owners.is_none_or(|owners| owners.iter().any(|it| ground.is_of(&it.owner)));
            may_define && ground.doubt.is_some()
        })
    }
}

/// The database and the table of `database.schema.table`, `database.table` or `table`.
fn split(table: &str) -> (Option<&str>, &str) {
    let name = table.rsplit_once('.').map_or(table, |(_, name)| name);
    let database = table.split_once('.').map(|(database, _)| database);
    (database, name)
}
