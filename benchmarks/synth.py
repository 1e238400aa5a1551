"""Synthesizing many repositories: this library beside the same written by hand.

Judged is the CPU time of construction and synthesis for each further repository: the slope
between two sizes of app, so without the start of Node and the loading of aws-cdk-lib, which all
ways pay alike. CPU time, of Python and Node together, because the two take turns: while one works
the other waits, so on an idle machine CPU and wall time say the same, and on a busy one wall time
also says who else was running. Both are shown.

The ways run in step, a hundred repositories each in turn. Run one whole app after the other, the
same ratio came out anywhere between 0.4 and 0.75 on a busy machine.
"""

import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from benchmarks import process_tree
from benchmarks.figures import Budget, Row, Table, ratio
from benchmarks.processes import MeasurementError, Sample, in_step
from benchmarks.settings import differences

# How each is called in the tables; ours first.
WAYS = {"ours": "ours", "l2": "L2", "l2_shared": "L2, shared", "l1": "L1"}
PER_REPOSITORY = Budget(against="L2", limit=0.6)
QUICK_SIZES, QUICK_ROUNDS = (1, 200, 1000), 2
SIZES, ROUNDS = (1, 400, 2000), 5

Rounds = Sequence[dict[tuple[str, int], Sample]]
Unit = Literal["s", "bytes"]


def run(*, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
    """Measure apps of several sizes, written in several ways."""
    process_tree.require()
    sizes, rounds = (QUICK_SIZES, QUICK_ROUNDS) if quick else (SIZES, ROUNDS)
    announce("warming up")
    warm_up()
    measured = []
    for number in range(1, rounds + 1):
        announce(f"round {number} of {rounds}")
        taken = {size: in_step(_commands(size)) for size in sizes}
        measured.append({(way, size): taken[size][way] for size in sizes for way in WAYS})
    return [per_repository(measured, *sizes[-2:]), *(whole(measured, size) for size in sizes[::-1])]


def warm_up() -> None:
    """Fill the caches, and make sure that all ways define the same repository.

    Raises:
        MeasurementError: They do not, so comparing them would say nothing.
    """
    samples = in_step(_commands(1))
    for way, sample in samples.items():
        if found := differences(samples["ours"]["settings"], sample["settings"]):
            msg = "\n  ".join([f"the repositories of 'ours' and '{way}' differ:", *found])
            raise MeasurementError(msg)


def per_repository(rounds: Rounds, small: int, large: int) -> Table:
    """Return what each further repository costs, from one size to the other."""

    def slope(way: str, metric: str) -> list[float]:
        return [
            (samples[way, large][metric] - samples[way, small][metric]) / (large - small)
            for samples in rounds
        ]

    def row(figure: str, metric: str, unit: Unit = "s", budget: Budget | None = None) -> Row:
        return _row(figure, {way: slope(way, metric) for way in WAYS}, unit, budget)

    return Table(
        f"synth: each further repository (the slope from {small} to {large})",
        [
            row("construct and synth, CPU", "constructAndSynthCpu", budget=PER_REPOSITORY),
            row("construct and synth, wall", "constructAndSynth"),
            row("construct, CPU", "constructCpu"),
            row("synth, CPU", "synthCpu"),
            row("peak memory", "peakMemory", "bytes"),
            row("template", "templateBytes", "bytes"),
        ],
    )


def whole(rounds: Rounds, size: int) -> Table:
    """Return what an app of one size costs, from start to end."""

    def row(figure: str, metric: str, unit: Unit = "s", each: int = 1) -> Row:
        values = {way: [taken[way, size][metric] / each for taken in rounds] for way in WAYS}
        return _row(figure, values, unit)

    return Table(
        f"synth: an app of {size} {'repository' if size == 1 else 'repositories'}",
        [
            row("import, wall", "import"),
            row("construct, wall", "construct"),
            row("synth, wall", "synth"),
            row("all three, wall", "whole"),
            row("whole process, CPU", "cpu"),
            *([row("for each repository, CPU", "cpu", each=size)] if size > 1 else []),
            row("peak memory", "peakMemory", "bytes"),
            row("templates", "templateBytes", "bytes"),
        ],
    )


def _row(
    figure: str, values: dict[str, list[float]], unit: Unit, budget: Budget | None = None
) -> Row:
    others = [way for way in WAYS if way != "ours"]
    return Row(
        figure,
        {WAYS[way]: median(values[way]) for way in WAYS},
        unit,
        {WAYS[way]: ratio(values["ours"], values[way]) for way in others},
        budget=budget,
    )


def _commands(size: int) -> dict[str, list[str]]:
    return {way: [sys.executable, "-m", "benchmarks.synth_app", way, str(size)] for way in WAYS}
