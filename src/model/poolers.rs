//! Where connection poolers lead, as far as their environment says it.

use std::collections::BTreeSet;

use crate::model::compose::{Service as Container, Stack, Variable};

/// Variables of the usual images for the server behind a pooler: edoburu's, Bitnami's, PgBouncer's own.
const HOSTS: [&str; 4] = ["DB_HOST", "POSTGRESQL_HOST", "DATABASES_HOST", "PGHOST"];

/// Variables of the same images for a database, at the pooler or behind it.
const NAMES: [&str; 4] = [
    "DB_NAME",
    "POSTGRESQL_DATABASE",
    "PGBOUNCER_DATABASE",
    "DATABASES_DBNAME",
];

impl Stack {
    /// The Postgres service behind a pooler that hands names of databases on as they are.
    pub(super) fn behind_pooler(&self, pooler: &Container) -> Option<&Container> {
        let known = |name: &&str| {
            let value = pooler.variable(name)?.known_value()?;
            Some(value.text.as_str())
        };
        let url = pooler.variable("DATABASE_URL");
        let of_url = url.and_then(Variable::host).map(|(host, _)| host);
        let of_url = of_url.filter(|host| host.is_known).map(|host| host.text);
        let named: BTreeSet<&str> = NAMES.iter().filter_map(known).collect();
        let host = HOSTS.iter().find_map(known).map(str::to_owned).or(of_url)?;
        let server = self.answering_to(&host)?;
        let is_followed = pooler.is_pooler() && named.len() < 2 && server.is_postgres();
        is_followed.then_some(server)
    }
}
