//! What silences findings.

pub(super) mod unused_suppression;
