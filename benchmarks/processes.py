"""Competitors as processes of their own, one working at a time.

Short ones run from start to end in turn. Long ones run in step: all are started, and each in turn
does its next stretch while the others wait, so that a machine which is slow for some seconds is
so for all.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

ROOT = Path(__file__).parent.parent

Competitor = TypeVar("Competitor")
# `wall` and `cpu` in seconds, and whatever the process itself reports.
Sample = Mapping[str, Any]


class MeasurementError(Exception):
    """Nothing can be said: a competitor failed, or does something else than the others."""


def run(command: Sequence[str]) -> Sample:
    """Run a command to its end and return what it took.

    The CPU time is that of the process and of all below it that were waited for; jsii waits for
    its Node. What the process prints is its own report, a JSON object.

    Args:
        command: The program and its arguments. It runs at the root of this project.

    Raises:
        MeasurementError: The command failed.
    """
    start = time.perf_counter()
    with _started(command) as process:
        assert process.stdout is not None
        report = process.stdout.read()
        cpu = _cpu_at_the_end(process)
    wall = time.perf_counter() - start
    return {"wall": wall, "cpu": cpu, **(json.loads(report) if report.strip() else {})}


def in_turn(
    commands: Mapping[Competitor, Sequence[str]], rounds: int, announce: Callable[[str], None]
) -> list[dict[Competitor, Sample]]:
    """Run every command once a round, one after the other: A B C, A B C, ...

    Args:
        commands: The command of each competitor.
        rounds: How many times each runs.
        announce: Told which round it is.

    Returns:
        For each round what each competitor took.
    """
    return list(_rounds(commands, rounds, announce))


def _rounds(
    commands: Mapping[Competitor, Sequence[str]], rounds: int, announce: Callable[[str], None]
) -> Iterator[dict[Competitor, Sample]]:
    for number in range(1, rounds + 1):
        announce(f"round {number} of {rounds}")
        yield {name: run(command) for name, command in commands.items()}


def in_step(commands: Mapping[Competitor, Sequence[str]]) -> dict[Competitor, Sample]:
    """Run all commands at once, but let each work only when it is its turn.

    A process begins a stretch when it reads a line, and ends it by printing one: an empty line if
    there is more to do, its report if there is not.

    Args:
        commands: The command of each competitor.

    Returns:
        What each competitor took.

    Raises:
        MeasurementError: A command failed.
    """
    samples: dict[Competitor, Sample] = {}
    with ExitStack() as stack:
        working = {name: stack.enter_context(_started(each)) for name, each in commands.items()}
        while working:
            for name, process in list(working.items()):
                if report := _next_stretch(process):
                    cpu = _cpu_at_the_end(process)
                    samples[name] = {"cpu": cpu, **json.loads(report)}
                    del working[name]
    return {name: samples[name] for name in commands}


def _started(command: Sequence[str]) -> "subprocess.Popen[str]":
    # Node stands beside Python in the project's environment, activated or not.
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "CDK_VALIDATION": "false"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, env=environment, text=True)


def _next_stretch(process: "subprocess.Popen[str]") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # Past the buffer, which would be flushed once more into a pipe that nobody reads.
        os.write(process.stdin.fileno(), b"\n")
    except BrokenPipeError:
        return _failed(process)
    answer = process.stdout.readline()
    return answer.strip() if answer else _failed(process)


def _failed(process: "subprocess.Popen[str]") -> NoReturn:
    process.wait()
    msg = f"{shlex.join(cast('Sequence[str]', process.args))} ended with {process.returncode}"
    raise MeasurementError(msg)


def _cpu_at_the_end(process: "subprocess.Popen[str]") -> float:
    # Not Popen.wait(): it forgets the usage.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        _failed(process)
    return usage.ru_utime + usage.ru_stime
