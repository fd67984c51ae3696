//! `migration_lock.toml`: whether it stands beside Prisma's migrations and names the schema's provider.

use crate::finding::{Edit, Fix, Safety};
use crate::model::Workspace;
use crate::model::holdings::Holding;
use crate::parse::Facts;
use crate::source::{Existence, FileId, MIGRATION_LOCK, Place, Placed, file_name, join, parent};

/// A lock that is not as the schema says.
pub struct LockDefect<'w> {
    /// Whose migrations they are.
    pub holding: &'w Holding,
    /// The path at which the lock stands, or should.
    pub path: String,
    /// What is wrong with it.
    pub what: WrongLock,
}

/// What is wrong with a lock.
pub enum WrongLock {
    /// There is none.
    Missing {
        /// The schema's provider, which it should repeat; a name token where the schema names none.
        stand: Place,
        /// The provider to write.
        provider: String,
        /// The first migration that it should stand beside.
        migration: Option<Place>,
    },
    /// It names no provider.
    Silent {
        /// The schema's provider, which it should repeat.
        provider: Placed<String>,
        /// A text of the lock, if it holds any.
        lock: Option<Place>,
    },
    /// It names another provider than the schema.
    Differs {
        /// The lock's.
        lock: Placed<String>,
        /// The schema's.
        provider: Placed<String>,
        /// Writes the schema's, where that is certainly meant.
        fix: Option<Fix>,
    },
}

impl Workspace<'_> {
    /// The locks of all Prisma migrations that are missing or name another provider.
    pub fn wrong_migration_locks(&self) -> Vec<LockDefect<'_>> {
        let holdings = self.holdings().iter();
        holdings
            .filter_map(|holding| self.wrong_lock(holding))
            .collect()
    }

    /// Whether a lock belongs to migrations of a Prisma schema.
    pub(super) fn is_lock_of_holding(&self, path: &str) -> bool {
        let mut holdings = self.holdings().iter();
        holdings.any(|holding| {
            !holding.schema_files.is_empty()
                && holding.migrations_folder.as_deref() == Some(parent(path))
        })
    }

    fn wrong_lock<'w>(&'w self, holding: &'w Holding) -> Option<LockDefect<'w>> {
        if holding.schema_files.is_empty() {
            return None;
        }
        let folder = holding.migrations_folder.as_ref()?;
        let migration = *holding.migrations.iter().find(|&&migration| {
            let path = &self.sources.file(migration).path;
            file_name(path) == "migration.sql" && parent(parent(path)) == folder
        })?;
        let path = join(folder, MIGRATION_LOCK)?;
        let what = match self.sources.find(&path) {
            Some(lock) => self.wrong_provider(holding, lock)?,
            None if self.sources.existence(&path) == Existence::Missing => {
                self.missing_lock(holding, migration)?
            }
            None => return None,
        };
        Some(LockDefect {
            holding,
            path,
            what,
        })
    }

    fn missing_lock(&self, holding: &Holding, migration: FileId) -> Option<WrongLock> {
        // The migrations of drizzle stand in folders as well, each with a snapshot.
        let snapshot = join(parent(&self.sources.file(migration).path), "snapshot.json")?;
        if self.sources.existence(&snapshot) == Existence::File {
            return None;
        }
        let (stand, provider) = match self.provider(holding) {
            Some(provider) => (provider.place, canonical(&provider.value).to_owned()),
            None => (self.schema_name_token(holding)?, "postgresql".to_owned()),
        };
        Some(WrongLock::Missing {
            stand,
            provider,
            migration: self.first_line(migration),
        })
    }

    fn wrong_provider(&self, holding: &Holding, file: FileId) -> Option<WrongLock> {
        let Facts::MigrationLock(lock) = self.facts(file) else {
            return None;
        };
        let is_read = self.sources.file(file).unreadable.is_none();
        if !is_read || !lock.problems.is_empty() {
            return None;
        }
        let provider = self.provider(holding)?;
        let Some(own) = &lock.facts.provider else {
            return Some(WrongLock::Silent {
                provider,
                lock: self.first_line(file),
            });
        };
        let meant = canonical(&provider.value);
        if canonical(&own.value) == meant {
            return None;
        }
        let own = own.in_file(file);
        let is_certain = meant == "postgresql" && !holding.is_open;
        let is_plain = self.sources.slice(own.place) == own.value;
        let fix = (is_certain && is_plain).then(|| Fix {
            safety: Safety::Safe,
            title: format!("Replace `{}` by `{meant}`", own.value),
            edits: vec![Edit {
                place: own.place,
                text: meant.to_owned(),
            }],
        });
        Some(WrongLock::Differs {
            lock: own,
            provider,
            fix,
        })
    }
}

/// `postgres` and `mssql` are old names that Prisma takes, or once wrote, for `postgresql` and `sqlserver`.
fn canonical(provider: &str) -> &str {
    match provider {
        "postgres" => "postgresql",
        "mssql" => "sqlserver",
        other => other,
    }
}
