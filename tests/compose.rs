//! A wrong connection string is found wherever Compose takes it from, and the finding stands where the fix
//! goes.

mod support;

use support::Files;

const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const COMPOSE: &str = "products/nordhaven/docker-compose.yml";
const OVERRIDE: &str = "products/nordhaven/docker-compose.override.yml";
const ENV: &str = "products/nordhaven/.env";

/// The environment of `tariff-book` as the fixture has it.
const ENVIRONMENT: &str = "    environment:
      <<: *common-env
      PORT: \"4212\"
      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariff_book
";

/// Where a compose file may keep shared values.
const HEAD: &str = "x-needs-postgres: &needs-postgres\n";

fn with_environment(environment: &str) -> Files {
    Files::of_fixture("clean").replace(COMPOSE, ENVIRONMENT, environment)
}

fn with_head(head: &str, environment: &str) -> Files {
    with_environment(environment).replace(COMPOSE, HEAD, &format!("{head}\n{HEAD}"))
}

/// Expects one finding on the name `tariffs` in a file, and nothing once it is fixed. `way` is where the
/// service takes the name from, if it does not stand in the service.
fn expect_mismatch(files: Files, path: &str, way: Option<&str>) {
    let mut expected = vec![
        format!("database-url-mismatch {path} ⟦tariffs⟧"),
        "`tariff-book` connects to `tariffs`, which no service owns".to_owned(),
        format!("{REGISTRY} ⟦tariff_book⟧ `tariff-book` owns `tariff_book`"),
    ];
    expected.extend(way.map(|text| format!("{COMPOSE} ⟦{text}⟧ `tariff-book` takes it from here")));
    expected.push("help: write `tariff_book`".to_owned());
    assert_eq!(files.only_finding(), expected);
    assert_eq!(files.fixed().findings(), [""; 0]);
}

#[test]
fn the_environment_is_a_map() {
    let files = with_environment(&ENVIRONMENT.replace("tariff_book", "tariffs"));
    expect_mismatch(files, COMPOSE, None);
}

#[test]
fn the_environment_is_a_list() {
    let files = with_environment(
        "    environment:
      - PORT=4212
      - \"DATABASE_URL=postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariffs\"
",
    );
    expect_mismatch(files, COMPOSE, None);
}

#[test]
fn the_value_stands_behind_an_anchor() {
    let files = with_head(
        "x-tariffs: &tariffs postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariffs\n",
        "    environment:
      PORT: \"4212\"
      DATABASE_URL: *tariffs
",
    );
    expect_mismatch(files, COMPOSE, Some("*tariffs"));
}

#[test]
fn the_value_is_merged_in() {
    let files = with_head(
        "x-tariff-env: &tariff-env
  DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariffs
",
        "    environment:
      <<: [*common-env, *tariff-env]
      PORT: \"4212\"
",
    );
    expect_mismatch(files, COMPOSE, Some("*tariff-env"));
}

#[test]
fn the_name_is_a_variable_in_an_env_file_of_the_project() {
    let name = "${TARIFF_DATABASE:?}";
    let files = with_environment(&ENVIRONMENT.replace("tariff_book", name))
        .add(ENV, "TARIFF_DATABASE=tariffs\n");
    expect_mismatch(files, ENV, Some(name));
}

#[test]
fn the_name_is_a_default() {
    let name = "${TARIFF_DATABASE:-tariffs}";
    let files = with_environment(&ENVIRONMENT.replace("tariff_book", name));
    expect_mismatch(files, COMPOSE, None);
}

#[test]
fn the_value_stands_in_an_env_file_of_the_service() {
    let path = "products/nordhaven/infra/env/tariff-book.env";
    let files = with_environment("    env_file: ./infra/env/tariff-book.env\n").add(
        path,
        "PORT=4212\nDATABASE_URL=postgresql://nordhaven:ebb-and-flow@postgres:5432/tariffs\n",
    );
    expect_mismatch(files, path, Some("./infra/env/tariff-book.env"));
}

#[test]
fn the_value_stands_in_the_override_file() {
    let files = Files::of_fixture("clean").add(
        OVERRIDE,
        "services:
  tariff-book:
    environment:
      - DATABASE_URL=postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariffs
",
    );
    expect_mismatch(files, OVERRIDE, None);
}

#[test]
fn a_name_that_two_services_share_is_wrong_at_the_alias() {
    let files = with_head(
        "x-identity: &identity postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/identity\n",
        "    environment:
      DATABASE_URL: *identity
",
    )
    .replace(
        COMPOSE,
        "DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/identity\n",
        "DATABASE_URL: *identity\n",
    );
    assert_eq!(
        files.only_finding(),
        [
            "database-url-mismatch products/nordhaven/docker-compose.yml ⟦*identity⟧",
            "`tariff-book` connects to `identity`, the database of `identity`",
            "products/nordhaven/infra/service-registry.ts ⟦identity⟧ `identity` owns `identity`",
            "products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧ `tariff-book` owns `tariff_book`",
            "help: give `tariff-book` a `DATABASE_URL` of its own, \
             `postgresql://nordhaven:<password>@postgres:5432/tariff_book`",
        ]
    );
}

#[test]
fn a_database_renamed_in_the_registry_is_one_finding_in_the_compose_file() {
    let files = Files::of_fixture("clean").replace(
        REGISTRY,
        "database: \"tariff_book\"",
        "database: \"tariffs\"",
    );
    assert_eq!(
        files.only_finding(),
        [
            "database-url-mismatch products/nordhaven/docker-compose.yml ⟦tariff_book⟧",
            "`tariff-book` connects to `tariff_book`, which no service owns",
            "products/nordhaven/infra/service-registry.ts ⟦tariffs⟧ `tariff-book` owns `tariffs`",
            "products/nordhaven/infra/init-databases.sql ⟦tariff_book⟧ \
             the init SQL creates `tariff_book`, but the database of `tariff-book` is `tariffs`",
            "products/nordhaven/start-dev.sh ⟦tariff_book⟧ \
             the start script runs the module of `tariff-book` against `tariff_book`, which no service owns",
            "products/nordhaven/start-dev.sh ⟦tariff_book⟧ \
             the start script runs the module of `tariff-book` against `tariff_book`, which no service owns",
            "products/nordhaven/manifest.yaml ⟦tariff_book⟧ \
             the manifest connects `tariff-book` to `tariff_book`, which no service owns",
            "products/nordhaven/manifest.yaml ⟦tariff_book⟧ \
             the manifest lists `tariff_book`, but the database of `tariff-book` is `tariffs`",
            "help: write `tariffs`",
        ]
    );
}

#[test]
fn a_copied_block_is_told_whose_database_it_has() {
    let files = with_environment(&ENVIRONMENT.replace("tariff_book", "party_directory"));
    assert_eq!(
        files.only_finding(),
        [
            "database-url-mismatch products/nordhaven/docker-compose.yml ⟦party_directory⟧",
            "`tariff-book` connects to `party_directory`, the database of `party-directory`",
            "products/nordhaven/infra/service-registry.ts ⟦party_directory⟧ \
             `party-directory` owns `party_directory`",
            "products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧ `tariff-book` owns `tariff_book`",
            "help: write `tariff_book`",
        ]
    );
    assert_eq!(files.fixed().findings(), [""; 0]);
}

#[test]
fn a_tool_that_looks_into_the_old_database_does_not_own_it() {
    let files = Files::of_fixture("clean").replace(
        REGISTRY,
        "database: \"berth_planning\"",
        "database: \"berths\"",
    );
    assert_eq!(
        files.findings(),
        ["database-url-mismatch products/nordhaven/docker-compose.yml ⟦berth_planning⟧"]
    );
}

#[test]
fn an_override_file_may_take_back_what_the_base_file_says() {
    let wrong = || with_environment(&ENVIRONMENT.replace("tariff_book", "tariffs"));
    for text in [
        "services: { tariff-book: { environment: { DATABASE_URL: !reset null } } }\n",
        "services: { tariff-book: { environment: !override [DATABASE_URL] } }\n",
        "services: { tariff-book: !override { build: ., environment: [DATABASE_URL] } }\n",
    ] {
        let findings = wrong().add(OVERRIDE, text).findings();
        let is_taken_back = !findings.iter().any(|line| line.contains("mismatch"));
        assert!(is_taken_back, "{text}: {findings:?}");
    }
    let gone = "services: { tariff-book: !reset null }\n";
    assert_eq!(
        wrong().add(OVERRIDE, gone).findings(),
        ["missing-compose-service products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧"]
    );
}

/// `tariff-book` with its connection string in a base that it extends.
fn extending(extends: &str) -> Files {
    let environment = "    environment:\n      <<: *common-env\n      PORT: \"4212\"\n";
    with_environment(&format!("    extends: {extends}\n{environment}"))
}

const BASE: &str = "tariff-base:
    environment:
      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/tariffs
";

#[test]
fn the_value_stands_in_a_base_of_the_same_file() {
    let files = extending("tariff-base").replace(
        COMPOSE,
        "\nnetworks:\n",
        &format!("\n  {BASE}\nnetworks:\n"),
    );
    expect_mismatch(files, COMPOSE, Some("tariff-base"));
}

#[test]
fn the_value_stands_in_a_base_of_another_file() {
    for path in ["infra/compose.base.yml", "infra/bases.yml"] {
        let extends = format!("{{ file: {path}, service: tariff-base }}");
        let path = format!("products/nordhaven/{path}");
        let files = extending(&extends).add(&path, &format!("services:\n  {BASE}"));
        expect_mismatch(files, &path, Some("tariff-base"));
    }
}

#[test]
fn a_base_has_a_base_and_paths_of_its_own() {
    let files = extending("{ file: infra/middle.yml, service: middle }")
        .add(
            "products/nordhaven/infra/middle.yml",
            "services:\n  middle:\n    extends: { file: env/base.yml, service: base }\n",
        )
        .add(
            "products/nordhaven/infra/env/base.yml",
            "services:\n  base:\n    env_file: tariffs.env\n",
        )
        .add(
            "products/nordhaven/infra/env/tariffs.env",
            "DATABASE_URL=postgresql://nordhaven:x@postgres:5432/tariffs\n",
        );
    expect_mismatch(
        files,
        "products/nordhaven/infra/env/tariffs.env",
        Some("middle"),
    );
}

#[test]
fn what_two_services_inherit_is_wrong_for_one_of_them_only() {
    let base = "  identity-base:
    environment:
      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/identity
";
    let files = extending("identity-base")
        .replace(
            COMPOSE,
            "      DATABASE_URL: postgresql://nordhaven:${POSTGRES_PASSWORD:-ebb-and-flow}@postgres:5432/identity\n",
            "",
        )
        .replace(
            COMPOSE,
            "\n  identity:\n",
            "\n  identity:\n    extends: { service: identity-base }\n",
        )
        .replace(COMPOSE, "\nnetworks:\n", &format!("\n{base}\nnetworks:\n"));
    assert_eq!(
        files.only_finding(),
        [
            "database-url-mismatch products/nordhaven/docker-compose.yml ⟦identity-base⟧",
            "`tariff-book` connects to `identity`, the database of `identity`",
            "products/nordhaven/infra/service-registry.ts ⟦identity⟧ `identity` owns `identity`",
            "products/nordhaven/infra/service-registry.ts ⟦tariff_book⟧ `tariff-book` owns `tariff_book`",
            "help: give `tariff-book` a `DATABASE_URL` of its own, \
             `postgresql://nordhaven:<password>@postgres:5432/tariff_book`",
        ]
    );
}

#[test]
fn services_that_extend_each_other_are_unknown() {
    let files = extending("a").replace(
        COMPOSE,
        "\nnetworks:\n",
        "\n  a:\n    extends: b\n  b:\n    extends: a\n\nnetworks:\n",
    );
    assert_eq!(files.findings(), [""; 0]);
}

/// The block of `tariff-book`, taken out of the compose file.
fn taken_out() -> (Files, String) {
    let files = Files::of_fixture("clean");
    let text = files.text(COMPOSE);
    let from = text.find("\n  tariff-book:").unwrap() + 1;
    let end = from + text[from..].find("\n\n").unwrap() + 1;
    let block = text[from..end].to_owned();
    (files.replace(COMPOSE, &block, ""), block)
}

#[test]
fn the_service_is_included() {
    let (files, block) = taken_out();
    let block = block
        .replace("    <<: *service\n", "")
        .replace("      <<: *common-env\n", "")
        .replace(
            "    depends_on:\n      <<: *needs-postgres\n",
            "    networks: [harbour]\n    depends_on: { postgres: { condition: service_healthy } }\n",
        )
        .replace("../..", "../../..");
    let text = format!("services:\n{block}");
    let path = "products/nordhaven/infra/tariffs.yml";
    let include = |form: &str, text: &str| {
        files
            .clone()
            .replace(COMPOSE, "\nservices:\n", &format!("\n{form}\nservices:\n"))
            .add(path, text)
    };
    for form in [
        "include: infra/tariffs.yml",
        "include:\n  - infra/tariffs.yml",
        "include:\n  - path: ./infra/tariffs.yml",
        "include:\n  - path: [infra/tariffs.yml]",
    ] {
        assert_eq!(include(form, &text).findings(), [""; 0], "{form}");
        let wrong = text.replace("/tariff_book", "/tariffs");
        expect_mismatch(include(form, &wrong), path, None);
    }
    let elsewhere = "include: [{ path: infra/tariffs.yml, project_directory: . }]";
    let moved = text.replace("../../..", "../..");
    assert_eq!(include(elsewhere, &moved).findings(), [""; 0]);
    // The including project's variables count first, then those beside the included file.
    let named = text.replace("/tariff_book", "/${TARIFF_DATABASE}");
    let own = "products/nordhaven/infra/.env";
    let files = include("include: infra/tariffs.yml", &named).add(own, "TARIFF_DATABASE=tariffs\n");
    expect_mismatch_in_env(&files, own);
    let files = files.add(ENV, "TARIFF_DATABASE=tariff_book\n");
    assert_eq!(files.findings(), [""; 0]);
}

fn expect_mismatch_in_env(files: &Files, path: &str) {
    let expected = format!("database-url-mismatch {path} ⟦tariffs⟧");
    assert_eq!(files.findings(), [expected]);
}

#[test]
fn an_included_file_that_is_not_there_leaves_the_stack_open() {
    let (files, _) = taken_out();
    let files = files.replace(
        COMPOSE,
        "\nservices:\n",
        "\ninclude: [../../../outside.yml]\nservices:\n",
    );
    assert_eq!(files.findings(), [""; 0]);
}

#[test]
fn the_env_file_lists_the_files_that_run() {
    let (files, block) = taken_out();
    let block = block
        .replace("    <<: *service\n", "")
        .replace("      <<: *common-env\n", "")
        .replace(
            "    depends_on:\n      <<: *needs-postgres\n",
            "    networks: [harbour]\n    depends_on: { postgres: { condition: service_healthy } }\n",
        );
    let missing =
        "missing-compose-service products/nordhaven/infra/service-registry.ts ⟦tariff-book⟧";
    for path in ["docker-compose.tariffs.yml", "infra/tariffs.yml"] {
        let more = format!("products/nordhaven/{path}");
        let files = files.clone().add(&more, &format!("services:\n{block}"));
        assert_eq!(files.findings(), [missing]);
        let listed = format!("COMPOSE_FILE=docker-compose.yml:{path}\n");
        assert_eq!(files.clone().add(ENV, &listed).findings(), [""; 0]);
        let listed = format!("COMPOSE_FILE=\"${{COMPOSE_FILE:-docker-compose.yml:{path}}}\"\n");
        assert_eq!(files.clone().add(ENV, &listed).findings(), [""; 0]);
        let other =
            format!("COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=./docker-compose.yml,./{path}\n");
        assert_eq!(files.add(ENV, &other).findings(), [""; 0]);
    }
}

#[test]
fn the_build_is_merged_from_both_files() {
    let files = Files::of_fixture("clean");
    let over = |build: &str| {
        let text = format!("services:\n  tariff-book:\n    build:\n      {build}\n");
        files.clone().add(OVERRIDE, &text).findings()
    };
    assert_eq!(over("target: dev"), [""; 0]);
    assert_eq!(
        over("dockerfile: modules/shared/party-directory/Dockerfile"),
        [
            "dockerfile-drift products/nordhaven/docker-compose.override.yml \
          ⟦modules/shared/party-directory/Dockerfile⟧"
        ]
    );
}
