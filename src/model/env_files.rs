//! Whose the `.env` files of modules are, whatever containers read them.

use std::collections::{BTreeSet, HashMap};

use crate::model::User;
use crate::model::compose::Stack;
use crate::model::inferred::InferredService;
use crate::model::product::Product;
use crate::source::{Kind, Place, Sources, ancestors, parent};

/// Counts the containers of a module among those who use what its `.env` files hold, unless one of them does
/// anyway: where a neighbour reads such a file, it is not the file that is wrong.
pub(super) fn count_owners(
    users: &mut HashMap<Place, BTreeSet<User>>,
    sources: &Sources,
    stacks: &[Stack],
    products: &[Product],
    inferred: &[InferredService],
) {
    let mut by_folder: HashMap<&str, BTreeSet<User>> = HashMap::new();
    for product in products {
        for service in product.services() {
            let containers = product.stacks.iter().filter_map(|&stack| {
                let container = service.container(&stacks[stack])?;
                Some((stack, stacks[stack].position(container)))
            });
            if let Some(module) = &service.module {
                let own = by_folder.entry(&module.folder).or_default();
                own.extend(containers);
            }
        }
    }
    for service in inferred {
        if let Some(folder) = service.folder.as_deref() {
            let own = by_folder.entry(folder).or_default();
            own.extend(&service.containers);
        }
    }
    // What stands in the root serves all.
    by_folder.remove("");
    for (place, users) in users {
        let file = sources.file(place.file);
        if file.kind != Kind::Env {
            continue;
        }
        let mut folders = ancestors(parent(&file.path));
        if let Some(own) = folders.find_map(|folder| by_folder.get(folder))
            && own.is_disjoint(users)
        {
            users.extend(own);
        }
    }
}
