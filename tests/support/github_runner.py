"""A runner of GitHub Actions, as far as the workflows in ``examples/ci`` need one.

It runs their steps as they stand. Of the actions of others it does what their documentation says:
https://github.com/actions/checkout, …/upload-artifact, …/download-artifact,
https://github.com/aws-actions/configure-aws-credentials, https://github.com/github/codeql-action.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support import processes
from tests.support.code_host import READ_ONLY, TOKEN, CodeHost
from tests.support.constructs import ROOT

# Of GitHub for `shell: bash`, and of GitLab.
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=0")
# The interpreter without what is installed for the tests: the review needs nothing else.
BARE = str(Path(sys.executable).resolve())
AWS_SECRET = "secret-key-of-the-inventory-role"
# A role that does not trust the job.
NO_ROLE = "arn:aws:iam::111122223333:role/Other"
OURS = re.compile(r"OWNER/ecr-constructs(?:/([\w/-]+))?@.+")
# `pip install` installs nothing, and `npx … synth` runs app.py: the tests need no network.
_STUBS = {
    "curl": "exit 97",
    "jq": "exit 97",
    "pip": "exit 0",
    "npx": f'PYTHONPATH="{ROOT}" CDK_OUTDIR=cdk.out exec "{sys.executable}" app.py',
    "aws": """case "$*" in
  *describe-repositories*) echo payments/api ;;
  *) echo '{"imageDetails": []}' ;;
esac
[ -n "$AWS_SECRET_ACCESS_KEY$AWS_WEB_IDENTITY_TOKEN_FILE" ]""",
}


def tools(folder: Path) -> str:
    """Return a PATH with stubs, on which python3 has nothing installed."""
    folder.mkdir(exist_ok=True)
    for name, script in _STUBS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    if not (folder / "python3").exists():
        (folder / "python3").symlink_to(BARE)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


def git(folder: Path, *arguments: str) -> str:
    """Return what a command of git prints, in a folder."""
    command = [*GIT, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


# --- expressions ---

_WORD = re.compile(r"'(?:[^']|'')*'|\|\||&&|==|!=|[!()]|[\w.-]+")


class _Expression:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/expressions"""  # noqa: D415

    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self._words = _WORD.findall(text)
        assert "".join(self._words) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), text
        self._contexts = contexts

    def value(self) -> Any:
        result = self._either()
        assert not self._words, self._words
        return result

    def _next(self, *expected: str) -> str | None:
        return self._words.pop(0) if self._words and self._words[0] in expected else None

    def _either(self) -> Any:
        result = self._both()
        while self._next("||"):
            other = self._both()
            result = result or other
        return result

    def _both(self) -> Any:
        result = self._compared()
        while self._next("&&"):
            other = self._compared()
            result = result and other
        return result

    def _compared(self) -> Any:
        result = self._single()
        while operator := self._next("==", "!="):
            same = (result or "") == (self._single() or "")
            result = same is (operator == "==")
        return result

    def _single(self) -> Any:
        if self._next("!"):
            return not self._single()
        word = self._words.pop(0)
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if self._next("("):
            assert self._next(")"), word
            return {"always": True, "cancelled": False}[word]
        value: Any = self._contexts
        for key in word.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value


def _filled_in(value: Any, contexts: Mapping[str, Any]) -> str:
    def text(match: re.Match[str]) -> str:
        result = _Expression(match[1], contexts).value()
        return "" if result is None else str(result)

    written = str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub(r"\$\{\{ (.+?) \}\}", text, written)


def _all_filled_in(values: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
    return {key: _filled_in(item, contexts) for key, item in values.items()}


# --- what a job may do ---


class Power(NamedTuple):
    """What a job of a workflow is given, and what it does with it."""

    job: str
    permissions: dict[str, str]
    secrets: list[str]
    runs_code: bool
    keeps_credentials: bool


def powers(workflow: Mapping[str, Any]) -> Iterator[Power]:
    """Yield what each job of a workflow is given."""
    for name, job in workflow["jobs"].items():
        steps = job["steps"]
        checkouts = [step for step in steps if "actions/checkout@" in step.get("uses", "")]
        yield Power(
            name,
            job.get("permissions", workflow["permissions"]),
            re.findall(r"secrets\.\w+|github\.token", json.dumps(job)),
            bool(checkouts),
            any(step["with"].get("persist-credentials") is not False for step in checkouts),
        )


# --- runs ---


@dataclass
class Job:
    """A job that has run, or was skipped."""

    result: str = "skipped"
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    uploads: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Repository:
    """A repository on GitHub with its workflows.

    Attributes:
        folder: Its clone, with the commits of forks, which GitHub keeps with it.
        work: An empty folder for its jobs.
        host: Its API.
        variables: Its configuration variables.
        artifacts: What its runs have uploaded, by run and name.
    """

    folder: Path
    work: Path
    host: CodeHost
    variables: dict[str, str] = field(default_factory=dict)
    artifacts: dict[tuple[str, str], Path] = field(default_factory=dict)

    def run(self, workflow: Path, name: str, event: dict[str, Any], run_id: str) -> dict[str, Job]:
        """Run a workflow for an event."""
        document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        jobs: dict[str, Job] = {}
        for key, job in document["jobs"].items():
            needed = job.get("needs", [])
            needs = {need: jobs[need] for need in ([needed] if isinstance(needed, str) else needed)}
            contexts: dict[str, Any] = {
                "github": {"event_name": name, "event": event, **event.get("github", {})},
                "needs": {
                    need: {"result": done.result, "outputs": done.outputs}
                    for need, done in needs.items()
                },
                "vars": self.variables,
            }
            condition = str(job.get("if", "'yes'"))
            succeeded = all(done.result == "success" for done in needs.values())
            may_run = succeeded or "cancelled()" in condition
            jobs[key] = Job()
            if may_run and _Expression(condition, contexts).value():
                permissions = job.get("permissions", document["permissions"])
                _Run(self, jobs[key], contexts, permissions, run_id, self.work / run_id / key).run(
                    job
                )
        return jobs


@dataclass
class _Run:
    """One run of one job."""

    repository: Repository
    job: Job
    contexts: dict[str, Any]
    permissions: dict[str, str]
    run_id: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, job: Mapping[str, Any]) -> None:
        """Run the steps."""
        (self.folder / "workspace").mkdir(parents=True)
        (self.folder / "temp").mkdir()
        event = self.folder / "event.json"
        event.write_text(json.dumps(self.contexts["github"]["event"]), encoding="utf-8")
        writes = "write" in self.permissions.values()
        self.contexts["github"]["token"] = TOKEN if writes else READ_ONLY
        self.contexts["runner"] = {"temp": str(self.folder / "temp")}
        self.environment = {
            "PATH": tools(self.repository.work / "tools"),
            **{key: value for key, value in os.environ.items() if key.startswith("CDK_")},
            # jsii keeps what it unpacked there, which takes long.
            "HOME": str(Path.home()),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_API_URL": self.repository.host.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "shop/registry",
            "GITHUB_RUN_ID": self.run_id,
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }
        succeeded = self._steps(job["steps"], self.contexts)
        self.job.result = "success" if succeeded else "failure"
        summary = self.folder / "summary"
        self.job.summary = summary.read_text(encoding="utf-8") if summary.exists() else ""
        self.job.outputs = _all_filled_in(job.get("outputs", {}), self.contexts)

    def _steps(self, steps: list[dict[str, Any]], contexts: dict[str, Any]) -> bool:
        contexts["steps"] = {}
        succeeded = True
        for step in steps:
            condition = str(step.get("if", "'yes'"))
            always = "always()" in condition or "cancelled()" in condition
            if not (succeeded or always) or not _Expression(condition, contexts).value():
                continue
            outputs: dict[str, str] = {}
            done = self._step(step, contexts, outputs)
            succeeded = succeeded and done
            contexts["steps"][step.get("id", "")] = {"outputs": outputs}
        return succeeded

    def _step(
        self, step: dict[str, Any], contexts: dict[str, Any], outputs: dict[str, str]
    ) -> bool:
        if "run" in step:
            return self._script(step, contexts, outputs)
        inputs = _all_filled_in(step.get("with", {}), contexts)
        if ours := OURS.fullmatch(step["uses"]):
            return self._composite(ROOT / (ours[1] or "") / "action.yml", inputs, contexts, outputs)
        name = step["uses"].partition("@")[0].replace("/", "_").replace("-", "_")
        return bool(getattr(self, f"_{name}")(inputs))

    def _script(
        self, step: dict[str, Any], contexts: dict[str, Any], outputs: dict[str, str]
    ) -> bool:
        script, written = self.folder / "temp" / "script.sh", self.folder / "temp" / "output"
        script.write_text(step["run"], encoding="utf-8")
        written.write_text("", encoding="utf-8")
        env = {
            **self.environment,
            "GITHUB_OUTPUT": str(written),
            "GITHUB_ACTION_PATH": str(contexts.get("action_path", "")),
            **_all_filled_in(step.get("env", {}), contexts),
        }
        done = processes.run([*BASH, script], self.folder / "workspace", env)
        self.job.log += done.stdout
        lines = written.read_text(encoding="utf-8").splitlines()
        outputs.update(dict(line.split("=", 1) for line in lines))
        return done.returncode == 0

    def _composite(
        self, file: Path, inputs: dict[str, str], contexts: dict[str, Any], outputs: dict[str, str]
    ) -> bool:
        action = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert inputs.keys() <= action["inputs"].keys()
        defaults = {key: item.get("default", "") for key, item in action["inputs"].items()}
        own = {**contexts, "action_path": file.parent}
        own["inputs"] = {**_all_filled_in(defaults, contexts), **inputs}
        succeeded = self._steps(action["runs"]["steps"], own)
        values = {key: item["value"] for key, item in action.get("outputs", {}).items()}
        outputs.update(_all_filled_in(values, own))
        return succeeded

    # --- actions of others ---

    def _actions_checkout(self, inputs: dict[str, str]) -> bool:
        workspace, source = self.folder / "workspace", self.repository.folder
        run = self.contexts["github"]["event"].get("workflow_run", {})
        # It refuses to check a fork out where the job may have secrets.
        assert inputs["ref"] != run.get("head_sha")
        assert self.permissions.get("contents") == "read"
        git(workspace, "init", "--quiet")
        git(workspace, "fetch", "--quiet", "--depth=1", source.as_uri(), inputs["ref"])
        git(workspace, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        if inputs.get("persist-credentials") != "false":
            token = f"AUTHORIZATION: basic {self.contexts['github']['token']}"
            git(workspace, "config", "http.https://github.com/.extraheader", token)
        return True

    def _actions_setup_python(self, _: dict[str, str]) -> bool:
        return True

    _actions_setup_node = _actions_setup_python

    def _actions_upload_artifact(self, inputs: dict[str, str]) -> bool:
        lines = inputs["path"].splitlines()
        workspace = self.folder / "workspace"
        if not (root := workspace / re.split(r"/\*", lines[0])[0]).is_dir():
            return False
        excluded = {path for line in lines if line[0] == "!" for path in workspace.glob(line[1:])}
        kept = [path for path in root.rglob("*") if path not in excluded and path.is_file()]
        to = self.repository.artifacts[self.run_id, inputs["name"]] = (
            self.folder.parent / f"{inputs['name']}-artifact"
        )
        for path in kept:
            target = to / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        return bool(kept)

    def _actions_download_artifact(self, inputs: dict[str, str]) -> bool:
        if run_id := inputs.get("run-id"):
            assert (inputs["github-token"], self.permissions.get("actions")) == (TOKEN, "read")
        artifact = self.repository.artifacts.get((run_id or self.run_id, inputs["name"]))
        if artifact is None:
            return False
        to = self.folder / "workspace" / inputs["path"]
        shutil.copytree(artifact, to, symlinks=True, dirs_exist_ok=True)
        return True

    def _aws_actions_configure_aws_credentials(self, inputs: dict[str, str]) -> bool:
        assert self.permissions.get("id-token") == "write"
        if inputs["role-to-assume"] == NO_ROLE:
            return False
        self.environment["AWS_SECRET_ACCESS_KEY"] = AWS_SECRET
        return True

    def _github_codeql_action_upload_sarif(self, inputs: dict[str, str]) -> bool:
        assert self.permissions.get("security-events") == "write"
        self.job.uploads.append(inputs)
        return True
