//! Registries are read, never run: what can be followed is followed, and what cannot is said once.

mod support;

use dbfence::check::check;
use dbfence::discover::{self, in_memory};
use dbfence::policy::Policy;
use dbfence::rules;

use support::Files;

const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const HEAD: &str = "export const serviceRegistry = {\n";
const TAIL: &str = "} as const satisfies Record<string, ServiceDefinition>;";

fn clean() -> Files {
    Files::of_fixture("clean")
}

fn expect_none(files: &Files) {
    assert_eq!(files.findings(), [""; 0]);
}

/// Why the product is open, as the summary says it.
fn openings(files: &Files) -> Vec<String> {
    let (sources, outcome) = files.check();
    let openings = outcome.summary.open.iter();
    openings
        .map(|open| {
            let text = sources.slice(open.place);
            format!("{}: {} ⟦{text}⟧", open.product, open.reason)
        })
        .collect()
}

#[test]
fn every_way_to_write_a_registry_is_followed() {
    let files = clean()
        .add(
            "products/nordhaven/infra/names.ts",
            "export enum Port {
  Identity = 4201,
  NotificationDispatch,
}
export default { tariffBook: \"tariff-book\" } as const;
export const databases = Object.freeze({ tariffBook: `tariff_${\"book\"}` });
",
        )
        .add(
            "products/nordhaven/infra/shared/index.ts",
            "export * from \"../names\";
export { default as names } from \"../names\";
export const inShared = { layer: \"shared\" as const };
export function defineService<T>(service: T): T {
  return service;
}
",
        )
        .replace(
            REGISTRY,
            "export type Layer",
            "import { Port, databases, defineService, inShared, names } from \"./shared\";\n\nexport type Layer",
        )
        .replace(REGISTRY, "port: 4201,", "port: Port.Identity,")
        .replace(
            REGISTRY,
            "port: 4202,",
            "port: Port[\"NotificationDispatch\"],",
        )
        .replace(
            REGISTRY,
            "  \"tariff-book\": {
    hostname: \"tariff-book\",
    port: 4212,
    database: \"tariff_book\",
    dockerfile: \"modules/shared/tariff-book/Dockerfile\",
    routes: [\"/api/tariffs\"],
    layer: \"shared\" as const,
    label: \"Harbour dues\",
  },
",
            "  [names.tariffBook]: defineService({
    ...inShared,
    hostname: names.tariffBook,
    port: 4_212,
    database: databases.tariffBook,
    dockerfile: \"modules/shared/\" + names.tariffBook + \"/Dockerfile\",
    routes: [...[\"/api/tariffs\"]],
    label: label(\"Harbour dues\"),
  }),
",
        )
        .replace(REGISTRY, HEAD, "export const serviceRegistry = defineRegistry(Object.freeze({\n")
        .replace(REGISTRY, TAIL, "} as const satisfies Record<string, ServiceDefinition>));");
    expect_none(&files);
    assert_eq!(openings(&files), [""; 0]);
    let (_, outcome) = files.check();
    let (_, before) = clean().check();
    assert_eq!(outcome.summary.services, before.summary.services);
}

#[test]
fn a_computed_field_is_one_finding_and_hides_no_other_service() {
    let fields = [
        ("port: 4212", "port: nextPort()", "nextPort()"),
        (
            "database: \"tariff_book\"",
            "database: process.env.TARIFFS ?? \"tariff_book\"",
            "process.env.TARIFFS",
        ),
        (
            "hostname: \"tariff-book\"",
            "hostname: isLocal ? \"localhost\" : \"tariff-book\"",
            "isLocal ? \"localhost\" : \"tariff-book\"",
        ),
        (
            "dockerfile: \"modules/shared/tariff-book/Dockerfile\"",
            "dockerfile: dockerfileOf(\"tariff-book\")",
            "dockerfileOf(\"tariff-book\")",
        ),
        (
            "routes: [\"/api/tariffs\"]",
            "routes: [\"/api/tariffs\", ...more]",
            "more",
        ),
    ];
    for (old, new, wrong) in fields {
        let files = clean().replace(REGISTRY, old, new);
        let dynamic = format!("dynamic-registry {REGISTRY} ⟦{wrong}⟧");
        assert_eq!(files.findings(), [dynamic.as_str()]);
        assert_eq!(openings(&files), [""; 0], "the other services are known");
        let files = files.replace(REGISTRY, "port: 4223", "port: 4224");
        let duplicate = format!("duplicate-port {REGISTRY} ⟦4224⟧");
        assert_eq!(files.findings(), [dynamic, duplicate]);
    }
}

/// The entry of a service that nobody depends on.
const CONTAINER_YARD: &str = "  \"container-yard\": {
    ...domainDefaults,
    hostname: \"container-yard\",
    port: 4223,
    database: \"container_yard\",
    dockerfile: \"modules/domain/container-yard/Dockerfile\",
    routes: [\"/api/yard\"],
    label: \"Stacks, slots and moves\",
  },
";

#[test]
fn a_registry_with_unknown_services_is_open_and_calls_nothing_one_too_many() {
    let without = |member: &str| clean().replace(REGISTRY, CONTAINER_YARD, member);
    let closed = without("").findings();
    let unregistered =
        "unregistered-module modules/domain/container-yard/prisma/schema/base.prisma ⟦db⟧";
    assert_eq!(closed, [unregistered]);

    let members = [
        ("  ...yardServices(),\n", "yardServices()"),
        (
            "  [`${terminal}-yard`]: { port: 4223, database: \"container_yard\" },\n",
            "`${terminal}-yard`",
        ),
    ];
    for (member, unknown) in members {
        let open = without(member);
        let dynamic = format!("dynamic-registry {REGISTRY} ⟦{unknown}⟧");
        assert_eq!(open.findings(), [dynamic.as_str()]);
        let reasons = openings(&open);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(reasons[0].starts_with("products/nordhaven: the registry holds a "));
        assert!(reasons[0].ends_with(&format!("⟦{unknown}⟧")));

        // What is written is still judged.
        let files = open.replace(REGISTRY, "port: 4212", "port: 4211");
        let duplicate = format!("duplicate-port {REGISTRY} ⟦4211⟧");
        assert_eq!(files.findings(), [duplicate, dynamic]);
    }
}

#[test]
fn a_second_registry_in_a_product_leaves_it_open() {
    let files = clean().add(
        "products/nordhaven/infra/night-registry.ts",
        "export const nightRegistry = {
  \"night-watch\": { hostname: \"night-watch\", port: 4300, database: \"night_watch\" },
};
",
    );
    let rival = "products/nordhaven/infra/night-registry.ts ⟦nightRegistry⟧";
    assert_eq!(files.findings(), [format!("dynamic-registry {rival}")]);
    assert_eq!(
        openings(&files),
        [
            "products/nordhaven: there are two registries, and which one counts is not known ⟦nightRegistry⟧"
        ]
    );
}

/// A small registry of every kind of member, and the constants that it imports.
const SMALL: [(&str, &str); 2] = [
    (
        "infra/service-registry.ts",
        "import { PORTS } from \"./ports\";

const ROOT = \"modules/domain\";
const CELLAR_PORT = 4300;
const defaults = { layer: \"domain\" as const, needsRedis: false };

export const serviceRegistry = {
  // where the wine rests
  \"barrel-cellar\": {
    ...defaults,
    hostname: \"barrel-cellar\",
    port: CELLAR_PORT,
    database: \"barrel_cellar\",
    dockerfile: `${ROOT}/barrel-cellar/Dockerfile`,
    routes: [\"/api/barrels\"],
    label: \"Barrels\",
    extraEnv: {
      PRESS_URL: `http://grape-press:${PORTS.press}`,
    },
    dependsOn: [\"grape-press\"],
  },
  \"grape-press\": {
    ...defaults,
    hostname: \"grape-press\",
    port: PORTS.press,
    database: \"grape_press\",
    dockerfile: `${ROOT}/grape-press/Dockerfile`,
    routes: [\"/api/presses\"],
    label: \"Presses\",
  },
} as const satisfies Record<string, ServiceDefinition>;
",
    ),
    (
        "infra/ports.ts",
        "export const PORTS = { press: 4301 } as const;\n",
    ),
];

/// What else makes up a workspace without a fault.
const AROUND: [(&str, &str); 5] = [
    (
        "modules/domain/grape-press/prisma/schema.prisma",
        "datasource db {\n  provider = \"postgresql\"\n}\n",
    ),
    (
        "modules/domain/barrel-cellar/prisma/schema.prisma",
        "datasource db {\n  provider = \"postgresql\"\n}\n",
    ),
    ("modules/domain/barrel-cellar/Dockerfile", "FROM node:22\n"),
    ("modules/domain/grape-press/Dockerfile", "FROM node:22\n"),
    (
        "docker-compose.yml",
        "services:
  postgres:
    image: postgres:16
    healthcheck: {test: pg_isready}
  barrel-cellar:
    build: {context: ., dockerfile: modules/domain/barrel-cellar/Dockerfile}
    environment:
      PORT: 4300
      DATABASE_URL: postgresql://cork:oak@postgres:5432/barrel_cellar
      PRESS_URL: http://grape-press:4301
    depends_on:
      postgres: {condition: service_healthy}
      grape-press: {condition: service_started}
  grape-press:
    build: {context: ., dockerfile: modules/domain/grape-press/Dockerfile}
    environment: {PORT: 4301, DATABASE_URL: \"postgresql://cork:oak@postgres:5432/grape_press\"}
    depends_on: {postgres: {condition: service_healthy}}
",
    ),
];

/// Checks the small workspace with another text in one of its two scripts; gives the rules that speak.
fn small_with(number: usize, text: &str) -> Vec<&'static str> {
    let mut scripts = SMALL;
    scripts[number].1 = text;
    let files = scripts.iter().chain(&AROUND);
    let files = files.map(|(path, text)| ((*path).to_owned(), *text));
    let sources = in_memory(files, &discover::Options::default());
    let outcome = check(&sources, &Policy::default(), rules::all().unwrap());
    outcome
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

/// Expects that what is said about a broken text is the syntax error and nothing else.
fn expect_alone(number: usize, broken: &str) {
    let said = small_with(number, broken);
    if said.contains(&"syntax-error") {
        assert_eq!(said, ["syntax-error"], "{broken}");
    }
}

#[test]
fn a_syntax_error_in_a_registry_has_no_echo() {
    for (number, (_, text)) in SMALL.iter().enumerate() {
        assert_eq!(small_with(number, text), [""; 0]);
        for (at, char) in text.char_indices() {
            let (before, behind) = text.split_at(at);
            expect_alone(number, before);
            expect_alone(number, &format!("{before}{}", &behind[char.len_utf8()..]));
            expect_alone(number, &format!("{before}\"{behind}"));
            expect_alone(number, &format!("{before}}}{behind}"));
        }
    }
}
