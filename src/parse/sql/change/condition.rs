//! Conditions that ask the catalogue whether something is there.

use super::words::Words;
use super::{Condition, Test, Tested};
use crate::parse::sql::split::TokenKind;

/// Reads the condition of an `IF`.
pub(super) fn read(words: Words) -> Condition {
    let mut tests = Vec::new();
    let mut rest = words;
    loop {
        let end = rest
            .find(|here| here.at("and"))
            .unwrap_or(rest.rest().len());
        match test(rest.over(&rest.rest()[..end])) {
            Some(test) => tests.push(test),
            None => return Condition::Unknown,
        }
        rest.skip(end + 1);
        if rest.is_empty() {
            return Condition::All(tests);
        }
    }
}

fn test(mut words: Words) -> Option<Test> {
    let mut is_negated = words.eat("not");
    if words.cursor.is_symbol(0, b'(') {
        let group = words.group()?;
        let mut test = words.is_empty().then(|| test(group))??;
        test.is_negated ^= is_negated;
        return Some(test);
    }
    if words.eat("exists") {
        let query = words.group()?;
        let (schema, object) = words.is_empty().then(|| exists(query))??;
        return Some(Test {
            is_negated,
            schema,
            object,
        });
    }
    let name = words.object()?;
    let group = words.group()?;
    let mut name_of = group;
    let mut literal = name_of.literal()?;
    let is_known =
        name_of.is_empty() && matches!(name.name().value.as_str(), "to_regclass" | "to_regtype");
    if !is_known {
        return None;
    }
    if words.eat("is null") {
        is_negated = !is_negated;
    } else if !words.eat("is not null") {
        return None;
    }
    if !words.is_empty() {
        return None;
    }
    let mut parts: Vec<String> = literal
        .value
        .split('.')
        .map(stored)
        .collect::<Option<_>>()?;
    literal.value = parts.pop()?;
    let schema = parts.pop();
    let object = if name.name().value == "to_regclass" {
        Tested::Relation(literal.value)
    } else {
        Tested::Type(literal.value)
    };
    parts.is_empty().then_some(Test {
        is_negated,
        schema,
        object,
    })
}

/// A part of a name in a text, as PostgreSQL stores it.
fn stored(part: &str) -> Option<String> {
    let part = part.trim();
    match part.strip_prefix('"') {
        Some(quoted) => quoted
            .strip_suffix('"')
            .filter(|name| !name.contains('"'))
            .map(str::to_owned),
        None => (!part.contains('"')).then(|| part.to_ascii_lowercase()),
    }
}

/// What `SELECT … FROM a catalogue WHERE column = 'text' AND …` asks for.
fn exists(mut query: Words) -> Option<(Option<String>, Tested)> {
    let from = query.find(|here| here.at("from"))?;
    query.skip(from + 1);
    let end = query.find(|here| here.at("where"))?;
    let sources = query.over(&query.rest()[..end]);
    let catalogs = catalogs(sources)?;
    query.skip(end + 1);
    let mut asked = Asked::default();
    loop {
        let end = query
            .find(|here| here.at("and"))
            .unwrap_or(query.rest().len());
        asked.equality(query.over(&query.rest()[..end]))?;
        query.skip(end + 1);
        if query.is_empty() {
            break;
        }
    }
    asked.object(&catalogs)
}

/// The catalogues that a query reads, by their own names.
fn catalogs(words: Words) -> Option<Vec<String>> {
    const KNOWN: [&str; 9] = [
        "columns",
        "tables",
        "schemata",
        "pg_tables",
        "pg_type",
        "pg_enum",
        "pg_class",
        "pg_namespace",
        "pg_views",
    ];
    let mut found = Vec::new();
    let mut rest = words;
    loop {
        let name = rest.object()?;
        let own = name.name().value.clone();
        if !KNOWN.contains(&own.as_str()) {
            return None;
        }
        found.push(own);
        let next = rest.find(|here| here.at("join"));
        let comma = rest
            .rest()
            .iter()
            .position(|token| token.kind == TokenKind::Symbol(b','));
        if rest
            .find(|here| here.at("left") || here.at("full") || here.at("right"))
            .is_some()
        {
            return None;
        }
        match next.or(comma) {
            Some(position) => rest.skip(position + 1),
            None => return Some(found),
        }
    }
}

/// Columns that join catalogues.
const KEYS: [&str; 6] = [
    "oid",
    "typnamespace",
    "relnamespace",
    "enumtypid",
    "typrelid",
    "attrelid",
];

/// The values that a condition demands of columns.
#[derive(Default)]
struct Asked {
    values: Vec<(String, String)>,
}

impl Asked {
    fn equality(&mut self, mut words: Words) -> Option<()> {
        let column = words.object()?;
        let own = column.name().value.clone();
        if !words.eat_symbol(b'=') {
            return None;
        }
        if let Some(literal) = words.literal() {
            let is_type = words
                .rest()
                .first()
                .is_some_and(|token| words.written(token) == "::")
                && words.cursor.is_word(1, &["regtype", "regclass"]);
            let value = if is_type {
                stored(&literal.value)?
            } else {
                literal.value
            };
            if !words.is_empty()
                && words
                    .rest()
                    .first()
                    .is_none_or(|token| words.written(token) != "::")
            {
                return None;
            }
            self.values.push((own, value));
            return Some(());
        }
        if words.eat("current_schema") {
            words.group();
            return words.is_empty().then_some(());
        }
        // A subquery on `pg_namespace` or `pg_type`.
        if let Some(mut group) = words.group() {
            let from = group
                .at("select")
                .then(|| group.find(|here| here.at("from")))??;
            group.skip(from + 1);
            let end = group.find(|here| here.at("where"))?;
            catalogs(group.over(&group.rest()[..end]))?;
            group.skip(end + 1);
            loop {
                let end = group
                    .find(|here| here.at("and"))
                    .unwrap_or(group.rest().len());
                self.equality(group.over(&group.rest()[..end]))?;
                group.skip(end + 1);
                if group.is_empty() {
                    return words.is_empty().then_some(());
                }
            }
        }
        let other = words.object()?;
        let is_key = |name: &str| KEYS.contains(&name);
        (words.is_empty() && is_key(&own) && is_key(&other.name().value)).then_some(())
    }

    fn take(&mut self, columns: &[&str]) -> Option<String> {
        let position = self
            .values
            .iter()
            .position(|(column, _)| columns.contains(&column.as_str()))?;
        Some(self.values.remove(position).1)
    }

    fn object(mut self, catalogs: &[String]) -> Option<(Option<String>, Tested)> {
        let has = |name: &str| catalogs.iter().any(|catalog| catalog == name);
        if has("schemata") || catalogs == ["pg_namespace"] {
            let name = self.take(&["schema_name", "nspname"])?;
            return self
                .values
                .is_empty()
                .then_some((None, Tested::Schema(name)));
        }
        let schema = self.take(&["table_schema", "schemaname", "nspname"]);
        let object = if has("pg_enum") {
            let value = self.take(&["enumlabel"])?;
            Tested::Value(self.take(&["typname", "enumtypid"])?, value)
        } else if has("columns") {
            let column = self.take(&["column_name"])?;
            Tested::Column(self.take(&["table_name"])?, column)
        } else if has("pg_type") {
            let name = self.take(&["typname"])?;
            let kind = self.take(&["typtype"]);
            if kind.is_some_and(|kind| kind != "e") {
                return None;
            }
            Tested::Type(name)
        } else {
            let kind = self.take(&["relkind"]);
            if kind.is_some_and(|kind| kind != "r") {
                return None;
            }
            Tested::Relation(self.take(&["table_name", "tablename", "relname", "viewname"])?)
        };
        self.values.is_empty().then_some((schema, object))
    }
}
