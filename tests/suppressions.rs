//! Comments that silence findings: where they may stand in every language, what they are about, and how they
//! are written.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dbfence::report::Format;
use support::{Files, copy};

const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const COMPOSE: &str = "products/nordhaven/docker-compose.yml";
const START: &str = "products/nordhaven/start-dev.sh";
const NGINX: &str = "apps/nordhaven-web/nginx.conf";
const SCHEMA: &str = "modules/domain/invoicing/prisma/schema.prisma";
const REPORT: &str = "modules/domain/invoicing/sql/report.sql";
const CODE: &str = "modules/domain/invoicing/src/tariffs.ts";
const DOCKERFILE: &str = "modules/domain/invoicing/Dockerfile";

/// The findings of the clean product with another file.
fn added(path: &str, text: &str) -> Vec<String> {
    Files::of_fixture("clean").add(path, text).findings()
}

/// The findings of the clean product with another text in a file.
fn replaced(path: &str, old: &str, new: &str) -> Vec<String> {
    Files::of_fixture("clean")
        .replace(path, old, new)
        .findings()
}

#[track_caller]
fn assert_silent(findings: &[String]) {
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn sql_is_silenced_on_its_line_and_above() {
    for text in [
        "SELECT 1 FROM invoice i\n-- dbfence-ignore foreign-table: a\nJOIN tariff t ON true;\n",
        "SELECT 1 FROM invoice i\nJOIN tariff t ON true; -- dbfence-ignore foreign-table: a\n",
        "SELECT 1 FROM invoice i\nJOIN tariff t /* dbfence-ignore foreign-table: a */ ON true;\n",
        "SELECT 1 FROM invoice i\n/* dbfence-ignore foreign-table: a */ JOIN tariff t ON true;\n",
        "SELECT 1 FROM invoice i\n/* dbfence-ignore foreign-table: a */\n\n-- b\n\t\nJOIN tariff t ON true;\n",
        "SELECT 1 FROM invoice i\n/*\n * Why:\n * dbfence-ignore foreign-table: a\n */\nJOIN tariff t ON true;\n",
        "SELECT 1 FROM invoice i\r\n-- dbfence-ignore foreign-table: a\r\nJOIN tariff t ON true;\r\n",
        "\u{feff}-- dbfence-ignore foreign-table: a\nSELECT 1 FROM tariff;\n",
        "SELECT 1 FROM tariff;\n-- dbfence-ignore-file foreign-table: a\n",
        "--dbfence-ignore foreign-table:a\nSELECT 1 FROM tariff;",
        "-- dbfence-ignore foreign-table , cross-database-query: a\nSELECT 1 FROM tariff JOIN identity.public.account ON true;",
    ] {
        let findings = added(REPORT, text);
        let unused = findings
            .iter()
            .filter(|it| !it.contains("cross-database-query"));
        assert_silent(&unused.cloned().collect::<Vec<_>>());
    }
}

#[test]
fn a_comment_is_about_one_line_and_about_what_begins_there() {
    for text in [
        "-- dbfence-ignore foreign-table: a\nSELECT 1\nFROM tariff;\n",
        "SELECT 1 -- dbfence-ignore foreign-table: a\nFROM tariff;\n",
        "SELECT 1\nFROM tariff;\n-- dbfence-ignore foreign-table: a\nSELECT 1;\n",
    ] {
        let mut findings = added(REPORT, text);
        findings.sort();
        assert_eq!(
            findings,
            [
                format!("foreign-table {REPORT} ⟦tariff⟧"),
                format!("unused-suppression {REPORT} ⟦foreign-table⟧")
            ],
            "{text}"
        );
    }
}

#[test]
fn code_is_silenced_in_its_own_comments_and_in_those_of_its_sql() {
    let code = |before: &str, inside: &str, behind: &str| {
        format!(
            "export const tariffs = (prisma: Prisma) =>\n{before}  prisma.$queryRaw`\n    SELECT title\n{inside}    FROM tariff{behind}\n    WHERE code = ${{1}}\n  `;\n"
        )
    };
    for text in [
        code("  // dbfence-ignore foreign-table: a\n", "", ""),
        code("  /* dbfence-ignore foreign-table: a */\n", "", ""),
        code("", "    -- dbfence-ignore foreign-table: a\n", ""),
        code("", "    /* dbfence-ignore foreign-table: a */\n", ""),
        code("", "", " -- dbfence-ignore foreign-table: a"),
        code("", "", " /* dbfence-ignore foreign-table: a */ t"),
        format!(
            "// dbfence-ignore-file foreign-table: a\n{}",
            code("", "", "")
        ),
        code("", "", "").replace("  `;", "  `; // dbfence-ignore-file foreign-table: a"),
        code("", "", "").replace(
            "    SELECT",
            "    -- dbfence-ignore-file foreign-table: a\n    SELECT",
        ),
    ] {
        assert_silent(&added(CODE, &text));
    }
    let elsewhere = code("", "", "").replace("${1}", "${'-- dbfence-ignore foreign-table: a'}");
    assert_eq!(
        added(CODE, &elsewhere),
        [format!("foreign-table {CODE} ⟦tariff⟧")]
    );
}

#[test]
fn elements_of_jsx_are_silenced_in_braces() {
    let path = "modules/domain/invoicing/src/tariffs.tsx";
    let text = "export const Tariffs = ({ prisma }) => (\n  <ul>\n    {/* dbfence-ignore foreign-table: a */}\n    {prisma.$queryRaw`SELECT title FROM tariff`}\n  </ul>\n);\n";
    assert_silent(&added(path, text));
    let unused = text.replace("FROM tariff", "FROM invoice");
    let files = Files::of_fixture("clean").add(path, &unused);
    assert_eq!(
        files.findings(),
        [format!("unused-suppression {path} ⟦foreign-table⟧")]
    );
    let fixed = files.fixed();
    assert_eq!(
        fixed.text(path),
        unused.replace("    {/* dbfence-ignore foreign-table: a */}\n", "")
    );
}

#[test]
fn yaml_env_and_the_rest_are_silenced_by_their_own_comments() {
    let clean = Files::of_fixture("clean");
    let lines = clean.text(COMPOSE).lines();
    let mut lines = lines.filter(|line| line.ends_with("5432/tariff_book"));
    let line = lines.next().unwrap_or_default().to_owned();
    let broken = line.replace("5432/tariff_book", "5432/identity");
    for text in [
        format!("      # dbfence-ignore database-url-mismatch: a\n{broken}"),
        format!("{broken} # dbfence-ignore database-url-mismatch: a"),
        format!("{broken}\n# dbfence-ignore-file database-url-mismatch: a"),
    ] {
        assert_silent(&replaced(COMPOSE, &line, &text));
    }
    assert_silent(&replaced(
        NGINX,
        "http://tariff-book:4212;",
        "http://tariff-book:4213; # dbfence-ignore proxy-drift: a",
    ));
    assert_silent(&replaced(
        DOCKERFILE,
        "ENV NODE_ENV=production",
        "ENV NODE_ENV=production \\\n# dbfence-ignore hardcoded-credential: a\n  DATABASE_URL=postgresql://nordhaven:ebb-and-flow@postgres:5432/invoicing",
    ));
    assert_silent(&replaced(
        START,
        "pnpm --dir modules/shared/tariff-book exec prisma db seed",
        "pnpm --dir modules/shared/tarif-book exec prisma db seed # dbfence-ignore start-script-drift: a",
    ));
    assert_silent(&replaced(
        REGISTRY,
        "hostname: \"tariff-book\",",
        "hostname: \"tarif-book\", // dbfence-ignore hostname-mismatch: a",
    ));
    assert_silent(&replaced(
        SCHEMA,
        "provider = \"postgresql\"",
        "/// dbfence-ignore prisma-provider: a\n  provider = \"mysql\"",
    ));
}

#[test]
fn a_text_that_no_comment_can_break_is_silenced_above_it() {
    let script = |comment: &str| {
        format!(
            "#!/bin/sh\nset -e\n{comment}psql \"$DATABASE_URL\" <<'SQL'\nSELECT 1\nFROM tariff;\nSQL\nexec node dist/main.js\n"
        )
    };
    let path = "modules/domain/invoicing/report.sh";
    let found = added(path, &script(""));
    for finding in &found {
        let rule = finding.split(' ').next().unwrap_or_default();
        let comment = format!("# dbfence-ignore {rule}: a\n");
        assert_silent(&added(path, &script(&comment)));
    }
}

#[test]
fn who_is_silenced_hands_the_word_to_nobody() {
    // The mismatch of the URL speaks before the drift of everything that is made from the registry.
    let broken = Files::of_fixture("clean").replace(
        REGISTRY,
        "database: \"tariff_book\"",
        "database: \"tariffs\"",
    );
    let findings = broken.findings();
    let (silenced, left) = broken.silenced("a");
    assert!(!findings.is_empty());
    assert_eq!(
        (silenced.findings(), left),
        (Vec::<String>::new(), Vec::new())
    );
}

#[test]
fn files_that_say_nothing_else_are_read_for_their_comments() {
    for (path, text) in [
        (
            "modules/domain/invoicing/src/plain.ts",
            "// dbfence-ignore foreign-table: a\nexport {};\n",
        ),
        (
            "modules/domain/invoicing/src/plain.spec.ts",
            "// dbfence-ignore foreign-table: a\nexport {};\n",
        ),
        (
            "deploy/plain.yaml",
            "# dbfence-ignore foreign-table: a\na: 1\n",
        ),
    ] {
        assert_eq!(
            added(path, text),
            [format!("unused-suppression {path} ⟦foreign-table⟧")],
            "{path}"
        );
    }
    // Prose about the comments is none.
    let prose = "// A `dbfence-ignore` comment, or dbfence-ignore-file, is written by hand; dbfence-ignored lines are rare.\n// \"dbfence-ignore foreign-table: a\"\nexport {};\n";
    assert_silent(&added("modules/domain/invoicing/src/plain.ts", prose));
}

#[test]
fn a_comment_is_not_unused_where_something_cannot_be_read() {
    let comment =
        "  # dbfence-ignore stateless-with-database: a\n  tariff-book:\n    <<: *service\n";
    let files =
        Files::of_fixture("clean").replace(COMPOSE, "  tariff-book:\n    <<: *service\n", comment);
    assert_eq!(
        files.findings(),
        [format!(
            "unused-suppression {COMPOSE} ⟦stateless-with-database⟧"
        )]
    );
    let broken = format!("{}\n  ] broken\n", files.text(COMPOSE));
    let files = files.remove(COMPOSE).add(COMPOSE, &broken);
    let findings = files.findings();
    assert!(
        !findings
            .iter()
            .any(|it| it.starts_with("unused-suppression")),
        "{findings:?}"
    );
}

#[test]
fn a_comment_is_not_unused_in_a_module_that_no_registry_names() {
    let code = "// dbfence-ignore undeclared-service-url: a\nexport const url = process.env.DATABASE_URL;\n";
    let unused =
        |path: &str| format!("unused-suppression {path} \u{27e6}undeclared-service-url\u{27e7}");
    let registered = "modules/platform/identity/src/url.ts";
    let below_root = "packages/urls/src/url.ts";
    let unregistered = "services/orders/src/url.ts";
    for (stack, is_of_root) in [("legacy/docker-compose.yml", false), ("compose.yml", true)] {
        let build = if is_of_root { "." } else { ".." };
        let compose = format!(
            "services:\n  store:\n    image: postgres:16\n    environment: {{ POSTGRES_PASSWORD: a, POSTGRES_DB: orders }}\n  orders:\n    build: {build}/services/orders\n    environment: {{ DATABASE_URL: \"postgresql://postgres:a@store:5432/orders\" }}\n    depends_on: [store]\n"
        );
        // With a second product nobody's stack in the root is one of the first.
        let second = "export const serviceRegistry = {\n  gate: { port: 6101, database: \"gate\", dockerfile: \"modules/domain/gate/Dockerfile\" },\n};\n";
        let files = Files::of_fixture("clean")
            .add("products/skerry/infra/service-registry.ts", second)
            .add(stack, &compose)
            .add("services/orders/Dockerfile", "FROM node:22\n")
            .add("services/orders/package.json", "{}\n")
            .add(registered, code)
            .add(below_root, code)
            .add(unregistered, code);
        let mut found = files.findings();
        found.retain(|it| it.starts_with("unused-suppression"));
        let mut expected = vec![unused(registered)];
        expected.extend((!is_of_root).then(|| unused(below_root)));
        assert_eq!(found, expected, "{stack}");
    }
}

#[test]
fn what_a_comment_says_wrongly_is_found_on_its_words() {
    for (comment, found) in [
        (
            "dbfence-ignore foreign-tabel: a",
            vec![
                "foreign-table ⟦tariff⟧",
                "unused-suppression ⟦foreign-tabel⟧",
            ],
        ),
        (
            "dbfence-ignore sql: a",
            vec!["foreign-table ⟦tariff⟧", "unused-suppression ⟦sql⟧"],
        ),
        (
            "dbfence-ignore: a",
            vec![
                "foreign-table ⟦tariff⟧",
                "unused-suppression ⟦dbfence-ignore⟧",
            ],
        ),
        (
            "dbfence-ignore",
            vec![
                "foreign-table ⟦tariff⟧",
                "unused-suppression ⟦dbfence-ignore⟧",
            ],
        ),
        (
            "dbfence-ignore-line foreign-table: a",
            vec![
                "foreign-table ⟦tariff⟧",
                "unused-suppression ⟦dbfence-ignore-line⟧",
            ],
        ),
        (
            "so dbfence-ignore foreign-table: a",
            vec![
                "foreign-table ⟦tariff⟧",
                "unused-suppression ⟦dbfence-ignore⟧",
            ],
        ),
        (
            "dbfence-ignore foreign-table",
            vec!["suppression-without-reason ⟦foreign-table⟧"],
        ),
        (
            "dbfence-ignore foreign-table:",
            vec!["suppression-without-reason ⟦foreign-table⟧"],
        ),
        (
            "dbfence-ignore foreign-table -- a",
            vec!["suppression-without-reason ⟦foreign-table⟧"],
        ),
        (
            "dbfence-ignore foreign-table a",
            vec!["suppression-without-reason ⟦foreign-table⟧"],
        ),
        (
            "dbfence-ignore foreign-table, duplicate-port: a",
            vec!["unused-suppression ⟦duplicate-port⟧"],
        ),
        (
            "dbfence-ignore foreign-table, foreign-table: a",
            vec!["unused-suppression ⟦foreign-table⟧"],
        ),
        (
            "dbfence-ignore foreign-table duplicate-port: a",
            vec!["unused-suppression ⟦duplicate-port⟧"],
        ),
        ("dbfence-ignore foreign-table: a: b, c", vec![]),
    ] {
        let findings = added(REPORT, &format!("-- {comment}\nSELECT 1 FROM tariff;\n"));
        let mut findings: Vec<String> = findings
            .iter()
            .map(|it| it.replace(&format!("{REPORT} "), ""))
            .collect();
        findings.sort();
        assert_eq!(findings, found, "{comment}");
    }
}

#[test]
fn an_exception_is_silenced_in_the_config() {
    let config = "exceptions:\n  # dbfence-ignore unused-suppression: agreed for the next release\n  - { service: invoicing, may-read: [tariff_book.tariff], reason: a, until: 2031-12-31 }\n";
    let clean = Files::of_fixture("clean");
    let text = format!("{}\n{config}", clean.text("dbfence.yaml"));
    let files = clean.remove("dbfence.yaml").add("dbfence.yaml", &text);
    assert_silent(&files.findings());
}

#[test]
fn comments_are_added_in_the_manner_of_the_file() {
    let files = Files::of_fixture("clean")
        .add(REPORT, "SELECT 1\r\n\tFROM tariff, account;\r\n")
        .add(
            CODE,
            "export const tariffs = (prisma: Prisma) =>\n  prisma.$queryRaw`\n    SELECT title\n    FROM tariff`;\n",
        )
        .add(
            "modules/domain/invoicing/src/list.tsx",
            "export const List = ({ prisma }) => (\n  <ul>\n    {prisma.$queryRaw`SELECT title FROM tariff`}\n  </ul>\n);\n",
        )
        .replace(
            DOCKERFILE,
            "ENV NODE_ENV=production",
            "ENV NODE_ENV=production \\\n  DATABASE_URL=postgresql://nordhaven:ebb-and-flow@postgres:5432/invoicing",
        );
    let (silenced, left) = files.silenced("until the API is there */ x");
    assert_eq!(left, Vec::<String>::new());
    assert_silent(&silenced.findings());
    assert_eq!(
        silenced.text(REPORT),
        "SELECT 1\r\n\t-- dbfence-ignore foreign-table: until the API is there */ x\r\n\tFROM tariff, account;\r\n"
    );
    assert_eq!(
        silenced.text(CODE),
        "export const tariffs = (prisma: Prisma) =>\n  // dbfence-ignore foreign-table: until the API is there */ x\n  prisma.$queryRaw`\n    SELECT title\n    FROM tariff`;\n"
    );
    assert!(
        silenced
            .text("modules/domain/invoicing/src/list.tsx")
            .contains("\n    {/* dbfence-ignore foreign-table: until the API is there * / x */}\n    {prisma")
    );
    assert!(silenced.text(DOCKERFILE).contains(
        "ENV NODE_ENV=production \\\n  # dbfence-ignore hardcoded-credential: until the API is there */ x\n  DATABASE_URL"
    ));
    let (again, left) = silenced.clone().silenced("another");
    assert_eq!(left, Vec::<String>::new());
    assert!(
        again
            .paths()
            .all(|path| again.text(path) == silenced.text(path))
    );
}

#[test]
fn a_comment_with_the_same_reason_takes_another_rule() {
    let before = "-- dbfence-ignore foreign-table: a\nSELECT 1 FROM tariff JOIN identity.public.account ON true;\n";
    let (silenced, left) = Files::of_fixture("clean").add(REPORT, before).silenced("a");
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(
        silenced.text(REPORT),
        before.replace("foreign-table:", "foreign-table, cross-database-query:")
    );
    let (silenced, _) = Files::of_fixture("clean").add(REPORT, before).silenced("b");
    assert_eq!(
        silenced.text(REPORT),
        before.replace(
            "SELECT",
            "-- dbfence-ignore cross-database-query: b\nSELECT"
        )
    );
}

#[test]
fn what_no_comment_can_silence_is_told() {
    let migration =
        "modules/domain/invoicing/prisma/migrations/20250601090000_tariffs/migration.sql";
    let files = Files::of_fixture("clean").add(migration, "CREATE EXTENSION dblink;\n");
    let (silenced, left) = files.clone().silenced("a");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(
        left[0].ends_with("a migration must not change once it is applied"),
        "{left:?}"
    );
    assert_eq!(silenced.text(migration), files.text(migration));
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn check(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dbfence"));
    command.args(["check", "--root", root.to_str().unwrap()]);
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_workspace_full_of_trouble_is_silenced_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("trouble"), folder.path());
    let output = check(folder.path(), &["--add-suppressions=known, GLASS-7"]);
    let generated = "products/glasshouse/infra/init-databases.sql:29:1";
    assert_eq!(
        text(&output.stderr),
        format!(
            "silenced 12 findings in 4 files\nnot silenced: {generated} generated-file-edited: the file is generated, so that the next run would remove the comment\n"
        )
    );
    assert_eq!(output.status.code(), Some(1), "one is left");
    assert_eq!(text(&output.stdout).lines().count(), 1);
    let again = check(folder.path(), &[]);
    assert_eq!(again.stdout, output.stdout, "and nothing else");
    let all = check(folder.path(), &["--no-suppressions"]);
    assert_eq!(text(&all.stdout).lines().count(), 13);
    let chosen = "products/glasshouse/docker-compose.yml";
    let fresh = tempfile::tempdir().unwrap();
    copy(&fixture("trouble"), fresh.path());
    let path = fresh.path().join(chosen);
    let output = check(
        fresh.path(),
        &["--add-suppressions", "known", path.to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&check(fresh.path(), &[]).stdout).lines().count() > 1);
}

#[test]
fn a_reason_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("trouble"), folder.path());
    for reason in ["", "  ", "\u{7}bell", "a dbfence-ignore b: c"] {
        let output = check(folder.path(), &["--add-suppressions", reason]);
        assert_eq!(output.status.code(), Some(2), "{reason:?}");
    }
    let both = check(
        folder.path(),
        &["--add-suppressions=a", "--no-suppressions"],
    );
    assert_eq!(both.status.code(), Some(2));
}

/// A small workspace with one mistake, an error, and a comment about it.
fn small_workspace(comment: &str, hostname: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("dbfence.yaml", "rules: { missing-compose-service: off }\n");
    write(
        "infra/service-registry.ts",
        &format!(
            "export const serviceRegistry = {{\n  cellar: {{ port: 4801, hostname: \"{hostname}\", database: \"cellar\", dockerfile: \"modules/cellar/Dockerfile\" }},{comment}\n}};\n"
        ),
    );
    write("modules/cellar/Dockerfile", "FROM node:22\n");
    write(
        "modules/cellar/prisma/schema.prisma",
        "datasource db {\n  provider = \"postgresql\"\n}\n",
    );
    folder
}

#[test]
fn exit_codes_are_the_same_in_every_format_with_every_silencer() {
    let reasoned = " // dbfence-ignore hostname-mismatch: a";
    let reasonless = " // dbfence-ignore hostname-mismatch";
    let of_file = " // dbfence-ignore-file hostname-mismatch: a";
    let unknown = " // dbfence-ignore hostname-mismatsch: a";
    // The codes where errors, warnings and nothing fail.
    for (what, comment, hostname, more, codes) in [
        ("nothing wrong", "", "cellar", &[][..], [0, 0, 0]),
        ("no silencer", "", "celar", &[], [1, 1, 0]),
        ("a comment", reasoned, "celar", &[], [0, 0, 0]),
        (
            "a comment without a reason",
            reasonless,
            "celar",
            &[],
            [0, 1, 0],
        ),
        ("a comment for the file", of_file, "celar", &[], [0, 0, 0]),
        ("an unknown rule", unknown, "celar", &[], [1, 1, 0]),
        ("an unused comment", reasoned, "cellar", &[], [0, 1, 0]),
        (
            "comments left aside",
            reasoned,
            "celar",
            &["--no-suppressions"],
            [1, 1, 0],
        ),
        (
            "unused ones left aside",
            reasoned,
            "cellar",
            &["--no-suppressions"],
            [0, 0, 0],
        ),
        ("a debt file", "", "celar", &[], [0, 0, 0]),
        (
            "a debt file left aside",
            "",
            "celar",
            &["--baseline", "none"],
            [1, 1, 0],
        ),
        (
            "a debt file and no comments",
            "",
            "celar",
            &["--no-suppressions"],
            [0, 0, 0],
        ),
        (
            "no word about comments",
            reasonless,
            "celar",
            &["--rule", "suppression-without-reason=off"],
            [0, 0, 0],
        ),
    ] {
        let folder = small_workspace(comment, hostname);
        if what.contains("debt file") {
            let root = folder.path().to_str().unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_dbfence"));
            command.args(["baseline", "--root", root, "--reason", "known"]);
            assert_eq!(command.output().unwrap().status.code(), Some(0));
        }
        for (fail_on, code) in ["error", "warning", "never"].into_iter().zip(codes) {
            for format in Format::ALL {
                let format = format.as_str();
                let asked = ["--format", format, "--fail-on", fail_on];
                let output = check(folder.path(), &[&asked, more].concat());
                assert_eq!(
                    output.status.code(),
                    Some(code),
                    "{what}: {format}, {fail_on}: {}",
                    text(&output.stdout)
                );
            }
        }
    }
}
