//! The first config of a workspace: what was found in it, written down to be read and changed.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::catalogue::{Catalogue, Level};
use crate::discover::is_like_registry;
use crate::glob::{Globs, literal};
use crate::model::Workspace;
use crate::model::compose::{Service, Stack, Variable};
use crate::model::product::Product;
use crate::parse::Kept;
use crate::policy::{Policy, schema_url};
use crate::source::{FileId, Kind, Sources, file_name, parent, shown_folder};
use crate::yaml::scalar;

/// Where the page about the config is read, as of this version.
fn page_url() -> String {
    format!(
        "https://github.com/dbfence/dbfence/blob/v{}/docs/configuration.md",
        env!("CARGO_PKG_VERSION")
    )
}

/// The text of a config for a workspace. What it sets changes nothing of what a check finds there.
pub fn config(sources: &Sources, catalogue: &Catalogue) -> String {
    let policy = Policy::default();
    let facts = Kept::default().parse_all(sources);
    let workspace = Workspace::link(sources, facts, &policy);
    let parts = [
        registries(&workspace),
        compose(&workspace),
        tools(&workspace),
        services(&workspace),
        layers(&workspace),
        values(&policy),
        rules(catalogue),
    ];
    let mut text = format!(
        "# yaml-language-server: $schema={}\n# Every key is optional: {}\n",
        schema_url(),
        page_url()
    );
    for part in parts.iter().filter(|part| !part.is_empty()) {
        text.push('\n');
        text.push_str(part);
    }
    text
}

fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let scalars: Vec<String> = texts.iter().map(|text| scalar(text.as_ref())).collect();
    format!("[{}]", scalars.join(", "))
}

/// Lines that are there to be read, or to be switched on.
fn commented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("# {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

fn registries(workspace: &Workspace) -> String {
    let sources = workspace.sources;
    let found = workspace.products().iter().flat_map(|product| {
        let registries = product.rivals.iter().chain([&product.registry]);
        registries.map(|registry| sources.file(registry.file).path.as_str())
    });
    let paths: BTreeSet<&str> = found.collect();
    if paths.is_empty() {
        return commented(
            "No service registry was found. Rules that need one rest until there is one, or one is named here.\n\
             registry: products/*/infra/service-registry.ts",
        );
    }
    let patterns = in_general(sources, &paths).map_or_else(
        || paths.iter().map(|path| literal(path)).collect(),
        |pattern| vec![pattern],
    );
    let mut setting = String::new();
    match patterns.as_slice() {
        [only] => {
            let _ = writeln!(setting, "registry: {}", scalar(only));
        }
        several => {
            setting.push_str("registry:\n");
            for pattern in several {
                let _ = writeln!(setting, "  - {}", scalar(pattern));
            }
        }
    }
    let text = commented("Where the service registries stand.");
    if has_doubtful_registry(workspace) {
        text + &commented(&setting)
    } else {
        text + &setting
    }
}

/// Whether some file may be a registry that could not be recognised as one: it must go on being read.
fn has_doubtful_registry(workspace: &Workspace) -> bool {
    let mut files = workspace.sources.files();
    files.any(|(id, file)| {
        let may_be_one = file.unreadable.is_some() || is_like_registry(&file.text);
        file.kind == Kind::Registry && may_be_one && !workspace.is_registry_part(id)
    })
}

/// A pattern for registries of any product, if it matches those that are there and nothing else.
fn in_general(sources: &Sources, paths: &BTreeSet<&str>) -> Option<String> {
    let first = paths.first()?;
    let infra = parent(first);
    let above = parent(parent(infra));
    if file_name(infra) != "infra" || above.is_empty() {
        return None;
    }
    let pattern = format!("{}/*/infra/{}", literal(above), literal(file_name(first)));
    let globs = Globs::new([pattern.as_str()]).ok()?;
    let is_found = |path: &str| paths.contains(path) == globs.contain(path);
    let mut walked = sources.walked();
    walked.all(|(path, _)| is_found(path)).then_some(pattern)
}

/// The files of a stack as they are written in a config, from a folder above them.
fn files_from(sources: &Sources, stack: &Stack, folder: &str) -> Option<Vec<String>> {
    let relative = |file: &FileId| {
        let path = &sources.file(*file).path;
        if folder.is_empty() {
            return Some(path.clone());
        }
        let rest = path.strip_prefix(folder)?.strip_prefix('/')?;
        Some(rest.to_owned())
    };
    stack.files.iter().map(relative).collect()
}

fn compose(workspace: &Workspace) -> String {
    let sources = workspace.sources;
    let products = workspace.products();
    let of_product = |product: &Product| {
        let stack = workspace.development(product)?;
        files_from(sources, stack, &product.folder)
    };
    let sets: BTreeSet<Vec<String>> = if products.is_empty() {
        let standard = workspace.stacks.iter().filter(|it| it.runs_as_it_is());
        let mut at_root = standard.filter(|stack| stack.folder.is_empty());
        at_root
            .find_map(|stack| files_from(sources, stack, ""))
            .into_iter()
            .collect()
    } else {
        products.iter().filter_map(of_product).collect()
    };
    let mut text = commented(
        "The compose files that are run together, in the order in which they are merged; from the folder of\n\
         the product, or of the workspace.",
    );
    let development = match Vec::from_iter(sets).as_slice() {
        [only] if holds_everywhere(workspace, only) => Some(list(only)),
        _ => None,
    };
    let is_found = development.is_some();
    let development = development
        .unwrap_or_else(|| "[docker-compose.yml, docker-compose.override.yml]".to_owned());
    let mut lines = format!("compose:\n  development: {development}\n");
    if let Some(production) = production(workspace) {
        let _ = writeln!(lines, "  # production: {production}");
    }
    text.push_str(&if is_found {
        lines
    } else {
        commented(&lines.replace("# ", ""))
    });
    text
}

/// Whether naming these files makes the same stacks as naming none.
fn holds_everywhere(workspace: &Workspace, files: &[String]) -> bool {
    let Some(base) = files.first() else {
        return false;
    };
    let sources = workspace.sources;
    workspace.stacks.iter().all(|stack| {
        let first = stack
            .files
            .first()
            .map(|file| sources.file(*file).path.as_str());
        let above = first.and_then(|path| path.strip_suffix(base.as_str()));
        match above {
            Some(folder) if folder.is_empty() || folder.ends_with('/') => {
                let folder = folder.trim_end_matches('/');
                files_from(sources, stack, folder).as_deref() == Some(files)
            }
            _ => true,
        }
    })
}

/// A compose file for production, as an example of what may be meant.
fn production(workspace: &Workspace) -> Option<String> {
    let sources = workspace.sources;
    let is_for_production = |name: &str| {
        let mut words = name.split(['.', '-', '_']);
        words.any(|word| ["prod", "production"].contains(&word))
    };
    let mut files = sources
        .files()
        .filter(|(_, file)| file.kind == Kind::Compose);
    let (_, file) = files.find(|(_, file)| is_for_production(file_name(&file.path)))?;
    let products = workspace.products().iter();
    let mut folders = products.map(|product| format!("{}/", product.folder));
    let from_product = folders.find_map(|folder| file.path.strip_prefix(folder.as_str()));
    Some(list(&[from_product.unwrap_or(&file.path)]))
}

fn tools(workspace: &Workspace) -> String {
    let stacks = workspace.stacks.iter();
    let containers = stacks.flat_map(|stack| &stack.services);
    let tools: BTreeSet<&str> = containers
        .filter(|container| is_called_like_a_tool(container))
        .filter(|container| container.environment.iter().any(Variable::is_postgres))
        .map(|container| container.key.value.as_str())
        .collect();
    let registered = |key: &&str| {
        let mut products = workspace.products().iter();
        products.all(|product| product.service(key).is_none())
    };
    let tools: Vec<&str> = tools.into_iter().filter(registered).collect();
    let text = commented("Containers that may open databases of others and own none.");
    if tools.is_empty() {
        text + &commented("tools: [prisma-studio]")
    } else {
        format!("{text}tools: {}\n", list(&tools))
    }
}

/// Whether a container that is not built here is a known tool, or runs one by its name.
fn is_called_like_a_tool(container: &Service) -> bool {
    let runs_studio = container.is_runtime() && container.key.value.contains("studio");
    container.build.is_none() && (container.is_known_tool() || runs_studio)
}

/// The services that were inferred where there is no registry, to be corrected.
fn services(workspace: &Workspace) -> String {
    let known = workspace.known_services();
    if !workspace.products().is_empty() || known.is_empty() {
        return String::new();
    }
    let mut text =
        "The services, as far as they can be inferred. An entry here corrects that.\nservices:\n"
            .to_owned();
    for (service, inferred) in known.iter().zip(workspace.inferred_services()) {
        let mut parts = Vec::new();
        let folder = service.folder.map(shown_folder);
        parts.extend(folder.map(|folder| format!("folder: {}", scalar(folder))));
        let keys = inferred.containers.iter().map(|&(stack, position)| {
            let container = &workspace.stacks[stack].services[position];
            container.key.value.as_str()
        });
        let keys: BTreeSet<&str> = keys.collect();
        if !keys.is_empty() {
            parts.push(format!("compose: {}", list(&Vec::from_iter(keys))));
        }
        if let [variable] = service.variables.as_slice() {
            parts.push(format!("variable: {}", scalar(variable)));
        }
        let mut databases = service.databases.iter();
        if let (Some(database), None) = (databases.next(), databases.next()) {
            parts.push(format!("database: {}", scalar(database)));
        }
        let _ = writeln!(
            text,
            "  {}: {{ {} }}",
            scalar(&inferred.name),
            parts.join(", ")
        );
    }
    commented(&text)
}

/// The layers that registries name, where they are others than the usual ones.
fn layers(workspace: &Workspace) -> String {
    let usual = &workspace.policy.layers;
    let services = workspace.products().iter().flat_map(Product::services);
    let named: BTreeSet<&str> = services
        .filter_map(|service| Some(service.entry.layer.known()?.value.as_str()))
        .collect();
    let others: Vec<&str> = named
        .iter()
        .copied()
        .filter(|it| !usual.iter().any(|known| known == it))
        .collect();
    let text = "The layers of services, the lowest first.\n";
    let order = if others.is_empty() {
        list(usual)
    } else {
        list(&Vec::from_iter(named))
    };
    commented(&format!("{text}layers: {{ order: {order} }}"))
}

fn values(policy: &Policy) -> String {
    commented(&format!(
        "What holds for every service.\n\
         database-variable: {}\n\
         postgres: {{ major: {}, port: {} }}",
        policy.database_variable, policy.postgres_major, policy.postgres_port
    ))
}

fn rules(catalogue: &Catalogue) -> String {
    let mut text = "Levels by rule or category: `error`, `warning` or `off`. These rules are off unless a team asks for them.\n\
                    rules:\n"
        .to_owned();
    for rule in catalogue.rules() {
        if rule.front_matter.severity == Level::Off {
            let _ = writeln!(text, "  {}: warning", rule.entry.name);
        }
    }
    commented(&text)
}
