//! What the members of the classes, objects and enums of a file are, and what its functions give.

use oxc_ast::ast::{Expression, FunctionBody, MemberExpression, Statement, TSEnumMemberName};

use super::{Texts, is_method};
use crate::parse::typescript::queries::names::{Meaning, Scope};
use crate::parse::typescript::syntax::{first_of, inside, name_of, property};
use crate::source::Span;

impl<'a> Texts<'_, 'a> {
    /// What is called, if it is a function of the file.
    pub(super) fn function(
        &self,
        scope: Scope,
        callee: &'a Expression<'a>,
    ) -> Option<(Scope, Meaning<'a>)> {
        match callee {
            Expression::Identifier(name) => self.names.meaning(scope, name.name.as_str()),
            other => self.member(scope, other.as_member_expression()?),
        }
    }

    /// What a member is of a class or an object of the file.
    pub(super) fn member(
        &self,
        scope: Scope,
        member: &'a MemberExpression<'a>,
    ) -> Option<(Scope, Meaning<'a>)> {
        let name = name_of(member)?;
        let of_class = |class: Scope| {
            let meaning = self.names.member(class, name)?;
            let is_fixed = !self.names.is_assigned_member(name);
            Some((class, if is_fixed { meaning } else { Meaning::Unknown }))
        };
        match member.object().get_inner_expression() {
            Expression::ThisExpression(_) => of_class(self.names.class_around(scope)?),
            Expression::Identifier(of) => match self.names.meaning(scope, of.name.as_str())? {
                (_, Meaning::Class(class)) => of_class(class),
                (of, Meaning::Constant(value)) => {
                    Some((of, Meaning::Constant(self.property(value, name)?)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of a property in an object's literal.
    fn property(&self, object: &'a Expression<'a>, name: &str) -> Option<&'a Expression<'a>> {
        let mut object = object.get_inner_expression();
        if let Expression::CallExpression(call) = object
            && is_method(&call.callee, "freeze", &["Object"])
        {
            let frozen = first_of(&call.arguments)?;
            object = frozen.get_inner_expression();
        }
        let Expression::ObjectExpression(object) = object else {
            return None;
        };
        self.parts.set(self.parts.get() + object.properties.len());
        if self.names.is_assigned_member(name) {
            return None;
        }
        property(object, name).map(|property| &property.value)
    }

    /// Where the text of an enum's member stands, without its quotes.
    pub(super) fn of_enum(&self, scope: Scope, member: &'a MemberExpression<'a>) -> Option<Span> {
        let Expression::Identifier(of) = member.object().get_inner_expression() else {
            return None;
        };
        let (_, Meaning::Enum(declared)) = self.names.meaning(scope, of.name.as_str())? else {
            return None;
        };
        let name = name_of(member)?;
        self.parts
            .set(self.parts.get() + declared.body.members.len());
        let mut members = declared.body.members.iter();
        let found = members.find(|it| match &it.id {
            TSEnumMemberName::Identifier(it) => it.name == name,
            TSEnumMemberName::String(it) | TSEnumMemberName::ComputedString(it) => it.value == name,
            TSEnumMemberName::ComputedTemplateString(_) => false,
        });
        match found?.initializer.as_ref()? {
            Expression::StringLiteral(string) => Some(inside(string.span)),
            _ => None,
        }
    }
}

/// What the `return`s of a body give, but for those of functions within it.
pub(super) fn returned_by<'a>(body: &'a FunctionBody<'a>) -> Vec<&'a Expression<'a>> {
    let mut returned = Vec::new();
    let mut rest: Vec<&'a Statement<'a>> = body.statements.iter().rev().collect();
    while let Some(statement) = rest.pop() {
        match statement {
            Statement::ReturnStatement(it) => returned.extend(&it.argument),
            Statement::BlockStatement(it) => rest.extend(it.body.iter().rev()),
            Statement::IfStatement(it) => {
                rest.extend(&it.alternate);
                rest.push(&it.consequent);
            }
            Statement::SwitchStatement(it) => {
                rest.extend(
                    it.cases
                        .iter()
                        .rev()
                        .flat_map(|case| case.consequent.iter().rev()),
                );
            }
            Statement::TryStatement(it) => rest.extend(it.block.body.iter().rev()),
            _ => {}
        }
    }
    returned
}
