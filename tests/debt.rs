//! The debt file, end to end: what it holds back, what becomes of its entries, and how it is written.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::copy;

const FILE: &str = ".dbfence/baseline.yaml";
const COMPOSE: &str = "products/nordhaven/docker-compose.yml";
const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";

/// A copy of a fixture on disk.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn of(fixture: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let workspace = Self(tempfile::tempdir().unwrap());
        copy(&from.join(fixture), workspace.0.path());
        workspace
    }

    /// The clean product with three mistakes, two of one rule.
    fn broken() -> Self {
        let workspace = Self::of("clean");
        workspace.replace(COMPOSE, "5432/tariff_book", "5432/identity");
        workspace.replace(COMPOSE, "5432/pilotage", "5432/identity");
        workspace.replace(REGISTRY, "port: 4212", "port: 4211");
        workspace
    }

    /// The same, with all of it in the debt file.
    fn indebted() -> Self {
        let workspace = Self::broken();
        workspace.run("baseline", &["--reason", "waits for the move"]);
        workspace
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn debt(&self) -> String {
        self.read(FILE)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "`{old}` should stand in {path}: {text}");
        self.write(path, text.replace(old, new));
    }

    fn output(&self, command: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dbfence"))
            .args([command, "--root"])
            .arg(self.0.path())
            .args(arguments)
            .env_remove("COLUMNS")
            .output()
            .unwrap()
    }

    /// The exit code and standard output, or the error where there is one.
    fn run(&self, command: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.output(command, arguments);
        let said = if output.stderr.is_empty() {
            output.stdout
        } else {
            output.stderr
        };
        let said = String::from_utf8(said).unwrap();
        (output.status.code(), said)
    }

    /// What `check` finds, one a line, without positions.
    fn findings(&self, arguments: &[&str]) -> Vec<String> {
        let arguments = [&["--format", "concise"], arguments].concat();
        let (code, said) = self.run("check", &arguments);
        assert_ne!(code, Some(2), "{said}");
        let lines = said.lines().map(|line| {
            let (place, rest) = line.split_once(": ").unwrap();
            let path = place.split(':').next().unwrap();
            let rule = rest.split(['[', ']']).nth(1).unwrap();
            format!("{path} {rule}")
        });
        lines.collect()
    }

    /// The last line of the report for people.
    fn summary(&self) -> String {
        let (_, said) = self.run("check", &["--format", "pretty", "--color", "never"]);
        said.lines().last().unwrap_or_default().to_owned()
    }
}

const NONE: [&str; 0] = [];

#[test]
fn known_findings_wait_and_new_ones_speak() {
    let workspace = Workspace::broken();
    assert_eq!(workspace.findings(&[]).len(), 3);
    let (code, said) = workspace.run(
        "baseline",
        &[
            "--reason",
            "waits",
            "--owner",
            "team-quay",
            "--expires",
            "2999-12-31",
        ],
    );
    assert_eq!(code, Some(0));
    assert_eq!(said, ".dbfence/baseline.yaml: 3 added, 0 removed, 0 kept\n");
    assert_eq!(workspace.findings(&[]), NONE);
    assert!(workspace.summary().ends_with("; 3 in the baseline"));
    let debt = workspace.debt();
    assert_eq!(
        debt.matches("    reason: waits\n    owner: team-quay\n    expires: 2999-12-31\n")
            .count(),
        3
    );

    workspace.replace(COMPOSE, "5432/audit_trail", "5432/identity");
    let found = workspace.findings(&[]);
    assert_eq!(found.len(), 1, "{found:?}");
    let (_, said) = workspace.run("baseline", &[]);
    assert!(
        said.starts_with(
            "error: 1 finding is not in the baseline, and nothing says why it can wait\n"
        ),
        "{said}"
    );
    let (_, said) = workspace.run("baseline", &["--reason", "waits too"]);
    assert_eq!(said, ".dbfence/baseline.yaml: 1 added, 0 removed, 3 kept\n");
    assert_eq!(workspace.findings(&[]), NONE);
}

#[test]
fn nothing_is_added_without_a_reason() {
    let workspace = Workspace::broken();
    let (code, said) = workspace.run("baseline", &[]);
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        "error: 3 findings are not in the baseline, and nothing says why they can wait\n  help: say so with `--reason TEXT`, or mend them first\n"
    );
    assert!(!workspace.path(FILE).exists());
    let workspace = Workspace::indebted();
    assert_eq!(workspace.run("baseline", &[]).0, Some(0), "nothing is new");
}

#[test]
fn what_is_clean_has_no_debt_file() {
    let workspace = Workspace::of("clean");
    let (code, said) = workspace.run("baseline", &[]);
    assert_eq!(
        (code, said.as_str()),
        (
            Some(0),
            ".dbfence/baseline.yaml: 0 added, 0 removed, 0 kept\n"
        )
    );
    assert!(!workspace.path(".dbfence").exists());
    assert_eq!(workspace.run("baseline", &["--check"]).0, Some(0));
}

#[test]
fn lines_that_move_and_files_that_are_renamed_keep_their_entries() {
    let workspace = Workspace::indebted();
    workspace.replace(
        COMPOSE,
        "name: nordhaven\n",
        "# a line\n\nname: nordhaven\n",
    );
    workspace.replace(REGISTRY, "label: \"Harbour dues\"", "label: \"Dues\"");
    assert_eq!(workspace.findings(&[]), NONE);
    fs::rename(
        workspace.path(COMPOSE),
        workspace.path("products/nordhaven/compose.yaml"),
    )
    .unwrap();
    let found = workspace.findings(&[]);
    assert!(
        !found.iter().any(|it| it.contains("database-url-mismatch")),
        "{found:?}"
    );
}

#[test]
fn a_paid_entry_is_told_pruned_and_checked() {
    let workspace = Workspace::indebted();
    assert_eq!(
        workspace.run("baseline", &["--check"]),
        (
            Some(0),
            ".dbfence/baseline.yaml: 3 entries, 0 paid, 0 expired\n".to_owned()
        )
    );
    workspace.replace(
        REGISTRY,
        "port: 4211,\n    database: \"tariff",
        "port: 4212,\n    database: \"tariff",
    );
    let mended = workspace.findings(&[]);
    assert_eq!(mended, [".dbfence/baseline.yaml unused-suppression"]);
    assert!(
        workspace
            .summary()
            .ends_with("; 2 in the baseline (1 paid: run `dbfence baseline --prune`)"),
        "{}",
        workspace.summary()
    );
    let (code, said) = workspace.run("baseline", &["--check"]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with(".dbfence/baseline.yaml:"), "{said}");
    assert!(said.contains(": paid: [duplicate-port] "), "{said}");
    assert!(
        said.ends_with("\n.dbfence/baseline.yaml: 3 entries, 1 paid, 0 expired\n"),
        "{said}"
    );

    let (code, said) = workspace.run("baseline", &["--prune"]);
    assert_eq!(code, Some(0));
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 1 removed, 2 kept\n");
    assert!(!workspace.debt().contains("duplicate-port"));
    assert_eq!(workspace.findings(&[]), NONE);
    assert_eq!(workspace.run("baseline", &["--check"]).0, Some(0));
}

#[test]
fn pruning_adds_nothing() {
    let workspace = Workspace::indebted();
    workspace.replace(COMPOSE, "5432/audit_trail", "5432/identity");
    let before = workspace.debt();
    let (_, said) = workspace.run("baseline", &["--prune"]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 0 removed, 3 kept\n");
    assert_eq!(workspace.debt(), before);
    assert_eq!(workspace.findings(&[]).len(), 1);
}

#[test]
fn an_expired_entry_holds_nothing_back_and_is_renewed_by_a_new_day() {
    let workspace = Workspace::indebted();
    workspace.replace(
        FILE,
        "reason: \"waits for the move\"\n",
        "reason: \"waits for the move\"\n    expires: 2020-02-29\n",
    );
    assert_eq!(
        workspace.findings(&[]).len(),
        3,
        "and nothing about the entries"
    );
    let (_, said) = workspace.run("check", &["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let related = document["findings"][0]["related"].as_array().unwrap();
    let label = related.last().unwrap();
    assert_eq!(label["message"], "this entry held it back until 2020-02-29");
    assert_eq!(label["path"], FILE);
    assert_eq!(document["summary"]["expired"], 3);
    assert_eq!(document["summary"]["baselined"], 0);
    assert!(
        workspace
            .summary()
            .ends_with("; 0 in the baseline (3 expired)"),
        "{}",
        workspace.summary()
    );
    let (code, said) = workspace.run("baseline", &["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        said.matches(": expired on 2020-02-29: [").count(),
        3,
        "{said}"
    );

    let (_, said) = workspace.run("baseline", &[]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 0 removed, 3 kept\n");
    assert_eq!(
        workspace.findings(&[]).len(),
        3,
        "without a new day they stay as they are"
    );
    let (_, said) = workspace.run("baseline", &["--expires", "2999-01-01"]);
    assert_eq!(
        said,
        ".dbfence/baseline.yaml: 0 added, 0 removed, 3 kept (3 renewed)\n"
    );
    assert_eq!(workspace.findings(&[]), NONE);
    let debt = workspace.debt();
    assert_eq!(
        debt.matches("    reason: \"waits for the move\"\n    expires: 2999-01-01\n")
            .count(),
        3,
        "{debt}"
    );
    let (code, said) = workspace.run("baseline", &["--expires", "2020-01-01"]);
    assert_eq!(code, Some(2));
    assert!(
        said.starts_with("error: `--expires 2020-01-01` has passed"),
        "{said}"
    );
}

#[test]
fn a_rule_that_is_off_leaves_its_entries_alone() {
    let workspace = Workspace::indebted();
    // Another rule sees the same mistake and speaks in its place.
    let instead = [format!("{COMPOSE} service-port-drift")];
    assert_eq!(
        workspace.findings(&["--rule", "duplicate-port=off"]),
        instead
    );
    workspace.replace(
        "dbfence.yaml",
        "rules:\n",
        "rules:\n  duplicate-port: off\n",
    );
    assert_eq!(workspace.findings(&[]), instead);
    let (_, said) = workspace.run("baseline", &["--prune"]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 0 removed, 3 kept\n");
}

#[test]
fn a_level_changes_nothing_of_the_debt() {
    let workspace = Workspace::indebted();
    for level in ["warning", "error"] {
        let level = format!("database-url-mismatch={level}");
        assert_eq!(workspace.findings(&["--rule", &level]), NONE);
    }
}

#[test]
fn what_cannot_be_read_pays_nothing() {
    let workspace = Workspace::indebted();
    workspace.replace(
        REGISTRY,
        "export const serviceRegistry = {",
        "export const serviceRegistry = {{",
    );
    let found = workspace.findings(&[]);
    assert!(
        found.iter().any(|it| it.contains("syntax-error")),
        "{found:?}"
    );
    assert!(
        !found.iter().any(|it| it.contains("unused-suppression")),
        "{found:?}"
    );
    let (_, said) = workspace.run("baseline", &["--prune"]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 0 removed, 3 kept\n");
}

#[test]
fn a_choice_of_paths_makes_no_entry_idle() {
    let workspace = Workspace::indebted();
    let elsewhere = workspace.path("modules");
    assert_eq!(workspace.findings(&[elsewhere.to_str().unwrap()]), NONE);
    workspace.replace(
        REGISTRY,
        "port: 4211,\n    database: \"tariff",
        "port: 4212,\n    database: \"tariff",
    );
    assert_eq!(workspace.findings(&[elsewhere.to_str().unwrap()]), NONE);
    let debt = workspace.path(FILE);
    assert_eq!(workspace.findings(&[debt.to_str().unwrap()]).len(), 1);
}

#[test]
fn what_people_write_survives() {
    let workspace = Workspace::indebted();
    let debt = workspace.debt();
    let edited = debt
        .replace(
            "  - rule: duplicate-port\n",
            "  # Talk to the quay first.\n  - rule: duplicate-port # see the minutes\n",
        )
        .replacen(
            "    reason: \"waits for the move\"\n",
            "    reason: >\n      waits for\n      the crane\n    owner: 'team: quay'\n",
            1,
        )
        .replace("version: 1\n", "# Ours.\nversion: 1\n")
        + "# The end.\n";
    workspace.write(FILE, &edited);
    assert_eq!(workspace.findings(&[]), NONE);
    workspace.run("baseline", &[]);
    assert_eq!(workspace.debt(), edited, "nothing has changed");

    workspace.replace(COMPOSE, "5432/audit_trail", "5432/identity");
    workspace.run("baseline", &["--reason", "new"]);
    let longer = workspace.debt();
    for line in edited.lines() {
        assert!(longer.contains(line), "{line} in\n{longer}");
    }
    assert!(longer.ends_with("# The end.\n"));
    assert_eq!(workspace.findings(&[]), NONE);
}

/// The message and the path of an entry follow its finding; what people wrote beside them stays.
#[test]
fn what_is_for_readers_is_kept_up_to_date() {
    let workspace = Workspace::indebted();
    let debt = workspace.debt();
    let path = format!("    path: {REGISTRY}\n");
    let old = "    path: long/gone.ts # moved?\n";
    workspace.write(FILE, debt.replace(&path, old));
    assert_eq!(workspace.findings(&[]), NONE);
    workspace.run("baseline", &[]);
    let written = workspace.debt();
    assert!(
        written.contains(&path) && written.contains("  # moved?\n  - rule:"),
        "{written}"
    );
    assert_eq!(written.replace("  # moved?\n", ""), debt);
}

#[test]
fn entries_are_sorted_whatever_their_order_was() {
    let workspace = Workspace::indebted();
    let debt = workspace.debt();
    let (head, entries) = debt.split_once("entries:\n").unwrap();
    let mut blocks: Vec<String> = entries
        .split("  - ")
        .skip(1)
        .map(|it| format!("  - {it}"))
        .collect();
    blocks.reverse();
    workspace.write(FILE, format!("{head}entries:\n{}", blocks.concat()));
    assert_eq!(workspace.findings(&[]), NONE);
    workspace.run("baseline", &[]);
    assert_eq!(workspace.debt(), debt);
}

/// A file that is laid out otherwise is read, and written as we do; its comments stay.
#[test]
fn other_layouts_are_read_and_written_anew() {
    let indebted = Workspace::indebted();
    let debt = indebted.debt();
    let entries: serde_json::Value = serde_saphyr::from_str(&debt).unwrap();
    let flow = format!("# A comment.\n{}", serde_json::to_string(&entries).unwrap());
    let shared = debt
        .replacen("\"waits for the move\"", "&move \"waits for the move\"", 1)
        .replace("reason: \"waits for the move\"", "reason: *move")
        + "# A comment.\n";
    let narrow = debt.replace("\n    ", "\n  ").replace("\n  - ", "\n- ") + "# A comment.\n";
    for text in [flow, shared, narrow] {
        let workspace = Workspace::broken();
        workspace.write(FILE, &text);
        assert_eq!(workspace.findings(&[]), NONE, "{text}");
        workspace.replace(COMPOSE, "5432/audit_trail", "5432/identity");
        let (_, said) = workspace.run("baseline", &["--reason", "new"]);
        assert_eq!(said, ".dbfence/baseline.yaml: 1 added, 0 removed, 3 kept\n");
        assert_eq!(workspace.findings(&[]), NONE, "{}", workspace.debt());
        assert!(
            workspace.debt().contains("# A comment.\n"),
            "{}",
            workspace.debt()
        );
    }
}

#[test]
fn line_breaks_and_a_byte_order_mark_stay() {
    let workspace = Workspace::indebted();
    let windows = format!("\u{feff}{}", workspace.debt().replace('\n', "\r\n"));
    workspace.write(FILE, &windows);
    assert_eq!(workspace.findings(&[]), NONE);
    workspace.run("baseline", &[]);
    assert_eq!(workspace.debt(), windows);
    workspace.replace(COMPOSE, "5432/audit_trail", "5432/identity");
    workspace.run("baseline", &["--reason", "new"]);
    let written = workspace.debt();
    assert_eq!(
        written.matches('\n').count(),
        written.matches("\r\n").count()
    );
    assert!(written.starts_with("\u{feff}#"));
    assert_eq!(workspace.findings(&[]), NONE);
}

#[test]
fn the_last_entry_goes_as_well() {
    let workspace = Workspace::indebted();
    for path in [COMPOSE, REGISTRY] {
        let clean = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/clean")
            .join(path);
        workspace.write(path, fs::read(clean).unwrap());
    }
    assert_eq!(workspace.findings(&[]).len(), 3);
    let (_, said) = workspace.run("baseline", &[]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 3 removed, 0 kept\n");
    assert_eq!(workspace.findings(&[]), NONE);
    let empty = workspace.debt();
    assert!(empty.ends_with("entries: []\n"), "{empty}");
    workspace.replace(REGISTRY, "port: 4212", "port: 4211");
    workspace.run("baseline", &["--reason", "again"]);
    assert_eq!(workspace.findings(&[]), NONE);
    assert_eq!(workspace.debt().matches("yaml-language-server").count(), 1);
}

/// Each broken debt file, and how what is said about it begins.
fn broken_debt_files() -> Vec<(String, &'static str)> {
    let entry =
        "entries:\n  - rule: duplicate-port\n    fingerprint: 0123456789abcdef0123456789abcdef\n";
    vec![
        ("entries: 3\n".to_owned(), "1:10: a list is expected here"),
        ("- a\n".to_owned(), "1:1: "),
        (
            "entries: [duplicate-port]\n".to_owned(),
            "1:11: keys with values are expected here",
        ),
        (
            "entreis: []\n".to_owned(),
            "1:1: there is no key `entreis`; did you mean `entries`?",
        ),
        (
            "version: 2\n".to_owned(),
            "1:10: this is version 2 of the baseline",
        ),
        (
            "version: one\n".to_owned(),
            "1:10: a whole number is expected here",
        ),
        (
            "entries:\n  - rule: a\n".to_owned(),
            "2:5: `fingerprint` is missing",
        ),
        (
            format!("{entry}    expires: soon\n"),
            "4:14: `soon` is no day; write one such as `2027-03-31`",
        ),
        (
            format!("{entry}    expires: 2027-02-30\n"),
            "4:14: `2027-02-30` is no day",
        ),
        (
            format!("{entry}    reasn: x\n"),
            "4:5: there is no key `reasn`; did you mean `reason`?",
        ),
        (
            format!("{entry}    reason: [x]\n"),
            "4:13: a text is expected here",
        ),
        (
            format!("{entry}    rule: x\n"),
            "4:5: `rule` is written twice",
        ),
        (
            format!("{entry}entries: []\n"),
            "4:1: `entries` is written twice",
        ),
        (
            entry.replace("0123456789abcdef0123456789abcdef", "0123"),
            "3:18: this is no fingerprint",
        ),
        (
            entry.replace(
                "0123456789abcdef0123456789abcdef",
                "0123456789ABCDEF0123456789ABCDEF",
            ),
            "3:18: this is no fingerprint",
        ),
        (
            format!("{entry}---\na: 1\n"),
            "5:1: a second document begins here",
        ),
        (
            format!("<<<<<<< HEAD\n{entry}=======\n{entry}>>>>>>> other\n"),
            "",
        ),
        ("entries: [".repeat(10_000), ""),
        (
            format!(
                "a: &a [x]\nb: &b [{}]\nentries: [{}]\n",
                "*a,".repeat(2000),
                "*b,".repeat(2000)
            ),
            "",
        ),
        ("entries: {".to_owned(), ""),
        ("\0".to_owned(), ""),
    ]
}

/// Nothing is checked: what it holds back would be reported.
#[test]
fn a_broken_debt_file_is_no_debt_file() {
    let workspace = Workspace::broken();
    for (text, expected) in broken_debt_files() {
        workspace.write(FILE, &text);
        let shown = &text[..text.len().min(200)];
        for (command, arguments) in [("check", &[][..]), ("baseline", &["--reason", "x"])] {
            let (code, error) = workspace.run(command, arguments);
            assert_eq!(code, Some(2), "{shown}: {error}");
            assert!(!error.contains("internal error"), "{shown}: {error}");
            let begin = format!("error: {FILE}:{expected}");
            assert!(error.starts_with(&begin), "{shown}: {error}");
        }
        assert_eq!(workspace.debt(), text, "it is not touched");
    }
    assert_eq!(workspace.findings(&["--baseline", "none"]).len(), 3);
    workspace.write(FILE, b"entries: [] # \xff\n");
    let (code, said) = workspace.run("check", &[]);
    assert_eq!(code, Some(2));
    assert!(
        said.starts_with(
            "error: the baseline `.dbfence/baseline.yaml` cannot be read: it is not UTF-8"
        ),
        "{said}"
    );
}

#[test]
fn an_empty_debt_file_is_one_without_entries() {
    let workspace = Workspace::of("clean");
    for text in ["", "\n", "# nothing\n", "{}", "entries:\n", "version: 1\n"] {
        workspace.write(FILE, text);
        assert_eq!(workspace.findings(&[]), NONE, "{text:?}");
    }
}

/// Both sides of a merge that added the same entry, an entry of a rule that is not there, and one that somebody
/// gave another rule.
#[test]
fn entries_that_hold_nothing_back_are_findings() {
    let workspace = Workspace::indebted();
    let debt = workspace.debt();
    let (_, entry) = debt.split_once("  - rule: duplicate-port\n").unwrap();
    let entry = entry.split("  - ").next().unwrap();
    let twice = format!("{debt}  - rule: duplicate-port\n{entry}");
    workspace.write(FILE, &twice);
    assert_eq!(
        workspace.findings(&[]),
        [".dbfence/baseline.yaml unused-suppression"]
    );
    let (_, said) = workspace.run("baseline", &[]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 1 removed, 3 kept\n");
    assert_eq!(workspace.debt(), debt);

    workspace.replace(
        FILE,
        "  - rule: duplicate-port\n",
        "  - rule: duplicate-prot\n",
    );
    let mut found = workspace.findings(&[]);
    found.sort();
    let registry = format!("{REGISTRY} duplicate-port");
    assert_eq!(
        found,
        [".dbfence/baseline.yaml unused-suppression", &registry]
    );
    let (_, said) = workspace.run("check", &["--format", "concise"]);
    assert!(
        said.contains("this entry holds nothing back: there is no rule `duplicate-prot`"),
        "{said}"
    );
    workspace.replace(FILE, "duplicate-prot", "hostname-mismatch");
    assert_eq!(
        workspace.findings(&[]),
        [".dbfence/baseline.yaml unused-suppression", &registry]
    );
}

#[test]
fn thousands_of_entries_take_no_time() {
    use std::fmt::Write;
    let workspace = Workspace::of("clean");
    let mut text = "version: 1\nentries:\n".to_owned();
    for number in 0..2_000 {
        write!(text, "  - rule: duplicate-port\n    message: nothing\n    fingerprint: \"{number:032x}\"\n    reason: x\n").unwrap();
    }
    workspace.write(FILE, &text);
    let start = std::time::Instant::now();
    assert_eq!(workspace.findings(&[]).len(), 2_000);
    let (_, said) = workspace.run("baseline", &["--prune"]);
    assert_eq!(
        said,
        ".dbfence/baseline.yaml: 0 added, 2000 removed, 0 kept\n"
    );
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn another_file_or_none_can_be_named() {
    let workspace = Workspace::indebted();
    assert_eq!(workspace.findings(&["--baseline", "none"]).len(), 3);
    let other = workspace.path("docs/debt.yaml");
    let other = other.to_str().unwrap();
    let (code, said) = workspace.run("check", &["--baseline", other]);
    assert_eq!(code, Some(2));
    assert!(said.starts_with("error: there is no baseline `"), "{said}");
    let (code, said) = workspace.run("baseline", &["--baseline", other, "--reason", "x"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "docs/debt.yaml: 3 added, 0 removed, 0 kept\n")
    );
    assert_eq!(workspace.findings(&["--baseline", other]), NONE);
    fs::remove_file(workspace.path(FILE)).unwrap();
    assert_eq!(workspace.findings(&[]).len(), 3);

    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().join("debt.yaml");
    for command in ["check", "baseline"] {
        let (code, said) = workspace.run(command, &["--baseline", outside.to_str().unwrap()]);
        assert_eq!(code, Some(2));
        assert!(said.contains("lies outside the workspace"), "{said}");
    }
    assert!(!outside.exists());
}

#[test]
fn ignore_files_hide_no_debt() {
    let workspace = Workspace::indebted();
    for ignored in [".dbfence/", "*.yaml", "baseline.yaml"] {
        workspace.write(".ignore", format!("{ignored}\n!dbfence.yaml\n"));
        assert_eq!(workspace.findings(&[]), NONE, "{ignored}");
    }
}

/// What is there and cannot be read is not taken for nothing.
#[cfg(unix)]
#[test]
fn a_link_to_nowhere_and_a_folder_are_no_debt_file() {
    let workspace = Workspace::of("clean");
    fs::create_dir(workspace.path(".dbfence")).unwrap();
    std::os::unix::fs::symlink("nowhere.yaml", workspace.path(FILE)).unwrap();
    assert_eq!(workspace.run("check", &[]).0, Some(2));
    fs::remove_file(workspace.path(FILE)).unwrap();
    fs::create_dir(workspace.path(FILE)).unwrap();
    let (code, said) = workspace.run("check", &[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("the baseline `.dbfence/baseline.yaml` cannot be read"),
        "{said}"
    );
    fs::remove_dir(workspace.path(FILE)).unwrap();
    fs::remove_dir(workspace.path(".dbfence")).unwrap();
    fs::write(workspace.path(".dbfence"), "").unwrap();
    assert_eq!(workspace.findings(&[]), NONE);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays_one() {
    let workspace = Workspace::indebted();
    fs::rename(workspace.path(FILE), workspace.path("debt.yaml")).unwrap();
    std::os::unix::fs::symlink("../debt.yaml", workspace.path(FILE)).unwrap();
    assert_eq!(workspace.findings(&[]), NONE);
    workspace.replace(COMPOSE, "5432/audit_trail", "5432/identity");
    workspace.run("baseline", &["--reason", "new"]);
    assert_eq!(workspace.findings(&[]), NONE);
    assert!(
        workspace
            .path(FILE)
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
    assert_eq!(workspace.read("debt.yaml").matches("- rule").count(), 4);
}

#[test]
fn a_first_config_can_bring_its_debt() {
    let workspace = Workspace::of("trouble");
    fs::remove_file(workspace.path("dbfence.yaml")).ok();
    let found = workspace.findings(&[]).len();
    let (code, said) = workspace.run("init", &["--reason", "x"]);
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = workspace.run("init", &["--baseline", "--owner", "team-garden"]);
    assert_eq!(code, Some(0), "{said}");
    let last = format!(".dbfence/baseline.yaml: {found} added, 0 removed, 0 kept");
    assert_eq!(said.lines().last(), Some(last.as_str()));
    assert_eq!(workspace.findings(&[]), NONE);
    let debt = workspace.debt();
    let terms = "    reason: \"was there before dbfence\"\n    owner: team-garden\n";
    assert_eq!(debt.matches(terms).count(), found);
}

#[test]
fn what_silencers_are_blamed_for_is_no_debt() {
    let workspace = Workspace::indebted();
    workspace.replace(
        REGISTRY,
        "port: 4211,\n    database: \"tariff",
        "port: 4212,\n    database: \"tariff",
    );
    let config = workspace.read("dbfence.yaml");
    let exception =
        "exceptions:\n  - { service: nobody, may-read: [x], reason: r, until: 2999-01-01 }\n";
    assert!(!config.contains("\nexceptions:"));
    workspace.write("dbfence.yaml", config + exception);
    assert_eq!(
        workspace.findings(&[]),
        [
            ".dbfence/baseline.yaml unused-suppression",
            "dbfence.yaml unused-suppression"
        ]
    );
    let (_, said) = workspace.run("baseline", &["--reason", "x"]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 1 removed, 2 kept\n");
    assert_eq!(workspace.findings(&[]), ["dbfence.yaml unused-suppression"]);
}

#[test]
fn an_entry_without_a_reason_is_told() {
    let workspace = Workspace::indebted();
    workspace.replace(FILE, "    reason: \"waits for the move\"\n", "");
    let told = vec![".dbfence/baseline.yaml suppression-without-reason"; 3];
    assert_eq!(workspace.findings(&[]), told);
    assert!(workspace.summary().ends_with("; 3 in the baseline"));
    let (code, _) = workspace.run("baseline", &[]);
    assert_eq!(
        code,
        Some(0),
        "what is there already needs none to be written"
    );
}

/// A comment speaks first, and makes the entry superfluous.
#[test]
fn a_comment_takes_the_place_of_an_entry() {
    let workspace = Workspace::indebted();
    workspace.replace(
        REGISTRY,
        "    port: 4211,\n    database: \"tariff",
        "    // dbfence-ignore duplicate-port: for a while\n    port: 4211,\n    database: \"tariff",
    );
    let (_, said) = workspace.run("check", &["--format", "concise"]);
    assert!(
        said.contains(
            "[unused-suppression] this entry holds nothing back: a comment silences what it is for"
        ),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(workspace.findings(&["--no-suppressions"]), NONE);
    let (_, said) = workspace.run("baseline", &[]);
    assert_eq!(said, ".dbfence/baseline.yaml: 0 added, 1 removed, 2 kept\n");
    assert_eq!(workspace.findings(&[]), NONE);
}

/// Who changes the debt file changes what is reported of every file.
#[test]
fn a_change_of_the_debt_file_is_a_change_of_everything() {
    let workspace = Workspace::indebted();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(arguments)
            .current_dir(workspace.0.path())
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "In debt"]);
    workspace.replace(REGISTRY, "label: \"Harbour dues\"", "label: \"Dues\"");
    assert_eq!(workspace.findings(&["--since", "HEAD"]), NONE);
    workspace.replace(FILE, "rule: duplicate-port", "rule: hostname-mismatch");
    let found = workspace.findings(&["--since", "HEAD"]);
    assert_eq!(found.len(), 2, "{found:?}");
    fs::remove_file(workspace.path(FILE)).unwrap();
    assert_eq!(workspace.findings(&["--since", "HEAD"]).len(), 3);
}
