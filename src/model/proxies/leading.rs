//! Which nginx configurations lead to the services of which product.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Proxy;
use crate::model::compose::{self, Stack};
use crate::model::product::Product;
use crate::parse::Facts;
use crate::parse::nginx::{Directive, NginxFile};
use crate::source::{FileId, Kind, Sources, parent};

/// Gives every product the configurations that lead to its services: those that its containers mount, and
/// those that name mostly its services.
pub(in crate::model) fn fill(
    sources: &Sources,
    facts: &[Arc<Facts>],
    stacks: &[Stack],
    products: &mut [Product],
) {
    let files: Vec<(FileId, &NginxFile, bool)> = sources
        .files()
        .filter(|(_, file)| file.kind == Kind::Nginx)
        .filter_map(|(id, _)| match facts[id.0 as usize].as_ref() {
            Facts::Nginx(parsed) => Some((id, &parsed.facts, parsed.problems.is_empty())),
            _ => None,
        })
        .collect();
    if files.is_empty() || products.is_empty() {
        return;
    }
    let mounts = mounts(stacks, products);
    let mut services = stacks.iter().flat_map(|stack| &stack.services);
    let has_own_network = services.all(|service| service.network_mode.is_none());
    let mut names: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for (number, product) in products.iter().enumerate() {
        for name in product.directory.by_name.keys() {
            names.entry(name.clone()).or_default().insert(number);
        }
    }
    let upstreams: HashMap<FileId, Vec<&str>> = files
        .iter()
        .map(|&(id, facts, _)| (id, upstream_names(&facts.directives)))
        .collect();
    let all: HashSet<&str> = upstreams.values().flatten().copied().collect();
    for (id, facts, is_whole) in files {
        let path = sources.file(id).path.as_str();
        let mut proxy = Proxy::of(id, facts, &all);
        proxy.is_open |= !is_whole;
        let mounting = mounting(&mounts, path);
        proxy.is_mounted = mounting.len() == 1;
        proxy.is_alone = proxy.is_mounted && has_own_network;
        let owner = match mounting.len() {
            0 => named_most(&proxy, &names).filter(|_| sources.file(id).unreadable.is_none()),
            1 => mounting.first().copied(),
            _ => None,
        };
        if let Some(owner) = owner {
            products[owner].proxies.push(proxy);
        }
    }
}

fn upstream_names(directives: &[Directive]) -> Vec<&str> {
    let mut names = Vec::new();
    for directive in directives {
        match (directive.name.value.as_str(), directive.word()) {
            ("upstream", Some(name)) => names.push(name.value.as_str()),
            ("http", _) => names.extend(upstream_names(directive.inner())),
            _ => {}
        }
    }
    names
}

/// What nginx containers mount, files and folders, with the products whose stacks do.
fn mounts(stacks: &[Stack], products: &[Product]) -> HashMap<String, BTreeSet<usize>> {
    let mut mounts: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for (number, product) in products.iter().enumerate() {
        for &stack in &product.stacks {
            let stack = &stacks[stack];
            for service in &stack.services {
                for mount in &service.mounts {
                    let is_config = is_nginx(service) || mount.target.text.contains("nginx");
                    if let Some(path) = stack.host_path(mount).filter(|_| is_config) {
                        mounts.entry(path).or_default().insert(number);
                    }
                }
            }
        }
    }
    mounts
}

fn is_nginx(service: &compose::Service) -> bool {
    let image = service.image_name().unwrap_or_default();
    image.contains("nginx") || image.contains("openresty")
}

/// The products that mount a file, or the nearest folder above it that any mounts.
fn mounting(mounts: &HashMap<String, BTreeSet<usize>>, path: &str) -> BTreeSet<usize> {
    let mut above = path;
    while !above.is_empty() {
        if let Some(products) = mounts.get(above) {
            return products.clone();
        }
        above = parent(above);
    }
    BTreeSet::new()
}

/// The product whose services at least half of the hosts of a configuration are; none where several are
/// equal.
fn named_most(proxy: &Proxy, names: &HashMap<String, BTreeSet<usize>>) -> Option<usize> {
    let targets = proxy.locations().flat_map(|location| &location.targets);
    let addresses = targets.flat_map(|target| &target.addresses);
    let hosts: BTreeSet<&str> = addresses.map(|it| it.host.value.as_str()).collect();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for product in hosts.iter().filter_map(|host| names.get(*host)).flatten() {
        *counts.entry(*product).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    let mut products = counts.iter().filter(|(_, count)| **count == most);
    let (&product, _) = products.next()?;
    (products.next().is_none() && most * 2 >= hosts.len()).then_some(product)
}
