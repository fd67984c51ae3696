//! Comments that silence findings.

use crate::finding::{Finding, Silencer};
use crate::parse::AllFacts;
use crate::policy::Policy;
use crate::source::{Place, Placed, Sources};

/// The comments that silence findings, in the order of the files and their texts.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    /// All of them.
    pub all: Vec<Comment>,
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

impl Comments {
    /// Those of a workspace.
    pub(super) fn of(_sources: &Sources, _facts: &AllFacts, _policy: &Policy) -> Self {
        Self::default()
    }

    /// The comment that silences a finding; notes that it is used.
    pub(super) fn silencer_of(
        &mut self,
        _finding: &Finding,
        _sources: &Sources,
    ) -> Option<Silencer> {
        None
    }
}
