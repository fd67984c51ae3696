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
