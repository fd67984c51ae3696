//! Bodies in PL/pgSQL: what they do, and under which condition (PostgreSQL manual, chapter 43).

use super::read::{self, Context};
use super::words::Words;
use super::{Change, Condition, condition, loops};
use crate::parse::sql::executed::{self, Built};
use crate::parse::sql::split::{self, Token, TokenKind};
use crate::parse::sql::statement::Cursor;

/// How deeply blocks and executed texts are followed into each other.
const DEEPEST: usize = 32;

/// What a `DO` does.
pub(super) fn of_do(words: Words, depth: usize) -> Vec<Change> {
    let literal = words
        .rest()
        .iter()
        .position(|token| token.kind == TokenKind::Literal);
    let Some(position) = literal else {
        return vec![Change::Unknown];
    };
    let is_other = language(words).is_some_and(|language| language != "plpgsql");
    if is_other {
        return vec![Change::Unknown];
    }
    let changes = body(words, words.rest()[position], depth);
    let is_one_block = matches!(
        changes.as_slice(),
        [] | [Change::Unknown | Change::Block { .. }]
    );
    if is_one_block {
        return changes;
    }
    vec![Change::Block {
        changes,
        is_caught: false,
        handler: Vec::new(),
        may_fail: false,
    }]
}

/// What a routine does once it is called.
pub(super) fn of_routine(mut words: Words, depth: usize) -> Vec<Change> {
    let Some(name) = words.object() else {
        return Vec::new();
    };
    let Some(position) = words.find(|here| {
        here.at("as")
            && here
                .rest()
                .get(1)
                .is_some_and(|token| token.kind == TokenKind::Literal)
    }) else {
        return Vec::new();
    };
    let token = words.rest()[position + 1];
    let changes = match language(words).as_deref() {
        Some("plpgsql") => body(words, token, depth),
        Some("sql") => match Built::from_literal(words.cursor.text, token) {
            Some(built) => read::executed(&built, depth + 1),
            None => vec![Change::Unknown],
        },
        _ => Vec::new(),
    };
    if !changes.iter().any(changes_something) {
        return Vec::new();
    }
    vec![Change::DefineRoutine {
        name: name.name().value.clone(),
        changes,
    }]
}

fn changes_something(change: &Change) -> bool {
    match change {
        Change::Return | Change::Raise | Change::Call(_) | Change::SearchPath { .. } => false,
        Change::If {
            then, otherwise, ..
        } => then.iter().chain(otherwise).any(changes_something),
        Change::Block {
            changes, handler, ..
        } => changes.iter().chain(handler).any(changes_something),
        Change::CreateTable(table) => !table.is_temporary,
        _ => true,
    }
}

fn language(words: Words) -> Option<String> {
    let position = words.find(|here| here.at("language"))?;
    let mut after = words.over(&words.rest()[position + 1..]);
    let name = after.literal().or_else(|| after.name())?;
    Some(name.value.to_ascii_lowercase())
}

/// The changes of a body that a literal holds.
fn body(words: Words, literal: Token, depth: usize) -> Vec<Change> {
    let Some(built) = Built::from_literal(words.cursor.text, literal) else {
        return vec![Change::Unknown];
    };
    if depth > DEEPEST {
        return vec![Change::Unknown];
    }
    let source = words.cursor.text[literal.span.range()].find(built.text.as_str());
    match source {
        // Read where it stands, so that its places are those of the text around it.
        Some(offset) => {
            let offset = literal.span.start as usize + offset;
            let shifted = |token: Token| Token {
                span: token.span.shifted(offset),
                ..token
            };
            let tokens: Vec<Token> = split::tokens(&built.text)
                .into_iter()
                .map(shifted)
                .collect();
            let mut reader = Body {
                words: words.over(&tokens),
                depth,
                block: &[],
                is_unrolled: false,
            };
            reader.outermost()
        }
        None if words.origin.is_none() => {
            let tokens = split::tokens(&built.text);
            let words = Words {
                cursor: Cursor::new(&built.text, &tokens),
                origin: Some(&built),
            };
            let mut reader = Body {
                words,
                depth,
                block: &[],
                is_unrolled: false,
            };
            reader.outermost()
        }
        None => vec![Change::Unknown],
    }
}

struct Body<'a> {
    words: Words<'a>,
    depth: usize,
    /// The innermost block with its declarations, and what follows it.
    block: &'a [Token],
    /// Whether it is one turn of a loop that is told turn by turn.
    is_unrolled: bool,
}

/// Words that end a list of statements.
const ENDS: [&str; 6] = ["exception", "end", "elsif", "elseif", "else", "when"];

/// What a list of statements does.
#[derive(Default)]
struct List {
    changes: Vec<Change>,
    /// Whether there is anything else in it that may fail.
    may_fail: bool,
}

impl<'a> Body<'a> {
    fn outermost(&mut self) -> Vec<Change> {
        self.label();
        self.block().changes
    }

    fn label(&mut self) {
        while self.words.cursor.is_symbol(0, b'<') {
            let end = self
                .words
                .rest()
                .iter()
                .position(|token| token.kind == TokenKind::Symbol(b'>'));
            self.words.skip(end.map_or(usize::MAX, |end| end + 2));
        }
    }

    /// `[DECLARE …] BEGIN … [EXCEPTION …] END`.
    fn block(&mut self) -> List {
        let outer = std::mem::replace(&mut self.block, self.words.rest());
        while !self.words.is_empty() && !self.words.eat("begin") {
            self.words.skip(1);
        }
        let list = self.statements();
        let mut handler = List::default();
        let is_caught = self.words.eat("exception");
        while is_caught && self.words.eat("when") {
            self.skip_through("then");
            let of_condition = self.statements();
            handler.changes.extend(of_condition.changes);
        }
        self.words.eat("end");
        self.rest_of_statement();
        self.block = outer;
        if !is_caught {
            return list;
        }
        List {
            may_fail: false,
            changes: vec![Change::Block {
                changes: list.changes,
                is_caught,
                handler: handler.changes,
                may_fail: list.may_fail,
            }],
        }
    }

    /// Passes over the rest of a statement and its `;`, and gives it.
    fn rest_of_statement(&mut self) -> Words<'a> {
        let end = self
            .words
            .rest()
            .iter()
            .position(|token| token.kind == TokenKind::Symbol(b';'));
        let end = end.unwrap_or(self.words.rest().len());
        let statement = self.words.over(&self.words.rest()[..end]);
        self.words.skip(end + 1);
        statement
    }

    /// Passes over everything up to a word, and gives it; `CASE` inside of it has such words of its own.
    fn skip_through(&mut self, word: &str) -> Words<'a> {
        let mut cases = 0_usize;
        let start = self.words;
        let mut length = 0;
        while !self.words.is_empty() {
            if cases == 0 && self.words.eat(word) {
                break;
            }
            if self.words.at("case") {
                cases += 1;
            } else if self.words.at("end") {
                cases = cases.saturating_sub(1);
            }
            self.words.skip(1);
            length += 1;
        }
        start.over(&start.rest()[..length])
    }

    fn statements(&mut self) -> List {
        let mut list = List::default();
        self.depth += 1;
        if self.depth > DEEPEST {
            self.words.skip(usize::MAX);
            list.changes.push(Change::Unknown);
        }
        while !self.words.is_empty() && !ENDS.iter().any(|word| self.words.at(word)) {
            self.label();
            let found = self.statement();
            list.changes.extend(found.changes);
            list.may_fail |= found.may_fail;
        }
        self.depth -= 1;
        list
    }

    fn statement(&mut self) -> List {
        if self.words.eat("if") {
            return self.branches();
        }
        if self.words.at("begin") || self.words.at("declare") {
            return self.block();
        }
        if self.words.eat("case") {
            return self.cases();
        }
        if ["loop", "while", "for", "foreach"]
            .iter()
            .any(|word| self.words.at(word))
        {
            let head = self.skip_through("loop");
            let start = self.words.rest();
            let list = self.statements();
            let turn = &start[..start.len() - self.words.rest().len()];
            self.words.eat("end");
            self.rest_of_statement();
            return self.turns(head, turn).unwrap_or_else(|| perhaps(list));
        }
        let statement = self.rest_of_statement();
        let changes = if statement.at("execute") {
            let texts = executed::by_execute(statement.cursor.text, statement.rest());
            let is_nested = statement.origin.is_some();
            let of_texts = texts
                .iter()
                .flat_map(|built| read::executed(built, self.depth + 1));
            let changes: Vec<Change> = of_texts.collect();
            if is_nested && !changes.is_empty() {
                vec![Change::Unknown]
            } else {
                changes
            }
        } else if statement.at("return") {
            vec![Change::Return]
        } else if statement.at("raise") {
            let levels = ["debug", "log", "info", "notice", "warning"];
            let is_message = levels
                .iter()
                .any(|level| statement.cursor.is_word(1, &[level]));
            if is_message {
                Vec::new()
            } else {
                vec![Change::Raise]
            }
        } else {
            read::statement(statement, Context::Body, self.depth)
        };
        let is_harmless = statement.is_empty() || statement.at("null") || statement.at("raise");
        List {
            may_fail: changes.is_empty() && !is_harmless,
            changes,
        }
    }

    /// What a loop over elements that the text tells does; `None` for any other loop.
    fn turns(&self, head: Words<'a>, turn: &'a [Token]) -> Option<List> {
        if self.is_unrolled || self.words.origin.is_some() {
            return None;
        }
        let turns = loops::turns(head, self.block, turn)?;
        let mut list = List::default();
        for tokens in &turns {
            let mut body = Body {
                words: self.words.over(tokens),
                depth: self.depth,
                block: &[],
                is_unrolled: true,
            };
            let found = body.statements();
            list.changes.extend(found.changes);
            list.may_fail |= found.may_fail;
        }
        Some(list)
    }

    fn branches(&mut self) -> List {
        let condition = condition::read(self.skip_through("then"));
        let then = self.statements();
        let otherwise = if self.words.eat("elsif") || self.words.eat("elseif") {
            self.depth += 1;
            let list = if self.depth > DEEPEST {
                perhaps(List {
                    changes: vec![Change::Unknown],
                    may_fail: true,
                })
            } else {
                self.branches()
            };
            self.depth -= 1;
            list
        } else {
            let list = if self.words.eat("else") {
                self.statements()
            } else {
                List::default()
            };
            self.words.eat("end");
            self.rest_of_statement();
            list
        };
        either(condition, then, otherwise)
    }

    fn cases(&mut self) -> List {
        let mut all = List::default();
        let end = self
            .words
            .find(|here| here.at("when"))
            .unwrap_or(usize::MAX);
        self.words.skip(end);
        loop {
            if self.words.eat("when") {
                self.skip_through("then");
            } else if !self.words.eat("else") {
                break;
            }
            let list = self.statements();
            all.changes.extend(list.changes);
            all.may_fail |= list.may_fail;
        }
        self.words.eat("end");
        self.rest_of_statement();
        perhaps(all)
    }
}

fn perhaps(list: List) -> List {
    either(Condition::Unknown, list, List::default())
}

fn either(condition: Condition, then: List, otherwise: List) -> List {
    let may_fail = then.may_fail || otherwise.may_fail;
    if then.changes.is_empty() && otherwise.changes.is_empty() {
        return List {
            changes: Vec::new(),
            may_fail,
        };
    }
    let changes = vec![Change::If {
        condition,
        then: then.changes,
        otherwise: otherwise.changes,
    }];
    List { changes, may_fail }
}
