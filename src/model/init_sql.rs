//! The script that creates a product's databases on first start.

use std::collections::HashMap;

use crate::model::product::{Generator, Product};
use crate::model::{Workspace, generated};
use crate::parse::Problem;
use crate::parse::sql::{Dialect, SqlFile, StatementKind};
use crate::source::{FileId, Place, Placed, file_name};

/// What an init SQL does.
#[derive(Debug)]
pub struct InitSql {
    /// The file.
    pub file: FileId,
    /// The first comment block, its marks included.
    pub header: Option<Place>,
    /// The first statement.
    pub first_statement: Option<Place>,
    /// `CREATE DATABASE`, in order.
    pub creates: Vec<Placed<String>>,
    /// `GRANT … ON DATABASE`, one a database, in order.
    pub grants: Vec<Grant>,
    /// Statements of other kinds, by their leading key words.
    pub others: Vec<Other>,
    /// Whether all that it does is known: it could be read as a whole, and neither includes another file
    /// nor executes what it only computes.
    pub is_complete: bool,
}

/// A grant on one database.
#[derive(Debug)]
pub struct Grant {
    /// Whether it grants all privileges.
    pub all: bool,
    /// The database.
    pub database: Placed<String>,
    /// The roles.
    pub roles: Vec<Placed<String>>,
}

/// A statement that neither creates a database nor grants on one.
#[derive(Debug)]
pub struct Other {
    /// Its leading key words, in upper case.
    pub words: String,
    /// The whole statement.
    pub place: Place,
}

impl InitSql {
    /// Links the facts of one file, whose problems are findings of their own.
    pub fn of(file: FileId, text: &str, sql: &SqlFile, problems: &[Problem]) -> Self {
        let mut init = Self {
            file,
            header: sql.header.map(|span| span.in_file(file)),
            first_statement: sql.statements.first().map(|first| first.span.in_file(file)),
            creates: Vec::new(),
            grants: Vec::new(),
            others: Vec::new(),
            is_complete: problems.is_empty() && sql.dialect == Dialect::Postgres,
        };
        for statement in &sql.statements {
            let is_broken = problems.iter().any(|problem| {
                let (end, start) = (statement.span.end, problem.span.start);
                let is_behind = || text[end as usize..start as usize].trim().is_empty();
                problem.span.end >= statement.span.start && (start <= end || is_behind())
            });
            match &statement.kind {
                StatementKind::CreateDatabase { name } => init.creates.push(name.in_file(file)),
                StatementKind::GrantOnDatabase {
                    all,
                    databases,
                    roles,
                } => init.grants.extend(databases.iter().map(|database| Grant {
                    all: *all,
                    database: database.in_file(file),
                    roles: roles.iter().map(|role| role.in_file(file)).collect(),
                })),
                StatementKind::DropDatabase { .. } => init.others.push(Other {
                    words: "DROP DATABASE".to_owned(),
                    place: statement.span.in_file(file),
                }),
                StatementKind::Other { words } if !is_broken => init.others.push(Other {
                    words: words.value.clone(),
                    place: statement.span.in_file(file),
                }),
                StatementKind::Meta { command } if runs_more(&command.value) => {
                    init.is_complete = false;
                }
                _ => {}
            }
        }
        init
    }

    /// The role that most grants name; of equals the first.
    pub fn usual_role(&self) -> Option<&str> {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        let roles = || self.grants.iter().flat_map(|grant| &grant.roles);
        for role in roles() {
            *uses.entry(&role.value).or_default() += 1;
        }
        let most = uses.values().copied().max()?;
        let mut names = roles().map(|role| role.value.as_str());
        names.find(|name| uses[name] == most)
    }
}
impl Workspace<'_> {
    /// The comment or the first statement that stands where an init SQL should say that it is generated, and
    /// where its generator writes so. A header is looked for where the generator writes one, or where it is
    /// `demanded`.
    pub fn lost_header(&self, product: &Product, demanded: bool) -> Option<(Place, Option<Place>)> {
        let init = product.init_sql.as_ref()?;
        let generator = product.generator.as_ref();
        let written = generator.and_then(|generator| generator.header_literal);
        let says_so = |place| generated::says_so(self.sources.slice(place));
        let is_expected = demanded || written.is_some();
        if !is_expected || init.header.is_some_and(says_so) {
            return None;
        }
        Some((init.header.or(init.first_statement)?, written))
    }

    /// Statements of a generated init SQL that its generator does not write.
    pub fn foreign_statements<'p>(&'p self, product: &'p Product) -> Vec<&'p Other> {
        let Some(init) = &product.init_sql else {
            return Vec::new();
        };
        let is_generated = self.is_init_sql_generated(product);
        let is_foreign = |other: &&Other| match &product.generator {
            Some(generator) => !generator.writes(&other.words) && !is_harmless(&other.words),
            None => is_generated && is_of_tables(&other.words),
        };
        init.others.iter().filter(is_foreign).collect()
    }

    /// Whether a product's init SQL is a generated file: it is told so by its name, its header or its generator.
    pub(super) fn is_init_sql_generated(&self, product: &Product) -> bool {
        let has_header = |init: &InitSql| self.has_generated_header(init.file);
        let writes = |generator: &Generator| generator.writes("CREATE DATABASE");
        // The usual name beside a registry is that of the generated file (article 4).
        file_name(&product.init_sql_path) == "init-databases.sql"
            || product.init_sql.as_ref().is_some_and(has_header)
            || product.generator.as_ref().is_some_and(writes)
    }
}

/// Meta-commands that run statements which do not stand in the file itself.
pub(super) fn runs_more(command: &str) -> bool {
    ["i", "ir", "include", "include_relative", "gexec"].contains(&command)
}

/// Statements that change nothing that outlives the session.
fn is_harmless(words: &str) -> bool {
    ["SET", "SELECT", "RESET", "SHOW"]
        .iter()
        .any(|harmless| words.split(' ').next() == Some(harmless))
}

/// Statements about tables and what is in them, which no script that creates databases holds.
fn is_of_tables(words: &str) -> bool {
    const STARTS: [&str; 9] = [
        "CREATE TABLE",
        "ALTER TABLE",
        "DROP TABLE",
        "CREATE INDEX",
        "CREATE VIEW",
        "INSERT",
        "UPDATE",
        "DELETE",
        "TRUNCATE",
    ];
    STARTS.iter().any(|start| words.starts_with(start))
}
