//! Text to facts, one language a file.
//!
//! A parser sees one text and nothing else, never fails and never panics: what it cannot read becomes
//! a [`Problem`], and the rest of the text is still read. Facts are plain data that say what is
//! written, not what it means: constants, variables and other files are the model's business.

pub mod command;
pub mod compose;
pub mod dockerfile;
pub mod dotenv;
pub mod manifest;
pub mod migration_lock;
pub mod nginx;
pub mod prisma;
pub mod script;
pub mod settings;
pub mod shell;
pub mod sql;
mod syntax;
pub mod typescript;

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use self::typescript::Syntax;
use crate::source::{Kind, SourceFile, Sources, Span};
use crate::yaml::Tree;

/// What a parser made of one text.
#[derive(Clone, Debug, Default)]
pub struct Parsed<T> {
    /// What the text says.
    pub facts: T,
    /// What could not be read, in the order of the text.
    pub problems: Vec<Problem>,
    /// Every comment, its marks (`//`, `#`, `--`, `/* */`) included, in the order of the text.
    pub comments: Vec<Span>,
    /// Texts of several lines between which no comment can stand, each from its first line on.
    pub unbroken: Vec<Span>,
}

/// A part of a text that its parser could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; never empty unless the text is.
    pub span: Span,
    /// What is wrong, as a sentence without a final stop (`this block is never closed`).
    pub message: String,
    /// What to do about it (`add the missing \`}\``).
    pub help: String,
}

/// The facts of one file, by what the file is.
#[derive(Debug)]
pub enum Facts {
    /// A registry, a Prisma config, or what they import.
    Script(Parsed<script::Script>),
    /// A compose file.
    Compose(Parsed<compose::ComposeFile>),
    /// A `.env` file.
    Env(Parsed<dotenv::EnvFile>),
    /// A Prisma schema file.
    Prisma(Parsed<prisma::PrismaFile>),
    /// An SQL file.
    Sql(Parsed<sql::SqlFile>),
    /// A Dockerfile.
    Dockerfile(Parsed<dockerfile::Dockerfile>),
    /// A file that sets variables among other things.
    Settings(Parsed<settings::Settings>),
    /// An nginx configuration.
    Nginx(Parsed<nginx::NginxFile>),
    /// A product manifest.
    Manifest(Parsed<manifest::Manifest>),
    /// A shell script.
    Shell(Parsed<shell::Shell>),
    /// A source file.
    Code(Box<Parsed<typescript::SourceCode>>),
    /// The lock of Prisma migrations.
    MigrationLock(Parsed<migration_lock::MigrationLock>),
    /// A file whose text is looked at as it is.
    Text(Parsed<()>),
}

impl Facts {
    /// What could not be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Facts::Script(parsed) => &parsed.problems,
            Facts::Compose(parsed) => &parsed.problems,
            Facts::Env(parsed) => &parsed.problems,
            Facts::Prisma(parsed) => &parsed.problems,
            Facts::Sql(parsed) => &parsed.problems,
            Facts::Dockerfile(parsed) => &parsed.problems,
            Facts::Settings(parsed) => &parsed.problems,
            Facts::Nginx(parsed) => &parsed.problems,
            Facts::Manifest(parsed) => &parsed.problems,
            Facts::Shell(parsed) => &parsed.problems,
            Facts::Code(parsed) => &parsed.problems,
            Facts::MigrationLock(parsed) => &parsed.problems,
            Facts::Text(parsed) => &parsed.problems,
        }
    }

    /// The comments, with their marks.
    pub fn comments(&self) -> &[Span] {
        match self {
            Facts::Script(parsed) => &parsed.comments,
            Facts::Compose(parsed) => &parsed.comments,
            Facts::Env(parsed) => &parsed.comments,
            Facts::Prisma(parsed) => &parsed.comments,
            Facts::Sql(parsed) => &parsed.comments,
            Facts::Dockerfile(parsed) => &parsed.comments,
            Facts::Settings(parsed) => &parsed.comments,
            Facts::Nginx(parsed) => &parsed.comments,
            Facts::Manifest(parsed) => &parsed.comments,
            Facts::Shell(parsed) => &parsed.comments,
            Facts::Code(parsed) => &parsed.comments,
            Facts::MigrationLock(parsed) => &parsed.comments,
            Facts::Text(parsed) => &parsed.comments,
        }
    }

    /// The texts of several lines between which no comment can stand.
    pub fn unbroken(&self) -> &[Span] {
        match self {
            Facts::Script(parsed) => &parsed.unbroken,
            Facts::Compose(parsed) => &parsed.unbroken,
            Facts::Env(parsed) => &parsed.unbroken,
            Facts::Prisma(parsed) => &parsed.unbroken,
            Facts::Sql(parsed) => &parsed.unbroken,
            Facts::Dockerfile(parsed) => &parsed.unbroken,
            Facts::Settings(parsed) => &parsed.unbroken,
            Facts::Nginx(parsed) => &parsed.unbroken,
            Facts::Manifest(parsed) => &parsed.unbroken,
            Facts::Shell(parsed) => &parsed.unbroken,
            Facts::Code(parsed) => &parsed.unbroken,
            Facts::MigrationLock(parsed) => &parsed.unbroken,
            Facts::Text(parsed) => &parsed.unbroken,
        }
    }
}

/// The comments of the config; what it says is the policy's business.
fn config(text: &str) -> Parsed<()> {
    let tree = Tree::parse(text);
    Parsed {
        unbroken: tree.unbroken(text),
        comments: tree.comments,
        ..Parsed::default()
    }
}

fn parse(kind: Kind, text: &str) -> Facts {
    match kind {
        Kind::Registry | Kind::PrismaConfig | Kind::Constants => Facts::Script(script::parse(text)),
        Kind::Compose | Kind::ComposePart => Facts::Compose(compose::parse(text)),
        Kind::Env => Facts::Env(dotenv::parse(text)),
        Kind::Prisma => Facts::Prisma(prisma::parse(text)),
        Kind::Sql | Kind::Migration => Facts::Sql(sql::parse(text)),
        Kind::Dockerfile => Facts::Dockerfile(dockerfile::parse(text)),
        Kind::Package => Facts::Settings(settings::parse_package(text)),
        Kind::Deployment => Facts::Settings(settings::parse_deployment(text)),
        Kind::Nginx => Facts::Nginx(nginx::parse(text)),
        Kind::Manifest if settings::is_kubernetes(text) => {
            Facts::Settings(settings::parse_deployment(text))
        }
        Kind::Manifest => Facts::Manifest(manifest::parse(text)),
        Kind::Shell => Facts::Shell(shell::parse(text)),
        Kind::TypeScript => Facts::Code(Box::new(typescript::parse(text, Syntax::TypeScript))),
        Kind::JavaScript => Facts::Code(Box::new(typescript::parse(text, Syntax::Jsx))),
        Kind::MigrationLock => Facts::MigrationLock(migration_lock::parse(text)),
        Kind::Config => Facts::Text(config(text)),
        Kind::Generator | Kind::Debt | Kind::Folder | Kind::TypeScriptConfig => {
            Facts::Text(Parsed::default())
        }
    }
}

/// Facts by the kind and the hash of the text they were read from. Whoever checks again and again, as an
/// editor does, hands the same one in each time, and only changed texts are parsed.
#[derive(Debug, Default)]
pub struct Kept {
    facts: HashMap<(Kind, u128), Arc<Facts>>,
    parsed: usize,
}

/// The facts of every file, by [`crate::source::FileId`].
pub type AllFacts = Vec<Arc<Facts>>;

impl Kept {
    /// Parses, in parallel, what was not parsed before, and forgets what `sources` no longer holds.
    /// Parsers need a thread with 16 MiB of stack: see [`crate::check`].
    pub fn parse_all(&mut self, sources: &Sources) -> AllFacts {
        let is_known = |file: &&SourceFile| self.facts.contains_key(&(file.kind, file.hash));
        let known = sources.as_slice().iter().filter(is_known).count();
        self.parsed += sources.as_slice().len() - known;
        let all: AllFacts = sources
            .as_slice()
            .par_iter()
            .map(|file| {
                self.facts
                    .get(&(file.kind, file.hash))
                    .map_or_else(|| Arc::new(parse(file.kind, &file.text)), Arc::clone)
            })
            .collect();
        self.facts = sources
            .as_slice()
            .iter()
            .zip(&all)
            .map(|(file, facts)| ((file.kind, file.hash), Arc::clone(facts)))
            .collect();
        all
    }

    /// How many texts were parsed so far.
    pub fn parsed(&self) -> usize {
        self.parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_changed_is_parsed_again() {
        let sources = |second: &str| {
            let files = vec![
                SourceFile::new("a.env", Kind::Env, "A=1"),
                SourceFile::new("b.env", Kind::Env, second),
            ];
            Sources::new("".into(), files, std::collections::BTreeMap::new())
        };
        let mut kept = Kept::default();
        let before = kept.parse_all(&sources("B=1"));
        let after = kept.parse_all(&sources("B=2"));
        assert!(Arc::ptr_eq(&before[0], &after[0]));
        assert!(!Arc::ptr_eq(&before[1], &after[1]));
        assert_eq!(kept.facts.len(), 2, "what is gone is forgotten");
    }
}
