"""Two sides of an assembly, and what reviewing them takes, measured from within.

To run it alone: `python -m benchmarks.review_run review 10000`.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.check_run import write_assembly
from ecr_constructs.review import load_sides, review

# Of each stack of 500 repositories, five are changed: no file is the same on both sides.
EVERY = 100


def write_sides(folder: Path, repositories: int) -> tuple[Path, Path]:
    """Write base, and head with other lifecycle policies here and there."""
    base, head = folder / "base", folder / "head"
    for side in (base, head):
        side.mkdir()
        write_assembly(side, repositories)
    for path in head.glob("*.template.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        for each in list(body["Resources"].values())[::EVERY]:
            policy = each["Properties"]["LifecyclePolicy"]
            text = policy["LifecyclePolicyText"]
            policy["LifecyclePolicyText"] = text.replace('"countNumber": 30', '"countNumber": 7')
        path.write_text(json.dumps(body, indent=1), encoding="utf-8")
    return base, head


def _review(base: Path, head: Path) -> int:
    return len(review(*load_sides(base, head)).changes)


def _json(base: Path, head: Path) -> int:
    read: list[Any] = []
    for side in (base, head):
        for path in side.iterdir():
            with path.open(encoding="utf-8") as file:
                read.append(json.load(file))
    return len(read)


WAYS: dict[str, Callable[[Path, Path], int]] = {"review": _review, "json": _json}


def measure(way: str, repositories: int) -> dict[str, float]:
    """Do it one way; return what that took, without the imports."""
    with TemporaryDirectory() as folder:
        base, head = write_sides(Path(folder), repositories)
        cpu, wall = time.process_time(), time.perf_counter()
        found = WAYS[way](base, head)
        took = {"workCpu": time.process_time() - cpu, "workWall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**took, "peakMemory": peak, "found": found}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
