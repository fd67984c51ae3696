//! Whose SQL a script is.

use super::Dialect;
use super::split::{Item, TokenKind};
use super::statement::{Cursor, IF_NOT_EXISTS};

/// Words that only MySQL has.
const MYSQL_WORDS: [&str; 3] = ["auto_increment", "utf8mb4", "delimiter"];
const MYSQL_ENGINES: [&str; 5] = ["innodb", "myisam", "aria", "ndb", "rocksdb"];
/// Types of ClickHouse, all written with parameters.
const CLICKHOUSE_TYPES: [&str; 4] = ["lowcardinality", "nullable", "datetime64", "codec"];
/// Sequences of words that only ClickHouse has.
const CLICKHOUSE_WORDS: [&[&str]; 6] = [
    &["materialize", "index"],
    &["materialize", "column"],
    &["materialize", "projection"],
    &["modify", "query"],
    &["modify", "setting"],
    &["add", "index", "if", "not", "exists"],
];

/// Types that only SQL Server has.
const SQL_SERVER_TYPES: [&str; 2] = ["nvarchar", "datetime2"];

/// Whose SQL a script is, told from words and quotes that PostgreSQL does not have.
pub(super) fn recognise(text: &str, items: &[Item]) -> Dialect {
    let mut dialect = Dialect::Postgres;
    for item in items {
        let Item::Statement(statement) = item else {
            continue;
        };
        for (position, token) in statement.tokens.iter().enumerate() {
            let rest = Cursor::new(text, &statement.tokens[position..]);
            match token.kind {
                TokenKind::Symbol(b'`') if rest.is_backtick_name() => dialect = Dialect::MySql,
                TokenKind::Word if rest.is_clickhouse(position) => return Dialect::ClickHouse,
                TokenKind::Word if rest.is_mysql(position) => dialect = Dialect::MySql,
                TokenKind::Word if rest.is_sqlite(position) => dialect = Dialect::Sqlite,
                TokenKind::Symbol(b'[') if rest.is_sql_server() => dialect = Dialect::SqlServer,
                _ => {}
            }
        }
    }
    dialect
}

impl Cursor<'_> {
    fn is_backtick_name(&self) -> bool {
        let (Some(first), Some(last)) = (self.rest.first(), self.rest.get(2)) else {
            return false;
        };
        let length = last.span.end - first.span.start;
        self.is_symbol(2, b'`') && self.word(1).len() + 2 == length as usize
    }

    fn is_mysql(&self, position: usize) -> bool {
        (self.is_word(0, &MYSQL_WORDS) && (position == 0 || !self.is_word(0, &["delimiter"])))
            || (self.is_word(0, &["engine"])
                && self.is_symbol(1, b'=')
                && self.is_word(2, &MYSQL_ENGINES))
    }

    fn is_sqlite(&self, position: usize) -> bool {
        (position == 0 && self.is_word(0, &["pragma"]))
            || self.begins_with(&["key", "autoincrement"])
            || self.begins_with(&["without", "rowid"])
    }

    /// `[dbo].` or a column `[name] NVARCHAR`.
    fn is_sql_server(&self) -> bool {
        self.is_symbol(2, b']')
            && (self.is_word(1, &["dbo"]) && self.is_symbol(3, b'.')
                || self.is_word(3, &SQL_SERVER_TYPES))
    }

    fn is_clickhouse(&self, position: usize) -> bool {
        let is = |words: &[&str]| self.begins_with(words);
        let is_engine = || self.word(2).to_ascii_lowercase().ends_with("mergetree");
        CLICKHOUSE_WORDS.iter().any(|words| is(words))
            || (self.is_word(0, &["engine"]) && self.is_symbol(1, b'=') && is_engine())
            || (self.is_word(0, &CLICKHOUSE_TYPES) && self.is_symbol(1, b'('))
            || (self.is_word(0, &["array", "map"])
                && self.is_symbol(1, b'(')
                && self.is_word(2, &["string"]))
            || (self.is_word(0, &["settings"])
                && !self.word(1).is_empty()
                && self.is_symbol(2, b'='))
            || (is(&["on", "cluster"]) && self.is_cluster_name(2))
            || (is(&["drop", "index", "if", "exists"]) && position > 0)
            || (is(&["materialized", "view"]) && self.is_view_with_target())
    }

    /// Whether `default`, `'name'` or `{name}` stands there: no other name, as a table of PostgreSQL may be
    /// called `cluster`.
    fn is_cluster_name(&self, ahead: usize) -> bool {
        let token = self.rest.get(ahead);
        self.is_word(ahead, &["default"])
            || self.is_symbol(ahead, b'{')
            || token.is_some_and(|token| token.kind == TokenKind::Literal)
    }

    /// Whether this is `MATERIALIZED VIEW name TO …`, a view that fills a table.
    fn is_view_with_target(mut self) -> bool {
        self.eat(&["materialized", "view"]);
        self.eat(&IF_NOT_EXISTS);
        let mut has_name = self.name().is_some();
        while self.is_symbol(0, b'.') {
            self.rest = &self.rest[1..];
            has_name &= self.name().is_some();
        }
        has_name && self.is_word(0, &["to"])
    }
}
