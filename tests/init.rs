//! `dbfence init`: what it writes is read without an error and changes nothing of what is found.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dbfence::policy::Policy;
use dbfence::rules;
use support::copy;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// A copy of a fixture without its config.
fn unconfigured(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture(name), folder.path());
    fs::remove_file(folder.path().join("dbfence.yaml")).unwrap();
    folder
}

fn run(command: &str, root: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args([command, "--root", root.to_str().unwrap()])
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn written(root: &Path) -> String {
    fs::read_to_string(root.join("dbfence.yaml")).unwrap()
}

const FIXTURES: [&str; 5] = ["clean", "trouble", "broken", "two-products", "no-registry"];

#[test]
fn what_it_writes_changes_nothing_of_what_is_found() {
    for name in FIXTURES {
        let folder = unconfigured(name);
        let before = run("check", folder.path());
        let init = run("init", folder.path());
        assert_eq!(
            init.status.code(),
            Some(0),
            "{name}: {}",
            text(&init.stderr)
        );
        let after = run("check", folder.path());
        assert_eq!(
            before.status.code(),
            after.status.code(),
            "{name}: {}",
            text(&after.stderr)
        );
        assert_eq!(text(&before.stdout), text(&after.stdout), "{name}");
    }
}

/// Whoever takes the mark off a line that shows a setting has a config that is read.
#[test]
fn what_it_writes_as_a_comment_can_be_switched_on() {
    let is_setting = |line: &str| {
        let key = line.trim_start().split(": ").next().unwrap();
        let key = key.trim_end_matches(':');
        line.contains(':')
            && key
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    for name in FIXTURES {
        let folder = unconfigured(name);
        run("init", folder.path());
        let text = written(folder.path());
        let switched_on: Vec<String> = text
            .lines()
            .skip(2)
            .map(|line| {
                let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
                let setting = rest.strip_prefix("# ").filter(|rest| is_setting(rest));
                format!("{indent}{}", setting.unwrap_or(rest))
            })
            .collect();
        let switched_on = switched_on.join("\n");
        let read = Policy::read(&switched_on, rules::all().unwrap().catalogue());
        let policy = read.unwrap_or_else(|broken| panic!("{name}: {broken:?}\n{switched_on}"));
        assert_eq!(
            policy.tools.is_empty(),
            !switched_on.contains("\ntools"),
            "{name}"
        );
        assert!(
            switched_on.contains("\nrules:\n  overlapping-route: warning"),
            "{switched_on}"
        );
    }
}

#[test]
fn it_names_what_it_found() {
    let folder = unconfigured("clean");
    run("init", folder.path());
    let text = written(folder.path());
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("# yaml-language-server: $schema=https://"));
    assert!(first.ends_with("/docs/schema/dbfence.schema.json"));
    for line in [
        "registry: \"products/*/infra/service-registry.ts\"",
        "  development: [docker-compose.yml]",
        "tools: [prisma-studio]",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
}

#[test]
fn it_shows_the_services_that_were_inferred() {
    let folder = unconfigured("no-registry");
    run("init", folder.path());
    let text = written(folder.path());
    let rides = "#   rides: { folder: apps/rides, compose: [rides, rides-migrate, rides-worker], variable: DATABASE_URL, database: rides }";
    assert!(text.lines().any(|line| line == rides), "{text}");
}

#[test]
fn it_leaves_a_config_alone_that_is_there() {
    let folder = unconfigured("no-registry");
    let path = folder.path().join("dbfence.yaml");
    for there in ["", "rules: {}\n"] {
        fs::write(&path, there).unwrap();
        let output = run("init", folder.path());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("is there already"));
        assert_eq!(written(folder.path()), there);
    }
    let left = fs::read_dir(folder.path()).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unfinished = names.filter(|name| name.starts_with(".dbfence"));
    assert_eq!(unfinished.count(), 0);
}

/// Names that YAML would take for something else are quoted, and those that break lines are as well.
#[test]
fn odd_names_are_written_so_that_they_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let service = "services:\n  \"off\":\n    image: adminer\n    environment:\n      U: postgresql://a:b@db:5432/x\n";
    fs::write(folder.path().join("compose.yaml"), service).unwrap();
    let odd = folder.path().join("a: [b] #c*");
    fs::create_dir_all(odd.join("infra")).unwrap();
    fs::write(
        odd.join("infra/service-registry.ts"),
        "export const services = {\n  a: { port: 1, database: \"a\", hostname: \"a\" },\n};\n",
    )
    .unwrap();
    run("init", folder.path());
    let text = written(folder.path());
    let policy = Policy::read(&text, rules::all().unwrap().catalogue());
    let policy = policy.unwrap_or_else(|broken| panic!("{broken:?}\n{text}"));
    assert_eq!(policy.tools, ["off"], "{text}");
    assert_eq!(
        policy.registries,
        ["a: [[]b[]] #c[*]/infra/service-registry.ts"]
    );
    let checked = run("check", folder.path());
    assert_eq!(
        checked.status.code(),
        Some(1),
        "{}",
        self::text(&checked.stderr)
    );
}

/// A registry that could not be recognised must not be left out from then on.
#[test]
fn a_registry_in_doubt_keeps_the_setting_a_comment() {
    let folder = unconfigured("two-products");
    let broken = folder
        .path()
        .join("products/opera/infra/service-registry.ts");
    fs::write(&broken, "// database\nconst port: = ;\n").unwrap();
    let before = run("check", folder.path());
    run("init", folder.path());
    assert!(written(folder.path()).contains("\n# registry: "));
    assert_eq!(
        text(&before.stdout),
        text(&run("check", folder.path()).stdout)
    );
}
