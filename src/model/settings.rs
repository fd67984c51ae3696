//! Connection strings that files set for services outside of compose files: in `.env` files, Dockerfiles,
//! shell scripts, Kubernetes manifests, Helm values and the scripts of a `package.json`.

mod judged;
mod whose;

pub use judged::{ForeignDatabase, MalformedSetting};
pub(super) use judged::{is_name, is_placeholder, is_variant_of};

use std::collections::HashMap;
use std::sync::Arc;

use self::whose::{Owners, Whose};
use crate::discover::{is_test_code, is_test_environment};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::compose::Variable;
use crate::model::inferred::InferredService;
use crate::model::product::Product;
use crate::model::resolve::{self, Variables};
use crate::model::service::Service;
use crate::parse::settings::in_command;
use crate::parse::shell::{self, StepKind};
use crate::parse::{Facts, dotenv};
use crate::source::{FileId, Sources, Span, file_name, join, parent};

/// A variable that a file sets for services.
#[derive(Debug)]
pub struct Setting {
    /// What it is set in.
    pub holder: Holder,
    /// The variable. Its name is empty where a program is handed a connection string as it is.
    pub variable: Variable,
    whose: Whose,
}

/// What a variable is set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A `.env` file.
    Env,
    /// An example of one, which people copy and fill in.
    Example,
    /// `ENV` or `ARG`, often a value for the build alone.
    Dockerfile,
    /// A script of a `package.json`, often for one tool alone.
    Package,
    /// The shell script that a container starts with.
    Entrypoint,
    /// Any other shell script of a module.
    Script,
    /// A Kubernetes manifest or Helm values.
    Deployment,
}

impl Holder {
    /// Whether values that stand for nothing are usual there, so that only the database of a service of the
    /// product is certainly meant.
    pub(super) fn holds_stand_ins(self) -> bool {
        matches!(self, Holder::Dockerfile | Holder::Package | Holder::Script)
    }
}

/// The settings of a workspace, in the order of its files.
#[derive(Debug, Default)]
pub struct Settings {
    all: Vec<Setting>,
    /// Their numbers by product.
    by_product: HashMap<String, Vec<usize>>,
    /// Their numbers by product and service.
    by_service: HashMap<(String, String), Vec<usize>>,
    /// Their numbers by the number of a service that no registry names.
    by_inferred: HashMap<usize, Vec<usize>>,
}

impl Settings {
    /// Finds all of them.
    pub(super) fn of(
        sources: &Sources,
        facts: &[Arc<Facts>],
        products: &[Product],
        inferred: &[InferredService],
    ) -> Self {
        let all = settings(sources, facts, &Owners::of(products, inferred));
        let mut by_product: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_service: HashMap<(String, String), Vec<usize>> = HashMap::new();
        let mut by_inferred: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, setting) in all.iter().enumerate() {
            let mut last = None;
            if let Whose::Inferred(service) = setting.whose {
                by_inferred.entry(service).or_default().push(number);
            }
            for &(product, service) in setting.whose.registered() {
                let name = &products[product].name;
                let key = products[product].services[service].key();
                let of_service = (name.clone(), key.to_owned());
                by_service.entry(of_service).or_default().push(number);
                if last != Some(product) {
                    by_product.entry(name.clone()).or_default().push(number);
                }
                last = Some(product);
            }
        }
        Self {
            all,
            by_product,
            by_service,
            by_inferred,
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Setting] {
        &self.all
    }

    /// Those for services of a product.
    pub fn of_product(&self, product: &Product) -> impl Iterator<Item = &Setting> {
        let numbers = self.by_product.get(&product.name).into_iter().flatten();
        numbers.map(|&number| &self.all[number])
    }

    /// Those for a service of a registry.
    pub fn of_service(&self, service: &Service) -> impl Iterator<Item = &Setting> {
        let name = (service.product.clone(), service.key().to_owned());
        let numbers = self.by_service.get(&name).into_iter().flatten();
        numbers.map(|&number| &self.all[number])
    }

    /// Those for the inferred service of that number.
    pub fn of_inferred(&self, service: usize) -> impl Iterator<Item = &Setting> {
        let numbers = self.by_inferred.get(&service).into_iter().flatten();
        numbers.map(|&number| &self.all[number])
    }
}

impl Workspace<'_> {
    /// The services that a setting is for.
    pub(super) fn owners_of_setting(&self, setting: &Setting) -> Vec<Owner> {
        match &setting.whose {
            Whose::Inferred(number) => vec![(&self.inferred_services()[*number]).into()],
            Whose::Registered(services) => services
                .iter()
                .map(|&(product, service)| (&self.products[product].services[service]).into())
                .collect(),
        }
    }
}

fn settings(sources: &Sources, facts: &[Arc<Facts>], owners: &Owners) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (id, file) in sources.files() {
        if is_test_code(&file.path) {
            continue;
        }
        let is_for_tests = is_test_environment(&file.path);
        let mut add = |holder, whose: Whose, variables: Vec<Variable>| {
            settings.extend(variables.into_iter().map(|variable| Setting {
                holder,
                variable,
                whose: whose.clone(),
            }));
        };
        match facts[id.0 as usize].as_ref() {
            Facts::Env(parsed) if !is_for_tests => {
                if let Some(whose) = owners.of_module(&file.path) {
                    let beside = beside(sources, facts, &file.path);
                    let variables = env_variables(id, &parsed.facts.entries, beside.as_ref());
                    add(env_holder(&file.path), whose, variables.collect());
                }
            }
            Facts::Dockerfile(parsed) => {
                if let Some(whose) = owners.of_dockerfile(&file.path) {
                    let variables = dockerfile_variables(id, &parsed.facts.variables);
                    add(Holder::Dockerfile, whose, variables);
                }
            }
            Facts::Shell(parsed) if !is_for_tests => {
                if let Some(whose) = owners.of_module(&file.path) {
                    let is_start = file_name(&file.path).contains("entrypoint");
                    let holder = if is_start {
                        Holder::Entrypoint
                    } else {
                        Holder::Script
                    };
                    add(
                        holder,
                        whose,
                        shell_variables(id, &file.text, &parsed.facts),
                    );
                }
            }
            Facts::Settings(parsed) => {
                for written in &parsed.facts.settings {
                    if let Some((holder, whose)) = owners.of_setting(file, written) {
                        let entry = &written.entry;
                        let none = Variables::default();
                        let value =
                            resolve::value(&entry.value, id, entry.interpolates, &[], &none);
                        let variable = Variable::of(entry.name.in_file(id), Some(value));
                        add(holder, whose, vec![variable]);
                    }
                }
            }
            _ => {}
        }
    }
    settings
}

fn env_holder(path: &str) -> Holder {
    const EXAMPLES: [&str; 6] = [
        "example", "sample", "template", "dist", "default", "defaults",
    ];
    let mut words = file_name(path).split(['.', '-', '_']);
    if words.any(|word| EXAMPLES.contains(&word)) {
        Holder::Example
    } else {
        Holder::Env
    }
}

/// The entries of the `.env` file beside a variant of one, which is read along with it.
fn beside<'f>(
    sources: &Sources,
    facts: &'f [Arc<Facts>],
    path: &str,
) -> Option<(FileId, &'f [dotenv::Entry])> {
    let id = sources.find(&join(parent(path), ".env")?)?;
    match facts[id.0 as usize].as_ref() {
        Facts::Env(parsed) if sources.file(id).path != path => Some((id, &parsed.facts.entries)),
        _ => None,
    }
}

/// The variables of a `.env` file that may name a database; the last assignment of a name counts.
fn env_variables<'f>(
    file: FileId,
    entries: &'f [dotenv::Entry],
    beside: Option<&(FileId, &'f [dotenv::Entry])>,
) -> impl Iterator<Item = Variable> {
    let mut variables = Variables::default();
    for entry in entries.iter().rev() {
        variables.add(file, entry, false);
    }
    let (from, others) = beside.copied().unwrap_or((file, &[]));
    for entry in others.iter().rev() {
        variables.add(from, entry, false);
    }
    let last: HashMap<&str, usize> = entries
        .iter()
        .enumerate()
        .map(|(number, entry)| (entry.name.value.as_str(), number))
        .collect();
    let counting = entries.iter().enumerate();
    counting
        .filter(move |(number, entry)| last[entry.name.value.as_str()] == *number)
        .map(move |(_, entry)| {
            let value = resolve::value(&entry.value, file, entry.interpolates, &[], &variables);
            Variable::of(entry.name.in_file(file), Some(value))
        })
}

/// The variables of a Dockerfile: each sees those before it.
fn dockerfile_variables(file: FileId, entries: &[dotenv::Entry]) -> Vec<Variable> {
    let mut variables = Variables::default();
    let mut found = Vec::new();
    for entry in entries {
        let value = resolve::value(&entry.value, file, entry.interpolates, &[], &variables);
        found.push(Variable::of(entry.name.in_file(file), Some(value)));
        variables.set(file, entry);
    }
    found
}

/// The connection strings in the assignments and commands of a shell script. A literal that a variable was
/// given before counts for what follows.
fn shell_variables(file: FileId, text: &str, script: &shell::Shell) -> Vec<Variable> {
    let mut leaves = Vec::new();
    add_leaves(&script.steps, &mut leaves);
    let assigned: Vec<(Span, Option<dotenv::Entry>)> = leaves
        .into_iter()
        .map(|step| (step.span, assigned_literal(step)))
        .collect();
    let mut variables = Variables::default();
    let mut found = Vec::new();
    for (span, literal) in &assigned {
        for entry in in_command(text, *span) {
            let value = resolve::value(&entry.value, file, entry.interpolates, &[], &variables);
            found.push(Variable::of(entry.name.in_file(file), Some(value)));
        }
        if let Some(literal) = literal {
            variables.set(file, literal);
        }
    }
    found
}

/// The assignments and commands among steps, in the order of the text.
pub(super) fn add_leaves<'s>(steps: &'s [shell::Step], leaves: &mut Vec<&'s shell::Step>) {
    for step in steps {
        match &step.kind {
            StepKind::Assign(_) | StepKind::Command(_) => leaves.push(step),
            StepKind::Subshell(steps)
            | StepKind::Function { body: steps, .. }
            | StepKind::For { body: steps, .. } => add_leaves(steps, leaves),
            StepKind::While {
                condition, body, ..
            } => {
                add_leaves(condition, leaves);
                add_leaves(body, leaves);
            }
            StepKind::Branch(ways) => ways.iter().for_each(|steps| add_leaves(steps, leaves)),
            StepKind::Test | StepKind::Unreadable => {}
        }
    }
}

fn assigned_literal(step: &shell::Step) -> Option<dotenv::Entry> {
    let StepKind::Assign(assignment) = &step.kind else {
        return None;
    };
    let Some(shell::Value::Word(word)) = &assignment.value else {
        return None;
    };
    match word.pieces.as_slice() {
        [
            shell::Piece {
                kind: shell::PieceKind::Text(text),
                ..
            },
        ] if !assignment.appends => Some(dotenv::Entry {
            name: assignment.name.clone(),
            value: text.clone(),
            interpolates: false,
        }),
        _ => None,
    }
}
