//! Whole workspaces, read from disk: what is clean stays clean, and what is broken says so once.

use std::path::Path;

use dbfence::check::check;
use dbfence::discover::{self, discover};
use dbfence::policy::Policy;
use dbfence::rules;

/// The findings of a fixture, one a line: rule, path and line.
fn findings(name: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    let sources = discover(&root, &discover::Options::default()).unwrap();
    let outcome = check(&sources, &Policy::default(), rules::all().unwrap());
    outcome
        .findings
        .iter()
        .map(|finding| {
            let file = sources.file(finding.place.file);
            let line = file.position(finding.place.span.start).line;
            format!("{} {}:{line}", finding.rule, file.path)
        })
        .collect()
}

#[test]
fn nothing_is_found_in_what_is_clean() {
    for name in ["clean", "two-products", "no-registry"] {
        assert_eq!(findings(name), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn broken_files_are_named_and_the_rest_is_checked() {
    assert_eq!(
        findings("broken"),
        [
            "unreadable-file modules/domain/dome-control/.env.local:1",
            "syntax-error modules/domain/dome-control/prisma/migrations/20250402190000_shutter/migration.sql:2",
            "syntax-error modules/domain/image-archive/.env.example:2",
            "syntax-error modules/domain/sky-schedule/prisma/schema.prisma:11",
            "syntax-error modules/domain/sky-schedule/src/slot.repository.ts:16",
            "syntax-error products/observatory/.env:3",
            "syntax-error products/observatory/docker-compose.preview.yml:8",
            "database-url-mismatch products/observatory/docker-compose.yml:39",
            "syntax-error products/observatory/docker-compose.yml:48",
            "syntax-error products/observatory/infra/init-databases.sql:5",
            "syntax-error products/observatory/infra/service-registry.ts:34",
        ]
    );
}
