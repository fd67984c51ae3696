//! What statements and meta-commands do, told from their tokens.

use super::executed::{self, Built};
use super::split::{self, Item, Meta, RawStatement, Reader, Token, TokenKind};
use super::{Statement, StatementKind};
use crate::connection;
use crate::source::{At, Span};

/// Tokens that are read one after the other.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) rest: &'a [Token],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, rest: &'a [Token]) -> Self {
        Self { text, rest }
    }

    /// The text of the token `ahead`, if it is a word; else empty.
    pub(super) fn word(&self, ahead: usize) -> &'a str {
        match self.rest.get(ahead) {
            Some(token) if token.kind == TokenKind::Word => &self.text[token.span.range()],
            _ => "",
        }
    }

    pub(super) fn is_word(&self, ahead: usize, words: &[&str]) -> bool {
        let word = self.word(ahead);
        words
            .iter()
            .any(|expected| word.eq_ignore_ascii_case(expected))
    }

    pub(super) fn is_symbol(&self, ahead: usize, symbol: u8) -> bool {
        self.rest
            .get(ahead)
            .is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    /// Whether a sequence of words stands here.
    pub(super) fn begins_with(&self, words: &[&str]) -> bool {
        let mut ahead = words.iter().enumerate();
        ahead.all(|(ahead, word)| self.is_word(ahead, &[word]))
    }

    /// Passes over a sequence of words, if it stands here.
    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let stands_here = self.begins_with(words);
        if stands_here {
            self.rest = &self.rest[words.len()..];
        }
        stands_here
    }

    pub(super) fn eat_one_of(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(&[word]))
    }

    /// Passes over so many tokens.
    pub(super) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// Passes over everything up to a sequence of words, and those words.
    fn eat_through(&mut self, words: &[&str]) -> bool {
        while !self.rest.is_empty() {
            if self.eat(words) {
                return true;
            }
            self.rest = &self.rest[1..];
        }
        false
    }

    /// Reads a name; `None` where none stands here, or one that the text does not tell.
    pub(super) fn name(&mut self) -> Option<At<String>> {
        let (token, rest) = self.rest.split_first()?;
        let name = match token.kind {
            TokenKind::Word => {
                let word = &self.text[token.span.range()];
                At::new(stored(&word.to_ascii_lowercase()), token.span)
            }
            TokenKind::QuotedName => quoted_name(self.text, token.span)?,
            _ => return None,
        };
        let has_own_escapes = token.kind == TokenKind::QuotedName && self.is_word(1, &["uescape"]);
        if has_own_escapes || name.value.contains(executed::UNKNOWN) {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    /// Reads a name with its qualifiers, at most two of them; `None` where none stands here.
    pub(super) fn path(&mut self) -> Option<Vec<At<String>>> {
        let mut parts = vec![self.name()?];
        while self.is_symbol(0, b'.') {
            self.rest = &self.rest[1..];
            parts.push(self.name()?);
        }
        (parts.len() <= 3).then_some(parts)
    }

    /// Reads items with commas between them; `None` where one of them is none.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.is_symbol(0, b',') {
            self.rest = &self.rest[1..];
            items.push(item(self)?);
        }
        Some(items)
    }

    /// Reads a role.
    fn role(&mut self) -> Option<Role> {
        if self.eat_one_of(&["current_user", "current_role", "session_user"]) {
            Some(Role::OfTheSession)
        } else {
            self.name().map(Role::Named)
        }
    }
}

/// Whom a statement gives something to.
enum Role {
    Named(At<String>),
    /// `CURRENT_USER` and its kin.
    OfTheSession,
}

impl Role {
    fn name(self) -> Option<At<String>> {
        match self {
            Self::Named(name) => Some(name),
            Self::OfTheSession => None,
        }
    }
}

/// `"name"` or `U&"name"`; `None` for the latter with escapes.
fn quoted_name(text: &str, span: Span) -> Option<At<String>> {
    let raw = &text[span.range()];
    let quote = raw.find('"')?;
    let content = raw.get(quote + 1..raw.len() - 1)?;
    if quote > 0 && content.contains('\\') {
        return None;
    }
    let start = span.start as usize + quote + 1;
    let value = stored(&content.replace("\"\"", "\""));
    Some(At::new(value, Span::new(start, start + content.len())))
}

/// A name cut to the 63 bytes that PostgreSQL stores (PostgreSQL manual, 4.1.1).
fn stored(name: &str) -> String {
    name[..name.floor_char_boundary(63)].to_owned()
}

/// What a statement comes to; a `\gexec` or a `DO` may come to more than one thing.
pub(super) fn statements(text: &str, raw: &RawStatement) -> Vec<Statement> {
    let span = raw.span();
    let statement = |kind| Statement { span, kind };
    let Some(gexec) = &raw.gexec else {
        return what_it_does(text, &raw.tokens)
            .into_iter()
            .map(statement)
            .collect();
    };
    if let Some(kinds) = executed(text, &raw.tokens) {
        return kinds.into_iter().map(statement).collect();
    }
    let backslash = gexec.span.start as usize - 1;
    let meta = Statement {
        span: Span::new(backslash, gexec.span.end as usize),
        kind: StatementKind::Meta {
            command: gexec.clone(),
        },
    };
    let words = leading_words(Cursor::new(text, &raw.tokens));
    vec![statement(StatementKind::Other { words }), meta]
}

/// What the rows of a query do once they are executed; `None` where the text does not tell.
fn executed(text: &str, query: &[Token]) -> Option<Vec<StatementKind>> {
    let mut kinds = Vec::new();
    for built in executed::by_gexec(text, query) {
        let is_known = !built.text.contains(executed::UNKNOWN);
        for item in split::split(&built.text, Reader::Server).items {
            let Item::Statement(raw) = item else {
                continue;
            };
            for mut kind in what_it_does(&built.text, &raw.tokens) {
                if !is_known && matches!(kind, StatementKind::Other { .. }) {
                    return None;
                }
                kind.relocate(&built);
                kinds.push(kind);
            }
        }
    }
    (!kinds.is_empty()).then_some(kinds)
}

/// What a statement that is not executed by way of `\gexec` does.
fn what_it_does(text: &str, tokens: &[Token]) -> Vec<StatementKind> {
    let cursor = Cursor::new(text, tokens);
    let roles = if cursor.is_word(0, &["do"]) {
        roles_of_do(text, tokens)
    } else {
        Vec::new()
    };
    if roles.is_empty() {
        let other = || StatementKind::Other {
            words: leading_words(cursor),
        };
        return vec![known_statement(cursor).unwrap_or_else(other)];
    }
    let create = |name| StatementKind::CreateRole { name };
    roles.into_iter().map(create).collect()
}

/// The roles that the body of a `DO` creates, itself or by `EXECUTE`.
fn roles_of_do(text: &str, tokens: &[Token]) -> Vec<At<String>> {
    let Some(body) = tokens
        .iter()
        .find_map(|&token| Built::from_literal(text, token))
    else {
        return Vec::new();
    };
    let body_tokens = split::tokens(&body.text);
    let mut roles = created_roles(&body.text, &body_tokens);
    for executed in executed::by_execute(&body.text, &body_tokens) {
        let inner = created_roles(&executed.text, &split::tokens(&executed.text));
        roles.extend(inner.into_iter().map(|role| {
            let span = executed.source(role.span);
            At::new(role.value, span)
        }));
    }
    for role in &mut roles {
        role.span = body.source(role.span);
    }
    roles.sort_by_key(|role| role.span);
    roles
}

/// The names behind every `CREATE ROLE` of a text.
fn created_roles(text: &str, tokens: &[Token]) -> Vec<At<String>> {
    (0..tokens.len())
        .filter_map(|start| created_role(Cursor::new(text, &tokens[start..])))
        .collect()
}

fn created_role(mut cursor: Cursor) -> Option<At<String>> {
    if !cursor.eat(&["create"]) || !cursor.eat_one_of(&["role", "user", "group"]) {
        return None;
    }
    if cursor.is_word(0, &["mapping"]) && cursor.is_word(1, &["for", "if"]) {
        return None;
    }
    cursor.eat(&IF_NOT_EXISTS);
    cursor.name()
}

/// `IF NOT EXISTS`, which PostgreSQL has for neither databases nor roles.
pub(super) const IF_NOT_EXISTS: [&str; 3] = ["if", "not", "exists"];

/// Reads a statement that has a kind of its own.
fn known_statement(mut cursor: Cursor) -> Option<StatementKind> {
    if let Some(name) = created_role(cursor) {
        Some(StatementKind::CreateRole { name })
    } else if cursor.eat(&["create", "database"]) {
        cursor.eat(&IF_NOT_EXISTS);
        let name = cursor.name()?;
        let owner = if cursor.eat_through(&["owner"]) {
            if cursor.is_symbol(0, b'=') {
                cursor.skip(1);
            }
            cursor.role()?.name()
        } else {
            None
        };
        Some(StatementKind::CreateDatabase { name, owner })
    } else if cursor.eat(&["drop", "database"]) {
        cursor.eat(&["if", "exists"]);
        let name = cursor.name()?;
        Some(StatementKind::DropDatabase { name })
    } else if cursor.eat(&["alter", "database"]) {
        let name = cursor.name()?;
        let owner = if cursor.eat(&["owner", "to"]) {
            cursor.role()?.name()
        } else {
            None
        };
        Some(StatementKind::AlterDatabase { name, owner })
    } else if cursor.eat(&["grant"]) {
        grant_on_database(cursor)
    } else if cursor.eat(&["revoke"]) && cursor.eat_through(&["on", "database"]) {
        let databases = cursor.list(Cursor::name)?;
        Some(StatementKind::RevokeOnDatabase { databases })
    } else {
        transaction(cursor)
    }
}

fn grant_on_database(mut cursor: Cursor) -> Option<StatementKind> {
    let all = cursor.is_word(0, &["all"]);
    if !cursor.eat_through(&["on", "database"]) {
        return None;
    }
    let databases = cursor.list(Cursor::name)?;
    if !cursor.eat(&["to"]) {
        return None;
    }
    let roles = cursor.list(|cursor| {
        cursor.eat(&["group"]);
        cursor.role()
    })?;
    Some(StatementKind::GrantOnDatabase {
        all,
        databases,
        roles: roles.into_iter().filter_map(Role::name).collect(),
    })
}

/// `BEGIN`, `COMMIT` and their kin.
fn transaction(mut cursor: Cursor) -> Option<StatementKind> {
    if cursor.eat(&["begin"]) || cursor.eat(&["start", "transaction"]) {
        return Some(StatementKind::Begin);
    }
    if cursor.eat(&["prepare", "transaction"]) {
        return Some(StatementKind::EndTransaction);
    }
    if !cursor.eat_one_of(&["commit", "end", "rollback", "abort"]) {
        return None;
    }
    cursor.eat_one_of(&["work", "transaction"]);
    let goes_on = cursor.eat_one_of(&["to", "prepared"]) || cursor.eat(&["and", "chain"]);
    (!goes_on).then_some(StatementKind::EndTransaction)
}

/// Words that may stand between `CREATE` and what is created.
const MODIFIERS: [&str; 12] = [
    "or",
    "replace",
    "global",
    "local",
    "temporary",
    "temp",
    "unlogged",
    "unique",
    "recursive",
    "trusted",
    "procedural",
    "constraint",
];

/// What `CREATE`, `ALTER` and `DROP` name by two words.
const OBJECTS_OF_TWO_WORDS: [[&str; 2]; 9] = [
    ["materialized", "view"],
    ["foreign", "table"],
    ["foreign", "data"],
    ["event", "trigger"],
    ["text", "search"],
    ["user", "mapping"],
    ["access", "method"],
    ["default", "privileges"],
    ["large", "object"],
];

/// Statements that are known by more than their first word.
const LONG_STATEMENTS: [&[&str]; 11] = [
    &["insert", "into"],
    &["delete", "from"],
    &["merge", "into"],
    &["truncate", "table"],
    &["lock", "table"],
    &["comment", "on"],
    &["security", "label"],
    &["refresh", "materialized", "view"],
    &["import", "foreign", "schema"],
    &["reassign", "owned"],
    &["drop", "owned"],
];

/// The leading key words of a statement, as in [`StatementKind::Other`].
pub(super) fn leading_words(mut cursor: Cursor) -> At<String> {
    while cursor.is_symbol(0, b'(') {
        cursor.rest = &cursor.rest[1..];
    }
    let mut long = LONG_STATEMENTS.iter();
    let length = long
        .find(|words| cursor.begins_with(words))
        .map_or(1, |words| words.len());
    let mut words: Vec<Token> = cursor.rest.iter().take(length).copied().collect();
    if length == 1 && cursor.eat_one_of(&["create", "alter", "drop"]) {
        while cursor.eat_one_of(&MODIFIERS) {}
        let mut objects = OBJECTS_OF_TWO_WORDS.iter();
        let has_two = objects.any(|words| cursor.begins_with(words));
        let object = cursor.rest.iter().take(if has_two { 2 } else { 1 });
        words.extend(object.filter(|token| token.kind == TokenKind::Word));
    }
    let span = words.iter().map(|token| token.span).reduce(Span::cover);
    let is_word = |token: &&Token| token.kind == TokenKind::Word;
    let value: Vec<String> = words
        .iter()
        .filter(is_word)
        .map(|token| cursor.text[token.span.range()].to_ascii_uppercase())
        .collect();
    At::new(value.join(" "), span.unwrap_or_default())
}

impl StatementKind {
    /// Moves every span to where the built text comes from.
    fn relocate(&mut self, built: &Built) {
        let all: Vec<&mut At<String>> = match self {
            Self::DropDatabase { name } | Self::CreateRole { name } => vec![name],
            Self::CreateDatabase { name, owner } | Self::AlterDatabase { name, owner } => {
                std::iter::once(name).chain(owner).collect()
            }
            Self::GrantOnDatabase {
                databases, roles, ..
            } => databases.iter_mut().chain(roles).collect(),
            Self::RevokeOnDatabase { databases } => databases.iter_mut().collect(),
            Self::Connect { database } => database.iter_mut().collect(),
            Self::Meta { command } => vec![command],
            Self::Other { words } => vec![words],
            Self::Begin | Self::EndTransaction => Vec::new(),
        };
        for at in all {
            at.span = built.source(at.span);
        }
    }
}

/// Reads a meta-command.
pub(super) fn meta_command(text: &str, meta: &Meta) -> Statement {
    let arguments = text[meta.arguments.range()].trim_end().len();
    let end = meta.arguments.start as usize + arguments;
    let span = Span::new(meta.command.span.start as usize - 1, end);
    let kind = match target(text, meta) {
        Target::Unknown => StatementKind::Meta {
            command: meta.command.clone(),
        },
        Target::Same => StatementKind::Connect { database: None },
        Target::Database(name) => StatementKind::Connect {
            database: Some(name),
        },
    };
    Statement { span, kind }
}

/// The database that a meta-command connects to.
enum Target {
    Database(At<String>),
    /// The one that the session is connected to.
    Same,
    /// The text does not tell, or the command does not connect.
    Unknown,
}

fn target(text: &str, meta: &Meta) -> Target {
    if !matches!(meta.command.value.as_str(), "c" | "connect") {
        return Target::Unknown;
    }
    let mut arguments = split::arguments(text, meta.arguments)
        .into_iter()
        .peekable();
    arguments.next_if(|argument| argument.value.value.starts_with("-reuse-previous="));
    let Some(first) = arguments.next() else {
        return Target::Same;
    };
    if first.is_variable {
        return Target::Unknown;
    }
    let argument = first.value;
    let database = if argument.value == "-" {
        return Target::Same;
    } else if let Some(url) = connection::parse(&argument.value) {
        url.database.map(|range| {
            let span = argument.part(range.clone());
            At::new(connection::decode(&argument.value[range]), span)
        })
    } else if argument.value.contains('=') {
        database_of_conninfo(&argument)
    } else {
        Some(argument)
    };
    // Connection strings take nothing over from the connection before.
    database.map_or(Target::Unknown, Target::Database)
}

/// The `dbname` of a `keyword = value` string (PostgreSQL manual, 34.1.1.1); one with spaces around its
/// `=` is not found.
fn database_of_conninfo(argument: &At<String>) -> Option<At<String>> {
    let (before, rest) = argument.value.split_once("dbname=")?;
    let start = before.len() + "dbname=".len();
    let (start, end) = match rest.strip_prefix('\'') {
        Some(quoted) => (start + 1, quoted.find('\'')?),
        None => (start, rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    let range = start..start + end;
    let value = argument.value[range.clone()].to_owned();
    Some(At::new(value, argument.part(range)))
}
