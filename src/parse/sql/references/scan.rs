//! References told from tokens alone, for statements that squawk cannot read or must not be given. Only what
//! is sure to be a table is told.

use std::collections::HashSet;

use super::{Event, Place, body};
use crate::parse::sql::executed::Built;
use crate::parse::sql::split::{self, Token, TokenKind};
use crate::parse::sql::statement::{Cursor, IF_NOT_EXISTS};
use crate::parse::sql::{Access, ObjectName};

/// What a statement says about tables.
pub(super) fn read(text: &str, tokens: &[Token], level: usize, place: Place) -> Vec<Event> {
    let start = Cursor::new(text, tokens);
    let mut routine = start;
    routine.eat(&["create"]);
    routine.eat(&["or", "replace"]);
    let mut events = Vec::new();
    if start.is_word(0, &["do"]) || routine.is_word(0, &["function", "procedure"]) {
        for &token in tokens {
            if let Some(built) = Built::from_literal(text, token) {
                let place = |span| place(built.source(span));
                events.extend(self::body(&built.text, level + 1, &place));
            }
        }
        return events;
    }
    let mut scan = Scan {
        tokens,
        start,
        place,
        ctes: ctes(text, tokens),
        levels: vec![Level::default()],
        expected: None,
        events,
    };
    scan.run();
    scan.events
}

/// What the body of a routine says about tables.
pub(super) fn body(text: &str, level: usize, place: Place) -> Vec<Event> {
    let text = body::without_into(text, &split::tokens(text));
    let tokens = split::tokens(&text);
    let is_end = |token: &Token| token.kind == TokenKind::Symbol(b';');
    let statements = tokens.split(is_end).filter(|tokens| !tokens.is_empty());
    statements
        .flat_map(|tokens| read(&text, tokens, level, place))
        .collect()
}

/// Words that no table is called unless they are quoted, and that may stand where a table could.
const NO_NAMES: [&str; 26] = [
    "all", "array", "as", "case", "current", "default", "false", "for", "from", "group", "in",
    "into", "not", "null", "on", "order", "select", "server", "set", "table", "true", "union",
    "user", "values", "where", "with",
];

/// Words that may stand behind `FROM` and `TO` of a `COPY`.
const OF_COPY: [&str; 3] = ["program", "stdin", "stdout"];

/// Statements whose `FROM` is not that of a query.
const OTHER_FROM: [&str; 7] = ["alter", "fetch", "import", "move", "revoke", "set", "show"];

/// What is created with another `FROM`.
const CREATED_FROM: [&str; 4] = ["collation", "conversion", "extension", "transform"];

/// Words that end the list of a `FROM`.
const CLAUSES: [&str; 15] = [
    "where",
    "group",
    "order",
    "having",
    "limit",
    "union",
    "intersect",
    "except",
    "window",
    "returning",
    "set",
    "offset",
    "fetch",
    "select",
    "values",
];

/// Functions with a `FROM` among their arguments.
const WITH_FROM: [&str; 5] = ["extract", "substring", "trim", "overlay", "position"];

/// Words behind which a statement begins.
const BEFORE_STATEMENT: [&str; 5] = ["begin", "then", "else", "loop", "atomic"];

/// How many tokens a statement is looked ahead in.
const FAR: usize = 100;

/// What brackets hold.
#[derive(Default)]
struct Level {
    /// Whether a comma leads to another item of a `FROM`.
    is_list: bool,
    /// Whether `FROM` belongs to a function here.
    is_of_function: bool,
}

struct Scan<'a> {
    tokens: &'a [Token],
    /// The whole statement.
    start: Cursor<'a>,
    place: Place<'a>,
    ctes: HashSet<String>,
    levels: Vec<Level>,
    /// Whether a table stands next, and what is done with it.
    expected: Option<Access>,
    events: Vec<Event>,
}

/// The names that `WITH` may give: those before `AS (`, be there a list of columns between.
fn ctes(text: &str, tokens: &[Token]) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut opened = Vec::new();
    let mut before_brackets = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Symbol(b'(') => opened.push(at),
            TokenKind::Symbol(b')') => before_brackets = opened.pop(),
            _ => {}
        }
        let mut cursor = Cursor::new(text, &tokens[at..]);
        if !cursor.eat(&["as"]) {
            continue;
        }
        cursor.eat(&["not"]);
        cursor.eat(&["materialized"]);
        let is_closed = at > 0 && tokens[at - 1].kind == TokenKind::Symbol(b')');
        let name = match before_brackets {
            Some(open) if is_closed => open.checked_sub(1),
            _ => at.checked_sub(1),
        };
        if cursor.is_symbol(0, b'(')
            && let Some(name) = name
        {
            let name = Cursor::new(text, &tokens[name..]).name();
            names.extend(name.map(|name| name.value));
        }
    }
    names
}

impl<'a> Scan<'a> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.token(at).max(at + 1);
        }
    }

    fn from(&self, at: usize) -> Cursor<'a> {
        Cursor::new(self.start.text, &self.tokens[at..])
    }

    fn is_before(&self, at: usize, words: &[&str]) -> bool {
        at > 0 && self.from(at - 1).is_word(0, words)
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// Looks at a token; where to go on is the answer.
    fn token(&mut self, at: usize) -> usize {
        let cursor = self.from(at);
        match self.tokens[at].kind {
            TokenKind::Symbol(b'(') => {
                let is_list = self.expected.is_some();
                let is_of_function = self.is_before(at, &WITH_FROM);
                self.levels.push(Level {
                    is_list,
                    is_of_function,
                });
                return at + 1;
            }
            TokenKind::Symbol(b')') => {
                self.levels.pop();
                self.expected = None;
                return at + 1;
            }
            TokenKind::Symbol(b',') => {
                self.expected = self.level().is_list.then_some(Access::Reads);
                return at + 1;
            }
            _ => {}
        }
        if let Some(access) = self.expected {
            if cursor.is_word(0, &["only", "lateral"]) {
                return at + 1;
            }
            self.expected = None;
            if let Some(next) = self.table(at, access, false) {
                return next;
            }
        }
        match self.tokens[at].kind {
            TokenKind::Word => self.word(at),
            _ => at + 1,
        }
    }

    fn word(&mut self, at: usize) -> usize {
        let cursor = self.from(at);
        let first = |words: &[&str]| self.start.is_word(0, words);
        if cursor.is_word(0, &["from"]) {
            let is_other = first(&OTHER_FROM)
                || (first(&["create"]) && (1..5).any(|at| self.start.is_word(at, &CREATED_FROM)))
                || (first(&["copy"]) && cursor.is_word(1, &OF_COPY))
                || self.is_before(at, &["distinct", "values"])
                || self.level().is_of_function;
            if !is_other {
                let is_target = self.is_before(at, &["delete"]);
                self.expected = Some(if is_target {
                    Access::Writes
                } else {
                    Access::Reads
                });
                self.level().is_list = !is_target;
            }
        } else if cursor.is_word(0, &["join"]) || self.is_table_command(at) {
            self.expected = Some(Access::Reads);
        } else if cursor.is_word(0, &["using"]) && first(&["delete", "merge"]) {
            let is_list = !cursor.is_symbol(1, b'(');
            self.expected = is_list.then_some(Access::Reads);
            self.level().is_list = is_list;
        } else if cursor.is_word(0, &CLAUSES) {
            self.level().is_list = false;
        } else if cursor.is_word(0, &["into"]) && self.is_before(at, &["insert", "merge"]) {
            return self.table(at + 1, Access::Writes, false).unwrap_or(at + 1);
        } else if cursor.is_word(0, &["references"]) && !first(&["grant", "revoke"]) {
            return self
                .table(at + 1, Access::References, false)
                .unwrap_or(at + 1);
        } else if cursor.begins_with(&["partition", "of"]) {
            return self
                .table(at + 2, Access::References, false)
                .unwrap_or(at + 2);
        } else if cursor.begins_with(&["rename", "to"]) && self.start.is_word(1, &["table", "view"])
        {
            return self.table(at + 2, Access::Defines, false).unwrap_or(at + 2);
        } else if cursor.is_word(0, &["inherits"]) && cursor.is_symbol(1, b'(') {
            return self.list(at + 2, Access::References, false);
        } else if cursor.is_word(0, &["update"]) {
            return self.update(at);
        } else if at == 0 || self.is_before(at, &BEFORE_STATEMENT) {
            return self.beginning(at);
        }
        at + 1
    }

    /// Whether `TABLE` stands here in place of a `SELECT`.
    fn is_table_command(&self, at: usize) -> bool {
        let before = ["as", "all", "except", "intersect", "union"];
        self.from(at).is_word(0, &["table"])
            && (at == 0 || self.from(at - 1).is_symbol(0, b'(') || self.is_before(at, &before))
    }

    /// `UPDATE [ONLY] name [AS alias] SET`, no other `UPDATE`.
    fn update(&mut self, at: usize) -> usize {
        let mut cursor = self.from(at + 1);
        cursor.eat(&["only"]);
        let name = self.tokens.len() - cursor.rest.len();
        let is_set = (1..6).any(|ahead| cursor.is_word(ahead, &["set"]));
        if !is_set || self.is_before(at, &["for", "on", "do", "or", "key", "then"]) {
            return at + 1;
        }
        self.table(name, Access::Writes, false).unwrap_or(name)
    }

    /// The beginning of a statement that is about a table as such.
    fn beginning(&mut self, at: usize) -> usize {
        let mut cursor = self.from(at);
        let is_create = cursor.eat(&["create"]);
        let access = if is_create {
            Access::Defines
        } else if cursor.eat(&["alter"]) {
            Access::Alters
        } else if cursor.eat(&["drop"]) {
            Access::Drops
        } else if cursor.eat_one_of(&["truncate", "lock"]) {
            cursor.eat(&["table"]);
            let next = self.tokens.len() - cursor.rest.len();
            return self.list(next, Access::Writes, false);
        } else if cursor.eat(&["comment", "on"]) {
            let is_column = cursor.eat(&["column"]);
            if is_column || cursor.eat_one_of(&["table", "view"]) {
                let next = self.tokens.len() - cursor.rest.len();
                return self.commented(next, is_column);
            }
            return at + 1;
        } else if cursor.eat(&["copy"]) {
            cursor.eat(&["binary"]);
            let next = self.tokens.len() - cursor.rest.len();
            let is_source = self.reads_copied(next);
            let access = if is_source {
                Access::Reads
            } else {
                Access::Writes
            };
            return self.table(next, access, false).unwrap_or(next);
        } else {
            return at + 1;
        };
        cursor.eat(&["or", "replace"]);
        let is_temporary = is_create && {
            cursor.eat_one_of(&["global", "local"]);
            cursor.eat_one_of(&["temporary", "temp"])
        };
        cursor.eat(&["unlogged"]);
        cursor.eat_one_of(&["foreign", "materialized", "recursive"]);
        if !cursor.eat_one_of(&["table", "view"]) {
            let is_on_table = cursor.eat(&["unique"])
                || cursor.is_word(0, &["index", "trigger", "policy", "constraint"]);
            return match self.on(at) {
                Some(on) if is_on_table => self.table(on, Access::Alters, false).unwrap_or(on),
                _ => at + 1,
            };
        }
        let is_optional = if is_create {
            cursor.eat(&IF_NOT_EXISTS);
            false
        } else {
            cursor.eat(&["if", "exists"])
        };
        cursor.eat(&["only"]);
        let next = self.tokens.len() - cursor.rest.len();
        if is_temporary {
            let name = self.object(next);
            self.events
                .extend(name.map(|(name, _)| Event::MakesTemporary(name)));
            return next + 1;
        }
        if access == Access::Drops {
            return self.list(next, access, is_optional);
        }
        self.table(next, access, is_optional).unwrap_or(next)
    }

    /// Whether `COPY name [(columns)]` goes on with `TO`.
    fn reads_copied(&self, at: usize) -> bool {
        let end = self.tokens.len().min(at + FAR);
        let mut ahead = at..end;
        let direction = ahead.find(|&at| self.from(at).is_word(0, &["from", "to"]));
        direction.is_some_and(|at| self.from(at).is_word(0, &["to"]))
    }

    /// The table of a comment, or the table of the column of one.
    fn commented(&mut self, at: usize, is_column: bool) -> usize {
        let Some((mut name, next)) = self.object(at) else {
            return at;
        };
        if is_column {
            name.parts.pop();
        }
        if !name.parts.is_empty() {
            self.events.push(Event::Names {
                name,
                access: Access::Alters,
                is_optional: false,
            });
        }
        next
    }

    /// The first of some words behind a token, up to a bracket and not far ahead.
    fn first_of(&self, at: usize, words: &[&str]) -> Option<usize> {
        let end = self.tokens.len().min(at + FAR);
        let is_close = |&at: &usize| !self.from(at).is_symbol(0, b'(');
        let mut ahead = (at..end).take_while(is_close);
        ahead.find(|&at| self.from(at).is_word(0, words))
    }

    /// The token behind the first `ON`, and behind its `ONLY`.
    fn on(&self, at: usize) -> Option<usize> {
        let on = self.first_of(at, &["on"])?;
        if on + 1 >= self.tokens.len() {
            return None;
        }
        Some(on + 1 + usize::from(self.from(on + 1).is_word(0, &["only"])))
    }

    /// Tables with commas between them.
    fn list(&mut self, mut at: usize, access: Access, is_optional: bool) -> usize {
        loop {
            let is_only = at < self.tokens.len() && self.from(at).is_word(0, &["only"]);
            let Some(next) = self.table(at + usize::from(is_only), access, is_optional) else {
                return at;
            };
            if next >= self.tokens.len() || !self.from(next).is_symbol(0, b',') {
                return next;
            }
            at = next + 1;
        }
    }

    /// A table at a token; where to go on is the answer, and `None` if there is none.
    fn table(&mut self, at: usize, access: Access, is_optional: bool) -> Option<usize> {
        let (name, next) = self.object(at)?;
        let is_call = access == Access::Reads
            && next < self.tokens.len()
            && self.from(next).is_symbol(0, b'(')
            && !self.start.is_word(0, &["copy"]);
        let is_cte = access == Access::Reads
            && name.parts.len() == 1
            && self.ctes.contains(&name.name().value);
        if !is_call && !is_cte {
            self.events.push(Event::Names {
                name,
                access,
                is_optional,
            });
        }
        Some(next)
    }

    /// The name at a token, and the token behind it.
    fn object(&self, at: usize) -> Option<(ObjectName, usize)> {
        let mut cursor = Cursor::new(self.start.text, self.tokens.get(at..)?);
        if cursor.is_word(0, &NO_NAMES) || cursor.begins_with(&["rows", "from"]) {
            return None;
        }
        let mut parts = cursor.path()?;
        for part in &mut parts {
            part.span = (self.place)(part.span);
        }
        Some((ObjectName { parts }, self.tokens.len() - cursor.rest.len()))
    }
}
