//! Silencers against findings: comments in files, and the debt file.

use crate::catalogue::Catalogue;
use crate::finding::{Finding, Silenced, Silencer};
use crate::parse::AllFacts;
use crate::policy::Policy;
use crate::source::{Place, Placed, Sources};

/// Everything that may silence a finding, and what it has silenced.
pub struct Silencers<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// The rules that exist.
    pub catalogue: &'a Catalogue,
    /// The comments, in the order of the files and their texts.
    pub comments: Vec<Comment>,
}

/// A comment that silences findings.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The comment, from its keyword to its end.
    pub place: Place,
    /// What it silences.
    pub rules: Vec<Silences>,
    /// Why.
    pub reason: Option<Placed<String>>,
}

/// A rule that a comment names.
#[derive(Clone, Debug)]
pub struct Silences {
    /// Its name, as written.
    pub name: Placed<String>,
    /// Whether it has silenced anything.
    pub is_used: bool,
}

impl<'a> Silencers<'a> {
    /// Those of a workspace.
    pub fn of(
        sources: &'a Sources,
        _facts: &AllFacts,
        _policy: &Policy,
        catalogue: &'a Catalogue,
    ) -> Self {
        Self {
            sources,
            catalogue,
            comments: Vec::new(),
        }
    }

    /// Takes from the findings what is silenced, and notes what has silenced it.
    pub fn silence(&mut self, findings: &mut Vec<Finding>) -> Vec<Silenced> {
        let mut silenced = Vec::new();
        findings.retain(|finding| match self.silencer_of(finding) {
            Some(by) => {
                let finding = finding.clone();
                silenced.push(Silenced { finding, by });
                false
            }
            None => true,
        });
        silenced
    }

    fn silencer_of(&mut self, _finding: &Finding) -> Option<Silencer> {
        None
    }
}
