"""An environment of many repositories with some replicas, measured from within.

To run it alone: `CDK_VALIDATION=false python -m benchmarks.replicas_app 1000 2`.
"""

import json
import os
import sys
import time
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import process_tree
from benchmarks.processes import ROOT

TEAMS = 4
REPLICAS = ("eu-west-1", "eu-north-1")


def environment_of(count: int, replicas: int) -> dict[str, Any]:
    """Return an environment file's content: repositories of four teams, some replica Regions."""
    teams = {
        f"team-{team}": {
            "repositories": [f"team-{team}/service-{n}" for n in range(count // TEAMS)]
        }
        for team in range(TEAMS)
    }
    return {
        "account": "111122223333",
        "region": "eu-central-1",
        "profile": "production",
        "organization": "o-a1b2c3d4e5",
        "replica_regions": list(REPLICAS[:replicas]),
        "defaults": {"tags": {"environment": "prod", "managed-by": "cdk"}},
        "teams": teams,
    }


def measure(count: int, replicas: int) -> dict[str, float]:
    """Synthesize the environment as app.py does; return what that took, without the imports."""
    import aws_cdk as cdk  # noqa: PLC0415 - loading it is not what is measured

    from ecr_constructs.environment.models import Environment  # noqa: PLC0415
    from ecr_constructs.environment.resolution import resolve  # noqa: PLC0415
    from stacks.stage import EnvironmentStage  # noqa: PLC0415

    environment, _ = resolve("prod", Environment.model_validate(environment_of(count, replicas)))
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    nodes = process_tree.descendants()
    with TemporaryDirectory() as outdir:
        wall, cpu = time.perf_counter(), _cpu(nodes)
        app = cdk.App(analytics_reporting=False, context=context, outdir=outdir)
        EnvironmentStage(app, environment)
        app.synth()
        return {
            "synthesisWall": time.perf_counter() - wall,
            "synthesisCpu": _cpu(nodes) - cpu,
            "peakMemory": process_tree.peak_bytes([os.getpid(), *nodes]),
        }


def _cpu(nodes: list[int]) -> float:
    return time.process_time() + process_tree.cpu_seconds(nodes)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
