//! The debt file.

use crate::finding::{Finding, Silencer};
use crate::parse::AllFacts;
use crate::policy::Policy;
use crate::source::Sources;

/// What the debt file says.
#[derive(Clone, Debug, Default)]
pub struct Debt {}

impl Debt {
    /// That of a workspace.
    pub(super) fn of(_sources: &Sources, _facts: &AllFacts, _policy: &Policy) -> Self {
        Self::default()
    }

    /// The entry that a finding stands in; notes that it is used.
    pub(super) fn silencer_of(&mut self, _finding: &Finding) -> Option<Silencer> {
        None
    }
}
