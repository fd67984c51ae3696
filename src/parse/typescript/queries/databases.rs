//! Whose SQL a tag makes and a client runs.

use std::cell::Cell;

use oxc_ast::ast::{Argument, Expression, MemberExpression};

use super::names::{Meaning, Names, Scope, required};
use crate::parse::typescript::syntax::{module_of, name_of};

/// What is known of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// It runs SQL on PostgreSQL, or, like an ORM, on the database of its module.
    Postgres,
    /// It runs something else.
    Other,
    Unknown,
}

/// Packages whose objects run SQL of PostgreSQL by `query`, `execute` or `raw`, or by a tag `sql`.
const CLIENTS: [&str; 28] = [
    "@databases/pg",
    "@electric-sql/pglite",
    "@mikro-orm/core",
    "@mikro-orm/knex",
    "@mikro-orm/nestjs",
    "@mikro-orm/postgresql",
    "@neondatabase/serverless",
    "@nestjs/sequelize",
    "@nestjs/typeorm",
    "@vercel/postgres",
    "bun",
    "drizzle-orm",
    "knex",
    "kysely",
    "nest-knexjs",
    "pg",
    "pg-cursor",
    "pg-pool",
    "pg-promise",
    "pg-query-stream",
    "postgres",
    "sequelize",
    "sequelize-typescript",
    "slonik",
    "sql-template-strings",
    "sql-template-tag",
    "typeorm",
    "zapatos",
];

/// Parts of the names of packages, and of parts of packages, that serve other databases.
const OF_OTHERS: [&str; 19] = [
    "bigquery",
    "cassandra",
    "clickhouse",
    "d1",
    "duckdb",
    "libsql",
    "mariadb",
    "mongo",
    "mssql",
    "mysql",
    "mysql2",
    "oracledb",
    "planetscale",
    "singlestore",
    "snowflake",
    "sqlite",
    "sqlite3",
    "sqljs",
    "tedious",
];

/// How deep the ways to a client may go.
const DEEPEST: usize = 24;

/// What a package serves.
pub(super) fn of_package(package: &str) -> Client {
    let mut words = package.split(['/', '-', '@', '.', '_']);
    if words.any(|word| OF_OTHERS.contains(&word)) {
        return Client::Other;
    }
    let is_client = |name: &&str| {
        let rest = package.strip_prefix(*name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if CLIENTS.iter().any(is_client) {
        return Client::Postgres;
    }
    Client::Unknown
}

/// What an expression is a client of, or is made by.
pub(super) fn of_expression<'a>(
    names: &Names<'a>,
    scope: Scope,
    expression: &'a Expression<'a>,
) -> Client {
    Search::of(names).expression(scope, expression, 0)
}

/// Which file, by the specifier, and which of its names the client comes from that an expression is, where
/// another file tells what it is.
pub(super) fn imported_in<'a>(
    names: &Names<'a>,
    scope: Scope,
    expression: &'a Expression<'a>,
) -> Option<(&'a str, &'a str)> {
    let search = Search::of(names);
    search.expression(scope, expression, 0);
    search.imported.get()
}

/// The names of the program that are clients of PostgreSQL, in alphabetical order.
pub(super) fn shared_by<'a>(names: &Names<'a>) -> Vec<&'a str> {
    let is_made_here = |name: &&str| {
        let meaning = names.meaning(0, name);
        matches!(
            meaning,
            Some((
                _,
                Meaning::Constant(_) | Meaning::Variable(_) | Meaning::Typed(_)
            ))
        ) && Search::of(names).name(0, name, 0) == Client::Postgres
    };
    let is_client =
        |scope, value| Search::of(names).expression(scope, value, 0) == Client::Postgres;
    let exported = names.exported().iter();
    let exported = exported.filter(|(_, scope, value)| is_client(*scope, *value));
    let mut shared: Vec<&str> = names.of_program().filter(is_made_here).collect();
    shared.extend(exported.map(|(name, _, _)| name));
    shared.sort_unstable();
    shared.dedup();
    shared
}

struct Search<'n, 'a> {
    names: &'n Names<'a>,
    /// What the first name on the way stands for that another file gives.
    imported: Cell<Option<(&'a str, &'a str)>>,
}

impl<'n, 'a> Search<'n, 'a> {
    fn of(names: &'n Names<'a>) -> Self {
        Self {
            names,
            imported: Cell::new(None),
        }
    }
}

impl<'a> Search<'_, 'a> {
    fn expression(&self, scope: Scope, expression: &'a Expression<'a>, depth: usize) -> Client {
        if depth > DEEPEST {
            return Client::Unknown;
        }
        if let Some(package) = required(expression) {
            let member = expression.get_inner_expression().as_member_expression();
            if let Some(name) = member.and_then(name_of) {
                self.note_imported(package, name);
            }
            return of_package(package);
        }
        let depth = depth + 1;
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.name(scope, name.name.as_str(), depth),
            Expression::ThisExpression(_) => self
                .names
                .class_around(scope)
                .map_or(Client::Unknown, |class| self.class(class, depth)),
            Expression::AwaitExpression(it) => self.expression(scope, &it.argument, depth),
            Expression::NewExpression(it) => self.expression(scope, &it.callee, depth),
            Expression::CallExpression(it) => {
                let of_callee = self.expression(scope, &it.callee, depth);
                // `app.get(DataSource)`, `getDataSource(pool)`.
                let arguments = it
                    .arguments
                    .iter()
                    .take(1)
                    .filter_map(Argument::as_expression);
                let mut of_arguments = arguments.map(|it| self.expression(scope, it, depth));
                match of_callee {
                    Client::Unknown => of_arguments.next().unwrap_or(Client::Unknown),
                    known => known,
                }
            }
            Expression::ConditionalExpression(it) => {
                either([&it.consequent, &it.alternate].map(|it| self.expression(scope, it, depth)))
            }
            Expression::LogicalExpression(it) => {
                either([&it.left, &it.right].map(|it| self.expression(scope, it, depth)))
            }
            Expression::ChainExpression(chain) => match &chain.expression {
                oxc_ast::ast::ChainElement::CallExpression(it) => {
                    self.expression(scope, &it.callee, depth)
                }
                other => other
                    .as_member_expression()
                    .map_or(Client::Unknown, |it| self.of_member(scope, it, depth)),
            },
            other => other
                .as_member_expression()
                .map_or(Client::Unknown, |it| self.of_member(scope, it, depth)),
        }
    }

    fn of_member(&self, scope: Scope, member: &'a MemberExpression<'a>, depth: usize) -> Client {
        let of = member.object().get_inner_expression();
        if matches!(of, Expression::ThisExpression(_))
            && let Some(class) = self.names.class_around(scope)
            && let Some(meaning) = name_of(member).and_then(|name| self.names.member(class, name))
        {
            return self.meaning(class, meaning, depth);
        }
        if let Some(file) = self.whole_file(scope, of)
            && let Some(name) = name_of(member)
        {
            self.note_imported(file, name);
        }
        self.expression(scope, member.object(), depth)
    }

    fn note_imported(&self, file: &'a str, name: &'a str) {
        if self.imported.get().is_none() {
            self.imported.set(Some((file, name)));
        }
    }

    /// The file that an expression is as a whole: of `require("./db")`, or of a name that was given it.
    fn whole_file(&self, scope: Scope, expression: &'a Expression<'a>) -> Option<&'a str> {
        let Expression::Identifier(name) = expression else {
            return module_of(expression);
        };
        match self.names.meaning(scope, name.name.as_str())?.1 {
            Meaning::Constant(value) => module_of(value),
            Meaning::Imported { from, name: "*" } => Some(from),
            _ => None,
        }
    }

    fn name(&self, scope: Scope, name: &str, depth: usize) -> Client {
        let known = self.names.meaning(scope, name);
        known.map_or(Client::Unknown, |(scope, meaning)| {
            self.meaning(scope, meaning, depth)
        })
    }

    fn meaning(&self, scope: Scope, meaning: Meaning<'a>, depth: usize) -> Client {
        if depth > DEEPEST {
            return Client::Unknown;
        }
        match meaning {
            Meaning::Constant(value) | Meaning::Variable(Some(value)) => {
                self.expression(scope, value, depth + 1)
            }
            Meaning::Imported { from, name } => {
                let client = of_package(from);
                if client == Client::Unknown {
                    self.note_imported(from, name);
                }
                client
            }
            Meaning::Typed(name) => self.name(scope, name, depth + 1),
            Meaning::Class(class) => self.class(class, depth + 1),
            _ => Client::Unknown,
        }
    }

    fn class(&self, class: Scope, depth: usize) -> Client {
        let heritage = self.names.heritage(class);
        heritage.map_or(Client::Unknown, |it| self.expression(class, it, depth + 1))
    }
}

fn either([first, second]: [Client; 2]) -> Client {
    match (first, second) {
        (Client::Unknown, other) => other,
        (first, _) => first,
    }
}
