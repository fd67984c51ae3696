//! What the source files of modules take from other modules, and which databases they open.

pub(super) mod undeclared_service_url;
