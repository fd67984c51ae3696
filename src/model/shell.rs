//! What a shell script runs, as far as that can be told without running it.
//!
//! Variables, functions and loops over literal lists are followed. What comes from outside is unknown and
//! stays so; of ways that exclude each other every one is taken.

mod command;
mod destroyers;
mod launchers;
mod nested;
mod state;
mod text;
mod values;

use std::collections::HashMap;

use crate::parse::shell::{Assignment, Command, Input, Shell, Step, StepKind, Value, Word};
use crate::source::{At, Span};
pub use command::Action;
use command::{Meaning, Named, meaning};
pub use destroyers::{Destroyer, Destruction};
use launchers::{handed_to_shell, launched, script_file};
use state::{Folder, Held, State};
pub use text::Text;

/// What a script does to databases.
#[derive(Debug, Default)]
pub struct Runs {
    /// In the order in which it happens.
    pub runs: Vec<Run>,
    /// Whether that is all of it.
    pub is_complete: bool,
    /// What else it calls, in that order.
    pub calls: Vec<Call>,
    /// The connection strings that it sets or hands on.
    pub urls: Vec<Text>,
    /// The commands that can lose what a database holds.
    pub destroyers: Vec<Destroyer>,
}

/// A call of something that stands in another file.
#[derive(Debug)]
pub struct Call {
    /// What is called.
    pub called: Called,
    /// Where it is named.
    pub span: Span,
}

/// What a script calls.
#[derive(Debug)]
pub enum Called {
    /// A script of a package, by its name.
    Script(String, Target),
    /// A shell script, by its path.
    File(String),
}

/// A migration or a seed.
#[derive(Debug)]
pub struct Run {
    /// What it does.
    pub actions: Vec<Action>,
    /// For which module.
    pub target: Target,
    /// The connection string that it is given; `None` where none is written.
    pub url: Option<Text>,
    /// The `.env` files that are read for it, in that order.
    pub env_files: Vec<EnvFile>,
    /// The command.
    pub span: Span,
}

/// A `.env` file that is read.
#[derive(Clone, Debug)]
pub struct EnvFile {
    /// Where it is, as a folder is named.
    pub target: Target,
    /// Whether the script itself takes it in, so that it counts more than what was set before.
    pub is_sourced: bool,
}

/// The module that a command is run for.
#[derive(Clone, Debug)]
pub enum Target {
    /// A folder from the workspace root, and where it is named.
    Folder(String, Option<Span>),
    /// A folder from where the script happens to be started, and where it is named.
    Somewhere(String, Option<Span>),
    /// The name of a package, and where it is named.
    Package(String, Option<Span>),
    /// The name of a container, and where it is named.
    Container(String, Option<Span>),
    /// It cannot be told.
    Unknown,
}

/// What stands for the folder of the workspace in paths that begin at the root of the disk.
const ROOT: &str = "/\u{1}";

/// How many commands are followed, and how deep calls may go. People write some hundred.
const MOST_COMMANDS: usize = 20_000;
const DEEPEST_CALL: usize = 20;

/// Follows the script at `path`; `variable` is the one that holds connection strings.
pub fn runs(shell: &Shell, path: &str, variable: &str) -> Runs {
    let mut machine = Machine {
        path,
        variable,
        state: State::default(),
        functions: HashMap::new(),
        found: Runs {
            runs: Vec::new(),
            is_complete: shell.is_whole,
            ..Runs::default()
        },
        commands_left: MOST_COMMANDS,
        depth: 0,
    };
    machine.steps(&shell.steps);
    machine.found
}

/// Follows a script that is started in a folder, from the workspace root.
pub fn runs_in(shell: &Shell, path: &str, folder: &str, variable: &str) -> Runs {
    let mut machine = Machine::started_in(path, folder, variable);
    machine.found.is_complete = shell.is_whole;
    machine.steps(&shell.steps);
    machine.found
}

/// What a program does that is started with its arguments in a folder, by no shell.
pub fn runs_of_words(words: &[At<String>], folder: &str, variable: &str) -> Runs {
    let mut machine = Machine::started_in("", folder, variable);
    let texts = words.iter();
    let texts = texts.map(|word| Text::known(word.value.clone(), word.span));
    let texts: Vec<Text> = texts.collect();
    let span = words.iter().map(|word| word.span).reduce(Span::cover);
    machine.run(&[], &texts, span.unwrap_or_default());
    machine.found
}

struct Machine<'a> {
    path: &'a str,
    variable: &'a str,
    state: State,
    functions: HashMap<&'a str, &'a [Step]>,
    found: Runs,
    commands_left: usize,
    depth: usize,
}

impl<'a> Machine<'a> {
    fn started_in(path: &'a str, folder: &str, variable: &'a str) -> Self {
        Self {
            path,
            variable,
            state: State {
                folder: Folder::Known(folder.to_owned()),
                ..State::default()
            },
            functions: HashMap::new(),
            found: Runs {
                is_complete: true,
                ..Runs::default()
            },
            commands_left: MOST_COMMANDS,
            depth: 0,
        }
    }

    fn steps(&mut self, steps: &'a [Step]) {
        for step in steps {
            if self.commands_left == 0 {
                self.found.is_complete = false;
                return;
            }
            self.commands_left -= 1;
            self.step(step);
        }
    }

    fn step(&mut self, step: &'a Step) {
        match &step.kind {
            StepKind::Assign(assignment) => self.assign(assignment),
            StepKind::Command(command) => self.command(command, step.span),
            StepKind::Test => {}
            StepKind::Subshell(steps) => self.aside(steps),
            StepKind::Function { name, body } => {
                self.functions.insert(&name.value, body);
            }
            StepKind::For {
                variable,
                words,
                body,
            } => {
                let turns: Vec<Text> = match words {
                    Some(words) => self.all_words(words),
                    None => self.state.arguments.clone(),
                };
                for turn in turns {
                    self.hold(&variable.value, Held::Word(turn));
                    self.steps(body);
                }
            }
            StepKind::While {
                condition,
                body,
                input,
            } => self.while_loop(condition, body, input.as_ref()),
            StepKind::Branch(arms) => {
                let before = self.state.clone();
                let mut after = before.clone();
                for arm in arms {
                    self.state = before.clone();
                    self.steps(arm);
                    after.join(&self.state, &before);
                }
                self.state = after;
            }
            StepKind::Unreadable => {
                self.found.is_complete = false;
                self.state.folder = Folder::Unknown;
                self.forget_variables();
            }
        }
    }

    /// Steps whose changes end with them.
    fn aside(&mut self, steps: &'a [Step]) {
        let before = self.state.clone();
        self.steps(steps);
        self.state = before;
    }

    fn while_loop(&mut self, condition: &'a [Step], body: &'a [Step], input: Option<&'a Input>) {
        let reading = match condition {
            [
                Step {
                    kind: StepKind::Command(command),
                    ..
                },
            ] => Self::names_read(command),
            _ => None,
        };
        let text = match input {
            Some(Input::Text(word)) => Some(self.text(word)),
            _ => None,
        };
        if let (Some((names, separators)), Some(text)) = (&reading, text)
            && text.all_known().is_some()
        {
            for line in text.split(|letter| letter == '\n') {
                self.read_line(names, separators, &line);
                self.steps(body);
            }
            return;
        }
        let before = self.state.clone();
        match reading {
            Some((names, _)) => {
                for name in names {
                    self.hold(&name, Held::Unknown);
                }
            }
            None => self.steps(condition),
        }
        self.steps(body);
        let mut after = before.clone();
        after.join(&self.state, &before);
        self.state = after;
    }

    /// The variables that `read` fills, and what parts the fields of a line.
    fn names_read(command: &Command) -> Option<(Vec<String>, String)> {
        let words: Vec<String> = command
            .words
            .iter()
            .map(Word::literal)
            .collect::<Option<_>>()?;
        if words.first().map(String::as_str) != Some("read") {
            return None;
        }
        let names = words.into_iter().skip(1);
        let names: Vec<String> = names.filter(|word| !word.starts_with('-')).collect();
        let separators = command.assignments.iter().find_map(|assignment| {
            let is_ifs = assignment.name.value == "IFS";
            match &assignment.value {
                Some(Value::Word(word)) if is_ifs => word.literal(),
                _ => None,
            }
        });
        Some((names, separators.unwrap_or_else(|| " \t".to_owned())))
    }

    fn read_line(&mut self, names: &[String], separators: &str, line: &Text) {
        let fields = line.split(|letter| separators.contains(letter) || letter == '\n');
        for (number, name) in names.iter().enumerate() {
            let field = match fields.get(number) {
                Some(_) if number + 1 == names.len() && fields.len() > names.len() => Held::Unknown,
                Some(field) => Held::Word(field.clone()),
                None => Held::Word(Text::default()),
            };
            self.hold(name, field);
        }
    }

    fn hold(&mut self, name: &str, held: Held) {
        self.state.variables.insert(name.to_owned(), held);
    }

    fn assign(&mut self, assignment: &'a Assignment) {
        let name = &assignment.name.value;
        if assignment.is_exported || self.state.exports_all {
            self.state.exported.insert(name.clone());
        }
        let held = match &assignment.value {
            None if assignment.is_exported => return,
            _ if assignment.appends => self.appended(assignment),
            None => Held::Unknown,
            Some(Value::Word(word)) => Held::Word(self.text(word)),
            Some(Value::List(words)) => Held::List(self.all_words(words)),
        };
        if let Held::Word(text) = &held
            && name == self.variable
        {
            self.found.urls.push(text.clone());
        }
        self.hold(name, held);
    }

    fn appended(&mut self, assignment: &'a Assignment) -> Held {
        let before = self.state.variables.get(&assignment.name.value).cloned();
        match (before, &assignment.value) {
            (Some(Held::List(mut list)), Some(Value::List(words))) => {
                list.extend(self.all_words(words));
                Held::List(list)
            }
            (Some(Held::Word(mut text)), Some(Value::Word(word))) => {
                text.append(self.text(word));
                Held::Word(text)
            }
            _ => Held::Unknown,
        }
    }

    /// What a file brings that is not read here. What a script works out itself from its own path, and its
    /// lists, no file of variables sets.
    fn forget_variables(&mut self) {
        self.state.is_sourced = true;
        self.state.variables.retain(|_, held| match held {
            Held::Word(text) => text.shown().starts_with(ROOT),
            Held::List(_) => true,
            Held::Unknown => false,
        });
    }

    fn go(&mut self, folder: Folder, span: Option<Span>) {
        self.state.last_folder = std::mem::replace(&mut self.state.folder, folder);
        self.state.folder_span = span;
    }

    fn command(&mut self, command: &'a Command, span: Span) {
        let words = self.all_words(&command.words);
        let texts: Vec<String> = words.iter().map(Text::shown).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let folder_of = |machine: &Self| {
            let words = words.iter().skip(1);
            let mut words = words.filter(|word| !word.shown().starts_with("--"));
            let path = words.next_back();
            match path.and_then(Text::all_known) {
                Some(known) => (
                    machine.state.folder.join(&known),
                    path.and_then(Text::path_place),
                ),
                None => (Folder::Unknown, None),
            }
        };
        match texts.as_slice() {
            [] | ["source" | "."] => {}
            ["cd", "-"] => {
                let last = self.state.last_folder.clone();
                self.go(last, None);
            }
            ["cd", ..] => {
                let (folder, place) = folder_of(self);
                self.go(folder, place);
            }
            ["pushd", ..] => {
                self.state.pushed.push(self.state.folder.clone());
                let (folder, place) = folder_of(self);
                self.go(folder, place);
            }
            ["popd", ..] => {
                let folder = self.state.pushed.pop().unwrap_or(Folder::Unknown);
                self.go(folder, None);
            }
            ["set", options @ ..] => {
                let has = |mark: &str| options.contains(&mark);
                if has("-a") || has("allexport") {
                    self.state.exports_all = !has("+o");
                } else if has("+a") {
                    self.state.exports_all = false;
                }
            }
            ["source" | ".", path, ..] => {
                let called = Called::File((*path).to_owned());
                let span = words[1].place().unwrap_or(span);
                self.found.calls.push(Call { called, span });
                self.forget_variables();
                if path.contains(".env") {
                    self.read_env_file(words[1].clone(), true);
                }
            }
            ["eval", ..] => {
                self.forget_variables();
                self.found.is_complete = false;
            }
            ["unset", names @ ..] => {
                for name in names {
                    self.state.variables.remove(*name);
                }
            }
            ["shift", ..] => {
                let count = texts.get(1).and_then(|it| it.parse().ok()).unwrap_or(1);
                let count = self.state.arguments.len().min(count);
                self.state.arguments.drain(..count);
            }
            ["read", ..] => self.read(command),
            [name, ..] => match self.functions.get(name).copied() {
                Some(body) => self.call(body, command, &words[1..]),
                None => self.run(&command.assignments, &words, span),
            },
        }
    }

    fn read(&mut self, command: &'a Command) {
        let Some((names, separators)) = Self::names_read(command) else {
            return;
        };
        match &command.input {
            Some(Input::Text(word)) => {
                let line = self.text(word);
                self.read_line(&names, &separators, &line);
            }
            _ => {
                for name in names {
                    self.hold(&name, Held::Unknown);
                }
            }
        }
    }

    fn call(&mut self, body: &'a [Step], command: &'a Command, arguments: &[Text]) {
        if self.depth == DEEPEST_CALL {
            self.found.is_complete = false;
            return;
        }
        self.depth += 1;
        let before = std::mem::replace(&mut self.state.arguments, arguments.to_vec());
        for assignment in &command.assignments {
            self.assign(assignment);
        }
        self.steps(body);
        self.state.arguments = before;
        self.depth -= 1;
    }

    fn run(&mut self, assignments: &'a [Assignment], words: &[Text], span: Span) {
        let (words, files) = launched(words);
        let before = self.state.env_files.len();
        for file in files {
            self.read_env_file(file, false);
        }
        self.run_launched(assignments, words, span);
        self.state.env_files.truncate(before);
    }

    fn read_env_file(&mut self, file: Text, is_sourced: bool) {
        let target = self.target(Named::Folder(file));
        self.state.env_files.push(EnvFile { target, is_sourced });
    }

    fn run_launched(&mut self, assignments: &'a [Assignment], words: &[Text], span: Span) {
        let mut own = assignments.iter().rev();
        let own = own.find(|it| it.name.value == self.variable);
        let own = own.map(|assignment| match &assignment.value {
            Some(Value::Word(word)) => Some(self.text(word)),
            _ => None,
        });
        self.found.urls.extend(own.iter().flatten().cloned());
        if let Some(script) = handed_to_shell(words) {
            let given = own.unwrap_or_else(|| self.exported());
            self.nested(script, given.as_ref());
            return;
        }
        if words
            .first()
            .is_some_and(|first| first.shown() == "concurrently")
        {
            let commands = words[1..].iter();
            for command in commands.filter(|word| word.shown().contains(' ')) {
                self.nested(command, None);
            }
        }
        let (meaning, details) = meaning(words, self.variable);
        self.found.urls.extend(details.url);
        for file in details.env_files {
            self.read_env_file(file, false);
        }
        self.found.destroyers.extend(details.destroyer);
        if let Some(file) = script_file(words) {
            let called = Called::File(file.shown());
            let span = file.place().unwrap_or(span);
            self.found.calls.push(Call { called, span });
        }
        if let Some((script, named)) = details.script {
            let called = Called::Script(script.shown(), self.target(named));
            let span = script.place().unwrap_or(span);
            self.found.calls.push(Call { called, span });
        }
        let (actions, named, given) = match meaning {
            Meaning::Runs {
                actions,
                named,
                url,
            } => (actions, named, url),
            Meaning::Opaque => {
                self.found.is_complete = false;
                return;
            }
            Meaning::Other => return,
        };
        let is_inside = matches!(named, Named::Container(_));
        let url = given.or_else(|| own.unwrap_or_else(|| self.exported()));
        let target = self.target(named);
        if matches!(target, Target::Unknown) {
            self.found.is_complete = false;
        }
        self.found.runs.push(Run {
            actions,
            target,
            url: url.filter(|_| !is_inside),
            env_files: self.state.env_files.clone(),
            span,
        });
    }

    /// The connection string that every command gets.
    fn exported(&self) -> Option<Text> {
        match self.state.variables.get(self.variable)? {
            Held::Word(text) if self.state.exported.contains(self.variable) => Some(text.clone()),
            _ => None,
        }
    }

    fn target(&self, named: Named) -> Target {
        let in_folder = |folder, span| match folder {
            Folder::Known(folder) => Target::Folder(folder, span),
            Folder::FromStart(folder) => Target::Somewhere(folder, span),
            Folder::Unknown => Target::Unknown,
        };
        match named {
            Named::Here => in_folder(self.state.folder.clone(), self.state.folder_span),
            Named::Folder(path) => match path.all_known() {
                Some(known) => in_folder(self.state.folder.join(&known), path.path_place()),
                None => Target::Unknown,
            },
            Named::Package(name) => name.all_known().map_or(Target::Unknown, |known| {
                Target::Package(known, name.place())
            }),
            Named::Container(name) => name.all_known().map_or(Target::Unknown, |known| {
                Target::Container(known, name.place())
            }),
        }
    }
}
