//! What Prisma schemas and configs say.

pub(super) mod prisma_datasource_url;
pub(super) mod prisma_provider;
