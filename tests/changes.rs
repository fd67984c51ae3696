//! Change sets of real git repositories: what is reported of a whole product when only a part of it changes.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::copy;

const COMPOSE: &str = "products/nordhaven/docker-compose.yml";
const RIGHT: &str = "@postgres:5432/identity";
const WRONG: &str = "@postgres:5432/audit_trail";
const REGISTRY: &str = "products/nordhaven/infra/service-registry.ts";
const DOCKERFILE: &str = "modules/shared/party-directory/Dockerfile";

/// The clean product, in a repository of its own.
struct Repository {
    _scratch: tempfile::TempDir,
    root: PathBuf,
}

impl Repository {
    /// Everything in one commit on `main`.
    fn new() -> Self {
        let repository = Self::in_folder("");
        repository.commit("All of it");
        repository
    }

    /// Without a commit; the product stands in a folder of the repository.
    fn in_folder(folder: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("repository");
        copy(&fixture(), &root.join(folder));
        git(&root, &["init", "--quiet", "--initial-branch=main"]);
        Self {
            _scratch: scratch,
            root,
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Lets a service connect to the database of another one.
    fn break_compose(&self) {
        self.replace(COMPOSE, RIGHT, WRONG);
    }

    fn mend_compose(&self) {
        self.replace(COMPOSE, WRONG, RIGHT);
    }

    fn replace(&self, path: &str, old: &str, new: &str) {
        replace(&self.root.join(path), old, new);
    }

    fn rules(&self, arguments: &[&str]) -> Vec<String> {
        rules(&check(&self.root, arguments))
    }
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clean")
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(
        text.contains(old),
        "`{old}` should stand in {}",
        path.display()
    );
    fs::write(path, text.replacen(old, new, 1)).unwrap();
}

fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
        .args(["-c", "protocol.file.allow=always"])
        .current_dir(folder);
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        command.env_remove(variable);
    }
    command
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_command(folder).args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn dbfence(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dbfence"));
    command.args(["check", "--format", "concise", "--root"]);
    command.arg(root).args(arguments);
    command
}

fn check(root: &Path, arguments: &[&str]) -> Output {
    dbfence(root, arguments).output().unwrap()
}

/// What was reported, as `path [rule]`.
fn rules(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let rules: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let path = line.split(':').next()?;
            let (_, rule) = line.split_once('[')?;
            Some(format!("{path} [{}]", rule.split(']').next()?))
        })
        .collect();
    let error = String::from_utf8_lossy(&output.stderr);
    let code = Some(i32::from(!rules.is_empty()));
    assert_eq!(output.status.code(), code, "{rules:?} {error}");
    rules
}

/// What is said of a command that checked nothing.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

const NONE: [&str; 0] = [];
const MISMATCH: [&str; 1] = ["products/nordhaven/docker-compose.yml [database-url-mismatch]"];

#[test]
fn only_what_is_staged_is_reported() {
    let repository = Repository::new();
    assert_eq!(repository.rules(&["--staged"]), NONE);
    repository.break_compose();
    assert_eq!(repository.rules(&["--staged"]), NONE, "in the work tree");
    assert_eq!(repository.rules(&[]), MISMATCH);
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), MISMATCH, "in the index");
    repository.commit("A wrong database");
    assert_eq!(repository.rules(&["--staged"]), NONE, "in a commit");

    // Whatever stands in a file that is touched is reported, since when it may.
    repository.replace(COMPOSE, "services:", "# All of them\nservices:");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), MISMATCH);
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.replace("README.md", "# ", "# The ");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), NONE, "another file");
    let named = ["--staged", COMPOSE];
    let output = dbfence(&repository.root, &named)
        .current_dir(&repository.root)
        .output();
    assert_eq!(rules(&output.unwrap()), NONE, "both have to choose it");
}

#[test]
fn before_the_first_commit_all_that_is_staged_is_new() {
    let repository = Repository::in_folder("");
    repository.break_compose();
    assert_eq!(repository.rules(&["--staged"]), NONE);
    repository.git(&["add", COMPOSE]);
    assert_eq!(repository.rules(&["--staged"]), MISMATCH);
    let output = check(&repository.root, &["--since", "HEAD"]);
    assert!(refusal(&output).contains("git knows no commit `HEAD`"));
}

#[test]
fn since_a_revision_all_counts_that_the_work_tree_has_and_it_has_not() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    let since = |revision: &str| repository.rules(&["--since", revision]);
    repository.break_compose();
    assert_eq!(since("main"), MISMATCH, "not staged");
    repository.git(&["add", "--all"]);
    assert_eq!(since("main"), MISMATCH, "staged");
    repository.commit("A wrong database");
    assert_eq!(since("main"), MISMATCH, "committed");
    assert_eq!(since("HEAD"), NONE);
    repository.mend_compose();
    assert_eq!(since("main"), NONE);
    repository.git(&["checkout", "--quiet", "--", "."]);

    // What the other branch has done since then is not ours.
    repository.git(&["checkout", "--quiet", "main"]);
    repository.replace(REGISTRY, "port: ", "port:  ");
    repository.commit("Blanks");
    repository.git(&["checkout", "--quiet", "-b", "other", "main"]);
    repository.replace("README.md", "# ", "# The ");
    repository.commit("A title");
    assert_eq!(since("main"), NONE);

    // A file that git does not know yet.
    let folder = "modules/shared/party-directory";
    fs::write(
        repository.root.join(folder).join(".env"),
        "DATABASE_URL=postgresql://nordhaven:ebb@localhost:5432/audit_trail\n",
    )
    .unwrap();
    let found = since("main");
    let ignored = git_command(&repository.root)
        .args(["check-ignore", "--quiet", &format!("{folder}/.env")])
        .status()
        .unwrap();
    if ignored.success() {
        assert_eq!(found, NONE);
    } else {
        assert!(found.iter().any(|it| it.starts_with(folder)), "{found:?}");
    }
}

#[test]
fn what_a_removed_or_renamed_file_leaves_behind_is_reported() {
    let expected = [format!("{REGISTRY} [missing-module]")];
    let repository = Repository::new();
    repository.break_compose();
    repository.commit("An older mistake");
    repository.git(&["rm", "--quiet", DOCKERFILE]);
    assert_eq!(repository.rules(&["--staged"]), expected, "removed");
    assert_eq!(repository.rules(&["--since", "main"]), expected, "removed");
    repository.git(&["reset", "--quiet", "--hard"]);
    fs::remove_file(repository.root.join(DOCKERFILE)).unwrap();
    assert_eq!(repository.rules(&["--staged"]), NONE, "not staged");
    assert_eq!(repository.rules(&["--since", "main"]), expected, "by hand");
    repository.git(&["reset", "--quiet", "--hard"]);
    let elsewhere = DOCKERFILE.replace("Dockerfile", "Containerfile");
    repository.git(&["mv", DOCKERFILE, &elsewhere]);
    assert_eq!(repository.rules(&["--staged"]), expected, "renamed");
    repository.git(&["reset", "--quiet", "--hard"]);
    let other_case = DOCKERFILE.replace("Dockerfile", "dockerfile");
    repository.git(&["mv", DOCKERFILE, &other_case]);
    for change in [&["--staged"][..], &["--since", "main"]] {
        assert_eq!(repository.rules(change), expected, "in another case");
    }
    repository.git(&["mv", &other_case, &elsewhere]);
    repository.commit("A rename");
    assert_eq!(repository.rules(&["--staged"]), NONE);
    assert_eq!(repository.rules(&["--since", "HEAD~1"]), expected);
}

#[test]
fn a_config_that_changes_touches_everything() {
    let repository = Repository::new();
    repository.break_compose();
    repository.commit("An older mistake");
    let config = repository.root.join("dbfence.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}# More to come\n")).unwrap();
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), MISMATCH);
}

#[test]
fn the_root_may_be_a_folder_of_the_repository_or_a_worktree() {
    let repository = Repository::in_folder("work/space");
    repository.commit("All of it");
    let root = repository.root.join("work/space");
    replace(&root.join(COMPOSE), RIGHT, WRONG);
    assert_eq!(rules(&check(&root, &["--since", "main"])), MISMATCH);
    repository.git(&["add", "--all"]);
    assert_eq!(rules(&check(&root, &["--staged"])), MISMATCH);
    fs::write(repository.root.join("top.md"), "outside\n").unwrap();
    repository.git(&["reset", "--quiet"]);
    repository.git(&["add", "top.md"]);
    assert_eq!(rules(&check(&root, &["--staged"])), NONE);
    repository.git(&["checkout", "--quiet", "--", "."]);

    repository.git(&["worktree", "add", "--quiet", "../tree", "-b", "work"]);
    let tree = repository.root.parent().unwrap().join("tree");
    let root = tree.join("work/space");
    assert_eq!(rules(&check(&root, &["--staged"])), NONE);
    replace(&root.join(COMPOSE), RIGHT, WRONG);
    git(&tree, &["add", "--all"]);
    assert_eq!(rules(&check(&root, &["--staged"])), MISMATCH);
    assert_eq!(rules(&check(&root, &["--since", "main"])), MISMATCH);
}

#[test]
fn submodules_are_compared_with_the_commit_that_the_repository_names() {
    let library = Repository::in_folder("");
    fs::remove_dir_all(&library.root).unwrap();
    copy(
        &fixture().join("modules/shared/party-directory"),
        &library.root,
    );
    git(&library.root, &["init", "--quiet", "--initial-branch=main"]);
    library.commit("A module");

    let repository = Repository::in_folder("");
    let folder = "modules/shared/party-directory";
    let inner = repository.root.join(folder);
    fs::remove_dir_all(&inner).unwrap();
    let from = library.root.to_str().unwrap();
    repository.git(&["submodule", "--quiet", "add", from, folder]);
    repository.commit("All of it");
    assert_eq!(repository.rules(&[]), NONE);
    assert_eq!(repository.rules(&["--since", "main"]), NONE);

    let schema = inner.join("prisma/schema.prisma");
    replace(&schema, "postgresql", "mysql");
    let found = repository.rules(&["--since", "main"]);
    assert!(!found.is_empty());
    assert_eq!(repository.rules(&["--staged"]), NONE);
    git(&inner, &["add", "--all"]);
    git(
        &inner,
        &["commit", "--quiet", "--message", "Another database"],
    );
    assert_eq!(repository.rules(&["--since", "main"]), found);
    repository.git(&["add", folder]);
    assert_eq!(repository.rules(&["--staged"]), found, "it was moved");
    repository.commit("Moved");
    assert_eq!(repository.rules(&["--since", "main"]), NONE);

    // The same folder as a workspace of its own.
    let alone = |more: &[&str]| check(&inner, more);
    assert_ne!(alone(&["--since", "HEAD~1"]).status.code(), Some(2));
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let origin = Repository::new();
    origin.git(&["branch", "--quiet", "start"]);
    for title in ["# One ", "# Two ", "# Three "] {
        origin.replace("README.md", "# ", title);
        origin.commit(title);
    }
    origin.git(&["checkout", "--quiet", "-b", "side", "start"]);
    origin.break_compose();
    origin.commit("A wrong database");
    let scratch = tempfile::tempdir().unwrap();
    let from = format!("file://{}", origin.root.display());
    let arguments = ["clone", "--quiet", "--depth=1", "--no-single-branch"];
    git(
        scratch.path(),
        &[&arguments[..], &[&from, "clone"]].concat(),
    );
    let clone = scratch.path().join("clone");
    let error = refusal(&check(&clone, &["--since", "origin/main"]));
    assert!(
        error.contains("no commit in common in the history that was cloned"),
        "{error}"
    );
    assert!(error.contains("`git fetch --unshallow`"), "{error}");
    assert_eq!(rules(&check(&clone, &["--staged"])), NONE);
    git(&clone, &["fetch", "--quiet", "--unshallow"]);
    assert_eq!(rules(&check(&clone, &["--since", "origin/main"])), MISMATCH);
}

#[test]
fn where_git_cannot_answer_nothing_is_checked() {
    let repository = Repository::new();
    let refused = |root: &Path, arguments: &[&str]| refusal(&check(root, arguments));
    for revision in ["nowhere", "-x", "", "main^{tree}", "a b", "main..work"] {
        let error = refused(&repository.root, &[&format!("--since={revision}")]);
        assert!(error.contains("git knows no commit"), "{revision}: {error}");
    }
    repository.git(&["checkout", "--quiet", "--orphan", "anew"]);
    repository.commit("Begun anew");
    let error = refused(&repository.root, &["--since", "main"]);
    assert!(error.contains("have no commit in common\n"), "{error}");
    refused(&repository.root, &["--since", "main", "--staged"]);

    let outside = tempfile::tempdir().unwrap();
    copy(&fixture(), outside.path());
    for option in [&["--staged"][..], &["--since", "main"]] {
        let error = refused(outside.path(), option);
        assert!(error.contains("lies in no git repository"), "{error}");
        let output = dbfence(outside.path(), option)
            .env("PATH", "/nonexistent")
            .output();
        assert!(refusal(&output.unwrap()).contains("git is not installed"));
    }
    let git_folder = repository.root.join(".git");
    let error = refused(&git_folder, &["--staged"]);
    assert!(error.contains("has no work tree"), "{error}");
}

#[test]
fn a_hook_is_judged_by_its_own_index() {
    let repository = Repository::new();
    let hook = repository.root.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let program = env!("CARGO_BIN_EXE_dbfence");
    fs::write(
        &hook,
        format!("#!/bin/sh\nexec '{program}' check --staged\n"),
    )
    .unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let commit = |more: &[&str], folder: &str| {
        let mut command = git_command(&repository.root.join(folder));
        command.args(["commit", "--quiet", "--message", "Try"]);
        command.args(more).output().unwrap().status.success()
    };
    repository.break_compose();
    assert!(!commit(&["--all"], ""), "nothing was staged before");
    assert!(
        !commit(&["docker-compose.yml"], "products/nordhaven"),
        "one path"
    );
    repository.replace("README.md", "# ", "# The ");
    assert!(commit(&["README.md"], ""), "another path");
    repository.mend_compose();
    repository.replace(COMPOSE, "services:", "# All of them\nservices:");
    assert!(commit(&["--all"], ""), "mended");

    // Wherever the hook goes: git says of its index where it is from the root of the work tree.
    let elsewhere = ["cd products/nordhaven && ", "cd / && "];
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.break_compose();
    repository.git(&[
        "commit",
        "--all",
        "--quiet",
        "--no-verify",
        "--message",
        "No",
    ]);
    for go in elsewhere {
        let root = repository.root.display();
        let text = format!("#!/bin/sh\n{go}exec '{program}' check --staged --root '{root}'\n");
        fs::write(&hook, text).unwrap();
        repository.replace("README.md", "# ", "# Now ");
        repository.git(&["add", "--all"]);
        assert!(commit(&[], ""), "{go}");
        repository.replace(COMPOSE, "services:", "# One more\nservices:");
        assert!(!commit(&["--all"], ""), "{go}");
        assert!(!commit(&[COMPOSE], ""), "{go}");
        repository.git(&["reset", "--quiet", "--hard"]);
    }

    // In a linked work tree, whose hooks are those of the repository.
    repository.git(&["worktree", "add", "--quiet", "../tree", "-b", "work"]);
    let tree = repository.root.parent().unwrap().join("tree");
    fs::write(
        &hook,
        format!("#!/bin/sh\nexec '{program}' check --staged\n"),
    )
    .unwrap();
    let commit = |more: &[&str]| {
        let mut command = git_command(&tree);
        command.args(["commit", "--quiet", "--message", "Try"]);
        command.args(more).output().unwrap().status.success()
    };
    replace(&tree.join("README.md"), "# ", "# The ");
    assert!(commit(&["--all"]));
    replace(&tree.join(COMPOSE), "services:", "# All\nservices:");
    replace(&tree.join("README.md"), "# ", "# New ");
    assert!(!commit(&["--all"]));
    assert!(!commit(&[COMPOSE]));
    assert!(commit(&["README.md"]));

    // A hook of another repository says nothing about this one.
    let other = Repository::new();
    other.break_compose();
    other.git(&["add", "--all"]);
    let output = dbfence(&other.root, &["--staged"])
        .current_dir(&repository.root)
        .env("GIT_DIR", repository.root.join(".git"))
        .env("GIT_INDEX_FILE", ".git/index")
        .output()
        .unwrap();
    assert_eq!(rules(&output), MISMATCH);
}

#[test]
fn a_generated_file_is_edited_where_only_it_has_changed() {
    const INIT: &str = "products/nordhaven/infra/init-databases.sql";
    const GENERATOR: &str = "products/nordhaven/infra/generate.ts";
    const ADDED: &str =
        "\nCREATE DATABASE pilots;\nGRANT ALL PRIVILEGES ON DATABASE pilots TO nordhaven;\n";
    let edited = [format!("{INIT} [generated-file-edited]")];
    let drift = [format!("{INIT} [init-sql-drift]")];
    let repository = Repository::new();
    let append = |more: &str| {
        let path = repository.root.join(INIT);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + more).unwrap();
        repository.git(&["add", "--all"]);
    };
    let said = |change: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dbfence"));
        command.args(["check", "--format", "json", "--root"]);
        command.arg(&repository.root).args(change);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };

    // With both rules it is one finding, which says what the other one saw.
    append(ADDED);
    for change in [&["--staged"][..], &["--since", "main"]] {
        assert_eq!(repository.rules(change), drift);
        assert!(said(change).contains("was edited by hand: neither its registry nor"));
    }
    assert!(!said(&[]).contains("edited by hand"));
    repository.git(&["reset", "--quiet", "--hard"]);

    let without_drift = "rules:\n  init-sql-drift: off";
    repository.replace("dbfence.yaml", "rules:", without_drift);
    repository.commit("Leave the differences alone");
    append(ADDED);
    assert_eq!(repository.rules(&[]), NONE, "no change is known");
    assert_eq!(repository.rules(&["--staged"]), edited);
    assert_eq!(repository.rules(&["--since", "main"]), edited);
    assert!(said(&["--staged"]).contains("the init SQL creates `pilots`, which no service owns"));

    // Whatever it is generated from may be the reason.
    repository.replace(GENERATOR, "#!/usr/bin/env bash", "#!/bin/bash");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), NONE, "the generator");
    repository.git(&["checkout", "--quiet", "HEAD", "--", GENERATOR]);
    repository.replace(REGISTRY, "port: ", "port:  ");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), NONE, "the registry");
    repository.git(&["checkout", "--quiet", "HEAD", "--", REGISTRY]);

    // Who edits a comment of a file that was wrong before has not made it so.
    repository.commit("A wrong one");
    append("-- The end\n");
    assert_eq!(repository.rules(&["--staged"]), NONE);
    // Nor has who makes it equal what the registry implies.
    repository.replace(INIT, ADDED, "");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), NONE);

    // What is taken out is missed where it was.
    repository.commit("The right one");
    repository.replace(INIT, "CREATE DATABASE identity;\n", "");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), edited);
    repository.git(&["reset", "--quiet", "--hard"]);
    // Several differences are one edit.
    repository.replace(INIT, "DATABASE invoicing TO", "DATABASE invoices TO");
    append(ADDED);
    assert_eq!(repository.rules(&["--staged"]), edited);
}

#[test]
fn who_does_not_own_the_repository_hears_what_to_write() {
    let repository = Repository::new();
    for option in [&["--staged"][..], &["--since", "main"]] {
        let output = dbfence(&repository.root.join("products"), option)
            .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
            .output()
            .unwrap();
        let error = refusal(&output);
        assert!(error.contains("another user owns it"), "{error}");
        let root = fs::canonicalize(&repository.root).unwrap();
        let expected = format!(
            "`git config --global --add safe.directory {}`",
            root.display()
        );
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_not_missing() {
    let repository = Repository::new();
    repository.git(&["sparse-checkout", "init", "--no-cone"]);
    let rules_file = repository.root.join(".git/info/sparse-checkout");
    for left_out in [
        "modules/shared/party-directory/",
        DOCKERFILE,
        "modules/domain/container-yard/prisma/schema/",
        "modules/domain/container-yard/prisma/schema/move.prisma",
        "modules/domain/invoicing/prisma/migrations/",
        "modules/domain/invoicing/prisma/migrations/20241125090000_init/",
        "modules/domain/invoicing/prisma/migrations/20250120070000_open_balance/migration.sql",
        COMPOSE,
    ] {
        fs::write(&rules_file, format!("/*\n!/{left_out}\n")).unwrap();
        repository.git(&["read-tree", "-m", "-u", "HEAD"]);
        assert!(!repository.root.join(left_out).exists());
        for change in [&[][..], &["--staged"], &["--since", "main"]] {
            assert_eq!(repository.rules(change), NONE, "{left_out} {change:?}");
        }
    }
    repository.git(&["sparse-checkout", "disable"]);
    fs::remove_file(repository.root.join(DOCKERFILE)).unwrap();
    let expected = [format!("{REGISTRY} [missing-module]")];
    assert_eq!(repository.rules(&[]), expected);
}

#[test]
fn what_is_only_meant_to_be_added_is_not_staged() {
    let repository = Repository::new();
    let path = "products/nordhaven/docker-compose.override.yml";
    let second = "services:\n  store:\n    image: postgres:16\n";
    fs::write(repository.root.join(path), second).unwrap();
    repository.git(&["add", "--intent-to-add", path]);
    let expected = [format!("{path} [single-dev-postgres]")];
    assert_eq!(repository.rules(&["--staged"]), NONE);
    assert_eq!(repository.rules(&["--since", "HEAD"]), expected);
    repository.git(&["add", path]);
    assert_eq!(repository.rules(&["--staged"]), expected);
}

#[test]
fn what_is_not_merged_yet_has_changed() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.break_compose();
    repository.commit("A wrong database");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.replace(COMPOSE, RIGHT, "@postgres:5432/identities");
    repository.commit("Another one");
    let merge = git_command(&repository.root)
        .args(["merge", "--quiet", "side"])
        .output();
    assert!(!merge.unwrap().status.success());
    let expected = ["products/nordhaven/docker-compose.yml [syntax-error]"];
    for change in [
        &["--staged"][..],
        &["--since", "main"],
        &["--since", "side"],
    ] {
        assert_eq!(repository.rules(change), expected, "{change:?}");
    }
    repository.git(&["checkout", "--quiet", "--theirs", COMPOSE]);
    for change in [
        &["--staged"][..],
        &["--since", "main"],
        &["--since", "side"],
    ] {
        assert_eq!(repository.rules(change), MISMATCH, "{change:?}");
    }
}

#[test]
fn a_revision_is_named_in_any_way_that_git_knows() {
    let origin = Repository::new();
    origin.git(&["tag", "light"]);
    origin.git(&["tag", "--annotate", "--message", "v1", "heavy"]);
    let scratch = tempfile::tempdir().unwrap();
    let from = origin.root.to_str().unwrap();
    git(scratch.path(), &["clone", "--quiet", from, "clone"]);
    let clone = scratch.path().join("clone");
    let since = |revision: &str| rules(&check(&clone, &["--since", revision]));
    assert_eq!(since("@{upstream}"), NONE);
    replace(&clone.join(COMPOSE), RIGHT, WRONG);
    git(&clone, &["commit", "--all", "--quiet", "--message", "No"]);
    let names = [
        "light", "heavy", "HEAD~1", "HEAD^", "@{u}", "main@{u}", "origin", "main@{1}",
    ];
    for revision in names {
        assert_eq!(since(revision), MISMATCH, "{revision}");
    }
    assert_eq!(since("HEAD"), NONE);

    // What git would take for an option never gets there.
    let file = clone.join("written");
    let output = format!("--output={}", file.display());
    for option in ["--help", "-x", "--all", "--since=x", &output] {
        let error = refusal(&check(&clone, &[&format!("--since={option}")]));
        assert!(error.contains("git knows no commit"), "{error}");
    }
    assert!(!file.exists());
}

#[test]
fn a_partial_clone_says_what_to_fetch() {
    let origin = Repository::new();
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    origin.git(&["rm", "--quiet", DOCKERFILE]);
    origin.commit("Gone");
    let scratch = tempfile::tempdir().unwrap();
    let from = format!("file://{}", origin.root.display());
    git(
        scratch.path(),
        &["clone", "--quiet", "--filter=blob:none", &from, "clone"],
    );
    let clone = scratch.path().join("clone");
    let since = || check(&clone, &["--since", "HEAD~1"]);
    // Neither is the remote asked, nor waited for.
    let error = refusal(&since());
    assert!(error.contains("partial clone lacks old texts"), "{error}");
    let command = "git diff --merge-base --stat 'HEAD~1'";
    assert!(error.contains(command), "{error}");
    assert_eq!(rules(&check(&clone, &["--staged"])), NONE);
    git(&clone, &["diff", "--merge-base", "--stat", "HEAD~1"]);
    let expected = [format!("{REGISTRY} [missing-module]")];
    assert_eq!(rules(&since()), expected);
}

#[test]
fn line_ends_and_odd_names_are_no_changes() {
    let repository = Repository::new();
    repository.git(&["config", "core.quotePath", "true"]);
    let path = repository.root.join(COMPOSE);
    let text = fs::read_to_string(&path).unwrap();
    repository.break_compose();
    repository.commit("An older mistake");
    fs::write(&path, text.replace(RIGHT, WRONG).replace('\n', "\r\n")).unwrap();
    assert_eq!(repository.rules(&["--since", "HEAD"]), NONE);
    repository.git(&["checkout", "--quiet", "--", "."]);
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let folder = repository.root.join("modules");
        for name in [&b"a\nb.sql"[..], b"\xff.sql", b"\"q\" \t.sql"] {
            fs::write(folder.join(OsStr::from_bytes(name)), "SELECT 1;\n").unwrap();
        }
        repository.git(&["add", "--all"]);
        assert_eq!(repository.rules(&["--staged"]), NONE);
        repository.commit("Odd names");
        assert_eq!(repository.rules(&["--since", "HEAD~1"]), NONE);
        assert_eq!(repository.rules(&["--since", "HEAD"]), NONE);
    }
}

#[test]
fn a_repository_may_name_its_objects_by_sha_256() {
    let repository = Repository::in_folder("");
    fs::remove_dir_all(repository.root.join(".git")).unwrap();
    repository.git(&["init", "--quiet", "--object-format=sha256"]);
    repository.break_compose();
    repository.commit("An older mistake");
    assert_eq!(repository.rules(&["--since", "HEAD"]), NONE);
    repository.replace(COMPOSE, "services:", "# All of them\nservices:");
    assert_eq!(repository.rules(&["--since", "HEAD"]), MISMATCH);
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), MISMATCH);
}

#[cfg(unix)]
#[test]
fn a_link_is_another_name_of_its_file() {
    let repository = Repository::new();
    let folder = repository.root.join("products/nordhaven");
    fs::rename(folder.join("docker-compose.yml"), folder.join("stack.txt")).unwrap();
    std::os::unix::fs::symlink("stack.txt", folder.join("docker-compose.yml")).unwrap();
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), NONE);
    repository.commit("A link");
    repository.replace("products/nordhaven/stack.txt", RIGHT, WRONG);
    let expected = ["products/nordhaven/stack.txt [database-url-mismatch]"];
    assert_eq!(repository.rules(&["--since", "HEAD"]), expected);
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), expected);
}

#[test]
fn nothing_of_the_repository_is_run() {
    let repository = Repository::new();
    let mark = repository.root.join(".git/was-run");
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
    let attributes = "*.yml filter=evil diff=evil\n*.ts filter=evil diff=evil\n";
    fs::write(repository.root.join(".git/info/attributes"), attributes).unwrap();
    repository.break_compose();
    fs::remove_file(repository.root.join(DOCKERFILE)).unwrap();
    assert_eq!(repository.rules(&["--since", "HEAD"]).len(), 2);
    assert_eq!(repository.rules(&["--staged"]), NONE);
    assert!(!mark.exists());
}

#[test]
fn an_edited_migration_is_reported_by_the_change_that_edits_it() {
    let repository = Repository::new();
    let tracked = repository.git(&["ls-files", "*/migration.sql"]);
    let migration = tracked.lines().next().unwrap();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    let path = repository.root.join(migration);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}-- More\n")).unwrap();
    let expected = [format!("{migration} [migration-edited]")];
    assert_eq!(repository.rules(&["--staged"]), NONE);
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), expected);
    repository.commit("An edit");
    assert_eq!(repository.rules(&["--staged"]), NONE);
    assert_eq!(repository.rules(&["--since", "main"]), expected);
    repository.replace("README.md", "# ", "# The ");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.rules(&["--staged"]), NONE, "it is an older one");
}

#[test]
fn a_removed_or_renamed_migration_is_reported_and_one_of_the_branch_is_not() {
    const FOLDER: &str = "modules/domain/invoicing/prisma/migrations";
    const LAST: &str = "20250120070000_open_balance";
    let deleted = ["modules/domain/invoicing/prisma/schema.prisma [migration-edited]"];
    let renamed = [format!(
        "{FOLDER}/20250121070000_open_balance/migration.sql [migration-edited]"
    )];
    let last = format!("{FOLDER}/{LAST}");
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    repository.git(&["rm", "--quiet", "-r", &last]);
    for change in [&[][..], &["--staged"], &["--since", "main"]] {
        assert_eq!(repository.rules(change), deleted, "{change:?}");
    }
    repository.git(&["reset", "--quiet", "--hard"]);
    let next = format!("{FOLDER}/20250121070000_open_balance");
    repository.git(&["mv", &last, &next]);
    for change in [&[][..], &["--staged"], &["--since", "main"]] {
        assert_eq!(repository.rules(change), renamed, "{change:?}");
    }
    repository.git(&["reset", "--quiet", "--hard"]);

    // What the default branch does not have yet may become one migration.
    let write = |name: &str, text: &str| {
        let folder = repository.root.join(FOLDER).join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("migration.sql"), text).unwrap();
    };
    let comment = "COMMENT ON TABLE invoice IS 'Sent';\n";
    write("20260101000000_a", comment);
    write("20260102000000_b", comment);
    repository.commit("Two migrations");
    for name in ["20260101000000_a", "20260102000000_b"] {
        fs::remove_dir_all(repository.root.join(FOLDER).join(name)).unwrap();
    }
    write("20260103000000_ab", comment);
    repository.git(&["add", "--all"]);
    for change in [
        &[][..],
        &["--staged"],
        &["--since", "main"],
        &["--since", "HEAD"],
    ] {
        assert_eq!(repository.rules(change), NONE, "{change:?}");
    }

    // On the default branch itself.
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["rm", "--quiet", "-r", &last]);
    assert_eq!(repository.rules(&["--staged"]), deleted);
    repository.commit("Gone");
    assert_eq!(repository.rules(&["--staged"]), NONE);
    assert_eq!(repository.rules(&["--since", "HEAD~1"]), deleted);
}

#[test]
fn the_remote_knows_the_default_branch_better() {
    const FOLDER: &str = "modules/domain/invoicing/prisma/migrations/20260101000000_a";
    let origin = Repository::new();
    let scratch = tempfile::tempdir().unwrap();
    let from = origin.root.to_str().unwrap();
    git(scratch.path(), &["clone", "--quiet", from, "clone"]);
    let clone = scratch.path().join("clone");
    fs::create_dir_all(origin.root.join(FOLDER)).unwrap();
    let migration = format!("{FOLDER}/migration.sql");
    let text = "COMMENT ON TABLE invoice IS 'Sent';\n";
    fs::write(origin.root.join(&migration), text).unwrap();
    origin.commit("Theirs");
    git(&clone, &["fetch", "--quiet"]);
    git(
        &clone,
        &[
            "checkout",
            "--quiet",
            "-b",
            "work",
            "--no-track",
            "origin/main",
        ],
    );
    replace(&clone.join(&migration), "Sent", "Paid");
    git(&clone, &["add", "--all"]);
    let expected = [format!("{migration} [migration-edited]")];
    for change in [&[][..], &["--staged"], &["--since", "HEAD"]] {
        assert_eq!(rules(&check(&clone, change)), expected, "{change:?}");
    }
}
