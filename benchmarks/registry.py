"""The benchmarks there are.

One more is a module with a `run` like these, and a line here.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from benchmarks import check, import_time, lifecycle, replicas, review, synth
from benchmarks.figures import Table


class Benchmark(Protocol):
    """Measures and returns what was found."""

    def __call__(self, *, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
        """Measure; `quick` for a rough answer, `announce` says what is going on."""


# Cheapest first: a missed budget is seen sooner.
BENCHMARKS: dict[str, Benchmark] = {
    "import": import_time.run,
    "check": check.run,
    "review": review.run,
    "lifecycle": lifecycle.run,
    "replicas": replicas.run,
    "synth": synth.run,
}
