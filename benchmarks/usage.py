"""Say who uses which image of a large snapshot, and find an image, after it was read."""

import gc
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.measure import Figure, Size, in_turn, python
from ecr_constructs.report.document import ROWS, plain
from ecr_constructs.report.find import find_blocks
from ecr_constructs.report.in_use import in_use_blocks
from ecr_constructs.snapshot.document import Header, Record, Snapshot
from ecr_constructs.snapshot.usage.find import find, read_query
from ecr_constructs.snapshot.usage.in_use import in_use

SIZES = {"full": (3, 1000), "quick": (1, 100), "tiny": (1, 2)}
IMAGES, TASKS = 1000, 10
AT = "2026-11-28T00:00:00Z"
HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
MOST_MS = 5000


def usage(size: Size) -> Sequence[Figure]:
    """Measure `in-use` and `find` on a snapshot of repositories of a thousand images."""
    rounds, count = SIZES[size]
    ways = ("in-use", "find")
    samples = in_turn({way: python("-m", "benchmarks.usage", way, count) for way in ways}, rounds)
    return [
        Figure(
            f"{way}, {count * IMAGES:,} images, after reading",
            "none",
            [1000 * taken[way]["cpu"] for taken in samples],
            "ms",
            MOST_MS,
        )
        for way in ways
    ]


def _snapshot(count: int) -> Snapshot:
    header = Header("111122223333", "eu-central-1", "arn", AT)
    return Snapshot(header, _records(count), finished=AT)


def _records(count: int) -> Iterator[Record]:
    tasks = []
    for repository in range(count):
        name = f"team{repository % 50}/app{repository}"
        images = [_image(repository, number) for number in range(IMAGES)]
        request = {"repositoryName": name, "filter": {"imageStatus": "ANY"}}
        yield Record("ecr", "DescribeImages", request, AT, {"imageDetails": images})
        for number in range(1, 2 * TASKS, 2):
            digest = images[number]["imageDigest"]
            container = {"image": f"{HOST}/{name}:v{number}", "imageDigest": digest}
            arn = f"task-definition/app{repository}:{number}"
            tasks.append({"taskDefinitionArn": arn, "containers": [container]})
    yield Record("ecs", "DescribeTasks", {}, AT, {"tasks": tasks})


def _image(repository: int, number: int) -> dict[str, Any]:
    digest = hashlib.sha256(f"{repository}/{number}".encode()).hexdigest()
    return {
        "imageDigest": f"sha256:{digest}",
        "imageTags": [f"v{number}"] if number % 2 else [],
        "imagePushedAt": f"2026-0{1 + number % 9}-01T00:00:00Z",
        "lastRecordedPullTime": f"2026-0{1 + number % 9}-02T00:00:00Z",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }


def _main(way: str, count: int) -> None:
    snapshot = _snapshot(count)
    # As the command line does.
    gc.disable()
    cpu = time.process_time()
    result = in_use([snapshot])
    if way == "in-use":
        text = plain(in_use_blocks(result, ROWS))
    else:
        name = f"team1/app1:v{2 * TASKS - 1}"
        text = plain(find_blocks(name, find(read_query(name), result), result))
    print(json.dumps({"cpu": time.process_time() - cpu, "length": len(text)}))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
