//! `FOREACH … IN ARRAY` over elements that the text tells: what it does is told turn by turn.

use super::words::Words;
use crate::parse::sql::split::{Token, TokenKind};

/// How many tokens all turns of a loop may have together.
const LONGEST: usize = 100_000;

/// Words by which a turn may end before its last statement.
const EARLY_ENDS: [&str; 3] = ["exit", "continue", "return"];

/// The tokens of every turn, in which a string constant stands for the variable. `None` where the text does
/// not tell the elements, or where a turn may change the variable.
pub(super) fn turns(head: Words, block: &[Token], turn: &[Token]) -> Option<Vec<Vec<Token>>> {
    let mut head = head;
    if !head.eat("foreach") {
        return None;
    }
    let variable = head.name()?.value;
    if !head.eat("in array") {
        return None;
    }
    let elements = match head.rest() {
        [name] => declared_array(head.over(block), &head.over(&[*name]).name()?.value)?,
        _ => array(head)?,
    };
    if elements.len().saturating_mul(turn.len()) > LONGEST {
        return None;
    }
    let words = head.over(turn);
    let is_variable = |token: &Token| {
        token.kind == TokenKind::Word && words.written(token).eq_ignore_ascii_case(&variable)
    };
    for (position, token) in turn.iter().enumerate() {
        let here = words.over(&turn[position..]);
        let is_set = is_variable(token)
            && (turn
                .get(position + 1)
                .is_some_and(|next| next.kind == TokenKind::Colons && words.written(next) == ":=")
                || position > 0 && words.over(&turn[position - 1..]).at("into"));
        if is_set || EARLY_ENDS.iter().any(|word| here.at(word)) {
            return None;
        }
    }
    let one_turn = |element: &Token| {
        let stands_for = |token: &Token| if is_variable(token) { *element } else { *token };
        turn.iter().map(stands_for).collect()
    };
    Some(elements.iter().map(one_turn).collect())
}

/// The elements of an array that a block declares with its value, and never gives other ones.
fn declared_array(block: Words, name: &str) -> Option<Vec<Token>> {
    let begin = block.find(|here| here.at("begin"))?;
    let (declared, rest) = block.rest().split_at(begin);
    let is_it = |declaration: &&Words| {
        let mut declaration = **declaration;
        declaration.eat("declare");
        let declared = declaration.name();
        declared.is_some_and(|declared| declared.value == name)
    };
    let declarations = block.over(declared).split(b';');
    let declaration = declarations.iter().find(is_it)?;
    let is_looped_over =
        |position: usize| position > 0 && block.over(&rest[position - 1..]).at("array");
    let is_touched = |(position, token): (usize, &Token)| {
        block.written(token).eq_ignore_ascii_case(name) && !is_looped_over(position)
    };
    if rest.iter().enumerate().any(is_touched) {
        return None;
    }
    let start = declaration.rest().iter().rposition(|token| {
        token.kind == TokenKind::Word && declaration.written(token).eq_ignore_ascii_case("array")
    })?;
    array(declaration.over(&declaration.rest()[start..]))
}

/// The elements of `ARRAY['a', 'b']`, with or without a cast.
fn array(mut words: Words) -> Option<Vec<Token>> {
    if !words.eat("array") || !words.eat_symbol(b'[') {
        return None;
    }
    let mut elements = Vec::new();
    loop {
        let element = *words.rest().first()?;
        if element.kind != TokenKind::Literal {
            return None;
        }
        elements.push(element);
        words.skip(1);
        if words.eat_symbol(b']') {
            let is_cast = words
                .rest()
                .first()
                .is_none_or(|token| token.kind == TokenKind::Colons);
            return is_cast.then_some(elements);
        }
        if !words.eat_symbol(b',') {
            return None;
        }
    }
}
