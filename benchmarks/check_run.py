"""A cloud assembly without CDK, and what checking it takes, measured from within.

To run it alone: `python -m benchmarks.check_run 10000`.
"""

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ecr_constructs.checks import check, load

ENVIRONMENT = "aws://111122223333/eu-central-1"
# As many resources as CloudFormation takes.
A_STACK = 500


def write_assembly(folder: Path, repositories: int, a_stack: int = A_STACK) -> None:
    """Write sound templates of so many repositories, and a manifest."""
    artifacts = {}
    for number, first in enumerate(range(0, repositories, a_stack), 1):
        names = [f"team-{number}/service-{n}" for n in range(min(a_stack, repositories - first))]
        body = {"Resources": {f"Service{n}": _repository(name) for n, name in enumerate(names)}}
        path = folder / f"Team{number}.template.json"
        path.write_text(json.dumps(body, indent=1), encoding="utf-8")
        artifacts[f"Team{number}"] = {
            "type": "aws:cloudformation:stack",
            "environment": ENVIRONMENT,
            "properties": {"templateFile": path.name},
        }
    manifest = json.dumps({"version": "48.0.0", "artifacts": artifacts})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")


def _repository(name: str) -> dict[str, Any]:
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    within = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    statement = {"Effect": "Allow", "Action": pull, "Principal": "*", "Condition": within}
    releases = {"tagStatus": "tagged", "tagPatternList": [f"{name.rpartition('/')[2]}-*"]}
    counted = {"countType": "imageCountMoreThan", "countNumber": 100}
    aged = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30}
    rules = [
        {"rulePriority": 1, "selection": {**releases, **counted}, "action": {"type": "expire"}},
        {
            "rulePriority": 2,
            "selection": {"tagStatus": "untagged", **aged},
            "action": {"type": "expire"},
        },
    ]
    return {
        "Type": "AWS::ECR::Repository",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "RepositoryName": name,
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": rules})},
            "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [statement]},
            "Tags": [{"Key": "team", "Value": name.partition("/")[0]}],
        },
    }


def measure(repositories: int) -> dict[str, float]:
    """Load and check an assembly; return what that took, without the imports."""
    with TemporaryDirectory() as folder:
        write_assembly(Path(folder), repositories)
        cpu, wall = time.process_time(), time.perf_counter()
        findings = check(load([folder]))
        took = {"checkCpu": time.process_time() - cpu, "checkWall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**took, "peakMemory": peak, "findings": len(findings)}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
