//! Module sources in TypeScript and JavaScript: the SQL that they hold, what they import, the database clients
//! that they open, the variables of the environment that they read.

pub mod clients;
pub mod environment;
mod guard;
pub mod imports;
mod literal;
mod names;
pub mod nest;
mod queries;
mod syntax;
mod templates;
pub mod value;
mod variables;

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

use self::clients::{Client, Fallback};
use self::environment::ServiceUrl;
use self::guard::Depth;
use self::imports::Import;
use self::nest::{NestModule, PrismaClass};
use self::templates::Templates;
use self::value::Text;
use self::variables::Variables;
use crate::parse::sql::{Change, Reach, TableReference};
use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};

/// What one source file says.
#[derive(Clone, Debug, Default)]
pub struct SourceCode {
    /// Its raw SQL, in the order of the text.
    pub queries: Vec<Query>,
    /// The tables that its SQL names, in the order of the text.
    pub references: Vec<TableReference>,
    /// What its SQL changes about what the database holds, in the order of the text; the places in it are in no
    /// file.
    pub changes: Vec<Change>,
    /// What looks like SQL that a client runs of which the file does not tell whose it is.
    pub passed_over: Vec<Span>,
    /// What in its SQL reaches another database, in the order of the text.
    pub reaches: Vec<Reach>,
    /// The SQL among what is passed over that is run by what another file gives.
    pub runs: Vec<Run>,
    /// The names in it that are clients of PostgreSQL, in alphabetical order.
    pub shared_clients: Vec<String>,
    /// The SQL that other files may take from it, by name; it is run only where one of them does.
    pub lent: Vec<Lent>,
    /// What it runs of the SQL that other files hold, in the order of the text.
    pub taken: Vec<Taken>,
    /// What it imports or exports again from other files, in the order of the text.
    pub imports: Vec<Import>,
    /// Its classes that are Prisma clients, and its variables that hold one.
    pub own_clients: Vec<At<String>>,
    /// The database clients that it opens, in the order of the text.
    pub clients: Vec<Client>,
    /// Connection strings that stand behind what may be unset, in the order of the text.
    pub fallbacks: Vec<Fallback>,
    /// The connection strings of PostgreSQL that are written in it, in the order of the text.
    pub connections: Vec<Text>,
    /// The variables of the environment that it reads by name, in the order of the text.
    pub reads: Vec<At<String>>,
    /// The variables of the environment that a schema in it demands, in the order of the text.
    pub demands: Vec<At<String>>,
    /// The URLs of HTTP that it holds which may be another service's, in the order of the text.
    pub urls: Vec<ServiceUrl>,
    /// Its modules of Nest, in the order of the text.
    pub modules: Vec<NestModule>,
    /// Its classes that extend `PrismaClient`, in the order of the text.
    pub prisma_classes: Vec<PrismaClass>,
}

/// A raw SQL text in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The template or the expression that makes it.
    pub span: Span,
    /// Whether all of it is known that may name a table.
    pub is_known: bool,
}

/// A raw SQL text that is run by what another file gives: only with that file it is known whose SQL it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The text.
    pub query: Query,
    /// What names the other file.
    pub specifier: String,
    /// The name that the other file gives to what runs it.
    pub client: String,
    /// The tables that it names.
    pub references: Vec<TableReference>,
    /// What it changes about what the database holds.
    pub changes: Vec<Change>,
    /// What in it reaches another database.
    pub reaches: Vec<Reach>,
}

/// A raw SQL text that other files may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lent {
    /// The name that others take it by; `QUERIES.all` of an object.
    pub name: String,
    /// Whether all of it is known that may name a table.
    pub is_known: bool,
    /// The tables that it names.
    pub references: Vec<TableReference>,
    /// What it changes about what the database holds.
    pub changes: Vec<Change>,
    /// What in it reaches another database.
    pub reaches: Vec<Reach>,
}

/// A place that runs a raw SQL text of another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The expression that stands for the text.
    pub span: Span,
    /// What names the file that holds the text.
    pub specifier: String,
    /// The name that the file gives to it.
    pub name: String,
    /// What names the file of the client that runs it, and the name there; nothing where the client is known.
    pub client: Option<(String, String)>,
}

/// How `<` is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// It may begin a type assertion.
    TypeScript,
    /// It may begin an element of JSX.
    Jsx,
}

/// Reads one source file.
pub fn parse(text: &str, syntax: Syntax) -> Parsed<SourceCode> {
    let parsed = match guard::depth(text) {
        Depth::Usual => Some(parse_within_stack(text, syntax)),
        Depth::Large => std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(guard::LARGE_STACK);
            let thread = thread.spawn_scoped(scope, || parse_within_stack(text, syntax));
            thread.ok()?.join().ok()
        }),
        Depth::Unbounded => None,
    };
    parsed.unwrap_or_else(|| Parsed {
        problems: vec![Problem {
            span: Span::new(0, text.lines().next().unwrap_or_default().len()),
            message: "the file is nested too deeply to be read".to_owned(),
            help: "break it up into smaller files".to_owned(),
        }],
        ..Parsed::default()
    })
}

fn parse_within_stack(text: &str, syntax: Syntax) -> Parsed<SourceCode> {
    let allocator = Allocator::default();
    let source_type = match syntax {
        Syntax::TypeScript => SourceType::ts(),
        Syntax::Jsx => SourceType::tsx(),
    };
    let parsed = Parser::new(&allocator, text, source_type).parse();
    let program = &parsed.program;
    let mut facts = SourceCode::default();
    queries::read(text, program, &mut facts);
    imports::read(text, program, &mut facts);
    let variables = Variables::of(program);
    clients::read(text, program, &variables, &mut facts);
    environment::read(text, program, &variables, &mut facts);
    nest::read(text, program, &mut facts);
    let error = parsed.diagnostics.iter().find(|_| parsed.panicked);
    let problem = error.map(|error| {
        let label = error.labels.first();
        let place = label.map_or((0, 0), |label| {
            (label.offset() as usize, label.len() as usize)
        });
        problem(text, &error.message, place)
    });
    let templates = Templates::of(text, program);
    let comments = program.comments.iter();
    let mut comments: Vec<Span> = comments.map(|comment| span(comment.span)).collect();
    comments.extend(templates.comments);
    comments.sort_unstable();
    Parsed {
        comments,
        unbroken: templates.unbroken,
        problems: problem.into_iter().collect(),
        facts,
    }
}

fn span(span: oxc_span::Span) -> Span {
    Span::new(span.start as usize, span.end as usize)
}

fn problem(text: &str, message: &str, (start, length): (usize, usize)) -> Problem {
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default().trim_end().len();
    let letter = rest.chars().next().map_or(0, char::len_utf8);
    Problem {
        span: Span::new(start, start + length.min(line).max(letter)),
        message: format!("TypeScript cannot read this: {message}"),
        help: "mend the syntax here; nothing behind it is judged".to_owned(),
    }
}

#[cfg(test)]
mod tests;
