//! Commands that run migrations and seeds, through whatever runs them.

use super::Text;
use super::destroyers::{Destroyer, destroyer};
use crate::source::Span;

/// What a command does to a module's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It runs migrations, or brings the schema in otherwise.
    Migrate,
    /// It runs the seed.
    Seed,
}

/// What the words of a command say besides their meaning.
#[derive(Default)]
pub(super) struct Details {
    /// The script of a package that it runs, and of which package.
    pub(super) script: Option<(Text, Named)>,
    /// The connection string that it is given.
    pub(super) url: Option<Text>,
    /// The `.env` files that it is told to read.
    pub(super) env_files: Vec<Text>,
    /// What it can lose.
    pub(super) destroyer: Option<Destroyer>,
}

/// The module that a command is run for, as far as its words tell.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// The folder that it is run in.
    Here,
    /// A folder, seen from there.
    Folder(Text),
    /// A package of the workspace.
    Package(Text),
    /// A container.
    Container(Text),
}

/// What the words of a command mean.
pub(super) enum Meaning {
    /// It migrates or seeds.
    Runs {
        actions: Vec<Action>,
        named: Named,
        /// The connection string that it is given.
        url: Option<Text>,
    },
    /// It may do so, and nobody knows for which module.
    Opaque,
    /// It has nothing to do with databases.
    Other,
}

/// Reads the words of a command; `variable` is the one that holds the connection string.
pub(super) fn meaning(words: &[Text], variable: &str) -> (Meaning, Details) {
    let texts: Vec<String> = words.iter().map(Text::shown).collect();
    let mut reader = Reader {
        words,
        texts: &texts,
        next: 0,
        named: Named::Here,
        url: None,
        env_files: Vec::new(),
        variable,
        is_recursive: false,
        script: None,
        destroyer: None,
    };
    let meaning = reader.read();
    let details = Details {
        script: reader.script,
        url: reader.url,
        env_files: reader.env_files,
        destroyer: reader.destroyer,
    };
    (meaning, details)
}

struct Reader<'a> {
    words: &'a [Text],
    texts: &'a [String],
    next: usize,
    named: Named,
    url: Option<Text>,
    env_files: Vec<Text>,
    variable: &'a str,
    /// Whether it is run for several packages.
    is_recursive: bool,
    script: Option<(Text, Named)>,
    destroyer: Option<Destroyer>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.texts.get(self.next).map(String::as_str)
    }

    /// Takes the value of an option: behind `=`, else the next word.
    fn value(&mut self, option: &str) -> Option<Text> {
        let word = &self.words[self.next];
        self.next += 1;
        if let Some((name, value)) = option.split_once('=') {
            return (!value.is_empty()).then(|| word.slice(name.len() + 1..option.len()));
        }
        let value = self.words.get(self.next).cloned();
        self.next += 1;
        value
    }

    fn read(&mut self) -> Meaning {
        while let Some(word) = self.peek().map(str::to_owned) {
            match word.as_str() {
                "exec" | "time" | "command" | "nohup" | "sudo" | "dlx" | "--" => self.next += 1,
                "env" | "cross-env" | "cross-env-shell" => {
                    self.next += 1;
                    self.assignments();
                }
                "npx" | "pnpx" | "bunx" | "pnpm" | "npm" | "yarn" | "bun" | "x" | "run"
                | "run-script" => {
                    self.next += 1;
                    self.package_options();
                }
                "workspace" => {
                    self.next += 1;
                    self.named = match self.words.get(self.next) {
                        Some(package) => Named::Package(package.clone()),
                        None => return Meaning::Opaque,
                    };
                    self.next += 1;
                }
                "docker" | "docker-compose" | "podman" => return self.container(),
                word if is_prisma(word) => {
                    self.next += 1;
                    return self.prisma();
                }
                "psql" => {
                    self.next += 1;
                    return self.psql();
                }
                "tsx" | "ts-node" | "node" => {
                    self.next += 1;
                    return self.program();
                }
                _ => return self.script(),
            }
        }
        Meaning::Other
    }

    fn assignments(&mut self) {
        while let Some(word) = self.peek() {
            let Some((name, value)) = word.split_once('=') else {
                break;
            };
            let range = name.len() + 1..name.len() + 1 + value.len();
            if name == self.variable {
                self.url = Some(self.words[self.next].slice(range));
            }
            self.next += 1;
        }
    }

    /// The options of a package manager that stand next.
    fn package_options(&mut self) {
        while let Some(word) = self.peek().map(str::to_owned) {
            let name = word.split('=').next().unwrap_or_default();
            match name {
                "--dir" | "-C" | "--prefix" | "--cwd" => {
                    if let Some(folder) = self.value(&word) {
                        self.named = Named::Folder(folder);
                    }
                }
                "--filter" | "-F" | "-w" | "--workspace"
                    // `pnpm -w` is the root of the workspace.
                    if !(name == "-w" && self.texts[0] == "pnpm") =>
                {
                    if let Some(package) = self.value(&word) {
                        let shown = package.shown();
                        self.is_recursive |= shown.contains(['*', '!', '{', '[']);
                        let is_folder = shown.starts_with('.');
                        self.named = if is_folder {
                            Named::Folder(package)
                        } else {
                            Named::Package(package)
                        };
                    }
                }
                "-r" | "--recursive" | "-ws" | "--workspaces" | "--parallel" => {
                    self.is_recursive = true;
                    self.next += 1;
                }
                "-p" | "--package" => {
                    self.value(&word);
                }
                "--env-file" | "--env-file-if-exists" => {
                    let file = self.value(&word);
                    self.env_files.extend(file);
                }
                _ if word.starts_with('-') => self.next += 1,
                _ => return,
            }
        }
    }

    fn runs(&self, actions: Vec<Action>) -> Meaning {
        if self.is_recursive {
            return Meaning::Opaque;
        }
        Meaning::Runs {
            actions,
            named: self.named.clone(),
            url: self.url.clone(),
        }
    }

    fn prisma(&mut self) -> Meaning {
        let mut verbs: Vec<(String, Span)> = Vec::new();
        let mut options = Vec::new();
        let mut file = None;
        while let Some(word) = self.peek().map(str::to_owned) {
            match word.split('=').next().unwrap_or_default() {
                "--schema" | "--config" => {
                    if let Some(file) = self.value(&word) {
                        self.named = Named::Folder(file);
                    }
                }
                "--url" => self.url = self.value(&word),
                "--file" => file = self.value(&word),
                "-n" | "--name" => {
                    let from = self.place();
                    self.value(&word);
                    let value = self.words.get(self.next - 1).and_then(Text::place);
                    options.push((word, from.cover(value.unwrap_or(from))));
                }
                _ if word.starts_with('-') => {
                    options.push((word, self.place()));
                    self.next += 1;
                }
                _ => {
                    verbs.push((word, self.place()));
                    self.next += 1;
                }
            }
        }
        self.destroyer = destroyer(&verbs, &options);
        let verbs: Vec<&str> = verbs
            .iter()
            .take(2)
            .map(|(verb, _)| verb.as_str())
            .collect();
        match verbs.as_slice() {
            ["migrate", "deploy" | "dev" | "reset"] | ["db", "push"] => {
                self.runs(vec![Action::Migrate])
            }
            ["db", "execute"] if file.as_ref().is_some_and(is_migration) => {
                self.named = file.map_or(Named::Here, Named::Folder);
                self.runs(vec![Action::Migrate])
            }
            ["db", "seed"] => self.runs(vec![Action::Seed]),
            [first, ..] if first.contains("unknown") => Meaning::Opaque,
            _ => Meaning::Other,
        }
    }

    /// Where the next word stands.
    fn place(&self) -> Span {
        let word = self.words.get(self.next);
        word.and_then(Text::place).unwrap_or_default()
    }

    /// `psql URL -f FILE`.
    fn psql(&mut self) -> Meaning {
        let mut file = None;
        let mut url = None;
        while let Some(word) = self.peek().map(str::to_owned) {
            match word.split('=').next().unwrap_or_default() {
                "-f" | "--file" => file = self.value(&word).or(file),
                "-d" | "--dbname" => url = self.value(&word),
                "-c" | "-h" | "-p" | "-U" | "-v" | "-o" | "-P" | "-F" | "-L" | "-R" | "-T" => {
                    self.next += 2;
                }
                _ if word.starts_with('-') => self.next += 1,
                _ => {
                    url = url.or_else(|| self.words.get(self.next).cloned());
                    self.next += 1;
                }
            }
        }
        self.next = 0;
        self.url = url.or_else(|| self.url.take());
        match file.filter(is_migration) {
            Some(file) => {
                self.named = Named::Folder(file);
                self.runs(vec![Action::Migrate])
            }
            None => self.unless_suspicious(),
        }
    }

    /// `tsx modules/x/prisma/seed.ts`.
    fn program(&mut self) -> Meaning {
        while let Some(word) = self.peek().map(str::to_owned) {
            match word.split('=').next().unwrap_or_default() {
                "--env-file" | "--env-file-if-exists" => {
                    let file = self.value(&word);
                    self.env_files.extend(file);
                }
                _ => break,
            }
        }
        if self.peek().is_some_and(|word| word.contains(".bin/prisma")) {
            self.next += 1;
            return self.prisma();
        }
        if self
            .peek()
            .is_some_and(|word| word.contains("prisma/build/"))
        {
            self.next += 1;
            return self.prisma();
        }
        let words = &self.texts[self.next..];
        let is_seed = |word: &&String| word.contains("/seed.") || word.starts_with("seed.");
        match words.iter().position(|word| is_seed(&word)) {
            Some(at) => {
                if !matches!(self.named, Named::Folder(_)) {
                    self.named = Named::Folder(self.words[self.next + at].clone());
                }
                self.runs(vec![Action::Seed])
            }
            None => self.unless_suspicious(),
        }
    }

    /// A script of a package, such as `db:migrate`.
    fn script(&mut self) -> Meaning {
        let is_package_script = self.texts[..self.next]
            .iter()
            .any(|word| ["pnpm", "npm", "yarn", "bun"].contains(&word.as_str()));
        if !is_package_script {
            return self.unless_suspicious();
        }
        let word = self.texts[self.next].clone();
        let script = self.next;
        self.next += 1;
        // `npm run migrate -w @org/x` names the package behind the script.
        self.package_options();
        self.next = script;
        self.script = Some((self.words[script].clone(), self.named.clone()));
        if word.contains("status") || word.contains("generate") || word.contains("create") {
            return Meaning::Other;
        }
        let mut actions = Vec::new();
        if word.contains("migrat") || word == "db:push" || word == "prisma:push" {
            actions.push(Action::Migrate);
        }
        if word.contains("seed") {
            actions.push(Action::Seed);
        }
        let is_of_root = matches!(self.named, Named::Here);
        match actions.is_empty() {
            true if is_of_root => self.unless_suspicious(),
            true if word.contains("unknown") || word.contains("setup") => Meaning::Opaque,
            true => Meaning::Other,
            false => self.runs(actions),
        }
    }

    fn container(&mut self) -> Meaning {
        const WITH_VALUE: [&str; 14] = [
            "-f",
            "--file",
            "-p",
            "--project-name",
            "--profile",
            "--env-file",
            "--project-directory",
            "-e",
            "--env",
            "-u",
            "--user",
            "-w",
            "--workdir",
            "--entrypoint",
        ];
        let mut runs = false;
        while let Some(word) = self.peek().map(str::to_owned) {
            self.next += 1;
            match word.as_str() {
                "exec" | "run" => runs = true,
                "docker" | "docker-compose" | "podman" | "compose" | "container" => {}
                _ if WITH_VALUE.contains(&word.as_str()) => self.next += 1,
                _ if word.starts_with('-') => {}
                _ => {
                    self.next -= 1;
                    break;
                }
            }
        }
        if !runs {
            return self.unless_suspicious();
        }
        let Some(container) = self.words.get(self.next) else {
            return Meaning::Other;
        };
        let inner = self.texts[self.next + 1..].join(" ");
        let mut actions = Vec::new();
        if ["migrate deploy", "migrate dev", "db push", "migrate reset"]
            .iter()
            .any(|words| inner.contains(words))
        {
            actions.push(Action::Migrate);
        }
        if inner.contains("seed") {
            actions.push(Action::Seed);
        }
        if actions.is_empty() {
            return self.unless_suspicious();
        }
        self.named = Named::Container(container.clone());
        self.url = None;
        self.runs(actions)
    }

    /// Whether a command that is not understood may run migrations.
    fn unless_suspicious(&self) -> Meaning {
        const PRINTS: [&str; 8] = ["echo", "printf", ":", "cd", "trap", "grep", "kill", "rm"];
        const BUILDERS: [&str; 7] = ["make", "just", "task", "turbo", "nx", "lerna", "rush"];
        let Some(first) = self
            .texts
            .get(self.next.min(self.texts.len().saturating_sub(1)))
        else {
            return Meaning::Other;
        };
        if PRINTS.contains(&first.as_str()) {
            return Meaning::Other;
        }
        let is_builder = BUILDERS.contains(&first.as_str()) || first.contains("unknown");
        let is_program = [".sh", ".ts", ".js", ".mjs"]
            .iter()
            .any(|ending| first.ends_with(ending));
        let says_so = self.texts.iter().any(|word| {
            ["migrat", "prisma", "seed", "setup", "bootstrap"]
                .iter()
                .any(|hint| word.contains(hint))
        });
        if is_builder || is_program || says_so {
            Meaning::Opaque
        } else {
            Meaning::Other
        }
    }
}

/// Whether a file is a migration, by its path.
fn is_migration(file: &Text) -> bool {
    file.shown().split('/').any(|folder| folder == "migrations")
}

/// Whether a word is Prisma's program, by name, with a version or in the folder of a package manager.
fn is_prisma(word: &str) -> bool {
    let name = match word.rsplit_once(".bin/") {
        Some((_, name)) => name,
        None => word.split('@').next().unwrap_or(word),
    };
    name == "prisma"
}
