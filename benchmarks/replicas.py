"""An environment in three Regions beside the same in one.

Three times the stacks may cost three times as much, and little more: what a replica adds beside
its repositories is a key, a policy and a template for each namespace. Judged are CPU time, for
the reason that `synth` gives, and memory.
"""

import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from benchmarks import process_tree
from benchmarks.figures import Budget, Row, Table, ratio
from benchmarks.processes import in_turn
from benchmarks.replicas_app import REPLICAS

THREE, ONE = "three Regions", "one Region"
AT_MOST = Budget(against=ONE, limit=3.1)
QUICK_COUNT, QUICK_ROUNDS = 200, 2
COUNT, ROUNDS = 1000, 5


def run(*, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
    """Measure both, in turn."""
    process_tree.require()
    count, times = (QUICK_COUNT, QUICK_ROUNDS) if quick else (COUNT, ROUNDS)
    commands = {
        THREE: [sys.executable, "-m", "benchmarks.replicas_app", str(count), str(len(REPLICAS))],
        ONE: [sys.executable, "-m", "benchmarks.replicas_app", str(count), "0"],
    }
    in_turn(commands, 1, announce)
    rounds = in_turn(commands, times, announce)

    def row(
        figure: str, metric: str, unit: Literal["s", "bytes"], budget: Budget | None = None
    ) -> Row:
        three = [each[THREE][metric] for each in rounds]
        one = [each[ONE][metric] for each in rounds]
        measured = {THREE: median(three), ONE: median(one)}
        return Row(figure, measured, unit, {ONE: ratio(three, one)}, budget=budget)

    return [
        Table(
            f"replicas: an environment of {count:,} repositories, in three Regions and in one",
            [
                row("construct and synth, CPU", "synthesisCpu", "s", AT_MOST),
                row("construct and synth, wall", "synthesisWall", "s"),
                row("peak memory", "peakMemory", "bytes", AT_MOST),
            ],
        )
    ]
