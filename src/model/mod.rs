//! Facts of single files, linked.

pub mod evaluate;
pub mod prisma_config;
pub mod registry;
pub mod value;
