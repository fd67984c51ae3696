//! What the source files of modules take from other modules, and which databases they open.

pub(super) mod cross_module_import;
pub(super) mod foreign_prisma_client;
