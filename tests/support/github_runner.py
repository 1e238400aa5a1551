"""A runner of GitHub Actions, as far as action.yml needs one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support import processes
from tests.support.code_host import TOKEN, CodeHost
from tests.support.constructs import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
# Of GitHub for `shell: bash`, and of GitLab.
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=0")
# The interpreter without what is installed for the tests: the review needs nothing else.
BARE = str(Path(sys.executable).resolve())


class Job(NamedTuple):
    """A job that has run."""

    status: int
    log: str
    summary: str
    uploads: list[dict[str, str]]
    out: Path


def tools(folder: Path) -> str:
    """Return a PATH on which curl and jq fail, and python3 has nothing installed."""
    folder.mkdir(exist_ok=True)
    for name in ("curl", "jq"):
        (folder / name).write_text("#!/bin/sh\nexit 97\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    if not (folder / "python3").exists():
        (folder / "python3").symlink_to(BARE)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


def git(folder: Path, *arguments: str) -> str:
    """Return what a command of git prints, in a folder."""
    command = [*GIT, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _looked_up(expression: str, contexts: dict[str, Any]) -> Any:
    if expression.startswith("'"):
        return expression.strip("'")
    if expression in ("true", "false"):
        return expression == "true"
    value: Any = contexts
    for key in expression.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _holds(condition: str, contexts: dict[str, Any]) -> bool:
    def one(term: str) -> bool:
        match = re.fullmatch(r"(\S+) (==|!=) (\S+)", term)
        if not match:
            return bool(_looked_up(term, contexts))
        same = _looked_up(match[1], contexts) == _looked_up(match[3], contexts)
        return same is (match[2] == "==")

    return all(map(one, condition.split(" && ")))


def _filled_in(values: dict[str, str], contexts: dict[str, Any]) -> dict[str, str]:
    def text(match: re.Match[str]) -> str:
        value = _looked_up(match[1], contexts)
        return "" if value is None else str(value)

    return {key: re.sub(r"\$\{\{ (.+?) \}\}", text, item) for key, item in values.items()}


def job(checkout: Path, host: CodeHost, pull_request: dict[str, Any], **inputs: str) -> Job:
    """Run the action on a checkout."""
    temp = checkout.with_name(f"{checkout.name}-temp")
    temp.mkdir()
    summary = temp / "summary"
    event = temp / "event.json"
    event.write_text(json.dumps({"pull_request": pull_request}), encoding="utf-8")
    contexts: dict[str, Any] = {
        "github": {"token": TOKEN, "event": {"pull_request": pull_request}},
        "runner": {"temp": str(temp)},
    }
    defaults = {key: input_["default"] for key, input_ in ACTION["inputs"].items()}
    contexts["inputs"] = _filled_in({**defaults, **inputs}, contexts)
    environment = {
        "PATH": tools(checkout.parent / "tools"),
        **{key: value for key, value in os.environ.items() if key.startswith("CDK_")},
        # jsii keeps what it unpacked there, which takes long.
        "HOME": str(Path.home()),
        # For the app; the review runs from the action.
        "PYTHONPATH": str(ROOT),
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_API_URL": host.url,
        "GITHUB_REPOSITORY": "shop/registry",
        "GITHUB_STEP_SUMMARY": str(summary),
        "SYNTHESIZED": str(checkout.parent / "synthesized"),
    }
    log, uploads, status = "", [], 0
    for step in ACTION["runs"]["steps"]:
        if status or not _holds(step.get("if", "true"), contexts):
            continue
        if "uses" in step:
            uploads.append({"uses": step["uses"], **_filled_in(step["with"], contexts)})
            continue
        script = temp / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        env = {**environment, **_filled_in(step["env"], contexts)}
        done = processes.run([*BASH, script], checkout, env)
        status, log = done.returncode, log + done.stdout
    message = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return Job(status, log, message, uploads, temp / "ecr-constructs")
