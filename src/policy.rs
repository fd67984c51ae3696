//! `dbfence.yaml`: what a team configured. Every value that can be wrong knows where it stands.

mod date;
mod file;
mod paths;
mod read;
mod schema;

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, Described, Level};
use crate::glob::Globs;
use crate::source::{At, Span};

pub use date::Date;
pub use schema::{join_lines, schema, schema_url, schema_url_of};

/// The name of the config file, and of the marker of a workspace root.
pub const FILE_NAME: &str = "dbfence.yaml";

/// Where the debt file stands, from the workspace root, unless the command line names another place.
pub const DEBT_FILE: &str = ".dbfence/baseline.yaml";

/// What a team configured; everything has a default.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where registries stand, as globs from the workspace root; empty means: by name and shape.
    pub registries: Vec<String>,
    /// Folders of modules, beside those that the registries name.
    pub modules: Globs,
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
    /// The layers of services, the lowest first.
    pub layers: Vec<String>,
    /// Containers that may open databases of others and own none: keys of compose services, other names
    /// that they go by, or names of images.
    pub tools: Vec<String>,
    /// The compose files of the development set in the order in which they are merged, from the folder of a
    /// product or of the workspace; empty means: the standard file with its override.
    pub development: Vec<String>,
    /// The compose files of the production stack, in the same way; empty means: none is named.
    pub production: Vec<String>,
    /// What is true of services that no registry names, in the order of the file.
    pub services: Vec<ServiceSetting>,
    /// What services may read of others for the time being, in the order of the file.
    pub exceptions: Vec<Exception>,
    /// The day on which exceptions are judged; where it is not known, none has ended.
    pub today: Option<Date>,
    /// Whether comments silence nothing.
    pub is_without_suppressions: bool,
    /// Files larger than this many bytes are not read.
    pub max_file_size: u64,
    /// Levels that hold for every file.
    levels: Levels,
    /// Levels that hold for some files; of several that match, the last one counts.
    overrides: Vec<Override>,
    /// Levels by rule from the command line, which count before the file's.
    overriding: BTreeMap<String, Level>,
    /// What is set of rules beside their levels, by rule and option.
    options: BTreeMap<(String, String), OptionValue>,
    /// Paths and patterns that should lead somewhere.
    named: Vec<NamedPath>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            registries: Vec::new(),
            modules: Globs::default(),
            exclude: Vec::new(),
            database_variable: "DATABASE_URL".to_owned(),
            postgres_port: 5432,
            postgres_major: 16,
            postgres_role: None,
            layers: ["platform", "shared", "domain"].map(str::to_owned).into(),
            tools: Vec::new(),
            development: Vec::new(),
            production: Vec::new(),
            services: Vec::new(),
            exceptions: Vec::new(),
            today: None,
            is_without_suppressions: false,
            max_file_size: 8 * 1024 * 1024,
            levels: Levels::default(),
            overrides: Vec::new(),
            overriding: BTreeMap::new(),
            options: BTreeMap::new(),
            named: Vec::new(),
        }
    }
}

/// What is true of a service that no registry names.
#[derive(Clone, Debug)]
pub struct ServiceSetting {
    /// What it is called.
    pub name: At<String>,
    /// The folder of its module, from the workspace root.
    pub folder: Option<At<String>>,
    /// The keys of its compose services.
    pub compose: Vec<At<String>>,
    /// The variable that holds its connection string.
    pub variable: Option<At<String>>,
    /// The database that it owns; empty for a service without one.
    pub database: Option<At<String>>,
}

/// Tables of others that a service may read for the time being.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The service that reads.
    pub service: At<String>,
    /// What it may read: `database.table` or `table`.
    pub may_read: Vec<At<String>>,
    /// Why.
    pub reason: String,
    /// The last day on which it may.
    pub until: At<Date>,
}

/// Levels by rule and by category.
#[derive(Clone, Debug, Default)]
struct Levels(BTreeMap<String, Level>);

impl Levels {
    /// The rule's own, else that of its category.
    fn of(&self, rule: &Described) -> Option<Level> {
        let own = self.0.get(rule.entry.name);
        own.or_else(|| self.0.get(rule.entry.category)).copied()
    }
}

/// Levels that hold for some files.
#[derive(Clone, Debug)]
struct Override {
    files: Globs,
    levels: Levels,
}

/// What an option of a rule is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OptionValue {
    Boolean(bool),
    LayersByLayer(BTreeMap<String, Vec<String>>),
}

/// A path or pattern of the file that should lead somewhere.
#[derive(Clone, Debug)]
struct NamedPath {
    text: At<String>,
    leads_to: LeadsTo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeadsTo {
    /// A file, by a pattern from the workspace root.
    Registry,
    /// A folder, by a pattern from the workspace root.
    Modules,
    /// A compose file, from any folder.
    Compose,
    /// A folder, from the workspace root.
    Folder,
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
    /// Reads a config file. Unknown keys, rules, levels, options and values that cannot be are errors.
    pub fn read(text: &str, catalogue: &Catalogue) -> Result<Self, BrokenConfig> {
        read::read(text, catalogue)
    }

    /// Takes `NAME=LEVEL` from the command line. The error says what to write instead.
    pub fn override_rule(&mut self, assignment: &str, catalogue: &Catalogue) -> Result<(), String> {
        let (name, level) = assignment.split_once('=').ok_or_else(|| {
            format!("`{assignment}` is not NAME=LEVEL, such as duplicate-port=off")
        })?;
        if catalogue.find(name).is_none() {
            return Err(read::no_such_rule(name, catalogue));
        }
        let level = read::level(level)?;
        self.overriding.insert(name.to_owned(), level);
        Ok(())
    }

    /// The level of a rule where no override holds: its document's, then its category's, then its own
    /// setting, then the command line's.
    pub fn level(&self, name: &str, catalogue: &Catalogue) -> Level {
        let Some(rule) = catalogue.find(name) else {
            return Level::Off;
        };
        let from_command_line = self.overriding.get(name).copied();
        from_command_line
            .or_else(|| self.levels.of(rule))
            .unwrap_or(rule.front_matter.severity)
    }

    /// The level of a rule for findings in the file at `path`, from the workspace root: that of the last
    /// override which matches, if any, unless the command line sets another.
    pub fn level_at(&self, name: &str, path: &str, catalogue: &Catalogue) -> Level {
        let overriding = self.overrides_of(name, catalogue);
        overriding
            .filter(|(over, _)| over.files.contain(path))
            .last()
            .map_or_else(|| self.level(name, catalogue), |(_, level)| level)
    }

    /// Whether the config or the command line switches a rule of a category off for every file.
    pub fn is_switched_off(&self, rule: &str, category: &str) -> bool {
        let level = |levels: &Levels| {
            levels
                .0
                .get(rule)
                .or_else(|| levels.0.get(category))
                .copied()
        };
        if let Some(level) = self.overriding.get(rule) {
            return *level == Level::Off;
        }
        let mut overrides = self.overrides.iter().filter_map(|it| level(&it.levels));
        level(&self.levels) == Some(Level::Off) && overrides.all(|it| it == Level::Off)
    }

    /// Whether a rule is on for some file.
    pub fn speaks_somewhere(&self, name: &str, catalogue: &Catalogue) -> bool {
        let mut levels = self.overrides_of(name, catalogue).map(|(_, level)| level);
        self.level(name, catalogue) != Level::Off || levels.any(|level| level != Level::Off)
    }

    /// The overrides that set a level of a rule, and the level; none where the command line sets it.
    fn overrides_of<'a>(
        &'a self,
        name: &str,
        catalogue: &'a Catalogue,
    ) -> impl Iterator<Item = (&'a Override, Level)> {
        let rule = catalogue
            .find(name)
            .filter(|_| !self.overriding.contains_key(name));
        let overrides = self.overrides.iter();
        overrides.filter_map(move |over| Some((over, over.levels.of(rule?)?)))
    }

    /// What gave a rule its level, in words for a table.
    pub fn switched_by(&self, name: &str, catalogue: &Catalogue) -> &'static str {
        let category = catalogue.find(name).map_or("", |rule| rule.entry.category);
        if self.overriding.contains_key(name) {
            "--rule"
        } else if self.overrides_of(name, catalogue).next().is_some() {
            "dbfence.yaml (overrides)"
        } else if self.levels.0.contains_key(name) {
            FILE_NAME
        } else if self.levels.0.contains_key(category) {
            "dbfence.yaml (category)"
        } else {
            "default"
        }
    }

    /// Whether an option of a rule is set to `true`.
    pub fn is_set(&self, rule: &str, option: &str) -> bool {
        let value = self.options.get(&(rule.to_owned(), option.to_owned()));
        value == Some(&OptionValue::Boolean(true))
    }

    /// What an option of a rule lists for a layer, where it is set.
    pub fn layers_for(&self, rule: &str, option: &str, layer: &str) -> Option<&[String]> {
        match self.options.get(&(rule.to_owned(), option.to_owned()))? {
            OptionValue::LayersByLayer(lists) => lists.get(layer).map(Vec::as_slice),
            OptionValue::Boolean(_) => None,
        }
    }

    /// The compose files that the config names.
    pub fn compose_files(&self) -> Vec<String> {
        [&self.development[..], &self.production].concat()
    }
}

impl Exception {
    /// Whether it holds no more on `today`.
    pub fn has_ended(&self, today: Option<Date>) -> bool {
        today.is_some_and(|today| self.until.value < today)
    }
}
