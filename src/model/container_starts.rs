//! What containers do to their databases when they start.

use std::collections::BTreeSet;

use crate::discover::{is_named_for_tests, is_test_code};
use crate::finding::{Edit, Fix, Owner, Safety};
use crate::model::commands::{Commands, commands_of_image};
use crate::model::compose::Service as Container;
use crate::model::homes::Homes;
use crate::model::shell::{Called, Destroyer, Destruction, Target};
use crate::model::{User, Workspace};
use crate::parse::Facts;
use crate::source::{FileId, Kind, Place, file_name, parent};

/// A command that can lose what a database holds, in the start of a container.
pub struct DestructiveStart {
    /// Whose container it is.
    pub owner: Owner,
    /// What it does.
    pub destruction: Destruction,
    /// The word that does it.
    pub place: Place,
    /// Further words of the same command that do so.
    pub also: Vec<Place>,
    /// The calls that lead to it, from the start on.
    pub way: Vec<Place>,
    /// An edit that leaves a command which loses nothing.
    pub fix: Option<Fix>,
    /// Whether the module keeps migrations, which another command could bring in.
    pub has_migrations: bool,
}

/// Files that are followed from one start.
const MOST_STEPS: usize = 200;

/// Where a start leads.
struct Step<'w> {
    commands: Commands<'w>,
    /// The folder that it runs in.
    folder: String,
    way: Vec<Place>,
    /// Whether something on the way says that it is for development.
    is_for_development: bool,
}

/// A start, before it is followed.
struct Beginning {
    owner: Owner,
    folder: String,
    is_for_development: bool,
}

impl Workspace<'_> {
    /// The commands in the starts of containers that can lose what a database holds; each once, however
    /// many starts lead to it.
    pub fn destructive_starts(&self) -> Vec<DestructiveStart> {
        let homes = Homes::of(self);
        let mut found = Vec::new();
        let mut known = BTreeSet::new();
        for (beginning, commands) in self.container_starts(&homes) {
            self.follow(&homes, &beginning, commands, &mut known, &mut found);
        }
        found.sort_by_key(|start| start.place);
        found
    }

    /// What containers start, by compose files, by Dockerfiles, and by the scripts that are named for it.
    fn container_starts(&self, homes: &Homes) -> Vec<(Beginning, Vec<Commands<'_>>)> {
        let mut starts = Vec::new();
        let variable = &self.policy.database_variable;
        for (number, stack) in self.stacks.iter().enumerate() {
            if stack.is_for_tests(self.sources) {
                continue;
            }
            for (position, container) in stack.services.iter().enumerate() {
                let is_started = container.profiles.is_empty() && !container.is_known_tool();
                if is_started {
                    let user = (number, position);
                    let beginning = Beginning {
                        owner: self.owner_of_container(number, container),
                        folder: self.folder_of_container(homes, user),
                        is_for_development: is_built_for_development(container),
                    };
                    let commands = self.commands_of_container(user, &beginning.folder, variable);
                    starts.push((beginning, commands));
                }
            }
        }
        for (id, file) in self.sources.files() {
            let name = file_name(&file.path);
            if is_test_code(&file.path) || is_named_for_tests(name) {
                continue;
            }
            let beginning = |folder: &str| Beginning {
                owner: homes
                    .built_by(&file.path)
                    .first()
                    .map(|&number| homes.services[number].owner.clone())
                    .unwrap_or_default(),
                folder: folder.to_owned(),
                is_for_development: false,
            };
            match self.facts(id) {
                Facts::Dockerfile(parsed) => {
                    let folder = self.folder_of_file(homes, &file.path);
                    for (stage, starts_here) in parsed.facts.started(&homes.targets(&file.path)) {
                        let mut beginning = beginning(&folder);
                        beginning.is_for_development = stage.is_some_and(is_named_for_development);
                        let commands = commands_of_image(id, starts_here, &folder, variable);
                        starts.push((beginning, commands));
                    }
                }
                Facts::Shell(_) if name.contains("entrypoint") => {
                    let folder = self.folder_of_file(homes, &file.path);
                    let commands = self.commands_of_script(id, &folder, variable);
                    starts.push((beginning(&folder), commands.into_iter().collect()));
                }
                _ => {}
            }
        }
        starts
    }

    fn follow<'s>(
        &'s self,
        homes: &Homes,
        beginning: &Beginning,
        commands: Vec<Commands<'s>>,
        known: &mut BTreeSet<Place>,
        found: &mut Vec<DestructiveStart>,
    ) {
        let variable = &self.policy.database_variable;
        let mut seen: BTreeSet<(FileId, Option<usize>)> = BTreeSet::new();
        let mut open: Vec<Step> = commands
            .into_iter()
            .rev()
            .map(|commands| Step {
                commands,
                folder: beginning.folder.clone(),
                way: Vec::new(),
                is_for_development: beginning.is_for_development,
            })
            .collect();
        let mut steps = 0;
        while let Some(step) = open.pop() {
            steps += 1;
            if steps > MOST_STEPS {
                return;
            }
            for destroyer in &step.commands.runs.destroyers {
                let start = self.destructive_start(beginning, &step, destroyer);
                found.extend(start.filter(|start| known.insert(start.place)));
            }
            for call in step.commands.runs.calls.iter().rev() {
                let Some(place) = step.commands.place(self, call.span) else {
                    continue;
                };
                let mut way = step.way.clone();
                way.push(place);
                let is_for_development = step.is_for_development || self.is_in_development(place);
                match &call.called {
                    Called::File(path) => {
                        let file = self.script_at(path, &step.folder);
                        let Some(file) = file.filter(|&file| seen.insert((file, None))) else {
                            continue;
                        };
                        let commands = self.commands_of_script(file, &step.folder, variable);
                        open.extend(commands.map(|commands| Step {
                            commands,
                            folder: step.folder.clone(),
                            way,
                            is_for_development,
                        }));
                    }
                    Called::Script(name, target) => {
                        let Some(file) = self.package_of_call(homes, target, &step.folder) else {
                            continue;
                        };
                        let scripts = self.package_scripts(file).iter().enumerate();
                        let hooks = [format!("pre{name}"), name.clone(), format!("post{name}")];
                        let called = scripts.filter(|(_, it)| hooks.contains(&it.name.value));
                        let is_for_development =
                            is_for_development || is_named_for_development(name);
                        for (number, script) in called {
                            if seen.insert((file, Some(number))) {
                                open.push(Step {
                                    commands: self.commands_of_package(file, script, variable),
                                    folder: parent(&self.sources.file(file).path).to_owned(),
                                    way: way.clone(),
                                    is_for_development,
                                });
                            }
                        }
                    }
                }
            }
        }
    }

    fn destructive_start(
        &self,
        beginning: &Beginning,
        step: &Step,
        destroyer: &Destroyer,
    ) -> Option<DestructiveStart> {
        let (destruction, span) = *destroyer.words.first()?;
        let place = step.commands.place(self, span)?;
        // Who develops wants new migrations, and is asked.
        let is_wanted = destruction == Destruction::Dev
            && (step.is_for_development || self.is_in_development(place));
        if is_wanted {
            return None;
        }
        let also = destroyer.words[1..].iter();
        let also: Vec<Place> = also
            .filter_map(|(_, span)| step.commands.place(self, *span))
            .collect();
        let removable = destroyer.removable.iter();
        let removable: Option<Vec<Place>> = removable
            .map(|span| step.commands.place(self, *span))
            .collect();
        let migrations = crate::model::module::migrations_folder(self.sources, &step.folder);
        let has_migrations = migrations.is_some();
        let fix = removable.filter(|_| destroyer.is_plain || destruction.is_option());
        Some(DestructiveStart {
            owner: beginning.owner.clone(),
            destruction,
            place,
            fix: fix.and_then(|removable| self.harmless(destruction, place, &also, &removable)),
            also,
            way: step.way.clone(),
            has_migrations,
        })
    }

    /// An edit that leaves a command which loses nothing: without its option, or `migrate deploy`.
    fn harmless(
        &self,
        destruction: Destruction,
        place: Place,
        also: &[Place],
        removable: &[Place],
    ) -> Option<Fix> {
        let word = self.sources.slice(place);
        let removed = |place: &Place| self.removal(*place);
        let (title, mut edits) = if destruction.is_option() {
            let places = std::iter::once(&place).chain(also);
            let edits = places.map(removed);
            (
                format!("Remove `{word}`"),
                edits.collect::<Option<Vec<_>>>()?,
            )
        } else if word == destruction.word() {
            let deploy = Edit {
                place,
                text: "deploy".to_owned(),
            };
            let removals = removable.iter().map(removed);
            let edits = [Some(deploy)].into_iter().chain(removals);
            (
                "Run `prisma migrate deploy`".to_owned(),
                edits.collect::<Option<Vec<_>>>()?,
            )
        } else {
            return None;
        };
        edits.sort_by_key(|edit| edit.place);
        Some(Fix {
            safety: Safety::Unsafe,
            title,
            edits,
        })
    }

    /// An edit that removes a word with the blanks before it; `None` where it is an element of a list.
    fn removal(&self, place: Place) -> Option<Edit> {
        let text = &self.sources.file(place.file).text;
        let before = text.get(..place.span.start as usize)?;
        let blanks = before.len() - before.trim_end_matches(' ').len();
        let is_word = blanks > 0 && !before.trim_end_matches(' ').ends_with(['[', ',', '-']);
        is_word.then(|| Edit {
            place: Place {
                span: crate::source::Span::new(
                    place.span.start as usize - blanks,
                    place.span.end as usize,
                ),
                ..place
            },
            text: String::new(),
        })
    }

    /// Whether the file of a place is named for development.
    fn is_in_development(&self, place: Place) -> bool {
        let name = file_name(&self.sources.file(place.file).path);
        is_named_for_development(name)
    }

    /// The shell script that a path means.
    fn script_at(&self, path: &str, folder: &str) -> Option<FileId> {
        let exact = self.path_in_image(path, folder);
        let file = exact.and_then(|path| self.sources.find(&path));
        file.filter(|&file| self.sources.file(file).kind == Kind::Shell)
    }

    /// The `package.json` whose script is called.
    fn package_of_call(&self, homes: &Homes, target: &Target, folder: &str) -> Option<FileId> {
        match target {
            Target::Folder(path, _) | Target::Somewhere(path, _) => {
                let path = if path == folder {
                    path.clone()
                } else {
                    self.path_in_image(path, folder)?
                };
                self.package_around(&path)
            }
            Target::Package(name, _) => homes.package(name),
            Target::Container(..) | Target::Unknown => None,
        }
    }

    /// The folder of the module that a container runs.
    fn folder_of_container(&self, homes: &Homes, user: User) -> String {
        let build = self.stacks[user.0].services[user.1].build.as_ref();
        let dockerfile = build.and_then(|build| build.dockerfile.as_deref());
        let of_dockerfile = || dockerfile.map(|path| self.folder_of_file(homes, path));
        let services = homes.run_by(self, user);
        let module = homes.folder_of(&services).map(str::to_owned);
        module.or_else(of_dockerfile).unwrap_or_default()
    }

    /// The folder of the module that a Dockerfile or a script is about, else of the package, else its own.
    fn folder_of_file(&self, homes: &Homes, path: &str) -> String {
        if let Some(folder) = homes.folder_of(homes.built_by(path)) {
            return folder.to_owned();
        }
        let folder = parent(path);
        let package = self.package_around(folder);
        package
            .map_or(folder, |file| parent(&self.sources.file(file).path))
            .to_owned()
    }
}

/// Whether the Dockerfile of a container, or the stage that is built, is named for development.
fn is_built_for_development(container: &Container) -> bool {
    let build = container.build.as_ref();
    build.is_some_and(|build| {
        let dockerfile = build.dockerfile.as_deref().map(file_name);
        let names = [dockerfile, build.target.as_deref()];
        names.into_iter().flatten().any(is_named_for_development)
    })
}

/// Whether a name says that something is for development.
fn is_named_for_development(name: &str) -> bool {
    const WORDS: [&str; 6] = [
        "dev",
        "develop",
        "development",
        "local",
        "override",
        "watch",
    ];
    let mut words = name.split(['.', '-', '_', ':']);
    words.any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

impl Destruction {
    /// The word that does it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Reset => "reset",
            Self::ForceReset => "--force-reset",
            Self::AcceptDataLoss => "--accept-data-loss",
        }
    }

    /// Whether it is an option of `db push`.
    pub fn is_option(self) -> bool {
        matches!(self, Self::ForceReset | Self::AcceptDataLoss)
    }
}
