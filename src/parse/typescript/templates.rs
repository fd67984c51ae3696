//! Templates of several lines, and the comments of the SQL in them.

use oxc_ast::ast::{Program, TemplateLiteral};
use oxc_ast_visit::{Visit, walk};

use super::span;
use crate::parse::sql;
use crate::source::{SILENCER, Span};

/// What the templates of a program hold.
#[derive(Default)]
pub(super) struct Templates<'t> {
    text: &'t str,
    /// Those of several lines.
    pub(super) unbroken: Vec<Span>,
    /// Comments of SQL that are written for us.
    pub(super) comments: Vec<Span>,
}

impl<'t> Templates<'t> {
    pub(super) fn of(text: &'t str, program: &Program<'_>) -> Self {
        let mut templates = Self {
            text,
            ..Self::default()
        };
        if memchr::memchr(b'`', text.as_bytes()).is_some() {
            templates.visit_program(program);
        }
        templates
    }
}

impl<'a> Visit<'a> for Templates<'_> {
    fn visit_template_literal(&mut self, template: &TemplateLiteral<'a>) {
        let whole = span(template.span);
        let bytes = &self.text.as_bytes()[whole.range()];
        if memchr::memchr(b'\n', bytes).is_some() {
            self.unbroken.push(whole);
        }
        if memchr::memmem::find(bytes, SILENCER.as_bytes()).is_some() {
            // What is put in becomes blanks, so that every comment keeps its place.
            let mut sql = vec![b' '; whole.len()];
            for quasi in &template.quasis {
                let part = span(quasi.span);
                let at = (part.start - whole.start) as usize;
                sql[at..at + part.len()].copy_from_slice(&self.text.as_bytes()[part.range()]);
            }
            let sql = String::from_utf8_lossy(&sql);
            let comments = sql::comments(&sql).into_iter();
            let is_marked =
                |it: &Span| memchr::memmem::find(sql[it.range()].as_bytes(), SILENCER.as_bytes());
            let marked = comments.filter(|it| is_marked(it).is_some());
            let offset = whole.start as usize;
            self.comments.extend(marked.map(|it| it.shifted(offset)));
        }
        walk::walk_template_literal(self, template);
    }
}
