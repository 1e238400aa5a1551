"""Synthesize many repositories: this library, L2, L1, and the app's own stacks.

Measured is the CPU time of Python and Node together for each further repository: the slope between
two sizes of app, without the start of Node and the loading of aws-cdk-lib, which all ways pay.
Python and Node take turns, so on an idle machine CPU and wall time are equal.
"""

import json
import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import ways
from benchmarks.measure import ROOT, Figure, MeasurementError, Size, in_step, python, slope_ratios

SIZES = {"full": (5, 400, 2000), "quick": (2, 200, 1000), "tiny": (1, 2)}
SAME = ("ours", "l2", "l1", "app")
REPLICAS = {"one Region": 0, "three Regions": 2}
# A stack holds at most 500 resources.
PER_STACK, PER_STRETCH = 400, 100


def synth(size: Size) -> Sequence[Figure]:
    """Compare the ways to write the same repository."""
    rounds = _rounds(SAME, size)
    require_same(rounds[0])
    return [
        Figure("synth, a further repository", "L2", slope_ratios(rounds, "ours", "l2"), "x", 0.5),
        Figure("", "L1", slope_ratios(rounds, "ours", "l1")),
        Figure("synth, in the app's stacks", "L1", slope_ratios(rounds, "app", "l1"), "x", 0.5),
    ]


def replicas(size: Size) -> Sequence[Figure]:
    """Compare an environment in three Regions with the same in one."""
    values = slope_ratios(_rounds(tuple(REPLICAS), size), "three Regions", "one Region")
    return [Figure("synth, three Regions", "one Region", values, "x", 3.1)]


def require_same(samples: Mapping[tuple[str, int], Mapping[str, Any]]) -> None:
    """Make sure that all ways define the same repository, so that their cost is comparable."""
    first = next(iter(samples.values()))
    for (way, _), sample in samples.items():
        if different := _differences(first["settings"], sample["settings"]):
            msg = "\n  ".join([f"the repositories of 'ours' and {way!r} differ:", *different])
            raise MeasurementError(msg)


def _settings(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a repository's settings, independent of spelling, order and construct path."""
    resources = template["Resources"].values()
    resource = next(item for item in resources if item["Type"] == "AWS::ECR::Repository")
    properties = {**resource["Properties"], "RepositoryName": ""}
    properties["LifecyclePolicy"] = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])
    policy = properties["RepositoryPolicyText"]
    statements = [{**part, "Action": sorted(part["Action"])} for part in policy["Statement"]]
    order = partial(json.dumps, sort_keys=True)
    properties["RepositoryPolicyText"] = {**policy, "Statement": sorted(statements, key=order)}
    properties["Tags"] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
    return {**resource, "Metadata": {}, "Properties": properties}


def _differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Return a line for each value that differs, with its path."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        keys = sorted({*ours, *theirs})
        pairs = ((ours.get(key), theirs.get(key), f"{path}/{key}") for key in keys)
        return [line for pair in pairs for line in _differences(*pair)]
    return [] if ours == theirs else [f"{path}: {ours!r} and {theirs!r}"]


def _rounds(names: Sequence[str], size: Size) -> list[dict[tuple[str, int], Any]]:
    rounds, *counts = SIZES[size]
    groups = [
        {(name, count): python("-m", "benchmarks.synth", name, count) for name in names}
        for count in counts
    ]
    if rounds > 1:
        # Warm up.
        in_step(groups[0])
    return [dict(ChainMap(*(in_step(group) for group in groups))) for _ in range(rounds)]


def _synthesize(way: str, count: int, outdir: str) -> Iterator[None]:
    """Synthesize an app of one way; yield after each stretch of work."""
    import aws_cdk as cdk  # noqa: PLC0415 - in the measured process only

    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    # As `cdk synth` runs an app: paths in the metadata, version reporting off.
    context["aws:cdk:enable-path-metadata"] = True
    app = cdk.App(context=context, analytics_reporting=False, outdir=outdir)
    yield
    if way == "app" or way in REPLICAS:
        ways.stage(app, count, REPLICAS.get(way))
    else:
        environment = cdk.Environment(account="111122223333", region="eu-central-1")
        for number in range(count):
            if number % PER_STACK == 0:
                stack = cdk.Stack(app, f"Repositories{number}", env=environment)
            getattr(ways, way)(stack, f"payments/service-{number}")
            if number % PER_STRETCH == 0:
                yield
    yield
    app.synth()


def _main(way: str, count: int) -> None:
    with TemporaryDirectory() as outdir:
        sys.stdin.readline()
        for _ in _synthesize(way, count, outdir):
            print(flush=True)
            sys.stdin.readline()
        texts = (path.read_text(encoding="utf-8") for path in Path(outdir).rglob("*.template.json"))
        text = next(text for text in texts if '"AWS::ECR::Repository"' in text)
        print(json.dumps({"settings": _settings(json.loads(text)) if way in SAME else None}))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
