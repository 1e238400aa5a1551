"""Measure side by side and hold the ratios to their budgets.

Exit status: 0 when every budget is met, 1 when one is missed, 2 when nothing can be said.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import report
from benchmarks.figures import Table, all_met, to_json
from benchmarks.processes import MeasurementError
from benchmarks.registry import BENCHMARKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that were asked for and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.benchmarks) - set(BENCHMARKS)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    console = report.make_console()
    console.print(", ".join(f"{key} {value}" for key, value in machine().items()), highlight=False)
    found: list[Table] = []
    for name in options.benchmarks or BENCHMARKS:
        try:
            tables = _measured(name, quick=options.quick)
        except MeasurementError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        report.show(tables, console)
        found += tables
    if options.json:
        document = {"machine": machine(), "quick": options.quick, "tables": to_json(found)}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all_met(found) else 1


def machine() -> dict[str, Any]:
    """Return what the seconds, but hopefully not the ratios, depend on."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "aws-cdk-lib": version("aws-cdk-lib"),
    }


def _measured(name: str, *, quick: bool) -> Sequence[Table]:
    # On standard error, and only on a terminal.
    with Console(stderr=True).status(name) as status:

        def announce(text: str) -> None:
            status.update(f"{name}: {text}")

        return BENCHMARKS[name](quick=quick, announce=announce)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "benchmarks",
        nargs="*",
        metavar="BENCHMARK",
        help=f"which of {', '.join(BENCHMARKS)}; default: all",
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: a rough answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
