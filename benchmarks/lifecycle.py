"""Simulate a lifecycle policy, next to evaluating it rule by rule and image by image.

The other way is the oracle of the tests, written to be obvious. The images are those of a busy
repository: a third untagged, the others with a tag of one of forty teams, half of those with a
second tag, pushed over the last year. The policy has ECR's maximum of 50 rules.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.measure import Figure, MeasurementError, Size, in_turn, python, ratios
from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy, LifecycleRule
from local_aws.overlay import lifecycle_oracle

SIZES = {"full": (3, 100_000), "quick": (1, 10_000), "tiny": (1, 200)}
NOW, DAY = 1_800_000_000, 86_400
RULES, TEAMS = 50, 40


def lifecycle(size: Size) -> Sequence[Figure]:
    """Compare the simulation with the oracle, which must agree."""
    rounds, count = SIZES[size]
    ways = ("simulate", "rule by rule")
    samples = in_turn(
        {way: python("-m", "benchmarks.lifecycle", way, count) for way in ways}, rounds
    )
    if any(taken[ways[0]]["result"] != taken[ways[1]]["result"] for taken in samples):
        msg = f"the simulation and the oracle disagree on {count} images"
        raise MeasurementError(msg)
    what = f"simulate, {count:,} images, {RULES} rules"
    return [Figure(what, ways[1], ratios(samples, *ways), "x", 1 / 20)]


def _images(count: int) -> list[dict[str, Any]]:
    chance = random.Random(0)  # noqa: S311
    images = []
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
        images.append(image)
    return images


def _policy() -> LifecyclePolicy:
    tagged = []
    for team in range(RULES - 4):
        pattern, prefix = f"team-{team}-*", f"team-{team}-"
        rules = [
            LifecycleRule.keep_last(500, tag_patterns=[pattern]),
            LifecycleRule.expire(after_days=90 + team, tag_prefixes=[prefix]),
            LifecycleRule.archive(not_pulled_for_days=60 + team, tag_patterns=[f"*{pattern}"]),
        ]
        tagged.append(rules[team % 3])
    return LifecyclePolicy(
        *tagged,
        LifecycleRule.expire(after_days=200, tag_patterns=["team-*", "build.*.main"]),
        LifecycleRule.keep_last(1000, tag_patterns=["build.*.m*n"]),
        LifecycleRule.expire_untagged(after_days=14),
        LifecycleRule.keep_last(20_000),
    )


def _main(way: str, count: int) -> None:
    """Evaluate; the images are read before the clock starts, in the form that each way needs."""
    policy, images = _policy(), _images(count)
    inventory = Inventory.from_describe_images({"imageDetails": images})
    rules, now = policy.to_dict(), datetime.fromtimestamp(NOW, UTC)
    cpu = time.process_time()
    if way == "simulate":
        settled = policy.simulate(inventory, now=now).evaluation.resolution
        result = [settled.expired.bit_count(), settled.archived.bit_count()]
    else:
        verdicts = lifecycle_oracle.evaluate(rules, images, NOW).values()
        actions = [verdict.action for verdict in verdicts]
        result = [actions.count("EXPIRE"), actions.count("TRANSITION")]
    print(json.dumps({"cpu": time.process_time() - cpu, "result": result}))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
