"""Run competitors as whole processes, one at a time, and compare what they cost."""

import json
import os
import subprocess
import sys
from collections.abc import Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

ROOT = Path(__file__).parent.parent

Size = Literal["full", "quick", "tiny"]
Key = TypeVar("Key", bound=Hashable)
# `cpu` in seconds, and what the process itself reports as a JSON object.
Sample = Mapping[str, Any]


class MeasurementError(Exception):
    """A competitor failed, or does not do the same work as the others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table: a comparison for each round, and the maximum of their median."""

    what: str
    against: str
    values: Sequence[float]
    unit: Literal["x", "ms", "count"] = "x"
    budget: float | None = None


def run(command: Sequence[str]) -> Sample:
    """Run a command to its end.

    The CPU time includes all descendants that were waited for; jsii waits for its Node.
    """
    with _start(command) as process:
        assert process.stdout is not None
        report = process.stdout.read()
        return {"cpu": _cpu(process), **(json.loads(report) if report.startswith("{") else {})}


def in_turn(commands: Mapping[Key, Sequence[str]], rounds: int) -> list[dict[Key, Sample]]:
    """Run every command once a round, one after the other: A B C, A B C, ..."""
    return [{name: run(command) for name, command in commands.items()} for _ in range(rounds)]


def in_step(commands: Mapping[Key, Sequence[str]]) -> dict[Key, Sample]:
    """Start all commands, and let each in turn do its next stretch while the others wait.

    A machine that is slow for some seconds then slows all of them: run one whole app after the
    other, the same ratio varied between 0.4 and 0.75. A process begins a stretch when it reads a
    line, and ends it by printing one: empty if there is more to do, its report at the end.
    """
    samples: dict[Key, Sample] = {}
    with ExitStack() as stack:
        running = {name: stack.enter_context(_start(words)) for name, words in commands.items()}
        while running:
            for name, process in list(running.items()):
                if report := _next_stretch(process):
                    samples[name] = {"cpu": _cpu(process), **json.loads(report)}
                    del running[name]
    return samples


def ratios(rounds: Sequence[Mapping[Key, Sample]], ours: Key, theirs: Key) -> list[float]:
    """Return the ratio of CPU times of each round: both were measured within seconds."""
    return [samples[ours]["cpu"] / samples[theirs]["cpu"] for samples in rounds]


def slope_ratios(
    rounds: Sequence[Mapping[tuple[str, int], Sample]], ours: str, theirs: str
) -> list[float]:
    """Return the ratio of the cost of further work: large minus small, so without the start.

    With one amount of work, which is enough for a tiny run, the start is included.
    """

    def slope(samples: Mapping[tuple[str, int], Sample], name: str) -> float:
        *small, large = (samples[key]["cpu"] for key in sorted(samples) if key[0] == name)
        return float(large - sum(small))

    return [slope(samples, ours) / slope(samples, theirs) for samples in rounds]


def python(*arguments: object) -> list[str]:
    """Return the command that runs this Python."""
    return [sys.executable, *map(str, arguments)]


def _start(command: Sequence[str]) -> "subprocess.Popen[str]":
    # Node is installed next to Python, whether or not the environment is activated.
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "CDK_VALIDATION": "false"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, env=environment, text=True)


def _next_stretch(process: "subprocess.Popen[str]") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # Unbuffered: a buffer would be flushed again into a pipe that is closed.
        os.write(process.stdin.fileno(), b"\n")
    except BrokenPipeError:
        _fail(process)
    return (process.stdout.readline() or _fail(process)).strip()


def _cpu(process: "subprocess.Popen[str]") -> float:
    # Not Popen.wait(), which drops the usage.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime if process.returncode == 0 else _fail(process)


def _fail(process: "subprocess.Popen[str]") -> NoReturn:
    msg = f"{process.args!r} exited with {process.wait()}"
    raise MeasurementError(msg)
