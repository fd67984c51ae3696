//! What could not be read.

pub(super) mod dynamic_registry;
pub(super) mod incomplete_registry_entry;
pub(super) mod syntax_error;
pub(super) mod unreadable_file;
pub(super) mod unresolved_variable;
