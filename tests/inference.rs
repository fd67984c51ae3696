//! Services that no registry names: what the config corrects about them, and what is said of rules that rest.

mod support;

use std::path::Path;

use dbfence::check::check;
use dbfence::discover::{self, discover, in_memory};
use dbfence::finding::Outcome;
use dbfence::policy::Policy;
use dbfence::rules;
use dbfence::source::Sources;
use support::Files;

const SCHEMA: &str =
    "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";

const COMPOSE: &str = "
services:
  postgres:
    image: postgres:16
    environment:
      POSTGRES_DB: loans
  loans:
    build: apps/loans
    environment:
      DATABASE_URL: postgresql://a:b@postgres/loans
  desk:
    build: apps/desk
    environment:
      DATABASE_URL: postgresql://a:b@postgres/loans
";

fn run(config: &str, more: &[(&str, &str)]) -> (Sources, Outcome) {
    let files = [
        ("compose.yaml", COMPOSE),
        ("apps/loans/package.json", "{}"),
        ("apps/loans/prisma/schema.prisma", SCHEMA),
        ("apps/desk/package.json", "{}"),
        ("apps/desk/prisma/schema.prisma", SCHEMA),
    ];
    let files = files.iter().chain(more);
    let files = files.map(|(path, text)| ((*path).to_owned(), *text));
    let sources = in_memory(files, &discover::Options::default());
    let rules = rules::all().unwrap();
    let policy = Policy::read(config, rules.catalogue()).unwrap();
    let outcome = check(&sources, &policy, rules);
    (sources, outcome)
}

/// The rules that speak, the services that they speak of, and what they say to write.
fn said(config: &str, more: &[(&str, &str)]) -> Vec<String> {
    let (_, outcome) = run(config, more);
    let findings = outcome.findings.iter();
    findings
        .map(|finding| {
            let service = finding.subject.service.as_deref().unwrap_or("?");
            format!("{} of {service}: {}", finding.rule, finding.help)
        })
        .collect()
}

#[test]
fn the_config_corrects_who_owns_a_database() {
    let nothing: [&str; 0] = [];
    assert_eq!(said("", &[]), ["shared-database of desk: write `desk`"]);
    assert_eq!(said("tools: [desk]", &[]), nothing);
    assert_eq!(
        said("services: { loans: { compose: [loans, desk] } }", &[]),
        nothing,
        "two containers of one service"
    );
    assert_eq!(
        said("services: { desk: { database: '' } }", &[]),
        nothing,
        "a service that owns none"
    );
    assert_eq!(
        said("services: { desk: { variable: DESK_URL } }", &[]),
        nothing,
        "another variable"
    );
    assert_eq!(
        said(
            "services: { loans: { database: loan_book }, desk: { database: loans } }",
            &[]
        ),
        ["shared-database of loans: write `loan_book`"]
    );
}

#[test]
fn a_database_is_called_after_its_service_with_or_without_what_it_is() {
    let compose = "
services:
  postgres:
    image: postgres:16
    volumes: [./init.sql:/docker-entrypoint-initdb.d/init.sql]
  order-service:
    build: apps/order-service
    environment:
      DATABASE_URL: postgresql://a:b@postgres/auth_db
  auth-service:
    build: apps/auth-service
    environment:
      DATABASE_URL: postgresql://a:b@postgres/auth_db
";
    let files = [
        ("compose.yaml", compose),
        (
            "init.sql",
            "CREATE DATABASE auth_db;\nCREATE DATABASE order_db;\n",
        ),
        ("apps/order-service/package.json", "{}"),
        ("apps/order-service/prisma/schema.prisma", SCHEMA),
        ("apps/auth-service/package.json", "{}"),
        ("apps/auth-service/prisma/schema.prisma", SCHEMA),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    let sources = in_memory(files, &discover::Options::default());
    let outcome = check(&sources, &Policy::default(), rules::all().unwrap());
    let [finding] = outcome.findings.as_slice() else {
        panic!("one mistake, not {:#?}", outcome.findings);
    };
    assert_eq!(finding.subject.service.as_deref(), Some("order-service"));
    assert_eq!(
        finding.message,
        "`order-service` claims `auth_db` on `postgres`, the database of `auth-service`"
    );
    assert_eq!(finding.help, "write `order_db`");
    let labels: Vec<&str> = finding
        .labels
        .iter()
        .map(|label| label.message.as_str())
        .collect();
    assert_eq!(
        labels.last(),
        Some(&"no service connects to `order_db`, which `postgres` creates")
    );
}

#[test]
fn values_of_an_example_file_are_shared_only_where_they_are_one_value() {
    let compose = COMPOSE
        .replacen("@postgres/loans", "@postgres/${LOANS}", 1)
        .replacen("@postgres/loans", "@postgres/${DESK}", 1);
    let twice = compose.replace("${DESK}", "${LOANS}");
    let files = |compose: &str, name: &str| {
        let example = format!("LOANS={name}\nDESK={name}\n");
        let compose = &compose.replace("POSTGRES_DB: loans", &format!("POSTGRES_DB: {name}"));
        Files::of_fixture("no-registry")
            .add("other/docker-compose.yml", compose)
            .add("other/.env.example", &example)
            .add("other/apps/loans/package.json", "{}")
            .add("other/apps/loans/prisma/schema.prisma", SCHEMA)
            .add("other/apps/desk/package.json", "{}")
            .add("other/apps/desk/prisma/schema.prisma", SCHEMA)
    };
    assert_eq!(files(&compose, "everything").findings(), [""; 0]);
    assert_eq!(
        files(&twice, "everything").findings(),
        ["shared-database other/docker-compose.yml ⟦${LOANS}⟧"]
    );
    // The name of one of them is no stand-in.
    assert_eq!(
        files(&compose, "loans").findings(),
        ["shared-database other/.env.example ⟦loans⟧"]
    );
}

fn on_disk(fixture: &str) -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(fixture);
    let sources = discover(&root, &discover::Options::default()).unwrap();
    check(&sources, &Policy::default(), rules::all().unwrap())
}

#[test]
fn rules_that_need_a_registry_rest_where_there_is_none() {
    let (_, outcome) = run("", &[]);
    assert_eq!(outcome.summary.services, 2);
    let inactive = outcome.summary.inactive.iter();
    let products: Vec<_> = inactive.map(|rule| rule.product.as_deref()).collect();
    assert!(!products.is_empty() && products.iter().all(Option::is_none));

    let outcome = on_disk("two-products");
    let inactive = outcome.summary.inactive.iter();
    let mut products: Vec<_> = inactive.map(|rule| rule.product.as_deref()).collect();
    products.dedup();
    assert_eq!(products, [Some("labs/ticket-printer")]);
    assert!(on_disk("clean").summary.inactive.is_empty());
}

#[test]
fn services_without_a_registry_are_judged_on_their_containers_and_their_schema() {
    let coverage = on_disk("no-registry").coverage.unwrap();
    let services = coverage.services.iter();
    let judged: Vec<_> = services
        .map(|judged| {
            let artefacts = judged.artefacts.iter();
            let kinds: Vec<&str> = artefacts.map(|artefact| artefact.kind).collect();
            format!("{}: {}", judged.service, kinds.join(" "))
        })
        .collect();
    assert_eq!(
        judged,
        [
            "stations: compose Dockerfile schema migration",
            "rides: compose compose compose Dockerfile schema migration",
            "workshop: compose Dockerfile schema migration",
        ]
    );
}
