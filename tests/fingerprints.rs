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
