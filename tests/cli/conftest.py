"""A command in this process, in a folder of a policy and an inventory."""

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecr_constructs.cli.main import main
from tests.support.rule_examples.build import rule

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AT = ("--now", "2026-11-24T12:00:00Z")
KEEP_ONE = rule(1, tagStatus="tagged", tagPatternList=["v*"], images=1)
UNTAGGED = rule(2, tagStatus="untagged", days=7)
ARCHIVE = rule(
    *(3, "transition"),
    tagStatus="any",
    countType="sinceImagePulled",
    countUnit="days",
    countNumber=30,
)
PREVIEW = ("lifecycle", "preview", "--policy", "policy.json", "--images", "images.json", *AT)


class Result(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON that was printed."""
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        """The codes at the end of the one line on standard error."""
        [line] = self.err.splitlines()
        [codes] = re.findall(r" \[([a-z0-9, -]+)\]$", line)
        return str(codes).split(", ")


Run = Callable[..., Result]


def detail(digit: str, days: float, *tags: str, **members: Any) -> dict[str, Any]:
    """Return an image of DescribeImages; its digest repeats the digit, or pads a number."""
    return {
        "imageDigest": f"sha256:{digit * 64 if len(digit) == 1 else digit.rjust(64, '0')}",
        "imageTags": list(tags),
        "imagePushedAt": (NOW - timedelta(days=days)).isoformat(),
        "imageSizeInBytes": 1_500_000,
        **members,
    }


DETAILS = [
    detail("a", 40, "v1.0"),
    detail("b", 10, "v1.1", "stable", "latest", "prod"),
    detail("c", 9),
    detail("d", 3),
    detail("e", 50, "main-7"),
]


def write(name: str, content: Any) -> str:
    """Write a text, or a document as JSON."""
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, encoding="utf-8")
    return name


def images(*details: dict[str, Any]) -> str:
    """Write the inventory."""
    return write("images.json", {"imageDetails": details})


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Claim it."""
        return True


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a policy and an inventory."""
    monkeypatch.chdir(tmp_path)
    write("policy.json", {"rules": [KEEP_ONE, UNTAGGED]})
    images(*DETAILS)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process."""

    def run(*arguments: str) -> Result:
        try:
            status = main(arguments)
        except SystemExit as stop:
            status = int(str(stop.code))
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture
def on_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command with a terminal in place of a stream, and returns what is seen there."""
    monkeypatch.setenv("COLUMNS", "200")

    def see(*arguments: str, stream: str = "stdout") -> str:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, stream, terminal)
            assert 0 == run(*arguments).status
        return terminal.getvalue()

    return see
