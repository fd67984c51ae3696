//! Paths of the config that lead nowhere.

use super::{BrokenConfig, LeadsTo, NamedPath, Policy};
use crate::catalogue;
use crate::glob::Globs;
use crate::source::{Kind, Seen, Sources, ancestors, file_name, join, parent};

impl Policy {
    /// Refuses paths and patterns that lead nowhere: whoever names a registry means it to be read.
    pub fn lead_somewhere(&self, sources: &Sources) -> Result<(), BrokenConfig> {
        let lost = self.named.iter().find(|named| !named.leads(sources));
        lost.map_or(Ok(()), |named| {
            Err(BrokenConfig {
                message: named.says_where_not(sources),
                span: Some(named.text.span),
            })
        })
    }
}

impl NamedPath {
    fn leads(&self, sources: &Sources) -> bool {
        let text = self.text.value.as_str();
        match self.leads_to {
            LeadsTo::Folder => join("", text)
                .is_some_and(|path| path.is_empty() || is_folder(sources.find_seen(&path))),
            LeadsTo::Compose => {
                let files = sources
                    .files()
                    .filter(|(_, file)| file.kind == Kind::Compose);
                let mut folders = files.flat_map(|(_, file)| folders_above(&file.path));
                folders.any(|folder| {
                    join(folder, text).is_some_and(|path| sources.find(&path).is_some())
                })
            }
            // The walk has decided it by the same patterns.
            LeadsTo::Registry => {
                let globs = Globs::new([text]).unwrap_or_default();
                let mut files = sources.files();
                files.any(|(_, file)| file.kind == Kind::Registry && globs.contain(&file.path))
            }
            LeadsTo::Modules => {
                let globs = Globs::new([text]).unwrap_or_default();
                sources.walked().any(|(path, _)| globs.contain(path))
            }
        }
    }

    fn says_where_not(&self, sources: &Sources) -> String {
        let text = &self.text.value;
        let (what, candidates): (&str, Vec<&str>) = match self.leads_to {
            LeadsTo::Registry => ("no file", Vec::new()),
            LeadsTo::Modules | LeadsTo::Folder => {
                let seen = sources.walked().filter(|(_, seen)| is_folder(Some(*seen)));
                let near = seen.map(|(path, _)| path);
                let is_near = |path: &&str| {
                    file_name(path) == file_name(text) || parent(path) == parent(text)
                };
                ("no folder", near.filter(is_near).collect())
            }
            LeadsTo::Compose => {
                let files = sources
                    .files()
                    .filter(|(_, file)| file.kind == Kind::Compose);
                let names = files.map(|(_, file)| file_name(&file.path));
                ("no compose file", names.collect())
            }
        };
        let mut guesser = catalogue::Guesser::default();
        let hint = guesser.nearest(text, candidates.into_iter());
        let hint = hint.map_or_else(
            || "name one that is there, or leave it out".to_owned(),
            |nearest| format!("did you mean `{nearest}`?"),
        );
        format!("`{text}` leads to {what}; {hint}")
    }
}

fn is_folder(seen: Option<Seen>) -> bool {
    matches!(
        seen,
        Some(Seen::Folder | Seen::FolderNotEntered | Seen::FolderLink)
    )
}

/// The folders above a path, the root included.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    ancestors(parent(path)).chain([""])
}
