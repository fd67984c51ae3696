//! What a check says about what it judged and what it did not.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dbfence::coverage::{Coverage, JudgedService};
use serde_json::Value;
use support::Files;

fn coverage(files: &Files) -> Coverage {
    files.check().1.coverage.unwrap()
}

/// The paths of a gap, by the beginning of its reason.
fn gap<'c>(coverage: &'c Coverage, reason: &str) -> Vec<&'c str> {
    let mut gaps = coverage.gaps.iter();
    let gap = gaps.find(|gap| gap.reason.starts_with(reason));
    let spots = gap.into_iter().flat_map(|gap| &gap.spots);
    spots.map(|spot| spot.path.as_str()).collect()
}

fn service<'c>(coverage: &'c Coverage, name: &str) -> &'c JudgedService {
    let mut services = coverage.services.iter();
    services.find(|service| service.service == name).unwrap()
}

fn kinds(service: &JudgedService) -> Vec<&'static str> {
    service
        .artefacts
        .iter()
        .map(|artefact| artefact.kind)
        .collect()
}

#[test]
fn every_service_says_what_it_was_judged_on() {
    let clean = Files::of_fixture("clean");
    let judged = coverage(&clean);
    assert_eq!(judged.services.len(), 15);
    let kinds_of = |name| kinds(service(&judged, name));
    for kind in ["registry", "compose", "Dockerfile", "schema", "init SQL"] {
        assert!(kinds_of("identity").contains(&kind), "{kind}");
    }
    let stateless = kinds_of("quay-gateway");
    for kind in ["schema", "init SQL", "start script"] {
        assert!(!stateless.contains(&kind), "{kind}");
    }
    let schemas = kinds_of("container-yard");
    assert_eq!(schemas.iter().filter(|kind| **kind == "schema").count(), 3);

    let without = clean.remove("modules/platform/identity/prisma/schema.prisma");
    let judged = coverage(&without);
    assert!(!kinds(service(&judged, "identity")).contains(&"schema"));
}

#[test]
fn files_beside_the_registry_are_named_as_well() {
    let files = Files::of_fixture("clean").add(
        "modules/platform/identity/.env.example",
        "DATABASE_URL=postgresql://nordhaven:x@localhost:5433/identity\n",
    );
    let judged = coverage(&files);
    let identity = service(&judged, "identity");
    for kind in [
        "start script",
        "manifest",
        "nginx configuration",
        "env file",
    ] {
        let mut artefacts = identity.artefacts.iter();
        assert!(artefacts.any(|artefact| artefact.kind == kind), "{kind}");
    }
}

#[test]
fn services_without_a_registry_are_judged_as_well() {
    let judged = coverage(&Files::of_fixture("no-registry"));
    for kind in ["compose", "Dockerfile", "schema"] {
        assert!(kinds(service(&judged, "rides")).contains(&kind), "{kind}");
    }
    assert_eq!(gap(&judged, "the schema belongs to no service"), [""; 0]);
}

#[test]
fn what_was_not_judged_is_told_with_the_reason() {
    let files = Files::of_fixture("clean")
        .add(
            "packages/next/contract.prisma",
            "model A {\n  id Int @id\n}\n",
        )
        .add("packages/next/contract.json", "{}")
        .add(
            "packages/next/migrations/app/20260520T1317_init/ops.json",
            "[]",
        )
        .add("charts/port/Chart.yaml", "name: port\n")
        .add(
            "charts/port/templates/api.yaml",
            "name: {{ .Values.name }}\n",
        )
        .add("scripts/report.sql", "SELECT 1;\n")
        .add("labs/events.sql", "CREATE TABLE `a` (`b` INT);\n")
        .add(
            "labs/migrations/1_init/migration.sql",
            "CREATE TABLE \"a\" (\"b\" INTEGER PRIMARY KEY AUTOINCREMENT);\n",
        )
        .add(
            "labs/compose.yaml",
            "services:\n  a:\n    image: x\n    env_file: [b.env]\n",
        )
        .add(
            "labs/mysql/schema.prisma",
            "datasource db {\n  provider = \"mysql\"\n  url = env(\"X\")\n}\n",
        );
    let report = "modules/domain/invoicing/src/report.service.ts";
    let files = files.add(
        report,
        "tx.$queryRawUnsafe(`SELECT * FROM ${table}`);\ntx.$queryRaw`SELECT ${id}`;\npool.query('SELECT 1 FROM a');\n",
    );
    let judged = coverage(&files);
    for (reason, path) in [
        ("which tables the SQL of `invoicing` names", report),
        ("the SQL of `invoicing` is run by a client", report),
        ("contracts of Prisma 8", "packages/next/contract.prisma"),
        (
            "migrations of Prisma 8",
            "packages/next/migrations/app/20260520T1317_init/ops.json",
        ),
        ("templates of Helm charts", "charts/port/templates/api.yaml"),
        ("the SQL stands in no module", "scripts/report.sql"),
        ("the SQL is not PostgreSQL's", "labs/events.sql"),
        (
            "the SQL is not PostgreSQL's",
            "labs/migrations/1_init/migration.sql",
        ),
        (
            "the schema is not for PostgreSQL",
            "labs/mysql/schema.prisma",
        ),
        (
            "the file is named like a registry",
            "modules/platform/notification-dispatch/src/channel-registry.ts",
        ),
        ("not all variables of the container", "labs/compose.yaml"),
    ] {
        assert!(
            gap(&judged, reason).contains(&path),
            "{reason}: {:#?}",
            judged.gaps
        );
    }
}

#[test]
fn an_opening_is_told_once() {
    let registry = "products/nordhaven/infra/service-registry.ts";
    let files = Files::of_fixture("clean").replace(
        registry,
        "export const serviceRegistry = {\n",
        "export const serviceRegistry = {\n  ...moreServices(),\n",
    );
    let judged = coverage(&files);
    let open: Vec<_> = judged
        .gaps
        .iter()
        .filter(|gap| gap.reason.contains("called missing"))
        .collect();
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!(open[0].spots.len(), 1);
    assert_eq!(open[0].spots[0].path, registry);
}

fn check(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["check", "--root", root.to_str().unwrap()])
        .args(arguments)
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn it_is_shown_where_it_is_asked_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clean");
    let shown = text(&check(&root, &["--coverage"]).stdout);
    assert!(shown.contains("judged in products/nordhaven"), "{shown}");
    assert!(
        shown.trim_end().ends_with("files"),
        "the last line sums up: {shown}"
    );
    let usual = text(&check(&root, &["--format", "pretty"]).stdout);
    assert!(!usual.contains("judged in"), "{usual}");

    let json: Value =
        serde_json::from_slice(&check(&root, &["--coverage", "--format", "json"]).stdout).unwrap();
    let services = json["coverage"]["services"].as_array().unwrap();
    assert_eq!(services.len(), 15);
    assert_eq!(services[0]["product"], "products/nordhaven");
    assert_eq!(services[0]["judged_on"][0]["kind"], "registry");
    assert!(services[0]["judged_on"][0]["line"].is_u64());
    assert_eq!(json["coverage"]["files"]["compose-file"], 1);
    let json: Value = serde_json::from_slice(&check(&root, &["--format", "json"]).stdout).unwrap();
    assert!(json.get("coverage").is_none());

    let refused = check(&root, &["--coverage", "--format", "concise"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("no room for `--coverage`"));
}

#[test]
fn exceptions_are_told_with_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("compose.yaml"), "services:\n  a:\n    image: x\n").unwrap();
    fs::write(
        root.join("dbfence.yaml"),
        "exceptions:
  - { service: reporting, may-read: [desk.loan, visit], reason: no endpoint yet, until: 2020-01-31 }
  - { service: mailer, may-read: reader, reason: the same, until: 9999-12-31 }
",
    )
    .unwrap();
    let output = check(root, &["--coverage"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "an end that has come is no error"
    );
    let shown = text(&output.stdout);
    for line in [
        "  `reporting` may read `desk.loan`, `visit`, ended on 2020-01-31 and counts no more: no endpoint yet",
        "  `mailer` may read `reader` until 9999-12-31: the same",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line} in\n{shown}");
    }
}

#[test]
fn names_of_the_config_that_nothing_has_are_told() {
    let files = Files::of_fixture("clean").remove("dbfence.yaml").add(
        "dbfence.yaml",
        "tools: [prisma-studio, node, pgadmim]
services: { x: { compose: [identity, identitee] } }
",
    );
    let judged = coverage(&files);
    let told: Vec<_> = judged
        .gaps
        .iter()
        .filter(|gap| gap.reason.starts_with("nothing has the name"))
        .collect();
    let names = ["`pgadmim`, which `tools`", "`identitee`, which `services`"];
    assert_eq!(told.len(), names.len(), "{told:#?}");
    for (gap, name) in told.iter().zip(names) {
        assert!(gap.reason.contains(name), "{}", gap.reason);
    }
}
