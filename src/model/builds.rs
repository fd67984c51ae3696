//! What compose services are built from, and what the registry says they are.

use crate::finding::Fix;
use crate::model::compose::{Build, Part, Service as Container};
use crate::model::product::Product;
use crate::model::resolve::Link;
use crate::model::service::Service;
use crate::model::{User, Workspace};
use crate::source::{Existence, Place, file_name, parent, relative};

/// A compose service that is built from another folder than the registry says.
pub struct OtherBuild<'a> {
    /// The registry's service.
    pub service: &'a Service,
    /// The Dockerfile that it is built from, from the workspace root.
    pub dockerfile: &'a str,
    /// The service whose module that is.
    pub whose: Option<&'a Service>,
    /// The wrong text.
    pub place: Place,
    /// What to write.
    pub help: String,
    /// Where the container takes the text from another place.
    pub way: Option<(Place, String)>,
    /// An edit that mends it.
    pub fix: Option<Fix>,
}

/// A text of a build that leads elsewhere than the registry.
struct WrongPath<'a> {
    service: &'a Service,
    container: &'a Container,
    registered: &'a str,
    dockerfile: &'a str,
    user: User,
    part: Part,
    right: String,
}

impl Workspace<'_> {
    /// Services that the product's stacks build from another folder than the registry says.
    pub fn other_builds<'p>(&'p self, product: &'p Product) -> Vec<OtherBuild<'p>> {
        let mut wrongs = Vec::new();
        for &index in &product.stacks {
            for service in product.services() {
                let container = service.container(&self.stacks[index]);
                let wrong = container.and_then(|it| self.wrong_path(product, index, service, it));
                wrongs.extend(wrong);
            }
        }
        let links = self.stand_alike(&wrongs, |wrong| (wrong.user, &wrong.part, &wrong.right));
        let standing = links.into_iter().zip(wrongs);
        standing
            .filter_map(|(link, wrong)| Some(self.other_build(product, &link?, wrong)))
            .collect()
    }

    fn wrong_path<'p>(
        &'p self,
        product: &'p Product,
        index: usize,
        service: &'p Service,
        container: &'p Container,
    ) -> Option<WrongPath<'p>> {
        let build = container.build.as_ref()?;
        let registered = service.dockerfile.as_deref();
        let registered = registered.filter(|_| service.missing_dockerfile.is_none())?;
        let dockerfile = build.dockerfile.as_deref()?;
        let is_development = product.development == Some(index);
        let is_whole = is_development || build.context_text.is_some();
        let is_remote = build.context_text.as_ref().is_some_and(|context| {
            context.text.contains("://") || context.text.starts_with("git@")
        });
        let is_certain = is_whole && !is_remote && !build.is_inline && !container.is_extended;
        let folder = parent(registered);
        let beside = parent(dockerfile);
        let is_above = !beside.is_empty() && folder.starts_with(&format!("{beside}/"));
        let is_within = format!("{dockerfile}/").starts_with(&format!("{folder}/"))
            || is_above
            || build.context.as_deref() == Some(folder);
        if !is_certain || is_within || folder.is_empty() || names_module(build, service, folder) {
            return None;
        }
        let context = build.context.as_deref()?;
        let (text, right) = match (&build.dockerfile_text, &build.context_text) {
            // The path is right, from another folder.
            (Some(text), Some(context)) if context_of(registered, &text.text).is_some() => {
                let right = context_of(registered, &text.text).unwrap_or_default();
                (context, relative(&build.folder, right))
            }
            (Some(text), context_text) if names_folder(&text.text) || context_text.is_none() => {
                (text, relative(context, registered))
            }
            (_, context) => (context.as_ref()?, relative(&build.folder, folder)),
        };
        Some(WrongPath {
            service,
            container,
            registered,
            dockerfile,
            user: (index, self.stacks[index].position(container)),
            part: Part::of(text, &(0..text.text.len())),
            right,
        })
    }

    fn other_build<'p>(
        &'p self,
        product: &'p Product,
        link: &Link,
        wrong: WrongPath<'p>,
    ) -> OtherBuild<'p> {
        let WrongPath {
            service,
            container,
            registered,
            dockerfile,
            user: (index, _),
            part,
            right,
        } = wrong;
        let is_alone = product.development == Some(index) && self.is_used_only_in(index, link);
        let owner_of = |dockerfile: &str| {
            let others = product.services().iter();
            let mut others = others.filter(|other| other.key() != service.key());
            others.find(|other| other.dockerfile.as_deref().map(parent) == Some(parent(dockerfile)))
        };
        let whose = owner_of(dockerfile);
        let is_there = self.sources.existence(dockerfile) == Existence::File;
        // What the registry says is another service's, and what is built is nobody else's.
        let is_own = whose.is_none() && is_there;
        let intruded = owner_of(registered).filter(|_| is_own);
        let fix = self.replacement(link.place, &part.text, &right, is_alone);
        OtherBuild {
            service,
            dockerfile,
            whose,
            place: link.place,
            help: if let Some(owner) = intruded {
                let owner = owner.key();
                format!("write `{dockerfile}` in the registry, which names the module of `{owner}`")
            } else if link.is_part {
                format!("write `{right}`")
            } else {
                let key = &container.key.value;
                format!("give `{key}` a `build` of its own, from `{registered}`")
            },
            way: part.way_to(link, &container.key.value),
            fix: fix.filter(|_| intruded.is_none()),
        }
    }
}

/// The context from which `text` is the path of the registered Dockerfile.
fn context_of<'r>(registered: &'r str, text: &str) -> Option<&'r str> {
    let text = text.trim_start_matches("./");
    let rest = registered
        .strip_suffix(text)
        .filter(|_| names_folder(text))?;
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_suffix('/')
}

/// Whether the path of a Dockerfile leads out of its context's own folder.
fn names_folder(dockerfile: &str) -> bool {
    dockerfile.trim_start_matches("./").contains('/')
}

/// Whether a build that many modules share is told by a target or an argument which module is meant.
fn names_module(build: &Build, service: &Service, folder: &str) -> bool {
    let names = [service.key(), folder, file_name(folder)];
    let args = build.args.iter().map(|(_, value)| value);
    let mut texts = args.chain(&build.target);
    texts.any(|text| names.iter().any(|name| text.contains(name)))
}
