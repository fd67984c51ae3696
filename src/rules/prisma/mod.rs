//! What Prisma schemas and configs say.

pub(super) mod missing_prisma_schema;
pub(super) mod prisma_client_output;
pub(super) mod prisma_datasource_url;
pub(super) mod prisma_provider;
pub(super) mod shared_prisma_schema;
pub(super) mod table_name_case;
pub(super) mod table_owned_twice;
