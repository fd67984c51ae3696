//! Tables and columns whose names in the database are not snake_case.

use std::collections::HashMap;

use crate::finding::{Edit, Fix, Safety};
use crate::model::Workspace;
use crate::model::holdings::Holding;
use crate::model::names;
use crate::parse::prisma::{Field, Model};
use crate::source::{Place, SourceFile, Span};

/// A table or column whose name in the database is not snake_case.
pub struct OddName<'w> {
    /// Whose it is.
    pub holding: &'w Holding,
    /// The table's name in the database.
    pub table: &'w str,
    /// The column's name, if it is one's.
    pub column: Option<&'w str>,
    /// Whether it is a view's.
    pub is_view: bool,
    /// Where the name is written: in `@map` or `@@map`, else as that of the field or model.
    pub place: Place,
    /// Whether it is written in `@map` or `@@map`.
    pub is_mapped: bool,
    /// The same words in snake_case, unless something else has that name.
    pub meant: Option<String>,
    /// Writes them.
    pub fix: Option<Fix>,
}

/// The scalar types of Prisma (Prisma schema reference, "Model field scalar types").
const SCALARS: [&str; 9] = [
    "BigInt", "Boolean", "Bytes", "DateTime", "Decimal", "Float", "Int", "Json", "String",
];

impl Workspace<'_> {
    /// The tables and columns of all Prisma schemas for PostgreSQL that are not in snake_case, in the order
    /// in which they are written.
    pub fn odd_table_names(&self) -> Vec<OddName<'_>> {
        let holdings = self.holdings().iter();
        let holdings = holdings.filter(|holding| holding.is_postgres);
        holdings
            .flat_map(|holding| self.odd_names_of(holding))
            .collect()
    }

    fn odd_names_of<'w>(&'w self, holding: &'w Holding) -> Vec<OddName<'w>> {
        let parts: Vec<_> = self.schema_parts(holding).collect();
        let models = || parts.iter().flat_map(|(_, schema)| &schema.models);
        let tables = count(models().map(|model| model.table().value.as_str()));
        let enums = parts.iter().flat_map(|(_, schema)| &schema.enums);
        let enums: Vec<&str> = enums.map(|it| it.name.value.as_str()).collect();
        let is_whole = !holding.is_open;
        let mut odd = Vec::new();
        for &(file, schema) in &parts {
            let source = self.sources.file(file);
            for model in &schema.models {
                let table = model.table();
                if !names::is_snake_case(&table.value) {
                    let meant = meant(&table.value, &tables);
                    let is_mapped = model.mapped.is_some();
                    odd.push(OddName {
                        holding,
                        table: &table.value,
                        column: None,
                        is_view: model.is_view,
                        place: table.span.in_file(file),
                        is_mapped,
                        fix: meant.as_ref().filter(|_| is_whole).and_then(|meant| {
                            if is_mapped {
                                let place = table.span.in_file(file);
                                self.unsafe_replacement(place, &table.value, meant)
                            } else {
                                let (at, text) = map_of_model(source, model, meant)?;
                                Some(insertion(at.in_file(file), text))
                            }
                        }),
                        meant,
                    });
                }
                let is_column = |field: &&Field| {
                    let type_name = field.type_name.value.as_str();
                    field.unsupported || SCALARS.contains(&type_name) || enums.contains(&type_name)
                };
                let columns = || model.fields.iter().filter(is_column);
                let taken = count(columns().map(|field| field.column().value.as_str()));
                for field in columns() {
                    let column = field.column();
                    if names::is_snake_case(&column.value) {
                        continue;
                    }
                    let meant = meant(&column.value, &taken);
                    let is_mapped = field.mapped.is_some();
                    odd.push(OddName {
                        holding,
                        table: &table.value,
                        column: Some(&column.value),
                        is_view: model.is_view,
                        place: column.span.in_file(file),
                        is_mapped,
                        fix: meant.as_ref().filter(|_| is_whole).and_then(|meant| {
                            if is_mapped {
                                let place = column.span.in_file(file);
                                self.unsafe_replacement(place, &column.value, meant)
                            } else {
                                let at = end_of_field(source, field);
                                let at = Span::new(at, at).in_file(file);
                                Some(insertion(at, format!(" @map(\"{meant}\")")))
                            }
                        }),
                        meant,
                    });
                }
            }
        }
        odd
    }
}

/// How often each name would be there if all were in snake_case.
fn count<'n>(names: impl Iterator<Item = &'n str>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(in_snake_case(name)).or_default() += 1;
    }
    counts
}

fn meant(name: &str, taken: &HashMap<String, usize>) -> Option<String> {
    let meant = in_snake_case(name);
    let is_free = taken.get(&meant) == Some(&1);
    (is_free && names::is_snake_case(&meant)).then_some(meant)
}

/// The words of a name in snake_case, those after an acronym included (`APIKey`, but not `userIDs`).
fn in_snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut split = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let is_upper = |at: usize| letters.get(at).is_some_and(|it| it.is_uppercase());
        let is_lower = |at: usize| letters.get(at).is_some_and(|it| it.is_lowercase());
        let is_plural = letters.get(at + 1) == Some(&'s') && !is_lower(at + 2);
        if at > 0 && is_upper(at - 1) && is_upper(at) && is_lower(at + 1) && !is_plural {
            split.push('_');
        }
        split.push(letter);
    }
    names::snake_case(&split)
}

fn insertion(place: Place, text: String) -> Fix {
    Fix {
        safety: Safety::Unsafe,
        title: format!("Add `{}`", text.trim()),
        edits: vec![Edit { place, text }],
    }
}

/// One past the last byte of a field: of its last attribute, else of its type with its marks.
fn end_of_field(source: &SourceFile, field: &Field) -> usize {
    if let Some(last) = field.attributes.last() {
        return last.span.end as usize;
    }
    let end = field.type_name.span.end as usize;
    let marks = source.text[end..].find(|letter: char| !"\")[]?".contains(letter));
    end + marks.unwrap_or(0)
}

/// A line with `@@map` behind the last one of a model. `None` where comments or braces stand in the way.
fn map_of_model(source: &SourceFile, model: &Model, name: &str) -> Option<(Span, String)> {
    let first = model.fields.first()?;
    let last_field = model
        .fields
        .iter()
        .map(|field| end_of_field(source, field))
        .max()?;
    let attributes = model.attributes.iter();
    let last_attribute = attributes
        .map(|attribute| attribute.span.end as usize)
        .max();
    let end = last_attribute.unwrap_or(0).max(last_field);
    let rest = &source.text[end..];
    let line = &rest[..rest.find('\n')?];
    let comment = line.trim_start();
    if !(comment.is_empty() || comment.starts_with("//")) {
        return None;
    }
    let start_of_line = source.text[..first.name.span.start as usize].rfind('\n')? + 1;
    let indent = &source.text[start_of_line..first.name.span.start as usize];
    if !indent.trim().is_empty() {
        return None;
    }
    let (line, line_end) = match line.strip_suffix('\r') {
        Some(line) => (line, "\r\n"),
        None => (line, "\n"),
    };
    let blank = if last_attribute.is_some_and(|at| at > last_field) {
        ""
    } else {
        line_end
    };
    let at = end + line.len();
    let text = format!("{line_end}{blank}{indent}@@map(\"{name}\")");
    Some((Span::new(at, at), text))
}

#[cfg(test)]
mod tests {
    use super::in_snake_case;

    #[test]
    fn words_end_where_people_see_their_end() {
        for (name, words) in [
            ("LoanItem", "loan_item"),
            ("vatId", "vat_id"),
            ("APIKey", "api_key"),
            ("HTTPServerURL", "http_server_url"),
            ("userIDs", "user_ids"),
            ("address2Line", "address2_line"),
            ("Loan-Item", "loan_item"),
            ("URL", "url"),
        ] {
            assert_eq!(in_snake_case(name), words);
        }
    }
}
