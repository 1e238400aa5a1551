"""Importing the library, without touching a construct, beside Python that does nothing.

Judged is CPU time, as in the other benchmarks: an import computes, and reads files that are in
the cache after the warm-up, so nobody waits for anything but the processor.
"""

import sys
from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.figures import Budget, Row, Spread, Table, ratio
from benchmarks.processes import in_turn
from benchmarks.processes import run as run_once

OURS, BARE = "import ecr_constructs", "bare Python"
MILLISECONDS = Budget(against=BARE, limit=50)
NOTHING = Budget(against=BARE, limit=0)
QUICK_ROUNDS, ROUNDS = 10, 40

# Every way to start a process raises an audit event first.
AUDIT = """
import json, sys
started = []
begin = ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")
sys.addaudithook(lambda event, _: started.append(event) if event in begin else None)
import ecr_constructs
heavy = ("aws_cdk", "boto3", "botocore", "constructs", "jsii", "pydantic")
print(json.dumps({"loaded": [name for name in heavy if name in sys.modules], "started": started}))
"""


def run(*, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
    """Measure the import, and look for what it must not load or start."""
    commands = {
        OURS: [sys.executable, "-c", "import ecr_constructs"],
        BARE: [sys.executable, "-c", "pass"],
    }
    in_turn(commands, 2, announce)
    rounds = in_turn(commands, QUICK_ROUNDS if quick else ROUNDS, announce)
    audit = run_once([sys.executable, "-c", AUDIT])

    def taken(metric: str) -> tuple[list[float], list[float]]:
        return [each[OURS][metric] for each in rounds], [each[BARE][metric] for each in rounds]

    return [
        Table(
            "import: a whole process, beside one that imports nothing",
            [
                over("more than bare Python, CPU", *taken("cpu"), MILLISECONDS),
                over("more than bare Python, wall", *taken("wall")),
                beside("whole process, CPU", *taken("cpu")),
                beside("whole process, wall", *taken("wall")),
                none_of("CDK, jsii and the like loaded", audit["loaded"]),
                none_of("processes started, such as Node", audit["started"]),
            ],
        )
    ]


def over(figure: str, ours: list[float], bare: list[float], budget: Budget | None = None) -> Row:
    """Return by how many milliseconds ours takes longer."""
    more = [1000 * (our - their) for our, their in zip(ours, bare, strict=True)]
    measured = {OURS: median(ours) - median(bare), BARE: 0.0}
    return Row(figure, measured, "s", {BARE: Spread.of(more)}, "ms", budget)


def beside(figure: str, ours: list[float], bare: list[float]) -> Row:
    """Return how many times as long ours takes."""
    measured = {OURS: median(ours), BARE: median(bare)}
    return Row(figure, measured, "s", {BARE: ratio(ours, bare)})


def none_of(figure: str, found: Sequence[str]) -> Row:
    """Return how many were found, by name; none is the budget."""
    label = ": ".join([figure, ", ".join(found)]) if found else figure
    count = float(len(found))
    spread = Spread(count, count, count)
    return Row(label, {OURS: count, BARE: 0.0}, "count", {BARE: spread}, "count", NOTHING)
