"""Competitors run in turn, and what one takes is what it and its children took."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from benchmarks import process_tree
from benchmarks.processes import MeasurementError, in_step, in_turn, run

CHILD_THAT_COMPUTES = """
import subprocess, sys
code = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", code], check=True)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def test_children_are_counted() -> None:
    """The CPU time of a process includes that of the children it waited for."""
    assert run(python(CHILD_THAT_COMPUTES))["cpu"] >= 0.3


def test_a_process_reports_for_itself() -> None:
    """What a process prints as JSON stands beside what was measured from outside."""
    sample = run(python("print('{\"templates\": 3}')"))

    assert set(sample) == {"wall", "cpu", "templates"}
    assert sample["templates"] == 3


def test_a_failed_competitor_ends_the_measurement() -> None:
    """A process that fails has no figures."""
    with pytest.raises(MeasurementError, match="ended with 3"):
        run(python("raise SystemExit(3)"))


def test_competitors_take_turns() -> None:
    """Every competitor runs once a round, in the order given."""
    commands = {name: python(f'print(\'{{"name": "{name}"}}\')') for name in ("b", "a")}
    heard: list[str] = []

    rounds = in_turn(commands, 2, heard.append)
    assert heard == ["round 1 of 2", "round 2 of 2"]
    assert [[sample["name"] for sample in each.values()] for each in rounds] == [["b", "a"]] * 2


STRETCHES = """
import sys, time
times = []
for last in (False, True):
    input()
    times.append(time.monotonic())
    time.sleep(0.05)
    times.append(time.monotonic())
    print(f'{{"at": {times}}}' if last else "", flush=True)
"""


def test_competitors_in_step_work_one_at_a_time() -> None:
    """Each does a stretch while the others wait, and then its next."""
    samples = in_step({name: python(STRETCHES) for name in "ab"})

    (a1, a2, a3, a4), (b1, b2, b3, b4) = samples["a"]["at"], samples["b"]["at"]
    order = [a1, a2, b1, b2, a3, a4, b3, b4]
    assert order == sorted(order)
    assert set(samples["a"]) == {"at", "cpu"}


@pytest.mark.parametrize(
    "code",
    ["raise SystemExit(3)", "input(); raise SystemExit(3)", "input(); print('{}'); exit(3)"],
    ids=["at once", "when it is its turn", "after its report"],
)
def test_a_competitor_that_fails_in_step_ends_the_measurement(code: str) -> None:
    """The others do not wait for ever for a turn."""
    with pytest.raises(MeasurementError, match="ended with 3"):
        in_step({"fine": python(STRETCHES), "failing": python(code)})


@pytest.mark.skipif(not process_tree.PROC.joinpath("self", "stat").exists(), reason="needs /proc")
def test_the_tree_below_is_found_and_measured() -> None:
    """A child's time and peak memory can be read while it still runs."""
    code = "import time\nwhile time.process_time() < 0.1: pass\nprint(flush=True)\ninput()"
    before = process_tree.descendants()
    with subprocess.Popen(
        python(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = sorted(set(process_tree.descendants()) - set(before))
        taken = process_tree.cpu_seconds(found), process_tree.peak_bytes(found)
        child.communicate("\n")

    assert found == [child.pid]
    assert taken[0] >= 0.09
    assert taken[1] > 1_000_000


def test_without_proc_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another system is told so in one line, before anything takes time."""
    monkeypatch.setattr(process_tree, "PROC", tmp_path)

    with pytest.raises(MeasurementError, match="read from /proc: run this on Linux"):
        process_tree.require()
