//! The hooks run where a change can matter, and nowhere else.

use std::fs;
use std::path::Path;

use dbfence::discover::{Options, kind_of};
use regex::Regex;

/// The pattern that `.pre-commit-hooks.yaml` gives its hooks.
fn pattern() -> Regex {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let hooks = fs::read_to_string(path).unwrap();
    let hooks: Vec<serde_json::Value> = serde_saphyr::from_str(&hooks).unwrap();
    let patterns: Vec<&str> = hooks
        .iter()
        .map(|hook| hook["files"].as_str().unwrap())
        .collect();
    assert_eq!(patterns.len(), 2);
    assert_eq!(patterns[0], patterns[1], "both hooks run at the same files");
    Regex::new(patterns[0]).unwrap()
}

/// The pattern of the hook that the page writes out for teams.
fn pattern_of_page() -> Regex {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pre-commit.md");
    let page = fs::read_to_string(path).unwrap();
    let mut lines = page.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix("files: '"));
    Regex::new(line.unwrap().trim_end_matches('\'')).unwrap()
}

fn files_below(folder: &Path, root: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, root, files);
        } else {
            let below = path.strip_prefix(root).unwrap();
            files.push(below.to_str().unwrap().replace('\\', "/"));
        }
    }
}

#[test]
fn every_file_that_is_read_lets_the_hooks_run() {
    let patterns = [pattern(), pattern_of_page()];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = Vec::new();
    files_below(&root, &root, &mut files);
    let more = [
        "dbfence.yaml",
        ".dbfence/baseline.yaml",
        "apps/a/.env.production",
        "apps/a/settings.env",
        "docker/Dockerfile.worker",
        "docker/worker.dockerfile",
        "nginx/default.conf.template",
        "apps/a/src/view.tsx",
        "apps/a/index.mjs",
        "tsconfig.base.json",
        "start.bash",
        "compose.override.yml",
    ];
    files.extend(more.map(str::to_owned));
    let is_read = |path: &&String| kind_of(path, &Options::default()).is_some();
    let missed = files.iter().filter(is_read);
    let is_missed = |path: &&String| patterns.iter().any(|pattern| !pattern.is_match(path));
    let missed: Vec<_> = missed.filter(is_missed).collect();
    assert!(missed.is_empty(), "{missed:?}");
    for path in more {
        assert!(patterns.iter().all(|it| it.is_match(path)), "{path}");
    }
}

#[test]
fn other_files_do_not() {
    let patterns = [pattern(), pattern_of_page()];
    for path in [
        "README.md",
        "docs/logo.svg",
        "apps/web/public/index.html",
        "apps/web/src/app.css",
        "yarn.lock",
        "my.package.json",
        "tools/envelope.py",
    ] {
        let lets_run = patterns.iter().any(|pattern| pattern.is_match(path));
        assert!(!lets_run, "{path}");
    }
}
