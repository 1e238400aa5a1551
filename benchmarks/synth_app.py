"""One app of many repositories, measured from within.

It works a stretch for each line that it reads (see `processes.in_step`); to run it alone:
`yes '' | CDK_VALIDATION=false python -m benchmarks.synth_app l2 400`.

Nothing but the standard library is imported here, so that the import of a way is all of its own.
"""

import json
import os
import sys
import time
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from benchmarks import process_tree
from benchmarks.processes import ROOT
from benchmarks.settings import settings_of

# A stack holds at most 500 resources.
PER_STACK = 400
# Some tenths of a second: long beside the wait for a turn, short beside the whims of a machine.
PER_STRETCH = 100


def synthesize(way: ModuleType, count: int, outdir: str, marks: "Marks | None" = None) -> None:
    """Synthesize an app.

    Args:
        way: The module with the `repository` to use.
        count: How many repositories.
        outdir: The folder for the templates.
        marks: Told of the end of each stretch. Default: nobody.
    """
    import aws_cdk as cdk  # noqa: PLC0415 - the way has imported it, and was timed doing so.

    cdk_json = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    # As `cdk synth` runs an app: paths in the metadata, and cdk.json turns version reporting off.
    context = {**cdk_json["context"], "aws:cdk:enable-path-metadata": True}
    app = cdk.App(context=context, analytics_reporting=False, outdir=outdir)
    environment = cdk.Environment(account="111122223333", region="eu-central-1")
    for first in range(0, count, PER_STACK):
        stack = cdk.Stack(app, f"Repositories{first}", env=environment)
        for number in range(first, min(first + PER_STACK, count)):
            way.repository(stack, f"Repository{number}", f"payments/service-{number}")
            if marks and (number + 1 == count or (number + 1) % PER_STRETCH == 0):
                marks.end("construct")
    app.synth()
    if marks:
        marks.end("synth")


class Marks:
    """Adds up the wall and CPU time of each kind of stretch, of this process and those below it."""

    def __init__(self) -> None:
        """Begin the first stretch; `nodes` are the processes below, once there are any."""
        self.taken: dict[str, float] = defaultdict(float)
        self.nodes: list[int] = []
        self._begin()

    def end(self, stretch: str) -> None:
        """End a stretch; the next one begins when it is this process's turn."""
        self.taken[stretch] += time.perf_counter() - self._wall
        self.taken[f"{stretch}Cpu"] += self._cpu_now() - self._cpu
        print(flush=True)
        self._begin()

    def _begin(self) -> None:
        if not sys.stdin.readline():
            sys.exit("its turn never came")
        self._wall, self._cpu = time.perf_counter(), self._cpu_now()

    def _cpu_now(self) -> float:
        return time.process_time() + process_tree.cpu_seconds(self.nodes)


def measure(way_name: str, count: int) -> dict[str, Any]:
    """Import a way, synthesize with it, and return what that took and what came of it."""
    marks = Marks()
    way = import_module(f"benchmarks.ways.{way_name}")
    marks.nodes = process_tree.descendants()
    marks.end("import")
    with TemporaryDirectory() as outdir:
        synthesize(way, count, outdir, marks)
        templates = sorted(Path(outdir).glob("*.template.json"))
        return {
            **marks.taken,
            "whole": sum(marks.taken[each] for each in ("import", "construct", "synth")),
            "constructAndSynth": marks.taken["construct"] + marks.taken["synth"],
            "constructAndSynthCpu": marks.taken["constructCpu"] + marks.taken["synthCpu"],
            "peakMemory": process_tree.peak_bytes([os.getpid(), *marks.nodes]),
            "templateBytes": sum(template.stat().st_size for template in templates),
            "settings": settings_of(json.loads(templates[0].read_text(encoding="utf-8"))),
        }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
