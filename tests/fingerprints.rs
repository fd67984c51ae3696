//! A finding keeps its identity while the text around it moves, and loses it with its subject.

mod support;

use std::collections::BTreeSet;

use support::Files;

const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const COMPOSE: &str = "products/nordhaven/docker-compose.yml";

/// The clean product with three mistakes, two of one rule.
fn broken() -> Files {
    Files::of_fixture("clean")
        .replace(COMPOSE, "5432/tariff_book", "5432/identity")
        .replace(COMPOSE, "5432/pilotage", "5432/identity")
        .replace(REGISTRY, "port: 4212", "port: 4211")
}

fn fingerprints(files: &Files) -> BTreeSet<String> {
    let (_, outcome) = files.check();
    let found = outcome.findings.iter();
    let all: BTreeSet<String> = found.map(dbfence::finding::Finding::fingerprint).collect();
    assert_eq!(all.len(), outcome.findings.len(), "each has its own");
    all
}

#[test]
fn moved_lines_and_related_changes_keep_every_fingerprint() {
    let before = fingerprints(&broken());
    assert_eq!(before.len(), 3);
    let moved = broken()
        .replace(
            COMPOSE,
            "name: nordhaven\n",
            "# one more line\nname: nordhaven\n\n\n",
        )
        .replace(
            REGISTRY,
            "const QUAYSIDE",
            "// Moved down.\n\n\nconst QUAYSIDE",
        )
        .replace(REGISTRY, "label: \"Harbour dues\"", "label: \"Dues\"");
    assert_eq!(fingerprints(&moved), before);
}

/// The files with one of them changed as a whole.
fn with(files: Files, path: &str, changed: impl Fn(&str) -> String) -> Files {
    let text = changed(files.text(path));
    files.remove(path).add(path, &text)
}

/// The registry with an entry behind the one that follows it.
fn moved_down(text: &str, entry: &str) -> String {
    let start = text.find(entry).unwrap();
    let end = |from: usize| from + text[from..].find("\n  },\n").unwrap() + "\n  },\n".len();
    let (middle, after) = (end(start), end(end(start)));
    let parts = [
        &text[..start],
        &text[middle..after],
        &text[start..middle],
        &text[after..],
    ];
    parts.concat()
}

#[test]
fn moved_entries_other_line_breaks_and_other_files_keep_every_fingerprint() {
    let before = fingerprints(&broken());
    let down = with(broken(), REGISTRY, |text| {
        moved_down(text, "  \"tariff-book\": {")
    });
    assert_eq!(fingerprints(&down), before);
    let windows = with(broken(), COMPOSE, |text| text.replace('\n', "\r\n"));
    assert_eq!(fingerprints(&windows), before);
    let others = broken()
        .add("aaa/unrelated.sql", "SELECT 1;\n")
        .add("modules/aaa/README.md", "nothing\n");
    assert_eq!(fingerprints(&others), before);
}

#[test]
fn a_mistake_that_is_mended_leaves_the_fingerprints_of_the_others() {
    let before = fingerprints(&broken());
    let mended = Files::of_fixture("clean")
        .replace(COMPOSE, "5432/tariff_book", "5432/identity")
        .replace(COMPOSE, "5432/pilotage", "5432/identity");
    let after = fingerprints(&mended);
    assert_eq!(after.len(), 2);
    assert!(after.is_subset(&before), "{after:?} of {before:?}");
}

#[test]
fn another_wrong_value_is_another_finding() {
    let before = fingerprints(&broken());
    let other = Files::of_fixture("clean")
        .replace(COMPOSE, "5432/tariff_book", "5432/audit_trail")
        .replace(COMPOSE, "5432/pilotage", "5432/identity")
        .replace(REGISTRY, "port: 4212", "port: 4211");
    let shared = fingerprints(&other).intersection(&before).count();
    assert_eq!(shared, 2);
}
