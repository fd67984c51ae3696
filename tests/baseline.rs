//! Migrations compared with the default branch of a real git repository.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const MIGRATIONS: &str = "prisma/migrations";
const FIRST: &str = "prisma/migrations/20250301080000_init/migration.sql";
const SECOND: &str = "prisma/migrations/20250302080000_floor/migration.sql";

/// A repository with one schema and two migrations on `main`.
struct Repository(tempfile::TempDir);

impl Repository {
    /// One without any commit.
    fn empty() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn new() -> Self {
        Self::with_schema_in("")
    }

    fn with_schema_in(folder: &str) -> Self {
        let repository = Self::empty();
        let write = |path: &str, text: &str| repository.write(&format!("{folder}{path}"), text);
        write(
            "prisma/schema.prisma",
            "datasource db {\n  provider = \"postgresql\"\n  url      = env(\"DATABASE_URL\")\n}\n\nmodel Shelf {\n  id    Int  @id\n  floor Int?\n\n  @@map(\"shelf\")\n}\n",
        );
        write(
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        );
        write(
            FIRST,
            "-- CreateTable\nCREATE TABLE \"shelf\" (\n    \"id\" INTEGER NOT NULL,\n    CONSTRAINT \"shelf_pkey\" PRIMARY KEY (\"id\")\n);\n",
        );
        write(
            SECOND,
            "ALTER TABLE \"shelf\" ADD COLUMN \"floor\" INTEGER;\n",
        );
        repository.commit("Two migrations");
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git_in(self.path(), arguments)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path().join(path)).unwrap();
        assert!(text.contains(old), "`{old}` should stand in {path}");
        self.write(path, &text.replace(old, new));
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn branch(&self) {
        self.git(&["checkout", "--quiet", "-b", "work"]);
    }

    /// What the rule says of the repository, one finding a line.
    fn findings(&self) -> Vec<String> {
        findings_in(self.path())
    }
}

fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn check(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dbfence"));
    command.args(["check", "--root"]).arg(folder);
    if !arguments.contains(&"--format") {
        command.args(["--format", "concise"]);
    }
    command.args(arguments);
    command.envs(environment.iter().copied()).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    assert_ne!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text
        .lines()
        .filter(|line| line.contains("[migration-edited]"));
    lines.map(str::to_owned).collect()
}

fn findings_in(folder: &Path) -> Vec<String> {
    lines(&check(folder, &[], &[]))
}

/// Why the rule rests, by the report of what was judged.
fn reason_in(folder: &Path) -> Option<String> {
    let output = check(folder, &["--coverage", "--format", "pretty"], &[]);
    reason(&output)
}

fn reason(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout).replace('\n', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let (_, why) = text.split_once("not compared with the default branch: ")?;
    Some(why.to_owned())
}

const NONE: [&str; 0] = [];

#[test]
fn what_is_as_it_was_merged_is_fine() {
    let repository = Repository::new();
    assert_eq!(repository.findings(), NONE);
    repository.branch();
    repository.write(
        "prisma/migrations/20250303080000_label/migration.sql",
        "ALTER TABLE \"shelf\" ADD COLUMN \"label\" TEXT;\n",
    );
    assert_eq!(repository.findings(), NONE);
    repository.commit("A label");
    assert_eq!(repository.findings(), NONE);
    repository.replace(
        "prisma/migrations/20250303080000_label/migration.sql",
        "TEXT",
        "VARCHAR(9)",
    );
    assert_eq!(repository.findings(), NONE);
    assert_eq!(reason_in(repository.path()), None);
}

#[test]
fn an_edit_is_seen_whether_it_is_committed_or_not() {
    let repository = Repository::new();
    let base = repository.git(&["rev-parse", "HEAD"])[..12].to_owned();
    let expected = [format!(
        "{SECOND}:1:1: error[migration-edited] the migration `20250302080000_floor` of `app` is in `main`, and was changed"
    )];
    let expected: Vec<String> = expected
        .iter()
        .map(|line| line.split(" of `").next().unwrap().to_owned())
        .collect();
    let seen = || -> Vec<String> {
        let findings = repository.findings().into_iter();
        findings
            .map(|line| line.split(" of `").next().unwrap().to_owned())
            .collect()
    };
    repository.replace(SECOND, "INTEGER", "SMALLINT");
    assert_eq!(seen(), expected, "on the default branch itself");
    repository.branch();
    repository.git(&["add", "--all"]);
    assert_eq!(seen(), expected, "in the index");
    repository.commit("Smaller floors");
    assert_eq!(seen(), expected, "in a commit");
    let shown = check(repository.path(), &["--format", "pretty"], &[]);
    let shown = String::from_utf8_lossy(&shown.stdout).replace('\n', " ");
    assert!(
        shown.contains(&format!("git checkout {base} --")),
        "{shown}"
    );
}

#[test]
fn renamed_and_deleted_migrations_are_seen() {
    let repository = Repository::new();
    repository.branch();
    let renamed = SECOND.replace("_floor", "_floors");
    fs::create_dir(repository.path().join(&renamed).parent().unwrap()).unwrap();
    repository.git(&["mv", SECOND, &renamed]);
    let found = repository.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with(&format!("{renamed}:1:1:")),
        "{found:?}"
    );
    assert!(found[0].ends_with("renamed to `20250302080000_floors`"));

    let repository = Repository::new();
    repository.git(&["rm", "--quiet", SECOND]);
    let found = repository.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("prisma/schema.prisma:1:12:"),
        "{found:?}"
    );

    let repository = Repository::new();
    repository.git(&["rm", "--quiet", "-r", MIGRATIONS]);
    let found = repository.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`20250301080000_init` and `20250302080000_floor`"),
        "{found:?}"
    );

    let repository = Repository::new();
    fs::rename(
        repository.path().join("prisma"),
        repository.path().join("database"),
    )
    .unwrap();
    assert_eq!(repository.findings(), NONE, "a module that moved");
}

#[test]
fn the_workspace_may_be_a_folder_of_the_repository() {
    let repository = Repository::with_schema_in("services/stacks/");
    let root = repository.path().join("services/stacks");
    assert_eq!(findings_in(&root), NONE);
    repository.replace(&format!("services/stacks/{SECOND}"), "INTEGER", "SMALLINT");
    let found = findings_in(&root);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(&format!("{SECOND}:1:1:")), "{found:?}");
    let of_whole = repository.findings();
    assert!(
        of_whole[0].starts_with("services/stacks/prisma/"),
        "{of_whole:?}"
    );
}

#[test]
fn the_remote_s_default_branch_comes_first() {
    let origin = Repository::new();
    origin.git(&["branch", "--quiet", "--move", "main", "trunk"]);
    let scratch = tempfile::tempdir().unwrap();
    let clone = scratch.path().join("clone");
    let from = origin.path().to_str().unwrap();
    git_in(scratch.path(), &["clone", "--quiet", from, "clone"]);
    let third = clone.join("prisma/migrations/20250303080000_label/migration.sql");
    fs::create_dir_all(third.parent().unwrap()).unwrap();
    fs::write(&third, "ALTER TABLE \"shelf\" ADD COLUMN \"label\" TEXT;\n").unwrap();
    git_in(&clone, &["add", "--all"]);
    git_in(&clone, &["commit", "--quiet", "--message", "A label"]);
    fs::write(
        &third,
        "ALTER TABLE \"shelf\" ADD COLUMN \"label\" VARCHAR(9);\n",
    )
    .unwrap();
    assert_eq!(findings_in(&clone), NONE, "nobody has that commit yet");
    fs::write(clone.join(FIRST), "CREATE TABLE \"shelf\" ();\n").unwrap();
    let found = findings_in(&clone);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("is in `origin/trunk`"), "{found:?}");

    git_in(&clone, &["checkout", "--quiet", "--detach"]);
    assert_eq!(findings_in(&clone).len(), 1, "without a branch");
    let worktree = scratch.path().join("tree");
    git_in(
        &clone,
        &["worktree", "add", "--quiet", worktree.to_str().unwrap()],
    );
    assert_eq!(findings_in(&worktree), NONE, "a worktree");
    fs::write(worktree.join(SECOND), "SELECT 1;\n").unwrap();
    assert_eq!(findings_in(&worktree).len(), 1, "a worktree");
}

#[test]
fn where_git_does_not_know_the_rule_rests_and_coverage_says_why() {
    let outside = tempfile::tempdir().unwrap();
    let repository = Repository::new();
    let copy = outside.path().join("prisma");
    support::copy(&repository.path().join("prisma"), &copy);
    assert_eq!(findings_in(outside.path()), NONE);
    let why = reason_in(outside.path()).unwrap();
    assert!(
        why.starts_with("the workspace lies in no git repository"),
        "{why}"
    );

    let unborn = Repository::empty();
    support::copy(&copy, &unborn.path().join("prisma"));
    assert_eq!(unborn.findings(), NONE);
    let why = reason_in(unborn.path()).unwrap();
    assert!(why.starts_with("no default branch was found"), "{why}");

    repository.git(&["branch", "--quiet", "--move", "main", "other"]);
    repository.replace(SECOND, "INTEGER", "SMALLINT");
    assert_eq!(repository.findings(), NONE);
    let why = reason_in(repository.path()).unwrap();
    assert!(why.starts_with("no default branch was found"), "{why}");

    repository.git(&["checkout", "--quiet", "--orphan", "main"]);
    repository.commit("Begun anew");
    repository.git(&["checkout", "--quiet", "other"]);
    let why = reason_in(repository.path()).unwrap();
    assert!(
        why.contains("no commit that `main` and `HEAD` have in common"),
        "{why}"
    );

    let path = [("PATH", "/nonexistent")];
    let output = check(outside.path(), &["--coverage", "--format", "pretty"], &path);
    let why = reason(&output).unwrap();
    assert!(why.starts_with("git is not installed"), "{why}");

    let off = [
        "--rule",
        "migration-edited=off",
        "--coverage",
        "--format",
        "pretty",
    ];
    assert_eq!(reason(&check(outside.path(), &off, &[])), None);
}

#[test]
fn a_shallow_clone_judges_what_it_has() {
    let origin = Repository::new();
    origin.replace(SECOND, "INTEGER", "SMALLINT");
    origin.commit("Smaller floors");
    let scratch = tempfile::tempdir().unwrap();
    let from = format!("file://{}", origin.path().display());
    git_in(
        scratch.path(),
        &["clone", "--quiet", "--depth=1", &from, "clone"],
    );
    let clone = scratch.path().join("clone");
    assert_eq!(findings_in(&clone), NONE);
    fs::write(clone.join(SECOND), "SELECT 1;\n").unwrap();
    assert_eq!(findings_in(&clone).len(), 1);
}

#[test]
fn a_hook_s_variables_and_line_ends_and_sparse_checkouts_mislead_nobody() {
    let repository = Repository::new();
    let other = Repository::new();
    let git = other.path().join(".git");
    let git = git.to_str().unwrap();
    let hook = [("GIT_DIR", git), ("GIT_INDEX_FILE", "/nonexistent")];
    repository.replace(SECOND, "INTEGER", "SMALLINT");
    assert_eq!(lines(&check(repository.path(), &[], &hook)).len(), 1);
    repository.git(&["checkout", "--quiet", "--", "."]);

    repository.replace(FIRST, "\n", "\r\n");
    assert_eq!(repository.findings(), NONE);
    repository.git(&["checkout", "--quiet", "--", "."]);

    repository.git(&[
        "sparse-checkout",
        "set",
        "--no-cone",
        "/*",
        &format!("!{SECOND}"),
    ]);
    assert!(!repository.path().join(SECOND).exists());
    assert_eq!(repository.findings(), NONE);
}

#[test]
fn nothing_of_the_repository_is_run() {
    let repository = Repository::new();
    let mark = repository.path().join("was-run");
    let command = format!("touch {}", mark.display());
    for key in [
        "core.fsmonitor",
        "diff.external",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.pager",
    ] {
        repository.git(&["config", key, &command]);
    }
    repository.write(".gitattributes", "*.sql filter=evil diff=evil\n");
    repository.write(SECOND, "SELECT 1;\n");
    fs::remove_file(repository.path().join(FIRST)).unwrap();
    assert_eq!(repository.findings().len(), 2);
    assert!(!mark.exists());
}
