//! What a script knows while it runs: where it is, and what its variables hold.

use std::collections::{BTreeMap, BTreeSet};

use super::{EnvFile, ROOT, Text};
use crate::source::{Span, join};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    Word(Text),
    List(Vec<Text>),
    Unknown,
}

/// A folder that a script is in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Folder {
    /// From the workspace root.
    Known(String),
    /// From where the script is started, which is not known.
    FromStart(String),
    Unknown,
}

impl Default for Folder {
    fn default() -> Self {
        Folder::FromStart(String::new())
    }
}

impl Folder {
    pub(super) fn join(&self, path: &str) -> Self {
        let (folder, make): (_, fn(String) -> Self) = match (path.strip_prefix(ROOT), self) {
            (Some(rest), _) => {
                let inside = join("", rest.trim_start_matches('/'));
                return inside.map_or(Folder::Unknown, Folder::Known);
            }
            // A path of an image, or of somebody's disk.
            (None, _) if path.starts_with('/') => {
                let path = path.trim_start_matches('/');
                return join("", path).map_or(Folder::Unknown, Folder::FromStart);
            }
            (None, Folder::Known(folder)) => (folder, Folder::Known),
            (None, Folder::FromStart(folder)) => (folder, Folder::FromStart),
            (None, Folder::Unknown) => return Folder::Unknown,
        };
        join(folder, path).map_or(Folder::Unknown, make)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) folder: Folder,
    pub(super) last_folder: Folder,
    pub(super) pushed: Vec<Folder>,
    /// Where the folder is named.
    pub(super) folder_span: Option<Span>,
    pub(super) variables: BTreeMap<String, Held>,
    pub(super) exported: BTreeSet<String>,
    pub(super) exports_all: bool,
    /// Whether variables may have been set that are not known here.
    pub(super) is_sourced: bool,
    pub(super) arguments: Vec<Text>,
    /// The `.env` files that were read so far.
    pub(super) env_files: Vec<EnvFile>,
}

impl State {
    /// Takes in what another way may have left, seen from where both began.
    pub(super) fn join(&mut self, other: &State, before: &State) {
        if other.folder != before.folder {
            self.folder = Folder::Unknown;
            self.folder_span = None;
        }
        self.is_sourced |= other.is_sourced;
        let read = other.env_files.iter().skip(before.env_files.len());
        self.env_files.extend(read.cloned());
        self.exports_all |= other.exports_all;
        self.exported.extend(other.exported.iter().cloned());
        for (name, held) in &other.variables {
            if before.variables.get(name) != Some(held) {
                self.variables.insert(name.clone(), Held::Unknown);
            }
        }
        for name in before.variables.keys() {
            if !other.variables.contains_key(name) {
                self.variables.insert(name.clone(), Held::Unknown);
            }
        }
    }
}
