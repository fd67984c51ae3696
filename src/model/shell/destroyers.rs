//! Commands of Prisma that can lose what a database holds.

use crate::source::Span;

/// How a command of Prisma can lose what a database holds (Prisma CLI reference, "Commands").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destruction {
    /// `migrate dev`, which asks before it resets the database.
    Dev,
    /// `migrate reset`.
    Reset,
    /// `--force-reset` of `db push`.
    ForceReset,
    /// `--accept-data-loss` of `db push`.
    AcceptDataLoss,
}

/// A command that can lose what a database holds.
#[derive(Clone, Debug)]
pub struct Destroyer {
    /// The words that do it; never empty.
    pub words: Vec<(Destruction, Span)>,
    /// Options, with their values, that `migrate deploy` does not have.
    pub removable: Vec<Span>,
    /// Whether all options are understood.
    pub is_plain: bool,
}

/// What a command of Prisma can lose, by its verbs and its options.
pub(super) fn destroyer(verbs: &[(String, Span)], options: &[(String, Span)]) -> Option<Destroyer> {
    let (first, second) = (verbs.first()?, verbs.get(1)?);
    let mut words = Vec::new();
    let mut known: &[&str] = &[];
    match (first.0.as_str(), second.0.as_str()) {
        ("migrate", "dev") => {
            words.push((Destruction::Dev, second.1));
            known = &[
                "-n",
                "--name",
                "--skip-seed",
                "--skip-generate",
                "--create-only",
            ];
        }
        ("migrate", "reset") => {
            words.push((Destruction::Reset, second.1));
            known = &["-f", "--force", "--skip-seed", "--skip-generate"];
        }
        ("db", "push") => {
            for (option, place) in options {
                match option.as_str() {
                    "--force-reset" => words.push((Destruction::ForceReset, *place)),
                    "--accept-data-loss" => words.push((Destruction::AcceptDataLoss, *place)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
    let is_known = |option: &str| known.contains(&name(option).as_str());
    (!words.is_empty()).then(|| Destroyer {
        words,
        removable: options
            .iter()
            .filter(|(option, _)| is_known(option))
            .map(|(_, place)| *place)
            .collect(),
        is_plain: options.iter().all(|(option, _)| is_known(option)),
    })
}
