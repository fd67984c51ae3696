//! The script that creates a product's databases on first start.

use std::collections::HashMap;

use crate::parse::Problem;
use crate::parse::sql::{Dialect, SqlFile, StatementKind};
use crate::source::{FileId, Place, Placed};

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
                StatementKind::CreateDatabase { name, .. } => init.creates.push(name.in_file(file)),
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

/// Meta-commands that run statements which do not stand in the file itself.
pub(super) fn runs_more(command: &str) -> bool {
    ["i", "ir", "include", "include_relative", "gexec"].contains(&command)
}
