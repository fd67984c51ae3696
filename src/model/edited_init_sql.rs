//! Init SQL that a change touches although it touches nothing that the file is generated from.

use std::collections::{BTreeSet, HashSet};

use crate::discover::relative_imports;
use crate::model::Workspace;
use crate::model::drift::Drift;
use crate::model::edited_migrations::first_change;
use crate::model::init_sql::InitSql;
use crate::model::product::Product;
use crate::parse::{Facts, sql};
use crate::source::{ChangeSet, Existence, FileId, Place, import_candidates, is_below, parent};

/// An init SQL that somebody has edited by hand.
pub struct EditedInitSql<'p> {
    /// The first statement that makes it differ from what the registry implies, or the line behind one that is
    /// missing.
    pub stand: Place,
    /// What the edit has brought; never empty.
    pub drift: Vec<Drift<'p>>,
}

impl Workspace<'_> {
    /// The init SQL of a product, if it is a generated one that the change under judgement leads away from the
    /// registry, while neither the registry nor the generator changes, nor what they import.
    pub fn edited_init_sql<'p>(&'p self, product: &'p Product) -> Option<EditedInitSql<'p>> {
        let change = self.sources.change.as_ref()?;
        let init = product.init_sql.as_ref()?;
        let path = self.sources.file(init.file).path.as_str();
        let is_alone = change.touches(path)
            && self.is_init_sql_generated(product)
            && !self.touches_origin_of(product, path, change);
        if !is_alone {
            return None;
        }
        let before = change.before.as_ref()?;
        let text = before.find(path).map_or("", |id| &*before.file(id).text);
        let known = self.drift_before(product, text)?;
        let mut drift = self.init_sql_drift(product);
        drift.retain(|drift| !known.contains(&drift.identity()));
        let stands = drift
            .iter()
            .filter_map(|drift| self.statement_of(drift, init.file));
        let stand = stands
            .min()
            .or_else(|| first_change(self.sources, init.file, text));
        (!drift.is_empty()).then_some(EditedInitSql {
            stand: stand?,
            drift,
        })
    }

    /// What was wrong with the init SQL already before the change, by the registry of today; `None` where that
    /// cannot be told.
    fn drift_before(
        &self,
        product: &Product,
        text: &str,
    ) -> Option<HashSet<(&'static str, String)>> {
        let parsed = sql::parse(text);
        let file = product.init_sql.as_ref()?.file;
        let before = InitSql::of(file, text, &parsed.facts, &parsed.problems);
        before.is_complete.then(|| {
            let drift = self.drift_of(product, &before);
            drift.iter().map(Drift::identity).collect()
        })
    }

    /// Whether a change touches what an init SQL at `path` is generated from, or may do so: what stands beside
    /// the registry may be read by the generator.
    fn touches_origin_of(&self, product: &Product, path: &str, change: &ChangeSet) -> bool {
        let infra = parent(&self.sources.file(product.registry.file).path);
        let beside = |changed: &String| changed != path && is_below(changed, infra);
        if !infra.is_empty() && change.changed.iter().any(beside) {
            return true;
        }
        let mut files: Vec<FileId> = product.registry_files.iter().copied().collect();
        files.push(product.registry.file);
        files.extend(product.generator.as_ref().map(|generator| generator.file));
        let mut known: BTreeSet<FileId> = files.iter().copied().collect();
        while let Some(id) = files.pop() {
            let file = self.sources.file(id);
            if change.touches(&file.path) {
                return true;
            }
            for base in relative_imports(file) {
                for candidate in import_candidates(&base) {
                    let found = self.sources.find(&candidate);
                    let is_unread =
                        found.is_none() && self.sources.existence(&candidate) == Existence::File;
                    if is_unread || change.touches(&candidate) {
                        return true;
                    }
                    files.extend(found.filter(|&found| known.insert(found)));
                }
            }
        }
        false
    }

    /// The statement of an init SQL that makes it differ; `None` for what is missing in it.
    fn statement_of(&self, drift: &Drift, file: FileId) -> Option<Place> {
        let place = drift.place_in_script()?;
        let Facts::Sql(parsed) = self.facts(file) else {
            return None;
        };
        let statements = parsed.facts.statements.iter();
        let mut spans = statements.map(|statement| statement.span);
        let span = spans.find(|span| span.contains(place.span))?;
        Some(span.in_file(file))
    }
}
