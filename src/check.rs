//! The pipeline: sources to outcome. Every command, the editor and every test go through [`check`].

use std::collections::BTreeMap;
use std::sync::Once;

use rayon::prelude::*;

use crate::catalogue;
use crate::conflict::{self, Draft};
use crate::finding::{self, Inactive, Open, Outcome, Summary};
use crate::inventory::{InactiveRule, Inventory};
use crate::model::Workspace;
use crate::ownership::{Folding, Name, Owned};
use crate::parse::Kept;
use crate::policy::Policy;
use crate::rule::{self, Rule, RuleSet};
use crate::source::Sources;
use crate::suppress::Silencers;

/// Parsers descend into what they read; none goes deeper than this many bytes of stack allow.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Starts the threads that everything runs on: `threads` of them, or as many as there are cores. Only the
/// first call of a process counts; [`check`] calls it with `None`.
pub fn start_threads(threads: Option<usize>) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Fails where a host program has set rayon up for itself; its threads are used then.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .stack_size(STACK_BYTES)
            .build_global();
    });
}

/// Whether some rule asks what the default branch has ([`crate::discover::compare_with_default_branch`]).
pub fn asks_for_baseline(policy: &Policy, rules: &RuleSet) -> bool {
    policy.speaks_somewhere("migration-edited", rules.catalogue())
}

/// Checks a workspace once.
pub fn check(sources: &Sources, policy: &Policy, rules: &RuleSet) -> Outcome {
    check_again(&mut Kept::default(), sources, policy, rules)
}

/// Says what a workspace consists of, without checking it; `None` where there is nothing to look at.
pub fn inspect(sources: &Sources, policy: &Policy, rules: &RuleSet) -> Option<Inventory> {
    start_threads(None);
    let facts = Kept::default().parse_all(sources);
    let workspace = Workspace::link(sources, facts, policy);
    if !workspace.has_subject() && workspace.holdings().is_empty() {
        return None;
    }
    let mut inventory = workspace.inventory();
    let resting = inactive(&workspace, rules, &speaking(policy, rules));
    inventory.not_understood.inactive_rules = resting
        .into_iter()
        .map(|inactive| InactiveRule {
            rule: inactive.rule.to_owned(),
            product: inactive.product,
            reason: inactive.reason,
        })
        .collect();
    Some(inventory)
}

/// Who owns the tables and databases of a name. Where nothing has that name, the error is the nearest one;
/// `None` where there is nothing to look at.
pub fn owner(
    sources: &Sources,
    policy: &Policy,
    name: &Name,
) -> Option<Result<Vec<Owned>, Option<String>>> {
    start_threads(None);
    let facts = Kept::default().parse_all(sources);
    let workspace = Workspace::link(sources, facts, policy);
    if !workspace.has_subject() && workspace.holdings().is_empty() {
        return None;
    }
    let found = workspace.owned(name);
    if !found.is_empty() {
        return Some(Ok(found));
    }
    // Who forgets the quotes of `"User"` is as near as who swaps two letters.
    let plain = |name: &str| name.replace('"', "").to_lowercase();
    let names = workspace.names_of_data().into_iter();
    let names: BTreeMap<String, String> = names.map(|it| (plain(&it), it)).collect();
    let asked = plain(&name.parts(Folding::AsWritten).join("."));
    let nearest = catalogue::nearest(&asked, names.keys().map(String::as_str));
    Some(Err(nearest.map(|nearest| names[nearest].clone())))
}

/// Checks a workspace whose unchanged files were parsed before.
pub fn check_again(
    kept: &mut Kept,
    sources: &Sources,
    policy: &Policy,
    rules: &RuleSet,
) -> Outcome {
    start_threads(None);
    let facts = kept.parse_all(sources);
    let workspace = Workspace::link(sources, facts, policy);
    let catalogue = rules.catalogue();
    let speaking = speaking(policy, rules);
    let drafts: Vec<_> = speaking
        .par_iter()
        .map(|rule| rule::run(rule, &workspace))
        .collect();
    let heard = |draft: Draft| {
        let path = &sources.file(draft.finding.place.file).path;
        let level = policy.level_at(draft.finding.rule, path, catalogue);
        Some(draft.at_severity(level.severity()?))
    };
    let drafts = drafts.into_iter().flatten().filter_map(heard).collect();
    let findings = conflict::settle(drafts, &workspace.joined_subjects());
    let mut findings = conflict::without_echoes(findings, sources);
    finding::sort(&mut findings);
    finding::number(&mut findings);
    let summary = summary(&workspace, rules, &speaking);
    let facts = workspace.all_facts();
    let mut silencers = Silencers::of(sources, facts, policy, catalogue, &summary);
    let silenced = silencers.silence(&mut findings);
    let reviewed = speaking
        .iter()
        .flat_map(|rule| rule::review(rule, &silencers));
    let reviewed = reviewed.filter_map(heard).map(|draft| draft.finding);
    let mut reviewed: Vec<_> = reviewed.collect();
    finding::sort(&mut reviewed);
    finding::number(&mut reviewed);
    findings.extend(reviewed);
    finding::sort(&mut findings);
    Outcome {
        debt: silencers.debt_state(),
        summary,
        coverage: Some(workspace.coverage()),
        findings,
        silenced,
    }
}

/// The rules that are not off everywhere.
fn speaking<'r>(policy: &Policy, rules: &'r RuleSet) -> Vec<&'r Rule> {
    let catalogue = rules.catalogue();
    let all = rules.rules().iter();
    all.filter(|rule| policy.speaks_somewhere(rule.entry.name, catalogue))
        .collect()
}

fn summary(workspace: &Workspace, rules: &RuleSet, speaking: &[&Rule]) -> Summary {
    let files = workspace.sources.as_slice();
    let products = workspace.products();
    Summary {
        files: files
            .iter()
            .filter(|file| file.unreadable.is_none())
            .count(),
        services: workspace.known_services().len(),
        inactive: inactive(workspace, rules, speaking),
        open: products
            .iter()
            .flat_map(|product| {
                let openings = workspace.openings(product).into_iter();
                openings.map(|open| Open {
                    product: product.name.clone(),
                    place: open.place,
                    reason: open.value,
                })
            })
            .collect(),
        has_subject: workspace.has_subject(),
    }
}

/// Which rules rest, and why: for every product, or as a whole where there is no registry.
fn inactive(workspace: &Workspace, rules: &RuleSet, speaking: &[&Rule]) -> Vec<Inactive> {
    let needs_registry = |name: &str| {
        let rule = rules.catalogue().find(name);
        rule.is_some_and(|rule| rule.front_matter.needs_registry)
    };
    let names = || speaking.iter().map(|rule| rule.entry.name);
    let resting = || names().filter(|name| needs_registry(name));
    let rest = |product: Option<&str>, reason: &str| -> Vec<Inactive> {
        resting()
            .map(|rule| Inactive {
                rule,
                product: product.map(str::to_owned),
                reason: reason.to_owned(),
            })
            .collect()
    };
    if workspace.products().is_empty() {
        return rest(None, "no service registry was found");
    }
    let folders = workspace.folders_without_registry().into_iter();
    folders
        .flat_map(|folder| rest(Some(folder), "it is in no service registry"))
        .collect()
}
