//! What a file is to us, by its path alone.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Error, Options};
use crate::markers::may_matter;
use crate::source::{
    Kind, MIGRATION_LOCK, SCRIPT_ENDINGS, SILENCER, file_name, has_ending, parent,
};

/// What the file at `path`, from the workspace root, is to us; `None` for a file that is none of our
/// business. Registry globs of the options that cannot be read match nothing.
///
/// | kind | files |
/// |---|---|
/// | `Registry` | the configured paths, else `*registry*.{ts,mts,cts,js,mjs}`, no declarations, no test code |
/// | `PrismaConfig` | `prisma.config.*` and `.config/prisma.*` |
/// | `Generator` | `generate.*` and `generate-*.*` in a folder named `infra` |
/// | `Compose` | the configured paths, and YAML files with the word `compose` in their name, no workflows of GitHub |
/// | `Env` | `.env`, `.env.*`, `*.env`, no encrypted ones |
/// | `Manifest` | `manifest.yaml`, `manifest.*.yaml`, `*-manifest.yaml` and the like, no test code |
/// | `Nginx` | `*.conf`, `*.conf.template`, no test code |
/// | `Prisma` | `*.prisma`, no test code |
/// | `Package` | `package.json` |
/// | `Deployment` | any other YAML file; no workflows of CI, no lock files, no test code |
/// | `Migration` | `*.sql` below a folder named `migrations` |
/// | `MigrationLock` | `migration_lock.toml` |
/// | `Sql` | any other `*.sql` |
/// | `Config` | the config |
/// | `Debt` | the debt file |
/// | `Dockerfile` | `Dockerfile`, `Dockerfile.*`, `*.dockerfile` |
/// | `Shell` | `*.sh`, `*.bash` |
/// | `TypeScriptConfig` | `tsconfig.json`, `tsconfig.*.json`, `jsconfig.json`, no test code |
/// | `TypeScript` | any other `*.{ts,mts,cts}`, no declarations, no test code |
/// | `JavaScript` | `*.{js,mjs,cjs,jsx,tsx}`, nothing minified, no test code |
pub fn kind_of(path: &str, options: &Options) -> Option<Kind> {
    Kinds::new(options).unwrap_or_default().of(path)
}

/// Whether the file at `path` is test code: what it says is no statement about the product.
pub fn is_test_code(path: &str) -> bool {
    const FOLDERS: [&str; 10] = [
        "test",
        "tests",
        "testdata",
        "__test__",
        "__tests__",
        "__mocks__",
        "__fixtures__",
        "cypress",
        "e2e",
        "playwright",
    ];
    const WORDS: [&str; 5] = ["spec", "specs", "test", "tests", "e2e-spec"];
    let is_folder = |folder: &str| FOLDERS.contains(&folder) || folder.ends_with("-e2e");
    let name = file_name(path);
    parent(path).split('/').any(is_folder)
        || name.split('.').skip(1).any(|word| WORDS.contains(&word))
        || is_set_up_of_tests(name)
}

/// Whether the name of a file is that of what prepares a runner of tests: `jest.setup.ts`, `vitest.config.mts`.
fn is_set_up_of_tests(name: &str) -> bool {
    const RUNNERS: [&str; 4] = ["cypress", "jest", "playwright", "vitest"];
    const STEMS: [&str; 5] = [
        "setup-tests",
        "setupTests",
        "test-helpers",
        "test-setup",
        "test-utils",
    ];
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let is_source = matches!(
        extension,
        "ts" | "mts" | "cts" | "js" | "mjs" | "cjs" | "jsx" | "tsx"
    );
    let mut words = stem.split(['.', '-']);
    is_source && (STEMS.contains(&stem) || words.any(|word| RUNNERS.contains(&word)))
}

/// Whether a `.env` file at `path` is one for tests.
pub fn is_test_environment(path: &str) -> bool {
    let mut words = words_of(file_name(path));
    words.any(|word| is_test_word(word) || word == "spec")
}

/// Whether the name of a file or a database says that it is for tests.
pub fn is_named_for_tests(name: &str) -> bool {
    words_of(name).any(is_test_word)
}

fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', '-', '_'])
}

fn is_test_word(word: &str) -> bool {
    ["test", "tests", "testing", "e2e", "ci"].contains(&word)
}

/// The table of kinds, with the configured registries ready to be matched.
#[derive(Default)]
pub(super) struct Kinds {
    registries: Option<Gitignore>,
    compose: Vec<String>,
    config: Option<String>,
    debt: Option<String>,
}

impl Kinds {
    pub(super) fn new(options: &Options) -> Result<Self, Error> {
        let anchored: Vec<String> = options.registries.iter().map(|glob| anchor(glob)).collect();
        let registries = if anchored.is_empty() {
            None
        } else {
            Some(globs(&anchored, "registries")?)
        };
        let compose = options.compose.iter();
        let compose = compose.map(|path| path.trim_start_matches("../").trim_start_matches("./"));
        Ok(Self {
            registries,
            compose: compose.map(str::to_owned).collect(),
            config: options.config.clone(),
            debt: options.debt.clone(),
        })
    }

    /// Whether a file at that path is read, if its text is worth it.
    pub(super) fn may_be_read(&self, path: &str) -> bool {
        self.of(path).is_some() || Self::of_test_code(path).is_some()
    }

    pub(super) fn of(&self, path: &str) -> Option<Kind> {
        if self.debt.as_deref() == Some(path) {
            return Some(Kind::Debt);
        }
        let configured = |globs: &Gitignore| globs.matched(path, false).is_ignore();
        if self.registries.as_ref().is_some_and(configured) {
            return Some(Kind::Registry);
        }
        let is_end = |end: &String| {
            let before = path.strip_suffix(end.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        if self.compose.iter().any(is_end) {
            return Some(Kind::Compose);
        }
        if self.config.as_deref() == Some(path) {
            return Some(Kind::Config);
        }
        let name = file_name(path);
        if let Some((stem, ending)) = script_name(name) {
            return self.script_kind(path, stem, ending);
        }
        if is_compose(path) {
            return Some(Kind::Compose);
        }
        if is_env(name) {
            return Some(Kind::Env);
        }
        if is_dockerfile(name) {
            return Some(Kind::Dockerfile);
        }
        if name == MIGRATION_LOCK {
            return Some(Kind::MigrationLock);
        }
        if name == "package.json" {
            return Some(Kind::Package);
        }
        if is_typescript_config(name) {
            return (!is_test_code(path)).then_some(Kind::TypeScriptConfig);
        }
        if is_manifest(name) {
            return (!is_test_code(path)).then_some(Kind::Manifest);
        }
        if has_ending(name.strip_suffix(".template").unwrap_or(name), "conf") {
            return (!is_test_code(path)).then_some(Kind::Nginx);
        }
        match name.rsplit_once('.')?.1 {
            "yaml" | "yml" => is_deployment(path).then_some(Kind::Deployment),
            "prisma" => (!is_test_code(path)).then_some(Kind::Prisma),
            "sql" if parent(path).split('/').any(|folder| folder == "migrations") => {
                Some(Kind::Migration)
            }
            "sql" => Some(Kind::Sql),
            "sh" | "bash" => Some(Kind::Shell),
            "tsx" | "jsx" => (!is_test_code(path)).then_some(Kind::JavaScript),
            _ => None,
        }
    }

    /// What test code at `path` is, which matters for nothing but what it imports.
    pub(super) fn of_test_code(path: &str) -> Option<Kind> {
        let name = file_name(path);
        let (stem, ending) = name.rsplit_once('.')?;
        let is_declaration = has_ending(stem, "d");
        match ending {
            "ts" | "mts" | "cts" if !is_declaration => Some(Kind::TypeScript),
            "tsx" | "js" | "mjs" | "cjs" | "jsx" => Some(Kind::JavaScript),
            _ => None,
        }
        .filter(|_| is_test_code(path))
    }

    fn script_kind(&self, path: &str, stem: &str, ending: &str) -> Option<Kind> {
        let folder = file_name(parent(path));
        if stem == "prisma.config" || (stem == "prisma" && folder == ".config") {
            return (!is_test_code(path)).then_some(Kind::PrismaConfig);
        }
        if folder == "infra" && (stem == "generate" || stem.starts_with("generate-")) {
            return Some(Kind::Generator);
        }
        let named_registry = self.registries.is_none()
            && stem.to_ascii_lowercase().contains("registry")
            && ending != ".cjs"
            && stem.rsplit_once('.').is_none_or(|(_, word)| word != "d")
            && !is_test_code(path);
        if named_registry {
            return Some(Kind::Registry);
        }
        let is_declaration = stem.rsplit_once('.').is_some_and(|(_, word)| word == "d");
        let is_minified = stem.rsplit_once('.').is_some_and(|(_, word)| word == "min");
        if is_declaration || is_minified || is_test_code(path) {
            return None;
        }
        Some(if ending.ends_with("ts") {
            Kind::TypeScript
        } else {
            Kind::JavaScript
        })
    }
}

/// The stem and the ending of a script's name; `None` for any other file.
fn script_name(name: &str) -> Option<(&str, &'static str)> {
    SCRIPT_ENDINGS
        .iter()
        .find_map(|&ending| Some((name.strip_suffix(ending)?, ending)))
}

fn is_typescript_config(name: &str) -> bool {
    let stem = name.strip_suffix(".json");
    stem.is_some_and(|stem| {
        stem == "jsconfig" || stem == "tsconfig" || stem.starts_with("tsconfig.")
    })
}

fn is_compose(path: &str) -> bool {
    let name = file_name(path);
    let stem = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"));
    // GitHub runs every file of that folder as a workflow, whatever its name.
    stem.is_some_and(|stem| stem.split(['.', '-', '_']).any(|word| word == "compose"))
        && !parent(path).ends_with(".github/workflows")
}

/// Whether a YAML file that is no compose file may say how a service is deployed.
fn is_deployment(path: &str) -> bool {
    const OF_CI: [&str; 6] = [
        ".gitlab-ci",
        ".travis",
        "appveyor",
        "azure-pipelines",
        "bitbucket-pipelines",
        "cloudbuild",
    ];
    let name = file_name(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut folders = parent(path).split('/');
    let is_hidden = folders.any(|folder| folder.starts_with('.'));
    let is_lock = stem.split(['-', '.']).any(|word| word == "lock");
    !is_hidden && !is_lock && !OF_CI.contains(&stem) && !is_test_code(path)
}

/// Libraries of npm that keep tables without Prisma, or the beginnings of their names.
pub const OTHER_LIBRARIES: [&str; 9] = [
    "@mikro-orm/",
    "drizzle-orm",
    "knex",
    "kysely",
    "mongoose",
    "objection",
    "sequelize",
    "slonik",
    "typeorm",
];

/// Whether the text of a file of that kind is worth keeping: files that are about many things matter only
/// where they mention a database, or where a comment would silence what is found in them.
pub(super) fn is_worth_keeping(kind: Kind, text: &str) -> bool {
    is_about_databases(kind, text) || kind != Kind::TypeScriptConfig && may_hold_silencer(text)
}

/// Whether a comment in a text may be there to silence findings.
pub(super) fn may_hold_silencer(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), SILENCER.as_bytes()).is_some()
}

fn is_about_databases(kind: Kind, text: &str) -> bool {
    let mentions = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    match kind {
        Kind::TypeScriptConfig => OF_RESOLUTION.iter().any(|word| mentions(word)),
        Kind::Deployment => OF_DATABASES.iter().any(|word| mentions(word)),
        Kind::TypeScript | Kind::JavaScript => may_matter(text),
        _ => true,
    }
}

/// What a config of TypeScript without any of these says nothing about imports.
const OF_RESOLUTION: [&str; 4] = ["\"baseUrl\"", "\"extends\"", "\"paths\"", "\"references\""];

/// Whether the text of a file that is named like a registry may be one.
pub fn is_like_registry(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has("database")
        && ["hostname", "port:", "dockerfile", "routes"]
            .iter()
            .any(|word| has(word))
}

/// Whether a file that has the name of a registry is none, and code instead. One in the place of a product's
/// registry may only put it together.
pub(super) fn is_code_by_text(path: &str, text: &str) -> bool {
    let is_in_place =
        file_name(parent(path)) == "infra" && file_name(path).starts_with("service-registry.");
    let is_code = !is_in_place || memchr::memmem::find(text.as_bytes(), b"class ").is_some();
    is_code && !is_like_registry(text) && is_about_databases(Kind::TypeScript, text)
}

const OF_DATABASES: [&str; 3] = ["postgres", "DATABASE_URL", "PGDATABASE"];

/// Parts of the names of further packages that keep tables in their own way: migrators, and frameworks that
/// bring a database layer.
const OTHER_KEEPERS: [&str; 9] = [
    "@medusajs/",
    "@payloadcms/",
    "bookshelf",
    "db-migrate",
    "directus",
    "node-pg-migrate",
    "strapi",
    "umzug",
    "waterline",
];

/// Whether a package of that name keeps tables of PostgreSQL which neither a Prisma schema nor SQL migrations
/// tell.
pub fn keeps_tables(package: &str) -> bool {
    let mut names = OTHER_LIBRARIES.iter().chain(&OTHER_KEEPERS);
    names.any(|name| package.contains(name.trim_end_matches('/'))) && !package.contains("mongoose")
}

fn is_env(name: &str) -> bool {
    const OF_OTHERS: [&str; 13] = [
        "age",
        "asc",
        "enc",
        "encrypted",
        "gpg",
        "json",
        "md",
        "sh",
        "swp",
        "tpl",
        "vault",
        "yaml",
        "yml",
    ];
    match name.strip_prefix(".env") {
        None => name.strip_suffix(".env").is_some(),
        Some("") => true,
        Some(variant) => {
            let ending = variant.rsplit_once('.').map_or("", |(_, ending)| ending);
            variant.starts_with('.') && !ending.is_empty() && !OF_OTHERS.contains(&ending)
        }
    }
}

fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile")
}

fn is_manifest(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"));
    stem.is_some_and(|stem| {
        let mut words = stem.split(['.', '-', '_']);
        stem.starts_with("manifest.") || words.next_back() == Some("manifest")
    })
}

/// A path or glob from the root as a line of a `.gitignore` that means just that.
fn anchor(glob: &str) -> String {
    let (mark, glob) = glob
        .strip_prefix('!')
        .map_or(("", glob), |rest| ("!", rest));
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    format!("{mark}/{}", glob.trim_start_matches('/'))
}

/// Globs that match paths from the workspace root; `option` is what the user calls them.
pub(super) fn globs(lines: &[String], option: &str) -> Result<Gitignore, Error> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        builder.add_line(None, line).map_err(|error| Error {
            message: format!("`{line}` in `{option}` is no glob, {error}"),
            help: "write it as in a `.gitignore` file".to_owned(),
        })?;
    }
    builder.build().map_err(|error| Error {
        message: format!("the globs in `{option}` cannot be read, {error}"),
        help: "write fewer or shorter globs".to_owned(),
    })
}
