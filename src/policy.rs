//! `dbfence.yaml`: what a team configured. Every value that can be wrong knows where it stands.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalogue::{Catalogue, Level};
use crate::source::{At, Span};
use crate::yaml::typed::{self, Setting};

/// The name of the config file, and of the marker of a workspace root.
pub const FILE_NAME: &str = "dbfence.yaml";

/// What a team configured; everything has a default.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where registries stand, as globs from the workspace root; empty means: by name and shape.
    pub registries: Vec<String>,
    /// What is not looked at, as gitignore patterns from the workspace root.
    pub exclude: Vec<String>,
    /// The one variable that holds a service's connection string.
    pub database_variable: String,
    /// The port that PostgreSQL listens on inside the network.
    pub postgres_port: u16,
    /// The major version of PostgreSQL that development runs.
    pub postgres_major: u16,
    /// The role that the init SQL grants to, where it is not to be read off the connection strings.
    pub postgres_role: Option<String>,
    /// Files larger than this many bytes are not read.
    pub max_file_size: u64,
    /// Levels by rule or category.
    levels: BTreeMap<String, Level>,
    /// Levels by rule from the command line, which count before the file's.
    overriding: BTreeMap<String, Level>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            registries: Vec::new(),
            exclude: Vec::new(),
            database_variable: "DATABASE_URL".to_owned(),
            postgres_port: 5432,
            postgres_major: 16,
            postgres_role: None,
            max_file_size: 8 * 1024 * 1024,
            levels: BTreeMap::new(),
            overriding: BTreeMap::new(),
        }
    }
}

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct File {
    registry: OneOrMany,
    exclude: Vec<String>,
    database_variable: Option<String>,
    postgres: Postgres,
    max_file_size: Option<u64>,
    rules: BTreeMap<String, Setting<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Postgres {
    port: Option<u16>,
    major: Option<u16>,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// A config that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenConfig {
    /// What is wrong and what to write.
    pub message: String,
    /// Where in the file, where that is known.
    pub span: Option<Span>,
}

impl Policy {
    /// Reads a config file. Unknown keys, rules and levels are errors.
    pub fn read(text: &str, catalogue: &Catalogue) -> Result<Self, BrokenConfig> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let file: File = typed::read(text).map_err(|mismatch| BrokenConfig {
            message: mismatch.message,
            span: mismatch.span,
        })?;
        let mut policy = Self {
            registries: match file.registry {
                OneOrMany::One(path) => vec![path],
                OneOrMany::Many(paths) => paths,
            },
            exclude: file.exclude,
            postgres_role: file.postgres.role,
            ..Self::default()
        };
        policy.database_variable = file.database_variable.unwrap_or(policy.database_variable);
        policy.postgres_port = file.postgres.port.unwrap_or(policy.postgres_port);
        policy.postgres_major = file.postgres.major.unwrap_or(policy.postgres_major);
        policy.max_file_size = file.max_file_size.unwrap_or(policy.max_file_size);
        for (name, Setting(At { value, span })) in file.rules {
            let broken = |message| BrokenConfig {
                message,
                span: Some(span),
            };
            check_name(&name, catalogue, true).map_err(broken)?;
            let level = read_level(&value).map_err(broken)?;
            policy.levels.insert(name, level);
        }
        Ok(policy)
    }

    /// Takes `NAME=LEVEL` from the command line. The error says what to write instead.
    pub fn override_rule(&mut self, assignment: &str, catalogue: &Catalogue) -> Result<(), String> {
        let (name, level) = assignment.split_once('=').ok_or_else(|| {
            format!("`{assignment}` is not NAME=LEVEL, such as duplicate-port=off")
        })?;
        check_name(name, catalogue, false)?;
        self.overriding.insert(name.to_owned(), read_level(level)?);
        Ok(())
    }

    /// The level of a rule: its document's, then its category's, then its own setting, then the command
    /// line's.
    pub fn level(&self, name: &str, catalogue: &Catalogue) -> Level {
        let Some(rule) = catalogue.find(name) else {
            return Level::Off;
        };
        [
            self.overriding.get(name),
            self.levels.get(name),
            self.levels.get(rule.entry.category),
        ]
        .into_iter()
        .flatten()
        .next()
        .copied()
        .unwrap_or(rule.front_matter.severity)
    }

    /// What gave a rule its level, in words for a table.
    pub fn switched_by(&self, name: &str, catalogue: &Catalogue) -> &'static str {
        let category = catalogue.find(name).map_or("", |rule| rule.entry.category);
        if self.overriding.contains_key(name) {
            "--rule"
        } else if self.levels.contains_key(name) {
            FILE_NAME
        } else if self.levels.contains_key(category) {
            "dbfence.yaml (category)"
        } else {
            "default"
        }
    }
}

fn check_name(name: &str, catalogue: &Catalogue, category_too: bool) -> Result<(), String> {
    if catalogue.find(name).is_some() || category_too && catalogue.has_category(name) {
        return Ok(());
    }
    let hint = catalogue.nearest(name).map_or_else(
        || "`dbfence rules` lists them".to_owned(),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    Err(format!("there is no rule `{name}`; {hint}"))
}

fn read_level(word: &str) -> Result<Level, String> {
    Level::from_word(word)
        .ok_or_else(|| format!("`{word}` is no level; write `error`, `warning` or `off`"))
}
