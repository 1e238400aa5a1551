"""Measure against the budgets.

Exit status: 0 if every budget is met, 1 if one is missed, 2 if a benchmark failed.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from statistics import median

from benchmarks.lifecycle import lifecycle
from benchmarks.measure import Figure, MeasurementError, Size
from benchmarks.snapshot import snapshot
from benchmarks.synth import replicas, synth
from benchmarks.templates import check, comment, import_time, review
from benchmarks.usage import usage

# Cheapest first: a missed budget shows sooner.
BENCHMARKS: dict[str, Callable[[Size], Sequence[Figure]]] = {
    "import": import_time,
    "check": check,
    "review": review,
    "comment": comment,
    "lifecycle": lifecycle,
    "usage": usage,
    "snapshot": snapshot,
    "replicas": replicas,
    "synth": synth,
}
HEADER = ("measured", "against", "median (range)", "budget", "")
LINE = "| {:<42} | {:<12} | {:>24} | {:>10} | {:<6} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks, print a Markdown table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(BENCHMARKS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {names}; default: all")
    parser.add_argument("--size", choices=["full", "quick", "tiny"], default="full")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(BENCHMARKS)):
        parser.error(f"unknown benchmark: {', '.join(unknown)}; choose from {names}")
    python, cdk = platform.python_version(), version("aws-cdk-lib")
    print(f"{os.cpu_count()} CPUs, Python {python}, aws-cdk-lib {cdk}, size {options.size}\n")
    print(LINE.format(*HEADER), LINE.format(*("-" * 3 for _ in HEADER)), sep="\n", flush=True)
    status = 0
    for name in options.names or BENCHMARKS:
        try:
            measured = BENCHMARKS[name](options.size)
        except MeasurementError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        for figure in measured:
            missed = figure.budget is not None and median(figure.values) > figure.budget
            status = max(status, int(missed))
            print(_row(figure, "MISSED" if missed else ""), flush=True)
    return status


def _row(figure: Figure, verdict: str) -> str:
    texts = [f"{number:.2f}" for number in (min(figure.values), max(figure.values))]
    value = f"{median(figure.values):.2f} {figure.unit} ({'-'.join(texts)})"
    budget = "" if figure.budget is None else f"<= {figure.budget:g} {figure.unit}"
    return LINE.format(figure.what, figure.against, value, budget, verdict)


if __name__ == "__main__":
    sys.exit(main())
