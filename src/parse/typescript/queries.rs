//! Raw SQL in a program: templates and strings, put together from the parts that are known.

mod databases;
mod lent;
mod names;
mod texts;

use std::collections::HashSet;

use oxc_ast::ast::{Argument, CallExpression, Expression, Program, TaggedTemplateExpression};
use oxc_span::GetSpan;

use self::databases::Client;
use self::names::{Candidate, Meaning, Names, Scope};
use self::texts::{Texts, text_within};
use super::syntax::{first_of, name_of};
use super::{Query, Run, SourceCode, span};
use crate::markers::{may_hold_sql, may_lend_sql};
use crate::parse::sql::{RawSql, TableReference};
use crate::source::Span;

/// Reads the raw SQL of a program.
pub(super) fn read(text: &str, program: &Program<'_>, facts: &mut SourceCode) {
    let may_share = text.contains("export") && OPENING.iter().any(|word| text.contains(word));
    let may_lend = may_lend_sql(text);
    if !may_hold_sql(text) && !may_share && !may_lend {
        return;
    }
    let names = Names::of(program);
    let shared = databases::shared_by(&names).into_iter();
    facts.shared_clients = shared.map(str::to_owned).collect();
    let mut reader = Reader {
        names: &names,
        texts: Texts::new(text, &names),
        query_names: HashSet::new(),
        temporary: HashSet::new(),
        of_pieces: Vec::new(),
        facts,
    };
    for &(scope, candidate) in &names.candidates {
        match candidate {
            Candidate::Tagged(tagged) => reader.take_tagged(scope, tagged),
            Candidate::Call(call) => reader.take_call(scope, call),
        }
    }
    if may_lend {
        reader.lend(program);
    }
    // What a piece of SQL names may be a query that another piece has named.
    let (names, pieces) = (reader.query_names, reader.of_pieces.into_iter());
    let temporary = reader.temporary;
    let is_among = |it: &TableReference, names: &HashSet<String>| {
        it.name.parts.len() == 1 && names.contains(&it.name.name().value)
    };
    let pieces = pieces.filter(|it| !is_among(it, &names));
    facts.references.extend(pieces);
    facts.references.retain(|it| !is_among(it, &temporary));
    for run in &mut facts.runs {
        run.references.retain(|it| !is_among(it, &temporary));
    }
    for lent in &mut facts.lent {
        lent.references.retain(|it| !is_among(it, &temporary));
    }
    facts.queries.sort_by_key(|query| query.span);
    facts.references.sort_by_key(|it| it.name.span());
    // A constant that several texts are put together from is read with each of them.
    facts.references.dedup();
    facts.reaches.sort_by_key(|reach| reach.words.span);
    facts.reaches.dedup();
}

/// The words that a statement about tables begins with.
const VERBS: [&str; 26] = [
    "alter", "analyze", "call", "cluster", "comment", "copy", "create", "declare", "delete", "do",
    "drop", "explain", "grant", "import", "insert", "lock", "merge", "prepare", "refresh",
    "reindex", "select", "set", "truncate", "update", "vacuum", "with",
];

/// What a text without any of these opens no client that runs SQL of PostgreSQL.
const OPENING: [&str; 8] = [
    "Pool(",
    "Client(",
    "DataSource(",
    "drizzle(",
    "knex(",
    "neon(",
    "pgp(",
    "postgres(",
];

/// What runs any SQL that it is given.
const RUNNING: [&str; 3] = ["query", "execute", "raw"];

/// What else does so of `pg-promise`.
const OF_PG_PROMISE: [&str; 10] = [
    "any",
    "each",
    "many",
    "manyOrNone",
    "map",
    "multi",
    "none",
    "one",
    "oneOrNone",
    "result",
];

/// Reads the SQL of a file.
struct Reader<'n, 'a, 'f> {
    names: &'n Names<'a>,
    texts: Texts<'n, 'a>,
    /// The names that `WITH` clauses give to queries.
    query_names: HashSet<String>,
    /// The temporary tables that are made.
    temporary: HashSet<String>,
    /// The tables that pieces of SQL name, which become part of a statement elsewhere.
    of_pieces: Vec<TableReference>,
    facts: &'f mut SourceCode,
}

impl<'a> Reader<'_, 'a, '_> {
    fn take_tagged(&mut self, scope: Scope, tagged: &'a TaggedTemplateExpression<'a>) {
        if self.texts.is_inlined(tagged.span.start) {
            return;
        }
        let is_statement = self.is_raw(scope, &tagged.tag, &["$queryRaw", "$executeRaw"]);
        let client = if is_statement {
            Client::Postgres
        } else {
            self.texts.tag(scope, &tagged.tag)
        };
        match client {
            Client::Postgres => {
                let query = self.texts.tagged(scope, tagged);
                self.take(span(tagged.quasi.span), &query, !is_statement);
            }
            Client::Unknown => {
                let query = self.texts.tagged(scope, tagged);
                self.pass_over(span(tagged.quasi.span), &query);
            }
            Client::Other => {}
        }
    }

    fn take_call(&mut self, scope: Scope, call: &'a CallExpression<'a>) {
        let Some(argument) = first_of(&call.arguments) else {
            return;
        };
        let (of, argument) = self.given_to(scope, argument);
        if self.texts.is_inlined(call.span.start) {
            return;
        }
        let place = span(argument.span());
        if self.is_raw(scope, &call.callee, &["$queryRaw", "$executeRaw"]) {
            let query = self.texts.piece_of(of, argument);
            return self.take(place, &query, false);
        }
        if self.is_raw(
            scope,
            &call.callee,
            &["$queryRawUnsafe", "$executeRawUnsafe"],
        ) {
            let query = self.texts.text_of(of, argument);
            self.take_lent(of, argument, &query, None);
            return self.take(place, &query, false);
        }
        let callee = call.callee.get_inner_expression();
        let Some(member) = callee.as_member_expression() else {
            return;
        };
        let name = name_of(member).unwrap_or_default();
        if matches!(name, "raw" | "unsafe") && self.texts.is_namespace(scope, member.object()) {
            let query = self.texts.text_of(of, argument);
            let query = self.bound(scope, query, call);
            if name == "unsafe" {
                self.take_lent(of, argument, &query, None);
            }
            let is_statement = name == "unsafe" && VERBS.contains(&query.first_word().as_str());
            return self.take(place, &query, !is_statement);
        }
        let is_promise =
            OF_PG_PROMISE.contains(&name) && self.names.packages.contains(&"pg-promise");
        if !RUNNING.contains(&name) && !is_promise {
            return;
        }
        if matches!(argument.get_inner_expression(), Expression::TaggedTemplateExpression(it)
            if self.texts.tag(of, &it.tag) != Client::Other)
        {
            return;
        }
        let certain = databases::of_expression(self.names, scope, member.object());
        let client = match certain {
            Client::Unknown => self.texts.of_file(),
            known => known,
        };
        if client == Client::Other {
            return;
        }
        let mut query = self.texts.text_of(of, argument);
        if name == "raw" {
            query = self.bound(scope, query, call);
        }
        let begins_like_sql = VERBS.contains(&query.first_word().as_str());
        let imported = || databases::imported_in(self.names, scope, member.object());
        let opener = match client {
            Client::Postgres => Some(None),
            _ => imported().map(Some),
        };
        if let Some(opener) = opener {
            self.take_lent(of, argument, &query, opener);
        }
        match client {
            Client::Postgres if begins_like_sql => self.take(place, &query, name == "raw"),
            Client::Postgres if query.is_hollow() && certain == Client::Postgres => {
                self.take(place, &query, true);
            }
            Client::Unknown if begins_like_sql => {
                self.pass_over(place, &query);
                let imported = databases::imported_in(self.names, scope, member.object());
                if let Some((specifier, client)) = imported {
                    self.take_run(place, &query, specifier, client);
                }
            }
            _ => {}
        }
    }

    /// The SQL of what a client is given: `{ text: "…" }`, also by a name, and `new Cursor("…")`.
    fn given_to(&self, scope: Scope, argument: &'a Expression<'a>) -> (Scope, &'a Expression<'a>) {
        match argument.get_inner_expression() {
            Expression::NewExpression(made) => {
                (scope, first_of(&made.arguments).unwrap_or(argument))
            }
            Expression::Identifier(name) => match self.names.meaning(scope, name.name.as_str()) {
                Some((of, Meaning::Constant(value)))
                    if matches!(
                        value.get_inner_expression(),
                        Expression::ObjectExpression(_)
                    ) =>
                {
                    (of, text_within(value))
                }
                _ => (scope, argument),
            },
            _ => (scope, text_within(argument)),
        }
    }

    /// Notes what SQL says if the client of another file that runs it is one of PostgreSQL.
    fn take_run(&mut self, span: Span, query: &RawSql, specifier: &str, client: &str) {
        let read = query.read();
        self.facts.runs.push(Run {
            query: Query {
                span,
                is_known: read.is_known,
            },
            specifier: specifier.to_owned(),
            client: client.to_owned(),
            references: read.references,
            changes: read.changes,
            reaches: read.reaches,
        });
    }

    /// Whether an expression is one of Prisma's methods, or a name that it was given.
    fn is_raw(&self, scope: Scope, callee: &'a Expression<'a>, methods: &[&str]) -> bool {
        let callee = callee.get_inner_expression();
        if let Expression::Identifier(name) = callee {
            return match self.names.meaning(scope, name.name.as_str()) {
                Some((_, Meaning::Constant(value))) => is_member(value, methods),
                _ => methods.contains(&name.name.as_str()),
            };
        }
        is_member(callee, methods)
    }

    /// A text with the names that `??` of Knex stands for.
    fn bound(&self, scope: Scope, query: RawSql, call: &'a CallExpression<'a>) -> RawSql {
        let bindings = call.arguments.get(1).and_then(Argument::as_expression);
        let Some(Expression::ArrayExpression(list)) = bindings else {
            return query;
        };
        let values = list
            .elements
            .iter()
            .map(|element| match element.as_expression() {
                Some(it @ (Expression::StringLiteral(_) | Expression::Identifier(_))) => {
                    self.texts.text_of(scope, it)
                }
                _ => RawSql::default(),
            });
        query.with_bindings(&values.collect::<Vec<_>>())
    }

    fn take(&mut self, span: Span, query: &RawSql, is_piece: bool) {
        let read = query.read();
        self.query_names.extend(query.query_names());
        self.temporary.extend(query.temporary_names());
        if is_piece {
            self.of_pieces.extend(read.references);
        } else {
            self.facts.references.extend(read.references);
        }
        self.facts.reaches.extend(read.reaches);
        self.facts.changes.extend(read.changes);
        self.facts.queries.push(Query {
            span,
            is_known: read.is_known,
        });
    }

    /// Notes SQL that a client runs of which it is not known whose it is.
    fn pass_over(&mut self, span: Span, query: &RawSql) {
        if VERBS.contains(&query.first_word().as_str()) {
            self.facts.passed_over.push(span);
        }
    }
}

/// Whether an expression is a member of that name of anything, or that member bound to something.
fn is_member(expression: &Expression<'_>, names: &[&str]) -> bool {
    let expression = expression.get_inner_expression();
    if let Expression::CallExpression(call) = expression {
        let bind = call.callee.get_inner_expression().as_member_expression();
        return bind.is_some_and(|bind| {
            bind.static_property_name() == Some("bind") && is_member(bind.object(), names)
        });
    }
    let member = expression.as_member_expression();
    let name = member.and_then(name_of);
    name.is_some_and(|name| names.contains(&name))
}
