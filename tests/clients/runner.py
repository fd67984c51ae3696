"""Runs a composite action as the runner of GitHub Actions does, as far as this project's action goes.

Whatever the action uses and this does not know is an error, never a guess.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

# How the runner calls the shell that a step declares.
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]

TOKEN = re.compile(r"\s*(&&|\|\||==|!=|!|\(|\)|'(?:[^']|'')*'|[A-Za-z_][\w.-]*)")
STATUS = {"always", "cancelled", "failure", "success"}


class Expression:
    """The expression of a condition or between `${{` and `}}`."""

    def __init__(self, text, contexts, failed):
        self.tokens = []
        self.contexts = contexts
        self.failed = failed
        self.asks_for_status = False
        end = 0
        while text[end:].strip():
            token = TOKEN.match(text, end)
            if token is None:
                raise ValueError(f"not understood: {text[end:]}")
            self.tokens.append(token[1])
            end = token.end()

    def value(self):
        """What the whole of it comes to."""
        value = self.either()
        if self.tokens:
            raise ValueError(f"not understood: {self.tokens}")
        return value

    def taken(self, *tokens):
        """Takes the next token where it is one of these."""
        if self.tokens and self.tokens[0] in tokens:
            return self.tokens.pop(0)
        return None

    def either(self):
        """`a || b`: the first that holds."""
        value = self.both()
        while self.taken("||"):
            other = self.both()
            value = value or other
        return value

    def both(self):
        """`a && b`: the first that does not hold."""
        value = self.comparison()
        while self.taken("&&"):
            other = self.comparison()
            value = value and other
        return value

    def comparison(self):
        """`a == b`, where strings are alike in either case."""
        value = self.single()
        operator = self.taken("==", "!=")
        if operator is None:
            return value
        other = self.single()
        if not (isinstance(value, str) and isinstance(other, str)):
            raise ValueError("only strings are compared")
        return (value.lower() == other.lower()) == (operator == "==")

    def single(self):
        """A string, a value of a context, a question for the status, or its opposite."""
        if self.taken("!"):
            return not self.single()
        if self.taken("("):
            value = self.either()
            if not self.taken(")"):
                raise ValueError("a bracket is not closed")
            return value
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in STATUS and self.taken("("):
            if not self.taken(")"):
                raise ValueError(f"{token} takes no arguments")
            self.asks_for_status = True
            return {"always": True, "cancelled": False, "failure": self.failed, "success": not self.failed}[token]
        return self.looked_up(token.split("."))

    def looked_up(self, names):
        """A value of `inputs` or an output of a step."""
        match names:
            case ["inputs", name]:
                return self.contexts["inputs"][name]
            case ["steps", step, "outputs", name]:
                return self.contexts["steps"][step].get(name, "")
        raise ValueError(f"not known: {'.'.join(names)}")


@dataclasses.dataclass
class Ran:
    """What a job has of an action after it ran."""

    failed: bool
    exit_code: int
    outputs: dict
    steps: dict
    summary: str
    path: list
    # What the log shows, without commands.
    log: str
    # Commands with their properties and data, as the runner takes them.
    commands: list
    # What steps that use another action would give it.
    used: dict

    def annotations(self, kind):
        """The commands of a kind."""
        return [command for command in self.commands if command[0] == kind]


class Runner:
    """One runner in the middle of one job."""

    def __init__(self, folder, workspace, system="Linux", architecture="X64", environment=None):
        self.folder = pathlib.Path(folder)
        self.workspace = pathlib.Path(workspace)
        self.temporary = self.folder / "_temp with a space"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **{name: value for name, value in os.environ.items() if name.startswith(("CARGO", "RUSTUP"))},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_ARCH": architecture,
            "RUNNER_OS": system,
            "RUNNER_TEMP": str(self.temporary),
            **(environment or {}),
        }

    def run(self, action_path, given):
        """Runs every step of the action with the inputs that a workflow gives it."""
        action = yaml.safe_load((action_path / "action.yml").read_text("utf-8"))
        unknown = set(given) - set(action["inputs"])
        if unknown:
            raise ValueError(f"no inputs of the action: {unknown}")
        inputs = {name: given.get(name, declared["default"]) for name, declared in action["inputs"].items()}
        contexts = {"inputs": inputs, "steps": {}}
        if action["runs"]["using"] != "composite":
            raise ValueError("only composite actions are known")
        ran = Ran(False, 0, {}, contexts["steps"], "", [], "", [], {})
        for step in action["runs"]["steps"]:
            self.step(step, contexts, pathlib.Path(action_path), ran)
        for name, output in action["outputs"].items():
            ran.outputs[name] = filled(output["value"], contexts, ran.failed)
        return ran

    def step(self, step, contexts, action_path, ran):
        """Runs a step if its condition holds."""
        unknown = set(step) - {"id", "name", "shell", "env", "run", "if", "uses", "with"}
        if unknown:
            raise ValueError(f"unknown keys of a step: {unknown}")
        outputs = contexts["steps"].setdefault(step["id"], {})
        if not holds(step.get("if", ""), contexts, ran.failed):
            return
        if "uses" in step:
            given = {name: filled(value, contexts, ran.failed) for name, value in step["with"].items()}
            ran.used[step["uses"]] = given
            return
        if step["shell"] != "bash" or "${{" in step["run"]:
            raise ValueError("a script is for bash, and its values come through the environment")
        with tempfile.TemporaryDirectory(dir=self.folder) as files:
            files = pathlib.Path(files)
            names = ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_ENV"]
            for name in names:
                (files / name).touch()
            script = files / "script.sh"
            script.write_text(step["run"], "utf-8")
            environment = self.environment | {name: str(files / name) for name in names}
            environment |= {name: filled(value, contexts, ran.failed) for name, value in step.get("env", {}).items()}
            environment["GITHUB_ACTION_PATH"] = str(action_path)
            done = subprocess.run(
                [*BASH, script],
                cwd=self.workspace,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            outputs |= file_commands((files / "GITHUB_OUTPUT").read_text("utf-8"))
            ran.summary += (files / "GITHUB_STEP_SUMMARY").read_text("utf-8")
            ran.path += (files / "GITHUB_PATH").read_text("utf-8").splitlines()
            if (files / "GITHUB_ENV").read_text("utf-8"):
                raise ValueError("the action sets variables of the job")
        self.read(done.stdout.decode("utf-8"), ran)
        if done.returncode != 0:
            ran.failed = True
            ran.exit_code = ran.exit_code or done.returncode

    def read(self, printed, ran):
        """Tells commands from text."""
        token = None
        for line in re.split(r"\r\n|\n|\r", printed):
            command = re.match(r"\s*::([^\s:]+)(?: ([^\n]*?))?::(.*)", line)
            if token is not None:
                if command and command[1] == token:
                    token = None
                else:
                    ran.log += f"{line}\n"
            elif command is None:
                if "##[" in line:
                    raise ValueError(f"a command of the old kind: {line}")
                ran.log += f"{line}\n"
            elif command[1] == "stop-commands":
                token = command[3]
            else:
                properties = {}
                for one in filter(None, (command[2] or "").split(",")):
                    name, value = one.split("=", 1)
                    properties[name] = unescaped(value, property=True)
                ran.commands.append((command[1], properties, unescaped(command[3])))
        if token is not None:
            raise ValueError("commands are stopped to the end of the step")


def holds(condition, contexts, failed):
    """Whether a step runs: without a word about the status, only after success."""
    if not condition:
        return not failed
    wrapped = re.fullmatch(r"\$\{\{(.*)\}\}", str(condition).strip())
    expression = Expression(wrapped[1] if wrapped else condition, contexts, failed)
    value = expression.value()
    return bool(value) and (expression.asks_for_status or not failed)


def filled(text, contexts, failed):
    """A text with its expressions replaced by their values."""
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda found: str(Expression(found[1], contexts, failed).value()), str(text)
    )


def unescaped(text, property=False):
    """The data or a property of a command."""
    pairs = [("%3A", ":"), ("%2C", ",")] if property else []
    for escape, character in [*pairs, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]:
        text = text.replace(escape, character)
    return text


def file_commands(text):
    """What a step wrote for the steps after it."""
    values = {}
    lines = iter(text.splitlines())
    for line in lines:
        if "<<" in line.split("=", 1)[0]:
            name, end = line.split("<<", 1)
            value = []
            while (line := next(lines)) != end:
                value.append(line)
            values[name] = "\n".join(value)
        elif "=" in line:
            name, value = line.split("=", 1)
            values[name] = value
        elif line:
            raise ValueError(f"neither a value nor the begin of one: {line}")
    return values
