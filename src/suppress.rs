//! Silencers against findings: comments in files, and the debt file.

pub mod add;
pub mod comments;
pub mod debt;
mod written;

use crate::catalogue::{self, Catalogue};
use crate::finding::{Finding, Silenced, Silencer, Summary};
use crate::parse::AllFacts;
use crate::policy::Policy;
use crate::source::{FileId, Sources};

use self::comments::{Comment, Comments};
use self::debt::Debt;

/// Everything that may silence a finding, and what it has silenced.
pub struct Silencers<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// The rules that exist.
    pub catalogue: &'a Catalogue,
    /// The comments.
    pub comments: Comments,
    /// The debt file.
    pub debt: Debt,
    policy: &'a Policy,
    summary: &'a Summary,
    /// Files that could not be read, or not to the end.
    unreadable: Vec<FileId>,
}

impl<'a> Silencers<'a> {
    /// Those of a workspace, of which the summary says which rules rest and what is open.
    pub fn of(
        sources: &'a Sources,
        facts: &AllFacts,
        policy: &'a Policy,
        catalogue: &'a Catalogue,
        summary: &'a Summary,
    ) -> Self {
        Self {
            sources,
            catalogue,
            comments: Comments::of(sources, facts, policy, catalogue),
            debt: Debt::of(sources, policy),
            policy,
            summary,
            unreadable: debt::unreadable(sources, facts),
        }
    }

    /// Takes from the findings what is silenced, and notes what has silenced it.
    pub fn silence(&mut self, findings: &mut Vec<Finding>) -> Vec<Silenced> {
        let mut silenced = Vec::new();
        findings.retain_mut(|finding| match self.silencer_of(finding) {
            Some(by) => {
                let finding = finding.clone();
                silenced.push(Silenced { finding, by });
                false
            }
            None => true,
        });
        silenced
    }

    /// A comment speaks first: the debt file holds what no comment silences.
    fn silencer_of(&mut self, finding: &mut Finding) -> Option<Silencer> {
        let comment = self.comments.silencer_of(finding, self.sources);
        if comment.is_some() {
            self.debt.leave_to_comment(finding);
        }
        comment.or_else(|| self.debt.silencer_of(finding))
    }

    /// Whether no rule of a comment has silenced anything, though each was asked, or is none.
    pub fn is_wholly_unused(&self, comment: &Comment) -> bool {
        let mut rules = comment.rules.iter();
        rules.all(|rule| {
            let name = &rule.name.value;
            let is_rule = self.catalogue.find(name).is_some();
            !rule.is_used && (!is_rule || self.was_asked(name, comment.place.file))
        })
    }

    /// The rule whose name is nearest to what is written.
    pub fn nearest_rule(&self, written: &str) -> Option<&str> {
        let rules = self.catalogue.rules().iter();
        catalogue::nearest(written, rules.map(|rule| rule.entry.name))
    }

    /// Whether a rule was asked about a file. One that is off or rests says nothing, nor can it where files
    /// are broken or services unknown, and what silences it may be needed tomorrow.
    pub fn was_asked(&self, rule: &str, file: FileId) -> bool {
        let path = &self.sources.file(file).path;
        let level = self.policy.level_at(rule, path, self.catalogue);
        let ground = self.summary.ground_of(path);
        let is_unregistered = ground.is_some_and(|ground| ground.is_unregistered);
        let mut resting = self.summary.inactive.iter().filter(|it| it.rule == rule);
        let rests = resting.any(|it| it.product.is_none() || is_unregistered);
        let mut open = self.summary.open.iter();
        // What an open registry holds may lie anywhere that is nobody else's.
        let is_open = open.any(|it| {
            ground.is_none_or(|whose| whose.is_unregistered || whose.products.contains(&it.product))
        });
        let is_obscure = self
            .unreadable
            .iter()
            .any(|&it| it == file || debt::is_of_many(self.sources.file(it).kind));
        level.severity().is_some() && !rests && !is_open && !is_obscure
    }
}
