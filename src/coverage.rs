//! What a check looked at and what it passed over, as plain data: finding nothing means something only as
//! far as there was something to be judged.

use crate::source::Place;

/// What a check looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many files of a kind were read, in the order of the kinds.
    pub files: Vec<(&'static str, usize)>,
    /// The services, each with what it was judged on.
    pub services: Vec<JudgedService>,
    /// What was not judged, in the order of the walk through the workspace.
    pub gaps: Vec<Gap>,
    /// The exceptions that the config makes.
    pub exceptions: Vec<ExceptionInForce>,
}

/// A service and what it was judged on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedService {
    /// The product, by its path; `None` where there is no registry.
    pub product: Option<String>,
    /// The service's name.
    pub service: String,
    /// What it was judged on, by kind.
    pub artefacts: Vec<Artefact>,
}

/// Something that a service was judged on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// What it is, in a word or two.
    pub kind: &'static str,
    /// Where it stands.
    pub spot: Spot,
}

/// A place in a file, or a file or folder as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The path from the workspace root.
    pub path: String,
    /// Where in the file.
    pub place: Option<Place>,
}

impl From<&str> for Spot {
    fn from(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            place: None,
        }
    }
}

/// Something that was not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What it is and why, as a sentence without a final stop.
    pub reason: String,
    /// Where, each once.
    pub spots: Vec<Spot>,
}

/// An exception of the config and whether it still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionInForce {
    /// The service that reads.
    pub service: String,
    /// What it may read.
    pub may_read: Vec<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it may, as `2027-03-31`.
    pub until: String,
    /// Whether that day has passed.
    pub has_ended: bool,
}
