//! The binary as its users run it: exit codes, formats, streams, and input of every bad kind.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::copy;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn dbfence(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dbfence"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS");
    command
}

fn check(root: &Path, arguments: &[&str]) -> Output {
    let root = root.to_str().unwrap();
    let all = [&["check", "--root", root], arguments].concat();
    dbfence(&all).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FORMATS: [&str; 12] = [
    "pretty",
    "concise",
    "json",
    "jsonl",
    "sarif",
    "code-scanning",
    "github",
    "gitlab",
    "junit",
    "checkstyle",
    "rdjson",
    "markdown",
];

#[test]
fn exit_codes_are_the_same_in_every_format() {
    let empty = tempfile::tempdir().unwrap();
    fs::write(empty.path().join("dbfence.yaml"), "").unwrap();
    for format in FORMATS {
        let code = |root: &Path, more: &[&str]| {
            let all = [&["--format", format], more].concat();
            check(root, &all).status.code()
        };
        assert_eq!(code(&fixture("clean"), &[]), Some(0), "{format}: clean");
        assert_eq!(code(&fixture("trouble"), &[]), Some(1), "{format}: trouble");
        assert_eq!(
            code(&fixture("trouble"), &["--fail-on", "never"]),
            Some(0),
            "{format}: never"
        );
        assert_eq!(
            code(empty.path(), &[]),
            Some(2),
            "{format}: nothing to check"
        );
        assert_eq!(
            code(&fixture("clean"), &["--rule", "x=off"]),
            Some(2),
            "{format}: no such rule"
        );
        assert_eq!(
            code(&fixture("nowhere"), &[]),
            Some(2),
            "{format}: no such root"
        );
        assert_eq!(
            code(&fixture("clean"), &["--nonsense"]),
            Some(2),
            "{format}: wrong usage"
        );
    }
}

#[test]
fn one_run_writes_several_reports() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let root = fixture("trouble");
    let alone = |format: &str| text(&check(&root, &["--format", format]).stdout);
    fs::write(file("a.sarif"), "what was there before").unwrap();
    let written = format!("sarif={}", file("a.sarif"));
    let more = format!("markdown={}", file("b=c.md"));
    let all = [
        "--format", &written, "--format", "concise", "--format", &more,
    ];
    let output = check(&root, &all);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), alone("concise"));
    assert_eq!(fs::read_to_string(file("a.sarif")).unwrap(), alone("sarif"));
    assert_eq!(
        fs::read_to_string(file("b=c.md")).unwrap(),
        alone("markdown")
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing is left over"
    );

    let only_a_file = check(&root, &["--format", &written]);
    assert_eq!(text(&only_a_file.stdout), alone("concise"));
}

#[test]
fn a_report_that_cannot_be_written_is_no_check() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere/a.sarif");
    let nowhere = format!("sarif={}", nowhere.display());
    let twice = format!("junit={}", folder.path().join("a").display());
    let cases: [(&[&str], &str); 6] = [
        (&[&nowhere], "a.sarif` cannot be written"),
        (
            &["json", "sarif"],
            "`json` and `sarif` cannot both be printed",
        ),
        (&[&twice, &twice], "two reports are to be written to"),
        (&["sarif="], "there is no file behind the `=`"),
        (
            &["srif"],
            "there is no format `srif`; did you mean `sarif`?",
        ),
        (&["everything"], "write `pretty`, `concise`, "),
    ];
    for (formats, words) in cases {
        let formats: Vec<&str> = formats.iter().flat_map(|it| ["--format", it]).collect();
        let output = check(&fixture("clean"), &formats);
        assert_eq!(output.status.code(), Some(2), "{formats:?}");
        let said = text(&output.stderr);
        assert!(said.contains(words), "{formats:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_goes_through_links_and_into_what_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("real.json"), "").unwrap();
    std::os::unix::fs::symlink("real.json", at("link.json")).unwrap();
    let link = format!("json={}", at("link.json").display());
    let all = ["--format", &link, "--format", "jsonl=/dev/null"];
    assert_eq!(check(&fixture("clean"), &all).status.code(), Some(0));
    assert!(at("link.json").symlink_metadata().unwrap().is_symlink());
    let written = fs::read_to_string(at("real.json")).unwrap();
    assert!(written.starts_with('{'), "{written}");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn the_workspace_below_a_repository_is_named_from_its_root_where_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    let root = folder.path().join("apps/shop");
    fs::create_dir_all(&root).unwrap();
    copy(&fixture("trouble"), &root);
    let said = |format: &str| text(&check(&root, &["--format", format]).stdout);
    assert!(said("github").contains("file=apps/shop/products/glasshouse/docker-compose.yml,"));
    assert!(said("concise").contains("\nproducts/glasshouse/docker-compose.yml:"));
}

#[test]
fn a_warning_fails_only_where_it_is_asked_to() {
    let warned = ["--rule", "database-url-mismatch=warning"];
    let only = |more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        copy(&fixture("clean"), folder.path());
        let compose = folder.path().join("products/nordhaven/docker-compose.yml");
        let broken = fs::read_to_string(&compose)
            .unwrap()
            .replace("5432/tariff_book", "5432/identity");
        fs::write(&compose, broken).unwrap();
        check(folder.path(), &[&warned, more].concat())
            .status
            .code()
    };
    assert_eq!(only(&[]), Some(0));
    assert_eq!(only(&["--fail-on", "warning"]), Some(1));
}

#[test]
fn a_slip_in_a_rule_name_is_answered_with_the_nearest_one() {
    let output = check(&fixture("clean"), &["--rule", "duplicate-prot=off"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("there is no rule `duplicate-prot`; did you mean `duplicate-port`?"),
        "{said}"
    );
    let output = dbfence(&["explain", "duplicate-prot"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `duplicate-port`?"));
}

#[test]
fn a_broken_config_is_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("clean"), folder.path());
    for (config, words) in [
        (
            "rules:\n  duplicate-prot: off\n",
            "dbfence.yaml:2:3: there is no rule `duplicate-prot`; did you mean `duplicate-port`?",
        ),
        (
            "rules:\n  duplicate-port: loud\n",
            "dbfence.yaml:2:19: `loud` is no level; write `error`, `warning` or `off`",
        ),
        (
            "rules:\n  duplicate-port: eror\n",
            "dbfence.yaml:2:19: `eror` is no level; did you mean `error`?",
        ),
        (
            "rulez: {}\n",
            "dbfence.yaml:1:1: there is no key `rulez`; did you mean `rules`?",
        ),
        (
            "postgres:\n  pot: 1\n",
            "dbfence.yaml:2:3: there is no key `pot`; did you mean `port`?",
        ),
        ("rules: [", "dbfence.yaml:1:8: "),
    ] {
        fs::write(folder.path().join("dbfence.yaml"), config).unwrap();
        let output = check(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(2), "{config}");
        assert!(
            text(&output.stderr).contains(words),
            "{config}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_at_any_thread_count() {
    for name in ["clean", "trouble", "broken"] {
        for format in FORMATS {
            let run = |threads: &str| {
                check(&fixture(name), &["--format", format, "--threads", threads]).stdout
            };
            let one = run("1");
            assert_eq!(text(&one), text(&run("2")), "{name} {format}");
            assert_eq!(text(&one), text(&run("7")), "{name} {format}");
        }
    }
}

#[test]
fn paths_choose_what_is_reported() {
    let root = fixture("trouble");
    let findings = |more: &[&str]| text(&check(&root, more).stdout).lines().count();
    let all = findings(&[]);
    let root_path = root.to_str().unwrap();
    assert_eq!(findings(&[root_path]), all);
    let modules = root.join("modules");
    let of_modules = findings(&[modules.to_str().unwrap()]);
    assert!(0 < of_modules && of_modules < all, "{of_modules} of {all}");
    let outside = check(&root, &["/"]);
    assert_eq!(outside.status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let root = fixture("trouble");
    let mut child = dbfence(&[
        "check",
        "--root",
        root.to_str().unwrap(),
        "--format",
        "json",
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn colour_is_used_only_where_it_is_asked_for() {
    let colored = |more: &[&str]| text(&check(&fixture("trouble"), more).stdout).contains('\u{1b}');
    assert!(!colored(&["--format", "pretty"]), "in a pipe");
    assert!(colored(&["--format", "pretty", "--color", "always"]));
    assert!(!colored(&["--format", "pretty", "--color", "never"]));

    let root = fixture("trouble");
    let forced = |variables: &[(&str, &str)], format| {
        let mut command = dbfence(&["check", "--format", format, "--root"]);
        let command = command.arg(&root).envs(variables.iter().copied());
        text(&command.output().unwrap().stdout).contains('\u{1b}')
    };
    let force = ("CLICOLOR_FORCE", "1");
    assert!(forced(&[force], "pretty"));
    assert!(forced(&[force, ("TERM", "dumb")], "pretty"));
    assert!(!forced(&[force, ("NO_COLOR", "1")], "pretty"));
    assert!(!forced(&[("CLICOLOR_FORCE", "0")], "pretty"));
    assert!(!forced(&[force], "json"), "a report for programs");
}

#[test]
fn rules_and_explain_know_every_rule() {
    let table = text(&dbfence(&["rules"]).output().unwrap().stdout);
    for rule in dbfence::rules::ALL {
        let name = rule.entry.name;
        assert!(
            table.lines().any(|line| line.starts_with(name)),
            "{name} is not listed"
        );
        let page = dbfence(&["explain", name]).output().unwrap();
        assert_eq!(page.status.code(), Some(0));
        assert!(text(&page.stdout).contains(name));
    }
    let all = dbfence(&["explain", "--all", "--format", "json"])
        .output()
        .unwrap();
    let documents: serde_json::Value = serde_json::from_slice(&all.stdout).unwrap();
    assert_eq!(
        documents.as_array().unwrap().len(),
        dbfence::rules::ALL.len()
    );
}

const REGISTRY: &str = r#"export const registry = {
  bakery: { hostname: "bakery", port: 4000, database: "bakery", dockerfile: "modules/domain/bakery/Dockerfile" },
};
"#;

/// A workspace with a registry, one module and the given files.
fn workspace(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("dbfence.yaml", b"");
    write("infra/service-registry.ts", REGISTRY.as_bytes());
    write("modules/domain/bakery/Dockerfile", b"FROM node:20\n");
    for (path, bytes) in files {
        write(path, bytes);
    }
    folder
}

/// Runs a check, and gives its exit code and what it printed.
fn checked(root: &Path) -> (i32, String) {
    let output = dbfence(&["check", "--root", root.to_str().unwrap()])
        .output()
        .unwrap();
    let code = output.status.code().expect("it ended by a signal");
    (code, String::from_utf8(output.stdout).unwrap())
}

fn nested(open: &str, count: usize) -> Vec<u8> {
    open.repeat(count).into_bytes()
}

#[test]
fn hostile_texts_end_with_a_finding_and_an_exit_code() {
    const DEEP: usize = 60_000;
    let registry = |text: &str| format!("{REGISTRY}{text}").into_bytes();
    let deep_registry = |open: &str, close: &str| {
        registry(&format!(
            "const deep = {}{};\n",
            open.repeat(DEEP),
            close.repeat(DEEP)
        ))
    };
    let bomb = (1..40).fold("x-0: &a0 [x]\n".to_owned(), |text, level| {
        let below = level - 1;
        format!("{text}x-{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]\n")
    });
    let init = "infra/init-databases.sql";
    let schema = "modules/domain/bakery/prisma/schema.prisma";
    let cases: Vec<(&str, &str, Vec<u8>, &str)> = vec![
        ("an unclosed string", "infra/service-registry.ts", registry("const x = \"abc\n"), "syntax-error"),
        ("brackets in TypeScript", "infra/service-registry.ts", deep_registry("[", "]"), ""),
        ("open brackets in TypeScript", "infra/service-registry.ts", registry(&format!("const deep = {}", "[".repeat(DEEP))), "syntax-error"),
        ("parentheses in TypeScript", "infra/service-registry.ts", deep_registry("(", ")"), ""),
        ("brackets in YAML", "docker-compose.yml", nested("[", DEEP), "syntax-error"),
        ("braces in YAML", "docker-compose.yml", nested("{a: ", DEEP), "syntax-error"),
        ("dashes in YAML", "docker-compose.yml", nested("- ", DEEP), "syntax-error"),
        ("an alias bomb", "docker-compose.yml", format!("{bomb}services: {{}}\n").into_bytes(), ""),
        ("brackets in Prisma", schema, nested("{", DEEP), "syntax-error"),
        ("parentheses in Prisma", schema, [b"model A {\n  id Int @default".to_vec(), nested("(", DEEP)].concat(), "syntax-error"),
        ("parentheses in SQL", init, [b"SELECT ".to_vec(), nested("(", DEEP)].concat(), "syntax-error"),
        ("comments in SQL", init, nested("/*", DEEP), "syntax-error"),
        ("brackets in .env", ".env", [b"A=".to_vec(), nested("${A:-", DEEP)].concat(), ""),
        ("an unclosed quote in .env", ".env", b"A=\"abc\n".to_vec(), "syntax-error"),
        ("invalid UTF-8 in a compose file", "docker-compose.yml", b"services: \xff\n".to_vec(), "unreadable-file"),
        ("invalid UTF-8 in a schema", schema, b"model A \xff".to_vec(), "unreadable-file"),
        ("NUL bytes in a compose file", "docker-compose.yml", b"services:\n  a\0b: {}\n".to_vec(), ""),
        ("NUL bytes in SQL", init, b"CREATE DATABASE\0bakery;".to_vec(), ""),
        ("an alias bomb in a manifest", "deploy/a.yaml", format!("{bomb}apiVersion: v1\nkind: Pod\nu: postgres://x/y\n").into_bytes(), ""),
        ("braces in a manifest", "deploy/a.yaml", [b"apiVersion: v1\nkind: Pod\n# postgres\n".to_vec(), nested("{a: ", DEEP)].concat(), ""),
        ("braces in a package", "modules/domain/bakery/package.json", [b"{\"scripts\": \"postgres://x/y\", \"a\": ".to_vec(), nested("{\"a\": ", DEEP)].concat(), ""),
        ("variables in a Dockerfile", "modules/domain/bakery/Dockerfile", b"ENV A=$A\\\n".repeat(DEEP), ""),
        ("NUL bytes in a registry", "infra/service-registry.ts", registry("\0\0"), ""),
        ("a cycle of constants", "infra/service-registry.ts", b"const a = b;\nconst b = a;\nexport const registry = {\n  bakery: { hostname: \"bakery\", port: a, database: \"bakery\", dockerfile: \"modules/domain/bakery/Dockerfile\" },\n};\n".to_vec(), "dynamic-registry"),
    ];
    for (what, path, bytes, rule) in cases {
        let folder = workspace(&[(path, bytes)]);
        let (code, said) = checked(folder.path());
        assert!((0..=2).contains(&code), "{what}: exit code {code}");
        let has_it = said
            .lines()
            .any(|line| line.starts_with(path) && line.contains(&format!("[{rule}]")));
        assert!(rule.is_empty() || has_it, "{what}: no {rule} in\n{said}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_directories_and_links_are_passed_over_in_silence() {
    use std::os::unix::fs::symlink;
    let folder = workspace(&[]);
    let before = checked(folder.path());
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("infra/x.sql/docker-compose.yml")).unwrap();
    symlink("nowhere.yml", at("compose.dangling.yml")).unwrap();
    symlink("loop-b", at("loop-a")).unwrap();
    symlink("loop-a", at("loop-b")).unwrap();
    symlink(folder.path(), at("infra/up")).unwrap();
    let made = Command::new("mkfifo").arg(at("schema.prisma")).status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "mkfifo is missing"
    );
    assert_eq!(checked(folder.path()), before);
}

#[test]
fn nothing_of_the_scanned_tree_reaches_a_terminal_unescaped() {
    let name = "caf\u{e9}\u{202e}\u{1b}[31m";
    let registry = REGISTRY.replace("\"bakery\", port", &format!("\"{name}\", port"));
    let folder = workspace(&[("infra/service-registry.ts", registry.into_bytes())]);
    for format in FORMATS {
        let said = text(&check(folder.path(), &["--format", format]).stdout);
        assert!(said.contains("hostname-mismatch"), "{format}: {said}");
        let is_hidden =
            |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
        assert!(!said.contains(is_hidden), "{format}: {said:?}");
    }
}

#[test]
fn pretty_shows_the_labels_of_several_files_of_one_finding() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("clean"), folder.path());
    let compose = folder.path().join("products/nordhaven/docker-compose.yml");
    let broken = fs::read_to_string(&compose)
        .unwrap()
        .replace("5432/tariff_book", "5432/identity");
    fs::File::create(&compose)
        .unwrap()
        .write_all(broken.as_bytes())
        .unwrap();
    let said = text(&check(folder.path(), &["--format", "pretty"]).stdout);
    for part in [
        "`tariff-book` connects to `identity`, the database of `identity`",
        "docker-compose.yml:",
        "service-registry.ts:",
        "`identity` owns `identity`",
        "write `tariff_book`",
    ] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_one_finding_whatever_hangs_on_it() {
    let files = [
        "products/nordhaven/docker-compose.yml",
        "products/nordhaven/infra/service-registry.ts",
        "products/nordhaven/infra/init-databases.sql",
        "products/nordhaven/infra/generate.ts",
        "products/nordhaven/infra/env/document-vault.env",
        "products/nordhaven/.env.example",
        "modules/shared/tariff-book/Dockerfile",
        "modules/shared/tariff-book/prisma/schema.prisma",
    ];
    for path in files {
        let folder = tempfile::tempdir().unwrap();
        copy(&fixture("clean"), folder.path());
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(folder.path().join(path))
            .unwrap();
        file.write_all(b"\xff\n").unwrap();
        let said = text(&check(folder.path(), &[]).stdout);
        let expected = format!("{path}:1:1: error[unreadable-file]");
        assert!(
            said.starts_with(&expected) && said.lines().count() == 1,
            "{said}"
        );
    }
}

#[test]
fn quiet_says_findings_and_nothing_else() {
    for root in ["clean", "trouble", "no-registry"] {
        let loud = text(&check(&fixture(root), &["--format", "pretty"]).stdout);
        let output = check(&fixture(root), &["--format", "pretty", "--quiet"]);
        let quiet = text(&output.stdout);
        assert!(loud.starts_with(&quiet), "{root}");
        assert_ne!(loud, quiet, "{root}");
        assert_eq!(text(&output.stderr), "", "{root}");
        assert_eq!(quiet.is_empty(), root != "trouble", "{quiet}");
        let expected = i32::from(root == "trouble");
        assert_eq!(output.status.code(), Some(expected), "{root}");
    }
    let output = check(&fixture("nowhere"), &["--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        !output.stderr.is_empty(),
        "what keeps it from checking is said"
    );
}

#[test]
fn statistics_are_said_beside_the_report() {
    for format in FORMATS {
        let plain = check(&fixture("clean"), &["--format", format]);
        let output = check(&fixture("clean"), &["--format", format, "--stats"]);
        assert_eq!(output.stdout, plain.stdout, "{format}");
        assert_eq!(text(&plain.stderr), "", "{format}: no progress into a pipe");
        let stats = text(&output.stderr);
        let names: Vec<&str> = stats
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let expected = ["read", "parse", "link", "judge", "report", "total"];
        assert_eq!(names, expected, "{format}");
        let count = |name: &str| {
            let line = stats.lines().find(|line| line.starts_with(name)).unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            words[3].parse::<usize>().unwrap()
        };
        assert!(count("read") > 100, "{stats}");
        assert_eq!(count("read"), count("parse"), "{stats}");
    }
}
