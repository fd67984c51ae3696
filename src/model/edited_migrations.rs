//! Migrations that the default branch has and that are not the same here. Whoever has applied one keeps its
//! checksum, and does not apply it again.

use crate::model::Workspace;
use crate::model::holdings::Holding;
use crate::model::names;
use crate::source::{Baseline, FileId, Place, Sources, Span, file_name, parent, shell_quoted};

/// A migration that was touched after the default branch had it.
pub struct EditedMigration<'w> {
    /// Whose it is.
    pub holding: &'w Holding,
    /// Its path in the default branch.
    pub path: String,
    /// Its name: that of its folder, or of its file.
    pub name: String,
    /// What was done to it.
    pub what: MigrationEdit,
    /// Where that is seen.
    pub stand: Place,
    /// What the default branch is called.
    pub branch: &'w str,
    /// The commands that bring back what the default branch has.
    pub restore: String,
}

/// What was done to a migration.
#[derive(Debug, PartialEq, Eq)]
pub enum MigrationEdit {
    /// Its text is another one.
    Changed,
    /// Its text stands under another name.
    Renamed {
        /// The new name.
        to: String,
    },
    /// It is gone, and so may others be.
    Deleted {
        /// The names of all that are gone, for a sentence.
        listed: String,
        /// How many they are.
        count: usize,
    },
}

impl Workspace<'_> {
    /// The migrations of a holding's own default branch that are not the same here; what is gone of one
    /// holding counts once.
    pub fn edited_migrations(&self) -> Vec<EditedMigration<'_>> {
        let Some(Ok(baseline)) = &self.sources.baseline else {
            return Vec::new();
        };
        let holdings = self.holdings().iter();
        holdings
            .flat_map(|holding| self.edited_in(holding, baseline))
            .collect()
    }

    /// Whether migrations of a holding that the default branch has are not the same here.
    pub fn is_history_edited(&self, holding: &Holding) -> bool {
        match &self.sources.baseline {
            Some(Ok(baseline)) => !self.edited_in(holding, baseline).is_empty(),
            _ => false,
        }
    }

    /// Whether a migration of a holding that the default branch has and that is not the same here speaks of a
    /// name: whoever misses what it made says the same once more.
    pub(super) fn is_of_edited_history(&self, holding: &Holding, name: &str) -> bool {
        let Some(Ok(baseline)) = &self.sources.baseline else {
            return false;
        };
        let Some(folder) = self.expected_migrations(holding) else {
            return false;
        };
        let below = format!("{folder}/");
        let known = baseline.files.range(below.clone()..);
        let mut known = known.take_while(|(path, _)| path.starts_with(&below));
        known.any(|(_, text)| text.as_ref().is_some_and(|text| text.contains(name)))
    }

    fn edited_in<'w>(
        &'w self,
        holding: &'w Holding,
        baseline: &'w Baseline,
    ) -> Vec<EditedMigration<'w>> {
        let Some(folder) = self.expected_migrations(holding) else {
            return Vec::new();
        };
        let below = format!("{folder}/");
        let known = baseline.files.range(below.clone()..);
        let known = known.take_while(|(path, _)| path.starts_with(&below));
        let touched = known.filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)));
        let applied = touched.filter(|(path, _)| is_applied(holding, &folder, path));
        let edited = |path: &str, what, stand, gone: &[&str]| EditedMigration {
            holding,
            path: path.to_owned(),
            name: name_of(path).to_owned(),
            what,
            stand,
            branch: &baseline.branch,
            restore: restore(baseline, gone),
        };
        let mut found = Vec::new();
        let mut gone: Vec<&str> = Vec::new();
        for (path, old) in applied {
            if let Some(file) = self.sources.find(path) {
                let stand = first_change(self.sources, file, old);
                if let Some(stand) = stand.or_else(|| self.schema_name_token(holding)) {
                    found.push(edited(path, MigrationEdit::Changed, stand, &[path]));
                }
            } else if let Some((to, stand)) = self.renamed_to(holding, baseline, old) {
                let to = name_of(&self.sources.file(to).path).to_owned();
                found.push(edited(path, MigrationEdit::Renamed { to }, stand, &[path]));
            } else {
                gone.push(path);
            }
        }
        if let Some(first) = gone.first()
            && let Some(stand) = self.stand_of_missing(holding, first)
        {
            let what = MigrationEdit::Deleted {
                listed: names::listed(gone.iter().map(|path| name_of(path))),
                count: gone.len(),
            };
            found.push(edited(first, what, stand, &gone));
        }
        found
    }

    /// The migration of a holding that the default branch does not have, and that says the same.
    fn renamed_to(
        &self,
        holding: &Holding,
        baseline: &Baseline,
        old: &str,
    ) -> Option<(FileId, Place)> {
        let mut migrations = holding.migrations.iter().copied();
        let file = migrations.find(|&id| {
            let file = self.sources.file(id);
            !baseline.files.contains_key(&file.path) && file.text.lines().eq(old.lines())
        })?;
        Some((file, self.first_line(file)?))
    }

    /// Where a migration that is gone is missed: at the name of the schema's datasource, else in the
    /// migration that comes after it, or is the last.
    fn stand_of_missing(&self, holding: &Holding, path: &str) -> Option<Place> {
        self.schema_name_token(holding).or_else(|| {
            let mut migrations = holding.migrations.iter().copied();
            let next = migrations.find(|&id| self.sources.file(id).path.as_str() > path);
            self.first_line(next.or(holding.migrations.last().copied())?)
        })
    }
}

/// The first line of a file that another text does not have there.
pub(super) fn first_change(sources: &Sources, file: FileId, old: &str) -> Option<Place> {
    let source = sources.file(file);
    let mut old = old.lines();
    let mut last = None;
    let mut is_changed = false;
    for line in 0..source.line_starts().len() {
        let span = source.line_span(line);
        let text = source.slice(span);
        is_changed |= old.next() != Some(text);
        let content = text.trim();
        if !content.is_empty() {
            let start = span.start as usize + text.find(content).unwrap_or(0);
            last = Some(Span::new(start, start + content.len()).in_file(file));
            if is_changed {
                break;
            }
        }
    }
    last
}

/// Whether a migration tool applies the file at `path`, once: Prisma takes `<name>/migration.sql` and nothing
/// else; others have scripts that undo a migration or are run whenever they change.
fn is_applied(holding: &Holding, folder: &str, path: &str) -> bool {
    let name = file_name(path);
    if name == "migration.sql" {
        return parent(parent(path)) == folder;
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let undoes = stem.split(['.', '-', '_']).any(|word| {
        [
            "down",
            "undo",
            "rollback",
            "revert",
            "seed",
            "seeds",
            "repeatable",
        ]
        .contains(&word)
    });
    // As flyway names them: `R__views.sql`, `U2__shelf.sql`.
    let is_repeatable = stem.starts_with("R__");
    let undone = stem.strip_prefix('U');
    let undoes =
        undoes || undone.is_some_and(|it| it.starts_with(|letter: char| letter.is_ascii_digit()));
    holding.schema_files.is_empty() && !undoes && !is_repeatable
}

/// A migration's name: that of its folder where its file is called as all are.
fn name_of(path: &str) -> &str {
    match file_name(path) {
        "migration.sql" => file_name(parent(path)),
        name => name,
    }
}

fn restore(baseline: &Baseline, paths: &[&str]) -> String {
    const MOST: usize = 3;
    const COMMIT_DIGITS: usize = 12;
    let commit = baseline.commit.get(..COMMIT_DIGITS);
    let commit = commit.unwrap_or(&baseline.commit);
    let shared = match paths {
        paths if paths.len() > MOST => {
            let folders = paths.iter().map(|path| parent(parent(path)));
            let mut folders: Vec<&str> = folders.collect();
            folders.dedup();
            folders
        }
        paths => paths.to_vec(),
    };
    let quoted: Vec<String> = shared.into_iter().map(shell_quoted).collect();
    format!("git checkout {commit} -- {}", quoted.join(" "))
}
