//! What Prisma schemas and configs say.

pub(super) mod prisma_provider;
pub(super) mod prisma_datasource_url;
