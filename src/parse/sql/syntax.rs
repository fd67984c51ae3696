//! Statements as squawk parses them, kept from what would overflow its stack, and what is wrong with their
//! syntax.

use std::borrow::Cow;

use squawk_syntax::SyntaxNode;

use super::executed::Built;
use super::names::unquoted_key_word;
use super::split::{self, RawStatement, Token, TokenKind};
use super::statement::{Cursor, IF_NOT_EXISTS, leading_words};
use crate::catalogue::nearest;
use crate::parse::Problem;
use crate::source::Span;

/// How deeply a statement may be nested, in the units of [`weight`]: 500 brackets, or 2,500 operators with
/// their operands. None of 52,000 real statements reaches 320; squawk takes time that grows with the
/// square of it.
const MOST_WEIGHT: usize = 5_000;
const WEIGHT_OF_BRACKET: usize = 10;
/// What a block of PL/pgSQL weighs.
const WEIGHT_OF_BLOCK: usize = 2;

/// What squawk parses within half a MiB of stack, measured in a debug build: it takes up to 5.7 KiB a
/// bracket and 1.8 KiB an operator.
const LIGHT: usize = 250;

/// The stack for statements that are not light. Only what is used of it is ever touched.
const LARGE_STACK: usize = 32 << 20;

/// The longest statement that is parsed, in bytes.
pub(super) const LONGEST: usize = 4 << 20;

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

/// A statement as squawk reads it.
pub(super) struct Tree<'a> {
    pub(super) root: &'a SyntaxNode,
    /// The weight of what may still be parsed on this stack.
    pub(super) room: usize,
}

/// Reads one statement: what is wrong with its syntax, and what `look` makes of its tree. `None` for the
/// latter where there is no tree that can be relied upon.
pub(super) fn read<T: Send>(
    text: &str,
    raw: &RawStatement,
    look: impl FnOnce(&str, Tree) -> T + Send,
) -> (Option<Problem>, Option<T>) {
    let cursor = Cursor::new(text, &raw.tokens);
    if raw.is_template(text) {
        return (None, None);
    }
    if let Some(problem) = if_not_exists(cursor) {
        return (Some(problem), None);
    }
    // A bare variable may stand for any text, and what is cut off has its problem already.
    let is_bare = |token: &Token| token.kind == TokenKind::BareVariable;
    if raw.is_cut_off || raw.tokens.iter().any(is_bare) {
        return (None, None);
    }
    let words = leading_words(cursor);
    match parsed(text, raw, look) {
        Ok((error, value)) => {
            let problem = error.map(|error| told(text, raw, &words.value, error));
            let missed = || default_not(cursor).or_else(|| unquoted_key_word(cursor));
            (problem.or_else(missed), value)
        }
        Err(why) => {
            let problem = Problem {
                span: words.span,
                message: format!("statement is {why} to be read"),
                help: "break it up into smaller statements".to_owned(),
            };
            (Some(problem), None)
        }
    }
}

/// The words that statements of scripts mostly begin with.
const COMMANDS: [&str; 16] = [
    "ALTER", "BEGIN", "COMMENT", "COMMIT", "COPY", "CREATE", "DELETE", "DROP", "GRANT", "INSERT",
    "REVOKE", "ROLLBACK", "SELECT", "SET", "TRUNCATE", "UPDATE",
];

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
    let first = words.split(' ').next().unwrap_or_default();
    let meant = nearest(first, COMMANDS).filter(|_| what.starts_with("no statement"));
    let help = if what.starts_with("missing semicolon") {
        "add the missing `;`".to_owned()
    } else if let Some(meant) = meant {
        format!("write `{meant}`")
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

/// The first syntax error of a statement, and what `look` makes of its tree unless the error stands
/// outside of the bodies in it; `Err` says why it was not parsed.
fn parsed<T: Send>(
    text: &str,
    raw: &RawStatement,
    look: impl FnOnce(&str, Tree) -> T + Send,
) -> Result<(Option<SyntaxError>, Option<T>), &'static str> {
    let weight = weight(text, &raw.tokens) + weight_of_bodies(text, &raw.tokens);
    if raw.span().len() > LONGEST {
        return Err("too long");
    }
    if weight > MOST_WEIGHT {
        return Err("nested too deeply");
    }
    let sql = as_server_sees_it(text, raw);
    let start = raw.span().start as usize;
    let is_of_body = |error: &SyntaxError| {
        let range = Span::new(error.range.start, error.range.end).shifted(start);
        let of = |token: &Token| token.kind == TokenKind::Literal && token.span.contains(range);
        raw.tokens.iter().any(of)
    };
    let read = |room| {
        let parse = squawk_syntax::SourceFile::parse(&sql);
        let error = first_error(&parse);
        let is_whole = error.as_ref().is_none_or(is_of_body);
        let root = &parse.syntax_node();
        let value = is_whole.then(|| look(&sql, Tree { root, room }));
        (error, value)
    };
    if weight.max(weight_of_blocks(text, &raw.tokens)) <= LIGHT {
        Ok(read(LIGHT))
    } else {
        on_large_stack(|| read(MOST_WEIGHT)).ok_or("nested too deeply")
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

/// How deep a body in PL/pgSQL can be nested at most. Whatever opens a block counts for the whole of it,
/// because squawk may take an `END` for another one's.
pub(super) fn weight_of_block(body: &str) -> usize {
    let tokens = split::tokens(body);
    let opens = |token: &&Token| {
        let word = match token.kind {
            TokenKind::Word => &body[token.span.range()],
            _ => "",
        };
        let words = ["begin", "if", "loop", "case"];
        words.iter().any(|open| word.eq_ignore_ascii_case(open))
    };
    weight(body, &tokens) + WEIGHT_OF_BLOCK * tokens.iter().filter(opens).count()
}

/// The most that a body among these tokens may weigh as PL/pgSQL.
fn weight_of_blocks(text: &str, tokens: &[Token]) -> usize {
    if !may_hold_routine(text, tokens) && !Cursor::new(text, tokens).is_word(0, &["do"]) {
        return 0;
    }
    let bodies = tokens
        .iter()
        .filter_map(|&token| Built::from_literal(text, token));
    let weights = bodies.map(|body| weight_of_block(&body.text));
    weights.max().unwrap_or_default()
}

/// Stands in a name for a byte that the text does not tell.
pub(super) const UNKNOWN_BYTE: &str = "\u{1}";

/// The text of a statement as `psql` sends it, at the same offsets: variables replaced by a constant or a
/// name of their length, meta-commands by spaces. Bodies of routines whose escapes are not resolved here
/// are emptied, because nothing tells how deeply they are nested.
fn as_server_sees_it<'a>(text: &'a str, raw: &RawStatement) -> Cow<'a, str> {
    let span = raw.span();
    let may_hold_routine = may_hold_routine(text, &raw.tokens);
    let mut replaced: Vec<(Span, String)> = Vec::new();
    for &token in &raw.tokens {
        let inner = token.span.len().saturating_sub(2);
        let (quote, filler) = match token.kind {
            TokenKind::LiteralVariable => ('\'', "x"),
            TokenKind::NameVariable => ('"', UNKNOWN_BYTE),
            TokenKind::Literal
                if may_hold_routine && Built::from_literal(text, token).is_none() =>
            {
                replaced.push((token.span, format!("'{}'", " ".repeat(inner))));
                continue;
            }
            _ => continue,
        };
        replaced.push((
            token.span,
            format!("{quote}{}{quote}", filler.repeat(inner)),
        ));
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
fn first_error(parse: &squawk_syntax::Parse<squawk_syntax::SourceFile>) -> Option<SyntaxError> {
    let errors = parse.errors();
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
