//! `dbfence owner` as its users run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(name)
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args([
            "owner",
            "--root",
            root.to_str().unwrap(),
            "--color",
            "never",
        ])
        .args(arguments)
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn said(root: &Path, name: &str) -> String {
    let output = run(root, &[name]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What `--format json` has under `found`.
fn found(root: &Path, name: &str) -> Vec<Value> {
    let output = run(root, &[name, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["name"], name);
    document["found"].as_array().unwrap().clone()
}

fn names(found: &[Value]) -> Vec<(&str, &str)> {
    found
        .iter()
        .map(|it| (it["kind"].as_str().unwrap(), it["name"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_database_has_its_owner_and_who_else_opens_it() {
    assert_eq!(
        said(&fixture("trouble"), "seed_bank"),
        r#"database `seed_bank` (products/glasshouse): owned by `seed-bank` of `products/glasshouse`
    ╭─[products/glasshouse/infra/service-registry.ts:50:16]
 49 │     port: 5203,
 50 │     database: "seed_bank",
    ·                ────┬────
    ·                    ╰── the registry gives it to its owner
 51 │     dockerfile: "modules/shared/seed-bank/Dockerfile",
    ├─[products/glasshouse/infra/init-databases.sql:9:17]
  9 │ CREATE DATABASE seed_bank;
    ·                 ────┬────
    ·                     ╰── it is created on first start
 10 │ GRANT ALL PRIVILEGES ON DATABASE seed_bank TO gardener;
    ·                                  ────┬────
    ·                                      ╰── it is granted to the role that connects
    ╰────
  touched by others:
    products/glasshouse/docker-compose.yml:95:85: `watering-rota` connects to it (`DATABASE_URL`)
  by its owner:
    modules/shared/seed-bank/prisma/schema.prisma:8:57: `seed-bank` connects to it
    products/glasshouse/docker-compose.yml:59:85: `seed-bank` connects to it (`DATABASE_URL`)
    products/glasshouse/start-dev.sh:16:73: the start script connects to it
"#
    );
}

#[test]
fn a_database_without_a_registry_belongs_to_who_connects_to_it() {
    let found = found(&fixture("no-registry"), "rides");
    let [rides] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        rides["owners"],
        json!([{ "product": null, "service": "rides" }])
    );
    let remarks = rides["said"].as_array().unwrap().iter();
    let remarks: Vec<&str> = remarks.map(|it| it["remark"].as_str().unwrap()).collect();
    assert_eq!(
        remarks,
        [
            "it is created on first start",
            "`rides` connects to it (`DATABASE_URL`)"
        ]
    );
    assert_eq!(rides["touched"].as_array().unwrap().len(), 2);
}

#[test]
fn a_table_is_found_by_every_form_of_its_name() {
    let root = fixture("clean");
    let table = ("table", "public.move");
    for name in [
        "move",
        "MOVE",
        "public.move",
        "container_yard.move",
        "\"move\"",
    ] {
        let found = found(&root, name);
        assert_eq!(names(&found), [table], "{name}");
        let owners = json!([{ "product": "products/nordhaven", "service": "container-yard" }]);
        assert_eq!(found[0]["owners"], owners, "{name}");
        assert_eq!(found[0]["databases"], json!(["container_yard"]), "{name}");
    }
    let place = &found(&root, "container_yard.public.move")[0]["said"][0]["place"];
    assert_eq!(
        place["path"],
        "modules/domain/container-yard/prisma/schema/move.prisma"
    );
}

/// Two services with a table of the same name each, and one that only one of them has.
fn two_services() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("dbfence.yaml", "");
    write(
        "compose.yaml",
        "services:\n  db: { image: postgres:16 }\n  a:\n    build: ./a\n    environment: { DATABASE_URL: \
         postgresql://u@db/a }\n  b:\n    build: ./b\n    environment: { DATABASE_URL: postgresql://u@db/b }\n",
    );
    for service in ["a", "b"] {
        write(&format!("{service}/Dockerfile"), "FROM node\n");
        write(
            &format!("{service}/prisma/schema.prisma"),
            &format!(
                "datasource db {{\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}}\nmodel Outbox \
                 {{\n  id Int @id\n}}\nmodel Own{service} {{\n  id Int @id\n}}\n"
            ),
        );
        let sql = "SELECT * FROM \"Outbox\";\nDELETE FROM \"Owna\";\n";
        write(&format!("{service}/src/report.sql"), sql);
    }
    folder
}

#[test]
fn who_touches_a_table_is_told_from_who_has_one_of_that_name() {
    let folder = two_services();
    let touched = |table: &Value| -> Vec<String> {
        let touched = table["touched"].as_array().unwrap().iter();
        touched
            .map(|it| it["remark"].as_str().unwrap().to_owned())
            .collect()
    };
    let outbox = found(folder.path(), "\"Outbox\"");
    let table = ("table", "public.\"Outbox\"");
    assert_eq!(names(&outbox), [table, table]);
    assert_eq!(touched(&outbox[0]), ["`a` reads it"]);
    assert_eq!(touched(&outbox[1]), ["`b` reads it"]);
    let own = found(folder.path(), "\"Owna\"");
    assert_eq!(touched(&own[0]), ["`a` writes to it", "`b` writes to it"]);
    assert_eq!(
        said(folder.path(), "a.\"Owna\""),
        r#"table `public."Owna"` in `a` (a): owned by `a`
   ╭─[a/prisma/schema.prisma:8:7]
 7 │ }
 8 │ model Owna {
   ·       ──┬─
   ·         ╰── the Prisma schema declares it
 9 │   id Int @id
   ╰────
  touched by others:
    b/src/report.sql:2:14: `b` writes to it
  by its owner:
    a/src/report.sql:2:14: `a` writes to it
"#
    );
    // Capitals without quotes mean small letters, unless nothing is called so.
    assert_eq!(names(&found(folder.path(), "Owna")), names(&own));
}

#[test]
fn migrations_belong_to_who_has_the_tables_and_other_databases_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("dbfence.yaml", "");
    write(
        "compose.yaml",
        "services:\n  db: { image: postgres:16 }\n  buoys:\n    build: .\n    environment: { DATABASE_URL: \
         postgresql://u@db/buoys }\n",
    );
    write("Dockerfile", "FROM node\n");
    write("package.json", "{ \"name\": \"buoys\" }\n");
    write(
        "prisma/schema.prisma",
        "datasource db {\n  provider = \"postgresql\"\n}\nmodel Reading {\n  id Int @id\n  @@map(\"reading\")\n}\n",
    );
    write(
        "prisma/migrations/1_init/migration.sql",
        "CREATE TABLE reading (id int PRIMARY KEY);\nCREATE INDEX ON reading (id);\n",
    );
    write("clickhouse/migrations/1_drop.sql", "DROP TABLE reading;\n");
    let reading = found(folder.path(), "reading");
    assert_eq!(names(&reading), [("table", "public.reading")]);
    let touched = reading[0]["touched"].as_array().unwrap();
    assert_eq!(touched.len(), 1, "{touched:?}");
    assert_eq!(touched[0]["remark"], "`buoys` alters it");
}

#[test]
fn a_name_of_nothing_is_an_error_that_names_the_nearest() {
    let folder = two_services();
    let error = |name: &str| {
        let output = run(folder.path(), &[name]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        error("outbox"),
        "error: no table and no database is called `outbox`\n  help: did you mean `\"Outbox\"`?\n"
    );
    assert_eq!(
        error("Public.Outbx"),
        "error: no table and no database is called `Public.Outbx`\n  help: did you mean `public.\"Outbox\"`?\n"
    );
    assert_eq!(
        error("unheard_of"),
        "error: no table and no database is called `unheard_of`\n  help: `dbfence inspect` lists them\n"
    );
    assert_eq!(
        error("a..b"),
        "error: `a..b` is no name of a table or a database\n  help: write `table`, `schema.table`, \
         `database` or `database.table`\n"
    );
    assert!(!error("\u{1b}[31m\u{202e}").contains(['\u{1b}', '\u{202e}']));
}
