//! Patterns for paths from the workspace root. The types of `globset` stay in this file.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns of which one has to match: `*` and `?` for anything within a name, `**` for any folders, `{a,b}`
/// for either. A pattern that matches a folder means everything below it.
#[derive(Clone, Debug, Default)]
pub struct Globs(GlobSet);

impl Globs {
    /// Reads patterns. The error says which one is none, by its number, and why.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, String)> {
        let mut set = GlobSetBuilder::new();
        for (number, pattern) in patterns.into_iter().enumerate() {
            let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
            let pattern = pattern.trim_matches('/');
            for pattern in [pattern.to_owned(), format!("{pattern}/**")] {
                let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
                let why = |error: globset::Error| (number, error.kind().to_string());
                set.add(glob.map_err(why)?);
            }
        }
        let set = set.build().map_err(|error| (0, error.kind().to_string()))?;
        Ok(Self(set))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a pattern matches the path or a folder above it.
    pub fn contain(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// A path as a pattern that matches just that.
pub fn literal(path: &str) -> String {
    globset::escape(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_at_the_root_and_takes_all_that_is_below() {
        let globs = Globs::new(["modules/*/legacy", "./apps/**", "/infra/"]).unwrap();
        for inside in ["modules/domain/legacy/a/b.sql", "apps/web/x", "infra/a.ts"] {
            assert!(globs.contain(inside), "{inside}");
        }
        for outside in [
            "x/modules/domain/legacy/a",
            "modules/a/b/legacy/c",
            "infrared",
        ] {
            assert!(!globs.contain(outside), "{outside}");
        }
    }

    #[test]
    fn a_broken_pattern_is_named_by_its_number() {
        assert_eq!(Globs::new(["a", "b[c"]).unwrap_err().0, 1);
    }
}
