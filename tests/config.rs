//! What `dbfence.yaml` says, and what follows from it. The clean fixture stands for a workspace.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use dbfence::policy::{self, Date, Policy};
use dbfence::rules;
use serde_json::Value;
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

#[test]
fn what_cannot_be_is_refused_where_it_stands() {
    for (config, message, place) in [
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
    ] {
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

fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn schema() -> Value {
    policy::schema(rules::all().unwrap().catalogue())
}

/// With `DBFENCE_BLESS=1` the schema is written anew instead of compared.
#[test]
fn the_schema_is_the_one_of_the_types_and_the_catalogue() {
    let path = project_file("docs/schema/dbfence.schema.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("DBFENCE_BLESS").is_some() {
        fs::write(path, text).unwrap();
    } else {
        let committed = fs::read_to_string(path).unwrap();
        assert_eq!(committed, text, "`DBFENCE_BLESS=1` writes it anew");
    }
}

/// Whether a value is what a schema asks for, by those words of JSON Schema that ours is made of.
fn satisfies(root: &Value, schema: &Value, value: &Value) -> bool {
    let all = |schemas: &Value| {
        let schemas = schemas.as_array().unwrap();
        schemas.iter().all(|schema| satisfies(root, schema, value))
    };
    let any = |schemas: &Value| {
        let schemas = schemas.as_array().unwrap();
        schemas.iter().any(|schema| satisfies(root, schema, value))
    };
    let at_least = |least: &Value, length: Option<usize>| {
        length.is_none_or(|length| length as u64 >= least.as_u64().unwrap())
    };
    schema
        .as_object()
        .unwrap()
        .iter()
        .all(|(word, asked)| match word.as_str() {
            "$schema" | "$id" | "title" | "description" | "definitions" | "format" | "default" => {
                true
            }
            "$ref" => {
                let pointer = asked.as_str().unwrap().trim_start_matches('#');
                satisfies(root, root.pointer(pointer).unwrap(), value)
            }
            "allOf" => all(asked),
            "anyOf" => any(asked),
            "enum" => asked.as_array().unwrap().contains(value),
            "type" => {
                let is = |kind: &Value| match kind.as_str().unwrap() {
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "null" => value.is_null(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("no such type: {other}"),
                };
                asked
                    .as_array()
                    .map_or_else(|| is(asked), |kinds| kinds.iter().any(is))
            }
            "items" => {
                let items = value.as_array();
                items.is_none_or(|items| items.iter().all(|item| satisfies(root, asked, item)))
            }
            "properties" => value.as_object().is_none_or(|entries| {
                let known =
                    |(key, value)| asked.get(key).is_none_or(|it| satisfies(root, it, value));
                entries.iter().all(known)
            }),
            "additionalProperties" => value.as_object().is_none_or(|entries| {
                let properties = &schema["properties"];
                let others = entries
                    .iter()
                    .filter(|(key, _)| properties.get(key).is_none());
                let allowed =
                    |(_, value)| *asked != Value::Bool(false) && satisfies(root, asked, value);
                others.into_iter().all(allowed)
            }),
            "required" => {
                let keys = asked.as_array().unwrap();
                keys.iter()
                    .all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "minimum" => value
                .as_u64()
                .is_none_or(|number| number >= asked.as_u64().unwrap()),
            "maximum" => value
                .as_u64()
                .is_none_or(|number| number <= asked.as_u64().unwrap()),
            "minLength" => at_least(asked, value.as_str().map(str::len)),
            "minItems" => at_least(asked, value.as_array().map(Vec::len)),
            "pattern" => value.as_str().is_none_or(|text| Date::read(text).is_some()),
            other => panic!("the schema uses `{other}`, which this test does not know"),
        })
}

fn as_json(config: &str) -> Value {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options::<Option<Value>>(config, options)
        .unwrap()
        .unwrap_or_else(|| serde_json::json!({}))
}

/// The YAML blocks of the pages and documents that are configs, with where they stand.
fn examples() -> Vec<(String, String)> {
    let mut pages: Vec<PathBuf> = ["README.md", "docs/configuration.md"]
        .map(project_file)
        .into();
    for rule in rules::ALL {
        pages.push(project_file(&format!(
            "rules/{}/{}.md",
            rule.entry.category, rule.entry.name
        )));
    }
    let mut examples = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("\n```").skip(1).step_by(2) {
            let (info, config) = block.split_once('\n').unwrap();
            if matches!(info, "yaml" | "yaml dbfence.yaml") {
                examples.push((page.display().to_string(), config.to_owned()));
            }
        }
    }
    examples
}

#[test]
fn every_example_is_read_and_satisfies_the_schema() {
    let root = schema();
    let examples = examples();
    assert!(examples.len() > 4);
    for (page, config) in examples {
        let read = Policy::read(&config, rules::all().unwrap().catalogue());
        assert!(read.is_ok(), "{page}: {read:?}\n{config}");
        assert!(
            satisfies(&root, &root, &as_json(&config)),
            "{page}:\n{config}"
        );
    }
}

#[test]
fn the_schema_refuses_what_is_refused() {
    let root = schema();
    for config in [
        "rulez: {}",
        "postgres: { port: 0 }",
        "postgres: { port: 70000 }",
        "exclude: [a, 3]",
        "layers: { order: [] }",
        "rules: { duplicate-prot: off }",
        "rules: { duplicate-port: loud }",
        "rules: { duplicate-port: { level: off, x: y } }",
        "rules: { generated-file-edited: { demand-header: 1 } }",
        "overrides: [{ files: a, rules: { generated-file-edited: { demand-header: true } } }]",
        "overrides: [{ rules: { registry: off } }]",
        "services: { a: { compos: b } }",
        "exceptions: [{ service: a, may-read: b, reason: c, until: soon }]",
    ] {
        assert!(
            Policy::read(config, rules::all().unwrap().catalogue()).is_err(),
            "{config}"
        );
        assert!(!satisfies(&root, &root, &as_json(config)), "{config}");
    }
}

/// The keys of a schema, those of the objects in it after a full stop.
fn keys(root: &Value, schema: &Value, prefix: &str, keys_found: &mut Vec<String>) {
    if let Some(pointer) = schema["$ref"].as_str() {
        let name = pointer.rsplit('/').next().unwrap();
        if !matches!(name, "Rules" | "Levels" | "OneOrMany") {
            keys(root, &root["definitions"][name], prefix, keys_found);
        }
    }
    for inner in ["allOf", "anyOf"]
        .iter()
        .filter_map(|word| schema[word].as_array())
        .flatten()
    {
        keys(root, inner, prefix, keys_found);
    }
    for inner in ["items", "additionalProperties"]
        .iter()
        .filter_map(|word| schema.get(word))
    {
        if inner.is_object() {
            keys(root, inner, prefix, keys_found);
        }
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{key}");
        keys(root, inner, &format!("{path}."), keys_found);
        keys_found.push(path);
    }
}

#[test]
fn the_page_on_the_config_explains_every_key_and_every_option() {
    let page = fs::read_to_string(project_file("docs/configuration.md")).unwrap();
    let root = schema();
    let mut known = Vec::new();
    keys(&root, &root, "", &mut known);
    assert!(known.contains(&"postgres.port".to_owned()), "{known:?}");
    assert!(known.contains(&"exceptions.until".to_owned()), "{known:?}");
    for rule in rules::all().unwrap().catalogue().rules() {
        let options = rule.front_matter.options.keys();
        known.extend(options.map(|option| format!("rules.{}.{option}", rule.entry.name)));
    }
    let missing: Vec<_> = known
        .iter()
        .filter(|key| !page.contains(&format!("| `{key}` |")))
        .collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
}
