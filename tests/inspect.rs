//! `dbfence inspect` as other programs read it: its schema, what it says of the fixtures, and that it is the
//! same each time and safe to look at.

#[path = "support/json_schema.rs"]
mod json_schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use dbfence::report;
use json_schema::satisfies;
use serde_json::{Value, json};

const FIXTURES: [&str; 5] = ["clean", "no-registry", "trouble", "two-products", "broken"];

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(name)
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["inspect", "--root", root.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn inspected(root: &Path) -> Value {
    let output = run(root, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn list<'v>(document: &'v Value, key: &str) -> &'v [Value] {
    let found = document[key].as_array();
    found.unwrap_or_else(|| panic!("no list `{key}`"))
}

/// The only item of a list whose properties are those.
fn only<'v>(document: &'v Value, key: &str, properties: &Value) -> &'v Value {
    let is_one = |item: &&Value| {
        let asked = properties.as_object().unwrap();
        asked.iter().all(|(key, value)| item[key] == *value)
    };
    let mut found = list(document, key).iter().filter(is_one);
    let first = found.next();
    let first = first.unwrap_or_else(|| panic!("no {properties} in `{key}`"));
    assert!(found.next().is_none(), "{properties} is not the only one");
    first
}

/// The text that a place covers.
fn text_at(root: &Path, place: &Value) -> String {
    let text = fs::read_to_string(root.join(place["path"].as_str().unwrap())).unwrap();
    let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
    assert_eq!(number("line"), number("end_line"), "{place}");
    let line = text.lines().nth(number("line") - 1).unwrap();
    let (from, to) = (number("column") - 1, number("end_column") - 1);
    line.chars().skip(from).take(to - from).collect()
}

/// Every object of a schema: each says what its properties are, and asks for all of them.
fn objects<'v>(schema: &'v Value, found: &mut Vec<&'v Value>) {
    match schema {
        Value::Object(entries) => {
            if entries.get("type") == Some(&json!("object")) {
                found.push(schema);
            }
            entries.values().for_each(|value| objects(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
        _ => {}
    }
}

/// The schema with no room for properties that it does not name.
fn strict(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(entries) => {
                entries.values_mut().for_each(close);
                if entries.get("type") == Some(&json!("object")) {
                    entries.insert("additionalProperties".to_owned(), Value::Bool(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

#[test]
fn the_output_is_what_the_schema_says_and_the_schema_describes_all_of_it() {
    let schema = report::inventory_schema();
    let strict = strict(schema.clone());
    for name in FIXTURES {
        let document = inspected(&fixture(name));
        assert!(satisfies(&schema, &schema, &document), "{name}");
        assert!(satisfies(&strict, &strict, &document), "{name}");
        let mut wrong = document.clone();
        wrong["services"][0]["port"] = json!("4201");
        assert!(!satisfies(&schema, &schema, &wrong), "{name}");
    }
    let mut found = Vec::new();
    objects(&schema, &mut found);
    assert!(found.len() > 20);
    for object in found {
        let properties = object["properties"].as_object().unwrap();
        let names: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let required = object["required"].as_array().unwrap();
        let required: BTreeSet<&str> = required.iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(names, required, "{object}");
        for (name, property) in properties {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.'), "`{name}` is not described");
        }
    }
}

#[test]
fn a_product_with_a_registry_is_told_from_end_to_end() {
    let root = fixture("clean");
    let document = inspected(&root);
    let own = |service: &str| json!({ "product": "products/nordhaven", "service": service });
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["tool"]["name"], "dbfence");

    let product = only(
        &document,
        "products",
        &json!({ "name": "products/nordhaven" }),
    );
    assert_eq!(
        product["development"],
        json!(["products/nordhaven/docker-compose.yml"])
    );
    assert_eq!(
        product["init_sql"],
        "products/nordhaven/infra/init-databases.sql"
    );

    let mut service = only(&document, "services", &json!({ "name": "berth-planning" })).clone();
    let place = service.as_object_mut().unwrap().remove("place").unwrap();
    assert_eq!(text_at(&root, &place), "berth-planning");
    assert_eq!(
        service,
        json!({
            "product": "products/nordhaven",
            "name": "berth-planning",
            "known": "registered",
            "module": "modules/domain/quayside/berth-planning",
            "hostname": "berth-planning",
            "port": 4221,
            "layer": "domain",
            "routes": ["/api/berths", "/api/berth-plans"],
            "depends_on": ["port-calls", "tide-watch"],
            "is_stateless": false,
            "databases": ["berth_planning"],
            "variables": ["DATABASE_URL"],
            "containers": [{
                "stack": "products/nordhaven/docker-compose.yml",
                "name": "berth-planning",
            }],
        })
    );
    let gateway = only(&document, "services", &json!({ "name": "quay-gateway" }));
    assert_eq!(gateway["is_stateless"], true);
    assert_eq!(gateway["databases"], json!([]));

    let database = only(&document, "databases", &json!({ "name": "berth_planning" }));
    assert_eq!(database["owners"], json!([own("berth-planning")]));
    assert_eq!(database["servers"], json!(["postgres"]));
    let said: Vec<&str> = list(database, "said")
        .iter()
        .map(|said| {
            assert_eq!(text_at(&root, &said["place"]), "berth_planning");
            said["by"].as_str().unwrap()
        })
        .collect();
    assert_eq!(said, ["create-database", "grant", "registry"]);

    let asked = json!({ "from": own("berth-planning"), "variable": "PORT_CALLS_URL" });
    let call = only(&document, "calls", &asked);
    assert_eq!(call["to"], own("port-calls"));
    let holders: Vec<&Value> = list(call, "said").iter().map(|it| &it["holder"]).collect();
    assert_eq!(holders, ["compose", "registry"]);
    for said in list(call, "said") {
        assert_eq!(text_at(&root, &said["place"]), "port-calls");
    }

    let stack = &document["stacks"][0];
    let studio = only(stack, "containers", &json!({ "name": "prisma-studio" }));
    assert_eq!(studio["service"], Value::Null, "a tool is nobody's");
    let postgres = only(stack, "containers", &json!({ "is_postgres": true }));
    assert_eq!(postgres["image"], "postgres:16");

    let nothing = &document["not_understood"];
    for key in ["problems", "open", "inactive_rules"] {
        assert_eq!(nothing[key], json!([]), "{key}");
    }
    assert!(!list(nothing, "gaps").is_empty());
}

#[test]
fn tables_are_told_as_the_schema_declares_them() {
    let root = fixture("clean");
    let document = inspected(&root);
    let holding = json!({ "folder": "modules/domain/container-yard" });
    let holding = only(&document, "holdings", &holding);
    assert_eq!(
        holding["owners"],
        json!([{ "product": "products/nordhaven", "service": "container-yard" }])
    );
    assert_eq!(list(holding, "schema_files").len(), 3);
    assert_eq!(list(holding, "migrations").len(), 1);
    let schema = only(
        &holding["declared"],
        "schemas",
        &json!({ "name": "public" }),
    );
    let table = only(schema, "relations", &json!({ "name": "box" }));
    assert_eq!(table["kind"], "table");
    assert_eq!(text_at(&root, &table["place"]), "box");
    let columns: Vec<Value> = list(table, "columns")
        .iter()
        .map(|column| json!([column["name"], column["type"], column["is_nullable"]]))
        .collect();
    assert_eq!(
        columns,
        [
            json!(["number", "character varying(11)", false]),
            json!(["iso_type", "character(4)", false]),
            json!(["slot_id", "integer", true]),
            json!(["tier", "smallint", false]),
        ]
    );
    let kinds = only(schema, "enums", &json!({ "name": "move_kind" }));
    let values = ["GATE_IN", "GATE_OUT", "LOAD", "DISCHARGE", "SHIFT"];
    assert_eq!(kinds["values"], json!(values));
}

#[test]
fn services_without_a_registry_are_told_as_they_are_inferred() {
    let root = fixture("no-registry");
    let document = inspected(&root);
    let own = |service: &str| json!({ "product": null, "service": service });
    assert_eq!(document["products"], json!([]));
    assert_eq!(list(&document, "services").len(), 3);
    let rides = only(&document, "services", &json!({ "name": "rides" }));
    assert_eq!(rides["known"], "inferred");
    assert_eq!(rides["place"], Value::Null);
    assert_eq!(rides["databases"], json!(["rides"]));
    let containers = list(rides, "containers").iter().map(|it| &it["name"]);
    let containers: Vec<&Value> = containers.collect();
    assert_eq!(containers, ["rides", "rides-worker", "rides-migrate"]);

    let rides = only(&document, "databases", &json!({ "name": "rides" }));
    assert_eq!(rides["owners"], json!([own("rides")]));
    assert_eq!(rides["folder"], ".");
    assert_eq!(rides["servers"], json!(["postgres"]));
    let stations = only(&document, "databases", &json!({ "name": "stations" }));
    assert_eq!(stations["said"][0]["by"], "postgres-db");

    let call = only(&document, "calls", &json!({ "from": own("stations") }));
    assert_eq!(call["to"], own("rides"));
    assert_eq!(call["variable"], "RIDES_URL");
    let inactive = list(&document["not_understood"], "inactive_rules");
    let reason = json!("no service registry was found");
    assert!(inactive.iter().all(|rule| rule["reason"] == reason));
    assert!(!inactive.is_empty());
}

#[test]
fn a_connection_leads_where_its_text_says_and_shows_no_password() {
    for name in ["clean", "no-registry", "trouble"] {
        let root = fixture(name);
        let document = inspected(&root);
        let mut databases = 0;
        for connection in list(&document, "connections") {
            let target = &connection["target"];
            let Some(url) = target["url"].as_str() else {
                continue;
            };
            assert!(
                !url.contains("mulch") && !url.contains("freewheel"),
                "{url}"
            );
            if target["database_place"].is_object() {
                databases += 1;
                let written = text_at(&root, &target["database_place"]);
                assert_eq!(target["database"], written, "{url}");
            }
        }
        assert!(databases > 5, "{name}");
    }
    let document = inspected(&fixture("trouble"));
    let container = json!({
        "stack": "products/glasshouse/docker-compose.yml",
        "name": "watering-rota",
    });
    let asked = json!({ "container": container, "variable": "DATABASE_URL" });
    let connection = only(&document, "connections", &asked);
    assert_eq!(
        connection["target"]["url"],
        "postgresql://gardener:<password>@postgres:5432/seed_bank"
    );
    assert_eq!(connection["target"]["server"], "postgres");
    let database = only(&document, "databases", &json!({ "name": "seed_bank" }));
    assert_eq!(
        list(database, "owners").len(),
        1,
        "who connects owns nothing"
    );
}

/// A workspace of one compose file and more.
fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dbfence.yaml"), "").unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn no_password_comes_out_even_of_a_string_that_it_breaks() {
    let folder = workspace(&[
        (
            "compose.yaml",
            r#"
services:
  db: { image: postgres:16 }
  a:
    build: ./a
    environment:
      DATABASE_URL: "postgresql://me:hush/1@db:5432/one"
  b:
    build: ./b
    environment:
      DATABASE_URL: "postgresql://me:hush@2@db:5432/two"
  c:
    build: ./c
    environment:
      DATABASE_URL: "postgresql://me:${P}@db:5432/three?sslpassword=hush&api_key=hush"
      REDIS_URL: "redis://:hush@cache:6379/0"
  d:
    build: ./d
    environment:
      DATABASE_URL: "postgresql://me:hush#3@db/four"
      OTHER_DATABASE_URL: "postgresql://db/five?user=me&password=hush"
"#,
        ),
        (".env", "P=hush/@#?\n"),
    ]);
    let output = run(folder.path(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hush"), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(list(&document, "connections").len() >= 6);
    let asked = json!({ "variable": "OTHER_DATABASE_URL" });
    let connection = only(&document, "connections", &asked);
    assert_eq!(
        connection["target"]["url"],
        "postgresql://db/five?user=me&password=<secret>"
    );
}

#[test]
fn a_database_may_be_known_by_an_env_file_alone() {
    let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n\
                  model A {\n  id Int @id\n}\n";
    let folder = workspace(&[
        ("apps/a/prisma/schema.prisma", schema),
        (
            "apps/a/.env.example",
            "DATABASE_URL=postgresql://u:p@localhost/ledger\n",
        ),
        ("apps/b/prisma/schema.prisma", schema),
        (
            "apps/b/.env.example",
            "DATABASE_URL=postgresql://u:p@localhost/mydb\n",
        ),
        (
            "apps/b/Dockerfile",
            "FROM node\nENV DATABASE_URL=postgresql://b:b@localhost/build_only\n",
        ),
        ("apps/c/prisma/schema.prisma", schema),
        (
            "apps/c/.env.example",
            "DATABASE_URL=postgresql://u:p@localhost/together\n",
        ),
        ("apps/d/prisma/schema.prisma", schema),
        (
            "apps/d/.env.example",
            "DATABASE_URL=postgresql://u:p@localhost/together\n",
        ),
    ]);
    let document = inspected(folder.path());
    let databases: Vec<Value> = list(&document, "databases")
        .iter()
        .map(|database| json!([database["name"], database["owners"]]))
        .collect();
    let owner = json!({ "product": null, "service": "a" });
    assert_eq!(
        databases,
        // Whether two that have one name on a host of their own share it is not known.
        [json!(["ledger", [owner]]), json!(["together", []])]
    );
    assert_eq!(list(&document, "connections").len(), 5);
}

#[test]
fn hostile_names_come_out_as_json_that_is_safe_to_look_at() {
    let folder = workspace(&[
        (
            "compose.yaml",
            "services:\n  \"a\\e[31m\\\"\\u202E\":\n    build: ./a\n    environment:\n      DATABASE_URL: \
             \"postgresql://u@db/n\\u202Eame\\\"\\e]8;;\"\n  db: { image: postgres }\n",
        ),
        (
            "a/prisma/schema.prisma",
            "datasource db {\n  provider = \"postgresql\"\n}\nmodel A {\n  id Int @id @map(\"i\u{1b}d\u{202e}\")\n  \
             @@map(\"t\\\"\u{2066}\")\n}\n",
        ),
        (
            "a/prisma/migrations/1_\u{202e}x/migration.sql",
            "CREATE TABLE \"t\u{7f}\"\"\u{200b}\" (id int);",
        ),
        ("a/Dockerfile", "FROM node\n"),
    ]);
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let is_hidden = |letter: char| {
        letter != '\n' && letter.is_control()
            || matches!(letter, '\u{200b}' | '\u{202e}' | '\u{2066}')
    };
    assert!(!text.contains(is_hidden), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    let schema = report::inventory_schema();
    assert!(satisfies(&schema, &schema, &document));
    let containers = list(&document["stacks"][0], "containers");
    assert_eq!(containers[0]["name"], "a\u{1b}[31m\"\u{202e}");
    let migrations = list(&document["holdings"][0], "migrations");
    assert_eq!(
        migrations[0],
        "a/prisma/migrations/1_\u{202e}x/migration.sql"
    );
}

#[test]
fn the_same_workspace_gives_the_same_bytes_with_any_number_of_threads() {
    for name in FIXTURES {
        let of = |threads| run(&fixture(name), &["--threads", threads]).stdout;
        let one = of("1");
        assert!(!one.is_empty());
        assert!(one == of("2") && one == of("2"), "{name}");
    }
}

#[test]
fn what_cannot_be_inspected_ends_as_a_check_does() {
    let empty = workspace(&[]);
    let output = run(empty.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is nothing to inspect in"), "{said}");
    assert_eq!(run(&fixture("nowhere"), &[]).status.code(), Some(2));
    assert_eq!(
        run(&fixture("clean"), &["--nonsense"]).status.code(),
        Some(2)
    );
    let broken = workspace(&[]);
    fs::write(broken.path().join("dbfence.yaml"), "rulez: {}").unwrap();
    assert_eq!(run(broken.path(), &[]).status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["inspect", "--root", fixture("clean").to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_folder_to_start_from_may_be_named_as_for_a_check() {
    let start = fixture("clean").join("modules");
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["inspect", start.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.stdout, run(&fixture("clean"), &[]).stdout);
}

#[test]
fn the_schema_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["schema", "inspect"])
        .output()
        .unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, report::inventory_schema());
}

#[test]
fn the_page_names_every_part_of_the_document() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/inspect.md");
    let page = fs::read_to_string(page).unwrap();
    let schema = report::inventory_schema();
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(
            page.contains(&format!("`{key}`")),
            "`{key}` is not in the page"
        );
    }
}
