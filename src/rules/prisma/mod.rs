//! What Prisma schemas and configs say.

pub(super) mod missing_prisma_schema;
pub(super) mod prisma_datasource_url;
pub(super) mod prisma_provider;
pub(super) mod shared_prisma_schema;
