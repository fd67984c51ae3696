//! What a `tsconfig.json` says about where imports lead.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::matched;
use crate::source::join;

/// One config, as it is written.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) extends: Vec<String>,
    /// The configs of the projects that it is put together from.
    pub(super) references: Vec<String>,
    base_url: Option<String>,
    /// Patterns with their targets; `None` where it says nothing about that.
    paths: Option<Vec<(String, Vec<String>)>>,
}

/// A config with everything that it extends; paths are from the workspace root.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    base_url: Option<String>,
    /// Shared by all that extend the config which has them.
    paths: Option<Arc<Patterns>>,
}

/// What specifiers are mapped to.
#[derive(Debug, Default)]
struct Patterns {
    exact: HashMap<String, Vec<String>>,
    /// Those with a `*`.
    open: Vec<(String, Vec<String>)>,
}

impl Project {
    /// Adds what another config says, which has the last word.
    pub(super) fn overlay(&mut self, other: Project) {
        self.base_url = other.base_url.or(self.base_url.take());
        self.paths = other.paths.or(self.paths.take());
    }

    /// Adds what the config in `folder` says, which has the last word.
    pub(super) fn add(&mut self, folder: &str, config: &Config) {
        if let Some(base) = &config.base_url {
            self.base_url = join(folder, base);
        }
        if let Some(paths) = &config.paths {
            let base = self.base_url.as_deref().unwrap_or(folder);
            let mut patterns = Patterns::default();
            for (pattern, targets) in paths {
                let targets = targets.iter().filter_map(|target| join(base, target));
                let targets = targets.collect();
                if pattern.contains('*') {
                    patterns.open.push((pattern.clone(), targets));
                } else {
                    patterns.exact.insert(pattern.clone(), targets);
                }
            }
            self.paths = Some(Arc::new(patterns));
        }
    }

    /// Whether it maps anything.
    pub(super) fn has_paths(&self) -> bool {
        self.paths.is_some()
    }

    /// Where a specifier leads by the pattern with the longest beginning.
    pub(super) fn targets(&self, specifier: &str) -> Vec<String> {
        let Some(paths) = &self.paths else {
            return Vec::new();
        };
        if let Some(targets) = paths.exact.get(specifier) {
            return targets.clone();
        }
        let fitting = paths.open.iter().filter_map(|(pattern, targets)| {
            let star = matched(pattern, specifier)?;
            Some((pattern.find('*'), star, targets))
        });
        let best = fitting.max_by_key(|(length, ..)| *length);
        let targets = best.into_iter().flat_map(|(_, star, targets)| {
            let paths = targets.iter();
            paths.map(move |target| target.replacen('*', star, 1))
        });
        targets.filter_map(|path| join("", &path)).collect()
    }

    /// Where a specifier leads below the base, if anything has the first of its names there.
    pub(super) fn below_base(&self, specifier: &str, has: impl Fn(&str) -> bool) -> Option<String> {
        let base = self.base_url.as_deref()?;
        let first = specifier
            .split('/')
            .next()
            .filter(|name| !name.is_empty())?;
        has(&join(base, first)?).then(|| join(base, specifier))?
    }
}

/// Reads a config; what it does not say as it should is not said.
pub(super) fn read(text: &str) -> Config {
    let Some(root) = json(text) else {
        return Config::default();
    };
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => {
                let items = items.iter().filter_map(Value::as_str);
                items.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let options = root.get("compilerOptions");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let references = root.get("references").and_then(Value::as_array);
    let references = references.into_iter().flatten();
    let references = references.filter_map(|it| it.get("path")?.as_str());
    let paths = option("paths").and_then(Value::as_object);
    Config {
        extends: root.get("extends").map(texts).unwrap_or_default(),
        references: references.map(str::to_owned).collect(),
        base_url: option("baseUrl").and_then(Value::as_str).map(str::to_owned),
        paths: paths.map(|paths| {
            let paths = paths.iter();
            paths.map(|(key, it)| (key.clone(), texts(it))).collect()
        }),
    }
}

/// Reads JSON, also with comments and with commas behind the last of a list.
pub(super) fn json(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&plain(text)))
        .ok()
}

/// The text with blanks for its comments and for commas before a closing bracket.
fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut comma = None;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = match rest {
            [b'"', ..] => at + string_length(rest),
            [b'/', b'/', ..] => at + memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
            [b'/', b'*', ..] => {
                let close = memchr::memmem::find(&rest[2..], b"*/");
                at + close.map_or(rest.len(), |close| close + 4)
            }
            _ => at + 1,
        };
        match bytes[at] {
            b'/' if end > at + 1 => bytes[at..end].fill(b' '),
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            letter if letter.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// How many bytes a string takes that a text begins with, its quotes included.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}
