"""Runs the GitHub Action as a runner would, with the program that `DBFENCE_PROGRAM` names.

The release that it downloads from is a folder that is served here, packed by `.github/release.py`.
"""

import atexit
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import yaml
from runner import Runner

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / ".github" / "release.py"
PROGRAM = pathlib.Path(os.environ["DBFENCE_PROGRAM"]).resolve()
NAMES = {
    ("Linux", "X64"): "x86_64-unknown-linux-gnu",
    ("Linux", "ARM64"): "aarch64-unknown-linux-gnu",
    ("macOS", "X64"): "x86_64-apple-darwin",
    ("macOS", "ARM64"): "aarch64-apple-darwin",
    ("Windows", "X64"): "x86_64-pc-windows-msvc",
    ("Windows", "ARM64"): "aarch64-pc-windows-msvc",
}
# What would leave a file behind, or become a command or an output of its own, if it were not taken for data.
HOSTILE = [
    "$(touch executed)",
    "`touch executed`",
    "; touch executed #",
    '"; touch executed; "',
    "'; touch executed; '",
    "%0A::error::injected",
    "::error::injected",
    "--fix",
    "-rf",
    "a b\tc",
    "*",
    "\\",
    "\u202eé😀",
]

# Writes every report that is asked for, and down what it was asked.
RECORDER = """#!/usr/bin/env python3
import json, sys
if sys.argv[1:] == ["--version"]:
    sys.exit(print("dbfence recorder"))
with open("asked.json", "w") as asked:
    json.dump(sys.argv[1:], asked)
for argument in sys.argv[1:]:
    if argument == "--":
        break
    if argument.startswith("--format=") and argument.count("=") > 1:
        name, path = argument.removeprefix("--format=").split("=", 1)
        with open(path, "w") as report:
            summary = {"tool": {}, "summary": {"errors": 2, "warnings": 1}}
            report.write(json.dumps(summary, indent=2) if name == "json" else REPORT)
print(ANNOTATIONS)
sys.exit(STATUS)
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *arguments):
        """Says nothing."""


def served(folder):
    """Serves a folder; gives the server and its address."""
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def pack(program, target, assets):
    """Packs a program as a release does."""
    with tempfile.TemporaryDirectory() as programs:
        folder = pathlib.Path(programs) / target
        folder.mkdir()
        shutil.copy(program, folder / ("dbfence.exe" if "windows" in target else "dbfence"))
        subprocess.run([sys.executable, RELEASE, "pack", programs, assets], check=True)


@functools.cache
def packed_program():
    """The assets of a release of the program that is tested."""
    assets = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, assets)
    pack(PROGRAM, "x86_64-unknown-linux-gnu", assets)
    return assets


class ActionTest(unittest.TestCase):
    """A runner, a workspace, and a release at hand."""

    def setUp(self):
        # One folder for all, with a space in its name.
        temporary = tempfile.TemporaryDirectory(prefix="dbfence action ")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.assets = self.folder / "assets"
        self.checkout = self.folder / "_actions"
        server, self.address = served(self.assets)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def release(self, program=None, target="x86_64-unknown-linux-gnu"):
        """A checkout of the action whose checksums are those of a release with this program."""
        self.check_out()
        assets = self.assets / f"v{version()}"
        if program is None:
            shutil.copytree(packed_program(), assets)
        else:
            pack(program, target, assets)
        checksums = subprocess.check_output([sys.executable, RELEASE, "sums", assets])
        (self.checkout / ".github" / "checksums.txt").write_bytes(checksums)
        return assets

    def check_out(self):
        """A checkout of the action without sources, so that nothing can be built from it."""
        self.checkout.mkdir()
        shutil.copytree(ROOT / ".github", self.checkout / ".github")
        for file in ["action.yml", "Cargo.toml"]:
            shutil.copy(ROOT / file, self.checkout)
        self.assets.mkdir(exist_ok=True)

    def recorder(self, report="", annotations="", status=0):
        """A program that writes down what it is asked."""
        program = self.folder / "recorder"
        text = RECORDER.replace("REPORT", repr(report)).replace("ANNOTATIONS", repr(annotations))
        program.write_text(text.replace("STATUS", str(status)), "utf-8")
        program.chmod(0o755)
        return program

    def workspace(self, fixture):
        """A copy of a fixture that is a repository, as a job has it."""
        workspace = self.folder / "a work space"
        shutil.copytree(ROOT / "fixtures" / fixture, workspace, symlinks=True)
        subprocess.run(["git", "init", "--quiet", workspace], check=True)
        return workspace

    def run_action(self, workspace, given=None, action=None, **runner):
        """Runs the action with these inputs."""
        runner.setdefault("environment", {})["DBFENCE_RELEASES"] = self.address
        return Runner(self.folder, workspace, **runner).run(action or self.checkout, given or {})

    def empty(self):
        """A workspace for the recorder."""
        workspace = self.folder / "empty"
        workspace.mkdir(exist_ok=True)
        return workspace


class Released(ActionTest):
    """The program comes from a release."""

    def test_a_clean_workspace_passes(self):
        self.release()
        ran = self.run_action(self.workspace("clean"))
        self.assertFalse(ran.failed, ran.log)
        self.assertEqual((ran.outputs["errors"], ran.outputs["warnings"]), ("0", "0"))
        self.assertEqual(ran.commands, [])
        self.assertEqual(json.loads(pathlib.Path(ran.outputs["sarif"]).read_text("utf-8"))["runs"][0]["results"], [])
        self.assertNotEqual(ran.summary.strip(), "")
        self.assertEqual(ran.used, {})
        (path,) = ran.path
        self.assertTrue((pathlib.Path(path) / "dbfence").is_file())

    def test_every_finding_is_told_to_everybody(self):
        self.release()
        workspace = self.workspace("trouble")
        ran = self.run_action(workspace)
        self.assertEqual(ran.exit_code, 1)
        self.assertEqual((ran.outputs["errors"], ran.outputs["warnings"]), ("13", "0"))
        annotations = ran.annotations("error")
        self.assertEqual(len(annotations), 10, "GitHub shows ten a step")
        for _, properties, message in annotations:
            self.assertTrue((workspace / properties["file"]).is_file(), properties)
            self.assertGreater(int(properties["line"]), 0)
            self.assertNotEqual(message, "")
        self.assertEqual([message.startswith("10 of 13") for *_, message in ran.annotations("notice")], [True])
        (run,) = json.loads(pathlib.Path(ran.outputs["sarif"]).read_text("utf-8"))["runs"]
        self.assertEqual(len(run["results"]), 13)
        for result in run["results"]:
            self.assertIn(result["ruleId"], ran.summary)
            self.assertIn(f"error[{result['ruleId']}]", ran.log)
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            self.assertTrue((workspace / uri).is_file(), uri)

    def test_a_workspace_below_the_top_of_the_repository(self):
        self.release()
        workspace = self.folder / "repository"
        shutil.copytree(ROOT / "fixtures" / "trouble", workspace / "our services")
        subprocess.run(["git", "init", "--quiet", workspace], check=True)
        ran = self.run_action(workspace, {"root": "our services"})
        self.assertEqual(ran.outputs["errors"], "13")
        for _, properties, _ in ran.annotations("error"):
            self.assertTrue((workspace / properties["file"]).is_file(), properties)
        (run,) = json.loads(pathlib.Path(ran.outputs["sarif"]).read_text("utf-8"))["runs"]
        for result in run["results"]:
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            self.assertTrue((workspace / uri.replace("%20", " ")).is_file(), uri)

    def test_fail_on_never_passes_with_findings(self):
        self.release()
        ran = self.run_action(self.workspace("trouble"), {"fail-on": "never"})
        self.assertFalse(ran.failed, ran.log)
        self.assertEqual(ran.outputs["errors"], "13")

    def test_without_annotations(self):
        self.release()
        ran = self.run_action(self.workspace("trouble"), {"annotations": "false"})
        self.assertEqual(ran.exit_code, 1)
        self.assertEqual(ran.commands, [])
        self.assertIn("error[localhost-url]", ran.log)

    def test_paths_choose_what_is_reported(self):
        self.release()
        paths = "modules/shared/seed-bank\n\nmodules/platform/membership\r\n"
        ran = self.run_action(self.workspace("trouble"), {"paths": paths})
        self.assertEqual(ran.outputs["errors"], "2")

    def test_a_change_chooses_what_is_reported(self):
        self.release()
        workspace = self.workspace("trouble")
        git = ["git", "-C", workspace, "-c", "user.name=Author", "-c", "user.email=author@example.org"]
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", "Begin"], check=True)
        with (workspace / "modules/shared/seed-bank/prisma/schema.prisma").open("a", encoding="utf-8") as schema:
            schema.write("// changed\n")
        subprocess.run([*git, "commit", "--quiet", "--all", "--message", "Change"], check=True)
        ran = self.run_action(workspace, {"since": "HEAD~1"})
        self.assertEqual((ran.exit_code, ran.outputs["errors"]), (1, "1"), ran.log)
        ran = self.run_action(workspace, {"since": "HEAD~2"})
        self.assertEqual(ran.exit_code, 2)
        ((_, _, message),) = ran.annotations("error")
        self.assertIn("HEAD~2", message)

    def test_the_sarif_file_is_uploaded_after_a_failure_too(self):
        self.release()
        given = {"sarif-file": "out put/found.sarif", "upload-sarif": "true", "sarif-category": "services"}
        workspace = self.workspace("trouble")
        ran = self.run_action(workspace, given)
        self.assertEqual(ran.exit_code, 1)
        ((used, inputs),) = ran.used.items()
        self.assertRegex(used, r"^github/codeql-action/upload-sarif@[0-9a-f]{40}$")
        self.assertEqual(inputs, {"sarif_file": "out put/found.sarif", "category": "services"})
        self.assertTrue((workspace / "out put" / "found.sarif").is_file())

    def test_what_is_silenced_is_no_alert(self):
        self.release()
        workspace = self.workspace("trouble")
        debt = [PROGRAM, "baseline", "--root", workspace, "--reason", "known", "--owner", "nobody"]
        subprocess.run(debt, check=True, stdout=subprocess.DEVNULL)
        debt_file = workspace / ".dbfence" / "baseline.yaml"
        *entries, _ = debt_file.read_text("utf-8").split("  - rule: ")
        debt_file.write_text("  - rule: ".join(entries), "utf-8")
        ran = self.run_action(workspace, {"upload-sarif": "true"})
        self.assertEqual((ran.exit_code, ran.outputs["errors"]), (1, "1"), ran.log)
        ((_, inputs),) = ran.used.items()
        (run,) = json.loads(pathlib.Path(inputs["sarif_file"]).read_text("utf-8"))["runs"]
        self.assertEqual([result["suppressions"] for result in run["results"]], [[]])

    def test_what_is_not_checked_is_no_pass(self):
        self.release()
        rows = [
            ({"root": "missing"}, "missing"),
            ({"config": "missing.yaml"}, "missing.yaml"),
            ({"paths": "missing"}, "missing"),
            ({"fail-on": "Error"}, "fail-on"),
            ({"annotations": "yes"}, "annotations"),
            ({"upload-sarif": ""}, "upload-sarif"),
            ({"sarif-file": "a\nerrors=0"}, "sarif-file"),
            ({"sarif-file": "package.json/found.sarif"}, "SARIF"),
        ]
        workspace = self.workspace("clean")
        for given, word in rows:
            with self.subTest(given=given):
                ran = self.run_action(workspace, given)
                self.assertEqual(ran.exit_code, 2)
                ((_, _, message),) = ran.annotations("error")
                self.assertIn(word, message)
                self.assertEqual((ran.outputs["errors"], ran.outputs["sarif"], ran.used), ("", "", {}))

    def test_an_archive_with_another_checksum_is_refused(self):
        assets = self.release()
        (archive,) = assets.iterdir()
        archive.write_bytes(archive.read_bytes() + b"\0")
        ran = self.run_action(self.workspace("clean"), {"upload-sarif": "true"})
        self.assertEqual(ran.exit_code, 2)
        ((_, _, message),) = ran.annotations("error")
        self.assertIn("checksum", message)
        self.assertEqual((ran.path, ran.used, ran.outputs["errors"]), ([], {}, ""))
        self.assertEqual(list(Runner(self.folder, self.folder).temporary.rglob("dbfence*/*")), [])

    def test_every_system_gets_its_own_archive(self):
        for (system, architecture), target in NAMES.items():
            with self.subTest(target=target):
                if shutil.which("unzip") is None and system == "Windows":
                    self.skipTest("there is no unzip")
                self.setUp()
                self.release(self.recorder(), target)
                ran = self.run_action(self.empty(), system=system, architecture=architecture)
                self.assertFalse(ran.failed, ran.log)
                self.assertEqual(ran.outputs["errors"], "2")
                self.assertIn(f"dbfence-{version()}-{target}", ran.steps["install"]["program"])

    def test_musl_gets_its_own_archive(self):
        self.release(self.recorder(), "aarch64-unknown-linux-musl")
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "ldd").write_text("#!/bin/sh\necho 'musl libc (aarch64)' >&2\nexit 1\n", "utf-8")
        (tools / "ldd").chmod(0o755)
        path = {"PATH": f"{tools}:{os.environ['PATH']}"}
        ran = self.run_action(self.empty(), architecture="ARM64", environment=path)
        self.assertFalse(ran.failed, ran.log)
        self.assertIn("musl", ran.steps["install"]["program"])

    def test_the_page_says_what_there_is(self):
        page = (ROOT / "docs/github-action.md").read_text("utf-8")
        action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
        inputs, outputs = re.search(r"\n## Inputs\n(.*)\n## Outputs\n(.*?)\n## ", page, re.DOTALL).groups()
        rows = dict(re.findall(r"^\| `(\S+)` \| (.*?) ?\|", inputs, re.MULTILINE))
        self.assertEqual(list(rows), list(action["inputs"]))
        for name, default in rows.items():
            if declared := action["inputs"][name]["default"]:
                self.assertEqual(default, f"`{declared}`", name)
        named = re.findall(r"`(\S+?)`", " ".join(re.findall(r"^\| (`.*?) \|", outputs, re.MULTILINE)))
        self.assertEqual(named, list(action["outputs"]), outputs)

    def test_the_workflow_builds_what_the_action_wants(self):
        candidate = yaml.safe_load((ROOT / ".github/workflows/candidate.yml").read_text("utf-8"))
        built = {row["target"] for row in candidate["jobs"]["build"]["strategy"]["matrix"]["include"]}
        musl = {"x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"}
        self.assertEqual(built, musl | set(NAMES.values()))


class Hostile(ActionTest):
    """Inputs and reports are data."""

    def test_inputs_reach_the_program_as_they_are(self):
        self.release(self.recorder())
        workspace = self.empty()
        for value in HOSTILE:
            with self.subTest(value=value):
                given = {
                    "root": value,
                    "since": value,
                    "config": value,
                    "paths": f"{value}\nsecond",
                    "sarif-file": f"sarif/{value}",
                    "sarif-category": value,
                    "upload-sarif": "true",
                }
                ran = self.run_action(workspace, given)
                self.assertFalse(ran.failed, ran.log)
                asked = json.loads((workspace / "asked.json").read_text("utf-8"))
                for argument in ["root", "since", "config"]:
                    self.assertIn(f"--{argument}={value}", asked)
                self.assertEqual(asked[asked.index("--") + 1 :], [value, "second"])
                self.assertEqual(ran.outputs["sarif"], f"sarif/{value}")
                ((_, inputs),) = ran.used.items()
                self.assertEqual(inputs, {"sarif_file": f"sarif/{value}", "category": value})
                self.assertEqual([command for command in ran.commands if "injected" in str(command)], [])
                self.assertEqual([path.name for path in self.folder.rglob("executed")], [])

    def test_a_refused_input_is_no_command(self):
        self.release(self.recorder())
        for value in [*HOSTILE, "a\n::error::injected", "a\r::error::injected"]:
            with self.subTest(value=value):
                ran = self.run_action(self.empty(), {"fail-on": value})
                self.assertEqual(ran.exit_code, 2)
                ((_, _, message),) = ran.annotations("error")
                self.assertIn(f"`{value}`", message)

    def test_a_report_is_no_command(self):
        report = "::error::injected\n::add-mask::injected\n::stop-commands::x\n::x::\n::endgroup::\n::error::"
        self.release(self.recorder(report))
        ran = self.run_action(self.empty())
        self.assertEqual(ran.commands, [])
        self.assertIn(report, ran.log)

    def test_a_failure_is_told_in_one_annotation(self):
        self.release(self.recorder(status=101))
        ran = self.run_action(self.empty(), {"upload-sarif": "true"})
        self.assertEqual(ran.exit_code, 2)
        ((_, _, message),) = ran.annotations("error")
        self.assertIn("101", message)
        self.assertEqual((ran.used, ran.summary), ({}, ""))


class Built(ActionTest):
    """There is no release of this version."""

    # The profile and the folder of the tests, so that nothing is compiled twice.
    environment = {"DBFENCE_PROFILE": "dev", "DBFENCE_BUILD": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))}

    def test_it_is_built_from_its_own_checkout(self):
        if (ROOT / ".github/checksums.txt").read_text("utf-8").strip():
            self.skipTest("this version is released")
        workspace = self.workspace("trouble")
        # What the scanned repository wants of Rust is not asked for.
        (workspace / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "1.0.0"\n', "utf-8")
        ran = self.run_action(workspace, action=ROOT, environment=dict(self.environment))
        self.assertEqual(ran.exit_code, 1, ran.log)
        self.assertEqual(ran.outputs["errors"], "13")
        groups = [title for *_, title in ran.annotations("group")]
        self.assertIn(f"Build dbfence {version()} from the checkout of the action", groups)

    def test_an_archive_that_cannot_be_had_is_no_end(self):
        (archive,) = self.release().iterdir()
        archive.unlink()
        ran = self.run_action(self.workspace("clean"), environment=dict(self.environment))
        ((_, _, warning),) = ran.annotations("warning")
        self.assertIn("cannot be downloaded", warning)
        # That checkout has no sources.
        self.assertEqual(ran.exit_code, 2)
        ((_, _, message),) = ran.annotations("error")
        self.assertIn("cannot be built", message)

    def test_without_rust(self):
        self.check_out()
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ["bash", "sed", "awk", "mktemp", "cat", "ldd"]:
            (tools / name).symlink_to(shutil.which(name))
        ran = self.run_action(self.workspace("clean"), environment={"PATH": str(tools)})
        self.assertEqual(ran.exit_code, 2)
        ((_, _, message),) = ran.annotations("error")
        self.assertIn("set up Rust", message)


class Releasing(unittest.TestCase):
    """What stands between a release and its publication."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.repository = self.folder / "repository"
        beside = ["Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE"]
        for file in [".github/release.py", ".github/checksums.txt", *beside]:
            (self.repository / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, self.repository / file)
        self.write("src/main.rs", "fn main() {}\n")
        self.git("init", "--quiet")
        self.built = self.commit("Ready")
        self.assets = self.folder / "assets"
        for target in ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"]:
            (self.folder / "programs" / target).mkdir(parents=True)
            name = "dbfence.exe" if "windows" in target else "dbfence"
            (self.folder / "programs" / target / name).write_text(target, "utf-8")
        self.release("pack", self.folder / "programs", self.assets)
        self.tag = f"v{version()}"

    def git(self, *arguments):
        """Runs git in the repository."""
        identity = ["-c", "user.name=Maintainer", "-c", "user.email=maintainer@example.org"]
        command = ["git", "-C", self.repository, *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message):
        """Commits everything; gives the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def write(self, path, text):
        """Writes a file of the repository."""
        (self.repository / path).parent.mkdir(parents=True, exist_ok=True)
        (self.repository / path).write_text(text, "utf-8")

    def release(self, *arguments):
        """Runs the script; gives its exit code and what it prints."""
        command = [sys.executable, self.repository / ".github/release.py", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def commit_sums(self):
        """Commits the checksums of the assets."""
        self.write(".github/checksums.txt", self.release("sums", self.assets)[1])
        self.commit("Say what was built")

    def refused(self, word, tag=None):
        """Asserts that the assets may not be published, and why."""
        code, faults = self.release("verify", self.built, tag or self.tag, self.assets)
        self.assertEqual(code, 1)
        self.assertIn(word, faults)

    def test_the_way_through(self):
        self.refused("not committed")
        self.commit_sums()
        self.assertEqual(self.release("verify", self.built, self.tag, self.assets), (0, ""))

    def test_packing_twice_gives_the_same_bytes(self):
        before = self.release("sums", self.assets)
        self.release("pack", self.folder / "programs", self.assets)
        self.assertEqual(self.release("sums", self.assets), before)
        self.assertEqual(
            [re.sub(r"^[0-9a-f]{64}  ", "", line) for line in before[1].splitlines()],
            [f"dbfence-{version()}-x86_64-pc-windows-msvc.zip", f"dbfence-{version()}-x86_64-unknown-linux-gnu.tar.gz"],
        )

    def test_an_asset_that_was_exchanged(self):
        self.commit_sums()
        next(self.assets.iterdir()).write_text("exchanged", "utf-8")
        self.refused("not committed")

    def test_an_asset_that_is_missing_or_too_many(self):
        self.commit_sums()
        (self.assets / "more.txt").write_text("more", "utf-8")
        self.refused("more.txt")
        (self.assets / "more.txt").unlink()
        next(self.assets.iterdir()).unlink()
        self.refused("not among the assets")

    def test_sources_that_changed_after_the_build(self):
        self.write("src/main.rs", "fn main() { panic!() }\n")
        self.commit_sums()
        self.refused("src/main.rs")

    def test_another_tag_than_the_version(self):
        self.commit_sums()
        self.refused("v9.9.9", "v9.9.9")

    def test_a_commit_of_elsewhere(self):
        self.commit_sums()
        self.built = "0" * 40
        self.refused("no ancestor")

    def test_a_released_version_stays_as_it_is(self):
        self.assertEqual(self.release("unchanged"), (0, ""))
        self.git("tag", self.tag)
        self.write("README.md", "Another word.\n")
        self.commit("Write")
        self.assertEqual(self.release("unchanged"), (0, ""))
        self.write("src/main.rs", "fn main() { panic!() }\n")
        self.commit("Panic")
        code, faults = self.release("unchanged")
        self.assertEqual(code, 1)
        self.assertIn("src/main.rs", faults)


def version():
    """The version of the package."""
    manifest = (ROOT / "Cargo.toml").read_text("utf-8")
    return re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)[1]


if __name__ == "__main__":
    unittest.main(verbosity=2)
