#!/usr/bin/env python3
"""Has the reports of a workspace with hostile names read by the programs that they are for.

    check.py DBFENCE FOLDER

FOLDER holds what `npm ci` and `pip install --target` made of package.json and requirements.txt.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
PRODUCT = HERE.parent.parent / "fixtures" / "trouble"
FORMATS = ["json", "jsonl", "sarif", "code-scanning", "github", "gitlab", "junit", "checkstyle", "rdjson", "markdown"]
# Names of folders, each of which gets a file that cannot be read as what it is.
HOSTILE = [
    "per%cent%0Aand:colon,comma",
    "::error file=x::injected",
    "##[error]injected",
    "new\nline\r",
    "escape\x1b[31m\x07",
    "bidi\u202e\u2066",
    "<b>&amp;]]>",
    "\"quotes\" 'and' `ticks`",
    "😀 e\u0301 日本",
    "a|b [c](d) {0}",
]


def main(dbfence, folder):
    sys.path.insert(0, str(folder / "python"))
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch) / "workspace"
        shutil.copytree(PRODUCT, workspace)
        (workspace / "dbfence.yaml").write_text("")
        for name in HOSTILE:
            (workspace / name).mkdir()
            (workspace / name / "docker-compose.yml").write_text("services: [\n")
        reports = Path(scratch) / "reports"
        reports.mkdir()
        wanted = [f"--format={name}={reports / name}" for name in FORMATS]
        done = subprocess.run(
            [dbfence, "check", "--root", workspace, *wanted], stdout=subprocess.DEVNULL, check=False
        )
        assert done.returncode == 1, done.returncode
        found = json.loads((reports / "json").read_text())["findings"]
        paths = [finding["path"] for finding in found]
        for name in HOSTILE:
            assert f"{name}/docker-compose.yml" in paths, name
        for name in ["sarif", "code-scanning"]:
            read_sarif(folder, reports / name, len(found))
        read_junit(reports / "junit", found)
        read_others(folder, reports, found)
    print(f"{len(FORMATS)} reports of {len(found)} findings are read by their readers")


def holds(folder, schema, document):
    """What is wrong with a document by a JSON Schema."""
    command = ["node", HERE / "schema.js", folder.resolve(), schema, document]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout


def read_sarif(folder, report, count):
    """By the official schema, the rules of code scanning and the object model of viewers."""
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    package = folder / "node_modules" / "@microsoft" / f"sarif-multitool-{system}"
    tool = package / "Sarif.Multitool"
    tool.chmod(0o755)
    log = report.with_suffix(".sarif")
    report.rename(log)
    schema = package / "sarif-2.1.0.json"
    assert holds(folder, schema, log) == ""
    wrong = log.with_name("wrong.sarif")
    wrong.write_text(log.read_text().replace('"startLine": 1,', '"startLine": 0,', 1))
    assert "must be >= 1" in holds(folder, schema, wrong)
    # What code scanning cuts off or drops.
    for rule in json.loads(log.read_text())["runs"][0]["tool"]["driver"]["rules"]:
        texts = [rule["shortDescription"]["text"], rule["fullDescription"]["text"]]
        assert max(map(len, texts)) <= 1024 and len(rule["name"]) <= 255, rule["id"]
        assert len(rule["properties"]["tags"]) <= 10, rule["id"]
    verdict = log.with_name("verdict.sarif")
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(
        [
            tool, "validate", log, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning",
            "--output", verdict, "--log", "ForceOverwrite",
        ],
        env=environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads(verdict.read_text(encoding="utf-8-sig"))["runs"][0]
    complaints = [(it["ruleId"], it["message"]) for it in run.get("results", [])]
    assert not complaints, complaints
    # The object model of the same library, which viewers use, reads and writes every result.
    again = log.with_name("again.sarif")
    subprocess.run(
        [tool, "rewrite", log, "--output", again, "--log", "ForceOverwrite;Minify"],
        env=environment, capture_output=True, check=True,
    )
    results = json.loads(again.read_text(encoding="utf-8-sig"))["runs"][0]["results"]
    assert len(results) == count, (len(results), count)


def read_junit(report, found):
    import junitparser

    suites = junitparser.JUnitXml.fromfile(str(report))
    cases = [case for suite in suites for case in suite]
    assert len(cases) == suites.tests == suites.failures == len(found)
    # GitLab and others show one of several with the same name.
    assert len({(case.classname, case.name) for case in cases}) == len(cases)
    assert sorted(case.result[0].message for case in cases) == sorted(it["message"] for it in found)


def read_others(folder, reports, found):
    schema = HERE.parent.parent / "docs" / "schema" / "findings.schema.json"
    assert holds(folder, schema, reports / "json") == ""
    messages = [finding["message"] for finding in found]
    lines = (reports / "jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == found
    issues = json.loads((reports / "gitlab").read_text())
    assert [issue["fingerprint"] for issue in issues] == [it["fingerprint"] for it in found]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    diagnostics = json.loads((reports / "rdjson").read_text())["diagnostics"]
    assert [it["location"]["path"] for it in diagnostics] == [it["path"] for it in found]
    files = xml.etree.ElementTree.parse(reports / "checkstyle").getroot()
    errors = [error for file in files for error in file]
    starts = [error.get("message").startswith(text) for error, text in zip(errors, messages)]
    assert len(starts) == len(found) and all(starts)
    log = (reports / "github").read_text()
    commands = [line for line in log.splitlines() if line.lstrip().startswith("::")]
    kinds = [line.split("::")[1].split(" ")[0] for line in commands]
    assert kinds == ["error"] * 10 + ["notice", "group", "endgroup"], kinds


main(sys.argv[1], Path(sys.argv[2]))
