//! What `dbfence.yaml` says, and what follows from it. The clean fixture stands for a workspace.

mod support;

use dbfence::policy::{Date, Policy};
use dbfence::rules;
use support::Files;

const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const COMPOSE: &str = "products/nordhaven/docker-compose.yml";

/// The message for a config that is refused, and the text that it points at.
fn refused(config: &str) -> (String, &str) {
    let broken = Policy::read(config, rules::all().unwrap().catalogue()).unwrap_err();
    let span = broken.span.expect("the place is known");
    (broken.message, &config[span.range()])
}

fn read(config: &str) -> Policy {
    Policy::read(config, rules::all().unwrap().catalogue()).unwrap()
}

/// The clean fixture with another config.
fn with_config(config: &str) -> Files {
    Files::of_fixture("clean")
        .remove("dbfence.yaml")
        .add("dbfence.yaml", config)
}

/// Configs that are refused, with the message and the text that it points at.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "rulez: {}",
        "there is no key `rulez`; did you mean `rules`?",
        "rulez",
    ),
    (
        "compose: { devlopment: a.yml }",
        "there is no key `devlopment`; did you mean `development`?",
        "devlopment",
    ),
    (
        "postgres: { version: 16 }",
        "there is no key `version`; it can be `port`, `major` or `role`",
        "version",
    ),
    (
        "postgres: { port: 0 }",
        "a number above 0 is expected here",
        "0",
    ),
    (
        "postgres: { port: 70000 }",
        "a whole number is expected here, and not so large a one",
        "70000",
    ),
    (
        "max-file-size: 8 MiB",
        "a whole number is expected here, and not so large a one",
        "8 MiB",
    ),
    ("postgres: [16]", "keys with values are expected here", "["),
    (
        "exclude: { a: b }",
        "a text or a list of texts is expected here",
        "{",
    ),
    (
        "exclude: [a, 3]",
        "a text or a list of texts is expected here",
        "[",
    ),
    (
        "layers: { order: shared }",
        "a list is expected here",
        "shared",
    ),
    ("layers: { order: [a, b, a] }", "`a` stands here twice", "a"),
    (
        "layers: { order: [modules/a] }",
        "`modules/a` is no layer: it is the name of one folder",
        "modules/a",
    ),
    (
        "database-variable: DATABASE-URL",
        "`DATABASE-URL` is no name of a variable; write one such as `DATABASE_URL`",
        "DATABASE-URL",
    ),
    ("tools: [\"\"]", "this is empty", "\"\""),
    (
        "rules: { duplicate-prot: off }",
        "there is no rule `duplicate-prot`; did you mean `duplicate-port`?",
        "duplicate-prot",
    ),
    (
        "rules: { registri: off }",
        "there is no rule `registri`; did you mean `registry`?",
        "registri",
    ),
    (
        "rules: { duplicate-port: waning }",
        "`waning` is no level; did you mean `warning`?",
        "waning",
    ),
    (
        "rules: { duplicate-port: true }",
        "a level is expected here: `error`, `warning` or `off`",
        "true",
    ),
    (
        "rules: { duplicate-port: off, duplicate-port: error }",
        "`duplicate-port` is written twice",
        "duplicate-port",
    ),
    (
        "rules: { registry: { level: off } }",
        "`registry` is a category; write a level for it",
        "registry",
    ),
    (
        "rules: { duplicate-port: { leve: off } }",
        "`duplicate-port` has no option `leve`; did you mean `level`?",
        "leve",
    ),
    (
        "rules: { layer-dependency: { level: error, may-depends-on: {} } }",
        "`layer-dependency` has no option `may-depends-on`; did you mean `may-depend-on`?",
        "may-depends-on",
    ),
    (
        "rules: { layer-dependency: { level: error, may-depend-on: { shard: [] } } }",
        "`shard` is no layer; did you mean `shared`?",
        "shard",
    ),
    (
        "rules: { layer-dependency: { level: error, may-depend-on: { shared: [base] } } }",
        "`base` is no layer; write `platform`, `shared` or `domain`",
        "base",
    ),
    (
        "rules: { layer-dependency: { level: error, may-depend-on: { shared: platform } } }",
        "a list of layers is expected for `shared`",
        "shared",
    ),
    (
        "rules: { layer-dependency: { may-depend-on: { shared: [] } } }",
        "`layer-dependency` is off unless told otherwise; write `level: error` beside its options",
        "layer-dependency",
    ),
    (
        "rules: { generated-file-edited: { demand-header: yes } }",
        "`demand-header` is `true` or `false`",
        "yes",
    ),
    (
        "overrides: [{ files: a, rules: { duplicate-prot: off } }]",
        "there is no rule `duplicate-prot`; did you mean `duplicate-port`?",
        "duplicate-prot",
    ),
    (
        "overrides: [{ files: \"a[\", rules: { registry: off } }]",
        "`a[` is no pattern: unclosed character class; missing ']'",
        "\"a[\"",
    ),
    (
        "overrides: [{ files: a, rules: { generated-file-edited: { demand-header: true } } }]",
        "options hold for all files; write them in `rules`, and a level here",
        "generated-file-edited",
    ),
    (
        "exclude: [\"!a{b\"]",
        "`!a{b` is no pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
        "\"!a{b\"",
    ),
    (
        "overrides: [{ rules: { registry: off } }]",
        "`files` is missing",
        "rules",
    ),
    (
        "services: { loans: { folder: ../loans } }",
        "`../loans` leads out of the workspace",
        "../loans",
    ),
    (
        "services: { loans: { variable: \"LOANS URL\" } }",
        "`LOANS URL` is no name of a variable; write one such as `DATABASE_URL`",
        "\"LOANS URL\"",
    ),
    (
        "services: { a: { compose: x }, b: { compose: [y, x] } }",
        "`x` is already the container of another service",
        "x",
    ),
    (
        "exceptions: [{ service: a, may-read: b, reason: c, until: 2027-02-30 }]",
        "`2027-02-30` is no day; write one such as `2027-03-31`",
        "2027-02-30",
    ),
    (
        "exceptions: [{ service: a, may-read: b, reason: \" \", until: 2027-02-01 }]",
        "this is empty",
        "\" \"",
    ),
    (
        "exceptions: [{ service: a, may-read: [], reason: c, until: 2027-02-01 }]",
        "`may-read` of `a` names no table",
        "a",
    ),
    (
        "exceptions: [{ service: a, may-read: [b..c], reason: c, until: 2027-02-01 }]",
        "`b..c` is no table; write `database.table` or `table`",
        "b..c",
    ),
    (
        "exceptions: [{ service: a, may-read: [b], until: 2027-02-01 }]",
        "`reason` is missing",
        "until",
    ),
    ("- rules", "keys with values are expected here", ""),
    (
        "rules: {}\n---\nrules: {}",
        "a second document begins here",
        "",
    ),
];

#[test]
fn what_cannot_be_is_refused_where_it_stands() {
    for &(config, message, place) in REFUSED {
        let (said, at) = refused(config);
        assert_eq!((said.as_str(), at), (message, place), "{config}");
    }
}

#[test]
fn everything_that_can_be_said_is_read() {
    let policy = read(
        "registry: products/*/infra/service-registry.ts
modules: [modules/**]
exclude: [examples/**]
database-variable: PG_URL
postgres: { major: 17, port: 6543, role: app }
layers: { order: [base, top] }
tools: [prisma-studio]
compose:
  development: [docker-compose.yml, docker-compose.override.yml]
  production: docker-compose.prod.yml
services:
  loans: { folder: ./apps/loans/, compose: [loans, loans-worker], variable: LOANS_DATABASE_URL, database: loans }
  mailer: { compose: mailer, database: \"\" }
exceptions:
  - { service: reporting, may-read: [loan_desk.loan], reason: nightly report, until: 2027-03-31 }
max-file-size: 1024
rules: { registry: off }
",
    );
    assert_eq!(policy.registries, ["products/*/infra/service-registry.ts"]);
    assert!(policy.modules.contain("modules/a"));
    assert_eq!(policy.database_variable, "PG_URL");
    assert_eq!((policy.postgres_major, policy.postgres_port), (17, 6543));
    assert_eq!(policy.postgres_role.as_deref(), Some("app"));
    assert_eq!(policy.layers, ["base", "top"]);
    assert_eq!(policy.production, ["docker-compose.prod.yml"]);
    let loans = &policy.services[0];
    assert_eq!(loans.folder.as_ref().unwrap().value, "apps/loans");
    assert_eq!(loans.compose[1].value, "loans-worker");
    assert_eq!(policy.services[1].database.as_ref().unwrap().value, "");
    let exception = &policy.exceptions[0];
    assert_eq!(exception.until.value.to_string(), "2027-03-31");
    assert!(!exception.has_ended(Date::read("2027-03-31")));
    assert!(exception.has_ended(Date::read("2027-04-01")));
    assert!(!exception.has_ended(None));
}

#[test]
fn an_empty_config_changes_nothing() {
    for config in ["", "\n", "# only a comment\n", "---\n", "{}"] {
        assert_eq!(
            read(config).max_file_size,
            Policy::default().max_file_size,
            "{config:?}"
        );
    }
}

/// The level of `duplicate-route` for a file.
fn level_at(policy: &Policy, path: &str) -> &'static str {
    let catalogue = rules::all().unwrap().catalogue();
    policy.level_at("duplicate-route", path, catalogue).as_str()
}

#[test]
fn the_last_override_that_matches_counts_and_the_command_line_before_all() {
    let mut policy = read(
        "rules: { registry: warning, duplicate-route: off }
overrides:
  - { files: products/**, rules: { duplicate-route: error } }
  - { files: [products/old, labs], rules: { registry: warning } }
  - { files: labs/x.ts, rules: { compose: off } }
",
    );
    assert_eq!(level_at(&policy, "other/a.ts"), "off");
    assert_eq!(level_at(&policy, "products/new/a.ts"), "error");
    assert_eq!(level_at(&policy, "products/old/a.ts"), "warning");
    assert_eq!(level_at(&policy, "labs/x.ts"), "warning");
    let catalogue = rules::all().unwrap().catalogue();
    assert!(policy.speaks_somewhere("duplicate-route", catalogue));
    policy
        .override_rule("duplicate-route=off", catalogue)
        .unwrap();
    assert_eq!(level_at(&policy, "products/new/a.ts"), "off");
    assert!(!policy.speaks_somewhere("duplicate-route", catalogue));
}

#[test]
fn an_override_makes_a_finding_weigh_less_and_passes_the_word_where_it_is_off() {
    let renamed = "database: \"tariffs\"";
    let weight = |config: &str| {
        let files = with_config(config).replace(REGISTRY, "database: \"tariff_book\"", renamed);
        let (_, outcome) = files.check();
        let findings = outcome.findings.iter();
        let said = findings.map(|it| format!("{} {}", it.severity.as_str(), it.rule));
        said.collect::<Vec<_>>()
    };
    let layers = "rules: { layer-dependency: { level: off, may-depend-on: { platform: [shared, domain] } } }";
    let over = |files: &str, level: &str| {
        format!(
            "{layers}\noverrides: [{{ files: {files}, rules: {{ database-url-mismatch: {level} }} }}]\n"
        )
    };
    assert_eq!(
        weight(&over(COMPOSE, "warning")),
        ["warning database-url-mismatch"]
    );
    assert_eq!(
        weight(&over("modules", "warning")),
        ["error database-url-mismatch"]
    );
    assert_eq!(weight(&over(COMPOSE, "off")), ["error init-sql-drift"]);
}

#[test]
fn a_path_that_leads_nowhere_is_refused() {
    for (config, message) in [
        (
            "registry: product/*/infra/service-registry.ts",
            "`product/*/infra/service-registry.ts` leads to no file; name one that is there, or leave it out",
        ),
        (
            "compose: { development: docker-compse.yml }",
            "`docker-compse.yml` leads to no compose file; did you mean `docker-compose.yml`?",
        ),
        (
            "services: { x: { folder: modules/shared/tarif-book } }",
            "`modules/shared/tarif-book` leads to no folder; did you mean `modules/shared/tariff-book`?",
        ),
        (
            "modules: [modules/**, module/**]",
            "`module/**` leads to no folder; name one that is there, or leave it out",
        ),
    ] {
        let policy = read(config);
        let (sources, _) = Files::of_fixture("clean").check();
        let broken = policy.lead_somewhere(&sources).unwrap_err();
        assert_eq!(broken.message, message);
    }
}

#[test]
fn layers_of_another_name() {
    let files = with_config("layers: { order: [platform, domain, edge] }");
    let (_, outcome) = files.check();
    let is_layer = |it: &&dbfence::finding::Finding| it.rule == "layer-mismatch";
    let odd: Vec<_> = outcome.findings.iter().filter(is_layer).collect();
    assert_eq!(odd.len(), 4, "the services of the layer `shared`");
    assert_eq!(odd[0].help, "write `platform`, `domain` or `edge`");
}

#[test]
fn modules_that_no_registry_names_are_looked_for_where_the_config_says() {
    let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";
    let config = "rules: { layer-dependency: { level: off, may-depend-on: { platform: [shared, domain] } } }\n";
    let elsewhere = |config: &str| {
        let files = with_config(config).add("services/pilots/prisma/schema.prisma", schema);
        files.add("services/pilots/package.json", "{}").findings()
    };
    assert!(elsewhere(config).is_empty());
    assert_eq!(
        elsewhere(&format!("{config}modules: services/**\n")),
        ["unregistered-module services/pilots/prisma/schema.prisma ⟦db⟧"]
    );
}

const LAYERS: &str =
    "rules: { layer-dependency: { level: off, may-depend-on: { platform: [shared, domain] } } }\n";

#[test]
fn the_development_set_is_the_one_that_the_config_names() {
    let (sources, _) = Files::of_fixture("clean").check();
    let text = sources
        .file(sources.find(COMPOSE).unwrap())
        .text
        .to_string();
    let base = text.replace("      PORT: \"4212\"\n", "");
    assert_ne!(base, text);
    // The port of one service stands in a file of no usual name, laid over the other.
    let files = with_config(&format!(
        "{LAYERS}compose: {{ development: [stack.yaml, infra/ports.yaml] }}\n"
    ))
    .remove(COMPOSE)
    .add("products/nordhaven/stack.yaml", &base)
    .add(
        "products/nordhaven/infra/ports.yaml",
        "services:\n  tariff-book:\n    environment:\n      PORT: \"4212\"\n",
    );
    assert_eq!(files.findings(), [""; 0]);
    let wrong = files.replace("products/nordhaven/infra/ports.yaml", "4212", "4213");
    assert_eq!(
        wrong.findings(),
        ["service-port-drift products/nordhaven/infra/ports.yaml ⟦4213⟧"]
    );
}

/// One file in the development set and in the production stack is still one file.
#[test]
fn a_production_stack_leaves_the_development_set_as_it_is() {
    let production = "compose: { production: [docker-compose.yml, docker-compose.prod.yml] }";
    let files = with_config(&format!("{LAYERS}{production}\n")).add(
        "products/nordhaven/docker-compose.prod.yml",
        "services:\n  tariff-book:\n    restart: always\n",
    );
    assert_eq!(files.findings(), [""; 0]);
    let wrong = files.clone().replace(
        COMPOSE,
        "@postgres:5432/tariff_book",
        "@postgres:5432/identity",
    );
    assert_eq!(
        wrong.findings(),
        [format!("database-url-mismatch {COMPOSE} ⟦identity⟧")]
    );
    let missing = files.clone().replace(
        COMPOSE,
        "\n  tariff-book:\n    <<",
        "\n  tariff-buch:\n    <<",
    );
    assert_eq!(
        missing.findings(),
        [format!("missing-compose-service {REGISTRY} ⟦tariff-book⟧")]
    );
    let overlaid = files.replace(
        "products/nordhaven/docker-compose.prod.yml",
        "restart: always",
        "environment:\n      DATABASE_URL: postgresql://nordhaven:x@postgres:5432/identity",
    );
    assert_eq!(
        overlaid.findings(),
        ["database-url-mismatch products/nordhaven/docker-compose.prod.yml ⟦identity⟧"]
    );
}
