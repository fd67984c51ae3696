//! What the parts of a program are called and what they hold, by the syntax alone.

use oxc_ast::ast::{
    Argument, BindingIdentifier, CallExpression, Expression, ImportDeclarationSpecifier,
    MemberExpression, ObjectExpression, ObjectProperty, ObjectPropertyKind, PropertyKey,
};

use super::span;
use crate::source::{At, Span};

/// A name of the program, with its place.
pub(super) fn named(name: &str, place: oxc_span::Span) -> At<String> {
    At::new(name.to_owned(), span(place))
}

/// The inside of a string or a template.
pub(super) fn inside(quoted: oxc_span::Span) -> Span {
    let quoted = span(quoted);
    Span::new(quoted.start as usize + 1, quoted.end as usize - 1)
}

/// What a string or a template without holes holds, which stands between its quotes.
pub(super) fn text_of(expression: &Expression<'_>) -> Option<At<String>> {
    match expression.get_inner_expression() {
        Expression::StringLiteral(string) => {
            Some(At::new(string.value.to_string(), inside(string.span)))
        }
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            let only = template.quasis.first()?;
            Some(At::new(only.value.cooked?.to_string(), span(only.span)))
        }
        _ => None,
    }
}

/// The name of a property that is written out, without its quotes.
pub(super) fn key_of(key: &PropertyKey<'_>) -> Option<At<String>> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(named(&name.name, name.span)),
        PropertyKey::StringLiteral(string) => {
            Some(At::new(string.value.to_string(), inside(string.span)))
        }
        _ => None,
    }
}

/// The properties of an object literal, but for what it spreads.
pub(super) fn properties<'o, 'a>(
    object: &'o ObjectExpression<'a>,
) -> impl Iterator<Item = &'o ObjectProperty<'a>> {
    let properties = object.properties.iter();
    properties.filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => Some(&**property),
        ObjectPropertyKind::SpreadProperty(_) => None,
    })
}

/// The property of that name.
pub(super) fn property<'o, 'a>(
    object: &'o ObjectExpression<'a>,
    name: &str,
) -> Option<&'o ObjectProperty<'a>> {
    properties(object).find(|property| property.key.is_specific_static_name(name))
}

/// The member that an expression is, `a?.b` as well.
pub(super) fn member_of<'e, 'a>(
    expression: &'e Expression<'a>,
) -> Option<&'e MemberExpression<'a>> {
    match expression.get_inner_expression() {
        Expression::ChainExpression(chain) => chain.expression.member_expression(),
        other => other.as_member_expression(),
    }
}

/// The name of a member, `#pool` of `this.#pool` without its mark.
pub(super) fn name_of<'e>(member: &'e MemberExpression<'_>) -> Option<&'e str> {
    match member {
        MemberExpression::PrivateFieldExpression(it) => Some(it.field.name.as_str()),
        other => other.static_property_name(),
    }
}

/// The last name of an expression: `config` of `this.config`.
pub(super) fn last_name<'e>(expression: &'e Expression<'_>) -> Option<&'e str> {
    match expression.get_inner_expression() {
        Expression::Identifier(name) => Some(&name.name),
        other => name_of(member_of(other)?),
    }
}

/// The first argument of a call, unless that is spread.
pub(super) fn first_of<'e, 'a>(arguments: &'e [Argument<'a>]) -> Option<&'e Expression<'a>> {
    arguments.first().and_then(Argument::as_expression)
}

/// What is imported, by the name that it gets here and by the one that it has there: `default` for a default,
/// `*` for everything.
pub(super) fn imported<'i, 'a>(
    specifier: &'i ImportDeclarationSpecifier<'a>,
) -> (&'i BindingIdentifier<'a>, &'a str) {
    match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(it) => (&it.local, it.imported.name().as_str()),
        ImportDeclarationSpecifier::ImportDefaultSpecifier(it) => (&it.local, "default"),
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(it) => (&it.local, "*"),
    }
}

/// Whether a call is one of `require`.
pub(super) fn is_require(call: &CallExpression<'_>) -> bool {
    call.callee.is_specific_id("require")
}

/// What a call requires: `pg` of `require("pg")`.
pub(super) fn required_by<'a>(call: &CallExpression<'a>) -> Option<&'a str> {
    first_of(&call.arguments)
        .filter(|_| is_require(call))
        .and_then(string)
}

/// The module that an expression is: `pg` of `require("pg")` and of `await import("pg")`.
pub(super) fn module_of<'a>(expression: &Expression<'a>) -> Option<&'a str> {
    match expression.get_inner_expression() {
        Expression::CallExpression(call) => required_by(call),
        Expression::AwaitExpression(it) => match it.argument.get_inner_expression() {
            Expression::ImportExpression(import) => string(&import.source),
            _ => None,
        },
        _ => None,
    }
}

fn string<'a>(expression: &Expression<'a>) -> Option<&'a str> {
    match expression {
        Expression::StringLiteral(string) => Some(string.value.as_str()),
        _ => None,
    }
}
