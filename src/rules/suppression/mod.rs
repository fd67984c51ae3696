//! What silences findings.

pub(super) mod suppression_without_reason;
pub(super) mod unused_suppression;
