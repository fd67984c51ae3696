//! Whether a tag or a call makes a piece of SQL, and whose.

use oxc_ast::ast::Expression;

use super::Texts;
use crate::parse::typescript::queries::databases::{self, Client};
use crate::parse::typescript::queries::names::{Meaning, Scope};
use crate::parse::typescript::syntax::name_of;

impl<'a> Texts<'_, 'a> {
    /// Whether a tag makes a piece of SQL: `sql`, `Prisma.sql`, `sql.fragment`, `sql.type(row)`.
    pub(super) fn makes_piece(&self, scope: Scope, tag: &'a Expression<'a>) -> bool {
        self.tag(scope, tag) == Client::Postgres
    }

    /// Whose SQL a tag makes; [`Client::Other`] also where it makes none.
    pub(in super::super) fn tag(&self, scope: Scope, tag: &'a Expression<'a>) -> Client {
        match tag.get_inner_expression() {
            Expression::Identifier(name) => self.tag_by_name(scope, name.name.as_str()),
            Expression::CallExpression(call) => {
                let member = call.callee.get_inner_expression().as_member_expression();
                match member {
                    Some(member) if is_one_of(name_of(member), &["type", "typeAlias"]) => {
                        self.tag(scope, member.object())
                    }
                    _ => Client::Other,
                }
            }
            other => {
                let Some(member) = other.as_member_expression() else {
                    return Client::Other;
                };
                let name = name_of(member);
                if name == Some("sql") && self.is_prisma(scope, member.object()) {
                    return Client::Postgres;
                }
                if is_one_of(name, &["unsafe", "fragment"]) {
                    return match self.tag(scope, member.object()) {
                        Client::Postgres => Client::Postgres,
                        _ => Client::Other,
                    };
                }
                if !is_one_of(name, &["sql", "SQL"]) {
                    return Client::Other;
                }
                databases::of_expression(self.names, scope, other)
            }
        }
    }

    fn tag_by_name(&self, scope: Scope, name: &str) -> Client {
        let is_usual = matches!(name, "sql" | "SQL");
        match self.names.meaning(scope, name) {
            Some((_, Meaning::Imported { from, name })) => match databases::of_package(from) {
                // A file of the workspace, or a package that nobody here knows.
                Client::Unknown if is_usual && from.starts_with(['.', '@', '~', '#']) => {
                    Client::Unknown
                }
                Client::Unknown => Client::Other,
                Client::Postgres if from == "bun" && !is_one_of(Some(name), &["sql", "SQL"]) => {
                    Client::Other
                }
                known => known,
            },
            Some((scope, Meaning::Constant(value))) => {
                match databases::of_expression(self.names, scope, value) {
                    Client::Unknown if !is_usual => Client::Other,
                    known => known,
                }
            }
            _ if is_usual => self.of_file(),
            _ => Client::Other,
        }
    }

    /// What the clients of a file serve which it does not say more of.
    pub(in super::super) fn of_file(&self) -> Client {
        let mut found = Client::Unknown;
        for package in &self.names.packages {
            match databases::of_package(package) {
                Client::Other => return Client::Unknown,
                Client::Postgres => found = Client::Postgres,
                Client::Unknown => {}
            }
        }
        found
    }

    /// Whether an expression is what a library makes pieces of SQL with: `Prisma`, `sql`.
    pub(in super::super) fn is_namespace(
        &self,
        scope: Scope,
        expression: &'a Expression<'a>,
    ) -> bool {
        self.is_prisma(scope, expression)
            || matches!(expression.get_inner_expression(), Expression::Identifier(_))
                && self.makes_piece(scope, expression)
    }

    fn is_prisma(&self, scope: Scope, expression: &'a Expression<'a>) -> bool {
        let Expression::Identifier(name) = expression.get_inner_expression() else {
            return false;
        };
        let meaning = self.names.meaning(scope, name.name.as_str());
        name.name == "Prisma"
            || matches!(meaning, Some((_, Meaning::Imported { name: "Prisma", .. })))
    }
}

fn is_one_of(name: Option<&str>, names: &[&str]) -> bool {
    name.is_some_and(|name| names.contains(&name))
}
