#!/usr/bin/env python3
"""pre-commit and prek run the hooks of this repository, and pip installs its wheel and its sdist.

Needs `pre-commit`, `prek` and `maturin` beside this Python, git and Rust. `.ci/run` brings the first three. The hooks
are those of the last commit, as a user's pre-commit would fetch them.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.executable).parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
COMPOSE = "products/nordhaven/docker-compose.yml"
# The parameter tells it from the connection string of `identity` itself.
RIGHT, WRONG = "5432/tariff_book", "5432/identity?connect_timeout=7"
FINDING = "database-url-mismatch"


def run(*command, cwd, expect=0, **environment):
    """Runs a command and gives what it printed; what it ends with is checked."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
    )
    is_expected = done.returncode == expect if expect is not None else done.returncode != 0
    shown = " ".join(str(part) for part in command)
    assert is_expected, f"`{shown}` ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, f"`{old}` should stand once in {path}"
    path.write_text(text.replace(old, new))


def wheel_and_sdist(place):
    """Builds both and tries each in an environment of its own; gives the wheel."""
    built = place / "dist"
    run(BIN / "maturin", "build", "--sdist", "--profile", "dev", "--out", built, cwd=ROOT)
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    for package in [wheel, sdist]:
        venv = place / f"venv-{package.suffix[1:]}"
        run(sys.executable, "-m", "venv", venv, cwd=place)
        run(venv / "bin/pip", "install", "--quiet", package, cwd=place)
        program = venv / "bin/dbfence"
        version = run(program, "--version", cwd=place)
        assert version.startswith("dbfence "), version
        run(program, "check", "--root", ROOT / "fixtures/clean", cwd=place)
        run(program, "check", "--root", ROOT / "fixtures/trouble", cwd=place, expect=1)
        print(f"{package.name}: installed, {version.strip()}")
    return wheel


def repository(place, config):
    """A repository with the clean product and the hooks of a config."""
    shutil.copytree(ROOT / "fixtures/clean", place)
    (place / ".pre-commit-config.yaml").write_text(config)
    (place / "NOTES.md").write_text("Nothing to check here.\n")
    run("git", "init", "--quiet", "--initial-branch=main", cwd=place)
    run("git", "add", "--all", cwd=place)
    return place


def commit(place, message, expect=0):
    return run("git", "commit", "--quiet", "-m", message, cwd=place, expect=expect)


def try_hooks(runner, place, config):
    repo = repository(place, config)
    compose = repo / COMPOSE
    run(BIN / runner, "install", cwd=repo)
    first = commit(repo, "the clean product")
    assert "Passed" in first, first

    edit(compose, RIGHT, WRONG)
    run("git", "add", COMPOSE, cwd=repo)
    refused = commit(repo, "a copied connection string", expect=1)
    assert FINDING in refused and "`identity`" in refused, refused

    # What is staged counts: the mend in the work tree alone does not help.
    edit(compose, WRONG, RIGHT)
    refused = commit(repo, "mended in the work tree only", expect=1)
    assert FINDING in refused, refused

    run("git", "add", COMPOSE, cwd=repo)
    edit(compose, "name: nordhaven", "# The harbour.\nname: nordhaven")
    run("git", "add", COMPOSE, cwd=repo)
    # And what is not staged does not count.
    edit(compose, RIGHT, WRONG)
    commit(repo, "mended")
    assert WRONG in compose.read_text(), "what was not staged is still there"

    edit(repo / "NOTES.md", "here", "there")
    run("git", "add", "NOTES.md", cwd=repo)
    skipped = commit(repo, "notes")
    assert "Skipped" in skipped, skipped

    # Somebody else's mistake does not hold up a commit, and `dbfence-full` tells it nevertheless.
    run("git", "commit", "--quiet", "--no-verify", "--all", "-m", "past the hooks", cwd=repo)
    package = repo / "modules/platform/identity/package.json"
    edit(package, '"private": true', '"private": true, "description": "who is who"')
    run("git", "add", "--all", cwd=repo)
    commit(repo, "another file")
    run(BIN / runner, "run", "--all-files", "dbfence", cwd=repo)
    everything = run(
        BIN / runner, "run", "--all-files", "--hook-stage", "manual", "dbfence-full", cwd=repo, expect=1
    )
    assert FINDING in everything, everything
    print(f"{runner}: refused what is wrong, took what is right, left alone what is neither")


HOOKS = """
      - id: dbfence
      - id: dbfence-full
        stages: [manual]
"""


def from_repository():
    revision = run("git", "rev-parse", "HEAD", cwd=ROOT).strip()
    return f"repos:\n  - repo: {ROOT}\n    rev: {revision}\n    hooks:{HOOKS}"


def from_wheel(wheel):
    """The hooks as they are written out where nobody shall wait for a compiler."""
    hook = f"language: python, pass_filenames: false, additional_dependencies: ['{wheel}'], files: '[.](ya?ml|ts|json)$'"
    return (
        "repos:\n  - repo: local\n    hooks:\n"
        f"      - {{id: dbfence, name: dbfence, entry: dbfence check --staged, {hook}}}\n"
        f"      - {{id: dbfence-full, name: full, entry: dbfence check, stages: [manual], {hook}}}\n"
    )


def main():
    with tempfile.TemporaryDirectory(prefix="dbfence-hooks-") as place:
        place = pathlib.Path(place)
        ENVIRONMENT["PRE_COMMIT_HOME"] = str(place / "pre-commit-home")
        ENVIRONMENT["PREK_HOME"] = str(place / "prek-home")
        wheel = wheel_and_sdist(place)
        try_hooks("pre-commit", place / "by-pre-commit", from_repository())
        try_hooks("pre-commit", place / "by-wheel", from_wheel(wheel))
        try_hooks("prek", place / "by-prek", from_wheel(wheel))


ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DBFENCE_"))
} | {
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "CARGO_TARGET_DIR": str(TARGET),
    # A release takes minutes to link, and nothing here depends on it.
    "MATURIN_PEP517_ARGS": "--profile dev",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}

if __name__ == "__main__":
    main()
