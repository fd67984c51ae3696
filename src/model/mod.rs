//! Links facts into the [`Workspace`], and answers the questions that rules ask.

pub mod compose;
pub mod evaluate;
pub mod prisma_config;
pub mod registry;
pub mod resolve;
pub mod value;

/// w
pub struct Workspace;
