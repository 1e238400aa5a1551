"""Lifecycle policies evaluated by one way, measured from within.

To run it alone: `python -m benchmarks.lifecycle_run model 1 100000`.

The images are those of busy repositories: a third of them untagged, the others with one tag of
forty teams, half of those with a second, pushed over the last year. The policy has ECR's most,
50 rules: counts and ages, prefixes, patterns with a wildcard inside, lists.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy, LifecycleRule
from local_aws.overlay import lifecycle_oracle

NOW = 1_800_000_000
DAY = 86_400
TEAMS = 40
MANY_RULES = 50

Json = Any
Evaluate = Callable[[], tuple[int, int]]


def images(count: int, seed: int) -> list[Json]:
    """Return images as DescribeImages describes them; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311
    found = []
    for number in range(count):
        tags = []
        if chance.random() < 2 / 3:
            tags.append(f"team-{chance.randrange(TEAMS)}-{number}")
            if chance.random() < 1 / 2:
                tags.append(f"build.{number:x}.main")
        pushed = NOW - chance.randrange(365 * DAY)
        image = {"imagePushedAt": pushed, "imageTags": tags, "imageSizeInBytes": 50_000_000}
        image["imageDigest"] = f"sha256:{chance.getrandbits(256):064x}"
        if chance.random() < 1 / 2:
            image["lastRecordedPullTime"] = chance.randrange(pushed, NOW)
        found.append(image)
    return found


def policy(rules: int) -> LifecyclePolicy:
    """Return a policy with that many rules, at least five."""
    tagged = []
    for team in range(rules - 4):
        pattern, prefix = f"team-{team}-*", f"team-{team}-"
        tagged.append(
            [
                LifecycleRule.keep_last(500, tag_patterns=[pattern]),
                LifecycleRule.expire(after_days=90 + team, tag_prefixes=[prefix]),
                LifecycleRule.archive(not_pulled_for_days=60 + team, tag_patterns=[f"*{pattern}"]),
            ][team % 3]
        )
    return LifecyclePolicy(
        *tagged,
        LifecycleRule.expire(after_days=200, tag_patterns=["team-*", "build.*.main"]),
        LifecycleRule.keep_last(1000, tag_patterns=["build.*.m*n"]),
        LifecycleRule.expire_untagged(after_days=14),
        LifecycleRule.keep_last(20_000),
    )


def model(given: list[Json], applied: LifecyclePolicy) -> Evaluate:
    """Return the library's evaluation of an inventory that is already read."""
    inventory = Inventory.from_describe_images({"imageDetails": given})
    now = datetime.fromtimestamp(NOW, UTC)

    def evaluate() -> tuple[int, int]:
        resolution = applied.simulate(inventory, now=now).evaluation.resolution
        return resolution.expired.bit_count(), resolution.archived.bit_count()

    return evaluate


def oracle(given: list[Json], applied: LifecyclePolicy) -> Evaluate:
    """Return the evaluation rule by rule, image by image."""
    rules = applied.to_dict()

    def evaluate() -> tuple[int, int]:
        verdicts = lifecycle_oracle.evaluate(rules, given, NOW).values()
        actions = [verdict.action for verdict in verdicts]
        return actions.count("EXPIRE"), actions.count("TRANSITION")

    return evaluate


def measure(way: str, repositories: int, size: int, rules: int) -> dict[str, Any]:
    """Evaluate a policy for each repository, and return what that took and what came of it."""
    applied = policy(rules)
    prepare = {"model": model, "oracle": oracle}[way]
    prepared = [prepare(images(size, seed), applied) for seed in range(repositories)]
    wall, cpu = time.perf_counter(), time.process_time()
    found = [evaluate() for evaluate in prepared]
    return {
        "evaluateCpu": time.process_time() - cpu,
        "evaluate": time.perf_counter() - wall,
        "peakMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "found": found,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
