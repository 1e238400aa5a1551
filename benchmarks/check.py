"""`ecr-constructs check` beside cfn-lint on the same assembly, and how its cost grows.

Both are whole processes, as an editor, a hook or a CI job starts them. cfn-lint judges every type
there is and not only those of ECR, so what is compared is what a user waits for.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Literal

from benchmarks.check_run import write_assembly
from benchmarks.figures import Budget, Row, Spread, Table, ratio
from benchmarks.processes import MeasurementError, Sample, in_turn

OURS, CFN_LINT, BARE = "check", "cfn-lint", "bare Python"
A_FIFTH = Budget(against=CFN_LINT, limit=1 / 5)
START = Budget(against=BARE, limit=300)
LINEAR = Budget(against="1,000 repositories", limit=1.2)
STACKS, A_STACK = 3, 20
QUICK_ROUNDS, ROUNDS = 2, 7
QUICK_LARGE, LARGE, SMALL = 5_000, 10_000, 1_000

Rounds = Sequence[dict[str, Sample]]


def run(*, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
    """Measure three stacks in both ways, a start, and a large assembly beside a small one."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_assembly(folder, STACKS * A_STACK, A_STACK)
        templates = sorted(map(str, folder.glob("*.template.json")))
        python = [sys.executable, "-m"]
        lint = str(Path(sys.executable).with_name("cfn-lint"))
        ours = [*python, "ecr_constructs", "check", "--format", "json"]
        beside = {
            OURS: [*ours, name],
            CFN_LINT: [lint, "--regions", "eu-central-1", "--", *templates],
        }
        in_turn(beside, 1, announce)
        both = in_turn(beside, rounds, announce)
        started = {OURS: [*ours, templates[0]], BARE: [sys.executable, "-c", "pass"]}
        starts = in_turn(started, rounds, announce)
    large = QUICK_LARGE if quick else LARGE
    sizes = {f"{size:,} repositories": size for size in (large, SMALL)}
    commands = {
        label: [*python, "benchmarks.check_run", str(size)] for label, size in sizes.items()
    }
    return [
        Table(
            f"check: {STACKS} stacks of {A_STACK} repositories, a whole process",
            [
                _beside(both, "cpu", A_FIFTH),
                _beside(both, "wall"),
            ],
        ),
        Table(f"check: one stack of {A_STACK} repositories, a whole process", [_start(starts)]),
        _growth(in_turn(commands, rounds, announce), sizes),
    ]


def _beside(rounds: Rounds, metric: str, budget: Budget | None = None) -> Row:
    taken = {way: [samples[way][metric] for samples in rounds] for way in (OURS, CFN_LINT)}
    measured = {way: median(values) for way, values in taken.items()}
    against = {CFN_LINT: ratio(taken[OURS], taken[CFN_LINT])}
    return Row(metric, measured, "s", against, budget=budget)


def _start(rounds: Rounds) -> Row:
    taken = {way: [samples[way]["wall"] for samples in rounds] for way in (OURS, BARE)}
    more = [1000 * (ours - bare) for ours, bare in zip(taken[OURS], taken[BARE], strict=True)]
    measured = {way: median(values) for way, values in taken.items()}
    return Row("more than bare Python, wall", measured, "s", {BARE: Spread.of(more)}, "ms", START)


def _growth(rounds: Rounds, sizes: dict[str, int]) -> Table:
    """Return what a repository costs in a large assembly, beside a small one.

    Raises:
        MeasurementError: Something was found in what should be sound.
    """
    if any(sample["findings"] for samples in rounds for sample in samples.values()):
        msg = "the assembly should be sound, and has findings"
        raise MeasurementError(msg)
    large, small = sizes
    rows = []
    for figure, metric, unit in (
        ("load and check, CPU for each repository", "checkCpu", "s"),
        ("peak memory for each repository", "peakMemory", "bytes"),
    ):
        each = {
            label: [samples[label][metric] / size for samples in rounds]
            for label, size in sizes.items()
        }
        measured = {label: median(values) for label, values in each.items()}
        budget = LINEAR if metric == "checkCpu" else None
        against = {small: ratio(each[large], each[small])}
        kind: Literal["s", "bytes"] = "s" if unit == "s" else "bytes"
        rows.append(Row(figure, measured, kind, against, budget=budget))
    return Table(f"check: {large}, beside {small}", rows)
