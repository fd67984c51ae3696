//! What a container runs of the workspace: the module that its build, its commands or its mounts name.

use std::collections::{BTreeSet, HashMap};

use super::Inference;
use crate::model::User;
use crate::model::compose::{Build, Service as Container, Stack};
use crate::source::{Existence, file_name, is_below, is_within, parent};

/// What tells services apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// The number of the config's setting.
    Configured(usize),
    /// The folder of the module.
    Module(String),
    /// The context, the Dockerfile and the arguments that name what is built.
    Build(String, String, Vec<String>),
}
impl Inference<'_> {
    /// What a container runs of this workspace; `None` where it runs something from elsewhere.
    pub(super) fn identity(&self, stack: usize, container: &Container) -> Option<Identity> {
        if owns_nothing(container) {
            return None;
        }
        if let Some(&number) = self.configured_keys.get(container.key.value.as_str()) {
            return Some(Identity::Configured(number));
        }
        self.inferred(stack, container)
            .map(|identity| match identity {
                Identity::Module(folder) => self.of_folder(&folder),
                other => other,
            })
    }

    /// Those of `delivered`, containers that no build is known of, whose service another stack builds: a stack
    /// for production takes images by name, and a file that is laid over another takes the other's build. They go
    /// by the key of the one that is built, and lie beside it or run an image that is called after it.
    pub(super) fn built_elsewhere(
        &self,
        delivered: &[User],
        built: &HashMap<Identity, Vec<User>>,
    ) -> Vec<(User, Identity)> {
        let container = |user: User| &self.stacks[user.0].services[user.1];
        let folder = |user: User| self.stacks[user.0].folder.as_str();
        let mut by_key: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        let mut stacks: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
        for (identity, users) in built {
            if let Identity::Module(module) = identity {
                for &user in users {
                    let key = container(user).key.value.as_str();
                    by_key.entry(key).or_default().insert(module);
                    stacks.entry((key, module)).or_default().push(folder(user));
                }
            }
        }
        let of = |&user: &User| {
            let container = container(user);
            let key = container.key.value.as_str();
            let module = only(by_key.get(key)?.clone())?;
            let is_beside = stacks[&(key, module)].contains(&folder(user));
            let image = container.image.as_ref().and(container.image_name());
            let is_called_so = image.is_some_and(|image| file_name(image).contains(key));
            let is_own = !owns_nothing(container)
                && container.build.is_none()
                && !container.is_runtime()
                && (is_beside || is_called_so);
            is_own.then(|| (user, Identity::Module(module.to_owned())))
        };
        delivered.iter().filter_map(of).collect()
    }

    /// The folders of the modules that containers would be of without the config.
    pub(super) fn folders_of(&self, containers: &[User]) -> Vec<String> {
        let folders = containers.iter().filter_map(|&(stack, number)| {
            match self.inferred(stack, &self.stacks[stack].services[number])? {
                Identity::Module(folder) => Some(folder),
                _ => None,
            }
        });
        folders.collect()
    }

    fn inferred(&self, stack: usize, container: &Container) -> Option<Identity> {
        let image = container.image.as_ref().map(|image| image.text.as_str());
        let of_image = image.and_then(|image| self.builds.get(&(stack, image)).copied());
        let Some(build) = container.build.as_ref().or(of_image) else {
            let mounted = self.mounted(&self.stacks[stack], container);
            return mounted.map(Identity::Module);
        };
        let is_remote = build.context_text.as_ref().is_some_and(|context| {
            context.text.contains("://") || context.text.starts_with("git@")
        });
        let context = build.context.as_deref().filter(|_| !is_remote)?;
        let dockerfile = build.dockerfile.as_deref()?;
        let is_there = self.sources.existence(context) == Existence::Folder;
        let module =
            is_there.then(|| self.built_module(stack, container, build, context, dockerfile));
        Some(match module.flatten() {
            Some(folder) => Identity::Module(folder.to_owned()),
            None => Identity::Build(
                context.to_owned(),
                dockerfile.to_owned(),
                telling_arguments(build).map(str::to_owned).collect(),
            ),
        })
    }

    /// The module that a build from this workspace is one of, as far as anything says so.
    fn built_module(
        &self,
        stack: usize,
        container: &Container,
        build: &Build,
        context: &str,
        dockerfile: &str,
    ) -> Option<&str> {
        let root = || {
            let root = self.packages.around(context)?;
            let module = self.modules.get(root)?;
            (!module.datasources.is_empty()).then_some(root)
        };
        // A service that also migrates another's database does not run the other for that.
        let around = self.around_build(context, dockerfile);
        let keeps_tables = around
            .and_then(|package| self.modules.get(package))
            .is_some_and(|module| !module.datasources.is_empty());
        let only_migrates = keeps_tables && has_migration(container);
        let of_commands = || {
            if only_migrates {
                return None;
            }
            let named = self.named_by_commands(container, context);
            named.filter(|package| self.is_in_reach(stack, container, context, package))
        };
        self.named_by_arguments(build, context)
            .or_else(of_commands)
            .or(around)
            .or_else(|| self.named_by_dockerfile(dockerfile))
            .or_else(root)
    }

    /// The package that a build argument names, where they name just one.
    fn named_by_arguments(&self, build: &Build, context: &str) -> Option<&str> {
        let named =
            telling_arguments(build).filter_map(|value| self.packages.named(value, context));
        only(named.collect())
    }

    /// The package that the last of a container's commands to name one names.
    fn named_by_commands(&self, container: &Container, context: &str) -> Option<&str> {
        const TELLING: [&str; 14] = [
            "--filter",
            "-F",
            "--workspace",
            "-w",
            "workspace",
            "--prefix",
            "--cwd",
            "-C",
            "--dir",
            "--scope",
            "serve",
            "start",
            "run",
            "--project",
        ];
        let text = container.commands.join(" ");
        let commands = text
            .split("&&")
            .flat_map(|part| part.split([';', '|', '\n']));
        let mut last = None;
        for command in commands {
            let mut is_told = false;
            let mut named = BTreeSet::new();
            for word in command.split_whitespace() {
                let word = word.trim_matches(['"', '\'']);
                let (option, value) = word.split_once('=').unwrap_or((word, ""));
                let is_option = TELLING.contains(&option);
                if is_option && !value.is_empty() {
                    named.extend(self.packages.named(value, context));
                } else if is_told && !word.starts_with('-') {
                    let name = word.split(':').next().unwrap_or(word);
                    named.extend(self.packages.named(name, context));
                } else if word.contains('/') && !word.starts_with('@') {
                    named.extend(self.packages.named(word, context));
                }
                is_told = is_option && value.is_empty();
            }
            last = only(named).or(last);
        }
        last
    }

    /// Whether a container has a folder: its build can copy it, or it is mounted. A path in a command is
    /// one of the container, and `/app/scripts` need not be the `scripts` of the workspace.
    fn is_in_reach(
        &self,
        stack: usize,
        container: &Container,
        context: &str,
        folder: &str,
    ) -> bool {
        let mounts = container.mounts.iter();
        let mut mounted = mounts.filter_map(|mount| self.stacks[stack].host_path(mount));
        is_within(folder, context) || mounted.any(|path| is_within(folder, &path))
    }

    /// The package, other than the root, that a build takes its Dockerfile or its context from.
    fn around_build(&self, context: &str, dockerfile: &str) -> Option<&str> {
        let is_inside = is_below(dockerfile, context);
        let of_dockerfile = self.packages.around(parent(dockerfile));
        let of_context = self.packages.around(context);
        let nearest = if is_inside { of_dockerfile } else { of_context };
        nearest.filter(|package| !package.is_empty())
    }

    /// The package that a Dockerfile is named after, or the folder it lies in, and that it copies.
    fn named_by_dockerfile(&self, dockerfile: &str) -> Option<&str> {
        let name = file_name(dockerfile);
        let lower = name.to_ascii_lowercase();
        let rest = if lower.starts_with("dockerfile.") {
            &name["dockerfile.".len()..]
        } else if lower.ends_with(".dockerfile") {
            &name[..name.len() - ".dockerfile".len()]
        } else {
            file_name(parent(dockerfile))
        };
        let package = self.packages.named(rest, "")?;
        let id = self.sources.find(dockerfile)?;
        let text = &self.sources.file(id).text;
        text.contains(package).then_some(package)
    }

    /// The package that a container of a plain runtime image has mounted, to run it from there.
    fn mounted(&self, stack: &Stack, container: &Container) -> Option<String> {
        let is_runtime = container.is_runtime() && container.build.is_none();
        if !is_runtime {
            return None;
        }
        let sources = container
            .mounts
            .iter()
            .filter_map(|mount| stack.host_path(mount));
        let packages = sources.filter_map(|path| {
            let package = self.packages.around(&path)?;
            (package == path).then_some(package)
        });
        only(packages.collect()).map(str::to_owned)
    }
}

fn owns_nothing(container: &Container) -> bool {
    container.is_postgres()
        || container.is_pooler()
        || container.is_known_tool()
        || container.is_other_server()
}

/// Whether the commands of a container migrate a database.
fn has_migration(container: &Container) -> bool {
    let text = container.commands.join(" ");
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| word == "migrate") || text.contains("db push")
}

/// The only element.
fn only<T: Ord>(set: BTreeSet<T>) -> Option<T> {
    let mut elements = set.into_iter();
    let first = elements.next();
    first.filter(|_| elements.next().is_none())
}
/// The builds of all stacks by the stack's number and the image that they are given: other containers run it
/// as well.
pub(super) fn builds_by_image(stacks: &[Stack]) -> HashMap<(usize, &str), &Build> {
    let numbered = stacks.iter().enumerate();
    let containers =
        numbered.flat_map(|(number, stack)| stack.services.iter().map(move |it| (number, it)));
    let built = containers.filter_map(|(stack, container)| {
        let image = container.image.as_ref()?;
        Some(((stack, image.text.as_str()), container.build.as_ref()?))
    });
    built.collect()
}

/// The values of build arguments that say which of several services is built.
fn telling_arguments(build: &Build) -> impl Iterator<Item = &str> {
    const WORDS: [&str; 9] = [
        "APP",
        "SERVICE",
        "PACKAGE",
        "PROJECT",
        "MODULE",
        "WORKSPACE",
        "FILTER",
        "SCOPE",
        "TARGET",
    ];
    let is_telling = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.split('_').any(|word| WORDS.contains(&word)) && !name.contains("URL")
    };
    let args = build.args.iter().filter(move |(name, _)| is_telling(name));
    args.map(|(_, value)| value.as_str())
}
