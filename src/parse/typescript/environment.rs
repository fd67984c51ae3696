//! The variables of the environment that a program reads, and the URLs of other services that it holds.

use oxc_ast::ast::{Expression, Program};

use super::{SourceCode, span};
use crate::source::At;

/// A URL of HTTP in a string or at the start of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    /// Its scheme, host and port, as written (`http://catalog:4104`).
    pub origin: At<String>,
}

/// Reads the variables and the URLs of a program.
pub(super) fn read(_text: &str, _program: &Program<'_>, _facts: &mut SourceCode) {}

/// The variable that an expression reads (`process.env.X`, `process.env["X"]`), which stands where its name does.
pub(super) fn variable_of(expression: &Expression<'_>) -> Option<At<String>> {
    let member = expression.get_inner_expression().as_member_expression()?;
    let of = member.object().get_inner_expression();
    let of = of.as_member_expression()?;
    let process = of.object().get_inner_expression();
    let is_environment = of.static_property_name() == Some("env")
        && matches!(process, Expression::Identifier(name) if name.name == "process");
    let (place, name) = member.static_property_info()?;
    is_environment.then(|| At {
        value: name.to_owned(),
        span: span(place),
    })
}
