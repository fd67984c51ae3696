//! The pipeline: sources to outcome. Every command, the editor and every test go through [`check`].

use std::collections::BTreeMap;
use std::sync::Once;

use rayon::prelude::*;

use crate::catalogue::{self, Catalogue};
use crate::choice;
use crate::conflict::{self, Draft};
use crate::finding::{self, Finding, Inactive, Open, Outcome, Summary};
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
    check_observed(kept, sources, policy, rules, &|_| {})
}

/// A part of the work that a check is, for whoever waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The walk, the reading, and what git is asked. It comes before [`check`].
    Reading,
    /// Texts to facts.
    Parsing,
    /// Facts to a workspace.
    Linking,
    /// The rules, and what silences them.
    Judging,
    /// The writing of the report, which comes after [`check`].
    Reporting,
}

/// The same, and says each time that another stage begins.
pub fn check_observed(
    kept: &mut Kept,
    sources: &Sources,
    policy: &Policy,
    rules: &RuleSet,
    begins: &dyn Fn(Stage),
) -> Outcome {
    start_threads(None);
    let catalogue = rules.catalogue();
    let speaking = speaking(policy, rules);
    // The facts of what is checked have to be the last ones that are kept.
    let earlier = sources.change.as_ref().and_then(|it| it.before.as_deref());
    let mut link = |sources| {
        begins(Stage::Parsing);
        let facts = kept.parse_all(sources);
        begins(Stage::Linking);
        let workspace = Workspace::link(sources, facts, policy);
        begins(Stage::Judging);
        workspace
    };
    let earlier = earlier.map(|before| judge(&link(before), policy, catalogue, &speaking));
    let workspace = link(sources);
    let mut findings = judge(&workspace, policy, catalogue, &speaking);
    let mut summary = summary(&workspace, rules, &speaking);
    summary.has_subject |= !findings.is_empty();
    let facts = workspace.all_facts();
    let mut silencers = Silencers::of(sources, facts, policy, catalogue, &summary);
    let mut silenced = silencers.silence(&mut findings);
    choice::by_change(&mut findings, &mut silenced, sources, earlier.as_deref());
    let reviewed = speaking
        .iter()
        .flat_map(|rule| rule::review(rule, &silencers));
    let heard = |draft| heard(draft, sources, policy, catalogue);
    let reviewed = reviewed.filter_map(heard).map(|draft| draft.finding);
    let mut reviewed: Vec<_> = reviewed.collect();
    finding::sort(&mut reviewed);
    finding::number(&mut reviewed);
    // What became of a silencer elsewhere is nobody's change.
    choice::by_change(&mut reviewed, &mut Vec::new(), sources, None);
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

/// What the rules say of a workspace, before anything silences it.
fn judge(
    workspace: &Workspace,
    policy: &Policy,
    catalogue: &Catalogue,
    speaking: &[&Rule],
) -> Vec<Finding> {
    let sources = workspace.sources;
    let drafts: Vec<_> = speaking
        .par_iter()
        .map(|rule| rule::run(rule, workspace))
        .collect();
    let drafts = drafts.into_iter().flatten();
    let drafts = drafts.filter_map(|draft| heard(draft, sources, policy, catalogue));
    let findings = conflict::settle(drafts.collect(), &workspace.joined_subjects());
    let mut findings = conflict::without_echoes(findings, sources);
    finding::sort(&mut findings);
    finding::number(&mut findings);
    findings
}

/// A draft with the weight that its rule has at its place; `None` where the rule is off.
fn heard(draft: Draft, sources: &Sources, policy: &Policy, catalogue: &Catalogue) -> Option<Draft> {
    let path = &sources.file(draft.finding.place.file).path;
    let level = policy.level_at(draft.finding.rule, path, catalogue);
    Some(draft.at_severity(level.severity()?))
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
        grounds: workspace.folder_owners(),
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
