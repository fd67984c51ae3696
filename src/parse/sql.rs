//! PostgreSQL scripts as `psql` runs them: statements and meta-commands.
//!
//! A script is cut into statements first, so that one odd statement costs one statement. What a statement
//! does is told from its tokens; squawk parses it only for its syntax errors, and only where it is not
//! nested so deeply that parsing would overflow the stack.

mod dialect;
mod executed;
mod relation;
mod split;
mod statement;

use std::borrow::Cow;

use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};
use executed::Built;
use split::{Item, RawStatement, Reader, Token, TokenKind};
use statement::{Cursor, IF_NOT_EXISTS, leading_words};

pub use relation::{Access, ObjectName, Reach, TableReference, Way};

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
    };
    if dialect != Dialect::Postgres {
        return parsed;
    }
    parsed.problems = script.problems;
    let statements = &mut parsed.facts.statements;
    for item in &script.items {
        match item {
            Item::Meta(meta) => statements.push(statement::meta_command(text, meta)),
            Item::Statement(raw) => {
                statements.extend(statement::statements(text, raw));
                parsed.problems.extend(problem(text, raw));
            }
        }
    }
    statements.sort_by_key(|statement| statement.span.start);
    parsed.problems.sort_by_key(|problem| problem.span.start);
    parsed
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

/// How deeply a statement may be nested, in the units of [`weight`]: 500 brackets, or 2,500 operators with
/// their operands. None of 52,000 real statements reaches 320; squawk takes time that grows with the
/// square of it.
const MOST_WEIGHT: usize = 5_000;
const WEIGHT_OF_BRACKET: usize = 10;

/// What squawk parses within half a MiB of stack, measured in a debug build: it takes up to 5.7 KiB a
/// bracket and 1.8 KiB an operator.
const LIGHT: usize = 250;

/// The stack for statements that are not light. Only what is used of it is ever touched.
const LARGE_STACK: usize = 32 << 20;

/// The longest statement that is parsed, in bytes.
const LONGEST: usize = 4 << 20;

/// How deep a syntax tree of these tokens can be at most: the tokens before one at its own level, up to a
/// comma, at each level around it, and something for each bracket or `CASE` around it.
fn weight(text: &str, tokens: &[Token]) -> usize {
    let mut levels: Vec<(u8, usize)> = Vec::new();
    let mut run = 0;
    let mut outside = 0;
    let mut most = 0;
    for token in tokens {
        let word = match token.kind {
            TokenKind::Word => &text[token.span.range()],
            _ => "",
        };
        let opens = match token.kind {
            TokenKind::Symbol(b'(') => Some(b')'),
            TokenKind::Symbol(b'[') => Some(b']'),
            _ if word.eq_ignore_ascii_case("case") => Some(b'E'),
            _ => None,
        };
        let closes = match token.kind {
            TokenKind::Symbol(symbol) => symbol,
            _ if word.eq_ignore_ascii_case("end") => b'E',
            _ => 0,
        };
        run += 1;
        if let Some(closing) = opens {
            levels.push((closing, run));
            outside += run + WEIGHT_OF_BRACKET;
            run = 0;
        } else if let Some((_, before)) = levels.pop_if(|level| level.0 == closes) {
            outside -= before + WEIGHT_OF_BRACKET;
            run = before;
        } else if matches!(closes, b',' | b';') || word.eq_ignore_ascii_case("when") {
            run = 0;
        }
        most = most.max(outside + run);
    }
    most
}

/// What is wrong with the syntax of a statement.
fn problem(text: &str, raw: &RawStatement) -> Option<Problem> {
    let cursor = Cursor::new(text, &raw.tokens);
    if let Some(problem) = if_not_exists(cursor).or_else(|| default_not(cursor)) {
        return Some(problem);
    }
    // A bare variable may stand for any text, and what is cut off has its problem already.
    let is_bare = |token: &Token| token.kind == TokenKind::BareVariable;
    if raw.is_cut_off || raw.tokens.iter().any(is_bare) {
        return None;
    }
    let words = leading_words(cursor);
    match syntax_error(text, raw) {
        Ok(error) => Some(told(text, raw, &words.value, error?)),
        Err(why) => Some(Problem {
            span: words.span,
            message: format!("statement is {why} to be read"),
            help: "break it up into smaller statements".to_owned(),
        }),
    }
}

/// A syntax error in words for people; `words` are those that the statement begins with.
fn told(text: &str, raw: &RawStatement, words: &str, error: SyntaxError) -> Problem {
    let start = raw.span().start as usize;
    let range = start + error.range.start..start + error.range.end;
    let what = match error.message.strip_prefix("expected command, found ") {
        Some(_) if error.range.start == 0 && !words.is_empty() => {
            format!("no statement begins with `{words}`")
        }
        Some(found) => format!("unexpected {found}"),
        None => error.message,
    };
    let help = if what.starts_with("missing semicolon") {
        "add the missing `;`".to_owned()
    } else if words.is_empty() {
        "begin the statement with its name, or put `--` before it".to_owned()
    } else {
        format!("compare it with the synopsis of `{words}` in PostgreSQL's manual")
    };
    Problem {
        span: visible(text, raw, range),
        message: format!("PostgreSQL cannot read this: {what}"),
        help,
    }
}

/// A syntax error in bytes of the statement.
struct SyntaxError {
    range: std::ops::Range<usize>,
    message: String,
}

/// The first syntax error of a statement; `Err` says why it was not looked for.
fn syntax_error(text: &str, raw: &RawStatement) -> Result<Option<SyntaxError>, &'static str> {
    let weight = weight(text, &raw.tokens) + weight_of_bodies(text, &raw.tokens);
    if raw.span().len() > LONGEST {
        return Err("too long");
    }
    if weight > MOST_WEIGHT {
        return Err("nested too deeply");
    }
    let sql = as_server_sees_it(text, raw);
    if weight <= LIGHT {
        Ok(first_error(&sql))
    } else {
        on_large_stack(|| first_error(&sql)).ok_or("nested too deeply")
    }
}

/// PostgreSQL has no `CREATE DATABASE IF NOT EXISTS`, nor one for roles.
fn if_not_exists(mut cursor: Cursor) -> Option<Problem> {
    let create = cursor;
    if !cursor.eat(&["create"]) || !cursor.eat_one_of(&["database", "role", "user", "group"]) {
        return None;
    }
    let from = cursor.rest.first()?.span;
    if !cursor.eat(&IF_NOT_EXISTS) {
        return None;
    }
    let what = create.word(1).to_ascii_uppercase();
    let to = create.rest[4].span;
    let (catalog, column) = if what == "DATABASE" {
        ("pg_database", "datname")
    } else {
        ("pg_roles", "rolname")
    };
    let name = cursor
        .rest
        .first()
        .map_or("name", |token| &cursor.text[token.span.range()]);
    let stored = cursor.name().map_or("name".to_owned(), |name| name.value);
    Some(Problem {
        span: from.cover(to),
        message: format!("PostgreSQL has no `CREATE {what} IF NOT EXISTS`"),
        help: format!(
            "write `SELECT 'CREATE {what} {name}' WHERE NOT EXISTS (SELECT FROM {catalog} WHERE {column} = '{stored}')\\gexec`"
        ),
    })
}

/// The default of a column or a domain is an expression without `NOT` (`b_expr` of PostgreSQL's grammar), which
/// squawk takes. Behind `SET` the word is another one.
fn default_not(mut cursor: Cursor) -> Option<Problem> {
    let defines = cursor.eat_one_of(&["create", "alter"])
        && cursor.is_word(0, &["table", "domain", "temporary", "temp", "unlogged"]);
    if !defines {
        return None;
    }
    let tokens = cursor.rest;
    let starts = 1..tokens.len().saturating_sub(1);
    let found = starts
        .map(|start| Cursor::new(cursor.text, &tokens[start - 1..]))
        .find(|cursor| {
            !cursor.is_word(0, &["set"])
                && cursor.is_word(1, &["default"])
                && cursor.is_word(2, &["not"])
        })?;
    Some(Problem {
        span: found.rest[2].span,
        message: "PostgreSQL cannot read this: `DEFAULT` has no value".to_owned(),
        help: "write the value behind `DEFAULT`, one with `NOT` in parentheses, or remove the word"
            .to_owned(),
    })
}

/// Whether squawk may find a routine among these tokens, be it behind another statement whose `;` is
/// missing. It parses the body of a routine in SQL, too.
fn may_hold_routine(text: &str, tokens: &[Token]) -> bool {
    let starts = 0..tokens.len();
    let mut cursors = starts.map(|start| Cursor::new(text, &tokens[start..]));
    cursors.any(|cursor| cursor.is_word(0, &["function", "procedure"]))
}

/// The weight of the bodies of routines, each of which may be put together from several literals.
fn weight_of_bodies(text: &str, tokens: &[Token]) -> usize {
    if !may_hold_routine(text, tokens) {
        return 0;
    }
    let literals = tokens
        .iter()
        .filter_map(|&token| Built::from_literal(text, token));
    let bodies: String = literals.map(|literal| literal.text).collect();
    weight(&bodies, &split::tokens(&bodies))
}

/// The text of a statement as `psql` sends it, at the same offsets: variables replaced by a constant or a
/// name of their length, meta-commands by spaces. Bodies of routines whose escapes are not resolved here
/// are emptied, because nothing tells how deeply they are nested.
fn as_server_sees_it<'a>(text: &'a str, raw: &RawStatement) -> Cow<'a, str> {
    let span = raw.span();
    let may_hold_routine = may_hold_routine(text, &raw.tokens);
    let mut replaced: Vec<(Span, String)> = Vec::new();
    for &token in &raw.tokens {
        let inner = token.span.len().saturating_sub(2);
        let quote = match token.kind {
            TokenKind::LiteralVariable => '\'',
            TokenKind::NameVariable => '"',
            TokenKind::Literal
                if may_hold_routine && Built::from_literal(text, token).is_none() =>
            {
                replaced.push((token.span, format!("'{}'", " ".repeat(inner))));
                continue;
            }
            _ => continue,
        };
        replaced.push((token.span, format!("{quote}{}{quote}", "x".repeat(inner))));
    }
    let blank = |&span: &Span| (span, " ".repeat(span.len()));
    replaced.extend(raw.interruptions.iter().map(blank));
    if replaced.is_empty() {
        return Cow::Borrowed(&text[span.range()]);
    }
    replaced.sort_by_key(|(span, _)| span.start);
    let mut seen = String::with_capacity(span.len());
    let mut next = span.start as usize;
    for (place, replacement) in replaced {
        // A meta-command behind the last token is no part of the statement's span.
        if place.end <= span.end {
            seen.push_str(&text[next..place.start as usize]);
            seen.push_str(&replacement);
            next = place.end as usize;
        }
    }
    seen.push_str(&text[next..span.end as usize]);
    Cow::Owned(seen)
}

/// The first syntax error that squawk finds.
fn first_error(sql: &str) -> Option<SyntaxError> {
    let errors = squawk_syntax::SourceFile::parse(sql).errors();
    let first = errors.first()?;
    Some(SyntaxError {
        range: usize::from(first.range().start())..usize::from(first.range().end()),
        message: in_words(first.message()),
    })
}

/// Runs what needs more stack than a thread commonly has; `None` where there is no such thread.
fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LARGE_STACK);
        thread.spawn_scoped(scope, work).ok()?.join().ok()
    })
}

/// A message of squawk with its names of tokens (`R_PAREN`, `SELECT_KW`) as people write them.
fn in_words(message: &str) -> String {
    let words = message.trim_end_matches('.').split(' ').map(|word| {
        let name = word.trim_end_matches(',');
        let written = match name {
            "EOF" => "the end of the statement",
            "ERROR" => "character that is none of SQL's",
            "IDENT" => "a name",
            "STRING" => "a string",
            "INT_NUMBER" | "NUMERIC_NUMBER" => "a number",
            "L_PAREN" => "`(`",
            "R_PAREN" => "`)`",
            "L_BRACK" => "`[`",
            "R_BRACK" => "`]`",
            "L_CURLY" => "`{`",
            "R_CURLY" => "`}`",
            "COMMA" => "`,`",
            "SEMICOLON" => "`;`",
            "EQ" => "`=`",
            "DOT" => "`.`",
            "COLON" => "`:`",
            "STAR" => "`*`",
            _ => match name.strip_suffix("_KW") {
                Some(key_word) => return format!("`{key_word}`{}", &word[name.len()..]),
                None => return word.replace('_', " "),
            },
        };
        format!("{written}{}", &word[name.len()..])
    });
    let message = words.collect::<Vec<_>>().join(" ");
    let is_key_word = message.chars().nth(1).is_some_and(char::is_uppercase);
    match message.chars().next() {
        Some(first) if !is_key_word => first
            .to_lowercase()
            .chain(message.chars().skip(1))
            .collect(),
        _ => message,
    }
}

/// The part of an error's range that can be shown: within one line, and not empty. What is missing is
/// shown at the word that stands before it.
fn visible(text: &str, raw: &RawStatement, range: std::ops::Range<usize>) -> Span {
    let first_line = |span: Span| {
        let line = text[span.range()].lines().next().unwrap_or_default();
        Span::new(
            span.start as usize,
            span.start as usize + line.trim_end().len(),
        )
    };
    let marked = text.get(range.clone()).unwrap_or_default();
    let blank = marked.len() - marked.trim_start().len();
    let line = first_line(Span::new(range.start + blank, range.start + marked.len()));
    if !line.is_empty() {
        return line;
    }
    let starts_before = |token: &Token| token.span.start as usize <= range.start;
    let last = raw.tokens.partition_point(starts_before).saturating_sub(1);
    let token = raw.tokens[last].span;
    if range.start >= token.end as usize {
        return first_line(token);
    }
    let within = text.get(token.start as usize..range.start);
    let before = within.unwrap_or_default().trim_end();
    let word = before.len() - before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let end = token.start as usize + before.len();
    match Span::new(end - word, end) {
        word if word.is_empty() => first_line(token),
        word => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a statement does, with the text that each of its spans covers.
    fn sketch(text: &str, kind: &StatementKind) -> String {
        let part = |at: &At<String>| match &text[at.span.range()] {
            slice if slice.eq_ignore_ascii_case(&at.value) => at.value.clone(),
            slice => format!("{} <{slice}>", at.value),
        };
        let parts = |list: &[At<String>]| list.iter().map(part).collect::<Vec<_>>().join(", ");
        match kind {
            StatementKind::CreateDatabase { name } => format!("create {}", part(name)),
            StatementKind::DropDatabase { name } => format!("drop {}", part(name)),
            StatementKind::AlterDatabase { name, owner } => {
                let owner = owner.iter().map(|owner| format!(" owner {}", part(owner)));
                format!("alter {}{}", part(name), owner.collect::<String>())
            }
            StatementKind::GrantOnDatabase {
                all,
                databases,
                roles,
            } => {
                let all = if *all { " all" } else { "" };
                format!("grant{all} on {} to {}", parts(databases), parts(roles))
            }
            StatementKind::RevokeOnDatabase { databases } => {
                format!("revoke on {}", parts(databases))
            }
            StatementKind::CreateRole { name } => format!("role {}", part(name)),
            StatementKind::Connect { database } => {
                format!("connect {}", database.as_ref().map_or("-".to_owned(), part))
            }
            StatementKind::Meta { command } => format!("\\{}", part(command)),
            StatementKind::Begin => "begin".to_owned(),
            StatementKind::EndTransaction => "end".to_owned(),
            StatementKind::Other { words } => part(words),
        }
    }

    fn kinds(text: &str) -> Vec<String> {
        let statements = parse(text).facts.statements;
        let kinds = statements
            .iter()
            .map(|statement| sketch(text, &statement.kind));
        kinds.collect()
    }

    fn spans(text: &str) -> Vec<&str> {
        let statements = parse(text).facts.statements.into_iter();
        statements
            .map(|statement| &text[statement.span.range()])
            .collect()
    }

    fn problems(text: &str) -> Vec<(&str, String)> {
        let problems = parse(text).problems.into_iter();
        problems
            .map(|problem| (&text[problem.span.range()], problem.message))
            .collect()
    }

    #[test]
    fn databases_and_roles_are_told_by_their_names() {
        for (text, expected) in [
            ("CREATE DATABASE loans OWNER app;", "create loans"),
            ("create database Loan_Desk", "create loan_desk"),
            (
                r#"CREATE DATABASE "Loan ""Desk""""#,
                r#"create Loan "Desk" <Loan ""Desk"">"#,
            ),
            ("CREATE DATABASE ÄÖü", "create ÄÖü"),
            ("CREATE DATABASE U&\"loans\"", "create loans"),
            ("CREATE DATABASE U&\"d\\0061t\"", "CREATE DATABASE"),
            ("CREATE DATABASE :db", "CREATE DATABASE"),
            ("CREATE DATABASE :\"db\"", "CREATE DATABASE"),
            ("DROP DATABASE IF EXISTS loans WITH (FORCE)", "drop loans"),
            (
                "ALTER DATABASE loans OWNER TO \"App\"",
                "alter loans owner App",
            ),
            ("ALTER DATABASE loans OWNER TO CURRENT_USER", "alter loans"),
            ("ALTER DATABASE loans SET work_mem = '1MB'", "alter loans"),
            (
                "GRANT ALL PRIVILEGES ON DATABASE loans, Fines TO GROUP app, PUBLIC, CURRENT_USER WITH GRANT OPTION",
                "grant all on loans, fines to app, public",
            ),
            (
                "GRANT CONNECT, TEMP ON DATABASE loans TO app",
                "grant on loans to app",
            ),
            ("GRANT CONNECT ON DATABASE :db TO app", "GRANT"),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
                "GRANT",
            ),
            ("GRANT reader TO app", "GRANT"),
            (
                "REVOKE CONNECT ON DATABASE loans FROM PUBLIC",
                "revoke on loans",
            ),
            (
                "REVOKE GRANT OPTION FOR ALL ON DATABASE a, b FROM c",
                "revoke on a, b",
            ),
            ("CREATE ROLE app LOGIN PASSWORD :'password'", "role app"),
            ("CREATE USER \"App\" WITH PASSWORD 'x'", "role App"),
            (
                "CREATE USER MAPPING FOR app SERVER s",
                "CREATE USER MAPPING",
            ),
        ] {
            assert_eq!(kinds(text), [expected], "{text}");
            assert_eq!(problems(text), [], "{text}");
        }
        let long = format!("CREATE DATABASE {}éx;", "x".repeat(61));
        let stored = format!("create {0}é <{0}éx>", "x".repeat(61));
        assert_eq!(kinds(&long), [stored]);
    }

    #[test]
    fn other_statements_are_told_by_their_words() {
        for (text, expected) in [
            (
                "BEGIN; START TRANSACTION; COMMIT; END WORK; ROLLBACK; ABORT",
                "begin begin end end end end",
            ),
            (
                "ROLLBACK TO SAVEPOINT a; COMMIT AND CHAIN; PREPARE TRANSACTION 'x'",
                "ROLLBACK COMMIT end",
            ),
            (
                "create or replace view a as select 1",
                "CREATE VIEW <create or replace view>",
            ),
            (
                "CREATE UNIQUE INDEX ON a (b)",
                "CREATE INDEX <CREATE UNIQUE INDEX>",
            ),
            ("CREATE TABLE a ()", "CREATE TABLE"),
            ("CREATE EXTENSION IF NOT EXISTS citext", "CREATE EXTENSION"),
            (
                "CREATE MATERIALIZED VIEW a AS SELECT 1",
                "CREATE MATERIALIZED VIEW",
            ),
            ("INSERT INTO a VALUES (1)", "INSERT INTO"),
            ("(SELECT 1)", "SELECT"),
            ("DO $$ BEGIN NULL; END $$", "DO"),
        ] {
            assert_eq!(kinds(text).join(" "), expected, "{text}");
            assert_eq!(problems(text), [], "{text}");
        }
        assert_eq!(kinds("1;"), [" <1>"]);
    }

    #[test]
    fn statements_end_where_psql_ends_them() {
        for (text, expected) in [
            (" ;; SELECT 1 ; ", vec!["SELECT 1"]),
            (
                "SELECT ';' -- ;\n, \";\" /* ; /* ; */ ; */; SELECT 2",
                vec!["SELECT ';' -- ;\n, \";\"", "SELECT 2"],
            ),
            (
                r"SELECT E'\';' ; SELECT 'a\'; SELECT 'b''; c'",
                vec![r"SELECT E'\';'", r"SELECT 'a\'", "SELECT 'b''; c'"],
            ),
            (
                "SELECT $$;$$, $a$;$$;$a$, a$b$ ; SELECT $1",
                vec!["SELECT $$;$$, $a$;$$;$a$, a$b$", "SELECT $1"],
            ),
            ("SELECT (1; SELECT 2", vec!["SELECT (1", "SELECT 2"]),
            (
                "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3",
                vec![
                    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
                    "SELECT 3",
                ],
            ),
            (
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 5",
                vec![
                    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
                    "SELECT 5",
                ],
            ),
            (
                "COPY t (a) FROM stdin;\nx;y\n\\.z\nit's\n\\.\nSELECT 1;",
                vec!["COPY t (a) FROM stdin", "SELECT 1"],
            ),
            (
                "COPY t FROM STDIN; SELECT 1;\r\nx\r\n\\.\r\nSELECT 2;",
                vec!["COPY t FROM STDIN", "SELECT 1", "SELECT 2"],
            ),
            (
                "COPY t FROM stdin;\nnever ; ended",
                vec!["COPY t FROM stdin"],
            ),
            (
                "\\copy t from stdin\n';\n\\.\nSELECT 1;",
                vec!["\\copy t from stdin", "SELECT 1"],
            ),
            (
                "SELECT 1 \\g\nSELECT 2 \\gset x_\nSELECT 3 \\gx (format=csv) f.csv\nSELECT 4\\; SELECT 5",
                vec!["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4", "SELECT 5"],
            ),
            (
                "SELECT 1 \\echo ';'\n + 1; SELECT 2 \\r\nSELECT 3",
                vec!["SELECT 1 \\echo ';'\n + 1", "\\echo ';'", "\\r", "SELECT 3"],
            ),
            (
                "\\echo a \\echo b \\\\ SELECT 1;\n\\! echo \\c x",
                vec!["\\echo a", "\\echo b", "SELECT 1", "\\! echo \\c x"],
            ),
            (
                "\u{feff}SELECT 1;\r\nSELECT 2;\r\n",
                vec!["SELECT 1", "SELECT 2"],
            ),
        ] {
            assert_eq!(spans(text), expected, "{text}");
        }
    }

    #[test]
    fn connections_go_where_psql_goes() {
        for (text, expected) in [
            (r"\c loans", "connect loans"),
            (r"\connect Loans;", "connect Loans"),
            (r#"\c "Loan Desk" app"#, "connect Loan Desk"),
            (r"\c 'loans' ;", "connect loans"),
            (r"\c", "connect -"),
            (r"\c - app", "connect -"),
            (
                r#"\c -reuse-previous=on "host=h dbname=loans""#,
                "connect loans",
            ),
            (r#"\c "dbname='loan desk' user=u""#, "connect loan desk"),
            (
                r"\c postgresql://u:p@h:5432/loans?sslmode=require",
                "connect loans",
            ),
            (
                r"\c postgresql://h/loan%20desk",
                "connect loan desk <loan%20desk>",
            ),
            (r#"\c "host=h user=u""#, r"\c"),
            (r"\c :db", r"\c"),
            (r#"\c :"db""#, r"\c"),
            (r"\c `cat db`", r"\c"),
            (r"\cloans", r"\cloans"),
            (r"\set db loans", r"\set"),
            (r"\i other.sql", r"\i"),
        ] {
            assert_eq!(kinds(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_gexec_executes_is_read() {
        for (text, expected) in [
            (
                r"SELECT 'CREATE DATABASE loans' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'loans')\gexec",
                vec!["create loans"],
            ),
            (
                "SELECT 'CREATE DATABASE loans';\n\\gexec\n",
                vec!["create loans"],
            ),
            (
                r#"SELECT $$CREATE DATABASE "Loans"$$ AS sql \gexec"#,
                vec!["create Loans"],
            ),
            (
                r"SELECT format('CREATE DATABASE %I OWNER %s', 'Loans', 'app') \gexec",
                vec!["create Loans"],
            ),
            (
                r"SELECT format('CREATE %s %I'::text, 'DATABASE', 'loans'::text) \gexec",
                vec!["create loans"],
            ),
            (
                r"SELECT 'CREATE DATABASE ' || quote_ident('loans') \gexec",
                vec!["create loans"],
            ),
            (
                r"SELECT 'CREATE DATABASE loan' || '_desk' \gexec",
                vec!["create loan_desk <loan' || '_desk>"],
            ),
            (
                r"SELECT 'CREATE DATABASE a', NULL UNION ALL SELECT 'CREATE ROLE b', 'GRANT ALL ON DATABASE a TO b' \gexec",
                vec!["create a", "role b", "grant all on a to b"],
            ),
            (
                r"SELECT 'CREATE EXTENSION citext' \gexec",
                vec!["CREATE EXTENSION"],
            ),
            (
                r"SELECT 'COMMENT ON TABLE a IS ''b''' \gexec",
                vec!["COMMENT ON <COMMENT ON TABLE a IS ''b''>"],
            ),
            (
                r"SELECT format('CREATE DATABASE %I', name) FROM wanted \gexec",
                vec!["SELECT", r"\gexec"],
            ),
            (
                r"SELECT 'CREATE DATABASE ' || :'db' \gexec",
                vec!["SELECT", r"\gexec"],
            ),
            (
                r#"SELECT 'CREATE DATABASE "' || db || '"' FROM wanted \gexec"#,
                vec!["SELECT", r"\gexec"],
            ),
            (r"SELECT sql FROM wanted \gexec", vec!["SELECT", r"\gexec"]),
            (
                r"SELECT 'CREATE ' || kind || ' a' FROM wanted \gexec",
                vec!["SELECT", r"\gexec"],
            ),
            (r"SELECT 'CREATE DATABASE loans' \g", vec!["SELECT"]),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
            assert_eq!(problems(text), [], "{text}");
        }
    }

    #[test]
    fn roles_that_a_do_creates_are_read() {
        for (text, expected) in [
            (
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE App LOGIN; END IF; END $$",
                vec!["role app"],
            ),
            (
                "DO LANGUAGE plpgsql 'BEGIN CREATE USER a; CREATE USER b; END'",
                vec!["role a", "role b"],
            ),
            (
                "DO $$ BEGIN EXECUTE 'CREATE ROLE app'; END $$",
                vec!["role app"],
            ),
            (
                "DO $$ BEGIN EXECUTE format('CREATE ROLE %I PASSWORD %L', 'App', 'x'); END $$",
                vec!["role App"],
            ),
            (
                "DO $$ BEGIN EXECUTE format('CREATE ROLE %I', wanted); END $$",
                vec!["DO"],
            ),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }

    #[test]
    fn an_error_costs_one_statement() {
        for (text, marked, message, others) in [
            (
                "SELECT 1;\nCREATE TABEL a (\n  b int);\nCREATE ROLE c;",
                "CREATE",
                "PostgreSQL cannot read this: no statement begins with `CREATE TABEL`",
                vec!["SELECT", "CREATE TABEL", "role c"],
            ),
            (
                "CREATE TABLE a (b int;\nSELECT 1;",
                "int",
                "PostgreSQL cannot read this: expected `)`",
                vec!["CREATE TABLE", "SELECT"],
            ),
            (
                "COMMIT\nDROP TABLE b;",
                "COMMIT",
                "PostgreSQL cannot read this: missing semicolon between statements",
                vec!["end"],
            ),
            (
                "SELECT \0;",
                "\0",
                "PostgreSQL cannot read this: unexpected character that is none of SQL's",
                vec!["SELECT"],
            ),
            (
                "CREATE DATABASE IF NOT EXISTS loans;",
                "IF NOT EXISTS",
                "PostgreSQL has no `CREATE DATABASE IF NOT EXISTS`",
                vec!["create loans"],
            ),
            (
                "CREATE TABLE a (b int DEFAULT NOT NULL, c int REFERENCES b ON DELETE SET DEFAULT NOT DEFERRABLE);",
                "NOT",
                "PostgreSQL cannot read this: `DEFAULT` has no value",
                vec!["CREATE TABLE"],
            ),
            (
                "INSERT INTO a VALUES ('it's');\nSELECT 1;",
                "');",
                "this quote is never closed",
                vec!["INSERT INTO", "SELECT"],
            ),
            (
                "SELECT $a$ x\n; SELECT 1;",
                "$a$ x",
                "this quote is never closed",
                vec!["SELECT", "SELECT"],
            ),
            (
                "SELECT 1; /* x\nSELECT 2;",
                "/* x",
                "this comment is never closed",
                vec!["SELECT", "SELECT"],
            ),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM; $$;",
                "FROM",
                "PostgreSQL cannot read this: expected from item, got `;`",
                vec!["CREATE FUNCTION"],
            ),
        ] {
            assert_eq!(problems(text), [(marked, message.to_owned())], "{text}");
            assert_eq!(kinds(text), others, "{text}");
        }
    }

    #[test]
    fn psql_variables_are_no_errors() {
        for text in [
            "SELECT :n, :'n', :\"n\", :{?n};",
            "ALTER ROLE app PASSWORD :'password';",
            "SELECT a[1:2], a[:n], b::int FROM :\"schema\".t;",
            "SELECT 1 \\echo in between\n + 1;",
            "CREATE TABLE a (b varchar(:length));",
        ] {
            assert_eq!(problems(text), [], "{text}");
        }
    }

    #[test]
    fn the_header_is_the_comment_that_comes_first() {
        for (text, expected) in [
            (
                "-- a\r\n  -- b\r\n\r\n-- c\r\nSELECT 1;",
                Some("-- a\r\n  -- b"),
            ),
            ("\u{feff}\n\n/* a\n b */\n-- c\n", Some("/* a\n b */")),
            ("-- a\n/* b */", Some("-- a")),
            ("SELECT 1; -- a", None),
            ("\\set a b\n-- c", None),
            ("", None),
        ] {
            let header = parse(text).facts.header;
            assert_eq!(header.map(|span| &text[span.range()]), expected, "{text}");
        }
        let text = "-- a\nSELECT '-- b' /* c */ -- d\r\n;\\echo -- e";
        let comments = parse(text).comments.into_iter();
        let comments: Vec<_> = comments.map(|span| &text[span.range()]).collect();
        assert_eq!(comments, ["-- a", "/* c */", "-- d"]);
    }

    #[test]
    fn other_dialects_are_left_alone() {
        use Dialect::{ClickHouse, MySql, Postgres};
        for (text, expected) in [
            ("CREATE TABLE `a` (id INT);", MySql),
            ("CREATE TABLE a (id INT AUTO_INCREMENT);", MySql),
            ("CREATE TABLE a (id INT) ENGINE=InnoDB;", MySql),
            (
                "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 'it\\'s'; END//",
                MySql,
            ),
            (
                "CREATE TABLE `a` (id UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY id",
                ClickHouse,
            ),
            (
                "ALTER TABLE a ADD COLUMN b LowCardinality(String)",
                ClickHouse,
            ),
            ("ALTER TABLE a ON CLUSTER default DROP COLUMN b", ClickHouse),
            (
                "CREATE MATERIALIZED VIEW IF NOT EXISTS d.v TO d.t AS SELECT 1",
                ClickHouse,
            ),
            ("ALTER TABLE a DROP INDEX IF EXISTS b", ClickHouse),
            ("UPDATE cars SET engine = diesel, note = '`x`';", Postgres),
            ("COPY a TO STDOUT DELIMITER ',';", Postgres),
            ("DROP INDEX IF EXISTS a;", Postgres),
            ("GRANT SELECT ON cluster TO app;", Postgres),
        ] {
            let parsed = parse(text);
            assert_eq!(parsed.facts.dialect, expected, "{text}");
            let is_read = !parsed.facts.statements.is_empty();
            assert_eq!(is_read, expected == Postgres, "{text}");
            assert_eq!(parsed.problems, [], "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_parsed() {
        let nested = |open: &str, close: &str, times| {
            format!("SELECT {}1{};", open.repeat(times), close.repeat(times))
        };
        let function = |body: &str| format!("CREATE FUNCTION f() LANGUAGE sql AS {body};");
        for (text, is_read) in [
            (nested("(", ")", 400), true),
            (nested("(SELECT ", ")", 300), true),
            (nested("NOT ", "", 1_000), true),
            (nested("", "+1", 1_000), true),
            (nested("", ",1", 20_000), true),
            (nested("(", "", 1 << 20), false),
            (nested("(", ")", 8_000), false),
            (nested("CASE WHEN true THEN ", " END", 4_000), false),
            (nested("(SELECT ", ")", 2_000), false),
            (nested("NOT ", "", 100_000), false),
            (nested("", "+1", 200_000), false),
            (nested("", " OR 1", 100_000), false),
            (nested("", "::int", 100_000), false),
            (nested("", "[1]", 100_000), false),
            (
                function(&format!("$$ {} $$", nested("(", ")", 8_000))),
                false,
            ),
            (
                format!(
                    "SELECT 1 {}",
                    function(&format!("$${}$$", "(".repeat(8_000)))
                ),
                false,
            ),
            (
                function(&format!("'{}'\n", "(".repeat(100)).repeat(9)),
                false,
            ),
            (function(&format!("E'{}'", "\\x28".repeat(8_000))), true),
            (format!("SELECT '{}'", "x".repeat(LONGEST)), false),
        ] {
            let parsed = parse(&text);
            let is_refusal = |problem: &Problem| problem.message.ends_with("to be read");
            let is_refused = parsed.problems.iter().any(is_refusal);
            assert_eq!(
                is_refused,
                !is_read,
                "{} {:?}",
                &text[..40],
                parsed.problems
            );
            assert_eq!(parsed.facts.statements.len(), 1);
        }
        let deep = format!("CREATE DATABASE a {}", "(".repeat(8_000));
        assert_eq!(kinds(&deep), ["create a"]);
    }

    #[test]
    fn long_texts_are_no_trouble() {
        parse(&"/*".repeat(500_000));
        for part in [
            "/*\n",
            "'\n",
            "\"\n",
            "$",
            "\\",
            "\\c a\n",
            "\\gexec\n",
            ";",
            "`a` ",
            ":a ",
            ":'a' ",
            "a ",
            "\0",
            "create or replace ",
            "grant on ",
            "copy a from stdin;\n",
            "{",
            "[",
            ")",
            "é",
            "$a$\n",
            "E'\\'\n",
            "U&\"",
            "do ''",
            "select 'x'||",
        ] {
            parse(&part.repeat(20_000));
        }
        let tags: Vec<_> = (0..20_000).map(|number| format!("$a{number}$\n")).collect();
        parse(&tags.concat());
        for repeated in ["||'x'", ",'create role a'", " union select 'create role a'"] {
            parse(&format!("SELECT 'x' {}\\gexec", repeated.repeat(10_000)));
        }
        parse(&format!(
            "DO $$ {} $$",
            "execute 'create role a'; ".repeat(10_000)
        ));
    }
}
