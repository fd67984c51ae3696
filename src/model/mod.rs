//! Links facts into the [`Workspace`], and answers the questions that rules ask.
//!
//! Linking goes in steps: facts a file, then [`module::Module`]s, [`compose::Stack`]s and
//! [`registry::Registry`]s from the files that make them up, then products from those.

pub mod compose;
pub mod evaluate;
pub mod generated;
pub mod init_sql;
pub mod module;
pub mod prisma_config;
pub mod product;
pub mod registry;
pub mod resolve;
pub mod value;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::finding::{Edit, Fix, Safety};
use crate::model::compose::{Part, Stack, Variable};
use crate::model::product::{Product, Service};
use crate::model::registry::Registry;
use crate::model::resolve::Link;
use crate::model::value::Origin;
use crate::parse::{AllFacts, Facts, Problem};
use crate::policy::Policy;
use crate::source::{FileId, Kind, Place, SourceFile, Sources};

/// Everything that is known of a workspace, linked.
pub struct Workspace<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What the team configured.
    pub policy: &'a Policy,
    /// The stacks, in the order of their files.
    pub stacks: Vec<Stack>,
    facts: AllFacts,
    products: Vec<Product>,
    users: HashMap<Place, BTreeSet<User>>,
    registry_users: HashMap<Place, BTreeSet<(usize, usize)>>,
}

/// A service of a stack, as a user of texts: the numbers of the stack and of the service in it.
type User = (usize, usize);

/// A service's database variable in one stack.
#[derive(Clone, Copy)]
pub struct DatabaseUrl<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// The stack.
    pub stack: &'a Stack,
    /// The service in the stack.
    pub container: &'a compose::Service,
    /// The variable.
    pub variable: &'a Variable,
    /// Whether the stack is the product's development set.
    pub is_development: bool,
    user: User,
}

/// A text that is wrong for one user.
pub struct WrongText<'a> {
    /// Whose connection string it is part of.
    pub url: DatabaseUrl<'a>,
    /// The wrong part.
    pub part: Part,
    /// What it should be, as far as that is certain; texts are wrong alike if this and the text agree.
    pub right: String,
}

impl<'a> Workspace<'a> {
    /// Links the facts of all files.
    pub fn link(sources: &'a Sources, facts: AllFacts, policy: &'a Policy) -> Self {
        let stacks = compose::stacks(sources, &facts);
        let products = product::products(sources, &facts, &stacks);
        let mut workspace = Self {
            sources,
            policy,
            facts,
            users: users(&stacks),
            registry_users: registry_users(&products),
            stacks,
            products: Vec::new(),
        };
        workspace.products = products;
        workspace
    }

    /// The products that have a registry, in the order of their registries' paths.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The product's development set.
    pub fn development(&self, product: &Product) -> Option<&Stack> {
        product.development.map(|index| &self.stacks[index])
    }

    /// The product's stacks, the development set first.
    pub fn stacks_of<'p>(&'p self, product: &'p Product) -> impl Iterator<Item = &'p Stack> {
        product.stacks.iter().map(|&index| &self.stacks[index])
    }

    /// The database variables of the product's services in all its stacks, the development set first.
    pub fn database_urls<'p>(&'p self, product: &'p Product) -> Vec<DatabaseUrl<'p>> {
        let mut urls = Vec::new();
        for &index in &product.stacks {
            let stack = &self.stacks[index];
            for service in &product.services {
                let Some(container) = service.container(stack) else {
                    continue;
                };
                let Some(variable) = container.variable(&self.policy.database_variable) else {
                    continue;
                };
                let number = stack.position(container);
                urls.push(DatabaseUrl {
                    service,
                    stack,
                    container,
                    variable,
                    is_development: product.development == Some(index),
                    user: (index, number),
                });
            }
        }
        urls
    }

    /// Where each wrong text stands: on the deepest link whose users are all wrong alike, else on the
    /// link nearest its service.
    pub fn stand<'w>(&self, wrongs: Vec<WrongText<'w>>) -> Vec<(Place, WrongText<'w>)> {
        let mut alike: BTreeMap<(String, String), BTreeSet<User>> = BTreeMap::new();
        for wrong in &wrongs {
            let key = (wrong.part.text.clone(), wrong.right.clone());
            alike.entry(key).or_default().insert(wrong.url.user);
        }
        wrongs
            .into_iter()
            .filter_map(|wrong| {
                let users = &alike[&(wrong.part.text.clone(), wrong.right.clone())];
                Some((self.stand_on(&wrong.part.chain, users)?, wrong))
            })
            .collect()
    }

    fn stand_on(&self, chain: &[Link], wrong: &BTreeSet<User>) -> Option<Place> {
        let is_wrong_for_all = |link: &&Link| {
            self.users
                .get(&link.shared)
                .is_some_and(|users| users.is_subset(wrong))
        };
        let deepest = chain.iter().rev().find(is_wrong_for_all);
        deepest.or(chain.first()).map(|link| link.place)
    }

    /// Where a wrong value of one registry entry stands: where it is written, if no other entry takes it
    /// from there, else on the link nearest the entry.
    pub fn stand_in_registry(&self, origin: &Origin) -> Place {
        let has_one_user = |place: &Place| {
            self.registry_users
                .get(place)
                .is_some_and(|users| users.len() == 1)
        };
        if has_one_user(&origin.written) {
            return origin.written;
        }
        let links = origin.links.iter().rev();
        let deepest = links.copied().find(has_one_user);
        deepest.unwrap_or_else(|| origin.nearest())
    }

    /// What parsers could not read, by file, in the order of the files.
    pub fn problems(&self) -> impl Iterator<Item = (FileId, &SourceFile, &[Problem])> {
        self.sources
            .files()
            .map(|(id, file)| (id, file, self.facts[id.0 as usize].problems()))
            .filter(|(_, _, problems)| !problems.is_empty())
    }

    /// Whether a file takes part in what is judged, so that it matters that it can be read. Scripts that
    /// merely are named like a registry, and SQL that nothing runs on first start, do not.
    pub fn is_judged(&self, id: FileId) -> bool {
        let file = self.sources.file(id);
        match file.kind {
            Kind::Compose => !file.text.contains("{{"),
            Kind::Env | Kind::Prisma | Kind::PrismaConfig => true,
            Kind::Registry => product::is_like_registry(&file.text) || self.is_registry_part(id),
            Kind::Constants => self.is_registry_part(id),
            Kind::Sql => self.is_init_script(id),
            Kind::Dockerfile | Kind::Generator | Kind::Migration => false,
        }
    }

    fn is_registry_part(&self, id: FileId) -> bool {
        self.products
            .iter()
            .any(|product| product.registry_files.contains(&id))
    }

    fn is_init_script(&self, id: FileId) -> bool {
        let path = &self.sources.file(id).path;
        let is_mounted = |stack: &Stack| {
            stack
                .init_mounts()
                .any(|(_, mount)| stack.host_path(mount).is_some_and(|source| {
                    *path == source || path.starts_with(&format!("{source}/"))
                }))
        };
        self.products
            .iter()
            .any(|product| product.init_sql.as_ref().is_some_and(|init| init.file == id))
            || self.stacks.iter().any(is_mounted)
    }

    /// The facts of one file.
    pub fn facts(&self, id: FileId) -> &Facts {
        &self.facts[id.0 as usize]
    }

    /// The comment block that a file begins with says that the file is generated.
    pub fn has_generated_header(&self, id: FileId) -> bool {
        generated::header(&self.sources.file(id).text, self.facts(id).comments())
            .is_some_and(|span| generated::says_so(self.sources.file(id).slice(span)))
    }

    /// A fix that replaces the text at `place`, `old`, by `new`; `None` where the text there is not
    /// `old` itself but something that leads to it. It is safe only in the development set and in a file
    /// that people write.
    pub fn replacement(
        &self,
        place: Place,
        old: &str,
        new: &str,
        is_development: bool,
    ) -> Option<Fix> {
        let is_safe = is_development && !self.has_generated_header(place.file);
        self.replace(place, old, new, if is_safe { Safety::Safe } else { Safety::Unsafe })
    }

    /// The same, where somebody has to decide in any case.
    pub fn unsafe_replacement(&self, place: Place, old: &str, new: &str) -> Option<Fix> {
        self.replace(place, old, new, Safety::Unsafe)
    }

    fn replace(&self, place: Place, old: &str, new: &str, safety: Safety) -> Option<Fix> {
        (self.sources.slice(place) == old && old != new).then(|| Fix {
            safety,
            title: format!("Replace `{old}` by `{new}`"),
            edits: vec![Edit {
                place,
                text: new.to_owned(),
            }],
        })
    }

    /// Registries of the same product folder that lost against an earlier one.
    pub fn rival_registries(&self) -> impl Iterator<Item = (&Product, &Registry)> {
        self.products
            .iter()
            .flat_map(|product| product.rivals.iter().map(move |rival| (product, rival)))
    }
}

/// Who uses which text, over all stacks.
fn users(stacks: &[Stack]) -> HashMap<Place, BTreeSet<User>> {
    let mut users: HashMap<Place, BTreeSet<User>> = HashMap::new();
    for (stack_number, stack) in stacks.iter().enumerate() {
        for (number, service) in stack.services.iter().enumerate() {
            let values = service.environment.iter().filter_map(|variable| variable.value.as_ref());
            for place in values.flat_map(resolve::Resolved::links) {
                users.entry(place).or_default().insert((stack_number, number));
            }
        }
    }
    users
}

/// Which entries use which text of a registry.
fn registry_users(products: &[Product]) -> HashMap<Place, BTreeSet<(usize, usize)>> {
    let mut users: HashMap<Place, BTreeSet<(usize, usize)>> = HashMap::new();
    for (product_number, product) in products.iter().enumerate() {
        for (number, service) in product.services.iter().enumerate() {
            for origin in product::origins(&service.entry) {
                for place in origin.links.iter().chain([&origin.written]) {
                    let user = (product_number, number);
                    users.entry(*place).or_default().insert(user);
                }
            }
        }
    }
    users
}

/// The scripts among the facts, for the evaluator.
fn scripts<'a>(sources: &'a Sources, facts: &'a [Arc<Facts>]) -> evaluate::Scripts<'a> {
    let by_file = sources
        .files()
        .filter_map(|(id, _)| match facts[id.0 as usize].as_ref() {
            Facts::Script(parsed) => Some((id, &parsed.facts)),
            _ => None,
        })
        .collect();
    evaluate::Scripts { sources, by_file }
}
