//! PostgreSQL scripts as `psql` runs them: statements and meta-commands.
//!
//! A script is cut into statements first, so that one odd statement costs one statement. What a statement
//! does to databases and roles, and how it reaches other databases, is told from its tokens. Which tables it
//! names is told from squawk's tree, and from tokens again where squawk cannot read it or where it is nested
//! so deeply that parsing would overflow the stack.

mod change;
mod dialect;
mod executed;
pub mod keywords;
mod names;
mod raw;
mod reaches;
mod references;
mod relation;
mod server;
mod split;
mod statement;
mod syntax;

use crate::parse::Parsed;
use crate::source::{At, Span};
use references::Session;
use split::{Item, Reader};

pub use change::{
    Action, BaseType, Change, ColumnDefinition, Condition, Dropped, Element, NewTable, NewView,
    Output, OutputValue, Query, Source, SourceRelation, Test, Tested, TypeAction, TypeDefinition,
    TypeName, ValuePosition,
};
pub(in crate::parse) use raw::RawSql;
pub use relation::{Access, ObjectName, Reach, TableReference, Way};
pub use server::{ServerChange, ServerObject, Verb};

/// What one SQL file says.
#[derive(Debug, Default)]
pub struct SqlFile {
    /// The first comment block, where it precedes every statement.
    pub header: Option<Span>,
    /// Statements and meta-commands, in the order of the text.
    pub statements: Vec<Statement>,
    /// Whose SQL it is. Of a dialect that is not PostgreSQL's no statement and no problem is given.
    pub dialect: Dialect,
    /// The tables that statements are about, in the order of the text.
    pub references: Vec<TableReference>,
    /// What reaches another database, in the order of the text.
    pub reaches: Vec<Reach>,
    /// What changes things that all databases of a server share, in the order of the text.
    pub server_changes: Vec<ServerChange>,
    /// What statements change about what the database holds, in the order of the text.
    pub changes: Vec<Change>,
}

/// Whose SQL a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL's, and whatever is not known for another one's.
    #[default]
    Postgres,
    /// MySQL's or MariaDB's.
    MySql,
    /// ClickHouse's.
    ClickHouse,
    /// SQLite's.
    Sqlite,
    /// SQL Server's.
    SqlServer,
}

/// One statement or meta-command.
#[derive(Debug)]
pub struct Statement {
    /// From its first token to its last; the closing `;` or `\gexec` is excluded. Where one statement does
    /// several things (the rows of a `\gexec`, the roles of a `DO`), they have one span.
    pub span: Span,
    /// What it does.
    pub kind: StatementKind,
}

/// What a statement does, as far as databases and roles are concerned. Names are as PostgreSQL stores
/// them: ASCII letters in lower case unless quoted, cut to 63 bytes; their spans leave the quotes out. A
/// statement with a name that the text does not tell (a variable of `psql`) is [`StatementKind::Other`].
#[derive(Debug)]
pub enum StatementKind {
    /// `CREATE DATABASE name`; also `SELECT 'CREATE DATABASE name' WHERE … \gexec`, where the name's span
    /// lies inside the literal.
    CreateDatabase {
        /// The name as PostgreSQL stores it (folded unless quoted).
        name: At<String>,
        /// The role of the option `OWNER`, unless it is `CURRENT_USER` or its kin.
        owner: Option<At<String>>,
    },
    /// `DROP DATABASE name`.
    DropDatabase {
        /// The name as PostgreSQL stores it.
        name: At<String>,
    },
    /// `ALTER DATABASE name …`.
    AlterDatabase {
        /// The name as PostgreSQL stores it.
        name: At<String>,
        /// The new owner of `OWNER TO`, unless it is `CURRENT_USER` or its kin.
        owner: Option<At<String>>,
    },
    /// `GRANT … ON DATABASE a, b TO r, s`.
    GrantOnDatabase {
        /// Whether the grant is `ALL [PRIVILEGES]`.
        all: bool,
        /// The databases.
        databases: Vec<At<String>>,
        /// The roles; `PUBLIC` is `public`, `CURRENT_USER` and its kin are left out.
        roles: Vec<At<String>>,
    },
    /// `REVOKE … ON DATABASE …`.
    RevokeOnDatabase {
        /// The databases.
        databases: Vec<At<String>>,
    },
    /// `CREATE ROLE`, `CREATE USER` or `CREATE GROUP`, also inside a `DO` body.
    CreateRole {
        /// The name as PostgreSQL stores it.
        name: At<String>,
    },
    /// `\c name` and `\connect name`.
    Connect {
        /// The database, in the case that it is written in; `None` where the argument is `-` or absent.
        /// Where the text does not tell (a variable, a connection string without a database) it is
        /// [`StatementKind::Meta`].
        database: Option<At<String>>,
    },
    /// Another meta-command. `gexec` only where it executes what the text does not tell; the commands that
    /// merely end a statement (`g`, `gset`) are left out.
    Meta {
        /// The command's word without `\` (`set`, `i`, `echo`).
        command: At<String>,
    },
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`, `ROLLBACK`, `ABORT` and `PREPARE TRANSACTION`; not `ROLLBACK TO SAVEPOINT`, and not
    /// `COMMIT AND CHAIN`, after which the next transaction is open already.
    EndTransaction,
    /// Any other statement, by its leading key words in upper case (`CREATE TABLE`, `CREATE EXTENSION`,
    /// `INSERT INTO`, `SELECT`, `SET`, `DO`). Words between verb and object (`OR REPLACE`, `UNIQUE`,
    /// `TEMPORARY`) are left out.
    Other {
        /// One to three key words, in upper case, with the span of those words in the text. Empty for what
        /// does not begin with a word.
        words: At<String>,
    },
}

/// Reads one SQL file.
pub fn parse(text: &str) -> Parsed<SqlFile> {
    let script = split::split(text, Reader::Psql);
    let dialect = dialect::recognise(text, &script.items);
    let mut parsed = Parsed {
        facts: SqlFile {
            header: header(text, &script),
            dialect,
            ..SqlFile::default()
        },
        comments: script.comments,
        problems: Vec::new(),
        unbroken: unbroken(text, &script.items),
    };
    if dialect != Dialect::Postgres {
        return parsed;
    }
    parsed.problems = script.problems;
    let mut session = Session::default();
    parsed.facts.server_changes = server::changes(text, &script.items);
    let statements = &mut parsed.facts.statements;
    for item in &script.items {
        parsed.facts.changes.extend(change::of_item(text, item));
        match item {
            Item::Meta(meta) => {
                statements.push(statement::meta_command(text, meta));
                session.meta_command(text, meta);
            }
            Item::Statement(raw) => {
                statements.extend(statement::statements(text, raw));
                parsed.problems.extend(session.statement(text, raw));
            }
        }
    }
    (parsed.facts.references, parsed.facts.reaches) = session.finish();
    statements.sort_by_key(|statement| statement.span.start);
    parsed.problems.sort_by_key(|problem| problem.span.start);
    parsed
}

/// The quoted texts of several lines, the bodies of functions among them.
fn unbroken(text: &str, items: &[Item]) -> Vec<Span> {
    let statements = items.iter().filter_map(|item| match item {
        Item::Statement(statement) => Some(statement),
        Item::Meta(_) => None,
    });
    let tokens = statements.flat_map(|statement| &statement.tokens);
    let spans = tokens.map(|token| token.span);
    spans
        .filter(|span| memchr::memchr(b'\n', &text.as_bytes()[span.range()]).is_some())
        .collect()
}

/// The comments of an SQL text that the server reads.
pub(in crate::parse) fn comments(text: &str) -> Vec<Span> {
    split::split(text, Reader::Server).comments
}

/// The first comment with the comments on the lines right below it, if nothing precedes it.
fn header(text: &str, script: &split::Script) -> Option<Span> {
    let mut comments = script.comments.iter().copied();
    let mut header = comments.next()?;
    let begins_later = match script.items.first() {
        None => true,
        Some(Item::Statement(statement)) => header.start < statement.span().start,
        Some(Item::Meta(meta)) => header.start < meta.command.span.start,
    };
    if !begins_later {
        return None;
    }
    if text[header.range()].starts_with("--") {
        for comment in comments {
            let between = &text[header.end as usize..comment.start as usize];
            let is_next_line = between.trim().is_empty() && between.matches('\n').count() == 1;
            if !is_next_line || !text[comment.range()].starts_with("--") {
                break;
            }
            header.end = comment.end;
        }
    }
    Some(header)
}

#[cfg(test)]
mod tests;
