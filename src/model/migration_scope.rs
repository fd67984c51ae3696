//! Migrations that change more than their own database.

use std::collections::BTreeMap;

use crate::discover::is_test_code;
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::service::Service;
use crate::parse::Facts;
use crate::parse::sql::{ServerChange, ServerObject, Verb};
use crate::source::{FileId, Place, file_name};

/// A migration that changes something which all databases of its server share.
pub struct OutOfScope<'a> {
    /// Whose migration it is.
    pub owner: Owner,
    /// The product of that service, where a registry names it.
    pub product: Option<&'a Product>,
    /// What the migration does.
    pub change: &'a ServerChange,
    /// The name, else the words.
    pub place: Place,
    /// Further places where the same migration changes the same thing.
    pub again: Vec<Place>,
    /// The service whose database it is, if that is known.
    pub whose: Option<&'a Service>,
}

impl OutOfScope<'_> {
    /// The name of what is changed, if the text tells it.
    pub fn name(&self) -> Option<&str> {
        self.change.names.first().map(|name| name.value.as_str())
    }
}

impl Workspace<'_> {
    /// What migrations change beyond their own database; what one migration does to one thing is one change.
    pub fn changes_out_of_scope(&self) -> Vec<OutOfScope<'_>> {
        let mut found = Vec::new();
        for holding in self.holdings().iter().filter(|holding| holding.is_postgres) {
            let owner = holding.owners.first().cloned().unwrap_or_default();
            let mut products = self.products.iter();
            let product = products.find(|product| Some(&product.name) == owner.product.as_ref());
            for &file in &holding.migrations {
                found.extend(self.out_of_scope_in(file, &owner, product));
            }
        }
        found
    }

    fn out_of_scope_in<'a>(
        &'a self,
        file: FileId,
        owner: &Owner,
        product: Option<&'a Product>,
    ) -> Vec<OutOfScope<'a>> {
        let path = &self.sources.file(file).path;
        let Facts::Sql(parsed) = self.facts(file) else {
            return Vec::new();
        };
        if is_test_code(path) || is_way_back(path) || self.is_init_script(file) {
            return Vec::new();
        }
        let way_back = self.way_back(file);
        let mut by_thing: BTreeMap<(ServerObject, Option<&str>), OutOfScope> = BTreeMap::new();
        for change in &parsed.facts.server_changes {
            let name = change.names.first();
            let span = name.map_or(change.words.span, |name| name.span);
            if way_back.is_some_and(|back| back < span.start) {
                continue;
            }
            let name = name.map(|name| name.value.as_str());
            let place = span.in_file(file);
            let again = |known: &mut OutOfScope| known.again.push(place);
            by_thing
                .entry((change.object, name))
                .and_modify(again)
                .or_insert_with(|| {
                    let database = name.filter(|_| change.object == ServerObject::Database);
                    OutOfScope {
                        owner: owner.clone(),
                        product,
                        change,
                        place,
                        again: Vec::new(),
                        whose: product
                            .zip(database)
                            .and_then(|(it, name)| it.owner_of(name)),
                    }
                });
        }
        let mut found: Vec<OutOfScope> = by_thing.into_values().collect();
        found.sort_by_key(|change| change.place);
        found
    }

    /// Where the part of a migration begins that takes it back, if it has one: the markers of dbmate, goose
    /// and sql-migrate.
    fn way_back(&self, file: FileId) -> Option<u32> {
        const MARKERS: [&str; 3] = ["migrate:down", "+goose down", "+migrate down"];
        let text = &self.sources.file(file).text;
        let mut comments = self.facts(file).comments().iter();
        let back = comments.find(|comment| {
            let comment = text[comment.range()].trim_start_matches(['-', ' ', '\t']);
            let is = |marker: &&str| {
                let start = comment.get(..marker.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(marker))
            };
            MARKERS.iter().any(is)
        })?;
        Some(back.start)
    }
}

/// Whether a file takes a migration back: `down.sql`, `0001_init.down.sql`.
fn is_way_back(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let stem = name.strip_suffix(".sql").unwrap_or(&name);
    let last = stem.rsplit(['.', '_', '-']).next();
    last.is_some_and(|word| ["down", "undo", "rollback"].contains(&word))
}

impl ServerObject {
    /// The word for one of it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Role => "role",
            Self::Tablespace => "tablespace",
            Self::Setting => "setting",
        }
    }
}

impl ServerChange {
    /// What is done, as the verb of a sentence.
    pub fn does(&self) -> &'static str {
        match self.verb {
            Verb::Creates => "creates",
            Verb::Alters if self.object == ServerObject::Setting => "changes",
            Verb::Alters => "alters",
            Verb::Drops => "drops",
            Verb::Grants if self.object == ServerObject::Role => "grants",
            Verb::Revokes if self.object == ServerObject::Role => "revokes",
            Verb::Grants => "grants privileges on",
            Verb::Revokes => "revokes privileges on",
        }
    }
}
